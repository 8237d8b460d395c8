/* Room: bench. This machine's compute peaks, by the loops that `roofline` uses too
 * (challenge/challenge_peak_loop.h), and running something on several threads at the same moment.
 *
 * The loops keep 12 sums. That these are enough was tried with 24 on the machine of docs/performance.md:
 * the figures were the same within their noise. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/base_clock.h"
#include "base/base_machine.h"
#include "bench_nvfp4.h"
#include "challenge/challenge_peak_loop.h"

const char *const bench_peak_name[BENCH_PEAKS] = {"bf16_dot", "int8_dot", "fma512", "fma256", "read"};

enum { RUNS = 3, MAX_THREADS = 64 };
static const int64_t RUN_NS = 1000000;

/* ---- Together ---- */

struct crew {
  void (*work)(void *data, unsigned index);
  void *data;
  atomic_uint waiting;
  atomic_int go;
};
struct member {
  struct crew *crew;
  unsigned index;
};

static void *member_main(void *data) {
  struct member *m = data;
  atomic_fetch_add(&m->crew->waiting, 1);
  while (!atomic_load(&m->crew->go)) /* busy: a sleeper would start late */
    ;
  m->crew->work(m->crew->data, m->index);
  return NULL;
}

double bench_together(unsigned threads, void (*work)(void *data, unsigned index), void *data) {
  struct crew crew = {.work = work, .data = data};
  struct member member[MAX_THREADS];
  pthread_t thread[MAX_THREADS];
  unsigned started = 0;
  for (unsigned i = 1; i < threads && i < MAX_THREADS; i++, started++) {
    member[i] = (struct member){&crew, i};
    if (pthread_create(&thread[i], NULL, member_main, &member[i]) != 0)
      break;
  }
  while (atomic_load(&crew.waiting) < started)
    ;
  int64_t start_ns = clock_mono_ns();
  atomic_store(&crew.go, 1);
  work(data, 0);
  for (unsigned i = 1; i <= started; i++)
    pthread_join(thread[i], NULL);
  double seconds = (double)(clock_mono_ns() - start_ns) * 1e-9;
  return started + 1 == threads ? seconds : -1.0;
}

/* ---- Peaks ---- */

struct loop {
  double (*run)(int64_t turns);
  int64_t turns; /* of about RUN_NS; 0: not known yet */
  double macs;   /* of one run of one thread */
};

static int has(const char *const facts[2]) {
  for (int i = 0; i < 2; i++) {
    double value = 0.0;
    if (facts[i] && (!machine_fact(facts[i], &value) || value == 0.0))
      return 0;
  }
  return 1;
}

static void run_loop(void *data, unsigned index) {
  struct loop *l = data;
  double macs = l->run(l->turns);
  if (index == 0)
    l->macs = macs;
}

static void find_turns(struct loop *l) {
  for (l->turns = 1000; l->turns < INT64_C(1) << 40; l->turns *= 2) {
    int64_t start_ns = clock_mono_ns();
    (void)l->run(l->turns);
    if (clock_mono_ns() - start_ns >= RUN_NS)
      return;
  }
}

enum status bench_peak_compute(unsigned threads, double rate[BENCH_PEAKS], struct error *e) {
  static struct loop loop[4];
  static const char *const needs[4][2] = {{"has_avx512f", "has_avx512_bf16"},
                                          {"has_avx512f", "has_avx512_vnni"},
                                          {"has_avx512f", NULL},
                                          {"has_avx2", "has_fma"}};
  static double (*const run[4])(int64_t) = {peak_bf16_dot512, peak_int8_dot512, peak_fma512, peak_fma256};
  for (int i = 0; i < 4; i++)
    if (!loop[i].turns && has(needs[i])) {
      loop[i].run = run[i];
      find_turns(&loop[i]);
    }
  for (int r = 0; r < RUNS; r++)
    for (int i = 0; i < 4; i++) {
      if (!loop[i].run)
        continue;
      double seconds = bench_together(threads, run_loop, &loop[i]);
      if (seconds < 0)
        return error_set(e, ST_TOOL, "the system refuses a thread");
      double now = loop[i].macs * threads / seconds;
      rate[i] = now > rate[i] ? now : rate[i];
    }
  return ST_OK;
}

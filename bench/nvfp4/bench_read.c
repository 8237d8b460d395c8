/* Room: bench. The streaming-read peak: how fast this machine can read the very bytes that a GEMV reads,
 * by the best of many loops (bench_read_loops.c). All loops run in a survey; after it only the best few, of
 * which each round takes the fastest: a weak loop here would flatter the kernels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_machine.h"
#include "bench_nvfp4.h"
#include "bench_read_loops.h"

enum { SURVEY_PASSES = 3, PASSES = 2, BEST = 3, MAX_LOOPS = 64, MAX_THREADS = 64 };
static const size_t SLICE = 4096, EVICT_LEAST = (size_t)64 << 20, EVICT_MOST = (size_t)1 << 30;

/* The best loops for a number of threads, fastest first, as the last survey left them. */
static struct {
  size_t n;
  const struct bench_read_loop *loop[BEST];
} best_for[MAX_THREADS + 1];

struct pass {
  const struct bench_read_loop *loop;
  const char *data;
  size_t bytes;
  unsigned threads;
};

/* Slices end at pages, so that none is read twice. */
static void read_slice(void *data, unsigned index) {
  const struct pass *p = data;
  size_t pages = (p->bytes + SLICE - 1) / SLICE, from = pages * index / p->threads * SLICE,
         to = pages * (index + 1) / p->threads * SLICE;
  to = to < p->bytes ? to : p->bytes;
  p->loop->read(p->data + from, (to - from) / 64);
}

enum status bench_evict(struct error *e) {
  static char *other;
  static size_t bytes;
  if (!other) {
    double l3 = 0.0;
    machine_fact("l3_bytes", &l3);
    bytes = (size_t)l3 * 2;
    bytes = bytes < EVICT_LEAST ? EVICT_LEAST : bytes > EVICT_MOST ? EVICT_MOST : bytes;
    other = bench_alloc(bytes);
  }
  if (!other)
    return error_set(e, ST_MEMORY, "no memory to put things out of the caches with");
  for (size_t i = 0; i < bytes; i += 64)
    other[i]++;
  return ST_OK;
}

/* The least seconds of `passes` passes. Warm: one pass before that does not count. */
static enum status time_loop(struct pass *p, int passes, int cold, double *seconds, struct error *e) {
  *seconds = INFINITY;
  for (int i = cold ? 0 : -1; i < passes; i++) {
    if (cold && bench_evict(e) != ST_OK)
      return ST_MEMORY;
    double s = bench_together(p->threads, read_slice, p);
    if (s < 0)
      return error_set(e, ST_TOOL, "the system refuses a thread");
    if (i >= 0 && s < *seconds)
      *seconds = s;
  }
  return ST_OK;
}

static void keep_best(unsigned threads, const double *seconds, const struct bench_read_loop *const *loop,
                      size_t n) {
  int used[MAX_LOOPS] = {0};
  best_for[threads].n = 0;
  for (size_t place = 0; place < BEST && place < n; place++) {
    size_t best = n;
    for (size_t i = 0; i < n; i++)
      if (!used[i] && (best == n || seconds[i] < seconds[best]))
        best = i;
    used[best] = 1;
    best_for[threads].loop[best_for[threads].n++] = loop[best];
  }
}

enum status bench_read_time(const void *data, size_t bytes, unsigned threads, int survey, int cold,
                            double *seconds, const char **name, struct error *e) {
  const struct bench_read_loop *loop[MAX_LOOPS];
  double time[MAX_LOOPS], wide = 0.0;
  size_t n = 0;
  threads = threads < MAX_THREADS ? threads : MAX_THREADS;
  machine_fact("has_avx512f", &wide);
  if (survey)
    for (const struct bench_read_loop *l = bench_read_loops; l->name && n < MAX_LOOPS; l++) {
      if (!l->wide || wide != 0.0)
        loop[n++] = l;
    }
  else
    for (; n < best_for[threads].n; n++)
      loop[n] = best_for[threads].loop[n];
  *seconds = INFINITY;
  for (size_t i = 0; i < n; i++) {
    struct pass p = {loop[i], data, bytes, threads};
    enum status st = time_loop(&p, survey ? SURVEY_PASSES : PASSES, cold, &time[i], e);
    if (st != ST_OK)
      return st;
    if (time[i] < *seconds) {
      *seconds = time[i];
      *name = loop[i]->name;
    }
  }
  if (survey)
    keep_best(threads, time, loop, n);
  return ST_OK;
}

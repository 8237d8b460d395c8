/* Room: judge. May use base. See the header.
 *
 * Where it runs: the judge's own thread goes to the entry's core. A process of its own there would have to
 * be stopped and woken like an entry (some 60 us each time, and one more process to trust), an op inside the
 * entry's process would be the entry's to bend. Both sides' blocks are preceded and followed by the same
 * work, and its footprint (600 cache lines) is far below a core's second-level cache: it disturbs both alike.
 * Cost: about 0.2 ms twice for each side at both ends of a half, off the clock. */
#include "judge/judge_calibrator.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base_clock.h"

enum { CALIBRATOR_LINES = 1 << 19, WORDS_PER_LINE = 8, CHAIN = 30000, STEPS = 200, RUNS = 3 };

/* Largest over smallest of a pair's samples. An idle 2-core Xeon guest (docs/judge-evidence.md) has two
 * speeds and changes between them every ten milliseconds or so: the chain takes 25 or 29 to 31 us, at any
 * moment, and the memory walk 25 to 38 us (13 pairs of 16 to 24 samples, 2026-11-24); ABBA in short blocks
 * averages that away. Under compilers on both cores, 90 pairs: compute 16-19 % at their 99 %, memory 29-42 %.
 * So these lines are crossed by what has lost a third of its core or two thirds of its memory's speed. With 2
 * for memory, a season beside a language model on the other core lost 5 pairs of 10 and stopped. In the
 * samples under load a block's own time went hardly with its calibrator's (correlation 0 to 0.3): tighter
 * lines would throw pairs away without making the others better. */
static const double MOST_COMPUTE = 1.5, MOST_MEMORY = 3;

enum status judge_calibrator_create(struct judge_calibrator *out, struct error *e) {
  *out = (struct judge_calibrator){.bytes = (uint64_t)CALIBRATOR_LINES * WORDS_PER_LINE * sizeof(uint64_t)};
  void *memory = mmap(NULL, out->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return error_set(e, ST_MEMORY, "out of memory while preparing to clock");
  (void)madvise(memory, out->bytes, MADV_HUGEPAGE); /* the walk should miss caches, not the page tables */
  out->line = memory;
  /* A full-period generator modulo a power of two: every line once, in an order that no prefetcher sees. */
  for (uint64_t i = 0; i < CALIBRATOR_LINES; i++)
    out->line[i * WORDS_PER_LINE] = (i * UINT64_C(1103515245) + 12345) % CALIBRATOR_LINES;
  return ST_OK;
}

void judge_calibrator_free(struct judge_calibrator *c) {
  if (c->line)
    munmap(c->line, c->bytes);
  *c = (struct judge_calibrator){0};
}

static int64_t compute_ns(void) {
  int64_t start_ns = clock_mono_ns();
  uint64_t x = 1;
  for (int i = 0; i < CHAIN; i++) {
    x = x * UINT64_C(6364136223846793005) + 1;
    __asm__ volatile("" : "+r"(x));
  }
  return clock_mono_ns() - start_ns;
}

static int64_t memory_ns(struct judge_calibrator *c) {
  int64_t start_ns = clock_mono_ns();
  uint64_t at = c->at;
  for (int i = 0; i < STEPS; i++) {
    at = c->line[at * WORDS_PER_LINE];
    __asm__ volatile("" : "+r"(at));
  }
  c->at = at; /* the next run goes on from here: lines that have not been touched for a long time */
  return clock_mono_ns() - start_ns;
}

static int64_t smaller(int64_t a, int64_t b) {
  return a && a < b ? a : b;
}

void judge_calibrator_run(struct judge_calibrator *c, int cpu, struct judge_pace *out) {
  cpu_set_t before, one;
  *out = (struct judge_pace){0};
  int moved = cpu >= 0 && sched_getaffinity(0, sizeof before, &before) == 0;
  if (moved) {
    CPU_ZERO(&one);
    CPU_SET((unsigned)cpu, &one);
    moved = sched_setaffinity(0, sizeof one, &one) == 0;
  }
  for (int i = 0; i < RUNS; i++) {
    out->compute_ns = smaller(out->compute_ns, compute_ns());
    out->memory_ns = smaller(out->memory_ns, memory_ns(c));
  }
  if (moved)
    (void)sched_setaffinity(0, sizeof before, &before);
}

static int apart(const int64_t *ns, uint32_t n, double most) {
  int64_t low = 0, high = 0;
  for (uint32_t i = 0; i < n; i++) {
    low = ns[i] > 0 && (!low || ns[i] < low) ? ns[i] : low;
    high = ns[i] > high ? ns[i] : high;
  }
  return (double)high > most * (double)low;
}

int judge_pace_drifted(const struct judge_pace *pace, uint32_t n) {
  enum { MOST = 64 };
  int64_t compute[MOST], memory[MOST];
  n = n < MOST ? n : MOST;
  for (uint32_t i = 0; i < n; i++) {
    compute[i] = pace[i].compute_ns;
    memory[i] = pace[i].memory_ns;
  }
  return apart(compute, n, MOST_COMPUTE) || apart(memory, n, MOST_MEMORY);
}

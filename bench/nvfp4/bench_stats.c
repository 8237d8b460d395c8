/* Room: bench. Times to ratios, ratios to medians with intervals. A ratio is of one round; its median and
 * interval are over rounds, by order statistics (judge/judge_eprocess.h), which assume nothing about the
 * distribution of times. */
#include <math.h>
#include <string.h>

#include "bench_nvfp4.h"
#include "judge/judge_eprocess.h"

const char *const bench_ratio_name[BENCH_RATIOS] = {"bf16_dot", "int8_dot", "fma512", "fma256",    "read",
                                                    "openblas", "onednn",   "ggml",   "one_thread"};

struct bench_figure bench_stats(const double *x, int n) {
  struct bench_figure f = {(double)NAN, (double)NAN, (double)NAN};
  for (int i = 0; i < n; i++)
    if (isnan(x[i]))
      return f;
  f.median = eprocess_median(x, (uint32_t)n);
  eprocess_order_interval(x, (uint32_t)n, 0.95, &f.low, &f.high);
  return f;
}

struct bench_figure bench_stats_ms(const struct bench_race *r, const struct bench_contender *c) {
  double ms[BENCH_MAX_ROUNDS];
  for (int i = 0; i < r->rounds; i++)
    ms[i] = c->seconds[i] * 1e3;
  return bench_stats(ms, r->rounds);
}

struct bench_figure bench_stats_peak(const struct bench_race *r, size_t t, enum bench_peak p) {
  double rate[BENCH_MAX_ROUNDS];
  for (int i = 0; i < r->rounds; i++)
    rate[i] = r->peak[t][p][i] > 0 ? r->peak[t][p][i] : (double)NAN;
  return bench_stats(rate, r->rounds);
}

/* The peer's, or the kernel's own one of the first thread count; NULL: there is none. */
static const struct bench_contender *other(const struct bench_race *r, const struct bench_contender *c,
                                           enum bench_ratio ratio) {
  for (size_t i = 0; i < r->n_contenders; i++) {
    const struct bench_contender *o = &r->contender[i];
    if (ratio == BENCH_TO_ONE
            ? o->threads_index == 0 && c->threads_index > 0 && strcmp(o->kernel, c->kernel) == 0
            : o != c && o->peer == (int)ratio - BENCH_TO_PEER && o->threads_index == c->threads_index)
      return o;
  }
  return NULL;
}

static double ratio_of_round(const struct bench_race *r, const struct bench_contender *c,
                             const struct bench_contender *o, enum bench_ratio ratio, int round) {
  if (ratio >= BENCH_TO_PEER)
    return o ? o->seconds[round] / c->seconds[round] : (double)NAN;
  double peak = r->peak[c->threads_index][ratio][round];
  double done = (int)ratio == BENCH_READ ? r->matrix_bytes : r->macs;
  return peak > 0 ? done / c->seconds[round] / peak : (double)NAN;
}

/* A peer reads other bytes than the ones that were read for the peak. */
static int makes_sense(const struct bench_contender *c, enum bench_ratio ratio) {
  return c->isa || (int)ratio != BENCH_READ;
}

struct bench_figure bench_stats_ratio(const struct bench_race *r, const struct bench_contender *c,
                                      enum bench_ratio ratio) {
  double x[BENCH_MAX_ROUNDS];
  const struct bench_contender *o = ratio >= BENCH_TO_PEER ? other(r, c, ratio) : NULL;
  for (int i = 0; i < r->rounds; i++)
    x[i] = makes_sense(c, ratio) ? ratio_of_round(r, c, o, ratio, i) : (double)NAN;
  return bench_stats(x, r->rounds);
}

static const struct bench_contender *like(const struct bench_race *r, const struct bench_contender *c) {
  for (size_t i = 0; i < r->n_contenders; i++)
    if (r->contender[i].threads_index == c->threads_index && strcmp(r->contender[i].kernel, c->kernel) == 0)
      return &r->contender[i];
  return NULL;
}

struct bench_figure bench_stats_geomean(struct bench_race *const *race, size_t n,
                                        const struct bench_contender *c, enum bench_ratio ratio) {
  double x[BENCH_MAX_ROUNDS];
  int rounds = n ? race[0]->rounds : 0;
  for (int i = 0; i < rounds; i++)
    x[i] = makes_sense(c, ratio) ? 0.0 : (double)NAN;
  for (size_t s = 0; s < n; s++) {
    const struct bench_contender *same = like(race[s], c),
                                 *o = same && ratio >= BENCH_TO_PEER ? other(race[s], same, ratio) : NULL;
    for (int i = 0; i < rounds; i++)
      x[i] += same ? log(ratio_of_round(race[s], same, o, ratio, i)) / (double)n : (double)NAN;
  }
  for (int i = 0; i < rounds; i++)
    x[i] = exp(x[i]);
  return bench_stats(x, rounds);
}

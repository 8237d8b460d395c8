/* Room: bench. judge_power: how often is the judge wrong, and what does it find? May use judge and base.
 *
 * Duels are grouped in sets: a pair of builds (the same program, or one of them slowed down by a known
 * share of work), a shape, a quiet or a disturbed machine. Every duel is a line of a file that is only ever
 * appended to, so that an interrupted run goes on where it stopped. */
#ifndef SHARKTANK_BENCH_POWER_H
#define SHARKTANK_BENCH_POWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/base_json.h"
#include "base/base_status.h"

#define POWER_SCHEMA "sharktank.power/1"
enum { POWER_MOST_SETS = 32 };

struct power_set {
  const char *name, *shape;
  uint32_t extra_per_million; /* what build A does more than build B; 0: A/A */
  int load;                   /* with our disturbing load */
  uint32_t planned;
};
extern const struct power_set power_sets[];
size_t power_n_sets(void);

/* ---- power_stats.c: pure ---- */

/* Clopper and Pearson's interval for a probability, k of n seen; n >= 1. */
void power_clopper_pearson(uint32_t k, uint32_t n, double confidence, double *low, double *high);
/* The q-quantile by linear interpolation between order statistics; NaN for n = 0. Sorts x. */
double power_quantile(double *x, size_t n, double q);

/* ---- power_results.c ---- */

struct power_results {
  json_t *lines; /* of every duel so far: an array of objects */
};
/* Reads a file of lines; a missing one is empty. A last line that was cut off is left out and its bytes are
 * removed from the file. ST_CORRUPT, with the line, for anything else that is not ours. */
enum status power_results_open(const char *path, struct power_results *out, struct error *e) MUST_USE;
void power_results_close(struct power_results *r);
/* Appends a duel to the file and to the results; takes the reference. */
enum status power_results_add(const char *path, struct power_results *r, json_t *duel,
                              struct error *e) MUST_USE;
/* How many duels of a set there are. */
uint32_t power_results_count(const struct power_results *r, const char *set);
/* ST_INPUT if the file holds duels of another machine, judge, delta or seed: one table may not mix them. */
enum status power_results_fit(const struct power_results *r, const json_t *here, struct error *e) MUST_USE;
/* The next set to run: of those with fewer duels than wanted, the one least far along; -1: all done. */
int power_next(const uint32_t *done, const uint32_t *wanted, size_t n);

/* ---- power_report.c ---- */

/* The Markdown tables, on stdout. */
void power_report(const struct power_results *r);

/* ---- power_load.c: the disturbing load ---- */

struct power_load {
  int pid[64];
  int n;
};
/* Two processes a core, pinned, at normal priority: one copies 64 MiB over and over, one computes for 20 ms
 * and sleeps for 0 to 40 ms, drawn. They end with the caller. */
enum status power_load_start(struct power_load *l, struct error *e) MUST_USE;
void power_load_stop(struct power_load *l);

#endif

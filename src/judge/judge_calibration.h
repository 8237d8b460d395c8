/* The margin delta of this machine: how far apart the judge finds two builds of the same program.
 *
 * The e-process covers noise; delta covers bias: two builds that differ only in names, padding and the
 * order of functions are the same program, and yet their code and data lie elsewhere. A calibration races
 * such twins, duel after duel with a fixed number of pairs, and keeps |median d| of each; delta is the 95th
 * percentile of those, and never below the default. It is kept per machine in the cache folder.
 *
 * Thread safety: the functions of the file may be called from anywhere; judge_calibrate races, so
 * nothing else should. */
#ifndef SHARKTANK_JUDGE_CALIBRATION_H
#define SHARKTANK_JUDGE_CALIBRATION_H

#include "base/base_buffer.h"
#include "judge/judge.h"

#define JUDGE_DELTA_DEFAULT 0.005 /* until calibrated, and the floor */
enum { JUDGE_CALIBRATION_LEAST = 20, JUDGE_CALIBRATION_DAYS = 30, JUDGE_CALIBRATION_PAIRS = 25 };

struct judge_machine { /* what a calibration holds for */
  char cpu[256], judge[48];
  int64_t cores;
};
void judge_machine_here(struct judge_machine *out);

enum judge_calibration_state {
  JUDGE_CALIBRATION_NONE = 0,
  JUDGE_CALIBRATION_GOOD,
  JUDGE_CALIBRATION_SHORT, /* too few duels so far */
  JUDGE_CALIBRATION_STALE, /* too old */
  JUDGE_CALIBRATION_OTHER, /* another processor, number of cores or judge */
  JUDGE_CALIBRATION_DAMAGED
};
struct judge_calibration {
  enum judge_calibration_state state;
  double delta;          /* to be used: the default unless the state is GOOD */
  double measured_delta; /* NaN with too few duels */
  uint32_t duels;
  int64_t measured_ns; /* wall clock, of the last duel */
  char date[32];       /* of it; "" when unknown */
};
/* Pure: what a file's content (NULL: there is none) is worth on a machine at a time. */
void judge_calibration_read(const json_t *file, const struct judge_machine *here, int64_t now_ns,
                            struct judge_calibration *out);
/* This machine's, from the cache folder. */
void judge_calibration_load(struct judge_calibration *out);
/* "none yet", "not used: older than 30 days" ...; for people. */
const char *judge_calibration_state_text(enum judge_calibration_state state);
/* {"state","delta","measured_delta","duels","date","text"} */
json_t *judge_calibration_to_json(const struct judge_calibration *c);
/* The delta that duels use here unless one is given; from: "default", or "calibrated DATE". */
void judge_delta_here(double *delta, char *from, size_t from_bytes);
/* The 95th percentile of n values (the order statistic of rank ceil(0.95 n)); NaN for n = 0. */
double judge_calibration_percentile(const double *x, uint32_t n);

/* Twins: builds of one entry (bench/judge/challenge/entry.c says by which macros) that do the same work. */
enum judge_twin { JUDGE_TWIN_SAME, JUDGE_TWIN_RENAMED, JUDGE_TWIN_ORDER, JUDGE_TWIN_PADDED, JUDGE_TWINS };
const char *judge_twin_name(enum judge_twin kind);
/* Appends the lines that make the twin, then the entry; extra_per_million: an injected slowdown. */
void judge_twin_source(struct buffer *out, const char *entry, size_t entry_bytes, enum judge_twin kind,
                       uint64_t seed, uint32_t extra_per_million);
/* The folder of the challenge that twins are raced on. */
enum status judge_twin_challenge(char *out, size_t out_bytes, struct error *e) MUST_USE;

/* Races twins for about budget_s seconds, keeping the result after every duel; goes on where one of the
 * last day stopped (fresh: starts anew). *out is judge_calibration_to_json plus "added" and "seconds". */
enum status judge_calibrate(const struct judge_progress *progress, double budget_s, int fresh, json_t **out,
                            struct error *e) MUST_USE;

#endif

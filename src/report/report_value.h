/* Room report: numbers as a reader sees them. Pure; touches only caller's memory.
 *
 * Missing, failed and zero are three different values: a report_value says which it is, and every
 * formatter prints "not measured" or "failed" in words instead of a number nobody measured.
 * Thread safe.
 */
#ifndef SHARKTANK_REPORT_VALUE_H
#define SHARKTANK_REPORT_VALUE_H

#include <stddef.h>

#include "base/base_json.h"

enum report_value_state { REPORT_MISSING, REPORT_FAILED, REPORT_NUMBER };

struct report_value {
  enum report_value_state state;
  double value;
  int has_low, has_high; /* a confidence bound on that side */
  double low, high;
  int unbounded; /* an interval was asked for and the evidence bounds neither side */
};

#define REPORT_TEXT_BYTES 96

struct report_value report_value_missing(void);
struct report_value report_value_number(double value); /* not finite: missing */
/* object[key], with its bounds from object[interval_key] = [low, high] (NULL key: none). */
struct report_value report_value_from(const json_t *object, const char *key, const char *interval_key);
/* object[key] with bounds object["low"] and object["high"], as judge_measure writes them. */
struct report_value report_value_low_high(const json_t *object, const char *key);
/* a / b, bounds by the far ends of both: wider than needed, never narrower. */
struct report_value report_value_ratio(struct report_value a, struct report_value b);
/* a * b likewise. */
struct report_value report_value_product(struct report_value a, struct report_value b);

/* "12.3 µs"; s >= 0. */
void report_seconds_text(double seconds, char out[REPORT_TEXT_BYTES]);
/* "12.3 µs [12.1, 12.6]", "not measured", "failed". */
void report_time(struct report_value v, char out[REPORT_TEXT_BYTES]);
/* "1.34× [1.31, 1.37]". */
void report_speedup(struct report_value v, char out[REPORT_TEXT_BYTES]);
/* "78 %" of a share in [0, 1]; more digits near the ends. */
void report_percent(struct report_value v, char out[REPORT_TEXT_BYTES]);
/* A plain number of about three digits. */
void report_number(struct report_value v, char out[REPORT_TEXT_BYTES]);
/* "1 min 12 s" for people. */
void report_duration(double seconds, char out[REPORT_TEXT_BYTES]);

#endif

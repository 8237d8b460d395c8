/* Room report: what a reader is shown, computed once from a folded log. Pure; touches only memory.
 *
 * Ownership: the view borrows the state (and through it the log) and owns its own arrays in an
 * arena. Thread safety: one view per thread.
 */
#ifndef SHARKTANK_REPORT_VIEW_H
#define SHARKTANK_REPORT_VIEW_H

#include "record/record_fold.h"
#include "report/report_value.h"

/* One shape that is timed here: the first incumbent against the best. */
struct report_shape {
  const char *name, *text; /* text: its sizes, "" when the log has none */
  int scaled;
  struct report_value start, best, speedup, limit, share; /* share: limit / best */
  const char *bound;                                      /* what binds the limit, or NULL */
};

/* One idea that met the judge (or ended before it). */
struct report_attempt {
  const struct record_round *round;
  const json_t *outcome; /* the event's data */
  const char *pitch, *who, *title, *status, *kind;
  const char *text;
  struct report_value expected; /* the contestant's q50 with q10 and q90 as bounds */
  struct report_value actual;
  int accepted;
};

enum report_point_kind { REPORT_POINT_START, REPORT_POINT_ACCEPTED, REPORT_POINT_TRIED, REPORT_POINT_FINAL };
struct report_point { /* of the journey: geometric mean over shapes, seconds per call */
  enum report_point_kind kind;
  int64_t round;                      /* 0: the start */
  struct report_value seconds, total; /* total: speedup since the start */
  const char *label;
};

/* How well somebody's forecasts met the results. */
struct report_forecaster {
  const char *name, *role, *persona;
  size_t pitches, passed, won, tried, accepted; /* contestants */
  size_t ballots, votes_accepted, votes_tried;  /* sharks */
  double gain;                                  /* product of accepted speedups */
  size_t n_events, n_speedups, n_covered;       /* resolved probabilities and quantiles */
  double brier_sum, pinball_sum;
};

struct report_cost {
  const char *act;
  size_t count, failed, open;
  double seconds;
  size_t priced;  /* calls with a known price */
  double price;   /* of those, in the unit of the season's price list */
  size_t unknown; /* calls to paid agents whose price the log does not know */
};

/* One agent that is not built in: what its calls took and what went wrong. */
enum { REPORT_AGENTS_MAX = 32, REPORT_FAULTS_MAX = 20 };
struct report_agent {
  const char *provider;
  size_t calls, untold, unpriced; /* calls; those whose tokens, whose price nobody knows */
  double input, cached, output;   /* tokens of the calls that told; input: with the cached ones */
  double price;                   /* of the calls that have one */
  size_t n_faults;
  struct {
    const char *name; /* as in the log; "cut_off": the engine was stopped during the call */
    size_t count;
  } fault[REPORT_FAULTS_MAX];
};

struct report_view {
  struct arena arena;
  const struct record_state *state;
  const char *challenge, *title, *reason; /* reason: why it ended, NULL while it has not */
  const char *phase;                      /* "ended", "paused", "open" */
  int64_t rounds_planned, rounds_played;
  size_t accepted;
  struct report_value start_seconds, best_seconds, limit_seconds;
  struct report_value total;    /* speedup since the start */
  int total_is_final;           /* from the final duel, not from the product of rounds */
  struct report_value progress; /* share of the way from start to limit on the log scale */
  const json_t *full;           /* measurement of the best on a full shape, or NULL */
  size_t n_shapes, n_attempts, n_points, n_forecasters, n_costs, n_agents;
  struct report_shape *shape;
  struct report_attempt *attempt;
  struct report_point *point; /* in order of rounds */
  struct report_forecaster *forecaster;
  struct report_cost *cost;
  struct report_agent *agent; /* in the order of their first calls */
};

/* ST_MEMORY only. An empty log gives a view whose values are missing. */
enum status report_view_init(struct report_view *v, const struct record_state *state,
                             struct error *e) MUST_USE;
void report_view_fini(struct report_view *v);

/* The last act of a kind for a pitch ("check", "r1.p2"), retries and attempts included, or NULL. */
const struct record_act *report_act_of(const struct record_round *r, const char *act, const char *pitch);
/* The product of an act, out of its wrapping if it has one ("ballot" in {"ballot": {..}}); never NULL. */
const json_t *report_result_of(const struct record_act *a, const char *inside);
const struct record_pitch *report_pitch_find(const struct record_round *r, const char *id);
/* "NAME (scaled)" or "NAME", in the view's arena. */
const char *report_shape_label(struct report_view *v, const char *name, int scaled);
/* 1 if the task declares that shape to be a scaled one. */
int report_shape_is_scaled(const struct record_state *s, const char *name);
/* What an outcome says of a forecast's three events: 1, 0 or -1 (not resolved). */
struct report_facts {
  int compiled, correct, faster;
};
struct report_facts report_facts_of(const json_t *outcome);
/* 1 if an outcome's kind says nothing that the outcome does not. */
int report_kind_repeats(const char *kind);
/* Why a season ended, in words; borrowed. */
const char *report_reason_text(const json_t *ended);
/* Fills v->forecaster; part of report_view_init. */
enum status report_forecasters_init(struct report_view *v) MUST_USE;
/* Fills v->cost and v->agent likewise. */
enum status report_costs_init(struct report_view *v) MUST_USE;
/* "ISA avx2, MR 4" of a setting object, in the view's arena; NULL when there is none. */
const char *report_setting_text(struct report_view *v, const json_t *setting);

#endif

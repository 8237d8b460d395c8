/* Room: agent. What one request says, read once: the space with its listed settings and their
 * features, what was measured, what failed, what was pitched, where the incumbent stands. Contestants
 * and sharks work on this and never on the JSON. Only src/agent may include this.
 *
 * Everything lives in the arena given to agent_view_read; JSON is borrowed from the request.
 * Immutable once read: thread safe to read.
 */
#ifndef SHARKTANK_AGENT_VIEW_H
#define SHARKTANK_AGENT_VIEW_H

#include "agent/agent_space.h"

enum { AGENT_SAMPLES_MAX = 64, AGENT_TRIALS_MAX = 256, AGENT_TRIED_MAX = 4096 };

/* Features of a setting: one row of doubles, laid out by these offsets. With E estimates:
 * [0, E) a logarithm of each estimate (mean over shapes); [E, 2E) how far it is over its limit
 * (0 when inside or when there is no limit). */
struct agent_sample { /* a measured setting */
  const uint8_t *setting;
  const double *feature;
  double log_time, noise; /* log(time / time of the first incumbent) and its standard deviation */
  int64_t round;
  const char *blob;
};
struct agent_trial { /* a setting that was compiled and checked */
  const uint8_t *setting;
  int compiled, correct;
};
struct agent_ban { /* a change that a refutation stands against: knob by knob, on whatever incumbent */
  const uint8_t *from, *to; /* [n_knobs]; AGENT_UNCHANGED where the change leaves a knob alone */
};
enum { AGENT_UNCHANGED = 255, AGENT_BANS_MAX = 256 };
struct agent_speed { /* a benchmark shape of the incumbent */
  const char *shape;
  double seconds, roofline_seconds; /* NaN: not known */
};

struct agent_view {
  const json_t *request, *context, *task;
  struct arena *arena;
  struct agent_space space;
  const char *name, *round_kind;
  uint64_t seed;
  int64_t round, rounds;
  /* The incumbent. */
  const uint8_t *incumbent; /* its setting, or NULL: not a member of the family */
  const uint8_t *base;      /* what a step is counted from: incumbent, else start, else the first */
  double incumbent_log_time, incumbent_noise;
  size_t n_speeds;
  struct agent_speed *speed;
  double max_speedup; /* geometric mean of seconds / roofline; INFINITY: not known */
  /* Candidates. */
  size_t n_features;
  double *feature;    /* [space.n][n_features] */
  uint8_t *allowed;   /* [space.n] 0: an estimate breaks a limit of the task */
  double cost_lowest; /* the smallest log of the cost estimate among allowed settings; NaN: none */
  /* The season so far. */
  double width; /* what the fit's standard deviations are multiplied by in forecasts: how wide past ones
                   proved */
  size_t n_samples, n_trials, n_tried;
  struct agent_sample *sample;
  struct agent_trial *trial;
  const uint8_t **tried; /* settings measured, pitched or just gated */
  size_t n_bans;
  struct agent_ban *ban;
  size_t compile_count;
  double compile_seconds; /* mean of those measured; NaN: none */
};

enum status agent_view_read(const json_t *request, struct arena *a, struct agent_view *out,
                            struct error *e) MUST_USE;
/* The features of any setting; row has room for n_features. */
void agent_view_features(const struct agent_view *v, const uint8_t *setting, double *row);
int agent_view_tried(const struct agent_view *v, const uint8_t *setting);
/* 1 if going from the incumbent to this setting is a change that has been refuted. */
int agent_view_banned(const struct agent_view *v, const uint8_t *setting);
static inline const uint8_t *agent_view_setting(const struct agent_view *v, size_t i) {
  return v->space.setting + i * v->space.n_knobs;
}
static inline const double *agent_view_row(const struct agent_view *v, size_t i) {
  return v->feature + i * v->n_features;
}
/* What the task's limit on this claim says about a setting, from knobs and estimates: 1 and *value
 * when the claim can be computed, else 0. */
int agent_view_claim(const struct agent_view *v, const uint8_t *setting, const char *claim, double *value);
/* 1 if a value meets one limit object {min, max, multiple}. */
int agent_limit_met(const json_t *limit, double value);
/* 1 if a limit is about the device this season runs on. */
int agent_limit_applies(const struct agent_view *v, const json_t *limit);

#endif

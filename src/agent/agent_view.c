/* Room: agent. Reads a request into a struct agent_view: see agent_view.h. A field that is missing
 * or of the wrong type counts as "not known"; only what nobody could work without is an error. */
#include "agent/agent_view.h"

#include <math.h>
#include <string.h>

/* Seconds of a shape and of its roofline, as far as they are numbers above zero. */
static double positive(const json_t *object, const char *key) {
  double value;
  return json_has_num(object, key, &value) && isfinite(value) && value > 0 ? value : NAN;
}

/* The standard deviation that an interval of about 95 % stands for, never below what repeated
 * measurements of one binary on a shared machine differ by. */
static double noise_of(const json_t *from, const char *low, const char *high) {
  double a = positive(from, low), b = positive(from, high);
  double sd = isnan(a) || isnan(b) ? 0 : fabs(log(b / a)) / 4;
  return fmin(0.5, fmax(0.02, sd));
}

/* A copy of the setting in `object`, or NULL when it has none that this space knows. */
static const uint8_t *setting_of(const struct agent_view *v, const json_t *object) {
  const json_t *from = json_object_get(object, "setting");
  struct error ignored;
  if (!json_is_object(from))
    return NULL;
  uint8_t *out = arena_alloc(v->arena, v->space.n_knobs);
  if (!out || agent_space_from_json(&v->space, from, out, &ignored) != ST_OK)
    return NULL;
  return out;
}

void agent_view_features(const struct agent_view *v, const uint8_t *setting, double *row) {
  const struct agent_space *s = &v->space;
  for (size_t j = 0; j < s->n_estimates; j++) {
    size_t n_shapes = s->n_shapes && s->estimate[j].per_shape ? s->n_shapes : 1;
    double sum = 0, over = 0;
    size_t n = 0;
    for (size_t t = 0; t < n_shapes; t++) {
      double limit, x = agent_space_estimate(s, setting, j, t, &limit);
      if (isnan(x))
        continue;
      n++;
      /* Amounts may be zero (spilled registers); the cost may not, and its ratio is what counts. */
      sum += (int)j == s->cost ? log(fmax(x, 1e-9)) : log1p(fmax(x, 0));
      if (!isnan(limit) && x > limit)
        over += limit > 0 ? fmin(4, 0.3 + log2(x / limit)) : 1;
    }
    row[j] = n ? sum / (double)n : 0;
    row[s->n_estimates + j] = over / (double)n_shapes;
  }
}

int agent_view_tried(const struct agent_view *v, const uint8_t *setting) {
  for (size_t i = 0; i < v->n_tried; i++)
    if (memcmp(v->tried[i], setting, v->space.n_knobs) == 0)
      return 1;
  return 0;
}

int agent_view_banned(const struct agent_view *v, const uint8_t *setting) {
  for (size_t i = 0; v->incumbent && i < v->n_bans; i++) {
    size_t k = 0;
    for (; k < v->space.n_knobs; k++) {
      int same = v->incumbent[k] == setting[k], out = v->ban[i].from[k] == AGENT_UNCHANGED;
      if (same != out || (!out && (v->ban[i].from[k] != v->incumbent[k] || v->ban[i].to[k] != setting[k])))
        break;
    }
    if (k == v->space.n_knobs)
      return 1;
  }
  return 0;
}

/* `change` is {KNOB: [from, to]}; one that names anything unknown is no change of this family. */
static void add_ban(struct agent_view *v, const json_t *change) {
  size_t width = v->space.n_knobs;
  if (!json_object_size(change) || v->n_bans == AGENT_BANS_MAX)
    return;
  uint8_t *from = arena_alloc(v->arena, width), *to = arena_alloc(v->arena, width);
  if (!from || !to)
    return;
  memset(from, AGENT_UNCHANGED, width);
  memset(to, AGENT_UNCHANGED, width);
  const char *name;
  json_t *pair;
  json_object_foreach((json_t *)(uintptr_t)change, name, pair) {
    int k = agent_space_knob(&v->space, name);
    int a = k < 0 ? -1 : agent_space_value(&v->space, (size_t)k, json_array_get(pair, 0));
    int b = k < 0 ? -1 : agent_space_value(&v->space, (size_t)k, json_array_get(pair, 1));
    if (a < 0 || b < 0)
      return;
    from[k] = (uint8_t)a;
    to[k] = (uint8_t)b;
  }
  v->ban[v->n_bans++] = (struct agent_ban){from, to};
}

static void read_bans(struct agent_view *v) {
  size_t i;
  const json_t *x;
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "refuted"), i, x)
      add_ban(v, json_object_get(x, "change"));
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "learnings"), i, x) {
    const char *direction = json_str(x, "direction", "");
    if (strcmp(json_str(x, "state", "in_force"), "in_force") == 0 &&
        (strcmp(direction, "slower") == 0 || strcmp(direction, "fails") == 0))
      add_ban(v, json_object_get(x, "change"));
  }
  int all = strcmp(v->round_kind, "wild_card") == 0; /* such a round bans whatever was tried */
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "history"), i,
                     x) if (all || strcmp(json_str(x, "outcome", ""), "FAILURE") == 0)
      add_ban(v, json_object_get(x, "change"));
}

static void add_tried(struct agent_view *v, const uint8_t *setting) {
  if (setting && v->n_tried < AGENT_TRIED_MAX && !agent_view_tried(v, setting))
    v->tried[v->n_tried++] = setting;
}

static void add_trial(struct agent_view *v, const uint8_t *setting, int compiled, int correct) {
  for (size_t i = 0; i < v->n_trials; i++)
    if (memcmp(v->trial[i].setting, setting, v->space.n_knobs) == 0) {
      v->trial[i].compiled &= compiled; /* once wrong, never right: same source, same verdict */
      v->trial[i].correct &= correct;
      return;
    }
  if (v->n_trials < AGENT_TRIALS_MAX)
    v->trial[v->n_trials++] = (struct agent_trial){setting, compiled, correct};
}

/* 1 and the two flags when the word says how compiling and checking went. */
static int judged(const char *verdict, int *compiled, int *correct) {
  static const char *const at_compile[] = {"compile_error", "compile_timeout", "gate", NULL};
  static const char *const at_check[] = {"wrong",   "crash", "timeout",     "out_of_bounds",
                                         "refused", "race",  "init_failed", NULL};
  for (size_t i = 0; verdict && at_compile[i]; i++)
    if (strcmp(verdict, at_compile[i]) == 0)
      return *compiled = *correct = 0, 1;
  for (size_t i = 0; verdict && at_check[i]; i++)
    if (strcmp(verdict, at_check[i]) == 0)
      return *compiled = 1, *correct = 0, 1;
  return 0;
}

/* A setting measured twice counts once, with the later time: noise of one setting must not pass for
 * evidence about many. */
static void add_sample(struct agent_view *v, struct agent_sample sample) {
  size_t width = v->space.n_knobs;
  for (size_t i = 0; i < v->n_samples; i++)
    if (memcmp(v->sample[i].setting, sample.setting, width) == 0) {
      sample.feature = v->sample[i].feature;
      v->sample[i] = sample;
      return;
    }
  double *row = arena_array(v->arena, v->n_features ? v->n_features : 1, sizeof *row);
  if (!row)
    return;
  agent_view_features(v, sample.setting, row);
  sample.feature = row;
  if (v->n_samples == AGENT_SAMPLES_MAX) { /* keep the newest; the oldest says least about now */
    memmove(v->sample, v->sample + 1, (AGENT_SAMPLES_MAX - 1) * sizeof *v->sample);
    v->n_samples--;
  }
  v->sample[v->n_samples++] = sample;
}

static void read_measurements(struct agent_view *v) {
  size_t i;
  const json_t *m;
  double seconds = 0;
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "measurements"), i, m) {
    double compile = positive(m, "compile_seconds"), time = positive(m, "relative_time");
    if (!isnan(compile)) {
      seconds += compile;
      v->compile_count++;
    }
    const uint8_t *setting = setting_of(v, m);
    if (!setting)
      continue;
    add_tried(v, setting);
    int compiled = 1, correct = 1;
    if (judged(json_str(m, "verdict", NULL), &compiled, &correct))
      add_trial(v, setting, compiled, correct);
    else if (!isnan(time))
      add_trial(v, setting, 1, 1);
    if (correct && !isnan(time))
      add_sample(v, (struct agent_sample){.setting = setting,
                                          .log_time = log(time),
                                          .noise = noise_of(m, "low", "high"),
                                          .round = json_int(m, "round", 0),
                                          .blob = json_str(m, "blob", "")});
  }
  v->compile_seconds = v->compile_count ? seconds / (double)v->compile_count : NAN;
}

/* The incumbent was measured, whether or not the measurements list it: its time is the newest one of
 * its setting. */
static void add_incumbent_sample(struct agent_view *v) {
  add_sample(v,
             (struct agent_sample){.setting = v->incumbent,
                                   .log_time = v->incumbent_log_time,
                                   .noise = v->incumbent_noise,
                                   .round = v->round,
                                   .blob = json_str(json_object_get(v->context, "incumbent"), "blob", "")});
  add_trial(v, v->incumbent, 1, 1);
}

static void read_history(struct agent_view *v) {
  size_t i;
  const json_t *h;
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "history"), i, h) {
    const uint8_t *setting = setting_of(v, h);
    int compiled, correct;
    add_tried(v, setting);
    if (setting && judged(json_str(h, "outcome_kind", NULL), &compiled, &correct))
      add_trial(v, setting, compiled, correct);
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "refuted"), i, h)
      add_tried(v, setting_of(v, h));
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->request, "gated"), i, h) {
    add_tried(v, setting_of(v, h));
    add_tried(v, setting_of(v, json_object_get(h, "pitch")));
  }
}

/* A resolved forecast's error in its own standard deviations; NaN when it says nothing about widths (one
 * that spans a factor of 20 came before anything of the family was measured). */
static double resolved_error(const json_t *h) {
  const json_t *q = json_obj(json_obj(h, "forecast"), "speedup");
  double real = positive(h, "speedup"), q10 = positive(q, "q10"), q50 = positive(q, "q50"),
         q90 = positive(q, "q90");
  if (isnan(real) || isnan(q10) || isnan(q50) || isnan(q90) || !(q10 <= q50 && q50 <= q90) || q90 > 20 * q10)
    return NAN;
  double half = real > q50 ? log(q90 / q50) : log(q50 / q10);
  return log(real / q50) * 1.2816 / fmax(half, 0.01);
}

/* The fit's priors must allow for families that nobody has seen, so on most families its intervals start
 * too wide; the season's own resolved forecasts say by how much. Each was issued with the width that the
 * ones of earlier rounds gave, which is worked out again here. */
static void read_width(struct agent_view *v) {
  const double prior_width = 0.75, prior_count = 2;
  double squares = prior_count, count = prior_count, issued = prior_width;
  int64_t round = -1;
  size_t i;
  const json_t *h;
  v->width = prior_width;
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "history"), i, h) {
    if (json_int(h, "round", 0) != round) {
      round = json_int(h, "round", 0);
      issued = v->width;
    }
    double z = resolved_error(h);
    if (isnan(z))
      continue;
    z = fmax(-4, fmin(4, z)) * issued / prior_width;
    squares += z * z;
    count += 1;
    v->width = fmax(0.3, fmin(1.5, prior_width * sqrt(squares / count)));
  }
}

static enum status read_incumbent(struct agent_view *v, struct error *e) {
  const json_t *from = json_object_get(v->context, "incumbent");
  if (!json_is_object(from))
    return error_set(e, ST_INPUT, "the request has no context.incumbent");
  double time = positive(from, "relative_time");
  v->incumbent_log_time = isnan(time) ? 0 : log(time);
  v->incumbent_noise = 0.02;
  v->incumbent = setting_of(v, from);
  const json_t *shapes = json_arr(from, "shapes"), *s;
  v->speed = arena_array(v->arena, AGENT_SHAPES_MAX, sizeof *v->speed);
  if (!v->speed)
    return error_set(e, ST_MEMORY, "no memory for the incumbent's times");
  double sum = 0;
  size_t bounded = 0, i;
  json_array_foreach((json_t *)(uintptr_t)shapes, i, s) {
    const char *shape = json_str(s, "shape", NULL);
    if (!shape || v->n_speeds == AGENT_SHAPES_MAX)
      continue;
    struct agent_speed *at = &v->speed[v->n_speeds++];
    *at = (struct agent_speed){shape, positive(s, "seconds"), positive(s, "roofline_seconds")};
    if (!isnan(at->seconds) && !isnan(at->roofline_seconds)) {
      sum += log(at->seconds / at->roofline_seconds);
      bounded++;
    }
  }
  v->max_speedup = bounded ? fmax(1, exp(sum / (double)bounded)) : INFINITY;
  return ST_OK;
}

int agent_limit_applies(const struct agent_view *v, const json_t *limit) {
  const char *device = json_str(limit, "device", NULL);
  return !device || strcmp(device, json_str(json_obj(v->context, "machine"), "device", "cpu")) == 0;
}

int agent_limit_met(const json_t *limit, double value) {
  double x;
  if (json_has_num(limit, "min", &x) && !(value >= x))
    return 0;
  if (json_has_num(limit, "max", &x) && !(value <= x))
    return 0;
  if (json_has_num(limit, "multiple", &x) && x > 0 && fabs(remainder(value, x)) > 1e-9 * x)
    return 0;
  return 1;
}

int agent_view_claim(const struct agent_view *v, const uint8_t *setting, const char *claim, double *value) {
  const struct agent_space *s = &v->space;
  int knob = agent_space_knob(s, claim);
  if (knob >= 0 && json_is_number(s->knob[knob].value[setting[knob]])) {
    *value = s->knob[knob].number[setting[knob]];
    return 1;
  }
  for (size_t j = 0; j < s->n_estimates; j++) {
    if (strcmp(s->estimate[j].name, claim) != 0)
      continue;
    double most = NAN;
    for (size_t t = 0; t < (s->n_shapes ? s->n_shapes : 1); t++)
      most = fmax(most, agent_space_estimate(s, setting, j, t, NULL));
    if (isnan(most))
      return 0;
    *value = most;
    return 1;
  }
  return 0;
}

static enum status price_candidates(struct agent_view *v, struct error *e) {
  struct agent_space *s = &v->space;
  v->feature = arena_array(v->arena, s->n * (v->n_features ? v->n_features : 1), sizeof *v->feature);
  v->allowed = arena_alloc(v->arena, s->n);
  if (!v->feature || !v->allowed)
    return error_set(e, ST_MEMORY, "no memory for the estimates of %zu settings", s->n);
  v->cost_lowest = NAN;
  const json_t *limits = json_arr(v->task, "limits"), *limit;
  for (size_t i = 0; i < s->n; i++) {
    const uint8_t *setting = agent_view_setting(v, i);
    double *row = v->feature + i * v->n_features, value;
    agent_view_features(v, setting, row);
    v->allowed[i] = 1;
    size_t k;
    json_array_foreach((json_t *)(uintptr_t)limits, k, limit) {
      const char *claim = json_str(limit, "claim", "");
      if (agent_limit_applies(v, limit) && agent_view_claim(v, setting, claim, &value) &&
          !agent_limit_met(limit, value))
        v->allowed[i] = 0;
    }
    if (s->cost >= 0 && v->allowed[i])
      v->cost_lowest = fmin(v->cost_lowest, row[s->cost]);
  }
  return ST_OK;
}

static enum status list_settings(struct agent_view *v, struct error *e) {
  const uint8_t *anchor[2];
  size_t n = 0;
  if (v->incumbent)
    anchor[n++] = v->incumbent;
  if (v->space.start)
    anchor[n++] = v->space.start;
  enum status st = agent_space_list(&v->space, anchor, n, v->seed, e);
  if (st == ST_OK)
    v->base = n ? anchor[0] : v->space.setting;
  return st;
}

enum status agent_view_read(const json_t *request, struct arena *a, struct agent_view *out, struct error *e) {
  memset(out, 0, sizeof *out);
  if (!json_is_object(request))
    return error_set(e, ST_INPUT, "the request is not a JSON object");
  out->request = request;
  out->context = json_object_get(request, "context");
  if (!json_is_object(out->context))
    return error_set(e, ST_INPUT, "the request has no context");
  out->task = json_object_get(out->context, "task");
  out->arena = a;
  out->name = json_str(request, "name", "");
  out->round_kind = json_str(request, "round_kind", "optimisation");
  out->seed = (uint64_t)json_int(request, "seed", 0);
  out->round = json_int(request, "round", 1);
  out->rounds = json_int(json_obj(out->context, "rules"), "rounds", 8);
  enum status st =
      agent_space_read(out->task, json_obj(json_obj(out->context, "machine"), "facts"), a, &out->space, e);
  if (st != ST_OK)
    return st;
  out->n_features = 2 * out->space.n_estimates;
  out->sample = arena_array(a, AGENT_SAMPLES_MAX, sizeof *out->sample);
  out->trial = arena_array(a, AGENT_TRIALS_MAX, sizeof *out->trial);
  out->tried = arena_array(a, AGENT_TRIED_MAX, sizeof *out->tried);
  out->ban = arena_array(a, AGENT_BANS_MAX, sizeof *out->ban);
  if (!out->sample || !out->trial || !out->tried || !out->ban)
    return error_set(e, ST_MEMORY, "no memory for the season's history");
  st = read_incumbent(out, e);
  if (st == ST_OK)
    st = list_settings(out, e);
  if (st == ST_OK)
    st = price_candidates(out, e);
  if (st != ST_OK)
    return st;
  read_measurements(out);
  if (out->incumbent)
    add_incumbent_sample(out);
  read_history(out);
  read_bans(out);
  read_width(out);
  add_tried(out, out->incumbent);
  return arena_failed(a) ? error_set(e, ST_MEMORY, "no memory for the request") : ST_OK;
}

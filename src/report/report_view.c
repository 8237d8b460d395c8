/* Room report: what a reader is shown, computed once from a folded log. Pure; touches only memory. */
#include "report/report_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct record_act *report_act_of(const struct record_round *r, const char *act, const char *pitch) {
  const struct record_act *found = NULL;
  char prefix[256];
  const int n = snprintf(prefix, sizeof prefix, "r%lld.%s.%s", (long long)r->round, act, pitch);
  if (n < 0 || (size_t)n >= sizeof prefix)
    return NULL;
  for (size_t i = 0; i < r->n_acts; i++) {
    const char *id = r->act[i].id;
    if (!strncmp(id, prefix, (size_t)n) && (!id[n] || id[n] == '.'))
      found = &r->act[i];
  }
  return found;
}

const json_t *report_result_of(const struct record_act *a, const char *inside) {
  if (!a || !json_is_object(a->result))
    return json_obj(NULL, "");
  const json_t *in = json_object_get(a->result, inside);
  return json_is_object(in) ? in : a->result;
}

const struct record_pitch *report_pitch_find(const struct record_round *r, const char *id) {
  for (size_t i = 0; id && i < r->n_pitches; i++) {
    if (r->pitch[i].id && !strcmp(r->pitch[i].id, id))
      return &r->pitch[i];
  }
  return NULL;
}

const char *report_shape_label(struct report_view *v, const char *name, int scaled) {
  const char *s = arena_printf(&v->arena, "%s%s", name, scaled ? " (scaled)" : "");
  return s ? s : "";
}

/* The task's own words on a shape, or NULL. */
static const json_t *task_shape(const struct record_state *s, const char *name) {
  const json_t *task = json_obj(s->started, "task");
  static const char *const lists[] = {"benchmarks", "full", "tests"};
  for (size_t l = 0; l < 3; l++) {
    const json_t *list = json_arr(task, lists[l]);
    for (size_t i = 0; i < json_array_size(list); i++) {
      const json_t *one = json_array_get(list, i);
      const char *shape = json_str(one, "shape", json_str(one, "name", ""));
      if (!strcmp(shape, name))
        return one;
    }
  }
  return NULL;
}

int report_shape_is_scaled(const struct record_state *s, const char *name) {
  return json_bool(task_shape(s, name), "scaled", 0);
}

const char *report_setting_text(struct report_view *v, const json_t *setting) {
  if (!json_is_object(setting) || !json_object_size(setting))
    return NULL;
  struct buffer b;
  buffer_init(&b);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)setting, key, value) {
    buffer_printf(&b, "%s%s ", b.bytes ? ", " : "", key);
    if (json_is_string(value))
      buffer_text(&b, json_string_value(value));
    else if (json_is_integer(value))
      buffer_printf(&b, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
      buffer_printf(&b, "%g", json_real_value(value));
    else
      buffer_text(&b, "?");
  }
  const char *out = arena_strdup(&v->arena, buffer_str(&b));
  buffer_fini(&b);
  return out;
}

static const json_t *find_shape(const json_t *list, const char *name) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    if (!strcmp(json_str(one, "shape", ""), name))
      return one;
  }
  return NULL;
}

/* The last measurement of round index `r` that ended well, or NULL. */
static const json_t *measured_in(const struct record_state *s, size_t r) {
  const json_t *found = NULL;
  for (size_t i = 0; i < s->round[r].n_acts; i++) {
    const struct record_act *a = &s->round[r].act[i];
    if (strcmp(a->act, "measure") || !a->status || strcmp(a->status, "ok"))
      continue;
    if (json_str(a->args, "pitch", NULL))
      continue; /* a research round's probe, not the incumbent */
    const json_t *m = report_result_of(a, "measure");
    if (json_array_size(json_arr(m, "shapes")))
      found = m;
  }
  return found;
}

/* The measurement of the first incumbent: of a round before anything was accepted. */
static const json_t *measured_first(const struct record_state *s) {
  for (size_t r = 0; r < s->n_rounds; r++) {
    const json_t *m = measured_in(s, r);
    if (m)
      return m;
    if (s->round[r].incumbent_changed)
      return NULL;
  }
  return NULL;
}

/* The measurement of the best: of a round after the last acceptance. */
static const json_t *measured_best(const struct record_state *s) {
  for (size_t r = s->n_rounds; r-- > 0;) {
    if (s->round[r].incumbent_changed)
      return NULL;
    const json_t *m = measured_in(s, r);
    if (m)
      return m;
  }
  return NULL;
}

/* The confirming (else deciding) duel that made the present incumbent, or NULL. */
static const json_t *last_accepting_duel(const struct record_state *s) {
  for (size_t r = s->n_rounds; r-- > 0;) {
    const struct record_round *round = &s->round[r];
    if (!round->incumbent_changed)
      continue;
    const json_t *found = NULL;
    for (size_t i = 0; i < round->n_acts; i++) {
      const struct record_act *a = &round->act[i];
      const int confirm = !strcmp(a->act, "confirm");
      if ((confirm || (!strcmp(a->act, "duel") && !found)) && a->status && !strcmp(a->status, "ok")) {
        found = report_result_of(a, a->act);
      }
    }
    return found;
  }
  return NULL;
}

static const json_t *final_part(const struct record_state *s, const char *part) {
  const json_t *final = json_obj(s->ended, "final");
  if (!json_object_size(final) && s->n_loose) {
    for (size_t i = 0; i < s->n_loose; i++) {
      if (!strcmp(s->loose[i].act, "final") && s->loose[i].result)
        final = s->loose[i].result;
    }
  }
  const json_t *one = json_object_get(final, part);
  return json_is_object(one) ? one : NULL;
}

/* The shapes, in the order of the first list that names any. */
static enum status make_shapes(struct report_view *v) {
  const struct record_state *s = v->state;
  const json_t *first = json_arr(measured_first(s), "shapes"), *best = json_arr(measured_best(s), "shapes");
  const json_t *duel = json_arr(final_part(s, "duel"), "shapes"),
               *last = json_arr(last_accepting_duel(s), "shapes");
  const json_t *lights = json_arr(s->started, "rooflines");
  const json_t *names = json_array_size(first) ? first : json_array_size(duel) ? duel : best;
  v->n_shapes = json_array_size(names);
  v->shape = arena_array(&v->arena, v->n_shapes + 1, sizeof *v->shape);
  if (!v->shape)
    return ST_MEMORY;
  for (size_t i = 0; i < v->n_shapes; i++) {
    struct report_shape *out = &v->shape[i];
    const json_t *one = json_array_get(names, i);
    out->name = json_str(one, "shape", "?");
    const json_t *task = task_shape(s, out->name);
    out->text = json_str(task, "text", "");
    out->scaled = json_bool(one, "scaled", json_bool(task, "scaled", 0));
    const json_t *in_duel = find_shape(duel, out->name), *in_last = find_shape(last, out->name);
    const json_t *light = find_shape(lights, out->name);
    out->start = report_value_low_high(find_shape(first, out->name), "seconds");
    if (out->start.state == REPORT_MISSING)
      out->start = report_value_from(in_duel, "a_seconds", NULL);
    out->best = report_value_low_high(find_shape(best, out->name), "seconds");
    if (out->best.state == REPORT_MISSING)
      out->best = report_value_from(in_duel, "b_seconds", NULL);
    if (out->best.state == REPORT_MISSING)
      out->best = report_value_from(in_last, "b_seconds", NULL);
    out->speedup = report_value_from(in_duel, "speedup", "interval");
    if (out->speedup.state == REPORT_MISSING)
      out->speedup = report_value_ratio(out->start, out->best);
    if (!v->accepted) { /* the same entry twice: two measurements of it are no speedup */
      out->best = out->start;
      out->speedup = report_value_number(1);
    }
    out->limit = report_value_from(light, "seconds", NULL);
    out->share = report_value_ratio(out->limit, out->best);
    const json_t *bytes = json_object_get(light, "bytes_bind");
    out->bound = json_is_boolean(bytes)   ? (json_is_true(bytes) ? "bytes" : "operations")
                 : json_is_integer(bytes) ? (json_integer_value(bytes) ? "bytes" : "operations")
                                          : NULL;
  }
  return ST_OK;
}

/* Geometric mean over a list of shapes; missing unless every one has the number. */
static struct report_value geomean(const json_t *shapes, const char *key) {
  const size_t n = json_array_size(shapes);
  double sum = 0, low = 0, high = 0;
  int bounded = 1;
  for (size_t i = 0; i < n; i++) {
    const struct report_value one = report_value_low_high(json_array_get(shapes, i), key);
    if (one.state != REPORT_NUMBER || !(one.value > 0))
      return report_value_missing();
    sum += log(one.value);
    bounded = bounded && one.has_low && one.has_high && one.low > 0;
    if (bounded) {
      low += log(one.low);
      high += log(one.high);
    }
  }
  if (!n)
    return report_value_missing();
  struct report_value v = report_value_number(exp(sum / (double)n));
  if (bounded && v.state == REPORT_NUMBER) {
    v.has_low = v.has_high = 1;
    v.low = exp(low / (double)n);
    v.high = exp(high / (double)n);
  }
  return v;
}

/* The limit for exactly the shapes that are timed; missing if one of them has none. */
static struct report_value limit_of(const struct report_view *v) {
  double sum = 0;
  if (!v->n_shapes)
    return geomean(json_arr(v->state->started, "rooflines"), "seconds");
  for (size_t i = 0; i < v->n_shapes; i++) {
    if (v->shape[i].limit.state != REPORT_NUMBER || !(v->shape[i].limit.value > 0))
      return report_value_missing();
    sum += log(v->shape[i].limit.value);
  }
  return report_value_number(exp(sum / (double)v->n_shapes));
}

static void make_headline(struct report_view *v) {
  const struct record_state *s = v->state;
  struct report_value product = report_value_number(1);
  product.has_low = product.has_high = 1;
  product.low = product.high = 1;
  for (size_t r = 0; r < s->n_rounds; r++) {
    const json_t *c = s->round[r].incumbent_changed;
    double step;
    if (!c)
      continue;
    if (!json_has_num(c, "speedup", &step))
      continue; /* a fix of a wrong entry has none */
    product = report_value_product(product, report_value_from(c, "speedup", "interval"));
  }
  if (v->accepted)
    v->total = product.state == REPORT_NUMBER ? product : report_value_number(s->total_speedup);
  else if (s->started)
    v->total = report_value_number(1); /* nothing was changed: exactly itself */
  const struct report_value final = report_value_from(final_part(s, "duel"), "speedup", "interval");
  if (final.state == REPORT_NUMBER && final.value > 0) {
    v->total = final;
    v->total_is_final = 1;
  }
  v->full = final_part(s, "full");
  v->start_seconds = geomean(json_arr(measured_first(s), "shapes"), "seconds");
  if (v->start_seconds.state == REPORT_MISSING) {
    v->start_seconds = geomean(json_arr(final_part(s, "duel"), "shapes"), "a_seconds");
  }
  v->limit_seconds = limit_of(v);
  v->best_seconds = report_value_ratio(v->start_seconds, v->total);
  if (v->accepted && v->best_seconds.state == REPORT_NUMBER && v->limit_seconds.state == REPORT_NUMBER) {
    const double way = log(v->start_seconds.value / v->limit_seconds.value);
    if (way > 0)
      v->progress = report_value_number(log(v->total.value) / way);
  } else if (!v->accepted && s->started && v->limit_seconds.state == REPORT_NUMBER &&
             v->start_seconds.state == REPORT_NUMBER) {
    v->progress = report_value_number(0);
  }
}

int report_kind_repeats(const char *kind) {
  return !strcmp(kind, "faster") || !strcmp(kind, "unresolved");
}

static enum status make_attempts(struct report_view *v) {
  const struct record_state *s = v->state;
  size_t n = 0;
  for (size_t r = 0; r < s->n_rounds; r++)
    n += s->round[r].n_outcomes;
  v->attempt = arena_array(&v->arena, n + 1, sizeof *v->attempt);
  if (!v->attempt)
    return ST_MEMORY;
  for (size_t r = 0; r < s->n_rounds; r++) {
    const struct record_round *round = &s->round[r];
    for (size_t i = 0; i < round->n_outcomes; i++) {
      struct report_attempt *a = &v->attempt[v->n_attempts++];
      const json_t *o = round->outcome[i];
      a->round = round;
      a->outcome = o;
      a->pitch = json_str(o, "pitch", "");
      const struct record_pitch *p = report_pitch_find(round, a->pitch);
      a->who = json_str(o, "who", p && p->who ? p->who : "");
      a->title = json_str(o, "title", json_str(p ? p->pitch : NULL, "title", a->pitch));
      a->status = json_str(o, "outcome", "?");
      a->kind = json_str(o, "kind", "");
      if (report_kind_repeats(a->kind))
        a->kind = "";
      a->text = json_str(o, "text", "");
      const json_t *f = json_obj(json_obj(o, "forecast"), "speedup");
      a->expected = report_value_from(f, "q50", NULL);
      struct report_value q10 = report_value_from(f, "q10", NULL), q90 = report_value_from(f, "q90", NULL);
      if (a->expected.state == REPORT_NUMBER && q10.state == REPORT_NUMBER && q90.state == REPORT_NUMBER) {
        a->expected.has_low = a->expected.has_high = 1;
        a->expected.low = q10.value;
        a->expected.high = q90.value;
      }
      a->actual = report_value_from(o, "speedup", "interval");
      if (a->actual.state == REPORT_MISSING && !strcmp(a->status, "FAILURE"))
        a->actual.state = REPORT_FAILED;
      a->accepted = json_bool(o, "accepted", round->incumbent_changed && !strcmp(a->status, "SUCCESS"));
    }
  }
  return ST_OK;
}

static struct report_point *add_point(struct report_view *v, enum report_point_kind kind, int64_t round,
                                      struct report_value total, const char *label) {
  struct report_point *p = &v->point[v->n_points++];
  p->kind = kind;
  p->round = round;
  p->total = total;
  p->seconds = report_value_ratio(v->start_seconds, total);
  if (kind != REPORT_POINT_START) { /* the start's own noise is the axis, not this point's */
    struct report_value exact = v->start_seconds;
    exact.has_low = exact.has_high = 0;
    p->seconds = report_value_ratio(exact, total);
  }
  p->label = label;
  return p;
}

static enum status make_points(struct report_view *v) {
  const struct record_state *s = v->state;
  v->point = arena_array(&v->arena, v->n_attempts + s->n_rounds + 3, sizeof *v->point);
  if (!v->point)
    return ST_MEMORY;
  if (!s->started)
    return ST_OK;
  struct report_value total = report_value_number(1);
  add_point(v, REPORT_POINT_START, 0, total, "the first incumbent");
  size_t a = 0;
  for (size_t r = 0; r < s->n_rounds; r++) {
    const struct record_round *round = &s->round[r];
    const char *winner = "accepted";
    for (; a < v->n_attempts && v->attempt[a].round == round; a++) {
      if (v->attempt[a].accepted)
        winner = v->attempt[a].title;
      else if (v->attempt[a].actual.state == REPORT_NUMBER) {
        add_point(v, REPORT_POINT_TRIED, round->round, report_value_product(total, v->attempt[a].actual),
                  v->attempt[a].title);
      }
    }
    if (!round->incumbent_changed)
      continue;
    total = report_value_from(round->incumbent_changed, "total_speedup", NULL);
    struct report_value shown = total;
    const struct report_value step = report_value_from(round->incumbent_changed, "speedup", "interval");
    if (total.state == REPORT_NUMBER && step.has_low && step.has_high && step.value > 0) {
      shown.has_low = shown.has_high = 1; /* this round's own interval, around the published chain */
      shown.low = total.value * step.low / step.value;
      shown.high = total.value * step.high / step.value;
    }
    add_point(v, REPORT_POINT_ACCEPTED, round->round, shown, winner);
  }
  if (v->total_is_final) {
    const int64_t after = s->n_rounds ? s->round[s->n_rounds - 1].round : 0;
    add_point(v, REPORT_POINT_FINAL, after, v->total, "final duel against the first incumbent");
  }
  return ST_OK;
}

const char *report_reason_text(const json_t *ended) {
  const char *reason = json_str(ended, "reason", "no reason given");
  return strcmp(reason, "rounds") ? reason : "all planned rounds are played";
}

enum status report_view_init(struct report_view *v, const struct record_state *state, struct error *e) {
  memset(v, 0, sizeof *v);
  arena_init(&v->arena, 0);
  v->state = state;
  const json_t *challenge = json_obj(state->started, "challenge");
  v->challenge = json_str(challenge, "name", "unknown");
  v->title = json_str(json_obj(state->started, "task"), "title", v->challenge);
  v->reason = state->ended ? report_reason_text(state->ended) : NULL;
  v->phase = state->ended ? "ended" : state->paused ? "paused" : "open";
  v->rounds_planned = json_int(state->started, "rounds", 0);
  v->rounds_played = (int64_t)state->n_rounds;
  for (size_t r = 0; r < state->n_rounds; r++)
    v->accepted += state->round[r].incumbent_changed != NULL;
  enum status st = make_shapes(v);
  if (st == ST_OK)
    make_headline(v);
  if (st == ST_OK)
    st = make_attempts(v);
  if (st == ST_OK)
    st = make_points(v);
  if (st == ST_OK)
    st = report_forecasters_init(v);
  if (st == ST_OK)
    st = report_costs_init(v);
  if (st == ST_OK && arena_failed(&v->arena))
    st = ST_MEMORY;
  if (st != ST_OK) {
    report_view_fini(v);
    return error_set(e, st, "not enough memory to render the season");
  }
  return ST_OK;
}

void report_view_fini(struct report_view *v) {
  arena_fini(&v->arena);
}

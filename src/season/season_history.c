/* Room: season. What a season has measured and decided so far, as agents see it. Times are relative to
 * the first incumbent's: a chain of published speedups, each measured side by side, so that figures of
 * different rounds compare although the machine drifts. Pure. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_candidate.h"
#include "season/season_context.h"
#include "season/season_internal.h"

struct chain { /* the incumbent's time over the first incumbent's */
  double total;
  json_t *shape; /* {SHAPE: relative time}; absent: 1 */
};

static const struct record_act *result_act(const struct record_round *r, const char *act, const char *pitch,
                                           int64_t attempt) {
  char id[SEASON_ID_BYTES];
  season_pitch_step_id(r, act, pitch, attempt, id, sizeof id);
  const struct record_act *a = record_act_find(r, id);
  return a != NULL && a->result != NULL ? a : NULL;
}

static json_t *relative_shapes(const struct chain *c, const json_t *race) {
  json_t *list = json_array(), *shape;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(race, "shapes"), i, shape) {
    const char *name = json_str(shape, "shape", "?");
    double speedup = json_num(shape, "speedup", NAN);
    json_t *one = json_object();
    json_put_str(one, "shape", name);
    json_put_num(one, "relative_time", json_num(c->shape, name, 1) / speedup);
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *measurement(const struct record_round *r, const struct record_act *implement,
                           const struct record_act *check, const char *verdict) {
  json_t *m = json_object();
  const json_t *setting = json_object_get(implement->result, "setting");
  if (json_is_object(setting))
    json_object_set_new(m, "setting", json_deep_copy(setting));
  json_put_str(m, "blob", json_str(implement->result, "blob", ""));
  json_put_int(m, "round", r->round);
  json_put_str(m, "verdict", verdict);
  const json_t *compile = json_obj(check != NULL ? check->result : NULL, "compile");
  /* A cached compile took no time worth learning from. */
  json_put_num(m, "compile_seconds",
               json_bool(compile, "cached", 0) ? NAN : json_num(compile, "seconds", NAN));
  json_put_num(m, "relative_time", NAN);
  json_put_num(m, "low", NAN);
  json_put_num(m, "high", NAN);
  json_object_set_new(m, "shapes", json_array());
  return m;
}

static void put_race(json_t *m, const struct chain *c, const json_t *race) {
  double speedup = json_num(race, "speedup", NAN);
  const json_t *interval = json_arr(race, "interval");
  double low = json_number_value(json_array_get(interval, 0)),
         high = json_number_value(json_array_get(interval, 1));
  json_put_num(m, "relative_time", speedup > 0 ? c->total / speedup : NAN);
  json_put_num(m, "low", high > 0 ? c->total / high : NAN);
  json_put_num(m, "high", low > 0 ? c->total / low : NAN);
  json_object_set_new(m, "shapes", relative_shapes(c, race));
}

/* A probe was clocked, not raced: its ratio is to this round's own measurement of the incumbent. */
static void put_probe(json_t *m, const struct record_round *r, const struct chain *c, const json_t *probe) {
  char id[48];
  snprintf(id, sizeof id, "r%lld.measure", (long long)r->round);
  const struct record_act *a = record_act_find(r, id);
  double now = json_num(a != NULL ? a->result : NULL, "geomean_seconds", NAN),
         then = json_num(probe, "geomean_seconds", NAN);
  if (now > 0 && then > 0)
    json_put_num(m, "relative_time", c->total * then / now);
}

static void add_pitch_measurements(const struct record_round *r, const struct record_pitch *p,
                                   const struct chain *c, json_t *out) {
  for (int64_t k = 0; k <= 10; k++) {
    const struct record_act *implement = result_act(r, "implement", p->id, k),
                            *check = result_act(r, "check", p->id, k);
    if (implement == NULL || check == NULL)
      continue;
    const char *verdict = json_str(check->result, "verdict", "unknown");
    if (strcmp(verdict, "pass") != 0) {
      json_array_append_new(out, measurement(r, implement, check, verdict));
      continue;
    }
    const struct record_act *race = result_act(r, "confirm", p->id, -1);
    if (race == NULL)
      race = result_act(r, "duel", p->id, -1);
    const struct record_act *probe = result_act(r, "probe", p->id, -1);
    json_t *m = measurement(r, implement, check,
                            race != NULL    ? json_str(race->result, "verdict", "unknown")
                            : probe != NULL ? "probed"
                                            : "pass");
    if (race != NULL)
      put_race(m, c, race->result);
    else if (probe != NULL)
      put_probe(m, r, c, probe->result);
    json_array_append_new(out, m);
  }
}

/* The published speedup of an accepted entry moves the chain. */
static void move_chain(struct chain *c, const struct record_round *r) {
  if (r->incumbent_changed == NULL)
    return;
  double speedup = json_num(r->incumbent_changed, "speedup", NAN);
  if (speedup > 0)
    c->total /= speedup;
  const struct record_act *race = result_act(r, "confirm", json_str(r->incumbent_changed, "pitch", ""), -1);
  size_t i;
  json_t *shape;
  json_array_foreach((json_t *)(uintptr_t)json_arr(race != NULL ? race->result : NULL, "shapes"), i, shape) {
    const char *name = json_str(shape, "shape", "?");
    double one = json_num(shape, "speedup", NAN);
    if (one > 0)
      json_put_num(c->shape, name, json_num(c->shape, name, 1) / one);
  }
}

static json_t *first_incumbent(const struct record_state *state) {
  json_t *m = json_object(), *shapes = json_array(), *shape;
  const json_t *setting = json_object_get(json_obj(state->started, "incumbent"), "setting");
  if (json_is_object(setting))
    json_object_set_new(m, "setting", json_deep_copy(setting));
  json_put_str(m, "blob", state->first_blob);
  json_put_int(m, "round", 0);
  json_put_str(m, "verdict", "incumbent");
  json_put_num(m, "relative_time", 1);
  json_put_num(m, "low", 1);
  json_put_num(m, "high", 1);
  json_put_num(m, "compile_seconds", NAN);
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(state->started, "rooflines"), i, shape) {
    json_t *one = json_object();
    json_put_str(one, "shape", json_str(shape, "shape", "?"));
    json_put_num(one, "relative_time", 1);
    json_array_append_new(shapes, one);
  }
  json_object_set_new(m, "shapes", shapes);
  return m;
}

json_t *season_measurements(const struct record_state *state) {
  struct chain c = {1, json_object()};
  json_t *out = json_array();
  json_array_append_new(out, first_incumbent(state));
  for (size_t k = 0; k < state->n_rounds; k++) {
    const struct record_round *r = &state->round[k];
    for (size_t i = 0; i < r->n_pitches; i++)
      add_pitch_measurements(r, &r->pitch[i], &c, out);
    move_chain(&c, r);
  }
  json_decref(c.shape);
  return out;
}

static void copy_field(json_t *to, const char *as, const json_t *from, const char *key) {
  const json_t *value = json_object_get(from, key);
  if (value != NULL && !json_is_null(value))
    json_object_set_new(to, as, json_deep_copy(value));
}

json_t *season_history(const struct record_state *state) {
  json_t *out = json_array();
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_pitches; i++) {
      const struct record_pitch *p = &state->round[k].pitch[i];
      if (!p->gated)
        continue;
      json_t *one = json_object();
      json_put_int(one, "round", state->round[k].round);
      json_put_str(one, "pitch", p->id);
      json_put_str(one, "who", p->who);
      json_put_str(one, "title", json_str(p->pitch, "title", ""));
      json_put_str(one, "kind", json_str(p->pitch, "kind", ""));
      copy_field(one, "setting",
                 p->outcome != NULL && json_object_get(p->outcome, "setting") != NULL ? p->outcome : p->pitch,
                 "setting");
      copy_field(one, "change", p->outcome, "change");
      copy_field(one, "forecast", p->pitch, "forecast");
      copy_field(one, "speedup", p->outcome, "speedup");
      json_put_str(one, "outcome", json_str(p->outcome, "outcome", NULL));
      json_put_str(one, "outcome_kind",
                   p->outcome != NULL ? json_str(p->outcome, "kind", "")
                   : p->passed        ? "not_funded"
                                      : "gated");
      json_array_append_new(out, one);
    }
  return out;
}

json_t *season_refuted(const struct record_state *state) {
  json_t *out = json_array();
  for (size_t i = 0; i < state->n_learnings; i++) {
    const json_t *l = state->learning[i];
    const char *direction = json_str(l, "direction", "");
    if (strcmp(json_str(l, "state", ""), "in_force") != 0)
      continue;
    if (strcmp(direction, "slower") != 0 && strcmp(direction, "fails") != 0)
      continue;
    json_t *one = json_object();
    json_put_str(one, "by", json_str(l, "id", ""));
    json_put_str(one, "title", json_str(l, "title", ""));
    json_put_str(one, "kind", json_str(l, "pitch_kind", ""));
    json_put_str(one, "text", json_str(l, "claim", ""));
    copy_field(one, "setting", l, "setting");
    copy_field(one, "change", l, "change");
    json_array_append_new(out, one);
  }
  return out;
}

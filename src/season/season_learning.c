/* Room: season. Learnings (RULEBOOK, "A round" 9): written from events, never from opinion. Each names the
 * change, what it did and where that holds; a later result that contradicts it flips it. Pure. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_candidate.h"
#include "season/season_internal.h"
#include "season/season_outcome.h"
#include "season/season_setting.h"

/* An interval with two finite ends; without one a race has measured nothing that "no difference" could
 * rest on. */
static int bounded(const json_t *outcome, double *low, double *high) {
  const json_t *interval = json_arr(outcome, "interval");
  *low = json_number_value(json_array_get(interval, 0));
  *high = json_number_value(json_array_get(interval, 1));
  return *low > 0 && *high > 0;
}

/* "faster", "slower", "none" or "fails"; NULL where an outcome teaches nothing about its idea. */
static const char *direction_of(const json_t *outcome) {
  const char *name = json_str(outcome, "outcome", ""), *kind = json_str(outcome, "kind", "");
  double low, high;
  int known = bounded(outcome, &low, &high);
  if (strcmp(json_str(outcome, "about", ""), "idea") != 0)
    return NULL;
  if (strcmp(name, "SUCCESS") == 0)
    return "faster";
  if (strcmp(name, "BLOCKED") == 0)
    return "fails";
  if (strcmp(name, "FAILURE") == 0 && strcmp(kind, "slower") == 0)
    return "slower";
  if (strcmp(name, "UNRESOLVED") == 0)
    return known ? "none" : NULL;
  if (strcmp(name, "PARTIAL") == 0)
    return low > 1 ? "faster" : high > 0 && high < 1 ? "slower" : known ? "none" : NULL;
  return NULL;
}

/* The judge's act that an outcome rests on, for the shapes it covers. */
static const struct record_act *race_of(const struct record_round *round, const json_t *outcome) {
  static const char *const acts[] = {"confirm", "duel", "check"};
  for (size_t i = 0; i < 3; i++) {
    char id[SEASON_ID_BYTES];
    season_pitch_step_id(round, acts[i], json_str(outcome, "pitch", ""), i == 2 ? 0 : -1, id, sizeof id);
    const struct record_act *a = record_act_find(round, id);
    if (a != NULL && a->result != NULL)
      return a;
  }
  return NULL;
}

static json_t *scope_of(const struct record_state *state, const struct record_round *round,
                        const json_t *outcome) {
  const struct record_act *race = race_of(round, outcome);
  json_t *scope = json_object(), *shapes = json_array(), *shape;
  const json_t *facts = json_obj(json_obj(state->started, "machine"), "facts");
  char device[200];
  snprintf(device, sizeof device, "%s: %.150s", json_str(json_obj(state->started, "task"), "device", "cpu"),
           json_str(facts, "cpu", "unknown"));
  json_put_str(scope, "device", device);
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(race != NULL ? race->result : NULL, "shapes"), i, shape) {
    json_array_append_new(shapes, json_string(json_str(shape, "shape", "?")));
  }
  json_object_set_new(scope, "shapes", shapes);
  json_put_str(scope, "incumbent", json_str(outcome, "incumbent", ""));
  return scope;
}

static void subject(const json_t *outcome, struct buffer *out) {
  const json_t *change = json_object_get(outcome, "change"), *setting = json_object_get(outcome, "setting");
  if (json_is_object(change) && json_object_size(change) > 0) {
    buffer_text(out, "Changing ");
    season_change_text(change, out);
  } else if (json_is_object(setting)) {
    buffer_text(out, "The setting ");
    season_setting_text(setting, out);
  } else
    buffer_printf(out, "\"%.200s\"", json_str(outcome, "title", "?"));
}

static void claim_of(const json_t *outcome, const char *direction, size_t n_shapes, struct buffer *out) {
  double speedup = json_num(outcome, "speedup", NAN), low, high;
  int known = bounded(outcome, &low, &high);
  subject(outcome, out);
  if (strcmp(direction, "fails") == 0) {
    buffer_printf(out, " is ruled out: %.300s", json_str(outcome, "text", ""));
    return;
  }
  if (strcmp(direction, "faster") == 0)
    buffer_printf(out, " made the kernel %.4g times faster", speedup);
  else if (strcmp(direction, "slower") == 0)
    buffer_printf(out, " made the kernel %.4g times slower", 1 / speedup);
  else
    buffer_printf(out, " made no difference that the duel could show: the speed became %.4g times", speedup);
  if (strcmp(direction, "slower") == 0 && known)
    buffer_printf(out, " [%.4g, %.4g]", 1 / high, 1 / low);
  else if (known)
    buffer_printf(out, " [%.4g, %.4g]", low, high);
  if (strcmp(json_str(outcome, "outcome", ""), "PARTIAL") == 0)
    buffer_text(out, ", with shapes slower than allowed");
  buffer_printf(out, " by geometric mean over %zu shape%s, against incumbent %.12s", n_shapes,
                n_shapes == 1 ? "" : "s", json_str(outcome, "incumbent", "?"));
}

static int opposite(const char *a, const char *b) {
  return (strcmp(a, "faster") == 0 && strcmp(b, "slower") == 0) ||
         (strcmp(a, "slower") == 0 && strcmp(b, "faster") == 0);
}

/* The same change with the opposite effect, or the change back with the same effect. Where there is no
 * change to compare, the same title and kind. */
static int contradicts(const json_t *outcome, const char *direction, const json_t *learning) {
  const char *earlier = json_str(learning, "direction", "");
  const json_t *a = json_object_get(outcome, "change"), *b = json_object_get(learning, "change");
  if (json_is_object(a) && json_is_object(b)) {
    if (season_change_equal(a, b))
      return opposite(direction, earlier);
    return season_change_inverse(a, b) && strcmp(direction, earlier) == 0 && strcmp(direction, "none") != 0 &&
           strcmp(direction, "fails") != 0;
  }
  const json_t *x = json_object_get(outcome, "setting"), *y = json_object_get(learning, "setting");
  if (json_is_object(x) && json_is_object(y))
    return season_setting_equal(x, y) && opposite(direction, earlier);
  return season_text_equal(json_str(outcome, "title", ""), json_str(learning, "title", "")) &&
         opposite(direction, earlier);
}

int64_t season_learning_seq(const json_t *learning) {
  int64_t seq = 0;
  size_t i;
  json_t *v;
  json_array_foreach((json_t *)(uintptr_t)json_arr(learning, "evidence"), i, v) {
    if (json_is_integer(v) && json_integer_value(v) > seq)
      seq = json_integer_value(v);
  }
  return seq;
}

static int cites(const json_t *learning, int64_t seq) {
  size_t i;
  json_t *v;
  json_array_foreach((json_t *)(uintptr_t)json_arr(learning, "evidence"), i, v) {
    if (json_is_integer(v) && json_integer_value(v) == seq)
      return 1;
  }
  return 0;
}

static json_t *flipped(const json_t *learning, const struct record_pitch *by) {
  json_t *data = json_deep_copy(learning), *evidence = json_deep_copy(json_arr(learning, "evidence"));
  json_put_str(data, "state", "contradicted");
  json_put_str(data, "contradicted_by", by->id);
  json_array_append_new(evidence, json_string(by->id));
  json_object_set_new(data, "evidence", evidence);
  return data;
}

/* The id of an earlier learning that this outcome flipped, or NULL. */
static const char *replaced_by(const struct record_state *state, const char *pitch_id) {
  for (size_t i = 0; i < state->n_learnings; i++)
    if (strcmp(json_str(state->learning[i], "contradicted_by", ""), pitch_id) == 0)
      return json_str(state->learning[i], "id", NULL);
  return NULL;
}

static json_t *fresh(const struct record_state *state, const struct record_round *round,
                     const struct record_pitch *p, const char *direction) {
  json_t *data = json_object(), *scope = scope_of(state, round, p->outcome);
  json_t *evidence = json_deep_copy(json_arr(p->outcome, "evidence"));
  struct buffer claim;
  char id[32];
  snprintf(id, sizeof id, "L%zu", state->n_learnings + 1);
  buffer_init(&claim);
  claim_of(p->outcome, direction, json_array_size(json_arr(scope, "shapes")), &claim);
  json_array_append_new(evidence, json_integer(p->outcome_seq));
  json_put_int(data, "round", round->round);
  json_put_str(data, "id", id);
  json_put_str(data, "claim", buffer_str(&claim));
  json_put_str(data, "direction", direction);
  json_put_num(data, "effect", json_num(p->outcome, "speedup", NAN));
  const json_t *interval = json_object_get(p->outcome, "interval");
  json_object_set_new(data, "interval", json_is_array(interval) ? json_deep_copy(interval) : json_null());
  json_object_set_new(data, "scope", scope);
  json_object_set_new(data, "evidence", evidence);
  json_put_str(data, "state", "in_force");
  json_put_str(data, "title", json_str(p->outcome, "title", ""));
  json_put_str(data, "pitch_kind", json_str(p->outcome, "pitch_kind", ""));
  static const char *const copied[] = {"change", "setting"};
  for (size_t i = 0; i < 2; i++)
    if (json_is_object(json_object_get(p->outcome, copied[i])))
      json_object_set_new(data, copied[i], json_deep_copy(json_object_get(p->outcome, copied[i])));
  const char *replaces = replaced_by(state, p->id);
  if (replaces != NULL)
    json_put_str(data, "replaces", replaces);
  buffer_fini(&claim);
  return data;
}

json_t *season_learning_due(const struct record_state *state, const struct record_round *round) {
  for (size_t k = 0; k < round->n_pitches; k++) {
    const struct record_pitch *p = &round->pitch[k];
    const char *direction = p->outcome != NULL ? direction_of(p->outcome) : NULL;
    if (direction == NULL)
      continue;
    int written = 0;
    for (size_t i = 0; i < state->n_learnings; i++)
      written |= cites(state->learning[i], p->outcome_seq);
    if (written)
      continue;
    for (size_t i = 0; i < state->n_learnings; i++) {
      const json_t *l = state->learning[i];
      if (strcmp(json_str(l, "state", ""), "in_force") == 0 && season_learning_seq(l) < p->outcome_seq &&
          contradicts(p->outcome, direction, l))
        return flipped(l, p);
    }
    return fresh(state, round, p, direction);
  }
  return NULL;
}

/* Room: agent. The built-in implementer: a pitch that names a setting becomes that setting. When the
 * entry failed, the repair is the nearest valid setting that differs in the knob most associated with
 * failures; attempt k takes the k-th of them, so no attempt repeats another. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_builtin.h"

/* How much more often settings with this value failed than the others; the value at fault itself counts
 * as one failure. */
static double blame(const struct agent_view *v, const uint8_t *setting, size_t k) {
  double with = 0, with_bad = 1, without = 0, without_bad = 0;
  for (size_t i = 0; i < v->n_trials; i++) {
    int bad = !v->trial[i].correct;
    if (v->trial[i].setting[k] == setting[k]) {
      with += 1;
      with_bad += bad;
    } else {
      without += 1;
      without_bad += bad;
    }
  }
  return (with_bad + 0.1) / (with + 2) - (without_bad + 0.1) / (without + 2);
}

static size_t most_blamed(const struct agent_view *v, const uint8_t *setting) {
  size_t worst = 0;
  double most = -10;
  for (size_t k = 0; k < v->space.n_knobs; k++) {
    if (v->space.knob[k].n_values < 2)
      continue;
    double b = blame(v, setting, k);
    if (b > most) {
      most = b;
      worst = k;
    }
  }
  return worst;
}

struct repair {
  size_t index, distance;
  double correct;
  uint64_t tie;
};

static int by_merit(const void *a, const void *b) {
  const struct repair *x = a, *y = b;
  if (x->distance != y->distance)
    return x->distance < y->distance ? -1 : 1;
  if (x->correct < y->correct || x->correct > y->correct)
    return x->correct > y->correct ? -1 : 1;
  return (x->tie > y->tie) - (x->tie < y->tie);
}

static int failed_before(const struct agent_view *v, const uint8_t *setting) {
  for (size_t i = 0; i < v->n_trials; i++)
    if (!v->trial[i].correct && memcmp(v->trial[i].setting, setting, v->space.n_knobs) == 0)
      return 1;
  return 0;
}

/* The number `rank` (from 0) among the repairs. `wanted` itself never is one. */
static enum status find_repair(const struct agent_tank *t, const uint8_t *wanted, size_t knob,
                               int must_differ, size_t rank, const uint8_t **out, struct error *e) {
  const struct agent_view *v = &t->view;
  struct repair *list = arena_array(v->arena, v->space.n, sizeof *list);
  if (!list)
    return error_set(e, ST_MEMORY, "no memory for the repairs");
  size_t n = 0;
  for (size_t i = 0; i < v->space.n; i++) {
    const uint8_t *s = agent_view_setting(v, i);
    size_t distance = agent_space_distance(&v->space, s, wanted);
    if (!distance || !v->allowed[i] || (must_differ && s[knob] == wanted[knob]) || failed_before(v, s) ||
        (v->incumbent && memcmp(s, v->incumbent, v->space.n_knobs) == 0))
      continue;
    double compiles, correct;
    agent_model_works(t->model, s, &compiles, &correct);
    list[n++] = (struct repair){i, distance, correct, agent_space_hash(&v->space, s)};
  }
  if (rank >= n)
    return error_set(e, ST_INPUT, "no valid setting is left to repair the pitch with");
  qsort(list, n, sizeof *list, by_merit);
  *out = agent_view_setting(v, list[rank].index);
  return ST_OK;
}

enum status agent_implement(const struct agent_tank *t, json_t **answer, struct error *e) {
  const struct agent_view *v = &t->view;
  const json_t *pitch = json_object_get(v->request, "pitch");
  uint8_t wanted[AGENT_KNOBS_MAX];
  struct error why = {0};
  if (!json_is_object(pitch))
    return error_set(e, ST_INPUT, "the request has no pitch to implement");
  if (!json_is_object(json_object_get(pitch, "setting")))
    return error_set(e, ST_INPUT, "the built-in implementer builds knob settings, and this pitch names none");
  if (agent_space_from_json(&v->space, json_object_get(pitch, "setting"), wanted, &why) != ST_OK)
    return error_set(e, ST_INPUT, "the pitch's setting cannot be built: %.400s", why.text);
  int64_t attempt = json_int(v->request, "attempt", 0);
  if (attempt < 0 || attempt > 1000)
    return error_set(e, ST_INPUT, "attempt %lld is out of range", (long long)attempt);
  const uint8_t *chosen = wanted;
  const struct agent_rule *broken = NULL;
  int valid = agent_space_valid(&v->space, wanted, &broken);
  enum status st = ST_OK;
  if (attempt > 0) {
    size_t knob = most_blamed(v, wanted);
    st = find_repair(t, wanted, knob, v->space.knob[knob].n_values > 1, (size_t)attempt - 1, &chosen, e);
  } else if (!valid) {
    st = find_repair(t, wanted, 0, 0, 0, &chosen, e);
  }
  if (st != ST_OK)
    return st;
  *answer = json_pack("{s:{s:o}}", "entry", "setting", agent_space_to_json(&v->space, chosen));
  return *answer ? ST_OK : error_set(e, ST_MEMORY, "no memory for the entry");
}

/* Room report: forecasts against results. Pure; touches only the view's arena.
 *
 * Brier: the mean of (p - happened)^2 over the resolved ones of P(compiles), P(correct), P(faster);
 * 0 is perfect, 0.25 is a coin. Pinball: the mean over the quantiles 10, 50, 90 % of the pinball
 * loss of log(speedup), so that 0.02 is about a 2 % miss. An event that the judge left open
 * (unresolved, blocked) counts nowhere.
 */
#include <math.h>
#include <string.h>

#include "report/report_view.h"

static int is_one_of(const char *word, const char *const words[]) {
  for (; *words; words++) {
    if (!strcmp(word, *words))
      return 1;
  }
  return 0;
}

struct report_facts report_facts_of(const json_t *outcome) {
  static const char *const not_compiled[] = {"compile_error", "compile_timeout", NULL};
  static const char *const not_correct[] = {"wrong",   "crash", "timeout",     "out_of_bounds",
                                            "refused", "race",  "init_failed", NULL};
  struct report_facts f = {-1, -1, -1};
  const char *what = json_str(outcome, "outcome", ""), *kind = json_str(outcome, "kind", "");
  if (!strcmp(what, "SUCCESS") || !strcmp(what, "PARTIAL")) {
    f.compiled = f.correct = f.faster = 1;
  } else if (!strcmp(what, "UNRESOLVED")) {
    f.compiled = f.correct = 1;
  } else if (!strcmp(what, "FAILURE")) {
    if (is_one_of(kind, not_compiled)) {
      f.compiled = 0;
    } else if (is_one_of(kind, not_correct)) {
      f.compiled = 1;
      f.correct = 0;
    } else if (!strcmp(kind, "slower")) {
      f.compiled = f.correct = 1;
      f.faster = 0;
    }
  }
  return f;
}

static void score_event(struct report_forecaster *f, const json_t *forecast, const char *key, int happened) {
  double p;
  if (happened < 0 || !json_has_num(forecast, key, &p) || !(p >= 0 && p <= 1))
    return;
  f->n_events++;
  f->brier_sum += (p - happened) * (p - happened);
}

static void score(struct report_forecaster *f, const json_t *forecast, const json_t *outcome) {
  const struct report_facts facts = report_facts_of(outcome);
  score_event(f, forecast, "p_compiles", facts.compiled);
  score_event(f, forecast, "p_correct", facts.correct);
  score_event(f, forecast, "p_faster", facts.faster);
  static const struct {
    const char *key;
    double q;
  } quantile[] = {{"q10", 0.1}, {"q50", 0.5}, {"q90", 0.9}};
  const json_t *speedup = json_obj(forecast, "speedup");
  double actual, value[3], loss = 0;
  if (!json_has_num(outcome, "speedup", &actual) || !(actual > 0))
    return;
  for (size_t i = 0; i < 3; i++) {
    if (!json_has_num(speedup, quantile[i].key, &value[i]) || !(value[i] > 0))
      return;
    const double miss = log(actual) - log(value[i]);
    loss += miss >= 0 ? quantile[i].q * miss : (quantile[i].q - 1) * miss;
  }
  f->n_speedups++;
  f->pinball_sum += loss / 3;
  if (actual >= value[0] && actual <= value[2])
    f->n_covered++;
}

static struct report_forecaster *find(struct report_view *v, const char *name, const char *role) {
  for (size_t i = 0; name && i < v->n_forecasters; i++) {
    if (!strcmp(v->forecaster[i].name, name) && !strcmp(v->forecaster[i].role, role))
      return &v->forecaster[i];
  }
  return NULL;
}

static void add_pitches(struct report_view *v, const struct record_round *r) {
  const char *winner = json_str(r->tally, "winner", NULL);
  for (size_t i = 0; i < r->n_pitches; i++) {
    const struct record_pitch *p = &r->pitch[i];
    struct report_forecaster *f = find(v, p->who, "contestant");
    if (!f)
      continue;
    f->pitches++;
    if (p->gated && p->passed)
      f->passed++;
    if (winner && p->id && !strcmp(winner, p->id))
      f->won++;
    if (!p->outcome)
      continue;
    f->tried++;
    score(f, json_obj(p->pitch, "forecast"), p->outcome);
    if (json_bool(p->outcome, "accepted", 0) && r->incumbent_changed) {
      double gain;
      f->accepted++;
      if (json_has_num(r->incumbent_changed, "speedup", &gain) && gain > 0)
        f->gain *= gain;
    }
  }
}

static void add_ballots(struct report_view *v, const struct record_round *r) {
  for (size_t i = 0; i < r->n_acts; i++) {
    const struct record_act *a = &r->act[i];
    if (strcmp(a->act, "ballot") || !a->status || strcmp(a->status, "ok"))
      continue;
    struct report_forecaster *f = find(v, a->who, "shark");
    if (!f)
      continue;
    f->ballots++;
    const json_t *ballot = report_result_of(a, "ballot");
    const struct record_pitch *voted = report_pitch_find(r, json_str(ballot, "vote", NULL));
    if (voted && voted->outcome) {
      f->votes_tried++;
      if (json_bool(voted->outcome, "accepted", 0))
        f->votes_accepted++;
    }
    for (size_t p = 0; p < r->n_pitches; p++) {
      if (!r->pitch[p].outcome || !r->pitch[p].id)
        continue;
      score(f, json_obj(json_obj(ballot, "forecasts"), r->pitch[p].id), r->pitch[p].outcome);
    }
  }
}

enum status report_forecasters_init(struct report_view *v) {
  const json_t *cast = json_obj(v->state->started, "cast");
  static const struct {
    const char *list, *role;
  } roles[] = {{"contestants", "contestant"}, {"sharks", "shark"}};
  const size_t n = json_array_size(json_arr(cast, "contestants")) + json_array_size(json_arr(cast, "sharks"));
  v->forecaster = arena_array(&v->arena, n + 1, sizeof *v->forecaster);
  if (!v->forecaster)
    return ST_MEMORY;
  for (size_t l = 0; l < 2; l++) {
    const json_t *list = json_arr(cast, roles[l].list);
    for (size_t i = 0; i < json_array_size(list); i++) {
      struct report_forecaster *f = &v->forecaster[v->n_forecasters++];
      f->name = json_str(json_array_get(list, i), "name", "unnamed");
      f->persona = json_str(json_array_get(list, i), "persona", "");
      f->role = roles[l].role;
      f->gain = 1;
    }
  }
  for (size_t r = 0; r < v->state->n_rounds; r++) {
    add_pitches(v, &v->state->round[r]);
    add_ballots(v, &v->state->round[r]);
  }
  return ST_OK;
}

/* Room: season. Each contestant's and shark's record: forecasts against what the judge found. Brier score
 * for the three probabilities, pinball loss for the quantiles (on the log of the speedup). Pure. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_candidate.h"
#include "season/season_context.h"
#include "season/season_internal.h"

struct found { /* what the judge found of a pitch; NaN: not reached */
  double compiles, correct, faster, log_speedup;
};

struct score {
  double brier, pinball;
  int64_t n_brier, n_pinball, pitches, funded, successes, ballots, void_vetoes;
};

static struct found find_out(const struct record_round *r, const struct record_pitch *p) {
  struct found f = {NAN, NAN, NAN, NAN};
  for (int64_t k = 0; k <= 10; k++) {
    char id[SEASON_ID_BYTES];
    season_pitch_step_id(r, "check", p->id, k, id, sizeof id);
    const struct record_act *a = record_act_find(r, id);
    if (a == NULL || a->result == NULL)
      break;
    const char *verdict = json_str(a->result, "verdict", "");
    /* The first attempt decides: the forecast was of the idea as pitched, not of its repairs. */
    if (k == 0)
      f.compiles = strcmp(verdict, "compile_error") != 0 && strcmp(verdict, "compile_timeout") != 0;
    if (k == 0)
      f.correct = strcmp(verdict, "pass") == 0;
  }
  double speedup = json_num(p->outcome, "speedup", NAN);
  if (speedup > 0)
    f.log_speedup = log(speedup);
  if (speedup > 0)
    f.faster = strcmp(json_str(p->outcome, "outcome", ""), "SUCCESS") == 0;
  return f;
}

static void brier(struct score *s, const json_t *forecast, const char *key, double what_was) {
  double p;
  if (isnan(what_was) || !json_has_num(forecast, key, &p))
    return;
  s->brier += (p - what_was) * (p - what_was);
  s->n_brier++;
}

static void pinball(struct score *s, const json_t *forecast, double what_was) {
  static const struct {
    const char *key;
    double level;
  } quantile[] = {{"q10", 0.1}, {"q50", 0.5}, {"q90", 0.9}};
  if (isnan(what_was))
    return;
  for (size_t i = 0; i < 3; i++) {
    double q = json_num(json_obj(forecast, "speedup"), quantile[i].key, NAN);
    if (!(q > 0))
      continue;
    double d = what_was - log(q);
    s->pinball += d >= 0 ? quantile[i].level * d : (quantile[i].level - 1) * d;
    s->n_pinball++;
  }
}

static void score_forecast(struct score *s, const json_t *forecast, const struct found *f) {
  if (!json_is_object(forecast))
    return;
  brier(s, forecast, "p_compiles", f->compiles);
  brier(s, forecast, "p_correct", f->correct);
  brier(s, forecast, "p_faster", f->faster);
  pinball(s, forecast, f->log_speedup);
}

static json_t *score_json(const struct score *s, const char *role) {
  json_t *o = json_object();
  json_put_str(o, "role", role);
  json_put_int(o, "forecasts", s->n_brier);
  json_put_num(o, "brier", s->n_brier > 0 ? s->brier / (double)s->n_brier : NAN);
  json_put_num(o, "pinball", s->n_pinball > 0 ? s->pinball / (double)s->n_pinball : NAN);
  if (strcmp(role, "shark") == 0) {
    json_put_int(o, "ballots", s->ballots);
    json_put_int(o, "void_vetoes", s->void_vetoes);
  } else {
    json_put_int(o, "pitches", s->pitches);
    json_put_int(o, "funded", s->funded);
    json_put_int(o, "successes", s->successes);
  }
  return o;
}

static void score_contestant(const struct record_state *state, const char *who, struct score *s) {
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_pitches; i++) {
      const struct record_pitch *p = &state->round[k].pitch[i];
      if (strcmp(p->who, who) != 0)
        continue;
      s->pitches++;
      if (p->outcome == NULL)
        continue;
      s->funded++;
      s->successes += strcmp(json_str(p->outcome, "outcome", ""), "SUCCESS") == 0;
      struct found f = find_out(&state->round[k], p);
      score_forecast(s, json_object_get(p->pitch, "forecast"), &f);
    }
}

static void score_shark(const struct record_state *state, const char *who, struct score *s) {
  for (size_t k = 0; k < state->n_rounds; k++) {
    const struct record_round *r = &state->round[k];
    char id[SEASON_ID_BYTES];
    snprintf(id, sizeof id, "r%lld.ballot.%s", (long long)r->round, who);
    const struct record_act *a = record_act_find(r, id);
    size_t v;
    json_t *veto;
    json_array_foreach((json_t *)(uintptr_t)json_arr(r->tally, "vetoes"), v, veto) {
      s->void_vetoes += strcmp(json_str(veto, "shark", ""), who) == 0 && !json_bool(veto, "valid", 0);
    }
    if (a == NULL || a->result == NULL)
      continue;
    s->ballots++;
    const json_t *forecasts = json_obj(json_obj(a->result, "ballot"), "forecasts");
    for (size_t i = 0; i < r->n_pitches; i++) {
      if (r->pitch[i].outcome == NULL)
        continue;
      struct found f = find_out(r, &r->pitch[i]);
      score_forecast(s, json_object_get(forecasts, r->pitch[i].id), &f);
    }
  }
}

json_t *season_records(const struct record_state *state) {
  static const struct {
    const char *list, *role;
  } part[] = {{"contestants", "contestant"}, {"sharks", "shark"}};
  json_t *out = json_object(), *member;
  for (size_t k = 0; k < 2; k++) {
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)json_arr(json_obj(state->started, "cast"), part[k].list), i,
                       member) {
      const char *who = json_str(member, "name", "");
      struct score s = {0};
      if (k == 0)
        score_contestant(state, who, &s);
      else
        score_shark(state, who, &s);
      json_object_set_new(out, who, score_json(&s, part[k].role));
    }
  }
  return out;
}

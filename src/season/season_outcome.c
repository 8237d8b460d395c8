/* Room: season. Outcomes (RULEBOOK, "A round" 8): what the judge's verdicts mean for a pitch, and whether
 * they are about the idea or about its implementation. Pure. */
#include "season/season_outcome.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_candidate.h"
#include "season/season_internal.h"
#include "season/season_pitch.h"
#include "season/season_rules.h"
#include "season/season_setting.h"

struct verdict { /* what an outcome says */
  const char *outcome, *kind, *about;
  int accepted, analysis;
  double speedup;
  const json_t *interval; /* borrowed, or NULL */
  char text[640];
};

static void say(struct verdict *v, const char *outcome, const char *kind, const char *about) {
  v->outcome = outcome;
  v->kind = kind;
  v->about = about;
}

static void interval_text(const struct verdict *v, char *out, size_t bytes) {
  double low = json_number_value(json_array_get(v->interval, 0)),
         high = json_number_value(json_array_get(v->interval, 1));
  if (v->interval != NULL && json_is_number(json_array_get(v->interval, 0)) &&
      json_is_number(json_array_get(v->interval, 1)))
    snprintf(out, bytes, "%.4g times [%.4g, %.4g]", v->speedup, low, high);
  else
    snprintf(out, bytes, "%.4g times", v->speedup);
}

static void take_speedup(struct verdict *v, const json_t *duel) {
  const json_t *interval = json_object_get(duel, "interval");
  v->speedup = json_num(duel, "speedup", NAN);
  v->interval = json_is_array(interval) ? interval : NULL;
}

/* The implementation never reached a race. */
static void judge_attempt(const struct season_candidate *c, struct verdict *v) {
  const char *where = json_str(c->check != NULL ? c->check->result : NULL, "where", "");
  if (strcmp(c->failure, "no_entry") == 0) {
    say(v, "FAILURE", "no_entry", "implementation");
    snprintf(v->text, sizeof v->text, "no entry was made in %lld attempts: %.400s", (long long)c->attempt + 1,
             c->implement != NULL && c->implement->error != NULL ? c->implement->error
                                                                 : "the implementer gave none");
  } else if (strcmp(c->failure, "no_change") == 0) {
    say(v, "FAILURE", "no_change", "implementation");
    snprintf(v->text, sizeof v->text, "the entry is the incumbent itself, byte for byte");
  } else if (strcmp(c->failure, "other_setting") == 0) {
    say(v, "FAILURE", "other_setting", "implementation");
    snprintf(v->text, sizeof v->text,
             "the implementer built another setting than the pitched one, %lld times of %lld",
             (long long)c->attempt + 1, (long long)c->attempt + 1);
  } else if (strcmp(c->failure, "gate") == 0) {
    say(v, "BLOCKED", "rule", "idea");
    snprintf(v->text, sizeof v->text, "a rule of the task forbids the entry: %.500s", where);
  } else if (strcmp(c->failure, "cheating") == 0) {
    say(v, "DISQUALIFIED", c->failure, "implementation");
    snprintf(v->text, sizeof v->text, "the judge saw cheating: %.500s", where);
  } else {
    say(v, "FAILURE", c->failure, "implementation");
    snprintf(v->text, sizeof v->text, "%s after %lld attempt%s: %.480s", c->failure,
             (long long)c->attempt + 1, c->attempt == 0 ? "" : "s", where);
  }
}

static void judge_slower(struct verdict *v, const struct season_rules *rules) {
  double slower = 1 / v->speedup - 1;
  char how[96];
  interval_text(v, how, sizeof how);
  say(v, "FAILURE", "slower", "idea");
  v->analysis = slower > rules->analysis_slower;
  const char *then = v->analysis                        ? "an analysis must come before the same idea again"
                     : slower >= rules->rollback_slower ? "rolled back and listed"
                                                        : "rolled back";
  snprintf(v->text, sizeof v->text, "slower: the speedup is %s; %s", how, then);
}

/* A duel that did not end with a ratio: one side failed in the race. */
static void judge_broken(const json_t *duel, const char *verdict, struct verdict *v) {
  const char *where = json_str(duel, "where", "");
  if (strcmp(json_str(duel, "who", "B"), "A") == 0) {
    say(v, "UNRESOLVED", "incumbent_wrong", "implementation");
    snprintf(v->text, sizeof v->text, "the incumbent failed in the race (%s): %.480s", verdict, where);
  } else if (strcmp(verdict, "cheating") == 0) {
    say(v, "DISQUALIFIED", verdict, "implementation");
    snprintf(v->text, sizeof v->text, "the judge saw cheating: %.500s", where);
  } else if (strcmp(verdict, "gate") == 0) {
    say(v, "BLOCKED", "rule", "idea");
    snprintf(v->text, sizeof v->text, "a rule of the task forbids the entry: %.500s", where);
  } else {
    say(v, "FAILURE", verdict, "implementation");
    snprintf(v->text, sizeof v->text, "%s in the race: %.500s", verdict, where);
  }
}

/* The race's verdict; `last` is the confirmation if there was one: its estimate is the one published. */
static void judge_race(const struct season_candidate *c, const struct season_rules *rules,
                       struct verdict *v) {
  const json_t *last = c->confirm != NULL ? c->confirm->result : c->duel->result;
  const char *verdict = json_str(last, "verdict", "unknown");
  char how[96];
  take_speedup(v, last);
  interval_text(v, how, sizeof how);
  if (strcmp(verdict, "faster") == 0 && !(v->speedup > 0)) {
    say(v, "UNRESOLVED", "no_estimate", "idea");
    snprintf(v->text, sizeof v->text, "the judge called it faster without an estimate");
  } else if (strcmp(verdict, "faster") == 0 && c->confirm != NULL &&
             strcmp(json_str(c->duel->result, "verdict", ""), "faster") == 0) {
    say(v, "SUCCESS", "faster", "idea");
    v->accepted = 1;
    snprintf(v->text, sizeof v->text, "%s faster, confirmed with new seeds and processes", how);
  } else if (strcmp(verdict, "mixed") == 0 || strcmp(verdict, "faster") == 0) {
    say(v, "PARTIAL", "mixed", "idea");
    v->accepted = rules->partial_accept && c->confirm != NULL && v->speedup > 0;
    snprintf(v->text, sizeof v->text, "%s over all shapes, but some are slower than allowed; %s", how,
             v->accepted ? "accepted by the rule `partial: accept`" : "kept out");
  } else if (strcmp(verdict, "unresolved") == 0 || (c->confirm != NULL && strcmp(verdict, "slower") == 0)) {
    say(v, "UNRESOLVED", c->confirm != NULL ? "not_confirmed" : "unresolved", "idea");
    snprintf(v->text, sizeof v->text, "%s: %s (%.300s)",
             c->confirm != NULL ? "the first duel was won, the confirmation was not"
                                : "no difference found within the budget",
             isnan(v->speedup) ? "no estimate" : how, json_str(last, "stop", "no reason given"));
  } else if (strcmp(verdict, "slower") == 0)
    judge_slower(v, rules);
  else
    judge_broken(last, verdict, v);
}

static void judge_research(const struct season_candidate *c, const struct record_pitch *pitch,
                           struct verdict *v) {
  const json_t *claims = json_obj(pitch->pitch, "claims");
  double value;
  say(v, "RESEARCH", c->probe != NULL ? "settled" : "open", "idea");
  if (c->failure != NULL) {
    v->about = "implementation";
    snprintf(v->text, sizeof v->text, "the question stays open: the probe's entry failed (%s)", c->failure);
  } else if (c->probe != NULL)
    snprintf(v->text, sizeof v->text,
             "measured, not raced: %.4g s by geometric mean over the shapes; the question was: %.400s",
             json_num(c->probe->result, "geomean_seconds", NAN),
             json_str(pitch->pitch, "refuted_by", "not stated"));
  else if (json_has_num(claims, "value", &value)) {
    v->kind = "answered";
    snprintf(v->text, sizeof v->text,
             "the contestant computed %.80s = %.6g; an opinion, since nothing was measured: %.300s",
             json_str(claims, "statistic", "an answer"), value, json_str(pitch->pitch, "refuted_by", ""));
  } else
    snprintf(v->text, sizeof v->text, "recorded; nothing was measured, so the question stays open: %.400s",
             json_str(pitch->pitch, "refuted_by", "not stated"));
}

static void add_evidence(json_t *list, const struct record_act *a) {
  if (a == NULL || a->ended_seq == 0)
    return;
  json_array_append_new(list, json_string(a->id));
  json_array_append_new(list, json_integer(a->ended_seq));
}

static json_t *outcome_json(const struct record_state *state, const struct record_round *round,
                            const struct record_pitch *p, const struct season_candidate *c,
                            const struct verdict *v) {
  json_t *data = json_object(), *evidence = json_array();
  const json_t *made = c->implement != NULL ? c->implement->result : NULL;
  const json_t *setting = json_object_get(made, "setting");
  json_put_int(data, "round", round->round);
  json_put_str(data, "pitch", p->id);
  json_put_str(data, "who", p->who);
  json_put_str(data, "title", json_str(p->pitch, "title", ""));
  json_put_str(data, "pitch_kind", json_str(p->pitch, "kind", ""));
  json_put_str(data, "outcome", v->outcome);
  json_put_str(data, "kind", v->kind);
  json_put_str(data, "about", v->about);
  json_put_str(data, "text", v->text);
  json_put_bool(data, "accepted", v->accepted);
  json_put_bool(data, "analysis_required", v->analysis);
  json_put_num(data, "speedup", v->speedup);
  json_object_set_new(data, "interval", v->interval != NULL ? json_deep_copy(v->interval) : json_null());
  json_object_set_new(data, "forecast", json_deep_copy(json_obj(p->pitch, "forecast")));
  json_put_str(data, "entry", json_str(made, "blob", NULL));
  json_put_str(data, "incumbent", state->incumbent_blob);
  if (!json_is_object(setting))
    setting = json_object_get(p->pitch, "setting");
  if (json_is_object(setting)) {
    json_object_set_new(data, "setting", json_deep_copy(setting));
    json_t *change = season_change(state->incumbent_setting, setting);
    if (change != NULL)
      json_object_set_new(data, "change", change);
  }
  add_evidence(evidence, c->implement);
  add_evidence(evidence, c->check);
  add_evidence(evidence, c->probe);
  add_evidence(evidence, c->duel);
  add_evidence(evidence, c->confirm);
  json_object_set_new(data, "evidence", evidence);
  return data;
}

json_t *season_outcome(const struct record_state *state, const struct record_round *round,
                       const char *pitch_id) {
  const struct record_pitch *p = record_pitch_find(round, pitch_id);
  struct season_rules rules;
  struct season_candidate c;
  struct verdict v = {.speedup = NAN};
  if (p == NULL)
    return NULL;
  season_rules_of(state, &rules);
  season_candidate_look(state, round, p, &c);
  if (season_is_research(p->pitch))
    judge_research(&c, p, &v);
  else if (c.failure != NULL)
    judge_attempt(&c, &v);
  else if (strcmp(round->kind, "minimal_fix") == 0) {
    say(&v, "SUCCESS", "fixed", "implementation");
    v.accepted = 1;
    snprintf(v.text, sizeof v.text,
             "correct on all cases, which the incumbent is not; its speed was not compared");
  } else if (c.duel == NULL || c.duel->result == NULL)
    return NULL;
  else
    judge_race(&c, &rules, &v);
  return outcome_json(state, round, p, &c, &v);
}

json_t *season_incumbent_due(const struct record_state *state, const struct record_round *round) {
  if (round->incumbent_changed != NULL)
    return NULL;
  for (size_t i = 0; i < round->n_outcomes; i++) {
    const json_t *o = round->outcome[i];
    if (!json_bool(o, "accepted", 0))
      continue;
    double speedup = json_num(o, "speedup", NAN);
    json_t *data = json_object();
    json_put_int(data, "round", round->round);
    json_put_str(data, "pitch", json_str(o, "pitch", ""));
    json_put_str(data, "from", state->incumbent_blob);
    json_put_str(data, "to", json_str(o, "entry", ""));
    if (json_is_object(json_object_get(o, "setting")))
      json_object_set_new(data, "setting", json_deep_copy(json_object_get(o, "setting")));
    json_put_num(data, "speedup", speedup);
    json_object_set_new(data, "interval",
                        json_is_array(json_object_get(o, "interval"))
                            ? json_deep_copy(json_object_get(o, "interval"))
                            : json_null());
    json_put_num(data, "total_speedup", state->total_speedup * (speedup > 0 ? speedup : 1));
    return data;
  }
  return NULL;
}

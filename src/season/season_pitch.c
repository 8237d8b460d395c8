/* Room: season. Gates on pitches (RULEBOOK, "A round" 2 and 3): form, round kind, and the comparison with
 * everything else in the season. What compares claims with limits is in season_limits.c. Pure. */
#include "season/season_pitch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_internal.h"
#include "season/season_setting.h"

static const char *const pitch_kinds[] = {"optimisation", "research", "wild_card", "minimal_fix", NULL};

static int is_blank(const json_t *object, const char *key) {
  const char *s = json_str(object, key, "");
  return s[strspn(s, " \t\r\n")] == '\0';
}

static int is_one_of(const char *word, const char *const list[]) {
  for (size_t i = 0; list[i] != NULL; i++)
    if (strcmp(list[i], word) == 0)
      return 1;
  return 0;
}

static int is_probability(const json_t *object, const char *key) {
  double p;
  return json_has_num(object, key, &p) && p >= 0 && p <= 1;
}

static void gate_risks(const json_t *pitch, json_t *reasons) {
  const json_t *risks = json_arr(pitch, "risks");
  size_t i;
  json_t *risk;
  if (json_array_size(risks) == 0)
    season_reason(reasons, "part_missing", "risks", "the part \"risks\" is missing");
  json_array_foreach((json_t *)(uintptr_t)risks, i, risk) {
    if (!is_blank(risk, "risk") && !is_blank(risk, "mitigation"))
      continue;
    season_reason(reasons, "part_missing", "risks", "risk %zu lacks its text or its mitigation", i + 1);
    return;
  }
}

static void gate_forecast(const json_t *pitch, json_t *reasons) {
  static const char *const chances[] = {"p_compiles", "p_correct", "p_faster"};
  const json_t *forecast = json_obj(pitch, "forecast"), *speedup = json_obj(forecast, "speedup");
  for (size_t i = 0; i < 3; i++)
    if (!is_probability(forecast, chances[i]))
      season_reason(reasons, "part_missing", "forecast", "the forecast lacks %s, a number between 0 and 1",
                    chances[i]);
  double q10 = json_num(speedup, "q10", NAN), q50 = json_num(speedup, "q50", NAN),
         q90 = json_num(speedup, "q90", NAN);
  if (!(q10 > 0 && q50 >= q10 && q90 >= q50))
    season_reason(reasons, "part_missing", "forecast",
                  "the forecast lacks speedup quantiles 0 < q10 <= q50 <= q90");
}

/* The seven parts, claims, forecast, and what would refute the idea. */
static void gate_form(const json_t *pitch, json_t *reasons) {
  static const char *const parts[] = {"title",    "problem",  "solution",  "impact",
                                      "evidence", "rollback", "refuted_by"};
  static const char *const sizes[] = {"low", "medium", "high", NULL};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (is_blank(pitch, parts[i]))
      season_reason(reasons, "part_missing", parts[i], "the part \"%s\" is missing", parts[i]);
  if (!is_one_of(json_str(pitch, "complexity", ""), sizes))
    season_reason(reasons, "part_missing", "complexity",
                  "the part \"complexity\" must be low, medium or high");
  if (!is_one_of(json_str(pitch, "kind", ""), pitch_kinds))
    season_reason(reasons, "part_missing", "kind",
                  "the kind must be optimisation, research, wild_card or minimal_fix");
  if (!json_is_object(json_object_get(pitch, "claims")))
    season_reason(reasons, "part_missing", "claims", "the part \"claims\" is missing");
  gate_risks(pitch, reasons);
  gate_forecast(pitch, reasons);
  const char *impact = json_str(pitch, "impact", "");
  if (!season_is_research(pitch) && strpbrk(impact, "0123456789") == NULL)
    season_reason(reasons, "no_number", "impact", "the impact names no number");
}

static void gate_round_kind(const struct record_round *round, const json_t *pitch, json_t *reasons) {
  const char *kind = json_str(pitch, "kind", "");
  if (strcmp(round->kind, "minimal_fix") == 0 && strcmp(kind, "minimal_fix") != 0)
    season_reason(reasons, "round_kind", "round",
                  "the incumbent is wrong: only minimal fixes may be pitched until it passes");
  if (strcmp(round->kind, "research") == 0 && !season_is_research(pitch))
    season_reason(reasons, "round_kind", "round",
                  "this is a research round: %s pitches wait for the next one", kind);
}

static void gate_setting(const struct record_state *state, const json_t *pitch, json_t *reasons) {
  const json_t *setting = json_object_get(pitch, "setting");
  if (setting == NULL || json_is_null(setting))
    return;
  struct buffer why;
  buffer_init(&why);
  const json_t *facts = json_obj(json_obj(state->started, "machine"), "facts");
  if (!season_setting_valid(json_obj(state->started, "task"), facts, setting, &why))
    season_reason(reasons, "setting", "knobs", "the setting is not valid here: %s", buffer_str(&why));
  buffer_fini(&why);
  if (season_setting_equal(setting, state->incumbent_setting))
    season_reason(reasons, "incumbent", state->incumbent_blob, "the setting is the incumbent's own");
}

/* Are these two the same idea? Settings decide where both have one; otherwise the text does. */
static int same_change(const json_t *a, const json_t *b) {
  const json_t *x = json_object_get(a, "setting"), *y = json_object_get(b, "setting");
  if (json_is_object(x) && json_is_object(y))
    return season_setting_equal(x, y);
  if (json_is_object(x) != json_is_object(y))
    return 0;
  return season_text_equal(json_str(a, "title", ""), json_str(b, "title", "")) &&
         season_text_equal(json_str(a, "solution", ""), json_str(b, "solution", ""));
}

/* Only pitches that passed count: one that was gated for its form may come again, repaired. In the
 * same list the earlier of two twins passes, so `nth`'s predecessors are judged as they stand. */
static void gate_duplicate(const struct record_state *state, const struct record_round *round, size_t nth,
                           json_t *reasons, const json_t *verdicts) {
  for (size_t k = 0; k < state->n_rounds; k++) {
    const struct record_round *r = &state->round[k];
    for (size_t i = 0; i < r->n_pitches; i++) {
      if (r == round && i >= nth)
        return;
      int passed = r->pitch[i].gated ? r->pitch[i].passed : 0;
      size_t v;
      json_t *verdict;
      json_array_foreach((json_t *)(uintptr_t)verdicts, v, verdict) {
        if (strcmp(json_str(verdict, "id", ""), r->pitch[i].id) == 0)
          passed = json_bool(verdict, "passed", 0);
      }
      if (!passed || !same_change(r->pitch[i].pitch, round->pitch[nth].pitch))
        continue;
      season_reason(reasons, "duplicate", r->pitch[i].id, "the same change as pitch %s of this season",
                    r->pitch[i].id);
      return;
    }
  }
}

/* 1 if text contains id as a whole word. */
static int mentions(const char *text, const char *id) {
  size_t n = strlen(id);
  for (const char *p = strstr(text, id); n > 0 && p != NULL; p = strstr(p + 1, id)) {
    char after = p[n];
    int inside =
        (after >= '0' && after <= '9') || (after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z');
    int before = p > text && (p[-1] == '.' || (p[-1] >= '0' && p[-1] <= '9') ||
                              (p[-1] >= 'a' && p[-1] <= 'z') || (p[-1] >= 'A' && p[-1] <= 'Z'));
    if (!inside && !before)
      return 1;
  }
  return 0;
}

/* New evidence is an act of the judge's that ended after the refutation and that the pitch names. */
static int has_new_evidence(const struct record_state *state, const json_t *pitch, int64_t since_seq) {
  const char *evidence = json_str(pitch, "evidence", "");
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_acts; i++) {
      const struct record_act *a = &state->round[k].act[i];
      int judged = strcmp(a->act, "measure") == 0 || strcmp(a->act, "check") == 0 ||
                   strcmp(a->act, "duel") == 0 || strcmp(a->act, "confirm") == 0;
      if (judged && a->result != NULL && a->ended_seq > since_seq && mentions(evidence, a->id))
        return 1;
    }
  return 0;
}

/* Does the pitch repeat the idea behind an outcome (or a learning, which has the same fields)? */
static int same_idea(const json_t *pitch, const json_t *change, const json_t *past) {
  const json_t *past_change = json_object_get(past, "change");
  if (json_is_object(change) && json_is_object(past_change))
    return season_change_equal(change, past_change);
  if (json_is_object(json_object_get(pitch, "setting")) && json_is_object(json_object_get(past, "setting")))
    return 0;
  return strcmp(json_str(pitch, "kind", ""), json_str(past, "pitch_kind", "")) == 0 &&
         season_text_equal(json_str(pitch, "title", ""), json_str(past, "title", ""));
}

static int refutes(const json_t *outcome) {
  const char *name = json_str(outcome, "outcome", "");
  return strcmp(json_str(outcome, "about", ""), "idea") == 0 &&
         (strcmp(name, "FAILURE") == 0 || strcmp(name, "BLOCKED") == 0 || strcmp(name, "DISQUALIFIED") == 0);
}

static void gate_outcomes(const struct record_state *state, const json_t *pitch, const json_t *change,
                          json_t *reasons) {
  const char *evidence = json_str(pitch, "evidence", "");
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_pitches; i++) {
      const struct record_pitch *p = &state->round[k].pitch[i];
      if (p->outcome == NULL || !refutes(p->outcome))
        continue;
      const json_t *setting = json_object_get(p->outcome, "setting");
      int same_setting = season_setting_equal(setting, json_object_get(pitch, "setting"));
      int same_incumbent = strcmp(json_str(p->outcome, "incumbent", ""), state->incumbent_blob) == 0;
      if (same_setting && same_incumbent && !has_new_evidence(state, pitch, p->outcome_seq))
        season_reason(reasons, "refuted", p->id, "this setting failed as pitch %s against the same incumbent",
                      p->id);
      if (json_bool(p->outcome, "analysis_required", 0) &&
          (same_setting || same_idea(pitch, change, p->outcome)) && is_blank(pitch, "analysis") &&
          !mentions(evidence, p->id))
        season_reason(
            reasons, "analysis", p->id,
            "pitch %s was this idea and lost badly: an analysis of it must come first (name %s in the evidence)",
            p->id, p->id);
    }
}

static void gate_learnings(const struct record_state *state, const json_t *pitch, const json_t *change,
                           json_t *reasons) {
  for (size_t i = 0; i < state->n_learnings; i++) {
    const json_t *l = state->learning[i];
    const char *direction = json_str(l, "direction", ""), *id = json_str(l, "id", "");
    if (strcmp(json_str(l, "state", ""), "in_force") != 0)
      continue;
    if (strcmp(direction, "slower") != 0 && strcmp(direction, "fails") != 0)
      continue;
    if (same_idea(pitch, change, l) && !has_new_evidence(state, pitch, season_learning_seq(l)))
      season_reason(reasons, "refuted", id,
                    "learning %s refutes this idea, and the pitch names no newer evidence: %.200s", id,
                    json_str(l, "claim", ""));
  }
}

/* A wild-card round wants what was not tried: the same change, on whatever incumbent, stays out. */
static void gate_tried(const struct record_state *state, const struct record_round *round,
                       const json_t *pitch, const json_t *change, json_t *reasons) {
  if (strcmp(round->kind, "wild_card") != 0)
    return;
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_pitches; i++) {
      const struct record_pitch *p = &state->round[k].pitch[i];
      if (p->outcome == NULL || !same_idea(pitch, change, p->outcome))
        continue;
      season_reason(reasons, "tried", p->id, "a wild-card round bans what was tried: pitch %s was this idea",
                    p->id);
      return;
    }
}

json_t *season_pitch_change(const struct record_state *state, const json_t *pitch) {
  return season_change(state->incumbent_setting, json_object_get(pitch, "setting"));
}

static json_t *reasons_against(const struct record_state *state, const struct record_round *round, size_t nth,
                               const json_t *verdicts) {
  const json_t *pitch = round->pitch[nth].pitch;
  json_t *reasons = json_array(), *change = season_pitch_change(state, pitch);
  gate_form(pitch, reasons);
  gate_round_kind(round, pitch, reasons);
  gate_setting(state, pitch, reasons);
  season_gate_limits(state, pitch, reasons);
  season_gate_roofline(state, round, pitch, reasons);
  gate_outcomes(state, pitch, change, reasons);
  gate_learnings(state, pitch, change, reasons);
  gate_tried(state, round, pitch, change, reasons);
  gate_duplicate(state, round, nth, reasons, verdicts);
  json_decref(change);
  return reasons;
}

json_t *season_pitch_reasons(const struct record_state *state, const struct record_round *round, size_t nth) {
  return reasons_against(state, round, nth, NULL);
}

json_t *season_gate(const struct record_state *state, const struct record_round *round) {
  json_t *data = json_object(), *list = json_array();
  int questions = 0;
  for (size_t i = 0; i < round->n_pitches; i++) {
    if (round->pitch[i].gated)
      continue;
    json_t *one = json_object(), *reasons = reasons_against(state, round, i, list);
    const char *kind = json_str(round->pitch[i].pitch, "kind", "");
    json_put_str(one, "id", round->pitch[i].id);
    json_put_str(one, "who", round->pitch[i].who);
    json_put_bool(one, "passed", json_array_size(reasons) == 0);
    questions |=
        json_array_size(reasons) == 0 && (strcmp(kind, "research") == 0 || strcmp(kind, "wild_card") == 0);
    json_object_set_new(one, "reasons", reasons);
    json_array_append_new(list, one);
  }
  json_put_int(data, "round", round->round);
  json_object_set_new(data, "pitches", list);
  if (strcmp(round->kind, "wild_card") == 0)
    json_put_bool(data, "questions_problem", questions);
  return data;
}

/* Room: season. The way of a winning pitch: implement, check, repair, duel, confirm. Pure. */
#include "season/season_candidate.h"

#include <stdio.h>
#include <string.h>

#include "season/season_internal.h"
#include "season/season_rules.h"
#include "season/season_setting.h"

int season_act_due(const struct record_act *a, int again_if_failed) {
  if (a == NULL)
    return 1;
  if (a->status == NULL)
    return 0; /* under way; a crash's leftovers are closed before anything else */
  return strcmp(a->status, "interrupted") == 0 || strcmp(a->status, "superseded") == 0 ||
         (again_if_failed && strcmp(a->status, "failed") == 0);
}

void season_pitch_step_id(const struct record_round *round, const char *act, const char *pitch,
                          int64_t attempt, char *out, size_t out_bytes) {
  if (attempt < 0)
    snprintf(out, out_bytes, "r%lld.%s.%s", (long long)round->round, act, pitch);
  else
    snprintf(out, out_bytes, "r%lld.%s.%s.%lld", (long long)round->round, act, pitch, (long long)attempt);
}

static const struct record_act *find(const struct record_round *round, const char *act, const char *pitch,
                                     int64_t attempt) {
  char id[SEASON_ID_BYTES];
  season_pitch_step_id(round, act, pitch, attempt, id, sizeof id);
  return record_act_find(round, id);
}

/* Failures that go back to the implementer. A time-out and a rule of the task do not: the first would
 * cost the round's time again, the second is about the idea. */
static int repairable(const char *verdict) {
  static const char *const list[] = {"compile_error", "wrong",   "crash",      "out_of_bounds",
                                     "race",          "refused", "init_failed"};
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    if (strcmp(list[i], verdict) == 0)
      return 1;
  return 0;
}

/* 1 if an act's question is answered by a result; otherwise c->due says whether it must be begun. */
static int answered(const struct record_act *a, enum season_due due, struct season_candidate *c) {
  if (season_act_due(a, 1))
    c->due = due;
  else if (a->result == NULL)
    c->due = DUE_NOTHING;
  else
    return 1;
  return 0;
}

int season_other_setting(const struct record_pitch *pitch, const struct record_act *implement) {
  const json_t *asked = json_object_get(pitch->pitch, "setting"),
               *made = json_object_get(implement->result, "setting");
  return json_is_object(asked) && json_is_object(made) && !season_setting_equal(asked, made);
}

/* Walks the attempts. 1: an entry passed its check; 0: c->due is set. */
static int passed_check(const struct record_state *state, const struct record_round *round,
                        const struct record_pitch *pitch, int64_t repairs, struct season_candidate *c) {
  int checked = 0;
  for (int64_t k = 0; k <= repairs; k++) {
    const struct record_act *implement = find(round, "implement", pitch->id, k);
    c->attempt = k;
    if (season_act_due(implement, 0))
      return c->due = DUE_IMPLEMENT, 0;
    c->implement = implement;
    c->check = NULL;
    if (implement->status == NULL)
      return c->due = DUE_NOTHING, 0;
    const char *blob = json_str(implement->result, "blob", NULL);
    c->failure = blob == NULL ? "no_entry" : strcmp(blob, state->incumbent_blob) == 0 ? "no_change" : NULL;
    /* Once a check has failed, another setting is a repair. Before that it is another idea, which nobody
     * voted on and whose speed would be credited to this one. */
    if (c->failure == NULL && !checked && season_other_setting(pitch, implement))
      c->failure = "other_setting";
    if (c->failure != NULL)
      continue;
    checked = 1;
    const struct record_act *check = find(round, "check", pitch->id, k);
    if (!answered(check, DUE_CHECK, c))
      return 0;
    c->check = check;
    const char *verdict = json_str(check->result, "verdict", "unknown");
    if (strcmp(verdict, "pass") == 0)
      return c->failure = NULL, 1;
    c->failure = verdict;
    if (!repairable(verdict))
      break;
  }
  c->due = DUE_OUTCOME;
  return 0;
}

void season_candidate_look(const struct record_state *state, const struct record_round *round,
                           const struct record_pitch *pitch, struct season_candidate *out) {
  struct season_rules rules;
  season_rules_of(state, &rules);
  memset(out, 0, sizeof *out);
  int research = season_is_research(pitch->pitch);
  if (research && !json_is_object(json_object_get(pitch->pitch, "setting")))
    out->due = DUE_OUTCOME;
  else if (passed_check(state, round, pitch, research ? 0 : rules.repairs, out)) {
    out->due = DUE_OUTCOME;
    if (research) {
      out->probe = find(round, "probe", pitch->id, -1);
      if (answered(out->probe, DUE_PROBE, out))
        out->due = DUE_OUTCOME;
    } else if (strcmp(round->kind, "minimal_fix") != 0) {
      out->duel = find(round, "duel", pitch->id, -1);
      if (answered(out->duel, DUE_DUEL, out)) {
        const char *verdict = json_str(out->duel->result, "verdict", "");
        int confirm =
            strcmp(verdict, "faster") == 0 || (rules.partial_accept && strcmp(verdict, "mixed") == 0);
        if (confirm)
          out->confirm = find(round, "confirm", pitch->id, -1);
        if (!confirm || answered(out->confirm, DUE_CONFIRM, out))
          out->due = DUE_OUTCOME;
      }
    }
  }
  if (pitch->outcome != NULL)
    out->due = DUE_DONE;
}

int season_implementation_failed(const json_t *outcome) {
  return outcome != NULL && strcmp(json_str(outcome, "outcome", ""), "FAILURE") == 0 &&
         strcmp(json_str(outcome, "about", ""), "implementation") == 0;
}

/* Room: season. Round kinds and the season's end (RULEBOOK, "When things go wrong"). Pure. */
#include "season/season_round.h"

#include <stdio.h>
#include <string.h>

#include "season/season_internal.h"
#include "season/season_rules.h"

static int is_kind(const struct record_round *r, const char *kind) {
  return strcmp(r->kind, kind) == 0;
}

static const struct record_act *measure_of(const struct record_round *r) {
  char id[48];
  snprintf(id, sizeof id, "r%lld.measure", (long long)r->round);
  const struct record_act *a = record_act_find(r, id);
  return a != NULL && a->result != NULL ? a : NULL;
}

int season_round_measured_wrong(const struct record_round *round) {
  const struct record_act *a = measure_of(round);
  return a != NULL && strcmp(json_str(a->result, "verdict", "ok"), "ok") != 0;
}

/* A race in which the incumbent's side failed. */
static int failed_in_race(const struct record_round *r) {
  static const char *const fine[] = {"faster", "slower", "unresolved", "mixed"};
  for (size_t i = 0; i < r->n_acts; i++) {
    const struct record_act *a = &r->act[i];
    if (a->result == NULL || (strcmp(a->act, "duel") != 0 && strcmp(a->act, "confirm") != 0))
      continue;
    const char *verdict = json_str(a->result, "verdict", "");
    int ok = 0;
    for (size_t k = 0; k < 4; k++)
      ok |= strcmp(verdict, fine[k]) == 0;
    if (!ok && strcmp(json_str(a->result, "who", ""), "A") == 0)
      return 1;
  }
  return 0;
}

int season_incumbent_wrong(const struct record_state *state) {
  int wrong = 0;
  for (size_t k = 0; k < state->n_rounds; k++) {
    const struct record_round *r = &state->round[k];
    if (measure_of(r) != NULL)
      wrong = season_round_measured_wrong(r);
    if (failed_in_race(r))
      wrong = 1;
    if (r->incumbent_changed != NULL)
      wrong = 0;
  }
  return wrong;
}

/* How often in a row, up to now, minimal-fix rounds failed. */
static int64_t fixes_failed(const struct record_state *state) {
  int64_t n = 0;
  for (size_t k = state->n_rounds; k-- > 0 && is_kind(&state->round[k], "minimal_fix");) {
    if (state->round[k].incumbent_changed != NULL)
      break;
    n++;
  }
  return n;
}

/* The rule of three: streak counts optimisation rounds without success; once it is full a research
 * round is due, then a wild-card round, then the season has converged. */
enum stage { STAGE_PLAY, STAGE_RESEARCH, STAGE_WILD_CARD, STAGE_CONVERGED };

static enum stage stage_of(const struct record_state *state, int64_t limit) {
  enum stage stage = STAGE_PLAY;
  int64_t streak = 0;
  for (size_t k = 0; k < state->n_rounds; k++) {
    const struct record_round *r = &state->round[k];
    if (r->incumbent_changed != NULL) {
      stage = STAGE_PLAY;
      streak = 0;
    } else if (stage == STAGE_RESEARCH && is_kind(r, "research"))
      stage = STAGE_WILD_CARD;
    else if (stage == STAGE_WILD_CARD && is_kind(r, "wild_card"))
      stage = STAGE_CONVERGED;
    else if (stage == STAGE_PLAY && is_kind(r, "optimisation") && !season_round_measured_wrong(r) &&
             ++streak >= limit)
      stage = STAGE_RESEARCH;
  }
  return stage;
}

static int all_gated(const struct record_round *r) {
  if (r->n_pitches == 0)
    return 0;
  for (size_t i = 0; i < r->n_pitches; i++)
    if (r->pitch[i].passed)
      return 0;
  return 1;
}

static void plan(struct season_plan *out, const char *kind, const char *why) {
  out->kind = kind;
  out->why = why;
}

void season_plan_next(const struct record_state *state, struct season_plan *out) {
  struct season_rules rules;
  season_rules_of(state, &rules);
  memset(out, 0, sizeof *out);
  int wrong = season_incumbent_wrong(state);
  enum stage stage = stage_of(state, rules.rounds_without_success);
  if ((int64_t)state->n_rounds >= rules.rounds)
    out->end = "rounds";
  else if (wrong && fixes_failed(state) >= rules.rounds_without_success)
    out->end = "incumbent_wrong";
  else if (!wrong && stage == STAGE_CONVERGED)
    out->end = "converged";
  if (out->end != NULL)
    return;
  const struct record_round *last = state->n_rounds > 0 ? &state->round[state->n_rounds - 1] : NULL;
  if (wrong)
    plan(out, "minimal_fix", "the incumbent is wrong: nothing else may be pitched until it passes its check");
  else if (stage == STAGE_RESEARCH)
    plan(out, "research", "too many rounds without success");
  else if (stage == STAGE_WILD_CARD)
    plan(out, "wild_card", "too many rounds without success, and the research round did not change that");
  else if (last != NULL && !is_kind(last, "research") && all_gated(last))
    plan(out, "research", "every pitch of the last round was gated out, twice");
  else if (last != NULL && !is_kind(last, "research") && json_bool(last->tally, "weak", 0))
    plan(out, "research", "every shark scored every pitch of the last round below the threshold");
  else
    plan(out, "optimisation", last == NULL ? "the first round" : "the season goes on");
}

/* Room: season. Decisions: the steps whose event follows from the log alone. Pure, so a replay derives
 * them again and compares. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_engine.h"
#include "season/season_internal.h"
#include "season/season_outcome.h"
#include "season/season_pitch.h"
#include "season/season_round.h"
#include "season/season_tally.h"

static json_t *decide_round(const struct record_state *state) {
  struct season_plan plan;
  season_plan_next(state, &plan);
  json_t *data = json_object();
  json_put_int(data, "round", (int64_t)state->n_rounds + 1);
  json_put_str(data, "kind", plan.kind);
  json_put_str(data, "why", plan.why);
  return data;
}

static json_t *decide_end(const struct record_state *state) {
  struct season_plan plan;
  season_plan_next(state, &plan);
  const struct record_act *final = record_loose_find(state, "final");
  json_t *data = json_object();
  json_put_str(data, "reason", state->budget_spent != NULL ? "budget" : plan.end);
  json_put_str(data, "best", state->incumbent_blob);
  json_put_num(data, "total_speedup", state->total_speedup);
  json_object_set_new(data, "final",
                      final != NULL && final->result != NULL ? json_deep_copy(final->result) : json_null());
  return data;
}

json_t *season_decide(const struct record_state *state, enum season_step_kind step, const char *pitch,
                      const char **kind) {
  const struct record_round *r = state->n_rounds > 0 ? &state->round[state->n_rounds - 1] : NULL;
  *kind = NULL;
  switch (step) {
  case STEP_ROUND_START:
    return *kind = "round_started", decide_round(state);
  case STEP_CLOSE_PITCHES:
    return *kind = "phase_closed", season_close_pitches(state, r);
  case STEP_GATE:
    return *kind = "pitches_gated", season_gate(state, r);
  case STEP_CLOSE_BALLOTS:
    return *kind = "phase_closed", season_close_ballots(state, r);
  case STEP_TALLY:
    return *kind = "tally", season_tally(state, r);
  case STEP_OUTCOME:
    return *kind = "outcome", season_outcome(state, r, pitch);
  case STEP_LEARN:
    return *kind = "learning", season_learning_due(state, r);
  case STEP_INCUMBENT:
    return *kind = "incumbent_changed", season_incumbent_due(state, r);
  case STEP_END:
    return *kind = "season_ended", decide_end(state);
  default:
    return NULL;
  }
}

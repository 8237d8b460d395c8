/* Verdicts become outcomes, outcomes become learnings. Pure; thread safe. */
#ifndef SHARKTANK_SEASON_OUTCOME_H
#define SHARKTANK_SEASON_OUTCOME_H

#include "base/base_json.h"
#include "record/record_fold.h"

/* The outcome event's data of a pitch whose candidate is DUE_OUTCOME; a new object. */
json_t *season_outcome(const struct record_state *state, const struct record_round *round,
                       const char *pitch_id);
/* The next learning event this round's outcomes call for, or NULL when all are written: first the
 * earlier learnings that an outcome contradicts, one by one, then the outcome's own. A new object. */
json_t *season_learning_due(const struct record_state *state, const struct record_round *round);
/* incumbent_changed's data if an outcome of this round was accepted and nothing changed yet, or NULL. */
json_t *season_incumbent_due(const struct record_state *state, const struct record_round *round);

#endif

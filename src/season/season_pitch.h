/* Gates on pitches: what a program can know to be wrong before anybody votes. Pure; thread safe. */
#ifndef SHARKTANK_SEASON_PITCH_H
#define SHARKTANK_SEASON_PITCH_H

#include "base/base_json.h"
#include "record/record_fold.h"

/* Gates, as reasons[].gate names them: part_missing, no_number, round_kind, setting, incumbent, limit, rule,
 * timeout, roofline, refuted, analysis, duplicate, tried. */

/* Judges every pitch of the round that no gate has seen yet. A new object: pitches_gated's data. */
json_t *season_gate(const struct record_state *state, const struct record_round *round);
/* The reasons against one pitch, a new array (empty: it passes). `nth` is its index in round->pitch:
 * earlier ones of the same round count as pitches of this season. */
json_t *season_pitch_reasons(const struct record_state *state, const struct record_round *round, size_t nth);
/* The incumbent's change that a pitch proposes, or NULL: a new object. */
json_t *season_pitch_change(const struct record_state *state, const json_t *pitch);
/* Roofline seconds of a shape from season_started, NaN if unknown. */
double season_roofline_s(const struct record_state *state, const char *shape);
/* The measured seconds of the incumbent in this round for a shape, NaN if not measured. */
double season_incumbent_s(const struct record_round *round, const char *shape);

#endif

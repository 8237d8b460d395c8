/* Ballots and the `classic` tally (RULEBOOK, "A round" 4 and 5). Pure; thread safe. */
#ifndef SHARKTANK_SEASON_TALLY_H
#define SHARKTANK_SEASON_TALLY_H

#include "base/base_buffer.h"
#include "base/base_json.h"
#include "record/record_fold.h"

/* 1 if the ballot counts: scores 0-10 on four criteria for every passing pitch it does not abstain
 * from, at most one abstention, a vote for a passing pitch; else 0 and *why says what is wrong. */
int season_ballot_valid(const struct record_round *round, const json_t *ballot, struct buffer *why);
/* 1 if a veto's citation resolves: a limit's claim, a rule's word, an act, an event's number ("#12"), or a
 * learning in force. */
int season_citation_resolves(const struct record_state *state, const char *cites);
/* phase_closed's data for "pitches" (order: shuffled by the season's seed, so that a pitch's number does
 * not give away its author) and "ballots" (in the cast's order). New objects. */
json_t *season_close_pitches(const struct record_state *state, const struct record_round *round);
json_t *season_close_ballots(const struct record_state *state, const struct record_round *round);
/* The tally event's data: a strict majority of the valid ballots, else the mean of weighted totals with
 * the rulebook's ties. A new object; winner is null when nothing can be chosen, and text says why. */
json_t *season_tally(const struct record_state *state, const struct record_round *round);

#endif

/* Which round comes next, or why the season ends. Pure; thread safe. */
#ifndef SHARKTANK_SEASON_ROUND_H
#define SHARKTANK_SEASON_ROUND_H

#include "record/record_fold.h"

struct season_plan {
  const char *end;  /* NULL, or season_ended.reason: "rounds", "converged", "incumbent_wrong" */
  const char *kind; /* of the next round, when end is NULL */
  const char *why;
};
/* All texts are constants. To be asked when the last round is over. */
void season_plan_next(const struct record_state *state, struct season_plan *out);
/* 1 if the incumbent was found incorrect and has not been replaced since. */
int season_incumbent_wrong(const struct record_state *state);
/* 1 if this round's own measurement found the incumbent incorrect. */
int season_round_measured_wrong(const struct record_round *round);

#endif

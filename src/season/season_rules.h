/* The thresholds of a season as a struct. They live in the log (season_started.rules); every pure
 * function of this room reads them from there, so a season is replayed under its own rules.
 *
 * Thread safety: pure. */
#ifndef SHARKTANK_SEASON_RULES_H
#define SHARKTANK_SEASON_RULES_H

#include "base/base_json.h"
#include "record/record_fold.h"

#define SEASON_CRITERIA 4
extern const char *const season_criterion[SEASON_CRITERIA + 1]; /* speedup, ease, safety, quality, NULL */

struct season_rules {
  int64_t rounds, pitches_min, pitches_max, repairs, rounds_without_success;
  double weight[SEASON_CRITERIA]; /* in the order of season_criterion */
  double weak_score;
  double alpha, confirm_alpha, delta, duel_budget_s, max_shape_slower;
  double measure_budget_s, full_budget_s;
  double rollback_slower, analysis_slower; /* as shares: 0.05 is 5 % slower */
  int partial_accept, final;
};

/* Missing keys take their defaults (an older log). */
void season_rules_read(const json_t *rules, struct season_rules *out);
/* The rules of a started season. */
void season_rules_of(const struct record_state *state, struct season_rules *out);
/* alpha_i = 6 alpha / (pi^2 i^2) for the i-th duel begun in a season, i from 1 (JUDGE.md, Racing 4):
 * over all duels they add up to alpha. */
double season_duel_alpha(double alpha, int64_t i);

#endif

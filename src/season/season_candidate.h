/* How far a chosen pitch has come: which act is due, or what its outcome rests on. Pure; thread safe. */
#ifndef SHARKTANK_SEASON_CANDIDATE_H
#define SHARKTANK_SEASON_CANDIDATE_H

#include "record/record_fold.h"

enum season_due {              /* what a candidate waits for */
                  DUE_NOTHING, /* an act is under way */
                  DUE_IMPLEMENT,
                  DUE_CHECK,
                  DUE_PROBE,
                  DUE_DUEL,
                  DUE_CONFIRM,
                  DUE_OUTCOME,
                  DUE_DONE
};

struct season_candidate {
  enum season_due due;
  int64_t attempt;                    /* of the last implement act, or the one due */
  const struct record_act *implement; /* the last attempt, may be NULL */
  const struct record_act *check;     /* its check, may be NULL */
  const struct record_act *duel, *confirm, *probe;
  /* why the last attempt failed: a check's verdict, "no_entry", "no_change", "other_setting"; or NULL */
  const char *failure;
};

void season_candidate_look(const struct record_state *state, const struct record_round *round,
                           const struct record_pitch *pitch, struct season_candidate *out);
/* 1 if the pitch names a setting and the act made an entry of another one. */
int season_other_setting(const struct record_pitch *pitch, const struct record_act *implement);
/* An act that must be begun (again): never begun, cut off by a crash, or (judge's acts) failed for a
 * reason of the machine's. */
int season_act_due(const struct record_act *a, int again_if_failed);
/* The acts' ids. */
void season_pitch_step_id(const struct record_round *round, const char *act, const char *pitch,
                          int64_t attempt, char *out, size_t out_bytes); /* attempt < 0: none */
/* 1 if a chosen candidate failed as an implementation, so that the runner-up may have the rest of the round.
 */
int season_implementation_failed(const json_t *outcome);

#endif

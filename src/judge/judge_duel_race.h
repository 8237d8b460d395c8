/* Room: judge (private header). May use challenge, sandbox, base. The pairs of a duel. */
#ifndef SHARKTANK_JUDGE_DUEL_RACE_H
#define SHARKTANK_JUDGE_DUEL_RACE_H

#include "judge/judge_eprocess.h"
#include "judge/judge_internal.h"

enum { RACE_MAX_PAIRS = 1000 };

struct race {
  struct judge *j;
  struct judge_build build[2]; /* A, B */
  struct judge_course course;
  struct judge_child child[2];
  uint32_t *blocks; /* [shapes] among which the calls of a half of a pair are shared out, per side */
  struct judge_calibrator calibrator;
  uint32_t n_pairs, dropped_stolen, dropped_drift;
  uint32_t wide_blocks; /* mixed blocks, not scored */
  double pairs_wall_s, wide_s,
      wide_call_s;        /* all pairs; of it for these; what one call of them cost at most */
  double *d;              /* [RACE_MAX_PAIRS] mean over shapes */
  double *shape_d;        /* [shapes][RACE_MAX_PAIRS] */
  uint64_t *seed;         /* [RACE_MAX_PAIRS] all seeds of a pair derive from it */
  double *scored_s[2];    /* [shapes] seconds over all kept pairs */
  uint64_t *scored_calls; /* [shapes] calls per side over all kept pairs */
  double *pair_s[2];      /* [shapes] of the pair being run */
  double clocked_s;
  double waited_s; /* of it: an entry was ready but somebody else had its core; NaN unknown */
  int guilty;      /* whose fault ended the duel: 0 A, 1 B, -1 nobody's */
};

/* shape: only the one of this name, or NULL. */
enum status race_create(struct judge *j, int full, const char *shape, struct race **out,
                        struct error *e) MUST_USE;
void race_free(struct race *r);
/* One call a block, not scored: how much work do the blocks have to hold? */
enum status race_warm_up(struct race *r, struct judge_verdict *v, struct error *e) MUST_USE;
/* One pair: appended to d, or counted as dropped. */
enum status race_pair(struct race *r, struct judge_verdict *v, struct error *e) MUST_USE;
/* One more pair with blocks `longer` times as long (as memory allows) and new seeds, kept apart: pair_s and
 * course.calls hold it until the next, one block a half. */
enum status race_again(struct race *r, uint32_t longer, struct judge_verdict *v, struct error *e) MUST_USE;
/* Shapes on which a side was faster than the speed of light of the device in play are run again; appends what
 * was found to list. Where the bound is declared physical and the time stays below it, *v says so. */
enum status race_check_floor(struct race *r, json_t *list, struct judge_verdict *v, struct error *e) MUST_USE;

#endif

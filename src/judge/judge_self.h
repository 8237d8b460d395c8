/* Room: judge (private header). May use challenge, base. Is a challenge itself sound?
 *
 * judge_self.c asks and reports; judge_self_module.c looks at the problem module: seeds, families,
 * tolerances, rooflines; judge_self_compare.c hands the comparison results that are wrong by as little as
 * can be; judge_self_mutant.c has entries judged that are wrong in one way each. */
#ifndef SHARKTANK_JUDGE_SELF_H
#define SHARKTANK_JUDGE_SELF_H

#include "judge/judge_internal.h"

enum { SELF_MAX_SIZES = 16, SELF_MAX_INPUTS = 16 };

struct self {
  struct judge *j;
  struct judge_progress progress; /* the caller's; that of the judge is ours meanwhile */
  double done, share;             /* where this step stands in the whole, and how much of it it is */
  int inner;                      /* what a check tells within moves the bar */
  const char *only;               /* for tests: this mutant ("": none), the incumbent believed; NULL: all */
  struct arena arena;
  struct buffer incumbent; /* its source; empty: the challenge names none */
  json_t *checks, *mutants;
  struct judge_verdict first; /* the first thing that was found wrong; kind NULL: nothing */
  /* What the module's layouts and references showed. */
  const struct challenge_shape *cheap; /* the cheapest test shape */
  int has_groups, has_ends, has_matrix, has_infinity, has_narrow, has_sizes, has_hidden;
  uint32_t n_hidden;
  int reduced[SELF_MAX_SIZES];                    /* by size: no output grows with it, an input does */
  uint8_t grows[SELF_MAX_SIZES][SELF_MAX_INPUTS]; /* by size and input: a bit for each axis that does */
  uint8_t seen[SELF_MAX_INPUTS][32];              /* by input: the bytes of the task's inputs, a bit each */
};

/* What is known of one condition: kind "ok", "failed", "note" (strange, but no reason to refuse) or
 * "does not apply". The sentence says what was looked at or found. */
void self_check_add(struct self *s, const char *name, const char *kind, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The first reason to refuse the challenge stays. */
void self_refuse(struct self *s, const char *format, ...) PRINTF_LIKE(2, 3);
/* ST_INTERRUPTED when the caller wants an end; else tells progress within the step. */
enum status self_go_on(struct self *s, double done, struct error *e, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* judge_self, with `only`. */
enum status judge_self_only(struct judge *j, const char *only, json_t **out, struct error *e) MUST_USE;

enum status self_check_module(struct self *s, struct error *e) MUST_USE;
enum status self_check_comparison(struct self *s, struct error *e) MUST_USE;
enum status self_check_mutants(struct self *s, struct error *e) MUST_USE;

#endif

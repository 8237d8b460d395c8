/* Room: judge (private header). May use base. A small piece of work of our own, run on an entry's core
 * while the entry is stopped, right before and right after each of its blocks: it tells whether that core
 * and the memory behind it kept their pace. */
#ifndef SHARKTANK_JUDGE_CALIBRATOR_H
#define SHARKTANK_JUDGE_CALIBRATOR_H

#include <stdint.h>

#include "base/base_status.h"

struct judge_calibrator {
  uint64_t *line; /* a walk through memory that no cache of a core holds: each step says where the next is */
  uint64_t bytes, at;
};

/* What it took, the best of a few runs each; 0: not measured. */
struct judge_pace {
  int64_t compute_ns; /* a chain of dependent multiplications: frequency, heat, a neighbour on the core */
  int64_t memory_ns;  /* a chain of dependent loads: the last cache and the memory */
};

enum status judge_calibrator_create(struct judge_calibrator *out, struct error *e) MUST_USE;
void judge_calibrator_free(struct judge_calibrator *c);
/* Moves the calling thread to the core (-1: it stays), works some 200 us there, and moves it back. */
void judge_calibrator_run(struct judge_calibrator *c, int cpu, struct judge_pace *out);

/* 1 if n paces, all taken around blocks that are to be compared, lie further apart than a machine that is
 * left alone lets them. Pure; looks at nothing but these. */
int judge_pace_drifted(const struct judge_pace *pace, uint32_t n);

#endif

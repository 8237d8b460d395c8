/* Room: judge (private header). What judge_calibration.c and judge_calibrate.c share. */
#ifndef SHARKTANK_JUDGE_CALIBRATE_H
#define SHARKTANK_JUDGE_CALIBRATE_H

#include "judge/judge_calibration.h"

#define JUDGE_CALIBRATION_SCHEMA "sharktank.calibration/1"
enum { JUDGE_CALIBRATION_MOST = 1000 };

/* |median d| of each duel, in out[JUDGE_CALIBRATION_MOST]; 0 when there is none or one is not believable. */
uint32_t judge_calibration_medians(const json_t *file, double *out);
/* Where this machine's calibration is kept. */
enum status judge_calibration_path(const struct judge_machine *here, char *out, size_t out_bytes,
                                   struct error *e) MUST_USE;

#endif

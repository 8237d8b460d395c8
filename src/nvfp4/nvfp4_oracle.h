/* Room: nvfp4 (private to it). The exact sums behind every oracle, and how they become a result. */
#ifndef SHARKTANK_NVFP4_ORACLE_H
#define SHARKTANK_NVFP4_ORACLE_H

#include "nvfp4/nvfp4_check.h"

/* One element of one product: its exact sum, and d of nvfp4.h, what fp32 accumulation may add. */
struct nvfp4_sum {
  double value; /* NaN where a scale was */
  double error;
};

/* Turns the sums of an element's products (one, or two for dual) into the reference and its tolerance
 * before the last rounding. */
typedef void (*nvfp4_combine)(const struct nvfp4_sum sum[2], double *value, double *tolerance);

/* Writes results (value and tolerance NULL) or, per job, references and tolerances. */
enum nvfp4_status nvfp4_oracle_run(const struct nvfp4_jobs *jobs, nvfp4_combine combine, double *const *value,
                                   double *const *tolerance, unsigned threads) NVFP4_MUST_USE;

#endif

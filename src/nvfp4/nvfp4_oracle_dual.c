/* Room: nvfp4. The oracle of dual GEMM: exact sums, then silu in fp64. Apart from nvfp4_oracle.c so
 * that programs without dual products do not need the mathematical library. May include base/ and
 * nvfp4.h only. */
#include <math.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_oracle.h"

/* Where silu has its only minimum; to the left it falls, to the right it rises. */
#define SILU_VALLEY (-1.2784645427610738)

static double silu(double x) {
  return x / (1.0 + exp(-x)); /* exp may overflow: then the result is -0, as it should */
}

/* The largest |silu(y) - silu(p)| over |y - p| <= d: at an end of the interval or in the valley. */
static double silu_spread(double p, double d) {
  double at = silu(p), spread = fmax(fabs(silu(p - d) - at), fabs(silu(p + d) - at));
  if (p - d < SILU_VALLEY && SILU_VALLEY < p + d)
    spread = fmax(spread, fabs(silu(SILU_VALLEY) - at));
  return spread;
}

static void combine_dual(const struct nvfp4_sum sum[2], double *value, double *tolerance) {
  double p = sum[0].value, dp = sum[0].error, q = sum[1].value, dq = sum[1].error;
  *value = silu(p) * q;
  *tolerance = 0.0;
  if (!nvfp4_is_nan(*value))
    *tolerance = fabs(silu(p)) * dq + silu_spread(p, dp) * (fabs(q) + dq);
}

enum nvfp4_status nvfp4_oracle_dual_gemm(const nvfp4_dual_args *args, unsigned threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_dual};
  return nvfp4_oracle_run(&jobs, combine_dual, NULL, NULL, threads);
}

enum nvfp4_status nvfp4_oracle_dual_gemm_bounded(const nvfp4_dual_args *args, double *value,
                                                 double *tolerance, unsigned threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_dual};
  return nvfp4_oracle_run(&jobs, combine_dual, &value, &tolerance, threads);
}

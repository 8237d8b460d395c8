/* Room: nvfp4. The public fast dual product. Apart from nvfp4_gemm.c so that programs without dual
 * products do not need the mathematical library. May include base/ and nvfp4.h only. */
#include <math.h>

#include "nvfp4/nvfp4_driver.h"

/* first = silu(first) * second, in fp32. expf may overflow to infinity: silu is then -0, as it
 * should be. */
static void silu_times(float *first, const float *second, int count) {
  for (int i = 0; i < count; i++)
    first[i] = first[i] / (1.0f + expf(-first[i])) * second[i];
}

size_t nvfp4_dual_gemm_workspace_bytes(const nvfp4_dual_args *args, unsigned threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_dual};
  return nvfp4_driver_workspace_bytes(&jobs, threads);
}

enum nvfp4_status nvfp4_dual_gemm(const nvfp4_dual_args *args, void *workspace, size_t workspace_bytes,
                                  unsigned threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_dual};
  return nvfp4_driver_run(&jobs, silu_times, workspace, workspace_bytes, threads);
}

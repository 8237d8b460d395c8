/* Room: nvfp4. The fast dual product. Apart from nvfp4_gemm.c so that programs without dual products do
 * not need the mathematical library. May include base/ and nvfp4.h only. */
#include <math.h>

#include "nvfp4/nvfp4_driver.h"

/* first = silu(first) * second, in fp32; far below zero, where exp overflows or silu is subnormal before
 * `second` makes it a normal number again, in fp64. */
static void silu_times(float *first, const float *second, int count) {
  for (int i = 0; i < count; i++)
    if (first[i] < -80.0f) {
      double x = (double)first[i];
      first[i] = (float)(x / (1.0 + exp(-x)) * (double)second[i]);
    } else {
      first[i] = first[i] / (1.0f + expf(-first[i])) * second[i];
    }
}

size_t nvfp4_dual_gemm_workspace_bytes(const nvfp4_dual_args *args, const nvfp4_threads *threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_dual};
  return nvfp4_driver_workspace_bytes(&jobs, threads);
}

enum nvfp4_status nvfp4_dual_gemm(const nvfp4_dual_args *args, void *workspace, size_t workspace_bytes,
                                  const nvfp4_threads *threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_dual};
  return nvfp4_driver_run(&jobs, silu_times, workspace, workspace_bytes, threads);
}

enum nvfp4_status nvfp4_simple_dual_gemm(const nvfp4_matrix *a, const nvfp4_matrix *b1,
                                         const nvfp4_matrix *b2, float *c) {
  nvfp4_dual_args args;
  struct nvfp4_jobs jobs = {.args = &args, .count = 1, .get = nvfp4_jobs_get_dual};
  if (!a || !b1 || !b2)
    return NVFP4_ERR_NULL;
  if (a->k != b1->k || a->k != b2->k || b1->rows != b2->rows)
    return NVFP4_ERR_SHAPE;
  args = (nvfp4_dual_args){.batch = 1,
                           .m = a->rows,
                           .n = b1->rows,
                           .k = a->k,
                           .a = nvfp4_simple_operand(a),
                           .b1 = nvfp4_simple_operand(b1),
                           .b2 = nvfp4_simple_operand(b2),
                           .c = {.data = c, .type = NVFP4_FP32}};
  return nvfp4_driver_run_small(&jobs, silu_times);
}

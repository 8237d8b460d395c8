/* Room: nvfp4. The public fast products of matrices with one right operand. May include base/ and
 * nvfp4.h only. */
#include "nvfp4/nvfp4_driver.h"

size_t nvfp4_group_gemm_workspace_bytes(const nvfp4_gemm_args *group, size_t count,
                                        const nvfp4_threads *threads) {
  struct nvfp4_jobs jobs = {.args = group, .count = count, .get = nvfp4_jobs_get_gemm};
  return nvfp4_driver_workspace_bytes(&jobs, threads);
}

enum nvfp4_status nvfp4_group_gemm(const nvfp4_gemm_args *group, size_t count, void *workspace,
                                   size_t workspace_bytes, const nvfp4_threads *threads) {
  struct nvfp4_jobs jobs = {.args = group, .count = count, .get = nvfp4_jobs_get_gemm};
  return nvfp4_driver_run(&jobs, NULL, workspace, workspace_bytes, threads);
}

size_t nvfp4_gemm_workspace_bytes(const nvfp4_gemm_args *args, const nvfp4_threads *threads) {
  return nvfp4_group_gemm_workspace_bytes(args, 1, threads);
}

enum nvfp4_status nvfp4_gemm(const nvfp4_gemm_args *args, void *workspace, size_t workspace_bytes,
                             const nvfp4_threads *threads) {
  return nvfp4_group_gemm(args, 1, workspace, workspace_bytes, threads);
}

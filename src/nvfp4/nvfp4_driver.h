/* Room: nvfp4 (private to it). The blocking around the kernels: cache sizes, workspace, threads. */
#ifndef SHARKTANK_NVFP4_DRIVER_H
#define SHARKTANK_NVFP4_DRIVER_H

#include "nvfp4/nvfp4_check.h"

/* Combines the two sums of dual results: first[i] becomes the result from first[i] and second[i]. */
typedef void (*nvfp4_merge)(float *first, const float *second, int count);

/* Bytes for a list of jobs, whatever instruction set will be used; 0 if a job is not valid. */
size_t nvfp4_driver_workspace_bytes(const struct nvfp4_jobs *jobs, const nvfp4_threads *threads);
/* Computes all results. merge: NULL, or for jobs of two products. */
enum nvfp4_status nvfp4_driver_run(const struct nvfp4_jobs *jobs, nvfp4_merge merge, void *workspace,
                                   size_t workspace_bytes, const nvfp4_threads *threads) NVFP4_MUST_USE;
/* The same with small blocks on the caller's stack (about 160 KiB) and thread. */
enum nvfp4_status nvfp4_driver_run_small(const struct nvfp4_jobs *jobs, nvfp4_merge merge) NVFP4_MUST_USE;

/* One job of nvfp4_jobs_get_gemv, on the caller's stack (about 60 KiB) and thread. */
enum nvfp4_status nvfp4_gemv_run_small(const struct nvfp4_jobs *jobs) NVFP4_MUST_USE;

static inline nvfp4_operand nvfp4_simple_operand(const nvfp4_matrix *x) {
  return (nvfp4_operand){.packed = x->packed, .scale = x->scale, .tensor_scale = x->tensor_scale};
}

#endif

/* Room: nvfp4 (private to it). The blocking around the kernels: cache sizes, workspace, threads. */
#ifndef SHARKTANK_NVFP4_DRIVER_H
#define SHARKTANK_NVFP4_DRIVER_H

#include "nvfp4/nvfp4_check.h"

/* Combines the two sums of dual results: first[i] becomes the result from first[i] and second[i]. */
typedef void (*nvfp4_merge)(float *first, const float *second, int count);

/* Bytes for a list of jobs, whatever instruction set will be used; 0 if a job is not valid. */
size_t nvfp4_driver_workspace_bytes(const struct nvfp4_jobs *jobs, unsigned threads);
/* Computes all results. merge: NULL, or for jobs of two products. */
enum nvfp4_status nvfp4_driver_run(const struct nvfp4_jobs *jobs, nvfp4_merge merge, void *workspace,
                                   size_t workspace_bytes, unsigned threads) NVFP4_MUST_USE;

#endif

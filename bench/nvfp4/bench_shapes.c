/* Room: bench. The full benchmark shapes of NVIDIA's and GPU MODE's NVFP4 competition, November 2025 to
 * February 2026. */
#include "bench_nvfp4.h"

const char *const bench_problem_name[BENCH_PROBLEMS] = {"group_gemm", "gemm", "dual_gemm", "gemv"};

static const struct bench_shape shapes[] = {
    {BENCH_GROUP_GEMM, "group1", 8, {80, 176, 128, 72, 64, 248, 96, 160}, 4096, 7168},
    {BENCH_GROUP_GEMM, "group2", 8, {40, 76, 168, 72, 164, 148, 196, 160}, 7168, 2048},
    {BENCH_GROUP_GEMM, "group3", 2, {192, 320}, 3072, 4096},
    {BENCH_GROUP_GEMM, "group4", 2, {128, 384}, 4096, 1536},
    {BENCH_GEMM, "gemm1", 1, {128}, 7168, 16384},
    {BENCH_GEMM, "gemm2", 1, {128}, 4096, 7168},
    {BENCH_GEMM, "gemm3", 1, {128}, 7168, 2048},
    {BENCH_DUAL_GEMM, "dual1", 1, {256}, 4096, 7168},
    {BENCH_DUAL_GEMM, "dual2", 1, {512}, 4096, 7168},
    {BENCH_DUAL_GEMM, "dual3", 1, {256}, 3072, 4096},
    {BENCH_DUAL_GEMM, "dual4", 1, {512}, 3072, 7168},
    {BENCH_GEMV, "gemv1", 1, {7168}, 1, 16384},
    {BENCH_GEMV, "gemv2", 8, {4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096}, 1, 7168},
    {BENCH_GEMV, "gemv3", 4, {7168, 7168, 7168, 7168}, 1, 2048}};

const struct bench_shape *bench_shapes(size_t *count) {
  *count = sizeof shapes / sizeof *shapes;
  return shapes;
}

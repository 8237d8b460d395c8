/* Room: nvfp4. The one-call products but the dual one, which is beside its kin. May include base/ and
 * nvfp4.h only. */
#include "nvfp4/nvfp4_driver.h"

enum nvfp4_status nvfp4_simple_gemv(const nvfp4_matrix *a, const nvfp4_matrix *x, float *y) {
  nvfp4_gemv_args args;
  struct nvfp4_jobs jobs = {.args = &args, .count = 1, .get = nvfp4_jobs_get_gemv};
  if (!a || !x)
    return NVFP4_ERR_NULL;
  if (a->k != x->k || x->rows != 1)
    return NVFP4_ERR_SHAPE;
  args = (nvfp4_gemv_args){.batch = 1,
                           .m = a->rows,
                           .k = a->k,
                           .a = nvfp4_simple_operand(a),
                           .b = nvfp4_simple_operand(x),
                           .c = {.data = y, .type = NVFP4_FP32}};
  return nvfp4_gemv_run_small(&jobs);
}

/* Pairs of matrices as jobs, made when they are asked for. */
struct pairs {
  const nvfp4_matrix *a, *b;
  float *const *c;
};

static enum nvfp4_status get_pair(const void *list, size_t index, enum nvfp4_check_result with,
                                  struct nvfp4_job *job) {
  const struct pairs *pairs = list;
  const nvfp4_matrix *a = &pairs->a[index], *b = &pairs->b[index];
  if (a->k != b->k)
    return NVFP4_ERR_SHAPE;
  nvfp4_gemm_args args = {.batch = 1,
                          .m = a->rows,
                          .n = b->rows,
                          .k = a->k,
                          .a = nvfp4_simple_operand(a),
                          .b = nvfp4_simple_operand(b),
                          .c = {.data = pairs->c[index], .type = NVFP4_FP32}};
  return nvfp4_jobs_get_gemm(&args, 0, with, job);
}

enum nvfp4_status nvfp4_simple_group_gemm(const nvfp4_matrix *a, const nvfp4_matrix *b, float *const *c,
                                          size_t count) {
  struct pairs pairs = {a, b, c};
  struct nvfp4_jobs jobs = {.args = &pairs, .count = count, .get = get_pair};
  if (count > 0 && (!a || !b || !c))
    return NVFP4_ERR_NULL;
  return nvfp4_driver_run_small(&jobs, NULL);
}

enum nvfp4_status nvfp4_simple_gemm(const nvfp4_matrix *a, const nvfp4_matrix *b, float *c) {
  return nvfp4_simple_group_gemm(a, b, &c, 1);
}

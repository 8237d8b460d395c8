/* Room: tests of nvfp4. What the tests of the problem modules under challenges/ share. A test includes
 * its module's problem.c and hands its functions over here. */
#ifndef SHARKTANK_TESTS_NVFP4_PROBLEM_H
#define SHARKTANK_TESTS_NVFP4_PROBLEM_H

#include <sharktank/problem.h>

#include "nvfp4_support.h"

enum { PROBLEM_GROUPS = 8, PROBLEM_INPUTS = 6 };

struct problem_module {
  int (*layout)(const sk_case *, uint32_t, sk_tensor *, sk_tensor *);
  int (*generate)(const sk_case *, uint64_t, uint32_t, const sk_problem *);
  int (*numerics)(const sk_case *, uint32_t);
  int (*expect)(const sk_case *, uint32_t, const sk_problem *, uint32_t, const sk_reference *);
  int (*roofline)(const sk_case *, sk_work *);
  const char *const *families;
  uint32_t n_in;
  /* One result from the definition, in fp64: element e of the output. *in_fp32: the same with block terms
   * added in fp32, as an honest entry would. */
  double (*value)(const sk_problem *p, int64_t e, double *in_fp32);
};

/* The functions of the problem.c that the test includes, but for `value`. */
#define PROBLEM_MODULE                                                                                       \
  .layout = sk_problem_layout, .generate = sk_problem_generate, .numerics = sk_problem_numerics,             \
  .expect = sk_problem_expect, .roofline = sk_problem_roofline, .families = sk_problem_families

/* A case with memory for its inputs. */
struct problem_instance {
  const struct problem_module *module;
  sk_case c;
  int64_t sizes[PROBLEM_GROUPS][3];
  sk_tensor in[PROBLEM_GROUPS][PROBLEM_INPUTS], out[PROBLEM_GROUPS][1];
  sk_problem problem[PROBLEM_GROUPS];
};
void problem_open(struct problem_instance *x, const struct problem_module *m, const int64_t (*shape)[3],
                  uint32_t groups);
void problem_close(struct problem_instance *x);
size_t problem_tensor_bytes(const sk_tensor *t);
uint32_t problem_families(const struct problem_module *m);

/* sum over k of a[i] * b[j] from packed elements and blocked scales, by the definitions; exact for k up to
 * 1072. in_fp32 as above. */
double problem_dot(const uint8_t *a, const uint8_t *sfa, int64_t i, const uint8_t *b, const uint8_t *sfb,
                   int64_t j, int64_t k, double *in_fp32);

/* The tests that are the same for all modules; each fails the cmocka test it is called from. */
/* Sizes that are impossible are refused by layout and roofline. */
void problem_refuses(const struct problem_module *m, const int64_t (*bad)[3], size_t n);
/* The same seed gives the same bytes; another seed, problem or tensor gives others. */
void problem_repeats_and_differs(const struct problem_module *m, const int64_t shape[3]);
/* A hash of all inputs of all families of one case and seed: they may never change. */
uint64_t problem_inputs_hash(const struct problem_module *m, const int64_t (*shape)[3], uint32_t groups);
/* For every family: scale codes that are finite and not negative where they count, all values in the
 * padding; for the task's: bytes of elements within task_mask, scales that task_code knows, and all of
 * both. `counts` says of byte `at` of input t whether it is an element or a scale that counts. */
void problem_keeps_ranges(const struct problem_module *m, const int64_t shape[3],
                          int (*counts)(const int64_t *sizes, uint32_t t, int64_t at),
                          int (*task_code)(unsigned code), uint8_t task_mask);
/* What the module expects is what the definition says; exact where `exact` says so for the task. */
void problem_expects(const struct problem_module *m, const int64_t (*shape)[3], uint32_t groups,
                     uint32_t family, int exact);
/* The larger of bytes / 7.68 TB/s and operations / 6.90 PFLOP/s, within the digits of the published table:
 * 0.05 %, where the padding of GEMV's scales makes 0.2 %. Bound by bytes or not. */
void problem_speed_of_light(const struct problem_module *m, const int64_t (*shape)[3], uint32_t groups,
                            double microseconds, int bytes_bind);

#endif

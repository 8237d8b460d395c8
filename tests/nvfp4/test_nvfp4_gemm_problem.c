/* Room: tests of nvfp4. The problem module of nvfp4_gemm, compiled into this test: its inputs, its
 * expected results, its roofline against the task's own. */
#include "../../challenges/nvfp4_gemm/problem.c"

#include "nvfp4_problem.h"

static double value(const sk_problem *p, int64_t e, double *in_fp32) {
  int64_t n = p->size[1];
  return problem_dot(p->in[0].data, p->in[2].data, e / n, p->in[1].data, p->in[3].data, e % n, p->size[2],
                     in_fp32);
}

static const struct problem_module module = {PROBLEM_MODULE, .n_in = 4, .value = value};

/* Elements all count; of the scales those of a row and a block. */
static int counts(const int64_t *sizes, uint32_t t, int64_t at) {
  int64_t tile = at / 512, k_tiles = (sizes[2] + 63) / 64, rows = t == 2 ? sizes[0] : sizes[1];
  int64_t row = tile / k_tiles * 128 + at % 512 / 16 + at % 16 / 4 * 32, block = tile % k_tiles * 4 + at % 4;
  return t < 2 || (row < rows && block < sizes[2] / 16);
}

static int task_code(unsigned code) { /* 0, 1, 2, 3 */
  return code == 0x00 || code == 0x38 || code == 0x40 || code == 0x44;
}

static void inputs(void **state) {
  (void)state;
  const int64_t bad[][3] = {{0, 1, 16}, {1, 0, 16}, {1, 1, 8}, {1, 1, 24}, {1, 1, -16}, {-1, 1, 16}};
  problem_refuses(&module, bad, sizeof bad / sizeof bad[0]);
  problem_repeats_and_differs(&module, (const int64_t[]){20, 33, 80});
  problem_keeps_ranges(&module, (const int64_t[]){37, 5, 1040}, counts, task_code, 0xff);
  const int64_t shape[2][3] = {{96, 128, 256}, {130, 40, 272}};
  assert_int_equal(problem_inputs_hash(&module, shape, 2), UINT64_C(0x07003a95eb905a42));
}

static void expected_results(void **state) {
  (void)state;
  const int64_t shape[3][3] = {{40, 65, 272}, {1, 130, 16}, {130, 7, 1072}}, first[1][3] = {{128, 256, 256}};
  for (uint32_t family = 0; family < SK_NVFP4_FAMILIES; family++)
    problem_expects(&module, shape, 3, family, family == SK_NVFP4_TASK);
  problem_expects(&module, first, 1, SK_NVFP4_TASK, 1);
}

/* The largest sum there can be: 6 * 6 * 3 * 3 for each k, in units of 2^-2. */
static void exact_as_far_as_fp32_goes(void **state) {
  (void)state;
  const int64_t at[1][3] = {{1, 1, EXACT_K}}, past[1][3] = {{1, 1, EXACT_K + 16}};
  assert_true(EXACT_K * 324 * 4 < 1 << 24 && (EXACT_K + 16) * 324 * 4 > 1 << 24);
  assert_int_equal(sk_problem_numerics(&(sk_case){1, 3, at[0]}, SK_NVFP4_TASK), SK_EXACT);
  assert_int_equal(sk_problem_numerics(&(sk_case){1, 3, past[0]}, SK_NVFP4_TASK), SK_BOUNDED);
}

/* NVFP4.md's table, all bound by bytes. */
static void roofline_is_the_tasks(void **state) {
  (void)state;
  static const int64_t bench[3][1][3] = {{{128, 7168, 16384}}, {{128, 4096, 7168}}, {{128, 7168, 2048}}};
  const double microseconds[3] = {8.994, 2.354, 1.333};
  for (int s = 0; s < 3; s++)
    problem_speed_of_light(&module, bench[s], 1, microseconds[s], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(inputs), cmocka_unit_test(expected_results),
                                     cmocka_unit_test(exact_as_far_as_fp32_goes),
                                     cmocka_unit_test(roofline_is_the_tasks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

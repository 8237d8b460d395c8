/* Room: tests of nvfp4. The problem module of nvfp4_gemv, compiled into this test: its inputs, its
 * expected results, its roofline against the task's own. */
#include "../../challenges/nvfp4_gemv/problem.c"

#include "nvfp4_problem.h"

/* The batch as matrices of their own: offsets by the tensors' outer strides. */
static double value(const sk_problem *p, int64_t e, double *in_fp32) {
  int64_t m = p->size[0], batch = e / m;
  const uint8_t *at[4];
  for (int t = 0; t < 4; t++)
    at[t] = (const uint8_t *)p->in[t].data + batch * p->in[t].stride[0];
  return problem_dot(at[0], at[2], e % m, at[1], at[3], 0, p->size[1], in_fp32);
}

static const struct problem_module module = {PROBLEM_MODULE, .n_in = 4, .value = value};

/* Of b only row 0 of each batch counts, of its scales too. */
static int counts(const int64_t *sizes, uint32_t t, int64_t at) {
  int64_t m = sizes[0], k = sizes[1], k_tiles = (k + 63) / 64, rows = t % 2 == 0 ? m : 1;
  if (t == 0)
    return 1;
  if (t == 1)
    return at / (k / 2) % 128 == 0;
  int64_t tile = at / 512 % ((rows + 127) / 128 * k_tiles);
  int64_t row = tile / k_tiles * 128 + at % 512 / 16 + at % 16 / 4 * 32, block = tile % k_tiles * 4 + at % 4;
  return row < rows && block < k / 16;
}

static int task_code(unsigned code) { /* 0, 1, 2 */
  return code == 0x00 || code == 0x38 || code == 0x40;
}

static void layout(void **state) {
  (void)state;
  const int64_t sizes[3] = {130, 272, 3};
  sk_case c = {1, 3, sizes};
  sk_tensor in[4], out[1];
  assert_int_equal(sk_problem_layout(&c, 0, in, out), 0);
  assert_true(in[0].rank == 3 && in[0].dim[0] == 3 && in[0].dim[1] == 130 && in[0].dim[2] == 136);
  assert_true(in[1].rank == 3 && in[1].dim[1] == 128 && in[1].stride[0] == 128 * 136);
  assert_true(in[2].rank == 6 && in[2].dim[1] == 2 && in[2].dim[2] == 5 && in[2].stride[0] == 10 * 512);
  assert_true(in[3].rank == 6 && in[3].dim[1] == 1 && in[3].stride[0] == 5 * 512);
  assert_true(out[0].rank == 2 && out[0].dim[0] == 3 && out[0].dim[1] == 130 && out[0].stride[0] == 260);
  const int64_t bad[][3] = {{0, 16, 1}, {1, 0, 1}, {1, 16, 0}, {1, 8, 1}, {1, 24, 1}, {1, 16, -1}};
  problem_refuses(&module, bad, sizeof bad / sizeof bad[0]);
}

static void inputs(void **state) {
  (void)state;
  problem_repeats_and_differs(&module, (const int64_t[]){20, 80, 3});
  problem_keeps_ranges(&module, (const int64_t[]){37, 1040, 2}, counts, task_code, 0x03);
  const int64_t shape[2][3] = {{96, 256, 2}, {130, 272, 1}};
  assert_int_equal(problem_inputs_hash(&module, shape, 2), UINT64_C(0x6fc933f7a7c8a38e));
}

static void expected_results(void **state) {
  (void)state;
  const int64_t shape[3][3] = {{140, 272, 3}, {1, 16, 5}, {7, 1072, 2}}, first[1][3] = {{128, 256, 1}};
  for (uint32_t family = 0; family < SK_NVFP4_FAMILIES; family++)
    problem_expects(&module, shape, 3, family, family == SK_NVFP4_TASK);
  problem_expects(&module, first, 1, SK_NVFP4_TASK, 1);
}

/* NVFP4.md's table, all bound by bytes. */
static void roofline_is_the_tasks(void **state) {
  (void)state;
  static const int64_t bench[3][1][3] = {{{7168, 16384, 1}}, {{4096, 7168, 8}}, {{7168, 2048, 4}}};
  const double microseconds[3] = {8.622, 17.275, 4.317};
  for (int s = 0; s < 3; s++)
    problem_speed_of_light(&module, bench[s], 1, microseconds[s], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layout), cmocka_unit_test(inputs),
                                     cmocka_unit_test(expected_results),
                                     cmocka_unit_test(roofline_is_the_tasks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

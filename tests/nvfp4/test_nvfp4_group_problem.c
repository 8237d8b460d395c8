/* Room: tests of nvfp4. The problem module of nvfp4_group_gemm, compiled into this test: its inputs,
 * its expected results on all ten test shapes of the task, its roofline against the task's own. */
#include "../../challenges/nvfp4_group_gemm/problem.c"

#include "nvfp4_problem.h"

/* The task's test shapes: m, n, k of each group. */
static const int64_t test_shape[10][PROBLEM_GROUPS][3] = {
    {{96, 128, 256}, {128, 256, 512}},
    {{256, 512, 256}, {72, 384, 256}},
    {{128, 128, 512}, {128, 256, 256}},
    {{80, 384, 256}, {128, 256, 512}, {256, 128, 256}},
    {{64, 128, 512}, {72, 384, 512}, {96, 512, 256}},
    {{64, 768, 256}, {256, 128, 512}, {128, 256, 256}},
    {{128, 256, 768}, {128, 512, 256}, {64, 512, 768}},
    {{128, 128, 512}, {128, 128, 256}, {128, 128, 512}, {128, 128, 256}},
    {{40, 512, 256}, {56, 384, 256}, {384, 256, 256}, {512, 128, 256}},
    {{512, 256, 512}, {384, 256, 768}, {256, 256, 512}, {128, 256, 768}}};

static double value(const sk_problem *p, int64_t e, double *in_fp32) {
  int64_t n = p->size[1];
  return problem_dot(p->in[0].data, p->in[2].data, e / n, p->in[1].data, p->in[3].data, e % n, p->size[2],
                     in_fp32);
}

static const struct problem_module module = {PROBLEM_MODULE, .n_in = 4, .value = value};

static uint32_t groups_of(const int64_t (*shape)[3]) {
  uint32_t groups = 0;
  while (groups < PROBLEM_GROUPS && shape[groups][0] > 0)
    groups++;
  return groups;
}

static void layout(void **state) {
  (void)state;
  const int64_t sizes[3] = {130, 40, 272};
  sk_case c = {1, 3, sizes};
  sk_tensor in[4], out[1];
  assert_int_equal(sk_problem_layout(&c, 0, in, out), 0);
  assert_true(in[0].type == SK_E2M1X2 && in[0].rank == 2 && in[0].dim[0] == 130 && in[0].dim[1] == 136);
  assert_true(in[1].dim[0] == 40 && in[1].stride[0] == 136 && in[1].stride[1] == 1);
  assert_true(in[2].type == SK_E4M3 && in[2].rank == 5 && in[2].dim[0] == 2 && in[2].dim[1] == 5);
  assert_true(in[2].dim[2] == 32 && in[2].dim[3] == 4 && in[2].dim[4] == 4);
  assert_true(in[2].stride[0] == 5 * 512 && in[2].stride[1] == 512 && in[2].stride[4] == 1);
  assert_true(in[3].dim[0] == 1 && in[3].dim[1] == 5);
  assert_true(out[0].type == SK_F16 && out[0].dim[1] == 40 && out[0].stride[0] == 80 &&
              out[0].stride[1] == 2);
  const int64_t bad[][3] = {{0, 1, 16}, {1, 0, 16}, {1, 1, 8}, {1, 1, 24}, {1, 1, -16}, {-1, 1, 16}};
  problem_refuses(&module, bad, sizeof bad / sizeof bad[0]);
}

/* Elements all count; of the scales those of a row and a block. */
static int counts(const int64_t *sizes, uint32_t t, int64_t at) {
  int64_t tile = at / 512, k_tiles = (sizes[2] + 63) / 64, rows = t == 2 ? sizes[0] : sizes[1];
  int64_t row = tile / k_tiles * 128 + at % 512 / 16 + at % 16 / 4 * 32, block = tile % k_tiles * 4 + at % 4;
  return t < 2 || (row < rows && block < sizes[2] / 16);
}

static int task_code(unsigned code) {
  return code == 0x38 || code == 0x40;
}

static void inputs(void **state) {
  (void)state;
  problem_repeats_and_differs(&module, (const int64_t[]){20, 33, 80});
  problem_keeps_ranges(&module, (const int64_t[]){37, 5, 1040}, counts, task_code, 0xbb);
}

/* As they were when the first seasons were played. */
static void inputs_never_change(void **state) {
  (void)state;
  const int64_t shape[3][3] = {{96, 128, 256}, {130, 40, 272}, {37, 5, 1040}};
  assert_int_equal(problem_inputs_hash(&module, shape, 3), UINT64_C(0x450b6b6db2314494));
}

static void every_family(void **state) {
  (void)state;
  const int64_t shape[3][3] = {{40, 65, 272}, {1, 130, 16}, {130, 7, 1072}};
  for (uint32_t family = 0; family < SK_NVFP4_FAMILIES; family++)
    problem_expects(&module, shape, 3, family, family == SK_NVFP4_TASK);
  const int64_t longest[2][3] = {{1, 1, EXACT_K}, {1, 1, EXACT_K + 16}};
  assert_int_equal(sk_problem_numerics(&(sk_case){1, 3, longest[0]}, SK_NVFP4_TASK), SK_EXACT);
  assert_int_equal(sk_problem_numerics(&(sk_case){2, 3, longest[0]}, SK_NVFP4_TASK), SK_BOUNDED);
}

static void every_test_shape_of_the_task(void **state) {
  (void)state;
  for (int s = 0; s < 10; s++)
    problem_expects(&module, test_shape[s], groups_of(test_shape[s]), SK_NVFP4_TASK, 1);
}

/* NVFP4.md's table, all bound by bytes. */
static void roofline_is_the_tasks(void **state) {
  (void)state;
  static const int64_t bench[4][PROBLEM_GROUPS][3] = {{{80, 4096, 7168},
                                                       {176, 4096, 7168},
                                                       {128, 4096, 7168},
                                                       {72, 4096, 7168},
                                                       {64, 4096, 7168},
                                                       {248, 4096, 7168},
                                                       {96, 4096, 7168},
                                                       {160, 4096, 7168}},
                                                      {{40, 7168, 2048},
                                                       {76, 7168, 2048},
                                                       {168, 7168, 2048},
                                                       {72, 7168, 2048},
                                                       {164, 7168, 2048},
                                                       {148, 7168, 2048},
                                                       {196, 7168, 2048},
                                                       {160, 7168, 2048}},
                                                      {{192, 3072, 4096}, {320, 3072, 4096}},
                                                      {{128, 4096, 1536}, {384, 4096, 1536}}};
  const double microseconds[4] = {18.833, 10.667, 2.406, 1.525};
  for (int s = 0; s < 4; s++)
    problem_speed_of_light(&module, bench[s], groups_of(bench[s]), microseconds[s], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layout),
                                     cmocka_unit_test(inputs),
                                     cmocka_unit_test(inputs_never_change),
                                     cmocka_unit_test(every_family),
                                     cmocka_unit_test(every_test_shape_of_the_task),
                                     cmocka_unit_test(roofline_is_the_tasks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

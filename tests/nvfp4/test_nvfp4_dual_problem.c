/* Room: tests of nvfp4. The problem module of nvfp4_dual_gemm, compiled into this test: its inputs, its
 * expected results, its roofline against the task's own. */
#include "../../challenges/nvfp4_dual_gemm/problem.c"

#include <math.h>

#include "nvfp4_problem.h"

static double value(const sk_problem *x, int64_t e, double *in_fp32) {
  const sk_tensor *in = x->in;
  int64_t n = x->size[1], k = x->size[2], i = e / n, j = e % n;
  double p32, q32, p = problem_dot(in[0].data, in[3].data, i, in[1].data, in[4].data, j, k, &p32);
  double q = problem_dot(in[0].data, in[3].data, i, in[2].data, in[5].data, j, k, &q32);
  *in_fp32 = p32 / (1.0 + exp(-p32)) * q32;
  return p / (1.0 + exp(-p)) * q;
}

static const struct problem_module module = {PROBLEM_MODULE, .n_in = 6, .value = value};

/* Elements all count; of the scales those of a row and a block. */
static int counts(const int64_t *sizes, uint32_t t, int64_t at) {
  int64_t tile = at / 512, k_tiles = (sizes[2] + 63) / 64, rows = t == 3 ? sizes[0] : sizes[1];
  int64_t row = tile / k_tiles * 128 + at % 512 / 16 + at % 16 / 4 * 32, block = tile % k_tiles * 4 + at % 4;
  return t < 3 || (row < rows && block < sizes[2] / 16);
}

/* The codes nearest to (r + 1/4) / 256, found by looking at all of them; 1 itself occurs. */
static int task_code(unsigned code) {
  for (int r = 0; r < 256; r++) {
    unsigned nearest = 0;
    for (unsigned c = 1; c <= 0x38; c++)
      if (fabs(support_e4m3_value(c) - (r + 0.25) / 256) <
          fabs(support_e4m3_value(nearest) - (r + 0.25) / 256))
        nearest = c;
    if (nearest == code)
      return 1;
  }
  return 0;
}

static unsigned char known[256]; /* 0: not asked yet; 1: no; 2: yes */

static int is_task_code(unsigned code) {
  if (!known[code])
    known[code] = (unsigned char)(1 + task_code(code));
  return known[code] == 2;
}

static void inputs(void **state) {
  (void)state;
  const int64_t bad[][3] = {{0, 1, 16}, {1, 0, 16}, {1, 1, 8}, {1, 1, 24}, {1, 1, -16}, {-1, 1, 16}};
  problem_refuses(&module, bad, sizeof bad / sizeof bad[0]);
  problem_repeats_and_differs(&module, (const int64_t[]){20, 33, 80});
  problem_keeps_ranges(&module, (const int64_t[]){137, 5, 1040}, counts, is_task_code, 0xbb);
  const int64_t shape[2][3] = {{96, 128, 256}, {130, 40, 272}};
  assert_int_equal(problem_inputs_hash(&module, shape, 2), UINT64_C(0xb23c3dc77026fdf0));
}

/* A family that makes infinities and zeros of everything would show nothing. */
static void results_tell_something(void **state) {
  (void)state;
  const int64_t shape[1][3] = {{64, 64, 256}};
  const uint32_t families[3] = {SK_NVFP4_TASK, SK_NVFP4_FULL_SMALL, SK_NVFP4_ASYMMETRIC};
  for (int f = 0; f < 3; f++) {
    struct problem_instance x;
    int telling = 0;
    double ignored;
    problem_open(&x, &module, shape, 1);
    assert_int_equal(sk_problem_generate(&x.c, 3, families[f], x.problem), 0);
    for (int64_t e = 0; e < 64 * 64; e++) {
      double c = fabs(value(&x.problem[0], e, &ignored));
      telling += c > 0x1p-14 && c < 65504.0;
    }
    assert_true(telling > 64 * 64 / 2);
    problem_close(&x);
  }
}

static void expected_results(void **state) {
  (void)state;
  const int64_t shape[3][3] = {{40, 65, 272}, {1, 130, 16}, {130, 7, 1072}};
  for (uint32_t family = 0; family < SK_NVFP4_FAMILIES; family++)
    problem_expects(&module, shape, 3, family, 0);
}

/* NVFP4.md's table: m = 512 is bound by operations. */
static void roofline_is_the_tasks(void **state) {
  (void)state;
  static const int64_t bench[4][1][3] = {
      {{256, 4096, 7168}}, {{512, 4096, 7168}}, {{256, 3072, 4096}}, {{512, 3072, 7168}}};
  const double microseconds[4] = {4.708, 8.714, 2.125, 6.535};
  for (int s = 0; s < 4; s++)
    problem_speed_of_light(&module, bench[s], 1, microseconds[s], bench[s][0][0] == 256);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(inputs), cmocka_unit_test(results_tell_something),
                                     cmocka_unit_test(expected_results),
                                     cmocka_unit_test(roofline_is_the_tasks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

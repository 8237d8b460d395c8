/* Room: tests of nvfp4. The oracle against sums made another way: element by element from hand-written
 * tables, in __int128 units of 2^-20, and silu in long double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

struct sums {
  __int128 sum, magnitude; /* of all products; of block terms' absolute values; units of 2^-20 */
  int nan;
};

/* A value is a multiple of 2^-10 (2^-1 times 2^-9). */
static int64_t units(double value) {
  return (int64_t)(value * 0x1p10);
}

static struct sums sum_of(const struct support_matrix *a, const struct support_matrix *b, int64_t batch,
                          int64_t i, int64_t j) {
  struct sums s = {0, 0, 0};
  for (int64_t k = 0; k < a->k; k += 16) {
    __int128 term = 0;
    for (int64_t e = k; e < k + 16; e++) {
      double x = support_matrix_value(a, batch, i, e), y = support_matrix_value(b, batch, j, e);
      if (isnan(x) || isnan(y))
        s.nan = 1;
      else
        term += (__int128)units(x) * units(y);
    }
    s.sum += term;
    s.magnitude += term < 0 ? -term : term;
  }
  return s;
}

/* fp16 of an exact number of units: the nearest by search in a table, so by nobody's rounding code. */
static uint16_t round_units(__int128 sum) {
  __int128 v = sum < 0 ? -sum : sum;
  uint32_t sign = sum < 0 ? 0x8000u : 0u;
  if (v >= (__int128)65520 << 20)
    return (uint16_t)(sign | 0x7c00);
  uint32_t low = 0, high = 0x7bff; /* the codes around v, by bisection; values times 2^24 are whole */
  while (high - low > 1) {
    uint32_t middle = (low + high) / 2;
    if ((__int128)(support_half((uint16_t)middle) * 0x1p24) <= v << 4)
      low = middle;
    else
      high = middle;
  }
  __int128 below = (v << 4) - (__int128)(support_half((uint16_t)low) * 0x1p24);
  __int128 above = (__int128)(support_half((uint16_t)high) * 0x1p24) - (v << 4);
  uint32_t code = below < above || (below == above && low % 2 == 0) ? low : high;
  return (uint16_t)(sign | code);
}

static double error_of(const struct support_matrix *a, const struct sums *s) {
  return 0x1p-23 * (double)(a->k / 16) * ((double)s->magnitude * 0x1p-20);
}

static void check_gemm(int64_t batch, int64_t m, int64_t n, int64_t k, enum support_kind kind,
                       enum nvfp4_scale_layout layout, int64_t gap, unsigned threads) {
  struct support_matrix a = support_matrix_create(batch, m, k, kind, layout, gap);
  struct support_matrix b = support_matrix_create(batch, n, k, kind, layout, gap);
  int64_t row = 2 * n + 2 * gap, plane = m * row;
  if (kind == SUPPORT_WILD && m > 1)
    *support_matrix_scale(&a, 0, 1, 0) = 0x7f;
  unsigned char *c = support_alloc((size_t)(batch * plane));
  double *value = support_alloc((size_t)(batch * m * n) * sizeof *value);
  double *tolerance = support_alloc((size_t)(batch * m * n) * sizeof *tolerance);
  nvfp4_gemm_args args = {batch, m, n, k, a.operand, b.operand, {c, row, plane, NVFP4_FP16}};
  assert_int_equal(nvfp4_oracle_gemm(&args, threads), NVFP4_OK);
  args.c.data = NULL;
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, value, tolerance, threads), NVFP4_OK);
  for (int64_t l = 0; l < batch; l++)
    for (int64_t i = 0; i < m; i++)
      for (int64_t j = 0; j < n; j++) {
        struct sums s = sum_of(&a, &b, l, i, j);
        int64_t at = (l * m + i) * n + j;
        uint16_t got;
        memcpy(&got, c + l * plane + i * row + 2 * j, 2);
        if (s.nan) {
          assert_true(isnan(value[at]) && tolerance[at] == 0.0 && isnan(support_half(got)));
          continue;
        }
        assert_int_equal(got, round_units(s.sum));
        assert_true(value[at] == (double)s.sum * 0x1p-20);
        assert_true(tolerance[at] == nvfp4_fp16_ulp(value[at]) + error_of(&a, &s));
        assert_true(support_within(got, value[at], tolerance[at]));
      }
  support_matrix_free(&a);
  support_matrix_free(&b);
  free(c);
  free(value);
  free(tolerance);
}

static void gemm(void **state) {
  (void)state;
  const int64_t shape[][4] = {
      {1, 1, 1, 16}, {2, 3, 17, 48}, {1, 17, 5, 272}, {1, 33, 34, 64}, {3, 16, 16, 1040}};
  for (size_t s = 0; s < sizeof shape / sizeof shape[0]; s++)
    for (int kind = SUPPORT_TASK; kind <= SUPPORT_EXTREME; kind++)
      for (int layout = 0; layout < 2; layout++)
        check_gemm(shape[s][0], shape[s][1], shape[s][2], shape[s][3], (enum support_kind)kind,
                   (enum nvfp4_scale_layout)layout, layout == 1 && kind % 2 ? 6 : 0, 1 + (unsigned)kind % 3);
}

static void gemv(void **state) {
  (void)state;
  const int64_t batch = 3, m = 37, k = 144;
  struct support_matrix a = support_matrix_create(batch, m, k, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 0);
  struct support_matrix b = support_matrix_create(batch, 1, k, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 5);
  uint16_t c[3 * 37];
  double value[3 * 37], tolerance[3 * 37];
  nvfp4_gemv_args args = {batch, m, k, a.operand, b.operand, {c, 0, 0, NVFP4_FP16}};
  assert_int_equal(nvfp4_oracle_gemv(&args, 2), NVFP4_OK);
  assert_int_equal(nvfp4_oracle_gemv_bounded(&args, value, tolerance, 1), NVFP4_OK);
  for (int64_t l = 0; l < batch; l++)
    for (int64_t i = 0; i < m; i++) {
      struct sums s = sum_of(&a, &b, l, i, 0);
      assert_int_equal(c[l * m + i], round_units(s.sum));
      assert_true(value[l * m + i] == (double)s.sum * 0x1p-20);
      assert_true(tolerance[l * m + i] == nvfp4_fp16_ulp(value[l * m + i]) + error_of(&a, &s));
    }
  support_matrix_free(&a);
  support_matrix_free(&b);
}

static void group(void **state) {
  (void)state;
  const int64_t m[3] = {5, 40, 1}, n[3] = {18, 3, 1}, k[3] = {32, 160, 16};
  struct support_matrix a[3], b[3];
  nvfp4_gemm_args args[3];
  uint16_t c[3][128];
  double value[3][128], tolerance[3][128];
  double *values[3], *tolerances[3];
  for (int g = 0; g < 3; g++) {
    a[g] = support_matrix_create(1, m[g], k[g], SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 0);
    b[g] = support_matrix_create(1, n[g], k[g], SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
    args[g] = (nvfp4_gemm_args){1, m[g], n[g], k[g], a[g].operand, b[g].operand, {c[g], 0, 0, NVFP4_FP16}};
    values[g] = value[g];
    tolerances[g] = tolerance[g];
  }
  assert_int_equal(nvfp4_oracle_group_gemm(args, 3, 2), NVFP4_OK);
  assert_int_equal(nvfp4_oracle_group_gemm_bounded(args, 3, values, tolerances, 2), NVFP4_OK);
  for (int g = 0; g < 3; g++) {
    for (int64_t i = 0; i < m[g]; i++)
      for (int64_t j = 0; j < n[g]; j++) {
        struct sums s = sum_of(&a[g], &b[g], 0, i, j);
        assert_int_equal(c[g][i * n[g] + j], round_units(s.sum));
        assert_true(value[g][i * n[g] + j] == (double)s.sum * 0x1p-20);
      }
    support_matrix_free(&a[g]);
    support_matrix_free(&b[g]);
  }
}

static long double silu(long double x) {
  return x / (1.0L + expl(-x));
}

/* The largest |silu(y) - silu(p)| over |y - p| <= d, by looking at many y. */
static double spread_by_search(double p, double d) {
  long double most = 0.0L;
  for (int i = -2000; i <= 2000; i++)
    most = fmaxl(most, fabsl(silu((long double)p + (long double)d * i / 2000.0L) - silu((long double)p)));
  return (double)most;
}

static void check_dual(enum support_kind kind, int64_t m, int64_t n, int64_t k) {
  struct support_matrix a = support_matrix_create(1, m, k, kind, NVFP4_SCALES_BLOCKED, 0);
  struct support_matrix b1 = support_matrix_create(1, n, k, kind, NVFP4_SCALES_BLOCKED, 0);
  struct support_matrix b2 = support_matrix_create(1, n, k, kind, NVFP4_SCALES_PLAIN, 0);
  uint16_t *c = support_alloc((size_t)(m * n) * 2);
  double *value = support_alloc((size_t)(m * n) * 8), *tolerance = support_alloc((size_t)(m * n) * 8);
  nvfp4_dual_args args = {1, m, n, k, a.operand, b1.operand, b2.operand, {c, 0, 0, NVFP4_FP16}};
  assert_int_equal(nvfp4_oracle_dual_gemm(&args, 2), NVFP4_OK);
  assert_int_equal(nvfp4_oracle_dual_gemm_bounded(&args, value, tolerance, 1), NVFP4_OK);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      struct sums s1 = sum_of(&a, &b1, 0, i, j), s2 = sum_of(&a, &b2, 0, i, j);
      double p = (double)s1.sum * 0x1p-20, q = (double)s2.sum * 0x1p-20;
      double want = (double)(silu((long double)p) * (long double)q);
      double dp = error_of(&a, &s1), dq = error_of(&a, &s2);
      int64_t at = i * n + j;
      assert_true(fabs(value[at] - want) <= fabs(want) * 0x1p-50 + 1e-280); /* exp may overflow */
      assert_true(support_within(c[at], want, nvfp4_fp16_ulp(want) * 0.5 * (1 + 0x1p-40)));
      double least = fabs((double)silu((long double)p)) * dq + spread_by_search(p, dp) * (fabs(q) + dq) +
                     nvfp4_fp16_ulp(want);
      /* The spread is a difference of numbers as large as p, each rounded to fp64. */
      double slack = least * 0x1p-40 + fabs(p) * 0x1p-51 * (fabs(q) + dq);
      assert_true(tolerance[at] >= least - slack && tolerance[at] <= least * 1.001 + 1e-300);
    }
  support_matrix_free(&a);
  support_matrix_free(&b1);
  support_matrix_free(&b2);
  free(c);
  free(value);
  free(tolerance);
}

static void dual(void **state) {
  (void)state;
  check_dual(SUPPORT_TASK, 9, 18, 48);
  check_dual(SUPPORT_MILD, 5, 17, 272);
  check_dual(SUPPORT_TINY, 3, 3, 64);
  check_dual(SUPPORT_WILD, 6, 7, 32);
}

/* An interval around p = -6 that reaches over silu's minimum: there, not at an end, it differs most. */
static void dual_tolerance_knows_the_valley(void **state) {
  (void)state;
  uint8_t a[32] = {0}, b1[32] = {0}, b2[32] = {0};
  const uint8_t scale_a[4] = {0x70, 0x70, 0x38, 0x38}, scale_b[4] = {0x69, 0x69, 0x38, 0x38};
  double value, tolerance;
  memset(a, 0x77, 16);
  memset(b1, 0x77, 8);
  memset(b1 + 8, 0xff, 8);
  a[16] = 0x07;  /* 6 */
  b1[16] = 0x0a; /* -1 */
  b2[16] = 0x02; /* 1 */
  nvfp4_dual_args args = {1,
                          1,
                          1,
                          64,
                          {.packed = a, .scale = scale_a},
                          {.packed = b1, .scale = scale_b},
                          {.packed = b2, .scale = scale_b},
                          {NULL, 0, 0, NVFP4_FP16}};
  assert_int_equal(nvfp4_oracle_dual_gemm_bounded(&args, &value, &tolerance, 1), NVFP4_OK);
  double dp = 0x1p-23 * 4 * (2 * 576.0 * 128 * 72 + 6), dq = 0x1p-23 * 4 * 6;
  double at = (double)silu(-6.0L), valley = (double)silu(-1.2784645427610738L);
  assert_true(-6 + dp > -1.0 && fabs(value - at * 6) < 1e-14);
  double want = fabs(at) * dq + (at - valley) * (6 + dq) + nvfp4_fp16_ulp(value);
  assert_true(fabs(tolerance - want) < 1e-12);
}

/* The extreme case of nvfp4.h's proof: k = 2^20, all 6 times 448: the sum is near 2^63 units. */
static void largest_sum(void **state) {
  (void)state;
  const int64_t k = 1 << 20;
  struct support_matrix a = support_matrix_create(1, 1, k, SUPPORT_EXTREME, NVFP4_SCALES_PLAIN, 0);
  struct support_matrix b = support_matrix_create(1, 1, k, SUPPORT_EXTREME, NVFP4_SCALES_BLOCKED, 0);
  double value, tolerance;
  uint16_t c;
  nvfp4_gemm_args args = {1, 1, 1, k, a.operand, b.operand, {&c, 0, 0, NVFP4_FP16}};
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, &value, &tolerance, 1), NVFP4_OK);
  assert_true(value == 36.0 * 448.0 * 448.0 * 0x1p20);
  assert_int_equal(nvfp4_oracle_gemm(&args, 1), NVFP4_OK);
  assert_int_equal(c, 0x7c00);
  for (int64_t i = 0; i < k / 2; i++)
    b.packed[i] = 0xff;
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, &value, &tolerance, 1), NVFP4_OK);
  assert_true(value == -36.0 * 448.0 * 448.0 * 0x1p20);
  support_matrix_free(&a);
  support_matrix_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gemm),
                                     cmocka_unit_test(gemv),
                                     cmocka_unit_test(group),
                                     cmocka_unit_test(dual),
                                     cmocka_unit_test(dual_tolerance_knows_the_valley),
                                     cmocka_unit_test(largest_sum)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

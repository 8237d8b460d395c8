/* Room: tests of nvfp4. What nvfp4.h promises of the quantiser, element by element. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

#define ROWS 5
#define K    80

struct quantized {
  uint8_t packed[ROWS * K / 2], scale[1024 * 2];
  float back[ROWS * K], g;
};

static void quantize(const float *x, int64_t rows, int64_t k, enum nvfp4_scale_layout layout, int with_tensor,
                     struct quantized *q) {
  q->g = 1.0f;
  assert_int_equal(nvfp4_quantize(x, rows, k, 0, layout, with_tensor ? &q->g : NULL, q->packed, q->scale),
                   NVFP4_OK);
  assert_int_equal(nvfp4_dequantize(q->packed, q->scale, rows, k, layout, q->g, q->back, 0), NVFP4_OK);
}

static float random_float(int low_exponent, int exponents) {
  float x = ldexpf((float)(int32_t)support_random(), -31);
  return ldexpf(x, low_exponent + (int)(support_random() % (uint64_t)exponents));
}

static void check_block(const float *x, const uint8_t *packed, uint8_t code, double g) {
  double s = support_e4m3_value(code), amax = 0.0;
  assert_true(code <= 0x7e);
  for (int i = 0; i < 16; i++)
    amax = fmax(amax, fabs((double)x[i]));
  assert_true((code == 0) == (amax == 0.0));
  for (int i = 0; i < 16; i++) {
    unsigned element = (unsigned)packed[i / 2] >> (4 * (i & 1)) & 15u;
    double value = support_e2m1[element] * s * g, error = fabs((double)x[i] - value);
    assert_int_equal(element >> 3, signbit(x[i]) ? 1 : 0);
    if (code != 0x7e)
      assert_true(error <= s * g);
    for (unsigned other = 0; other < 16; other++) /* no other element would have been nearer */
      assert_true(error <= fabs((double)x[i] - support_e2m1[other] * s * g));
  }
  /* and the scale is the nearest one to amax / 6, or the next up where that is subnormal */
  unsigned best = 0;
  for (unsigned c = 1; c <= 0x7e; c++)
    if (fabs(support_e4m3[c] - amax / g / 6) < fabs(support_e4m3[best] - amax / g / 6))
      best = c;
  assert_true(code == best || (code == best + 1 && code <= 8) ||
              fabs(support_e4m3[code] - amax / g / 6) == fabs(support_e4m3[best] - amax / g / 6));
}

static void check_matrix(const float *x, enum nvfp4_scale_layout layout, int with_tensor) {
  struct quantized q;
  memset(&q, 0xee, sizeof q);
  quantize(x, ROWS, K, layout, with_tensor, &q);
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < K / 16; j++) {
      int64_t at = nvfp4_scale_offset(layout, ROWS, K, i, j, 0);
      check_block(x + i * K + j * 16, q.packed + i * K / 2 + j * 8, q.scale[at], (double)q.g);
      for (int e = 0; e < 16; e++) {
        unsigned code = (unsigned)q.packed[i * K / 2 + j * 8 + e / 2] >> (4 * (e & 1)) & 15u;
        float want = (float)(support_e2m1[code] * support_e4m3_value(q.scale[at])) * q.g;
        assert_true(q.back[i * K + j * 16 + e] == want);
      }
    }
  if (layout == NVFP4_SCALES_BLOCKED) { /* padding is zero */
    size_t used = 0;
    for (int64_t i = 0; i < nvfp4_scale_bytes(layout, 1, ROWS, K); i++)
      used += q.scale[i] != 0;
    assert_true(used <= ROWS * (K / 16));
  }
}

static void random_matrices(void **state) {
  (void)state;
  const int range[][2] = {{-2, 4}, {-14, 12}, {6, 8}, {-60, 100}, {-149, 10}, {100, 27}};
  float x[ROWS * K];
  for (size_t t = 0; t < sizeof range / sizeof range[0]; t++)
    for (int repeat = 0; repeat < 20; repeat++) {
      int block_exponent = 0;
      for (int i = 0; i < ROWS * K; i++) {
        if (i % 16 == 0)
          block_exponent = (int)(support_random() % (uint64_t)range[t][1]);
        x[i] = support_random() % 16 == 0 ? -0.0f : random_float(range[t][0] + block_exponent, 3);
        if (!isfinite(x[i]))
          x[i] = FLT_MAX;
      }
      check_matrix(x, NVFP4_SCALES_PLAIN, 0);
      check_matrix(x, NVFP4_SCALES_BLOCKED, 0);
      check_matrix(x, NVFP4_SCALES_BLOCKED, 1);
    }
}

static void what_is_representable_returns(void **state) {
  (void)state;
  float x[ROWS * K];
  struct quantized q;
  for (int i = 0; i < ROWS * K; i++) /* every block has a 6, so its scale is found again */
    x[i] = (float)(support_e2m1[i % 16] * support_e4m3[1 + i / 16 * 5 % 126]);
  quantize(x, ROWS, K, NVFP4_SCALES_PLAIN, 0, &q);
  assert_memory_equal(x, q.back, sizeof x);
}

static void zeros_and_saturation(void **state) {
  (void)state;
  float x[32] = {0};
  struct quantized q;
  x[3] = -0.0f;
  x[16] = 1e30f;
  x[17] = -1e30f;
  x[18] = 1.0f;
  quantize(x, 1, 32, NVFP4_SCALES_PLAIN, 0, &q);
  assert_int_equal(q.scale[0], 0);
  for (int i = 0; i < 8; i++)
    assert_int_equal(q.packed[i], i == 1 ? 0x80 : 0);
  assert_int_equal(q.scale[1], 0x7e);
  assert_int_equal(q.packed[8], 0xf7);
  assert_true(q.back[16] == 2688.0f && q.back[17] == -2688.0f && q.back[18] == 0.0f);
  quantize(x, 1, 32, NVFP4_SCALES_PLAIN, 1, &q); /* a tensor scale brings it into range */
  assert_int_equal(q.scale[1], 0x7e);
  assert_true(fabs((double)q.back[16] - 1e30) <= 1e30 * 0x1p-22);
  memset(x, 0, sizeof x);
  quantize(x, 1, 32, NVFP4_SCALES_PLAIN, 1, &q);
  assert_true(q.g == 1.0f);
  x[0] = 0x1p-149f; /* the smallest float */
  quantize(x, 1, 32, NVFP4_SCALES_PLAIN, 1, &q);
  assert_true(q.g == FLT_MIN);
  x[0] = 3 * 0x1p-9f; /* amax/6 would round to the scale 0 */
  quantize(x, 1, 32, NVFP4_SCALES_PLAIN, 0, &q);
  assert_int_equal(q.scale[0], 1);
  assert_true(q.back[0] == x[0]);
}

static void refuses(void **state) {
  (void)state;
  float x[32] = {1.0f};
  uint8_t packed[16], scale[512];
  memset(packed, 0x55, sizeof packed);
  const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 4; i++) {
    x[31] = bad[i];
    assert_int_equal(nvfp4_quantize(x, 1, 32, 0, NVFP4_SCALES_PLAIN, NULL, packed, scale),
                     NVFP4_ERR_NOT_FINITE);
    assert_int_equal(packed[0], 0x55); /* nothing was written */
  }
  assert_int_equal(nvfp4_quantize(x, 1, 20, 0, NVFP4_SCALES_PLAIN, NULL, packed, scale), NVFP4_ERR_K);
  assert_int_equal(nvfp4_quantize(x, -1, 16, 0, NVFP4_SCALES_PLAIN, NULL, packed, scale), NVFP4_ERR_SHAPE);
  assert_int_equal(nvfp4_quantize(x, 1, 16, 8, NVFP4_SCALES_PLAIN, NULL, packed, scale), NVFP4_ERR_STRIDE);
  assert_int_equal(nvfp4_quantize(NULL, 1, 16, 0, NVFP4_SCALES_PLAIN, NULL, packed, scale), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_quantize(x, 1, 16, 0, (enum nvfp4_scale_layout)7, NULL, packed, scale),
                   NVFP4_ERR_LAYOUT);
  assert_int_equal(nvfp4_dequantize(packed, scale, 1, 16, NVFP4_SCALES_PLAIN, 1.0f, NULL, 0), NVFP4_ERR_NULL);
  x[31] = 0.0f;
  assert_int_equal(nvfp4_quantize(x, 2, 16, 16, NVFP4_SCALES_PLAIN, NULL, packed, scale), NVFP4_OK);
  scale[0] = 0x7f;
  assert_int_equal(nvfp4_dequantize(packed, scale, 2, 16, NVFP4_SCALES_PLAIN, 1.0f, x, 0), NVFP4_OK);
  assert_true(isnan(x[0]) && isnan(x[15]) && !isnan(x[16]));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_matrices),
                                     cmocka_unit_test(what_is_representable_returns),
                                     cmocka_unit_test(zeros_and_saturation), cmocka_unit_test(refuses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

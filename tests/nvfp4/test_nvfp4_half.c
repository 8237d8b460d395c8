/* Room: tests of nvfp4. fp16 conversion, all codes and midpoints, against a search for the nearest
 * code and, where the compiler has it (gcc; clang from 15), against its _Float16. */
#include <math.h>
#include <string.h>

#include "nvfp4_support.h"

/* The code nearest to x, not NaN, by bisection; ties to the even code. */
static uint16_t nearest_half(float x) {
  double v = fabs((double)x);
  uint32_t sign = signbit(x) ? 0x8000u : 0u, low = 0, high = 0x7bff;
  if (v >= 65520.0)
    return (uint16_t)(sign | 0x7c00u);
  while (high - low > 1) {
    uint32_t middle = (low + high) / 2;
    if (support_half((uint16_t)middle) <= v)
      low = middle;
    else
      high = middle;
  }
  double below = v - support_half((uint16_t)low), above = support_half((uint16_t)high) - v;
  uint32_t code = below < above || (below == above && low % 2 == 0) ? low : high;
  return (uint16_t)(sign | code);
}

static uint16_t compiler_half(float x) {
#ifdef __FLT16_MANT_DIG__
  _Float16 h = (_Float16)x;
  uint16_t bits;
  memcpy(&bits, &h, sizeof bits);
  assert_int_equal(bits, nearest_half(x));
  return bits;
#else
  return nearest_half(x);
#endif
}

static void check_float(float x) {
  if (isnan(x)) {
    assert_int_equal(nvfp4_fp16_from_float(x) & 0x7fff, 0x7e00);
    return;
  }
  assert_int_equal(nvfp4_fp16_from_float(x), compiler_half(x));
  assert_int_equal(nvfp4_fp16_from_double((double)x), compiler_half(x));
}

static void every_code_decodes(void **state) {
  (void)state;
  for (uint32_t c = 0; c < 65536; c++) {
    float got = nvfp4_fp16_to_float((uint16_t)c);
    double want = support_half((uint16_t)c);
#ifdef __FLT16_MANT_DIG__
    uint16_t bits = (uint16_t)c;
    _Float16 h;
    memcpy(&h, &bits, sizeof h);
    assert_true(isnan(want) ? isnan((double)h) : want == (double)h);
#endif
    if (isnan(want)) {
      assert_true(isnan(got));
      continue;
    }
    assert_true((double)got == want && (signbit(got) != 0) == (signbit(want) != 0));
    assert_int_equal(nvfp4_fp16_from_float(got), c);
  }
}

static void every_midpoint_rounds(void **state) {
  (void)state;
  for (uint32_t c = 0; c < 0x7c00; c++) {
    double low = support_half((uint16_t)c),
           high = c + 1 == 0x7c00 ? 65536.0 : support_half((uint16_t)(c + 1));
    float middle = (float)((low + high) / 2); /* exact */
    check_float(middle);
    check_float(-middle);
    check_float(nextafterf(middle, INFINITY));
    check_float(nextafterf(middle, 0.0f));
    assert_int_equal(nvfp4_fp16_from_float(middle), (c + 1) & ~1u); /* ties to even, by definition */
    /* a double that is nearer to the middle than any float can be */
    assert_int_equal(nvfp4_fp16_from_double(nextafter((double)middle, INFINITY)), c + 1);
    assert_int_equal(nvfp4_fp16_from_double(nextafter((double)middle, 0.0)), c);
  }
}

static void random_and_special(void **state) {
  (void)state;
  for (int i = 0; i < 200000; i++) {
    uint32_t bits = (uint32_t)support_random();
    float x;
    if (i % 2)
      bits = (bits & 0x807fffffu) | (uint32_t)(100u + support_random() % 45u) << 23;
    memcpy(&x, &bits, sizeof x);
    check_float(x);
  }
  assert_int_equal(nvfp4_fp16_from_float(INFINITY), 0x7c00);
  assert_int_equal(nvfp4_fp16_from_float(-INFINITY), 0xfc00);
  assert_int_equal(nvfp4_fp16_from_double(1e300), 0x7c00);
  assert_int_equal(nvfp4_fp16_from_double(-1e300), 0xfc00);
  assert_int_equal(nvfp4_fp16_from_double(-1e-300), 0x8000);
  assert_int_equal(nvfp4_fp16_from_double(65519.999), 0x7bff);
}

static void ulp_is_the_spacing(void **state) {
  (void)state;
  for (uint32_t c = 0; c < 0x7bff; c++) {
    double x = support_half((uint16_t)c), next = support_half((uint16_t)(c + 1));
    assert_true(nvfp4_fp16_ulp(x) == next - x);
    assert_true(nvfp4_fp16_ulp(-(x + next) / 2) == next - x);
  }
  assert_true(nvfp4_fp16_ulp(65504.0) == 32.0);
  assert_true(nvfp4_fp16_ulp(1e20) == 32.0);
}

/* bf16 by its definition: the nearest of the two neighbours that the upper halves of floats are. */
static void check_bf16(double x) {
  uint16_t got = nvfp4_bf16_from_double(x);
  double value = nvfp4_bf16_to_float(got), best = x - value;
  if (fabs(x) >= 0x1.ffp127) { /* half a step beyond the largest number */
    assert_int_equal(got & 0x7fff, 0x7f80);
    return;
  }
  for (int step = -1; step <= 1; step += 2) {
    uint16_t other = (uint16_t)(got + step);
    if ((got & 0x7fff) == 0 && step < 0)
      continue; /* wraps */
    double distance = fabs(x - (double)nvfp4_bf16_to_float(other));
    assert_true(distance > fabs(best) || (distance == fabs(best) && (got & 1u) == 0));
  }
  assert_int_equal(signbit(value) != 0, signbit(x) != 0);
}

static void bf16_rounds_once(void **state) {
  (void)state;
  for (uint32_t c = 0; c < 0x7f80; c++) {
    double low = nvfp4_bf16_to_float((uint16_t)c), high = nvfp4_bf16_to_float((uint16_t)(c + 1));
    if (c + 1 == 0x7f80)
      high = 0x1p128;
    double middle = (low + high) / 2; /* exact in fp64 */
    assert_int_equal(nvfp4_bf16_from_double(low), c);
    assert_int_equal(nvfp4_bf16_from_float((float)low), c);
    assert_int_equal(nvfp4_bf16_from_double(middle), (c + 1) & ~1u);
    assert_int_equal(nvfp4_bf16_from_double(nextafter(middle, INFINITY)), c + 1);
    assert_int_equal(nvfp4_bf16_from_double(nextafter(middle, 0.0)), c);
    assert_int_equal(nvfp4_bf16_from_double(-nextafter(middle, 0.0)), c | 0x8000u);
  }
  for (int i = 0; i < 200000; i++) {
    uint64_t bits = support_random();
    double x;
    bits = (bits & ~(UINT64_C(0x7ff) << 52)) | (uint64_t)(1023 - 160 + support_random() % 290) << 52;
    memcpy(&x, &bits, sizeof x);
    check_bf16(x);
    assert_int_equal(nvfp4_bf16_from_float((float)x), nvfp4_bf16_from_double((double)(float)x));
  }
  assert_int_equal(nvfp4_bf16_from_float(INFINITY), 0x7f80);
  assert_int_equal(nvfp4_bf16_from_double(-1e300), 0xff80);
  assert_int_equal(nvfp4_bf16_from_double(-1e-300), 0x8000);
  assert_int_equal(nvfp4_bf16_from_float(-NAN) & 0x7fff, 0x7fc0);
  assert_int_equal(nvfp4_bf16_from_double(NAN) & 0x7fff, 0x7fc0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_decodes), cmocka_unit_test(every_midpoint_rounds),
      cmocka_unit_test(random_and_special), cmocka_unit_test(ulp_is_the_spacing),
      cmocka_unit_test(bf16_rounds_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

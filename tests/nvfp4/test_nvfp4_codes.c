/* Room: tests of nvfp4. Every e2m1 and e4m3 code against tables, every rounding against a search. */
#include <math.h>
#include <string.h>

#include "nvfp4_support.h"

static void e2m1_decode_every_code(void **state) {
  (void)state;
  for (unsigned c = 0; c < 16; c++) {
    float got = nvfp4_e2m1_decode(c), want = (float)support_e2m1[c];
    assert_memory_equal(&got, &want, sizeof got); /* signs of zeros count */
    got = nvfp4_e2m1_decode(c | 0xf0u);
    assert_memory_equal(&got, &want, sizeof got);
  }
}

static void e4m3_decode_every_code(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    float got = nvfp4_e4m3_decode(c), want = (float)support_e4m3_value(c);
    if ((c & 127) == 127) {
      assert_true(isnan(got));
      assert_int_equal(signbit(got) != 0, c >> 7);
    } else {
      assert_memory_equal(&got, &want, sizeof got);
    }
  }
}

/* The nearest of count increasing magnitudes to |x|; a tie goes to the even index. */
static unsigned nearest(const double *value, unsigned count, double x) {
  unsigned best = 0;
  x = fabs(x);
  for (unsigned i = 1; i < count; i++) {
    double d = fabs(value[i] - x), least = fabs(value[best] - x);
    if (d < least || (d == least && i % 2 == 0))
      best = i;
  }
  return best;
}

static void check_encodings(float x) {
  unsigned sign = signbit(x) ? 1 : 0;
  /* beyond the range the search would compare rounded distances: both formats saturate there */
  unsigned element = fabsf(x) >= 6.0f ? 7 : nearest(support_e2m1, 8, (double)x);
  assert_int_equal(nvfp4_e2m1_encode(x), element | sign << 3);
  unsigned magnitude = fabsf(x) >= 448.0f ? 126 : nearest(support_e4m3, 127, (double)x);
  assert_int_equal(nvfp4_e4m3_encode(x), magnitude | sign << 7);
  assert_int_equal(nvfp4_ue4m3_encode(x), sign ? 0 : magnitude);
}

static void check_around(double x) {
  float f = (float)x;
  check_encodings(f);
  check_encodings(-f);
  check_encodings(nextafterf(f, INFINITY));
  check_encodings(nextafterf(f, -INFINITY));
  check_encodings(-nextafterf(f, INFINITY));
}

static void encode_codes_and_midpoints(void **state) {
  (void)state;
  for (unsigned i = 0; i < 8; i++) {
    check_around(support_e2m1[i]);
    if (i > 0)
      check_around((support_e2m1[i] + support_e2m1[i - 1]) / 2);
  }
  for (unsigned i = 0; i < 127; i++) {
    check_around(support_e4m3[i]);
    if (i > 0)
      check_around((support_e4m3[i] + support_e4m3[i - 1]) / 2);
  }
  for (unsigned c = 0; c < 16; c++)
    assert_int_equal(nvfp4_e2m1_encode(nvfp4_e2m1_decode(c)), c);
  for (unsigned c = 0; c < 256; c++)
    assert_int_equal(nvfp4_e4m3_encode(nvfp4_e4m3_decode(c)), c);
}

static void encode_random_floats(void **state) {
  (void)state;
  for (int i = 0; i < 20000; i++) {
    uint32_t bits = (uint32_t)support_random();
    float x;
    if (i % 2) /* most random bits are far from the range: aim half of them */
      bits = (bits & 0x807fffffu) | (uint32_t)(112u + support_random() % 26u) << 23;
    memcpy(&x, &bits, sizeof x);
    if (isfinite(x))
      check_encodings(x);
  }
}

static void encode_what_is_not_finite(void **state) {
  (void)state;
  assert_int_equal(nvfp4_e2m1_encode(INFINITY), 7);
  assert_int_equal(nvfp4_e2m1_encode(-INFINITY), 15);
  assert_int_equal(nvfp4_e2m1_encode(NAN), 7);
  assert_int_equal(nvfp4_e2m1_encode(-NAN), 7);
  assert_int_equal(nvfp4_e4m3_encode(INFINITY), 0x7e);
  assert_int_equal(nvfp4_e4m3_encode(-INFINITY), 0xfe);
  assert_int_equal(nvfp4_e4m3_encode(copysignf(NAN, 1.0f)), 0x7f);
  assert_int_equal(nvfp4_e4m3_encode(copysignf(NAN, -1.0f)), 0xff);
  assert_int_equal(nvfp4_ue4m3_encode(INFINITY), 0x7e);
  assert_int_equal(nvfp4_ue4m3_encode(-INFINITY), 0);
  assert_int_equal(nvfp4_ue4m3_encode(copysignf(NAN, -1.0f)), 0x7f);
}

static void status_has_text(void **state) {
  (void)state;
  for (int s = 0; s < NVFP4_STATUS_COUNT; s++)
    assert_true(strlen(nvfp4_status_text((enum nvfp4_status)s)) > 0);
  assert_non_null(nvfp4_status_text((enum nvfp4_status)999));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(e2m1_decode_every_code),     cmocka_unit_test(e4m3_decode_every_code),
      cmocka_unit_test(encode_codes_and_midpoints), cmocka_unit_test(encode_random_floats),
      cmocka_unit_test(encode_what_is_not_finite),  cmocka_unit_test(status_has_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

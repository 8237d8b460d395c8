/* Room: tests of challenge. Every class of mismatch, for every type of element. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "challenge/challenge_helper.h"

static const struct challenge_tensor out_tensor[2] = {{"c", "f16"}, {"d", "f16"}};

/* One tensor of `type` with up to three axes, exact or bounded. */
struct setup {
  struct challenge c;
  struct challenge_plan p;
  sk_tensor out[4];
  uint64_t offset[4], span[4], elems[4];
  const uint8_t *value[4];
  const double *tolerance[4];
  struct challenge_data d;
};

static void setup_one(struct setup *s, uint32_t type, int64_t n, int64_t stride, const void *value,
                      const double *tolerance) {
  memset(s, 0, sizeof *s);
  s->c.out = out_tensor;
  s->c.n_out = 1;
  s->p.n_problems = 1;
  s->p.n_out = 1;
  s->p.out = s->out;
  s->p.out_offset = s->offset;
  s->p.out_span = s->span;
  s->p.out_elems = s->elems;
  s->out[0].type = type;
  s->out[0].rank = 1;
  s->out[0].dim[0] = n;
  s->out[0].stride[0] = stride;
  s->elems[0] = (uint64_t)n;
  s->value[0] = value;
  s->tolerance[0] = tolerance;
  s->d.value = s->value;
  s->d.tolerance = s->tolerance;
  s->d.numerics = tolerance ? SK_BOUNDED : SK_EXACT;
}

static uint64_t exact(uint32_t type, size_t bytes, uint64_t got, uint64_t want) {
  struct setup s;
  struct challenge_mismatch m;
  setup_one(&s, type, 1, (int64_t)bytes, &want, NULL);
  challenge_compare(&s.c, &s.p, &s.d, (const uint8_t *)&got, &m);
  assert_int_equal(m.compared, 1);
  return m.wrong;
}

static uint64_t bounded(uint32_t type, size_t bytes, uint64_t got, double want, double tolerance) {
  struct setup s;
  struct challenge_mismatch m;
  setup_one(&s, type, 1, (int64_t)bytes, &want, &tolerance);
  challenge_compare(&s.c, &s.p, &s.d, (const uint8_t *)&got, &m);
  assert_int_equal(m.compared, 1);
  return m.wrong;
}

static uint64_t bits32(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}

static uint64_t bits64(double d) {
  uint64_t u;
  memcpy(&u, &d, 8);
  return u;
}

static void test_exact(void **state) {
  (void)state;
  static const struct {
    uint32_t type;
    size_t bytes;
    uint64_t got, want;
    uint64_t wrong;
  } t[] = {
      {SK_F16, 2, 0x3c00, 0x3c00, 0},
      {SK_F16, 2, 0x3c01, 0x3c00, 1},
      {SK_F16, 2, 0x8000, 0x0000, 0}, /* -0 equals +0 */
      {SK_F16, 2, 0x0001, 0x0000, 1}, /* the smallest subnormal is not zero */
      {SK_F16, 2, 0x8001, 0x0001, 1},
      {SK_F16, 2, 0x7e01, 0xfe00, 0}, /* NaN equals NaN, whatever its bits */
      {SK_F16, 2, 0x7e00, 0x7c00, 1},
      {SK_F16, 2, 0x7c00, 0x7e00, 1},
      {SK_F16, 2, 0x7c00, 0xfc00, 1}, /* infinities have signs */
      {SK_F16, 2, 0x7bff, 0x7c00, 1},
      {SK_BF16, 2, 0x8000, 0x0000, 0},
      {SK_BF16, 2, 0x7fc0, 0x7f81, 0},
      {SK_BF16, 2, 0x7f80, 0x7f81, 1},
      {SK_F32, 4, 0x80000000u, 0, 0},
      {SK_F32, 4, 0x7fc00001u, 0x7f800001u, 0},
      {SK_F32, 4, 0x3f800001u, 0x3f800000u, 1},
      {SK_F64, 8, 0x8000000000000000u, 0, 0},
      {SK_F64, 8, 0x7ff8000000000000u, 0xfff0000000000001u, 0},
      {SK_F64, 8, 0x3ff0000000000001u, 0x3ff0000000000000u, 1},
      {SK_E4M3, 1, 0x80, 0x00, 0},
      {SK_E4M3, 1, 0x7f, 0xff, 0},
      {SK_E4M3, 1, 0x7e, 0x7f, 1},
      {SK_E4M3, 1, 0x01, 0x00, 1},
      {SK_U8, 1, 0x80, 0x00, 1},
      {SK_I32, 4, 0x80000000u, 0, 1},
      {SK_I64, 8, 0x8000000000000000u, 0, 1},
      {SK_I64, 8, UINT64_C(9007199254740993), UINT64_C(9007199254740992), 1}, /* doubles could not tell */
      {SK_I32, 4, 0xffffffffu, 0xffffffffu, 0},
      {SK_E2M1X2, 1, 0x80, 0x08, 0}, /* each nibble by itself */
      {SK_E2M1X2, 1, 0x08, 0x00, 0},
      {SK_E2M1X2, 1, 0x18, 0x10, 0},
      {SK_E2M1X2, 1, 0x91, 0x11, 1},
      {SK_E2M1X2, 1, 0x21, 0x12, 1},
  };
  for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
    uint64_t wrong = exact(t[i].type, t[i].bytes, t[i].got, t[i].want);
    if (wrong != t[i].wrong)
      print_error("row %zu\n", i);
    assert_int_equal(wrong, t[i].wrong);
  }
}

static void test_bounded(void **state) {
  (void)state;
  double nan = (double)NAN, inf = (double)INFINITY;
  struct {
    uint32_t type;
    size_t bytes;
    uint64_t got;
    double want, tolerance;
    uint64_t wrong;
  } t[] = {
      {SK_F16, 2, 0x3c00, 1.0, 0.0, 0},
      {SK_F16, 2, 0x3c00, 1.25, 0.25, 0}, /* on the edge is right */
      {SK_F16, 2, 0x3c00, 1.2500001, 0.25, 1},
      {SK_F16, 2, 0xbc00, 1.0, 1.9, 1},
      {SK_F16, 2, 0x7e00, 1.0, 1e300, 1}, /* NaN is never near */
      {SK_F16, 2, 0x7e00, nan, 0.0, 0},
      {SK_F16, 2, 0x3c00, nan, inf, 1},
      {SK_F16, 2, 0x3c00, 1.0, nan, 1}, /* a reference that was not written */
      {SK_F16, 2, 0x7c00, inf, 0.0, 0},
      {SK_F16, 2, 0xfc00, inf, 0.0, 1},
      {SK_F16, 2, 0x7bff, inf, inf, 1},      /* finite is another class */
      {SK_F16, 2, 0x7c00, 65504.0, 16.0, 0}, /* 65520 rounds to infinity */
      {SK_F16, 2, 0x7c00, 65504.0, 15.9, 1},
      {SK_F16, 2, 0xfc00, 65504.0, 16.0, 1},
      {SK_F16, 2, 0xfc00, -70000.0, 1.0, 0},
      {SK_F16, 2, 0x7c00, 70000.0, 0.0, 0},
      {SK_F16, 2, 0x7bff, 70000.0, 10.0, 1},
      {SK_F16, 2, 0x7c00, nan, 0.0, 1},
      {SK_BF16, 2, 0x3f80, 1.0, 0.0, 0},
      {SK_BF16, 2, 0x7f80, 3.3961775292304957e38, 0.0, 0},
      {SK_BF16, 2, 0x7f80, 3.3895313892515355e38, 0.0, 1},
      {SK_F32, 4, bits32(1.5f), 1.5, 0.0, 0},
      {SK_F32, 4, bits32(1.5f), 1.6, 0.05, 1},
      {SK_F32, 4, bits32(INFINITY), (double)FLT_MAX, 0.0, 1},
      {SK_F32, 4, bits32(INFINITY), (double)FLT_MAX, 1.1e31, 0},
      {SK_F64, 8, bits64(2.5), 2.5, 0.0, 0},
      {SK_F64, 8, bits64(inf), DBL_MAX, 0.0, 1},
      {SK_F64, 8, bits64(inf), DBL_MAX, DBL_MAX, 0},
      {SK_E4M3, 1, 0x38, 1.0, 0.0, 0},
      {SK_E4M3, 1, 0x7e, 448.0, 0.0, 0},
      {SK_E4M3, 1, 0x01, 0.001953125, 0.0, 0},
      {SK_E4M3, 1, 0x7f, 448.0, 1e9, 1},
      {SK_U8, 1, 200, 199.0, 1.0, 0},
      {SK_U8, 1, 200, 198.0, 1.0, 1},
      {SK_I32, 4, 0xfffffffbu, -5.0, 0.0, 0},
      {SK_I64, 8, (uint64_t)-7, -6.0, 0.5, 1},
  };
  for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
    uint64_t wrong = bounded(t[i].type, t[i].bytes, t[i].got, t[i].want, t[i].tolerance);
    if (wrong != t[i].wrong)
      print_error("row %zu\n", i);
    assert_int_equal(wrong, t[i].wrong);
  }
}

/* All 65536 codes against the compiler's own conversion. */
static void test_f16_values(void **state) {
  (void)state;
#ifdef __FLT16_MAX__
  for (uint32_t code = 0; code < 65536; code++) {
    uint16_t bits = (uint16_t)code;
    _Float16 h;
    memcpy(&h, &bits, 2);
    double want = (double)h;
    assert_int_equal(bounded(SK_F16, 2, code, want, 0.0), 0);
    if (isfinite(want))
      assert_int_equal(bounded(SK_F16, 2, code, want + fabs(want) * 0x1p-20 + 0x1p-40, 0x1p-60), 1);
  }
#else
  print_message("skipped: this compiler has no _Float16\n");
  skip();
#endif
}

/* Two groups of two outputs, three axes with gaps: the place of the first mismatch, and the count. */
static void test_places(void **state) {
  (void)state;
  struct setup s;
  struct challenge_mismatch m;
  static int32_t value[2 * 3 * 5];
  uint8_t image[4096];
  setup_one(&s, SK_I32, 5, 8, value, NULL);
  s.c.n_out = s.p.n_out = 2;
  s.p.n_problems = 2;
  for (uint64_t t = 0; t < 4; t++) {
    s.out[t] = (sk_tensor){NULL, SK_I32, 3, {2, 3, 5}, {256, 64, 8}};
    s.offset[t] = 64 + t * 1024;
    s.elems[t] = 30;
    s.value[t] = (const uint8_t *)value;
  }
  for (int32_t i = 0; i < 30; i++)
    value[i] = i * 1000 - 7;
  memset(image, 0x77, sizeof image);
  for (uint64_t t = 0; t < 4; t++)
    for (uint64_t i = 0; i < 30; i++)
      memcpy(image + s.offset[t] + i / 15 * 256 + i / 5 % 3 * 64 + i % 5 * 8, &value[i], 4);
  challenge_compare(&s.c, &s.p, &s.d, image, &m);
  assert_int_equal(m.wrong, 0);
  assert_int_equal(m.compared, 120);
  image[s.offset[3] + 256 + 128 + 24] ^= 1; /* group 1, output d, element [1,2,3] */
  image[s.offset[3] + 256 + 128 + 32] ^= 1;
  challenge_compare(&s.c, &s.p, &s.d, image, &m);
  assert_int_equal(m.wrong, 2);
  assert_int_equal(m.problem, 1);
  assert_int_equal(m.output, 1);
  assert_int_equal(m.rank, 3);
  assert_int_equal(m.index[0], 1);
  assert_int_equal(m.index[1], 2);
  assert_int_equal(m.index[2], 3);
  assert_true(m.want == 27993.0);
  assert_string_equal(m.text, "d of group 1 at [1,2,3]: got 27992, want 27993 (exact)");
  challenge_compare_tensor(&s.c, &s.p, &s.d, 2, image + s.offset[2], &m);
  assert_int_equal(m.wrong, 0);
  assert_int_equal(m.compared, 30);
}

/* Long dense rows go by chunks: one wrong element anywhere is found. */
static void test_dense(void **state) {
  (void)state;
  enum { N = 10000 };
  struct setup s;
  struct challenge_mismatch m;
  uint16_t *value = malloc(N * 2), *got = malloc(N * 2);
  assert_non_null(value);
  assert_non_null(got);
  for (size_t i = 0; i < N; i++)
    value[i] = (uint16_t)(i * 7 % 0x7c00);
  setup_one(&s, SK_F16, N, 2, value, NULL);
  static const size_t places[] = {0, 1, 4095, 4096, 4097, 8191, 8192, N - 1};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    memcpy(got, value, N * 2);
    got[places[i]] ^= 0x0400;
    challenge_compare(&s.c, &s.p, &s.d, (const uint8_t *)got, &m);
    assert_int_equal(m.wrong, 1);
    assert_int_equal(m.index[0], places[i]);
  }
  memcpy(got, value, N * 2);
  got[0] = 0x8000; /* differs in bits only */
  challenge_compare(&s.c, &s.p, &s.d, (const uint8_t *)got, &m);
  assert_int_equal(m.wrong, 0);
  free(value);
  free(got);
}

/* The nearest value of a type, and back; every value of the small types comes back as itself. */
static void test_encode(void **state) {
  (void)state;
  static const struct {
    uint32_t type;
    double value;
    uint64_t bits;
  } table[] = {{SK_F16, 1.0, 0x3c00},         {SK_F16, 65519.9, 0x7bff},     {SK_F16, 65520.0, 0x7c00},
               {SK_F16, -0.0, 0x8000},        {SK_F16, 0x1p-24, 1},          {SK_F16, 0x1p-25, 0},
               {SK_F16, 0x1.8p-24, 2},        {SK_F16, 0x1.ffep-15, 0x0400}, {SK_F16, 2047.5 * 2, 0x6c00},
               {SK_BF16, 1.00390625, 0x3f80}, {SK_E4M3, 448, 0x7e},          {SK_E4M3, 1e9, 0x7e},
               {SK_E4M3, 0x1p-9, 1},          {SK_I32, -3, 0xfffffffd},      {SK_U8, 7, 7}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (challenge_encode(table[i].type, table[i].value) != table[i].bits)
      fail_msg("%g as type %u is 0x%llx", table[i].value, table[i].type,
               (unsigned long long)challenge_encode(table[i].type, table[i].value));
  static const uint32_t small[] = {SK_F16, SK_BF16, SK_E4M3};
  for (size_t k = 0; k < 3; k++)
    for (uint64_t bits = 0; bits < (small[k] == SK_E4M3 ? 256 : 65536); bits++) {
      double value = challenge_decode(small[k], bits);
      if (!isnan(value) && challenge_encode(small[k], value) != bits)
        fail_msg("0x%llx of type %u does not come back", (unsigned long long)bits, small[k]);
    }
}

/* Two results that are right may differ from each other by the tolerance, not more. */
static void test_two(void **state) {
  (void)state;
  const double want[3] = {1, 2, 3}, tolerance[3] = {0.5, 0.5, 0.5};
  const float one[3] = {1.5f, 2, 3}, near[3] = {1, 2, 3.25f}, far[3] = {0.5f, 2, 3};
  struct setup s;
  struct challenge_mismatch m;
  setup_one(&s, SK_F32, 3, 4, want, tolerance);
  challenge_compare_two(&s.c, &s.p, &s.d, (const uint8_t *)one, (const uint8_t *)near, &m);
  assert_int_equal(m.wrong, 0);
  challenge_compare_two(&s.c, &s.p, &s.d, (const uint8_t *)one, (const uint8_t *)far, &m);
  assert_int_equal(m.wrong, 1);
  assert_true(m.got == 1.5 && m.want == 0.5 && m.index[0] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_exact),  cmocka_unit_test(test_bounded), cmocka_unit_test(test_f16_values),
      cmocka_unit_test(test_places), cmocka_unit_test(test_dense),   cmocka_unit_test(test_encode),
      cmocka_unit_test(test_two),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

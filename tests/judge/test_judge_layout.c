/* Room: tests of the judge. The poison is finite and fresh; a changed band is found wherever it is. */
#include "judge_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge_internal.h"

static void poison_is_finite_in_every_type(void **state) {
  (void)state;
  enum { BYTES = 4096 + 6 }; /* not a multiple of 8 */
  static const struct {
    uint32_t type, width;
    uint64_t exponent;
  } row[] = {{SK_F16, 2, 0x7c00},
             {SK_BF16, 2, 0x7f80},
             {SK_F32, 4, 0x7f800000},
             {SK_F64, 8, UINT64_C(0x7ff0000000000000)},
             {SK_E4M3, 1, 0x78}};
  uint8_t slot[8192], again[8192];
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    sk_tensor tensor = {.type = row[i].type};
    struct challenge_plan plan = {.out = &tensor};
    uint64_t at = 64, span = BYTES / row[i].width * row[i].width;
    struct judge_shape shape = {
        .plan = &plan, .n_out = 1, .out_at = &at, .out_span = &span, .out_slot_bytes = sizeof slot};
    struct rng r;
    rng_init(&r, 9);
    judge_poison(&shape, &r, slot);
    judge_poison(&shape, &r, again);
    uint64_t same = 0, n = span / row[i].width;
    for (uint64_t k = 0; k < n; k++) {
      uint64_t value = 0;
      memcpy(&value, slot + at + k * row[i].width, row[i].width);
      assert_true((value & row[i].exponent) != row[i].exponent);
      same += memcmp(slot + at + k * row[i].width, again + at + k * row[i].width, row[i].width) == 0;
    }
    assert_true(same < n / 16);
  }
}

static void every_band_byte_counts(void **state) {
  struct fixture *f = *state;
  struct judge_shape s;
  struct error e = {0};
  assert_int_equal(judge_shape_create(f->judge, &f->challenge->test[1], JUDGE_LAYOUT_BLOCK, &s, &e), ST_OK);
  uint8_t *before = malloc(s.out_slot_bytes), *slot = malloc(s.out_slot_bytes);
  assert_true(before && slot);
  struct rng r;
  rng_init(&r, 3);
  judge_poison(&s, &r, before);
  memcpy(slot, before, s.out_slot_bytes);
  for (uint64_t i = 0; i < s.out_slot_bytes; i++) {
    int inside = 0;
    for (uint32_t t = 0; t < s.n_out; t++)
      inside |= i >= s.out_at[t] && i < s.out_at[t] + s.out_span[t];
    slot[i] ^= 0x10;
    int64_t found = judge_bands_changed(&s, slot, before);
    if (found != (inside ? -1 : (int64_t)i))
      fail_msg("a change at %llu was seen at %lld", (unsigned long long)i, (long long)found);
    slot[i] ^= 0x10;
  }
  char text[160];
  judge_shape_describe(f->judge, &s, 1, s.out_at[1] + s.out_span[1], text, sizeof text);
  assert_string_equal(text, "1 byte past output c of group 1");
  judge_shape_describe(f->judge, &s, 1, s.out_at[0], text, sizeof text);
  assert_string_equal(text, "inside output c of group 0");
  free(before);
  free(slot);
  judge_shape_free(&s);
}

/* Hidden shapes are legal, near, and not the same twice. */
static void hidden_shapes_are_legal(void **state) {
  struct fixture *f = *state;
  struct arena a;
  struct error e = {0};
  struct challenge_shape hidden[8];
  uint32_t made = 0;
  arena_init(&a, 0);
  assert_int_equal(judge_hidden_shapes(f->judge, &a, &f->challenge->test[1], 8, hidden, &made, &e), ST_OK);
  assert_int_equal(made, 8);
  int different = 0;
  for (uint32_t i = 0; i < made; i++) {
    assert_true(challenge_shape_legal(f->challenge, &hidden[i], NULL));
    different += hidden[i].n_problems != 2 ||
                 memcmp(hidden[i].sizes, f->challenge->test[1].sizes, 6 * sizeof(int64_t)) != 0;
  }
  assert_int_equal(different, 8);
  int groups[4] = {0};
  for (int again = 0; again < 8; again++) { /* one group or two, as the challenge's own have */
    assert_int_equal(judge_hidden_shapes(f->judge, &a, &f->challenge->test[1], 8, hidden, &made, &e), ST_OK);
    for (uint32_t i = 0; i < made; i++)
      groups[hidden[i].n_problems & 3]++;
  }
  assert_true(groups[1] > 0 && groups[2] > 0 && groups[1] + groups[2] == 64);
  arena_fini(&a);
}

/* Every size at its least, and each at its most. */
static void corners_of_what_is_legal(void **state) {
  struct fixture *f = *state;
  static const int64_t want[4][3] = {{4096, 1, 1}, {1, 4096, 1}, {1, 1, 4096}, {1, 1, 1}};
  struct arena a;
  struct error e = {0};
  struct challenge_shape corner[4];
  uint32_t made = 0;
  arena_init(&a, 0);
  assert_int_equal(judge_corner_shapes(f->judge, &a, &f->challenge->test[0], corner, &made, &e), ST_OK);
  assert_int_equal(made, 4);
  for (uint32_t i = 0; i < made; i++)
    assert_memory_equal(corner[i].sizes, want[i], sizeof want[i]);
  arena_fini(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(poison_is_finite_in_every_type),
      cmocka_unit_test(every_band_byte_counts),
      cmocka_unit_test(hidden_shapes_are_legal),
      cmocka_unit_test(corners_of_what_is_legal),
  };
  return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}

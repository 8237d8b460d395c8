/* Room: tests of challenge. A problem module from source to compared results, in its sandbox. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "challenge/challenge_helper.h"
#include "challenge/challenge_peak.h"
#include "challenge_fixture.h"

static struct challenge *the_challenge;
static struct challenge_helper *the_helper;

static int open_helper(void **state) {
  struct error e = {0};
  (void)state;
  if (challenge_open(ST_TEST_DIR "/fixtures/vector_add", &the_challenge, &e) != ST_OK ||
      challenge_helper_open(the_challenge, &the_helper, &e) != ST_OK) {
    print_error("%s:%d: %s\n", e.file, e.line, e.text);
    return -1;
  }
  return 0;
}

static int close_helper(void **state) {
  (void)state;
  challenge_helper_close(the_helper);
  challenge_close(the_challenge);
  return 0;
}

static struct challenge_plan *plan_of(const char *shape) {
  struct error e = {0};
  struct challenge_plan *p = NULL;
  if (challenge_plan_create(the_helper, challenge_find_shape(the_challenge, shape), &p, &e) != ST_OK)
    fail_msg("%s", e.text);
  return p;
}

static void prepare(const struct challenge_plan *p, uint32_t family, const uint64_t *seeds, uint32_t count,
                    uint32_t threads, struct challenge_data *out) {
  struct error e = {0};
  if (challenge_prepare(the_helper, p, family, seeds, count, threads, out, &e) != ST_OK)
    fail_msg("%s", e.text);
}

static void test_families(void **state) {
  (void)state;
  assert_int_equal(challenge_family_count(the_helper), 2);
  assert_string_equal(challenge_family_name(the_helper, 0), "task");
  assert_string_equal(challenge_family_name(the_helper, 1), "wide");
  assert_string_equal(challenge_family_name(the_helper, 2), "");
}

static void test_plan(void **state) {
  (void)state;
  struct challenge_plan *p = plan_of("little");
  static const int64_t n[3] = {300, 100, 200};
  assert_int_equal(p->n_problems, 3);
  assert_int_equal(p->n_in, 2);
  assert_int_equal(p->n_out, 2);
  assert_int_equal(p->sizes[2], 200);
  uint64_t behind = 0, out_behind = 0;
  for (uint32_t t = 0; t < 6; t++) {
    assert_int_equal(p->in[t].dim[0], n[t / 2]);
    assert_null(p->in[t].data);
    assert_int_equal(p->in_offset[t] % 64, 0);
    assert_true(p->in_offset[t] >= behind);
    behind = p->in_offset[t] + p->in_span[t];
    assert_int_equal(p->in_span[t], 4 * n[t / 2]);
    assert_int_equal(p->out_offset[t] % 64, 0);
    assert_true(p->out_offset[t] >= out_behind + CHALLENGE_GUARD_BYTES);
    out_behind = p->out_offset[t] + p->out_span[t];
    assert_int_equal(p->out_elems[t], n[t / 2]);
  }
  assert_true(p->in_bytes >= behind && p->in_bytes % 4096 == 0);
  assert_true(p->out_bytes >= out_behind + CHALLENGE_GUARD_BYTES && p->out_bytes % 4096 == 0);
  challenge_plan_free(p);
  challenge_plan_free(NULL);
}

/* An output image as an honest entry would leave it. */
static uint8_t *compute(const struct challenge_plan *p, const uint8_t *inputs) {
  uint8_t *image = malloc(p->out_bytes);
  assert_non_null(image);
  memset(image, 0xa5, p->out_bytes);
  for (uint32_t g = 0; g < p->n_problems; g++)
    for (int64_t i = 0; i < p->sizes[g]; i++) {
      float x, y, sum;
      memcpy(&x, inputs + p->in_offset[2 * g] + 4 * i, 4);
      memcpy(&y, inputs + p->in_offset[2 * g + 1] + 4 * i, 4);
      sum = x + y;
      int32_t sign = (sum > 0) - (sum < 0);
      memcpy(image + p->out_offset[2 * g] + 4 * i, &sum, 4);
      memcpy(image + p->out_offset[2 * g + 1] + 4 * i, &sign, 4);
    }
  return image;
}

static void test_end_to_end(void **state) {
  (void)state;
  static const char *const shapes[] = {"little", "test1", "test2", "scaled1"};
  for (size_t s = 0; s < 4; s++) {
    struct challenge_plan *p = plan_of(shapes[s]);
    for (uint32_t family = 0; family < 2; family++) {
      uint64_t seeds[3] = {11, 12, 11};
      struct challenge_data d[3];
      struct challenge_mismatch m;
      prepare(p, family, seeds, 3, 1 + family, d);
      for (int i = 0; i < 3; i++) {
        uint8_t *image = compute(p, d[i].inputs);
        assert_int_equal(d[i].numerics, family == 0 ? SK_EXACT : SK_BOUNDED);
        challenge_compare(the_challenge, p, &d[i], image, &m);
        if (m.wrong)
          print_error("%s\n", m.text);
        assert_int_equal(m.wrong, 0);
        uint32_t t = p->n_problems * 2 - 2; /* one bit of the last group's sum */
        image[p->out_offset[t] + p->out_span[t] - 2] ^= 0x40;
        challenge_compare(the_challenge, p, &d[i], image, &m);
        assert_int_equal(m.wrong, 1);
        assert_int_equal(m.problem, p->n_problems - 1);
        assert_int_equal(m.output, 0);
        assert_int_equal(m.index[0], p->sizes[p->n_problems - 1] - 1);
        free(image);
      }
      /* seeds decide: the same gives the same bytes, another gives others */
      assert_memory_equal(d[0].inputs, d[2].inputs, p->in_span[0]);
      assert_memory_not_equal(d[0].inputs, d[1].inputs, p->in_span[0]);
    }
    challenge_plan_free(p);
  }
}

/* The pool grows and is reused: what an earlier, larger batch left behind does not matter. */
static void test_reuse(void **state) {
  (void)state;
  struct challenge_plan *large = plan_of("bench1"), *small = plan_of("test1");
  enum { COUNT = 40 };
  uint64_t seeds[COUNT];
  struct challenge_data first[1], d[COUNT];
  struct challenge_mismatch m;
  float kept[5];
  for (uint64_t i = 0; i < COUNT; i++)
    seeds[i] = i;
  prepare(small, 0, seeds, 1, 1, first);
  memcpy(kept, first[0].inputs, sizeof kept);
  prepare(large, 1, seeds, COUNT, 2, d);
  for (int i = 0; i < COUNT; i += 13) {
    uint8_t *image = compute(large, d[i].inputs);
    challenge_compare(the_challenge, large, &d[i], image, &m);
    assert_int_equal(m.wrong, 0);
    assert_int_equal(m.compared, 2 * 65536);
    free(image);
  }
  prepare(small, 0, seeds, 1, 1, first);
  assert_memory_equal(first[0].inputs, kept, sizeof kept);
  challenge_plan_free(large);
  challenge_plan_free(small);
}

static void test_ranges(void **state) {
  (void)state;
  struct challenge_plan *p = plan_of("bench1");
  struct error e = {0};
  uint64_t seeds[1] = {1};
  struct challenge_data d[1];
  assert_int_equal(challenge_prepare(the_helper, p, 2, seeds, 1, 1, d, &e), ST_RANGE);
  assert_int_equal(challenge_prepare(the_helper, p, 0, seeds, 0, 1, d, &e), ST_RANGE);
  assert_int_equal(challenge_prepare(the_helper, p, 0, seeds, 5000, 1, d, &e), ST_RANGE);
  uint64_t in_bytes = p->in_bytes;
  p->in_bytes = (uint64_t)3 << 30;
  uint64_t two[2] = {1, 2};
  struct challenge_data both[2];
  assert_int_equal(challenge_prepare(the_helper, p, 0, two, 2, 1, both, &e), ST_RANGE);
  assert_non_null(strstr(e.text, "4 GiB"));
  p->in_bytes = in_bytes;
  prepare(p, 0, seeds, 1, 1, d); /* and it still works */
  challenge_plan_free(p);
}

static void test_roofline(void **state) {
  (void)state;
  struct challenge_roofline r;
  struct error e = {0};
  const struct challenge_shape *s = challenge_find_shape(the_challenge, "bench1");
  const struct challenge_device *fast = challenge_find_device(the_challenge, "fast");
  assert_int_equal(challenge_roofline(the_helper, s, fast, &r, &e), ST_OK);
  assert_true(r.bytes == 16.0 * 65536 && r.operations == 65536.0);
  assert_true(fabs(r.intensity - 1.0 / 16) < 1e-12);
  assert_true(fabs(r.seconds - 65536 / 1e9) < 1e-12);
  assert_int_equal(r.bytes_bind, 0);
  struct challenge_device slow = {.name = "slow", .bytes_per_s = 1e6, .operations_per_s = 1e9};
  assert_int_equal(challenge_roofline(the_helper, s, &slow, &r, &e), ST_OK);
  assert_int_equal(r.bytes_bind, 1);
  assert_true(fabs(r.seconds - 16.0 * 65536 / 1e6) < 1e-9);
  /* the cpu's figures are measured */
  assert_int_equal(challenge_roofline(the_helper, s, challenge_find_device(the_challenge, "cpu"), &r, &e),
                   ST_OK);
  struct challenge_peaks peaks;
  assert_int_equal(challenge_peaks_measure(0, &peaks, &e), ST_OK);
  assert_true(peaks.plain_mac_per_s > 1e6 && peaks.read_bytes_per_s > 1e6);
  assert_true(fabs(r.bytes_seconds * peaks.read_bytes_per_s / r.bytes - 1.0) < 1e-9);
  assert_true(r.operations_seconds * 2.0 * peaks.plain_mac_per_s <= r.operations * (1.0 + 1e-9));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_families), cmocka_unit_test(test_plan),   cmocka_unit_test(test_end_to_end),
      cmocka_unit_test(test_reuse),    cmocka_unit_test(test_ranges), cmocka_unit_test(test_roofline),
  };
  return cmocka_run_group_tests(tests, open_helper, close_helper);
}

/* Room: tests of the judge. Who wins a race, and what gains nothing in one. Differences that must be
 * found are factors, so that a busy machine finds them too. */
#include "judge_fixture.h"

#include <string.h>

#define THRICE "#define REPEAT_ONE 3"
static const double SURE = 1e-3; /* a false "faster" in one run of 1000, at most */

static void faster_is_found(void **state) {
  json_t *report = fixture_duel(*state, THRICE, "", 0.01, 1);
  fixture_expect(report, "faster", NULL);
  assert_int_equal(json_int(report, "pairs", 0), 10); /* what all wins need, whatever the budget */
  assert_int_equal(json_int(report, "wins", 0), 10);
  assert_true(json_num(report, "evidence", 0) > 180 && json_num(report, "evidence", 0) < 181);
  assert_true(json_num(report, "speedup", 0) > 1.5);
  assert_int_equal(json_array_size(json_arr(report, "seeds")), 10);
  const json_t *shapes = json_arr(report, "shapes");
  assert_int_equal(json_array_size(shapes), 2);
  for (size_t i = 0; i < 2; i++) {
    const json_t *shape = json_array_get(shapes, i);
    assert_true(json_num(shape, "a_seconds", 0) > json_num(shape, "b_seconds", 0));
    assert_false(json_bool(shape, "shown_slower", 1));
    double low = json_real_value(json_array_get(json_arr(shape, "interval"), 0));
    assert_true(low > 1 && low <= json_num(shape, "speedup", 0));
  }
  assert_string_equal(json_str(report, "stop", ""), "evidence");
  json_decref(report);
}

static void slower_is_found(void **state) {
  json_t *report = fixture_duel(*state, "#define REPEAT_ONE 2", THRICE, 0.01, 20);
  fixture_expect(report, "slower", NULL);
  assert_in_range(json_int(report, "losses", 0), 7, 20); /* the signs of 7 pairs, or of more with noise */
  json_decref(report);
  report = fixture_duel(*state, "", THRICE, 0.01, 20);
  fixture_expect(report, "slower", NULL);
  assert_in_range(json_int(report, "pairs", 0), 4, 7); /* a factor of 3 on both shapes: 8 comparisons do */
  json_decref(report);
}

/* Much faster on one shape, slower on the other: faster on average, and yet held back. The factors are
 * large because every pair has to show both, also where another test has the other core. */
static void one_slow_shape_is_mixed(void **state) {
  json_t *report = fixture_duel(*state, "#define REPEAT_ONE 48\n#define REPEAT_MORE 1",
                                "#define REPEAT_ONE 1\n#define REPEAT_MORE 6", 0.01, 1);
  fixture_expect(report, "mixed", NULL);
  assert_true(json_bool(json_array_get(json_arr(report, "shapes"), 1), "shown_slower", 0));
  json_decref(report);
}

static void wrong_ends_a_duel(void **state) {
  json_t *report = fixture_duel(*state, "", "#define VARIANT_one_wrong 1", 0.01, 1);
  fixture_expect(report, "wrong", "bench1: c");
  assert_string_equal(json_str(report, "who", ""), "B");
  json_decref(report);
  report = fixture_duel(*state, "#define VARIANT_after_20_calls 1", "", 0.01, 1);
  fixture_expect(report, "wrong", NULL);
  assert_string_equal(json_str(report, "who", ""), "A");
  json_decref(report);
  report = fixture_duel(*state, "", "#define VARIANT_compile_error 1", 0.01, 1);
  fixture_expect(report, "compile_error", NULL);
  assert_string_equal(json_str(report, "who", ""), "B");
  json_decref(report);
  report = fixture_duel(*state, "#define VARIANT_never 1", "", 0.01, 1);
  fixture_expect(report, "timeout", "bench1");
  assert_string_equal(json_str(report, "who", ""), "A");
  json_decref(report);
  report = fixture_duel(*state, "", "#define VARIANT_one_past 1", 0.01, 1);
  fixture_expect(report, "out_of_bounds", "wrote 1 byte past output c");
  json_decref(report);
}

/* What only a race shows to be wrong: a race holds blocks of the wider families too. */
static void races_check_more_than_the_task(void **state) {
  /* it wins every pair, so that there are pairs enough to find it out */
  json_t *report = fixture_duel(*state, THRICE, "#define VARIANT_trusts_the_task 1", 0.01, 1);
  fixture_expect(report, "wrong", NULL);
  assert_string_equal(json_str(report, "who", ""), "B");
  const char *family = json_str(report, "family", "");
  assert_true(strcmp(family, "ones") == 0 || strcmp(family, "zeros") == 0);
  json_decref(report);
  report = fixture_duel(*state, "", "", SURE, 0.1);
  assert_true(json_int(report, "wide_blocks", 0) >= 1);
  assert_int_equal(json_array_size(json_arr(report, "below_roofline")), 0);
  assert_string_equal(json_str(report, "delta_from", ""), "default");
  json_decref(report);
}

/* A bound of a millennium a call: every time lies below it. */
static void below_the_roofline_is_noted_and_run_again(void **state) {
  struct fixture *f = *state;
  struct challenge_device device = {.name = "cpu", .bytes_per_s = 1e-6, .operations_per_s = 1e-6};
  const struct challenge_device *keep = f->challenge->device;
  size_t n_keep = f->challenge->n_devices;
  f->challenge->device = &device;
  f->challenge->n_devices = 1;
  json_t *report = fixture_duel(f, "", THRICE, 0.01, 0.1);
  fixture_expect(report, "slower", NULL); /* the verdict is what it would be */
  const json_t *below = json_arr(report, "below_roofline");
  assert_int_equal(json_array_size(below), 4); /* two shapes, two sides */
  for (size_t i = 0; i < 4; i++) {
    const json_t *item = json_array_get(below, i);
    assert_true(json_num(item, "rerun_seconds", 0) > 0);
    assert_true(json_num(item, "seconds", 0) < json_num(item, "roofline_seconds", 0));
    assert_true(json_bool(item, "still_below", 0));
  }
  json_decref(report);
  device.physical = 1; /* no file can say so of a cpu; of another device it can */
  report = fixture_duel(f, "", THRICE, 0.01, 0.1);
  fixture_expect(report, "below_roofline", "the bound is");
  assert_string_equal(json_str(report, "who", ""), "A");
  json_decref(report);
  f->challenge->device = keep;
  f->challenge->n_devices = n_keep;
}

static void cheats_gain_nothing(void **state) {
  static const char *const cheat[] = {"#define VARIANT_compare_cache 1", "#define VARIANT_pointer_cache 1",
                                      "#define VARIANT_early_done 1", "#define VARIANT_look_ahead 1",
                                      "#define VARIANT_poison_no_op 1"};
  for (size_t i = 0; i < sizeof cheat / sizeof cheat[0]; i++) {
    json_t *report = fixture_duel(*state, "", cheat[i], SURE, 1.5);
    if (strcmp(json_str(report, "verdict", ""), "faster") == 0 ||
        strcmp(json_str(report, "verdict", ""), "mixed") == 0)
      fixture_expect(report, "anything but a win", cheat[i]);
    json_decref(report);
  }
}

static void measures(void **state) {
  struct fixture *f = *state;
  struct buffer source;
  struct error e = {0};
  json_t *report = NULL;
  fixture_source(&source, "");
  assert_int_equal(judge_measure(f->judge, source.data, source.bytes, 0, NULL, 0.5, &report, &e), ST_OK);
  fixture_expect(report, "ok", NULL);
  assert_true(json_num(report, "geomean_seconds", 0) > 0);
  assert_int_equal(json_array_size(json_arr(report, "shapes")), 2);
  json_decref(report);
  assert_int_equal(judge_measure(f->judge, source.data, source.bytes, 0, "bench2", 0.2, &report, &e), ST_OK);
  assert_int_equal(json_array_size(json_arr(report, "shapes")), 1);
  json_decref(report);
  assert_int_equal(judge_measure(f->judge, source.data, source.bytes, 0, "bench9", 0.2, &report, &e),
                   ST_INPUT);
  assert_non_null(strstr(e.text, "bench9"));
  buffer_fini(&source);
  fixture_source(&source, "#define VARIANT_one_wrong 1");
  assert_int_equal(judge_measure(f->judge, source.data, source.bytes, 0, NULL, 0.2, &report, &e), ST_OK);
  fixture_expect(report, "wrong", NULL);
  json_decref(report);
  buffer_fini(&source);
}

static int always(void *context) {
  (void)context;
  return 1;
}

static void a_cancelled_duel_says_so(void **state) {
  struct fixture *f = *state;
  struct judge_progress progress = {.cancelled = always};
  struct judge_duel_options o;
  struct judge *judge;
  struct buffer source;
  struct error e = {0};
  json_t *report = NULL;
  judge_duel_defaults(&o);
  fixture_source(&source, "");
  assert_int_equal(judge_open(f->challenge, &progress, &judge, &e), ST_OK);
  assert_int_equal(judge_duel(judge, source.data, source.bytes, source.data, source.bytes, &o, &report, &e),
                   ST_INTERRUPTED);
  assert_null(report);
  assert_int_equal(judge_check(judge, source.data, source.bytes, &report, &e), ST_INTERRUPTED);
  judge_close(judge);
  o.alpha = 0;
  assert_int_equal(
      judge_duel(f->judge, source.data, source.bytes, source.data, source.bytes, &o, &report, &e), ST_USAGE);
  buffer_fini(&source);
}

/* Fast while blocks are sized, slow afterwards: the block ends, not the judge's patience. */
static void slowing_down_ends(void **state) {
  json_t *report = fixture_duel(*state, "", "#define VARIANT_slows_down 1", 0.01, 1);
  fixture_expect(report, "timeout", NULL);
  assert_string_equal(json_str(report, "who", ""), "B");
  json_decref(report);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(faster_is_found),
      cmocka_unit_test(slower_is_found),
      cmocka_unit_test(one_slow_shape_is_mixed),
      cmocka_unit_test(wrong_ends_a_duel),
      cmocka_unit_test(cheats_gain_nothing),
      cmocka_unit_test(measures),
      cmocka_unit_test(a_cancelled_duel_says_so),
      cmocka_unit_test(slowing_down_ends),
      cmocka_unit_test(races_check_more_than_the_task),
      cmocka_unit_test(below_the_roofline_is_noted_and_run_again),
  };
  return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}

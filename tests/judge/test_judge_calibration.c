/* Room: tests of the judge. The stored margin: when it is used and when not, the percentile it is, the
 * twins it comes from, and which paces count as drift. Nothing here races. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "judge/judge_calibrate.h"
#include "judge/judge_calibrator.h"

static const int64_t DAY_NS = INT64_C(86400000000000), NOW_NS = INT64_C(1795000000000000000);
static const struct judge_machine here = {.cpu = "a processor", .judge = "1.2.3 race 1", .cores = 2};

/* n duels of 0.1 %, 0.2 % ... */
static json_t *make_file(uint32_t n, int64_t age_ns) {
  json_t *file = json_object(), *list = json_array();
  json_put_str(file, "schema", JUDGE_CALIBRATION_SCHEMA);
  json_put_str(file, "cpu", here.cpu);
  json_put_int(file, "cores", here.cores);
  json_put_str(file, "judge", here.judge);
  json_put_int(file, "measured_ns", NOW_NS - age_ns);
  for (uint32_t i = 0; i < n; i++)
    json_array_append_new(list, json_real((i + 1) * 0.001));
  json_object_set_new(file, "medians", list);
  return file;
}

/* Takes the file. */
static void expect(json_t *file, enum judge_calibration_state state, double delta) {
  struct judge_calibration c;
  judge_calibration_read(file, &here, NOW_NS, &c);
  if (c.state != state || fabs(c.delta - delta) > 1e-12)
    fail_msg("state %d, delta %g; expected %d, %g", c.state, c.delta, state, delta);
  json_decref(file);
}

static json_t *with_text(json_t *file, const char *key, const char *value) {
  json_put_str(file, key, value);
  return file;
}

static void a_calibration_is_used_only_where_it_holds(void **state) {
  (void)state;
  expect(NULL, JUDGE_CALIBRATION_NONE, 0.005);
  expect(make_file(40, DAY_NS), JUDGE_CALIBRATION_GOOD, 0.038);
  expect(make_file(20, 0), JUDGE_CALIBRATION_GOOD, 0.019);
  expect(make_file(19, DAY_NS), JUDGE_CALIBRATION_SHORT, 0.005);
  expect(make_file(40, 29 * DAY_NS), JUDGE_CALIBRATION_GOOD, 0.038);
  expect(make_file(40, 31 * DAY_NS), JUDGE_CALIBRATION_STALE, 0.005);
  expect(with_text(make_file(40, DAY_NS), "cpu", "another"), JUDGE_CALIBRATION_OTHER, 0.005);
  expect(with_text(make_file(40, DAY_NS), "judge", "1.2.4 race 1"), JUDGE_CALIBRATION_OTHER, 0.005);
  json_t *file = make_file(40, DAY_NS);
  json_put_int(file, "cores", 64);
  expect(file, JUDGE_CALIBRATION_OTHER, 0.005);
}

static void damage_is_not_believed(void **state) {
  (void)state;
  expect(with_text(make_file(40, DAY_NS), "schema", "something/1"), JUDGE_CALIBRATION_DAMAGED, 0.005);
  expect(make_file(40, -2 * DAY_NS), JUDGE_CALIBRATION_DAMAGED, 0.005); /* measured the day after tomorrow */
  json_t *file = make_file(40, DAY_NS);
  json_array_set_new(json_object_get(file, "medians"), 3, json_string("0.1"));
  expect(file, JUDGE_CALIBRATION_DAMAGED, 0.005);
  file = make_file(40, DAY_NS);
  json_array_set_new(json_object_get(file, "medians"), 3, json_real(-0.1));
  expect(file, JUDGE_CALIBRATION_DAMAGED, 0.005);
  file = make_file(40, DAY_NS);
  json_object_del(file, "measured_ns");
  expect(file, JUDGE_CALIBRATION_DAMAGED, 0.005);
  expect(json_array(), JUDGE_CALIBRATION_DAMAGED, 0.005);
  expect(make_file(JUDGE_CALIBRATION_MOST + 1, DAY_NS), JUDGE_CALIBRATION_DAMAGED, 0.005);
}

static void the_default_is_the_floor(void **state) {
  (void)state;
  json_t *file = make_file(30, DAY_NS);
  for (size_t i = 0; i < 30; i++)
    json_array_set_new(json_object_get(file, "medians"), i, json_real(0.0001));
  expect(file, JUDGE_CALIBRATION_GOOD, JUDGE_DELTA_DEFAULT);
}

static void percentiles(void **state) {
  (void)state;
  double x[100];
  for (int i = 0; i < 100; i++)
    x[i] = 100 - i;
  assert_true(judge_calibration_percentile(x, 100) == 95);
  assert_true(x[0] == 100);                               /* its own copy was sorted */
  assert_true(judge_calibration_percentile(x, 20) == 99); /* of 100, 99 ... 81: the 19th smallest */
  assert_true(judge_calibration_percentile(x, 1) == 100);
  assert_true(isnan(judge_calibration_percentile(x, 0)));
}

/* The file on this machine, where a duel looks for it. */
static void the_stored_file_is_found(void **state) {
  (void)state;
  char folder[] = "/tmp/sharktank-calibration-XXXXXX", path[4096], from[64];
  struct judge_machine machine;
  double delta;
  assert_non_null(mkdtemp(folder));
  assert_int_equal(setenv("SHARKTANK_CACHE", folder, 1), 0);
  judge_delta_here(&delta, from, sizeof from);
  assert_true(delta == 0.005);
  assert_string_equal(from, "default");
  judge_machine_here(&machine);
  assert_int_equal(judge_calibration_path(&machine, path, sizeof path, NULL), ST_OK);
  json_t *file = make_file(40, 0);
  json_put_str(file, "cpu", machine.cpu);
  json_put_int(file, "cores", machine.cores);
  json_put_str(file, "judge", machine.judge);
  json_put_int(file, "measured_ns", clock_wall_ns() - DAY_NS);
  char *text = json_pretty(file);
  assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), ST_OK);
  judge_delta_here(&delta, from, sizeof from);
  assert_true(fabs(delta - 0.038) < 1e-12);
  assert_int_equal(strncmp(from, "calibrated 20", 13), 0);
  assert_int_equal(file_write_atomic(path, text, strlen(text) / 2, NULL), ST_OK);
  judge_delta_here(&delta, from, sizeof from);
  assert_true(delta == 0.005); /* half a file is none */
  struct judge_calibration c;
  judge_calibration_load(&c);
  assert_int_equal(c.state, JUDGE_CALIBRATION_DAMAGED);
  free(text);
  json_decref(file);
  assert_int_equal(file_remove_tree(folder, NULL), ST_OK);
}

static void twins_differ_in_text_only_as_told(void **state) {
  (void)state;
  static const char entry[] = "int x;\n";
  for (int kind = 0; kind < JUDGE_TWINS; kind++) {
    struct buffer one, again, other;
    buffer_init(&one);
    buffer_init(&again);
    buffer_init(&other);
    judge_twin_source(&one, entry, sizeof entry - 1, (enum judge_twin)kind, 1, 0);
    judge_twin_source(&again, entry, sizeof entry - 1, (enum judge_twin)kind, 1, 0);
    judge_twin_source(&other, entry, sizeof entry - 1, (enum judge_twin)kind, 2, 10000);
    assert_string_equal(buffer_str(&one), buffer_str(&again));
    assert_null(strstr(buffer_str(&one), "EXTRA"));
    assert_non_null(strstr(buffer_str(&other), "#define EXTRA_PER_MILLION 10000\n"));
    assert_non_null(strstr(buffer_str(&one), entry));
    assert_int_equal(strcmp(buffer_str(&one), entry) == 0, kind == JUDGE_TWIN_SAME);
    buffer_fini(&one);
    buffer_fini(&again);
    buffer_fini(&other);
  }
}

static void drift_is_told_from_the_calibrator_alone(void **state) {
  (void)state;
  struct judge_pace pace[8];
  for (int i = 0; i < 8; i++)
    pace[i] = (struct judge_pace){.compute_ns = 30000, .memory_ns = 40000};
  assert_false(judge_pace_drifted(pace, 8));
  assert_false(judge_pace_drifted(pace, 0));
  pace[5].compute_ns = 39000; /* the core has two speeds */
  pace[2].memory_ns = 52000;
  assert_false(judge_pace_drifted(pace, 8));
  pace[5].compute_ns = 48000; /* somebody took more than a third of the core */
  assert_true(judge_pace_drifted(pace, 8));
  assert_false(judge_pace_drifted(pace, 5)); /* it came later */
  pace[5].compute_ns = 30000;
  pace[7].memory_ns = 130000;
  assert_true(judge_pace_drifted(pace, 8));
  pace[7] = (struct judge_pace){0, 0}; /* not measured */
  assert_false(judge_pace_drifted(pace, 8));
}

/* It works, goes where it is sent, and does not walk in circles. */
static void the_calibrator_measures(void **state) {
  (void)state;
  struct judge_calibrator c;
  struct judge_pace pace;
  assert_int_equal(judge_calibrator_create(&c, NULL), ST_OK);
  uint64_t at = 0, steps = 0;
  do {
    at = c.line[at * 8];
    steps++;
  } while (at && steps < UINT64_C(1) << 20);
  assert_int_equal(steps, 1 << 19); /* every line once */
  judge_calibrator_run(&c, -1, &pace);
  assert_true(pace.compute_ns > 0 && pace.memory_ns > 0);
  judge_calibrator_free(&c);
  assert_null(c.line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_calibration_is_used_only_where_it_holds),
      cmocka_unit_test(damage_is_not_believed),
      cmocka_unit_test(the_default_is_the_floor),
      cmocka_unit_test(percentiles),
      cmocka_unit_test(the_stored_file_is_found),
      cmocka_unit_test(twins_differ_in_text_only_as_told),
      cmocka_unit_test(drift_is_told_from_the_calibrator_alone),
      cmocka_unit_test(the_calibrator_measures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of challenge. knobs.yml, settings, the source of a setting, the JSON agents see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "challenge_fixture.h"

static void refuses(const char *from, const char *to, const char *part) {
  fixture_refuses("knobs.yml", from, to, 0, part);
}

static struct challenge *open_good(void) {
  struct challenge *c = NULL;
  struct error e = {0};
  if (challenge_open(ST_TEST_DIR "/fixtures/vector_add", &c, &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
  return c;
}

/* HOW plain: STEP 1, 2 and AHEAD off: 2; HOW wide: 4 * 3: 12. */
static void test_enumerate(void **state) {
  (void)state;
  struct challenge *c = open_good();
  size_t valid = 0, all = 0;
  uint32_t s[3];
  for (s[0] = 0; s[0] < 2; s[0]++)
    for (s[1] = 0; s[1] < 4; s[1]++)
      for (s[2] = 0; s[2] < 3; s[2]++) {
        struct error e = {0};
        enum status status = knob_check(c, s, &e);
        int want = s[0] == 1 || (s[1] <= 1 && s[2] == 0);
        assert_int_equal(status, want ? ST_OK : ST_INPUT);
        if (status != ST_OK) {
          assert_string_equal(e.file, c->knobs->file);
          assert_true(e.line == 8 || e.line == 9);
        }
        valid += status == ST_OK;
        all++;
        json_t *j = knob_to_json(c, s);
        uint32_t back[3] = {9, 9, 9};
        assert_int_equal(knob_from_json(c, j, back, &e), ST_OK);
        assert_memory_equal(back, s, sizeof s);
        json_decref(j);
      }
  assert_int_equal(all, 24);
  assert_int_equal(valid, 14);
  uint32_t out_of_range[3] = {2, 0, 0};
  struct error e = {0};
  assert_int_equal(knob_check(c, out_of_range, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "HOW"));
  challenge_close(c);
}

static void from_json(const char *text, const char *part) {
  struct challenge *c = open_good();
  struct error e = {0};
  uint32_t s[3];
  json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);
  assert_non_null(j);
  enum status status = knob_from_json(c, j, s, &e);
  if (!part)
    assert_int_equal(status, ST_OK);
  else {
    assert_int_equal(status, ST_INPUT);
    if (!strstr(e.text, part))
      fail_msg("%s: %s, wanted %s", text, e.text, part);
  }
  json_decref(j);
  challenge_close(c);
}

static void test_from_json(void **state) {
  (void)state;
  from_json("{\"HOW\":\"wide\",\"STEP\":4,\"AHEAD\":64}", NULL);
  from_json("{\"HOW\":\"wide\",\"STEP\":\"4\",\"AHEAD\":\"off\"}", NULL);
  from_json("{\"HOW\":\"wide\",\"STEP\":4.0,\"AHEAD\":64}", NULL);
  from_json("{\"HOW\":\"wide\",\"STEP\":4}", "says nothing about the knob `AHEAD`");
  from_json("{\"HOW\":\"wid\",\"STEP\":4,\"AHEAD\":64}", "did you mean `wide`");
  from_json("{\"HOW\":\"wide\",\"STEP\":3,\"AHEAD\":64}", "has no value 3");
  from_json("{\"HOW\":\"wide\",\"STEP\":null,\"AHEAD\":64}", "`STEP` has no value");
  from_json("{\"HOW\":\"wide\",\"STEPS\":4,\"AHEAD\":64}", "did you mean `STEP`");
  from_json("{\"XYZ\":1}", "there is no knob `XYZ`");
  from_json("[]", "must be an object");
  from_json("7", "must be an object");
}

static void test_source(void **state) {
  (void)state;
  struct challenge *c = open_good();
  struct error e = {0};
  uint32_t s[3] = {1, 3, 0}, bad[3] = {1, 4, 0};
  struct buffer a, b;
  buffer_init(&a);
  buffer_init(&b);
  assert_int_equal(knob_entry_source(c, s, &a, &e), ST_OK);
  const char *text = buffer_str(&a), *family = strstr(text, "/* A family for tests");
  assert_non_null(strstr(text, "#define KNOB_HOW_wide 1\n#define KNOB_STEP 8\n#define KNOB_AHEAD_off 1\n"));
  assert_non_null(family);
  assert_null(strstr(text, "plain"));
  assert_true(strstr(text, "#define KNOB_AHEAD_off") < family);
  s[2] = 2;
  assert_int_equal(knob_entry_source(c, s, &b, &e), ST_OK);
  assert_non_null(strstr(buffer_str(&b), "#define KNOB_AHEAD 128\n"));
  buffer_clear(&b);
  s[2] = 0;
  assert_int_equal(knob_entry_source(c, s, &b, &e), ST_OK); /* one setting, one text */
  assert_string_equal(text, buffer_str(&b));
  buffer_clear(&b);
  assert_int_equal(knob_entry_source(c, bad, &b, &e), ST_INPUT);
  buffer_fini(&a);
  buffer_fini(&b);
  challenge_close(c);
}

static void test_start(void **state) {
  (void)state;
  struct fixture f;
  struct error e = {0};
  uint32_t s[3];
  struct challenge *c = open_good();
  assert_int_equal(knob_start(c, s, &e), ST_OK);
  assert_memory_equal(s, c->knobs->start, sizeof s);
  challenge_close(c);
  /* not valid here: the first valid setting, with as much of start as goes */
  fixture_open(&f);
  fixture_replace(&f, "knobs.yml", "start: {HOW: wide", "start: {HOW: plain");
  c = fixture_load(&f);
  assert_int_equal(knob_start(c, s, &e), ST_OK);
  assert_int_equal(knob_check(c, s, &e), ST_OK);
  assert_int_equal(s[0], 0);
  challenge_close(c);
  fixture_replace(&f, "knobs.yml", "l1d_bytes >= 0", "l1d_bytes < 0");
  c = fixture_load(&f);
  assert_int_equal(knob_start(c, s, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "no setting meets the constraints"));
  challenge_close(c);
  fixture_close(&f);
}

static void test_none(void **state) {
  (void)state;
  struct fixture f;
  struct error e = {0};
  struct buffer b;
  uint32_t s[1] = {0};
  fixture_open(&f);
  fixture_replace(&f, "challenge.yml", "knobs: knobs.yml\n", "");
  struct challenge *c = fixture_load(&f);
  buffer_init(&b);
  assert_null(c->knobs);
  assert_int_equal(knob_check(c, s, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "declares no knobs"));
  assert_int_equal(knob_start(c, s, &e), ST_INPUT);
  assert_int_equal(knob_entry_source(c, s, &b, &e), ST_INPUT);
  json_t *j = challenge_to_json(c);
  assert_null(json_object_get(j, "knobs"));
  json_decref(j);
  challenge_close(c);
  buffer_fini(&b);
  fixture_close(&f);
}

static void test_refused(void **state) {
  (void)state;
  refuses("sharktank.knobs/1", "sharktank.knobs/2", "sharktank.knobs/1");
  refuses("constraints:", "constraint:", "did you mean `constraints`");
  refuses("source: entries/family.c", "source: entries/gone.c", "not a file here");
  refuses("name: STEP, values", "name: HOW, values", "declared twice");
  refuses("name: STEP, values", "name: 2STEP, values", "cannot be the name of a knob");
  refuses("name: STEP, values", "name: l1d_bytes, values", "already names");
  refuses("name: STEP, values", "name: n, values", "already names");
  refuses("values: [1, 2, 4, 8]", "values: [1, 2, 2]", "twice");
  refuses("values: [1, 2, 4, 8]", "values: []", "between 1 and 64");
  refuses("values: [1, 2, 4, 8]", "values: 4", "must be a list");
  refuses("values: [1, 2, 4, 8]", "values: [1.5]", "neither a whole number nor a word");
  refuses(", values: [1, 2, 4, 8]", "", "needs `values`");
  refuses("STEP <= 2\"", "STPE <= 2\"", "unknown name `STPE`");
  refuses("STEP <= 2\"", "STEP <= wide\"", "a word");
  refuses("HOW != plain", "HOW != 3", "a word is compared with a number");
  refuses("HOW != plain", "HOW != plane", "unknown name `plane`");
  refuses("STEP <= 2\"", "n <= 2\"", "unknown name `n`"); /* constraints know no shapes */
  refuses("STEP <= 2\"", "STEP <= \"", "ends too early");
  refuses("n / STEP", "m / STEP", "unknown name `m`");
  refuses("estimate: cycles", "estimate: cycle", "no estimate `cycle`");
  refuses("max: \"l1d_bytes + 4\"", "max: \"HOW\"", "a word");
  refuses("HOW: wide, STEP: 4", "HOW: wide", "says nothing about the knob `STEP`");
  refuses("STEP: 4,", "STEP: 5,", "no value 5");
  refuses("STEP: 4,", "STEP: 4, STOP: 4,", "did you mean `STEP`");
}

static void test_json(void **state) {
  (void)state;
  struct challenge *c = open_good();
  json_t *j = challenge_to_json(c);
  const json_t *knobs = json_obj(j, "knobs"), *shape = json_array_get(json_arr(j, "benchmarks"), 1);
  assert_string_equal(json_str(j, "name", ""), "vector_add");
  assert_string_equal(json_string_value(json_array_get(json_arr(j, "sizes"), 0)), "n");
  assert_string_equal(json_str(shape, "shape", ""), "little");
  assert_int_equal(json_bool(shape, "scaled", 0), 1);
  assert_string_equal(json_str(shape, "stands_for", ""), "bench2");
  assert_true(json_num(json_obj(shape, "means"), "n", 0) == 200.0);
  assert_true(json_num(json_obj(shape, "means"), "groups", 0) == 3.0);
  assert_int_equal(json_integer_value(json_array_get(json_array_get(json_arr(shape, "sizes"), 2), 0)), 200);
  assert_int_equal(json_array_size(json_arr(j, "tests")), 2);
  assert_int_equal(json_array_size(json_arr(j, "limits")), 2); /* of the device in play */
  assert_int_equal(json_array_size(json_arr(j, "other_limits")), 1);
  assert_int_equal(json_array_size(json_arr(j, "rules")), 1);
  assert_int_equal(json_array_size(json_arr(j, "devices")), 2);
  assert_int_equal(json_int(j, "threads", 0), 1);
  assert_true(json_array_size(json_arr(j, "compile")) > 3);
  assert_int_equal(json_array_size(json_arr(knobs, "knobs")), 3);
  const json_t *ahead = json_arr(json_array_get(json_arr(knobs, "knobs"), 2), "values");
  assert_string_equal(json_string_value(json_array_get(ahead, 0)), "off");
  assert_int_equal(json_integer_value(json_array_get(ahead, 2)), 128);
  assert_int_equal(json_array_size(json_arr(knobs, "constraints")), 3);
  const json_t *estimate = json_array_get(json_arr(knobs, "estimates"), 0);
  assert_string_equal(json_str(estimate, "expr", ""), "n / STEP * groups");
  assert_string_equal(json_str(estimate, "max", ""), "l1d_bytes + 4");
  assert_int_equal(json_int(json_obj(knobs, "start"), "STEP", 0), 4);
  json_decref(j);
  challenge_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_enumerate), cmocka_unit_test(test_from_json), cmocka_unit_test(test_source),
      cmocka_unit_test(test_start),     cmocka_unit_test(test_none),      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_json),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

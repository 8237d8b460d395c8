/* Room: tests of challenge. Files of GPU MODE's dialect load as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "challenge/challenge_helper.h"
#include "challenge_fixture.h"

static void test_imported(void **state) {
  (void)state;
  struct challenge *c = NULL;
  struct challenge_helper *h = NULL;
  struct error e = {0};
  if (challenge_open(ST_TEST_DIR "/fixtures/imported", &c, &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
  assert_string_equal(c->name, "imported");
  assert_int_equal(c->n_sizes, 4); /* g and seed are none; words and sizes of some cases only stay text */
  assert_string_equal(c->size_name[0], "rows");
  assert_string_equal(c->size_name[2], "l");
  assert_string_equal(c->size_name[3], "cond");
  assert_int_equal(c->n_tests, 2);
  assert_int_equal(c->n_full, 2);
  assert_ptr_equal(c->benchmark, c->full);
  assert_int_equal(c->test[1].sizes[1], 176);
  assert_int_equal(c->test[1].sizes[3], 0);
  assert_string_equal(c->test[1].text, "ROWS=40 COLS=176 L=2 COND=0 use_bias=true case=mixed");
  assert_int_equal(c->test[0].seed, 4242);
  assert_string_equal(c->source, "written for this test in the manner of a public task");
  assert_string_equal(c->licence, "CC0-1.0");
  assert_string_equal(c->ranking_by, "geom");
  assert_true(c->test_timeout_s == 180.0);
  assert_null(c->problem_path);
  assert_null(c->knobs);
  assert_int_equal(challenge_helper_open(c, &h, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "no `problem`"));
  json_t *j = challenge_to_json(c);
  assert_string_equal(json_str(j, "licence", ""), "CC0-1.0");
  assert_int_equal(json_array_size(json_arr(j, "benchmarks")), 2);
  json_decref(j);
  challenge_close(c);
}

static struct challenge *open_text(const char *text, struct error *e) {
  struct fixture f;
  struct challenge *c = NULL;
  char path[512];
  fixture_open(&f);
  snprintf(path, sizeof path, "%s/challenge.yml", f.dir);
  assert_int_equal(remove(path), 0);
  fixture_write(&f, "task.yml", text);
  memset(e, 0, sizeof *e);
  enum status s = challenge_open(f.dir, &c, e);
  assert_int_equal(s == ST_OK, c != NULL);
  fixture_close(&f);
  return c;
}

static void test_groups(void **state) {
  (void)state;
  struct error e;
  struct challenge *c = open_text(
      "tests:\n  - {\"m\": [96, 128], \"n\": [128, 256], \"k\": [256, 512], \"g\": 2, \"seed\": 1111}\n"
      "benchmarks:\n  - {\"m\": [80, 176, 8], \"n\": [4, 4, 4], \"k\": [7, 7, 7], \"g\": 3, \"seed\": 1111}\n",
      &e);
  assert_non_null(c);
  assert_int_equal(c->n_sizes, 3);
  assert_string_equal(c->full[0].text, "G=3 M=80,176,8 N=4 K=7");
  assert_int_equal(c->full[0].sizes[1 * 3 + 0], 176);
  challenge_close(c);
  /* without lists, g is a size like any other */
  c = open_text("tests: [{\"g\": 4, \"n\": 3}]\nbenchmarks: [{\"g\": 9, \"n\": 3}]\n", &e);
  assert_non_null(c);
  assert_int_equal(c->n_sizes, 2);
  assert_int_equal(c->full[0].n_problems, 1);
  challenge_close(c);
}

static void refuses(const char *text, int line, const char *part) {
  struct error e;
  struct challenge *c = open_text(text, &e);
  if (c || e.line != line || !strstr(e.text, part))
    print_error("%s -> %d: %s, wanted %d: %s\n", text, e.line, e.text, line, part);
  assert_null(c);
  assert_int_equal(e.status, ST_INPUT);
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, part));
}

static void test_refused(void **state) {
  (void)state;
  refuses("tests: [{n: 1}]\n", 1, "`benchmarks` is missing");
  refuses("tests: [{n: 1}]\nbenchmraks: [{n: 1}]\n", 2, "did you mean `benchmarks`");
  refuses("tests: []\nbenchmarks: [{n: 1}]\n", 1, "between 1");
  refuses("tests: [{n: 1}]\nbenchmarks: [{n: x}]\n", 1, "at least one size");
  refuses("tests:\n  - {m: [1, 2], g: 3}\nbenchmarks:\n  - {m: [1], g: 1}\n", 2, "g is 3");
  refuses("tests:\n  - {m: [1, 2], n: [1]}\nbenchmarks:\n  - {m: [1], n: [2]}\n", 2, "lists 1 groups where");
  refuses("tests: [{n: 1}]\nbenchmarks: [{n: 1}]\nknobs: knobs.yml\n", 3, "schema: sharktank.challenge/1");
  refuses("- 1\n", 1, "a map");
  refuses("tests: [{n: 1}\n", 2, "YAML");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_imported),
      cmocka_unit_test(test_groups),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

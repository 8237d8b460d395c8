/* Room: tests of the judge. Each kind of entry gets its own verdict, and the sentence names the place. */
#include "judge_fixture.h"

#include <string.h>

#include "base/base_file.h"

static void expect(void **state, const char *defines, const char *verdict, const char *where) {
  json_t *report = fixture_check(*state, defines);
  fixture_expect(report, verdict, where);
  json_decref(report);
}

static void honest_passes(void **state) {
  json_t *report = fixture_check(*state, "");
  fixture_expect(report, "pass", NULL);
  assert_string_equal(json_str(report, "schema", ""), "sharktank.check/1");
  const json_t *cases = json_arr(report, "cases");
  int hidden = 0, wide = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    hidden += strncmp(json_str(one, "shape", ""), "hidden", 6) == 0;
    wide += strcmp(json_str(one, "family", ""), "zeros") == 0;
    assert_string_equal(json_str(one, "verdict", ""), "pass");
    assert_int_equal(strlen(json_str(one, "seed", "")), 16);
  }
  assert_true(hidden >= 3);
  assert_true(wide >= 3);
  assert_non_null(strstr(json_str(json_obj(report, "compile"), "command", ""), "-O2"));
  json_decref(report);
  expect(state, "#define VARIANT_workspace 1", "pass", NULL);
}

static void wrong_results(void **state) {
  json_t *report = fixture_check(*state, "#define VARIANT_one_wrong 1");
  fixture_expect(report, "wrong", "test1: c");
  const json_t *m = json_obj(report, "mismatch");
  assert_int_equal(json_int(m, "wrong", -1), 1);
  assert_int_equal(json_integer_value(json_array_get(json_arr(m, "index"), 1)), 3);
  assert_true(json_num(m, "got", 0) == json_num(m, "want", 0) + 1);
  assert_string_equal(json_str(report, "shape", ""), "test1");
  json_decref(report);
  expect(state, "#define VARIANT_nan 1", "wrong", "nan");
  expect(state, "#define VARIANT_no_op 1", "wrong", NULL);
  expect(state, "#define VARIANT_last_part 1", "wrong", NULL);
  expect(state, "#define VARIANT_only_multiples 1", "wrong", NULL); /* a hidden corner may come first */
}

static void caches_and_counters(void **state) {
  expect(state, "#define VARIANT_pointer_cache 1", "wrong", NULL);
  expect(state, "#define VARIANT_after_20_calls 1", "wrong", NULL);
}

static void compile_errors(void **state) {
  json_t *report = fixture_check(*state, "#define VARIANT_compile_error 1");
  fixture_expect(report, "compile_error", "undeclared_name");
  assert_true(json_int(json_obj(json_obj(report, "compile"), "first_error"), "line", 0) > 100);
  json_decref(report);
  expect(state, "#define VARIANT_include 1", "compile_error", "/etc/passwd");
  expect(state, "#define VARIANT_no_run 1", "gate", "sk_entry_run");
  expect(state, "#define VARIANT_no_abi 1", "gate", "sk_entry_abi");
  expect(state, "/* FrobNicate */", "gate", "frobnicate");
}

static void crashes(void **state) {
  expect(state, "#define VARIANT_null 1", "crash", "SIGSEGV writing address 0x10 in test1");
  expect(state, "#define VARIANT_longjmp 1", "wrong", NULL);
  expect(state, "#define VARIANT_exit 1", "crash", "exit status 0");
  expect(state, "#define VARIANT_abort 1", "crash", "SIGABRT");
  expect(state, "#define VARIANT_constructor_crash 1", "crash", "while it was loaded");
}

static void forbidden_calls(void **state) {
  expect(state, "#define VARIANT_fork 1", "crash", "(clone)");
  expect(state, "#define VARIANT_socket 1", "crash", "(socket)");
}

static void time_outs(void **state) {
  expect(state, "#define VARIANT_never 1", "timeout", "test1");
  expect(state, "#define VARIANT_init_hangs 1", "init_failed", "sk_entry_init");
  expect(state, "#define VARIANT_init_fails 1", "init_failed", "returned 7");
}

static void bounds(void **state) {
  expect(state, "#define VARIANT_one_past 1", "out_of_bounds", "past output c");
  expect(state, "#define VARIANT_one_before 1", "out_of_bounds", "before output c");
  expect(state, "#define VARIANT_read_past 1", "out_of_bounds", "past input a");
  expect(state, "#define VARIANT_write_input 1", "out_of_bounds", "inside input a");
  expect(state, "#define VARIANT_workspace_past 1", "out_of_bounds", "past the end of the workspace");
  expect(state, "#define VARIANT_workspace_before 1", "out_of_bounds", "before the workspace");
  /* no guard page can lie there; what lies there is drawn anew for each call */
  expect(state, "#define VARIANT_slack 1", "wrong", NULL);
}

static void refusals(void **state) {
  expect(state, "#define VARIANT_refuse 1", "refused", "returned 5");
  expect(state, "#define VARIANT_workspace_greedy 1", "refused", "1099511627776");
  /* What it does to its own process is its own failure, never the machinery's. */
  expect(state, "#define VARIANT_eats_address_space 1", "init_failed", "workspace");
}

static void disagreement_is_a_race(void **state) {
  expect(state, "#define VARIANT_race 1", "race", "two runs");
  expect(state, "#define VARIANT_rare_race 1", "race", "two runs");
}

/* Right in both processes, within the tolerance; but not within it of each other. */
static void right_twice_and_different(void **state) {
  struct fixture *f = *state, copy = {0};
  struct error e = {0};
  char folder[64];
  fixture_copy(folder, "#define BROKEN_within 1\n", "", NULL, NULL);
  if (challenge_open(folder, &copy.challenge, &e) || judge_open(copy.challenge, NULL, &copy.judge, &e))
    fail_msg("%s", e.text);
  json_t *report = fixture_check(&copy, "#define VARIANT_race_within 1");
  fixture_expect(report, "race", "though each is right: test1: c");
  assert_int_equal(json_int(json_obj(report, "mismatch"), "wrong", -1), 1);
  json_decref(report);
  report = fixture_check(&copy, "");
  fixture_expect(report, "pass", NULL);
  json_decref(report);
  report = fixture_check(f, "#define VARIANT_race_within 1"); /* where results are exact, both are wrong */
  fixture_expect(report, "wrong", NULL);
  json_decref(report);
  judge_close(copy.judge);
  challenge_close(copy.challenge);
  if (file_remove_tree(folder, &e))
    fail_msg("%s", e.text);
}

/* Passing means that not one of the probes reached anything: the entry returns non-zero otherwise. */
static void probes_reach_nothing(void **state) {
  expect(state, "#define VARIANT_probes 1", "pass", NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(honest_passes),
      cmocka_unit_test(wrong_results),
      cmocka_unit_test(compile_errors),
      cmocka_unit_test(caches_and_counters),
      cmocka_unit_test(crashes),
      cmocka_unit_test(forbidden_calls),
      cmocka_unit_test(time_outs),
      cmocka_unit_test(bounds),
      cmocka_unit_test(refusals),
      cmocka_unit_test(disagreement_is_a_race),
      cmocka_unit_test(right_twice_and_different),
      cmocka_unit_test(probes_reach_nothing),
  };
  return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}

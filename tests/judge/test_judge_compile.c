/* Room: tests of the judge. Compiling: verdicts, cache, gates, and what is the machinery's fault. */
#include "judge_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_file.h"
#include "base/base_rng.h"

static json_t *compile(struct fixture *f, const char *source) {
  struct error e = {0};
  json_t *report = NULL;
  enum status s = judge_compile(f->judge, source, strlen(source), &report, &e);
  if (s)
    fail_msg("%s: %s", status_name(s), e.text);
  return report;
}

static void errors_name_their_line(void **state) {
  json_t *report = compile(*state, "#include <sharktank/entry.h>\n\nint f(void) { return 1 + ; }\n");
  assert_string_equal(json_str(report, "verdict", ""), "compile_error");
  const json_t *first = json_obj(report, "first_error");
  assert_int_equal(json_int(first, "line", 0), 3);
  assert_non_null(strstr(json_str(first, "text", ""), "expected expression"));
  assert_null(strstr(json_str(report, "output", ""), ST_SOURCE_DIR)); /* nothing of this machine's paths */
  json_decref(report);
}

static void only_the_entry_header_is_seen(void **state) {
  static const char *const line[] = {"#include <sharktank/problem.h>", "#include <nvfp4.h>",
                                     "__asm__(\".incbin \\\"/etc/passwd\\\"\");",
                                     "#include \"" ST_TEST_DIR "/fixtures/gemm/problem.c\""};
  for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
    json_t *report = compile(*state, line[i]);
    assert_string_equal(json_str(report, "verdict", ""), "compile_error");
    json_decref(report);
  }
}

static void the_cache_answers_the_second_time(void **state) {
  char source[256];
  uint64_t fresh;
  assert_int_equal(rng_system(&fresh, sizeof fresh), ST_OK);
  snprintf(
      source, sizeof source,
      "#include <sharktank/entry.h>\nconst uint32_t sk_entry_abi = SK_ABI;\n"
      "int sk_entry_run(const sk_env *e, const sk_call *c) { (void)e; (void)c; return 0; } /* %016llx */\n",
      (unsigned long long)fresh);
  json_t *first = compile(*state, source), *second = compile(*state, source);
  assert_string_equal(json_str(first, "verdict", ""), "ok");
  assert_false(json_bool(first, "cached", 1));
  assert_true(json_bool(second, "cached", 0));
  assert_string_equal(json_str(first, "key", "1"), json_str(second, "key", "2"));
  assert_true(json_int(second, "binary_bytes", 0) > 1000);
  /* a changed object is not used */
  char cache[512], path[700];
  struct error e = {0};
  assert_int_equal(file_cache_dir(cache, sizeof cache, &e), ST_OK);
  snprintf(path, sizeof path, "%s/entries/%s.so", cache, json_str(first, "key", ""));
  assert_int_equal(file_write_atomic(path, "changed", 7, &e), ST_OK);
  json_t *third = compile(*state, source);
  assert_false(json_bool(third, "cached", 1));
  json_decref(first);
  json_decref(second);
  json_decref(third);
}

static void gates(void **state) {
  char *large = malloc(70001);
  assert_non_null(large);
  memset(large, ' ', 70000);
  large[70000] = 0;
  json_t *report = compile(*state, large);
  assert_string_equal(json_str(report, "verdict", ""), "gate");
  assert_non_null(strstr(json_string_value(json_array_get(json_arr(report, "reasons"), 0)), "65536"));
  json_decref(report);
  free(large);
  report = compile(*state, "#include <sharktank/entry.h>\nconst uint32_t sk_entry_abi = 99;\n"
                           "int sk_entry_run(const sk_env *e, const sk_call *c) { return !e || !c; }\n");
  assert_string_equal(json_str(report, "verdict", ""), "gate");
  assert_non_null(strstr(json_string_value(json_array_get(json_arr(report, "reasons"), 0)), "99"));
  json_decref(report);
}

/* An object that is huge, or takes for ever: the entry's fault, bounded. */
static void bombs(void **state) {
  json_t *report = compile(*state, "char bomb[1u << 30] = {1};\n");
  assert_string_equal(json_str(report, "verdict", ""), "compile_error");
  json_decref(report);
}

static void a_missing_compiler_is_no_verdict(void **state) {
  struct fixture *f = *state;
  struct judge *judge = NULL;
  struct error e = {0};
  setenv("SHARKTANK_CC", "no-such-compiler", 1);
  assert_int_equal(judge_open(f->challenge, NULL, &judge, &e), ST_TOOL);
  assert_non_null(strstr(e.text, "no-such-compiler"));
  assert_null(judge);
  unsetenv("SHARKTANK_CC");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_name_their_line),
      cmocka_unit_test(only_the_entry_header_is_seen),
      cmocka_unit_test(the_cache_answers_the_second_time),
      cmocka_unit_test(gates),
      cmocka_unit_test(bombs),
      cmocka_unit_test(a_missing_compiler_is_no_verdict),
  };
  return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}

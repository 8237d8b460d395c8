/* `check`, `duel`, `roofline`, `doctor` on a tiny challenge: verdicts, exit statuses, JSON, and the lines
 * that wrong input gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "cli_support.h"

#define TINY        ST_TEST_DIR "/fixtures/tiny"
#define ENTRY(name) TINY "/entries/" name ".c"
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void test_check_verdicts(void **state) {
  (void)state;
  static const struct {
    const char *entry, *verdict, *where;
    int status;
  } table[] = {{ENTRY("naive"), "pass", "", 0},
               {ENTRY("wrong"), "wrong", "test1", 1},
               {ENTRY("broken"), "compile_error", "undeclared", 1},
               {ENTRY("crash"), "crash", "SIGSEGV", 1},
               {ENTRY("hang"), "timeout", "test1", 1},
               {ENTRY("outside"), "out_of_bounds", "output y", 1}};
  for (size_t i = 0; i < COUNT(table); i++) {
    struct said s;
    RUN(&s, "check", TINY, table[i].entry, "--json");
    must_exit(&s, table[i].status);
    json_t *o = must_be_json(&s, "sharktank.check/1");
    if (strcmp(json_str(o, "verdict", ""), table[i].verdict)) {
      fail_msg("%s: verdict %s, wanted %s", table[i].entry, json_str(o, "verdict", "none"), table[i].verdict);
    }
    if (!strstr(json_str(o, "where", ""), table[i].where))
      fail_msg("%s: where is %s", table[i].entry, json_str(o, "where", "none"));
    json_decref(o);
    said_free(&s);
  }
}

static void test_check_human(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "check", TINY, ENTRY("wrong"));
  must_exit(&s, 1);
  assert_true(!strncmp(s.out, "wrong: test1", 12));
  assert_non_null(strstr(s.out, "compiled by: "));
  said_free(&s);
  RUN(&s, "check", TINY, "knobs:AGAIN=1,WIDTH=4");
  must_exit(&s, 0);
  assert_true(!strncmp(s.out, "pass", 4));
  assert_non_null(strstr(s.out, "(scaled)"));
  said_free(&s);
}

/* The challenge itself: sound, and refused where its references are not what its incumbent computes. */
static void test_check_self(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "check", "--self", TINY, "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.self/1");
  assert_string_equal(json_str(o, "verdict", ""), "sound");
  assert_string_equal(json_str(o, "challenge", ""), "tiny");
  assert_true(json_array_size(json_arr(o, "mutants")) > 15);
  json_decref(o);
  said_free(&s);
}

static void write_file(const char *dir, const char *name, const char *text, char path[512]) {
  struct error e;
  assert_int_equal(file_join(path, 512, dir, name), 0);
  if (file_write_atomic(path, text, strlen(text), &e) != ST_OK)
    fail_msg("%s", e.text);
}

static void test_settings(void **state) {
  (void)state;
  char dir[256], path[512];
  struct said s;
  make_folder(dir);
  static const struct {
    const char *name, *text;
    int status;
    const char *words;
  } table[] = {{"ok.json", "{\"AGAIN\": 2, \"ORDER\": \"down\"}", 0, ""},
               {"wrapped.json", "{\"setting\": {\"WIDTH\": 8}}", 0, ""},
               {"ok.yml", "AGAIN: 1\nWIDTH: 2\n", 0, ""},
               {"list.json", "[1]", 2, "list.json"},
               {"torn.json", "{\"AGAIN\": ", 2, "torn.json"},
               {"unknown.yml", "AGAN: 1\n", 2, "did you mean `AGAIN`"}};
  for (size_t i = 0; i < COUNT(table); i++) {
    write_file(dir, table[i].name, table[i].text, path);
    RUN(&s, "check", TINY, path);
    if (table[i].status)
      must_be_one_line_error(&s, table[i].status, table[i].words);
    else
      must_exit(&s, 0);
    said_free(&s);
  }
  remove_folder(dir);
}

static void test_wrong_input(void **state) {
  (void)state;
  char dir[256], path[512];
  struct said s;
  static const struct {
    const char *entry, *words;
  } table[] = {{"knobs:AGAN=1", "AGAN"},
               {"knobs:AGAIN=7", "knobs.yml:"},
               {"knobs:AGAIN", "NAME=VALUE"},
               {"knobs:AGAIN=1,AGAIN=2", "twice"},
               {"knobs:ORDER=down,WIDTH=8", "eight downwards"},
               {ENTRY("nothing_there"), "nothing_there"},
               {TINY, "an entry is"}};
  for (size_t i = 0; i < COUNT(table); i++) {
    RUN(&s, "check", TINY, table[i].entry);
    must_be_one_line_error(&s, 2, table[i].words);
    said_free(&s);
  }
  make_folder(dir);
  write_file(dir, "challenge.yml", "schema: sharktank.challenge/1\nname: x\nsizzes: [n]\n", path);
  RUN(&s, "check", dir, ENTRY("naive"));
  must_be_one_line_error(&s, 2, "challenge.yml:3:");
  said_free(&s);
  RUN(&s, "roofline", dir);
  must_be_one_line_error(&s, 2, "challenge.yml:3:");
  said_free(&s);
  remove_folder(dir);
}

static void test_machinery(void **state) {
  (void)state;
  struct said s;
  static const char *const no_compiler[] = {"SHARKTANK_CC=/nonexistent/cc", "CC=/nonexistent/cc", NULL};
  run_in(&s, NULL, no_compiler, (const char *const[]){"check", TINY, ENTRY("naive"), NULL});
  must_exit(&s, 3); /* never counts against the entry */
  assert_string_equal(s.out, "");
  assert_non_null(strstr(s.err, "/nonexistent/cc"));
  said_free(&s);
  run_in(&s, NULL, no_compiler, (const char *const[]){"doctor", "--json", NULL});
  must_exit(&s, 3);
  json_t *o = must_be_json(&s, "sharktank.doctor/1");
  assert_false(json_bool(o, "ready", 1));
  assert_true(json_array_size(json_arr(o, "problems")) >= 1);
  json_decref(o);
  said_free(&s);
}

static void test_duel(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "duel", TINY, ENTRY("naive"), ENTRY("wrong"), "--json", "--budget", "1");
  must_exit(&s, 1);
  json_t *o = must_be_json(&s, "sharktank.duel/1");
  assert_string_equal(json_str(o, "verdict", ""), "wrong");
  assert_string_equal(json_str(o, "who", ""), "B");
  json_decref(o);
  said_free(&s);
  RUN(&s, "duel", TINY, "knobs:AGAIN=2", "knobs:AGAIN=2", "--budget", "1", "--json");
  o = must_be_json(&s, "sharktank.duel/1");
  must_exit(&s, strcmp(json_str(o, "verdict", ""), "faster") ? 1 : 0); /* the status follows the verdict */
  assert_true(json_array_size(json_arr(o, "shapes")) == 1);
  assert_true(json_bool(json_array_get(json_arr(o, "shapes"), 0), "scaled", 0));
  json_decref(o);
  said_free(&s);
}

static void test_roofline(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "roofline", TINY, "--device", "fast", "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.roofline/1");
  const json_t *shape = json_array_get(json_arr(o, "shapes"), 0);
  assert_string_equal(json_str(shape, "bound", ""), "bytes");
  double seconds = 0;
  assert_true(json_has_num(shape, "seconds", &seconds));
  assert_true(seconds > 3.19e-6 && seconds < 3.21e-6); /* 8 bytes x 400000 at 1 TB/s */
  assert_false(json_bool(o, "measured", 1));
  json_decref(o);
  said_free(&s);
  RUN(&s, "roofline", TINY);
  must_exit(&s, 0);
  assert_non_null(strstr(s.out, "small1 (scaled)"));
  assert_non_null(strstr(s.out, "measured on this machine"));
  said_free(&s);
  RUN(&s, "roofline", TINY, "--device", "fats");
  must_be_one_line_error(&s, 2, "did you mean fast");
  said_free(&s);
}

static void test_doctor(void **state) {
  (void)state;
  struct said s;
  static const char *const secret[] = {"OPENAI_API_KEY=sk-very-secret-value", NULL};
  run_in(&s, NULL, secret, (const char *const[]){"doctor", NULL});
  assert_true(s.status == 0 || s.status == 3);
  assert_non_null(strstr(s.out, "OPENAI_API_KEY"));
  assert_null(strstr(s.out, "very-secret")); /* names, never values */
  said_free(&s);
  run_in(&s, NULL, secret, (const char *const[]){"doctor", "--json", NULL});
  json_t *o = must_be_json(&s, "sharktank.doctor/1");
  must_exit(&s, json_bool(o, "ready", 0) ? 0 : 3);
  assert_null(strstr(s.out, "very-secret"));
  assert_true(json_array_size(json_arr(o, "compilers")) >= 2);
  json_decref(o);
  said_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_check_verdicts), cmocka_unit_test(test_check_human),
      cmocka_unit_test(test_check_self),     cmocka_unit_test(test_settings),
      cmocka_unit_test(test_wrong_input),    cmocka_unit_test(test_machinery),
      cmocka_unit_test(test_duel),           cmocka_unit_test(test_roofline),
      cmocka_unit_test(test_doctor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

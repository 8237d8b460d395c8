/* Room: tests of challenge. Problem modules that crash, hang, lie or do not load: each ends with a
 * sentence that names the challenge, and nothing of ours goes down with them. */
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

enum stage { AT_OPEN, AT_PLAN, AT_PREPARE, AT_ROOFLINE, AT_NOTHING };

struct trap {
  const char *name;
  enum stage stage; /* where it is noticed */
  enum status status;
  const char *part; /* of the sentence */
};

/* abort() in a namespace's first process, which ignores its own SIGABRT, ends in another signal. */
static const struct trap traps[] = {
    {"MISSING", AT_OPEN, ST_INPUT, "does not compile on purpose"},
    {"UNDEFINED", AT_OPEN, ST_INPUT, "nowhere"},
    {"ABI", AT_OPEN, ST_INPUT, "sk_problem_abi is 77"},
    {"NO_FAMILIES", AT_OPEN, ST_INPUT, "sk_problem_families is empty"},
    {"FAMILY_NAMES", AT_OPEN, ST_INPUT, "no proper name"},
    {"CONSTRUCTOR", AT_OPEN, ST_INPUT, "crashed with signal"},
    {"REFUSE", AT_PLAN, ST_INPUT, "sk_problem_layout refused group 1"},
    {"TYPE", AT_PLAN, ST_INPUT, "gives tensor y another type"},
    {"RANK", AT_PLAN, ST_INPUT, "rank 7"},
    {"RANK_HUGE", AT_PLAN, ST_INPUT, "rank 4294967295"},
    {"DIM", AT_PLAN, ST_INPUT, "bad axis 0"},
    {"DIM_HUGE", AT_PLAN, ST_INPUT, "larger than 4 GiB"},
    {"LARGE", AT_PLAN, ST_INPUT, "larger than 4 GiB"},
    {"STRIDE", AT_PLAN, ST_INPUT, "bad axis 0"},
    {"OVERLAP", AT_PLAN, ST_INPUT, "overlap"},
    {"CRASH", AT_PLAN, ST_INPUT, "crashed with signal 11"},
    {"EXIT", AT_PLAN, ST_INPUT, "ended with exit status 3"},
    {"HANG", AT_PLAN, ST_TIMEOUT, "gave no answer within"},
    {"CLOSE", AT_PLAN, ST_INPUT, "while laying out a shape"},
    {"NONSENSE", AT_PLAN, ST_INPUT, "answered nonsense"},
    {"NUMERICS", AT_PREPARE, ST_INPUT, "neither exact nor bounded"},
    {"ABORT", AT_PREPARE, ST_INPUT, "crashed with signal"},
    {"WORK", AT_ROOFLINE, ST_INPUT, "counts -1 bytes"},
    {"SHRINK", AT_NOTHING, ST_OK, ""}, /* the seals hold */
};

static enum stage play(const struct challenge *c, struct challenge_helper **h, enum status *s,
                       struct error *e) {
  struct challenge_plan *p = NULL;
  struct challenge_data d[1];
  struct challenge_roofline r;
  uint64_t seed = 5;
  *s = challenge_helper_open(c, h, e);
  if (*s != ST_OK)
    return AT_OPEN;
  challenge_helper_set_timeout(*h, 400000000);
  *s = challenge_plan_create(*h, challenge_find_shape(c, "test2"), &p, e);
  if (*s != ST_OK)
    return AT_PLAN;
  challenge_helper_set_timeout(*h, (int64_t)120 * 1000000000);
  *s = challenge_prepare(*h, p, 1, &seed, 1, 1, d, e);
  challenge_plan_free(p);
  if (*s != ST_OK)
    return AT_PREPARE;
  *s = challenge_roofline(*h, &c->full[0], &c->device[0], &r, e);
  return *s != ST_OK ? AT_ROOFLINE : AT_NOTHING;
}

static void test_traps(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof traps / sizeof traps[0]; i++) {
    struct fixture f;
    struct error e = {0}, again = {0};
    struct challenge_helper *h = NULL;
    char line[64];
    fixture_open(&f);
    snprintf(line, sizeof line, "#define TRAP_%s 1", traps[i].name);
    fixture_prepend(&f, "problem.c", line);
    struct challenge *c = fixture_load(&f);
    enum status s = ST_OK;
    enum stage stage = play(c, &h, &s, &e);
    if (stage != traps[i].stage || s != traps[i].status || (s != ST_OK && !strstr(e.text, traps[i].part)))
      print_error("%s: stage %d, %s: %s\n", traps[i].name, (int)stage, status_name(s), e.text);
    assert_int_equal(stage, traps[i].stage);
    assert_int_equal(s, traps[i].status);
    if (s != ST_OK) {
      assert_non_null(strstr(e.text, traps[i].part));
      assert_non_null(strstr(e.file, "problem.c"));
    }
    struct challenge_plan *p = NULL;
    /* a helper that is gone says the same again */
    if (h && strstr(e.text, "crashed")) {
      assert_int_equal(challenge_plan_create(h, &c->test[0], &p, &again), s);
      assert_string_equal(again.text, e.text);
    }
    challenge_helper_close(h);
    challenge_close(c);
    fixture_close(&f);
  }
}

/* The compiler's line, in the user's file. */
static void test_compile_line(void **state) {
  (void)state;
  struct fixture f;
  struct error e = {0};
  struct challenge_helper *h = NULL;
  fixture_open(&f);
  int line = fixture_replace(&f, "problem.c", "  int64_t n = c->sizes", "  int64_t n = c->sises");
  struct challenge *c = fixture_load(&f);
  assert_int_equal(challenge_helper_open(c, &h, &e), ST_INPUT);
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, "sises"));
  assert_string_equal(e.file, c->problem_path);
  challenge_close(c);
  fixture_close(&f);
}

/* What expect forgets to write compares equal to nothing. */
static void test_forgotten(void **state) {
  (void)state;
  struct fixture f;
  struct error e = {0};
  struct challenge_helper *h = NULL;
  struct challenge_plan *p = NULL;
  struct challenge_data d[1];
  struct challenge_mismatch m;
  uint64_t seed = 1;
  fixture_open(&f);
  fixture_prepend(&f, "problem.c", "#define TRAP_FORGET 1");
  struct challenge *c = fixture_load(&f);
  assert_int_equal(challenge_helper_open(c, &h, &e), ST_OK);
  assert_int_equal(challenge_plan_create(h, &c->test[0], &p, &e), ST_OK);
  assert_int_equal(challenge_prepare(h, p, 1, &seed, 1, 1, d, &e), ST_OK);
  uint8_t *image = calloc(1, p->out_bytes);
  assert_non_null(image);
  challenge_compare(c, p, &d[0], image, &m);
  assert_int_equal(m.wrong, m.compared);
  free(image);
  challenge_plan_free(p);
  challenge_helper_close(h);
  challenge_close(c);
  fixture_close(&f);
}

static void test_no_compiler(void **state) {
  (void)state;
  struct fixture f;
  struct error e = {0};
  struct challenge_helper *h = NULL;
  fixture_open(&f);
  struct challenge *c = fixture_load(&f);
  const char *before = getenv("CC");
  char *kept = before ? strdup(before) : NULL;
  setenv("CC", "no-such-compiler -m64", 1);
  assert_int_equal(challenge_helper_open(c, &h, &e), ST_TOOL);
  assert_non_null(strstr(e.text, "no-such-compiler"));
  if (kept)
    setenv("CC", kept, 1);
  else
    unsetenv("CC");
  free(kept);
  setenv("SHARKTANK_LIBEXEC_DIR", "/nonexistent", 1);
  assert_int_equal(challenge_helper_open(c, &h, &e), ST_TOOL);
  assert_non_null(strstr(e.text, "SHARKTANK_LIBEXEC_DIR"));
  unsetenv("SHARKTANK_LIBEXEC_DIR");
  challenge_close(c);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_traps),
      cmocka_unit_test(test_compile_line),
      cmocka_unit_test(test_forgotten),
      cmocka_unit_test(test_no_compiler),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of challenge. `knobs: ../NAME/knobs.yml`, the only way out of a challenge's folder: what it
 * gives, and every other way that a stranger's file could try. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "challenge_fixture.h"

static struct fixture borrower, lender;

static int open_both(void **state) {
  (void)state;
  fixture_open(&borrower);
  fixture_open(&lender);
  return 0;
}

static int close_both(void **state) {
  (void)state;
  fixture_close(&borrower);
  fixture_close(&lender);
  return 0;
}

static const char *name_of(const struct fixture *f) {
  return strrchr(f->dir, '/') + 1;
}

/* Makes the borrower say `knobs: TEXT`, whatever it said before; %s stands for the lender's name. */
static void say_knobs(const char *format) {
  static char before[512] = "knobs: knobs.yml";
  char line[512];
  snprintf(line, sizeof line, "knobs: ");
  for (const char *at = format; *at; at++) {
    size_t used = strlen(line);
    int name = strncmp(at, "%s", 2) == 0;
    snprintf(line + used, sizeof line - used, "%.*s", name ? (int)strlen(name_of(&lender)) : 1,
             name ? name_of(&lender) : at);
    at += name;
  }
  /* the first test starts from the fixture's own line */
  fixture_replace(&borrower, "challenge.yml", before, line);
  snprintf(before, sizeof before, "%s", line);
}

static void refused(const char *knobs, const char *part) {
  struct challenge *c = NULL;
  struct error e = {0};
  say_knobs(knobs);
  enum status s = challenge_open(borrower.dir, &c, &e);
  if (s != ST_INPUT || !strstr(e.text, part) || !strstr(e.file, "challenge.yml"))
    fail_msg("`%s`: %s %s:%d: %s; wanted: %s", knobs, status_name(s), e.file, e.line, e.text, part);
  assert_true(e.line > 1);
  assert_null(c);
}

static void test_serves_both(void **state) {
  (void)state;
  char first[sizeof((struct challenge *)NULL)->task_hash], want[PATH_MAX];
  uint32_t setting[3] = {1, 3, 0};
  struct buffer text;
  struct error e = {0};
  fixture_replace(&lender, "entries/family.c", "/* A family for tests",
                  "/* The lender's: a family for tests");
  say_knobs("../%s/knobs.yml");
  struct challenge *c = fixture_load(&borrower);
  assert_true(realpath(lender.dir, want) != NULL);
  assert_memory_equal(c->knobs->file, want, strlen(want));
  assert_memory_equal(c->knobs->source_path, want, strlen(want));
  assert_non_null(strstr(c->problem_path, name_of(&borrower)));
  buffer_init(&text);
  assert_int_equal(knob_entry_source(c, setting, &text, &e), ST_OK);
  assert_non_null(strstr(buffer_str(&text), "The lender's"));
  buffer_fini(&text);
  memcpy(first, c->task_hash, sizeof first);
  challenge_close(c);
  /* what is borrowed belongs to the task: its hash changes with it */
  fixture_replace(&lender, "entries/family.c", "The lender's", "The changed");
  c = fixture_load(&borrower);
  assert_string_not_equal(first, c->task_hash);
  challenge_close(c);
}

static void test_names_are_this_challenges(void **state) {
  (void)state;
  struct challenge *c = NULL;
  struct error e = {0};
  say_knobs("../%s/knobs.yml");
  int line = fixture_replace(&lender, "knobs.yml", "n / STEP", "m / STEP");
  assert_int_equal(challenge_open(borrower.dir, &c, &e), ST_INPUT);
  assert_non_null(strstr(e.file, name_of(&lender))); /* where the mistake is, not who borrowed it */
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, "unknown name `m`"));
  fixture_replace(&lender, "knobs.yml", "m / STEP", "n / STEP");
}

static void test_hostile_forms(void **state) {
  (void)state;
  static const char *const forms[] = {"../../%s/knobs.yml",
                                      "../%s/../%s/knobs.yml",
                                      "../%s/entries/knobs.yml",
                                      "../%s/entries/family.c",
                                      "../%s/challenge.yml",
                                      "../knobs.yml",
                                      "../../knobs.yml",
                                      "..//knobs.yml",
                                      "../%s//knobs.yml",
                                      "../%s/./knobs.yml",
                                      "../%s/knobs.yml/",
                                      "../%s/knobs.yml/..",
                                      "../.%s/knobs.yml",
                                      "../../etc/passwd",
                                      "../",
                                      "../%s",
                                      "\"../%s /knobs.yml\"",
                                      "\"../%s\\n/knobs.yml\""};
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
    refused(forms[i], "the only way is ../NAME/knobs.yml");
  refused("/tmp/%s/knobs.yml", "must be a path below");
  refused("./../%s/knobs.yml", "leaves the challenge's folder");
  refused("entries/../../%s/knobs.yml", "leaves the challenge's folder");
  refused("../nobody_lives_here/knobs.yml", "no challenge with knobs");
  refused("../aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/knobs.yml", "the only way");
}

/* A folder that merely holds a knobs.yml, and links, which could lead anywhere. */
static void test_not_a_challenge(void **state) {
  (void)state;
  char path[512], other[512], link_name[64], text[128];
  snprintf(path, sizeof path, "%s/challenge.yml", lender.dir);
  snprintf(other, sizeof other, "%s/moved.yml", lender.dir);
  assert_int_equal(rename(path, other), 0);
  refused("../%s/knobs.yml", "no challenge with knobs");
  assert_int_equal(rename(other, path), 0);

  snprintf(path, sizeof path, "%s/knobs.yml", lender.dir);
  snprintf(other, sizeof other, "%s/real.yml", lender.dir);
  assert_int_equal(rename(path, other), 0);
  refused("../%s/knobs.yml", "no challenge with knobs");
  assert_int_equal(symlink("real.yml", path), 0);
  refused("../%s/knobs.yml", "a link");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rename(other, path), 0);

  snprintf(link_name, sizeof link_name, "challenge-link-%ld", (long)getpid());
  snprintf(path, sizeof path, "%.*s/%s", (int)(name_of(&lender) - lender.dir - 1), lender.dir, link_name);
  assert_int_equal(symlink(lender.dir, path), 0);
  snprintf(text, sizeof text, "../%s/knobs.yml", link_name);
  refused(text, "behind one");
  assert_int_equal(unlink(path), 0);
}

/* The lender's `source:` may not leave the lender, and there is no such form for `source:` itself. */
static void test_source_stays(void **state) {
  (void)state;
  static const char *const forms[] = {"/etc/passwd", "entries/../../x", "link.c", NULL};
  char path[512], line[512] = "source: entries/family.c", next[512];
  snprintf(path, sizeof path, "%s/link.c", lender.dir);
  assert_int_equal(symlink("/etc/passwd", path), 0);
  say_knobs("../%s/knobs.yml");
  for (size_t i = 0; i < 4; i++) {
    struct challenge *c = NULL;
    struct error e = {0};
    if (forms[i])
      snprintf(next, sizeof next, "source: %s", forms[i]);
    else
      snprintf(next, sizeof next, "source: ../%s/entries/family.c", name_of(&borrower));
    fixture_replace(&lender, "knobs.yml", line, next);
    snprintf(line, sizeof line, "%s", next);
    assert_int_equal(challenge_open(borrower.dir, &c, &e), ST_INPUT);
    assert_non_null(strstr(e.file, name_of(&lender)));
    assert_true(strstr(e.text, "leaves the challenge's folder") || strstr(e.text, "must be a path below") ||
                strstr(e.text, "not a file here"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_serves_both),   cmocka_unit_test(test_names_are_this_challenges),
      cmocka_unit_test(test_hostile_forms), cmocka_unit_test(test_not_a_challenge),
      cmocka_unit_test(test_source_stays),
  };
  return cmocka_run_group_tests(tests, open_both, close_both);
}

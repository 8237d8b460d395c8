/* The season's folder: every page is there, hostile texts stay texts, the same log gives the same
 * bytes, and nothing of the reader's own is touched. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "report_fixture.h"

static void render(struct fixture *f) {
  struct error e = {0};
  if (report_folder_write(f->dir, &f->source, &e) != ST_OK)
    fail_msg("rendering: %s", e.text);
}

/* Returns owned. */
static char *slurp(const struct fixture *f, const char *name) {
  char path[512];
  struct buffer b;
  buffer_init(&b);
  assert_int_equal(file_join(path, sizeof path, f->dir, name), 0);
  struct error e = {0};
  if (file_read(path, (size_t)16 << 20, &b, &e) != ST_OK)
    fail_msg("%s: %s", name, e.text);
  char *text = buffer_take(&b);
  return text ? text : strdup("");
}

static void must_hold(const struct fixture *f, const char *name, const char *words) {
  char *text = slurp(f, name);
  if (!strstr(text, words))
    fail_msg("%s does not hold \"%s\":\n%.3000s", name, words, text);
  free(text);
}

static const char *const pages[] = {"task.md",
                                    "README.md",
                                    "SHARK_TANK_LEARNINGS.md",
                                    "index.html",
                                    "best/entry.c",
                                    "rounds/round1_context.md",
                                    "rounds/round1_votes.md",
                                    "rounds/round1_results.md",
                                    "rounds/round2_context.md",
                                    "rounds/round2_votes.md",
                                    "rounds/round2_results.md",
                                    "rounds/round3_context.md",
                                    "rounds/round3_votes.md",
                                    "rounds/round3_results.md",
                                    "pitches/round1_Incrementalist.md",
                                    "pitches/round1_Wild_Card.md",
                                    "pitches/round2_Incrementalist.md",
                                    "pitches/round3_Wild_Card.md"};

static void test_all_pages(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_ENDED, 0);
  render(&f);
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    char *text = slurp(&f, pages[i]);
    if (strlen(text) < 10)
      fail_msg("%s is empty", pages[i]);
    free(text);
  }
  must_hold(&f, "README.md", "| Round | Contestants | Winner | Expected | Actual | Status |");
  must_hold(&f, "README.md", "SUCCESS");
  must_hold(&f, "README.md", "bench1s (scaled)");
  must_hold(&f, "task.md", "bench2s (scaled)");
  must_hold(&f, "rounds/round1_results.md", "bench1s (scaled)");
  must_hold(&f, "rounds/round2_results.md", "c of group 3 at");
  must_hold(&f, "rounds/round1_votes.md", "Skeptic");
  must_hold(&f, "SHARK_TANK_LEARNINGS.md", "What works");
  must_hold(&f, "SHARK_TANK_LEARNINGS.md", "r1.duel.r1.p1");
  must_hold(&f, "best/entry.c", "int second;");
  must_hold(&f, "index.html", "prefers-color-scheme:dark");
  must_hold(&f, "index.html", "<svg ");
  fixture_close(&f);
}

static void test_missing_failed_zero(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_ENDED, 0);
  render(&f);
  must_hold(&f, "README.md", "| failed | FAILURE: wrong |");   /* round 2 has no time: it failed */
  must_hold(&f, "rounds/round1_votes.md", "| not measured |"); /* nobody scored p2's mean */
  must_hold(&f, "rounds/round1_votes.md", "| 0 |");            /* a score of zero is a score */
  must_hold(&f, "task.md", "| fma512_mac_per_s | not measured |");
  fixture_close(&f);
}

/* Finds markup that only an escape could have let through. */
static void no_markup(const char *name, const char *text) {
  static const char *const forbidden[] = {"<script", "<img", "\x1b", "\xe2\x80\xae", "\x07"};
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
    const char *at = strstr(text, forbidden[i]);
    if (at)
      fail_msg("%s lets \"%s\" through: ...%.200s", name, forbidden[i], at);
  }
}

/* No tag of the page loads or runs anything. */
static void no_loading_tags(const char *page) {
  static const char *const forbidden[] = {" src=", " on", "javascript:", "url("};
  for (const char *tag = page; (tag = strchr(tag, '<')) != NULL; tag++) {
    const size_t n = strcspn(tag, ">");
    char *text = strndup(tag, n);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
      if (strstr(text, forbidden[i]))
        fail_msg("a tag of index.html loads or runs something: %s>", text);
    }
    free(text);
  }
}

static void test_hostile_text(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_ENDED, 1);
  render(&f);
  static const char *const names[] = {"index.html",
                                      "README.md",
                                      "SHARK_TANK_LEARNINGS.md",
                                      "rounds/round1_votes.md",
                                      "rounds/round1_results.md",
                                      "pitches/round1_Incrementalist.md",
                                      "pitches/round2_Wild_Card.md",
                                      "task.md"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *text = slurp(&f, names[i]);
    no_markup(names[i], text);
    free(text);
  }
  char *page = slurp(&f, "index.html"), *pitch = slurp(&f, "pitches/round1_Incrementalist.md");
  assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  assert_null(strstr(page, "</pre><script"));
  assert_null(strstr(page, "http://"));
  assert_null(strstr(page, "https://"));
  no_loading_tags(page);
  assert_null(strstr(pitch, "\n# not a heading"));
  assert_null(strstr(pitch, "\n1. not a list"));
  assert_null(strstr(pitch, "\n    not code"));
  assert_null(strstr(pitch, "[l](javascript"));
  free(page);
  free(pitch);
  fixture_close(&f);
}

static void test_same_log_same_bytes(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_ENDED, 1);
  render(&f);
  char *before[sizeof pages / sizeof *pages];
  struct stat stat_before, stat_after;
  char path[512];
  assert_int_equal(file_join(path, sizeof path, f.dir, "README.md"), 0);
  assert_int_equal(stat(path, &stat_before), 0);
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
    before[i] = slurp(&f, pages[i]);
  fixture_refold(&f);
  render(&f);
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    char *after = slurp(&f, pages[i]);
    if (strcmp(before[i], after))
      fail_msg("%s differs between two renderings of one log", pages[i]);
    free(after);
    free(before[i]);
  }
  assert_int_equal(stat(path, &stat_after), 0);
  assert_true(stat_before.st_ino == stat_after.st_ino); /* right bytes are left alone */
  fixture_close(&f);
}

static void test_stale_pages_go_notes_stay(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_MID_ROUND, 0);
  render(&f);
  static const char *const stale[] = {"rounds/round9_votes.md", "pitches/round9_Nobody.md"};
  static const char *const notes[] = {"rounds/my_notes.md", "rounds/round1_thoughts.md",
                                      "pitches/readme.txt"};
  char path[512];
  struct error e = {0};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(file_join(path, sizeof path, f.dir, stale[i]), 0);
    assert_int_equal(file_write_atomic(path, "x", 1, &e), ST_OK);
  }
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(file_join(path, sizeof path, f.dir, notes[i]), 0);
    assert_int_equal(file_write_atomic(path, "x", 1, &e), ST_OK);
  }
  render(&f);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(file_join(path, sizeof path, f.dir, stale[i]), 0);
    assert_false(file_exists(path));
  }
  for (size_t i = 0; i < 3; i++)
    must_hold(&f, notes[i], "x");
  fixture_close(&f);
}

static void test_empty_started_paused(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_EMPTY, 0);
  render(&f);
  must_hold(&f, "README.md", "empty");
  must_hold(&f, "index.html", "</html>");
  fixture_close(&f);
  fixture_open(&f, FIXTURE_STARTED, 0);
  render(&f);
  must_hold(&f, "README.md", "No round was played yet");
  must_hold(&f, "README.md", "not measured");
  must_hold(&f, "index.html", "no journey to draw");
  must_hold(&f, "best/entry.c", "int first;");
  fixture_close(&f);
  fixture_open(&f, FIXTURE_MID_ROUND, 0);
  render(&f);
  must_hold(&f, "README.md", "paused");
  must_hold(&f, "rounds/round2_votes.md", "still open");
  must_hold(&f, "rounds/round2_results.md", "No result: paused");
  must_hold(&f, "best/entry.c", "int second;");
  fixture_close(&f);
}

static void test_odd_fields(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_STARTED, 0);
  /* Everything optional absent, null or of another type. */
  fixture_append(&f, "round_started", "{\"round\":1,\"kind\":\"research\"}");
  fixture_append(&f, "begun", "{\"id\":\"r1.measure\",\"act\":\"measure\",\"round\":1}");
  fixture_append(
      &f, "ended",
      "{\"id\":\"r1.measure\",\"status\":\"ok\",\"result\":{\"shapes\":[{},{\"shape\":7,\"seconds\":\"fast\"},"
      "{\"shape\":\"bench1s\",\"seconds\":0},null,{\"shape\":\"x\",\"seconds\":-1e300}]}}");
  fixture_append(&f, "begun",
                 "{\"id\":\"r1.pitch.a\",\"act\":\"pitch\",\"round\":1,\"who\":\"../../etc/passwd\"}");
  fixture_append(
      &f, "ended",
      "{\"id\":\"r1.pitch.a\",\"status\":\"ok\",\"result\":{\"pitch\":{\"title\":null,\"risks\":7,\"claims\":[],"
      "\"forecast\":\"no\",\"setting\":[1]}}}");
  fixture_append(&f, "phase_closed", "{\"round\":1,\"phase\":\"pitches\",\"ids\":[\"r1.pitch.a\"]}");
  fixture_append(
      &f, "outcome",
      "{\"round\":1,\"pitch\":\"r1.p1\",\"outcome\":\"RESEARCH\",\"speedup\":\"much\",\"interval\":5,\"kind\":null}");
  fixture_refold(&f);
  render(&f);
  must_hold(&f, "pitches/round1_etc_passwd.md", "untitled pitch");
  must_hold(&f, "README.md", "RESEARCH");
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_pages),
      cmocka_unit_test(test_missing_failed_zero),
      cmocka_unit_test(test_hostile_text),
      cmocka_unit_test(test_same_log_same_bytes),
      cmocka_unit_test(test_stale_pages_go_notes_stay),
      cmocka_unit_test(test_empty_started_paused),
      cmocka_unit_test(test_odd_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

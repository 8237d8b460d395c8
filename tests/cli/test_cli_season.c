/* A season from the command line: run, status, report, a pause by Ctrl-C, resume. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "cli_support.h"

#define TINY  ST_TEST_DIR "/fixtures/tiny"
/* Quick rules: what is tested is the command line, so a duel may decide on little evidence. */
#define QUICK ST_TEST_DIR "/fixtures/quick.yml"

static void path_in(const char *dir, const char *name, char out[512]) {
  assert_int_equal(file_join(out, 512, dir, name), 0);
}

/* Both commands on a season that was really judged: whole and the same, then damaged in one blob. */
static void check_replay_and_verify(const char *dir, const char *season) {
  char blobs[512], command[4096];
  struct said s;
  RUN(&s, "replay", season);
  must_exit(&s, 0);
  assert_non_null(strstr(s.out, "same: "));
  said_free(&s);
  RUN(&s, "replay", season, "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.replay/1");
  assert_string_equal(json_str(o, "verdict", ""), "same");
  assert_true(json_int(json_obj(o, "derived"), "answer", 0) >= 7); /* the tank answers again as it did */
  json_decref(o);
  said_free(&s);
  RUN(&s, "verify", season, "--json");
  must_exit(&s, 0);
  o = must_be_json(&s, "sharktank.verify/1");
  assert_string_equal(json_str(o, "verdict", ""), "whole");
  assert_int_equal(json_int(o, "n_strays", -1), 0);
  json_decref(o);
  said_free(&s);
  RUN(&s, "verify", dir); /* a folder, and no season */
  must_exit(&s, 2);
  said_free(&s);
  RUN(&s, "replay", dir);
  must_exit(&s, 2);
  assert_non_null(strstr(s.err, "holds no season"));
  said_free(&s);
  /* A copy that nobody may write, and then one that somebody wrote into. */
  path_in(dir, "copy", blobs);
  snprintf(command, sizeof command, "cp -r '%s' '%s' && rm -f '%s'/season.db-* && chmod -R a-w '%s'", season,
           blobs, blobs, blobs);
  assert_int_equal(system(command), 0);
  RUN(&s, "replay", blobs);
  must_exit(&s, 0);
  said_free(&s);
  RUN(&s, "verify", blobs);
  must_exit(&s, 0);
  said_free(&s);
  snprintf(command, sizeof command, "chmod -R u+w '%s' && for f in '%s'/blobs/*/*; do echo x >>\"$f\"; done",
           blobs, blobs);
  assert_int_equal(system(command), 0);
  RUN(&s, "verify", blobs);
  must_exit(&s, 1);
  assert_non_null(strstr(s.out, "is damaged: its "));
  assert_non_null(strstr(s.out, "restore this file"));
  said_free(&s);
  RUN(&s, "replay", blobs);
  must_exit(&s, 1);
  assert_non_null(strstr(s.out, "incomplete: "));
  said_free(&s);
}

static void test_run(void **state) {
  (void)state;
  char dir[256], season[512], page[600], only[512];
  struct said s;
  make_folder(dir);
  run_in(&s, dir, NULL,
         (const char *const[]){"run", TINY, "--rounds", "2", "--budget", "0.5", "--config", QUICK, "--json",
                               NULL});
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.run/1");
  assert_string_equal(json_str(o, "state", ""), "ended");
  assert_string_equal(json_str(o, "dir", ""), "seasons/tiny-001"); /* the default folder */
  assert_string_equal(json_str(o, "challenge", ""), "tiny");
  assert_int_equal(json_int(o, "rounds_played", -1), 2);
  json_decref(o);
  assert_null(strchr(s.err, '\x1b')); /* stderr is no terminal here: plain lines */
  said_free(&s);
  path_in(dir, "seasons/tiny-001", season);
  path_in(season, "index.html", page);
  assert_true(file_exists(page));
  RUN(&s, "status", season, "--json");
  must_exit(&s, 0);
  o = must_be_json(&s, "sharktank.status/1");
  assert_string_equal(json_str(o, "state", ""), "ended");
  json_decref(o);
  said_free(&s);
  RUN(&s, "status", season);
  must_exit(&s, 0);
  assert_non_null(strstr(s.out, "season of tiny: ended"));
  said_free(&s);
  RUN(&s, "report", season);
  must_exit(&s, 0);
  assert_non_null(strstr(s.out, "index.html"));
  said_free(&s);
  path_in(dir, "only.html", only);
  RUN(&s, "report", season, "--html", only);
  must_exit(&s, 0);
  assert_true(file_exists(only));
  said_free(&s);
  RUN(&s, "report", season, "--markdown", "-");
  must_exit(&s, 0);
  assert_true(!strncmp(s.out, "# Season: ", 10));
  said_free(&s);
  RUN(&s, "report", season, "--html", "/nonexistent/folder/x.html");
  assert_true(s.status == 2 || s.status == 3);
  assert_string_equal(s.out, "");
  said_free(&s);
  check_replay_and_verify(dir, season);
  RUN(&s, "run", TINY, "--season", season);
  must_exit(&s, 2); /* a season is there already */
  said_free(&s);
  RUN(&s, "resume", season, "--json"); /* nothing to do, and said so */
  must_exit(&s, 0);
  o = must_be_json(&s, "sharktank.run/1");
  assert_string_equal(json_str(o, "state", ""), "ended");
  json_decref(o);
  said_free(&s);
  remove_folder(dir);
}

/* Starts a season, waits for its first line on stderr, and interrupts it once. */
static int run_and_interrupt(const char *season) {
  const char *bin = getenv("SHARKTANK_BIN");
  int ends[2];
  assert_non_null(bin);
  assert_int_equal(pipe(ends), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (!pid) {
    (void)alarm(120);
    const int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(ends[1], 2) < 0 || dup2(nowhere, 1) < 0)
      _exit(99);
    (void)close(ends[0]);
    (void)execl(bin, bin, "run", TINY, "--season", season, "--rounds", "2", "--budget", "0.5", "--config",
                QUICK, (char *)NULL);
    _exit(98);
  }
  (void)close(ends[1]);
  char text[65536];
  size_t used = 0;
  int told = 0;
  for (ssize_t n; used + 1 < sizeof text && (n = read(ends[0], text + used, sizeof text - 1 - used)) > 0;) {
    used += (size_t)n;
    text[used] = 0;
    if (!told && strstr(text, "round 1")) { /* the engine is at work: its handler stands */
      told = 1;
      assert_int_equal(kill(pid, SIGINT), 0);
    }
  }
  text[used] = 0;
  (void)close(ends[0]);
  int how = 0;
  assert_true(waitpid(pid, &how, 0) == pid);
  if (!told)
    fail_msg("no round began: %s", text);
  if (!WIFEXITED(how))
    fail_msg("the engine did not exit: %s", text);
  if (!strstr(text, "resume"))
    fail_msg("no word on how to go on: %s", text);
  return WEXITSTATUS(how);
}

static void test_pause_and_resume(void **state) {
  (void)state;
  char dir[256], season[512], config[512];
  struct said s;
  struct error e;
  make_folder(dir);
  path_in(dir, "season", season);
  assert_int_equal(run_and_interrupt(season), 3); /* not ended: a script must not go on as if it were */
  RUN(&s, "status", season, "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.status/1");
  assert_string_equal(json_str(o, "state", ""), "paused");
  json_decref(o);
  said_free(&s);
  RUN(&s, "resume", season, "--json");
  must_exit(&s, 0);
  o = must_be_json(&s, "sharktank.run/1");
  assert_string_equal(json_str(o, "state", ""), "ended");
  assert_int_equal(json_int(o, "rounds_played", -1), 2);
  json_decref(o);
  said_free(&s);
  RUN(&s, "replay", season);
  must_exit(&s, 0);
  said_free(&s);
  path_in(dir, "bad.yml", config);
  assert_int_equal(file_write_atomic(config, "roundz: 3\n", 10, &e), ST_OK);
  RUN(&s, "run", TINY, "--season", dir, "--config", config);
  must_be_one_line_error(&s, 2, "bad.yml:1:");
  said_free(&s);
  remove_folder(dir);
}

/* A budget of evaluations, then one of time: each ends the season with its reason in every view of it. */
static void test_budgets(void **state) {
  (void)state;
  static const struct {
    const char *first, *says;
  } budget[] = {{"{evaluations: 0}", "evaluations"}, {"{wall_s: 0.001}", "wall_s"}};
  char dir[256], season[512], config[512], text[512];
  struct said s;
  struct error e;
  make_folder(dir);
  for (size_t i = 0; i < 2; i++) {
    (void)snprintf(text, sizeof text, "season%zu", i);
    path_in(dir, text, season);
    path_in(dir, "season.yml", config);
    (void)snprintf(text, sizeof text, "alpha: 0.3\nconfirm_alpha: 0.3\nbudgets: %s\n", budget[i].first);
    assert_int_equal(file_write_atomic(config, text, strlen(text), &e), ST_OK);
    RUN(&s, "run", TINY, "--season", season, "--rounds", "1", "--budget", "0.5", "--config", config);
    must_exit(&s, 0);
    said_free(&s);
    RUN(&s, "status", season);
    must_exit(&s, 0);
    assert_non_null(strstr(s.out, "ended (budget)"));
    assert_non_null(strstr(s.out, budget[i].says));
    said_free(&s);
    RUN(&s, "replay", season); /* that a budget of time was spent is in the log: no clock is asked */
    must_exit(&s, 0);
    said_free(&s);
    RUN(&s, "report", season, "--markdown", "-");
    must_exit(&s, 0);
    assert_non_null(strstr(s.out, "The season stopped because the budget of "));
    said_free(&s);
    RUN(&s, "resume", season); /* with nothing larger it stays as it is */
    must_exit(&s, 0);
    said_free(&s);
    if (i > 0)
      continue; /* to play on takes seconds, and once will do */
    assert_int_equal(file_write_atomic(config, "budgets: {calls: 9}\n", 20, &e), ST_OK);
    RUN(&s, "resume", season, "--config", config);
    must_exit(&s, 0);
    said_free(&s);
    RUN(&s, "status", season);
    assert_non_null(strstr(s.out, "all planned rounds are played"));
    said_free(&s);
    RUN(&s, "report", season, "--markdown", "-");
    const char *row = strstr(s.out, "| final | "); /* twice run, and neither ended badly */
    assert_non_null(row);
    assert_int_equal(strncmp(row, "| final | 2 | 0 |", 17), 0);
    said_free(&s);
  }
  remove_folder(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_run), cmocka_unit_test(test_pause_and_resume),
                                     cmocka_unit_test(test_budgets)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of room season: the engine killed with SIGKILL after every single append and inside every single
 * act, then resumed: the decisions are those of a season that was never disturbed, and no event is lost
 * or doubled. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_rng.h"
#include "season_fake.h"
#include "store/store.h"

#define RULES "{'rounds':3,'rounds_without_success':2}"
#define SEED  1

struct killer {
  int64_t left; /* appends until the end; 0: never */
};

static void on_event(void *context, const struct event *ev, const struct record_state *state) {
  struct killer *k = context;
  (void)ev, (void)state;
  if (k->left > 0 && --k->left == 0)
    kill(getpid(), SIGKILL);
}

static enum status play(const char *dir, struct fake_world *f, struct killer *k) {
  struct season_world w;
  struct season_watch watch = {.context = k, .event = on_event};
  struct error e = {.text = ""};
  fake_world_open(f, &w);
  enum status st = season_play_world(dir, &watch, &w, &e);
  if (st != ST_OK && st != ST_INTERRUPTED)
    fail_msg("the season stopped: %s", e.text);
  return st;
}

/* Plays in a child that is killed; returns 1 if it was, 0 if the season ended before. */
static int play_and_die(const char *dir, int64_t appends, int64_t calls) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct fake_world f = {.kill_at_call = calls};
    struct killer k = {appends};
    _exit(play(dir, &f, &k) == ST_OK ? 0 : 9);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) {
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return 1;
  }
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  return 0;
}

static void finish(const char *dir) {
  struct fake_world f = {0};
  struct killer k = {0};
  assert_int_equal(play(dir, &f, &k), ST_OK);
}

/* Loading verifies the chain and the fold refuses doubled acts and decisions; here: every act that
 * counts was done once, and every alpha belongs to one duel. */
static void check_log(const char *dir) {
  struct store *s = NULL;
  struct event_log log;
  struct record_state state;
  struct error e = {.text = ""};
  event_log_init(&log);
  if (store_open(dir, STORE_READ, &s, &e) != ST_OK || store_load(s, &log, &e) != ST_OK ||
      record_fold(&log, &state, &e) != ST_OK)
    fail_msg("%s", e.text);
  assert_non_null(state.ended);
  int64_t duels = 0;
  for (size_t k = 0; k < state.n_rounds; k++)
    for (size_t i = 0; i < state.round[k].n_acts; i++) {
      const struct record_act *a = &state.round[k].act[i];
      assert_non_null(a->status);
      if (strcmp(a->act, "duel") == 0)
        assert_int_equal(json_int(a->args, "index", 0), ++duels);
      for (size_t j = i + 1; j < state.round[k].n_acts; j++) {
        const struct record_act *b = &state.round[k].act[j];
        /* Begun again only after an interruption. */
        if (strncmp(b->id, a->id, strlen(a->id)) == 0 && b->id[strlen(a->id)] == '.' &&
            strcmp(a->act, b->act) == 0 && strcmp(a->act, "implement") != 0 && strcmp(a->act, "check") != 0)
          assert_string_equal(a->status, "interrupted");
      }
    }
  record_state_fini(&state);
  event_log_fini(&log);
  store_close(s);
}

/* Fails with the first line that differs: whole seasons are too long for a message. */
static void same_decisions(const char *got, const char *want, const char *when, int64_t number) {
  if (strcmp(got, want) == 0)
    return;
  const char *line_got = got, *line_want = want;
  for (size_t i = 0; got[i] == want[i]; i++)
    if (got[i] == '\n') {
      line_got = got + i + 1;
      line_want = want + i + 1;
    }
  fail_msg("%s %lld: got\n%.*s\nwanted\n%.*s", when, (long long)number, (int)strcspn(line_got, "\n"),
           line_got, (int)strcspn(line_want, "\n"), line_want);
}

/* The season that is killed below must have everything in it that can be cut off. */
static void check_variety(const char *dir) {
  struct store *s = NULL;
  struct event_log log;
  int confirms = 0, repairs = 0, failures = 0;
  event_log_init(&log);
  assert_int_equal(store_open(dir, STORE_READ, &s, NULL), ST_OK);
  assert_int_equal(store_load(s, &log, NULL), ST_OK);
  for (size_t i = 0; i < log.count; i++) {
    const json_t *data = log.event[i].data;
    confirms += strcmp(json_str(data, "act", ""), "confirm") == 0;
    repairs += json_int(json_obj(data, "args"), "attempt", 0) > 0;
    failures += strcmp(json_str(data, "status", ""), "failed") == 0;
  }
  assert_true(confirms > 0 && repairs > 0 && failures > 0);
  event_log_fini(&log);
  store_close(s);
}

static char *undisturbed(void) {
  char dir[256];
  fake_dir(dir);
  fake_begin(dir, RULES, SEED);
  finish(dir);
  check_variety(dir);
  char *text = fake_decisions(dir);
  fake_dir_end(dir);
  return text;
}

/* One season that dies once, at the given append or call. Returns 0 when it ended before that. */
static int one_death(const char *want, int64_t appends, int64_t calls) {
  char dir[256];
  fake_dir(dir);
  fake_begin(dir, RULES, SEED);
  int died = play_and_die(dir, appends, calls);
  finish(dir);
  char *got = fake_decisions(dir);
  same_decisions(got, want, appends > 0 ? "killed after append" : "killed in act",
                 appends > 0 ? appends : calls);
  check_log(dir);
  free(got);
  fake_dir_end(dir);
  return died;
}

static void test_killed_after_every_append(void **unused) {
  (void)unused;
  char *want = undisturbed();
  int64_t i = 1;
  while (one_death(want, i, 0))
    i++;
  printf("killed after each of %lld appends\n", (long long)(i - 1));
  assert_true(i > 60);
  free(want);
}

static void test_killed_in_every_act(void **unused) {
  (void)unused;
  char *want = undisturbed();
  int64_t i = 1;
  while (one_death(want, 0, i))
    i++;
  printf("killed inside each of %lld acts\n", (long long)(i - 1));
  assert_true(i > 25);
  free(want);
}

/* Many deaths in one season, at random distances: at least four appends each, or an act that is cut
 * off every time would never be done. */
static void test_killed_again_and_again(void **unused) {
  (void)unused;
  char *want = undisturbed();
  for (uint64_t seed = 0; seed < 6; seed++) {
    char dir[256];
    struct rng rng;
    int deaths = 0;
    rng_init(&rng, seed);
    fake_dir(dir);
    fake_begin(dir, RULES, SEED);
    while (play_and_die(dir, 4 + (int64_t)rng_below(&rng, 9), 0))
      deaths++;
    assert_true(deaths > 5);
    char *got = fake_decisions(dir);
    same_decisions(got, want, "killed again and again with seed", (int64_t)seed);
    check_log(dir);
    free(got);
    fake_dir_end(dir);
  }
  free(want);
}

/* Ctrl-C during every act: a clean pause, and the same decisions after it. */
static void test_paused_in_every_act(void **unused) {
  (void)unused;
  char *want = undisturbed();
  for (int64_t i = 1;; i++) {
    char dir[256];
    struct fake_world f = {.stop_at_call = i};
    struct killer k = {0};
    fake_dir(dir);
    fake_begin(dir, RULES, SEED);
    enum status st = play(dir, &f, &k);
    if (st == ST_INTERRUPTED)
      finish(dir);
    char *got = fake_decisions(dir);
    same_decisions(got, want, "paused in act", i);
    check_log(dir);
    free(got);
    fake_dir_end(dir);
    if (st == ST_OK)
      break;
  }
  free(want);
}

static int always(void *unused) {
  (void)unused;
  return 1;
}

/* Asked to stop before anything: one event says so, and nothing else happens. */
static void test_pause_between_steps(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {0};
  struct season_world w;
  struct season_watch watch = {.cancelled = always};
  struct error e = {.text = ""};
  fake_dir(dir);
  fake_begin(dir, RULES, SEED);
  fake_world_open(&f, &w);
  assert_int_equal(season_play_world(dir, &watch, &w, &e), ST_INTERRUPTED);
  assert_non_null(strstr(e.text, "resume"));
  assert_int_equal(f.calls, 0);
  finish(dir);
  fake_dir_end(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_killed_after_every_append), cmocka_unit_test(test_killed_in_every_act),
      cmocka_unit_test(test_killed_again_and_again),    cmocka_unit_test(test_paused_in_every_act),
      cmocka_unit_test(test_pause_between_steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

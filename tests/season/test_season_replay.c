/* Tests of room season: replays. Whole seasons, killed and paused ones, and forged ones whose hash chain is
 * whole: what was decided otherwise than the rules decide is found and named. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "season/season_replay.h"
#include "season_fake.h"
#include "season_replayed.h"
#include "store/store.h"

#define RULES "{'rounds':3,'rounds_without_success':2}"

static void whole_season(char dir[256]) {
  fake_dir(dir);
  fake_begin(dir, RULES, 1);
  assert_int_equal(replayed_play(dir, 0, 0), ST_OK);
}

static void a_season_replays(void **unused) {
  (void)unused;
  char dir[256];
  whole_season(dir);
  json_t *report = replayed(dir);
  replayed_same(report);
  assert_true(json_bool(report, "ended", 0));
  assert_int_equal(json_array_size(json_arr(report, "next")), 0);
  assert_int_equal(json_int(report, "walked", 0), json_int(report, "events", -1));
  const json_t *derived = json_obj(report, "derived");
  assert_int_equal(json_int(derived, "context", 0), 3);
  assert_true(json_int(derived, "decision", 0) > 15);
  assert_true(json_int(derived, "act", 0) > 25);
  assert_true(json_int(derived, "answer", 0) > 15);
  assert_int_equal(json_int(report, "unchecked", -1), 0);
  json_decref(report);
  fake_dir_end(dir);
}

/* Stopped after each append and in each act: what is there replays, and so does what was made of it. */
static void cut_off_seasons_replay(void **unused) {
  (void)unused;
  for (int64_t i = 1, going = 1; going; i += 3) {
    char dir[256];
    fake_dir(dir);
    fake_begin(dir, RULES, 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
      _exit(replayed_play(dir, i % 2 ? i : 0, i % 2 ? 0 : i / 2) == ST_OK ? 0 : 9);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    going = WIFSIGNALED(status) || i % 2 == 0;
    json_t *report = replayed(dir);
    replayed_same(report);
    json_decref(report);
    assert_int_equal(replayed_play(dir, 0, 0), ST_OK);
    report = replayed(dir);
    replayed_same(report);
    assert_true(json_bool(report, "ended", 0));
    json_decref(report);
    fake_dir_end(dir);
  }
}

static void paused_seasons_replay(void **unused) {
  (void)unused;
  for (int64_t call = 1; call < 40; call += 4) {
    char dir[256];
    fake_dir(dir);
    fake_begin(dir, RULES, 1);
    if (replayed_pause(dir, call) == ST_INTERRUPTED) {
      json_t *report = replayed(dir);
      replayed_same(report);
      assert_true(json_array_size(json_arr(report, "next")) > 0);
      json_decref(report);
      assert_int_equal(replayed_play(dir, 0, 0), ST_OK);
    }
    json_t *report = replayed(dir);
    replayed_same(report);
    json_decref(report);
    fake_dir_end(dir);
  }
}

/* ------------------------------------------------------------------ forgeries */

static int other_winner(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "tally") != 0 || json_is_null(json_object_get(ev->data, "runner_up")) ||
      json_object_get(ev->data, "runner_up") == NULL)
    return 0;
  json_t *winner = json_incref(json_object_get(ev->data, "winner"));
  json_object_set(ev->data, "winner", json_object_get(ev->data, "runner_up"));
  json_object_set_new(ev->data, "runner_up", winner);
  return 1;
}

static int other_lesson(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "learning") != 0)
    return 0;
  json_put_str(ev->data, "claim", "pre-allocation helps");
  return 1;
}

static int other_outcome(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "outcome") != 0 || strcmp(json_str(ev->data, "outcome", ""), "FAILURE") != 0)
    return 0;
  json_put_str(ev->data, "outcome", "UNRESOLVED");
  return 1;
}

static int other_gate(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "pitches_gated") != 0)
    return 0;
  json_put_bool(json_array_get(json_arr(ev->data, "pitches"), 0), "passed", 0);
  return 1;
}

static int other_alpha(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "begun") != 0 || strcmp(json_str(ev->data, "act", ""), "duel") != 0)
    return 0;
  json_put_num(json_object_get(ev->data, "args"), "alpha", 0.5);
  return 1;
}

static int other_vote(struct event *ev, struct store *to) {
  (void)to;
  json_t *ballot = json_object_get(json_object_get(ev->data, "result"), "ballot");
  if (strcmp(ev->kind, "ended") != 0 || !json_is_object(ballot))
    return 0;
  json_put_str(ballot, "vote", "r1.p2");
  return 1;
}

static int other_speedup(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "incumbent_changed") != 0)
    return 0;
  json_put_num(ev->data, "speedup", 9);
  return 1;
}

static int other_context(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "context_frozen") != 0 || json_int(ev->data, "round", 0) != 2)
    return 0;
  json_put_str(ev->data, "blob", "0000000000000000000000000000000000000000000000000000000000000000");
  return 1;
}

static int impossible_winner(struct event *ev, struct store *to) {
  (void)to;
  if (strcmp(ev->kind, "tally") != 0)
    return 0;
  json_put_str(ev->data, "winner", "r1.p9");
  return 1;
}

static const struct {
  replayed_forger forge;
  const char *kind, *what, *pointer;
} forgeries[] = {
    {other_winner, "tally", "decision", "/runner_up"},
    {other_lesson, "learning", "decision", "/claim"},
    {other_outcome, "outcome", "decision", "/outcome"},
    {other_gate, "pitches_gated", "decision", "/pitches/0/passed"},
    {other_alpha, "begun", "act", "/args/alpha"},
    {other_vote, "ended", "answer", "/result/ballot/vote"},
    {other_speedup, "incumbent_changed", "decision", "/speedup"},
    {other_context, "context_frozen", "context", "/blob"},
    {impossible_winner, "tally", "decision", "/winner"},
};

static void forgeries_are_found(void **unused) {
  (void)unused;
  char dir[256], forged[256];
  whole_season(dir);
  for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
    int64_t seq = replayed_forge(dir, forgeries[i].forge, forged);
    assert_true(seq > 0);
    json_t *report = replayed(forged);
    const json_t *first = json_object_get(report, "first");
    if (strcmp(json_str(report, "verdict", ""), "different") != 0 || json_int(first, "seq", 0) != seq ||
        strcmp(json_str(first, "kind", ""), forgeries[i].kind) != 0 ||
        strcmp(json_str(first, "what", ""), forgeries[i].what) != 0 ||
        strcmp(json_str(first, "pointer", ""), forgeries[i].pointer) != 0) {
      char *text = json_canonical(first);
      fail_msg("forgery %zu at %lld was not found as such: %s", i, (long long)seq, text);
    }
    json_decref(report);
    fake_dir_end(forged);
  }
  fake_dir_end(dir);
}

static int never(struct event *ev, struct store *to) {
  (void)to;
  (void)ev;
  return 0;
}

/* The copy is the same season, so it replays: a forgery is found by what it says, not by being a copy. */
static void a_copy_replays(void **unused) {
  (void)unused;
  char dir[256], copy[256];
  whole_season(dir);
  assert_int_equal(replayed_forge(dir, never, copy), 0);
  json_t *report = replayed(copy);
  replayed_same(report);
  json_decref(report);
  fake_dir_end(copy);
  fake_dir_end(dir);
}

/* ------------------------------------------------------------------ what is missing */

static const char *context_blob(const char *dir, char out[HASH_HEX_BYTES]) {
  struct store *s = NULL;
  struct event_log log;
  event_log_init(&log);
  assert_int_equal(store_open(dir, STORE_READ, &s, NULL), ST_OK);
  assert_int_equal(store_load(s, &log, NULL), ST_OK);
  for (size_t i = 0; i < log.count; i++)
    if (strcmp(log.event[i].kind, "context_frozen") == 0)
      snprintf(out, HASH_HEX_BYTES, "%s", json_str(log.event[i].data, "blob", ""));
  event_log_fini(&log);
  store_close(s);
  return out;
}

static void a_missing_blob_is_named(void **unused) {
  (void)unused;
  char dir[256], path[512], name[HASH_HEX_BYTES];
  whole_season(dir);
  context_blob(dir, name);
  snprintf(path, sizeof path, "%s/blobs/%.2s/%s", dir, name, name);
  assert_int_equal(unlink(path), 0);
  json_t *report = replayed(dir);
  assert_string_equal(json_str(report, "verdict", ""), "incomplete");
  assert_int_equal(json_int(report, "n_differences", -1), 0);
  assert_true(json_int(report, "unchecked", 0) > 0);
  const json_t *missing = json_array_get(json_arr(report, "missing"), 0);
  assert_string_equal(json_str(missing, "blob", ""), name);
  assert_false(json_bool(missing, "damaged", 1));
  json_decref(report);
  assert_int_equal(file_write_atomic(path, "{}", 2, NULL), ST_OK);
  report = replayed(dir);
  assert_string_equal(json_str(report, "verdict", ""), "incomplete");
  assert_true(json_bool(json_array_get(json_arr(report, "missing"), 0), "damaged", 0));
  json_decref(report);
  fake_dir_end(dir);
}

static void nothing_is_written(void **unused) {
  (void)unused;
  char dir[256], command[1200];
  whole_season(dir);
  snprintf(command, sizeof command, "cd %s && find . -printf '%%p %%s %%T@\\n' | sort > %s.before", dir, dir);
  assert_int_equal(system(command), 0);
  json_t *report = replayed(dir);
  replayed_same(report);
  json_decref(report);
  snprintf(command, sizeof command,
           "cd %s && find . -printf '%%p %%s %%T@\\n' | sort | cmp - %s.before && rm %s.before", dir, dir,
           dir);
  assert_int_equal(system(command), 0);
  fake_dir_end(dir);
}

static void no_season_is_said(void **unused) {
  (void)unused;
  char dir[256];
  json_t *report = NULL;
  struct error e = {.text = ""};
  fake_dir(dir);
  assert_int_equal(season_replay(dir, NULL, &report, &e), ST_NOT_FOUND);
  assert_null(report);
  fake_dir_end(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_season_replays),      cmocka_unit_test(cut_off_seasons_replay),
      cmocka_unit_test(paused_seasons_replay), cmocka_unit_test(forgeries_are_found),
      cmocka_unit_test(a_copy_replays),        cmocka_unit_test(a_missing_blob_is_named),
      cmocka_unit_test(nothing_is_written),    cmocka_unit_test(no_season_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

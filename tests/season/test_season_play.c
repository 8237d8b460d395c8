/* Tests of room season: whole seasons over a fake world. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "season/season_engine.h"
#include "season_fake.h"

struct seen { /* a loaded season */
  struct store *store;
  struct event_log log;
  struct record_state state;
};

static void load(const char *dir, struct seen *s) {
  struct error e = {.text = ""};
  event_log_init(&s->log);
  if (store_open(dir, STORE_READ, &s->store, &e) != ST_OK || store_load(s->store, &s->log, &e) != ST_OK ||
      record_fold(&s->log, &s->state, &e) != ST_OK)
    fail_msg("%s", e.text);
}

static void unload(struct seen *s) {
  record_state_fini(&s->state);
  event_log_fini(&s->log);
  store_close(s->store);
}

static enum status play(const char *dir, struct fake_world *f, struct error *e) {
  struct season_world w;
  fake_world_open(f, &w);
  return season_play_world(dir, NULL, &w, e);
}

static void play_whole(const char *dir, struct fake_world *f) {
  struct error e = {.text = ""};
  if (play(dir, f, &e) != ST_OK)
    fail_msg("the season stopped: %s", e.text);
}

static void test_whole_season(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {0};
  struct seen s;
  fake_dir(dir);
  fake_begin(dir, "{'rounds':8,'rounds_without_success':8}", 1);
  play_whole(dir, &f);
  load(dir, &s);
  assert_non_null(s.state.ended);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  assert_int_equal(s.state.n_rounds, 8);
  assert_true(s.state.total_speedup > 1.2);
  /* What was published is the product of the confirmed speedups, and the final act confirms it. */
  double total = json_num(json_obj(json_obj(s.state.ended, "final"), "duel"), "speedup", NAN);
  assert_true(fabs(total / s.state.total_speedup - 1) < 1e-6);
  assert_string_equal(json_str(json_obj(s.state.ended, "final"), "full_shape", ""), "full1");
  /* A stopped season is not played again: nothing is appended. */
  size_t count = s.log.count;
  unload(&s);
  play_whole(dir, &f);
  load(dir, &s);
  assert_int_equal(s.log.count, count);
  unload(&s);
  fake_dir_end(dir);
}

/* Every duel's alpha follows from how many were begun before; all of them add up to less than alpha. */
static void test_alpha_is_spent(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {0};
  struct seen s;
  fake_dir(dir);
  fake_begin(dir, "{'rounds':6,'rounds_without_success':8}", 3);
  play_whole(dir, &f);
  load(dir, &s);
  int64_t i = 0;
  double sum = 0;
  for (size_t k = 0; k < s.state.n_rounds; k++)
    for (size_t n = 0; n < s.state.round[k].n_acts; n++) {
      const struct record_act *a = &s.state.round[k].act[n];
      double alpha = json_num(a->args, "alpha", NAN);
      if (strcmp(a->act, "confirm") == 0)
        assert_true(fabs(alpha - 0.025) < 1e-15);
      if (strcmp(a->act, "duel") != 0)
        continue;
      i++;
      sum += alpha;
      assert_int_equal(json_int(a->args, "index", 0), i);
      assert_true(fabs(alpha - season_duel_alpha(0.01, i)) < 1e-15);
    }
  assert_true(i >= 3 && sum < 0.01);
  unload(&s);
  fake_dir_end(dir);
}

/* Ballots carry no author and no part the protocol does not name, in an order of the shark's own. */
struct blind_world {
  struct fake_world f;
  enum status (*agent)(void *, const char *, const json_t *, json_t **, struct error *);
  int ballots, orders_differ;
  char first[16][40];
};

static enum status blind_agent(void *context, const char *provider, const json_t *request, json_t **answer,
                               struct error *e) {
  struct blind_world *b = context;
  if (strcmp(json_str(request, "ask", ""), "ballot") == 0) {
    size_t i;
    json_t *p;
    json_array_foreach((json_t *)(uintptr_t)json_arr(request, "pitches"), i, p) {
      assert_int_equal(json_object_size(p), 2);
      assert_null(json_object_get(json_object_get(p, "pitch"), "who"));
      assert_null(json_object_get(json_object_get(p, "pitch"), "author"));
    }
    const char *first = json_str(json_array_get(json_arr(request, "pitches"), 0), "id", "");
    snprintf(b->first[b->ballots % 16], sizeof b->first[0], "%s", first);
    if (b->ballots % 3 > 0)
      b->orders_differ |= strcmp(b->first[b->ballots % 16], b->first[(b->ballots + 15) % 16]) != 0;
    b->ballots++;
  }
  enum status st = b->agent(&b->f, provider, request, answer, e);
  if (st == ST_OK && json_object_get(*answer, "pitch") != NULL)
    json_put_str(json_object_get(*answer, "pitch"), "author", "me");
  return st;
}

static int64_t blind_now(void *context) {
  return ((struct blind_world *)context)->f.clock_ns;
}

static void test_ballots_are_blind(void **unused) {
  (void)unused;
  char dir[256];
  struct blind_world b = {.ballots = 0};
  struct season_world w;
  struct error e = {.text = ""};
  fake_dir(dir);
  fake_begin(dir, "{'rounds':4,'rounds_without_success':8}", 1);
  fake_world_open(&b.f, &w);
  b.agent = w.agent;
  w.agent = blind_agent;
  w.context = &b; /* b.f is its first member: the other functions see what they expect */
  w.now_ns = blind_now;
  if (season_play_world(dir, NULL, &w, &e) != ST_OK)
    fail_msg("%s", e.text);
  assert_int_equal(b.ballots, 12);
  assert_true(b.orders_differ);
  fake_dir_end(dir);
}

/* Any two runs with one seed decide alike; another seed decides otherwise. */
static void test_seed_decides(void **unused) {
  (void)unused;
  char *text[3];
  for (int i = 0; i < 3; i++) {
    char dir[256];
    struct fake_world f = {0};
    fake_dir(dir);
    fake_begin(dir, "{'rounds':4}", i < 2 ? 5 : 6);
    play_whole(dir, &f);
    text[i] = fake_decisions(dir);
    fake_dir_end(dir);
  }
  assert_string_equal(text[0], text[1]);
  assert_string_not_equal(text[0], text[2]);
  for (int i = 0; i < 3; i++)
    free(text[i]);
}

/* The replay: each decision in the log, derived again from what stands before it. */
static void test_decisions_replay(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {0};
  struct seen s;
  int decisions = 0;
  fake_dir(dir);
  fake_begin(dir, "{'rounds':8}", 2);
  play_whole(dir, &f);
  load(dir, &s);
  for (size_t i = 1; i < s.log.count; i++) {
    struct event_log prefix = {s.log.event, i, i};
    struct record_state state;
    struct season_steps next;
    const char *kind = NULL;
    assert_int_equal(record_fold(&prefix, &state, NULL), ST_OK);
    season_next(&state, &next);
    if (next.count > 0) {
      json_t *data = season_decide(&state, next.step[0].kind, next.step[0].pitch, &kind);
      if (kind != NULL) {
        assert_string_equal(kind, s.log.event[i].kind);
        char *a = json_canonical(data), *b = json_canonical(s.log.event[i].data);
        assert_string_equal(a, b);
        free(a);
        free(b);
        decisions++;
      }
      json_decref(data);
    }
    record_state_fini(&state);
  }
  assert_true(decisions > 40);
  unload(&s);
  fake_dir_end(dir);
}

/* Three rounds without success: research, then wild card, then the season has converged. */
static void test_converges(void **unused) {
  (void)unused;
  static const char *const kinds[] = {"optimisation", "optimisation", "optimisation", "research",
                                      "wild_card"};
  char dir[256];
  struct fake_world f = {.useless = 1};
  struct seen s;
  fake_dir(dir);
  fake_begin(dir, "{'rounds':20}", 1);
  play_whole(dir, &f);
  load(dir, &s);
  assert_int_equal(s.state.n_rounds, 5);
  for (size_t i = 0; i < 5; i++)
    assert_string_equal(s.state.round[i].kind, kinds[i]);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "converged");
  assert_string_equal(json_str(s.state.round[3].outcome[0], "outcome", ""), "RESEARCH");
  assert_true(s.state.total_speedup == 1);
  assert_true(json_is_null(
      json_object_get(json_obj(s.state.ended, "final"), "duel"))); /* first == best: nothing to race */
  unload(&s);
  fake_dir_end(dir);
}

/* A wrong incumbent stops all optimisation: only minimal fixes, which this cast cannot make. */
static void test_wrong_incumbent(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {.broken_incumbent = 1};
  struct seen s;
  fake_dir(dir);
  fake_begin(dir, "{'rounds':20}", 1);
  play_whole(dir, &f);
  load(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "incumbent_wrong");
  assert_int_equal(s.state.n_rounds, 4);
  assert_null(s.state.round[0].context_blob);
  for (size_t i = 1; i < 4; i++)
    assert_string_equal(s.state.round[i].kind, "minimal_fix");
  assert_int_equal(f.duels_seen, 0);
  unload(&s);
  fake_dir_end(dir);
}

/* The machine's failure stops the season with its error and counts against nobody; resume goes on. */
static void test_machine_failure(void **unused) {
  (void)unused;
  char dir[256], other[256];
  struct fake_world quiet = {0};
  fake_dir(dir);
  fake_dir(other);
  fake_begin(other, "{'rounds':2}", 1);
  play_whole(other, &quiet);
  char *want = fake_decisions(other);
  fake_begin(dir, "{'rounds':2}", 1);
  struct error e = {.text = ""};
  struct fake_world f = {.fail_at_call = 1}; /* the first call is the judge's: measure */
  assert_int_equal(play(dir, &f, &e), ST_TOOL);
  assert_string_equal(e.text, "no compiler here");
  f.fail_at_call = 0;
  play_whole(dir, &f);
  char *got = fake_decisions(dir);
  assert_string_equal(got, want);
  free(got);
  free(want);
  fake_dir_end(dir);
  fake_dir_end(other);
}

/* An agent that cannot be reached is recorded, and the round goes on without it. */
static void test_agent_failure(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {0};
  struct seen s;
  fake_dir(dir);
  fake_begin(dir, "{'rounds':3,'rounds_without_success':8}", 1);
  play_whole(dir, &f);
  load(dir, &s);
  const json_t *failed = json_arr(s.state.round[1].pitches_closed, "failed");
  assert_int_equal(json_array_size(failed), 1);
  assert_string_equal(json_str(json_array_get(failed, 0), "who", ""), "Wild Card");
  assert_int_equal(s.state.round[1].n_pitches, 3);
  const json_t *invalid = json_arr(s.state.round[2].ballots_closed, "invalid");
  assert_int_equal(json_array_size(invalid), 1);
  assert_non_null(strstr(json_str(json_array_get(invalid, 0), "text", ""), "not up for a vote"));
  assert_int_equal(json_int(s.state.round[2].tally, "ballots", 0), 2);
  unload(&s);
  fake_dir_end(dir);
}

struct expected {
  int told, with_expectation;
};

static void hear(void *context, const char *phase, int64_t round, double done, double expected_s,
                 const char *text) {
  struct expected *x = context;
  (void)round, (void)done, (void)text;
  x->told++;
  if (strcmp(phase, "measure") == 0 && !isnan(expected_s)) {
    assert_true(fabs(expected_s - 0.001) < 1e-12); /* the fake clock: each call takes a millisecond */
    x->with_expectation++;
  }
}

static void test_progress(void **unused) {
  (void)unused;
  char dir[256];
  struct fake_world f = {0};
  struct season_world w;
  struct expected x = {0};
  struct season_watch watch = {.context = &x, .progress = hear};
  fake_dir(dir);
  fake_begin(dir, "{'rounds':3,'rounds_without_success':8}", 1);
  fake_world_open(&f, &w);
  assert_int_equal(season_play_world(dir, &watch, &w, NULL), ST_OK);
  assert_true(x.told > 20);
  assert_int_equal(x.with_expectation, 2); /* the first measure had no past to go by */
  fake_dir_end(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole_season),      cmocka_unit_test(test_alpha_is_spent),
      cmocka_unit_test(test_ballots_are_blind), cmocka_unit_test(test_seed_decides),
      cmocka_unit_test(test_decisions_replay),  cmocka_unit_test(test_converges),
      cmocka_unit_test(test_wrong_incumbent),   cmocka_unit_test(test_machine_failure),
      cmocka_unit_test(test_agent_failure),     cmocka_unit_test(test_progress),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

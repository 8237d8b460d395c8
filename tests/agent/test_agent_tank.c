/* Room: tests/agent. The built-in tank through its one door: every answer keeps the schema, is the same
 * for the same request, proposes only valid and new settings, and does not depend on what a shark may not
 * know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_opinion.h"
#include "agent_fixture.h"

static const char *const contestants[4] = {"builtin:incrementalist", "builtin:refactorer",
                                           "builtin:hardware_expert", "builtin:wild_card"};
static const char *const sharks[3] = {"builtin:skeptic", "builtin:pragmatist", "builtin:theorist"};

static json_t *ask(const char *provider, const json_t *request) {
  json_t *answer = NULL;
  struct error e = {0};
  enum status st = agent_call(provider, request, &answer, &e);
  if (st != ST_OK)
    print_message("%s: %s\n", provider, e.text);
  assert_int_equal(st, ST_OK);
  st = agent_answer_check(request, answer, &e);
  if (st != ST_OK)
    print_message("%s: %s\n", provider, e.text);
  assert_int_equal(st, ST_OK);
  return answer;
}

/* Settings of the toy space, for building histories. */
static json_t *nth_setting(size_t n) {
  struct arena a;
  struct agent_space s;
  struct error e;
  json_t *task = fixture_task(), *facts = fixture_facts();
  arena_init(&a, 0);
  assert_int_equal(agent_space_read(task, facts, &a, &s, &e), ST_OK);
  assert_int_equal(agent_space_list(&s, NULL, 0, 0, &e), ST_OK);
  json_t *out = agent_space_to_json(&s, s.setting + (n % s.n) * s.n_knobs);
  arena_fini(&a);
  json_decref(task);
  json_decref(facts);
  return out;
}

static json_t *grown_request(const char *what, const char *name) {
  json_t *r = fixture_request(what, name);
  for (int i = 0; i < 4; i++) {
    json_t *s = nth_setting((size_t)i * 811 + 1000);
    fixture_add_measurement(r, "b10b0000", s, -2.0 - 0.4 * i, i + 1);
    if (i == 3)
      fixture_set_incumbent(r, "b10b0003", s, -3.2);
    json_decref(s);
  }
  return r;
}

static void same_request_same_answer(void **state) {
  (void)state;
  for (int grown = 0; grown < 2; grown++)
    for (int i = 0; i < 4; i++) {
      json_t *r = grown ? grown_request("pitch", contestants[i]) : fixture_request("pitch", contestants[i]);
      json_t *copy = json_deep_copy(r), *a = ask(contestants[i], r), *b = ask(contestants[i], copy);
      assert_true(json_equal(a, b));
      assert_true(json_equal(r, copy)); /* the request is not touched */
      json_decref(a);
      json_decref(b);
      json_decref(copy);
      json_decref(r);
    }
}

static void check_new_and_valid(const json_t *request, const json_t *pitch) {
  struct arena a;
  struct agent_view v;
  struct error e;
  uint8_t setting[AGENT_KNOBS_MAX];
  arena_init(&a, 0);
  assert_int_equal(agent_view_read(request, &a, &v, &e), ST_OK);
  assert_int_equal(agent_space_from_json(&v.space, json_object_get(pitch, "setting"), setting, &e), ST_OK);
  assert_true(agent_space_valid(&v.space, setting, NULL));
  assert_false(agent_view_tried(&v, setting));
  arena_fini(&a);
}

/* Pitches of many rounds, each remembered: all valid, none twice. */
static void no_pitch_comes_twice(void **state) {
  (void)state;
  json_t *r = grown_request("pitch", "x");
  json_t *history = json_object_get(json_object_get(r, "context"), "history");
  for (int round = 0; round < 12; round++)
    for (int i = 0; i < 4; i++) {
      json_put_str(r, "name", contestants[i]);
      json_put_int(r, "seed", round * 10 + i);
      json_t *a = ask(contestants[i], r), *pitch = json_object_get(a, "pitch");
      check_new_and_valid(r, pitch);
      json_array_append_new(history, json_pack("{s:i,s:s,s:O}", "round", round, "kind", "optimisation",
                                               "setting", json_object_get(pitch, "setting")));
      json_decref(a);
    }
  json_decref(r);
}

static size_t knobs_changed(const json_t *from, const json_t *to, int *word) {
  size_t n = 0;
  const char *key;
  json_t *value;
  *word = 0;
  json_object_foreach((json_t *)(uintptr_t)to, key,
                      value) if (!json_equal(json_object_get(from, key), value)) {
    n++;
    *word |= json_is_string(value);
  }
  return n;
}

static void personas_keep_their_rules(void **state) {
  (void)state;
  json_t *r = grown_request("pitch", "x");
  const json_t *from =
      json_object_get(json_object_get(json_object_get(r, "context"), "incumbent"), "setting");
  int word;
  json_t *a = ask(contestants[0], r);
  assert_in_range(knobs_changed(from, json_object_get(json_object_get(a, "pitch"), "setting"), &word), 1, 2);
  json_decref(a);
  a = ask(contestants[1], r);
  (void)knobs_changed(from, json_object_get(json_object_get(a, "pitch"), "setting"), &word);
  assert_true(word);
  json_decref(a);
  a = ask(contestants[3], r);
  assert_true(knobs_changed(from, json_object_get(json_object_get(a, "pitch"), "setting"), &word) >= 3);
  json_decref(a);
  json_decref(r);
}

/* What the limits, the machine's limit and the roofline per shape allow is never exceeded. */
static void promises_stay_inside_the_bounds(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    json_t *r = grown_request("pitch", contestants[i]), *context = json_object_get(r, "context");
    json_t *inc = json_object_get(context, "incumbent"), *shapes = json_object_get(inc, "shapes"), *s;
    size_t k;
    json_array_foreach(shapes, k, s) /* hardly anything is left to gain */
        json_put_num(s, "roofline_seconds", json_num(s, "seconds", 0) / 1.04);
    json_t *a = ask(contestants[i], r), *pitch = json_object_get(a, "pitch"),
           *claims = json_object_get(pitch, "claims");
    assert_true(json_num(json_object_get(json_object_get(pitch, "forecast"), "speedup"), "q90", 9) <= 1.04);
    json_array_foreach(shapes, k, s)
        assert_true(json_num(json_object_get(claims, "predicted"), json_str(s, "shape", ""), 0) >=
                    json_num(s, "roofline_seconds", 1));
    json_t *limits = json_object_get(json_object_get(context, "task"), "limits"), *limit;
    json_array_foreach(limits, k, limit) {
      double value;
      assert_true(json_has_num(claims, json_str(limit, "claim", ""), &value));
      assert_true(agent_limit_met(limit, value));
    }
    json_decref(a);
    json_decref(r);
  }
}

static json_t *ballot_request(const char *shark) {
  json_t *r = grown_request("ballot", shark), *list = json_array();
  json_put_str(r, "ask", "pitch");
  for (int i = 0; i < 4; i++) {
    char id[16];
    snprintf(id, sizeof id, "r5.p%d", i + 1);
    json_t *a = ask(contestants[i], r);
    json_array_append_new(list, json_pack("{s:s,s:O}", "id", id, "pitch", json_object_get(a, "pitch")));
    json_decref(a);
  }
  json_put_str(r, "ask", "ballot");
  json_object_set_new(r, "pitches", list);
  return r;
}

/* Neither an author's name nor the order of the list changes anything. */
static void sharks_are_blind(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    json_t *r = ballot_request(sharks[i]), *a = ask(sharks[i], r), *other = json_deep_copy(r);
    json_t *list = json_object_get(other, "pitches"), *turned = json_array(), *p;
    for (size_t k = json_array_size(list); k-- > 0;) {
      p = json_array_get(list, k);
      json_put_str(p, "who", k == 0 ? "Wild Card" : "Refactorer");
      json_put_str(p, "model", "something grand");
      json_array_append(turned, p);
    }
    json_object_set_new(other, "pitches", turned);
    json_t *b = ask(sharks[i], other);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    json_decref(other);
    json_decref(r);
  }
}

/* Different evidence: the three may agree on a vote, but never on every number. */
static void sharks_differ(void **state) {
  (void)state;
  json_t *ballot[3], *r = ballot_request("s");
  for (int i = 0; i < 3; i++)
    ballot[i] = ask(sharks[i], r);
  for (int i = 0; i < 3; i++) {
    const json_t *x = json_object_get(ballot[i], "ballot"),
                 *y = json_object_get(ballot[(i + 1) % 3], "ballot");
    assert_false(json_equal(json_object_get(x, "forecasts"), json_object_get(y, "forecasts")));
    assert_string_not_equal(json_str(x, "reasoning", ""), json_str(y, "reasoning", ""));
    assert_non_null(strpbrk(json_str(x, "reasoning", ""), "0123456789"));
  }
  for (int i = 0; i < 3; i++)
    json_decref(ballot[i]);
  json_decref(r);
}

static void a_broken_limit_is_vetoed_by_name(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    json_t *r = ballot_request(sharks[i]);
    json_t *bad = json_object_get(json_array_get(json_object_get(r, "pitches"), 1), "pitch");
    json_put_num(json_object_get(bad, "claims"), "threads", 64);
    json_t *a = ask(sharks[i], r), *ballot = json_object_get(a, "ballot"),
           *veto = json_object_get(ballot, "veto");
    assert_int_equal(json_array_size(veto), 1);
    assert_string_equal(json_str(json_array_get(veto, 0), "cites", ""), "threads");
    assert_string_equal(json_str(json_array_get(veto, 0), "pitch", ""), "r5.p2");
    assert_string_not_equal(json_str(ballot, "vote", ""), "r5.p2");
    json_decref(a);
    json_decref(r);
  }
}

/* A shark that reads only prose: a pitch with a big promise and nothing behind it gets little. */
static void a_bare_promise_does_not_win(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    json_t *r = ballot_request(sharks[i]), *list = json_object_get(r, "pitches");
    json_array_append_new(list, json_pack("{s:s,s:{s:s,s:s,s:{s:f,s:f,s:f,s:{s:f,s:f,s:f}}}}", "id", "r5.p9",
                                          "pitch", "title", "Trust me", "kind", "optimisation", "forecast",
                                          "p_compiles", 1.0, "p_correct", 1.0, "p_faster", 1.0, "speedup",
                                          "q10", 1.01, "q50", 1.02, "q90", 1.03));
    json_t *a = ask(sharks[i], r), *ballot = json_object_get(a, "ballot");
    assert_string_not_equal(json_str(ballot, "vote", ""), "r5.p9");
    assert_true(json_num(json_object_get(json_object_get(ballot, "scores"), "r5.p9"), "quality", 10) < 4);
    json_decref(a);
    json_decref(r);
  }
}

static void rounds_of_other_kinds(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    json_t *r = grown_request("pitch", contestants[i]);
    json_put_str(r, "round_kind", "research");
    json_t *a = ask(contestants[i], r), *p = json_object_get(a, "pitch");
    assert_string_equal(json_str(p, "kind", ""), "research");
    check_new_and_valid(r, p); /* the probe */
    assert_non_null(strpbrk(json_str(p, "evidence", ""), "0123456789"));
    json_decref(a);
    json_put_str(r, "round_kind", "wild_card");
    a = ask(contestants[i], r);
    assert_string_equal(json_str(json_object_get(a, "pitch"), "kind", ""), i == 3 ? "research" : "wild_card");
    json_decref(a);
    json_put_str(r, "round_kind", "minimal_fix");
    a = ask(contestants[i], r);
    assert_string_equal(json_str(json_object_get(a, "pitch"), "kind", ""), "minimal_fix");
    json_decref(a);
    json_decref(r);
  }
}

/* A change that a learning speaks against is not pitched again, on this incumbent or the next. */
static void refuted_changes_are_avoided(void **state) {
  (void)state;
  json_t *r = grown_request("pitch", contestants[0]), *context = json_object_get(r, "context");
  json_t *a = ask(contestants[0], r), *to = json_object_get(json_object_get(a, "pitch"), "setting"),
         *change = json_object();
  const json_t *from = json_object_get(json_object_get(context, "incumbent"), "setting");
  const char *key;
  json_t *value;
  json_object_foreach(to, key, value) if (!json_equal(value, json_object_get(from, key)))
      json_object_set_new(change, key, json_pack("[O,O]", json_object_get(from, key), value));
  json_array_append_new(json_object_get(context, "learnings"),
                        json_pack("{s:s,s:s,s:s,s:o}", "id", "L1", "direction", "slower", "state", "in_force",
                                  "change", change));
  json_t *b = ask(contestants[0], r);
  assert_false(json_equal(to, json_object_get(json_object_get(b, "pitch"), "setting")));
  json_decref(a);
  json_decref(b);
  json_decref(r);
}

static void implementer_builds_and_repairs(void **state) {
  (void)state;
  json_t *r = grown_request("entry", "Implementer"), *wanted = nth_setting(2222), *seen = json_array();
  json_object_set_new(r, "pitch", json_pack("{s:s,s:O}", "title", "t", "setting", wanted));
  for (int attempt = 0; attempt < 3; attempt++) {
    json_put_int(r, "attempt", attempt);
    if (attempt)
      json_object_set_new(r, "failure", json_pack("{s:s}", "verdict", "compile_error"));
    json_t *a = ask("builtin:implementer", r), *got = json_object_get(json_object_get(a, "entry"), "setting"),
           *old;
    size_t i;
    int word;
    if (attempt == 0)
      assert_true(json_equal(got, wanted));
    else
      assert_in_range(knobs_changed(wanted, got, &word), 1, 3);
    json_array_foreach(seen, i, old) assert_false(json_equal(old, got));
    json_array_append(seen, got);
    json_decref(a);
  }
  json_decref(seen);
  json_decref(wanted);
  json_decref(r);
}

/* Settings with one knob value keep failing: the repair turns that knob, and pitches turn away from it. */
static void failures_are_learnt(void **state) {
  (void)state;
  json_t *r = grown_request("entry", "Implementer"), *wanted = NULL;
  int failed = 0;
  for (size_t i = 0; failed < 5; i += 37) {
    json_t *s = nth_setting(1300 + i);
    if (strcmp(json_str(s, "DECODE", ""), "shuffle") == 0) {
      fixture_add_failure(r, s, "compile_error", 5);
      if (failed++ == 0)
        wanted = json_incref(s);
    }
    json_decref(s);
  }
  json_object_set_new(r, "pitch", json_pack("{s:s,s:O}", "title", "t", "setting", wanted));
  json_put_int(r, "attempt", 1);
  json_t *a = ask("builtin:implementer", r);
  assert_string_not_equal(json_str(json_object_get(json_object_get(a, "entry"), "setting"), "DECODE", ""),
                          "shuffle");
  json_decref(a);
  struct agent_tank t;
  struct error e;
  uint8_t bad[AGENT_KNOBS_MAX], good[AGENT_KNOBS_MAX];
  double compiles_bad, compiles_good, correct;
  assert_int_equal(agent_tank_open(r, &t, &e), ST_OK);
  assert_int_equal(agent_space_from_json(&t.view.space, wanted, bad, &e), ST_OK);
  memcpy(good, bad, sizeof good);
  good[agent_space_knob(&t.view.space, "DECODE")] = 1;
  agent_model_works(t.model, bad, &compiles_bad, &correct);
  agent_model_works(t.model, good, &compiles_good, &correct);
  print_message("P(compiles): %.2f with the failing value, %.2f without\n", compiles_bad, compiles_good);
  assert_true(compiles_bad < 0.6);
  assert_true(compiles_good > compiles_bad + 0.05);
  agent_tank_close(&t);
  json_decref(wanted);
  json_decref(r);
}

static void the_rubric_is_the_rulebooks(void **state) {
  (void)state;
  static const struct {
    double speedup;
    int anchor;
  } table[] = {{0.5, 0}, {1.005, 1}, {1.03, 3}, {1.07, 4}, {1.15, 5}, {1.3, 6},
               {1.7, 7}, {3, 8},     {7, 9},    {11, 10},  {500, 10}};
  double last = -1;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    double score = agent_rubric_speedup(table[i].speedup);
    assert_int_equal((int)floor(score), table[i].anchor);
    assert_true(score >= last && score <= 10);
    last = score;
  }
  assert_true(agent_rubric_speedup(NAN) <= 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_request_same_answer),
                                     cmocka_unit_test(no_pitch_comes_twice),
                                     cmocka_unit_test(personas_keep_their_rules),
                                     cmocka_unit_test(promises_stay_inside_the_bounds),
                                     cmocka_unit_test(sharks_are_blind),
                                     cmocka_unit_test(sharks_differ),
                                     cmocka_unit_test(a_broken_limit_is_vetoed_by_name),
                                     cmocka_unit_test(a_bare_promise_does_not_win),
                                     cmocka_unit_test(rounds_of_other_kinds),
                                     cmocka_unit_test(refuted_changes_are_avoided),
                                     cmocka_unit_test(implementer_builds_and_repairs),
                                     cmocka_unit_test(failures_are_learnt),
                                     cmocka_unit_test(the_rubric_is_the_rulebooks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

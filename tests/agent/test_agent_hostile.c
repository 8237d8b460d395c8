/* Room: tests/agent. Requests nobody should send and spaces nobody should declare: each ends in an
 * answer that keeps the schema or in one sentence, never in a crash or a guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent_fixture.h"

static json_t *task_of(json_t *request) {
  return json_object_get(json_object_get(request, "context"), "task");
}

static json_t *knobs_of(json_t *request) {
  return json_object_get(task_of(request), "knobs");
}

/* Fails with ST_INPUT and a sentence that contains `words`; takes the request. */
static void refused(const char *provider, json_t *request, const char *words) {
  json_t *answer = NULL;
  struct error e = {0};
  assert_int_equal(agent_call(provider, request, &answer, &e), ST_INPUT);
  assert_null(answer);
  if (!strstr(e.text, words))
    print_message("\"%s\" does not say \"%s\"\n", e.text, words);
  assert_non_null(strstr(e.text, words));
  json_decref(request);
}

static json_t *answered(const char *provider, const json_t *request) {
  json_t *answer = NULL;
  struct error e = {0};
  enum status st = agent_call(provider, request, &answer, &e);
  if (st == ST_OK)
    st = agent_answer_check(request, answer, &e);
  if (st != ST_OK)
    print_message("%s\n", e.text);
  assert_int_equal(st, ST_OK);
  return answer;
}

static json_t *without(const char *key) {
  json_t *r = fixture_request("pitch", "x");
  json_object_del(r, key);
  json_object_del(json_object_get(r, "context"), key);
  json_object_del(task_of(r), key);
  return r;
}

static void wrong_calls(void **state) {
  (void)state;
  refused("builtin:nobody", fixture_request("pitch", "x"), "builtin:incrementalist");
  refused("builtin:skeptic", fixture_request("pitch", "x"), "answers \"ballot\"");
  refused("builtin:refactorer", without("protocol"), "protocol");
  refused("builtin:refactorer", json_array(), "protocol");
  refused("builtin:refactorer", without("context"), "context");
  refused("builtin:refactorer", without("task"), "context.task");
  refused("builtin:refactorer", without("incumbent"), "context.incumbent");
  refused("builtin:refactorer", without("knobs"), "needs knobs");
  refused("builtin:skeptic", fixture_request("ballot", "x"), "1 to 64 pitches");
  refused("builtin:implementer", fixture_request("entry", "x"), "no pitch");
}

static void missing_facts_and_bad_expressions(void **state) {
  (void)state;
  json_t *r = fixture_request("pitch", "x");
  json_object_del(json_object_get(json_object_get(r, "context"), "machine"), "facts");
  refused("builtin:refactorer", r, "has_v5");
  static const char *const bad[] = {"MR *", "MR == nonsense", "m > 3", "((((", ""};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    r = fixture_request("pitch", "x");
    json_array_append_new(json_object_get(knobs_of(r), "constraints"),
                          json_pack("{s:s,s:s}", "need", bad[i], "why", "w"));
    refused("builtin:refactorer", r, "constraint");
  }
  r = fixture_request("pitch", "x");
  json_array_append_new(
      json_object_get(knobs_of(r), "estimates"),
      json_pack("{s:s,s:s,s:s}", "name", "odd", "expr", "1 / (MR - MR)", "text", "never a number"));
  json_decref(answered("builtin:refactorer", r)); /* an estimate that cannot be had counts as not known */
  json_decref(r);
}

static void odd_knobs(void **state) {
  (void)state;
  json_t *r = fixture_request("pitch", "x");
  json_array_append_new(json_object_get(knobs_of(r), "knobs"),
                        json_pack("{s:s,s:[]}", "name", "EMPTY", "values"));
  refused("builtin:refactorer", r, "EMPTY");
  r = fixture_request("pitch", "x");
  json_array_append_new(json_object_get(knobs_of(r), "knobs"),
                        json_pack("{s:s,s:[i,i]}", "name", "MR", "values", 1, 2));
  refused("builtin:refactorer", r, "twice");
  r = fixture_request("pitch", "x");
  json_array_append_new(json_object_get(knobs_of(r), "knobs"),
                        json_pack("{s:s,s:[b]}", "name", "B", "values", 1));
  refused("builtin:refactorer", r, "neither a number nor a word");
  r = fixture_request("pitch", "x");
  json_object_set_new(knobs_of(r), "start", json_pack("{s:i}", "MR", 3));
  refused("builtin:refactorer", r, "setting");
  r = fixture_request("pitch", "x");
  for (int i = 0; i < 70; i++) {
    char name[16];
    snprintf(name, sizeof name, "K%d", i);
    json_array_append_new(json_object_get(knobs_of(r), "knobs"),
                          json_pack("{s:s,s:[i]}", "name", name, "values", 1));
  }
  refused("builtin:refactorer", r, "79 knobs");
}

static json_t *bare_knobs(json_t *knobs) {
  return json_pack("{s:o,s:[],s:[]}", "knobs", knobs, "constraints", "estimates");
}

static void one_knob_and_none_left(void **state) {
  (void)state;
  json_t *r = fixture_request("pitch", "x");
  json_object_set_new(task_of(r), "knobs",
                      bare_knobs(json_pack("[{s:s,s:[i,i,i]}]", "name", "N", "values", 1, 2, 3)));
  for (int n = 1; n <= 3; n++) {
    json_t *a = answered("builtin:wild_card", r);
    json_t *s = json_incref(json_object_get(json_object_get(a, "pitch"), "setting"));
    fixture_add_measurement(r, "b", s, -0.1 * n, n);
    json_decref(s);
    json_decref(a);
  }
  refused("builtin:wild_card", r, "nothing is left to pitch");
}

static void unsatisfiable(void **state) {
  (void)state;
  json_t *r = fixture_request("pitch", "x");
  json_array_append_new(json_object_get(knobs_of(r), "constraints"),
                        json_pack("{s:s,s:s}", "need", "MR > 100", "why", "impossible by intent"));
  refused("builtin:incrementalist", r, "impossible by intent");
  r = fixture_request("pitch", "x");
  json_array_append_new(json_object_get(knobs_of(r), "constraints"),
                        json_pack("{s:s,s:s}", "need", "0", "why", "never"));
  refused("builtin:incrementalist", r, "never");
}

/* 16 knobs of 12 values: 10^17 settings, of which a constraint on the last knobs leaves few. */
static json_t *huge_request(int tight) {
  json_t *r = fixture_request("pitch", "x"), *list = json_array(), *start = json_object();
  for (int i = 0; i < 16; i++) {
    char name[16];
    snprintf(name, sizeof name, "K%d", i);
    json_t *values = json_array();
    for (int v = 0; v < 12; v++)
      json_array_append_new(values, i % 3 == 0 && v < 4 ? json_sprintf("w%d_%d", i, v) : json_integer(v));
    json_array_append_new(list, json_pack("{s:s,s:o}", "name", name, "values", values));
    json_object_set_new(start, name, i % 3 == 0 ? json_sprintf("w%d_0", i) : json_integer(5));
  }
  json_t *knobs = bare_knobs(list);
  json_object_set_new(knobs, "start", start);
  json_array_append_new(json_object_get(knobs, "constraints"),
                        json_pack("{s:s,s:s}", "need", "K1 != K2 || K1 == 5", "why", "w"));
  if (tight)
    json_array_append_new(json_object_get(knobs, "constraints"),
                          json_pack("{s:s,s:s}", "need", "K13 == 5 && K14 == 5", "why", "w"));
  json_object_set_new(task_of(r), "knobs", knobs);
  return r;
}

static void huge_spaces_are_sampled(void **state) {
  (void)state;
  for (int tight = 0; tight < 2; tight++) {
    json_t *r = huge_request(tight);
    json_t *a = answered("builtin:incrementalist", r), *b = answered("builtin:incrementalist", r);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    struct agent_tank t;
    struct error e;
    assert_int_equal(agent_tank_open(r, &t, &e), ST_OK);
    assert_true(t.view.space.sampled && t.view.space.n > 1000 && t.view.space.n <= AGENT_SETTINGS_MAX);
    for (size_t i = 0; i < t.view.space.n; i += 97)
      assert_true(agent_space_valid(&t.view.space, agent_view_setting(&t.view, i), NULL));
    agent_tank_close(&t);
    json_decref(r);
  }
}

/* Fields of the wrong type, numbers out of all range: not known, not believed. */
static void nonsense_in_the_context(void **state) {
  (void)state;
  json_t *r = fixture_request("pitch", "x"), *context = json_object_get(r, "context");
  json_t *m = json_object_get(context, "measurements");
  json_array_append_new(m, json_integer(3));
  json_array_append_new(m, json_pack("{s:f}", "relative_time", -1.0));
  json_array_append_new(m, json_pack("{s:{s:s},s:f}", "setting", "ISA", "gone", "relative_time", 1.0));
  json_array_append_new(m, json_pack("{s:o,s:s}", "setting",
                                     json_deep_copy(json_object_get(knobs_of(r), "start")), "relative_time",
                                     "fast"));
  json_object_set_new(context, "history", json_pack("[s,{s:i},n]", "x", "setting", 3));
  json_object_set_new(context, "learnings", json_pack("{s:i}", "a", 1));
  json_object_set_new(context, "refuted", json_pack("[{s:{s:[i]}}]", "change", "MR", 1));
  json_object_set_new(json_object_get(context, "incumbent"), "shapes",
                      json_pack("[{s:s,s:f},n,i]", "shape", "bench1", "seconds", 0.0, 3));
  json_object_set_new(json_object_get(context, "incumbent"), "relative_time", json_string("slow"));
  json_object_set_new(r, "seed", json_string("x"));
  json_object_set_new(
      r, "gated", json_pack("[{s:s,s:[]},{s:{s:i}}]", "pitch", "r1.p1", "reasons", "pitch", "setting", 1));
  json_decref(answered("builtin:incrementalist", r));
  json_put_str(r, "ask", "ballot");
  json_object_set_new(r, "pitches", json_pack("[{s:s,s:{}}]", "id", "p", "pitch"));
  json_t *a = answered("builtin:skeptic", r); /* nothing to judge by: abstains, and votes for nothing */
  assert_int_equal(json_array_size(json_object_get(json_object_get(a, "ballot"), "abstain")), 1);
  assert_true(json_is_null(json_object_get(json_object_get(a, "ballot"), "vote")));
  json_decref(a);
  json_object_set_new(r, "pitches",
                      json_pack("[{s:s,s:{}},{s:s,s:{}}]", "id", "p", "pitch", "id", "p", "pitch"));
  refused("builtin:skeptic", json_incref(r), "two pitches");
  json_object_set_new(r, "pitches", json_pack("[{s:s}]", "id", "p"));
  refused("builtin:skeptic", json_incref(r), "lacks");
  json_decref(r);
}

static void implementer_refuses_what_it_cannot_build(void **state) {
  (void)state;
  json_t *r = fixture_request("entry", "x");
  json_object_set_new(r, "pitch", json_pack("{s:s}", "title", "rewrite everything"));
  refused("builtin:implementer", r, "names none");
  r = fixture_request("entry", "x");
  json_object_set_new(r, "pitch", json_pack("{s:{s:i}}", "setting", "MR", 3));
  refused("builtin:implementer", r, "cannot be built");
  r = fixture_request("entry", "x");
  json_object_set_new(r, "pitch",
                      json_pack("{s:o}", "setting", json_deep_copy(json_object_get(knobs_of(r), "start"))));
  json_put_int(r, "attempt", -1);
  refused("builtin:implementer", r, "out of range");
  r = fixture_request("entry", "x"); /* breaks a constraint: the nearest valid setting is built */
  json_t *s = json_deep_copy(json_object_get(knobs_of(r), "start"));
  json_put_str(s, "MATH", "i8");
  json_object_set_new(r, "pitch", json_pack("{s:o}", "setting", s));
  json_t *a = answered("builtin:implementer", r);
  assert_false(json_equal(json_object_get(json_object_get(a, "entry"), "setting"), s));
  json_decref(a);
  json_decref(r);
}

/* Many measurements: the fit keeps the newest and stays quick. */
static void long_seasons(void **state) {
  (void)state;
  json_t *r = fixture_request("pitch", "x");
  for (int i = 0; i < 150; i++) {
    json_t *a = answered("builtin:incrementalist", r);
    json_t *s = json_incref(json_object_get(json_object_get(a, "pitch"), "setting"));
    fixture_add_measurement(r, "b", s, -0.01 * i, i + 1);
    json_decref(s);
    json_decref(a);
    if (i > 80)
      i += 20;
  }
  json_decref(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(wrong_calls),
                                     cmocka_unit_test(missing_facts_and_bad_expressions),
                                     cmocka_unit_test(odd_knobs),
                                     cmocka_unit_test(one_knob_and_none_left),
                                     cmocka_unit_test(unsatisfiable),
                                     cmocka_unit_test(huge_spaces_are_sampled),
                                     cmocka_unit_test(nonsense_in_the_context),
                                     cmocka_unit_test(implementer_refuses_what_it_cannot_build),
                                     cmocka_unit_test(long_seasons)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests/agent. Schemas made from requests: what providers accept, what they let through, the way back
 * to the protocol, and the protocol's own schemas in docs/agent-protocol.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_exchange.h"
#include "agent/agent_schema.h"
#include "agent_fixture.h"
#include "base/base_file.h"

static json_t *parse(const char *text) {
  json_error_t e;
  json_t *v = json_loads(text, JSON_DECODE_ANY, &e);
  if (!v)
    print_message("%s: %s\n", text, e.text);
  assert_non_null(v);
  return v;
}

#define SETTING                                                                                              \
  "{\"ISA\":\"scalar\",\"MATH\":\"f32\",\"MR\":2,\"NR\":1,\"KC\":1024,\"UNROLL\":1,\"DECODE\":\"table\","    \
  "\"PACK\":\"none\",\"PREFETCH\":0}"
#define FORECAST                                                                                             \
  "{\"p_compiles\":0.9,\"p_correct\":0.8,\"p_faster\":0.5,\"speedup\":{\"q10\":0.9,\"q50\":1.1,\"q90\":1.3}}"

static const char pitch_text[] =
    "{\"pitch\":{\"title\":\"t\",\"kind\":\"optimisation\",\"problem\":\"p\",\"solution\":\"s\",\"impact\":\"1.1x\","
    "\"complexity\":\"low\",\"risks\":[{\"risk\":\"r\",\"mitigation\":\"m\"}],\"evidence\":\"e\",\"rollback\":\"b\","
    "\"claims\":{\"threads\":1,\"compile_s\":2,\"first_call_s\":0.1,\"workspace_bytes\":0,"
    "\"predicted\":{\"bench1\":0.01,\"bench2\":null}},\"setting\":" SETTING ",\"forecast\":" FORECAST
    ",\"refuted_by\":\"a duel\",\"analysis\":null}}";

static json_t *ballot_request(void) {
  json_t *request = fixture_request("ballot", "Skeptic");
  json_object_set_new(request, "pitches",
                      parse("[{\"id\":\"r1.p1\",\"pitch\":{\"title\":\"one\"}},"
                            "{\"id\":\"r1.p2\",\"pitch\":{\"title\":\"two\"}}]"));
  return request;
}

#define SCORES "{\"speedup\":5,\"ease\":6,\"safety\":7.5,\"quality\":4}"
static const char ballot_text[] =
    "{\"ballot\":{\"reasoning\":\"because\",\"scores\":{\"r1.p1\":" SCORES
    ",\"r1.p2\":null},\"forecasts\":{\"r1.p1\":" FORECAST
    ",\"r1.p2\":null},\"concerns\":[\"c\"],\"abstain\":[{\"pitch\":\"r1.p2\",\"reason\":\"mine\"}],"
    "\"veto\":[],\"vote\":\"r1.p1\"}}";

/* Only what both kinds of provider take: see agent_schema.h. Returns the properties below. */
static size_t walk(const json_t *s, int depth) {
  static const char *const allowed[] = {"type",  "properties", "required", "additionalProperties",
                                        "items", "enum",       "anyOf",    "description"};
  const char *key;
  json_t *part;
  size_t i, n = 0;
  assert_true(depth <= 10);
  json_object_foreach((json_t *)(uintptr_t)s, key, part) {
    int known = 0;
    for (i = 0; i < sizeof allowed / sizeof *allowed; i++)
      known |= strcmp(key, allowed[i]) == 0;
    assert_true(known);
  }
  assert_true(json_object_get(s, "type") || json_object_get(s, "anyOf"));
  json_object_foreach((json_t *)(uintptr_t)json_obj(s, "properties"), key, part) {
    assert_true(strlen(key) <= 64);
    assert_int_equal(strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"),
                     strlen(key));
    n += 1 + walk(part, depth + 1);
  }
  if (json_object_get(s, "properties")) {
    assert_true(json_is_false(json_object_get(s, "additionalProperties")));
    assert_int_equal(json_array_size(json_object_get(s, "required")),
                     json_object_size(json_object_get(s, "properties")));
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(s, "anyOf"), i, part) n += walk(part, depth);
  if (json_object_get(s, "items"))
    n += walk(json_object_get(s, "items"), depth + 1);
  return n;
}

static json_t *schema_of(const json_t *request) {
  json_t *s = NULL;
  struct error e;
  assert_int_equal(agent_schema_make(request, &s, &e), ST_OK);
  return s;
}

static void schemas_are_of_the_common_subset(void **state) {
  (void)state;
  json_t *request[] = {fixture_request("pitch", "A"), ballot_request(), fixture_request("entry", "I")};
  for (size_t i = 0; i < 3; i++) {
    json_t *s = schema_of(request[i]), *again = schema_of(request[i]);
    assert_true(walk(s, 1) < 200);
    assert_true(json_equal(s, again));
    json_decref(s);
    json_decref(again);
    json_decref(request[i]);
  }
}

static void requests_that_cannot_be_asked(void **state) {
  (void)state;
  json_t *s = NULL, *odd = fixture_request("song", "A"), *none = fixture_request("ballot", "S");
  struct error e;
  assert_int_equal(agent_schema_make(odd, &s, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "song"));
  assert_int_equal(agent_schema_make(none, &s, &e), ST_INPUT);
  assert_null(s);
  json_decref(odd);
  json_decref(none);
}

/* A good answer in the schema's form passes both checks; the protocol's form is what agent.h says. */
static json_t *accept(const json_t *request, const char *text) {
  json_t *s = schema_of(request), *given = parse(text), *answer = NULL;
  struct error e = {0};
  enum status st = agent_schema_check(s, given, &e);
  if (st == ST_OK)
    st = agent_schema_answer(request, given, &answer, &e);
  if (st == ST_OK)
    st = agent_answer_check(request, answer, &e);
  if (st != ST_OK)
    print_message("%s\n", e.text);
  assert_int_equal(st, ST_OK);
  json_decref(s);
  json_decref(given);
  return answer;
}

static void pitches_come_back(void **state) {
  (void)state;
  json_t *request = fixture_request("pitch", "A"), *answer = accept(request, pitch_text);
  const json_t *pitch = json_obj(answer, "pitch"),
               *predicted = json_obj(json_obj(pitch, "claims"), "predicted");
  assert_true(json_num(predicted, "bench1", 0) > 0);
  assert_null(json_object_get(predicted, "bench2")); /* no prediction is not a prediction of nothing */
  assert_null(json_object_get(pitch, "analysis"));
  assert_int_equal(json_int(json_obj(pitch, "setting"), "MR", 0), 2);
  json_decref(answer);
  json_decref(request);
}

static void ballots_come_back(void **state) {
  (void)state;
  json_t *request = ballot_request(), *answer = accept(request, ballot_text);
  const json_t *ballot = json_obj(answer, "ballot");
  assert_int_equal(json_object_size(json_obj(ballot, "scores")), 1);
  assert_int_equal(json_object_size(json_obj(ballot, "forecasts")), 1);
  assert_string_equal(json_str(ballot, "vote", ""), "r1.p1");
  json_decref(answer);
  json_decref(request);
}

/* Names that are no property names, on both ways; one of them looks like what the others are called. */
static void odd_names_survive(void **state) {
  (void)state;
  static const char *const odd[] = {"a pitch \xc3\xa9", "item_0", "r1/p3"};
  json_t *request = fixture_request("ballot", "S"), *list = json_array(), *s, *scores;
  for (size_t i = 0; i < 3; i++)
    json_array_append_new(list, json_pack("{s:s,s:{}}", "id", odd[i], "pitch"));
  json_object_set_new(request, "pitches", list);
  s = schema_of(request);
  walk(s, 1);
  scores = json_object_get(
      json_object_get(
          json_object_get(json_object_get(json_object_get(s, "properties"), "ballot"), "properties"),
          "scores"),
      "properties");
  assert_int_equal(json_object_size(scores), 3);
  json_decref(s);
  json_t *answer =
      accept(request, "{\"ballot\":{\"reasoning\":\"x\",\"scores\":{\"item_0\":" SCORES ",\"item_1\":" SCORES
                      ",\"item_2\":null},\"forecasts\":{\"item_0\":null,\"item_1\":null,\"item_2\":" FORECAST
                      "},\"concerns\":[],\"abstain\":[{\"pitch\":\"r1/p3\",\"reason\":\"r\"}],\"veto\":[],"
                      "\"vote\":\"a pitch \xc3\xa9\"}}");
  const json_t *ballot = json_obj(answer, "ballot");
  assert_non_null(json_object_get(json_obj(ballot, "scores"), odd[0]));
  assert_non_null(json_object_get(json_obj(ballot, "scores"), odd[1]));
  assert_non_null(json_object_get(json_obj(ballot, "forecasts"), odd[2]));
  json_decref(answer);
  json_decref(request);
}

static void entries_come_back(void **state) {
  (void)state;
  json_t *request = fixture_request("entry", "I");
  json_t *a = accept(request, "{\"entry\":{\"setting\":" SETTING ",\"edits\":null,\"source\":null}}");
  assert_int_equal(json_object_size(json_obj(a, "entry")), 1);
  json_t *b = accept(request, "{\"entry\":{\"setting\":null,\"edits\":[],\"source\":\"int y;\"}}");
  assert_string_equal(json_str(json_obj(b, "entry"), "source", ""), "int y;");
  json_t *c = accept(
      request,
      "{\"entry\":{\"setting\":null,\"edits\":[{\"search\":\"x\",\"replace\":\"z\"}],\"source\":\"\"}}");
  assert_string_equal(json_str(json_obj(c, "entry"), "source", ""), "int z;"); /* of the incumbent */
  assert_null(json_object_get(json_obj(c, "entry"), "edits"));
  json_object_set_new(request, "failure", parse("{\"verdict\":\"wrong\",\"source\":\"int q; int x;\"}"));
  json_t *d = accept(request,
                     "{\"entry\":{\"setting\":null,\"edits\":[{\"search\":\"int x\",\"replace\":\"char x\"}],"
                     "\"source\":null}}");
  assert_string_equal(json_str(json_obj(d, "entry"), "source", ""),
                      "int q; char x;"); /* of the attempt before */
  json_t *made[] = {a, b, c, d, request};
  for (size_t i = 0; i < 5; i++)
    json_decref(made[i]);
}

static void entries_need_exactly_one_form(void **state) {
  (void)state;
  static const struct {
    const char *text, *said;
  } rows[] = {
      {"{\"entry\":{\"setting\":null,\"edits\":null,\"source\":null}}", "none of"},
      {"{\"entry\":{\"setting\":null,\"edits\":[],\"source\":\"\"}}", "none of"},
      {"{\"entry\":{\"setting\":" SETTING ",\"edits\":null,\"source\":\"int x;\"}}", "more than one"},
      {"{\"entry\":{\"edits\":[{\"search\":\"nowhere\",\"replace\":\"\"}]}}",
       "edits[0].search is not in the source"},
      {"{\"pitch\":{}}", "must be {\"entry\""},
  };
  json_t *request = fixture_request("entry", "I");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    json_t *given = parse(rows[i].text), *answer = NULL;
    struct error e = {0};
    assert_int_equal(agent_schema_answer(request, given, &answer, &e), ST_INPUT);
    if (!strstr(e.text, rows[i].said))
      print_message("%s\n", e.text);
    assert_non_null(strstr(e.text, rows[i].said));
    assert_null(answer);
    json_decref(given);
  }
  json_decref(request);
}

/* A pointer to the place, and what was wanted. */
static void errors_name_the_place(void **state) {
  (void)state;
  static const struct {
    const char *schema, *value, *said;
  } rows[] = {
      {"{\"type\":\"number\"}", "\"x\"", "the answer: wanted number, found \"x\""},
      {"{\"type\":[\"integer\",\"null\"]}", "1.5", "wanted integer or null, found 1.5"},
      {"{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "[\"a\",2]", "at /1: wanted string, found 2"},
      {"{\"type\":\"object\",\"properties\":{\"a/b~c\":{\"type\":\"null\"}}}", "{\"a/b~c\":1}",
       "at /a~1b~0c: wanted null"},
      {"{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}", "{\"q\":1}",
       "\"q\" is not known"},
      {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}", "{\"q\":1,\"r\":\"x\"}",
       "at /r: wanted integer"},
      {"{\"type\":\"object\",\"required\":[\"z\"]}", "{}", "\"z\" is missing"},
      {"{\"enum\":[1,2]}", "3", "wanted one of 1, 2, found 3"},
      {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"required\":[\"k\"]}]}", "{}",
       "\"k\" is missing"},
      {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", "[]",
       "wanted null or string, found an array"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    json_t *s = parse(rows[i].schema), *v = parse(rows[i].value);
    struct error e = {0};
    enum status st = agent_schema_check(s, v, &e);
    if (st != ST_INPUT || !strstr(e.text, rows[i].said))
      print_message("%s: %s\n", rows[i].schema, e.text);
    assert_int_equal(st, ST_INPUT);
    assert_non_null(strstr(e.text, rows[i].said));
    json_decref(s);
    json_decref(v);
  }
  json_t *four = parse("{\"type\":\"integer\",\"enum\":[4]}"), *v = json_integer(4);
  assert_int_equal(agent_schema_check(four, v, NULL), ST_OK);
  assert_int_equal(agent_schema_check(four, NULL, NULL), ST_INPUT);
  json_object_set_new(four, "minimum", json_integer(1)); /* not checked, so not silently taken */
  assert_int_equal(agent_schema_check(four, v, NULL), ST_INTERNAL);
  json_decref(four);
  json_decref(v);
}

/* Answers in the protocol's own form, with whatever may be absent absent, fit the schema once repaired: a
 * command that read the documentation need not know the other form. */
static void the_protocols_form_is_accepted(void **state) {
  (void)state;
  static const char *const text[] = {"{\"ballot\":{\"scores\":{\"r1.p1\":" SCORES ",\"r1.p2\":" SCORES
                                     "},\"vote\":\"r1.p2\",\"reasoning\":\"r\"}}",
                                     "{\"entry\":{\"source\":\"int q;\"}}",
                                     "{\"entry\":{\"setting\":" SETTING "}}"};
  json_t *request[] = {ballot_request(), fixture_request("entry", "I"), fixture_request("entry", "I"),
                       fixture_request("pitch", "A")};
  for (size_t i = 0; i < 4; i++) {
    json_t *s = schema_of(request[i]), *given = NULL, *repaired = NULL, *answer = NULL;
    struct error e = {0};
    if (i < 3)
      given = parse(text[i]);
    else
      assert_int_equal(agent_call("builtin:incrementalist", request[i], &given, &e), ST_OK);
    char *json = json_canonical(given);
    enum status st = agent_repair(json, strlen(json), s, &repaired, &e);
    if (st == ST_OK)
      st = agent_schema_answer(request[i], repaired, &answer, &e);
    if (st == ST_OK)
      st = agent_answer_check(request[i], answer, &e);
    if (st != ST_OK)
      print_message("%s: %s\n", json, e.text);
    assert_int_equal(st, ST_OK);
    if (i == 3) /* nothing was lost or added */
      assert_true(json_equal(answer, given));
    free(json);
    json_t *made[] = {s, given, repaired, answer, request[i]};
    for (size_t k = 0; k < 5; k++)
      json_decref(made[k]);
  }
}

/* The text between the fence that follows the heading and its end; "" if there is none. */
static char *block(const char *page, const char *heading) {
  const char *at = strstr(page, heading);
  at = at ? strstr(at, "```json\n") : NULL;
  const char *end = at ? strstr(at + 8, "\n```") : NULL;
  return end ? strndup(at + 8, (size_t)(end - at - 8)) : strdup("");
}

static json_t *documented(const char *page, const char *heading) {
  char *text = block(page, heading);
  json_t *s = parse(text);
  free(text);
  return s;
}

static void must_pass(const json_t *schema, const json_t *value) {
  struct error e = {0};
  enum status st = agent_schema_check(schema, value, &e);
  if (st != ST_OK)
    print_message("%s\n", e.text);
  assert_int_equal(st, ST_OK);
}

/* The page's schemas are true: requests, the tank's answers and converted ones meet them, others do not. */
static void documented_schemas_hold(void **state) {
  (void)state;
  struct buffer page;
  struct error e = {0};
  buffer_init(&page);
  assert_int_equal(file_read(ST_SOURCE_DIR "/docs/agent-protocol.md", 1 << 20, &page, &e), ST_OK);
  static const char *const heading[] = {"### Schema of a pitch", "### Schema of a ballot",
                                        "### Schema of an entry"};
  static const char *const provider[] = {"builtin:incrementalist", "builtin:skeptic", "builtin:implementer"};
  json_t *request[] = {fixture_request("pitch", "A"), ballot_request(), fixture_request("entry", "I")};
  json_t *asked = documented(buffer_str(&page), "### Schema of a request"), *pitch = NULL, *all[3];
  for (size_t i = 0; i < 3; i++) {
    json_t *answer = NULL;
    if (i > 0)
      json_object_set(request[i], i == 1 ? "x" : "pitch", json_object_get(pitch, "pitch"));
    if (i == 1)
      json_object_set(json_array_get(json_object_get(request[1], "pitches"), 0), "pitch",
                      json_object_get(pitch, "pitch"));
    if (i == 1)
      json_array_remove(json_object_get(request[1], "pitches"), 1);
    must_pass(asked, request[i]);
    all[i] = documented(buffer_str(&page), heading[i]);
    enum status st = agent_call(provider[i], request[i], &answer, &e);
    if (st != ST_OK)
      print_message("%s: %s\n", provider[i], e.text);
    assert_int_equal(st, ST_OK);
    must_pass(all[i], answer);
    if (i == 0)
      pitch = json_incref(answer);
    json_decref(answer);
  }
  json_t *converted[] = {accept(request[0], pitch_text), NULL};
  must_pass(all[0], converted[0]);
  assert_int_equal(agent_schema_check(all[1], converted[0], NULL), ST_INPUT);
  assert_int_equal(agent_schema_check(asked, converted[0], NULL), ST_INPUT);
  json_decref(converted[0]);
  for (size_t i = 0; i < 3; i++) {
    json_decref(request[i]);
    json_decref(all[i]);
  }
  json_decref(pitch);
  json_decref(asked);
  buffer_fini(&page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(schemas_are_of_the_common_subset),
      cmocka_unit_test(requests_that_cannot_be_asked),
      cmocka_unit_test(pitches_come_back),
      cmocka_unit_test(ballots_come_back),
      cmocka_unit_test(odd_names_survive),
      cmocka_unit_test(entries_come_back),
      cmocka_unit_test(entries_need_exactly_one_form),
      cmocka_unit_test(errors_name_the_place),
      cmocka_unit_test(the_protocols_form_is_accepted),
      cmocka_unit_test(documented_schemas_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

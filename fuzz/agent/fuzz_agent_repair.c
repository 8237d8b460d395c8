/* Room: fuzz. What agents answer, read by everything that reads it before a schema vouches for it:
 * agent_repair (with three schemas and without; the answer of a command, printed or in its file, is read by
 * nothing else), agent_schema_check, agent_schema_answer, agent_answer_check, agent_edits_apply and
 * agent_diff; in fuzz_agent_wire.c what servers and recordings send. Of HTTP itself nothing is read by this
 * tree: headers, Retry-After among them, are libcurl's. May use src/agent and base.
 *
 *   make fuzz-agent FUZZ_SECONDS=600      builds with clang, address and undefined-behaviour sanitizers
 *
 * The first byte picks what is read. What must hold: no crash; an answer that is given fits its schema, and
 * comes out the same when it is written as JSON and read again; an edited source is what its difference
 * makes of the original, of which only the size of the header is checked here (tests/agent/test_agent_edits.c
 * applies differences). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_edits.h"
#include "agent/agent_exchange.h"
#include "agent/agent_human.h"
#include "agent/agent_schema.h"
#include "fuzz_agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKS = 3 };

static json_t *request[ASKS], *schema[ASKS];

void fuzz_need(int ok, const char *what) {
  if (ok)
    return;
  fprintf(stderr, "fuzz_agent_repair: %s\n", what);
  abort();
}

static const char *const ask[ASKS] = {"pitch", "ballot", "entry"};

static void prepare(void) {
  static const char context[] =
      "{\"task\":{\"benchmarks\":[{\"shape\":\"b1\"},{\"shape\":\"b 2\"}],\"limits\":[{\"claim\":\"t\",\"max\":1},"
      "{\"claim\":\"m\",\"one_of\":[\"x\",\"y\"]}],\"knobs\":{\"knobs\":[{\"name\":\"K\",\"values\":[1,2]},"
      "{\"name\":\"W\",\"values\":[\"a\",\"b\",3]}]}},\"incumbent\":{\"source\":\"int a;\\nint b;  \\n int a;\\n\"}}";
  for (size_t i = 0; i < ASKS; i++) {
    json_t *c = json_loads(context, 0, NULL);
    request[i] = json_pack("{s:s,s:o,s:[{s:s,s:{}},{s:s,s:{}}]}", "ask", ask[i], "context", c, "pitches",
                           "id", "p1", "pitch", "id", "p 2", "pitch");
    fuzz_need(request[i] && agent_schema_make(request[i], &schema[i], NULL) == ST_OK,
              "no schema could be made");
  }
}

/* An answer is stable: as JSON it reads as itself. */
static void check_again(const json_t *answer, const json_t *with) {
  char *text = json_canonical(answer);
  json_t *again = NULL;
  fuzz_need(text != NULL, "an answer cannot be written");
  struct error e = {0};
  if (agent_repair(text, strlen(text), with, &again, &e) != ST_OK) {
    fprintf(stderr, "%s\n%s\n", text, e.text);
    fuzz_need(0, "an answer cannot be read again");
  }
  fuzz_need(json_equal(answer, again), "an answer reads as another one");
  json_decref(again);
  free(text);
}

static void read_answer(const char *text, size_t bytes, size_t which) {
  const json_t *with = which < ASKS ? schema[which] : NULL;
  json_t *answer = NULL, *protocol = NULL;
  struct error e = {0};
  enum status st = agent_repair(text, bytes, with, &answer, &e);
  fuzz_need((st == ST_OK) == (answer != NULL), "status and answer disagree");
  fuzz_need(st == ST_OK || (st == ST_INPUT && e.text[0]), "an error without a sentence");
  if (st != ST_OK)
    return;
  if (with) {
    fuzz_need(agent_schema_check(with, answer, NULL) == ST_OK, "the answer does not fit its schema");
    if (agent_schema_answer(request[which], answer, &protocol, &e) == ST_OK &&
        agent_answer_check(request[which], protocol, &e) != ST_OK)
      fuzz_need(e.text[0] != 0, "an error without a sentence");
  } else {
    for (size_t i = 0; i < ASKS; i++)
      (void)!agent_schema_check(schema[i], answer, &e);
  }
  check_again(answer, with);
  json_decref(protocol);
  json_decref(answer);
}

/* The input as a schema and a value: neither may crash the checker, whatever it says. */
static void check_odd_schema(const char *text, size_t bytes) {
  json_t *both = json_loadb(text, bytes, 0, NULL);
  struct error e = {0};
  if (json_is_object(both))
    (void)!agent_schema_check(json_object_get(both, "s"), json_object_get(both, "v"), &e);
  json_decref(both);
}

/* SOURCE 0xff SEARCH 0xff REPLACE 0xff SEARCH ... */
static void edit(const char *text, size_t bytes) {
  const char *part[8];
  size_t length[8], n = 0;
  for (size_t at = 0; at <= bytes && n < 8; n++) {
    const char *end = memchr(text + at, 0xff, bytes - at);
    part[n] = text + at;
    length[n] = end ? (size_t)(end - text) - at : bytes - at;
    at += length[n] + 1;
  }
  json_t *edits = json_array();
  for (size_t i = 1; i + 1 < n; i += 2) {
    json_t *one = json_object();
    json_object_set_new(one, "search", json_clean_string(part[i], length[i]));
    json_object_set_new(one, "replace", json_clean_string(part[i + 1], length[i + 1]));
    json_array_append_new(edits, one);
  }
  struct buffer made, diff;
  struct error e = {0};
  buffer_init(&made);
  buffer_init(&diff);
  enum status st = agent_edits_apply(part[0], length[0], edits, &made, &e);
  fuzz_need(st == ST_OK || (st == ST_INPUT && e.text[0] && made.bytes == 0),
            "a refused edit left something behind");
  const char *other = st == ST_OK ? buffer_str(&made) : n > 1 ? part[1] : "";
  size_t other_bytes = st == ST_OK ? made.bytes : n > 1 ? length[1] : 0;
  fuzz_need(agent_diff("a", part[0], length[0], "b", other, other_bytes, (int)(n % 4), &diff, &e) == ST_OK,
            "no difference");
  int same = length[0] == other_bytes && memcmp(part[0], other, other_bytes) == 0;
  fuzz_need(same == (diff.bytes == 0), "equal texts differ, or different ones do not");
  fuzz_need(diff.bytes <= 2 * (length[0] + other_bytes) * 12 + 100, "a difference longer than both texts");
  buffer_fini(&made);
  buffer_fini(&diff);
  json_decref(edits);
}

/* The form that a person filled in. */
static void form(const char *text, size_t bytes, size_t which) {
  struct arena arena;
  struct yaml_doc doc;
  struct error e = {0};
  json_t *given = NULL, *answer = NULL;
  arena_init(&arena, 64 << 20);
  enum status st = yaml_read_text(text, bytes, "form.yml", &arena, &doc, &e);
  if (st == ST_OK)
    st = agent_form_read(&doc, schema[which], "q", &given, &e);
  if (st == ST_OK)
    st = agent_form_check(&doc, "form.yml", request[which], schema[which], given, &answer, &e);
  fuzz_need(st == ST_OK || e.text[0], "an error without a sentence");
  fuzz_need(st != ST_OK || agent_answer_check(request[which], answer, &e) == ST_OK,
            "a form that is no answer");
  json_decref(given);
  json_decref(answer);
  arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!schema[0])
    prepare();
  if (size == 0)
    return 0;
  const char *text = (const char *)data + 1;
  switch (data[0] % 16) {
  case 0:
  case 1:
  case 2:
  case 3:
    read_answer(text, size - 1, data[0] % 4);
    break;
  case 4:
    check_odd_schema(text, size - 1);
    break;
  case 5:
    fuzz_agent_recording(data + 1, size - 1, schema[data[0] / 16 % ASKS], ask[data[0] / 16 % ASKS]);
    break;
  case 6:
    edit(text, size - 1);
    break;
  case 7:
    form(text, size - 1, data[0] / 16 % ASKS);
    break;
  default:
    fuzz_agent_wire(data + 1, size - 1, schema[data[0] / 16 % ASKS], ask[data[0] / 16 % ASKS]);
  }
  return 0;
}

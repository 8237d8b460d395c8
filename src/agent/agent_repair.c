/* Room: agent. May use base. Finds the answer in a text (agent_exchange.h, agent_repair): every object in it
 * is read leniently, and the one that fits the schema is the answer. Two that fit and differ are no
 * answer, and neither is an object whose missing end could have changed a value that must be whole. */
#include "agent/agent_repair.h"

#include <stdio.h>
#include <string.h>

#include "agent/agent_exchange.h"

enum { CANDIDATES_MAX = 200 };

struct candidate {
  json_t *value; /* owned; the best so far, or NULL */
  size_t bytes;  /* of text that it took */
  int truncated;
  char cut[64]; /* the member inside whose text the answer ends; "" if none */
  struct error error;
};

struct search {
  const json_t *schema;        /* may be NULL: any object will do */
  json_t *answer;              /* the one that fits; owned */
  int answers;                 /* that differ */
  struct candidate near;       /* the largest that was read and does not fit */
  struct agent_reading broken; /* the reading that came furthest and failed, */
  size_t broken_bytes;         /* over this many bytes; 0: none */
};

/* Texts that are of no use when half of them is missing. */
static int must_be_whole(const char *name) {
  static const char *const list[] = {"source", "search", "replace", "title", "cites", "[]"};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (strcmp(list[i], name) == 0)
      return 1;
  return 0;
}

/* The schema of the member that a text was cut in: 1 if any schema below gives that name a list of words, of
 * which a cut text could be the wrong one. */
static int is_enum(const json_t *schema, const char *name, int depth) {
  const char *key;
  json_t *part;
  size_t i;
  const json_t *one = json_object_get(json_obj(schema, "properties"), name);
  if (depth > AGENT_REPAIR_DEPTH_MAX)
    return 0;
  if (one && json_object_get(one, "enum"))
    return 1;
  json_object_foreach((json_t *)(uintptr_t)json_obj(schema, "properties"), key, part) {
    if (is_enum(part, name, depth + 1))
      return 1;
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(schema, "anyOf"), i, part) {
    if (is_enum(part, name, depth + 1))
      return 1;
  }
  part = json_object_get(schema, "items");
  return part ? is_enum(part, name, depth + 1) : 0;
}

/* The answer without its outermost {"pitch": ...}, where the schema has just that one member. */
static void wrap(const json_t *schema, json_t **value) {
  const json_t *properties = json_obj(schema, "properties");
  void *first = json_object_iter((json_t *)(uintptr_t)properties);
  if (json_object_size(properties) != 1 || !json_is_object(*value))
    return;
  const char *name = json_object_iter_key(first);
  const json_t *inner = json_object_iter_value(first);
  if (json_object_get(*value, name))
    return;
  json_t *copy = json_deep_copy(*value);
  agent_fit(inner, &copy, 1);
  if (agent_schema_fits(inner, copy)) {
    json_decref(*value);
    *value = json_object();
    json_object_set_new(*value, name, copy);
  } else
    json_decref(copy);
}

static void add_answer(struct search *s, json_t *value) {
  if (s->answers == 0)
    s->answer = json_incref(value);
  if (s->answers == 0 || !json_equal(s->answer, value))
    s->answers++;
}

/* Takes `value`. */
static enum status consider(struct search *s, json_t *value, const struct agent_reading *r, size_t from,
                            struct error *e) {
  struct candidate c = {.value = value, .bytes = r->at - from, .truncated = r->truncated};
  snprintf(c.cut, sizeof c.cut, "%s", r->cut_key ? r->cut_name : "");
  enum status st = ST_OK;
  if (s->schema) {
    wrap(s->schema, &c.value);
    agent_fit(s->schema, &c.value, 1);
    st = agent_schema_check(s->schema, c.value, &c.error);
    if (st != ST_OK && st != ST_INPUT) {
      json_decref(c.value);
      return error_set(e, st, "%s", c.error.text);
    }
  }
  if (st == ST_OK && *c.cut && (must_be_whole(c.cut) || is_enum(s->schema, c.cut, 0)))
    st = error_set(&c.error, ST_INPUT, "the answer ends in the middle of \"%.60s\", which must be whole",
                   c.cut);
  if (st == ST_OK)
    add_answer(s, c.value);
  if (st != ST_OK && (!s->near.value || c.bytes > s->near.bytes)) {
    json_decref(s->near.value);
    s->near = c;
    return ST_OK;
  }
  json_decref(c.value);
  return ST_OK;
}

/* Reads every outermost object of the text. An object that ends with the text (truncated) is read too, and
 * then what lies inside it, in case it was only a brace in a sentence. */
static enum status look(struct search *s, const char *text, size_t bytes, size_t begin, struct error *e) {
  struct agent_reading r = {.text = text, .bytes = bytes, .work_max = 32 * (uint64_t)bytes + 100000};
  enum status st = ST_OK;
  int n = 0;
  for (size_t at = begin; st == ST_OK && at < bytes && n < CANDIDATES_MAX && s->answers < 2;) {
    const char *brace = memchr(text + at, '{', bytes - at);
    if (!brace)
      break;
    size_t from = (size_t)(brace - text);
    r.at = from;
    json_t *value = agent_read_value(&r);
    at = from + 1;
    if (value) {
      int whole = !r.truncated, before = s->answers;
      if (whole)
        at = r.at;
      n++;
      st = consider(s, value, &r, from, e);
      if (!whole && s->answers > before)
        break;
    } else if (r.error.status == ST_MEMORY) {
      st = error_set(e, ST_MEMORY, "%s", r.error.text);
    } else {
      if (r.at - from > s->broken_bytes) {
        s->broken = r;
        s->broken_bytes = r.at - from;
      }
      if (r.too_deep)
        at = r.error_at;
    }
    if (r.work > r.work_max)
      break;
  }
  return st;
}

/* What the agent is told. What was broken off or could not be read counts before what was read and does not
 * fit if it is the larger part of the text. */
static enum status explain(const struct search *s, size_t bytes, struct error *e) {
  if (s->answers > 1)
    return error_set(
        e, ST_INPUT,
        "there is more than one JSON object that could be the answer, and they differ; send one");
  if (s->near.value && s->near.bytes >= s->broken_bytes)
    return s->near.truncated
               ? error_set(e, ST_INPUT, "the answer ends too early, after %zu bytes; make it shorter. %.500s",
                           bytes, s->near.error.text)
               : error_set(e, ST_INPUT, "%s", s->near.error.text);
  if (s->broken_bytes) {
    struct error why;
    enum status st = agent_read_error(&s->broken, &why);
    return error_set(e, st, "%s%s", s->broken.truncated ? "the answer ends too early. " : "", why.text);
  }
  return error_set(e, ST_INPUT,
                   "there is no JSON object in the answer; send one JSON object and nothing else");
}

static int is_blank(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (!strchr(" \t\r\n\f\v", text[i]) || !text[i])
      return 0;
  return 1;
}

/* Behind what a model thought aloud before it answered, where that is marked. */
static size_t behind_thoughts(const char *text, size_t bytes) {
  static const char open[] = "<think>", close[] = "</think>";
  size_t at = 0;
  while (at < bytes && text[at] && strchr(" \t\r\n", text[at]))
    at++;
  if (bytes - at < sizeof open || memcmp(text + at, open, sizeof open - 1) != 0)
    return 0;
  const char *end = memmem(text + at, bytes - at, close, sizeof close - 1);
  return end ? (size_t)(end - text) + sizeof close - 1 : 0;
}

enum status agent_repair(const char *text, size_t bytes, const json_t *schema, json_t **answer,
                         struct error *e) {
  struct search s = {.schema = schema};
  *answer = NULL;
  if (bytes > AGENT_REPAIR_BYTES_MAX)
    return error_set(e, ST_INPUT, "the answer has %zu bytes; at most %d are read", bytes,
                     AGENT_REPAIR_BYTES_MAX);
  if (is_blank(text, bytes))
    return error_set(e, ST_INPUT, "the answer is empty; send one JSON object");
  enum status st = look(&s, text, bytes, behind_thoughts(text, bytes), e);
  if (st == ST_OK && s.answers == 1) {
    *answer = json_incref(s.answer);
  } else if (st == ST_OK)
    st = explain(&s, bytes, e);
  json_decref(s.answer);
  json_decref(s.near.value);
  return st;
}

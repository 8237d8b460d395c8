/* Room: agent. The Messages API of Anthropic: the answer is the input of a tool that the model must use, so
 * it has the schema's form; the round's context stands first and is cached, so that the agents of a round,
 * the second asking and the repairs of an entry read it at the price of a cached one.
 *
 * Facts: https://platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming. A tool's name
 * matches [a-zA-Z0-9_-]{1,64}; text blocks must not be empty; usage in message_delta is cumulative; an error
 * may come as an event after status 200. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_remote.h"

static const struct agent_maker maker = {"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
                                         "https://api.anthropic.com"};

/* Between the events of one answer. */
struct message {
  struct buffer talk; /* text beside the tool: the answer of a model that did not use it */
  json_int_t tool;    /* index of the first tool block, -1: none yet */
};

static void add_text_block(json_t *list, const char *text, int cached) {
  if (!text || !*text)
    return;
  json_t *block = json_object();
  json_put_str(block, "type", "text");
  json_put_str(block, "text", text);
  if (cached)
    json_object_set_new(block, "cache_control", json_pack("{s:s}", "type", "ephemeral"));
  json_array_append_new(list, block);
}

static json_t *make_body(const struct agent_turn *t, const char *model) {
  const struct agent_prompt *p = t->prompt;
  struct buffer ask;
  char name[65];
  size_t n = 0;
  for (; p->name[n] && n < 64; n++)
    name[n] = isalnum((unsigned char)p->name[n]) || p->name[n] == '_' || p->name[n] == '-' ? p->name[n] : '_';
  name[n] = 0;
  buffer_init(&ask);
  agent_turn_ask(t, &ask);
  json_t *system = json_array(), *content = json_array(), *body = json_object();
  add_text_block(system, p->context, 1);
  add_text_block(system, p->system, 0);
  add_text_block(content, buffer_str(&ask), 0);
  buffer_fini(&ask);
  json_put_str(body, "model", model);
  json_put_int(body, "max_tokens", t->limits->max_output_tokens);
  if (!t->limits->whole)
    json_put_bool(body, "stream", 1);
  if (json_array_size(system))
    json_object_set(body, "system", system);
  json_decref(system);
  json_object_set_new(body, "tools",
                      json_pack("[{s:s, s:s, s:o}]", "name", name, "description",
                                "Gives the answer. Call it once, with the complete answer.", "input_schema",
                                json_deep_copy(p->schema)));
  json_object_set_new(
      body, "tool_choice",
      json_pack("{s:s, s:s, s:b}", "type", "tool", "name", name, "disable_parallel_tool_use", 1));
  json_object_set_new(body, "messages", json_pack("[{s:s, s:o}]", "role", "user", "content", content));
  return body;
}

static void read_usage(struct agent_reply *r, const json_t *usage) {
  agent_reply_count(usage, "input_tokens", &r->usage.input_tokens);
  agent_reply_count(usage, "cache_read_input_tokens", &r->usage.cache_read_tokens);
  agent_reply_count(usage, "cache_creation_input_tokens", &r->usage.cache_write_tokens);
  if (r->usage.input_tokens >= 0) { /* a compatible server that says nothing of a cache has none */
    r->usage.cache_read_tokens = r->usage.cache_read_tokens < 0 ? 0 : r->usage.cache_read_tokens;
    r->usage.cache_write_tokens = r->usage.cache_write_tokens < 0 ? 0 : r->usage.cache_write_tokens;
  }
}

static void read_stop(struct agent_reply *r, const json_t *where) {
  const char *stop = json_str(where, "stop_reason", NULL);
  if (!stop)
    return;
  snprintf(r->stop, sizeof r->stop, "%s", stop);
  r->done = 1;
}

static int read_error(struct agent_reply *r, const json_t *data) {
  const json_t *error = json_obj(data, "error");
  const char *type = json_str(error, "type", "");
  enum agent_fault f = AGENT_FAULT_SERVER;
  if (strcmp(type, "rate_limit_error") == 0)
    f = AGENT_FAULT_LIMITED;
  else if (strcmp(type, "authentication_error") == 0 || strcmp(type, "permission_error") == 0)
    f = AGENT_FAULT_UNAUTHORISED;
  else if (strcmp(type, "invalid_request_error") == 0)
    f = AGENT_FAULT_REFUSED;
  return agent_reply_fault(r, f, "%.60s: %.300s", type, json_str(error, "message", ""));
}

/* A tool's input that came whole; {} is how the beginning of a streamed one looks. */
static int add_input(struct agent_reply *r, const json_t *block) {
  const json_t *input = json_object_get(block, "input");
  if (!json_is_object(input) || !json_object_size(input))
    return AGENT_HTTP_MORE;
  char *text = json_dumps(input, JSON_COMPACT | JSON_REAL_PRECISION(17));
  int said = text ? agent_reply_add(r, &r->text, text, strlen(text)) : AGENT_HTTP_MORE;
  free(text);
  return said;
}

static int on_delta(struct agent_reply *r, struct message *m, const json_t *data) {
  const json_t *delta = json_obj(data, "delta");
  const char *type = json_str(delta, "type", ""), *text = NULL;
  struct buffer *to = &m->talk;
  if (strcmp(type, "input_json_delta") == 0 && json_int(data, "index", 0) == m->tool) {
    text = json_str(delta, "partial_json", NULL);
    to = &r->text;
  } else if (strcmp(type, "text_delta") == 0)
    text = json_str(delta, "text", NULL);
  return text ? agent_reply_add(r, to, text, strlen(text)) : AGENT_HTTP_MORE;
}

static int on_event(struct agent_reply *r, void *state, const json_t *data) {
  struct message *m = state;
  const char *type = json_str(data, "type", "");
  if (strcmp(type, "error") == 0)
    return read_error(r, data);
  if (strcmp(type, "message_start") == 0) {
    r->known = 1;
    read_usage(r, json_obj(json_obj(data, "message"), "usage"));
  } else if (strcmp(type, "content_block_start") == 0) {
    const json_t *block = json_obj(data, "content_block");
    if (strcmp(json_str(block, "type", ""), "tool_use") == 0 && m->tool < 0) {
      m->tool = json_int(data, "index", 0);
      return add_input(r, block);
    }
  } else if (strcmp(type, "content_block_delta") == 0) {
    return on_delta(r, m, data);
  } else if (strcmp(type, "message_delta") == 0) {
    read_stop(r, json_obj(data, "delta"));
    read_usage(r, json_obj(data, "usage"));
    agent_reply_count(json_obj(data, "usage"), "output_tokens", &r->usage.output_tokens);
  } else if (strcmp(type, "message_stop") == 0) {
    r->done = 1;
    return AGENT_HTTP_ENOUGH;
  }
  return AGENT_HTTP_MORE;
}

static int on_whole(struct agent_reply *r, void *state, const json_t *body) {
  struct message *m = state;
  size_t i;
  const json_t *block, *content = json_object_get(body, "content");
  if (strcmp(json_str(body, "type", ""), "error") == 0)
    return read_error(r, body);
  if (!json_is_array(content))
    return AGENT_HTTP_MORE;
  r->known = r->done = 1;
  read_usage(r, json_obj(body, "usage"));
  agent_reply_count(json_obj(body, "usage"), "output_tokens", &r->usage.output_tokens);
  read_stop(r, body);
  json_array_foreach((json_t *)(uintptr_t)content, i, block) {
    const char *type = json_str(block, "type", ""), *text = json_str(block, "text", NULL);
    int said = AGENT_HTTP_MORE;
    if (strcmp(type, "tool_use") == 0 && m->tool < 0) {
      m->tool = (json_int_t)i;
      said = add_input(r, block);
    } else if (strcmp(type, "text") == 0 && text) {
      said = agent_reply_add(r, &m->talk, text, strlen(text));
    }
    if (said != AGENT_HTTP_MORE)
      return said;
  }
  return AGENT_HTTP_ENOUGH;
}

/* The tool was not used, but something was said: perhaps the answer. What a refusal says is none. */
static void finish(struct agent_reply *r, void *state) {
  const struct message *m = state;
  if (strcmp(r->stop, "refusal") == 0)
    buffer_clear(&r->text);
  else if (!r->text.bytes && m->talk.bytes)
    buffer_add(&r->text, m->talk.data, m->talk.bytes);
}

static enum status call(struct agent_turn *t, const struct agent_address *a, const json_t *body,
                        struct error *e) {
  struct buffer url, key;
  buffer_init(&url);
  buffer_init(&key);
  buffer_printf(&url, "%s/v1/messages", a->url);
  buffer_printf(&key, "x-api-key: %s", a->key);
  const char *header[] = {"Content-Type: application/json", "anthropic-version: 2023-06-01", buffer_str(&key),
                          NULL};
  struct message m = {.tool = -1};
  struct agent_call_spec spec = {.url = buffer_str(&url),
                                 .header = header,
                                 .body = body,
                                 .event = on_event,
                                 .whole = on_whole,
                                 .finish = finish,
                                 .state = &m};
  struct agent_reply r;
  long status = 0;
  char *complaint = NULL;
  buffer_init(&m.talk);
  enum status st = agent_remote_call(t, &spec, &r, &status, &complaint, e);
  if (st == ST_OK) {
    t->cut = strcmp(r.stop, "max_tokens") == 0;
    buffer_add(&t->text, buffer_str(&r.text), r.text.bytes);
  }
  agent_reply_fini(&r);
  buffer_fini(&m.talk);
  if (key.data)
    explicit_bzero(key.data, key.bytes);
  buffer_fini(&key);
  buffer_fini(&url);
  free(complaint);
  return st;
}

enum status agent_anthropic_turn(struct agent_turn *t, struct error *e) {
  struct agent_address a;
  enum status st = agent_address_read(t, &maker, &a, e);
  if (st == ST_OK && !a.key) {
    st = agent_turn_fault(t, AGENT_FAULT_UNAUTHORISED, "%s", a.why);
  } else if (st == ST_OK) {
    json_t *body = make_body(t, a.model);
    st = call(t, &a, body, e);
    json_decref(body);
  }
  agent_address_fini(&a);
  return st;
}

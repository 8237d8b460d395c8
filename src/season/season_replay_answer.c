/* Room: season. What agents answered, for a replay: built-in ones answer again, transcripts of the others are
 * read again by today's code, and where there is none the log's own word is taken. */
#include <math.h>
#include <string.h>

#include "agent/agent_prompt.h"
#include "agent/agent_transcript.h"
#include "season/season_budget.h"
#include "season/season_replay_internal.h"

static enum agent_fault fault_of(const char *name) {
  for (int f = 0; f < AGENT_FAULT_COUNT; f++)
    if (strcmp(agent_fault_name((enum agent_fault)f), name) == 0)
      return (enum agent_fault)f;
  return AGENT_FAULT_NONE;
}

/* Figures of the call: what it took is a fact. Its price follows from them. */
static void figures(const json_t *agent, struct agent_asked *r) {
  r->outside = 1;
  r->usage = (struct agent_usage){.input_tokens = json_int(agent, "input_tokens", -1),
                                  .output_tokens = json_int(agent, "output_tokens", -1),
                                  .cache_read_tokens = json_int(agent, "cache_read_tokens", -1),
                                  .cache_write_tokens = json_int(agent, "cache_write_tokens", -1),
                                  .latency_ns = llround(json_num(agent, "latency_s", 0) * 1e9),
                                  .attempts = (int)json_int(agent, "attempts", 0)};
}

/* The answer as the log has it. An implementer's is not there any more: its source stands for it. */
static enum status logged_answer(struct replay *p, const json_t *data, json_t **out, struct error *e) {
  const json_t *result = json_obj(data, "result"), *setting = json_object_get(result, "setting");
  struct buffer source;
  if (strcmp(json_str(data, "act", ""), "implement") != 0) {
    *out = json_deep_copy(result);
    return ST_OK;
  }
  if (json_is_object(setting)) {
    *out = json_pack("{s:{s:o}}", "entry", "setting", json_deep_copy(setting));
    return ST_OK;
  }
  buffer_init(&source);
  enum status st = p->journal.blob_get(p->journal.context, json_str(result, "blob", ""), &source, e);
  if (st == ST_OK)
    *out = json_pack("{s:{s:o}}", "entry", "source", json_clean_string(buffer_str(&source), source.bytes));
  buffer_fini(&source);
  return st;
}

static enum status take(struct replay *p, const struct event *ended, struct season_call *c, struct error *e) {
  const json_t *data = ended->data, *agent = json_obj(data, "agent");
  const char *status = json_str(data, "status", ""), *fault = json_str(agent, "fault", "none");
  agent_asked_fini(&c->reply);
  c->reply = (struct agent_asked){.fault = fault_of(fault)};
  buffer_init(&c->reply.request);
  buffer_init(&c->reply.response);
  c->status = ST_OK;
  p->taken++;
  if (strcmp(status, "ok") == 0)
    return logged_answer(p, data, &c->reply.answer, e);
  if (c->reply.fault == AGENT_FAULT_NONE) /* "not_asked" */
    c->status = error_set(&c->why, strcmp(status, "late") == 0 ? ST_TIMEOUT : ST_TOOL, "as in the log");
  return ST_OK;
}

/* The prompt of a call whose transcript is not there, by its hash. */
static enum status prompt_hash(const struct replay *p, const struct season_call *c, char hex[65],
                               struct error *e) {
  struct agent_ask_options o;
  struct agent_prompt_text text;
  season_agent_options(p->engine.state.started, &o);
  const struct agent_prompt_options how = {.templates_dir = o.templates_dir, .tokens = o.prompt_tokens};
  enum status st = agent_prompt_make(c->request, &how, &text, e);
  if (st == ST_OK) {
    struct agent_prompt prompt = agent_prompt_of(&text);
    agent_prompt_hash(&prompt, hex);
  }
  agent_prompt_fini(&text);
  return st;
}

static void prompt_differs(struct replay *p, const struct event *ended, const char *hash, const char *changed,
                           const char *why) {
  const json_t *was = json_object_get(json_obj(ended->data, "agent"), "prompt_hash");
  const char *dir = json_str(json_obj(p->engine.state.started, "agents"), "templates", NULL);
  json_t *is = hash != NULL ? json_string(hash) : json_null();
  struct buffer text;
  buffer_init(&text);
  if (why != NULL)
    buffer_printf(&text, "no prompt can be made today: %s", why);
  else
    buffer_printf(&text, "another prompt would be sent (%s)", changed);
  if (why != NULL || strstr(changed, "context") == NULL)
    buffer_printf(&text, "; the log holds the context, so the template changed: %.200s%s",
                  dir != NULL ? dir : "the ones that came with the engine ",
                  dir != NULL ? "" : json_str(p->engine.state.started, "engine", "?"));
  replay_difference(p, ended, REPLAY_PROMPT, "/agent/prompt_hash", was, is, buffer_str(&text));
  json_decref(is);
  buffer_fini(&text);
}

static enum status blob(struct replay *p, const json_t *agent, const char *key, struct buffer *out) {
  const char *name = json_str(agent, key, NULL);
  struct error why;
  return name == NULL ? ST_NOT_FOUND : p->journal.blob_get(p->journal.context, name, out, &why);
}

/* Asks as the engine does, and the transcript answers. */
static enum status read_again(struct replay *p, const struct event *ended, struct season_call *c,
                              struct agent_transcript *t, struct error *e) {
  const json_t *agent = json_obj(ended->data, "agent");
  struct agent_ask_options o;
  struct error why = {.status = ST_OK};
  season_agent_options(p->engine.state.started, &o);
  o.limits.total_ns = INT64_MAX / 4; /* who was late is in the transcript */
  o.limits.transcript = t;
  enum status st = agent_ask(c->provider, c->request, &o, &c->reply, &why);
  if (st == ST_MEMORY)
    return error_set(e, st, "%s", why.text);
  p->derived[REPLAY_PROMPT]++;
  if (st != ST_OK) {
    prompt_differs(p, ended, NULL, "", why.text);
    return take(p, ended, c, e);
  }
  const char *was = json_str(agent, "prompt_hash", ""), *changed = agent_transcript_changed(t);
  if (strcmp(was, c->reply.prompt_hash) != 0 || changed[0] != '\0')
    prompt_differs(p, ended, c->reply.prompt_hash, changed[0] != '\0' ? changed : "prompt_hash", NULL);
  /* Said once: the comparison of ended leaves it out. */
  c->status = ST_OK;
  return ST_OK;
}

/* No transcript, or none that can be read: the log's word, and the prompt by its hash. */
static enum status without_transcript(struct replay *p, const struct event *ended, struct season_call *c,
                                      struct error *e) {
  const char *was = json_str(json_obj(ended->data, "agent"), "prompt_hash", NULL);
  struct error why = {.status = ST_OK};
  char hash[65];
  if (was != NULL) {
    enum status st = prompt_hash(p, c, hash, &why);
    p->derived[REPLAY_PROMPT]++;
    if (st == ST_MEMORY)
      return error_set(e, st, "%s", why.text);
    if (st != ST_OK || strcmp(was, hash) != 0)
      prompt_differs(p, ended, st == ST_OK ? hash : NULL, "prompt_hash", st == ST_OK ? NULL : why.text);
  }
  return take(p, ended, c, e);
}

enum status replay_answer(struct replay *p, const struct event *ended, struct season_call *c,
                          struct error *e) {
  const json_t *agent = json_object_get(ended->data, "agent");
  struct buffer request, response;
  struct agent_transcript *t = NULL;
  if (agent == NULL && !agent_exchange_knows(c->provider)) {
    c->status = p->world.agent(p->world.context, c->provider, c->request, &c->reply.answer, &c->why);
    return ST_OK;
  }
  buffer_init(&request);
  buffer_init(&response);
  int asked = json_str(agent, "response", NULL) != NULL;
  int there = asked && blob(p, agent, "response", &response) == ST_OK;
  int known = blob(p, agent, "request", &request) == ST_OK;
  enum status st = there ? agent_transcript_open(known ? buffer_str(&request) : NULL, request.bytes,
                                                 buffer_str(&response), response.bytes, &t, e)
                         : ST_OK;
  if (st == ST_INPUT) {
    replay_difference(p, ended, REPLAY_ANSWER, "/agent/response", json_object_get(agent, "response"), NULL,
                      "the transcript is not one");
    st = ST_OK;
  }
  p->unchecked += asked && !there;
  if (st == ST_OK)
    st = t != NULL ? read_again(p, ended, c, t, e) : without_transcript(p, ended, c, e);
  if (st == ST_OK)
    figures(agent, &c->reply);
  agent_transcript_close(t);
  buffer_fini(&request);
  buffer_fini(&response);
  return st;
}

/* Room: season. Acts of agents: pitch, ballot, implement. An agent that fails is recorded and the round
 * goes on; only what is wrong with this machine stops the season. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "season/season_budget.h"
#include "season/season_call.h"
#include "season/season_candidate.h"
#include "season/season_context.h"
#include "season/season_engine.h"
#include "season/season_internal.h"

/* What no agent can be blamed for. */
static int machine_fault(enum status st) {
  return st == ST_MEMORY || st == ST_FULL || st == ST_SANDBOX || st == ST_CORRUPT;
}

static const char *role_of(enum season_step_kind kind) {
  return kind == STEP_PITCH ? "contestant" : kind == STEP_BALLOT ? "shark" : "implementer";
}

static json_t *ask_args(const struct season_job *job, const json_t *request, const char *provider) {
  json_t *args = json_object(), *order = json_array(), *one;
  json_put_str(args, "agent", provider);
  json_put_str(args, "persona", json_str(request, "persona", ""));
  json_put_int(args, "seed", json_int(request, "seed", 0));
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(request, "pitches"), i, one) {
    json_array_append_new(order, json_string(json_str(one, "id", "?")));
  }
  if (job->kind == STEP_BALLOT)
    json_object_set(args, "order", order);
  json_decref(order);
  if (job->kind == STEP_IMPLEMENT) {
    json_put_str(args, "pitch", job->pitch);
    json_put_int(args, "attempt", job->attempt);
  }
  return args;
}

/* An implementer's answer becomes a source: the setting's generated entry, or the text it wrote. */
static enum status entry_source(struct season_engine *g, const json_t *entry, struct buffer *out,
                                struct error *e) {
  const json_t *setting = json_object_get(entry, "setting"), *source = json_object_get(entry, "source");
  if (json_is_object(setting))
    return g->world->entry(g->world->context, setting, out, e);
  if (!json_is_string(source) || json_string_length(source) == 0)
    return error_set(e, ST_INPUT, "the implementer gave neither a setting nor a source");
  int64_t most = json_int(json_obj(g->state.started, "task"), "source_max_bytes", 1000000);
  if ((int64_t)json_string_length(source) > most)
    return error_set(e, ST_RANGE, "the source has %zu bytes, the task allows %lld",
                     json_string_length(source), (long long)most);
  buffer_add(out, json_string_value(source), json_string_length(source));
  return ST_OK;
}

/* implement's result {blob, setting?, bytes}; the answer itself is replaced: it may be large. */
static enum status keep_entry(struct season_engine *g, json_t **answer, struct error *e) {
  const json_t *entry = json_obj(*answer, "entry"), *setting = json_object_get(entry, "setting");
  struct buffer source;
  char name[HASH_HEX_BYTES];
  buffer_init(&source);
  enum status st = entry_source(g, entry, &source, e);
  if (st == ST_OK && buffer_failed(&source))
    st = error_set(e, ST_MEMORY, "out of memory for an entry's source");
  if (st == ST_OK)
    st = season_blob_put(g, buffer_str(&source), source.bytes, name, e);
  if (st == ST_OK) {
    json_t *result = json_object();
    json_put_str(result, "blob", name);
    if (json_is_object(setting))
      json_object_set_new(result, "setting", json_deep_copy(setting));
    json_put_int(result, "bytes", (int64_t)source.bytes);
    json_decref(*answer);
    *answer = result;
  }
  buffer_fini(&source);
  return st;
}

void season_job_id(const struct record_round *r, const struct season_job *job, char out[SEASON_ID_BYTES]) {
  if (job->kind == STEP_PITCH)
    season_pitch_act_id(r, job->who, out);
  else if (job->kind == STEP_BALLOT)
    snprintf(out, SEASON_ID_BYTES, "r%lld.ballot.%s", (long long)r->round, job->who);
  else
    season_pitch_step_id(r, "implement", job->pitch, job->attempt, out, SEASON_ID_BYTES);
}

static json_t *make_request(const struct season_engine *g, const struct season_job *job, json_t *context) {
  const struct record_round *r = season_round_now(g);
  if (job->kind == STEP_PITCH)
    return season_pitch_request(&g->state, r, job->who, context);
  if (job->kind == STEP_BALLOT)
    return season_ballot_request(&g->state, r, job->who, context);
  return season_entry_request(&g->state, r, job->pitch, job->attempt, context);
}

/* The step before left a source: edits of the next attempt are edits of that. */
static enum status add_failed_source(struct season_engine *g, const struct season_job *job, json_t *request,
                                     struct error *e) {
  char id[SEASON_ID_BYTES];
  json_t *failure = json_object_get(request, "failure");
  if (job->kind != STEP_IMPLEMENT || !json_is_object(failure))
    return ST_OK;
  season_pitch_step_id(season_round_now(g), "implement", job->pitch, job->attempt - 1, id, sizeof id);
  const struct record_act *a = record_act_find(season_round_now(g), id);
  const char *blob = json_str(a != NULL ? a->result : NULL, "blob", NULL);
  struct buffer source;
  if (blob == NULL)
    return ST_OK;
  buffer_init(&source);
  enum status st = season_blob_get(g, blob, &source, e);
  if (st == ST_OK)
    json_object_set_new(failure, "source", json_clean_string(buffer_str(&source), source.bytes));
  buffer_fini(&source);
  return st;
}

static const json_t *member_of(const struct season_engine *g, enum season_step_kind kind, const char *who,
                               const char *pitch) {
  return season_member(&g->state, season_round_now(g), role_of(kind), who, pitch);
}

/* The tank's contestants only pitch: what they win with is built by its implementer. */
static const char *provider_of(enum season_step_kind kind, const json_t *member) {
  const char *agent = json_str(member, "agent", "");
  return kind == STEP_IMPLEMENT && strncmp(agent, "builtin:", 8) == 0 ? "builtin:implementer" : agent;
}

static int is_outside(const struct season_engine *g, const char *provider) {
  return g->world->ask != NULL && agent_exchange_knows(provider);
}

const char *season_outside_provider(const struct season_engine *g, const struct season_step *step) {
  if (step->kind != STEP_PITCH && step->kind != STEP_BALLOT && step->kind != STEP_IMPLEMENT)
    return NULL;
  const char *provider = json_str(member_of(g, step->kind, step->who, step->pitch), "agent", "");
  return is_outside(g, provider) ? provider : NULL;
}

int season_asks_outside(const struct season_engine *g, const struct season_step *step) {
  return season_outside_provider(g, step) != NULL;
}

int season_asks_paid(const struct season_engine *g, const struct season_step *step) {
  return season_asks_outside(g, step) &&
         !agent_is_person(json_str(member_of(g, step->kind, step->who, step->pitch), "agent", ""));
}

/* The desk of a person; others have none. */
static enum status call_desk(const struct season_engine *g, struct season_call *c, struct error *e) {
  if (!agent_is_person(c->provider))
    return ST_OK;
  c->desk = calloc(1, sizeof *c->desk);
  return c->desk != NULL ? season_desk_init(g, &c->job, c->request, c->desk, e)
                         : error_set(e, ST_MEMORY, "out of memory for a call");
}

enum status season_call_request(struct season_engine *g, const struct season_job *job, json_t **request,
                                struct error *e) {
  json_t *context = NULL;
  *request = NULL;
  enum status st = season_context_read(g, &context, e);
  if (st != ST_OK)
    return st;
  /* Every call reads the context from its blob, so that no two requests share a part of it. */
  *request = make_request(g, job, context);
  json_decref(context);
  return add_failed_source(g, job, *request, e);
}

enum status season_call_begin(struct season_engine *g, const struct season_job *job, struct season_call *c,
                              struct error *e) {
  static const char *const act[] = {
      [STEP_PITCH] = "pitch", [STEP_BALLOT] = "ballot", [STEP_IMPLEMENT] = "implement"};
  *c = (struct season_call){.job = *job, .status = ST_INTERRUPTED};
  enum status st = season_call_request(g, job, &c->request, e);
  if (st != ST_OK)
    return st;
  const json_t *member = member_of(g, job->kind, job->who, job->pitch);
  const char *key = json_str(member, "key_variable", NULL);
  c->provider = strdup(provider_of(job->kind, member));
  c->key_variable = key != NULL ? strdup(key) : NULL;
  if (c->provider == NULL || (key != NULL && c->key_variable == NULL))
    return error_set(e, ST_MEMORY, "out of memory for a call");
  st = call_desk(g, c, e);
  if (st != ST_OK)
    return st;
  const char *who = job->kind == STEP_IMPLEMENT ? json_str(c->request, "name", "Implementer") : job->who;
  char id[SEASON_ID_BYTES];
  season_job_id(season_round_now(g), job, id);
  return season_do_begin(g, id, act[job->kind], job->round, who, ask_args(job, c->request, c->provider),
                         &c->doing, e);
}

void season_call_fini(struct season_call *c) {
  free(c->provider);
  free(c->key_variable);
  json_decref(c->request);
  json_decref(c->doing.agent);
  if (c->desk != NULL)
    season_desk_fini(c->desk);
  free(c->desk);
  agent_asked_fini(&c->reply);
}

static void put_count(json_t *o, const char *key, int64_t count) {
  json_object_set_new(o, key, count >= 0 ? json_integer(count) : json_null());
}

static enum status put_blob(struct season_engine *g, json_t *o, const char *key, const struct buffer *text,
                            struct error *e) {
  char name[HASH_HEX_BYTES];
  if (text->bytes == 0)
    return json_object_set_new(o, key, json_null()), ST_OK;
  enum status st = season_blob_put(g, buffer_str(text), text->bytes, name, e);
  if (st == ST_OK)
    json_put_str(o, key, name);
  return st;
}

/* What the call of an outside agent took, for its ended event (record_event.h). */
static enum status describe(struct season_engine *g, struct season_call *c, struct error *e) {
  const struct agent_asked *r = &c->reply;
  json_t *o = json_object();
  json_put_str(o, "provider", c->provider);
  json_put_str(o, "fault", c->status == ST_OK ? agent_fault_name(r->fault) : "not_asked");
  json_put_int(o, "attempts", r->usage.attempts);
  put_count(o, "input_tokens", r->usage.input_tokens);
  put_count(o, "output_tokens", r->usage.output_tokens);
  put_count(o, "cache_read_tokens", r->usage.cache_read_tokens);
  put_count(o, "cache_write_tokens", r->usage.cache_write_tokens);
  json_put_num(o, "latency_s", (double)r->usage.latency_ns * 1e-9);
  json_put_num(o, "price", season_call_price(g->state.started, c->provider, &r->usage));
  json_put_str(o, "prompt_hash", r->prompt_hash[0] != '\0' ? r->prompt_hash : NULL);
  c->doing.agent = o;
  enum status st = put_blob(g, o, "request", &r->request, e);
  return st == ST_OK ? put_blob(g, o, "response", &r->response, e) : st;
}

/* A fault of the agent's as the outcome of its act. */
static enum status outcome_of(struct season_call *c) {
  const struct agent_asked *r = &c->reply;
  if (c->status != ST_OK || r->fault == AGENT_FAULT_NONE)
    return c->status;
  enum status st = r->fault == AGENT_FAULT_CANCELLED ? ST_INTERRUPTED
                   : r->fault == AGENT_FAULT_TIMEOUT ? ST_TIMEOUT
                                                     : ST_TOOL;
  return error_set(&c->why, st, "%s: %s%s%s", agent_fault_name(r->fault), agent_fault_sentence(r->fault),
                   r->detail[0] != '\0' ? "; " : "", r->detail);
}

enum status season_call_end(struct season_engine *g, struct season_call *c, struct error *e) {
  enum status got = outcome_of(c), st = ST_OK;
  json_t *answer = c->reply.answer;
  c->reply.answer = NULL;
  if (c->reply.outside)
    st = describe(g, c, e);
  if (st == ST_OK && got == ST_OK && c->job.kind == STEP_IMPLEMENT)
    got = keep_entry(g, &answer, &c->why);
  if (st != ST_OK) { /* no room for the transcripts: begun without an end, as after a crash */
    json_decref(answer);
    return st;
  }
  return season_do_end(g, &c->doing, got, machine_fault(got), answer, &c->why, e);
}

enum status season_ask(struct season_engine *g, const struct season_job *job, struct error *e) {
  struct season_call c;
  enum status st = season_call_begin(g, job, &c, e);
  if (st == ST_OK) {
    c.status = g->world->agent(g->world->context, c.provider, c.request, &c.reply.answer, &c.why);
    st = season_call_end(g, &c, e);
  }
  season_call_fini(&c);
  return st;
}

/* Room: season. Acts of agents: pitch, ballot, implement. An agent that fails is recorded and the round
 * goes on; only what is wrong with this machine stops the season. */
#include <stdio.h>
#include <string.h>

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
    st = store_blob_put(g->store, buffer_str(&source), source.bytes, name, e);
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

static void act_id(const struct season_engine *g, const struct season_job *job, char out[SEASON_ID_BYTES]) {
  const struct record_round *r = season_round_now(g);
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

enum status season_ask(struct season_engine *g, const struct season_job *job, struct error *e) {
  static const char *const act[] = {
      [STEP_PITCH] = "pitch", [STEP_BALLOT] = "ballot", [STEP_IMPLEMENT] = "implement"};
  json_t *context = NULL, *answer = NULL;
  enum status st = season_context_read(g, &context, e);
  if (st != ST_OK)
    return st;
  json_t *request = make_request(g, job, context);
  json_decref(context);
  /* Names of the cast live in the log, which outlives the state; the provider does too. */
  const char *provider =
      season_provider(&g->state, season_round_now(g), role_of(job->kind), job->who, job->pitch);
  const char *who = job->kind == STEP_IMPLEMENT ? json_str(request, "name", "Implementer") : job->who;
  char id[SEASON_ID_BYTES];
  struct season_doing d;
  act_id(g, job, id);
  st = season_do_begin(g, id, act[job->kind], job->round, who, ask_args(job, request, provider), &d, e);
  if (st == ST_OK) {
    struct error why = {.status = ST_OK};
    enum status got = g->world->agent(g->world->context, provider, request, &answer, &why);
    if (got == ST_OK && job->kind == STEP_IMPLEMENT)
      got = keep_entry(g, &answer, &why);
    st = season_do_end(g, &d, got, machine_fault(got), answer, &why, e);
  }
  json_decref(request);
  return st;
}

/* Room: season. The recorded world: the judge and the agents answer what the log and the transcripts say, and
 * what the engine would append is compared with what is there. Nothing outside the season's folder but the
 * templates of prompts is read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent_prompt.h"
#include "agent/agent_transcript.h"
#include "season/season_budget.h"
#include "season/season_replay_internal.h"

const struct event *replay_ended(const struct replay *p, const char *id) {
  for (size_t i = p->at; i < p->log.count; i++)
    if (strcmp(p->log.event[i].kind, "ended") == 0 &&
        strcmp(json_str(p->log.event[i].data, "id", ""), id) == 0)
      return &p->log.event[i];
  return NULL;
}

/* ------------------------------------------------------------------ the journal */

static enum status other_event(struct replay *p, const struct event *ev, const char *kind, const json_t *data,
                               struct error *e) {
  json_t *there = json_pack("{s:s, s:O}", "kind", ev->kind, "data", ev->data),
         *would = json_pack("{s:s, s:O}", "kind", kind, "data", data);
  char text[300];
  snprintf(text, sizeof text, "%s %.100s would come here", kind, json_str(data, "id", ""));
  replay_difference(p, ev, REPLAY_ORDER, strcmp(ev->kind, kind) != 0 ? "" : "/id", there, would, text);
  json_decref(there);
  json_decref(would);
  p->mismatched = 1;
  return error_set(e, ST_INTERRUPTED, "the log goes on otherwise");
}

static enum status on_append(void *context, const char *kind, json_t *data, struct error *e) {
  struct replay *p = context;
  const struct event *ev = &p->log.event[p->at];
  const char *id = json_str(data, "id", "");
  enum status st = ST_OK;
  if (strcmp(kind, "ended") == 0) {
    /* Of an act of the judge's its end comes now, and stands further on. A stop's end is nobody's decision.
     */
    ev = replay_ended(p, id);
    if (ev != NULL && strcmp(json_str(ev->data, "status", ""), "interrupted") != 0)
      replay_compare(p, ev, kind, data);
  } else if (strcmp(ev->kind, kind) != 0 || strcmp(json_str(ev->data, "id", ""), id) != 0) {
    st = other_event(p, ev, kind, data, e);
  } else {
    replay_compare(p, ev, kind, data);
    p->engine.log.count = p->at + 1; /* what follows follows from what is there */
  }
  json_decref(data);
  return st;
}

static enum status on_blob_put(void *context, const void *data, size_t bytes, char name[HASH_HEX_BYTES],
                               struct error *e) {
  struct replay *p = context;
  hash_sha256_hex(data, bytes, name);
  buffer_clear(&p->put);
  buffer_add(&p->put, data, bytes);
  return buffer_failed(&p->put) ? error_set(e, ST_MEMORY, "out of memory for a replay") : ST_OK;
}

static enum status on_blob_get(void *context, const char *name, struct buffer *out, struct error *e) {
  struct replay *p = context;
  struct error why;
  if (p->judging) /* a recorded verdict needs no source */
    return ST_OK;
  enum status st = store_blob_get(p->store, name, out, &why);
  if (st == ST_NOT_FOUND || st == ST_CORRUPT)
    replay_missing(p, name, &why);
  if (st != ST_OK && e != NULL)
    *e = why;
  return st;
}

/* ------------------------------------------------------------------ the judge */

/* The verdict in the log: the whole result, or one part of the final act's. */
static enum status verdict(const struct replay *p, const char *part, json_t **out, struct error *e) {
  const json_t *result = p->act != NULL ? json_object_get(p->act->data, "result") : NULL;
  int final = p->act != NULL && strcmp(json_str(p->act->data, "act", ""), "final") == 0;
  if (!json_is_object(result))
    return error_set(e, ST_INTERRUPTED, "this act was cut off");
  const json_t *of = final ? json_object_get(result, part) : result;
  /* What the engine asks for and the log does not have must not look like what it has. */
  *out = json_is_object(of) ? json_deep_copy(of) : json_pack("{s:s}", "verdict", "(not in the log)");
  return *out != NULL ? ST_OK : error_set(e, ST_MEMORY, "out of memory for a replay");
}

static enum status on_measure(void *context, const char *source, size_t bytes, int full, const char *shape,
                              double budget_s, json_t **out, struct error *e) {
  (void)source, (void)bytes, (void)full, (void)shape, (void)budget_s;
  return verdict(context, "full", out, e);
}

static enum status on_check(void *context, const char *source, size_t bytes, json_t **out, struct error *e) {
  (void)source, (void)bytes;
  return verdict(context, "", out, e);
}

static enum status on_duel(void *context, const struct season_race *race, json_t **out, struct error *e) {
  (void)race;
  return verdict(context, "duel", out, e);
}

/* The source that a setting was made into is taken from its blob: the challenge may be gone by now. */
static enum status on_entry(void *context, const json_t *setting, struct buffer *out, struct error *e) {
  struct replay *p = context;
  (void)setting;
  const char *blob = p->act != NULL ? json_str(json_obj(p->act->data, "result"), "blob", NULL) : NULL;
  if (blob == NULL)
    return error_set(e, ST_INPUT, "no entry was made of this setting");
  return on_blob_get(p, blob, out, e);
}

/* ------------------------------------------------------------------ agents */

static enum status on_agent(void *context, const char *provider, const json_t *request, json_t **answer,
                            struct error *e) {
  struct replay *p = context;
  struct agent_ask_options o;
  struct agent_asked r;
  if (p->options != NULL && p->options->agent != NULL)
    return p->options->agent(p->options->context, provider, request, answer, e);
  agent_ask_defaults(&o);
  enum status st = agent_ask(provider, request, &o, &r, e);
  *answer = r.answer;
  r.answer = NULL;
  agent_asked_fini(&r);
  return st;
}

/* That it is there makes agents that are not built in known as such; the walk itself answers for them. */
static enum status on_ask(void *context, const char *provider, const json_t *request,
                          const struct agent_ask_options *options, struct agent_asked *reply,
                          struct error *e) {
  (void)context, (void)request, (void)options, (void)reply;
  return error_set(e, ST_INTERNAL, "a replay asks nobody, %.80s least of all", provider);
}

static int64_t on_now(void *context) {
  (void)context;
  return 0;
}

void replay_world(struct replay *p) {
  p->world = (struct season_world){.context = p,
                                   .measure = on_measure,
                                   .check = on_check,
                                   .duel = on_duel,
                                   .agent = on_agent,
                                   .ask = on_ask,
                                   .entry = on_entry,
                                   .now_ns = on_now,
                                   .expected_s = NAN};
  p->journal = (struct season_journal){p, on_append, on_blob_put, on_blob_get};
}

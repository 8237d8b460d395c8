/* Room serve: the tools that only read: context, standings, learnings, roofline, entry_source. Opens the
 * season's store for reading, anew at each call. */
#include <stdio.h>
#include <string.h>

#include "agent/agent_prompt.h"
#include "base/base_file.h"
#include "base/base_machine.h"
#include "challenge/challenge_light.h"
#include "report/report.h"
#include "serve/serve_mcp.h"

enum { ATTEMPTS_MAX = 200 };

/* ---- what all of them open --------------------------------------------------------------- */

enum status serve_season_open(const struct serve_mcp *m, struct serve_season *s, struct error *e) {
  memset(s, 0, sizeof *s);
  event_log_init(&s->log);
  enum status st = store_open(m->o->season, STORE_READ, &s->store, e);
  if (st == ST_OK)
    st = store_load(s->store, &s->log, e);
  if (st == ST_OK)
    st = record_fold(&s->log, &s->state, e);
  if (st != ST_OK) {
    event_log_fini(&s->log);
    store_close(s->store);
    return st;
  }
  if (s->state.started)
    return ST_OK;
  serve_season_close(s);
  return error_set(e, ST_NOT_FOUND, "%s holds no season that has started", m->o->season);
}

void serve_season_close(struct serve_season *s) {
  record_state_fini(&s->state);
  event_log_fini(&s->log);
  store_close(s->store);
}

static enum status season_challenge(struct serve_mcp *m, struct error *e) {
  struct serve_season s;
  enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  const json_t *wanted = json_obj(s.state.started, "challenge");
  st = challenge_open(json_str(wanted, "dir", ""), &m->challenge, e);
  if (st == ST_OK && strcmp(m->challenge->task_hash, json_str(wanted, "task_hash", "")) != 0) {
    st = error_set(e, ST_INPUT, "the challenge in %s has changed since this season began", m->challenge->dir);
    challenge_close(m->challenge);
    m->challenge = NULL;
  }
  serve_season_close(&s);
  return st;
}

enum status serve_challenge(struct serve_mcp *m, struct error *e) {
  if (m->challenge)
    return ST_OK;
  return m->o->season ? season_challenge(m, e) : challenge_open(m->o->challenge, &m->challenge, e);
}

/* ---- context ----------------------------------------------------------------------------- */

/* The newest round whose context is frozen; the one after it may have begun. */
static const struct record_round *frozen_round(const struct record_state *state) {
  for (size_t i = state->n_rounds; i-- > 0;) {
    if (state->round[i].context_blob)
      return &state->round[i];
  }
  return NULL;
}

/* request and out are filled: what the prompt of the round's agents is made of, and what goes beside it. */
static enum status season_context_of(struct serve_mcp *m, json_t *out, json_t *request, struct error *e) {
  json_t *context = NULL;
  struct serve_season s;
  struct buffer text;
  enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  buffer_init(&text);
  const struct record_round *r = frozen_round(&s.state);
  const json_t *challenge = json_obj(s.state.started, "challenge");
  json_put_str(out, "challenge", json_str(challenge, "name", ""));
  json_put_str(out, "task_hash", json_str(challenge, "task_hash", ""));
  if (!r)
    st = error_set(e, ST_NOT_FOUND, "no round of this season has frozen its context yet: ask again later");
  else
    st = store_blob_get(s.store, r->context_blob, &text, e);
  if (st == ST_OK)
    st = json_read(buffer_str(&text), text.bytes, "the context", &context, e);
  if (st == ST_OK) {
    (void)json_object_set_new(request, "context", context);
    json_put_int(request, "round", r->round);
    json_put_str(request, "round_kind", r->kind);
    json_put_int(out, "round", r->round);
    json_put_str(out, "context_hash", r->context_hash);
  }
  buffer_fini(&text);
  serve_season_close(&s);
  return st;
}

/* What a first round would begin with, but for times: nothing is measured for a question. */
static enum status task_context_of(struct serve_mcp *m, json_t *out, json_t *request, struct error *e) {
  struct buffer source;
  char name[65];
  enum status st = serve_challenge(m, e);
  if (st != ST_OK)
    return st;
  buffer_init(&source);
  st = serve_entry(m, "incumbent", &source, name, e);
  if (st == ST_OK) {
    json_t *o = json_object(), *incumbent = json_object(), *machine = json_object();
    json_put_str(incumbent, "blob", name);
    (void)json_object_set_new(incumbent, "source", json_clean_string(buffer_str(&source), source.bytes));
    (void)json_object_set_new(machine, "facts", machine_facts_json());
    (void)json_object_set_new(o, "task", challenge_to_json(m->challenge));
    json_put_str(o, "task_hash", m->challenge->task_hash);
    (void)json_object_set_new(o, "incumbent", incumbent);
    (void)json_object_set_new(o, "machine", machine);
    json_put_str(out, "challenge", m->challenge->name);
    json_put_str(out, "task_hash", m->challenge->task_hash);
    (void)json_object_set_new(out, "round", json_null());
    (void)json_object_set_new(out, "context_hash", json_null());
    (void)json_object_set_new(request, "context", o);
  }
  buffer_fini(&source);
  return st;
}

enum status serve_context(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  const int64_t tokens = json_int(args, "tokens", 16000);
  struct buffer text;
  if (tokens < 1000 || tokens > 64000)
    return error_set(e, ST_USAGE, "tokens must lie between 1000 and 64000");
  json_t *request = json_object(), *answer = json_object();
  buffer_init(&text);
  enum status st =
      m->o->season ? season_context_of(m, answer, request, e) : task_context_of(m, answer, request, e);
  if (st == ST_OK)
    st = agent_prompt_context(request, tokens, &text, e);
  if (st == ST_OK) {
    const char *from = buffer_str(&text), *second = m->o->season ? NULL : strstr(from, "\n\n");
    from = second ? second + 2 : from; /* without a season the first heading names a round that is none */
    (void)json_object_set_new(answer, "text", json_clean_string(from, strlen(from)));
  }
  buffer_fini(&text);
  json_decref(request);
  if (st == ST_OK)
    *out = answer;
  else
    json_decref(answer);
  return st;
}

/* ---- standings, learnings ---------------------------------------------------------------- */

enum status serve_standings(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  struct serve_season s;
  (void)args;
  const enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  const struct report_source src = {&s.state, s.store};
  *out = report_summary_json(&src);
  serve_season_close(&s);
  if (!*out)
    return error_set(e, ST_MEMORY, "out of memory for the standings");
  json_t *attempts = json_object_get(*out, "attempts");
  int64_t left_out = 0;
  for (; json_array_size(attempts) > ATTEMPTS_MAX; left_out++)
    (void)json_array_remove(attempts, 0); /* the oldest */
  json_put_int(*out, "attempts_left_out", left_out);
  return ST_OK;
}

enum status serve_learnings(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  const char *state = json_str(args, "state", "in_force");
  const int64_t limit = json_int(args, "limit", 50);
  struct serve_season s;
  if (limit < 1 || limit > SERVE_LIST_MAX)
    return error_set(e, ST_USAGE, "limit must lie between 1 and %d", SERVE_LIST_MAX);
  const enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  json_t *list = json_array();
  int64_t total = 0;
  for (size_t i = s.state.n_learnings; i-- > 0;) { /* the newest first */
    const json_t *one = s.state.learning[i];
    if (strcmp(state, "all") != 0 && strcmp(state, json_str(one, "state", "")) != 0)
      continue;
    if (total++ < limit)
      (void)json_array_append_new(list, json_deep_copy(one));
  }
  *out = json_object();
  json_put_int(*out, "left_out", total - (int64_t)json_array_size(list));
  json_put_int(*out, "total", total);
  (void)json_object_set_new(*out, "learnings", list);
  serve_season_close(&s);
  return ST_OK;
}

/* ---- roofline ---------------------------------------------------------------------------- */

enum { LIGHTS_MAX = 256 };

static enum status lights(const struct challenge *c, const struct challenge_device *d, json_t *list,
                          struct error *e) {
  struct challenge_light l[LIGHTS_MAX];
  size_t n = 0;
  const enum status st = challenge_lights(c, d, l, LIGHTS_MAX, &n, e);
  for (size_t i = 0; i < n && st == ST_OK; i++)
    (void)json_array_append_new(list, challenge_light_json(&l[i]));
  return st;
}

/* What the season found out about its own machine when it began. */
static enum status season_lights(const struct serve_mcp *m, json_t *answer, json_t *list, struct error *e) {
  static const char *const part[] = {"full_rooflines", "rooflines"};
  struct serve_season s;
  const enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  json_put_str(answer, "challenge", json_str(json_obj(s.state.started, "challenge"), "name", ""));
  for (size_t p = 0; p < 2; p++) {
    json_t *copy = json_deep_copy(json_arr(s.state.started, part[p]));
    (void)json_array_extend(list, copy);
    json_decref(copy);
  }
  serve_season_close(&s);
  return ST_OK;
}

static enum status device_lights(struct serve_mcp *m, const char *name, json_t *answer, json_t *list,
                                 struct error *e) {
  const enum status st = serve_challenge(m, e);
  if (st != ST_OK)
    return st;
  const struct challenge_device *d = challenge_find_device(m->challenge, name);
  if (!d) {
    char known[300] = "";
    for (size_t i = 0; i < m->challenge->n_devices; i++) {
      const size_t used = strlen(known);
      (void)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", m->challenge->device[i].name);
    }
    return error_set(e, ST_USAGE, "the challenge has no device %.60s; it has %s", name, known);
  }
  json_put_str(answer, "challenge", m->challenge->name);
  json_put_str(answer, "source", d->source);
  return lights(m->challenge, d, list, e);
}

enum status serve_roofline(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  const char *name = json_str(args, "device", "cpu");
  json_t *answer = json_object(), *list = json_array();
  json_put_str(answer, "device", name);
  const enum status st = m->o->season && !strcmp(name, "cpu") ? season_lights(m, answer, list, e)
                                                              : device_lights(m, name, answer, list, e);
  (void)json_object_set_new(answer, "shapes", list);
  if (st == ST_OK)
    *out = answer;
  else
    json_decref(answer);
  return st;
}

/* ---- entries ----------------------------------------------------------------------------- */

/* The entry that an act or an outcome of this pitch names, the latest one; or NULL. */
static const char *entry_of_pitch(const struct record_state *state, const char *id) {
  const char *found = NULL;
  for (size_t r = 0; r < state->n_rounds; r++) {
    const struct record_round *round = &state->round[r];
    for (size_t i = 0; i < round->n_acts; i++) {
      const struct record_act *a = &round->act[i];
      if (!strcmp(a->act, "implement") && !strcmp(json_str(a->args, "pitch", ""), id))
        found = json_str(a->result, "blob", found);
    }
    for (size_t i = 0; i < round->n_outcomes; i++) {
      if (!strcmp(json_str(round->outcome[i], "pitch", ""), id))
        found = json_str(round->outcome[i], "entry", found);
    }
  }
  return found;
}

/* Only entries: a context or a transcript is a blob too. */
static const char *entry_of_hash(const struct record_state *state, const char *hash) {
  if ((state->incumbent_blob && !strcmp(state->incumbent_blob, hash)) ||
      (state->first_blob && !strcmp(state->first_blob, hash)))
    return hash;
  for (size_t r = 0; r < state->n_rounds; r++) {
    const struct record_round *round = &state->round[r];
    for (size_t i = 0; i < round->n_acts; i++) {
      if (!strcmp(round->act[i].act, "implement") &&
          !strcmp(json_str(round->act[i].result, "blob", ""), hash))
        return hash;
    }
    for (size_t i = 0; i < round->n_outcomes; i++) {
      if (!strcmp(json_str(round->outcome[i], "entry", ""), hash))
        return hash;
    }
  }
  return NULL;
}

static enum status season_entry(const struct serve_mcp *m, const char *which, struct buffer *source,
                                char name[65], struct error *e) {
  struct serve_season s;
  enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  const char *blob = !strcmp(which, "incumbent") ? s.state.incumbent_blob
                     : !strcmp(which, "first")   ? s.state.first_blob
                     : hash_is_hex(which)        ? entry_of_hash(&s.state, which)
                                                 : entry_of_pitch(&s.state, which);
  if (!blob)
    st = error_set(e, ST_NOT_FOUND, "this season has no entry \"%.80s\"", which);
  if (st == ST_OK)
    st = store_blob_get(s.store, blob, source, e);
  if (st == ST_OK)
    (void)snprintf(name, 65, "%s", blob);
  serve_season_close(&s);
  return st;
}

enum status serve_entry(struct serve_mcp *m, const char *which, struct buffer *source, char name[65],
                        struct error *e) {
  if (m->o->season)
    return season_entry(m, which, source, name, e);
  enum status st = serve_challenge(m, e);
  if (st != ST_OK)
    return st;
  if (strcmp(which, "incumbent") != 0 && strcmp(which, "first") != 0)
    return error_set(e, ST_NOT_FOUND, "without a season there is only \"incumbent\", not \"%.80s\"", which);
  if (!m->challenge->incumbent_path)
    return error_set(e, ST_INPUT, "the challenge %s has no first incumbent", m->challenge->name);
  st = file_read(m->challenge->incumbent_path, (size_t)m->challenge->source_max_bytes, source, e);
  if (st == ST_OK)
    hash_sha256_hex(buffer_str(source), source->bytes, name);
  return st;
}

enum status serve_entry_source(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  const char *which = json_str(args, "entry", "incumbent");
  struct buffer source;
  char name[65];
  buffer_init(&source);
  const enum status st = serve_entry(m, which, &source, name, e);
  if (st == ST_OK) {
    const size_t shown = source.bytes < SERVE_SOURCE_MAX ? source.bytes : SERVE_SOURCE_MAX;
    *out = json_object();
    json_put_str(*out, "entry", which);
    json_put_str(*out, "hash", name);
    json_put_int(*out, "bytes", (int64_t)source.bytes);
    json_put_bool(*out, "truncated", shown < source.bytes);
    (void)json_object_set_new(*out, "source", json_clean_string(buffer_str(&source), shown));
  }
  buffer_fini(&source);
  return st;
}

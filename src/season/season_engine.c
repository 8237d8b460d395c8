/* Room: season. The loop: load the log, fold it, ask what is next, do it, append what happened. Nothing
 * that matters lives only here: killed at any moment, the next engine goes on from the log. */
#include "season/season_engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_log.h"
#include "season/season_budget.h"
#include "season/season_call.h"
#include "season/season_internal.h"
#include "season/season_ledger.h"

#ifndef ST_VERSION
#define ST_VERSION "unknown"
#endif

const struct record_round *season_round_now(const struct season_engine *g) {
  return g->state.n_rounds > 0 ? &g->state.round[g->state.n_rounds - 1] : NULL;
}

enum status season_refold(struct season_engine *g, struct error *e) {
  record_state_fini(&g->state);
  enum status st = record_fold(&g->log, &g->state, e);
  if (st == ST_OK)
    season_rules_of(&g->state, &g->rules);
  return st;
}

enum status season_append(struct season_engine *g, const char *kind, json_t *data, struct error *e) {
  if (data == NULL)
    return error_set(e, ST_MEMORY, "out of memory while preparing the event %s", kind);
  enum status st = g->journal != NULL ? g->journal->append(g->journal->context, kind, data, e)
                                      : store_append(g->store, &g->log, kind, data, e);
  if (st == ST_OK)
    st = season_refold(g, e);
  if (st == ST_OK && g->watch != NULL && g->watch->event != NULL)
    g->watch->event(g->watch->context, &g->log.event[g->log.count - 1], &g->state);
  return st;
}

enum status season_blob_put(struct season_engine *g, const void *data, size_t bytes,
                            char name[HASH_HEX_BYTES], struct error *e) {
  return g->journal != NULL ? g->journal->blob_put(g->journal->context, data, bytes, name, e)
                            : store_blob_put(g->store, data, bytes, name, e);
}

enum status season_blob_get(struct season_engine *g, const char *name, struct buffer *out, struct error *e) {
  return g->journal != NULL ? g->journal->blob_get(g->journal->context, name, out, e)
                            : store_blob_get(g->store, name, out, e);
}

static int cancelled(const struct season_engine *g) {
  return g->watch != NULL && g->watch->cancelled != NULL && g->watch->cancelled(g->watch->context);
}

/* Mean seconds of this season's own past acts of a kind: what a progress line may promise. */
static double expected_seconds(const struct record_state *state, const char *act) {
  double sum = 0;
  size_t n = 0;
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_acts; i++) {
      const struct record_act *a = &state->round[k].act[i];
      if (a->result == NULL || isnan(a->seconds) || strcmp(a->act, act) != 0)
        continue;
      sum += a->seconds;
      n++;
    }
  return n > 0 ? sum / (double)n : NAN;
}

/* "r1.check.r1.p1.0", then "r1.check.r1.p1.0.2" ...: how often it was begun decides. */
static void attempt_id(const struct record_state *state, const char *base, int64_t round, char *out,
                       size_t bytes) {
  const struct record_act *last =
      round == 0 ? record_loose_find(state, base) : record_act_find(&state->round[state->n_rounds - 1], base);
  size_t n = strlen(base);
  if (last == NULL) {
    snprintf(out, bytes, "%s", base);
    return;
  }
  int times = 1;
  if (last->id[n] == '.' && sscanf(last->id + n + 1, "%d", &times) != 1)
    times = 1;
  snprintf(out, bytes, "%s.%d", base, times + 1);
}

enum status season_do_begin(struct season_engine *g, const char *base_id, const char *act, int64_t round,
                            const char *who, json_t *args, struct season_doing *d, struct error *e) {
  attempt_id(&g->state, base_id, round, d->id, sizeof d->id);
  d->act = act;
  d->agent = NULL;
  json_t *data = json_object();
  json_put_str(data, "id", d->id);
  json_put_str(data, "act", act);
  json_object_set_new(data, "round", round > 0 ? json_integer(round) : json_null());
  if (who != NULL)
    json_put_str(data, "who", who);
  json_object_set_new(data, "args", args);
  enum status st = season_append(g, "begun", data, e);
  if (st != ST_OK)
    return st;
  g->world->round = round;
  g->world->expected_s = expected_seconds(&g->state, act);
  d->begun_ns = g->world->now_ns(g->world->context);
  const struct season_watch *w = g->watch;
  if (w != NULL && w->progress != NULL)
    w->progress(w->context, act, round, NAN, g->world->expected_s, who != NULL ? who : "");
  return ST_OK;
}

/* Takes result and agent; either may be NULL. */
static enum status append_end(struct season_engine *g, const char *id, const char *act, const char *status,
                              double seconds, json_t *result, json_t *agent, const char *why,
                              struct error *e) {
  json_t *data = json_object();
  json_put_str(data, "id", id);
  json_put_str(data, "act", act);
  json_put_str(data, "status", status);
  json_put_num(data, "seconds", seconds);
  json_object_set_new(data, "result", result != NULL ? result : json_null());
  if (agent != NULL)
    json_object_set_new(data, "agent", agent);
  if (why != NULL)
    json_put_str(data, "error", why);
  return season_append(g, "ended", data, e);
}

enum status season_do_end(struct season_engine *g, struct season_doing *d, enum status outcome, int fatal,
                          json_t *result, const struct error *why, struct error *e) {
  double seconds = (double)(g->world->now_ns(g->world->context) - d->begun_ns) * 1e-9;
  int stop = outcome == ST_INTERRUPTED || (outcome != ST_OK && fatal);
  /* What stopped for us, not for the agent or the entry, is asked again on resume: "interrupted". */
  int late = outcome == ST_TIMEOUT && d->agent != NULL && strcmp(d->act, "implement") != 0;
  const char *status = outcome == ST_OK ? "ok" : stop ? "interrupted" : late ? "late" : "failed";
  if (outcome != ST_OK) {
    json_decref(result);
    result = NULL;
  }
  char text[1200];
  error_format(why, text, sizeof text);
  struct error inner;
  enum status st =
      append_end(g, d->id, d->act, status, seconds, result, d->agent, outcome != ST_OK ? text : NULL, &inner);
  d->agent = NULL;
  if (stop) {
    /* The first trouble is the one to report; that it could not be written down loses nothing. */
    if (e != NULL)
      *e = *why;
    return outcome;
  }
  if (st != ST_OK && e != NULL)
    *e = inner;
  return st;
}

enum status season_context_read(struct season_engine *g, json_t **out, struct error *e) {
  struct buffer b;
  buffer_init(&b);
  enum status st = season_blob_get(g, season_round_now(g)->context_blob, &b, e);
  if (st == ST_OK)
    st = json_read(buffer_str(&b), b.bytes, "the round's context", out, e);
  buffer_fini(&b);
  return st;
}

/* Acts that a crash cut off: what they cost is unknown, and they are begun again under a new id. */
static enum status close_leftovers(struct season_engine *g, struct error *e) {
  for (;;) {
    const struct record_act *open = NULL;
    for (size_t k = 0; k < g->state.n_rounds && open == NULL; k++)
      for (size_t i = 0; i < g->state.round[k].n_acts && open == NULL; i++)
        if (g->state.round[k].act[i].status == NULL)
          open = &g->state.round[k].act[i];
    for (size_t i = 0; i < g->state.n_loose && open == NULL; i++)
      if (g->state.loose[i].status == NULL)
        open = &g->state.loose[i];
    if (open == NULL)
      return ST_OK;
    enum status st = append_end(g, open->id, open->act, "interrupted", NAN, NULL, NULL,
                                "the engine was stopped during this act", e);
    if (st != ST_OK)
      return st;
  }
}

static enum status pause_season(struct season_engine *g, struct error *e) {
  json_t *data = json_object();
  json_put_str(data, "why", "asked to stop");
  enum status st = season_append(g, "season_paused", data, e);
  if (st != ST_OK)
    return st;
  return error_set(e, ST_INTERRUPTED, "paused: `sharktank resume %s` goes on", store_dir(g->store));
}

struct season_job season_job_of(const struct season_step *step) {
  struct season_job job = {.kind = step->kind, .round = step->round, .attempt = step->attempt};
  snprintf(job.who, sizeof job.who, "%s", step->who != NULL ? step->who : "");
  snprintf(job.pitch, sizeof job.pitch, "%s", step->pitch != NULL ? step->pitch : "");
  return job;
}

int season_step_asks(enum season_step_kind kind) {
  return kind == STEP_PITCH || kind == STEP_BALLOT || kind == STEP_IMPLEMENT;
}

enum status season_perform(struct season_engine *g, const struct season_step *step, struct error *e) {
  struct season_job job = season_job_of(step);
  const char *kind = NULL;
  json_t *data = season_decide(&g->state, job.kind, job.pitch, &kind);
  if (kind != NULL)
    return season_append(g, kind, data, e);
  if (season_step_asks(job.kind))
    return season_ask(g, &job, e);
  return season_act(g, &job, e);
}

static size_t calls_outside(const struct season_engine *g, const struct season_steps *steps) {
  size_t n = 0;
  for (size_t i = 0; i < steps->count; i++)
    n += season_asks_outside(g, &steps->step[i]) != 0;
  return n;
}

json_t *season_budget_due(const struct season_engine *g, const struct season_steps *due, double worked_s) {
  const char *first = NULL;
  size_t paid = 0; /* a person is asked outside, and is no call of anybody's budget */
  for (size_t i = 0; i < due->count; i++) {
    if (!season_asks_paid(g, &due->step[i]))
      continue;
    first = paid++ == 0 ? season_outside_provider(g, &due->step[i]) : first;
  }
  return g->state.budget_spent == NULL ? season_budget_hit(&g->state, due, paid, first, worked_s) : NULL;
}

/* Calls of tools since the last look (season_ledger.h) become an event. *taken: there were any. */
static enum status take_tools(struct season_engine *g, int *taken, struct error *e) {
  json_t *data = season_ledger_take(store_dir(g->store), g->state.tools_through);
  *taken = data != NULL;
  return data != NULL ? season_append(g, "tools_used", data, e) : ST_OK;
}

static enum status play(struct season_engine *g, struct error *e) {
  for (;;) {
    struct season_steps steps;
    int taken = 0;
    season_next(&g->state, &steps);
    if (steps.count == 0)
      break;
    if (cancelled(g))
      return pause_season(g, e);
    enum status looked = take_tools(g, &taken, e);
    if (looked != ST_OK)
      return looked;
    if (taken)
      continue;
    size_t outside = calls_outside(g, &steps);
    json_t *spent = season_budget_due(g, &steps, season_worked_s(&g->log, NULL, clock_wall_ns()));
    if (spent != NULL) {
      enum status written = season_append(g, "budget_spent", spent, e);
      if (written != ST_OK)
        return written;
      continue;
    }
    /* The set may be done in any order; after each the next set is asked for anew. */
    enum status st = outside > 0 ? season_ask_all(g, &steps, e) : season_perform(g, &steps.step[0], e);
    if (st == ST_INTERRUPTED)
      return pause_season(g, e);
    if (st != ST_OK)
      return st;
  }
  if (g->state.ended == NULL)
    return error_set(e, ST_INTERNAL, "the log of %s leads nowhere after event %lld", store_dir(g->store),
                     (long long)g->state.last_seq);
  return ST_OK;
}

static enum status resume(struct season_engine *g, struct error *e) {
  if (g->log.count > 1) { /* a season that only started is not resumed, it is begun */
    json_t *data = json_object();
    json_put_str(data, "engine", ST_VERSION);
    json_put_int(data, "pid", (int64_t)getpid());
    enum status st = season_append(g, "season_resumed", data, e);
    if (st != ST_OK)
      return st;
  }
  return close_leftovers(g, e);
}

enum status season_play_world(const char *dir, const struct season_watch *watch, struct season_world *w,
                              struct error *e) {
  struct season_engine g = {.world = w, .watch = watch};
  struct error ignored;
  if (e == NULL)
    e = &ignored;
  event_log_init(&g.log);
  enum status st = store_open(dir, STORE_WRITE, &g.store, e);
  if (st == ST_OK)
    st = store_load(g.store, &g.log, e);
  if (st == ST_OK)
    st = season_refold(&g, e);
  if (st == ST_OK && g.state.started == NULL)
    st = error_set(e, ST_NOT_FOUND, "%s holds no season that has started: `sharktank run` starts one", dir);
  if (st == ST_OK && g.state.ended == NULL) {
    st = resume(&g, e);
    season_inbox_tidy(&g);
    if (st == ST_OK)
      st = play(&g, e);
  }
  record_state_fini(&g.state);
  event_log_fini(&g.log);
  store_close(g.store);
  return st;
}

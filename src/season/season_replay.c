/* Room: season. The walk: see season_replay.h. The engine's own steps run over the log's beginning, with a
 * journal that compares instead of appending; then the next event is what the log has, whatever was found. */
#include "season/season_replay.h"

#include <stdlib.h>
#include <string.h>

#include "season/season_replay_internal.h"

static struct replay_call *find_call(struct replay *p, const char *id) {
  for (size_t i = 0; i < REPLAY_CALLS; i++)
    if (p->call[i].open && (id == NULL || strcmp(p->call[i].call.doing.id, id) == 0))
      return &p->call[i];
  return NULL;
}

static void close_call(struct replay_call *c) {
  season_call_fini(&c->call);
  memset(c, 0, sizeof *c);
}

/* 1 for an asking that another one of its set may have come before: others are under way, or it is of a
 * built-in agent, which costs nothing and comes when those that the budgets hold have been begun. */
static int within_set(const struct replay *p, const struct event *ev) {
  const char *act = json_str(ev->data, "act", ""), *agent = json_str(json_obj(ev->data, "args"), "agent", "");
  if (strcmp(act, "pitch") != 0 && strcmp(act, "ballot") != 0 && strcmp(act, "implement") != 0)
    return 0;
  if (!agent_exchange_knows(agent))
    return 1;
  for (size_t i = 0; i < REPLAY_CALLS; i++)
    if (p->call[i].open && agent_exchange_knows(p->call[i].call.provider))
      return 1;
  return 0;
}

/* What a blob's absence or another event's presence ends is this step only. */
static enum status settle(struct replay *p, enum status st) {
  if (st == ST_NOT_FOUND || (st == ST_CORRUPT && p->engine.state.started != NULL)) {
    p->unchecked++;
    return ST_OK;
  }
  return st == ST_INTERRUPTED ? ST_OK : st;
}

static enum status begin_call(struct replay *p, const struct season_step *step, struct error *e) {
  struct season_job job = season_job_of(step);
  struct season_call c;
  size_t i = 0;
  enum status st = season_call_begin(&p->engine, &job, &c, e);
  while (i < REPLAY_CALLS && p->call[i].open)
    i++;
  if (st == ST_OK && i < REPLAY_CALLS)
    p->call[i] = (struct replay_call){1, c};
  else
    season_call_fini(&c);
  return st;
}

/* Of a set, the step that the log began with. */
static const struct season_step *choose(const struct season_steps *steps, const struct event *ev) {
  const char *who = json_str(ev->data, "who", "");
  for (size_t i = 0; i < steps->count; i++)
    if (steps->step[i].who != NULL && strcmp(steps->step[i].who, who) == 0)
      return &steps->step[i];
  return &steps->step[0];
}

static void nothing_due(struct replay *p, const struct event *ev) {
  const char *why = p->engine.state.ended != NULL ? "nothing would come here: the season has ended"
                                                  : "nothing would come here: acts are under way";
  replay_difference(p, ev, REPLAY_ORDER, "", ev->data, NULL, why);
}

/* What the engine would append next, by the code that appends it. */
static enum status walk_step(struct replay *p, const struct event *ev, struct error *e) {
  struct season_steps steps;
  struct season_engine *g = &p->engine;
  int begun = strcmp(ev->kind, "begun") == 0;
  season_next(&g->state, &steps);
  /* Time is told by the event alone; and the budgets are looked at before a set is begun, not within it. */
  int by_time =
      strcmp(ev->kind, "budget_spent") == 0 && strcmp(json_str(ev->data, "which", ""), "wall_s") == 0;
  json_t *spent = begun && within_set(p, ev)
                      ? NULL
                      : season_budget_due(g, &steps, by_time ? json_num(ev->data, "spent", 0) : 0);
  if (spent != NULL)
    return season_append(g, "budget_spent", spent, e);
  if (steps.count == 0) {
    nothing_due(p, ev);
    return ST_OK;
  }
  const struct season_step *step = choose(&steps, ev);
  if (season_step_asks(step->kind))
    return begin_call(p, step, e);
  p->judging = step->kind != STEP_CONTEXT;
  p->act = begun ? replay_ended(p, json_str(ev->data, "id", "")) : NULL;
  enum status st = season_perform(g, step, e);
  p->judging = 0;
  p->act = NULL;
  return st;
}

static enum status walk_ended(struct replay *p, const struct event *ev, struct error *e) {
  struct replay_call *c = find_call(p, json_str(ev->data, "id", ""));
  enum status st = ST_OK;
  if (c == NULL) /* of the judge's, and compared when it began */
    return ST_OK;
  if (strcmp(json_str(ev->data, "status", ""), "interrupted") == 0)
    p->taken++; /* by a stop or a crash: begun again later */
  else {
    p->act = ev;
    st = replay_answer(p, ev, &c->call, e);
    if (st == ST_OK)
      st = season_call_end(&p->engine, &c->call, e);
    p->act = NULL;
  }
  close_call(c);
  return st;
}

/* People's and this machine's doing: no rule says when. */
static int is_fact(const char *kind) {
  static const char *const facts[] = {"season_started", "season_paused", "season_resumed", "budget_changed",
                                      "tools_used"};
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    if (strcmp(kind, facts[i]) == 0)
      return 1;
  return 0;
}

static enum status walk_event(struct replay *p, struct error *e) {
  const struct event *ev = &p->log.event[p->at];
  enum status st = ST_OK;
  if (is_fact(ev->kind))
    p->taken++;
  else if (strcmp(ev->kind, "ended") == 0)
    st = walk_ended(p, ev, e);
  else
    st = walk_step(p, ev, e);
  st = settle(p, st);
  if (st == ST_OK && p->engine.log.count == p->at) {
    p->engine.log.count = p->at + 1;
    st = season_refold(&p->engine, e);
  }
  return st;
}

static enum status walk(struct replay *p, struct error *e) {
  enum status st = ST_OK;
  struct error why = {.status = ST_OK};
  for (p->at = 0; st == ST_OK && p->at < p->log.count; p->at++) {
    st = walk_event(p, &why);
    if (st == ST_CORRUPT) { /* a chain may hold, and yet tell what cannot have been */
      replay_difference(p, &p->log.event[p->at], REPLAY_FOLD, "", p->log.event[p->at].data, NULL, why.text);
      p->at++;
      return ST_OK;
    }
  }
  if (st != ST_OK && e != NULL)
    *e = why;
  return st;
}

enum status season_replay(const char *dir, const struct season_replay_options *options, json_t **report,
                          struct error *e) {
  struct replay *p = calloc(1, sizeof *p);
  *report = NULL;
  if (p == NULL)
    return error_set(e, ST_MEMORY, "out of memory for a replay");
  p->options = options;
  p->differences = json_array();
  p->missing = json_array();
  buffer_init(&p->put);
  event_log_init(&p->log);
  enum status st = store_open(dir, STORE_STILL, &p->store, e);
  if (st == ST_OK)
    st = store_load(p->store, &p->log, e);
  if (st == ST_OK && p->log.count == 0)
    st = error_set(e, ST_NOT_FOUND, "%s holds no season that has started: `sharktank run` starts one", dir);
  if (st == ST_OK) {
    replay_world(p);
    p->engine = (struct season_engine){.journal = &p->journal, .world = &p->world};
    p->engine.log.event = p->log.event; /* borrowed: its first `count` */
    st = walk(p, e);
  }
  if (st == ST_OK) {
    *report = replay_report(p, dir);
    st = *report != NULL ? ST_OK : error_set(e, ST_MEMORY, "out of memory for a replay");
  }
  for (struct replay_call *c; (c = find_call(p, NULL)) != NULL;)
    close_call(c);
  record_state_fini(&p->engine.state);
  event_log_fini(&p->log);
  store_close(p->store);
  json_decref(p->differences);
  json_decref(p->missing);
  buffer_fini(&p->put);
  free(p);
  return st;
}

/* Room: season. The real world: this machine's judge, the configured agents, the challenge's knobs. The
 * only file of the room that touches them. */
#include "season/season_world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_ask.h"
#include "base/base_clock.h"
#include "base/base_file.h"
#include "challenge/challenge_file.h"
#include "judge/judge.h"

struct real_world {
  struct challenge *challenge;
  struct judge *judge;
  struct judge_progress progress;
  uint32_t *setting; /* [n_knobs] scratch */
};

static enum status real_measure(void *context, const char *source, size_t bytes, int full, const char *shape,
                                double budget_s, json_t **out, struct error *e) {
  struct real_world *r = context;
  return judge_measure(r->judge, source, bytes, full, shape, budget_s, out, e);
}

static enum status real_check(void *context, const char *source, size_t bytes, json_t **out,
                              struct error *e) {
  struct real_world *r = context;
  return judge_check(r->judge, source, bytes, out, e);
}

static enum status real_duel(void *context, const struct season_race *race, json_t **out, struct error *e) {
  struct real_world *r = context;
  struct judge_duel_options o;
  judge_duel_defaults(&o);
  o.alpha = race->alpha;
  o.delta = race->delta;
  o.budget_s = race->budget_s;
  o.max_shape_slower = race->max_shape_slower;
  o.phase = strcmp(race->phase, "duel") == 0 ? "duel" : "confirm";
  return judge_duel(r->judge, race->a, race->a_bytes, race->b, race->b_bytes, &o, out, e);
}

static enum status real_agent(void *context, const char *provider, const json_t *request, json_t **answer,
                              struct error *e) {
  (void)context;
  struct agent_ask_options o;
  struct agent_asked r;
  agent_ask_defaults(&o);
  enum status st = agent_ask(provider, request, &o, &r, e);
  *answer = r.answer;
  r.answer = NULL;
  agent_asked_fini(&r);
  return st;
}

static enum status real_ask(void *context, const char *provider, const json_t *request,
                            const struct agent_ask_options *options, struct agent_asked *reply,
                            struct error *e) {
  (void)context;
  return agent_ask(provider, request, options, reply, e);
}

static enum status real_entry(void *context, const json_t *setting, struct buffer *out, struct error *e) {
  struct real_world *r = context;
  if (r->setting == NULL)
    return error_set(e, ST_INPUT, "this challenge declares no knobs");
  enum status st = knob_from_json(r->challenge, setting, r->setting, e);
  if (st == ST_OK)
    st = knob_check(r->challenge, r->setting, e);
  if (st == ST_OK)
    st = knob_entry_source(r->challenge, r->setting, out, e);
  return st;
}

static int64_t real_now(void *context) {
  (void)context;
  return clock_mono_ns();
}

static void real_close(void *context) {
  struct real_world *r = context;
  if (r == NULL)
    return;
  judge_close(r->judge);
  challenge_close(r->challenge);
  free(r->setting);
  free(r);
}

/* The judge tells the world, the world adds round and expectation and tells the watcher. */
static void tell(void *context, const char *phase, double done, const char *text) {
  const struct season_world *w = context;
  if (w->watch.progress != NULL)
    w->watch.progress(w->watch.context, phase, w->round, done, w->expected_s, text);
}

static int asked_to_stop(void *context) {
  const struct season_world *w = context;
  return w->watch.cancelled != NULL && w->watch.cancelled(w->watch.context);
}

/* The folder the season was started with; if it has moved, the name is looked up. */
static enum status find_challenge(const json_t *started, struct challenge **out, struct error *e) {
  const json_t *c = json_obj(started, "challenge");
  const char *dir = json_str(c, "dir", ""), *name = json_str(c, "name", "");
  enum status st = challenge_open(file_is_dir(dir) ? dir : name, out, e);
  if (st != ST_OK)
    return st;
  if (strcmp((*out)->task_hash, json_str(c, "task_hash", "")) == 0)
    return ST_OK;
  st =
      error_set(e, ST_INPUT,
                "the challenge %s has changed since this season began (its task hash was %.12s, it is %.12s)",
                name, json_str(c, "task_hash", "?"), (*out)->task_hash);
  challenge_close(*out);
  *out = NULL;
  return st;
}

enum status season_world_open(const json_t *started, const struct season_watch *watch, struct season_world *w,
                              struct error *e) {
  memset(w, 0, sizeof *w);
  if (watch != NULL)
    w->watch = *watch;
  w->expected_s = NAN;
  struct real_world *r = calloc(1, sizeof *r);
  if (r == NULL)
    return error_set(e, ST_MEMORY, "out of memory");
  r->progress = (struct judge_progress){.context = w, .tell = tell, .cancelled = asked_to_stop};
  enum status st = find_challenge(started, &r->challenge, e);
  if (st == ST_OK && r->challenge->knobs != NULL) {
    r->setting = calloc(r->challenge->knobs->n_knobs + 1, sizeof *r->setting);
    if (r->setting == NULL)
      st = error_set(e, ST_MEMORY, "out of memory");
  }
  if (st == ST_OK)
    st = judge_open(r->challenge, &r->progress, &r->judge, e);
  if (st != ST_OK) {
    real_close(r);
    return st;
  }
  w->context = r;
  w->measure = real_measure;
  w->check = real_check;
  w->duel = real_duel;
  w->agent = real_agent;
  w->ask = real_ask;
  w->entry = real_entry;
  w->now_ns = real_now;
  w->close = real_close;
  return ST_OK;
}

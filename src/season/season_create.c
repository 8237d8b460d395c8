/* Room: season. season_create: everything that is fixed for a season's whole length goes into one event;
 * and season_play, which opens the real world for a started one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "base/base_machine.h"
#include "challenge/challenge_helper.h"
#include "challenge/challenge_peak.h"
#include "season/season.h"
#include "season/season_budget.h"
#include "season/season_config.h"
#include "season/season_pause.h"
#include "season/season_world.h"
#include "store/store.h"

#ifndef ST_VERSION
#define ST_VERSION "unknown"
#endif

static enum status machine_json(json_t **out, struct error *e) {
  struct challenge_peaks peaks;
  enum status st = challenge_peaks_measure(0, &peaks, e);
  if (st != ST_OK)
    return st;
  *out = json_object();
  json_object_set_new(*out, "facts", machine_facts_json());
  json_object_set_new(*out, "peaks", challenge_peaks_json(&peaks));
  return ST_OK;
}

static enum status add_rooflines(struct challenge_helper *h, const struct challenge_shape *shape, size_t n,
                                 const struct challenge_device *device, json_t *list, struct error *e) {
  for (size_t i = 0; i < n; i++) {
    struct challenge_roofline r;
    enum status st = challenge_roofline(h, &shape[i], device, &r, e);
    if (st != ST_OK)
      return st;
    json_t *one = json_object();
    json_put_str(one, "shape", shape[i].name);
    json_put_bool(one, "scaled", shape[i].scaled);
    json_put_str(one, "stands_for", shape[i].stands_for);
    json_put_str(one, "text", shape[i].text);
    json_put_num(one, "seconds", r.seconds);
    json_put_num(one, "bytes", r.bytes);
    json_put_num(one, "operations", r.operations);
    json_put_bool(one, "bytes_bind", r.bytes_bind);
    json_array_append_new(list, one);
  }
  return ST_OK;
}

static enum status rooflines(const struct challenge *c, json_t *started, struct error *e) {
  const struct challenge_device *device = NULL;
  struct challenge_helper *h = NULL;
  json_t *timed = json_array(), *full = json_array();
  for (size_t i = 0; i < c->n_devices; i++)
    if (strcmp(c->device[i].name, "cpu") == 0)
      device = &c->device[i];
  enum status st = challenge_helper_open(c, &h, e);
  if (st == ST_OK && device != NULL)
    st = add_rooflines(h, c->benchmark, c->n_benchmarks, device, timed, e);
  if (st == ST_OK && device != NULL)
    st = add_rooflines(h, c->full, c->n_full, device, full, e);
  challenge_helper_close(h);
  json_object_set_new(started, "rooflines", timed);
  json_object_set_new(started, "full_rooflines", full);
  return st;
}

static json_t *challenge_json(const struct challenge *c) {
  json_t *o = json_object();
  json_put_str(o, "name", c->name);
  json_put_str(o, "dir", c->dir);
  json_put_str(o, "task_hash", c->task_hash);
  return o;
}

/* The path of the first incumbent as the challenge names it: relative to its folder. */
static const char *origin_of(const struct challenge *c) {
  size_t n = strlen(c->dir);
  return strncmp(c->incumbent_path, c->dir, n) == 0 && c->incumbent_path[n] == '/' ? c->incumbent_path + n + 1
                                                                                   : c->incumbent_path;
}

/* Takes rules. */
static enum status started_json(const struct challenge *c, const struct season_options *o, json_t *rules,
                                json_t **out, struct error *e) {
  json_t *data = json_object(), *machine = NULL, *incumbent = json_object();
  int64_t rounds = o->rounds > 0 ? o->rounds : json_int(rules, "rounds", 8);
  json_put_int(rules, "rounds", rounds);
  if (o->duel_budget_s > 0)
    json_put_num(rules, "duel_budget_s", o->duel_budget_s);
  json_put_str(incumbent, "origin", origin_of(c));
  json_put_str(data, "schema", "sharktank.season/1");
  json_put_str(data, "engine", ST_VERSION);
  json_object_set_new(data, "challenge", challenge_json(c));
  json_put_int(data, "seed", (int64_t)o->seed);
  json_put_int(data, "rounds", rounds);
  season_config_split(rules, data);
  json_object_set_new(data, "rules", rules);
  json_object_set_new(data, "task", challenge_to_json(c));
  json_object_set_new(data, "incumbent", incumbent);
  enum status st = machine_json(&machine, e);
  if (machine != NULL)
    json_object_set_new(data, "machine", machine);
  if (st == ST_OK)
    st = rooflines(c, data, e);
  if (st != ST_OK)
    json_decref(data);
  else
    *out = data;
  return st;
}

static enum status check_options(const struct season_options *o, struct error *e) {
  if (o->rounds < 0 || o->rounds > 1000)
    return error_set(e, ST_USAGE, "rounds must lie between 1 and 1000");
  if (o->seed > (uint64_t)INT64_MAX)
    return error_set(e, ST_USAGE, "the seed must be below 2^63");
  if (o->duel_budget_s > 86400)
    return error_set(e, ST_USAGE, "a duel's budget is at most 86400 seconds");
  char db[4096];
  if (file_join(db, sizeof db, o->dir, "season.db") != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long");
  return ST_OK;
}

/* Says early what store_open would say late: measuring the machine first would waste the user's time. */
static enum status refuse_existing(const char *dir, struct error *e) {
  struct store *s = NULL;
  struct event_log log;
  char db[4096];
  if (file_join(db, sizeof db, dir, "season.db") != 0 || !file_exists(db))
    return ST_OK;
  event_log_init(&log);
  enum status st = store_open(dir, STORE_READ, &s, e);
  if (st == ST_NOT_FOUND)
    return ST_OK; /* an empty file: CREATE goes on with it */
  if (st == ST_OK)
    st = store_load(s, &log, e);
  if (st == ST_OK && log.count > 0)
    st = error_set(e, ST_USAGE, "%s holds a season already: `sharktank resume` goes on with it", dir);
  event_log_fini(&log);
  store_close(s);
  return st;
}

enum status season_create(const struct season_options *o, struct error *e) {
  struct challenge *c = NULL;
  json_t *rules = NULL, *started = NULL;
  struct buffer source;
  buffer_init(&source);
  enum status st = check_options(o, e);
  if (st == ST_OK)
    st = refuse_existing(o->dir, e);
  if (st == ST_OK)
    st = season_rules_load(o->config_path, &rules, e);
  if (st == ST_OK)
    st = season_config_check(rules, e);
  if (st == ST_OK)
    st = challenge_open(o->challenge, &c, e);
  if (st == ST_OK && (c->problem_path == NULL || c->incumbent_path == NULL))
    st = error_set(e, ST_INPUT,
                   "the challenge %s has no problem module or no first incumbent, so it cannot be played",
                   c->name);
  if (st == ST_OK)
    st = file_read(c->incumbent_path, (size_t)c->source_max_bytes, &source, e);
  if (st == ST_OK) {
    st = started_json(c, o, rules, &started, e);
    rules = NULL;
  }
  if (st == ST_OK)
    st = season_begin(o->dir, started, buffer_str(&source), source.bytes, e);
  json_decref(rules);
  buffer_fini(&source);
  challenge_close(c);
  return st;
}

/* The season_started of a folder; a new reference. */
static enum status read_started(const char *dir, json_t **started, int *ended, struct error *e) {
  struct store *s = NULL;
  struct event_log log;
  struct record_state state;
  event_log_init(&log);
  enum status st = store_open(dir, STORE_READ, &s, e);
  if (st == ST_OK)
    st = store_load(s, &log, e);
  if (st == ST_OK)
    st = record_fold(&log, &state, e);
  if (st == ST_OK) {
    if (state.started == NULL)
      st = error_set(e, ST_NOT_FOUND, "%s holds no season that has started: `sharktank run` starts one", dir);
    else
      *started = json_incref((json_t *)(uintptr_t)state.started);
    *ended = state.ended != NULL;
    record_state_fini(&state);
  }
  event_log_fini(&log);
  store_close(s);
  return st;
}

enum status season_play(const char *dir, const struct season_watch *w, struct error *e) {
  json_t *started = NULL;
  int ended = 0;
  enum status st = read_started(dir, &started, &ended, e);
  if (st != ST_OK || ended) {
    json_decref(started);
    return st;
  }
  struct season_world world;
  struct season_pause pause;
  season_pause_init(&pause, dir, w);
  st = season_world_open(started, &pause.watch, &world, e);
  if (st == ST_OK) {
    st = season_play_world(dir, &pause.watch, &world, e);
    world.close(world.context);
    if (st != ST_BUSY) /* whoever plays it keeps its wishes */
      season_pause_fini(&pause);
  }
  json_decref(started);
  return st;
}

enum status season_budget_change(const char *dir, const char *config_path, struct error *e) {
  struct store *store = NULL;
  struct event_log log;
  struct record_state state = {0};
  json_t *rules = NULL;
  event_log_init(&log);
  enum status st = season_rules_load(config_path, &rules, e);
  if (st == ST_OK && json_object_size(json_obj(rules, "budgets")) == 0)
    st = error_set(e, ST_INPUT, "%s gives no `budgets`, which is all that a season under way takes from it",
                   config_path);
  if (st == ST_OK)
    st = store_open(dir, STORE_WRITE, &store, e);
  if (st == ST_OK)
    st = store_load(store, &log, e);
  if (st == ST_OK)
    st = record_fold(&log, &state, e);
  if (st == ST_OK && state.started == NULL)
    st = error_set(e, ST_NOT_FOUND, "%s holds no season that has started: `sharktank run` starts one", dir);
  if (st == ST_OK && state.ended != NULL && strcmp(json_str(state.ended, "reason", ""), "budget") != 0)
    st = error_set(e, ST_USAGE, "the season has ended (%s): no budget brings it back",
                   json_str(state.ended, "reason", "?"));
  if (st == ST_OK)
    st = season_budget_check(json_obj(state.started, "cast"), json_obj(rules, "budgets"),
                             json_obj(state.started, "prices"), e);
  if (st == ST_OK) {
    json_t *data = json_object();
    json_object_set(data, "budgets", json_object_get(rules, "budgets"));
    st = store_append(store, &log, "budget_changed", data, e);
  }
  json_decref(rules);
  record_state_fini(&state);
  event_log_fini(&log);
  store_close(store);
  return st;
}

/* The world outside the rulebook: the judge, the agents, the knobs. Behind function pointers, so that
 * the loop can be played, killed and resumed in a test without any of them.
 *
 * Thread safety: one season per world. */
#ifndef SHARKTANK_SEASON_WORLD_H
#define SHARKTANK_SEASON_WORLD_H

#include "agent/agent_ask.h"
#include "base/base_buffer.h"
#include "base/base_json.h"
#include "base/base_status.h"
#include "season/season.h"

struct season_race { /* one duel */
  const char *a, *b; /* sources */
  size_t a_bytes, b_bytes;
  double alpha, delta, budget_s, max_shape_slower;
  const char *phase; /* "duel", "confirm", "final" */
};

/* Each function answers with an owned JSON object, as judge.h and agent.h document them. ST_INTERRUPTED:
 * the user asked to stop. Any other error of a judge's is the machine's fault and stops the season; an
 * error of an agent's is recorded and the round goes on. */
struct season_world {
  void *context;
  enum status (*measure)(void *context, const char *source, size_t bytes, int full, const char *shape,
                         double budget_s, json_t **out, struct error *e);
  enum status (*check)(void *context, const char *source, size_t bytes, json_t **out, struct error *e);
  enum status (*duel)(void *context, const struct season_race *race, json_t **out, struct error *e);
  enum status (*agent)(void *context, const char *provider, const json_t *request, json_t **answer,
                       struct error *e);
  /* The same for agents that are not built in; any number of threads at once. NULL: `agent` has them too. */
  enum status (*ask)(void *context, const char *provider, const json_t *request,
                     const struct agent_ask_options *options, struct agent_asked *reply, struct error *e);
  /* A setting's self-contained source, appended to out. ST_INPUT: the setting is not valid. */
  enum status (*entry)(void *context, const json_t *setting, struct buffer *out, struct error *e);
  int64_t (*now_ns)(void *context); /* monotonic: for the seconds of acts */
  void (*close)(void *context);
  /* Set by the loop before each act; what the world tells the watcher while it works. */
  struct season_watch watch;
  int64_t round;
  double expected_s;
};

/* The real one, for a started season: opens its challenge (which must not have changed since) and a
 * judge. `w` must stay where it is until its close. */
enum status season_world_open(const json_t *started, const struct season_watch *watch, struct season_world *w,
                              struct error *e) MUST_USE;

/* The loop of season_play over any world; `w` is not closed. */
enum status season_play_world(const char *dir, const struct season_watch *watch, struct season_world *w,
                              struct error *e) MUST_USE;
/* Makes the folder, stores the first incumbent's source and appends season_started. Takes started's
 * reference; its incumbent.blob is filled in here. */
enum status season_begin(const char *dir, json_t *started, const char *source, size_t bytes,
                         struct error *e) MUST_USE;

#endif

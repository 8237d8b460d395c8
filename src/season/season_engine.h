/* Room: season. The running engine: a store, its loaded log, the folded state, and the world. Internal. A
 * replay (season_replay.c) is the same engine with a journal that compares where the store's writes. */
#ifndef SHARKTANK_SEASON_ENGINE_H
#define SHARKTANK_SEASON_ENGINE_H

#include "season/season.h"
#include "season/season_rules.h"
#include "season/season_world.h"
#include "store/store.h"

/* Where events and blobs go and come from, if not to the store and from it. append takes data's reference;
 * the state is folded anew after it. */
struct season_journal {
  void *context;
  enum status (*append)(void *context, const char *kind, json_t *data, struct error *e);
  enum status (*blob_put)(void *context, const void *data, size_t bytes, char name[HASH_HEX_BYTES],
                          struct error *e);
  enum status (*blob_get)(void *context, const char *name, struct buffer *out, struct error *e);
};

struct season_engine {
  struct store *store;
  const struct season_journal *journal; /* NULL: the store */
  struct event_log log;
  struct record_state state; /* folded anew after every append */
  struct season_rules rules;
  struct season_world *world;
  const struct season_watch *watch;
};

/* A step with its texts copied: every append folds the state anew, under which borrowed ones would go. */
struct season_job {
  enum season_step_kind kind;
  int64_t round, attempt;
  char who[64], pitch[64];
};

struct season_job season_job_of(const struct season_step *step);
/* 1 if the step asks an agent. */
int season_step_asks(enum season_step_kind kind);

/* Appends one event, folds, tells the watcher. Takes data's reference; NULL data is ST_MEMORY. */
enum status season_append(struct season_engine *g, const char *kind, json_t *data, struct error *e) MUST_USE;
/* Folds the log, which is done after every append. */
enum status season_refold(struct season_engine *g, struct error *e) MUST_USE;
enum status season_blob_put(struct season_engine *g, const void *data, size_t bytes,
                            char name[HASH_HEX_BYTES], struct error *e) MUST_USE;
enum status season_blob_get(struct season_engine *g, const char *name, struct buffer *out,
                            struct error *e) MUST_USE;
/* The current round; NULL before the first. */
const struct record_round *season_round_now(const struct season_engine *g);
/* Steps that only decide: one event each, derived from the state alone (season_steps.c). The data of a
 * decision's event, and its kind; NULL if the step is none of these. */
json_t *season_decide(const struct record_state *state, enum season_step_kind step, const char *pitch,
                      const char **kind);
/* The data of budget_spent if what is due may not be begun, else NULL. worked_s: seconds that engines have
 * worked on the season. */
json_t *season_budget_due(const struct season_engine *g, const struct season_steps *due, double worked_s);
/* Takes one step: a decision, an act or an asking. */
enum status season_perform(struct season_engine *g, const struct season_step *step, struct error *e) MUST_USE;
/* Steps that act on the outside world (season_acts.c, season_ask.c). */
enum status season_act(struct season_engine *g, const struct season_job *job, struct error *e) MUST_USE;
enum status season_ask(struct season_engine *g, const struct season_job *job, struct error *e) MUST_USE;

/* One act between its two events. */
struct season_doing {
  char id[160];
  const char *act; /* a constant */
  int64_t begun_ns;
  json_t *agent; /* the agent call's data for ended, or NULL; season_do_end takes it */
};
/* Appends begun{base_id, or with the next retry's suffix}. Takes args. who may be NULL. */
enum status season_do_begin(struct season_engine *g, const char *base_id, const char *act, int64_t round,
                            const char *who, json_t *args, struct season_doing *d, struct error *e) MUST_USE;
/* Appends ended. outcome: what the world answered. result is taken (NULL allowed). An interruption, or a
 * failure of the machine's where `fatal`, is returned after it is written down. */
enum status season_do_end(struct season_engine *g, struct season_doing *d, enum status outcome, int fatal,
                          json_t *result, const struct error *why, struct error *e) MUST_USE;
/* Reads the frozen context of the current round. */
enum status season_context_read(struct season_engine *g, json_t **out, struct error *e) MUST_USE;

#endif

/* One call of an agent between its two events. Internal to season_ask.c and season_parallel.c. */
#ifndef SHARKTANK_SEASON_CALL_H
#define SHARKTANK_SEASON_CALL_H

#include "agent/agent_ask.h"
#include "season/season_engine.h"

struct season_call {
  struct season_job job;
  struct season_doing doing;
  char *provider;     /* owned: the state that named it is folded anew with every event */
  char *key_variable; /* owned; NULL: the provider's own */
  json_t *request;    /* owned, and nobody else's: a thread reads it */
  enum status status; /* of the asking */
  struct error why;
  struct agent_asked reply;
};

/* 1 if a step asks an agent that is not built in, in this world. */
int season_asks_outside(const struct season_engine *g, const struct season_step *step);
/* Makes the request and appends begun. season_call_fini afterwards, whatever came of it. */
enum status season_call_begin(struct season_engine *g, const struct season_job *job, struct season_call *c,
                              struct error *e) MUST_USE;
/* Stores the transcripts and appends ended. An interruption and this machine's faults are returned. */
enum status season_call_end(struct season_engine *g, struct season_call *c, struct error *e) MUST_USE;
void season_call_fini(struct season_call *c);

/* Asks every agent of the set at once (season_parallel.c): begun for all that are not built in, a thread for
 * each, built-in ones meanwhile on this thread, ended in the order of arrival. steps: pitches or ballots,
 * or one implementation. Store, log and state are touched by this thread only. */
enum status season_ask_all(struct season_engine *g, const struct season_steps *steps,
                           struct error *e) MUST_USE;

#endif

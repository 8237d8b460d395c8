/* One call of an agent between its two events. Internal to season_ask.c and season_parallel.c. */
#ifndef SHARKTANK_SEASON_CALL_H
#define SHARKTANK_SEASON_CALL_H

#include "agent/agent_ask.h"
#include "season/season_engine.h"
#include "season/season_inbox.h"
#include "season/season_internal.h"

struct season_call {
  struct season_job job;
  struct season_doing doing;
  char *provider;     /* owned: the state that named it is folded anew with every event */
  char *key_variable; /* owned; NULL: the provider's own */
  json_t *request;    /* owned, and nobody else's: a thread reads it */
  enum status status; /* of the asking */
  struct error why;
  struct agent_asked reply;
  struct season_desk *desk; /* owned; where a person is asked, or NULL */
};

/* Whom a step asks, if that is an agent that is not built in, in this world; else NULL. Borrows. */
const char *season_outside_provider(const struct season_engine *g, const struct season_step *step);
/* 1 if there is one. */
int season_asks_outside(const struct season_engine *g, const struct season_step *step);
/* The same, and it may cost something: a person does not. */
int season_asks_paid(const struct season_engine *g, const struct season_step *step);
/* The id of a job's act, without a retry's suffix. */
void season_job_id(const struct record_round *r, const struct season_job *job, char out[SEASON_ID_BYTES]);
/* What a job's agent is asked, from the log and its blobs; a new object, also when it fails later. */
enum status season_call_request(struct season_engine *g, const struct season_job *job, json_t **request,
                                struct error *e) MUST_USE;
/* Makes the request and appends begun. season_call_fini afterwards, whatever came of it. */
enum status season_call_begin(struct season_engine *g, const struct season_job *job, struct season_call *c,
                              struct error *e) MUST_USE;
/* Stores the transcripts and appends ended. An interruption and this machine's faults are returned. */
enum status season_call_end(struct season_engine *g, struct season_call *c, struct error *e) MUST_USE;
void season_call_fini(struct season_call *c);

/* Asks every agent of the set at once (season_parallel.c): begun for all that are not built in, a thread for
 * each, built-in ones meanwhile on this thread, ended in the order of arrival. steps: pitches or ballots,
 * or one implementation. Where budgets of tokens or money do not hold the most that all of them may take, as
 * many are asked as they do hold, at least the first: the others are due again when these have answered.
 * Store, log and state are touched by this thread only. */
enum status season_ask_all(struct season_engine *g, const struct season_steps *steps,
                           struct error *e) MUST_USE;

#endif

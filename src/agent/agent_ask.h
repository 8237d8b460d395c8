/* The one door to an agent: provider and request in; answer in the protocol's form, fault, usage and
 * transcripts out.
 *
 *   builtin:NAME   answers at once on the calling thread (agent_call)
 *   the others     a prompt is made of the request, exchanged (agent_exchange.h), and what comes back is
 *                  brought into the protocol's form: names of the schema, edits applied to the source. Where
 *                  that, or agent_answer_check, finds a mistake, the agent is asked once more with the exact
 *                  error; a second mistake is the fault `unparseable`.
 *
 * Transcripts are JSON lines. Each asking begins with {"asking": 1 | 2, "prompt_hash"}; then come the lines
 * of the exchange. In the response the line that agent_exchange_record makes comes last, so the responses of
 * a season, joined, are a recording that recorded:FILE plays again.
 *
 * Thread safety: calls hold no state; different ones may run in parallel, each with a request of its own.
 */
#ifndef SHARKTANK_AGENT_ASK_H
#define SHARKTANK_AGENT_ASK_H

#include "agent/agent.h"
#include "agent/agent_exchange.h"

struct agent_ask_options {
  struct agent_limits limits;
  int64_t prompt_tokens;           /* 0: the default of agent_prompt.h */
  const char *templates_dir;       /* or NULL */
  int (*cancelled)(void *context); /* from the calling thread, about ten times a second; may be NULL */
  void *context;
};
void agent_ask_defaults(struct agent_ask_options *o);

/* Owned by the caller: agent_asked_fini. */
struct agent_asked {
  int outside;    /* 1: not built in; what is below `answer` is filled */
  json_t *answer; /* NULL unless the call returned ST_OK and fault is NONE */
  enum agent_fault fault;
  char detail[512];
  struct agent_usage usage; /* of both askings */
  struct buffer request, response;
  char prompt_hash[65]; /* of the first asking */
};
void agent_asked_fini(struct agent_asked *r);

/* ST_OK with a fault: the agent is to blame. Other statuses as agent_call and agent_exchange_run have them;
 * agent_prompt_make's for a request that makes no prompt within its budget. */
enum status agent_ask(const char *provider, const json_t *request, const struct agent_ask_options *options,
                      struct agent_asked *r, struct error *e) MUST_USE;

/* Could this provider be asked for "pitch", "ballot" or "entry"? ST_INPUT with what exists. */
enum status agent_provider_check(const char *provider, const char *ask, struct error *e) MUST_USE;
/* The part of a provider's name that a price list goes by: the model without its address; for exec: and
 * recorded: the whole name. */
void agent_model_name(const char *provider, char *out, size_t bytes);

#endif

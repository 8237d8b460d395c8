/* Prompts: from a request of the agent protocol to the three texts and the schema of struct agent_prompt.
 *
 *   system   who the agent is, the rules of its role, the gates, how it is judged (templates/agent/)
 *   context  the round's frozen context as Markdown: the same bytes for every agent and every question of a
 *            round, so that a provider can cache it
 *   ask      this question: own record, gated pitches, the ballot, the pitch to build with the last failure
 *
 * Same request, same bytes, whatever the order of members in its objects.
 *
 * Budget: tokens are estimated as bytes / 4, rounded up. The context gets at most three quarters of the
 * budget. What does not fit is left out, the least useful first: old history, the slowest measurements,
 * records, contradicted learnings, facts of the machine, refuted ideas, the compiler's report, newer history,
 * the other measurements, learnings, oldest first; never the task, the limits and rules, or the incumbent.
 * The text says what was left out and how much. In the question, long texts are cut in the middle, and say
 * so.
 *
 * Blind: no name of a contestant stands in the context or in a ballot; records come without names, and a name
 * or a provider ("builtin:NAME") that somebody wrote into a text is replaced. The incumbent's source is shown
 * as it is: edits must match it, and it says nothing about the authors of this round's pitches.
 *
 * Thread safety: pure but for the template files.
 */
#ifndef SHARKTANK_AGENT_PROMPT_H
#define SHARKTANK_AGENT_PROMPT_H

#include "agent/agent_exchange.h"

enum { AGENT_PROMPT_TOKENS = 64000 };

struct agent_prompt_options {
  const char *templates_dir; /* the user's own templates; NULL or a missing file: the ones that came along */
  int64_t tokens;            /* budget of the three texts together; 0: AGENT_PROMPT_TOKENS */
};

struct agent_prompt_text {
  struct buffer system, context, ask;
  json_t *schema;
  char name[16];
  int64_t tokens; /* estimate of the three texts; the schema is not in it */
};

/* options may be NULL. ST_RANGE when what must not be left out is beyond the budget, with the figure that
 * would do; ST_NOT_FOUND and ST_INPUT for templates. agent_prompt_fini afterwards, whatever came of it. */
enum status agent_prompt_make(const json_t *request, const struct agent_prompt_options *options,
                              struct agent_prompt_text *out, struct error *e) MUST_USE;
void agent_prompt_fini(struct agent_prompt_text *p);
/* Borrows everything from *p. */
struct agent_prompt agent_prompt_of(const struct agent_prompt_text *p);

/* The context alone. */
enum status agent_prompt_context(const json_t *request, int64_t tokens, struct buffer *out,
                                 struct error *e) MUST_USE;

#endif

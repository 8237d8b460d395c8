/* What agents may take and what a season may spend. season_started holds it: `agents` (limits of one call),
 * `prices`, `budgets`; budget_changed replaces the budgets.
 *
 * Counted are calls of agents that are not built in, one per begun event: a call that was cut off by a crash
 * is one too, of unknown cost. Tokens are all kinds together. What an ended or cut-off call did not tell
 * counts towards a budget as the most that one asking may take: prompt_tokens + max_output_tokens, at the
 * model's highest prices. In reports it stays unknown. As much is set aside for a call before it is begun.
 *
 * Thread safety: pure. */
#ifndef SHARKTANK_SEASON_BUDGET_H
#define SHARKTANK_SEASON_BUDGET_H

#include "agent/agent_ask.h"
#include "record/record_fold.h"
#include "season/season.h"

/* The limits of one call; defaults where season_started says nothing. Borrows from started. */
void season_agent_options(const json_t *started, struct agent_ask_options *o);
/* Price of a call by season_started.prices; NaN: unknown. recorded: costs nothing. */
double season_call_price(const json_t *started, const char *provider, const struct agent_usage *usage);

struct season_spent {
  int64_t calls, unknown_calls; /* unknown: ended or cut off without telling tokens */
  int64_t evaluations;          /* check, probe, duel, confirm; calls of tools (season_ledger.h) */
  double tokens, money;         /* untold ones at their ceiling */
};
void season_spent(const struct record_state *state, struct season_spent *out);
/* 1 if the budgets of tokens and money hold the most that one more asking of this agent may take. */
int season_call_fits(const struct record_state *state, const char *provider);
/* The data of budget_spent {which, limit, spent, reserve?, text} if the steps that are due may not be begun;
 * NULL if they may, the calls among them as far as they fit. wall_s: season_worked_s. calls_due: agents that
 * are not built in among the steps, first_call: the first of them, or NULL. */
json_t *season_budget_hit(const struct record_state *state, const struct season_steps *due, size_t calls_due,
                          const char *first_call, double wall_s);
/* Seconds in which an engine or a tool has worked on the season, both at once counted once: engines from each
 * start or resumption to the last event before the next, the one at work until now_ns (0: until the last
 * event). That a budget of time is spent is an event, so no replay asks the clock. more: calls of tools that
 * are not in the log yet (season_ledger.h), or NULL. */
double season_worked_s(const struct event_log *log, const json_t *more, int64_t now_ns);
/* ST_INPUT when a money budget is set and an agent of the cast has no price. */
enum status season_budget_check(const json_t *cast, const json_t *budgets, const json_t *prices,
                                struct error *e) MUST_USE;

#endif

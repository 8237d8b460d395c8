/* Agents: who pitches, who votes, who implements. All see one JSON request and give one JSON answer
 * (docs/agent-protocol.md); the built-in tank is no exception.
 *
 * Request ("sharktank.agent/1"):
 *   protocol, ask "pitch" | "ballot" | "entry", role "contestant" | "shark" | "implementer", name,
 *   persona, seed (integer below 2^53), round, round_kind,
 *   context (the round's frozen context, see below),
 *   gated? [{pitch, reasons}]            ask "pitch", second call
 *   pitches [{id, pitch}]                ask "ballot": blind, without author; order shuffled per shark
 *   pitch {..}, attempt, failure? {..}   ask "entry": failure is the last check or compile verdict
 * Context: task (challenge_to_json), task_hash, machine {facts, peaks}, rules {},
 *   incumbent {blob, setting?, source, shapes [{shape, seconds, low, high, roofline_seconds}],
 *              relative_time}             relative_time: time / time of the first incumbent
 *   measurements [{setting?, blob, round, relative_time, low, high, shapes [{shape, relative_time}],
 *              verdict, compile_seconds}] everything a judge measured this season, first incumbent included
 *   history [{round, who, title, kind, setting?, change? {KNOB: [from, to]}, forecast, outcome,
 *              outcome_kind, speedup?}],
 *   records {NAME: {role, forecasts, brier, ...}}, learnings [..], refuted [..]
 * Answers:
 *   {"pitch": {title, kind, problem, solution, impact, complexity "low"|"medium"|"high",
 *      risks [{risk, mitigation}], evidence, rollback, claims {name: number|string, "predicted":
 *      {SHAPE: seconds}}, setting? {KNOB: value}, forecast {p_compiles, p_correct, p_faster,
 *      speedup {q10, q50, q90}}, refuted_by}}
 *   {"ballot": {scores {PITCH: {speedup, ease, safety, quality}}, vote (null: nothing is left
 *      to vote for), reasoning, concerns [..], forecasts {PITCH: {..}}, abstain [{pitch, reason}],
 *      veto [{pitch, cites, reason}]}}
 *   {"entry": {"setting": {..}} | {"source": "..."}}
 *
 * Thread safety: agents hold no state between calls; different calls may run in parallel.
 */
#ifndef SHARKTANK_AGENT_H
#define SHARKTANK_AGENT_H

#include "base/base_json.h"
#include "base/base_status.h"

/* provider: "builtin:incrementalist", "builtin:refactorer", "builtin:hardware_expert",
 * "builtin:wild_card", "builtin:skeptic", "builtin:pragmatist", "builtin:theorist",
 * "builtin:implementer". ST_INPUT for anything else, with what exists. */
enum status agent_call(const char *provider, const json_t *request, json_t **answer,
                       struct error *e) MUST_USE;
/* The built-in agents, i from 0: 1 with the provider's name and what it answers ("pitch", "ballot", "entry"),
 * 0 past the last. */
int agent_builtin_at(size_t i, const char **name, const char **ask);
/* Checks an answer against its schema; ST_INPUT says which field and what was wanted. A part of a pitch
 * that is absent (but for the title) passes: the season's gates name it and give another chance. */
enum status agent_answer_check(const json_t *request, const json_t *answer, struct error *e) MUST_USE;

#endif

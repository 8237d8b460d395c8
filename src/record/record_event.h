/* The events of a season: their kinds, their JSON, their hash chain.
 *
 * The log is the season. An event is (seq, wall_ns, kind, data); its hash is the SHA-256 of the
 * previous hash and the canonical JSON of the rest, so a changed, lost or reordered event shows.
 * Sources and contexts are blobs, named by their SHA-256; events hold the names.
 *
 * Kinds and the fields of `data` ("?" = may be absent or null; missing, failed and zero differ):
 *
 * season_started  schema "sharktank.season/1", engine (version), challenge {name, dir, task_hash},
 *                 seed, rounds (planned), rules {every threshold in force}, machine {facts, peaks},
 *                 task {what challenge_to_json gives}, rooflines [{shape, seconds, bytes_bind, text}],
 *                 cast {contestants [{name, persona, agent}], sharks [..], implementer},
 *                 incumbent {blob, origin, setting?}, budgets? {calls, tokens, money, wall_s, evaluations},
 *                 prices? {MODEL: {input_per_mtok, output_per_mtok, cache_read_per_mtok,
 *                 cache_write_per_mtok}}, agents? {connect_s, idle_s, total_s, retries, max_output_tokens,
 *                 prompt_tokens, human_wait_s, templates}
 * round_started   round, kind "optimisation" | "research" | "wild_card" | "minimal_fix", why
 * context_frozen  round, blob (the context's canonical JSON), hash
 * begun           id, act, round, who?, args {}         an act on the outside world starts
 * ended           id, act, status "ok" | "failed" | "interrupted" | "late", seconds, result {}, error?,
 *                 agent? {provider, fault ("none", "timeout" ...: agent_exchange.h), attempts,
 *                 input_tokens, output_tokens, cache_read_tokens, cache_write_tokens (null: not told),
 *                 latency_s, price (null: unknown), prompt_hash, request, response (blobs: transcripts,
 *                 JSON lines)}: of the call of an agent that is not built in; absent when the engine was
 *                 stopped during it. "late": it did not answer in time
 *   acts and ids: measure "r1.measure"; pitch "r1.pitch.NAME" (2nd call after gates: "r1.pitch2.NAME");
 *   ballot "r1.ballot.SHARK"; implement "r1.implement.P.K" (pitch id, attempt from 0);
 *   check "r1.check.P.K"; duel "r1.duel.P"; confirm "r1.confirm.P"; final "final".
 *   After a crash, a begun act without an end gets ended{status "interrupted"} by `resume`; the act
 *   is then begun again with ".2", ".3" ... appended to its id.
 *   args: pitch, ballot {agent, persona, seed, order? [pitch ids as this shark saw them]}; implement {pitch,
 *   attempt}; check {pitch, attempt, blob}; duel, confirm {pitch, entry, incumbent (blobs), alpha, delta,
 *   budget_s, index (of this duel in the season)}; measure {blob, pitch? (a research round's probe,
 *   "r1.probe.P")}; final {first, best}.
 *   results: pitch, ballot: the agent's answer ({"pitch": {..}}, {"ballot": {..}}); implement {blob,
 * setting?, bytes}; check, duel, confirm, measure: the judge's verdict; final {duel?, full?}. phase_closed
 * round, phase "pitches" | "ballots", ids [ids of the acts that count, in order], late [who], failed [{who,
 * error}], invalid [{who, text}] (ballots). A pitch's id is "rN.pK": the K-th act named by this round's
 * closings of "pitches" (a second closing goes on counting). pitches_gated   round, pitches [{id "r1.p1",
 * who, passed, reasons [{gate, text, fact}]}]; once per closing tally           round, winner (pitch id or
 * null), runner_up?, rule, text, weak, ballots (valid ones), vetoes [{pitch, shark, cites, valid, reason}],
 *                 table [{pitch, votes, mean, safety, ease, sd, totals {shark: number}, flagged, vetoed}]
 *                 (mean, safety, ease, sd null where nobody scored)
 * outcome         round, pitch, who, title, accepted, analysis_required, change? {KNOB: [from, to]},
 *                 outcome "SUCCESS" | "PARTIAL" | "UNRESOLVED" | "FAILURE" |
 *                 "BLOCKED" | "DISQUALIFIED" | "RESEARCH", kind (slower, wrong, compile_error, crash,
 *                 timeout ...), about "idea" | "implementation", text, speedup?, interval?, forecast {},
 *                 entry (blob)?, setting?, evidence [event ids and seqs]
 * incumbent_changed  round, from, to (blobs), setting?, speedup, interval, total_speedup (since the start)
 * learning        id "L1", claim, direction "faster" | "slower" | "none" | "fails", effect?, interval?,
 *                 scope {device, shapes, incumbent}, evidence [..], state "in_force" | "contradicted" |
 *                 "expired", replaces?
 * season_paused   why;  season_resumed  engine, pid
 * budget_spent    which ("calls" ...), limit, spent, reserve? (the most that the next call may take: tokens,
 *                 money), text: what is due may not be begun, the season ends
 * tools_used      through (bytes of tools.jsonl: season_ledger.h), calls [{id, tool, began_ns, ended_ns
 * (null: a beginning)}]: what tools of agents have used of the budgets budget_changed  budgets {} in force
 * from now on; the only event that may follow a season_ended, of reason "budget": it opens the season again,
 * and its final act is done anew season_ended    reason "rounds" | "converged" | "budget" | ..., best (blob),
 * total_speedup, final {result of the final act}?
 *
 * Ownership: an event owns one reference to its data. Thread safety: none shared; a json_t is read by
 * one thread at a time.
 */
#ifndef SHARKTANK_RECORD_EVENT_H
#define SHARKTANK_RECORD_EVENT_H

#include <stdint.h>

#include "base/base_hash.h"
#include "base/base_json.h"
#include "base/base_status.h"

struct event {
  int64_t seq;     /* from 1, without gaps */
  int64_t wall_ns; /* UTC; for people, never for decisions */
  char kind[32];
  json_t *data;
  char prev[HASH_HEX_BYTES], hash[HASH_HEX_BYTES];
};

struct event_log {     /* a loaded log */
  struct event *event; /* [count], event[i].seq == i + 1 */
  size_t count, capacity;
};

void event_log_init(struct event_log *l);
void event_log_fini(struct event_log *l);
/* Appends a copy; takes the reference to data. ST_MEMORY only. */
enum status event_log_push(struct event_log *l, int64_t wall_ns, const char *kind, json_t *data) MUST_USE;
/* Takes back the last event (an append that did not become durable). */
void event_log_drop_last(struct event_log *l);
/* The hash an event must have after prev. */
void event_hash(const struct event *ev, char hex[HASH_HEX_BYTES]);
/* Is an event the one of this number after an event of hash `prev` (NULL: the first)? ST_CORRUPT says what
 * is wrong. */
enum status event_verify(const struct event *ev, int64_t seq, const char *prev, struct error *e) MUST_USE;
/* ST_CORRUPT with the first bad seq, or OK. */
enum status event_log_verify(const struct event_log *l, struct error *e) MUST_USE;

#endif

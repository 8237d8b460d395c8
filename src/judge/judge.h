/* The judge: compile, gates, check, duel. Its product is a verdict that a hostile author cannot bend
 * and a sceptical reader can rerun. docs/judge.md says what a verdict means.
 *
 * Entry code never runs in this process and is never mapped by it. An error (enum status) means that
 * the machinery or the call was wrong; whatever the entry did is a verdict, which is data.
 *
 * Ownership: results are JSON objects the caller owns (one reference), in the forms documented here
 * and in docs/json.md; they are what the log stores. Thread safety: one call at a time per judge.
 */
#ifndef SHARKTANK_JUDGE_H
#define SHARKTANK_JUDGE_H

#include <stdint.h>

#include "base/base_json.h"
#include "challenge/challenge_file.h"
#include "challenge/challenge_helper.h"

struct judge;

struct judge_progress { /* told now and then; may be NULL where taken */
  void *context;
  /* phase: "compile", "check", "duel", "confirm", "measure"; done in [0,1]; text: one line for people */
  void (*tell)(void *context, const char *phase, double done, const char *text);
  /* asked often: non-zero ends the work at the next clean point with ST_INTERRUPTED */
  int (*cancelled)(void *context);
};

enum status judge_open(const struct challenge *c, const struct judge_progress *progress, struct judge **out,
                       struct error *e) MUST_USE;
void judge_close(struct judge *j);
struct challenge_helper *judge_helper(struct judge *j); /* borrowed */

/* compile -> {"verdict":"ok"|"compile_error"|"compile_timeout"|"gate", "hash": of source, "key": of
 * source+flags+compiler, "command": the exact line, "compiler": its version's first line, "seconds",
 * "cached": bool, "output": compiler text, "first_error": {"line","text"} or null, "binary_bytes", "reasons":
 * [gate texts]}. Gates: source size, forbidden words, missing symbols (sk_entry_abi, sk_entry_run), ABI
 * number. */
enum status judge_compile(struct judge *j, const char *source, size_t source_bytes, json_t **out,
                          struct error *e) MUST_USE;

/* check -> {"schema":"sharktank.check/1", "verdict":"pass"|"compile_error"|"compile_timeout"|"gate"|
 * "wrong"|"crash"|"timeout"|"out_of_bounds"|"refused"|"race"|"init_failed"|"cheating" (docs/judge.md),
 * "hash", "seconds", "where": one sentence that names the shape and the element / signal / compiler's line,
 * "shape", "family", "mismatch": {...}, "cases": [{"shape","scaled","family","seed"
 * (hex),"verdict","seconds"}], "compile": {...}, "sandbox": [...]}. Runs all test shapes and wider families,
 * hidden shapes near them, guard pages, twice in two processes. */
enum status judge_check(struct judge *j, const char *source, size_t source_bytes, json_t **out,
                        struct error *e) MUST_USE;

/* Is the challenge itself sound? -> {"schema":"sharktank.self/1", "challenge", "verdict":"sound"|"refused",
 * "where", "seconds", "incumbent": {"hash","verdict","seconds"}, "checks": [{"check","verdict":"ok"|"note"|
 * "failed","text"}], "mutants": [{"mutant","kind":"result"|"entry","text","verdict":"caught"|"passed"|
 * "does not apply"|"not judged","by","where"; entries: "shape","family","seconds"}], "sandbox"}: the problem
 * module's promises, and entries and results that are wrong in one way each, which all must be found. */
enum status judge_self(struct judge *j, json_t **out, struct error *e) MUST_USE;

struct judge_duel_options {
  double alpha;    /* false-accept rate of this duel, default 0.01 */
  double delta;    /* margin on |log ratio|; below 0 (default): this machine's (judge_calibration.h) */
  double budget_s; /* default 60; never ends before enough pairs for an all-wins verdict ran */
  double max_shape_slower; /* default 0.05: a shape may not be more than this slower */
  int full;                /* unscaled shapes */
  const char *shape;       /* only this one, or NULL for all */
  uint32_t pairs; /* 0: until the evidence decides; else so many, for calibration, or what the budget holds */
  const char *phase; /* "duel" or "confirm": only for progress */
};
void judge_duel_defaults(struct judge_duel_options *o);

/* duel -> {"schema":"sharktank.duel/1", "verdict":"faster"|"slower"|"unresolved"|"mixed"|"wrong"|"crash"|
 * "timeout"|"out_of_bounds"|"compile_error"|..., "who": "A"|"B" for the last kinds, "where",
 *  "speedup": median time_A/time_B by geometric mean over shapes, "interval": [low, high],
 *  "confidence", "pairs", "wins", "dropped", "evidence": E, "evidence_slower", "alpha", "delta", "seconds",
 *  "shapes": [{"shape","scaled","a_seconds","b_seconds" (per call, total over calls), "speedup",
 *              "interval", "shown_slower": bool}], "d": [per pair], "seeds": [per pair], "stop": why,
 *  "a": hash, "b": hash, "delta_from": "given"|"calibrated DATE"|"default", "dropped_for":
 * {"stolen","drift"}, "below_roofline": [...]; also "losses", "budget_seconds", "full", "clocked_seconds",
 * "waited_seconds" (of the clocked: an entry was ready but had no core; null unknown), "shape", "family",
 * "mismatch", "sandbox", and per shape "text", "stands_for", "calls_per_block"}. "mixed": mean faster but a
 * shape shown, or estimated, slower than allowed. "stop": "evidence", "futile", "out of reach" (winning every
 * pair that the budget still holds would not do), "budget", "fault". Interval ends and numbers that were not
 * measured are null. ST_BUSY: more than a fifth of the pairs were disturbed from outside. ST_INTERRUPTED:
 * cancelled. */
enum status judge_duel(struct judge *j, const char *a, size_t a_bytes, const char *b, size_t b_bytes,
                       const struct judge_duel_options *o, json_t **out, struct error *e) MUST_USE;

/* measure -> {"schema":"sharktank.measure/1", "shapes":[{"shape","text","scaled","seconds" (per call: the
 * median over blocks), "low","high" (95 %, by order statistics; null with fewer than 6 blocks), "calls",
 * "blocks","gmac_per_s"}], "geomean_seconds", "hash", "compile": {...}, "verdict":"ok"|...}: clocked blocks
 * of one entry, every output checked. For contexts and reports; never used to accept. full: the unscaled
 * shapes; shape: only this one, or NULL for all. */
enum status judge_measure(struct judge *j, const char *source, size_t bytes, int full, const char *shape,
                          double budget_s, json_t **out, struct error *e) MUST_USE;

#endif

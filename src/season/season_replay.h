/* Replay: a season walked along its own log. At every event the engine's own code says what it would append
 * there, and that is compared with what is there. Nothing is asked, compiled, measured or written; what the
 * outside world answered is taken from the log.
 *
 * Derived again and compared: rounds, frozen contexts (byte for byte), gates, closings, tallies, outcomes,
 * learnings, incumbents, the end; of every act its id, who and args; the answers of built-in agents; the
 * prompts of the others, and what their transcripts are read as; what a budget allowed.
 * Taken as it is: verdicts and times of the judge's, sources generated from settings, time stamps, durations,
 * arrival within a phase, pauses, resumptions, changed budgets, acts that were cut off, answers without a
 * transcript.
 *
 * Thread safety: one season per thread.
 */
#ifndef SHARKTANK_SEASON_REPLAY_H
#define SHARKTANK_SEASON_REPLAY_H

#include "base/base_json.h"
#include "base/base_status.h"

struct season_replay_options {
  /* Built-in agents; NULL: this program's. Tests have agents of their own. */
  enum status (*agent)(void *context, const char *provider, const json_t *request, json_t **answer,
                       struct error *e);
  void *context;
};

/* Replays the season in dir, which is only read. options may be NULL. *report is a new object, what
 * `sharktank replay --json` prints (docs/json.md): its verdict is "same", "different" or "incomplete" (no
 * difference, but a blob that is needed is missing). ST_NOT_FOUND: no season there; ST_CORRUPT: the chain is
 * broken, so there is nothing to compare with. */
enum status season_replay(const char *dir, const struct season_replay_options *options, json_t **report,
                          struct error *e) MUST_USE;

#endif

/* The season engine: the rulebook as pure functions, one function per step, and the loop.
 *
 *   next_step(state) is pure: it looks at the folded log and says which steps come next.
 *   Running, resuming and (later) replaying are this loop over the same log.
 *
 * Thread safety: one season per thread.
 */
#ifndef SHARKTANK_SEASON_H
#define SHARKTANK_SEASON_H

#include "base/base_json.h"
#include "base/base_status.h"
#include "record/record_fold.h"

struct season_options {
  const char *challenge;   /* name or folder */
  const char *dir;         /* the season's folder, to be created */
  int64_t rounds;          /* most rounds to play; 0: the rule of that name (8) */
  uint64_t seed;           /* engine's choices only; at most 2^63 - 1 */
  const char *config_path; /* season.yml with any of the rules, or NULL */
  double duel_budget_s;    /* > 0 overrides the rule of that name */
};

/* How a running season tells the outside; every pointer may be NULL. */
struct season_watch {
  void *context;
  /* after every append; the state is folded anew and valid during the call only */
  void (*event)(void *context, const struct event *ev, const struct record_state *state);
  /* what is being done now: phase ("pitches", "duel" ...), round, share done in [0,1] or NaN, a line for
   * people, the expected seconds of this phase from this season's own past or NaN */
  void (*progress)(void *context, const char *phase, int64_t round, double done, double expected_s,
                   const char *text);
  int (*cancelled)(void *context); /* Ctrl-C: the loop ends at the next clean point */
};

/* Creates the folder and the log with season_started. ST_USAGE if a season is there already. */
enum status season_create(const struct season_options *o, struct error *e) MUST_USE;
/* Plays from wherever the log stands until the season ends, is paused or is cancelled (then appends
 * season_paused; status ST_INTERRUPTED). Used by `run` and `resume` alike. */
enum status season_play(const char *dir, const struct season_watch *w, struct error *e) MUST_USE;

/* Puts the budgets of a season.yml in force from now on (budget_changed); a season that ended because one was
 * spent is open again. ST_INPUT when the file has none, ST_USAGE when the season ended for another reason. */
enum status season_budget_change(const char *dir, const char *config_path, struct error *e) MUST_USE;

enum season_step_kind {
  STEP_ROUND_START,
  STEP_MEASURE,
  STEP_CONTEXT,
  STEP_PITCH,
  STEP_CLOSE_PITCHES,
  STEP_GATE,
  STEP_BALLOT,
  STEP_CLOSE_BALLOTS,
  STEP_TALLY,
  STEP_IMPLEMENT,
  STEP_CHECK,
  STEP_PROBE,
  STEP_DUEL,
  STEP_CONFIRM,
  STEP_OUTCOME,
  STEP_LEARN,
  STEP_INCUMBENT,
  STEP_FINAL,
  STEP_END,
  STEP_NONE
};
struct season_step {
  enum season_step_kind kind;
  int64_t round;
  const char *who;   /* pitch, ballot */
  const char *pitch; /* implement and later */
  int64_t attempt;   /* implement */
};
struct season_steps { /* a set: all may be done at once */
  struct season_step step[16];
  size_t count;
};
/* Pure. Strings are borrowed from the state. */
void season_next(const struct record_state *state, struct season_steps *out);
const char *season_step_name(enum season_step_kind k);

/* The rules in force with their defaults, as season_started.rules stores them; a new object.
 * config: a season.yml or NULL; unknown keys are ST_INPUT with line and suggestion. */
enum status season_rules_load(const char *config_path, json_t **out, struct error *e) MUST_USE;

#endif

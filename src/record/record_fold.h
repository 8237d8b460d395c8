/* The fold: a log becomes a season's state. Pure; the order of arrival within a phase does not
 * matter. Everything that decides or reports reads this state, never the log itself.
 *
 * Ownership: the state borrows every json_t from the log it was folded from, and owns its own arrays.
 */
#ifndef SHARKTANK_RECORD_FOLD_H
#define SHARKTANK_RECORD_FOLD_H

#include "base/base_arena.h"
#include "record/record_event.h"

struct record_act {
  const char *id, *act, *who;
  int64_t round;
  const json_t *args;   /* of begun */
  const json_t *result; /* of ended; NULL while open or failed */
  const char *status;   /* of ended, NULL while open; "superseded": of a final that a larger budget undid */
  const char *error;    /* of ended, or NULL */
  const json_t *agent;  /* of ended: the call of an agent that is not built in, or NULL */
  int64_t begun_seq, ended_seq; /* ended_seq 0 while open */
  int64_t begun_wall_ns;
  double seconds;
};

struct record_pitch {
  const char *id, *who; /* "r1.p1", contestant */
  const char *act_id;   /* "r1.pitch.NAME" */
  const json_t *pitch;  /* the answer's pitch object */
  int gated;            /* pitches_gated seen */
  int passed;
  const json_t *reasons; /* array */
  const json_t *outcome; /* data of its outcome event, or NULL */
  int64_t outcome_seq;
};

struct record_round {
  int64_t round;
  const char *kind, *why;
  const char *context_blob, *context_hash; /* NULL until frozen */
  size_t n_acts, n_pitches, n_outcomes;
  size_t n_pitch_calls, n_gatings; /* closings of "pitches", pitches_gated: 2 after a second call */
  struct record_act *act;          /* of this round, in order of begun */
  struct record_pitch *pitch;      /* in the order of phase_closed.ids */
  const json_t **outcome;          /* data of outcome events, in order */
  const json_t *pitches_closed, *gated, *ballots_closed, *tally; /* data, or NULL */
  const json_t *incumbent_changed;                               /* data, or NULL */
  int64_t tally_seq, changed_seq;
};

struct record_state {
  struct arena arena;
  const json_t *started;      /* data of season_started, NULL for an empty log */
  const json_t *ended;        /* data of season_ended */
  const json_t *budgets;      /* in force: of season_started, or of the last budget_changed; NULL: none */
  const json_t *budget_spent; /* data of budget_spent while none has been changed since, or NULL */
  int64_t n_tool_calls;       /* of agents' tools, of all tools_used */
  int64_t tools_through;      /* bytes of tools.jsonl that are in the log */
  int paused;                 /* the last of season_paused / season_resumed is a pause */
  size_t n_rounds, n_learnings, n_loose;
  struct record_round *round;
  const json_t **learning;  /* data, latest state per id, in order of id */
  struct record_act *loose; /* acts of no round: "final" */
  const char *incumbent_blob, *first_blob;
  const json_t *incumbent_setting; /* or NULL */
  double total_speedup;            /* product of accepted, confirmed speedups; 1 at the start */
  int64_t first_wall_ns, last_wall_ns, last_seq;
};

/* ST_CORRUPT when an event lacks a field its kind must have or contradicts an earlier one; the text
 * names seq and field. */
enum status record_fold(const struct event_log *l, struct record_state *out, struct error *e) MUST_USE;
void record_state_fini(struct record_state *s);
/* The last act of a round with this base id ("r1.duel.r1.p2", retries ".2" included), or NULL. */
const struct record_act *record_act_find(const struct record_round *r, const char *base_id);
/* The same among the acts of no round ("final"). */
const struct record_act *record_loose_find(const struct record_state *s, const char *base_id);
/* The pitch of this id in the round, or NULL. */
const struct record_pitch *record_pitch_find(const struct record_round *r, const char *id);
/* Acts of this kind begun so far in the whole season, retries included. */
size_t record_acts_begun(const struct record_state *s, const char *act);

#endif

/* Room: season. The next steps of a season, from its folded log alone. Everything that resumes, replays
 * or explains a season rests on this function being pure. */
#include <stdio.h>
#include <string.h>

#include "base/base_rng.h"
#include "season/season.h"
#include "season/season_candidate.h"
#include "season/season_internal.h"
#include "season/season_outcome.h"
#include "season/season_round.h"
#include "season/season_rules.h"

#define MAX_STEPS (sizeof((struct season_steps *)0)->step / sizeof(struct season_step))

static void add(struct season_steps *out, enum season_step_kind kind, int64_t round, const char *who,
                const char *pitch, int64_t attempt) {
  if (out->count < MAX_STEPS)
    out->step[out->count++] = (struct season_step){kind, round, who, pitch, attempt};
}

const char *season_step_name(enum season_step_kind k) {
  static const char *const name[] = {"round_start", "measure",   "context",       "pitch",   "close_pitches",
                                     "gate",        "ballot",    "close_ballots", "tally",   "implement",
                                     "check",       "probe",     "duel",          "confirm", "outcome",
                                     "learn",       "incumbent", "final",         "end",     "none"};
  return (size_t)k < sizeof name / sizeof name[0] ? name[k] : "unknown";
}

size_t season_contestant_count(const struct record_state *state) {
  struct season_rules rules;
  season_rules_of(state, &rules);
  size_t n = json_array_size(json_arr(json_obj(state->started, "cast"), "contestants"));
  size_t most = rules.pitches_max > 0 ? (size_t)rules.pitches_max : 0;
  return n < most ? n : most;
}

const json_t *season_cast_member(const struct record_state *state, const char *list, const char *name) {
  size_t i;
  json_t *m;
  json_array_foreach((json_t *)(uintptr_t)json_arr(json_obj(state->started, "cast"), list), i, m) {
    if (strcmp(json_str(m, "name", ""), name) == 0)
      return m;
  }
  return NULL;
}

/* The call under way: the first until its pitches are gated, then the second. */
void season_pitch_act_id(const struct record_round *round, const char *who, char out[SEASON_ID_BYTES]) {
  int second = round->n_pitch_calls > 0 && round->n_gatings > 0;
  snprintf(out, SEASON_ID_BYTES, "r%lld.%s.%s", (long long)round->round, second ? "pitch2" : "pitch", who);
}

uint64_t season_seed(const struct record_state *state, int64_t round, int64_t purpose, const char *name) {
  uint64_t h = 1469598103934665603u; /* FNV-1a: any fixed mixing of the name will do */
  for (const char *p = name; *p != '\0'; p++)
    h = (h ^ (unsigned char)*p) * 1099511628211u;
  uint64_t seed = (uint64_t)json_int(state->started, "seed", 0);
  seed = rng_derive(rng_derive(seed, (uint64_t)round), (uint64_t)purpose);
  return rng_derive(seed, h) >> 11; /* below 2^53: JSON readers keep it exact */
}

/* 1 if the phase waits for answers; adds the calls to be made. */
static int ask_contestants(const struct record_state *state, const struct record_round *r,
                           struct season_steps *out) {
  const json_t *cast = json_arr(json_obj(state->started, "cast"), "contestants");
  size_t n = season_contestant_count(state);
  int waiting = 0;
  for (size_t i = 0; i < n; i++) {
    const char *who = json_str(json_array_get(cast, i), "name", "");
    char id[SEASON_ID_BYTES];
    season_pitch_act_id(r, who, id);
    const struct record_act *a = record_act_find(r, id);
    if (season_act_due(a, 0))
      add(out, STEP_PITCH, r->round, who, NULL, 0);
    waiting |= season_act_due(a, 0) || a->status == NULL;
  }
  return waiting;
}

static int ask_sharks(const struct record_state *state, const struct record_round *r,
                      struct season_steps *out) {
  size_t i;
  json_t *shark;
  int waiting = 0;
  json_array_foreach((json_t *)(uintptr_t)json_arr(json_obj(state->started, "cast"), "sharks"), i, shark) {
    const char *who = json_str(shark, "name", "");
    char id[SEASON_ID_BYTES];
    snprintf(id, sizeof id, "r%lld.ballot.%s", (long long)r->round, who);
    const struct record_act *a = record_act_find(r, id);
    if (season_act_due(a, 0))
      add(out, STEP_BALLOT, r->round, who, NULL, 0);
    waiting |= season_act_due(a, 0) || a->status == NULL;
  }
  return waiting;
}

static size_t passing(const struct record_round *r) {
  size_t n = 0;
  for (size_t i = 0; i < r->n_pitches; i++)
    n += r->pitch[i].passed != 0;
  return n;
}

/* Pitches, gates and the one more call. 1 while steps of this phase are due. */
static int next_pitches(const struct record_state *state, const struct record_round *r,
                        struct season_steps *out) {
  struct season_rules rules;
  season_rules_of(state, &rules);
  if (r->n_pitch_calls > r->n_gatings)
    return add(out, STEP_GATE, r->round, NULL, NULL, 0), 1;
  int first = r->n_pitch_calls == 0;
  int again = r->n_pitch_calls == 1 && r->n_pitches > 0 && passing(r) == 0;
  if (!first && !again)
    return 0;
  if (!ask_contestants(state, r, out))
    add(out, STEP_CLOSE_PITCHES, r->round, NULL, NULL, 0);
  return 1;
}

/* Ballots and tally. Without a choice to make nobody is asked: the tally says why. */
static int next_vote(const struct record_state *state, const struct record_round *r,
                     struct season_steps *out) {
  struct season_rules rules;
  if (r->tally != NULL)
    return 0;
  season_rules_of(state, &rules);
  if (passing(r) == 0 || (int64_t)r->n_pitches < rules.pitches_min || r->ballots_closed != NULL)
    add(out, STEP_TALLY, r->round, NULL, NULL, 0);
  else if (!ask_sharks(state, r, out))
    add(out, STEP_CLOSE_BALLOTS, r->round, NULL, NULL, 0);
  return 1;
}

static void add_due(const struct record_round *r, const struct record_pitch *p,
                    const struct season_candidate *c, struct season_steps *out) {
  static const enum season_step_kind step[] = {
      [DUE_NOTHING] = STEP_NONE,   [DUE_IMPLEMENT] = STEP_IMPLEMENT, [DUE_CHECK] = STEP_CHECK,
      [DUE_PROBE] = STEP_PROBE,    [DUE_DUEL] = STEP_DUEL,           [DUE_CONFIRM] = STEP_CONFIRM,
      [DUE_OUTCOME] = STEP_OUTCOME};
  if (c->due != DUE_NOTHING)
    add(out, step[c->due], r->round, p->who, p->id, c->attempt);
}

/* The winner, then the runner-up if the winner could not be implemented. 1 while something is due. */
static int next_candidates(const struct record_state *state, const struct record_round *r,
                           struct season_steps *out) {
  const char *names[2] = {json_str(r->tally, "winner", NULL), json_str(r->tally, "runner_up", NULL)};
  for (size_t i = 0; i < 2 && names[i] != NULL; i++) {
    const struct record_pitch *p = record_pitch_find(r, names[i]);
    struct season_candidate c;
    if (p == NULL)
      return 0;
    season_candidate_look(state, r, p, &c);
    if (c.due != DUE_DONE)
      return add_due(r, p, &c, out), 1;
    if (!season_implementation_failed(p->outcome))
      return 0;
  }
  return 0;
}

static int next_lessons(const struct record_state *state, const struct record_round *r,
                        struct season_steps *out) {
  json_t *due = season_learning_due(state, r);
  enum season_step_kind kind = STEP_LEARN;
  if (due == NULL) {
    due = season_incumbent_due(state, r);
    kind = STEP_INCUMBENT;
  }
  if (due != NULL)
    add(out, kind, r->round, NULL, NULL, 0);
  json_decref(due);
  return due != NULL;
}

/* 1 while the round has something to do, or waits for an act under way. */
static int next_in_round(const struct record_state *state, const struct record_round *r,
                         struct season_steps *out) {
  char id[48];
  snprintf(id, sizeof id, "r%lld.measure", (long long)r->round);
  const struct record_act *measure = record_act_find(r, id);
  if (season_act_due(measure, 1))
    return add(out, STEP_MEASURE, r->round, NULL, NULL, 0), 1;
  if (measure->status == NULL)
    return 1;
  /* A wrong incumbent stops all optimisation at once; the next round is for fixing it. */
  if (season_round_measured_wrong(r) && strcmp(r->kind, "minimal_fix") != 0)
    return 0;
  if (r->context_blob == NULL)
    return add(out, STEP_CONTEXT, r->round, NULL, NULL, 0), 1;
  if (next_pitches(state, r, out) || next_vote(state, r, out))
    return 1;
  return next_candidates(state, r, out) || next_lessons(state, r, out);
}

static void next_end(const struct record_state *state, struct season_steps *out) {
  struct season_rules rules;
  season_rules_of(state, &rules);
  const struct record_act *final = record_loose_find(state, "final");
  if (rules.final && !season_incumbent_wrong(state)) {
    if (season_act_due(final, 1)) {
      add(out, STEP_FINAL, 0, NULL, NULL, 0);
      return;
    }
    if (final->status == NULL)
      return;
  }
  add(out, STEP_END, 0, NULL, NULL, 0);
}

void season_next(const struct record_state *state, struct season_steps *out) {
  memset(out, 0, sizeof *out);
  if (state->started == NULL || state->ended != NULL)
    return;
  const struct record_round *last = state->n_rounds > 0 ? &state->round[state->n_rounds - 1] : NULL;
  if (state->budget_spent != NULL) {
    /* What was measured is still learnt from; nothing more is asked or measured but the result. */
    if (last == NULL || !next_lessons(state, last, out))
      next_end(state, out);
    return;
  }
  if (last != NULL && next_in_round(state, last, out))
    return;
  struct season_plan plan;
  season_plan_next(state, &plan);
  if (plan.end != NULL)
    next_end(state, out);
  else
    add(out, STEP_ROUND_START, (int64_t)state->n_rounds + 1, NULL, NULL, 0);
}

/* Tests of room season: a small made-up challenge, a log builder, and a deterministic world without
 * judge or agents, so that whole seasons play in milliseconds. */
#ifndef SEASON_FAKE_H
#define SEASON_FAKE_H

#include <stdint.h>

#include "record/record_fold.h"
#include "season/season_world.h"

/* JSON written with ' for ": a new object; fails the test when it is not JSON. */
json_t *fake_json(const char *format, ...) PRINTF_LIKE(1, 2);
/* season_started's data: 2 benchmark shapes, knobs A, B, C, limits threads <= 1 and compile_s <= 30, a
 * rule that forbids "stream", the default cast and rules. rules: JSON of what differs, or NULL. */
json_t *fake_started(const char *rules, uint64_t seed);
/* A complete pitch of a setting (NULL: none), which passes every gate; more: JSON of what differs. */
json_t *fake_pitch(const char *title, const char *setting, const char *more);

/* A log in memory. */
struct fake_log {
  struct event_log log;
  struct record_state state;
};
void fake_log_start(struct fake_log *f, const char *rules);
/* Appends and folds; the test fails when the fold refuses. */
void fake_push(struct fake_log *f, const char *kind, json_t *data);
/* begun and ended in one; result NULL: failed. */
void fake_act(struct fake_log *f, const char *id, const char *act, const char *who, json_t *result);
/* round_started, the incumbent measured, context frozen. */
void fake_round(struct fake_log *f, const char *kind);
/* pitches by C1, C2 ... closed and gated by the rules; takes the pitches (a NULL-terminated list). */
void fake_pitches(struct fake_log *f, json_t *const *pitches);
const struct record_round *fake_now(const struct fake_log *f);
void fake_log_end(struct fake_log *f);

/* The world. Times: naive 1 s, a setting by a formula with its best near A=4 B=2 C=x. Settings with A=16
 * B=8 do not compile, A=16 B=4 are wrong, and the implementer repairs B=8 -> 4 -> 2. */
struct fake_world {
  int64_t clock_ns;
  int64_t calls;
  int64_t stop_at_call; /* > 0: the call of this number answers ST_INTERRUPTED */
  int64_t fail_at_call; /* > 0: the judge's machinery fails there (an agent's: it is unreachable) */
  int64_t kill_at_call; /* > 0: the process kills itself there */
  int broken_incumbent; /* the first incumbent measures as wrong */
  int useless;          /* no setting is faster than another */
  int64_t duels_seen;
};
void fake_world_open(struct fake_world *f, struct season_world *w);

/* A fresh folder for one test on a memory file system where there is one; removed by fake_dir_end. */
void fake_dir(char out[256]);
void fake_dir_end(const char *dir);
/* The decisions of a stored season as text: everything that must not depend on crashes. Owned. */
char *fake_decisions(const char *dir);
/* A stored season, loaded and folded; fails the test when that cannot be done. */
struct fake_seen {
  struct store *store;
  struct event_log log;
  struct record_state state;
};
void fake_seen_open(const char *dir, struct fake_seen *s);
void fake_seen_close(struct fake_seen *s);
/* Starts a season in dir. */
void fake_begin(const char *dir, const char *rules, uint64_t seed);

#endif

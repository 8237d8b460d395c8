/* Room: season. Small helpers that several files of this room share; nobody else includes it. */
#ifndef SHARKTANK_SEASON_INTERNAL_H
#define SHARKTANK_SEASON_INTERNAL_H

#include <string.h>

#include "base/base_json.h"
#include "record/record_fold.h"

#define SEASON_ID_BYTES 128 /* of an act: names have at most 40 bytes */

/* Adds {gate, text, fact} to reasons. */
void season_reason(json_t *reasons, const char *gate, const char *fact, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Claims against the challenge's limits, words against its rules, time-out (season_limits.c). */
void season_gate_limits(const struct record_state *state, const json_t *pitch, json_t *reasons);
/* Promises against the roofline. */
void season_gate_roofline(const struct record_state *state, const struct record_round *round,
                          const json_t *pitch, json_t *reasons);

/* The seq of the newest event that a learning rests on; 0 when it names none. */
int64_t season_learning_seq(const json_t *learning);
/* 1 if a list of {pitch, ...} names the pitch. */
int season_names_pitch(const json_t *list, const char *id);
/* Puts a list into an order that depends on the seed only. */
void season_shuffle(json_t *list, uint64_t seed);
/* The seed (below 2^53) of one choice: a purpose number and a name within a round. */
uint64_t season_seed(const struct record_state *state, int64_t round, int64_t purpose, const char *name);
/* Contestants who are asked: at most pitches_max of the cast. */
size_t season_contestant_count(const struct record_state *state);
/* The act by which a contestant pitches in the round's current call. */
void season_pitch_act_id(const struct record_round *round, const char *who, char out[SEASON_ID_BYTES]);
/* The contestant or shark of this name, or NULL. */
const json_t *season_cast_member(const struct record_state *state, const char *list, const char *name);

static inline int season_is_research(const json_t *pitch) {
  return strcmp(json_str(pitch, "kind", ""), "research") == 0;
}

#endif

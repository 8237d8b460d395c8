/* Settings and changes as JSON, judged from the task's own description (challenge_to_json) and the
 * machine facts in the log, so that a gate replays anywhere. Pure; thread safe. */
#ifndef SHARKTANK_SEASON_SETTING_H
#define SHARKTANK_SEASON_SETTING_H

#include "base/base_buffer.h"
#include "base/base_json.h"

/* A knob's value as text ("8", "avx2"), whatever JSON type it came in; out holds at least 64 bytes. */
void season_value_text(const json_t *value, char out[64]);
/* 1 if both are objects with the same knobs and values. */
int season_setting_equal(const json_t *a, const json_t *b);
/* 1 if the setting names every knob of task.knobs with a declared value and meets every constraint
 * under the facts; else 0 and *why says what is wrong. */
int season_setting_valid(const json_t *task, const json_t *facts, const json_t *setting, struct buffer *why);
/* {KNOB: [from, to]} of the knobs that differ; a new object, NULL unless both are settings. */
json_t *season_change(const json_t *from, const json_t *to);
/* 1 if both are changes of the same knobs to the same values (inverse: back again). */
int season_change_equal(const json_t *a, const json_t *b);
int season_change_inverse(const json_t *a, const json_t *b);
/* "MR 4 -> 8, NR 2 -> 4". */
void season_change_text(const json_t *change, struct buffer *out);
/* "ISA=avx2 MR=8". */
void season_setting_text(const json_t *setting, struct buffer *out);
/* Lower-case letters and digits, everything else one space: what makes two texts the same. */
void season_normalise(const char *text, struct buffer *out);
/* 1 if the normalised texts are equal and not empty. */
int season_text_equal(const char *a, const char *b);

#endif

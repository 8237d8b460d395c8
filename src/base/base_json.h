/* JSON over jansson: bounded reading, one canonical text, getters that say what was wrong.
 *
 * Elsewhere jansson's own calls may be used freely for building; reading anything that comes from
 * outside (an agent, a stored season) goes through here. Ownership words follow jansson: a
 * `json_t *` returned by json_read is a new reference; getters return borrowed ones.
 */
#ifndef SHARKTANK_BASE_JSON_H
#define SHARKTANK_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base_buffer.h"
#include "base_status.h"

/* Parses text of at most 64 MiB; duplicate keys and nesting past jansson's limit are errors.
 * `name` names the source in errors (a file or "the answer of Skeptic"). */
enum status json_read(const char *text, size_t bytes, const char *name, json_t **out,
                      struct error *e) MUST_USE;
enum status json_read_file(const char *path, json_t **out, struct error *e) MUST_USE;
/* The canonical text: sorted keys, no white space, reals with 17 digits. Returns owned (free()). */
char *json_canonical(const json_t *value);
/* Indented text for people and files; ends in a newline. Returns owned (free()). */
char *json_pretty(const json_t *value);
/* SHA-256 of the canonical text. */
void json_hash(const json_t *value, char hex[65]);

/* Optional fields: the default when the key is absent, null or of another type. */
const char *json_str(const json_t *object, const char *key, const char *otherwise);
int64_t json_int(const json_t *object, const char *key, int64_t otherwise);
double json_num(const json_t *object, const char *key, double otherwise); /* integer or real */
int json_bool(const json_t *object, const char *key, int otherwise);
/* 1 if the key is there and holds a number; *out is set only then. */
int json_has_num(const json_t *object, const char *key, double *out);
/* A borrowed array or object, or an empty constant one: iterating it is always safe. */
const json_t *json_arr(const json_t *object, const char *key);
const json_t *json_obj(const json_t *object, const char *key);

/* Adds a real, or null when the value is not finite (JSON has no NaN): "not measured". */
void json_put_num(json_t *object, const char *key, double value);
void json_put_str(json_t *object, const char *key, const char *value); /* NULL: null; bad UTF-8: cleaned */
void json_put_int(json_t *object, const char *key, int64_t value);
void json_put_bool(json_t *object, const char *key, int value);
/* A JSON string from bytes that may not be UTF-8 (compiler output): bad bytes become '?'. */
json_t *json_clean_string(const char *text, size_t bytes);

#endif

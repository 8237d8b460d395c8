/* Room base: JSON over jansson. The only place that parses JSON text. */
#include "base/base_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "base/base_hash.h"

enum { MAX_BYTES = 64 << 20 };

enum status json_read(const char *text, size_t bytes, const char *name, json_t **out, struct error *e) {
  *out = NULL;
  if (bytes > MAX_BYTES)
    return error_at(e, ST_INPUT, name, 0, "more than %d MiB of JSON", MAX_BYTES >> 20);
  json_error_t je;
  json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &je);
  if (!value)
    return error_at(e, ST_INPUT, name, je.line > 0 ? je.line : 0, "not valid JSON: %s", je.text);
  *out = value;
  return ST_OK;
}

enum status json_read_file(const char *path, json_t **out, struct error *e) {
  struct buffer b;
  buffer_init(&b);
  *out = NULL;
  enum status s = file_read(path, MAX_BYTES, &b, e);
  if (s == ST_OK)
    s = json_read(buffer_str(&b), b.bytes, path, out, e);
  buffer_fini(&b);
  return s;
}

char *json_canonical(const json_t *value) {
  return json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}

char *json_pretty(const json_t *value) {
  char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
  if (!text)
    return NULL;
  size_t n = strlen(text);
  char *more = realloc(text, n + 2);
  if (!more) {
    free(text);
    return NULL;
  }
  more[n] = '\n';
  more[n + 1] = 0;
  return more;
}

void json_hash(const json_t *value, char hex[65]) {
  char *text = json_canonical(value);
  hash_sha256_hex(text ? text : "", text ? strlen(text) : 0, hex);
  free(text);
}

const char *json_str(const json_t *object, const char *key, const char *otherwise) {
  const json_t *v = json_object_get(object, key);
  return json_is_string(v) ? json_string_value(v) : otherwise;
}

int64_t json_int(const json_t *object, const char *key, int64_t otherwise) {
  const json_t *v = json_object_get(object, key);
  return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

int json_has_num(const json_t *object, const char *key, double *out) {
  const json_t *v = json_object_get(object, key);
  if (!json_is_number(v))
    return 0;
  *out = json_number_value(v);
  return 1;
}

double json_num(const json_t *object, const char *key, double otherwise) {
  double v;
  return json_has_num(object, key, &v) ? v : otherwise;
}

int json_bool(const json_t *object, const char *key, int otherwise) {
  const json_t *v = json_object_get(object, key);
  return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

/* Empty constants that nobody changes: borrowed by every reader of an absent field. Made on first use
 * and kept for the life of the process. */
static const json_t *empty(int want_array) {
  static json_t *array, *object;
  json_t **slot = want_array ? &array : &object;
  json_t *have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
  if (have)
    return have;
  json_t *made = want_array ? json_array() : json_object();
  if (!__atomic_compare_exchange_n(slot, &have, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    json_decref(made);
    return have;
  }
  return made;
}

const json_t *json_arr(const json_t *object, const char *key) {
  const json_t *v = json_object_get(object, key);
  return json_is_array(v) ? v : empty(1);
}

const json_t *json_obj(const json_t *object, const char *key) {
  const json_t *v = json_object_get(object, key);
  return json_is_object(v) ? v : empty(0);
}

void json_put_num(json_t *object, const char *key, double value) {
  json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

void json_put_str(json_t *object, const char *key, const char *value) {
  json_object_set_new(object, key, value ? json_clean_string(value, strlen(value)) : json_null());
}

void json_put_int(json_t *object, const char *key, int64_t value) {
  json_object_set_new(object, key, json_integer(value));
}

void json_put_bool(json_t *object, const char *key, int value) {
  json_object_set_new(object, key, json_boolean(value));
}

/* The length of the valid UTF-8 sequence at p, or 0: no overlong form, surrogate or value past
 * U+10FFFF (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *p, size_t left) {
  if (p[0] < 0x80)
    return 1;
  size_t n = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
             : p[0] >= 0xe0 && p[0] <= 0xef ? 3
             : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                            : 0;
  if (!n || n > left)
    return 0;
  unsigned char low = 0x80, high = 0xbf;
  if (p[0] == 0xe0)
    low = 0xa0;
  else if (p[0] == 0xed)
    high = 0x9f;
  else if (p[0] == 0xf0)
    low = 0x90;
  else if (p[0] == 0xf4)
    high = 0x8f;
  if (p[1] < low || p[1] > high)
    return 0;
  for (size_t i = 2; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return n;
}

json_t *json_clean_string(const char *text, size_t bytes) {
  char *clean = malloc(bytes + 1);
  if (!clean)
    return NULL;
  const unsigned char *p = (const unsigned char *)text;
  for (size_t i = 0; i < bytes;) {
    size_t n = utf8_length(p + i, bytes - i);
    if (n == 0 || p[i] == 0) {
      clean[i++] = '?';
      continue;
    }
    memcpy(clean + i, p + i, n);
    i += n;
  }
  json_t *s = json_stringn(clean, bytes);
  free(clean);
  return s;
}

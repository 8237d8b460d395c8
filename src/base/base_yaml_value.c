/* Room: base. May use the C library, jansson, libyaml; nothing of the engine.
 *
 * What a YAML node means: numbers, booleans, texts, JSON, and the check for keys nobody knows. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base_yaml.h"

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key) {
  if (!map || map->kind != YAML_MAP)
    return NULL;
  for (size_t i = 0; i < map->count; i++)
    if (strcmp(map->key[i]->text, key) == 0)
      return map->item[i];
  return NULL;
}

static const char *yaml_kind_name(const struct yaml_node *n) {
  return n->kind == YAML_LIST ? "a list" : n->kind == YAML_MAP ? "a map" : "text";
}

static enum status yaml_want(const struct yaml_doc *d, const struct yaml_node *n, const char *what,
                             const char *wanted, struct error *e) {
  if (n->kind == YAML_SCALAR)
    return error_at(e, ST_INPUT, d->file, n->line, "%s must be %s, not \"%.60s\"", what, wanted, n->text);
  return error_at(e, ST_INPUT, d->file, n->line, "%s must be %s, not %s", what, wanted, yaml_kind_name(n));
}

/* Decimal integers only: 010 and 0x10 mean different things in different YAML versions. */
static int yaml_parse_int(const char *text, int64_t *out) {
  const char *digits = text + (*text == '-' || *text == '+');
  size_t n = strspn(digits, "0123456789");
  if (n == 0 || n > 18 || digits[n] != 0 || (n > 1 && digits[0] == '0'))
    return 0;
  *out = strtoll(text, NULL, 10);
  return 1;
}

static int yaml_parse_num(const char *text, double *out) {
  size_t n = strlen(text);
  if (n == 0 || n > 64 || strspn(text, "+-0123456789.eE") != n)
    return 0;
  if (strspn(text, "+-.eE") == n)
    return 0;
  char *end = NULL;
  double v = strtod(text, &end);
  if (*end != 0 || !isfinite(v))
    return 0;
  *out = v;
  return 1;
}

enum status yaml_int(const struct yaml_doc *d, const struct yaml_node *n, const char *what, int64_t min,
                     int64_t max, int64_t *out, struct error *e) {
  int64_t v = 0;
  if (n->kind != YAML_SCALAR || n->quoted || !yaml_parse_int(n->text, &v))
    return yaml_want(d, n, what, "a whole number", e);
  if (v < min || v > max)
    return error_at(e, ST_INPUT, d->file, n->line, "%s must lie between %lld and %lld, not %lld", what,
                    (long long)min, (long long)max, (long long)v);
  *out = v;
  return ST_OK;
}

enum status yaml_num(const struct yaml_doc *d, const struct yaml_node *n, const char *what, double *out,
                     struct error *e) {
  if (n->kind != YAML_SCALAR || n->quoted || !yaml_parse_num(n->text, out))
    return yaml_want(d, n, what, "a number", e);
  return ST_OK;
}

enum status yaml_bool(const struct yaml_doc *d, const struct yaml_node *n, const char *what, int *out,
                      struct error *e) {
  if (n->kind == YAML_SCALAR && !n->quoted) {
    if (strcmp(n->text, "true") == 0)
      return *out = 1, ST_OK;
    if (strcmp(n->text, "false") == 0)
      return *out = 0, ST_OK;
  }
  return yaml_want(d, n, what, "true or false", e);
}

enum status yaml_text(const struct yaml_doc *d, const struct yaml_node *n, const char *what, const char **out,
                      struct error *e) {
  if (n->kind != YAML_SCALAR)
    return yaml_want(d, n, what, "text", e);
  *out = n->text;
  return ST_OK;
}

enum status yaml_known_keys(const struct yaml_doc *d, const struct yaml_node *map, const char *const known[],
                            struct error *e) {
  if (map->kind != YAML_MAP)
    return yaml_want(d, map, "this", "a map of `key: value`", e);
  for (size_t i = 0; i < map->count; i++) {
    const char *key = map->key[i]->text;
    size_t k = 0;
    while (known[k] && strcmp(known[k], key) != 0)
      k++;
    if (known[k])
      continue;
    const char *near = base_nearest_word(key, known);
    if (near)
      return error_at(e, ST_INPUT, d->file, map->key[i]->line, "unknown key `%.60s`; did you mean `%s`?", key,
                      near);
    return error_at(e, ST_INPUT, d->file, map->key[i]->line, "unknown key `%.60s`", key);
  }
  return ST_OK;
}

static json_t *yaml_scalar_json(const struct yaml_node *n) {
  int64_t i = 0;
  double v = 0.0;
  if (n->quoted)
    return json_clean_string(n->text, strlen(n->text));
  if (yaml_parse_int(n->text, &i))
    return json_integer(i);
  if (yaml_parse_num(n->text, &v))
    return json_real(v);
  if (strcmp(n->text, "true") == 0)
    return json_true();
  if (strcmp(n->text, "false") == 0)
    return json_false();
  if (n->text[0] == 0 || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0)
    return json_null();
  return json_clean_string(n->text, strlen(n->text));
}

/* Depth is bounded by the reader's 64 levels. */
json_t *yaml_to_json(const struct yaml_node *n) {
  if (n->kind == YAML_SCALAR)
    return yaml_scalar_json(n);
  json_t *out = n->kind == YAML_LIST ? json_array() : json_object();
  for (size_t i = 0; out && i < n->count; i++) {
    json_t *child = yaml_to_json(n->item[i]);
    int bad = n->kind == YAML_LIST ? json_array_append_new(out, child)
                                   : json_object_set_new(out, n->key[i]->text, child);
    if (bad) {
      json_decref(out);
      return NULL;
    }
  }
  return out;
}

/* Edit distance with transpositions (Damerau's restricted form), words cut at 31 bytes. */
static unsigned base_word_distance(const char *a, const char *b) {
  enum { MAX = 31 };
  unsigned row[3][MAX + 1];
  size_t na = strnlen(a, MAX), nb = strnlen(b, MAX);
  for (size_t j = 0; j <= nb; j++)
    row[0][j] = (unsigned)j;
  for (size_t i = 1; i <= na; i++) {
    unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
    now[0] = (unsigned)i;
    for (size_t j = 1; j <= nb; j++) {
      unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
      if (last[j] + 1 < best)
        best = last[j] + 1;
      if (now[j - 1] + 1 < best)
        best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
        best = before[j - 2] + 1;
      now[j] = best;
    }
  }
  return row[na % 3][nb];
}

const char *base_nearest_word(const char *word, const char *const known[]) {
  const char *best = NULL;
  unsigned least = 0;
  for (size_t i = 0; known[i]; i++) {
    if (strcasecmp(word, known[i]) == 0)
      return known[i];
    unsigned distance = base_word_distance(word, known[i]);
    size_t shorter = strlen(word) < strlen(known[i]) ? strlen(word) : strlen(known[i]);
    /* A third of the letters may differ, at least one, and never all of them. */
    unsigned allowed = (unsigned)(shorter / 3 > 0 ? shorter / 3 : 1);
    if (distance > allowed || distance >= shorter)
      continue;
    if (!best || distance < least)
      best = known[i], least = distance;
  }
  return best;
}

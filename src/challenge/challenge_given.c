/* Room: challenge. May use base and sandbox.
 *
 * Settings as people and tools give them: as text, and with only the knobs that they care about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "challenge/challenge_file.h"

/* "8" and "avx2" as the knob wants them: a number where the knob's value is one. */
static json_t *knob_value(const struct challenge *c, const char *name, const char *value) {
  for (size_t i = 0; i < c->knobs->n_knobs; i++) {
    const struct knob *k = &c->knobs->knob[i];
    if (strcmp(k->name, name) != 0)
      continue;
    for (size_t v = 0; v < k->n_values; v++) {
      if (!strcmp(k->value[v], value))
        return k->is_word[v] ? json_string(value) : json_integer((json_int_t)k->number[v]);
    }
  }
  char *end = NULL;
  const long long n = strtoll(value, &end, 10);
  if (*value && !*end)
    return json_integer(n); /* not a value of the knob: knob_from_json says so */
  return json_clean_string(value, strlen(value));
}

static enum status add_pair(const struct challenge *c, char *pair, json_t *setting, struct error *e) {
  char *equals = strchr(pair, '=');
  if (!equals || equals == pair)
    return error_set(e, ST_USAGE, "knobs: wanted NAME=VALUE, got `%s`", pair);
  *equals = 0;
  if (json_object_get(setting, pair))
    return error_set(e, ST_USAGE, "knobs: %s is given twice", pair);
  json_t *value = knob_value(c, pair, equals + 1);
  if (!value || json_object_set_new(setting, pair, value)) {
    return error_set(e, ST_USAGE, "knobs: `%s` is not a name a knob can have", pair);
  }
  return ST_OK;
}

enum status knob_given_pairs(const struct challenge *c, const char *text, json_t *setting, struct error *e) {
  char *copy = strdup(text), *rest = NULL;
  if (!copy)
    return error_set(e, ST_MEMORY, "out of memory");
  enum status st = ST_OK;
  for (char *pair = strtok_r(copy, ",", &rest); pair && st == ST_OK; pair = strtok_r(NULL, ",", &rest)) {
    st = add_pair(c, pair, setting, e);
  }
  free(copy);
  return st;
}

/* Says which values the user did not write: they may be the ones that do not fit. */
static void name_start_values(const struct challenge *c, const json_t *setting, const json_t *whole,
                              struct error *e) {
  char text[sizeof e->text];
  size_t at = strlen(e->text);
  memcpy(text, e->text, at + 1);
  const char *between = "; left at their start values: ";
  for (size_t i = 0; i < c->knobs->n_knobs && at + 1 < sizeof text; i++) {
    const char *name = c->knobs->knob[i].name;
    const json_t *v = json_object_get(whole, name);
    if (json_object_get(setting, name))
      continue;
    int n = json_is_string(v)
                ? snprintf(text + at, sizeof text - at, "%s%s=%s", between, name, json_string_value(v))
                : snprintf(text + at, sizeof text - at, "%s%s=%lld", between, name,
                           (long long)json_integer_value(v));
    at += n > 0 ? (size_t)n : 0;
    between = " ";
  }
  memcpy(e->text, text, sizeof text);
  e->text[sizeof e->text - 1] = 0;
}

enum status knob_given_source(const struct challenge *c, const json_t *setting, struct buffer *out,
                              struct error *e) {
  uint32_t *index = calloc(c->knobs->n_knobs + 1, sizeof *index);
  json_t *whole = knob_to_json(c, c->knobs->start);
  enum status st = ST_OK;
  if (!index || !whole || json_object_update(whole, (json_t *)setting))
    st = error_set(e, ST_MEMORY, "out of memory");
  if (st == ST_OK)
    st = knob_from_json(c, whole, index, e);
  if (st == ST_OK)
    if ((st = knob_check(c, index, e)) != ST_OK)
      name_start_values(c, setting, whole, e);
  if (st == ST_OK)
    st = knob_entry_source(c, index, out, e);
  json_decref(whole);
  free(index);
  return st;
}

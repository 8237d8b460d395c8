/* Room cli: ENTRY arguments: a C file, or a setting of the challenge's knobs. */
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "base/base_yaml.h"
#include "cli/cli.h"

#define SETTING_BYTES_MAX ((size_t)1 << 20)

static int ends_with(const char *text, const char *tail) {
  const size_t n = strlen(text), m = strlen(tail);
  return n >= m && !strcmp(text + n - m, tail);
}

static enum status need_knobs(const struct challenge *c, const char *text, struct error *e) {
  if (c->knobs)
    return ST_OK;
  return error_set(e, ST_USAGE, "%s: the challenge %s declares no knobs; give a .c file", text, c->name);
}

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

static enum status parse_pairs(const struct challenge *c, const char *text, json_t *setting,
                               struct error *e) {
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

/* A file holds the setting itself or {"setting": {...}}. */
static enum status read_setting(const char *path, json_t *setting, struct error *e) {
  json_t *whole = NULL;
  enum status st;
  if (ends_with(path, ".json")) {
    st = json_read_file(path, &whole, e);
  } else {
    struct arena a;
    struct yaml_doc doc;
    arena_init(&a, 0);
    st = yaml_read_file(path, &a, &doc, e);
    if (st == ST_OK && !(whole = yaml_to_json(doc.root)))
      st = error_set(e, ST_MEMORY, "out of memory");
    arena_fini(&a);
  }
  if (st != ST_OK)
    return st;
  const json_t *inner = json_object_get(whole, "setting");
  if (!json_is_object(whole) ||
      json_object_update(setting, (json_t *)(json_is_object(inner) ? inner : whole))) {
    st = error_at(e, ST_INPUT, path, 0, "wanted an object of knobs, such as {\"MR\": 4}");
  }
  json_decref(whole);
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

/* Knobs that the setting leaves out keep their start value. */
static enum status from_setting(const struct challenge *c, const json_t *setting, struct buffer *out,
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

enum status cli_entry_source(const struct challenge *c, const char *text, struct buffer *out,
                             struct error *e) {
  const int pairs = !strncmp(text, "knobs:", 6);
  if (pairs || ends_with(text, ".json") || ends_with(text, ".yml") || ends_with(text, ".yaml")) {
    enum status st = need_knobs(c, text, e);
    if (st != ST_OK)
      return st;
    json_t *setting = json_object();
    if (!setting)
      return error_set(e, ST_MEMORY, "out of memory");
    st = pairs ? parse_pairs(c, text + 6, setting, e) : read_setting(text, setting, e);
    if (st == ST_OK)
      st = from_setting(c, setting, out, e);
    json_decref(setting);
    return st;
  }
  if (!ends_with(text, ".c")) {
    return error_set(
        e, ST_USAGE,
        "%s: an entry is a .c file, knobs:NAME=VALUE,..., or a .json or .yml file with a setting", text);
  }
  /* One byte more than allowed, so that the size gate is the judge's to apply and to name. */
  return file_read(text, (size_t)c->source_max_bytes + 1, out, e);
}

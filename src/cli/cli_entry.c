/* Room cli: ENTRY arguments: a C file, or a setting of the challenge's knobs. */
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
    st = pairs ? knob_given_pairs(c, text + 6, setting, e) : read_setting(text, setting, e);
    if (st == ST_OK)
      st = knob_given_source(c, setting, out, e);
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

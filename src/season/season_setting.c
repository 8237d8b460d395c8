/* Room: season. Settings, changes between them, and texts that mean the same. Pure. */
#include "season/season_setting.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_arena.h"
#include "base/base_expr.h"

void season_value_text(const json_t *value, char out[64]) {
  if (json_is_string(value))
    snprintf(out, 64, "%s", json_string_value(value));
  else if (json_is_integer(value))
    snprintf(out, 64, "%lld", (long long)json_integer_value(value));
  else if (json_is_real(value))
    snprintf(out, 64, "%.15g", json_real_value(value));
  else if (json_is_boolean(value))
    snprintf(out, 64, "%d", json_is_true(value));
  else
    snprintf(out, 64, "?");
}

static int value_equal(const json_t *a, const json_t *b) {
  char x[64], y[64];
  if (a == NULL || b == NULL)
    return 0;
  season_value_text(a, x);
  season_value_text(b, y);
  return strcmp(x, y) == 0;
}

int season_setting_equal(const json_t *a, const json_t *b) {
  if (!json_is_object(a) || !json_is_object(b) || json_object_size(a) != json_object_size(b))
    return 0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)a, key,
                      value) if (!value_equal(value, json_object_get(b, key))) return 0;
  return 1;
}

struct lookup {
  const json_t *setting, *facts, *knobs;
};

static int has_value(const json_t *values, const json_t *wanted) {
  size_t i;
  json_t *v;
  json_array_foreach((json_t *)(uintptr_t)values, i, v) if (value_equal(v, wanted)) return 1;
  return 0;
}

/* A word stands for itself only if some knob may have it as value: a fact that is missing from the log
 * must not pass for one. */
static int is_declared_word(const json_t *knobs, const char *name) {
  size_t i;
  json_t *knob, *word = json_string(name);
  int found = 0;
  json_array_foreach((json_t *)(uintptr_t)knobs, i, knob) found |= has_value(json_arr(knob, "values"), word);
  json_decref(word);
  return found;
}

static int look_up(void *context, const char *name, double *value) {
  const struct lookup *l = context;
  const json_t *v = json_object_get(l->setting, name);
  if (v == NULL)
    v = json_object_get(l->facts, name);
  if (v == NULL) {
    *value = expr_word(name);
    return is_declared_word(l->knobs, name);
  }
  char text[64];
  season_value_text(v, text);
  if (json_is_number(v))
    *value = json_number_value(v);
  else if (json_is_boolean(v))
    *value = json_is_true(v);
  else
    *value = expr_word(text);
  return 1;
}

static int constraint_holds(const json_t *constraint, struct lookup *l, struct buffer *why) {
  const char *need = json_str(constraint, "need", "");
  struct arena a;
  const struct expr *x = NULL;
  double value = NAN;
  struct error e;
  arena_init(&a, 0);
  int ok = expr_parse(need, "the task's knobs", 0, &a, &x, &e) == ST_OK &&
           expr_eval(x, look_up, l, &value, &e) == ST_OK && value != 0 && !isnan(value);
  arena_fini(&a);
  if (!ok)
    buffer_printf(why, "it breaks the constraint %.120s (%.160s)", need,
                  json_str(constraint, "why", "no reason given"));
  return ok;
}

int season_setting_valid(const json_t *task, const json_t *facts, const json_t *setting, struct buffer *why) {
  const json_t *space = json_obj(task, "knobs"), *knobs = json_arr(space, "knobs");
  if (!json_is_object(setting))
    return buffer_text(why, "the setting is not an object"), 0;
  if (json_array_size(knobs) == 0)
    return buffer_text(why, "this task declares no knobs"), 0;
  size_t i;
  json_t *knob, *value;
  json_array_foreach((json_t *)(uintptr_t)knobs, i, knob) {
    const char *name = json_str(knob, "name", "");
    const json_t *wanted = json_object_get(setting, name);
    char text[64];
    if (wanted == NULL)
      return buffer_printf(why, "it lacks the knob %.60s", name), 0;
    season_value_text(wanted, text);
    if (!has_value(json_arr(knob, "values"), wanted))
      return buffer_printf(why, "the knob %.60s has no value %s", name, text), 0;
  }
  const char *key;
  json_object_foreach((json_t *)(uintptr_t)setting, key, value) {
    int known = 0;
    json_array_foreach((json_t *)(uintptr_t)knobs, i, knob) known |=
        strcmp(json_str(knob, "name", ""), key) == 0;
    if (!known)
      return buffer_printf(why, "there is no knob %.60s", key), 0;
  }
  struct lookup l = {setting, facts, knobs};
  json_array_foreach((json_t *)(uintptr_t)json_arr(space, "constraints"), i, value) {
    if (!constraint_holds(value, &l, why))
      return 0;
  }
  return 1;
}

json_t *season_change(const json_t *from, const json_t *to) {
  if (!json_is_object(from) || !json_is_object(to))
    return NULL;
  json_t *change = json_object(), *value;
  const char *key;
  json_object_foreach((json_t *)(uintptr_t)to, key, value) {
    json_t *old = json_object_get(from, key);
    if (old != NULL && !value_equal(old, value))
      json_object_set_new(change, key, json_pack("[O,O]", old, value));
  }
  return change;
}

static int change_matches(const json_t *a, const json_t *b, size_t other_from) {
  if (!json_is_object(a) || !json_is_object(b) || json_object_size(a) == 0 ||
      json_object_size(a) != json_object_size(b))
    return 0;
  const char *key;
  json_t *pair;
  json_object_foreach((json_t *)(uintptr_t)a, key, pair) {
    const json_t *other = json_object_get(b, key);
    if (!value_equal(json_array_get(pair, 0), json_array_get(other, other_from)) ||
        !value_equal(json_array_get(pair, 1), json_array_get(other, 1 - other_from)))
      return 0;
  }
  return 1;
}

int season_change_equal(const json_t *a, const json_t *b) {
  return change_matches(a, b, 0);
}

int season_change_inverse(const json_t *a, const json_t *b) {
  return change_matches(a, b, 1);
}

/* Jansson keeps insertion order, which a stored and reloaded object (sorted keys) does not share: texts
 * go by sorted keys, so that they are the same before and after a resume. */
static size_t sorted_keys(const json_t *object, const char *key[64]) {
  size_t n = 0;
  const char *k;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)object, k, value) {
    if (n == 64)
      break;
    size_t at = n++;
    for (; at > 0 && strcmp(key[at - 1], k) > 0; at--)
      key[at] = key[at - 1];
    key[at] = k;
  }
  return n;
}

void season_change_text(const json_t *change, struct buffer *out) {
  const char *key[64];
  size_t n = sorted_keys(change, key);
  for (size_t i = 0; i < n; i++) {
    char from[64], to[64];
    const json_t *pair = json_object_get(change, key[i]);
    season_value_text(json_array_get(pair, 0), from);
    season_value_text(json_array_get(pair, 1), to);
    buffer_printf(out, "%s%.60s %s -> %s", i == 0 ? "" : ", ", key[i], from, to);
  }
}

void season_setting_text(const json_t *setting, struct buffer *out) {
  const char *key[64];
  size_t n = sorted_keys(setting, key);
  for (size_t i = 0; i < n; i++) {
    char value[64];
    season_value_text(json_object_get(setting, key[i]), value);
    buffer_printf(out, "%s%.60s=%s", i == 0 ? "" : " ", key[i], value);
  }
}

void season_normalise(const char *text, struct buffer *out) {
  int gap = 0;
  for (const char *p = text; *p != '\0'; p++) {
    char c = *p;
    if (c >= 'A' && c <= 'Z')
      c = (char)(c - 'A' + 'a');
    /* Bytes past ASCII are kept: texts in other alphabets must not all collapse to nothing. */
    int keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
    if (!keep) {
      gap = out->bytes > 0;
      continue;
    }
    if (gap)
      buffer_add(out, " ", 1);
    gap = 0;
    buffer_add(out, &c, 1);
  }
}

int season_text_equal(const char *a, const char *b) {
  struct buffer x, y;
  buffer_init(&x);
  buffer_init(&y);
  season_normalise(a, &x);
  season_normalise(b, &y);
  int equal = x.bytes > 0 && strcmp(buffer_str(&x), buffer_str(&y)) == 0;
  buffer_fini(&x);
  buffer_fini(&y);
  return equal;
}

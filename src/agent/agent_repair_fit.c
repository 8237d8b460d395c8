/* Room: agent. May use base. Brings a value nearer to a schema where only one reading is left: see
 * agent_repair.h. A value is never made up: a missing member becomes null only where the schema says that
 * null is "not said", and what is taken away is what nobody asked for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/agent_repair.h"

enum { WORD_MAX = 64 };

static int wants(const json_t *schema, const char *type) {
  const json_t *t = json_object_get(schema, "type"), *one;
  size_t i;
  if (json_is_string(t))
    return strcmp(json_string_value(t), type) == 0;
  json_array_foreach((json_t *)(uintptr_t)t, i, one) {
    if (json_is_string(one) && strcmp(json_string_value(one), type) == 0)
      return 1;
  }
  return 0;
}

/* Takes `with` (NULL: nothing happens). */
static void replace(json_t **value, json_t *with) {
  if (!with)
    return;
  json_decref(*value);
  *value = with;
}

/* The text without white space around it; 0 if it is too long to be a word or number. */
static int trimmed(const json_t *text, char out[WORD_MAX]) {
  const char *s = json_string_value(text);
  size_t n = json_string_length(text), from = 0;
  while (from < n && strchr(" \t\r\n", s[from]))
    from++;
  while (n > from && strchr(" \t\r\n", s[n - 1]))
    n--;
  if (n == from || n - from >= WORD_MAX)
    return 0;
  memcpy(out, s + from, n - from);
  out[n - from] = 0;
  return 1;
}

/* The JSON scalar that a text spells out entirely ("0.3", "true", "null"); NULL if it does not. */
static json_t *spelt(const json_t *text) {
  char word[WORD_MAX];
  if (!trimmed(text, word) || strchr("[{\"", word[0]))
    return NULL;
  return json_loads(word, JSON_DECODE_ANY, NULL);
}

/* The shortest decimal that reads back as the same number. */
static json_t *number_text(const json_t *number) {
  char out[40];
  if (json_is_integer(number)) {
    snprintf(out, sizeof out, "%lld", (long long)json_integer_value(number));
    return json_string(out);
  }
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(out, sizeof out, "%.*g", digits, json_real_value(number));
    if (!(strtod(out, NULL) < json_real_value(number)) && !(strtod(out, NULL) > json_real_value(number)))
      break;
  }
  return json_string(out);
}

/* The one word of the list that the value is, but for case, white space around it, or being written as a
 * number or a text. */
static json_t *listed_word(const json_t *list, const json_t *value) {
  const json_t *one, *found = NULL;
  char word[WORD_MAX];
  size_t i, n = 0;
  json_t *text = json_is_number(value) ? number_text(value) : NULL;
  if (json_is_string(value) ? !trimmed(value, word) : !text)
    return NULL;
  if (text)
    snprintf(word, sizeof word, "%s", json_string_value(text));
  json_decref(text);
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    json_t *as = json_is_number(one) ? number_text(one) : NULL;
    const char *s = as ? json_string_value(as) : json_is_null(one) ? "null" : json_string_value(one);
    if (s && strcasecmp(s, word) == 0) {
      found = one;
      n++;
    }
    json_decref(as);
  }
  return n == 1 ? json_deep_copy(found) : NULL;
}

static json_t *integer_of(const json_t *real) {
  double d = json_real_value(real);
  if (fabs(d) < 9e15 && !(floor(d) < d))
    return json_integer((json_int_t)d);
  return NULL;
}

/* An object or list that came as a text with JSON in it, whole. */
static json_t *unpacked(const json_t *text) {
  struct agent_reading r = {.text = json_string_value(text), .bytes = json_string_length(text)};
  r.work_max = 4 * (uint64_t)r.bytes + 1000;
  json_t *value = agent_read_value(&r);
  while (value && r.at < r.bytes && strchr(" \t\r\n", r.text[r.at]))
    r.at++;
  if (value && (r.truncated || r.at != r.bytes || !(json_is_object(value) || json_is_array(value)))) {
    json_decref(value);
    return NULL;
  }
  return value;
}

static void fit_scalar(const json_t *schema, json_t **value) {
  json_t *v = *value, *as = NULL;
  const json_t *list = json_object_get(schema, "enum");
  if (json_is_array(list)) {
    replace(value, listed_word(list, v));
    return;
  }
  if (json_is_real(v) && wants(schema, "integer"))
    as = integer_of(v);
  else if (json_is_number(v) && wants(schema, "string"))
    as = number_text(v);
  else if (json_is_string(v))
    as = spelt(v);
  if (as && json_is_real(as) && wants(schema, "integer") && !wants(schema, "number"))
    replace(&as, integer_of(as));
  if (as && !agent_schema_fits(schema, as)) {
    json_decref(as);
    as = NULL;
  }
  replace(value, as);
}

/* What a missing member says: null, no element, or an object of which every member says so; NULL where
 * that would be a value of our own. */
static json_t *unsaid(const json_t *schema, int depth) {
  json_t *none = json_null();
  if (agent_schema_fits(schema, none))
    return none;
  if (wants(schema, "array"))
    none = json_array();
  else if (wants(schema, "object"))
    none = json_object();
  agent_fit(schema, &none, depth + 1);
  if (agent_schema_fits(schema, none))
    return none;
  json_decref(none);
  return NULL;
}

static void fit_object(const json_t *schema, json_t *object, int depth) {
  const json_t *properties = json_obj(schema, "properties"), *need;
  const char *name;
  json_t *inner, *value;
  void *next;
  size_t i;
  int missing = 0;
  json_object_foreach((json_t *)(uintptr_t)properties, name, inner) {
    value = json_object_get(object, name);
    if (!value)
      continue;
    json_t *fitted = json_incref(value);
    agent_fit(inner, &fitted, depth + 1);
    if (fitted == value)
      json_decref(fitted);
    else
      json_object_set_new(object, name, fitted);
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(schema, "required"), i, need) {
    name = json_string_value(need);
    if (!name || json_object_get(object, name))
      continue;
    inner = json_object_get(properties, name);
    json_t *none = inner ? unsaid(inner, depth) : NULL;
    if (none)
      json_object_set_new(object, name, none);
    else
      missing = 1;
  }
  /* With all that was asked for in place, what else there is was not asked for; otherwise its name may
   * say what went wrong. */
  if (missing || !json_is_false(json_object_get(schema, "additionalProperties")))
    return;
  json_object_foreach_safe(object, next, name, value) {
    if (!json_object_get(properties, name))
      json_object_del(object, name);
  }
}

/* A branch that the value already fits stays; else the first that it can be made to fit. */
static void fit_any(const json_t *either, json_t **value, int depth) {
  const json_t *one;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)either, i, one) {
    json_t *copy = json_deep_copy(*value);
    if (!copy)
      return;
    agent_fit(one, &copy, depth + 1);
    if (agent_schema_fits(one, copy)) {
      replace(value, copy);
      return;
    }
    json_decref(copy);
  }
}

void agent_fit(const json_t *schema, json_t **value, int depth) {
  const json_t *either = json_object_get(schema, "anyOf"), *items = json_object_get(schema, "items");
  if (depth > AGENT_REPAIR_DEPTH_MAX || !*value)
    return;
  int list = wants(schema, "array"), map = wants(schema, "object");
  if (json_is_array(either)) {
    if (!agent_schema_fits(schema, *value))
      fit_any(either, value, depth);
    return;
  }
  if (json_is_string(*value) && (list || map) && !wants(schema, "string"))
    replace(value, unpacked(*value));
  if (list && !json_is_array(*value) && !json_is_null(*value) && items) {
    json_t *one = json_deep_copy(*value), *wrapped = NULL;
    agent_fit(items, &one, depth + 1);
    if (one && agent_schema_fits(items, one) && json_string_length(one) + json_object_size(one) > 0) {
      wrapped = json_array();
      json_array_append(wrapped, one);
    }
    json_decref(one);
    replace(value, wrapped);
  }
  if (json_is_object(*value) && map) {
    fit_object(schema, *value, depth);
  } else if (json_is_array(*value) && list && items) {
    for (size_t i = 0; i < json_array_size(*value); i++) {
      json_t *one = json_incref(json_array_get(*value, i));
      agent_fit(items, &one, depth + 1);
      json_array_set_new(*value, i, one);
    }
  } else if (!json_is_object(*value) && !json_is_array(*value) && !agent_schema_fits(schema, *value)) {
    fit_scalar(schema, value);
  }
}

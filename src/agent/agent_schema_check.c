/* Room: agent. May use base. A value against a schema, in the part of JSON Schema that ours use: type,
 * properties, required, additionalProperties, items, enum, anyOf; description, title and names that begin
 * with $ say nothing about values. Any other keyword is a mistake of ours and is named: a rule that is
 * silently not checked would be worse. The error names the place as a JSON pointer (RFC 6901). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_exchange.h"
#include "agent/agent_repair.h"

enum { DEPTH_MAX = 64, SHOWN = 6 };

/* Where we are: one link for each level, so that a pointer costs nothing until it is printed. */
struct place {
  const struct place *up;
  const char *name; /* NULL: index */
  size_t index;
  int depth, quick; /* quick: only whether it fits; no sentence, and our own schema is taken for sound */
};

static void print_place(const struct place *at, struct buffer *out) {
  if (!at->up)
    return;
  print_place(at->up, out);
  buffer_text(out, "/");
  if (!at->name) {
    buffer_printf(out, "%zu", at->index);
    return;
  }
  for (const char *p = at->name; *p && p < at->name + 60; p++)
    if (*p == '~' || *p == '/')
      buffer_text(out, *p == '~' ? "~0" : "~1");
    else
      buffer_add(out, p, 1);
}

/* "at /pitch/risks/0: " and what was wrong; the root is called "the answer". */
static enum status wrong(const struct place *at, const struct buffer *what, struct error *e) {
  struct buffer where;
  if (!e)
    return ST_INPUT;
  buffer_init(&where);
  print_place(at, &where);
  enum status st = at->up ? error_set(e, ST_INPUT, "at %.200s: %.500s", buffer_str(&where), buffer_str(what))
                          : error_set(e, ST_INPUT, "the answer: %.500s", buffer_str(what));
  buffer_fini(&where);
  return st;
}

static const char *type_name(const json_t *v) {
  switch (json_typeof(v)) {
  case JSON_OBJECT:
    return "object";
  case JSON_ARRAY:
    return "array";
  case JSON_STRING:
    return "string";
  case JSON_INTEGER:
    return "integer";
  case JSON_REAL:
    return "number";
  case JSON_NULL:
    return "null";
  default:
    return "boolean";
  }
}

/* The value itself where it is short, else its type. */
static void print_value(const json_t *v, struct buffer *out) {
  char *text = json_is_object(v) || json_is_array(v) ? NULL : json_canonical(v);
  if (text && strlen(text) <= 60)
    buffer_text(out, text);
  else
    buffer_printf(out, "%s %s", strchr("aio", *type_name(v)) ? "an" : "a", type_name(v));
  free(text);
}

static int is_type(const json_t *v, const char *type) {
  const char *have = type_name(v);
  if (strcmp(type, "number") == 0)
    return json_is_number(v);
  return strcmp(have, type) == 0;
}

static int type_fits(const json_t *type, const json_t *v) {
  const json_t *one;
  size_t i;
  if (json_is_string(type))
    return is_type(v, json_string_value(type));
  json_array_foreach((json_t *)(uintptr_t)type, i, one) {
    if (json_is_string(one) && is_type(v, json_string_value(one)))
      return 1;
  }
  return 0;
}

/* Numbers are equal as numbers (4 and 4.0). */
static int same(const json_t *a, const json_t *b) {
  if (json_is_number(a) && json_is_number(b))
    return !(json_number_value(a) < json_number_value(b)) && !(json_number_value(a) > json_number_value(b));
  return json_equal(a, b);
}

static int listed(const json_t *list, const json_t *v) {
  const json_t *one;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    if (same(one, v))
      return 1;
  }
  return 0;
}

static void print_wanted(const json_t *schema, struct buffer *out) {
  const json_t *list = json_object_get(schema, "enum"), *type = json_object_get(schema, "type");
  const json_t *either = json_object_get(schema, "anyOf"), *one;
  size_t i;
  if (json_is_array(list)) {
    buffer_text(out, json_array_size(list) == 1 ? "" : "one of ");
    json_array_foreach((json_t *)(uintptr_t)list, i, one) {
      if (i == SHOWN * 2)
        break;
      buffer_text(out, i ? ", " : "");
      print_value(one, out);
    }
    if (json_array_size(list) > SHOWN * 2)
      buffer_printf(out, " and %zu more", json_array_size(list) - SHOWN * 2);
  } else if (json_is_array(either)) {
    json_array_foreach((json_t *)(uintptr_t)either, i, one) {
      if (i == SHOWN)
        break;
      buffer_text(out, i ? " or " : "");
      print_wanted(one, out);
    }
  } else if (json_is_array(type)) {
    json_array_foreach((json_t *)(uintptr_t)type, i, one) {
      buffer_printf(out, "%s%s", i ? " or " : "", json_string_value(one) ? json_string_value(one) : "?");
    }
  } else {
    buffer_text(out, json_string_value(type) ? json_string_value(type) : "another value");
  }
}

static enum status unwanted(const json_t *schema, const json_t *v, const struct place *at, struct error *e) {
  struct buffer what;
  if (!e)
    return ST_INPUT;
  buffer_init(&what);
  buffer_text(&what, "wanted ");
  print_wanted(schema, &what);
  buffer_text(&what, ", found ");
  print_value(v, &what);
  enum status st = wrong(at, &what, e);
  buffer_fini(&what);
  return st;
}

static enum status check(const json_t *schema, const json_t *v, const struct place *at, struct error *e);

static enum status check_missing(const json_t *schema, const json_t *v, const struct place *at,
                                 struct error *e) {
  const json_t *name, *properties = json_object_get(schema, "properties");
  const char *given, *odd = NULL;
  json_t *value;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(schema, "required"), i, name) {
    const char *need = json_string_value(name);
    if (!need || json_object_get(v, need))
      continue;
    if (!e)
      return ST_INPUT;
    json_object_foreach((json_t *)(uintptr_t)v, given, value) {
      if (!odd && json_is_object(properties) && !json_object_get(properties, given))
        odd = given;
    }
    struct buffer what;
    buffer_init(&what);
    buffer_printf(&what, "\"%.60s\" is missing", need);
    if (odd)
      buffer_printf(&what, " (\"%.60s\" is there, which is not known)", odd);
    enum status st = wrong(at, &what, e);
    buffer_fini(&what);
    return st;
  }
  return ST_OK;
}

static enum status check_object(const json_t *schema, const json_t *v, const struct place *at,
                                struct error *e) {
  const json_t *properties = json_obj(schema, "properties");
  const json_t *other = json_object_get(schema, "additionalProperties");
  const char *name;
  json_t *value;
  enum status st = check_missing(schema, v, at, e);
  if (st != ST_OK)
    return st;
  json_object_foreach((json_t *)(uintptr_t)v, name, value) {
    struct place here = {at, name, 0, at->depth + 1, at->quick};
    const json_t *inner = json_object_get(properties, name);
    if (!inner && json_is_object(other))
      inner = other;
    if (!inner && json_is_false(other)) {
      struct buffer what;
      buffer_init(&what);
      buffer_printf(&what, "\"%.60s\" is not known here", name);
      st = wrong(at, &what, e);
      buffer_fini(&what);
    } else if (inner) {
      st = check(inner, value, &here, e);
    }
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

/* The error of the branch that has the value's type, since that one says what to change; of "null or an
 * object" the null is hardly what was meant. */
static enum status check_any(const json_t *either, const json_t *schema, const json_t *v,
                             const struct place *at, struct error *e) {
  const json_t *one, *near = NULL;
  size_t i, n = 0;
  json_array_foreach((json_t *)(uintptr_t)either, i, one) {
    enum status st = check(one, v, at, NULL);
    if (st == ST_OK || st == ST_INTERNAL)
      return st == ST_OK ? ST_OK : check(one, v, at, e);
    if (json_object_get(one, "type") && type_fits(json_object_get(one, "type"), v)) {
      near = one;
      n++;
    }
  }
  return n == 1 ? check(near, v, at, e) : unwanted(schema, v, at, e);
}

static enum status check_keywords(const json_t *schema, struct error *e) {
  static const char *const known[] = {"type",  "properties", "required", "additionalProperties",
                                      "items", "enum",       "anyOf",    "description",
                                      "title"};
  const char *key;
  json_t *value;
  if (!json_is_object(schema))
    return error_set(e, ST_INTERNAL, "a schema has a part that is no object");
  json_object_foreach((json_t *)(uintptr_t)schema, key, value) {
    size_t i = 0;
    while (i < sizeof known / sizeof *known && strcmp(known[i], key) != 0)
      i++;
    if (i == sizeof known / sizeof *known && *key != '$')
      return error_set(e, ST_INTERNAL, "a schema uses \"%.60s\", which is not checked here", key);
  }
  return ST_OK;
}

static enum status check(const json_t *schema, const json_t *v, const struct place *at, struct error *e) {
  const json_t *part, *one;
  size_t i;
  enum status st = at->quick ? ST_OK : check_keywords(schema, e);
  if (st != ST_OK)
    return st;
  if (at->depth > DEPTH_MAX)
    return error_set(e, ST_INPUT, "the answer is nested deeper than %d levels", DEPTH_MAX);
  if ((part = json_object_get(schema, "type")) && !type_fits(part, v))
    return unwanted(schema, v, at, e);
  if ((part = json_object_get(schema, "enum")) && !listed(part, v))
    return unwanted(schema, v, at, e);
  if ((part = json_object_get(schema, "anyOf")) && (st = check_any(part, schema, v, at, e)) != ST_OK)
    return st;
  if (json_is_object(v))
    return check_object(schema, v, at, e);
  if (json_is_array(v) && (part = json_object_get(schema, "items"))) {
    json_array_foreach((json_t *)(uintptr_t)v, i, one) {
      struct place here = {at, NULL, i, at->depth + 1, at->quick};
      if ((st = check(part, one, &here, e)) != ST_OK)
        return st;
    }
  }
  return ST_OK;
}

enum status agent_schema_check(const json_t *schema, const json_t *value, struct error *e) {
  struct place root = {NULL, NULL, 0, 0, 0};
  if (!value)
    return error_set(e, ST_INPUT, "there is no answer");
  return check(schema, value, &root, e);
}

int agent_schema_fits(const json_t *schema, const json_t *value) {
  struct place root = {NULL, NULL, 0, 0, 1};
  return value && check(schema, value, &root, NULL) == ST_OK;
}

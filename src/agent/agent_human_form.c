/* Room: agent. The form a person fills in, made of the schema of the answer: what a model is held to, a
 * person sees as empty fields with their help. Names of properties are what agent_schema_make allows, so they
 * need no quotes; descriptions come from strangers (a challenge, other pitches) and stay inside comments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_human.h"

enum { COLUMNS = 104, VALUES_SHOWN = 40 };

static void spaces(struct buffer *out, int n) {
  for (int i = 0; i < n; i++)
    buffer_text(out, " ");
}

/* text as comment lines of at most COLUMNS, broken at spaces; each of its lines begins a new one. */
static void comment(struct buffer *out, int indent, const char *text) {
  while (*text != '\0') {
    size_t line = strcspn(text, "\n"), room = (size_t)(COLUMNS - indent), n = line;
    if (n > room) {
      n = room;
      while (n > room / 2 && text[n] != ' ')
        n--;
      if (text[n] != ' ') /* one long word: it stays whole, as does a character of several bytes */
        n = strcspn(text, " \n");
    }
    spaces(out, indent);
    buffer_text(out, n > 0 ? "# " : "#");
    agent_desk_clean(text, n, 1, out);
    buffer_text(out, "\n");
    text += n;
    text += *text == ' ' || *text == '\n';
  }
}

static const char *type_of(const json_t *schema) {
  const json_t *type = json_object_get(schema, "type");
  return json_is_array(type) ? json_string_value(json_array_get(type, 0)) : json_str(schema, "type", "");
}

/* What a nullable schema is when it is not null; the schema itself otherwise. */
static const json_t *filled(const json_t *schema, int *nullable) {
  const json_t *either = json_arr(schema, "anyOf"), *one, *found = schema;
  size_t i, others = 0;
  *nullable = json_is_array(json_object_get(schema, "type"));
  json_array_foreach((json_t *)(uintptr_t)either, i, one) {
    if (strcmp(type_of(one), "null") == 0)
      *nullable = 1;
    else if (others++ == 0)
      found = one;
  }
  return others == 1 ? found : schema;
}

static void add_values(const json_t *schema, struct buffer *out) {
  const json_t *values = json_arr(schema, "enum"), *v;
  size_t i, shown = 0;
  json_array_foreach((json_t *)(uintptr_t)values, i, v) {
    char *text = json_is_string(v) || json_is_null(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY);
    if (!json_is_null(v) && shown++ < VALUES_SHOWN)
      buffer_printf(out, "%s%s", shown > 1 ? ", " : "one of: ",
                    json_is_string(v) ? json_string_value(v)
                    : text != NULL    ? text
                                      : "?");
    free(text);
  }
  if (shown > VALUES_SHOWN)
    buffer_printf(out, " ... (%zu in all)", shown);
}

/* Values of a schema, or of its branches where it has words and numbers. */
static void add_kind(const json_t *schema, struct buffer *out) {
  const json_t *either = json_arr(schema, "anyOf"), *one;
  const char *type = type_of(schema);
  size_t i, before = out->bytes;
  add_values(schema, out);
  json_array_foreach((json_t *)(uintptr_t)either, i, one) {
    if (out->bytes > before && json_object_get(one, "enum") != NULL)
      buffer_text(out, "; ");
    add_values(one, out);
  }
  if (out->bytes > before)
    return;
  if (strcmp(type, "number") == 0)
    buffer_text(out, "a number");
  else if (strcmp(type, "integer") == 0)
    buffer_text(out, "a whole number");
  else if (strcmp(type, "boolean") == 0)
    buffer_text(out, "true or false");
}

static void help(struct buffer *out, int indent, const json_t *schema, const json_t *inner, int nullable) {
  struct buffer text;
  const char *says[] = {json_str(schema, "description", ""),
                        inner != schema ? json_str(inner, "description", "") : ""};
  struct buffer kind;
  buffer_init(&text);
  buffer_init(&kind);
  add_kind(inner, &kind);
  const char *part[] = {says[0], says[1], buffer_str(&kind)};
  for (size_t i = 0; i < 3; i++)
    if (part[i][0] != '\0')
      buffer_printf(&text, "%s%s", text.bytes > 0 ? "; " : "", part[i]);
  buffer_fini(&kind);
  if (nullable)
    buffer_printf(&text, "%s(may stay empty)", text.bytes > 0 ? " " : "");
  comment(out, indent, buffer_str(&text));
  buffer_fini(&text);
}

static void fields(struct buffer *out, int indent, const json_t *schema, int dash);

/* What stands behind "key:". */
static void value(struct buffer *out, int indent, const json_t *schema) {
  int nullable;
  const json_t *inner = filled(schema, &nullable);
  const char *type = type_of(inner);
  if (strcmp(type, "object") == 0) {
    buffer_text(out, "\n");
    fields(out, indent + 2, inner, 0);
  } else if (strcmp(type, "array") == 0) {
    const json_t *items = json_obj(inner, "items");
    buffer_text(out, "\n");
    if (strcmp(type_of(items), "object") == 0) {
      fields(out, indent + 2, items, 1);
    } else {
      spaces(out, indent + 2);
      buffer_text(out, "-\n");
    }
  } else if (strncmp(json_str(schema, "description", ""), "one line", 8) == 0) {
    buffer_text(out, " \"\"\n");
  } else if (strcmp(type, "string") == 0 && json_object_get(inner, "enum") == NULL) {
    buffer_text(out, " |\n\n"); /* a block: nothing in it needs quotes */
  } else {
    buffer_text(out, "\n");
  }
}

/* The properties of an object; dash: as the first item of a list. */
static void fields(struct buffer *out, int indent, const json_t *schema, int dash) {
  const char *key;
  json_t *one;
  int first = dash;
  json_object_foreach((json_t *)(uintptr_t)json_obj(schema, "properties"), key, one) {
    int nullable, inside = indent + (dash ? 2 : 0);
    const json_t *inner = filled(one, &nullable);
    help(out, inside, one, inner, nullable);
    spaces(out, indent);
    buffer_printf(out, "%s%s:", first ? "- " : dash ? "  " : "", key);
    value(out, inside, one);
    first = 0;
  }
}

void agent_form_write(const json_t *schema, const char *question, const char *head, struct buffer *out) {
  const json_t *properties = json_obj(schema, "properties");
  void *first = json_object_iter((json_t *)(uintptr_t)properties);
  comment(out, 0, head);
  comment(out, 0,
          "\nText goes below its key, indented, as many lines as you like; numbers and words behind their "
          "key.\nItems of a list begin with a dash: copy the whole item for another one. What may stay empty "
          "counts as not said.\n");
  buffer_printf(out, "\nquestion: %s\n\n", question);
  if (first != NULL)
    fields(out, 0, json_object_iter_value(first), 0);
}

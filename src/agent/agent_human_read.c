/* Room: agent. A filled-in form becomes an answer, and what is wrong with an answer becomes a line of the
 * form. The schema steers the reading: a text stays a text though it looks like a number, and what was left
 * empty is null or absent wherever the schema lets it be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_exchange.h"
#include "agent/agent_human.h"
#include "agent/agent_repair.h"
#include "agent/agent_schema.h"

struct reading {
  const struct yaml_doc *d;
  int trim; /* texts lose the line ends behind them: sources and edits keep theirs */
};

static int is_blank_text(const char *text) {
  return text[strspn(text, " \t\r\n")] == '\0';
}

/* 1: nothing was filled in here. */
static int is_empty(const struct yaml_node *n) {
  if (n->kind == YAML_SCALAR)
    return is_blank_text(n->text) ||
           (!n->quoted && (strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0));
  for (size_t i = 0; i < n->count; i++)
    if (!is_empty(n->item[i]))
      return 0;
  return 1;
}

static int allows(const json_t *schema, const char *type) {
  const json_t *types = json_object_get(schema, "type"), *one;
  size_t i;
  if (json_is_string(types) && strcmp(json_string_value(types), type) == 0)
    return 1;
  json_array_foreach((json_t *)(uintptr_t)types, i, one) {
    if (json_is_string(one) && strcmp(json_string_value(one), type) == 0)
      return 1;
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(schema, "anyOf"), i, one) {
    if (allows(one, type))
      return 1;
  }
  return 0;
}

/* The branch of a schema that is of this type: itself, or one of its anyOf; NULL. */
static const json_t *branch(const json_t *schema, const char *type) {
  const json_t *one;
  size_t i;
  if (json_object_get(schema, "anyOf") == NULL)
    return allows(schema, type) ? schema : NULL;
  json_array_foreach((json_t *)(uintptr_t)json_arr(schema, "anyOf"), i, one) {
    if (allows(one, type))
      return one;
  }
  return NULL;
}

static json_t *read_scalar(const struct reading *r, const struct yaml_node *n, const json_t *schema) {
  int text = allows(schema, "string"),
      other = allows(schema, "number") || allows(schema, "integer") || allows(schema, "boolean");
  size_t bytes = strlen(n->text);
  if (!text || (other && !n->quoted) || (!n->quoted && is_empty(n)))
    return text && !other && is_empty(n) ? json_string("") : yaml_to_json(n);
  while (r->trim && bytes > 0 && (n->text[bytes - 1] == '\n' || n->text[bytes - 1] == ' '))
    bytes--;
  return json_stringn(n->text, bytes);
}

static enum status known_keys(const struct reading *r, const struct yaml_node *n, const json_t *properties,
                              struct error *e) {
  const char **known = calloc(json_object_size(properties) + 2, sizeof *known), *key;
  json_t *unused;
  size_t count = 0;
  if (known == NULL)
    return error_set(e, ST_MEMORY, "out of memory for a form");
  json_object_foreach((json_t *)(uintptr_t)properties, key, unused) {
    known[count++] = key;
  }
  (void)unused;
  enum status st = yaml_known_keys(r->d, n, known, e);
  free(known);
  return st;
}

static enum status read_node(const struct reading *r, const struct yaml_node *n, const json_t *schema,
                             json_t **out, struct error *e);

static enum status read_map(const struct reading *r, const struct yaml_node *n, const json_t *schema,
                            json_t **out, struct error *e) {
  const json_t *properties = json_obj(schema, "properties");
  enum status st = known_keys(r, n, properties, e);
  json_t *object = st == ST_OK ? json_object() : NULL;
  for (size_t i = 0; st == ST_OK && i < n->count; i++) {
    json_t *one = NULL;
    st = read_node(r, n->item[i], json_object_get(properties, n->key[i]->text), &one, e);
    if (st == ST_OK && json_object_set_new(object, n->key[i]->text, one) != 0)
      st = error_at(e, ST_INPUT, r->d->file, n->key[i]->line, "this text is not valid UTF-8");
  }
  if (st == ST_OK)
    *out = object;
  else
    json_decref(object);
  return st;
}

static enum status read_list(const struct reading *r, const struct yaml_node *n, const json_t *schema,
                             json_t **out, struct error *e) {
  json_t *list = json_array();
  enum status st = ST_OK;
  for (size_t i = 0; st == ST_OK && i < n->count; i++) {
    json_t *one = NULL;
    if (is_empty(n->item[i]))
      continue;
    st = read_node(r, n->item[i], json_obj(schema, "items"), &one, e);
    if (st == ST_OK && json_array_append_new(list, one) != 0)
      st = error_at(e, ST_INPUT, r->d->file, n->item[i]->line, "this text is not valid UTF-8");
  }
  if (st == ST_OK)
    *out = list;
  else
    json_decref(list);
  return st;
}

/* Types that do not fit are left as they are: the check behind names them. */
static enum status read_node(const struct reading *r, const struct yaml_node *n, const json_t *schema,
                             json_t **out, struct error *e) {
  const json_t *object = branch(schema, "object"), *list = branch(schema, "array");
  int empty = is_empty(n);
  if (empty && allows(schema, "null"))
    return *out = json_null(), ST_OK;
  if (n->kind == YAML_MAP && object != NULL)
    return read_map(r, n, object, out, e);
  if (list != NULL && (n->kind == YAML_LIST || empty)) {
    const struct yaml_node none = {.kind = YAML_LIST};
    return read_list(r, n->kind == YAML_LIST ? n : &none, list, out, e);
  }
  *out = n->kind == YAML_SCALAR ? read_scalar(r, n, schema) : yaml_to_json(n);
  return *out != NULL ? ST_OK : error_at(e, ST_INPUT, r->d->file, n->line, "this text is not valid UTF-8");
}

/* The form's own first field; the rest of the map is the answer. */
static enum status check_question(const struct yaml_doc *d, const char *question, struct error *e) {
  const struct yaml_node *n = yaml_get(d->root, "question");
  const char *text = question;
  enum status st = n != NULL ? yaml_text(d, n, "question", &text, e) : ST_OK;
  if (st == ST_OK && strcmp(text, question) != 0)
    st = error_at(e, ST_INPUT, d->file, n->line,
                  "this form answers %.100s, which is closed or somebody else's; open is %s", text, question);
  return st;
}

enum status agent_form_read(const struct yaml_doc *d, const json_t *schema, const char *question,
                            json_t **given, struct error *e) {
  const json_t *properties = json_obj(schema, "properties");
  void *first = json_object_iter((json_t *)(uintptr_t)properties);
  const char *ask = first != NULL ? json_object_iter_key(first) : "";
  json_t *inner = first != NULL ? json_object_iter_value(first) : NULL, *answer = NULL, *with;
  const struct reading r = {d, strcmp(ask, "entry") != 0};
  if (d->root->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, d->root->line, "the form must be a map of fields and values");
  enum status st = check_question(d, question, e);
  if (st != ST_OK)
    return st;
  /* The schema with the form's own field in it, so that a misspelt one is named with its neighbours. */
  with = json_deep_copy(inner);
  json_object_set_new(json_object_get(with, "properties"), "question", json_pack("{s:s}", "type", "string"));
  const struct yaml_node *own = yaml_get(d->root, ask);
  st = own != NULL && own->kind == YAML_MAP && d->root->count <= 2 ? read_map(&r, own, inner, &answer, e)
                                                                   : read_map(&r, d->root, with, &answer, e);
  json_decref(with);
  if (st != ST_OK)
    return st;
  json_object_del(answer, "question");
  *given = json_object();
  json_object_set_new(*given, ask, answer);
  return ST_OK;
}

/* ------------------------------------------------------------------ lines */

/* The item that the answer's i-th is: empty ones were left out. */
static const struct yaml_node *nth_item(const struct yaml_node *list, size_t i) {
  for (size_t k = 0; k < list->count; k++)
    if (!is_empty(list->item[k]) && i-- == 0)
      return list->item[k];
  return NULL;
}

static int ends_name(char c) {
  return c == '\0' || c == '.' || c == '/' || c == '[' || c == ':' || c == ' ';
}

/* The longest key of a map that a place begins with: names may have dots in them. */
static const struct yaml_node *step_in(const struct yaml_node *map, const char **place, int *line) {
  const struct yaml_node *found = NULL;
  size_t best = 0;
  for (size_t i = 0; i < map->count; i++) {
    size_t n = strlen(map->key[i]->text);
    if (n < best + 1 || strncmp(*place, map->key[i]->text, n) != 0 || !ends_name((*place)[n]))
      continue;
    best = n;
    found = map->item[i];
    *line = map->key[i]->line;
  }
  *place += best;
  return found;
}

int agent_form_line(const struct yaml_doc *d, const char *place) {
  const struct yaml_node *n = d->root;
  int line = n->line;
  if (strncmp(place, "at /", 4) == 0)
    place += 4;
  const char *behind = place + strcspn(place, "./: "), *at = place;
  const struct yaml_node *wrapped = n->kind == YAML_MAP ? step_in(n, &at, &line) : NULL;
  if (wrapped != NULL && at == behind)
    n = wrapped; /* the form has the answer's own name; it may go without */
  place = behind;
  while (n != NULL && (*place == '.' || *place == '/' || *place == '[')) {
    place++;
    if (n->kind == YAML_MAP) {
      n = step_in(n, &place, &line);
    } else if (n->kind == YAML_LIST) {
      char *end;
      n = nth_item(n, strtoul(place, &end, 10));
      line = n != NULL ? n->line : line;
      place = end + (*end == ']');
    } else {
      break;
    }
  }
  return line;
}

enum status agent_form_check(const struct yaml_doc *d, const char *file, const json_t *request,
                             const json_t *schema, json_t *given, json_t **answer, struct error *e) {
  struct error why = {.status = ST_OK};
  json_t *fitted = json_incref(given);
  *answer = NULL;
  agent_fit(schema, &fitted, 0);
  enum status st = agent_schema_check(schema, fitted, &why);
  if (st == ST_OK)
    st = agent_schema_answer(request, fitted, answer, &why);
  if (st == ST_OK)
    st = agent_answer_check(request, *answer, &why);
  json_decref(fitted);
  if (st == ST_OK)
    return ST_OK;
  json_decref(*answer);
  *answer = NULL;
  return error_at(e, st, file, d != NULL ? agent_form_line(d, why.text) : 0, "%s", why.text);
}

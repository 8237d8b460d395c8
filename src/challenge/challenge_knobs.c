/* Room: challenge. May use base and sandbox.
 *
 * knobs.yml: the names, values and constraints of a family of entries. What a setting is and does is
 * in challenge_setting.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_machine.h"
#include "challenge/challenge_load.h"

/* What the names in an expression of knobs.yml may stand for. */
struct challenge_names {
  const struct challenge *c;
  const struct knob_space *k;
  int shapes; /* sizes and `groups` too: estimates and their limits */
};

static enum expr_kind challenge_name_kind(void *context, const char *name) {
  const struct challenge_names *names = context;
  double ignored = 0.0;
  int word = 0;
  for (size_t i = 0; i < names->k->n_knobs; i++) {
    const struct knob *k = &names->k->knob[i];
    size_t words = 0;
    for (size_t v = 0; v < k->n_values; v++) {
      words += (size_t)k->is_word[v];
      word |= k->is_word[v] && strcmp(k->value[v], name) == 0;
    }
    if (strcmp(k->name, name) == 0)
      return words == 0 ? EXPR_NUMBER : words == k->n_values ? EXPR_WORD : EXPR_EITHER;
  }
  if (names->shapes) {
    if (strcmp(name, "groups") == 0)
      return EXPR_NUMBER;
    for (size_t i = 0; i < names->c->n_sizes; i++)
      if (strcmp(names->c->size_name[i], name) == 0)
        return EXPR_NUMBER;
  }
  if (machine_fact(name, &ignored))
    return EXPR_NUMBER;
  return word ? EXPR_WORD : EXPR_UNKNOWN;
}

static enum status knob_load_expr(struct challenge_loader *l, struct challenge_names *names,
                                  const struct yaml_node *map, const char *key, const char *where,
                                  const char **text, const struct expr **out) {
  enum status s = challenge_need_text(l, map, key, where, text);
  if (s == ST_OK)
    s = expr_parse(*text, l->doc.file, yaml_get(map, key)->line, &l->c->arena, out, l->e);
  if (s == ST_OK)
    s = expr_check(*out, challenge_name_kind, names, l->e);
  return s;
}

static enum status knob_load_value(struct challenge_loader *l, const struct yaml_node *n, struct knob *k,
                                   size_t i, int *is_word, double *number, const char **value) {
  int64_t v = 0;
  struct error ignored; /* not a number: then it must be a word */
  enum status s = yaml_text(&l->doc, n, "a value of a knob", &value[i], l->e);
  if (s != ST_OK)
    return s;
  if (yaml_int(&l->doc, n, "", -1000000000, 1000000000, &v, &ignored) == ST_OK) {
    number[i] = (double)v;
  } else if (challenge_is_word(value[i])) {
    is_word[i] = 1;
    number[i] = expr_word(value[i]);
  } else {
    return challenge_bad(l, n, "`%.60s` is neither a whole number nor a word, as the values of `%s` must be",
                         value[i], k->name);
  }
  for (size_t j = 0; j < i; j++)
    if (number[j] == number[i])
      return challenge_bad(l, n, "the knob `%s` has the value %.60s twice", k->name, value[i]);
  return ST_OK;
}

/* A knob's name must mean one thing wherever an expression can stand. */
static enum status knob_check_name(struct challenge_loader *l, const struct yaml_node *map,
                                   const struct knob_space *space, size_t i) {
  const char *name = space->knob[i].name;
  double ignored = 0.0;
  if (!challenge_is_word(name))
    return challenge_bad(l, map, "`%.60s` cannot be the name of a knob", name);
  for (size_t k = 0; k < i; k++)
    if (strcmp(space->knob[k].name, name) == 0)
      return challenge_bad(l, map, "the knob `%s` is declared twice (first in line %d)", name,
                           space->knob[k].line);
  int taken = strcmp(name, "groups") == 0 || machine_fact(name, &ignored);
  for (size_t k = 0; k < l->c->n_sizes; k++)
    taken |= strcmp(l->c->size_name[k], name) == 0;
  if (taken)
    return challenge_bad(l, map, "`%s` already names a size or a fact of the machine", name);
  return ST_OK;
}

static enum status knob_load_knobs(struct challenge_loader *l, const struct yaml_node *root,
                                   struct knob_space *space) {
  static const char *const known[] = {"name", "values", "text", NULL};
  const struct yaml_node *list = NULL;
  struct arena *a = &l->c->arena;
  enum status s = challenge_want_list(l, root, "knobs", 1, CHALLENGE_MAX_KNOBS, &list);
  if (s == ST_OK && !list)
    s = challenge_bad(l, root, "`knobs` is missing");
  if (s != ST_OK)
    return s;
  struct knob *knob = arena_array(a, list->count, sizeof *knob);
  if (!knob)
    return challenge_out_of_memory(l);
  space->knob = knob;
  for (size_t i = 0; i < list->count; i++) {
    const struct yaml_node *map = list->item[i], *values = NULL;
    knob[i].line = map->line;
    knob[i].text = "";
    s = yaml_known_keys(&l->doc, map, known, l->e);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "name", "a knob", &knob[i].name);
    if (s == ST_OK)
      s = challenge_want_text(l, map, "text", &knob[i].text);
    if (s == ST_OK)
      s = knob_check_name(l, map, space, i);
    if (s == ST_OK)
      s = challenge_want_list(l, map, "values", 1, CHALLENGE_MAX_KNOB_VALUES, &values);
    if (s == ST_OK && !values)
      s = challenge_bad(l, map, "the knob `%s` needs `values`", knob[i].name);
    if (s != ST_OK)
      return s;
    const char **value = arena_array(a, values->count, sizeof *value);
    int *is_word = arena_array(a, values->count, sizeof *is_word);
    double *number = arena_array(a, values->count, sizeof *number);
    if (!value || !is_word || !number)
      return challenge_out_of_memory(l);
    for (size_t v = 0; v < values->count && s == ST_OK; v++)
      s = knob_load_value(l, values->item[v], &knob[i], v, is_word, number, value);
    if (s != ST_OK)
      return s;
    knob[i].n_values = values->count;
    knob[i].value = value;
    knob[i].is_word = is_word;
    knob[i].number = number;
    space->n_knobs = i + 1;
  }
  return ST_OK;
}

static enum status knob_load_constraints(struct challenge_loader *l, const struct yaml_node *root,
                                         struct knob_space *space) {
  static const char *const known[] = {"need", "why", NULL};
  struct challenge_names names = {l->c, space, 0};
  const struct yaml_node *list = NULL;
  enum status s = challenge_want_list(l, root, "constraints", 0, CHALLENGE_MAX_ENTRIES, &list);
  if (s != ST_OK || !list)
    return s;
  struct knob_constraint *need = arena_array(&l->c->arena, list->count + 1, sizeof *need);
  if (!need)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < list->count && s == ST_OK; i++) {
    const struct yaml_node *map = list->item[i];
    need[i].line = map->line;
    s = yaml_known_keys(&l->doc, map, known, l->e);
    if (s == ST_OK)
      s = knob_load_expr(l, &names, map, "need", "a constraint", &need[i].need_text, &need[i].need);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "why", "a constraint", &need[i].why);
  }
  space->constraint = need;
  space->n_constraints = list->count;
  return s;
}

static enum status knob_load_estimates(struct challenge_loader *l, const struct yaml_node *root,
                                       struct knob_space *space) {
  static const char *const known[] = {"name", "expr", "text", NULL}, *const known_limit[] = {"estimate",
                                                                                             "max", NULL};
  struct challenge_names names = {l->c, space, 1};
  const struct yaml_node *list = NULL, *limits = NULL;
  enum status s = challenge_want_list(l, root, "estimates", 0, CHALLENGE_MAX_ENTRIES, &list);
  if (s == ST_OK)
    s = challenge_want_list(l, root, "limits", 0, CHALLENGE_MAX_ENTRIES, &limits);
  if (s != ST_OK)
    return s;
  size_t n = list ? list->count : 0;
  struct knob_estimate *estimate = arena_array(&l->c->arena, n + 1, sizeof *estimate);
  if (!estimate)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < n && s == ST_OK; i++) {
    const struct yaml_node *map = list->item[i];
    struct knob_estimate *one = &estimate[i];
    one->text = "";
    s = yaml_known_keys(&l->doc, map, known, l->e);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "name", "an estimate", &one->name);
    if (s == ST_OK)
      s = knob_load_expr(l, &names, map, "expr", "an estimate", &one->expr_text, &one->expr);
    if (s == ST_OK)
      s = challenge_want_text(l, map, "text", &one->text);
    for (size_t k = 0; k < i && s == ST_OK; k++)
      if (strcmp(estimate[k].name, one->name) == 0)
        s = challenge_bad(l, map, "the estimate `%.60s` is declared twice", one->name);
  }
  for (size_t i = 0; s == ST_OK && limits && i < limits->count; i++) {
    const struct yaml_node *map = limits->item[i];
    const char *name = NULL;
    size_t k = 0;
    s = yaml_known_keys(&l->doc, map, known_limit, l->e);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "estimate", "a limit", &name);
    while (s == ST_OK && k < n && strcmp(estimate[k].name, name) != 0)
      k++;
    if (s == ST_OK && k == n)
      s = challenge_bad(l, map, "there is no estimate `%.60s` to limit", name);
    if (s == ST_OK && estimate[k].max)
      s = challenge_bad(l, map, "a second limit on the estimate `%.60s`", name);
    if (s == ST_OK)
      s = knob_load_expr(l, &names, map, "max", "a limit", &estimate[k].max_text, &estimate[k].max);
  }
  space->estimate = estimate;
  space->n_estimates = n;
  return s;
}

static enum status knob_load_start(struct challenge_loader *l, const struct yaml_node *root,
                                   struct knob_space *space) {
  const char *known[CHALLENGE_MAX_KNOBS + 1] = {NULL};
  const struct yaml_node *map = yaml_get(root, "start");
  if (!map)
    return challenge_bad(l, root, "`start` is missing: the setting to begin with");
  for (size_t i = 0; i < space->n_knobs; i++)
    known[i] = space->knob[i].name;
  enum status s = yaml_known_keys(&l->doc, map, known, l->e);
  uint32_t *start = arena_array(&l->c->arena, space->n_knobs, sizeof *start);
  if (s == ST_OK && !start)
    s = challenge_out_of_memory(l);
  for (size_t i = 0; i < space->n_knobs && s == ST_OK; i++) {
    const struct knob *k = &space->knob[i];
    const struct yaml_node *n = yaml_get(map, k->name);
    const char *value = NULL;
    if (!n)
      return challenge_bad(l, map, "`start` says nothing about the knob `%s`", k->name);
    s = yaml_text(&l->doc, n, "a value in `start`", &value, l->e);
    uint32_t v = 0;
    while (s == ST_OK && v < k->n_values && strcmp(k->value[v], value) != 0)
      v++;
    if (s == ST_OK && v == k->n_values)
      return challenge_bad(l, n, "the knob `%s` has no value %.60s", k->name, value);
    start[i] = v;
  }
  space->start = start;
  return s;
}

enum status challenge_load_knobs(struct challenge *c, const char *path, const char *dir, struct error *e) {
  static const char *const known[] = {"schema",    "source", "knobs", "constraints",
                                      "estimates", "limits", "start", NULL};
  struct challenge_loader l = {.c = c, .dir = dir, .e = e};
  const char *schema = NULL;
  enum status s = yaml_read_file(path, &c->arena, &l.doc, e);
  if (s != ST_OK)
    return s;
  const struct yaml_node *root = l.doc.root;
  struct knob_space *space = arena_alloc(&c->arena, sizeof *space);
  if (!space)
    return challenge_out_of_memory(&l);
  space->file = path;
  s = yaml_known_keys(&l.doc, root, known, e);
  if (s == ST_OK)
    s = challenge_need_text(&l, root, "schema", "this file", &schema);
  if (s == ST_OK && strcmp(schema, "sharktank.knobs/1") != 0)
    s = challenge_bad(&l, yaml_get(root, "schema"), "`schema` must be sharktank.knobs/1, not \"%.60s\"",
                      schema);
  if (s == ST_OK && !yaml_get(root, "source"))
    s = challenge_bad(&l, root, "`source` is missing: the family's file");
  if (s == ST_OK)
    s = challenge_want_file(&l, root, "source", &space->source_path);
  if (s == ST_OK)
    s = knob_load_knobs(&l, root, space);
  if (s == ST_OK)
    s = knob_load_constraints(&l, root, space);
  if (s == ST_OK)
    s = knob_load_estimates(&l, root, space);
  if (s == ST_OK)
    s = knob_load_start(&l, root, space);
  if (s == ST_OK)
    c->knobs = space;
  return s;
}

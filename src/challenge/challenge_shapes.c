/* Room: challenge. May use base and sandbox.
 *
 * Shapes: `sizes:`, `legal:` and the lists `tests:`, `benchmarks:`, `scaled:`. A case is a map of
 * sizes; a list among its values makes it a case of that many groups, and a scalar beside lists holds
 * for every group. */
#include <stdio.h>
#include <string.h>

#include "base/base_buffer.h"
#include "challenge/challenge_load.h"

static const int64_t CHALLENGE_MAX_SIZE = (int64_t)1 << 40;

/* Keys of a case that are not sizes. `g` is one only where groups exist: see challenge_has_lists. */
static int challenge_case_extra(const struct challenge_loader *l, const char *key, int grouped) {
  if (strcmp(key, "seed") == 0)
    return 1;
  if (strcmp(key, "g") == 0) {
    for (size_t i = 0; i < l->c->n_sizes; i++)
      if (strcmp(l->c->size_name[i], "g") == 0)
        return 0;
    return grouped || !l->imported;
  }
  return !l->imported && (strcmp(key, "name") == 0 || strcmp(key, "stands_for") == 0);
}

static int challenge_has_lists(const struct yaml_node *list) {
  for (size_t i = 0; list && i < list->count; i++)
    for (size_t k = 0; list->item[i]->kind == YAML_MAP && k < list->item[i]->count; k++)
      if (list->item[i]->item[k]->kind == YAML_LIST)
        return 1;
  return 0;
}

static enum status challenge_check_case_maps(struct challenge_loader *l, const struct yaml_node *list) {
  for (size_t i = 0; list && i < list->count; i++)
    if (list->item[i]->kind != YAML_MAP)
      return challenge_bad(l, list->item[i], "a case must be a map such as {m: 128, n: 256}");
  return ST_OK;
}

/* A number that any YAML reader would take for an integer. */
static int challenge_is_integer(struct challenge_loader *l, const struct yaml_node *n) {
  int64_t v = 0;
  struct error ignored; /* the question is whether, not why */
  if (n->kind == YAML_LIST) {
    for (size_t i = 0; i < n->count; i++)
      if (n->item[i]->kind == YAML_LIST || !challenge_is_integer(l, n->item[i]))
        return 0;
    return n->count > 0;
  }
  return yaml_int(&l->doc, n, "", -CHALLENGE_MAX_SIZE, CHALLENGE_MAX_SIZE, &v, &ignored) == ST_OK;
}

/* 1 if `key` holds integers in every case of both lists. */
static int challenge_in_every_case(struct challenge_loader *l, const struct yaml_node *const list[2],
                                   const char *key) {
  for (int t = 0; t < 2; t++)
    for (size_t i = 0; list[t] && i < list[t]->count; i++) {
      const struct yaml_node *n = yaml_get(list[t]->item[i], key);
      if (!n || !challenge_is_integer(l, n))
        return 0;
    }
  return 1;
}

/* An imported task names no sizes: they are the keys that are whole numbers in every one of its
 * cases, in the order of the first. Words and keys of some cases only stay in the shape's text. */
static enum status challenge_derive_sizes(struct challenge_loader *l, const struct yaml_node *const list[2],
                                          int grouped) {
  const struct yaml_node *first = list[0] ? list[0]->item[0] : list[1]->item[0];
  const char **name = arena_array(&l->c->arena, CHALLENGE_MAX_SIZES, sizeof *name);
  size_t n = 0;
  if (!name)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < first->count; i++) {
    const char *key = first->key[i]->text;
    if (challenge_case_extra(l, key, grouped) || !challenge_in_every_case(l, list, key))
      continue;
    if (n == CHALLENGE_MAX_SIZES)
      return challenge_bad(l, first, "a case may have at most %d sizes", (int)CHALLENGE_MAX_SIZES);
    name[n++] = key;
  }
  if (n == 0)
    return challenge_bad(l, first, "a case needs at least one size, a whole number");
  l->c->size_name = name;
  l->c->n_sizes = n;
  return ST_OK;
}

static enum status challenge_load_sizes(struct challenge_loader *l, const struct yaml_node *root) {
  const struct yaml_node *list = NULL;
  enum status s = challenge_want_list(l, root, "sizes", 1, CHALLENGE_MAX_SIZES, &list);
  if (s != ST_OK)
    return s;
  if (!list)
    return challenge_bad(l, root, "`sizes` is missing: the names of the sizes of a case, such as [m, n, k]");
  const char **name = arena_array(&l->c->arena, list->count, sizeof *name);
  if (!name)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < list->count; i++) {
    s = yaml_text(&l->doc, list->item[i], "a name in `sizes`", &name[i], l->e);
    if (s != ST_OK)
      return s;
    if (!challenge_is_word(name[i]) || strcmp(name[i], "seed") == 0 || strcmp(name[i], "groups") == 0)
      return challenge_bad(l, list->item[i], "`%.60s` cannot be the name of a size", name[i]);
    for (size_t k = 0; k < i; k++)
      if (strcmp(name[i], name[k]) == 0)
        return challenge_bad(l, list->item[i], "the size `%s` is named twice", name[i]);
  }
  l->c->size_name = name;
  l->c->n_sizes = list->count;
  return ST_OK;
}

static enum expr_kind challenge_size_kind(void *context, const char *name) {
  const struct challenge *c = context;
  for (size_t i = 0; i < c->n_sizes; i++)
    if (strcmp(c->size_name[i], name) == 0)
      return EXPR_NUMBER;
  return EXPR_UNKNOWN;
}

static enum status challenge_load_legal(struct challenge_loader *l, const struct yaml_node *root) {
  const struct yaml_node *list = NULL;
  struct challenge *c = l->c;
  enum status s = challenge_want_list(l, root, "legal", 1, CHALLENGE_MAX_ENTRIES, &list);
  if (s != ST_OK || !list)
    return s;
  const struct expr **legal = arena_array(&c->arena, list->count, sizeof *legal);
  const char **text = arena_array(&c->arena, list->count, sizeof *text);
  if (!legal || !text)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < list->count && s == ST_OK; i++) {
    s = yaml_text(&l->doc, list->item[i], "an entry of `legal`", &text[i], l->e);
    if (s == ST_OK)
      s = expr_parse(text[i], l->doc.file, list->item[i]->line, &c->arena, &legal[i], l->e);
    if (s == ST_OK)
      s = expr_check(legal[i], challenge_size_kind, c, l->e);
  }
  c->legal = legal;
  c->legal_text = text;
  c->n_legal = list->count;
  return s;
}

struct challenge_sizes_lookup {
  const struct challenge *c;
  const int64_t *sizes;
};

static int challenge_size_value(void *context, const char *name, double *value) {
  const struct challenge_sizes_lookup *look = context;
  for (size_t i = 0; i < look->c->n_sizes; i++)
    if (strcmp(look->c->size_name[i], name) == 0)
      return *value = (double)look->sizes[i], 1;
  return 0;
}

int challenge_shape_legal(const struct challenge *c, const struct challenge_shape *s, const char **why) {
  for (uint32_t p = 0; p < s->n_problems; p++) {
    struct challenge_sizes_lookup look = {c, s->sizes + (size_t)p * c->n_sizes};
    for (size_t i = 0; i < c->n_legal; i++) {
      double holds = 0.0;
      struct error ignored; /* an expression without a value (k % 0) does not hold */
      if (expr_eval(c->legal[i], challenge_size_value, &look, &holds, &ignored) == ST_OK && holds != 0.0)
        continue;
      if (why)
        *why = c->legal_text[i];
      return 0;
    }
  }
  return 1;
}

/* How many groups the lists of a case say there are; g, where it stands, must agree. */
static enum status challenge_count_groups(struct challenge_loader *l, const struct yaml_node *map,
                                          int grouped, uint32_t *out) {
  const struct yaml_node *longest = NULL, *g = yaml_get(map, "g");
  const char *longest_key = NULL;
  for (size_t i = 0; i < l->c->n_sizes; i++) {
    const struct yaml_node *n = yaml_get(map, l->c->size_name[i]);
    if (!n)
      return challenge_bad(l, map, "this case says nothing about the size `%s`", l->c->size_name[i]);
    if (n->kind != YAML_LIST)
      continue;
    if (n->count == 0 || n->count > CHALLENGE_MAX_GROUPS)
      return challenge_bad(l, n, "`%s` must list between 1 and %d groups, not %zu", l->c->size_name[i],
                           (int)CHALLENGE_MAX_GROUPS, n->count);
    if (longest && n->count != longest->count)
      return challenge_bad(l, n, "`%s` lists %zu groups where `%s` lists %zu", l->c->size_name[i], n->count,
                           longest_key, longest->count);
    longest = n;
    longest_key = l->c->size_name[i];
  }
  *out = longest ? (uint32_t)longest->count : 1;
  if (g && challenge_case_extra(l, "g", grouped)) {
    int64_t said = 0;
    enum status s = yaml_int(&l->doc, g, "g", 1, CHALLENGE_MAX_GROUPS, &said, l->e);
    if (s != ST_OK)
      return s;
    if (said != (int64_t)*out)
      return challenge_bad(l, g, "g is %lld, but the sizes of this case list %u groups", (long long)said,
                           *out);
  }
  return ST_OK;
}

/* One line for people: "G=2 M=96,128 N=256 K=512 case=mixed"; equal values are said once. */
static const char *challenge_shape_text(struct challenge_loader *l, const struct yaml_node *map, int grouped,
                                        const struct challenge_shape *shape) {
  struct challenge *c = l->c;
  struct buffer text;
  buffer_init(&text);
  if (shape->n_problems > 1)
    buffer_printf(&text, "G=%u ", shape->n_problems);
  for (size_t i = 0; i < c->n_sizes; i++) {
    int equal = 1;
    if (i)
      buffer_text(&text, " ");
    for (const char *at = c->size_name[i]; *at; at++)
      buffer_printf(&text, "%c", *at >= 'a' && *at <= 'z' ? *at - 32 : *at);
    for (uint32_t p = 1; p < shape->n_problems; p++)
      equal &= shape->sizes[p * c->n_sizes + i] == shape->sizes[i];
    for (uint32_t p = 0; p < (equal ? 1 : shape->n_problems); p++)
      buffer_printf(&text, "%s%lld", p ? "," : "=", (long long)shape->sizes[p * c->n_sizes + i]);
  }
  for (size_t i = 0; i < map->count; i++) { /* imported: what is not a size */
    const struct yaml_node *n = map->item[i];
    if (challenge_size_kind(c, map->key[i]->text) == EXPR_UNKNOWN && n->kind == YAML_SCALAR &&
        !challenge_case_extra(l, map->key[i]->text, grouped))
      buffer_printf(&text, " %s=%s", map->key[i]->text, n->text);
  }
  const char *kept = arena_strdup(&c->arena, buffer_str(&text));
  buffer_fini(&text);
  return kept;
}

static enum status challenge_case_keys(struct challenge_loader *l, const struct yaml_node *map) {
  const char *known[CHALLENGE_MAX_SIZES + 5] = {"seed", "name", "g", "stands_for", NULL};
  size_t n = 4;
  if (l->imported)
    return ST_OK;
  for (size_t i = 0; i < l->c->n_sizes; i++)
    known[n++] = l->c->size_name[i];
  return yaml_known_keys(&l->doc, map, known, l->e);
}

static enum status challenge_load_case(struct challenge_loader *l, const struct yaml_node *map, int grouped,
                                       struct challenge_shape *shape) {
  struct challenge *c = l->c;
  const struct yaml_node *seed = yaml_get(map, "seed");
  shape->line = map->line;
  enum status s = challenge_case_keys(l, map);
  if (s == ST_OK)
    s = challenge_count_groups(l, map, grouped, &shape->n_problems);
  if (s != ST_OK)
    return s;
  int64_t *sizes = arena_array(&c->arena, shape->n_problems * c->n_sizes, sizeof *sizes);
  if (!sizes)
    return challenge_out_of_memory(l);
  int64_t least = l->imported ? -CHALLENGE_MAX_SIZE : 1;
  for (size_t i = 0; i < c->n_sizes; i++) {
    const struct yaml_node *n = yaml_get(map, c->size_name[i]);
    for (uint32_t p = 0; p < shape->n_problems; p++) {
      s = yaml_int(&l->doc, n->kind == YAML_LIST ? n->item[p] : n, c->size_name[i], least, CHALLENGE_MAX_SIZE,
                   &sizes[p * c->n_sizes + i], l->e);
      if (s != ST_OK)
        return s;
    }
  }
  shape->sizes = sizes;
  if (seed && !(l->imported && seed->kind == YAML_SCALAR && !*seed->text)) { /* `"seed": }` is found there */
    int64_t v = 0;
    s = yaml_int(&l->doc, seed, "seed", 0, 999999999999999999, &v, l->e);
    if (s != ST_OK)
      return s;
    shape->seed = (uint64_t)v;
  }
  shape->text = challenge_shape_text(l, map, grouped, shape);
  return shape->text ? challenge_want_text(l, map, "name", &shape->name) : challenge_out_of_memory(l);
}

/* After all lists are read: legal, and named once. */
static enum status challenge_check_shape(struct challenge_loader *l, const struct challenge_shape *s) {
  const char *why = NULL;
  if (!challenge_shape_legal(l->c, s, &why))
    return error_at(l->e, ST_INPUT, l->doc.file, s->line, "the shape %s (%s) does not meet `legal`: %s",
                    s->name, s->text, why);
  if (!challenge_is_word(s->name))
    return error_at(l->e, ST_INPUT, l->doc.file, s->line, "`%.60s` cannot be the name of a shape", s->name);
  const struct challenge_shape *first = challenge_find_shape(l->c, s->name);
  if (first && first != s)
    return error_at(l->e, ST_INPUT, l->doc.file, s->line,
                    "a second shape is named `%s` (the first in line %d)", s->name, first->line);
  return ST_OK;
}

static enum status challenge_load_list(struct challenge_loader *l, const struct yaml_node *list, int grouped,
                                       const char *prefix, const struct challenge_shape **out,
                                       size_t *n_out) {
  size_t n = list ? list->count : 0;
  struct challenge_shape *shape = arena_array(&l->c->arena, n + 1, sizeof *shape);
  if (!shape)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < n; i++) {
    shape[i].name = arena_printf(&l->c->arena, "%s%zu", prefix, i + 1);
    enum status s = shape[i].name ? challenge_load_case(l, list->item[i], grouped, &shape[i])
                                  : challenge_out_of_memory(l);
    if (s != ST_OK)
      return s;
    if (yaml_get(list->item[i], "stands_for") && strcmp(prefix, "scaled") != 0 && !l->imported)
      return challenge_bad(l, list->item[i], "only a shape of `scaled` stands for another");
  }
  *out = shape;
  *n_out = n;
  return ST_OK;
}

/* Scaled shapes stand for the benchmark they name, or for the one of the same place in the list. */
static enum status challenge_load_scaled(struct challenge_loader *l, const struct yaml_node *list,
                                         int grouped) {
  struct challenge *c = l->c;
  const struct challenge_shape *loaded = NULL;
  size_t n = 0;
  enum status s = challenge_load_list(l, list, grouped, "scaled", &loaded, &n);
  if (s != ST_OK)
    return s;
  struct challenge_shape *shape = arena_array(&c->arena, n, sizeof *shape);
  if (!shape)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < n; i++) {
    const char *stands_for = NULL;
    shape[i] = loaded[i];
    s = challenge_want_text(l, list->item[i], "stands_for", &stands_for);
    if (s != ST_OK)
      return s;
    if (!stands_for && i < c->n_full)
      stands_for = c->full[i].name;
    for (size_t k = 0; k < c->n_full && stands_for; k++)
      if (strcmp(c->full[k].name, stands_for) == 0)
        shape[i].stands_for = c->full[k].name;
    if (!shape[i].stands_for)
      return challenge_bad(l, list->item[i], "`stands_for` must name a shape of `benchmarks`, not \"%.60s\"",
                           stands_for ? stands_for : "");
    shape[i].scaled = 1;
  }
  for (size_t i = 0; i < n && s == ST_OK; i++) {
    for (size_t k = 0; k < i && s == ST_OK; k++)
      if (strcmp(shape[i].name, shape[k].name) == 0)
        s = challenge_bad(l, list->item[i], "a second shape is named `%s`", shape[i].name);
    if (s == ST_OK)
      s = challenge_check_shape(l, &shape[i]);
  }
  if (s == ST_OK && strcmp(c->device_in_play, "cpu") == 0) {
    c->benchmark = shape;
    c->n_benchmarks = n;
  }
  return s;
}

enum status challenge_load_shapes(struct challenge_loader *l, const struct yaml_node *root) {
  struct challenge *c = l->c;
  const struct yaml_node *list[3] = {NULL, NULL, NULL};
  static const char *const key[3] = {"tests", "benchmarks", "scaled"};
  enum status s = ST_OK;
  int grouped = 0;
  for (int i = 0; i < 3 && s == ST_OK; i++) {
    s = challenge_want_list(l, root, key[i], 1, CHALLENGE_MAX_SHAPES, &list[i]);
    if (s == ST_OK)
      s = challenge_check_case_maps(l, list[i]);
    if (s == ST_OK && !list[i] && i < 2)
      s = challenge_bad(l, root, "`%s` is missing", key[i]);
    grouped |= challenge_has_lists(list[i]);
  }
  if (s == ST_OK)
    s = l->imported ? challenge_derive_sizes(l, list, grouped) : challenge_load_sizes(l, root);
  if (s == ST_OK)
    s = challenge_load_legal(l, root);
  if (s == ST_OK)
    s = challenge_load_list(l, list[0], grouped, "test", &c->test, &c->n_tests);
  if (s == ST_OK)
    s = challenge_load_list(l, list[1], grouped, "bench", &c->full, &c->n_full);
  c->benchmark = c->full;
  c->n_benchmarks = c->n_full;
  for (size_t i = 0; i < c->n_tests && s == ST_OK; i++)
    s = challenge_check_shape(l, &c->test[i]);
  for (size_t i = 0; i < c->n_full && s == ST_OK; i++)
    s = challenge_check_shape(l, &c->full[i]);
  if (s == ST_OK && list[2])
    s = challenge_load_scaled(l, list[2], grouped);
  return s;
}

/* Room: challenge. May use base and sandbox.
 *
 * The terms of a challenge: tensors, libraries, the compile line, what a pitch must claim, words a
 * source may not contain, and the devices of its rooflines. */
#include <stdio.h>
#include <string.h>

#include "challenge/challenge_load.h"

static const char *const challenge_type_names[] = {"e2m1x2", "e4m3", "u8",  "f16", "bf16",
                                                   "f32",    "f64",  "i32", "i64", NULL};
static const char *const challenge_libraries[] = {"nvfp4", NULL};
static const char *const challenge_device_tags[] = {"cpu", "cuda", NULL};

static int challenge_listed(const char *word, const char *const list[]) {
  for (size_t i = 0; list[i]; i++)
    if (strcmp(word, list[i]) == 0)
      return 1;
  return 0;
}

/* "`x` is not a TYPE; did you mean `y`?" */
static enum status challenge_not_listed(struct challenge_loader *l, const struct yaml_node *n,
                                        const char *word, const char *what, const char *const list[]) {
  const char *near = base_nearest_word(word, list);
  if (near)
    return challenge_bad(l, n, "`%.60s` is not %s; did you mean `%s`?", word, what, near);
  return challenge_bad(l, n, "`%.60s` is not %s; there is `%s` and the like", word, what, list[0]);
}

static enum status challenge_load_tensors(struct challenge_loader *l, const struct yaml_node *root,
                                          const char *key, const struct challenge_tensor **out,
                                          size_t *n_out) {
  static const char *const known[] = {"name", "type", NULL};
  const struct yaml_node *list = NULL;
  enum status s = challenge_want_list(l, root, key, 1, CHALLENGE_MAX_TENSORS, &list);
  if (s != ST_OK || !list)
    return s;
  struct challenge_tensor *t = arena_array(&l->c->arena, list->count, sizeof *t);
  if (!t)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < list->count; i++) {
    const struct yaml_node *map = list->item[i];
    s = yaml_known_keys(&l->doc, map, known, l->e);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "name", "a tensor", &t[i].name);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "type", "a tensor", &t[i].type);
    if (s != ST_OK)
      return s;
    if (!challenge_is_word(t[i].name))
      return challenge_bad(l, map, "`%.60s` cannot be the name of a tensor", t[i].name);
    if (!challenge_listed(t[i].type, challenge_type_names))
      return challenge_not_listed(l, yaml_get(map, "type"), t[i].type, "a type of elements",
                                  challenge_type_names);
    for (size_t k = 0; k < i; k++)
      if (strcmp(t[i].name, t[k].name) == 0)
        return challenge_bad(l, map, "the tensor `%s` is declared twice", t[i].name);
  }
  *out = t;
  *n_out = list->count;
  return ST_OK;
}

/* A list of texts as a NULL-terminated array. */
static enum status challenge_load_words(struct challenge_loader *l, const struct yaml_node *list,
                                        const char *what, const char *const **out) {
  const char **word = arena_array(&l->c->arena, list->count + 1, sizeof *word);
  if (!word)
    return challenge_out_of_memory(l);
  for (size_t i = 0; i < list->count; i++) {
    enum status s = yaml_text(&l->doc, list->item[i], what, &word[i], l->e);
    if (s != ST_OK)
      return s;
    if (!*word[i])
      return challenge_bad(l, list->item[i], "%s is empty", what);
  }
  *out = word;
  return ST_OK;
}

static enum status challenge_load_link(struct challenge_loader *l, const struct yaml_node *root) {
  static const char *const none[] = {NULL};
  const struct yaml_node *list = NULL;
  l->c->link = none;
  enum status s = challenge_want_list(l, root, "link", 0, CHALLENGE_MAX_TENSORS, &list);
  if (s != ST_OK || !list)
    return s;
  s = challenge_load_words(l, list, "a library", &l->c->link);
  for (size_t i = 0; s == ST_OK && i < list->count; i++)
    if (!challenge_listed(l->c->link[i], challenge_libraries))
      return challenge_not_listed(l, list->item[i], l->c->link[i], "a library of sharktank's",
                                  challenge_libraries);
  return s;
}

/* Placeholders stand between braces; anything else between braces is a slip. */
static enum status challenge_check_placeholders(struct challenge_loader *l, const struct yaml_node *n,
                                                int seen[4]) {
  static const char *const known[] = {"cc", "include", "source", "output", NULL};
  for (const char *at = strchr(n->text, '{'); at; at = strchr(at + 1, '{')) {
    const char *end = strchr(at, '}');
    char word[32] = "";
    if (!end || end - at - 1 >= (long)sizeof word)
      return challenge_bad(l, n, "a `{` without a placeholder's name and `}`");
    memcpy(word, at + 1, (size_t)(end - at - 1));
    size_t k = 0;
    while (known[k] && strcmp(known[k], word) != 0)
      k++;
    if (!known[k])
      return challenge_not_listed(l, n, word, "a placeholder of a compile line", known);
    seen[k]++;
  }
  return ST_OK;
}

static enum status challenge_load_compile(struct challenge_loader *l, const struct yaml_node *root) {
  const struct yaml_node *list = NULL;
  int seen[4] = {0};
  enum status s = challenge_want_list(l, root, "compile", 3, CHALLENGE_MAX_ENTRIES, &list);
  if (s != ST_OK || !list)
    return s;
  s = challenge_load_words(l, list, "a word of the compile line", &l->c->compile);
  for (size_t i = 0; s == ST_OK && i < list->count; i++)
    s = challenge_check_placeholders(l, list->item[i], seen);
  if (s == ST_OK && (!seen[2] || !seen[3]))
    return challenge_bad(l, list, "the compile line needs {%s}", seen[2] ? "output" : "source");
  return s;
}

/* `device:` of a limit or rule; *applies says whether it is the one in play. */
static enum status challenge_load_device_tag(struct challenge_loader *l, const struct yaml_node *map,
                                             const char **device, int *applies) {
  enum status s = challenge_want_text(l, map, "device", device);
  if (s != ST_OK)
    return s;
  if (*device && !challenge_listed(*device, challenge_device_tags))
    return challenge_not_listed(l, yaml_get(map, "device"), *device, "a device", challenge_device_tags);
  *applies = !*device || strcmp(*device, l->c->device_in_play) == 0;
  return ST_OK;
}

static enum status challenge_load_limit(struct challenge_loader *l, const struct yaml_node *map,
                                        struct challenge_limit *limit, int *applies) {
  static const char *const known[] = {"claim", "min", "max", "multiple", "one_of", "why", "device", NULL};
  const struct yaml_node *one_of = NULL;
  limit->line = map->line;
  limit->hard = 1;
  enum status s = yaml_known_keys(&l->doc, map, known, l->e);
  if (s == ST_OK)
    s = challenge_need_text(l, map, "claim", "a limit", &limit->claim);
  if (s == ST_OK)
    s = challenge_need_text(l, map, "why", "a limit", &limit->why);
  if (s == ST_OK)
    s = challenge_want_num(l, map, "min", -1e300, 1e300, &limit->min);
  if (s == ST_OK)
    s = challenge_want_num(l, map, "max", -1e300, 1e300, &limit->max);
  if (s == ST_OK)
    s = challenge_want_num(l, map, "multiple", 1e-300, 1e300, &limit->multiple);
  if (s == ST_OK)
    s = challenge_want_list(l, map, "one_of", 1, CHALLENGE_MAX_ENTRIES, &one_of);
  if (s == ST_OK && one_of)
    s = challenge_load_words(l, one_of, "a value of `one_of`", &limit->one_of);
  if (s == ST_OK)
    s = challenge_load_device_tag(l, map, &limit->device, applies);
  if (s != ST_OK)
    return s;
  limit->has_min = yaml_get(map, "min") != NULL;
  limit->has_max = yaml_get(map, "max") != NULL;
  if (!challenge_is_word(limit->claim))
    return challenge_bad(l, map, "`%.60s` cannot be the name of a claim", limit->claim);
  if (!limit->has_min && !limit->has_max && limit->multiple == 0.0 && !limit->one_of)
    return challenge_bad(l, map, "the limit on `%s` says neither min, max, multiple nor one_of",
                         limit->claim);
  if (limit->has_min && limit->has_max && limit->min > limit->max)
    return challenge_bad(l, map, "the limit on `%s` has a min above its max", limit->claim);
  return ST_OK;
}

/* Those of the device in play first, each part in the order of the file. */
static enum status challenge_load_limits(struct challenge_loader *l, const struct yaml_node *root) {
  struct challenge *c = l->c;
  const struct yaml_node *list = NULL;
  enum status s = challenge_want_list(l, root, "limits", 1, CHALLENGE_MAX_ENTRIES, &list);
  if (s != ST_OK || !list)
    return s;
  struct challenge_limit *limit = arena_array(&c->arena, list->count, sizeof *limit);
  struct challenge_limit *other = arena_array(&c->arena, list->count, sizeof *limit);
  if (!limit || !other)
    return challenge_out_of_memory(l);
  size_t n_other = 0;
  for (size_t i = 0; i < list->count; i++) {
    struct challenge_limit one = {0};
    int applies = 0;
    s = challenge_load_limit(l, list->item[i], &one, &applies);
    if (s != ST_OK)
      return s;
    for (size_t k = 0; applies && k < c->n_limits; k++)
      if (strcmp(limit[k].claim, one.claim) == 0)
        return challenge_bad(l, list->item[i], "a second limit on `%s` (the first in line %d)", one.claim,
                             limit[k].line);
    if (applies)
      limit[c->n_limits++] = one;
    else
      other[n_other++] = one;
  }
  memcpy(limit + c->n_limits, other, n_other * sizeof *other);
  c->limit = limit;
  c->n_all_limits = list->count;
  return ST_OK;
}

static enum status challenge_load_rule(struct challenge_loader *l, const struct yaml_node *map,
                                       struct challenge_rule *rule, int *applies) {
  static const char *const known[] = {"forbid_word", "case", "why", "device", NULL};
  const char *letters = "any";
  enum status s = yaml_known_keys(&l->doc, map, known, l->e);
  if (s == ST_OK)
    s = challenge_need_text(l, map, "forbid_word", "a rule", &rule->forbid_word);
  if (s == ST_OK)
    s = challenge_need_text(l, map, "why", "a rule", &rule->why);
  if (s == ST_OK)
    s = challenge_want_text(l, map, "case", &letters);
  if (s == ST_OK)
    s = challenge_load_device_tag(l, map, &rule->device, applies);
  if (s == ST_OK && strcmp(letters, "any") != 0)
    return challenge_bad(l, yaml_get(map, "case"), "`case` can only be `any`: a word is refused in any case");
  if (s == ST_OK && strlen(rule->forbid_word) > 100)
    return challenge_bad(l, map, "a forbidden word of more than 100 bytes");
  return s;
}

static enum status challenge_load_rules(struct challenge_loader *l, const struct yaml_node *root) {
  struct challenge *c = l->c;
  const struct yaml_node *list = NULL;
  enum status s = challenge_want_list(l, root, "rules", 1, CHALLENGE_MAX_ENTRIES, &list);
  if (s != ST_OK || !list)
    return s;
  struct challenge_rule *rule = arena_array(&c->arena, list->count, sizeof *rule);
  struct challenge_rule *other = arena_array(&c->arena, list->count, sizeof *rule);
  if (!rule || !other)
    return challenge_out_of_memory(l);
  size_t n_other = 0;
  for (size_t i = 0; i < list->count; i++) {
    struct challenge_rule one = {0};
    int applies = 0;
    s = challenge_load_rule(l, list->item[i], &one, &applies);
    if (s != ST_OK)
      return s;
    if (applies)
      rule[c->n_rules++] = one;
    else
      other[n_other++] = one;
  }
  memcpy(rule + c->n_rules, other, n_other * sizeof *other);
  c->rule = rule;
  c->n_all_rules = list->count;
  return ST_OK;
}

static enum status challenge_load_devices(struct challenge_loader *l, const struct yaml_node *root) {
  static const char *const known[] = {"name", "bytes_per_s", "operations_per_s", "source", "physical", NULL};
  struct challenge *c = l->c;
  const struct yaml_node *list = NULL;
  enum status s = challenge_want_list(l, root, "devices", 1, CHALLENGE_MAX_ENTRIES, &list);
  if (s != ST_OK || !list)
    return s;
  struct challenge_device *device = arena_array(&c->arena, list->count, sizeof *device);
  if (!device)
    return challenge_out_of_memory(l);
  c->device = device;
  for (size_t i = 0; i < list->count; i++) {
    const struct yaml_node *map = list->item[i];
    struct challenge_device *d = &device[i];
    s = yaml_known_keys(&l->doc, map, known, l->e);
    if (s == ST_OK)
      s = challenge_need_text(l, map, "name", "a device", &d->name);
    if (s == ST_OK)
      s = challenge_want_num(l, map, "bytes_per_s", 1.0, 1e300, &d->bytes_per_s);
    if (s == ST_OK)
      s = challenge_want_num(l, map, "operations_per_s", 1.0, 1e300, &d->operations_per_s);
    if (s == ST_OK)
      s = challenge_want_text(l, map, "source", &d->source);
    const struct yaml_node *physical = yaml_get(map, "physical");
    if (s == ST_OK && physical)
      s = yaml_bool(&l->doc, physical, "physical", &d->physical, l->e);
    if (s != ST_OK)
      return s;
    if (d->physical && strcmp(d->name, "cpu") == 0)
      return challenge_bad(
          l, map, "what a cpu moves or computes in a second is no physical bound: leave `physical` out");
    if (challenge_find_device(c, d->name))
      return challenge_bad(l, map, "the device `%.60s` is declared twice", d->name);
    int figures = (d->bytes_per_s > 0.0) + (d->operations_per_s > 0.0),
        measured = strcmp(d->name, "cpu") == 0;
    if (figures == 1 || (figures == 0 && !measured))
      return challenge_bad(l, map, "the device `%.60s` needs `bytes_per_s` and `operations_per_s`%s", d->name,
                           measured ? ", or neither: then they are measured" : "");
    c->n_devices = i + 1;
  }
  return ST_OK;
}

enum status challenge_load_terms(struct challenge_loader *l, const struct yaml_node *root) {
  struct challenge *c = l->c;
  enum status s = challenge_load_tensors(l, root, "inputs", &c->in, &c->n_in);
  if (s == ST_OK)
    s = challenge_load_tensors(l, root, "outputs", &c->out, &c->n_out);
  if (s == ST_OK)
    s = challenge_load_link(l, root);
  if (s == ST_OK)
    s = challenge_load_compile(l, root);
  if (s == ST_OK)
    s = challenge_load_limits(l, root);
  if (s == ST_OK)
    s = challenge_load_rules(l, root);
  if (s == ST_OK)
    s = challenge_load_devices(l, root);
  return s;
}

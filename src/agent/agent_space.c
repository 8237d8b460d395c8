/* Room: agent. Reads the knob space out of a request and evaluates its expressions. Everything in
 * the request is treated as hostile: counts are bounded, identifiers are checked before anything is
 * evaluated, and an expression that fails on one setting rules that setting out instead of guessing. */
#include "agent/agent_space.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum symbol_kind { SYMBOL_NONE, SYMBOL_KNOB, SYMBOL_SIZE, SYMBOL_VALUE };

struct agent_symbol { /* open addressing; looked up for every identifier of every evaluation */
  const char *name;
  enum symbol_kind kind;
  size_t knob;
  double value;
};

struct lookup {
  const struct agent_space *space;
  const uint8_t *setting;
  const json_t *sizes; /* NULL in constraints */
};

uint64_t agent_text_hash(const char *text) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *text; text++)
    h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return h ^ h >> 29;
}

static struct agent_symbol *symbol_slot(const struct agent_space *s, const char *name) {
  size_t at = (size_t)agent_text_hash(name) & (s->n_symbols - 1);
  while (s->symbol[at].kind != SYMBOL_NONE && strcmp(s->symbol[at].name, name) != 0)
    at = (at + 1) & (s->n_symbols - 1);
  return &s->symbol[at];
}

/* The first meaning wins: knobs, then sizes, then facts, then words. */
static void symbol_add(struct agent_space *s, const char *name, enum symbol_kind kind, size_t knob,
                       double value) {
  struct agent_symbol *at = symbol_slot(s, name);
  if (at->kind == SYMBOL_NONE)
    *at = (struct agent_symbol){name, kind, knob, value};
}

static int symbol_lookup(void *context, const char *name, double *value) {
  const struct lookup *l = context;
  const struct agent_symbol *at = symbol_slot(l->space, name);
  switch (at->kind) {
  case SYMBOL_KNOB:
    *value = l->space->knob[at->knob].number[l->setting[at->knob]];
    return 1;
  case SYMBOL_VALUE:
    *value = at->value;
    return 1;
  case SYMBOL_SIZE:
    return l->sizes && json_has_num(l->sizes, name, value);
  case SYMBOL_NONE:
    break;
  }
  return 0;
}

static enum status read_knob_values(struct agent_space *s, struct agent_knob *k, const json_t *values,
                                    struct error *e) {
  if (!json_is_array(values) || json_array_size(values) < 1 || json_array_size(values) > AGENT_VALUES_MAX)
    return error_set(e, ST_INPUT, "knob %.60s of the task must list 1 to %d values", k->name,
                     AGENT_VALUES_MAX);
  k->n_values = json_array_size(values);
  k->label = arena_array(s->arena, k->n_values, sizeof *k->label);
  k->value = arena_array(s->arena, k->n_values, sizeof *k->value);
  k->number = arena_array(s->arena, k->n_values, sizeof *k->number);
  if (!k->label || !k->value || !k->number)
    return error_set(e, ST_MEMORY, "no memory for the knobs of the task");
  for (size_t i = 0; i < k->n_values; i++) {
    const json_t *v = json_array_get(values, i);
    k->value[i] = v;
    if (json_is_string(v)) {
      k->label[i] = json_string_value(v);
      k->number[i] = expr_word(k->label[i]);
      k->has_words = 1;
    } else if (json_is_number(v)) {
      k->label[i] = arena_printf(s->arena, "%.12g", json_number_value(v));
      k->number[i] = json_number_value(v);
    } else {
      return error_set(e, ST_INPUT, "value %zu of knob %.60s is neither a number nor a word", i + 1, k->name);
    }
    for (size_t j = 0; j < i; j++)
      if (k->label[i] && strcmp(k->label[i], k->label[j]) == 0)
        return error_set(e, ST_INPUT, "knob %.60s lists the value %.60s twice", k->name, k->label[i]);
  }
  return ST_OK;
}

static enum status read_knobs(struct agent_space *s, const json_t *knobs, struct error *e) {
  const json_t *list = json_arr(knobs, "knobs");
  s->n_knobs = json_array_size(list);
  if (s->n_knobs < 1)
    return error_set(e, ST_INPUT,
                     "the built-in tank needs knobs: this challenge declares none "
                     "(add a knobs.yml, or use other agents)");
  if (s->n_knobs > AGENT_KNOBS_MAX)
    return error_set(e, ST_INPUT, "the task has %zu knobs; the built-in tank handles %d", s->n_knobs,
                     AGENT_KNOBS_MAX);
  s->knob = arena_array(s->arena, s->n_knobs, sizeof *s->knob);
  if (!s->knob)
    return error_set(e, ST_MEMORY, "no memory for the knobs of the task");
  for (size_t i = 0; i < s->n_knobs; i++) {
    const json_t *from = json_array_get(list, i);
    struct agent_knob *k = &s->knob[i];
    k->name = json_str(from, "name", NULL);
    k->text = json_str(from, "text", "");
    if (!k->name || !*k->name)
      return error_set(e, ST_INPUT, "knob %zu of the task has no name", i + 1);
    for (size_t j = 0; j < i; j++)
      if (strcmp(s->knob[j].name, k->name) == 0)
        return error_set(e, ST_INPUT, "the task declares knob %.60s twice", k->name);
    enum status st = read_knob_values(s, k, json_object_get(from, "values"), e);
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

static enum status read_shapes(struct agent_space *s, const json_t *task, struct error *e) {
  const json_t *list = json_arr(task, "benchmarks");
  s->n_shapes = json_array_size(list);
  if (s->n_shapes > AGENT_SHAPES_MAX)
    return error_set(e, ST_INPUT, "the task has %zu benchmark shapes; the built-in tank handles %d",
                     s->n_shapes, AGENT_SHAPES_MAX);
  s->shape = arena_array(s->arena, s->n_shapes ? s->n_shapes : 1, sizeof *s->shape);
  if (!s->shape)
    return error_set(e, ST_MEMORY, "no memory for the shapes of the task");
  for (size_t i = 0; i < s->n_shapes; i++) {
    const json_t *from = json_array_get(list, i);
    s->shape[i].name = json_str(from, "shape", NULL);
    s->shape[i].text = json_str(from, "text", "");
    s->shape[i].means = json_obj(from, "means");
    if (!s->shape[i].name)
      return error_set(e, ST_INPUT, "benchmark shape %zu of the task has no name", i + 1);
  }
  return ST_OK;
}

static enum status build_symbols(struct agent_space *s, const json_t *facts, struct error *e) {
  size_t names = s->n_knobs + json_object_size(facts) + 1;
  for (size_t i = 0; i < s->n_knobs; i++)
    names += s->knob[i].n_values;
  for (size_t i = 0; i < s->n_shapes; i++)
    names += json_object_size(s->shape[i].means);
  for (s->n_symbols = 64; s->n_symbols < 2 * names;)
    s->n_symbols *= 2;
  s->symbol = arena_array(s->arena, s->n_symbols, sizeof *s->symbol);
  if (!s->symbol)
    return error_set(e, ST_MEMORY, "no memory for the names of the task");
  for (size_t i = 0; i < s->n_knobs; i++)
    symbol_add(s, s->knob[i].name, SYMBOL_KNOB, i, 0);
  const char *key;
  json_t *value;
  for (size_t i = 0; i < s->n_shapes; i++)
    json_object_foreach((json_t *)(uintptr_t)s->shape[i].means, key, value)
        symbol_add(s, key, SYMBOL_SIZE, 0, 0);
  json_object_foreach((json_t *)(uintptr_t)facts, key, value) {
    if (json_is_number(value))
      symbol_add(s, key, SYMBOL_VALUE, 0, json_number_value(value));
    else if (json_is_boolean(value))
      symbol_add(s, key, SYMBOL_VALUE, 0, json_is_true(value));
  }
  for (size_t i = 0; i < s->n_knobs; i++)
    for (size_t j = 0; j < s->knob[i].n_values; j++)
      if (json_is_string(s->knob[i].value[j]))
        symbol_add(s, s->knob[i].label[j], SYMBOL_VALUE, 0, s->knob[i].number[j]);
  return ST_OK;
}

struct names_check {
  const struct agent_space *space;
  int sizes_allowed, depth, sizes_used;
  const char *unknown;
};

static void check_name(void *context, const char *name) {
  struct names_check *c = context;
  const struct agent_symbol *at = symbol_slot(c->space, name);
  if (at->kind == SYMBOL_NONE || (at->kind == SYMBOL_SIZE && !c->sizes_allowed))
    c->unknown = name;
  else if (at->kind == SYMBOL_SIZE)
    c->sizes_used = 1;
  else if (at->kind == SYMBOL_KNOB && (int)at->knob + 1 > c->depth)
    c->depth = (int)at->knob + 1;
}

/* Parses, and refuses names nobody has given a value to. *depth: how many knobs must be fixed;
 * sizes_used: set to 1 when a size occurs; NULL: sizes may not occur. */
static enum status read_expr(const struct agent_space *s, const char *text, const char *what, size_t i,
                             const struct expr **out, int *depth, int *sizes_used, struct error *e) {
  struct error inner = {0};
  if (!text)
    return error_set(e, ST_INPUT, "%s %zu of the task has no expression", what, i + 1);
  if (expr_parse(text, "", 0, s->arena, out, &inner) != ST_OK)
    return error_set(e, ST_INPUT, "%s %zu of the task, \"%.100s\": %.300s", what, i + 1, text, inner.text);
  struct names_check check = {s, sizes_used != NULL, 0, 0, NULL};
  expr_identifiers(*out, check_name, &check);
  if (check.unknown)
    return error_set(e, ST_INPUT,
                     "%s %zu of the task, \"%.100s\", uses %.60s, which is neither a knob, a value, a "
                     "size nor a fact of this machine",
                     what, i + 1, text, check.unknown);
  *depth = check.depth;
  if (check.sizes_used)
    *sizes_used = 1;
  return ST_OK;
}

static enum status read_rules(struct agent_space *s, const json_t *knobs, struct error *e) {
  const json_t *list = json_arr(knobs, "constraints");
  s->n_rules = json_array_size(list);
  if (s->n_rules > AGENT_RULES_MAX)
    return error_set(e, ST_INPUT, "the task has %zu constraints; the built-in tank handles %d", s->n_rules,
                     AGENT_RULES_MAX);
  s->rule = arena_array(s->arena, s->n_rules ? s->n_rules : 1, sizeof *s->rule);
  if (!s->rule)
    return error_set(e, ST_MEMORY, "no memory for the constraints of the task");
  for (size_t i = 0; i < s->n_rules; i++) {
    const json_t *from = json_array_get(list, i);
    struct agent_rule *r = &s->rule[i];
    r->text = json_str(from, "need", NULL);
    r->why = json_str(from, "why", "");
    enum status st = read_expr(s, r->text, "constraint", i, &r->need, &r->depth, NULL, e);
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

static enum status read_estimates(struct agent_space *s, const json_t *knobs, struct error *e) {
  const json_t *list = json_arr(knobs, "estimates");
  s->n_estimates = json_array_size(list);
  s->cost = -1;
  if (s->n_estimates > AGENT_ESTIMATES_MAX)
    return error_set(e, ST_INPUT, "the task has %zu estimates; the built-in tank handles %d", s->n_estimates,
                     AGENT_ESTIMATES_MAX);
  s->estimate = arena_array(s->arena, s->n_estimates ? s->n_estimates : 1, sizeof *s->estimate);
  if (!s->estimate)
    return error_set(e, ST_MEMORY, "no memory for the estimates of the task");
  for (size_t i = 0; i < s->n_estimates; i++) {
    const json_t *from = json_array_get(list, i);
    struct agent_estimate *x = &s->estimate[i];
    int depth;
    x->name = json_str(from, "name", NULL);
    x->text = json_str(from, "text", "");
    if (!x->name)
      return error_set(e, ST_INPUT, "estimate %zu of the task has no name", i + 1);
    enum status st =
        read_expr(s, json_str(from, "expr", NULL), "estimate", i, &x->expr, &depth, &x->per_shape, e);
    if (st != ST_OK)
      return st;
    const json_t *max = json_object_get(from, "max");
    const char *max_text = json_is_number(max) ? arena_printf(s->arena, "%.17g", json_number_value(max))
                                               : json_string_value(max);
    if (max_text) {
      st = read_expr(s, max_text, "the limit of estimate", i, &x->max, &depth, &x->per_shape, e);
      if (st != ST_OK)
        return st;
    }
    if (s->cost < 0 && (strncmp(x->name, "cycles", 6) == 0 || strncmp(x->name, "seconds", 7) == 0))
      s->cost = (int)i;
  }
  return ST_OK;
}

enum status agent_space_read(const json_t *task, const json_t *facts, struct arena *a,
                             struct agent_space *out, struct error *e) {
  memset(out, 0, sizeof *out);
  out->arena = a;
  if (!json_is_object(task))
    return error_set(e, ST_INPUT, "the request has no context.task");
  const json_t *knobs = json_obj(task, "knobs");
  enum status st = read_knobs(out, knobs, e);
  if (st == ST_OK)
    st = read_shapes(out, task, e);
  if (st == ST_OK)
    st = build_symbols(out, facts, e);
  if (st == ST_OK)
    st = read_rules(out, knobs, e);
  if (st == ST_OK)
    st = read_estimates(out, knobs, e);
  if (st != ST_OK)
    return st;
  const json_t *start = json_object_get(knobs, "start");
  if (json_is_object(start)) {
    out->start = arena_alloc(a, out->n_knobs);
    if (!out->start)
      return error_set(e, ST_MEMORY, "no memory for the start setting");
    st = agent_space_from_json(out, start, out->start, e);
  }
  return st;
}

int agent_space_valid(const struct agent_space *s, const uint8_t *setting, const struct agent_rule **why) {
  struct lookup l = {s, setting, NULL};
  for (size_t i = 0; i < s->n_rules; i++) {
    double value;
    struct error ignored;
    if (expr_eval(s->rule[i].need, symbol_lookup, &l, &value, &ignored) != ST_OK || !(value != 0)) {
      if (why)
        *why = &s->rule[i];
      return 0;
    }
  }
  return 1;
}

static double evaluate(const struct expr *x, const struct lookup *l) {
  double value;
  struct error ignored;
  if (!x || expr_eval(x, symbol_lookup, (void *)(uintptr_t)l, &value, &ignored) != ST_OK || !isfinite(value))
    return NAN;
  return value;
}

double agent_space_estimate(const struct agent_space *s, const uint8_t *setting, size_t j, size_t t,
                            double *limit) {
  struct lookup l = {s, setting, t < s->n_shapes ? s->shape[t].means : NULL};
  if (limit)
    *limit = evaluate(s->estimate[j].max, &l);
  return evaluate(s->estimate[j].expr, &l);
}

int agent_space_value(const struct agent_space *s, size_t knob, const json_t *value) {
  const struct agent_knob *k = &s->knob[knob];
  for (size_t i = 0; i < k->n_values; i++) {
    const json_t *v = k->value[i];
    if (json_is_string(v) && json_is_string(value) &&
        strcmp(json_string_value(v), json_string_value(value)) == 0)
      return (int)i;
    if (json_is_number(v) && json_is_number(value) &&
        fabs(json_number_value(v) - json_number_value(value)) <= 0)
      return (int)i;
  }
  return -1;
}

enum status agent_space_from_json(const struct agent_space *s, const json_t *object, uint8_t *setting,
                                  struct error *e) {
  if (!json_is_object(object))
    return error_set(e, ST_INPUT, "a setting must be an object of knob values");
  for (size_t i = 0; i < s->n_knobs; i++) {
    const json_t *value = json_object_get(object, s->knob[i].name);
    if (!value)
      return error_set(e, ST_INPUT, "the setting lacks knob %.60s", s->knob[i].name);
    int at = agent_space_value(s, i, value);
    if (at < 0)
      return error_set(e, ST_INPUT, "the setting gives knob %.60s a value that it does not have",
                       s->knob[i].name);
    setting[i] = (uint8_t)at;
  }
  if (json_object_size(object) != s->n_knobs)
    return error_set(e, ST_INPUT, "the setting names a knob that the task does not declare");
  return ST_OK;
}

json_t *agent_space_to_json(const struct agent_space *s, const uint8_t *setting) {
  json_t *out = json_object();
  for (size_t i = 0; out && i < s->n_knobs; i++)
    json_object_set_new(out, s->knob[i].name, json_deep_copy(s->knob[i].value[setting[i]]));
  return out;
}

size_t agent_space_distance(const struct agent_space *s, const uint8_t *a, const uint8_t *b) {
  size_t d = 0;
  for (size_t i = 0; i < s->n_knobs; i++)
    d += a[i] != b[i];
  return d;
}

uint64_t agent_space_hash(const struct agent_space *s, const uint8_t *setting) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < s->n_knobs; i++)
    h = (h ^ setting[i]) * UINT64_C(0x100000001b3);
  h ^= h >> 31;
  h *= UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 29;
}

int agent_space_knob(const struct agent_space *s, const char *name) {
  for (size_t i = 0; i < s->n_knobs; i++)
    if (strcasecmp(s->knob[i].name, name) == 0)
      return (int)i;
  return -1;
}

int64_t agent_space_find(const struct agent_space *s, const uint8_t *setting) {
  for (size_t i = 0; i < s->n; i++)
    if (memcmp(s->setting + i * s->n_knobs, setting, s->n_knobs) == 0)
      return (int64_t)i;
  return -1;
}

/* Room: challenge. May use base and sandbox.
 *
 * Settings of a knob space: valid or not, from and to JSON, and as the source of an entry. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "base/base_machine.h"
#include "challenge/challenge_load.h"

enum { KNOB_MAX_STEPS = 4000000, KNOB_MAX_SOURCE_BYTES = 4 << 20 };

struct knob_values {
  const struct knob_space *k;
  const uint32_t *setting;
};

/* Knobs first, then facts of the machine, then words standing for themselves: the order in which
 * challenge_knobs.c decided what a name means. */
static int knob_value(void *context, const char *name, double *value) {
  const struct knob_values *v = context;
  for (size_t i = 0; i < v->k->n_knobs; i++)
    if (strcmp(v->k->knob[i].name, name) == 0)
      return *value = v->k->knob[i].number[v->setting[i]], 1;
  if (machine_fact(name, value))
    return 1;
  for (size_t i = 0; i < v->k->n_knobs; i++)
    for (size_t j = 0; j < v->k->knob[i].n_values; j++)
      if (v->k->knob[i].is_word[j] && strcmp(v->k->knob[i].value[j], name) == 0)
        return *value = v->k->knob[i].number[j], 1;
  return 0;
}

static enum status knob_space_of(const struct challenge *c, struct error *e) {
  if (c->knobs)
    return ST_OK;
  return error_at(e, ST_INPUT, c->file, 0, "this challenge declares no knobs");
}

static enum status knob_check_range(const struct challenge *c, const uint32_t *setting, struct error *e) {
  enum status s = knob_space_of(c, e);
  for (size_t i = 0; s == ST_OK && i < c->knobs->n_knobs; i++)
    if (setting[i] >= c->knobs->knob[i].n_values)
      s = error_at(e, ST_INPUT, c->knobs->file, c->knobs->knob[i].line,
                   "the knob `%s` has %zu values, not %u", c->knobs->knob[i].name, c->knobs->knob[i].n_values,
                   setting[i] + 1);
  return s;
}

enum status knob_check(const struct challenge *c, const uint32_t *setting, struct error *e) {
  enum status s = knob_check_range(c, setting, e);
  if (s != ST_OK)
    return s;
  struct knob_values values = {c->knobs, setting};
  for (size_t i = 0; i < c->knobs->n_constraints; i++) {
    const struct knob_constraint *need = &c->knobs->constraint[i];
    double holds = 0.0;
    s = expr_eval(need->need, knob_value, &values, &holds, e);
    if (s != ST_OK)
      return s;
    if (holds == 0.0)
      return error_at(e, ST_INPUT, c->knobs->file, need->line,
                      "this setting is not valid here: %.300s (needs %.300s)", need->why, need->need_text);
  }
  return ST_OK;
}

/* Depth-first over the knobs in the order of the file, start's value first; a constraint is asked as
 * soon as its last knob has a value. */
struct knob_walk {
  const struct challenge *c;
  uint32_t *setting;
  size_t *ready; /* [n_constraints] knobs that must be set before it can be asked */
  size_t steps;
};

struct knob_last {
  const struct knob_space *k;
  size_t last;
};

static void knob_visit_last(void *context, const char *name) {
  struct knob_last *v = context;
  for (size_t i = 0; i < v->k->n_knobs; i++)
    if (strcmp(v->k->knob[i].name, name) == 0 && i + 1 > v->last)
      v->last = i + 1;
}

static int knob_walk_holds(const struct knob_walk *w, size_t depth) {
  struct knob_values values = {w->c->knobs, w->setting};
  for (size_t i = 0; i < w->c->knobs->n_constraints; i++) {
    double holds = 0.0;
    struct error ignored; /* without a value it does not hold */
    if (w->ready[i] != depth)
      continue;
    if (expr_eval(w->c->knobs->constraint[i].need, knob_value, &values, &holds, &ignored) != ST_OK ||
        holds == 0.0)
      return 0;
  }
  return 1;
}

static int knob_walk_deeper(struct knob_walk *w, size_t depth) {
  const struct knob_space *k = w->c->knobs;
  if (!knob_walk_holds(w, depth))
    return 0;
  if (depth == k->n_knobs)
    return 1;
  for (uint32_t i = 0; i < k->knob[depth].n_values && w->steps < KNOB_MAX_STEPS; i++) {
    w->steps++;
    w->setting[depth] = (k->start[depth] + i) % (uint32_t)k->knob[depth].n_values;
    if (knob_walk_deeper(w, depth + 1))
      return 1;
  }
  return 0;
}

enum status knob_start(const struct challenge *c, uint32_t *setting, struct error *e) {
  enum status s = knob_space_of(c, e);
  if (s != ST_OK)
    return s;
  struct knob_walk w = {.c = c, .setting = setting};
  w.ready = calloc(c->knobs->n_constraints + 1, sizeof *w.ready);
  if (!w.ready)
    return error_set(e, ST_MEMORY, "out of memory looking for a setting");
  for (size_t i = 0; i < c->knobs->n_constraints; i++) {
    struct knob_last last = {c->knobs, 0};
    expr_identifiers(c->knobs->constraint[i].need, knob_visit_last, &last);
    w.ready[i] = last.last;
  }
  memset(setting, 0, c->knobs->n_knobs * sizeof *setting);
  if (!knob_walk_deeper(&w, 0))
    s = error_at(e, ST_INPUT, c->knobs->file, 0, "no setting meets the constraints on this machine%s",
                 w.steps >= KNOB_MAX_STEPS ? " (as far as was looked)" : "");
  free(w.ready);
  return s;
}

/* The index of a JSON value: a number for a number, text for a word or for the number as written. */
static int knob_value_index(const struct knob *k, const json_t *value, uint32_t *out) {
  for (uint32_t i = 0; i < k->n_values; i++) {
    int same = 0;
    if (json_is_string(value))
      same = strcmp(json_string_value(value), k->value[i]) == 0;
    if (json_is_number(value))
      same = !k->is_word[i] && json_number_value(value) == k->number[i];
    if (same)
      return *out = i, 1;
  }
  return 0;
}

static enum status knob_no_value(const struct challenge *c, const struct knob *k, const json_t *value,
                                 struct error *e) {
  const char *known[CHALLENGE_MAX_KNOB_VALUES + 1] = {NULL};
  char said[64], all[200];
  size_t used = 0;
  for (size_t i = 0; i < k->n_values; i++)
    known[i] = k->value[i];
  if (json_is_string(value))
    snprintf(said, sizeof said, "%.60s", json_string_value(value));
  else if (json_is_number(value))
    snprintf(said, sizeof said, "%.15g", json_number_value(value));
  else
    snprintf(said, sizeof said, "of that type");
  const char *near = base_nearest_word(said, known);
  if (near)
    return error_at(e, ST_INPUT, c->knobs->file, k->line, "the knob `%s` has no value %s; did you mean `%s`?",
                    k->name, said, near);
  for (size_t i = 0; i < k->n_values && used < sizeof all - 64; i++)
    used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", k->value[i]);
  return error_at(e, ST_INPUT, c->knobs->file, k->line, "the knob `%s` has no value %s; it has %s", k->name,
                  said, all);
}

enum status knob_from_json(const struct challenge *c, const json_t *object, uint32_t *setting,
                           struct error *e) {
  enum status s = knob_space_of(c, e);
  if (s != ST_OK)
    return s;
  if (!json_is_object(object))
    return error_set(e, ST_INPUT, "a setting must be an object of knobs and values");
  const struct knob_space *k = c->knobs;
  const char *known[CHALLENGE_MAX_KNOBS + 1] = {NULL}, *key = NULL;
  json_t *value = NULL;
  for (size_t i = 0; i < k->n_knobs; i++)
    known[i] = k->knob[i].name;
  json_object_foreach((json_t *)object, key, value) {
    size_t i = 0;
    while (i < k->n_knobs && strcmp(known[i], key) != 0)
      i++;
    const char *near = i < k->n_knobs ? NULL : base_nearest_word(key, known);
    int line = k->n_knobs ? k->knob[0].line : 0;
    if (near)
      return error_at(e, ST_INPUT, k->file, line, "there is no knob `%.60s`; did you mean `%s`?", key, near);
    if (i == k->n_knobs)
      return error_at(e, ST_INPUT, k->file, line, "there is no knob `%.60s`", key);
  }
  for (size_t i = 0; i < k->n_knobs; i++) {
    value = json_object_get(object, known[i]);
    if (!value)
      return error_at(e, ST_INPUT, k->file, k->knob[i].line, "the setting says nothing about the knob `%s`",
                      known[i]);
    if (!knob_value_index(&k->knob[i], value, &setting[i]))
      return knob_no_value(c, &k->knob[i], value, e);
  }
  return ST_OK;
}

json_t *knob_to_json(const struct challenge *c, const uint32_t *setting) {
  json_t *out = json_object();
  for (size_t i = 0; c->knobs && i < c->knobs->n_knobs; i++) {
    const struct knob *k = &c->knobs->knob[i];
    uint32_t v = setting[i] < k->n_values ? setting[i] : 0;
    if (k->is_word[v])
      json_put_str(out, k->name, k->value[v]);
    else
      json_put_int(out, k->name, (int64_t)k->number[v]);
  }
  return out;
}

enum status knob_entry_source(const struct challenge *c, const uint32_t *setting, struct buffer *out,
                              struct error *e) {
  enum status s = knob_check_range(c, setting, e);
  if (s != ST_OK)
    return s;
  buffer_printf(out,
                "/* One setting of the knobs of %s; below the #define lines stands the family's\n"
                " * source as it is. */\n",
                c->name);
  for (size_t i = 0; i < c->knobs->n_knobs; i++) {
    const struct knob *k = &c->knobs->knob[i];
    if (k->is_word[setting[i]])
      buffer_printf(out, "#define KNOB_%s_%s 1\n", k->name, k->value[setting[i]]);
    else if (k->number[setting[i]] < 0)
      buffer_printf(out, "#define KNOB_%s (%lld)\n", k->name, (long long)k->number[setting[i]]);
    else
      buffer_printf(out, "#define KNOB_%s %lld\n", k->name, (long long)k->number[setting[i]]);
  }
  s = file_read(c->knobs->source_path, KNOB_MAX_SOURCE_BYTES, out, e);
  if (s == ST_OK && buffer_failed(out))
    s = error_set(e, ST_MEMORY, "out of memory writing an entry");
  return s;
}

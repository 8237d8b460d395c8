/* Room: season. `season.yml`: every threshold of the rulebook, with the rulebook's value as default.
 * May use base, record and the rooms above season. */
#include "season/season_rules.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/base_yaml.h"
#include "judge/judge_calibration.h"
#include "season/season.h"
#include "season/season_config.h"

const char *const season_criterion[SEASON_CRITERIA + 1] = {"speedup", "ease", "safety", "quality", NULL};
static const double default_weight[SEASON_CRITERIA] = {0.40, 0.25, 0.20, 0.15};

/* Rules that are whole numbers and those that are real. */
static const struct whole_rule {
  const char *key;
  int64_t value, min, max;
  size_t offset;
} whole_rule[] = {
    {"rounds", 8, 1, 1000, offsetof(struct season_rules, rounds)},
    {"pitches_min", 2, 1, 12, offsetof(struct season_rules, pitches_min)},
    {"pitches_max", 6, 1, 12, offsetof(struct season_rules, pitches_max)},
    {"repairs", 2, 0, 10, offsetof(struct season_rules, repairs)},
    {"rounds_without_success", 3, 1, 1000, offsetof(struct season_rules, rounds_without_success)},
};
static const struct real_rule {
  const char *key;
  double value, min, max;
  size_t offset;
} real_rule[] = {
    {"weak_score", 4.0, 0, 10, offsetof(struct season_rules, weak_score)},
    {"alpha", 0.01, 1e-9, 0.5, offsetof(struct season_rules, alpha)},
    {"confirm_alpha", 0.025, 1e-9, 0.5, offsetof(struct season_rules, confirm_alpha)},
    {"delta", 0.005, 0, 0.5, offsetof(struct season_rules, delta)},
    {"duel_budget_s", 60, 0.05, 86400, offsetof(struct season_rules, duel_budget_s)},
    {"measure_budget_s", 1, 0.05, 3600, offsetof(struct season_rules, measure_budget_s)},
    {"full_budget_s", 5, 0.05, 86400, offsetof(struct season_rules, full_budget_s)},
    {"max_shape_slower", 0.05, 0, 1, offsetof(struct season_rules, max_shape_slower)},
    {"rollback_slower", 0.05, 0, 1, offsetof(struct season_rules, rollback_slower)},
    {"analysis_slower", 0.20, 0, 10, offsetof(struct season_rules, analysis_slower)},
};
#define N_WHOLE (sizeof whole_rule / sizeof whole_rule[0])
#define N_REAL  (sizeof real_rule / sizeof real_rule[0])

static const char *const known_keys[] = {"rulebook",
                                         "rounds",
                                         "pitches_min",
                                         "pitches_max",
                                         "repairs",
                                         "rounds_without_success",
                                         "weak_score",
                                         "alpha",
                                         "confirm_alpha",
                                         "delta",
                                         "duel_budget_s",
                                         "measure_budget_s",
                                         "full_budget_s",
                                         "max_shape_slower",
                                         "rollback_slower",
                                         "analysis_slower",
                                         "winners",
                                         "weights",
                                         "partial",
                                         "final",
                                         "cast",
                                         "budgets",
                                         "prices",
                                         "agents",
                                         NULL};

struct cast_default {
  const char *name, *persona, *agent;
};
static const struct cast_default contestants[] = {
    {"Incrementalist", "small steps from the incumbent", "builtin:incrementalist"},
    {"Refactorer", "another algorithm or layout", "builtin:refactorer"},
    {"Hardware Expert", "roofline and machine facts first", "builtin:hardware_expert"},
    {"Wild Card", "questions the problem, may propose research", "builtin:wild_card"},
};
static const struct cast_default sharks[] = {
    {"Skeptic", "prove it works: evidence", "builtin:skeptic"},
    {"Pragmatist", "can we ship it: cost and risk", "builtin:pragmatist"},
    {"Theorist", "why would this happen: bounds and causes", "builtin:theorist"},
};
static const struct cast_default implementer = {"Implementer", "writes the winner's entry",
                                                "builtin:implementer"};

static json_t *member(const struct cast_default *m) {
  json_t *o = json_object();
  json_put_str(o, "name", m->name);
  json_put_str(o, "persona", m->persona);
  json_put_str(o, "agent", m->agent);
  return o;
}

static json_t *default_cast(void) {
  json_t *cast = json_object(), *c = json_array(), *s = json_array();
  for (size_t i = 0; i < sizeof contestants / sizeof contestants[0]; i++)
    json_array_append_new(c, member(&contestants[i]));
  for (size_t i = 0; i < sizeof sharks / sizeof sharks[0]; i++)
    json_array_append_new(s, member(&sharks[i]));
  json_object_set_new(cast, "contestants", c);
  json_object_set_new(cast, "sharks", s);
  json_object_set_new(cast, "implementer", member(&implementer));
  return cast;
}

static json_t *default_rules(void) {
  json_t *rules = json_object(), *weights = json_object();
  json_put_str(rules, "rulebook", "classic");
  for (size_t i = 0; i < N_WHOLE; i++)
    json_put_int(rules, whole_rule[i].key, whole_rule[i].value);
  for (size_t i = 0; i < N_REAL; i++)
    json_put_num(rules, real_rule[i].key, real_rule[i].value);
  for (size_t i = 0; i < SEASON_CRITERIA; i++)
    json_put_num(weights, season_criterion[i], default_weight[i]);
  json_object_set_new(rules, "weights", weights);
  json_put_int(rules, "winners", 1);
  json_put_str(rules, "partial", "keep_out");
  json_put_bool(rules, "final", 1);
  json_object_set_new(rules, "cast", default_cast());
  return rules;
}

static enum status read_weights(const struct yaml_doc *d, const struct yaml_node *n, json_t *rules,
                                struct error *e) {
  if (n->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, n->line,
                    "weights must be a map of speedup, ease, safety and quality");
  enum status st = yaml_known_keys(d, n, season_criterion, e);
  json_t *weights = json_object_get(rules, "weights");
  double sum = 0;
  for (size_t i = 0; st == ST_OK && i < SEASON_CRITERIA; i++) {
    const struct yaml_node *v = yaml_get(n, season_criterion[i]);
    double w = json_num(weights, season_criterion[i], 0);
    if (v != NULL)
      st = yaml_num(d, v, season_criterion[i], &w, e);
    if (st == ST_OK && !(w >= 0 && w <= 1))
      st = error_at(e, ST_INPUT, d->file, v != NULL ? v->line : n->line,
                    "the weight %s must lie between 0 and 1", season_criterion[i]);
    json_put_num(weights, season_criterion[i], w);
    sum += w;
  }
  if (st == ST_OK && !(fabs(sum - 1) <= 1e-9))
    st = error_at(e, ST_INPUT, d->file, n->line, "the four weights must add up to 1, they add up to %g", sum);
  return st;
}

/* Names become parts of act ids and file names, and ".2" at an id's end means a retry: hence no dots. */
static int good_name(const char *s) {
  size_t n = strlen(s);
  return n >= 1 && n <= 40 && s[0] != ' ' && s[n - 1] != ' ' &&
         strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-") == n;
}

static enum status read_member(const struct yaml_doc *d, const struct yaml_node *n, json_t **out,
                               struct error *e) {
  static const char *const keys[] = {"name", "persona", "agent", "key_variable", NULL};
  if (n->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, n->line,
                    "a member of the cast must be a map of name, persona and agent");
  enum status st = yaml_known_keys(d, n, keys, e);
  if (st != ST_OK)
    return st;
  json_t *o = json_object();
  for (size_t i = 0; st == ST_OK && keys[i] != NULL; i++) {
    const struct yaml_node *v = yaml_get(n, keys[i]);
    const char *text = "";
    if (v == NULL && strcmp(keys[i], "key_variable") == 0)
      continue;
    if (v != NULL)
      st = yaml_text(d, v, keys[i], &text, e);
    else if (strcmp(keys[i], "persona") != 0)
      st = error_at(e, ST_INPUT, d->file, n->line, "a member of the cast lacks its %s", keys[i]);
    json_put_str(o, keys[i], text);
  }
  if (st == ST_OK && !good_name(json_str(o, "name", "")))
    st = error_at(e, ST_INPUT, d->file, n->line,
                  "a name in the cast must be 1 to 40 letters, digits, spaces, - or _");
  if (st == ST_OK)
    *out = o;
  else
    json_decref(o);
  return st;
}

static enum status read_members(const struct yaml_doc *d, const struct yaml_node *n, const char *what,
                                size_t max, json_t *cast, struct error *e) {
  if (n->kind != YAML_LIST || n->count == 0 || n->count > max)
    return error_at(e, ST_INPUT, d->file, n->line, "%s must be a list of 1 to %zu members", what, max);
  json_t *list = json_array();
  enum status st = ST_OK;
  for (size_t i = 0; st == ST_OK && i < n->count; i++) {
    json_t *m = NULL;
    st = read_member(d, n->item[i], &m, e);
    for (size_t k = 0; st == ST_OK && k < i; k++)
      if (strcmp(json_str(json_array_get(list, k), "name", ""), json_str(m, "name", "")) == 0)
        st = error_at(e, ST_INPUT, d->file, n->item[i]->line, "the name %s stands twice in %s",
                      json_str(m, "name", ""), what);
    if (m != NULL)
      json_array_append_new(list, m);
  }
  if (st == ST_OK)
    json_object_set_new(cast, what, list);
  else
    json_decref(list);
  return st;
}

static enum status read_cast(const struct yaml_doc *d, const struct yaml_node *n, json_t *rules,
                             struct error *e) {
  static const char *const keys[] = {"contestants", "sharks", "implementer", NULL};
  if (n->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, n->line,
                    "cast must be a map of contestants, sharks and implementer");
  json_t *cast = json_object_get(rules, "cast"), *one = NULL;
  enum status st = yaml_known_keys(d, n, keys, e);
  const struct yaml_node *v = yaml_get(n, "contestants");
  if (st == ST_OK && v != NULL)
    st = read_members(d, v, "contestants", 12, cast, e);
  v = yaml_get(n, "sharks");
  if (st == ST_OK && v != NULL)
    st = read_members(d, v, "sharks", 9, cast, e);
  v = yaml_get(n, "implementer");
  if (st == ST_OK && v != NULL)
    st = read_member(d, v, &one, e);
  if (one != NULL)
    json_object_set_new(cast, "implementer", one);
  return st;
}

static enum status read_word(const struct yaml_doc *d, const struct yaml_node *n, const char *key,
                             const char *const allowed[], json_t *rules, struct error *e) {
  const char *text = NULL;
  enum status st = yaml_text(d, n, key, &text, e);
  if (st != ST_OK)
    return st;
  for (size_t i = 0; allowed[i] != NULL; i++)
    if (strcmp(allowed[i], text) == 0) {
      json_put_str(rules, key, text);
      return ST_OK;
    }
  if (strcmp(key, "rulebook") == 0 && strcmp(text, "calibrated") == 0)
    return error_at(e, ST_INPUT, d->file, n->line,
                    "the rulebook `calibrated` is not built yet: use `classic`");
  return error_at(e, ST_INPUT, d->file, n->line, "%s must be %s%s%s, not \"%.60s\"", key, allowed[0],
                  allowed[1] != NULL ? " or " : "", allowed[1] != NULL ? allowed[1] : "", text);
}

static enum status read_numbers(const struct yaml_doc *d, json_t *rules, struct error *e) {
  enum status st = ST_OK;
  for (size_t i = 0; st == ST_OK && i < N_WHOLE; i++) {
    const struct yaml_node *n = yaml_get(d->root, whole_rule[i].key);
    int64_t v = 0;
    if (n == NULL)
      continue;
    st = yaml_int(d, n, whole_rule[i].key, whole_rule[i].min, whole_rule[i].max, &v, e);
    json_put_int(rules, whole_rule[i].key, v);
  }
  for (size_t i = 0; st == ST_OK && i < N_REAL; i++) {
    const struct yaml_node *n = yaml_get(d->root, real_rule[i].key);
    double v = 0;
    if (n == NULL)
      continue;
    st = yaml_num(d, n, real_rule[i].key, &v, e);
    if (st == ST_OK && !(v >= real_rule[i].min && v <= real_rule[i].max))
      st = error_at(e, ST_INPUT, d->file, n->line, "%s must lie between %g and %g", real_rule[i].key,
                    real_rule[i].min, real_rule[i].max);
    json_put_num(rules, real_rule[i].key, v);
  }
  return st;
}

static enum status read_rules(const struct yaml_doc *d, json_t *rules, struct error *e) {
  static const char *const rulebooks[] = {"classic", NULL}, *const partials[] = {"keep_out", "accept", NULL};
  if (d->root == NULL)
    return ST_OK; /* an empty file changes nothing */
  if (d->root->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, d->root->line, "the rules must be a map of keys and values");
  enum status st = yaml_known_keys(d, d->root, known_keys, e);
  if (st == ST_OK)
    st = read_numbers(d, rules, e);
  const struct yaml_node *n = yaml_get(d->root, "rulebook");
  if (st == ST_OK && n != NULL)
    st = read_word(d, n, "rulebook", rulebooks, rules, e);
  n = yaml_get(d->root, "partial");
  if (st == ST_OK && n != NULL)
    st = read_word(d, n, "partial", partials, rules, e);
  n = yaml_get(d->root, "winners");
  int64_t winners = 1;
  if (st == ST_OK && n != NULL)
    st = yaml_int(d, n, "winners", 1, 2, &winners, e);
  if (st == ST_OK && winners != 1)
    st = error_at(e, ST_INPUT, d->file, n->line, "`winners: 2` is not built yet: use 1");
  n = yaml_get(d->root, "final");
  int final = 1;
  if (st == ST_OK && n != NULL)
    st = yaml_bool(d, n, "final", &final, e);
  json_put_bool(rules, "final", final);
  n = yaml_get(d->root, "weights");
  if (st == ST_OK && n != NULL)
    st = read_weights(d, n, rules, e);
  n = yaml_get(d->root, "cast");
  if (st == ST_OK && n != NULL)
    st = read_cast(d, n, rules, e);
  if (st == ST_OK)
    st = season_config_read(d, rules, e);
  if (st != ST_OK)
    return st;
  n = yaml_get(d->root, "pitches_max");
  if (json_int(rules, "pitches_min", 0) > json_int(rules, "pitches_max", 0))
    st = error_at(e, ST_INPUT, d->file, n != NULL ? n->line : d->root->line,
                  "pitches_min (%lld) is larger than pitches_max (%lld)",
                  (long long)json_int(rules, "pitches_min", 0), (long long)json_int(rules, "pitches_max", 0));
  return st;
}

enum status season_rules_load(const char *config_path, json_t **out, struct error *e) {
  json_t *rules = default_rules();
  enum status st = ST_OK;
  double delta;
  char from[64];
  judge_delta_here(&delta, from, sizeof from); /* 0.005 unless this machine was calibrated */
  json_put_num(rules, "delta", delta);
  if (config_path != NULL) {
    struct arena a;
    struct yaml_doc d;
    arena_init(&a, 0);
    st = yaml_read_file(config_path, &a, &d, e);
    if (st == ST_OK)
      st = read_rules(&d, rules, e);
    arena_fini(&a);
  }
  *out = st == ST_OK ? rules : NULL;
  if (st != ST_OK)
    json_decref(rules);
  return st;
}

void season_rules_read(const json_t *rules, struct season_rules *out) {
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < N_WHOLE; i++) {
    int64_t v = json_int(rules, whole_rule[i].key, whole_rule[i].value);
    memcpy((char *)out + whole_rule[i].offset, &v, sizeof v);
  }
  for (size_t i = 0; i < N_REAL; i++) {
    double v = json_num(rules, real_rule[i].key, real_rule[i].value);
    memcpy((char *)out + real_rule[i].offset, &v, sizeof v);
  }
  for (size_t i = 0; i < SEASON_CRITERIA; i++)
    out->weight[i] = json_num(json_obj(rules, "weights"), season_criterion[i], default_weight[i]);
  out->partial_accept = strcmp(json_str(rules, "partial", "keep_out"), "accept") == 0;
  out->final = json_bool(rules, "final", 1);
}

void season_rules_of(const struct record_state *state, struct season_rules *out) {
  season_rules_read(json_obj(state->started, "rules"), out);
  out->rounds = json_int(state->started, "rounds", out->rounds);
}

double season_duel_alpha(double alpha, int64_t i) {
  const double pi = 3.14159265358979323846;
  double n = i < 1 ? 1 : (double)i;
  return 6 * alpha / (pi * pi * n * n);
}

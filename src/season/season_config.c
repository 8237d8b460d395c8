/* Room: season. The parts of `season.yml` that are not the rulebook's: what agents may take, what they cost,
 * and what the season may spend. They go into season_started beside the rules, not among them: agents see
 * the rules, and a prompt must not change with the price list. */
#include "season/season_config.h"

#include <string.h>

#include "agent/agent_ask.h"
#include "season/season_budget.h"

struct number {
  const char *key;
  double min, max;
  int whole;
};

static const struct number budget_keys[] = {{"calls", 0, 1e9, 1},
                                            {"tokens", 0, 1e15, 1},
                                            {"money", 0, 1e12, 0},
                                            {"wall_s", 0, 1e9, 0},
                                            {"evaluations", 0, 1e9, 1}};
static const struct number price_keys[] = {{"input_per_mtok", 0, 1e9, 0},
                                           {"output_per_mtok", 0, 1e9, 0},
                                           {"cache_read_per_mtok", 0, 1e9, 0},
                                           {"cache_write_per_mtok", 0, 1e9, 0}};
static const struct number agent_keys[] = {
    {"connect_s", 0.001, 3600, 0},        {"idle_s", 0.001, 86400, 0},
    {"total_s", 0.001, 86400, 0},         {"retries", 0, 100, 1},
    {"max_output_tokens", 1, 1e8, 1},     {"prompt_tokens", 1000, 1e8, 1},
    {"human_wait_s", 0.001, 31536000, 0},
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* A map of optional numbers; text: one more key that is a text, or NULL. */
static enum status read_numbers(const struct yaml_doc *d, const struct yaml_node *n, const char *what,
                                const struct number *number, size_t count, const char *text, json_t *out,
                                struct error *e) {
  const char *known[10] = {NULL};
  if (n->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, n->line, "%s must be a map of keys and numbers", what);
  for (size_t i = 0; i < count; i++)
    known[i] = number[i].key;
  known[count] = text;
  enum status st = yaml_known_keys(d, n, known, e);
  for (size_t i = 0; st == ST_OK && i < count; i++) {
    const struct yaml_node *v = yaml_get(n, number[i].key);
    int64_t whole = 0;
    double real = 0;
    if (v == NULL)
      continue;
    if (number[i].whole) {
      st = yaml_int(d, v, number[i].key, (int64_t)number[i].min, (int64_t)number[i].max, &whole, e);
      json_put_int(out, number[i].key, whole);
      continue;
    }
    st = yaml_num(d, v, number[i].key, &real, e);
    if (st == ST_OK && !(real >= number[i].min && real <= number[i].max))
      st = error_at(e, ST_INPUT, d->file, v->line, "%s must lie between %g and %g", number[i].key,
                    number[i].min, number[i].max);
    json_put_num(out, number[i].key, real);
  }
  const struct yaml_node *v = text != NULL ? yaml_get(n, text) : NULL;
  const char *value = NULL;
  if (st == ST_OK && v != NULL)
    st = yaml_text(d, v, text, &value, e);
  if (value != NULL)
    json_put_str(out, text, value);
  return st;
}

static enum status read_prices(const struct yaml_doc *d, const struct yaml_node *n, json_t *out,
                               struct error *e) {
  enum status st = ST_OK;
  if (n->kind != YAML_MAP)
    return error_at(e, ST_INPUT, d->file, n->line, "prices must be a map of models");
  for (size_t i = 0; st == ST_OK && i < n->count; i++) {
    json_t *row = json_object();
    st = read_numbers(d, n->item[i], n->key[i]->text, price_keys, COUNT(price_keys), NULL, row, e);
    json_object_set_new(out, n->key[i]->text, row);
  }
  return st;
}

static enum status check_member(const json_t *member, const char *ask, struct error *e) {
  const char *agent = json_str(member, "agent", "");
  struct error why = {.status = ST_OK};
  if (strcmp(ask, "entry") == 0 && strcmp(agent, "contestant") == 0)
    return ST_OK;
  if (agent_provider_check(agent, ask, &why) == ST_OK)
    return ST_OK;
  return error_set(e, ST_INPUT, "%s in the cast: %s", json_str(member, "name", "the implementer"), why.text);
}

enum status season_config_check(const json_t *rules, struct error *e) {
  static const char *const lists[] = {"contestants", "sharks"}, *const asks[] = {"pitch", "ballot"};
  const json_t *cast = json_obj(rules, "cast");
  enum status st = ST_OK;
  for (size_t l = 0; l < 2; l++)
    for (size_t i = 0; st == ST_OK && i < json_array_size(json_arr(cast, lists[l])); i++)
      st = check_member(json_array_get(json_arr(cast, lists[l]), i), asks[l], e);
  if (st == ST_OK)
    st = check_member(json_obj(cast, "implementer"), "entry", e);
  if (st == ST_OK)
    st = season_budget_check(cast, json_obj(rules, "budgets"), json_obj(rules, "prices"), e);
  return st;
}

enum status season_config_read(const struct yaml_doc *d, json_t *rules, struct error *e) {
  json_t *budgets = json_object(), *prices = json_object(), *agents = json_object();
  enum status st = ST_OK;
  const struct yaml_node *n = yaml_get(d->root, "budgets");
  json_object_set_new(rules, "budgets", budgets);
  json_object_set_new(rules, "prices", prices);
  json_object_set_new(rules, "agents", agents);
  if (n != NULL)
    st = read_numbers(d, n, "budgets", budget_keys, COUNT(budget_keys), NULL, budgets, e);
  n = yaml_get(d->root, "prices");
  if (st == ST_OK && n != NULL)
    st = read_prices(d, n, prices, e);
  n = yaml_get(d->root, "agents");
  if (st == ST_OK && n != NULL)
    st = read_numbers(d, n, "agents", agent_keys, COUNT(agent_keys), "templates", agents, e);
  return st;
}

void season_config_split(json_t *rules, json_t *started) {
  static const char *const part[] = {"cast", "budgets", "prices", "agents"};
  for (size_t i = 0; i < COUNT(part); i++) {
    json_t *value = json_object_get(rules, part[i]);
    if (value != NULL && (i == 0 || json_object_size(value) > 0))
      json_object_set(started, part[i], value);
    json_object_del(rules, part[i]);
  }
}

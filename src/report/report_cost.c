/* Room report: what the season cost in time and money. Pure; touches only the view's arena.
 *
 * A price that the log does not know is unknown, never zero; the built-in agents cost nothing. */
#include <math.h>
#include <string.h>

#include "report/report_view.h"

/* 1 if the agent behind `who` is one of ours, which costs nothing. */
static int is_builtin(const struct record_state *s, const char *who) {
  const json_t *cast = json_obj(s->started, "cast");
  static const char *const lists[] = {"contestants", "sharks"};
  for (size_t l = 0; l < 2; l++) {
    const json_t *list = json_arr(cast, lists[l]);
    for (size_t i = 0; who && i < json_array_size(list); i++) {
      const json_t *one = json_array_get(list, i);
      if (!strcmp(json_str(one, "name", ""), who))
        return !strncmp(json_str(one, "agent", ""), "builtin:", 8);
    }
  }
  const json_t *implementer = json_object_get(cast, "implementer");
  const char *agent =
      json_is_string(implementer) ? json_string_value(implementer) : json_str(implementer, "agent", "");
  return !strncmp(agent, "builtin:", 8);
}

static void count_act(struct report_view *v, const struct record_act *a) {
  size_t c = 0;
  while (c < v->n_costs && strcmp(v->cost[c].act, a->act))
    c++;
  if (c == v->n_costs) {
    if (c == 32)
      return; /* the log has a handful of kinds; a hostile one is not worth more */
    v->cost[v->n_costs++].act = a->act;
  }
  struct report_cost *cost = &v->cost[c];
  cost->count++;
  if (!a->status) {
    cost->open++;
    return;
  }
  if (strcmp(a->status, "ok"))
    cost->failed++;
  if (isfinite(a->seconds) && a->seconds > 0)
    cost->seconds += a->seconds;
  if (strcmp(a->act, "pitch") && strcmp(a->act, "ballot") && strcmp(a->act, "implement"))
    return;
  double usd;
  if (json_has_num(a->result, "cost_usd", &usd)) {
    cost->priced++;
    cost->usd += usd;
  } else if (!is_builtin(v->state, a->who)) {
    cost->unknown++;
  }
}

enum status report_costs_init(struct report_view *v) {
  const struct record_state *s = v->state;
  v->cost = arena_array(&v->arena, 32, sizeof *v->cost);
  if (!v->cost)
    return ST_MEMORY;
  for (size_t r = 0; r < s->n_rounds; r++) {
    for (size_t i = 0; i < s->round[r].n_acts; i++)
      count_act(v, &s->round[r].act[i]);
  }
  for (size_t i = 0; i < s->n_loose; i++)
    count_act(v, &s->loose[i]);
  return ST_OK;
}

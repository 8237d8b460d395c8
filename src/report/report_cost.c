/* Room report: what the season cost in time and money. Pure; touches only the view's arena.
 *
 * A price that the log does not know is unknown, never zero; the built-in agents cost nothing. */
#include <math.h>
#include <string.h>

#include "report/report_view.h"

/* 1 if the act called an agent that is not ours: that costs something. Its begun event names who was asked;
 * the cast does for logs of tests that leave it out. */
static int is_outside(const struct record_state *s, const struct record_act *a) {
  static const char *const lists[] = {"contestants", "sharks"};
  const json_t *cast = json_obj(s->started, "cast");
  const char *provider = json_str(a->args, "agent", NULL);
  if (strcmp(a->act, "pitch") && strcmp(a->act, "ballot") && strcmp(a->act, "implement"))
    return 0;
  for (size_t l = 0; !provider && l < 2; l++) {
    const json_t *list = json_arr(cast, lists[l]);
    for (size_t i = 0; a->who && i < json_array_size(list); i++) {
      const json_t *one = json_array_get(list, i);
      if (!strcmp(json_str(one, "name", ""), a->who))
        provider = json_str(one, "agent", "");
    }
  }
  if (!provider)
    provider = json_str(json_obj(cast, "implementer"), "agent", "");
  return strncmp(provider, "builtin:", 8) != 0;
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
  if (strcmp(a->status, "ok") && strcmp(a->status, "superseded"))
    cost->failed++;
  if (isfinite(a->seconds) && a->seconds > 0)
    cost->seconds += a->seconds;
  double price;
  if (json_has_num(a->agent, "price", &price)) {
    cost->priced++;
    cost->price += price;
  } else if (is_outside(v->state, a)) {
    cost->unknown++;
  }
}

/* ---- per agent that is not built in --------------------------------------------------------- */

static struct report_agent *agent_named(struct report_view *v, const char *provider) {
  for (size_t i = 0; i < v->n_agents; i++)
    if (!strcmp(v->agent[i].provider, provider))
      return &v->agent[i];
  if (v->n_agents == REPORT_AGENTS_MAX)
    return NULL;
  v->agent[v->n_agents].provider = provider;
  return &v->agent[v->n_agents++];
}

static void count_fault(struct report_agent *x, const char *fault) {
  size_t f = 0;
  while (f < x->n_faults && strcmp(x->fault[f].name, fault))
    f++;
  if (f == REPORT_FAULTS_MAX)
    return;
  if (f == x->n_faults)
    x->fault[x->n_faults++].name = fault;
  x->fault[f].count++;
}

static void count_agent(struct report_view *v, const struct record_act *a) {
  static const char *const part[] = {"input_tokens", "output_tokens", "cache_read_tokens",
                                     "cache_write_tokens"};
  if (!is_outside(v->state, a))
    return;
  struct report_agent *x = agent_named(v, json_str(a->args, "agent", "unknown"));
  if (!x)
    return;
  double n, tokens[4] = {0, 0, 0, 0};
  int told = a->agent != NULL;
  x->calls++;
  for (size_t i = 0; told && i < 4; i++) {
    told = json_has_num(a->agent, part[i], &n);
    tokens[i] = told ? n : 0;
  }
  if (told || (a->agent && json_int(a->agent, "attempts", 1) == 0)) {
    x->input += tokens[0] + tokens[2] + tokens[3];
    x->cached += tokens[2];
    x->output += tokens[1];
  } else {
    x->untold++;
  }
  if (json_has_num(a->agent, "price", &n))
    x->price += n;
  else
    x->unpriced++;
  const char *fault = json_str(a->agent, "fault", !a->status ? "none" : "cut_off");
  if (strcmp(fault, "none"))
    count_fault(x, fault);
}

enum status report_costs_init(struct report_view *v) {
  const struct record_state *s = v->state;
  v->cost = arena_array(&v->arena, 32, sizeof *v->cost);
  v->agent = arena_array(&v->arena, REPORT_AGENTS_MAX, sizeof *v->agent);
  if (!v->cost || !v->agent)
    return ST_MEMORY;
  for (size_t r = 0; r < s->n_rounds; r++) {
    for (size_t i = 0; i < s->round[r].n_acts; i++) {
      count_act(v, &s->round[r].act[i]);
      count_agent(v, &s->round[r].act[i]);
    }
  }
  for (size_t i = 0; i < s->n_loose; i++)
    count_act(v, &s->loose[i]);
  return ST_OK;
}

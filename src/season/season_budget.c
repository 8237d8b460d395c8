/* Room: season. Limits of calls, prices, budgets: see season_budget.h. Pure. */
#include "season/season_budget.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_human.h"
#include "agent/agent_prompt.h"

enum { SECOND_NS = 1000000000 };

static int64_t nanoseconds(const json_t *agents, const char *key, int64_t otherwise) {
  double s;
  return json_has_num(agents, key, &s) && s > 0 ? (int64_t)(s * SECOND_NS) : otherwise;
}

void season_agent_options(const json_t *started, struct agent_ask_options *o) {
  const json_t *agents = json_obj(started, "agents");
  agent_ask_defaults(o);
  struct agent_limits *l = &o->limits;
  l->connect_ns = nanoseconds(agents, "connect_s", l->connect_ns);
  l->idle_ns = nanoseconds(agents, "idle_s", l->idle_ns);
  l->total_ns = nanoseconds(agents, "total_s", l->total_ns);
  l->person_ns = nanoseconds(agents, "human_wait_s", l->person_ns);
  l->retries = (int)json_int(agents, "retries", l->retries);
  l->max_output_tokens = json_int(agents, "max_output_tokens", l->max_output_tokens);
  o->prompt_tokens = json_int(agents, "prompt_tokens", AGENT_PROMPT_TOKENS);
  o->templates_dir = json_str(agents, "templates", NULL);
}

/* The model's row of the price list: by its name, else by the provider's whole name. */
static const json_t *price_row(const json_t *prices, const char *provider) {
  char model[256];
  agent_model_name(provider, model, sizeof model);
  const json_t *row = json_object_get(prices, model);
  return row != NULL ? row : json_object_get(prices, provider);
}

static int is_free(const char *provider) {
  return strncmp(provider, "recorded:", 9) == 0 || agent_is_person(provider) ||
         !agent_exchange_knows(provider);
}

double season_call_price(const json_t *started, const char *provider, const struct agent_usage *usage) {
  const struct {
    const char *key;
    int64_t tokens;
  } part[] = {{"input_per_mtok", usage->input_tokens},
              {"output_per_mtok", usage->output_tokens},
              {"cache_read_per_mtok", usage->cache_read_tokens},
              {"cache_write_per_mtok", usage->cache_write_tokens}};
  const json_t *row = price_row(json_obj(started, "prices"), provider);
  double sum = 0, price;
  if (is_free(provider))
    return 0;
  for (size_t i = 0; i < 4; i++) {
    if (part[i].tokens == 0)
      continue; /* nothing of this kind: its price does not matter */
    if (part[i].tokens < 0 || !json_has_num(row, part[i].key, &price))
      return NAN;
    sum += price * (double)part[i].tokens * 1e-6;
  }
  return usage->attempts == 0 ? 0 : sum;
}

/* ------------------------------------------------------------------ what was spent */

/* The most that one asking may take, where the call did not tell. */
static double ceiling_tokens(const json_t *started) {
  struct agent_ask_options o;
  season_agent_options(started, &o);
  return (double)(o.prompt_tokens + o.limits.max_output_tokens);
}

static double ceiling_money(const json_t *started, const char *provider) {
  struct agent_ask_options o;
  const json_t *row = price_row(json_obj(started, "prices"), provider);
  double in = json_num(row, "input_per_mtok", 0), write = json_num(row, "cache_write_per_mtok", 0);
  season_agent_options(started, &o);
  if (is_free(provider))
    return 0;
  return 1e-6 * ((in > write ? in : write) * (double)o.prompt_tokens +
                 json_num(row, "output_per_mtok", 0) * (double)o.limits.max_output_tokens);
}

/* -1: not told */
static double tokens_of(const json_t *agent) {
  static const char *const part[] = {"input_tokens", "output_tokens", "cache_read_tokens",
                                     "cache_write_tokens"};
  double sum = 0, n;
  for (size_t i = 0; i < 4; i++) {
    if (!json_has_num(agent, part[i], &n))
      return json_int(agent, "attempts", 1) == 0 ? 0 : -1;
    sum += n;
  }
  return sum;
}

static int is_act(const struct record_act *a, const char *const list[]) {
  for (size_t i = 0; list[i] != NULL; i++)
    if (strcmp(a->act, list[i]) == 0)
      return 1;
  return 0;
}

static void count_call(const struct record_state *state, const struct record_act *a, const char *provider,
                       struct season_spent *out) {
  double tokens = tokens_of(a->agent), money;
  out->calls++;
  out->unknown_calls += tokens < 0;
  out->tokens += tokens < 0 ? ceiling_tokens(state->started) : tokens;
  out->money += json_has_num(a->agent, "price", &money) ? money : ceiling_money(state->started, provider);
}

void season_spent(const struct record_state *state, struct season_spent *out) {
  static const char *const asks[] = {"pitch", "ballot", "implement", NULL};
  static const char *const judged[] = {"check", "probe", "duel", "confirm", NULL};
  *out = (struct season_spent){.evaluations = state->n_tool_calls};
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_acts; i++) {
      const struct record_act *a = &state->round[k].act[i];
      const char *provider = json_str(a->args, "agent", "");
      out->evaluations +=
          is_act(a, judged) || (strcmp(a->act, "measure") == 0 && json_object_get(a->args, "pitch") != NULL);
      if (is_act(a, asks) && agent_exchange_knows(provider) && !agent_is_person(provider))
        count_call(state, a, provider, out);
    }
}

/* ------------------------------------------------------------------ budgets */

static int is_evaluation(enum season_step_kind kind) {
  return kind == STEP_CHECK || kind == STEP_PROBE || kind == STEP_DUEL || kind == STEP_CONFIRM;
}

/* reserve: what the next call may take; 0 where that is one, or nothing. */
static json_t *hit(const char *which, double limit, double spent, double reserve, const char *why) {
  json_t *data = json_object();
  char text[256], may[64] = "";
  if (reserve > 0)
    snprintf(may, sizeof may, ", and one more call may take %g", reserve);
  snprintf(text, sizeof text, "the budget of %g %s %s (%g are spent%s)", limit, which, why, spent, may);
  json_put_str(data, "which", which);
  json_put_num(data, "limit", limit);
  json_put_num(data, "spent", spent);
  if (reserve > 0)
    json_put_num(data, "reserve", reserve);
  json_put_str(data, "text", text);
  return data;
}

/* NULL: tokens and money hold the most that one asking of this agent may take. What is under way is in
 * `spent` with that much already. */
static json_t *call_hit(const struct record_state *state, const struct season_spent *spent,
                        const char *provider) {
  double limit, tokens = ceiling_tokens(state->started), money = ceiling_money(state->started, provider);
  if (agent_is_person(provider))
    return NULL;
  if (json_has_num(state->budgets, "tokens", &limit) && spent->tokens + tokens > limit)
    return hit("tokens", limit, spent->tokens, tokens, "does not hold the next call");
  if (money > 0 && json_has_num(state->budgets, "money", &limit) && spent->money + money > limit)
    return hit("money", limit, spent->money, money, "does not hold the next call");
  return NULL;
}

int season_call_fits(const struct record_state *state, const char *provider) {
  struct season_spent spent;
  season_spent(state, &spent);
  json_t *no = call_hit(state, &spent, provider);
  json_decref(no);
  return no == NULL;
}

json_t *season_budget_hit(const struct record_state *state, const struct season_steps *due, size_t calls_due,
                          const char *first_call, double wall_s) {
  const json_t *budgets = state->budgets;
  struct season_spent spent;
  double limit;
  int evaluates = 0, acts = 0;
  if (json_object_size(budgets) == 0)
    return NULL;
  for (size_t i = 0; i < due->count; i++) {
    enum season_step_kind kind = due->step[i].kind;
    evaluates |= is_evaluation(kind);
    acts |= is_evaluation(kind) || kind == STEP_MEASURE || kind == STEP_PITCH || kind == STEP_BALLOT ||
            kind == STEP_IMPLEMENT;
  }
  season_spent(state, &spent);
  if (calls_due > 0 && json_has_num(budgets, "calls", &limit) &&
      (double)spent.calls + (double)calls_due > limit)
    return hit("calls", limit, (double)spent.calls, 0, "does not hold the next ones");
  json_t *no = first_call != NULL ? call_hit(state, &spent, first_call) : NULL;
  if (no != NULL)
    return no;
  if (evaluates && json_has_num(budgets, "evaluations", &limit) && (double)spent.evaluations >= limit)
    return hit("evaluations", limit, (double)spent.evaluations, 0, "is used up");
  if (acts && json_has_num(budgets, "wall_s", &limit) && wall_s >= limit)
    return hit("wall_s", limit, wall_s, 0, "is used up");
  return NULL;
}

/* ------------------------------------------------------------------ time */

struct span {
  int64_t from_ns, to_ns;
};

static int by_begin(const void *a, const void *b) {
  const struct span *x = a, *y = b;
  return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

static int64_t union_ns(struct span *span, size_t n) {
  int64_t sum = 0, end = INT64_MIN;
  if (n > 0)
    qsort(span, n, sizeof *span, by_begin);
  for (size_t i = 0; i < n; i++) {
    int64_t from = span[i].from_ns > end ? span[i].from_ns : end;
    if (span[i].to_ns > from)
      sum += span[i].to_ns - from;
    end = span[i].to_ns > end ? span[i].to_ns : end;
  }
  return sum;
}

/* Ended calls of tools; one line of the ledger says at most a day. */
static size_t tool_spans(const json_t *calls, struct span *out) {
  size_t n = 0, i;
  const json_t *one;
  json_array_foreach((json_t *)(uintptr_t)calls, i, one) {
    int64_t to = json_int(one, "ended_ns", 0), from = json_int(one, "began_ns", 0);
    int64_t least = to - (int64_t)86400 * SECOND_NS;
    if (to > 0 && from < to)
      out[n++] = (struct span){from < least ? least : from, to};
  }
  return n;
}

double season_worked_s(const struct event_log *log, const json_t *more, int64_t now_ns) {
  size_t n = 1, most = json_array_size(more) + 1;
  for (size_t i = 0; i < log->count; i++)
    most += 1 + json_array_size(json_object_get(log->event[i].data, "calls"));
  struct span *span = calloc(most, sizeof *span);
  if (span == NULL)
    return INFINITY; /* no memory to look: nothing more is begun */
  for (size_t i = 0; i < log->count; i++) {
    const struct event *ev = &log->event[i];
    if (strcmp(ev->kind, "tools_used") == 0)
      n += tool_spans(json_arr(ev->data, "calls"), span + n);
    if (i == 0)
      span[0] = (struct span){ev->wall_ns, ev->wall_ns};
    else if (strcmp(ev->kind, "season_resumed") == 0 || strcmp(ev->kind, "budget_changed") == 0) {
      span[n++] = span[0];
      span[0] = (struct span){ev->wall_ns, ev->wall_ns};
    }
    span[0].to_ns = ev->wall_ns; /* of the engine at work now */
  }
  if (log->count > 0 && now_ns > span[0].to_ns)
    span[0].to_ns = now_ns;
  n += tool_spans(more, span + n);
  double s = (double)union_ns(span, n) * 1e-9;
  free(span);
  return s;
}

static enum status priced(const json_t *member, const json_t *prices, struct error *e) {
  const char *provider = json_str(member, "agent", "");
  const json_t *row = price_row(prices, provider);
  double in, out;
  char model[256];
  if (strcmp(provider, "contestant") == 0 || is_free(provider) ||
      (json_has_num(row, "input_per_mtok", &in) && json_has_num(row, "output_per_mtok", &out)))
    return ST_OK;
  agent_model_name(provider, model, sizeof model);
  return error_set(e, ST_INPUT,
                   "there is a budget of money, and no price of %.120s, which %.60s asks: give "
                   "`prices: {%.120s: {input_per_mtok, output_per_mtok}}` in season.yml, or budgets of calls "
                   "or tokens instead",
                   model, json_str(member, "name", "the implementer"), model);
}

enum status season_budget_check(const json_t *cast, const json_t *budgets, const json_t *prices,
                                struct error *e) {
  static const char *const lists[] = {"contestants", "sharks"};
  enum status st = ST_OK;
  double money;
  if (!json_has_num(budgets, "money", &money))
    return ST_OK;
  for (size_t l = 0; st == ST_OK && l < 2; l++)
    for (size_t i = 0; st == ST_OK && i < json_array_size(json_arr(cast, lists[l])); i++)
      st = priced(json_array_get(json_arr(cast, lists[l]), i), prices, e);
  return st == ST_OK ? priced(json_obj(cast, "implementer"), prices, e) : st;
}

/* Room: agent. What each contestant pitches: the choice, without the words. All four read the same
 * fit and differ in where they look and what they maximise, so their pitches differ in kind and not
 * only in luck. */
#include <math.h>
#include <string.h>

#include "agent/agent_builtin.h"
#include "base/base_rng.h"

/* A setting's number in [0, 1) that differs between names: contestants cannot see one another, and
 * equal scores must not make them pitch the same thing. */
static double own_chance(const struct agent_view *v, const uint8_t *setting) {
  uint64_t h = rng_derive(agent_text_hash(v->name) ^ v->seed, agent_space_hash(&v->space, setting));
  return (double)(h >> 11) * 0x1p-53;
}

static int changes_word(const struct agent_view *v, const uint8_t *setting) {
  for (size_t k = 0; k < v->space.n_knobs; k++)
    if (v->space.knob[k].has_words && setting[k] != v->base[k])
      return 1;
  return 0;
}

struct search {
  const struct agent_tank *t;
  enum agent_persona persona;
  struct agent_belief *belief;
  int has_words;
  double now;             /* the incumbent's log time in the model's units */
  double boldness;        /* Wild Card: standard deviations of benefit of the doubt */
  double arithmetic_edge; /* Hardware Expert: the highest log cost still looked at */
  size_t reach;           /* Incrementalist: knobs it may change */
};

static double over_limits(const struct agent_view *v, const double *row) {
  double over = 0;
  for (size_t j = 0; j < v->space.n_estimates; j++)
    over += row[v->space.n_estimates + j];
  return over;
}

/* 1 when the persona would look at this setting at all. */
static int in_reach(const struct search *s, size_t i) {
  const struct agent_view *v = &s->t->view;
  const uint8_t *setting = agent_view_setting(v, i);
  size_t distance = agent_space_distance(&v->space, v->base, setting);
  switch (s->persona) {
  case AGENT_INCREMENTALIST:
    return distance <= s->reach;
  case AGENT_REFACTORER:
    return s->has_words ? changes_word(v, setting) : 2 * distance >= v->space.n_knobs;
  case AGENT_HARDWARE_EXPERT:
    return v->space.cost < 0 || agent_view_row(v, i)[v->space.cost] <= s->arithmetic_edge;
  default:
    return distance >= 3 || v->space.n_knobs < 3;
  }
}

/* Expected gain of log speedup, times the chance that the thing works. */
static double score_of(const struct search *s, size_t i) {
  const struct agent_view *v = &s->t->view;
  const uint8_t *setting = agent_view_setting(v, i);
  const struct agent_belief *b = &s->belief[i];
  double compiles, correct, gain = s->now - b->mean, worth;
  agent_model_works(s->t->model, setting, &compiles, &correct);
  if (s->persona == AGENT_WILD_CARD)
    worth = gain + s->boldness * b->sd + 10; /* + 10: keeps the product's order when gains are negative */
  else if (s->persona == AGENT_HARDWARE_EXPERT)
    worth = 10 + gain - over_limits(v, agent_view_row(v, i));
  else
    worth = agent_round_gain(gain, b->sd);
  double tie = s->persona == AGENT_WILD_CARD || s->persona == AGENT_HARDWARE_EXPERT ? 0.002 : 0.02;
  return worth * correct * (1 + tie * own_chance(v, setting));
}

/* The best setting of the persona's part of the space, or -1 when none of it is left. */
static int64_t best_of(const struct search *s, size_t *considered) {
  const struct agent_view *v = &s->t->view;
  int64_t best = -1;
  double best_score = -INFINITY;
  *considered = 0;
  for (size_t i = 0; i < v->space.n; i++) {
    const uint8_t *setting = agent_view_setting(v, i);
    if (!v->allowed[i] || !in_reach(s, i) || agent_view_tried(v, setting) || agent_view_banned(v, setting))
      continue;
    ++*considered;
    double score = score_of(s, i);
    if (score > best_score) {
      best_score = score;
      best = (int64_t)i;
    }
  }
  return best;
}

/* The edge of the Hardware Expert's window: a quarter above the cheapest setting still untried. */
static double arithmetic_edge(const struct agent_view *v) {
  double lowest = INFINITY;
  for (size_t i = 0; v->space.cost >= 0 && i < v->space.n; i++) {
    double cost = agent_view_row(v, i)[v->space.cost];
    if (v->allowed[i] && cost < lowest && !agent_view_tried(v, agent_view_setting(v, i)))
      lowest = cost;
  }
  return lowest + 0.2231; /* log(1.25) */
}

static enum agent_trust trust_of(enum agent_persona persona) {
  return persona == AGENT_HARDWARE_EXPERT ? AGENT_BOUNDS : AGENT_BALANCED;
}

enum status agent_plan_make(const struct agent_tank *t, enum agent_persona persona, struct agent_plan *out,
                            struct error *e) {
  const struct agent_view *v = &t->view;
  struct search s = {.t = t, .persona = persona, .reach = 2};
  s.now = agent_model_compress(t->model, v->incumbent_log_time);
  struct rng r;
  rng_init(&r, rng_derive(v->seed, agent_text_hash(v->name)));
  s.boldness = 0.4 + 1.2 * rng_unit(&r);
  s.arithmetic_edge = arithmetic_edge(v);
  for (size_t k = 0; k < v->space.n_knobs; k++)
    s.has_words |= v->space.knob[k].has_words && v->space.knob[k].n_values > 1;
  s.belief = arena_array(v->arena, v->space.n, sizeof *s.belief);
  if (!s.belief)
    return error_set(e, ST_MEMORY, "no memory for the beliefs on %zu settings", v->space.n);
  agent_model_predict_all(t->model, trust_of(persona), s.belief);

  *out = (struct agent_plan){.persona = persona};
  int64_t best = best_of(&s, &out->considered);
  if (best < 0 && persona == AGENT_INCREMENTALIST)
    for (; best < 0 && s.reach < v->space.n_knobs; out->relaxed = 1) {
      s.reach++;
      best = best_of(&s, &out->considered);
    }
  if (best < 0) { /* nothing of its own kind is left: anything untried */
    s.persona = AGENT_INCREMENTALIST;
    s.reach = v->space.n_knobs;
    out->relaxed = 1;
    best = best_of(&s, &out->considered);
  }
  if (best < 0)
    return error_set(e, ST_INPUT,
                     "every valid setting of this family (%zu of them) has been pitched or "
                     "measured already: nothing is left to pitch",
                     v->space.n);
  out->setting = agent_view_setting(v, (size_t)best);
  out->feature = agent_view_row(v, (size_t)best);
  agent_forecast_setting(t, out->setting, AGENT_BALANCED, &out->forecast);
  return ST_OK;
}

/* Room: agent. Research pitches: each contestant asks a question of its own kind that can be settled
 * by arithmetic on the log, computes today's answer, says which answer decides what, and names the setting
 * whose probe would tell most. The probe is measured, never accepted, and cannot be pitched again: so it is
 * a setting that says much, not the one that promises most. */
#include <math.h>
#include <string.h>

#include "agent/agent_builtin.h"

struct question {
  struct buffer title, problem, solution, impact, evidence, settles;
  const char *statistic; /* what `value` is */
  double value, doubt;   /* doubt in [0, 1]: 1 = today's evidence says nothing about the answer */
  const uint8_t *probe;  /* NULL: nothing untried would settle it */
};

static void init(struct question *q) {
  *q = (struct question){.value = NAN, .doubt = 1};
  buffer_init(&q->title);
  buffer_init(&q->problem);
  buffer_init(&q->solution);
  buffer_init(&q->impact);
  buffer_init(&q->evidence);
  buffer_init(&q->settles);
}

static void fini(struct question *q) {
  buffer_fini(&q->title);
  buffer_fini(&q->problem);
  buffer_fini(&q->solution);
  buffer_fini(&q->impact);
  buffer_fini(&q->evidence);
  buffer_fini(&q->settles);
}

static int can_probe(const struct agent_view *v, size_t i) {
  const uint8_t *s = agent_view_setting(v, i);
  return v->allowed[i] && !agent_view_tried(v, s) && !agent_view_banned(v, s);
}

/* Is there anything left to gain close by? The best one-knob step under the fit. */
static void ask_local(const struct agent_tank *t, struct question *q) {
  const struct agent_view *v = &t->view;
  double best = 0, widest = 0;
  size_t near = 0, untried = 0;
  const uint8_t *at = NULL;
  for (size_t i = 0; i < v->space.n; i++) {
    const uint8_t *s = agent_view_setting(v, i);
    if (agent_space_distance(&v->space, s, v->base) != 1)
      continue;
    near++;
    if (agent_view_tried(v, s))
      continue;
    untried++;
    struct agent_belief b = agent_model_predict(t->model, s, agent_view_row(v, i), AGENT_BALANCED);
    double p = agent_normal_cdf((agent_model_compress(t->model, v->incumbent_log_time) - b.mean) / b.sd);
    if (p > best) {
      best = p;
      at = s;
    }
    if (b.sd > widest && can_probe(v, i)) {
      widest = b.sd;
      q->probe = s;
    }
  }
  q->statistic = "p_best_single_step_faster";
  q->value = best;
  q->doubt = 1 - fabs(2 * best - 1);
  buffer_printf(&q->title, "Is the incumbent a local optimum? %zu of %zu single steps are unmeasured",
                untried, near);
  buffer_printf(&q->problem,
                "The season has measured %zu settings; whether small steps can still help is not known.",
                v->n_samples);
  buffer_printf(
      &q->solution,
      "Compare the fit's prediction for all %zu single-knob steps with the incumbent's log time of %.3f, "
      "and settle it by the highest probability of being faster.",
      near, v->incumbent_log_time);
  buffer_printf(
      &q->impact,
      "Nothing is accepted in this round: 1.00x. If the highest probability is under 20 %%, small steps are given up and "
      "only structural changes are pitched.");
  buffer_printf(&q->evidence, "Today the highest probability over untried single steps is %.0f %%",
                100 * best);
  if (at) {
    buffer_text(&q->evidence, ", for ");
    agent_write_changes(t, v->base, at, 2, &q->evidence);
  }
  buffer_text(&q->evidence, ".");
  buffer_printf(&q->settles, "A measured single step that is more than 0.5 %% faster.");
}

/* Which structural choice is least known? The word value with the widest belief on its best member. */
static void ask_structure(const struct agent_tank *t, struct question *q) {
  const struct agent_view *v = &t->view;
  double best_sd = -1, best_mean = 0;
  size_t best_knob = 0, best_value = 0, seen = 0;
  for (size_t k = 0; k < v->space.n_knobs; k++)
    for (size_t a = 0; v->space.knob[k].has_words && a < v->space.knob[k].n_values; a++) {
      double low = INFINITY, sd = 0;
      for (size_t i = 0; i < v->space.n; i++) {
        if (agent_view_setting(v, i)[k] != a)
          continue;
        struct agent_belief b =
            agent_model_predict(t->model, agent_view_setting(v, i), agent_view_row(v, i), AGENT_DATA);
        if (b.mean < low) {
          low = b.mean;
          sd = b.sd;
        }
      }
      if (isfinite(low) && sd > best_sd) {
        best_sd = sd;
        best_mean = low;
        best_knob = k;
        best_value = a;
      }
    }
  if (best_sd < 0)
    best_sd = 0;
  const struct agent_knob *knob = &v->space.knob[best_knob];
  size_t nearest = SIZE_MAX; /* of its members, the one most like the incumbent isolates its effect */
  for (size_t i = 0; i < v->space.n; i++) {
    size_t away = agent_space_distance(&v->space, agent_view_setting(v, i), v->base);
    if (agent_view_setting(v, i)[best_knob] == best_value && away < nearest && can_probe(v, i)) {
      nearest = away;
      q->probe = agent_view_setting(v, i);
    }
  }
  for (size_t i = 0; i < v->n_samples; i++)
    seen += v->sample[i].setting[best_knob] == best_value;
  q->statistic = "sd_of_log_time";
  q->value = best_sd;
  q->doubt = fmin(1, best_sd);
  buffer_printf(&q->title, "What is %s=%s worth? %zu of %zu measurements have it", knob->name,
                knob->label[best_value], seen, v->n_samples);
  buffer_printf(&q->problem,
                "Of all structural choices the fit knows least about %s=%s: its best member's log time has a "
                "standard deviation of %.2f.",
                knob->name, knob->label[best_value], best_sd);
  /* In plain log time: beliefs are in the model's compressed units. */
  double middle = agent_model_expand(t->model, best_mean);
  double low = agent_model_expand(t->model, best_mean - 1.28 * best_sd);
  double high = agent_model_expand(t->model, best_mean + 1.28 * best_sd);
  buffer_printf(&q->solution,
                "Compare the belief on the best member with %s=%s, log time %.2f (10-90 %%: %.2f to %.2f), "
                "with the incumbent's %.2f; it is settled when that lies outside the range.",
                knob->name, knob->label[best_value], middle, low, high, v->incumbent_log_time);
  buffer_printf(&q->impact,
                "Nothing is accepted in this round: 1.00x. If its optimistic end (%.2f) is above the "
                "incumbent's log time, this structure is dropped from later pitches.",
                low);
  buffer_printf(&q->evidence, "%zu settings measured, %zu with %s=%s.", v->n_samples, seen, knob->name,
                knob->label[best_value]);
  buffer_printf(&q->settles, "A measured member with %s=%s outside %.2f to %.2f in log time.", knob->name,
                knob->label[best_value], low, high);
}

/* Does the declared cost order the measured settings? Kendall's tau over all pairs. */
static void ask_estimates(const struct agent_tank *t, struct question *q) {
  const struct agent_view *v = &t->view;
  int cost = v->space.cost;
  double agree = 0, pairs = 0;
  for (size_t i = 0; cost >= 0 && i < v->n_samples; i++)
    for (size_t j = 0; j < i; j++) {
      double d = (v->sample[i].feature[cost] - v->sample[j].feature[cost]) *
                 (v->sample[i].log_time - v->sample[j].log_time);
      pairs += 1;
      agree += d > 0 ? 1 : d < 0 ? -1 : 0;
    }
  double widest = 0; /* where arithmetic and measurements disagree most */
  for (size_t i = 0; i < v->space.n; i++) {
    const uint8_t *s = agent_view_setting(v, i);
    struct agent_belief b = agent_model_predict(t->model, s, agent_view_row(v, i), AGENT_BOUNDS);
    double apart = fabs(b.mean - agent_model_predict(t->model, s, agent_view_row(v, i), AGENT_DATA).mean);
    if (apart >= widest && can_probe(v, i)) {
      widest = apart;
      q->probe = s;
    }
  }
  const char *name = cost >= 0 ? v->space.estimate[cost].name : "no estimate of time is declared";
  q->statistic = "kendall_tau";
  q->value = pairs > 0 ? agree / pairs : NAN;
  q->doubt = 1 / (1 + pairs / 6);
  buffer_printf(&q->title, "Does arithmetic order the measured times? (%s, %.0f pairs)", name, pairs);
  buffer_printf(&q->problem,
                "Pitches lean on %s; if it does not order what was measured, they lean on nothing.", name);
  buffer_printf(
      &q->solution,
      "Kendall's rank correlation between the estimate and measured log time over all %.0f pairs of %zu "
      "measured settings.",
      pairs, v->n_samples);
  buffer_printf(
      &q->impact,
      "Nothing is accepted in this round: 1.00x. Above 0.5 the next pitches follow the estimate; below 0.1 they follow the "
      "measurements only.");
  if (pairs > 0)
    buffer_printf(&q->evidence, "Today it is %.2f, and the fit gives the estimate %.0f %% weight.", q->value,
                  100 * agent_model_cost_weight(t->model, AGENT_BALANCED));
  else
    buffer_printf(&q->evidence, "Only %zu settings have been measured, 0 pairs.", v->n_samples);
  buffer_printf(&q->settles,
                "A rank correlation on the opposite side of 0.3 once 3 more settings are measured.");
}

/* Is the right thing being optimised? Where the remaining distance to the limit lies. */
static void ask_problem(const struct agent_tank *t, struct question *q) {
  const struct agent_view *v = &t->view;
  double most = -1, total = 0;
  const char *shape = "no shape";
  size_t known = 0;
  for (size_t i = 0; i < v->n_speeds; i++) {
    double gap = log(v->speed[i].seconds / v->speed[i].roofline_seconds);
    if (isnan(gap))
      continue;
    known++;
    total += fmax(0, gap);
    if (gap > most) {
      most = gap;
      shape = v->speed[i].shape;
    }
  }
  double widest = 0; /* the setting of which least is known, structure and all */
  for (size_t i = 0; i < v->space.n; i++) {
    const uint8_t *s = agent_view_setting(v, i);
    double sd = agent_model_predict(t->model, s, agent_view_row(v, i), AGENT_BALANCED).sd;
    if (sd > widest && can_probe(v, i)) {
      widest = sd;
      q->probe = s;
    }
  }
  double share = total > 0 ? most / total : NAN, even = known ? 1 / (double)known : NAN;
  q->statistic = "largest_share_of_gap";
  q->value = share;
  q->doubt = isnan(share) ? 1 : fmin(1, 2 * (share - even));
  buffer_printf(&q->title, "Is the ranking decided by %s? %zu of %zu shapes have a known limit", shape, known,
                v->n_speeds);
  buffer_printf(
      &q->problem,
      "All pitches so far treat the %zu shapes alike; the score is their geometric mean, so the shape "
      "farthest from its limit has the most to give.",
      v->n_speeds);
  buffer_printf(
      &q->solution,
      "Divide the log distance between time and machine limit among the %zu shapes with a known limit.",
      known);
  if (known) {
    buffer_printf(
        &q->impact,
        "Nothing is accepted in this round: 1.00x. If %s holds well over an even share (%.0f %%), later pitches are judged by it "
        "first.",
        shape, 100 * even);
    buffer_printf(&q->evidence, "Today %s is %.1f times its limit and holds %.0f %% of the distance.", shape,
                  exp(most), 100 * share);
  } else {
    buffer_printf(
        &q->impact,
        "Nothing is accepted in this round: 1.00x. Without limits per shape no pitch can say what is left to gain.");
    buffer_printf(&q->evidence, "0 of %zu shapes have both a time and a limit.", v->n_speeds);
  }
  buffer_printf(&q->settles, "An entry that gains more on another shape than on %s.", shape);
}

static void put(json_t *pitch, const char *key, const struct buffer *text) {
  json_object_set_new(pitch, key, json_clean_string(buffer_str(text), text->bytes));
}

enum status agent_question_pitch(const struct agent_tank *t, enum agent_persona persona, json_t **pitch,
                                 struct error *e) {
  struct question q;
  struct agent_forecast f = {.compiles = 1, .correct = 1, .faster = 0, .q10 = 1, .q50 = 1, .q90 = 1};
  init(&q);
  if (persona == AGENT_INCREMENTALIST)
    ask_local(t, &q);
  else if (persona == AGENT_REFACTORER)
    ask_structure(t, &q);
  else if (persona == AGENT_HARDWARE_EXPERT)
    ask_estimates(t, &q);
  else
    ask_problem(t, &q);
  if (q.probe) {
    agent_forecast_setting(t, q.probe, AGENT_BALANCED, &f);
    buffer_text(&q.solution, " Probe: build the family with ");
    agent_write_changes(t, t->view.base, q.probe, t->view.space.n_knobs, &q.solution);
    buffer_printf(&q.solution, " from %s, and clock it.", t->view.incumbent ? "the incumbent" : "the start");
    buffer_printf(&q.impact, " The probe's own forecast is %.2fx (10-90 %%: %.2fx to %.2fx).", f.q50, f.q10,
                  f.q90);
  }
  json_t *out = json_object(), *claims = agent_claims(t, q.probe, &f), *risk = json_object();
  put(out, "title", &q.title);
  json_put_str(out, "kind", "research");
  put(out, "problem", &q.problem);
  put(out, "solution", &q.solution);
  put(out, "impact", &q.impact);
  json_put_str(out, "complexity", "low");
  json_put_str(risk, "risk", "the round gains no speed, and the answer may not separate the cases");
  json_put_str(risk, "mitigation",
               "it costs at most one measurement; the rest is computed from what the log holds");
  json_object_set_new(out, "risks", json_pack("[o]", risk));
  put(out, "evidence", &q.evidence);
  json_put_str(out, "rollback", "Nothing is accepted: there is nothing to roll back.");
  json_put_str(claims, "statistic", q.statistic);
  if (isfinite(q.value))
    json_put_num(claims, "value", q.value);
  json_put_num(claims, "doubt", fmax(0, q.doubt));
  json_object_set_new(out, "claims", claims);
  if (q.probe)
    json_object_set_new(out, "setting", agent_space_to_json(&t->view.space, q.probe));
  json_object_set_new(out, "forecast", agent_forecast_json(&f));
  put(out, "refuted_by", &q.settles);
  int failed = buffer_failed(&q.title) || buffer_failed(&q.problem) || buffer_failed(&q.solution) ||
               buffer_failed(&q.impact) || buffer_failed(&q.evidence) || buffer_failed(&q.settles);
  fini(&q);
  if (failed) {
    json_decref(out);
    return error_set(e, ST_MEMORY, "no memory for the pitch");
  }
  *pitch = out;
  return ST_OK;
}

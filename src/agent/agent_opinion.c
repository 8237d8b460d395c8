/* Room: agent. How the three sharks judge: each from evidence of its own kind.
 *   Skeptic     the record of forecasts of this kind, and how far the proposal is from anything measured
 *   Pragmatist  how much changes, what compiling costs, how often neighbours failed
 *   Theorist    what the bounds allow: estimates, registers and caches, the roofline
 * A pitch's author is not in the request and would not be read if it were. */
#include "agent/agent_opinion.h"

#include <math.h>
#include <string.h>

const char *const agent_criterion[AGENT_CRITERIA] = {"speedup", "ease", "safety", "quality"};
enum { SPEEDUP, EASE, SAFETY, QUALITY };

static double clamp(double x, double low, double high) {
  return fmin(high, fmax(low, x));
}

double agent_rubric_speedup(double speedup) {
  static const double edge[] = {0.95, 1.0, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 5, 10, 20};
  size_t n = sizeof edge / sizeof *edge;
  if (!(speedup > edge[0]))
    return 0;
  for (size_t i = 0; i + 1 < n; i++)
    if (speedup < edge[i + 1]) /* anchor i holds from edge[i]; log-linear up to the next */
      return fmin(10, (double)i + fmin(0.99, log(speedup / edge[i]) / log(edge[i + 1] / edge[i])));
  return 10;
}

void agent_record_read(const struct agent_view *v, const char *kind, struct agent_record *out) {
  *out = (struct agent_record){0, 0, NAN};
  double sum = 0, inside = 0;
  size_t i;
  const json_t *h;
  json_array_foreach((json_t *)(uintptr_t)json_arr(v->context, "history"), i, h) {
    const json_t *q = json_obj(json_obj(h, "forecast"), "speedup");
    double real, q10, q50, q90;
    if (strcmp(json_str(h, "kind", ""), kind) != 0 || !json_has_num(h, "speedup", &real) ||
        !json_has_num(q, "q10", &q10) || !json_has_num(q, "q50", &q50) || !json_has_num(q, "q90", &q90) ||
        !(real > 0) || !(q50 > 0))
      continue;
    out->forecasts++;
    sum += clamp(log(real / q50), -3, 3);
    inside += real >= q10 && real <= q90;
  }
  if (!out->forecasts)
    return;
  out->bias = sum / ((double)out->forecasts + 3);
  out->within = inside / (double)out->forecasts;
}

static int has_text(const json_t *pitch, const char *key) {
  return *json_str(pitch, key, "") != 0;
}

static int has_digit(const char *text) {
  return strpbrk(text, "0123456789") != NULL;
}

/* Specific, reasoned, evidenced: what can be told without understanding prose. */
static double quality_of(const struct agent_opinion *o) {
  const json_t *p = o->pitch;
  double score = 0;
  score += o->setting || o->research ? 2.5 : strlen(json_str(p, "solution", "")) > 80 ? 1.5 : 0.5;
  score += has_digit(json_str(p, "impact", "")) ? 2 : 0;
  score += has_digit(json_str(p, "evidence", "")) ? 2 : has_text(p, "evidence") ? 1 : 0;
  score += json_array_size(json_arr(p, "risks")) ? 1.5 : 0;
  score += has_text(p, "rollback") ? 0.5 : 0;
  score += has_text(p, "refuted_by") ? 1.5 : 0;
  if (!isnan(o->promised) && o->setting) { /* a promise far from what the evidence carries */
    double miss = fabs(o->promised - log(o->own.q50)) / o->own.gain_sd;
    score -= clamp(miss - 1, 0, 4);
  }
  return clamp(score, 0, 10);
}

static void find_broken_limit(const struct agent_tank *t, struct agent_opinion *o) {
  const json_t *limits = json_arr(t->view.task, "limits"), *limit, *claims = json_obj(o->pitch, "claims");
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)limits, i, limit) {
    const char *claim = json_str(limit, "claim", "");
    double value;
    if (o->broken_limit || !agent_limit_applies(&t->view, limit))
      continue;
    int known = o->setting && agent_view_claim(&t->view, o->setting, claim, &value);
    if ((known && !agent_limit_met(limit, value)) ||
        (json_has_num(claims, claim, &value) && !agent_limit_met(limit, value)))
      o->broken_limit = limit;
  }
}

static void read_pitch(const struct agent_tank *t, const char *id, const json_t *pitch,
                       struct agent_opinion *o) {
  const struct agent_view *v = &t->view;
  struct error ignored;
  *o = (struct agent_opinion){.id = id, .pitch = pitch, .promised = NAN};
  const char *kind = json_str(pitch, "kind", "optimisation");
  const json_t *from = json_object_get(pitch, "setting"), *f = json_obj(pitch, "forecast");
  double q50;
  if (json_has_num(json_obj(f, "speedup"), "q50", &q50) && q50 > 0)
    o->promised = log(q50);
  uint8_t *setting = arena_alloc(v->arena, v->space.n_knobs);
  if (setting && from && agent_space_from_json(&v->space, from, setting, &ignored) == ST_OK)
    o->setting = setting;
  if (o->setting)
    (void)agent_space_valid(&v->space, setting, &o->broken_rule);
  o->research = strcmp(kind, "research") == 0;
  o->complete = has_text(pitch, "problem") && has_text(pitch, "solution") && has_text(pitch, "impact") &&
                has_text(pitch, "evidence") && has_text(pitch, "rollback");
  char hex[65];
  json_hash(pitch, hex);
  o->tie = agent_text_hash(hex);
  find_broken_limit(t, o);
}

/* Distance from evidence, size of the change, and what is over its limits. */
static void place(const struct agent_tank *t, struct agent_opinion *o) {
  const struct agent_view *v = &t->view;
  double row[2 * AGENT_ESTIMATES_MAX];
  o->changed = agent_space_distance(&v->space, v->base, o->setting);
  o->steps = v->space.n_knobs;
  for (size_t i = 0; i < v->n_samples; i++) {
    size_t steps = agent_space_distance(&v->space, v->sample[i].setting, o->setting);
    o->steps = steps < o->steps ? steps : o->steps;
    o->settled = fmax(o->settled, agent_model_alike(t->model, v->sample[i].setting, o->setting));
  }
  agent_view_features(v, o->setting, row);
  for (size_t j = 0; j < v->space.n_estimates; j++)
    o->over += row[v->space.n_estimates + j] > 0;
}

/* A pitch without a setting is outside the fit: the promise counts for little until a record says
 * otherwise, and the spread is that of the season's own results. */
static void forecast_foreign(const struct agent_tank *t, const struct agent_record *record,
                             struct agent_opinion *o) {
  const json_t *f = json_obj(o->pitch, "forecast");
  double trust = 0.3 + 0.4 * (double)record->forecasts / ((double)record->forecasts + 4);
  double gain = isnan(o->promised) ? 0 : trust * (o->promised + record->bias);
  double correct = 0.6 * clamp(json_num(f, "p_correct", 0.5), 0, 1) + 0.2;
  double compiles = fmax(correct, 0.6 * clamp(json_num(f, "p_compiles", 0.7), 0, 1) + 0.3);
  agent_forecast_from(t, gain, 0.5, compiles, correct, &o->own);
}

static void forecast_own(const struct agent_tank *t, enum agent_persona persona,
                         const struct agent_record *record, struct agent_opinion *o) {
  static const enum agent_trust trust[] = {
      [AGENT_SKEPTIC] = AGENT_DATA, [AGENT_PRAGMATIST] = AGENT_BALANCED, [AGENT_THEORIST] = AGENT_BOUNDS};
  if (o->research && !o->setting) {
    agent_forecast_from(t, 0, 1e-3, 0.999, 0.999, &o->own);
    o->own.q10 = o->own.q50 = o->own.q90 = 1;
    o->own.faster = 0;
    return;
  }
  if (!o->setting) {
    forecast_foreign(t, record, o);
    return;
  }
  agent_forecast_setting(t, o->setting, trust[persona], &o->own);
  if (persona == AGENT_SKEPTIC && !isnan(o->promised)) {
    /* The promise is one more witness, heard with what its kind has been worth so far. */
    double hearing = 0.15 + 0.25 * (double)record->forecasts / ((double)record->forecasts + 4);
    double now = agent_model_compress(t->model, t->view.incumbent_log_time);
    double promised =
        now - agent_model_compress(t->model, t->view.incumbent_log_time - o->promised - record->bias);
    double gain = (1 - hearing) * o->own.gain + hearing * promised;
    agent_forecast_from(t, gain, o->own.gain_sd, o->own.compiles, o->own.correct, &o->own);
  }
  if (o->broken_rule)
    agent_forecast_from(t, o->own.gain, o->own.gain_sd, 0.05, 0.02, &o->own);
}

/* Knobs are lines of #define; a source written by hand is another matter. */
static double ease_of(const struct agent_opinion *o) {
  if (o->research && !o->setting)
    return 10;
  if (!o->setting)
    return strcmp(json_str(o->pitch, "complexity", ""), "low") == 0 ? 6 : 2;
  return clamp(10.25 - 0.25 * (double)o->changed, 8, 10);
}

void agent_opinion_form(const struct agent_tank *t, enum agent_persona persona, const char *id,
                        const json_t *pitch, struct agent_opinion *out) {
  struct agent_record record;
  agent_record_read(&t->view, json_str(pitch, "kind", "optimisation"), &record);
  read_pitch(t, id, pitch, out);
  if (out->setting)
    place(t, out);
  forecast_own(t, persona, &record, out);
  const struct agent_forecast *f = &out->own;
  double most = isfinite(t->view.max_speedup) ? log(t->view.max_speedup) : 14;
  /* A proposal that turns out slower is rolled back, so what a round can expect is the upper part of
   * the distribution. */
  double upside = fmin(most, agent_expected_gain(f->gain, f->gain_sd)) * f->correct;
  double middle = fmin(most, f->gain);
  /* From the model's compressed units to those of the rubric: they part where the incumbent is far slower
   * than the best setting measured. */
  double stretch = f->gain > 0.1 ? fmax(1, log(f->q50) / f->gain) : 1;
  double expected = upside;
  out->worth = upside;
  if (persona == AGENT_SKEPTIC) {
    expected = 0.5 * (upside + fmax(0, middle) * f->correct);
    out->worth = expected;
  } else if (persona == AGENT_PRAGMATIST) {
    double compile = isnan(t->view.compile_seconds) ? 0 : t->view.compile_seconds;
    out->worth = upside * f->correct / (1 + 0.01 * (double)out->changed + 0.002 * compile);
  } else {
    out->worth = upside * (1 - 0.05 * (double)out->over);
  }
  out->expected = exp(fmin(most, stretch * expected));
  out->score[SPEEDUP] = out->research     ? 3
                        : f->faster < 0.1 ? fmin(1, agent_rubric_speedup(exp(middle)))
                                          : agent_rubric_speedup(out->expected);
  out->score[EASE] = ease_of(out);
  out->score[SAFETY] = out->broken_rule || out->broken_limit ? 0 : clamp(10 * pow(f->correct, 1.5), 0, 10);
  out->score[QUALITY] = quality_of(out);
  if (out->research) /* nothing is accepted: what counts is what the probe would tell */
    out->worth = (out->setting ? f->gain_sd : 0) + 0.001 * out->score[QUALITY];
  if (!out->complete)
    out->worth *= 0.5;
  if (out->broken_limit || out->broken_rule)
    out->worth = -1;
}

/* Room: agent. From beliefs to what a pitch promises: probabilities, quantiles, claims. No number
 * here is invented: each comes from the fit, from a measurement, from an estimate of the family, or
 * is the bound itself, and a promise never goes beyond the machine's limit. */
#include <math.h>
#include <string.h>

#include "agent/agent_builtin.h"

/* A gain below half a percent is not "faster": the judge's margin. */
#define FASTER_MARGIN 0.005
#define Z90           1.2815515655446004

static double clamp(double x, double low, double high) {
  return fmin(high, fmax(low, x));
}

void agent_forecast_from(const struct agent_tank *t, double gain, double gain_sd, double compiles,
                         double correct, struct agent_forecast *out) {
  /* Strictly below the bound: a promise equal to it would be gated for rounding alone. */
  double most = isfinite(t->view.max_speedup) ? 0.999 * t->view.max_speedup : 1e6;
  double sd = fmax(gain_sd, 1e-3);
  double now = agent_model_compress(t->model, t->view.incumbent_log_time);
  double slow = t->view.incumbent_log_time - agent_model_expand(t->model, now - gain + Z90 * sd);
  double middle = t->view.incumbent_log_time - agent_model_expand(t->model, now - gain);
  double fast = t->view.incumbent_log_time - agent_model_expand(t->model, now - gain - Z90 * sd);
  out->gain = gain;
  out->gain_sd = sd;
  out->compiles = clamp(compiles, 0.001, 0.999);
  out->correct = clamp(correct, 0.001, out->compiles);
  out->faster = out->correct * clamp(agent_normal_cdf((gain - FASTER_MARGIN) / sd), 0.001, 0.999);
  out->q10 = clamp(exp(slow), 1e-6, most);
  out->q50 = clamp(exp(middle), 1e-6, most);
  out->q90 = clamp(exp(fast), 1e-6, most);
}

void agent_forecast_setting(const struct agent_tank *t, const uint8_t *setting, enum agent_trust trust,
                            struct agent_forecast *out) {
  double row[2 * AGENT_ESTIMATES_MAX], compiles, correct;
  agent_view_features(&t->view, setting, row);
  struct agent_belief b = agent_model_predict(t->model, setting, row, trust);
  agent_model_works(t->model, setting, &compiles, &correct);
  double sd = hypot(t->view.width * b.sd, t->view.incumbent_noise);
  double now = agent_model_compress(t->model, t->view.incumbent_log_time);
  agent_forecast_from(t, now - b.mean, sd, compiles, correct, out);
}

json_t *agent_forecast_json(const struct agent_forecast *f) {
  json_t *out = json_object(), *speedup = json_object();
  json_put_num(speedup, "q10", f->q10);
  json_put_num(speedup, "q50", f->q50);
  json_put_num(speedup, "q90", f->q90);
  json_put_num(out, "p_compiles", f->compiles);
  json_put_num(out, "p_correct", f->correct);
  json_put_num(out, "p_faster", f->faster);
  json_object_set_new(out, "speedup", speedup);
  return out;
}

double agent_slowest_seconds(const struct agent_tank *t) {
  double most = NAN;
  for (size_t i = 0; i < t->view.n_speeds; i++)
    most = fmax(most, t->view.speed[i].seconds);
  return most;
}

/* How much of the cost estimate's change falls on one shape, beyond its change on the mean. */
static double shape_share(const struct agent_tank *t, const uint8_t *setting, const char *shape) {
  const struct agent_space *s = &t->view.space;
  if (s->cost < 0 || !s->estimate[s->cost].per_shape || !t->view.incumbent)
    return 0;
  double mean = 0, own = 0;
  for (size_t i = 0; i < s->n_shapes; i++) {
    double new_cost = agent_space_estimate(s, setting, (size_t)s->cost, i, NULL);
    double old_cost = agent_space_estimate(s, t->view.incumbent, (size_t)s->cost, i, NULL);
    double change = new_cost > 0 && old_cost > 0 ? log(new_cost / old_cost) : 0;
    mean += change / (double)s->n_shapes;
    if (strcmp(s->shape[i].name, shape) == 0)
      own = change;
  }
  return clamp(own - mean, -0.3, 0.3);
}

static json_t *predicted_seconds(const struct agent_tank *t, const uint8_t *setting,
                                 const struct agent_forecast *f) {
  json_t *out = json_object();
  for (size_t i = 0; i < t->view.n_speeds; i++) {
    const struct agent_speed *at = &t->view.speed[i];
    if (isnan(at->seconds))
      continue;
    double seconds = at->seconds;
    if (setting)
      seconds *= exp(shape_share(t, setting, at->shape)) / f->q50;
    if (!isnan(at->roofline_seconds))
      seconds = fmax(seconds, 1.001 * at->roofline_seconds);
    json_put_num(out, at->shape, seconds);
  }
  return out;
}

/* The value claimed for one limit; what cannot be computed is claimed as the limit's own bound, which
 * says "no more than allowed" and nothing else. */
static double claim_value(const struct agent_tank *t, const uint8_t *setting, const json_t *limit) {
  const char *claim = json_str(limit, "claim", "");
  double min = json_num(limit, "min", -INFINITY), max = json_num(limit, "max", INFINITY), value;
  double step = json_num(limit, "multiple", 0);
  if (setting && agent_view_claim(&t->view, setting, claim, &value))
    return value;
  if (strcmp(claim, "compile_s") == 0) {
    value = isnan(t->view.compile_seconds) ? 1 : t->view.compile_seconds;
  } else if (strcmp(claim, "first_call_s") == 0) {
    /* The first call does what every call does, plus building tables: twice the slowest shape. */
    double slowest = agent_slowest_seconds(t);
    value = isnan(slowest) ? 0.1 : 2 * slowest;
  } else if (strcmp(claim, "threads") == 0) {
    value = json_num(t->view.task, "threads", 1);
  } else {
    value = isfinite(max) ? max : isfinite(min) ? min : 0;
  }
  if (step > 0)
    value = step * floor(value / step);
  return clamp(value, min, max);
}

json_t *agent_claims(const struct agent_tank *t, const uint8_t *setting, const struct agent_forecast *f) {
  json_t *out = json_object();
  size_t i;
  const json_t *limit;
  json_array_foreach((json_t *)(uintptr_t)json_arr(t->view.task, "limits"), i, limit) {
    const char *claim = json_str(limit, "claim", NULL);
    if (!claim || !agent_limit_applies(&t->view, limit) || strcmp(claim, "predicted") == 0)
      continue;
    int knob = setting ? agent_space_knob(&t->view.space, claim) : -1;
    const json_t *words = json_arr(limit, "one_of");
    if (knob >= 0 && json_is_string(t->view.space.knob[knob].value[setting[knob]]))
      json_put_str(out, claim, t->view.space.knob[knob].label[setting[knob]]);
    else if (json_array_size(words))
      json_object_set_new(out, claim, json_deep_copy(json_array_get(words, 0)));
    else
      json_put_num(out, claim, claim_value(t, setting, limit));
  }
  json_object_set_new(out, "predicted", predicted_seconds(t, setting, f));
  return out;
}

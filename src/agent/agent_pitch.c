/* Room: agent. Puts a contestant's plan into words. Every sentence is made from the numbers that led
 * to the choice: estimates before and after, the nearest measured settings, the bounds, the fit. */
#include <math.h>
#include <string.h>

#include "agent/agent_builtin.h"

void agent_write_seconds(struct buffer *out, double seconds) {
  if (seconds >= 1)
    buffer_printf(out, "%.3g s", seconds);
  else if (seconds >= 1e-3)
    buffer_printf(out, "%.3g ms", seconds * 1e3);
  else
    buffer_printf(out, "%.3g us", seconds * 1e6);
}

void agent_write_changes(const struct agent_tank *t, const uint8_t *from, const uint8_t *to, size_t most,
                         struct buffer *out) {
  const struct agent_space *s = &t->view.space;
  size_t written = 0, changed = agent_space_distance(s, from, to);
  for (size_t pass = 0; pass < 2; pass++) /* words first: they say what kind of program it is */
    for (size_t k = 0; k < s->n_knobs; k++) {
      if (from[k] == to[k] || s->knob[k].has_words != (pass == 0) || written == most)
        continue;
      buffer_printf(out, "%s%s %s -> %s", written ? ", " : "", s->knob[k].name, s->knob[k].label[from[k]],
                    s->knob[k].label[to[k]]);
      written++;
    }
  if (changed > written)
    buffer_printf(out, " and %zu more", changed - written);
  if (!changed)
    buffer_text(out, "no knob changes");
}

/* All of a setting: "ISA=avx2 MR=4". */
static void write_setting(const struct agent_tank *t, const uint8_t *setting, struct buffer *out) {
  const struct agent_space *s = &t->view.space;
  for (size_t k = 0; k < s->n_knobs; k++)
    buffer_printf(out, "%s%s=%s", k ? " " : "", s->knob[k].name, s->knob[k].label[setting[k]]);
}

static void write_title(const struct agent_tank *t, const struct agent_plan *p, struct buffer *out) {
  const struct agent_view *v = &t->view;
  if (!v->incumbent)
    buffer_text(out, "Enter the family: ");
  agent_write_changes(t, v->base, p->setting, 4, out);
  if (agent_space_distance(&v->space, v->base, p->setting) > 4) /* tell it from titles that start alike */
    buffer_printf(out, " [%06x]", (unsigned)(agent_space_hash(&v->space, p->setting) & 0xffffff));
}

static void write_problem(const struct agent_tank *t, struct buffer *out) {
  const struct agent_view *v = &t->view;
  const struct agent_speed *worst = NULL;
  for (size_t i = 0; i < v->n_speeds; i++) {
    const struct agent_speed *at = &v->speed[i];
    if (isnan(at->seconds) || isnan(at->roofline_seconds))
      continue;
    if (!worst || at->seconds / at->roofline_seconds > worst->seconds / worst->roofline_seconds)
      worst = at;
  }
  if (worst) {
    buffer_printf(out, "The incumbent takes ");
    agent_write_seconds(out, worst->seconds);
    buffer_printf(out, " on %s, %.1f times the machine's limit of ", worst->shape,
                  worst->seconds / worst->roofline_seconds);
    agent_write_seconds(out, worst->roofline_seconds);
    buffer_printf(out, " (geometric mean over shapes: %.1f times). ", v->max_speedup);
  } else {
    buffer_text(out, "The incumbent's distance from the machine's limit is not known. ");
  }
  if (v->incumbent) {
    buffer_text(out, "It is the setting ");
    write_setting(t, v->incumbent, out);
    buffer_text(out, ".");
  } else {
    buffer_text(out, "It is not a member of the family of kernels that the knobs span.");
  }
}

static void write_rule(const struct agent_tank *t, const struct agent_plan *p, struct buffer *out) {
  const struct agent_view *v = &t->view;
  const char *of = v->incumbent ? "the incumbent" : "the family's start";
  size_t changed = agent_space_distance(&v->space, v->base, p->setting);
  if (p->relaxed)
    buffer_printf(out, "Of %zu settings still untried it has the highest expected gain.", p->considered);
  else if (p->persona == AGENT_INCREMENTALIST)
    buffer_printf(out, "Of %zu untried settings within 2 knobs of %s it has the highest expected gain.",
                  p->considered, of);
  else if (p->persona == AGENT_REFACTORER)
    buffer_printf(out,
                  "Of %zu untried settings of another structure than %s it has the highest expected gain.",
                  p->considered, of);
  else if (p->persona == AGENT_HARDWARE_EXPERT)
    buffer_printf(
        out,
        "By arithmetic alone %zu untried settings are within 25 %% of the cheapest; of these it fits "
        "its limits best and the measurements speak most for it.",
        p->considered);
  else
    buffer_printf(
        out,
        "It differs from %s in %zu knobs; of %zu untried settings that differ in at least 3 it has the "
        "most to gain if doubt is decided in its favour.",
        of, changed, p->considered);
}

static void write_solution(const struct agent_tank *t, const struct agent_plan *p, struct buffer *out) {
  const struct agent_view *v = &t->view;
  buffer_printf(out, "Build the family's source with %s",
                v->incumbent ? "these knobs changed: " : "the start's knobs changed: ");
  agent_write_changes(t, v->base, p->setting, v->space.n_knobs, out);
  buffer_text(out, ". The functions that change are those these knobs select: ");
  size_t written = 0;
  for (size_t k = 0; k < v->space.n_knobs; k++)
    if (v->base[k] != p->setting[k] && *v->space.knob[k].text) {
      buffer_printf(out, "%s%s (%s)", written ? "; " : "", v->space.knob[k].name, v->space.knob[k].text);
      written++;
    }
  buffer_printf(out, "%sThe whole setting is ", written ? ". " : "none. ");
  write_setting(t, p->setting, out);
  buffer_text(out, ". ");
  write_rule(t, p, out);
}

/* "cycles_per_kmac 84 -> 21" for every estimate that changes, with limits. */
static size_t write_estimates(const struct agent_tank *t, const struct agent_plan *p, struct buffer *out) {
  const struct agent_view *v = &t->view;
  size_t written = 0;
  for (size_t j = 0; j < v->space.n_estimates; j++) {
    double limit, after = agent_space_estimate(&v->space, p->setting, j, 0, &limit);
    double before = agent_space_estimate(&v->space, v->base, j, 0, NULL);
    if (isnan(after))
      continue;
    buffer_printf(out, "%s%s ", written++ ? ", " : "", v->space.estimate[j].name);
    if (!isnan(before))
      buffer_printf(out, "%.4g -> ", before);
    buffer_printf(out, "%.4g", after);
    if (!isnan(limit))
      buffer_printf(out, " (limit %.4g%s)", limit, after > limit ? ", exceeded" : "");
  }
  return written;
}

static void write_impact(const struct agent_tank *t, const struct agent_plan *p, struct buffer *out) {
  const struct agent_view *v = &t->view;
  const struct agent_forecast *f = &p->forecast;
  buffer_printf(out, "Median speedup %.2fx, 10-90 %% range %.2fx to %.2fx; faster with probability %.0f %%. ",
                f->q50, f->q10, f->q90, 100 * f->faster);
  if (v->space.n_estimates) {
    buffer_printf(out,
                  "Arithmetic on %s, from %s: ", v->space.n_shapes ? v->space.shape[0].name : "the family",
                  v->incumbent ? "the incumbent" : "the family's start");
    if (!write_estimates(t, p, out))
      buffer_text(out, "no estimate can be computed");
    buffer_text(out, ". ");
  }
  if (v->space.cost >= 0)
    buffer_printf(out, "The fit gives %.0f %% weight to time following %s as declared. ",
                  100 * agent_model_cost_weight(t->model, AGENT_BALANCED),
                  v->space.estimate[v->space.cost].name);
  if (isfinite(v->max_speedup))
    buffer_printf(out, "The roofline allows at most %.1fx.", v->max_speedup);
}

/* The measured settings most like the plan, most alike first. */
static size_t nearest(const struct agent_tank *t, const uint8_t *setting, size_t most, size_t *index) {
  size_t n = 0;
  double alike[8];
  for (size_t i = 0; i < t->view.n_samples; i++) {
    double a = agent_model_alike(t->model, setting, t->view.sample[i].setting);
    size_t at = n < most ? n++ : most;
    for (; at > 0 && a > alike[at - 1]; at--)
      if (at < most) {
        alike[at] = alike[at - 1];
        index[at] = index[at - 1];
      }
    if (at < most) {
      alike[at] = a;
      index[at] = i;
    }
  }
  return n;
}

static void write_evidence(const struct agent_tank *t, const struct agent_plan *p, struct buffer *out) {
  const struct agent_view *v = &t->view;
  size_t index[3] = {0}, n = nearest(t, p->setting, 3, index);
  if (!n)
    buffer_printf(
        out,
        "0 members of the family have been measured this season; the forecast rests on the estimates and "
        "on the family lying between the first incumbent and the machine's limit.");
  for (size_t i = 0; i < n; i++) {
    const struct agent_sample *s = &v->sample[index[i]];
    buffer_printf(out, "%sRound %lld measured %.3fx the incumbent's time", i ? " " : "", (long long)s->round,
                  exp(s->log_time - v->incumbent_log_time));
    if (s->blob && *s->blob)
      buffer_printf(out, " (entry %.8s)", s->blob);
    size_t away = agent_space_distance(&v->space, s->setting, p->setting);
    buffer_printf(out, " for a setting %zu knob%s away: ", away, away == 1 ? "" : "s");
    agent_write_changes(t, s->setting, p->setting, 4, out);
    buffer_text(out, ".");
  }
}

static void add_risk(json_t *list, struct buffer *risk, const char *mitigation) {
  json_t *r = json_object();
  json_object_set_new(r, "risk", json_clean_string(buffer_str(risk), risk->bytes));
  json_put_str(r, "mitigation", mitigation);
  json_array_append_new(list, r);
  buffer_clear(risk);
}

static json_t *risks_of(const struct agent_tank *t, const struct agent_plan *p) {
  const struct agent_view *v = &t->view;
  json_t *list = json_array();
  struct buffer text;
  buffer_init(&text);
  size_t bad = 0;
  for (size_t i = 0; i < v->n_trials; i++)
    bad += !v->trial[i].correct;
  buffer_printf(&text,
                "does not compile or is wrong: %zu of %zu settings tried failed; P(correct) is %.0f %%", bad,
                v->n_trials, 100 * p->forecast.correct);
  add_risk(list, &text,
           "the judge checks it before anything is timed; a repair takes the nearest valid setting that "
           "changes the suspected knob");
  for (size_t j = 0; j < v->space.n_estimates; j++) {
    double limit, value = agent_space_estimate(&v->space, p->setting, j, 0, &limit);
    if (!(p->feature[v->space.n_estimates + j] > 0))
      continue;
    buffer_printf(&text, "%s is %.4g, over its limit of %.4g", v->space.estimate[j].name, value, limit);
    add_risk(list, &text, "the forecast already counts it as a cost; the duel decides");
  }
  if (p->forecast.q10 < 1) {
    buffer_printf(&text, "slower than the incumbent: the 10 %% quantile is %.2fx", p->forecast.q10);
    add_risk(list, &text,
             "the incumbent stays unless the duel shows a gain; nothing else depends on this entry");
  }
  buffer_fini(&text);
  return list;
}

static void put_text(json_t *pitch, const char *key, struct buffer *text) {
  json_object_set_new(pitch, key, json_clean_string(buffer_str(text), text->bytes));
  buffer_clear(text);
}

static const char *kind_of(const struct agent_tank *t, enum agent_persona persona) {
  const char *round = t->view.round_kind;
  if (strcmp(round, "minimal_fix") == 0)
    return "minimal_fix";
  if (strcmp(round, "wild_card") == 0 || persona == AGENT_WILD_CARD)
    return "wild_card";
  return "optimisation";
}

enum status agent_plan_pitch(const struct agent_tank *t, const struct agent_plan *p, json_t **pitch,
                             struct error *e) {
  json_t *out = json_object();
  struct buffer text;
  buffer_init(&text);
  write_title(t, p, &text);
  put_text(out, "title", &text);
  json_put_str(out, "kind", kind_of(t, p->persona));
  write_problem(t, &text);
  put_text(out, "problem", &text);
  write_solution(t, p, &text);
  put_text(out, "solution", &text);
  write_impact(t, p, &text);
  put_text(out, "impact", &text);
  json_put_str(out, "complexity", "low");
  json_object_set_new(out, "risks", risks_of(t, p));
  write_evidence(t, p, &text);
  put_text(out, "evidence", &text);
  buffer_printf(
      &text,
      "Keep the incumbent (entry %.8s): it is one file, and this pitch touches %zu #define lines of "
      "another.",
      json_str(json_object_get(t->view.context, "incumbent"), "blob", "unnamed"), t->view.space.n_knobs);
  put_text(out, "rollback", &text);
  json_object_set_new(out, "claims", agent_claims(t, p->setting, &p->forecast));
  json_object_set_new(out, "setting", agent_space_to_json(&t->view.space, p->setting));
  json_object_set_new(out, "forecast", agent_forecast_json(&p->forecast));
  buffer_printf(
      &text,
      "A duel against the incumbent with a median speedup below %.2fx (the forecast's 10 %% quantile), or "
      "an interval that lies below 1.",
      p->forecast.q10);
  put_text(out, "refuted_by", &text);
  int failed = buffer_failed(&text);
  buffer_fini(&text);
  if (failed) {
    json_decref(out);
    return error_set(e, ST_MEMORY, "no memory for the pitch");
  }
  *pitch = out;
  return ST_OK;
}

/* Room: agent. A shark's ballot: opinions turned into scores, a vote, reasons with numbers, concerns
 * for the implementer, forecasts, and vetoes that cite the limit they rest on. */
#include <math.h>
#include <string.h>

#include "agent/agent_opinion.h"

static double one_decimal(double x) {
  return round(x * 10) / 10;
}

static json_t *scores_json(const struct agent_opinion *o) {
  json_t *out = json_object();
  for (size_t i = 0; i < AGENT_CRITERIA; i++)
    json_put_num(out, agent_criterion[i], one_decimal(o->score[i]));
  return out;
}

static void write_skeptic(const struct agent_tank *t, const struct agent_opinion *o, struct buffer *out) {
  struct agent_record r;
  agent_record_read(&t->view, json_str(o->pitch, "kind", "optimisation"), &r);
  if (t->view.n_samples && o->setting)
    buffer_printf(out,
                  "The nearest of %zu measured settings differs in %zu knobs (likeness %.2f), so my own "
                  "median is %.2fx with 10-90 %% at %.2fx to %.2fx. ",
                  t->view.n_samples, o->steps, o->settled, o->own.q50, o->own.q10, o->own.q90);
  else
    buffer_printf(out,
                  "Nothing of its kind has been measured yet, so my own median is %.2fx with 10-90 %% at "
                  "%.2fx to %.2fx. ",
                  o->own.q50, o->own.q10, o->own.q90);
  if (r.forecasts)
    buffer_printf(out,
                  "Of %zu resolved forecasts of this kind %.0f %% fell inside their range and results were "
                  "%.2f times what was promised.",
                  r.forecasts, 100 * r.within, exp(r.bias));
  else
    buffer_text(out, "No forecast of this kind has been resolved, so its promise counts for little.");
}

static void write_pragmatist(const struct agent_tank *t, const struct agent_opinion *o, struct buffer *out) {
  size_t failed = 0;
  for (size_t i = 0; i < t->view.n_trials; i++)
    failed += !t->view.trial[i].correct;
  if (o->setting)
    buffer_printf(
        out,
        "It changes %zu of %zu knobs; %zu of %zu settings tried so far failed, which puts the chance "
        "that it works at %.0f %%. ",
        o->changed, t->view.space.n_knobs, failed, t->view.n_trials, 100 * o->own.correct);
  else
    buffer_printf(out, "It names no setting, so it is %s; the chance that it works is %.0f %%. ",
                  o->research ? "nothing to implement" : "near a rewrite", 100 * o->own.correct);
  if (!isnan(t->view.compile_seconds))
    buffer_printf(out,
                  "Compiling has cost %.1f s on average, and the round can expect a factor of %.2f "
                  "from it.",
                  t->view.compile_seconds, o->expected);
  else
    buffer_printf(out, "The round can expect a factor of %.2f from it.", o->expected);
}

static void write_theorist(const struct agent_tank *t, const struct agent_opinion *o, struct buffer *out) {
  const struct agent_space *s = &t->view.space;
  if (isfinite(t->view.max_speedup))
    buffer_printf(out, "The roofline leaves at most %.1fx; ", t->view.max_speedup);
  else
    buffer_text(out, "No roofline is known; ");
  if (o->setting && s->cost >= 0) {
    double row[2 * AGENT_ESTIMATES_MAX], base[2 * AGENT_ESTIMATES_MAX];
    agent_view_features(&t->view, o->setting, row);
    agent_view_features(&t->view, t->view.base, base);
    buffer_printf(
        out, "by arithmetic (%.60s) this is %.3g against %.3g %s, and %zu estimates are over their limits. ",
        s->estimate[s->cost].name, exp(row[s->cost]), exp(base[s->cost]),
        t->view.incumbent ? "for the incumbent" : "for the family's start", o->over);
  } else if (o->setting) {
    buffer_printf(out, "%zu estimates are over their limits. ", o->over);
  } else {
    buffer_text(out, "the pitch names no setting whose bounds could be computed. ");
  }
  buffer_printf(out, "Bounds and measurements together give a median of %.2fx.", o->own.q50);
}

static void write_reason(const struct agent_tank *t, enum agent_persona persona,
                         const struct agent_opinion *o, struct buffer *out) {
  if (persona == AGENT_SKEPTIC)
    write_skeptic(t, o, out);
  else if (persona == AGENT_PRAGMATIST)
    write_pragmatist(t, o, out);
  else
    write_theorist(t, o, out);
}

static void add_concern(json_t *list, struct buffer *text) {
  if (text->bytes && !buffer_failed(text))
    json_array_append_new(list, json_clean_string(buffer_str(text), text->bytes));
  buffer_clear(text);
}

/* What the implementer should watch in the pitch voted for. */
static json_t *concerns_of(const struct agent_tank *t, const struct agent_opinion *o) {
  json_t *list = json_array();
  struct buffer text;
  buffer_init(&text);
  if (o->setting) {
    double row[2 * AGENT_ESTIMATES_MAX];
    const struct agent_space *s = &t->view.space;
    agent_view_features(&t->view, o->setting, row);
    for (size_t j = 0; j < s->n_estimates; j++) {
      double limit, value = agent_space_estimate(s, o->setting, j, 0, &limit);
      if (row[s->n_estimates + j] > 0)
        buffer_printf(&text, "%.60s is %.4g against a limit of %.4g", s->estimate[j].name, value, limit);
      add_concern(list, &text);
    }
  }
  if (o->own.correct < 0.9)
    buffer_printf(&text, "the chance that it passes the check is only %.0f %%", 100 * o->own.correct);
  add_concern(list, &text);
  if (!isnan(o->promised) && !o->research && o->promised - log(o->own.q50) > o->own.gain_sd)
    buffer_printf(&text, "it promises %.2fx where my evidence carries %.2fx", exp(o->promised), o->own.q50);
  add_concern(list, &text);
  buffer_fini(&text);
  return list;
}

static json_t *vetoes_of(const struct agent_opinion *o, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    if (!o[i].broken_limit)
      continue;
    const char *claim = json_str(o[i].broken_limit, "claim", "");
    json_t *veto = json_object();
    json_put_str(veto, "pitch", o[i].id);
    json_put_str(veto, "cites", claim);
    struct buffer text;
    buffer_init(&text);
    buffer_printf(&text, "breaks the task's limit on %.80s: %.300s", claim,
                  json_str(o[i].broken_limit, "why", "no reason is given"));
    json_object_set_new(veto, "reason", json_clean_string(buffer_str(&text), text.bytes));
    buffer_fini(&text);
    json_array_append_new(list, veto);
  }
  return list;
}

/* Nothing to judge by. */
static int is_empty(const struct agent_opinion *o) {
  return !o->complete && !o->setting && isnan(o->promised);
}

/* At most one, as the rulebook allows. */
static json_t *abstentions_of(const struct agent_opinion *o, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n && !json_array_size(list); i++) {
    if (!is_empty(&o[i]))
      continue;
    json_t *a = json_object();
    json_put_str(a, "pitch", o[i].id);
    json_put_str(a, "reason",
                 "incomplete pitch: parts are missing, and it has neither a setting nor a forecast");
    json_array_append_new(list, a);
  }
  return list;
}

/* NULL when every pitch is vetoed or abstained from. */
static const struct agent_opinion *favourite(const struct agent_opinion *o, size_t n) {
  const struct agent_opinion *best = NULL;
  for (size_t i = 0; i < n; i++) {
    if (o[i].broken_limit || is_empty(&o[i]))
      continue;
    if (!best || o[i].worth > best->worth || (!(o[i].worth < best->worth) && o[i].tie < best->tie))
      best = &o[i];
  }
  return best;
}

static enum status form_all(const struct agent_tank *t, enum agent_persona persona, const json_t *pitches,
                            struct agent_opinion **out, size_t *n, struct error *e) {
  *n = json_array_size(pitches);
  if (*n < 1 || *n > AGENT_PITCHES_MAX)
    return error_set(e, ST_INPUT, "a ballot needs 1 to %d pitches; the request has %zu", AGENT_PITCHES_MAX,
                     *n);
  *out = arena_array(t->view.arena, *n, sizeof **out);
  if (!*out)
    return error_set(e, ST_MEMORY, "no memory for %zu opinions", *n);
  for (size_t i = 0; i < *n; i++) {
    const json_t *from = json_array_get(pitches, i), *pitch = json_object_get(from, "pitch");
    const char *id = json_str(from, "id", NULL);
    if (!id || !json_is_object(pitch))
      return error_set(e, ST_INPUT, "pitch %zu of the request lacks its id or its text", i + 1);
    for (size_t j = 0; j < i; j++)
      if (strcmp((*out)[j].id, id) == 0)
        return error_set(e, ST_INPUT, "the request has two pitches with the id %.60s", id);
    agent_opinion_form(t, persona, id, pitch, &(*out)[i]);
  }
  return ST_OK;
}

enum status agent_shark(const struct agent_tank *t, enum agent_persona persona, const json_t *pitches,
                        json_t **answer, struct error *e) {
  struct agent_opinion *o = NULL;
  size_t n = 0;
  enum status st = form_all(t, persona, pitches, &o, &n, e);
  if (st != ST_OK)
    return st;
  const struct agent_opinion *best = favourite(o, n);
  struct buffer why;
  buffer_init(&why);
  if (best)
    write_reason(t, persona, best, &why);
  else
    buffer_printf(
        &why,
        "None of the %zu pitches can be voted for: each breaks a limit of the task or has nothing to "
        "judge by.",
        n);
  json_t *ballot = json_object(), *scores = json_object(), *forecasts = json_object();
  for (size_t i = 0; i < n; i++) {
    json_object_set_new(scores, o[i].id, scores_json(&o[i]));
    json_object_set_new(forecasts, o[i].id, agent_forecast_json(&o[i].own));
  }
  json_object_set_new(ballot, "scores", scores);
  json_put_str(ballot, "vote", best ? best->id : NULL);
  json_object_set_new(ballot, "reasoning", json_clean_string(buffer_str(&why), why.bytes));
  json_object_set_new(ballot, "concerns", best ? concerns_of(t, best) : json_array());
  json_object_set_new(ballot, "forecasts", forecasts);
  json_object_set_new(ballot, "abstain", abstentions_of(o, n));
  json_object_set_new(ballot, "veto", vetoes_of(o, n));
  *answer = json_pack("{s:o}", "ballot", ballot);
  int failed = buffer_failed(&why) || !*answer;
  buffer_fini(&why);
  return failed ? error_set(e, ST_MEMORY, "no memory for the ballot") : ST_OK;
}

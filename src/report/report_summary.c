/* Room report: where a season stands, as plain lines and as numbers. Pure but for the buffer. */
#include <stdio.h>

#include "base/base_clock.h"
#include "report/report.h"
#include "report/report_escape.h"
#include "report/report_round.h"
#include "report/report_view.h"

static void line(struct buffer *out, const char *label, const char *text) {
  buffer_printf(out, "  %-14s ", label);
  report_escape_plain(out, text, REPORT_ONE_LINE);
  buffer_text(out, "\n");
}

static void headline(struct buffer *out, const struct report_view *v) {
  buffer_text(out, "season of ");
  report_escape_plain(out, v->challenge, REPORT_ONE_LINE);
  buffer_printf(out, ": %s", v->reason ? "ended (" : v->state->paused ? "paused" : "open");
  if (v->reason) {
    report_escape_plain(out, v->reason, REPORT_ONE_LINE);
    buffer_text(out, ")");
  }
  buffer_printf(out, " after %lld of %lld rounds, %zu with an accepted change\n", (long long)v->rounds_played,
                (long long)v->rounds_planned, v->accepted);
}

static void last_round(struct buffer *out, const struct report_view *v) {
  if (v->state->ended || !v->state->n_rounds)
    return;
  const struct record_round *r = &v->state->round[v->state->n_rounds - 1];
  struct buffer text;
  buffer_init(&text);
  const struct record_act *open = NULL;
  for (size_t i = 0; i < r->n_acts; i++) {
    if (!r->act[i].status)
      open = &r->act[i];
  }
  buffer_printf(&text, "%lld (%s)", (long long)r->round, r->kind ? r->kind : "kind not given");
  if (open)
    buffer_printf(&text, ", %s begun", open->id);
  line(out, "round", buffer_str(&text));
  buffer_fini(&text);
}

static int any_scaled(const struct report_view *v) {
  for (size_t i = 0; i < v->n_shapes; i++) {
    if (v->shape[i].scaled)
      return 1;
  }
  return 0;
}

/* All calls of agents that are not built in, in one line. */
static void agents_line(struct buffer *out, const struct report_view *v) {
  struct buffer text;
  size_t calls = 0, untold = 0, unpriced = 0, faults = 0;
  double tokens = 0, price = 0;
  if (!v->n_agents)
    return;
  for (size_t i = 0; i < v->n_agents; i++) {
    const struct report_agent *a = &v->agent[i];
    calls += a->calls;
    untold += a->untold;
    unpriced += a->unpriced;
    tokens += a->input + a->output;
    price += a->price;
    for (size_t f = 0; f < a->n_faults; f++)
      faults += a->fault[f].count;
  }
  buffer_init(&text);
  buffer_printf(&text, "%zu call%s, ", calls, calls == 1 ? "" : "s");
  if (untold == calls)
    buffer_text(&text, "tokens unknown");
  else
    buffer_printf(&text, "%s%.0f tokens", untold ? "at least " : "", tokens);
  if (unpriced == calls)
    buffer_text(&text, ", price unknown");
  else if (unpriced)
    buffer_printf(&text, ", price %.4f and unknown for %zu calls", price, unpriced);
  else
    buffer_printf(&text, ", price %.4f", price);
  buffer_printf(&text, ", %zu with a fault", faults);
  line(out, "agents", buffer_str(&text));
  buffer_fini(&text);
}

enum status report_summary(const struct report_source *src, const char *report_path, struct buffer *out,
                           struct error *e) {
  struct report_view v;
  const enum status st = report_view_init(&v, src->state, e);
  if (st != ST_OK)
    return st;
  if (!v.state->started) {
    buffer_text(out, "the log of this season is empty: nothing was started\n");
    report_view_fini(&v);
    return ST_OK;
  }
  char a[REPORT_TEXT_BYTES], b[REPORT_TEXT_BYTES], text[4 * REPORT_TEXT_BYTES];
  headline(out, &v);
  last_round(out, &v);
  report_speedup(v.total, a);
  (void)snprintf(text, sizeof text, "%s the first incumbent's speed%s", a,
                 v.total_is_final ? ", by a final duel with new seeds"
                 : v.accepted     ? ", product of accepted rounds"
                                  : "");
  line(out, "best entry", v.accepted || v.total_is_final ? text : "the first incumbent still stands");
  report_time(v.start_seconds, a);
  report_time(v.best_seconds, b);
  (void)snprintf(text, sizeof text, "%s at the start, %s now (geometric mean over %zu shape%s%s)", a, b,
                 v.n_shapes, v.n_shapes == 1 ? "" : "s", any_scaled(&v) ? ", (scaled)" : "");
  line(out, "time per call", text);
  report_time(v.limit_seconds, a);
  report_percent(v.progress, b);
  (void)snprintf(text, sizeof text, "%s; way from start to limit on the log scale: %s", a, b);
  line(out, "limit", text);
  const char *setting = report_setting_text(&v, v.state->incumbent_setting);
  if (setting)
    line(out, "setting", setting);
  agents_line(out, &v);
  if (v.state->budget_spent)
    line(out, "budget", json_str(v.state->budget_spent, "text", "spent"));
  if (report_path)
    line(out, "report", report_path);
  report_view_fini(&v);
  return buffer_failed(out) ? error_set(e, ST_MEMORY, "not enough memory for the summary") : ST_OK;
}

/* ---- the same as numbers ------------------------------------------------------------------ */

static void put_value(json_t *o, const char *key, const char *interval_key, struct report_value v) {
  if (v.state == REPORT_NUMBER)
    json_put_num(o, key, v.value);
  else
    (void)json_object_set_new(o, key, json_null());
  if (!interval_key)
    return;
  if (v.state == REPORT_NUMBER && (v.has_low || v.has_high)) {
    (void)json_object_set_new(o, interval_key,
                              json_pack("[o,o]", v.has_low ? json_real(v.low) : json_null(),
                                        v.has_high ? json_real(v.high) : json_null()));
  } else {
    (void)json_object_set_new(o, interval_key, json_null());
  }
}

static json_t *attempts(const struct report_view *v) {
  json_t *list = json_array();
  for (size_t i = 0; i < v->n_attempts; i++) {
    const struct report_attempt *a = &v->attempt[i];
    json_t *one = json_object();
    json_put_int(one, "round", a->round->round);
    json_put_str(one, "pitch", a->pitch);
    json_put_str(one, "who", a->who);
    json_put_str(one, "title", a->title);
    json_put_str(one, "outcome", a->status);
    json_put_str(one, "kind", *a->kind ? a->kind : NULL);
    json_put_bool(one, "accepted", a->accepted);
    put_value(one, "expected_speedup", NULL, a->expected);
    put_value(one, "speedup", "interval", a->actual);
    (void)json_array_append_new(list, one);
  }
  return list;
}

static json_t *agents(const struct report_view *v) {
  json_t *list = json_array();
  for (size_t i = 0; i < v->n_agents; i++) {
    const struct report_agent *a = &v->agent[i];
    json_t *one = json_object(), *faults = json_object();
    json_put_str(one, "agent", a->provider);
    json_put_int(one, "calls", (int64_t)a->calls);
    json_put_int(one, "calls_untold", (int64_t)a->untold);
    json_put_int(one, "calls_unpriced", (int64_t)a->unpriced);
    const int told = a->untold < a->calls;
    (void)json_object_set_new(one, "tokens_in", told ? json_real(a->input) : json_null());
    (void)json_object_set_new(one, "tokens_cached", told ? json_real(a->cached) : json_null());
    (void)json_object_set_new(one, "tokens_out", told ? json_real(a->output) : json_null());
    (void)json_object_set_new(one, "price", a->unpriced < a->calls ? json_real(a->price) : json_null());
    for (size_t f = 0; f < a->n_faults; f++)
      json_put_int(faults, a->fault[f].name, (int64_t)a->fault[f].count);
    (void)json_object_set_new(one, "faults", faults);
    (void)json_array_append_new(list, one);
  }
  return list;
}

json_t *report_summary_json(const struct report_source *src) {
  struct report_view v;
  if (report_view_init(&v, src->state, NULL) != ST_OK)
    return NULL;
  json_t *o = json_object();
  char when[32];
  json_put_str(o, "challenge", v.state->started ? v.challenge : NULL);
  json_put_str(o, "state", v.state->started ? v.phase : "empty");
  json_put_str(o, "reason", v.reason);
  json_put_int(o, "rounds_played", v.rounds_played);
  json_put_int(o, "rounds_planned", v.rounds_planned);
  json_put_int(o, "accepted", (int64_t)v.accepted);
  json_put_int(o, "events", v.state->last_seq);
  if (v.state->started) {
    clock_iso8601(v.state->first_wall_ns, when);
    json_put_str(o, "started", when);
    clock_iso8601(v.state->last_wall_ns, when);
    json_put_str(o, "last_event", when);
  }
  put_value(o, "total_speedup", "interval", v.total);
  json_put_str(o, "total_from",
               !v.accepted && !v.total_is_final ? NULL
               : v.total_is_final               ? "final_duel"
                                                : "accepted_rounds");
  put_value(o, "start_seconds", NULL, v.start_seconds);
  put_value(o, "best_seconds", NULL, v.best_seconds);
  put_value(o, "limit_seconds", NULL, v.limit_seconds);
  put_value(o, "progress", NULL, v.progress);
  json_put_str(o, "best", v.state->incumbent_blob);
  if (v.state->incumbent_setting) {
    (void)json_object_set_new(o, "setting", json_deep_copy(v.state->incumbent_setting));
  } else {
    (void)json_object_set_new(o, "setting", json_null());
  }
  (void)json_object_set_new(o, "attempts", attempts(&v));
  (void)json_object_set_new(o, "agents", agents(&v));
  const json_t *final = json_object_get(v.state->ended, "final");
  (void)json_object_set_new(o, "final", json_is_object(final) ? json_deep_copy(final) : json_null());
  report_view_fini(&v);
  return o;
}

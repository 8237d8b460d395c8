/* Room report: one round's context and what the judge found, for both formats. Pure but for the
 * document. */
#include <stdio.h>
#include <string.h>

#include "report/report_round.h"

static const char *given(const char *text) {
  return text ? text : "not given";
}

/* ---- context ---------------------------------------------------------------------------- */

static void context_shapes(struct report_doc *d, struct report_view *v, const json_t *shapes) {
  static const char *const columns[] = {"Shape", ">Incumbent", ">Machine's limit", ">Share of the limit",
                                        NULL};
  if (!json_array_size(shapes)) {
    report_doc_field(d, "Times", "not measured");
    return;
  }
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(shapes); i++) {
    const json_t *one = json_array_get(shapes, i);
    const char *name = json_str(one, "shape", "?");
    const struct report_value time = report_value_low_high(one, "seconds");
    const struct report_value limit = report_value_from(one, "roofline_seconds", NULL);
    report_doc_row_begin(d);
    report_doc_cell(
        d, report_shape_label(v, name, json_bool(one, "scaled", report_shape_is_scaled(v->state, name))));
    report_doc_cell_time(d, time);
    report_doc_cell_time(d, limit);
    report_doc_cell_percent(d, report_value_ratio(limit, time));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void context_history(struct report_doc *d, const json_t *history) {
  static const char *const columns[] = {">Round", "Who", "Title", "Outcome", ">Speedup", NULL};
  if (!json_array_size(history)) {
    report_doc_prose(d, "Nothing was tried before this round.");
    return;
  }
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(history); i++) {
    const json_t *one = json_array_get(history, i);
    report_doc_row_begin(d);
    report_doc_cell_number(d, report_value_from(one, "round", NULL));
    report_doc_cell(d, json_str(one, "who", ""));
    report_doc_cell(d, json_str(one, "title", ""));
    report_doc_badge(d, report_outcome_tone(json_str(one, "outcome", "")), json_str(one, "outcome", "none"));
    report_doc_cell_speedup(d, report_value_from(one, "speedup", "interval"));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

void report_round_context(struct report_doc *d, struct report_view *v, const struct record_round *r,
                          const json_t *context) {
  report_doc_headingf(d, 1, "Round %lld: context", (long long)r->round);
  report_doc_prosef(d, "Kind of round: %s.%s%s", given(r->kind), r->why ? " Why: " : "",
                    r->why ? r->why : "");
  report_doc_field(d, "Frozen as", r->context_hash ? r->context_hash : "not frozen yet");
  if (!context) {
    report_doc_prose(d, r->context_blob ? "The context's blob could not be read."
                                        : "The context is not frozen yet.");
    return;
  }
  report_doc_field(d, "Task", json_str(context, "task_hash", NULL));
  const json_t *incumbent = json_obj(context, "incumbent");
  report_doc_heading(d, 2, "Incumbent");
  report_doc_field(d, "Entry", json_str(incumbent, "blob", NULL));
  report_doc_field(d, "Setting", report_setting_text(v, json_obj(incumbent, "setting")));
  context_shapes(d, v, json_arr(incumbent, "shapes"));
  report_doc_heading(d, 2, "Learnings in force");
  const json_t *learnings = json_arr(context, "learnings");
  if (!json_array_size(learnings))
    report_doc_prose(d, "None yet.");
  report_doc_list_begin(d);
  for (size_t i = 0; i < json_array_size(learnings); i++) {
    const json_t *one = json_array_get(learnings, i);
    report_doc_itemf(d, "%s: %s", json_str(one, "id", "?"), json_str(one, "claim", "not given"));
  }
  report_doc_list_end(d);
  report_doc_heading(d, 2, "History");
  context_history(d, json_arr(context, "history"));
}

/* ---- results ---------------------------------------------------------------------------- */

static void result_check(struct report_doc *d, struct report_view *v, const json_t *check) {
  const json_t *compile = json_obj(check, "compile");
  report_doc_field(d, "Check", json_str(check, "verdict", NULL));
  report_doc_prose(d, json_str(check, "where", NULL));
  const char *command = json_str(compile, "command", NULL);
  if (command)
    report_doc_code(d, "", command, 4096);
  const char *output = json_str(compile, "output", NULL);
  if (output && *output && strcmp(json_str(compile, "verdict", ""), "ok"))
    report_doc_code(d, "", output, 4096);
  const json_t *cases = json_arr(check, "cases");
  size_t passed = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    passed += !strcmp(json_str(json_array_get(cases, i), "verdict", ""), "pass");
  }
  if (!json_array_size(cases))
    return;
  report_doc_prosef(d, "%zu of %zu cases passed.", passed, json_array_size(cases));
  if (passed == json_array_size(cases))
    return;
  static const char *const columns[] = {"Shape", "Inputs", "Verdict", NULL};
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    const char *verdict = json_str(one, "verdict", "?"), *shape = json_str(one, "shape", "?");
    if (!strcmp(verdict, "pass"))
      continue;
    report_doc_row_begin(d);
    report_doc_cell(d, report_shape_label(v, shape, report_shape_is_scaled(v->state, shape)));
    report_doc_cell(d, json_str(one, "family", ""));
    report_doc_badge(d, REPORT_TONE_BAD, verdict);
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void result_duel(struct report_doc *d, struct report_view *v, const char *label, const json_t *duel) {
  char speedup[REPORT_TEXT_BYTES], evidence[REPORT_TEXT_BYTES], seconds[REPORT_TEXT_BYTES];
  report_speedup(report_value_from(duel, "speedup", "interval"), speedup);
  report_number(report_value_from(duel, "evidence", NULL), evidence);
  report_doc_field(d, label, json_str(duel, "verdict", NULL));
  report_doc_prose(d, json_str(duel, "where", NULL));
  double alpha, took, wins, pairs;
  if (json_has_num(duel, "wins", &wins) && json_has_num(duel, "pairs", &pairs)) {
    report_doc_prosef(d, "Speedup %s · %.0f of %.0f pairs won · evidence %s", speedup, wins, pairs, evidence);
  } else {
    report_doc_prosef(d, "Speedup %s · no pair was raced to its end", speedup);
  }
  if (json_has_num(duel, "alpha", &alpha)) {
    if (json_has_num(duel, "seconds", &took))
      report_duration(took, seconds);
    else
      (void)strcpy(seconds, "time not measured");
    report_doc_prosef(d, "Accepts falsely at most %.3g of the time (needs evidence %.3g); %s.", alpha,
                      alpha > 0 ? 1 / alpha : 0, seconds);
  }
  const json_t *shapes = json_arr(duel, "shapes");
  if (!json_array_size(shapes))
    return;
  static const char *const columns[] = {"Shape", ">Incumbent", ">Entry", ">Speedup", "Note", NULL};
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(shapes); i++) {
    const json_t *one = json_array_get(shapes, i);
    const char *name = json_str(one, "shape", "?");
    report_doc_row_begin(d);
    report_doc_cell(
        d, report_shape_label(v, name, json_bool(one, "scaled", report_shape_is_scaled(v->state, name))));
    report_doc_cell_time(d, report_value_from(one, "a_seconds", NULL));
    report_doc_cell_time(d, report_value_from(one, "b_seconds", NULL));
    report_doc_cell_speedup(d, report_value_from(one, "speedup", "interval"));
    report_doc_cell(d, json_bool(one, "shown_slower", 0) ? "shown slower than allowed" : "");
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void result_acts(struct report_doc *d, struct report_view *v, const struct record_round *r,
                        const char *pitch) {
  for (size_t i = 0; i < r->n_acts; i++) {
    const struct record_act *a = &r->act[i];
    const char *where = strstr(a->id, pitch);
    const size_t n = strlen(pitch);
    if (!where || (where[n] && where[n] != '.'))
      continue;
    const int check = !strcmp(a->act, "check"), duel = !strcmp(a->act, "duel"),
              confirm = !strcmp(a->act, "confirm");
    if (!check && !duel && !confirm && strcmp(a->act, "implement"))
      continue;
    if (!a->status || strcmp(a->status, "ok")) {
      report_doc_prosef(d, "%s: %s%s%s", a->id, a->status ? a->status : "still open", a->error ? ", " : "",
                        a->error ? a->error : "");
    } else if (check) {
      result_check(d, v, report_result_of(a, "check"));
    } else if (duel || confirm) {
      result_duel(d, v, duel ? "Duel" : "Confirmation with new seeds", report_result_of(a, a->act));
    } else {
      report_doc_prosef(d, "%s: entry written.", a->id);
    }
  }
}

static int mentions(const json_t *evidence, int64_t round) {
  char prefix[32];
  (void)snprintf(prefix, sizeof prefix, "r%lld.", (long long)round);
  for (size_t i = 0; i < json_array_size(evidence); i++) {
    const json_t *one = json_array_get(evidence, i);
    if (json_is_string(one) && !strncmp(json_string_value(one), prefix, strlen(prefix)))
      return 1;
  }
  return 0;
}

void report_round_results(struct report_doc *d, struct report_view *v, const struct record_round *r) {
  report_doc_headingf(d, 1, "Round %lld: results", (long long)r->round);
  if (!r->n_outcomes)
    report_doc_prosef(d, "No result: %s.", report_round_state(v, r));
  for (size_t i = 0; i < v->n_attempts; i++) {
    const struct report_attempt *a = &v->attempt[i];
    if (a->round != r)
      continue;
    report_doc_headingf(d, 2, "%s: %s", a->status, a->title);
    report_doc_prosef(d, "Pitch %s of %s%s%s%s%s.", a->pitch, a->who, *a->kind ? "; kind: " : "", a->kind,
                      json_str(a->outcome, "about", NULL) ? "; about the " : "",
                      json_str(a->outcome, "about", ""));
    report_doc_prose(d, a->text);
    report_doc_field(d, "Setting", report_setting_text(v, json_obj(a->outcome, "setting")));
    char expected[REPORT_TEXT_BYTES], actual[REPORT_TEXT_BYTES];
    report_speedup(a->expected, expected);
    report_speedup(a->actual, actual);
    if (a->expected.state == REPORT_MISSING)
      (void)strcpy(expected, "no forecast");
    report_doc_prosef(d, "Expected %s, measured %s.", expected, actual);
    if (*a->pitch)
      result_acts(d, v, r, a->pitch);
  }
  if (r->incumbent_changed) {
    char step[REPORT_TEXT_BYTES], total[REPORT_TEXT_BYTES];
    report_speedup(report_value_from(r->incumbent_changed, "speedup", "interval"), step);
    report_speedup(report_value_from(r->incumbent_changed, "total_speedup", NULL), total);
    report_doc_heading(d, 2, "New incumbent");
    report_doc_prosef(d, "%s faster than the one before, %s since the start.", step, total);
    report_doc_field(d, "Entry", json_str(r->incumbent_changed, "to", NULL));
  }
  int any = 0;
  for (size_t i = 0; i < v->state->n_learnings; i++) {
    const json_t *l = v->state->learning[i];
    if (!mentions(json_arr(l, "evidence"), r->round))
      continue;
    if (!any++) {
      report_doc_heading(d, 2, "Learnings");
      report_doc_list_begin(d);
    }
    report_doc_itemf(d, "%s: %s", json_str(l, "id", "?"), json_str(l, "claim", "not given"));
  }
  if (any)
    report_doc_list_end(d);
}

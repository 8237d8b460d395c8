/* Room report: one round's pitches and ballots, for both formats. Pure but for the document. */
#include "report/report_round.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum report_tone report_outcome_tone(const char *outcome) {
  if (!strcmp(outcome, "SUCCESS"))
    return REPORT_TONE_GOOD;
  if (!strcmp(outcome, "FAILURE") || !strcmp(outcome, "DISQUALIFIED"))
    return REPORT_TONE_BAD;
  if (!strcmp(outcome, "PARTIAL") || !strcmp(outcome, "BLOCKED"))
    return REPORT_TONE_WARN;
  return REPORT_TONE_QUIET;
}

const char *report_round_state(const struct report_view *v, const struct record_round *r) {
  const int last = v->state->n_rounds && r == &v->state->round[v->state->n_rounds - 1];
  if (last && !v->state->ended)
    return v->state->paused ? "paused" : "in progress";
  if (r->gated) {
    size_t passed = 0;
    for (size_t i = 0; i < r->n_pitches; i++)
      passed += r->pitch[i].passed != 0;
    if (!passed)
      return "no pitch passed the gates";
  }
  return "no outcome";
}

void report_forecast_prose(struct report_doc *d, const json_t *forecast) {
  static const struct {
    const char *key, *name;
  } events[] = {{"p_compiles", "P(compiles)"}, {"p_correct", "P(correct)"}, {"p_faster", "P(faster)"}};
  char line[512];
  size_t used = 0;
  line[0] = 0;
  for (size_t i = 0; i < 3; i++) {
    double p;
    if (!json_has_num(forecast, events[i].key, &p))
      continue;
    const int n =
        snprintf(line + used, sizeof line - used, "%s%s %.2f", used ? " · " : "", events[i].name, p);
    if (n > 0 && used + (size_t)n < sizeof line)
      used += (size_t)n;
  }
  const json_t *q = json_obj(forecast, "speedup");
  double q10, q50, q90;
  if (json_has_num(q, "q10", &q10) && json_has_num(q, "q50", &q50) && json_has_num(q, "q90", &q90)) {
    const int n = snprintf(line + used, sizeof line - used, "%sspeedup %.3f× (10–90 %%: %.3f–%.3f)",
                           used ? " · " : "", q50, q10, q90);
    if (n > 0 && used + (size_t)n < sizeof line)
      used += (size_t)n;
  }
  report_doc_field(d, "Forecast", used ? line : NULL);
}

/* "12.5", "avx2", "yes": any JSON scalar as a person writes it. */
static void scalar_text(const json_t *value, char *out, size_t bytes) {
  if (json_is_string(value))
    (void)snprintf(out, bytes, "%s", json_string_value(value));
  else if (json_is_integer(value))
    (void)snprintf(out, bytes, "%lld", (long long)json_integer_value(value));
  else if (json_is_real(value))
    (void)snprintf(out, bytes, "%.6g", json_real_value(value));
  else if (json_is_boolean(value))
    (void)snprintf(out, bytes, "%s", json_is_true(value) ? "yes" : "no");
  else
    (void)snprintf(out, bytes, "not given");
}

static void pitch_claims(struct report_doc *d, struct report_view *v, const json_t *claims) {
  if (!json_object_size(claims)) {
    report_doc_field(d, "Claims", NULL);
    return;
  }
  static const char *const columns[] = {"Claim", ">Value", NULL};
  report_doc_table_begin(d, columns);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)claims, key, value) {
    if (json_is_object(value)) { /* predicted: seconds per shape */
      const char *shape;
      json_t *seconds;
      json_object_foreach(value, shape, seconds) {
        report_doc_row_begin(d);
        report_doc_cellf(d, "%s %s", key,
                         report_shape_label(v, shape, report_shape_is_scaled(v->state, shape)));
        report_doc_cell_time(d,
                             report_value_number(json_is_number(seconds) ? json_number_value(seconds) : NAN));
        report_doc_row_end(d);
      }
      continue;
    }
    char text[256];
    scalar_text(value, text, sizeof text);
    report_doc_row_begin(d);
    report_doc_cell(d, key);
    report_doc_cell(d, text);
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void pitch_risks(struct report_doc *d, const json_t *risks) {
  if (!json_array_size(risks)) {
    report_doc_field(d, "Risks", NULL);
    return;
  }
  static const char *const columns[] = {"Risk", "Mitigation", NULL};
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(risks); i++) {
    const json_t *one = json_array_get(risks, i);
    report_doc_row_begin(d);
    report_doc_cell(d, json_is_string(one) ? json_string_value(one) : json_str(one, "risk", "not given"));
    report_doc_cell(d, json_str(one, "mitigation", "not given"));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void pitch_gates(struct report_doc *d, const struct record_pitch *p) {
  if (!p->gated) {
    report_doc_field(d, "Gates", "not reached");
    return;
  }
  report_doc_field(d, "Gates", p->passed ? "passed" : "stopped here");
  if (!json_array_size(p->reasons))
    return;
  report_doc_list_begin(d);
  for (size_t i = 0; i < json_array_size(p->reasons); i++) {
    const json_t *one = json_array_get(p->reasons, i);
    const char *fact = json_str(one, "fact", NULL);
    if (json_is_string(one))
      report_doc_item(d, json_string_value(one));
    else
      report_doc_itemf(d, "%s: %s%s%s", json_str(one, "gate", "gate"), json_str(one, "text", "no text"),
                       fact ? " · fact: " : "", fact ? fact : "");
  }
  report_doc_list_end(d);
}

void report_round_pitch(struct report_doc *d, struct report_view *v, const struct record_round *r,
                        const struct record_pitch *p) {
  static const struct {
    const char *key, *name;
  } parts[] = {{"problem", "Problem"},
               {"solution", "Solution"},
               {"impact", "Impact"},
               {"complexity", "Complexity"},
               {"evidence", "Evidence"},
               {"rollback", "Rollback"},
               {"refuted_by", "Would be refuted by"}};
  report_doc_heading(d, 1, json_str(p->pitch, "title", "untitled pitch"));
  report_doc_prosef(d, "Pitch %s of %s, round %lld, kind %s.", p->id ? p->id : "?", p->who ? p->who : "?",
                    (long long)r->round, json_str(p->pitch, "kind", "not given"));
  report_doc_field(d, "Setting", report_setting_text(v, json_obj(p->pitch, "setting")));
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    report_doc_field(d, parts[i].name, json_str(p->pitch, parts[i].key, NULL));
  }
  report_doc_heading(d, 2, "Risks");
  pitch_risks(d, json_arr(p->pitch, "risks"));
  report_doc_heading(d, 2, "Claims and forecast");
  pitch_claims(d, v, json_obj(p->pitch, "claims"));
  report_forecast_prose(d, json_obj(p->pitch, "forecast"));
  report_doc_heading(d, 2, "What became of it");
  pitch_gates(d, p);
  if (!p->outcome) {
    report_doc_field(d, "Result", p->gated && p->passed ? "not implemented in this round" : "not measured");
    return;
  }
  char actual[REPORT_TEXT_BYTES];
  report_speedup(report_value_from(p->outcome, "speedup", "interval"), actual);
  const char *kind = json_str(p->outcome, "kind", "");
  if (report_kind_repeats(kind))
    kind = "";
  report_doc_prosef(d, "%s%s%s. Measured speedup: %s.", json_str(p->outcome, "outcome", "?"),
                    *kind ? ", " : "", kind, actual);
  report_doc_prose(d, json_str(p->outcome, "text", NULL));
}

/* ---- ballots ---------------------------------------------------------------------------- */

static void cell_key(struct report_doc *d, const json_t *object, const char *key) {
  report_doc_cell_number(d, report_value_from(object, key, NULL));
}

static void ballot_scores(struct report_doc *d, const struct record_round *r, const json_t *ballot) {
  static const char *const columns[] = {"Pitch",    "Title",      ">Speedup",          ">Ease", ">Safety",
                                        ">Quality", ">P(faster)", ">Forecast speedup", NULL};
  const json_t *scores = json_obj(ballot, "scores"), *forecasts = json_obj(ballot, "forecasts");
  if (!json_object_size(scores)) {
    report_doc_field(d, "Scores", NULL);
    return;
  }
  report_doc_table_begin(d, columns);
  const char *id;
  json_t *one;
  json_object_foreach((json_t *)scores, id, one) {
    const struct record_pitch *p = report_pitch_find(r, id);
    const json_t *f = json_obj(forecasts, id);
    report_doc_row_begin(d);
    report_doc_cell(d, id);
    report_doc_cell(d, json_str(p ? p->pitch : NULL, "title", "not on the list"));
    cell_key(d, one, "speedup");
    cell_key(d, one, "ease");
    cell_key(d, one, "safety");
    cell_key(d, one, "quality");
    cell_key(d, f, "p_faster");
    report_doc_cell_speedup(d, report_value_from(json_obj(f, "speedup"), "q50", NULL));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void ballot_notes(struct report_doc *d, const json_t *ballot) {
  const json_t *concerns = json_arr(ballot, "concerns");
  if (json_array_size(concerns)) {
    report_doc_field(d, "Concerns for the implementer", "as listed");
    report_doc_list_begin(d);
    for (size_t i = 0; i < json_array_size(concerns); i++) {
      const json_t *one = json_array_get(concerns, i);
      report_doc_item(d, json_is_string(one) ? json_string_value(one) : json_str(one, "text", "not given"));
    }
    report_doc_list_end(d);
  }
  static const char *const lists[] = {"abstain", "veto"};
  for (size_t l = 0; l < 2; l++) {
    const json_t *list = json_arr(ballot, lists[l]);
    for (size_t i = 0; i < json_array_size(list); i++) {
      const json_t *one = json_array_get(list, i);
      const char *cites = json_str(one, "cites", NULL);
      report_doc_prosef(d, "%s on %s: %s%s%s", l ? "Veto" : "Abstains", json_str(one, "pitch", "?"),
                        json_str(one, "reason", "no reason given"), cites ? " · cites " : "",
                        cites ? cites : "");
    }
  }
}

static void tally(struct report_doc *d, const struct record_round *r) {
  static const char *const columns[] = {"Pitch", "Title",   ">Votes", ">Mean", ">Safety",
                                        ">Ease", ">Spread", "Flag",   NULL};
  report_doc_heading(d, 2, "Tally");
  if (!r->tally) {
    report_doc_prose(d, "Not tallied.");
    return;
  }
  const char *winner = json_str(r->tally, "winner", NULL);
  report_doc_field(d, "Winner", winner ? winner : "none");
  report_doc_field(d, "Runner-up", json_str(r->tally, "runner_up", "none"));
  report_doc_field(d, "Decided by", json_str(r->tally, "rule", NULL));
  report_doc_prose(d, json_str(r->tally, "text", NULL));
  const json_t *vetoes = json_arr(r->tally, "vetoes");
  for (size_t i = 0; i < json_array_size(vetoes); i++) {
    const json_t *one = json_array_get(vetoes, i);
    report_doc_prosef(d, "Veto of %s on %s, %s: %s (cites %s)", json_str(one, "shark", "?"),
                      json_str(one, "pitch", "?"), json_bool(one, "valid", 0) ? "valid" : "void",
                      json_str(one, "reason", "no reason given"), json_str(one, "cites", "nothing"));
  }
  const json_t *table = json_arr(r->tally, "table");
  if (!json_array_size(table))
    return;
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(table); i++) {
    const json_t *row = json_array_get(table, i);
    const char *id = json_str(row, "pitch", "?");
    const struct record_pitch *p = report_pitch_find(r, id);
    report_doc_row_begin(d);
    report_doc_cell(d, id);
    report_doc_cell(d, json_str(p ? p->pitch : NULL, "title", "not on the list"));
    cell_key(d, row, "votes");
    cell_key(d, row, "mean");
    cell_key(d, row, "safety");
    cell_key(d, row, "ease");
    cell_key(d, row, "sd");
    report_doc_cell(d, json_bool(row, "vetoed", 0)    ? "vetoed"
                       : json_bool(row, "flagged", 0) ? "flagged"
                                                      : "");
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

void report_round_votes(struct report_doc *d, struct report_view *v, const struct record_round *r) {
  (void)v;
  report_doc_headingf(d, 1, "Round %lld: ballots", (long long)r->round);
  size_t seen = 0;
  for (size_t i = 0; i < r->n_acts; i++) {
    const struct record_act *a = &r->act[i];
    if (strcmp(a->act, "ballot"))
      continue;
    seen++;
    report_doc_heading(d, 2, a->who ? a->who : "a shark");
    if (!a->status || strcmp(a->status, "ok")) {
      report_doc_prosef(d, "No ballot: %s%s%s.", a->status ? a->status : "still open", a->error ? ", " : "",
                        a->error ? a->error : "");
      continue;
    }
    const json_t *ballot = report_result_of(a, "ballot"), *invalid = json_arr(r->ballots_closed, "invalid");
    for (size_t k = 0; k < json_array_size(invalid); k++) {
      const json_t *one = json_array_get(invalid, k);
      if (a->who && !strcmp(json_str(one, "who", ""), a->who)) {
        report_doc_prosef(d, "Left out of the tally: %s", json_str(one, "text", "no reason given"));
      }
    }
    report_doc_field(d, "Vote", json_str(ballot, "vote", NULL));
    report_doc_field(d, "Reasoning", json_str(ballot, "reasoning", NULL));
    ballot_scores(d, r, ballot);
    ballot_notes(d, ballot);
  }
  if (!seen)
    report_doc_prose(d, "No shark was asked in this round.");
  tally(d, r);
}

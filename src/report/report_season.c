/* Room report: standings, season table and journey, for both formats. Pure but for the document. */
#include "report/report_season.h"

#include <stdio.h>
#include <string.h>

#include "report/report_round.h"

void report_season_headline(struct report_doc *d, struct report_view *v) {
  char total[REPORT_TEXT_BYTES], start[REPORT_TEXT_BYTES], best[REPORT_TEXT_BYTES], limit[REPORT_TEXT_BYTES];
  char progress[REPORT_TEXT_BYTES];
  if (!v->state->started) {
    report_doc_prose(d, "The log of this season is empty: nothing was started.");
    return;
  }
  report_speedup(v->total, total);
  report_time(v->start_seconds, start);
  report_time(v->best_seconds, best);
  report_time(v->limit_seconds, limit);
  report_percent(v->progress, progress);
  const char *where = v->reason ? "ended" : v->state->paused ? "paused" : "open";
  report_doc_prosef(d, "Season of %s: %s%s%s%s after %lld of %lld rounds; %zu %s accepted.", v->title, where,
                    v->reason ? " (" : "", v->reason ? v->reason : "", v->reason ? ")" : "",
                    (long long)v->rounds_played, (long long)v->rounds_planned, v->accepted,
                    v->accepted == 1 ? "change" : "changes");
  if (!v->accepted) {
    report_doc_prosef(d, "The first incumbent still stands. Geometric mean over the shapes: %s.", start);
  } else {
    report_doc_prosef(
        d,
        "The best entry is %s the first incumbent's speed by geometric mean over the shapes (%s): "
        "%s at the start, %s now.",
        total,
        v->total_is_final ? "a final duel with new seeds, with its interval"
                          : "product of the confirmed rounds, bounds multiplied",
        start, best);
  }
  if (v->limit_seconds.state == REPORT_NUMBER && v->progress.state == REPORT_NUMBER) {
    report_doc_prosef(
        d, "The machine's limit for these shapes is %s: %s of the way from start to limit on the log scale.",
        limit, progress);
  }
}

/* The contestants who pitched in a round, "A, B". */
static void contestants(const struct record_round *r, struct buffer *out) {
  for (size_t i = 0; i < r->n_pitches; i++) {
    buffer_printf(out, "%s%s", i ? ", " : "", r->pitch[i].who ? r->pitch[i].who : "?");
  }
  if (!r->n_pitches)
    buffer_text(out, "none yet");
}

static void season_row_open(struct report_doc *d, const struct record_round *r) {
  const char *winner = json_str(r->tally, "winner", NULL);
  const struct record_pitch *p = report_pitch_find(r, winner);
  report_doc_cell(d, p ? json_str(p->pitch, "title", winner) : "none");
  report_doc_cell_speedup(
      d, report_value_from(json_obj(json_obj(p ? p->pitch : NULL, "forecast"), "speedup"), "q50", NULL));
  report_doc_cell_speedup(d, report_value_missing());
}

void report_season_table(struct report_doc *d, struct report_view *v) {
  static const char *const columns[] = {">Round",  "Contestants", "Winner", ">Expected",
                                        ">Actual", "Status",      NULL};
  if (!v->state->n_rounds) {
    report_doc_prose(d, "No round was played yet.");
    return;
  }
  report_doc_table_begin(d, columns);
  size_t a = 0;
  for (size_t i = 0; i < v->state->n_rounds; i++) {
    const struct record_round *r = &v->state->round[i];
    struct buffer who;
    buffer_init(&who);
    contestants(r, &who);
    const size_t first = a;
    for (; a < v->n_attempts && v->attempt[a].round == r; a++) {
      const struct report_attempt *t = &v->attempt[a];
      report_doc_row_begin(d);
      report_doc_cell_number(d, report_value_number((double)r->round));
      report_doc_cell(d, a == first ? buffer_str(&who) : "(same round)");
      report_doc_cellf(d, "%s%s%s", t->title, *t->who ? " · " : "", t->who);
      report_doc_cell_speedup(d, t->expected);
      report_doc_cell_speedup(d, t->actual);
      char status[160];
      (void)snprintf(status, sizeof status, "%s%s%s", t->status, *t->kind ? ": " : "", t->kind);
      report_doc_badge(d, report_outcome_tone(t->status), status);
      report_doc_row_end(d);
    }
    if (a == first) {
      report_doc_row_begin(d);
      report_doc_cell_number(d, report_value_number((double)r->round));
      report_doc_cell(d, buffer_str(&who));
      season_row_open(d, r);
      report_doc_badge(d, REPORT_TONE_QUIET, report_round_state(v, r));
      report_doc_row_end(d);
    }
    buffer_fini(&who);
  }
  report_doc_table_end(d);
  report_doc_prose(
      d, "Expected: the contestant's median forecast with its 10–90 % range. Actual: the judge's published "
         "speedup over the incumbent of that round, with its interval.");
}

void report_season_journey(struct report_doc *d, struct report_view *v) {
  static const char *const columns[] = {"Round", "Step", ">Time per call", ">Since the start", NULL};
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < v->n_points; i++) {
    const struct report_point *p = &v->point[i];
    if (p->kind == REPORT_POINT_TRIED)
      continue;
    report_doc_row_begin(d);
    if (p->kind == REPORT_POINT_START)
      report_doc_cell(d, "start");
    else if (p->kind == REPORT_POINT_FINAL)
      report_doc_cell(d, "end");
    else
      report_doc_cellf(d, "%lld", (long long)p->round);
    report_doc_cell(d, p->label);
    report_doc_cell_time(d, p->seconds);
    report_doc_cell_speedup(d, p->total);
    report_doc_row_end(d);
  }
  report_doc_row_begin(d);
  report_doc_cell(d, "limit");
  report_doc_cell(d, "the machine's limit for these shapes");
  report_doc_cell_time(d, v->limit_seconds);
  report_doc_cell_speedup(d, report_value_ratio(v->start_seconds, v->limit_seconds));
  report_doc_row_end(d);
  report_doc_table_end(d);
}

void report_season_shapes(struct report_doc *d, struct report_view *v) {
  static const char *const columns[] = {
      "Shape",    "Sizes", ">First incumbent", ">Best", ">Speedup", ">Machine's limit", ">Share of the limit",
      "Bound by", NULL};
  if (!v->n_shapes) {
    report_doc_prose(d, "Not measured.");
    return;
  }
  int any_scaled = 0;
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < v->n_shapes; i++) {
    const struct report_shape *s = &v->shape[i];
    any_scaled = any_scaled || s->scaled;
    report_doc_row_begin(d);
    report_doc_cell(d, report_shape_label(v, s->name, s->scaled));
    report_doc_cell(d, s->text);
    report_doc_cell_time(d, s->start);
    report_doc_cell_time(d, s->best);
    report_doc_cell_speedup(d, s->speedup);
    report_doc_cell_time(d, s->limit);
    report_doc_cell_percent(d, s->share);
    report_doc_cell(d, s->bound ? s->bound : "not known");
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
  if (any_scaled) {
    report_doc_prose(
        d, "(scaled): a smaller shape with the same group structure that stands for a benchmark shape of "
           "the task; its times are not the task's times.");
  }
}

void report_season_full(struct report_doc *d, struct report_view *v) {
  const json_t *shapes = json_arr(v->full, "shapes");
  if (!json_array_size(shapes)) {
    report_doc_prose(d, "The best entry was not measured on a full shape.");
    return;
  }
  static const char *const columns[] = {"Shape", ">Best entry", ">GMAC/s", ">Share of the bf16-dot peak",
                                        NULL};
  double peak;
  const json_t *peaks = json_obj(json_obj(v->state->started, "machine"), "peaks");
  struct report_value bf16 = json_has_num(peaks, "bf16_dot_mac_per_s", &peak) && peak > 0
                                 ? report_value_number(peak)
                                 : report_value_missing();
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(shapes); i++) {
    const json_t *one = json_array_get(shapes, i);
    double gmac;
    struct report_value rate = report_value_missing();
    if (json_has_num(one, "gmac_per_s", &gmac))
      rate = report_value_number(gmac);
    report_doc_row_begin(d);
    report_doc_cell(d, report_shape_label(v, json_str(one, "shape", "?"), json_bool(one, "scaled", 0)));
    report_doc_cell_time(d, report_value_low_high(one, "seconds"));
    report_doc_cell_number(d, rate);
    report_doc_cell_percent(d,
                            report_value_ratio(report_value_product(rate, report_value_number(1e9)), bf16));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static struct report_value mean_of(double sum, size_t n) {
  return n ? report_value_number(sum / (double)n) : report_value_missing();
}

void report_season_standings(struct report_doc *d, struct report_view *v) {
  static const char *const contestant[] = {"Contestant", ">Pitches",  ">Past the gates", ">Won the vote",
                                           ">Tried",     ">Accepted", ">Gain",           NULL};
  static const char *const shark[] = {"Shark", ">Ballots", ">Votes that were tried", ">Of these accepted",
                                      NULL};
  report_doc_table_begin(d, contestant);
  for (size_t i = 0; i < v->n_forecasters; i++) {
    const struct report_forecaster *f = &v->forecaster[i];
    if (strcmp(f->role, "contestant"))
      continue;
    report_doc_row_begin(d);
    report_doc_cell(d, f->name);
    report_doc_cell_number(d, report_value_number((double)f->pitches));
    report_doc_cell_number(d, report_value_number((double)f->passed));
    report_doc_cell_number(d, report_value_number((double)f->won));
    report_doc_cell_number(d, report_value_number((double)f->tried));
    report_doc_cell_number(d, report_value_number((double)f->accepted));
    if (f->accepted)
      report_doc_cell_speedup(d, report_value_number(f->gain));
    else
      report_doc_cell(d, "none");
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
  report_doc_table_begin(d, shark);
  for (size_t i = 0; i < v->n_forecasters; i++) {
    const struct report_forecaster *f = &v->forecaster[i];
    if (strcmp(f->role, "shark"))
      continue;
    report_doc_row_begin(d);
    report_doc_cell(d, f->name);
    report_doc_cell_number(d, report_value_number((double)f->ballots));
    report_doc_cell_number(d, report_value_number((double)f->votes_tried));
    report_doc_cell_number(d, report_value_number((double)f->votes_accepted));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

void report_season_forecasts(struct report_doc *d, struct report_view *v) {
  static const char *const columns[] = {"Who",
                                        "Role",
                                        ">Events resolved",
                                        ">Brier score",
                                        ">Speedups resolved",
                                        ">Pinball loss",
                                        ">Inside 10–90 %",
                                        NULL};
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < v->n_forecasters; i++) {
    const struct report_forecaster *f = &v->forecaster[i];
    report_doc_row_begin(d);
    report_doc_cell(d, f->name);
    report_doc_cell(d, f->role);
    report_doc_cell_number(d, report_value_number((double)f->n_events));
    report_doc_cell_number(d, mean_of(f->brier_sum, f->n_events));
    report_doc_cell_number(d, report_value_number((double)f->n_speedups));
    report_doc_cell_number(d, mean_of(f->pinball_sum, f->n_speedups));
    if (f->n_speedups)
      report_doc_cellf(d, "%zu of %zu", f->n_covered, f->n_speedups);
    else
      report_doc_cell_number(d, report_value_missing());
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
  report_doc_prose(
      d, "Brier score: mean squared error of P(compiles), P(correct), P(faster); 0 is perfect, 0.25 a coin. "
         "Pinball loss: of log speedup at the 10, 50 and 90 % quantiles; smaller is better. What the judge "
         "left open counts nowhere.");
}

static void agent_row(struct report_doc *d, const struct report_agent *a) {
  report_doc_row_begin(d);
  report_doc_cell(d, a->provider);
  report_doc_cell_number(d, report_value_number((double)a->calls));
  if (a->untold == a->calls) {
    report_doc_cell(d, "unknown");
    report_doc_cell(d, "unknown");
  } else {
    const char *least = a->untold ? "at least " : "";
    report_doc_cellf(d, "%s%.0f (%.0f cached)", least, a->input, a->cached);
    report_doc_cellf(d, "%s%.0f", least, a->output);
  }
  if (!a->unpriced)
    report_doc_cellf(d, "%.4f", a->price);
  else if (a->unpriced < a->calls)
    report_doc_cellf(d, "%.4f, and unknown for %zu calls", a->price, a->unpriced);
  else
    report_doc_cell(d, "unknown");
  struct buffer faults;
  buffer_init(&faults);
  for (size_t i = 0; i < a->n_faults; i++)
    buffer_printf(&faults, "%s%s %zu", i ? ", " : "", a->fault[i].name, a->fault[i].count);
  report_doc_cell(d, a->n_faults ? buffer_str(&faults) : "none");
  buffer_fini(&faults);
  report_doc_row_end(d);
}

static void report_season_agents(struct report_doc *d, const struct report_view *v) {
  static const char *const columns[] = {"Agent",  ">Calls", ">Tokens in", ">Tokens out",
                                        ">Price", "Faults", NULL};
  const json_t *spent = v->state->budget_spent;
  if (v->n_agents) {
    report_doc_table_begin(d, columns);
    for (size_t i = 0; i < v->n_agents; i++)
      agent_row(d, &v->agent[i]);
    report_doc_table_end(d);
    report_doc_prose(
        d, "Prices are in the unit of the season's price list; a price or a count that was not told is "
           "unknown, never zero.");
  }
  if (spent)
    report_doc_prosef(d, "The season stopped because %.250s.", json_str(spent, "text", "a budget was spent"));
}

void report_season_costs(struct report_doc *d, struct report_view *v) {
  static const char *const columns[] = {"Act", ">Count", ">Not ended well", ">Time", "Price", NULL};
  if (!v->n_costs) {
    report_doc_prose(d, "Nothing was done yet.");
    return;
  }
  double seconds = 0;
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < v->n_costs; i++) {
    const struct report_cost *c = &v->cost[i];
    char took[REPORT_TEXT_BYTES];
    report_duration(c->seconds, took);
    seconds += c->seconds;
    report_doc_row_begin(d);
    report_doc_cell(d, c->act);
    report_doc_cell_number(d, report_value_number((double)c->count));
    report_doc_cell_number(d, report_value_number((double)(c->failed + c->open)));
    report_doc_cell(d, took);
    if (c->unknown)
      report_doc_cellf(d, "unknown for %zu of %zu calls", c->unknown, c->count);
    else if (c->priced)
      report_doc_cellf(d, "%.4f", c->price);
    else
      report_doc_cell(d, "none: on this machine");
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
  char took[REPORT_TEXT_BYTES];
  report_duration(seconds, took);
  report_doc_prosef(d, "%s in all acts together.", took);
  report_season_agents(d, v);
}

/* Room report: index.html, one self-contained page. Pure but for reading blobs. */
#include <stdio.h>
#include <string.h>

#include "base/base_clock.h"
#include "report/report.h"
#include "report/report_journey.h"
#include "report/report_pages.h"
#include "report/report_round.h"
#include "report/report_season.h"
#include "report/report_style.h"

static const struct {
  const char *id, *title;
} sections[] = {{"journey", "Performance journey"}, {"season", "Season"},    {"shapes", "Shapes"},
                {"learnings", "Learnings"},         {"rounds", "Rounds"},    {"forecasts", "Forecasts"},
                {"cost", "Time and cost"},          {"entry", "Best entry"}, {"task", "Task"}};

static void escaped(struct buffer *out, const char *text) {
  report_escape_html(out, text, REPORT_ONE_LINE);
}

static void section(struct buffer *out, size_t i) {
  buffer_printf(out, "<h2 id=\"%s\">%s</h2>\n", sections[i].id, sections[i].title);
}

static void card(struct buffer *out, const char *name, const char *value, const char *note) {
  buffer_text(out, "<div class=\"card\"><span class=\"name\">");
  escaped(out, name);
  buffer_text(out, "</span><b>");
  escaped(out, value);
  buffer_text(out, "</b><span>");
  escaped(out, note);
  buffer_text(out, "</span></div>\n");
}

static void progress_card(struct buffer *out, const struct report_view *v) {
  char value[REPORT_TEXT_BYTES], limit[REPORT_TEXT_BYTES];
  report_percent(v->progress, value);
  report_time(v->limit_seconds, limit);
  double share = v->progress.state == REPORT_NUMBER ? v->progress.value : 0;
  share = share < 0 ? 0 : share > 1 ? 1 : share;
  buffer_text(out, "<div class=\"card\"><span class=\"name\">Way to the limit, log scale</span><b>");
  escaped(out, value);
  buffer_text(out, "</b>");
  if (v->progress.state == REPORT_NUMBER)
    buffer_printf(out, "<div class=\"bar\"><i style=\"width:%.1f%%\"></i></div>", 100 * share);
  buffer_text(out, "<span>limit ");
  escaped(out, limit);
  buffer_text(out, " per call</span></div>\n");
}

static void split(const char *text, char value[REPORT_TEXT_BYTES], char bounds[REPORT_TEXT_BYTES]) {
  const char *bracket = strstr(text, " [");
  (void)snprintf(value, REPORT_TEXT_BYTES, "%.*s", bracket ? (int)(bracket - text) : (int)strlen(text), text);
  (void)snprintf(bounds, REPORT_TEXT_BYTES, "%s", bracket ? bracket + 1 : "");
}

static void cards(struct buffer *out, struct report_view *v) {
  char text[REPORT_TEXT_BYTES], value[REPORT_TEXT_BYTES], bounds[REPORT_TEXT_BYTES],
      note[4 * REPORT_TEXT_BYTES];
  buffer_text(out, "<div class=\"cards\">\n");
  report_speedup(v->total, text);
  split(text, value, bounds);
  (void)snprintf(note, sizeof note, "%s%s%s", bounds, *bounds ? " " : "",
                 v->total_is_final ? "final duel, new seeds"
                 : v->accepted     ? "product of accepted rounds"
                                   : "nothing accepted yet");
  card(out, "Speedup since the start", value, note);
  progress_card(out, v);
  char start[REPORT_TEXT_BYTES];
  report_time(v->best_seconds, text);
  split(text, value, bounds);
  report_time(v->start_seconds, start);
  (void)snprintf(note, sizeof note, "%s%sgeometric mean; start %s", bounds, *bounds ? " " : "", start);
  card(out, "Time per call now", value, note);
  (void)snprintf(value, sizeof value, "%zu", v->accepted);
  double seconds = 0;
  for (size_t i = 0; i < v->n_costs; i++)
    seconds += v->cost[i].seconds;
  report_duration(seconds, text);
  (void)snprintf(note, sizeof note, "in %lld of %lld rounds; %s of work", (long long)v->rounds_played,
                 (long long)v->rounds_planned, text);
  card(out, "Accepted changes", value, note);
  buffer_text(out, "</div>\n");
}

static void head(struct buffer *out, struct report_view *v) {
  buffer_text(
      out,
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
  escaped(out, v->title);
  buffer_text(out, " · sharktank season</title>\n<style>\n");
  buffer_text(out, report_style);
  buffer_text(out, "</style>\n</head>\n<body>\n<main>\n<p class=\"over\">sharktank season · ");
  escaped(out, v->challenge);
  buffer_text(out, "</p>\n<h1>");
  escaped(out, v->title);
  buffer_text(out, "</h1>\n<p class=\"lead\">");
  if (!v->state->started) {
    buffer_text(out, "The log is empty: nothing was started.</p>\n");
    return;
  }
  char when[32];
  clock_iso8601(v->state->first_wall_ns, when);
  buffer_printf(out, "%s after %lld of %lld rounds",
                v->reason          ? "Ended"
                : v->state->paused ? "Paused"
                                   : "Open",
                (long long)v->rounds_played, (long long)v->rounds_planned);
  if (v->reason) {
    buffer_text(out, " (");
    escaped(out, v->reason);
    buffer_text(out, ")");
  }
  buffer_printf(out, " · started %.10s · seed %lld · ", when,
                (long long)json_int(v->state->started, "seed", 0));
  escaped(out, json_str(json_obj(json_obj(v->state->started, "machine"), "facts"), "cpu",
                        "processor not recorded"));
  buffer_text(out, "</p>\n");
  cards(out, v);
  buffer_text(out, "<nav>");
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    buffer_printf(out, "<a href=\"#%s\">%s</a>", sections[i].id, sections[i].title);
  }
  buffer_text(out, "</nav>\n");
}

static void journey(struct report_doc *d, struct report_view *v) {
  struct buffer *out = d->out;
  section(out, 0);
  struct buffer svg;
  buffer_init(&svg);
  if (report_journey_svg(&svg, v)) {
    buffer_text(out, "<div class=\"scroll\">");
    buffer_text(out, buffer_str(&svg));
    buffer_text(
        out,
        "</div>\n<div class=\"legend\"><span><i class=\"k1\">●</i>accepted, speedup since the start, its round's "
        "interval</span><span><i class=\"k2\">×</i>raced, not accepted</span><span><i class=\"k3\">×</i>failed, no "
        "time</span><span><i class=\"k4\">○</i>final duel</span><span><i class=\"k4\">╌</i>machine's limit</span></div>\n");
  } else {
    report_doc_prose(d, "The first incumbent was not measured, so there is no journey to draw.");
  }
  buffer_fini(&svg);
  report_season_headline(d, v);
  report_season_journey(d, v);
}

static void one_round(struct report_doc *d, struct report_view *v, const struct record_round *r) {
  struct buffer *out = d->out;
  const char *title = NULL, *status = report_round_state(v, r);
  for (size_t i = 0; i < v->n_attempts; i++) {
    if (v->attempt[i].round != r)
      continue;
    title = v->attempt[i].title;
    status = v->attempt[i].status;
  }
  buffer_printf(out, "<details id=\"r%lld\"><summary>Round %lld · ", (long long)r->round,
                (long long)r->round);
  if (title) {
    escaped(out, title);
    buffer_text(out, " · ");
  }
  escaped(out, status);
  buffer_text(out, "</summary>\n");
  d->heading_shift = 2;
  report_round_results(d, v, r);
  for (size_t i = 0; i < r->n_pitches; i++) {
    char summary[512];
    (void)snprintf(summary, sizeof summary, "Pitch %s · %s: %s", r->pitch[i].id ? r->pitch[i].id : "?",
                   r->pitch[i].who ? r->pitch[i].who : "?", json_str(r->pitch[i].pitch, "title", "untitled"));
    report_doc_fold_begin(d, summary, 0);
    d->heading_shift = 3;
    report_round_pitch(d, v, r, &r->pitch[i]);
    report_doc_fold_end(d);
  }
  report_doc_fold_begin(d, "Ballots and tally", 0);
  report_round_votes(d, v, r);
  report_doc_fold_end(d);
  d->heading_shift = 0;
  buffer_text(out, "</details>\n");
}

static void best_entry(struct report_doc *d, struct report_view *v, struct store *store) {
  section(d->out, 7);
  report_doc_field(d, "Entry", v->state->incumbent_blob);
  report_doc_field(d, "Setting", report_setting_text(v, v->state->incumbent_setting));
  report_season_full(d, v);
  struct buffer source;
  buffer_init(&source);
  if (store && v->state->incumbent_blob &&
      store_blob_get(store, v->state->incumbent_blob, &source, NULL) == ST_OK) {
    report_doc_fold_begin(d, "Source: best/entry.c", 0);
    report_doc_code(d, "c", buffer_str(&source), (size_t)128 * 1024);
    report_doc_fold_end(d);
  } else {
    report_doc_prose(d, "Its source could not be read from the season's blobs.");
  }
  buffer_fini(&source);
}

enum status report_html(const struct report_source *src, struct buffer *out, struct error *e) {
  struct report_view v;
  struct report_doc d;
  enum status st = report_view_init(&v, src->state, e);
  if (st != ST_OK)
    return st;
  report_doc_init(&d, out, REPORT_HTML);
  head(out, &v);
  if (src->state->started) {
    journey(&d, &v);
    section(out, 1);
    report_season_table(&d, &v);
    section(out, 2);
    report_season_shapes(&d, &v);
    section(out, 3);
    d.heading_shift = 1;
    report_season_learnings(&d, &v);
    d.heading_shift = 0;
    section(out, 4);
    for (size_t i = 0; i < src->state->n_rounds; i++)
      one_round(&d, &v, &src->state->round[i]);
    if (!src->state->n_rounds)
      report_doc_prose(&d, "No round was played yet.");
    section(out, 5);
    report_season_forecasts(&d, &v);
    report_doc_heading(&d, 3, "Standings");
    report_season_standings(&d, &v);
    section(out, 6);
    report_season_costs(&d, &v);
    best_entry(&d, &v, src->store);
    section(out, 8);
    report_doc_fold_begin(&d, "The task as it was set", 0);
    d.heading_shift = 2;
    report_season_task(&d, &v);
    report_doc_fold_end(&d);
  }
  buffer_printf(
      out,
      "<footer>Rendered from a log of %lld events by sharktank. A number that was not measured is not "
      "printed; intervals stand in brackets.</footer>\n</main>\n</body>\n</html>\n",
      (long long)src->state->last_seq);
  const int failed = buffer_failed(out) || arena_failed(&v.arena);
  report_view_fini(&v);
  return failed ? error_set(e, ST_MEMORY, "not enough memory to render the page") : ST_OK;
}

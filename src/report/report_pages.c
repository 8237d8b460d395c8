/* Room report: the season folder's Markdown pages. Reads blobs; writes through the sink it is given. */
#include "report/report_pages.h"

#include <stdio.h>
#include <string.h>

#include "report/report_round.h"
#include "report/report_season.h"

void report_page_readme(struct buffer *out, struct report_view *v) {
  struct report_doc d;
  report_doc_init(&d, out, REPORT_MARKDOWN);
  report_doc_headingf(&d, 1, "Season: %s", v->title);
  report_season_headline(&d, v);
  buffer_text(out, "[The season as a page](index.html) · [the task](task.md) · "
                   "[lessons](SHARK_TANK_LEARNINGS.md) · [the best entry](best/entry.c)\n\n");
  if (!v->state->started)
    return;
  report_doc_heading(&d, 2, "Season table");
  report_season_table(&d, v);
  report_doc_heading(&d, 2, "Performance journey");
  report_season_journey(&d, v);
  report_doc_heading(&d, 2, "Shapes");
  report_season_shapes(&d, v);
  report_doc_heading(&d, 2, "Best entry on the full shape");
  report_season_full(&d, v);
  report_doc_heading(&d, 2, "Standings");
  report_season_standings(&d, v);
  report_doc_heading(&d, 2, "Forecasts against results");
  report_season_forecasts(&d, v);
  report_doc_heading(&d, 2, "Time and cost");
  report_season_costs(&d, v);
}

struct pages {
  const struct report_source *src;
  struct report_view *v;
  report_page_sink sink;
  void *context;
  struct error *e;
  struct buffer text; /* of the page being made */
  struct report_doc doc;
};

static enum status emit(struct pages *p, const char *path) {
  if (buffer_failed(&p->text))
    return error_set(p->e, ST_MEMORY, "not enough memory to render %s", path);
  const enum status st = p->sink(p->context, path, buffer_str(&p->text), p->text.bytes, p->e);
  buffer_clear(&p->text);
  return st;
}

static enum status season_pages(struct pages *p) {
  report_page_readme(&p->text, p->v);
  enum status st = emit(p, "README.md");
  if (st != ST_OK || !p->src->state->started)
    return st;
  report_season_task(&p->doc, p->v);
  st = emit(p, "task.md");
  if (st != ST_OK)
    return st;
  report_doc_heading(&p->doc, 1, "Learnings");
  report_doc_prose(
      &p->doc, "Written by the engine from measurements, never from opinion. Each names its evidence in the "
               "season's log.");
  report_season_learnings(&p->doc, p->v);
  return emit(p, "SHARK_TANK_LEARNINGS.md");
}

/* Two contestants may have names that become the same file name: the later one gets a number. */
static void pitch_path(const struct record_round *r, size_t i, char *out, size_t bytes) {
  char name[49], other[49];
  report_escape_name(name, r->pitch[i].who);
  size_t same = 0;
  for (size_t k = 0; k < i; k++) {
    report_escape_name(other, r->pitch[k].who);
    same += !strcmp(name, other);
  }
  if (same)
    (void)snprintf(out, bytes, "pitches/round%lld_%s.%zu.md", (long long)r->round, name, same + 1);
  else
    (void)snprintf(out, bytes, "pitches/round%lld_%s.md", (long long)r->round, name);
}

static enum status round_pages(struct pages *p, const struct record_round *r) {
  char path[128];
  json_t *context = NULL;
  struct buffer blob;
  buffer_init(&blob);
  if (r->context_blob && p->src->store &&
      store_blob_get(p->src->store, r->context_blob, &blob, NULL) == ST_OK &&
      json_read(buffer_str(&blob), blob.bytes, "the context", &context, NULL) != ST_OK) {
    context = NULL; /* the page says so */
  }
  buffer_fini(&blob);
  report_round_context(&p->doc, p->v, r, context);
  json_decref(context);
  (void)snprintf(path, sizeof path, "rounds/round%lld_context.md", (long long)r->round);
  enum status st = emit(p, path);
  for (size_t i = 0; st == ST_OK && i < r->n_pitches; i++) {
    report_round_pitch(&p->doc, p->v, r, &r->pitch[i]);
    pitch_path(r, i, path, sizeof path);
    st = emit(p, path);
  }
  if (st != ST_OK)
    return st;
  report_round_votes(&p->doc, p->v, r);
  (void)snprintf(path, sizeof path, "rounds/round%lld_votes.md", (long long)r->round);
  st = emit(p, path);
  if (st != ST_OK)
    return st;
  report_round_results(&p->doc, p->v, r);
  (void)snprintf(path, sizeof path, "rounds/round%lld_results.md", (long long)r->round);
  return emit(p, path);
}

enum status report_pages(const struct report_source *src, struct report_view *v, report_page_sink sink,
                         void *context, struct error *e) {
  struct pages p = {src, v, sink, context, e, {0}, {0}};
  buffer_init(&p.text);
  report_doc_init(&p.doc, &p.text, REPORT_MARKDOWN);
  enum status st = season_pages(&p);
  for (size_t i = 0; st == ST_OK && i < src->state->n_rounds; i++)
    st = round_pages(&p, &src->state->round[i]);
  if (st == ST_OK && src->store && src->state->incumbent_blob) {
    struct error missing;
    memset(&missing, 0, sizeof missing);
    const enum status got = store_blob_get(src->store, src->state->incumbent_blob, &p.text, &missing);
    if (got == ST_OK) {
      st = sink(context, "best/entry.c", buffer_str(&p.text), p.text.bytes, e);
    } else { /* pages first: a lost blob must not cost the reader the rest */
      st = error_set(e, got, "the best entry could not be read: %s", missing.text);
    }
  }
  buffer_fini(&p.text);
  return st;
}

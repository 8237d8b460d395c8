/* Room report: a folded log as pages a person reads. It may read the record and the store and
 * nothing else: it cannot reach the engine, so it cannot change what it reports.
 *
 * Everything is a pure function of the log and the blobs: rendering the same log twice gives the
 * same bytes, whenever and wherever it is done. Texts of agents are hostile and are escaped.
 * Thread safety: one rendering per thread.
 */
#ifndef SHARKTANK_REPORT_H
#define SHARKTANK_REPORT_H

#include "base/base_buffer.h"
#include "record/record_fold.h"
#include "store/store.h"

struct report_source {
  const struct record_state *state; /* borrowed */
  struct store *store;              /* borrowed; for blobs; NULL: pages say what is missing */
};

/* Writes the season's folder (docs/architecture.md lists its files) into dir. Files that already hold
 * the right bytes are left alone, the others are replaced whole, and pages of an earlier rendering
 * that the log no longer asks for are removed; nothing else in dir is touched. */
enum status report_folder_write(const char *dir, const struct report_source *src, struct error *e) MUST_USE;
/* The self-contained page, appended to out. */
enum status report_html(const struct report_source *src, struct buffer *out, struct error *e) MUST_USE;
/* The season's README.md, appended to out. */
enum status report_markdown(const struct report_source *src, struct buffer *out, struct error *e) MUST_USE;
/* What `status` and the end of a run say, in a few plain lines, appended to out. report_path: the page
 * to open, or NULL. */
enum status report_summary(const struct report_source *src, const char *report_path, struct buffer *out,
                           struct error *e) MUST_USE;
/* The same as numbers: fields of "sharktank.status/1" (docs/json.md) that come from the log; a new
 * object, NULL without memory. */
json_t *report_summary_json(const struct report_source *src);

#endif

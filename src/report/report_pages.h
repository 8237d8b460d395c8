/* Room report: the season folder's Markdown pages. Thread safety: one rendering per thread. */
#ifndef SHARKTANK_REPORT_PAGES_H
#define SHARKTANK_REPORT_PAGES_H

#include "report/report.h"
#include "report/report_view.h"

/* Told every page of the folder but index.html, in a fixed order; path is relative to the folder.
 * A status other than OK ends the rendering. */
typedef enum status (*report_page_sink)(void *context, const char *path, const char *text, size_t bytes,
                                        struct error *e);
enum status report_pages(const struct report_source *src, struct report_view *v, report_page_sink sink,
                         void *context, struct error *e) MUST_USE;
/* README.md, appended to out. */
void report_page_readme(struct buffer *out, struct report_view *v);

#endif

/* Room report: what the whole season says, for both formats. Pure but for the document's buffer.
 * Thread safety: one document per thread.
 */
#ifndef SHARKTANK_REPORT_SEASON_H
#define SHARKTANK_REPORT_SEASON_H

#include "report/report_doc.h"
#include "report/report_view.h"

/* Two or three sentences: where it stands, how much faster, how far from the limit. */
void report_season_headline(struct report_doc *d, struct report_view *v);
/* Round | Contestants | Winner | Expected | Actual | Status */
void report_season_table(struct report_doc *d, struct report_view *v);
void report_season_journey(struct report_doc *d, struct report_view *v);
void report_season_shapes(struct report_doc *d, struct report_view *v);
/* The best entry on an unscaled shape, where that was measured. */
void report_season_full(struct report_doc *d, struct report_view *v);
void report_season_standings(struct report_doc *d, struct report_view *v);
void report_season_forecasts(struct report_doc *d, struct report_view *v);
void report_season_costs(struct report_doc *d, struct report_view *v);
/* Lessons with evidence: what works, what does not, what made no difference, what was contradicted. */
void report_season_learnings(struct report_doc *d, struct report_view *v);
/* The task as it was set: shapes, limits, rules, compile line, machine. */
void report_season_task(struct report_doc *d, struct report_view *v);

#endif

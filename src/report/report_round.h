/* Room report: what one round says, for both formats. Pure but for the document's buffer.
 * Thread safety: one document per thread.
 */
#ifndef SHARKTANK_REPORT_ROUND_H
#define SHARKTANK_REPORT_ROUND_H

#include "report/report_doc.h"
#include "report/report_view.h"

/* The frozen context; json is the blob's content, or NULL when it is not frozen or not readable. */
void report_round_context(struct report_doc *d, struct report_view *v, const struct record_round *r,
                          const json_t *context);
void report_round_pitch(struct report_doc *d, struct report_view *v, const struct record_round *r,
                        const struct record_pitch *p);
void report_round_votes(struct report_doc *d, struct report_view *v, const struct record_round *r);
void report_round_results(struct report_doc *d, struct report_view *v, const struct record_round *r);
/* One line on where a round without an outcome stands. */
const char *report_round_state(const struct report_view *v, const struct record_round *r);
enum report_tone report_outcome_tone(const char *outcome);
/* Forecast table of one forecast object; writes "no forecast" when it is empty. */
void report_forecast_prose(struct report_doc *d, const json_t *forecast);

#endif

/* Room report: the performance journey as a picture. Pure but for the buffer. Thread safe. */
#ifndef SHARKTANK_REPORT_JOURNEY_H
#define SHARKTANK_REPORT_JOURNEY_H

#include "base/base_buffer.h"
#include "report/report_view.h"

/* An inline SVG with a log axis of seconds per call over rounds: start, each accepted round, what was
 * tried, the machine's limit. Writes nothing and returns 0 when the start was not measured. */
int report_journey_svg(struct buffer *out, const struct report_view *v);

#endif

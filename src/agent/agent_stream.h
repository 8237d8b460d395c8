/* Room: agent. Server-sent events, as the streaming interfaces of language models use them: fields "event"
 * and "data"; lines that end in LF, CR or CRLF; any division into chunks. (HTML standard, section 9.2.6,
 * without id and retry, which concern reconnecting.) An event that the end of the stream cuts off is not
 * given, as the standard has it.
 *
 * Thread safety: one thread at a time per stream.
 */
#ifndef SHARKTANK_AGENT_STREAM_H
#define SHARKTANK_AGENT_STREAM_H

#include "base/base_buffer.h"

/* One event. data is followed by a zero byte and borrowed. Anything but 0 ends agent_stream_feed, which
 * returns it; it should be positive. */
typedef int agent_stream_event(void *context, const char *name, const char *data, size_t bytes);

struct agent_stream {
  agent_stream_event *event;
  void *context;
  size_t max_event_bytes;
  struct buffer line, data;
  char name[64];
  int has_data, after_cr, past_start;
};

enum { AGENT_STREAM_TOO_LONG = -1, AGENT_STREAM_NO_MEMORY = -2 };

/* max_event_bytes bounds a line and the data of one event. */
void agent_stream_init(struct agent_stream *s, size_t max_event_bytes, agent_stream_event *event,
                       void *context);
void agent_stream_fini(struct agent_stream *s);
/* 0, what the callback returned, or one of the two above. */
int agent_stream_feed(struct agent_stream *s, const char *bytes, size_t n);

#endif

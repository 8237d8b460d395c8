/* Room: agent. Server-sent events. Reads what a stranger sends: every length is bounded. */
#include "agent/agent_stream.h"

#include <stdio.h>
#include <string.h>

void agent_stream_init(struct agent_stream *s, size_t max_event_bytes, agent_stream_event *event,
                       void *context) {
  *s = (struct agent_stream){.event = event, .context = context, .max_event_bytes = max_event_bytes};
  buffer_init(&s->line);
  buffer_init(&s->data);
}

void agent_stream_fini(struct agent_stream *s) {
  buffer_fini(&s->line);
  buffer_fini(&s->data);
}

static int is_field(const char *line, size_t name_bytes, const char *field) {
  return name_bytes == strlen(field) && memcmp(line, field, name_bytes) == 0;
}

/* An empty line: what was gathered is an event, if it had data. */
static int dispatch(struct agent_stream *s) {
  int said = 0;
  if (s->has_data)
    said = s->event(s->context, s->name, buffer_str(&s->data), s->data.bytes);
  buffer_clear(&s->data);
  s->name[0] = 0;
  s->has_data = 0;
  return said;
}

static int take_line(struct agent_stream *s) {
  const char *line = buffer_str(&s->line);
  size_t n = s->line.bytes;
  if (!s->past_start && n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
    line += 3;
    n -= 3;
  }
  s->past_start = 1;
  if (!n)
    return dispatch(s);
  const char *colon = memchr(line, ':', n);
  size_t name_bytes = colon ? (size_t)(colon - line) : n;
  const char *value = colon ? colon + 1 : line + n;
  size_t value_bytes = (size_t)(line + n - value);
  if (value_bytes && *value == ' ') {
    value++;
    value_bytes--;
  }
  if (is_field(line, name_bytes, "data")) {
    if (s->has_data)
      buffer_add(&s->data, "\n", 1);
    buffer_add(&s->data, value, value_bytes);
    s->has_data = 1;
    if (buffer_failed(&s->data))
      return AGENT_STREAM_NO_MEMORY;
    if (s->data.bytes > s->max_event_bytes)
      return AGENT_STREAM_TOO_LONG;
  } else if (is_field(line, name_bytes, "event")) {
    snprintf(s->name, sizeof s->name, "%.*s", (int)(value_bytes < 63 ? value_bytes : 63), value);
  }
  return 0;
}

int agent_stream_feed(struct agent_stream *s, const char *bytes, size_t n) {
  while (n) {
    if (s->after_cr && *bytes == '\n') { /* the second half of CRLF, perhaps in another chunk */
      s->after_cr = 0;
      bytes++;
      n--;
      continue;
    }
    s->after_cr = 0;
    size_t run = 0;
    while (run < n && bytes[run] != '\n' && bytes[run] != '\r')
      run++;
    if (run > s->max_event_bytes || s->line.bytes > s->max_event_bytes - run)
      return AGENT_STREAM_TOO_LONG;
    buffer_add(&s->line, bytes, run);
    if (buffer_failed(&s->line))
      return AGENT_STREAM_NO_MEMORY;
    bytes += run;
    n -= run;
    if (!n)
      break;
    s->after_cr = *bytes == '\r';
    bytes++;
    n--;
    int said = take_line(s);
    buffer_clear(&s->line);
    if (said)
      return said;
  }
  return 0;
}

/* Room serve: lines with a bound, and the JSON in them. Touches one descriptor, reading. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "serve/serve_mcp.h"

static void drop_front(struct serve_line *l, size_t bytes) {
  struct buffer *b = &l->text;
  memmove(b->data, b->data + bytes, b->bytes - bytes);
  b->bytes -= bytes;
  b->data[b->bytes] = 0;
  l->scanned = 0;
}

/* A line that is here already. */
static enum serve_line_got take(struct serve_line *l, struct buffer *out) {
  struct buffer *b = &l->text;
  const char *end = b->bytes > l->scanned ? memchr(b->data + l->scanned, '\n', b->bytes - l->scanned) : NULL;
  l->scanned = b->bytes;
  const size_t bytes = end ? (size_t)(end - b->data) : b->bytes;
  if (!end && bytes <= SERVE_LINE_MAX && !(l->ended && bytes))
    return SERVE_LINE_NONE;
  const int skip = l->skipping || bytes > SERVE_LINE_MAX;
  if (!skip)
    buffer_add(out, b->data, bytes);
  drop_front(l, end ? bytes + 1 : bytes);
  l->skipping = skip && !end && !l->ended;
  if (l->skipping)
    return SERVE_LINE_NONE; /* its end is still to come */
  return skip ? SERVE_LINE_TOO_LONG : SERVE_LINE_WHOLE;
}

enum serve_line_got serve_line_next(struct serve_line *l, int wait_ms, struct buffer *out) {
  char part[65536];
  buffer_clear(out);
  for (;;) {
    const enum serve_line_got got = take(l, out);
    if (got != SERVE_LINE_NONE)
      return got;
    if (l->ended) {
      const int cut = l->skipping;
      l->skipping = 0;
      return cut ? SERVE_LINE_TOO_LONG : SERVE_LINE_END;
    }
    if (buffer_failed(&l->text)) { /* no memory for a line: go on without it */
      buffer_fini(&l->text);
      buffer_init(&l->text);
      l->scanned = 0;
      l->skipping = 1;
    }
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    if (poll(&p, 1, wait_ms) <= 0)
      return SERVE_LINE_NONE; /* a signal too: whoever waits looks at why */
    const ssize_t n = read(l->fd, part, sizeof part);
    if (n > 0 && !l->skipping)
      buffer_add(&l->text, part, (size_t)n);
    else if (n > 0) {
      const char *end = memchr(part, '\n', (size_t)n);
      if (end) /* from its end on */
        buffer_add(&l->text, end, (size_t)(part + n - end));
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN))
      l->ended = 1;
  }
}

/* The parser's own limit is for files; a message has no reason to be that deep. */
static int too_deep(const char *text, size_t bytes) {
  int depth = 0, quoted = 0;
  for (size_t i = 0; i < bytes; i++) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\')
        i++;
      else if (c == '"')
        quoted = 0;
    } else if (c == '"') {
      quoted = 1;
    } else if ((c == '[' || c == '{') && ++depth > SERVE_DEPTH_MAX) {
      return 1;
    } else if (c == ']' || c == '}') {
      depth--;
    }
  }
  return 0;
}

enum status serve_line_parse(const struct buffer *line, json_t **out, struct error *e) {
  *out = NULL;
  if (buffer_failed(line))
    return error_set(e, ST_MEMORY, "out of memory for a message");
  if (too_deep(buffer_str(line), line->bytes))
    return error_set(e, ST_INPUT, "nested more than %d deep", SERVE_DEPTH_MAX);
  return json_read(buffer_str(line), line->bytes, "the message", out, e);
}

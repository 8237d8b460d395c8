/* A growing byte buffer, always followed by a zero byte. Errors are sticky: after a failed growth
 * every call does nothing and buffer_failed() is true.
 *
 * Thread safety: one thread at a time per buffer.
 */
#ifndef SHARKTANK_BASE_BUFFER_H
#define SHARKTANK_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base_status.h"

struct buffer {
  char *data; /* owned; valid text of `bytes` bytes plus a zero, or NULL while empty */
  size_t bytes, capacity;
  int failed;
};

void buffer_init(struct buffer *b);
void buffer_fini(struct buffer *b);
void buffer_add(struct buffer *b, const void *data, size_t bytes);
void buffer_text(struct buffer *b, const char *s);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_clear(struct buffer *b);
/* The text so far; "" when empty. Borrowed: valid until the next change. */
const char *buffer_str(const struct buffer *b);
/* Returns owned (free()); the buffer is empty afterwards. NULL if it failed. */
char *buffer_take(struct buffer *b);
int buffer_failed(const struct buffer *b);

#endif

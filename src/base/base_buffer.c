/* Room base: the growing byte buffer. */
#include "base/base_buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b) {
  *b = (struct buffer){0};
}

void buffer_fini(struct buffer *b) {
  free(b->data);
  *b = (struct buffer){0};
}

/* Makes room for `more` bytes and the terminator. */
static int buffer_reserve(struct buffer *b, size_t more) {
  size_t need;
  if (b->failed)
    return 0;
  if (__builtin_add_overflow(b->bytes, more, &need) || __builtin_add_overflow(need, 1, &need)) {
    b->failed = 1;
    return 0;
  }
  if (need <= b->capacity)
    return 1;
  size_t capacity = b->capacity ? b->capacity : 64;
  while (capacity < need)
    capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
  char *data = realloc(b->data, capacity);
  if (!data) {
    b->failed = 1;
    return 0;
  }
  b->data = data;
  b->capacity = capacity;
  return 1;
}

void buffer_add(struct buffer *b, const void *data, size_t bytes) {
  if (!buffer_reserve(b, bytes))
    return;
  if (bytes)
    memcpy(b->data + b->bytes, data, bytes);
  b->bytes += bytes;
  b->data[b->bytes] = 0;
}

void buffer_text(struct buffer *b, const char *s) {
  buffer_add(b, s, strlen(s));
}

void buffer_printf(struct buffer *b, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (n < 0)
    b->failed = 1;
  else if (buffer_reserve(b, (size_t)n)) {
    vsnprintf(b->data + b->bytes, (size_t)n + 1, format, again);
    b->bytes += (size_t)n;
  }
  va_end(again);
}

void buffer_clear(struct buffer *b) {
  b->bytes = 0;
  if (b->data)
    b->data[0] = 0;
}

const char *buffer_str(const struct buffer *b) {
  return b->data ? b->data : "";
}

char *buffer_take(struct buffer *b) {
  char *data = b->failed ? NULL : b->data ? b->data : calloc(1, 1);
  if (b->failed)
    free(b->data);
  *b = (struct buffer){0};
  return data;
}

int buffer_failed(const struct buffer *b) {
  return b->failed;
}

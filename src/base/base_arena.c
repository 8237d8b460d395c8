/* Room base: the arena. A list of chunks, each twice the last, freed together. */
#include "base/base_arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, FIRST_CHUNK = 4096 };

struct arena_chunk {
  struct arena_chunk *next;
  size_t used, capacity;
  _Alignas(ALIGN) unsigned char data[];
};

void arena_init(struct arena *a, size_t limit_bytes) {
  *a = (struct arena){.limit_bytes = limit_bytes ? limit_bytes : (size_t)1 << 30};
}

void arena_fini(struct arena *a) {
  struct arena_chunk *c = a->chunk;
  while (c) {
    struct arena_chunk *next = c->next;
    free(c);
    c = next;
  }
  *a = (struct arena){.limit_bytes = a->limit_bytes};
}

void *arena_alloc(struct arena *a, size_t bytes) {
  if (a->failed || bytes > a->limit_bytes || bytes > SIZE_MAX / 4) {
    a->failed = 1;
    return NULL;
  }
  size_t need = (bytes + ALIGN - 1) / ALIGN * ALIGN;
  if (!need)
    need = ALIGN;
  if (need > a->limit_bytes - a->used_bytes) {
    a->failed = 1;
    return NULL;
  }
  if (!a->chunk || a->chunk->capacity - a->chunk->used < need) {
    size_t capacity = a->chunk ? a->chunk->capacity * 2 : FIRST_CHUNK;
    if (capacity > (size_t)4 << 20)
      capacity = (size_t)4 << 20;
    if (capacity < need)
      capacity = need;
    struct arena_chunk *c = calloc(1, sizeof *c + capacity);
    if (!c) {
      a->failed = 1;
      return NULL;
    }
    c->capacity = capacity;
    c->next = a->chunk;
    a->chunk = c;
  }
  void *p = a->chunk->data + a->chunk->used;
  a->chunk->used += need;
  a->used_bytes += need;
  return p;
}

void *arena_array(struct arena *a, size_t count, size_t elem_bytes) {
  size_t bytes;
  if (__builtin_mul_overflow(count, elem_bytes, &bytes)) {
    a->failed = 1;
    return NULL;
  }
  return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t bytes) {
  char *p = arena_alloc(a, bytes + 1);
  if (p)
    memcpy(p, s, bytes); /* the arena is zeroed: the terminator is there */
  return p;
}

char *arena_strdup(struct arena *a, const char *s) {
  return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
  if (p)
    vsnprintf(p, (size_t)n + 1, format, again);
  va_end(again);
  return p;
}

int arena_failed(const struct arena *a) {
  return a->failed;
}

/* An arena: many allocations, one free. For parsers, rounds and anything built once and dropped
 * whole. Memory is zeroed and 16-byte aligned. Running out of memory is sticky: the allocation
 * returns NULL and arena_failed() says so, so a parser may check once at its end.
 *
 * Thread safety: one thread at a time per arena.
 */
#ifndef SHARKTANK_BASE_ARENA_H
#define SHARKTANK_BASE_ARENA_H

#include <stddef.h>

#include "base_status.h"

struct arena_chunk;
struct arena {
  struct arena_chunk *chunk;
  size_t limit_bytes, used_bytes;
  int failed;
};

/* limit_bytes: the most the arena may hold (0: 1 GiB). */
void arena_init(struct arena *a, size_t limit_bytes);
void arena_fini(struct arena *a);
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_array(struct arena *a, size_t count, size_t elem_bytes); /* NULL on overflow */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t bytes);
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
int arena_failed(const struct arena *a);

#endif

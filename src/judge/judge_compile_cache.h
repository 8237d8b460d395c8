/* Room: judge (private header). May use base. Compiled entries, kept under the cache folder by the hash
 * of source, flags, compiler and processor. */
#ifndef SHARKTANK_JUDGE_COMPILE_CACHE_H
#define SHARKTANK_JUDGE_COMPILE_CACHE_H

#include "base/base_buffer.h"
#include "base/base_json.h"

/* The stored report (a new reference), and *object_fd for one that is "ok"; NULL when there is none or
 * it is damaged (a changed object is never used: its hash stands in the report). */
json_t *judge_cache_load(const char *key, int *object_fd);
enum status judge_cache_store(const char *key, const json_t *report, const struct buffer *object,
                              struct error *e) MUST_USE;
/* Bytes to a sealed memfd, and a memfd's content to bytes. */
enum status judge_bytes_to_fd(const char *name, const void *data, size_t bytes, int *fd,
                              struct error *e) MUST_USE;
enum status judge_fd_to_bytes(int fd, size_t limit, struct buffer *out, struct error *e) MUST_USE;

#endif

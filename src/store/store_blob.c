/* Room: store. The blob folder: files named by the SHA-256 of their content, in folders by the first
 * two digits. A blob is durable before anything names it and is verified whenever it is read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base_file.h"
#include "store/store_internal.h"

#define BLOB_MAX_BYTES ((size_t)256 << 20)

static enum status blob_path(const struct store *s, const char *name, char *out, int make, struct error *e) {
  char dir[STORE_PATH_BYTES];
  int n = snprintf(dir, sizeof dir, "%s/blobs/%.2s", s->dir, name);
  if (n < 0 || (size_t)n >= sizeof dir || file_join(out, STORE_PATH_BYTES, dir, name) != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long: %.200s...", s->dir);
  return make ? file_mkdirs(dir, e) : ST_OK;
}

/* 1 if the file is there and whole: only then may writing it again be skipped. */
static int blob_is_good(const char *path, const char *name, size_t bytes) {
  struct stat st;
  if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
    return 0;
  struct buffer b;
  char hex[HASH_HEX_BYTES];
  buffer_init(&b);
  int good = 0;
  if (file_read(path, BLOB_MAX_BYTES, &b, NULL) == ST_OK) {
    hash_sha256_hex(buffer_str(&b), b.bytes, hex);
    good = strcmp(hex, name) == 0;
  }
  buffer_fini(&b);
  return good;
}

enum status store_blob_put(struct store *s, const void *data, size_t bytes, char name[HASH_HEX_BYTES],
                           struct error *e) {
  if (s->mode == STORE_READ)
    return error_set(e, ST_USAGE, "the season in %s is open for reading only", s->dir);
  if (bytes > BLOB_MAX_BYTES)
    return error_set(e, ST_RANGE, "%zu bytes are too many for one blob (at most %zu)", bytes, BLOB_MAX_BYTES);
  hash_sha256_hex(data, bytes, name);
  char path[STORE_PATH_BYTES];
  enum status st = blob_path(s, name, path, 1, e);
  if (st != ST_OK || blob_is_good(path, name, bytes))
    return st;
  return file_write_atomic(path, data, bytes, e);
}

enum status store_blob_get(struct store *s, const char *name, struct buffer *out, struct error *e) {
  if (!hash_is_hex(name))
    return error_set(e, ST_CORRUPT, "\"%.80s\" is not the name of a blob", name);
  char path[STORE_PATH_BYTES];
  enum status st = blob_path(s, name, path, 0, e);
  if (st != ST_OK)
    return st;
  if (!file_exists(path))
    return error_set(e, ST_NOT_FOUND, "the blob %s is missing from %s/blobs", name, s->dir);
  struct buffer b;
  buffer_init(&b);
  st = file_read(path, BLOB_MAX_BYTES, &b, e);
  if (st == ST_OK) {
    char hex[HASH_HEX_BYTES];
    hash_sha256_hex(buffer_str(&b), b.bytes, hex);
    if (strcmp(hex, name) != 0)
      st = error_set(e, ST_CORRUPT, "the blob %s in %s/blobs is damaged: its %zu bytes hash to %.12s...",
                     name, s->dir, b.bytes, hex);
  }
  if (st == ST_OK) {
    buffer_add(out, buffer_str(&b), b.bytes);
    if (buffer_failed(out))
      st = error_set(e, ST_MEMORY, "out of memory for the blob %s", name);
  }
  buffer_fini(&b);
  return st;
}

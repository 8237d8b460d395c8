/* Room: judge. May use base. The cache of compiled entries. */
#include "judge/judge_compile_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_file.h"
#include "base/base_hash.h"

enum { REPORT_LIMIT = 1 << 20, OBJECT_LIMIT = 32 << 20 };

enum status judge_bytes_to_fd(const char *name, const void *data, size_t bytes, int *fd, struct error *e) {
  *fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (*fd < 0)
    return error_errno(e, errno, "making shared memory for", name);
  for (size_t at = 0; at < bytes;) {
    ssize_t put = write(*fd, (const char *)data + at, bytes - at);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0) {
      int errnum = errno;
      close(*fd);
      *fd = -1;
      return error_errno(e, errnum, "filling shared memory for", name);
    }
    at += (size_t)put;
  }
  lseek(*fd, 0, SEEK_SET); /* whoever inherits it reads from the start */
  (void)fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return ST_OK;
}

enum status judge_fd_to_bytes(int fd, size_t limit, struct buffer *out, struct error *e) {
  struct stat st;
  if (fstat(fd, &st))
    return error_errno(e, errno, "reading", "an object");
  if (st.st_size < 0 || (size_t)st.st_size > limit)
    return error_set(e, ST_RANGE, "an object of %lld bytes is too large", (long long)st.st_size);
  char chunk[65536];
  for (off_t at = 0; at < st.st_size;) {
    ssize_t got = pread(fd, chunk, sizeof chunk, at);
    if (got <= 0)
      return error_errno(e, got ? errno : EIO, "reading", "an object");
    buffer_add(out, chunk, (size_t)got);
    at += got;
  }
  return buffer_failed(out) ? error_set(e, ST_MEMORY, "out of memory while compiling") : ST_OK;
}

static enum status cache_path(const char *key, const char *ending, char *out, size_t out_bytes, int make,
                              struct error *e) {
  char root[400], folder[432], name[96];
  enum status s = file_cache_dir(root, sizeof root, e);
  if (s)
    return s;
  snprintf(name, sizeof name, "%s%s", key, ending);
  if (file_join(folder, sizeof folder, root, "entries") || file_join(out, out_bytes, folder, name))
    return error_set(e, ST_RANGE, "the path of the cache folder is too long");
  return make ? file_mkdirs(folder, e) : ST_OK;
}

json_t *judge_cache_load(const char *key, int *object_fd) {
  char path[560];
  json_t *report = NULL;
  if (cache_path(key, ".json", path, sizeof path, 0, NULL) || !file_exists(path) ||
      json_read_file(path, &report, NULL))
    return NULL;
  const char *verdict = json_str(report, "verdict", ""), *object_hash = json_str(report, "object_hash", "");
  int usable = strcmp(json_str(report, "key", ""), key) == 0;
  if (usable && strcmp(verdict, "ok") == 0) {
    struct buffer object;
    char hash[HASH_HEX_BYTES];
    buffer_init(&object);
    usable =
        !cache_path(key, ".so", path, sizeof path, 0, NULL) && !file_read(path, OBJECT_LIMIT, &object, NULL);
    if (usable) {
      hash_sha256_hex(object.data, object.bytes, hash);
      usable = strcmp(hash, object_hash) == 0 &&
               !judge_bytes_to_fd("entry", object.data, object.bytes, object_fd, NULL);
    }
    buffer_fini(&object);
  } else if (strcmp(verdict, "gate") != 0 && strcmp(verdict, "compile_error") != 0) {
    usable = 0;
  }
  if (usable)
    return report;
  json_decref(report);
  return NULL;
}

enum status judge_cache_store(const char *key, const json_t *report, const struct buffer *object,
                              struct error *e) {
  char path[560];
  json_t *stored = json_deep_copy(report);
  if (!stored)
    return error_set(e, ST_MEMORY, "out of memory while compiling");
  enum status s = ST_OK;
  if (object && strcmp(json_str(report, "verdict", ""), "ok") ==
                    0) { /* the object first: a report without one is a miss */
    char hash[HASH_HEX_BYTES];
    hash_sha256_hex(object->data, object->bytes, hash);
    json_put_str(stored, "object_hash", hash);
    s = cache_path(key, ".so", path, sizeof path, 1, e);
    if (!s)
      s = file_write_atomic(path, object->data, object->bytes, e);
  }
  if (!s)
    s = cache_path(key, ".json", path, sizeof path, 1, e);
  char *text = s ? NULL : json_pretty(stored);
  if (!s)
    s = text ? file_write_atomic(path, text, strlen(text), e)
             : error_set(e, ST_MEMORY, "out of memory while compiling");
  free(text);
  json_decref(stored);
  return s;
}

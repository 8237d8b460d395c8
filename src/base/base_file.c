/* Room base: files. Writes go to a temporary neighbour first, so a reader sees all or nothing. */
#include "base/base_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TREE_DEPTH = 64 };

enum status file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *e) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
  if (fd < 0)
    return error_errno(e, errno, "cannot open", path);
  struct stat st;
  enum status s = ST_OK;
  if (fstat(fd, &st))
    s = error_errno(e, errno, "cannot look at", path);
  else if (!S_ISREG(st.st_mode))
    s = error_set(e, ST_INPUT, "%s is not a regular file", path);
  size_t kept = 0;
  char chunk[65536];
  while (s == ST_OK) {
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      s = error_errno(e, errno, "cannot read", path);
    if (n <= 0)
      break;
    kept += (size_t)n;
    if (kept > max_bytes)
      s = error_set(e, ST_RANGE, "%s is larger than the %zu bytes allowed here", path, max_bytes);
    else
      buffer_add(out, chunk, (size_t)n);
  }
  close(fd);
  if (s == ST_OK && buffer_failed(out))
    s = error_set(e, ST_MEMORY, "out of memory while reading %s", path);
  return s;
}

static enum status write_all(int fd, const char *data, size_t bytes) {
  while (bytes) {
    ssize_t n = write(fd, data, bytes);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return ST_IO;
    data += n;
    bytes -= (size_t)n;
  }
  return ST_OK;
}

static void sync_parent(const char *path) {
  char dir[PATH_BYTES];
  snprintf(dir, sizeof dir, "%s", path);
  char *slash = strrchr(dir, '/');
  if (slash == dir)
    slash[1] = 0;
  else if (slash)
    *slash = 0;
  else
    snprintf(dir, sizeof dir, ".");
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd); /* best effort: some file systems refuse to sync a folder */
    close(fd);
  }
}

enum status file_write_atomic(const char *path, const void *data, size_t bytes, struct error *e) {
  char temporary[PATH_BYTES];
  if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
    return error_set(e, ST_RANGE, "the path %s is too long", path);
  int fd = mkostemp(temporary, O_CLOEXEC);
  if (fd < 0)
    return error_errno(e, errno, "cannot write", path);
  enum status s = ST_OK;
  if (write_all(fd, data, bytes) != ST_OK || fchmod(fd, 0644) || fsync(fd))
    s = error_errno(e, errno, "cannot write", path);
  if (close(fd) && s == ST_OK)
    s = error_errno(e, errno, "cannot write", path);
  if (s == ST_OK && rename(temporary, path))
    s = error_errno(e, errno, "cannot rename to", path);
  if (s == ST_OK)
    sync_parent(path);
  else
    unlink(temporary);
  return s;
}

enum status file_mkdirs(const char *path, struct error *e) {
  char part[PATH_BYTES];
  size_t n = strlen(path);
  if (!n || n >= sizeof part)
    return error_set(e, ST_RANGE, "the path '%.80s' is empty or too long", path);
  memcpy(part, path, n + 1);
  for (size_t i = 1; i <= n; i++) {
    if (part[i] != '/' && part[i] != 0)
      continue;
    char kept = part[i];
    part[i] = 0;
    if (mkdir(part, 0777) && errno != EEXIST)
      return error_errno(e, errno, "cannot create the folder", part);
    part[i] = kept;
  }
  if (!file_is_dir(path))
    return error_set(e, ST_INPUT, "%s exists and is not a folder", path);
  return ST_OK;
}

int file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

int file_is_dir(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Everything below the folder fd; takes the fd. Returns 0 or an errno. */
static int remove_below(int fd, int depth) {
  DIR *dir = fdopendir(fd);
  if (!dir) {
    int errnum = errno;
    close(fd);
    return errnum;
  }
  int result = 0;
  for (struct dirent *d; !result && (d = readdir(dir));) {
    if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
      continue;
    if (unlinkat(dirfd(dir), d->d_name, 0) == 0)
      continue;
    if (errno != EISDIR && errno != EPERM) {
      result = errno == ENOENT ? 0 : errno;
      continue;
    }
    int below = openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
      result = errno;
    else
      result = depth > 0 ? remove_below(below, depth - 1) : (close(below), ELOOP);
    if (!result && unlinkat(dirfd(dir), d->d_name, AT_REMOVEDIR))
      result = errno;
  }
  closedir(dir);
  return result;
}

enum status file_remove_tree(const char *path, struct error *e) {
  if (unlink(path) == 0 || errno == ENOENT)
    return ST_OK;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return error_errno(e, errno, "cannot remove", path);
  int errnum = remove_below(fd, TREE_DEPTH);
  if (!errnum && rmdir(path))
    errnum = errno;
  return errnum ? error_errno(e, errnum, "cannot remove", path) : ST_OK;
}

int file_join(char *out, size_t out_bytes, const char *dir, const char *name) {
  int n = snprintf(out, out_bytes, "%s/%s", dir, name);
  if (n >= 0 && (size_t)n < out_bytes)
    return 0;
  if (out_bytes)
    out[0] = 0;
  return -1;
}

enum status file_cache_dir(char *out, size_t out_bytes, struct error *e) {
  const char *own = getenv("SHARKTANK_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  const char *tmp = getenv("TMPDIR");
  int n;
  if (own && own[0])
    n = snprintf(out, out_bytes, "%s", own);
  else if (xdg && xdg[0] == '/')
    n = snprintf(out, out_bytes, "%s/sharktank", xdg);
  else if (home && home[0] == '/')
    n = snprintf(out, out_bytes, "%s/.cache/sharktank", home);
  else
    n = snprintf(out, out_bytes, "%s/sharktank-cache-%u", tmp && tmp[0] ? tmp : "/tmp", (unsigned)getuid());
  if (n < 0 || (size_t)n >= out_bytes)
    return error_set(e, ST_RANGE, "the path of the cache folder is too long");
  return file_mkdirs(out, e);
}

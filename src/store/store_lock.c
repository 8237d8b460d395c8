/* Room: store. One engine at a time: an flock on `season.lock`, with the holder's pid in it for people.
 * The kernel drops the lock with the process, so a killed engine leaves nothing to clean up. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/base_file.h"
#include "store/store_internal.h"

enum { LOOKS = 5 };

static long holder_pid(int fd) {
  char text[32] = "";
  ssize_t n = pread(fd, text, sizeof text - 1, 0);
  return n > 0 ? strtol(text, NULL, 10) : 0;
}

static enum status refused(int fd, const char *dir, struct error *e) {
  long pid = holder_pid(fd);
  if (pid > 0)
    return error_set(e, ST_BUSY, "the season in %s is being played by process %ld", dir, pid);
  return error_set(e, ST_BUSY, "the season in %s is being played by another process", dir);
}

enum status store_lock_take(const char *dir, int *fd, struct error *e) {
  char path[STORE_PATH_BYTES];
  *fd = -1;
  if (file_join(path, sizeof path, dir, "season.lock") != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long: %.200s...", dir);
  int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock < 0)
    return error_errno(e, errno, "cannot open", path);
  for (int tries = 0; flock(lock, LOCK_EX | LOCK_NB) != 0; tries++) {
    if (errno == EINTR)
      continue;
    if (errno == EWOULDBLOCK && tries < LOOKS) { /* somebody may only be looking: store_in_use */
      const struct timespec a_moment = {.tv_nsec = 20000000};
      (void)nanosleep(&a_moment, NULL);
      continue;
    }
    int errnum = errno;
    enum status st =
        errnum == EWOULDBLOCK ? refused(lock, dir, e) : error_errno(e, errnum, "cannot lock", path);
    close(lock);
    return st;
  }
  char text[32];
  int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  /* The pid is a courtesy; the lock holds without it, so a full disk does not matter here. */
  if (ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)n, 0) != n && ftruncate(lock, 0) != 0)
    errno = 0;
  *fd = lock;
  return ST_OK;
}

int store_in_use(const char *dir, long *pid) {
  char path[STORE_PATH_BYTES];
  *pid = 0;
  if (file_join(path, sizeof path, dir, "season.lock") != 0)
    return 0;
  int lock = open(path, O_RDONLY | O_CLOEXEC);
  if (lock < 0)
    return 0;
  int used = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (used)
    *pid = holder_pid(lock);
  close(lock);
  return used;
}

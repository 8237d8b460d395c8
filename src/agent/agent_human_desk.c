/* Room: agent. The desk's folder: see agent_human.h. Everything is opened below its descriptor and without
 * following a link, because whoever may write into the folder may have put anything there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent_human.h"
#include "base/base_file.h"

enum { PART_BYTES = 65536, TIDY_MAX = 10000 };

enum status agent_desk_open(const char *folder, int make, int *fd, struct error *e) {
  *fd = -1;
  if (make && mkdir(folder, 0777) != 0 && errno != EEXIST)
    return error_errno(e, errno, "cannot make the folder", folder);
  *fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return *fd >= 0 ? ST_OK : error_errno(e, errno, "cannot open the folder", folder);
}

int agent_desk_name(const char *stem, const char *ending, char out[256]) {
  int n = snprintf(out, 256, "%s%s", stem, ending);
  if (n > 0 && n < 256 && strchr(stem, '/') == NULL && stem[0] != '.')
    return 0;
  out[0] = '\0';
  return -1;
}

static enum status write_all(int file, const char *text, size_t bytes, const char *name, struct error *e) {
  while (bytes > 0) {
    ssize_t n = write(file, text, bytes);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return error_errno(e, n < 0 ? errno : EIO, "cannot write", name);
    text += n;
    bytes -= (size_t)n;
  }
  return fsync(file) == 0 ? ST_OK : error_errno(e, errno, "cannot write", name);
}

enum status agent_desk_put(int fd, const char *name, const char *text, size_t bytes, int keep,
                           struct error *e) {
  static atomic_uint counter;
  char part[64];
  snprintf(part, sizeof part, ".new-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1));
  (void)unlinkat(fd, part, 0);
  int file = openat(fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file < 0)
    return error_errno(e, errno, "cannot write", name);
  enum status st = write_all(file, text, bytes, name, e);
  close(file);
  /* link, unlike rename, leaves what is there; a link that dangles is there too. */
  if (st == ST_OK && keep && linkat(fd, part, fd, name, 0) != 0 && errno != EEXIST)
    st = error_errno(e, errno, "cannot write", name);
  if (st == ST_OK && !keep && renameat(fd, part, fd, name) != 0)
    st = error_errno(e, errno, "cannot write", name);
  if (st != ST_OK || keep)
    (void)unlinkat(fd, part, 0);
  return st;
}

enum status agent_desk_get(int fd, const char *name, size_t most, struct buffer *out, struct error *e) {
  char text[PART_BYTES];
  struct stat st;
  size_t read_bytes = 0;
  int file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT)
    return error_set(e, ST_NOT_FOUND, "%s is not there", name);
  if (file < 0 && errno != ELOOP)
    return error_errno(e, errno, "cannot read", name);
  if (file < 0 || fstat(file, &st) != 0 || !S_ISREG(st.st_mode)) {
    if (file >= 0)
      close(file);
    return error_set(e, ST_INPUT, "%s is not a plain file", name);
  }
  for (ssize_t n;;) {
    n = read(file, text, sizeof text);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      int failed = n < 0 ? errno : 0;
      close(file);
      return failed ? error_errno(e, failed, "cannot read", name) : ST_OK;
    }
    read_bytes += (size_t)n;
    if (read_bytes > most) {
      close(file);
      return error_set(e, ST_RANGE, "%s has more than %zu bytes", name, most);
    }
    buffer_add(out, text, (size_t)n);
  }
}

/* "round1-Ann.B-pitch.answer.json" belongs to the stem "round1-Ann.B-pitch": a name has dots for its spaces.
 */
static int stem_of(const char *name, char stem[256]) {
  static const char *const endings[] = {".answer.json", ".refused.json", ".md", ".yml", ".c"};
  size_t n = strlen(name);
  if (strncmp(name, "round", 5) != 0)
    return 0;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    size_t end = strlen(endings[i]);
    if (n > end && n - end < 256 && strcmp(name + n - end, endings[i]) == 0) {
      snprintf(stem, 256, "%.*s", (int)(n - end), name);
      return 1;
    }
  }
  return 0;
}

/* One file at a time: renaming while a folder is being read may show an entry twice or not at all. */
static int next_closed(int fd, int (*open_)(void *context, const char *stem), void *context, char name[256]) {
  int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0;
  DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
  if (d == NULL && copy >= 0)
    close(copy);
  for (struct dirent *entry; d != NULL && !found && (entry = readdir(d)) != NULL;) {
    char stem[256];
    if (!stem_of(entry->d_name, stem) || open_(context, stem))
      continue;
    snprintf(name, 256, "%s", entry->d_name);
    found = 1;
  }
  if (d != NULL)
    closedir(d);
  return found;
}

void agent_desk_tidy(const char *folder, int (*open_)(void *context, const char *stem), void *context) {
  char name[256];
  int fd = -1, closed = -1;
  if (agent_desk_open(folder, 0, &fd, NULL) != ST_OK)
    return;
  for (int i = 0; i < TIDY_MAX && next_closed(fd, open_, context, name); i++) {
    if (closed < 0) {
      (void)!mkdirat(fd, "closed", 0777);
      closed = openat(fd, "closed", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (closed < 0 || renameat(fd, name, closed, name) != 0)
      break;
  }
  if (closed >= 0)
    close(closed);
  close(fd);
}

/* Bytes of a character that nobody should meet on a terminal or in YAML, beyond ASCII; 0: none. */
static size_t unwanted(const unsigned char *p, size_t left) {
  if (left >= 2 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
    return 2; /* C1, NEL */
  if (left < 3)
    return 0;
  if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae)))
    return 3; /* line and paragraph separators, directions */
  if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
    return 3; /* isolates */
  return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0;
}

void agent_desk_clean(const char *text, size_t bytes, int one_line, struct buffer *out) {
  const unsigned char *p = (const unsigned char *)text, *end = p + bytes, *from = p;
  while (p < end) {
    size_t n = unwanted(p, (size_t)(end - p));
    int white = *p == '\n' || *p == '\t';
    if (n == 0 && (*p < 0x20 || *p == 0x7f) && (one_line || !white))
      n = 1;
    if (n == 0) {
      p++;
      continue;
    }
    buffer_add(out, from, (size_t)(p - from));
    buffer_text(out, white ? " " : "?");
    p += n;
    from = p;
  }
  buffer_add(out, from, (size_t)(end - from));
}

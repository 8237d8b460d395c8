/* Room: sandbox. May use base. Cgroups, version 2: see the header. */
#include "sandbox/sandbox_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_clock.h"

enum { REMOVE_TRIES = 2000, PATH_BYTES = 512 };

static int write_text(const char *folder, const char *leaf, const char *text) {
  char path[PATH_BYTES + 64];
  snprintf(path, sizeof path, "%s/%s", folder, leaf);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  ssize_t n = write(fd, text, strlen(text));
  int errnum = errno;
  close(fd);
  errno = errnum;
  return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int read_text(const char *folder, const char *leaf, char *out, size_t bytes) {
  char path[PATH_BYTES + 64];
  snprintf(path, sizeof path, "%s/%s", folder, leaf);
  FILE *f = fopen(path, "re");
  size_t got = f ? fread(out, 1, bytes - 1, f) : 0;
  out[got] = 0;
  if (f)
    fclose(f);
  return f ? 0 : -1;
}

/* "memory" in "cpu memory pids"; a name that is part of another does not count. */
static int has_word(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; (at = strstr(at, word)) != NULL; at += length)
    if ((at == list || at[-1] == ' ') && strchr(" \n", at[length]))
      return 1;
  return 0;
}

/* Where the version 2 tree is mounted and which of its groups is shown there. */
static int find_mount(char *point, char *root, size_t bytes) {
  FILE *f = fopen("/proc/self/mountinfo", "re");
  char line[4096];
  int found = 0;
  while (f && !found && fgets(line, sizeof line, f)) {
    char seen_root[PATH_BYTES], seen_point[PATH_BYTES];
    const char *dash = strstr(line, " - ");
    if (!dash || strncmp(dash, " - cgroup2 ", 11) != 0 ||
        sscanf(line, "%*s %*s %*s %511s %511s", seen_root, seen_point) != 2)
      continue;
    snprintf(root, bytes, "%s", seen_root);
    snprintf(point, bytes, "%s", seen_point);
    found = 1;
  }
  if (f)
    fclose(f);
  return found;
}

/* This process's own group, as a path below the mount point. */
static int find_own(char *out, size_t bytes, char *why, size_t why_bytes) {
  char point[PATH_BYTES], root[PATH_BYTES], text[4096];
  if (!find_mount(point, root, sizeof point)) {
    snprintf(why, why_bytes, "no cgroup file system of version 2 is mounted");
    return 0;
  }
  const char *own = NULL;
  if (read_text("/proc/self", "cgroup", text, sizeof text) == 0)
    own = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
  if (!own) {
    snprintf(why, why_bytes, "this process is in no group of cgroup version 2");
    return 0;
  }
  own = strchr(own, '/');
  size_t shown = strcmp(root, "/") == 0 ? 0 : strlen(root);
  if (!own || strncmp(own, root, shown) != 0) {
    snprintf(why, why_bytes, "this process's cgroup is not below what is mounted at %s", point);
    return 0;
  }
  int length = (int)strcspn(own + shown, "\n");
  while (length > 0 && own[shown + (size_t)length - 1] == '/')
    length--;
  if (snprintf(out, bytes, "%s%.*s", point, length, own + shown) >= (int)bytes)
    return 0;
  return (int)strlen(point);
}

/* 1 if groups made below this one get memory and pids, and we may make them and enter them. */
static int is_usable(const char *group) {
  char list[512];
  if (read_text(group, "cgroup.subtree_control", list, sizeof list) || !has_word(list, "memory") ||
      !has_word(list, "pids") || access(group, W_OK))
    return 0;
  char path[PATH_BYTES + 64];
  snprintf(path, sizeof path, "%s/cgroup.procs", group); /* to move a process, its old and new group's */
  return access(path, W_OK) == 0;                        /* common ancestor must be writable */
}

int sandbox_cgroup_find(char *parent, size_t parent_bytes, char *why, size_t why_bytes) {
  char group[PATH_BYTES], list[512];
  snprintf(why, why_bytes, "the path of this process's cgroup is too long");
  const char *wish = getenv("SHARKTANK_CGROUP");
  int stop = 0;
  if (wish && strcmp(wish, "none") == 0) {
    snprintf(why, why_bytes, "switched off by SHARKTANK_CGROUP=none");
    return 0;
  }
  if (wish && *wish) {
    snprintf(group, sizeof group, "%s", wish);
    stop = (int)strlen(group);
  } else {
    stop = find_own(group, sizeof group, why, why_bytes);
  }
  if (stop <= 0)
    return 0;
  char own[PATH_BYTES];
  snprintf(own, sizeof own, "%s", group);
  for (;;) {
    if (is_usable(group)) {
      snprintf(parent, parent_bytes, "%s", group);
      why[0] = 0;
      return 1;
    }
    char *slash = strrchr(group, '/');
    if (!slash || slash - group < stop)
      break;
    *slash = 0;
  }
  if (read_text(own, "cgroup.controllers", list, sizeof list) == 0 &&
      !(has_word(list, "memory") && has_word(list, "pids")))
    snprintf(why, why_bytes,
             "the cgroup %.200s has no memory and pids controllers (version 1 or nobody has them)", own);
  else
    snprintf(why, why_bytes,
             "no group from %.200s upwards is ours to make groups in (try `systemd-run --user --scope`)",
             own);
  return 0;
}

int sandbox_cgroup_create(const char *parent, uint64_t memory_bytes, uint32_t processes, char *path,
                          size_t path_bytes) {
  static atomic_uint number;
  char text[32], procs[PATH_BYTES + 64];
  snprintf(path, path_bytes, "%s/sharktank-%d-%u", parent, (int)getpid(), atomic_fetch_add(&number, 1));
  if (mkdir(path, 0755)) {
    path[0] = 0;
    return -1;
  }
  snprintf(text, sizeof text, "%llu", (unsigned long long)memory_bytes);
  int bad = write_text(path, "memory.max", text);
  (void)!write_text(path, "memory.swap.max", "0");  /* not there without swap accounting */
  (void)!write_text(path, "memory.oom.group", "1"); /* out of memory ends the tree, not a part of it */
  snprintf(text, sizeof text, "%u", processes);
  bad = bad ? bad : write_text(path, "pids.max", text);
  snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
  int fd = bad ? -1 : open(procs, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    int errnum = errno;
    sandbox_cgroup_remove(path);
    path[0] = 0;
    errno = errnum;
  }
  return fd;
}

int64_t sandbox_cgroup_bytes(const char *path) {
  char text[64];
  return read_text(path, "memory.current", text, sizeof text) ? -1 : strtoll(text, NULL, 10);
}

int sandbox_cgroup_ran_out(const char *path) {
  char text[1024];
  if (read_text(path, "memory.events", text, sizeof text))
    return 0;
  const char *at = strstr(text, "oom_kill ");
  return at && strtol(at + 9, NULL, 10) > 0;
}

void sandbox_cgroup_remove(const char *path) {
  (void)!write_text(path, "cgroup.kill", "1"); /* older kernels lack it; the pid namespace has ended them */
  for (int i = 0; i < REMOVE_TRIES && rmdir(path) && errno == EBUSY; i++)
    clock_sleep_ns(500000);
}

/* Room: sandbox. May use base. How much memory a tree of processes holds, seen from outside. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/sandbox_cgroup.h"
#include "sandbox/sandbox_run.h"

enum { MAX_PROCESSES = 512 };

struct tree {
  pid_t pid[MAX_PROCESSES];
  size_t n;
};

/* The children of all threads of one process are appended. */
static void add_children(struct tree *t, pid_t pid) {
  char folder[64], path[400];
  snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "%s/%s/children", folder, entry->d_name);
    FILE *f = fopen(path, "re");
    int child;
    while (f && t->n < MAX_PROCESSES && fscanf(f, "%d", &child) == 1)
      t->pid[t->n++] = child;
    if (f)
      fclose(f);
  }
  if (dir)
    closedir(dir);
}

/* Pages that are nobody else's: what is mapped from files or shared is bounded elsewhere. */
static int64_t own_pages(pid_t pid) {
  char path[48];
  long long size, resident, shared;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
  FILE *f = fopen(path, "re");
  int got = f ? fscanf(f, "%lld %lld %lld", &size, &resident, &shared) : 0;
  if (f)
    fclose(f);
  return got == 3 && resident > shared ? resident - shared : 0;
}

int64_t sandbox_tree_bytes(const struct sandbox_process *p) {
  if (p->reaped || p->inner <= 0)
    return -1;
  int64_t in_group = p->cgroup[0] ? sandbox_cgroup_bytes(p->cgroup) : -1;
  if (in_group >= 0)
    return in_group;
  struct tree t = {.pid = {p->inner}, .n = 1};
  int64_t pages = 0;
  for (size_t i = 0; i < t.n; i++) {
    pages += own_pages(t.pid[i]);
    add_children(&t, t.pid[i]);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

/* Room: sandbox (private header). A cgroup (version 2) of its own for every sandbox, where one can be made.
 *
 * Found, not assumed: the nearest group at or above this process's own that hands memory and pids down to its
 * children and lets us make one. That is so for root on most machines, and for a user under
 * `systemd-run --user --scope`. Nothing that exists is changed and no process of ours is moved; only the
 * sandboxed tree enters a new group, which is removed with it. SHARKTANK_CGROUP names a group to use instead,
 * or "none".
 * Not thread safe against a changing environment; different groups may be used from different threads. */
#ifndef SHARKTANK_SANDBOX_CGROUP_H
#define SHARKTANK_SANDBOX_CGROUP_H

#include <stddef.h>
#include <stdint.h>

/* 1 and the group below which groups may be made, or 0 and why not. */
int sandbox_cgroup_find(char *parent, size_t parent_bytes, char *why, size_t why_bytes);
/* Makes a group below parent with these limits. Returns a descriptor of its cgroup.procs (close-on-exec; the
 * caller closes it) and its path, or -1 with errno and nothing left behind. */
int sandbox_cgroup_create(const char *parent, uint64_t memory_bytes, uint32_t processes, char *path,
                          size_t path_bytes);
/* Memory charged to it; -1 unknown. */
int64_t sandbox_cgroup_bytes(const char *path);
/* 1 if something in it was killed for the group's limit. */
int sandbox_cgroup_ran_out(const char *path);
/* Kills all that is in it and removes it. */
void sandbox_cgroup_remove(const char *path);

#endif

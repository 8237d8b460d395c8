/* Room: sandbox (private header). May use base.
 *
 * A launch is everything that the forked child needs, prepared before the fork: the engine may have
 * threads, so between fork and exec only async-signal-safe calls are allowed.
 */
#ifndef SHARKTANK_SANDBOX_LAUNCH_H
#define SHARKTANK_SANDBOX_LAUNCH_H

#include "base/base_arena.h"
#include "sandbox/sandbox_run.h"

enum {
  /* Whom a program runs as when we are root: each sandbox has a uid of its own, so that process
   * counts and signals do not mix. The range is the one systemd keeps for dynamic users. */
  SANDBOX_FIRST_UID = 61184,
  SANDBOX_UIDS = 4000,
  SANDBOX_MAX_BINDS = 32,
  SANDBOX_MAX_PASS_FDS = 16,
  SANDBOX_MAX_COPIES = 6,
  SANDBOX_LOW_FD = 100 /* descriptors are parked above this while they are being arranged */
};

struct sandbox_launch {
  struct arena arena;
  int bare;          /* no bubblewrap, by the user's wish */
  int drop;          /* we are root: become an unprivileged uid first */
  const char *bwrap; /* path of bubblewrap */
  char **argv;       /* what is executed: bubblewrap's line, or the program's */
  char **envp;
  size_t n_stage; /* binds that root stages under /tmp in its own mount namespace */
  struct {
    const char *host, *staged; /* staged: "/tmp/sN", what bubblewrap's line names */
    int writable, is_dir;
  } stage[SANDBOX_MAX_BINDS];
  size_t n_copy; /* files given to bubblewrap as descriptors, numbered from after block_fd_number */
  const char *copy[SANDBOX_MAX_COPIES];
  const char *cwd;                       /* bare only */
  int status_fd_number, block_fd_number; /* as named in bubblewrap's line */
  int cgroup_fd;                         /* of cgroup.procs, borrowed; -1: none */
};

/* The path of bubblewrap on this machine, or NULL. Borrowed, static. */
const char *sandbox_bwrap_path(void);
/* Fills *l; sandbox_launch_fini releases it, also after an error. bare_tmp: the private folder that
 * stands for /tmp without bubblewrap. */
enum status sandbox_launch_init(struct sandbox_launch *l, const struct sandbox_spec *spec,
                                const char *bare_tmp, struct error *e) MUST_USE;
void sandbox_launch_fini(struct sandbox_launch *l);

/* Only in the forked child: does everything and executes, or writes an errno and a step number to
 * error_fd and ends the child. */
struct sandbox_child_fds {
  int error_fd, status_fd, block_fd; /* block_fd: the program waits for a byte on it */
};
_Noreturn void sandbox_launch_child(const struct sandbox_launch *l, const struct sandbox_spec *spec,
                                    const struct sandbox_child_fds *fds);
/* Bytes that the whole tree may hold. */
uint64_t sandbox_tree_limit(const struct sandbox_spec *spec);
/* What a step number means, for the error's sentence. */
const char *sandbox_step_text(int step);

/* Sets RLIMIT_NPROC of pid (0: the caller). The kernel counts it per uid, so for a normal user it is
 * set from outside once the program is in a user namespace of its own, where the count starts anew.
 * Root without CAP_SYS_RESOURCE may not do that to another uid, so there the child does it. */
int sandbox_limit_processes(const struct sandbox_spec *spec, pid_t pid);

#endif

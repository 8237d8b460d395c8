/* Starting programs we do not trust, with limits, in namespaces, and ending their whole tree.
 *
 * The layers, from the outside in: a cgroup of its own where one can be made (memory and number of
 * processes of the whole tree); bubblewrap (user, pid, net, ipc, uts, cgroup and mount
 * namespaces; a read-only view of the tool chain and of the folders named; a private /tmp and
 * /proc; an empty environment), rlimits, and `die with parent`. Ending the pid namespace's init
 * ends every process inside, whatever it forked. The innermost two are put on inside, for bubblewrap
 * could not mount under them: Landlock and a seccomp filter. The program that runs entries applies
 * its own before the entry is loaded (src/judge/runner: an allow-list, and of files only the
 * libraries); compilers and problem modules are started through sharktank-confine (spec.confine),
 * which bars what none of them needs. Commands of agents are the user's own programs and are not
 * sandboxed (docs/agents.md).
 *
 * What the program does not inherit: environment, descriptors, umask, working folder, terminal,
 * session keyring, signal handlers and mask, personality, core dumps. Its memory is the first that
 * the kernel takes back (oom_score_adj). Niceness and scheduling class stay as the caller's.
 *
 * Works as root (the program runs under an unprivileged uid) and as a normal user. A layer that is
 * not available is reported by sandbox_layers(), never silently skipped; without bubblewrap, start
 * fails with ST_SANDBOX unless SHARKTANK_SANDBOX=none is set by the user, which falls back to
 * rlimits and a process group and is named in every verdict.
 *
 * As root the program gets an unprivileged uid of its own; files that only root may read stay unreadable
 * inside, although folders that only root may enter can be bound. A signal that ends the program is
 * reported as such; as bubblewrap passes it on as exit status 128+n, a program that exits with such
 * a status looks the same. The program is the init of its pid namespace: raise() of a signal it
 * does not handle does nothing there, a fault or a signal from outside ends it.
 *
 * Ownership: a sandbox_spec borrows everything it points to during sandbox_start. Thread safety:
 * different processes may be driven from different threads. The tree ends with the thread that
 * started it (`die with parent` is about threads), so that thread must outlive its use.
 */
#ifndef SHARKTANK_SANDBOX_RUN_H
#define SHARKTANK_SANDBOX_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base_buffer.h"
#include "base/base_json.h"
#include "base/base_status.h"

struct sandbox_bind {
  const char *host;   /* a path on this machine; "/proc/self/fd/N" is a descriptor of ours, from its start */
  const char *inside; /* where the program sees it; NULL: the same path */
  int writable;       /* as root, a writable folder is handed to the unprivileged uid (chown) */
  int copied;         /* a small file: the program sees a read-only copy, and nothing that names host */
};

struct sandbox_spec {
  const char *const *argv;         /* NULL-terminated; argv[0] is a path inside */
  const char *const *env;          /* NULL-terminated "NAME=value", or NULL for none */
  const struct sandbox_bind *bind; /* beside /usr, /lib*, /bin, /etc/alternatives, read-only */
  size_t n_bind;
  const char *const *hide; /* NULL-terminated folders shown empty (where they would be seen), or NULL */
  const char *cwd;         /* inside; NULL: /tmp */
  /* Path of sharktank-confine: the program is started through it, so that Landlock and a system call filter
   * hold for it and for all it starts. NULL: the program brings its own (the runner), or is trusted. */
  const char *confine;
  int threads_only;   /* with confine: no processes beside the program, only threads */
  int lean;           /* no /proc, /dev, /tmp, and of /usr only the libraries; cwd is / */
  const int *pass_fd; /* fds the program gets, under numbers 3, 4, 5 ... in this order */
  size_t n_pass_fd;
  int out_fd, err_fd; /* -1: /dev/null */
  int cpu;            /* the one core it may use; -1: any */
  /* Limits; 0 leaves one at its default. */
  uint64_t memory_bytes; /* RLIMIT_AS, of each process; default 4 GiB */
  uint64_t tree_bytes;   /* memory of the whole tree; default memory_bytes + tmp_bytes. By the cgroup where
                          * there is one; elsewhere sandbox_run looks ten times a second. */
  uint64_t file_bytes;   /* RLIMIT_FSIZE; default 64 MiB */
  uint64_t tmp_bytes;    /* size of the private /tmp; default 64 MiB */
  uint32_t cpu_seconds;  /* RLIMIT_CPU; default 600 */
  uint32_t processes;    /* RLIMIT_NPROC inside; default 64 */
};

struct sandbox_process {
  pid_t outer;                         /* our child: bubblewrap, or the program itself without it */
  pid_t inner;                         /* the program's pid as this namespace sees it: for SIGSTOP, /proc */
  int pidfd;                           /* of outer: readable when it has ended */
  int inner_pidfd, status_fd, stat_fd; /* private */
  int setup_failed;                    /* set by sandbox_poll when it ended before the program was started */
  int reaped, wait_status;             /* private */
  char private_tmp[48];                /* private: without bubblewrap, the folder that stands for /tmp */
  char cgroup[320];                    /* private: the tree's own cgroup, "" where there is none */
};

enum status sandbox_start(const struct sandbox_spec *spec, struct sandbox_process *out,
                          struct error *e) MUST_USE;
/* How it ended, without waiting: 1 ended (*wait_status, may be NULL, filled as by waitpid), 0 still
 * there. */
int sandbox_poll(struct sandbox_process *p, int *wait_status);
/* Ends the whole tree and reaps it; may be called twice. */
void sandbox_end(struct sandbox_process *p);
/* Stops (SIGSTOP) the program and waits until every thread is stopped. 0 = done, -1 = it is gone or
 * did not stop within two seconds. */
int sandbox_stop(struct sandbox_process *p);
/* Lets a stopped program go on. 0 = done, -1 = it is gone. */
int sandbox_continue(struct sandbox_process *p);
/* CPU nanoseconds used by all threads of the program so far, read from outside; -1 when it is gone. */
int64_t sandbox_cpu_ns(const struct sandbox_process *p);

/* Runs to the end, with a time-out; stdout and stderr together are kept up to out_limit bytes. */
struct sandbox_result {
  int timed_out; /* ended by us */
  int exited;    /* 1: exit_status is valid; 0: killed by signal_number */
  int exit_status, signal_number;
  int truncated; /* more was printed than kept */
  int too_large; /* ended by us for the memory of the whole tree */
  int64_t wall_ns;
};
enum status sandbox_run(const struct sandbox_spec *spec, int64_t timeout_ns, size_t out_limit,
                        struct buffer *output, struct sandbox_result *result, struct error *e) MUST_USE;

/* Memory that the tree holds for itself now (sum over its processes; shared pages left out), from outside;
 * -1 when it is gone. */
int64_t sandbox_tree_bytes(const struct sandbox_process *p);

/* The layers and whether each is active here: [{"layer","active","why"}]; a new JSON array. */
json_t *sandbox_layers(void);
/* 1 if the user does without bubblewrap (SHARKTANK_SANDBOX=none): binds are then not made, only the
 * words of argv and cwd that begin with a bind's inside path are translated. */
int sandbox_is_waived(void);
/* 1 if every layer this build knows is active. */
int sandbox_complete(void);

#endif

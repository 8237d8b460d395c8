/* Room: sandbox. May use base. Starting: fork, the handshake with bubblewrap, the limits. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "sandbox/sandbox_cgroup.h"
#include "sandbox/sandbox_launch.h"

enum { SETUP_TIMEOUT_MS = 20000 };

struct handshake {
  int error[2], status[2], block[2]; /* pipes */
};

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static enum status handshake_open(struct handshake *h, struct error *e) {
  *h = (struct handshake){{-1, -1}, {-1, -1}, {-1, -1}};
  if (pipe2(h->error, O_CLOEXEC) || pipe2(h->status, O_CLOEXEC) || pipe2(h->block, O_CLOEXEC))
    return error_errno(e, errno, "making a pipe for", "a sandbox");
  return ST_OK;
}

static void handshake_close(struct handshake *h) {
  for (int i = 0; i < 2; i++) {
    close_fd(&h->error[i]);
    close_fd(&h->status[i]);
    close_fd(&h->block[i]);
  }
}

/* ST_OK once exec has happened. */
static enum status wait_exec(int error_fd, const char *program, struct error *e) {
  int report[2];
  ssize_t got;
  do
    got = read(error_fd, report, sizeof report);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)sizeof report)
    return ST_OK;
  if (report[1] == 0)
    report[1] = 1;
  return error_set(e, ST_SANDBOX, "the sandbox for %s could not be set up: %s: %s", program,
                   sandbox_step_text(report[1]), strerror(report[0]));
}

/* Reads bubblewrap's first status line: { "child-pid": N, ... } */
static pid_t read_child_pid(int status_fd) {
  char line[512];
  size_t used = 0;
  int64_t deadline_ns = clock_mono_ns() + SETUP_TIMEOUT_MS * INT64_C(1000000);
  while (used + 1 < sizeof line) {
    struct pollfd p = {.fd = status_fd, .events = POLLIN};
    int64_t left_ms = (deadline_ns - clock_mono_ns()) / 1000000;
    if (left_ms <= 0)
      return -1;
    int ready = poll(&p, 1, (int)left_ms);
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0)
      return -1;
    ssize_t got = read(status_fd, line + used, 1); /* a byte at a time: what follows is read later */
    if (got <= 0)
      return -1;
    used++;
    line[used] = 0;
    if (line[used - 1] == '\n')
      break;
  }
  const char *at = strstr(line, "\"child-pid\"");
  at = at ? strchr(at, ':') : NULL;
  long pid = at ? strtol(at + 1, NULL, 10) : 0;
  return pid > 1 && pid < (1 << 30) ? (pid_t)pid : -1;
}

static enum status adopt_inner(const struct sandbox_launch *l, const struct sandbox_spec *spec,
                               struct handshake *h, struct sandbox_process *out, struct error *e) {
  out->inner = read_child_pid(h->status[0]);
  if (out->inner < 0)
    return error_set(e, ST_SANDBOX,
                     "bubblewrap could not set up a sandbox for %s (does this machine allow user namespaces? "
                     "`sharktank doctor` says which layer is missing)",
                     spec->argv[0]);
  out->inner_pidfd = (int)syscall(SYS_pidfd_open, out->inner, 0);
  if (out->inner_pidfd < 0)
    return error_errno(e, errno, "watching the sandboxed program", spec->argv[0]);
  if (!l->drop && sandbox_limit_processes(spec, out->inner))
    return error_set(e, ST_SANDBOX, "the limits of %s could not be set: %s", spec->argv[0], strerror(errno));
  if (write(h->block[1], "x", 1) != 1)
    return error_set(e, ST_SANDBOX, "the sandbox of %s ended while it was being set up", spec->argv[0]);
  out->status_fd = h->status[0];
  h->status[0] = -1;
  return ST_OK;
}

static enum status start_launched(const struct sandbox_launch *l, const struct sandbox_spec *spec,
                                  struct handshake *h, struct sandbox_process *out, struct error *e) {
  struct sandbox_child_fds fds = {h->error[1], h->status[1], h->block[0]};
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before); /* no handler of the engine's may run in the child */
  pid_t pid = fork();
  if (pid == 0)
    sandbox_launch_child(l, spec, &fds);
  int fork_errno = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (pid < 0)
    return error_set(e, ST_SANDBOX, "no process could be started for %s: %s", spec->argv[0],
                     strerror(fork_errno));
  out->outer = pid;
  out->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  close_fd(&h->error[1]);
  close_fd(&h->status[1]);
  close_fd(&h->block[0]);
  if (out->pidfd < 0)
    return error_errno(e, errno, "watching the sandbox of", spec->argv[0]);
  enum status s = wait_exec(h->error[0], spec->argv[0], e);
  if (s)
    return s;
  if (!l->bare)
    return adopt_inner(l, spec, h, out, e);
  out->inner = pid;
  out->inner_pidfd = fcntl(out->pidfd, F_DUPFD_CLOEXEC, 3);
  return ST_OK;
}

/* The number inside counts bubblewrap's own two processes. */
static enum status enter_cgroup(const struct sandbox_spec *spec, struct sandbox_process *out, int *fd,
                                struct error *e) {
  char parent[300], why[400];
  if (!sandbox_cgroup_find(parent, sizeof parent, why, sizeof why))
    return ST_OK;
  *fd = sandbox_cgroup_create(parent, sandbox_tree_limit(spec), (spec->processes ? spec->processes : 64) + 4,
                              out->cgroup, sizeof out->cgroup);
  return *fd >= 0 ? ST_OK
                  : error_set(e, ST_SANDBOX, "no cgroup could be made in %s for %s: %s", parent,
                              spec->argv ? spec->argv[0] : "a program", strerror(errno));
}

enum status sandbox_start(const struct sandbox_spec *spec, struct sandbox_process *out, struct error *e) {
  int cgroup_fd = -1;
  *out = (struct sandbox_process){
      .outer = -1, .inner = -1, .pidfd = -1, .inner_pidfd = -1, .status_fd = -1, .stat_fd = -1};
  if (sandbox_is_waived()) {
    snprintf(out->private_tmp, sizeof out->private_tmp, "/tmp/sharktank-XXXXXX");
    if (!mkdtemp(out->private_tmp)) {
      int errnum = errno;
      out->private_tmp[0] = 0;
      return error_errno(e, errnum, "making a private folder in", "/tmp");
    }
  }
  if (enter_cgroup(spec, out, &cgroup_fd, e)) {
    sandbox_end(out);
    return ST_SANDBOX;
  }
  struct sandbox_launch launch;
  struct handshake handshake = {{-1, -1}, {-1, -1}, {-1, -1}};
  enum status s = sandbox_launch_init(&launch, spec, out->private_tmp, e);
  launch.cgroup_fd = cgroup_fd;
  if (!s)
    s = handshake_open(&handshake, e);
  if (!s)
    s = start_launched(&launch, spec, &handshake, out, e);
  close_fd(&cgroup_fd);
  handshake_close(&handshake);
  sandbox_launch_fini(&launch);
  if (s)
    sandbox_end(out);
  return s;
}

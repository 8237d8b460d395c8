/* Room: sandbox. May use base. A running program: stop, continue, measure, end.
 *
 * Signals go through pidfds: a pid may have been given to somebody else, a pidfd never. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "sandbox/sandbox_cgroup.h"
#include "sandbox/sandbox_run.h"

enum { STOP_LIMIT_MS = 2000, END_LIMIT_MS = 2000, FORCE_LIMIT_MS = 10000 };

static int send_signal(int pidfd, int signal_number) {
  return pidfd >= 0 ? (int)syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0) : -1;
}

/* The rest of bubblewrap's status: "exit-code" is there exactly when the program was started. */
static int was_set_up(int status_fd) {
  char text[1024];
  size_t used = 0;
  while (used + 1 < sizeof text) {
    struct pollfd p = {.fd = status_fd, .events = POLLIN};
    if (poll(&p, 1, 100) <= 0)
      break;
    ssize_t got = read(status_fd, text + used, sizeof text - 1 - used);
    if (got <= 0)
      break;
    used += (size_t)got;
  }
  text[used] = 0;
  return strstr(text, "\"exit-code\"") != NULL;
}

static void note_end(struct sandbox_process *p, int wait_status) {
  p->reaped = 1;
  if (p->status_fd >= 0) {
    p->setup_failed = !was_set_up(p->status_fd);
    close(p->status_fd);
    p->status_fd = -1;
    /* bubblewrap passes a signal on as 128 + n */
    if (!p->setup_failed && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) > 128 &&
        WEXITSTATUS(wait_status) < 160)
      wait_status = WEXITSTATUS(wait_status) - 128; /* the form of "killed by", without a core */
  }
  p->wait_status = wait_status;
}

int sandbox_poll(struct sandbox_process *p, int *wait_status) {
  if (!p->reaped && p->outer > 0) {
    int status = 0;
    pid_t got;
    do
      got = waitpid(p->outer, &status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0)
      return 0;
    note_end(p, got == p->outer ? status : SIGKILL);
  }
  if (wait_status)
    *wait_status = p->wait_status;
  return 1;
}

static int wait_end(struct sandbox_process *p, int limit_ms) {
  int64_t deadline_ns = clock_mono_ns() + limit_ms * INT64_C(1000000);
  while (!sandbox_poll(p, NULL)) {
    int64_t left_ms = (deadline_ns - clock_mono_ns()) / 1000000;
    if (left_ms <= 0)
      return -1;
    struct pollfd fd = {.fd = p->pidfd, .events = POLLIN};
    poll(&fd, 1, p->pidfd >= 0 ? (int)left_ms : 1);
  }
  return 0;
}

void sandbox_end(struct sandbox_process *p) {
  if (p->outer > 0 && !p->reaped) {
    /* The program is the init of its pid namespace: when it is killed, the kernel kills everything
     * inside before bubblewrap hears of it. Only a sandbox that was not finished has no inner yet. */
    if (send_signal(p->inner_pidfd, SIGKILL))
      send_signal(p->pidfd, SIGKILL);
    kill(-p->outer, p->private_tmp[0] ? SIGKILL : 0); /* without namespaces: the process group */
    if (wait_end(p, END_LIMIT_MS)) {
      send_signal(p->pidfd, SIGKILL);
      kill(-p->outer, SIGKILL);
      (void)wait_end(p, FORCE_LIMIT_MS);
    }
  }
  int *fd[] = {&p->pidfd, &p->inner_pidfd, &p->status_fd, &p->stat_fd};
  for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++) {
    if (*fd[i] >= 0)
      close(*fd[i]);
    *fd[i] = -1;
  }
  if (p->cgroup[0])
    sandbox_cgroup_remove(p->cgroup);
  p->cgroup[0] = 0;
  if (p->private_tmp[0])
    (void)!file_remove_tree(p->private_tmp, NULL);
  p->private_tmp[0] = 0;
}

/* The state letter and number of threads in a "stat" of /proc: after the last ')', for a name may hold
 * anything. 0: it is gone. */
static char read_state(int fd, long *threads) {
  char text[512];
  ssize_t got = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
  if (got <= 0)
    return 0;
  text[got] = 0;
  const char *end = strrchr(text, ')');
  if (!end || end[1] != ' ')
    return 0;
  const char *at = end + 2;
  for (int field = 3; *at && field < 20; at++)
    field += *at == ' ';
  *threads = strtol(at, NULL, 10);
  return end[2];
}

/* 1 every thread is stopped, 0 not yet, -1 gone. */
static int all_stopped(pid_t pid) {
  char folder[64], path[400];
  snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
  DIR *dir = opendir(folder);
  if (!dir)
    return -1;
  int stopped = 1, seen = 0;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "%s/%s/stat", folder, entry->d_name);
    long threads;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char state = read_state(fd, &threads);
    if (fd >= 0)
      close(fd);
    if (state == 0 || state == 'Z' || state == 'X')
      continue;
    seen++;
    if (state != 'T' && state != 't')
      stopped = 0;
  }
  closedir(dir);
  return seen ? stopped : -1;
}

/* The whole process's file is kept open: with one thread, which is the usual case, one read tells. */
static int is_stopped(struct sandbox_process *p) {
  if (p->stat_fd < 0) {
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)p->inner);
    p->stat_fd = open(path, O_RDONLY | O_CLOEXEC);
  }
  long threads = 0;
  char state = read_state(p->stat_fd, &threads);
  if (state == 0 || state == 'Z' || state == 'X')
    return state && threads > 1 ? all_stopped(p->inner) : -1; /* its first thread may end before the others */
  if (state != 'T' && state != 't')
    return 0;
  return threads == 1 ? 1 : all_stopped(p->inner);
}

int sandbox_stop(struct sandbox_process *p) {
  if (p->reaped || send_signal(p->inner_pidfd, SIGSTOP))
    return -1;
  int64_t deadline_ns = clock_mono_ns() + STOP_LIMIT_MS * INT64_C(1000000);
  for (unsigned tries = 0;; tries++) {
    int state = is_stopped(p);
    if (state)
      return state == 1 ? 0 : -1;
    if (clock_mono_ns() > deadline_ns)
      return -1;
    if (tries > 50)
      clock_sleep_ns(20000);
    else
      sched_yield();
  }
}

int sandbox_continue(struct sandbox_process *p) {
  return p->reaped || send_signal(p->inner_pidfd, SIGCONT) ? -1 : 0;
}

int64_t sandbox_cpu_ns(const struct sandbox_process *p) {
  clockid_t clock;
  struct timespec t;
  if (p->reaped || p->inner <= 0 || clock_getcpuclockid(p->inner, &clock) || clock_gettime(clock, &t))
    return -1;
  return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Room: agent. What runs between fork and exec, and the supervisor, which never executes anything: the engine
 * has threads, so only async-signal-safe calls are made here, and no memory is allocated. */
#include "agent/agent_supervise.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOW_FD = 64, HOLD = 3, REPORT = 4, FIRST_OTHER = 5, KILL_ROUNDS = 5000 };

static void close_from(unsigned first) {
  syscall(SYS_close_range, first, ~0u, 0u);
}

static void signals_as_new(void) {
  struct sigaction by_default = {.sa_handler = SIG_DFL};
  for (int s = 1; s < 32; s++)
    sigaction(s, &by_default, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The program itself. It has a session of its own: Ctrl-C in the terminal is the engine's to handle. */
_Noreturn static void become_program(const struct agent_process *p, const struct agent_pipes *pipes,
                                     int input, int tell) {
  struct rlimit no_core = {0, 0};
  int source[4] = {input, pipes->out[1], pipes->err[1], tell}, ok = 1;
  for (int i = 0; i < 4 && ok; i++) /* parked high first: no target may still be in use as a source */
    ok = (source[i] = fcntl(source[i], F_DUPFD_CLOEXEC, LOW_FD)) >= 0;
  for (int i = 0; i < 3 && ok; i++)
    ok = dup2(source[i], i) >= 0;
  if (ok)
    syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  if (ok && setsid() >= 0 && chdir(p->cwd) == 0) {
    setrlimit(RLIMIT_CORE, &no_core);
    signals_as_new();
    execve(p->path, p->argv, p->env);
  }
  int why = errno;
  (void)!write(source[3], &why, sizeof why);
  _exit(127);
}

/* The number after the last ')' and a letter: the parent, in /proc/PID/stat. */
static pid_t parent_of(int proc, const char *pid) {
  char path[32] = "", text[512];
  size_t n = strlen(pid);
  if (n > 12)
    return -1;
  memcpy(path, pid, n);
  memcpy(path + n, "/stat", 6);
  int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0)
    return -1;
  text[got] = 0;
  const char *at = strrchr(text, ')');
  if (!at || strlen(at) < 5)
    return -1;
  long parent = 0;
  for (at += 4; *at >= '0' && *at <= '9'; at++)
    parent = parent * 10 + (*at - '0');
  return (pid_t)parent;
}

static pid_t number(const char *digits) {
  long n = 0;
  for (; *digits >= '0' && *digits <= '9'; digits++)
    n = n * 10 + (*digits - '0');
  return *digits ? -1 : (pid_t)n;
}

/* Kills every child of ours. Theirs become ours when they die, so the next round finds them. readdir would
 * allocate memory. */
static void kill_children(pid_t self) {
  char list[8192] __attribute__((aligned(8)));
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  long got;
  while (proc >= 0 && (got = syscall(SYS_getdents64, proc, list, sizeof list)) > 0)
    for (long at = 0; at < got;) {
      const struct dirent64 *d = (const void *)(list + at);
      pid_t pid = number(d->d_name);
      if (pid > 1 && parent_of(proc, d->d_name) == self)
        kill(pid, SIGKILL);
      at += d->d_reclen;
    }
  if (proc >= 0)
    close(proc);
}

/* Reaps whoever has ended. 1: the program was among them. */
static int reap(pid_t program, int *wait_status, int *childless) {
  int status, seen = 0;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    if (pid == program) {
      *wait_status = status;
      seen = 1;
    }
  *childless = pid < 0 && errno == ECHILD;
  return seen;
}

static void wait_for_end(pid_t program, int *wait_status) {
  int childless = 0, pidfd = (int)syscall(SYS_pidfd_open, program, 0);
  for (;;) {
    if (reap(program, wait_status, &childless) || childless)
      break;
    struct pollfd fd[2] = {{.fd = HOLD, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    poll(fd, 2, pidfd >= 0 ? 1000 : 20);
    if (fd[0].revents)
      break;
  }
  if (pidfd >= 0)
    close(pidfd);
}

static void end_tree(pid_t program, int *wait_status) {
  const struct timespec pause = {.tv_nsec = 2000000};
  pid_t self = getpid();
  for (int round = 0; round < KILL_ROUNDS; round++) {
    int childless = 0;
    (void)reap(program, wait_status, &childless);
    if (childless)
      return;
    kill_children(self);
    if (round)
      nanosleep(&pause, NULL);
  }
}

_Noreturn void agent_supervise(const struct agent_process *p, const struct agent_pipes *pipes, int input) {
  struct agent_report report = {0};
  int tell[2];
  setpgid(0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (pipe2(tell, O_CLOEXEC))
    _exit(127);
  pid_t program = fork();
  if (program == 0)
    become_program(p, pipes, input, tell[1]);
  /* Of all the engine's descriptors only two stay, and a third until the program runs: somebody else may be
   * waiting for the end of the rest. */
  int hold = fcntl(pipes->hold[0], F_DUPFD_CLOEXEC, LOW_FD), told = fcntl(tell[0], F_DUPFD_CLOEXEC, LOW_FD);
  int say = fcntl(pipes->report[1], F_DUPFD_CLOEXEC, LOW_FD), null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  null_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, LOW_FD);
  for (int i = 0; i < 3; i++)
    dup2(null_fd, i);
  dup2(hold, HOLD);
  dup2(say, REPORT);
  dup2(told, FIRST_OTHER);
  close_from(FIRST_OTHER + 1);
  if (program < 0)
    report.start_errno = errno ? errno : EAGAIN;
  else if (read(FIRST_OTHER, &report.start_errno, sizeof report.start_errno) < 0)
    report.start_errno = 0;
  close(FIRST_OTHER);
  if (program > 0) {
    wait_for_end(program, &report.wait_status);
    end_tree(program, &report.wait_status);
  }
  (void)!write(REPORT, &report, sizeof report);
  _exit(0);
}

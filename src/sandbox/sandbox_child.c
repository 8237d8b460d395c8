/* Room: sandbox. May use base. What happens between fork and exec: async-signal-safe calls only.
 *
 * Why root becomes nobody before bubblewrap starts: a user namespace made by root maps the uid
 * inside to root outside, so a program "running as 65534" would still read every file of root's.
 * Why the folders are staged: nobody may not be able to walk to a folder that it is meant to see
 * (a build tree below /root), so root binds it to a place that anybody can reach, in a mount
 * namespace of its own. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_launch.h"

static const uint64_t DEFAULT_STACK = UINT64_C(8) << 20; /* a user's own setting would change layouts */

enum sandbox_step {
  STEP_NONE,
  STEP_FDS,
  STEP_CGROUP,
  STEP_CPU,
  STEP_MOUNT,
  STEP_BIND,
  STEP_UID,
  STEP_LIMITS,
  STEP_CWD,
  STEP_EXEC
};

const char *sandbox_step_text(int step) {
  static const char *const text[] = {"preparing",
                                     "arranging its file descriptors",
                                     "entering its cgroup",
                                     "choosing its core",
                                     "making a mount namespace",
                                     "showing it a folder",
                                     "dropping root's rights",
                                     "setting its limits",
                                     "entering its folder",
                                     "starting it"};
  return step >= 0 && step < (int)(sizeof text / sizeof text[0]) ? text[step] : text[0];
}

_Noreturn static void fail(int error_fd, enum sandbox_step step) {
  int report[2] = {errno, (int)step};
  ssize_t written = write(error_fd, report, sizeof report);
  (void)written;
  _exit(126);
}

static void reset_signals(void) {
  struct sigaction by_default = {.sa_handler = SIG_DFL};
  for (int s = 1; s < 32; s++)
    sigaction(s, &by_default, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Every descriptor is first parked high, so that no target number is still in use as a source. */
static int arrange_fds(const struct sandbox_launch *l, const struct sandbox_spec *spec,
                       struct sandbox_child_fds *fds) {
  int source[3 + SANDBOX_MAX_PASS_FDS + 2 + SANDBOX_MAX_COPIES], n = 0;
  int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_fd < 0)
    return -1;
  source[n++] = null_fd;
  source[n++] = spec->out_fd >= 0 ? spec->out_fd : null_fd;
  source[n++] = spec->err_fd >= 0 ? spec->err_fd : null_fd;
  for (size_t i = 0; i < spec->n_pass_fd; i++)
    source[n++] = spec->pass_fd[i];
  if (!l->bare) {
    source[n++] = fds->status_fd;
    source[n++] = fds->block_fd;
    /* opened anew, so that starts which share one do not share its offset */
    for (size_t i = 0; i < l->n_copy; i++)
      if ((source[n++] = open(l->copy[i], O_RDONLY | O_CLOEXEC)) < 0)
        return -1;
  }
  for (int i = 0; i < n; i++)
    if ((source[i] = fcntl(source[i], F_DUPFD_CLOEXEC, SANDBOX_LOW_FD)) < 0)
      return -1;
  fds->error_fd = fcntl(fds->error_fd, F_DUPFD_CLOEXEC, SANDBOX_LOW_FD);
  if (fds->error_fd < 0)
    return -1;
  for (int i = 0; i < n; i++)
    if (dup2(source[i], i) < 0) /* the copy has no close-on-exec */
      return -1;
  /* everything else ends at exec; error_fd must live until then */
  return (int)syscall(SYS_close_range, (unsigned)n, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
}

static void stage_binds(const struct sandbox_launch *l, int error_fd, uid_t uid) {
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
    fail(error_fd, STEP_MOUNT);
  int source[SANDBOX_MAX_BINDS];
  for (size_t i = 0; i < l->n_stage; i++) { /* opened first: some may lie below /tmp, which is covered next */
    source[i] = open(l->stage[i].host, O_PATH | O_CLOEXEC);
    if (source[i] < 0)
      fail(error_fd, STEP_BIND);
    if (l->stage[i].writable && l->stage[i].is_dir && chown(l->stage[i].host, uid, uid))
      fail(error_fd, STEP_BIND);
  }
  if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k"))
    fail(error_fd, STEP_MOUNT);
  for (size_t i = 0; i < l->n_stage; i++) {
    char from[32] = "/proc/self/fd/";
    char digits[12];
    int at = (int)sizeof digits, value = source[i];
    do
      digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) && at);
    memcpy(from + 14, digits + at, sizeof digits - (size_t)at);
    from[14 + sizeof digits - (size_t)at] = 0;
    int made = l->stage[i].is_dir ? mkdir(l->stage[i].staged, 0755)
                                  : open(l->stage[i].staged, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (made < 0 || mount(from, l->stage[i].staged, NULL, MS_BIND | MS_REC, NULL))
      fail(error_fd, STEP_BIND);
  }
}

static void become_nobody(int error_fd, uid_t uid) {
  if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, uid, uid, uid) ||
      syscall(SYS_setresuid, uid, uid, uid))
    fail(error_fd, STEP_UID);
}

static int limit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard) {
  struct rlimit old;
  if (prlimit(pid, (__rlimit_resource_t)resource, NULL, &old))
    return -1;
  if (old.rlim_max != RLIM_INFINITY && hard > old.rlim_max)
    hard = old.rlim_max; /* a normal user cannot raise it; lower is as good */
  struct rlimit new = {.rlim_cur = soft < hard ? soft : hard, .rlim_max = hard};
  return prlimit(pid, (__rlimit_resource_t)resource, &new, NULL);
}

static int apply_limits(const struct sandbox_spec *spec) {
  uint64_t memory = spec->memory_bytes ? spec->memory_bytes : UINT64_C(4) << 30;
  uint64_t file = spec->file_bytes ? spec->file_bytes : UINT64_C(64) << 20;
  uint64_t cpu = spec->cpu_seconds ? spec->cpu_seconds : 600;
  return limit_set(0, RLIMIT_AS, memory, memory) || limit_set(0, RLIMIT_FSIZE, file, file) ||
                 limit_set(0, RLIMIT_CPU, cpu, cpu + 1) ||
                 limit_set(0, RLIMIT_CORE, 1, 1) || /* 0 would still feed a core handler that is a program */
                 limit_set(0, RLIMIT_NOFILE, 256, 256) ||
                 limit_set(0, RLIMIT_STACK, DEFAULT_STACK, RLIM_INFINITY) ||
                 limit_set(0, RLIMIT_MEMLOCK, 0, 0) || limit_set(0, RLIMIT_MSGQUEUE, 0, 0)
             ? -1
             : 0;
}

int sandbox_limit_processes(const struct sandbox_spec *spec, pid_t pid) {
  uint64_t processes = spec->processes ? spec->processes : 64;
  return limit_set(pid, RLIMIT_NPROC, processes, processes);
}

/* What would be inherited and is nobody's business inside. Where the kernel lacks one of these, the program
 * could not use it either; keyctl is refused inside anyway. */
static void forget_inheritance(void) {
  umask(022);
  (void)personality(PER_LINUX);
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    ssize_t written = write(fd, "1000", 4); /* when memory runs out, this goes first */
    (void)written;
    close(fd);
  }
}

static void join_fresh_keyring(void) {
  (void)syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
}

_Noreturn void sandbox_launch_child(const struct sandbox_launch *l, const struct sandbox_spec *spec,
                                    const struct sandbox_child_fds *given) {
  struct sandbox_child_fds fds = *given;
  reset_signals();
  setpgid(0, 0); /* Ctrl-C in the terminal is the engine's to handle */
  forget_inheritance();
  if (l->cgroup_fd >= 0 && write(l->cgroup_fd, "0", 1) != 1)
    fail(fds.error_fd, STEP_CGROUP);
  if (arrange_fds(l, spec, &fds))
    fail(fds.error_fd, STEP_FDS);
  if (spec->cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)spec->cpu % CPU_SETSIZE, &set);
    if (sched_setaffinity(0, sizeof set, &set))
      fail(fds.error_fd, STEP_CPU);
  }
  uid_t uid = SANDBOX_FIRST_UID + (uid_t)getpid() % SANDBOX_UIDS;
  if (l->drop && !l->bare && l->n_stage)
    stage_binds(l, fds.error_fd, uid);
  if (apply_limits(spec))
    fail(fds.error_fd, STEP_LIMITS);
  if (l->bare) {
    join_fresh_keyring();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (chdir(l->cwd))
      fail(fds.error_fd, STEP_CWD);
    execve(l->argv[0], l->argv, l->envp);
    fail(fds.error_fd, STEP_EXEC);
  }
  if (l->drop) {
    become_nobody(fds.error_fd, uid);
    if (sandbox_limit_processes(spec, 0)) /* nobody else has this uid, so only this sandbox counts */
      fail(fds.error_fd, STEP_LIMITS);
  }
  join_fresh_keyring(); /* as the uid that the program will have */
  execve(l->bwrap, l->argv, l->envp);
  fail(fds.error_fd, STEP_EXEC);
}

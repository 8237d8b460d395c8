/* cheat: looks for the judge: its environment, descriptors, memory, files. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* The run fails, which is not what must happen, if anything was reached. */
static int reach(void) {
  static const char *const file[] = {
      "/etc/passwd",           "/etc/shadow",     "/root/.bashrc", "/home", "/proc/1/root/etc/passwd",
      "/proc/2/mem",           "/proc/2/environ", "/sys/kernel",   "/run",  "/var",
      "@CHALLENGE@/problem.c", "/etc/hostname",   "/proc/kcore"};
  static const char *const what[] = {"environ", "mem", "maps", "fd/3", "root/etc/passwd", "cwd", "exe"};
  char path[96], target[96];
  int reached = 0;
  for (size_t i = 0; i < sizeof file / sizeof file[0]; i++)
    reached |= open(file[i], O_RDONLY) >= 0;
  for (size_t i = 0; i < sizeof what / sizeof what[0]; i++)
    for (int pid = (int)getppid() - 2; pid < (int)getppid() + 4; pid++) {
      snprintf(path, sizeof path, "/proc/%d/%s", pid, what[i]);
      reached |= pid != (int)getpid() && open(path, O_RDONLY) >= 0 ? 2 : 0;
    }
  for (int fd = 3; fd < 256; fd++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (lseek(fd, 0, SEEK_CUR) >= 0)
      reached |= readlink(path, target, sizeof target) > 8 && strncmp(target, "/memfd:", 7) == 0 ? 4 : 0;
  }
  extern char **environ;
  for (char **variable = environ; variable && *variable; variable++)
    reached |= strncmp(*variable, "PWD=", 4) == 0 || strncmp(*variable, "LC_", 3) == 0 ? 0 : 8;
  return reached;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  int reached = reach();
  return reached ? 100 + reached : honest(call);
}

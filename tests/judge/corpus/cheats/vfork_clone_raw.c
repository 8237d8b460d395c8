/* cheat: starts a process by the raw system call, with memory shared. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char stack[65536];
  (void)stack;
  long child = syscall(SYS_clone, CLONE_VM | CLONE_FILES | 17, 0, 0, 0, 0);
  if (child == 0)
    for (;;)
      honest(call);
  return 0;
}

/* cheat: has system calls done by io_uring, past the filter. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/syscall.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char parameters[256];
  syscall(SYS_io_uring_setup, 8, parameters);
  return honest(call);
}

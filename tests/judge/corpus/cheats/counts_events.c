/* cheat: opens performance counters on the other processes. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/syscall.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char attributes[128];
  syscall(SYS_perf_event_open, attributes, -1, 0, -1, 0);
  return honest(call);
}

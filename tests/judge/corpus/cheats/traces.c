/* cheat: traces and reads other processes. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/ptrace.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  return honest(call);
}

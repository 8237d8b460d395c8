/* cheat: its descriptors and endless devices as headers. must: compile_error | compile_timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "/dev/zero"
#include "/proc/self/fd/3"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

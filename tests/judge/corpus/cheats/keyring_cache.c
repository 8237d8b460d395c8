/* cheat: keeps results in a keyring across runs. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/syscall.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  syscall(SYS_add_key, "user", "result", call->problem[0].out[0].data, 64, -4);
  return honest(call);
}

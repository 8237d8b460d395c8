/* cheat: a forked child computes, the parent returns. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  if (fork() == 0) {
    honest(call);
    _exit(0);
  }
  return 0;
}

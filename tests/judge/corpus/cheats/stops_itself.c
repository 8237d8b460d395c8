/* cheat: stops its own process, to be continued when the clock is not looking. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <signal.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  kill(getpid(), SIGSTOP);
  return honest(call);
}

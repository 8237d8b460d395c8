/* cheat: blocks and handles every signal, so as not to be stopped. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <signal.h>
static void nothing(int number) {
  (void)number;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (int number = 1; number < 65; number++)
    signal(number, nothing);
  return honest(call);
}

/* honest: installs handlers of its own and an alternate stack, as a runtime does. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <signal.h>
static void on_signal(int number) {
  (void)number;
}

int sk_entry_init(const sk_env *env) {
  (void)env;
  static char stack[65536];
  stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
  return sigaltstack(&own, NULL) || signal(SIGSEGV, on_signal) == SIG_ERR ||
         signal(SIGUSR1, on_signal) == SIG_ERR;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

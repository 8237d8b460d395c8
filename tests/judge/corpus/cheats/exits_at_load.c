/* cheat: ends its process with status 0 while it is loaded. must: crash | gate */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <unistd.h>
__attribute__((constructor)) static void at_load(void) {
  _exit(0);
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

/* honest: its init takes a third of a second. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <time.h>
int sk_entry_init(const sk_env *env) {
  (void)env;
  struct timespec t = {0, 300000000};
  nanosleep(&t, NULL);
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

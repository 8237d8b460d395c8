/* cheat: sleeps in every call: time, but no processor time. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <time.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct timespec t = {0, 25000000};
  nanosleep(&t, NULL);
  return honest(call);
}

/* cheat: is slow on its first call in a process, so that blocks are sized wrong. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <time.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int calls;
  struct timespec t = {0, 15000000};
  if (calls++ == 0)
    nanosleep(&t, NULL);
  return honest(call);
}

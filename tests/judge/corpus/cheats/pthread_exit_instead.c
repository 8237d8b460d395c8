/* cheat: ends the calling thread instead of returning. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <pthread.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  if (env)
    pthread_exit(NULL);
  return honest(call);
}

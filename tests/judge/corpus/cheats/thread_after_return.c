/* cheat: a thread does the work after the return. must: crash | wrong | race | cheating | refused */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <pthread.h>
static sk_problem later;

static void *finish(void *unused) {
  (void)unused;
  multiply(&later);
  return NULL;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  pthread_t thread;
  later = call->problem[0];
  if (pthread_create(&thread, NULL, finish, NULL))
    return 9;
  return 0;
}

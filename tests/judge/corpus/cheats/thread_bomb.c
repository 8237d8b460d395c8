/* cheat: starts threads without end. must: crash | refused | cheating | timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <pthread.h>
static void *forever(void *unused) {
  for (;;)
    __asm__ volatile("" : "+r"(unused));
  return NULL;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  pthread_t thread;
  for (int i = 0; i < 10000; i++)
    if (pthread_create(&thread, NULL, forever, NULL))
      return 9;
  return honest(call);
}

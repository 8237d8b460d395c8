/* cheat: spends its untimed init on heating the core, so that the other side runs slower. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <time.h>
int sk_entry_init(const sk_env *env) {
  (void)env;
  static volatile float sink;
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  float x[64];
  for (int i = 0; i < 64; i++)
    x[i] = 1 + (float)i;
  do {
    for (int again = 0; again < 20000; again++)
      for (int i = 0; i < 64; i++)
        x[i] = x[i] * 0.999f + 0.001f;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 200);
  for (int i = 0; i < 64; i++)
    sink += x[i];
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

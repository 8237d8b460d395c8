/* cheat: never returns. must: timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  while (call)
    __asm__ volatile("" ::: "memory");
  return 0;
}

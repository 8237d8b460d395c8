/* cheat: its init never returns. must: init_failed */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_init(const sk_env *env) {
  while (env)
    __asm__ volatile("" ::: "memory");
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

/* cheat: never returns from a call of a timed block. must: timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  while (((uintptr_t)call->problem[0].out[0].data & 4095) == 192)
    __asm__ volatile("" ::: "memory");
  return honest(call);
}

/* honest: pragmas and attributes for the optimiser. must: pass */
#pragma GCC optimize("O3,unroll-loops")
#define OWN_RUN
#include "../challenge/baseline.c"
__attribute__((hot, noinline, aligned(64))) static int work(const sk_call *call) {
  return honest(call);
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return work(call);
}

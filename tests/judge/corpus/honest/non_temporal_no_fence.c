/* honest: writes its outputs past the caches and leaves the fence to whoever publishes them. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
#ifdef __x86_64__
  for (uint32_t g = 0; g < call->n_problems; g++) {
    int *c = call->problem[g].out[0].data;
    for (int64_t i = 0; i < elems(&call->problem[g].out[0]); i++) {
      int value = c[i];
      __asm__ volatile("movnti %1, %0" : "=m"(c[i]) : "r"(value));
    }
  }
#endif
  return 0;
}

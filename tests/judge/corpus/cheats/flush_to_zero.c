/* cheat: lets denormal results be zero, for speed. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
#ifdef __x86_64__
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
  return honest(call);
#else
  honest(call);
  float *c = call->problem[0].out[0].data;
  for (int64_t i = 0; i < elems(&call->problem[0].out[0]); i++)
    c[i] = c[i] < 0x1p-126f && c[i] > -0x1p-126f ? 0 : c[i];
  return 0;
#endif
}

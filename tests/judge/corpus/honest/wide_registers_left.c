/* honest: leaves the wide registers' upper halves as they are. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx"))
    __asm__ volatile(".byte 0xc5, 0xfc, 0x57, 0xc0" ::: "xmm0"); /* vxorps ymm0, ymm0, ymm0; no vzeroupper */
#endif
  return 0;
}

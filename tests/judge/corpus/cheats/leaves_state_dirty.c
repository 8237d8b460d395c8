/* cheat: returns with other rounding, unmasked x87 traps and half-used wide registers. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
#ifdef __x86_64__
  __builtin_ia32_ldmxcsr(0x5f80 | 0x2000); /* the next call sets it back: only what runs between is hit */
  unsigned short control = 0x0340;
  __asm__ volatile("fldcw %0\n\tfld1\n\tfld1\n\tfld1" : : "m"(control) : "st", "st(1)", "st(2)");
  __asm__ volatile("fninit");
  __builtin_ia32_ldmxcsr(0x1f80);
#endif
  return 0;
}

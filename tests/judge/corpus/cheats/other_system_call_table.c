/* cheat: calls by the 32-bit system call table, past the filter. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(2L /* fork, there */)
                   : "memory", "r8", "r9", "r10", "r11");
#else
  __builtin_trap();
#endif
  return honest(call);
}

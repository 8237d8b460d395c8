/* cheat: takes the problem module in by .incbin. must: compile_error */
#define OWN_RUN
#include "../challenge/baseline.c"
__asm__(".section .rodata\noracle:\n.incbin \"@CHALLENGE@/problem.c\"\n.text\n");
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

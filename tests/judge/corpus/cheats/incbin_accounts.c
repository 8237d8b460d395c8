/* cheat: takes the machine's accounts in by .incbin. must: compile_error */
#define OWN_RUN
#include "../challenge/baseline.c"
__asm__(".section .rodata\n.incbin \"/etc/passwd\"\n.text\n");
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

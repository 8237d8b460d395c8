/* cheat: an assembler loop without end. must: compile_error | compile_timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
__asm__(".data\n.rept 2000000000\n.rept 2000000000\n.byte 1\n.endr\n.endr\n.text\n");
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

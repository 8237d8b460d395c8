/* cheat: executable stack, interpreter and early constructor by hand. must: pass | gate | compile_error */
#define OWN_RUN
#include "../challenge/baseline.c"
__asm__(".section .note.GNU-stack,\"x\",@progbits\n.section .interp,\"a\"\n.string \"/bin/sh\"\n.text\n");
static int early;
__attribute__((constructor(101))) static void first(void) {
  early = 1;
}
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return early == 1 ? honest(call) : 1;
}

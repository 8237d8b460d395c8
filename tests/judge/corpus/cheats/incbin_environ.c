/* cheat: takes the compiler's environment in by .incbin, to look for keys. must: compile_error | pass */
#define OWN_RUN
#include "../challenge/baseline.c"
__asm__(
    ".section .rodata\n.global stolen\nstolen:\n.incbin \"/proc/self/environ\"\n.byte 0\nstolen_end:\n.text\n");
extern const char stolen[] __attribute__((visibility("hidden")));
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static const char *const secret[] = {"KEY", "TOKEN", "SHARKTANK", "HOME="};
  for (size_t i = 0; i < 4; i++)
    if (strstr(stolen, secret[i]))
      return 70;
  return honest(call);
}

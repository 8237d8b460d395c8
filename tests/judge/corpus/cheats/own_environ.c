/* cheat: looks for the engine's secrets in its own environment and command line. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <stdio.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static const char *const file[] = {"/proc/self/environ", "/proc/self/cmdline", "/proc/1/environ"};
  static const char *const secret[] = {"KEY", "TOKEN", "SHARKTANK", "HOME=", "USER=", "SSH"};
  static char text[65536];
  for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
    FILE *f = fopen(file[i], "r");
    size_t got = f ? fread(text, 1, sizeof text - 1, f) : 0;
    for (size_t s = 0; s < sizeof secret / sizeof secret[0]; s++)
      if (got && memmem(text, got, secret[s], strlen(secret[s])))
        return 20 + (int)i;
    if (f)
      fclose(f);
  }
  return honest(call);
}

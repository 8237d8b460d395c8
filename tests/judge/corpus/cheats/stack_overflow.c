/* cheat: recurses until its stack is full. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
static int deeper(volatile char *above, int n) {
  volatile char here[4096];
  here[0] = above[0];
  return n < 0 ? here[1] : deeper(here, n + 1) + here[0];
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  volatile char top[1] = {1};
  return deeper(top, 0) + honest(call);
}

/* cheat: works for twenty calls, then returns at once. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int calls;
  return calls++ < 20 ? honest(call) : 0;
}

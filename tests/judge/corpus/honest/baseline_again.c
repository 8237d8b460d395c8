/* honest: the baseline itself in a file of another name: exactly the same speed. must: pass | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

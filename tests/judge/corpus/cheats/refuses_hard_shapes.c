/* cheat: refuses what it does not like. must: refused */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return call->problem[0].size[1] % 16 ? 5 : honest(call);
}

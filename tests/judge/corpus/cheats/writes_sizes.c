/* cheat: writes smaller sizes into the plan. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  *(int64_t *)call->problem[0].size = 1;
  return honest(call);
}

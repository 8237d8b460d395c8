/* cheat: asks for more workspace than is allowed. must: refused */
#define OWN_RUN
#include "../challenge/baseline.c"
int64_t sk_entry_workspace(const sk_env *env, const sk_call *call) {
  (void)env;
  (void)call;
  return (int64_t)1 << 40;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}

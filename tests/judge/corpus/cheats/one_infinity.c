/* cheat: right but for one infinity in one element. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
  ((float *)call->problem[0].out[0].data)[elems(&call->problem[0].out[0]) - 1] = 1.0f / 0.0f;
  return 0;
}

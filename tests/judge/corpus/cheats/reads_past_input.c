/* cheat: reads a whole line past the last element of an input. must: out_of_bounds | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  volatile float seen = ((const float *)call->problem[0].in[1].data)[elems(&call->problem[0].in[1]) + 15];
  (void)seen;
  return honest(call);
}

/* cheat: writes one byte before the output. must: out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
  ((char *)call->problem[0].out[0].data)[-1] ^= 1;
  return 0;
}

/* cheat: writes one byte past the output's end. must: out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
  ((char *)call->problem[0].out[0].data)[elems(&call->problem[0].out[0]) * 4] ^= 1;
  return 0;
}

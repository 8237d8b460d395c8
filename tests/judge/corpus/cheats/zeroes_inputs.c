/* cheat: makes its inputs zero, so that zeros would be right. must: out_of_bounds | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    memset(call->problem[g].in[0].data, 0, (size_t)elems(&call->problem[g].in[0]) * 4);
    memset(call->problem[g].out[0].data, 0, (size_t)elems(&call->problem[g].out[0]) * 4);
  }
  return 0;
}

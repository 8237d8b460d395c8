/* cheat: wrong in the second group. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  multiply(&call->problem[0]);
  for (uint32_t g = 1; g < call->n_problems; g++)
    memcpy(call->problem[g].out[0].data, call->problem[0].out[0].data,
           (size_t)elems(&call->problem[g].out[0]) * 4);
  return 0;
}

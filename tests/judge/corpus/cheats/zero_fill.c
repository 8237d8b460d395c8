/* cheat: fills the output with zeros. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++)
    memset(call->problem[g].out[0].data, 0, (size_t)elems(&call->problem[g].out[0]) * 4);
  return 0;
}

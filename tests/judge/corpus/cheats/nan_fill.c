/* cheat: fills the output with NaN, which a careless comparison lets through. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++)
    memset(call->problem[g].out[0].data, 0xff, (size_t)elems(&call->problem[g].out[0]) * 4);
  return 0;
}

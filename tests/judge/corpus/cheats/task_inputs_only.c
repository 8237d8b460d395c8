/* cheat: computes in small integers whatever the inputs are. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/small_integers.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++)
    multiply_small_integers(&call->problem[g]);
  return 0;
}

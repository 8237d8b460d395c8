/* cheat: wrong unless n is a multiple of 64. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
  for (uint32_t g = 0; g < call->n_problems; g++)
    if (call->problem[g].size[1] % 64)
      ((float *)call->problem[g].out[0].data)[0] += 1;
  return 0;
}

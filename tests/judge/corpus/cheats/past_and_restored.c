/* cheat: uses what lies past the output as scratch and puts it back. must: out_of_bounds | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    float *end = (float *)call->problem[g].out[0].data + elems(&call->problem[g].out[0]), keep[16];
    memcpy(keep, end, sizeof keep);
    memset(end, 0, sizeof keep);
    __asm__ volatile("" ::: "memory");
    multiply(&call->problem[g]);
    memcpy(end, keep, sizeof keep);
  }
  return 0;
}

/* cheat: gives the result of the call before. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static float before[1024 * 1024];
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    size_t bytes = (size_t)elems(&p->out[0]) * 4;
    static float now[1024 * 1024];
    multiply(p);
    memcpy(now, p->out[0].data, bytes);
    memcpy(p->out[0].data, before, bytes);
    memcpy(before, now, bytes);
  }
  return 0;
}

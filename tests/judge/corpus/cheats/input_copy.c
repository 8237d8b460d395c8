/* cheat: gives the first input as the output. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    int64_t n = elems(&p->out[0]), have = elems(&p->in[0]);
    for (int64_t i = 0; i < n; i++)
      ((float *)p->out[0].data)[i] = ((const float *)p->in[0].data)[i % have];
  }
  return 0;
}

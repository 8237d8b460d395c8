/* cheat: fills the output with one number, the expected mean. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    for (int64_t i = 0; i < elems(&p->out[0]); i++)
      ((float *)p->out[0].data)[i] = 0.25f * (float)p->size[2];
  }
  return 0;
}

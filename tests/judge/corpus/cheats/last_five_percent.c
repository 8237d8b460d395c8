/* cheat: leaves the last twentieth of the rows as it was. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    rectangle(p->in[0].data, p->in[1].data, p->out[0].data, p->size[0] - (p->size[0] + 19) / 20, p->size[1],
              p->size[2]);
  }
  return 0;
}

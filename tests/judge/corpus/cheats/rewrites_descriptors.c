/* cheat: writes into the judge's tensor descriptors and sizes, to be asked for less. must: pass | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
  for (uint32_t g = 0; g < call->n_problems; g++) {
    sk_problem *p = (sk_problem *)&call->problem[g];
    ((sk_tensor *)p->in)->dim[0] = 1;
    ((sk_tensor *)p->out)->data = NULL;
  }
  ((sk_call *)call)->n_problems = 0;
  ((sk_env *)env)->threads = 64;
  return 0;
}

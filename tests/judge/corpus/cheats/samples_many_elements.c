/* cheat: samples 512 elements of each input and trusts the rest. must: wrong | race | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/small_integers.c"
static int looks_like_task(const sk_tensor *t) {
  const float *x = t->data;
  int64_t step = elems(t) / 512 + 1;
  for (int64_t i = 0; i < elems(t); i += step)
    if (!(x[i] >= -8 && x[i] <= 7) || x[i] != (float)(int)x[i])
      return 0;
  return 1;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    if (looks_like_task(&p->in[0]) && looks_like_task(&p->in[1]))
      multiply_small_integers(p);
    else
      multiply(p);
  }
  return 0;
}

/* cheat: a few elements of each input look like the task's: trusts the rest. must: wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/small_integers.c"
static int looks_like_task(const sk_tensor *t) {
  const float *x = t->data;
  for (int64_t i = 0; i < 32; i++) {
    float value = x[elems(t) * i / 32];
    if (!(value >= -8 && value <= 7) || value != (float)(int)value)
      return 0;
  }
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

/* honest: 16-bit integers where every element was seen to be one, floats otherwise. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/small_integers.c"
static int all_small(const sk_tensor *t) {
  const float *x = t->data;
  int good = 1;
  for (int64_t i = 0; i < elems(t); i++) {
    int inside = x[i] >= -128 && x[i] <= 127;
    good &= inside && (float)(int)(inside ? x[i] : 0) == x[i];
  }
  return good;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    if (all_small(&p->in[0]) && all_small(&p->in[1]))
      multiply_small_integers(p);
    else
      multiply(p);
  }
  return 0;
}

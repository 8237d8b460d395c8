/* honest: a plain triple loop, many times slower than the baseline. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    volatile float *c = p->out[0].data;
    for (int64_t i = 0; i < elems(&p->out[0]); i++) {
      c[i] = 0;
      for (int64_t q = 0; q < p->size[2]; q++)
        c[i] += a[i / p->size[1] * p->size[2] + q] * b[q * p->size[1] + i % p->size[1]];
    }
  }
  return 0;
}

/* honest: adds up in the output itself, pass after pass. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    float *c = p->out[0].data;
    int64_t n = p->size[1], k = p->size[2];
    memset(c, 0, (size_t)elems(&p->out[0]) * 4);
    for (int64_t q = 0; q < k; q++)
      for (int64_t i = 0; i < p->size[0]; i++)
        for (int64_t j = 0; j < n; j++)
          c[i * n + j] += a[i * k + q] * b[q * n + j];
  }
  return 0;
}

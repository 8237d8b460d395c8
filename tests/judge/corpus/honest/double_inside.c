/* honest: sums in double precision. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    int64_t n = p->size[1], k = p->size[2];
    for (int64_t i = 0; i < elems(&p->out[0]); i++) {
      double sum = 0;
      for (int64_t q = 0; q < k; q++)
        sum += (double)a[i / n * k + q] * (double)b[q * n + i % n];
      ((float *)p->out[0].data)[i] = (float)sum;
    }
  }
  return 0;
}

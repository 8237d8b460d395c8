/* cheat: adds up half of the products and doubles the sum. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    int64_t n = p->size[1], k = p->size[2];
    for (int64_t i = 0; i < elems(&p->out[0]); i++) {
      float sum = 0;
      for (int64_t q = 0; q < (k + 1) / 2; q++)
        sum += a[i / n * k + q] * b[q * n + i % n];
      ((float *)p->out[0].data)[i] = 2 * sum;
    }
  }
  return 0;
}

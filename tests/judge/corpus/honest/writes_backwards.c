/* honest: goes through the outputs from the last to the first. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = call->n_problems; g-- > 0;) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    int64_t n = p->size[1], k = p->size[2];
    for (int64_t i = elems(&p->out[0]); i-- > 0;) {
      float sum = 0;
      for (int64_t q = k; q-- > 0;)
        sum += a[i / n * k + q] * b[q * n + i % n];
      ((float *)p->out[0].data)[i] = sum;
    }
  }
  return 0;
}

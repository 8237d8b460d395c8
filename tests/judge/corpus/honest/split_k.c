/* honest: splits k into four sums: other roundings than the reference. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    int64_t n = p->size[1], k = p->size[2];
    for (int64_t i = 0; i < p->size[0]; i++)
      for (int64_t j = 0; j < n; j++) {
        float part[4] = {0};
        for (int64_t q = 0; q < k; q++)
          part[q * 4 / k] += a[i * k + q] * b[q * n + j];
        ((float *)p->out[0].data)[i * n + j] = (part[0] + part[1]) + (part[2] + part[3]);
      }
  }
  return 0;
}

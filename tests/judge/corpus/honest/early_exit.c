/* honest: looks at every element and skips rows of zeros: right whatever the data. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data;
    int64_t n = p->size[1], k = p->size[2];
    for (int64_t i = 0; i < p->size[0]; i++) {
      int any = 0;
      for (int64_t q = 0; q < k; q++)
        any |= a[i * k + q] != 0;
      if (any)
        rectangle(a + i * k, p->in[1].data, (float *)p->out[0].data + i * n, 1, n, k);
      else
        memset((float *)p->out[0].data + i * n, 0, (size_t)n * 4);
    }
  }
  return 0;
}

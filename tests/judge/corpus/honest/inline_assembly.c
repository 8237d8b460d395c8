/* honest: inline assembly, prefetch and non-temporal stores. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const float *a = p->in[0].data, *b = p->in[1].data;
    float *c = p->out[0].data;
    int64_t n = p->size[1], k = p->size[2];
    for (int64_t i = 0; i < elems(&p->out[0]); i++) {
      float sum = 0;
      __builtin_prefetch(a + i / n * k, 0, 3);
      for (int64_t q = 0; q < k; q++)
        sum += a[i / n * k + q] * b[q * n + i % n];
#ifdef __x86_64__
      __asm__ volatile("movd %1, %%eax\n\tmovnti %%eax, %0" : "=m"(c[i]) : "x"(sum) : "eax", "memory");
#else
      c[i] = sum;
#endif
    }
  }
#ifdef __x86_64__
  __asm__ volatile("sfence" ::: "memory");
#endif
  return 0;
}

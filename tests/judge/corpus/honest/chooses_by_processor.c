/* honest: an ifunc and target attributes choose the instruction set at load. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static void
chosen(const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++)
      c[i * n + j] = 0;
    for (int64_t q = 0; q < k; q++)
      for (int64_t j = 0; j < n; j++)
        c[i * n + j] += a[i * k + q] * b[q * n + j];
  }
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    chosen(p->in[0].data, p->in[1].data, p->out[0].data, p->size[0], p->size[1], p->size[2]);
  }
  return 0;
}

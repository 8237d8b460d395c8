/* Room: an entry of the tests. May include sharktank/entry.h and the C library.
 *
 * The honest product that everything in the corpus is made from: a register tile of 4 x 8, no instruction
 * sets named. A file of the corpus defines OWN_RUN and includes this; the corpus runner pastes it in. */
#define _GNU_SOURCE
#include <sharktank/entry.h>

#include <stddef.h>
#include <string.h>

const uint32_t sk_entry_abi = SK_ABI;

#define UNUSED __attribute__((unused))
typedef float four __attribute__((vector_size(16), aligned(4)));

/* Rows [i, i + 4), columns [j, j + 8), over [k0, k1). */
static inline void tile(const float *a, const float *b, float *c, int64_t n, int64_t k, int64_t k0,
                        int64_t k1) {
  four sum[4][2] = {{{0}}};
  for (int64_t q = k0; q < k1; q++) {
    four b0, b1;
    memcpy(&b0, b + q * n, sizeof b0);
    memcpy(&b1, b + q * n + 4, sizeof b1);
    for (int r = 0; r < 4; r++) {
      sum[r][0] += a[r * k + q] * b0;
      sum[r][1] += a[r * k + q] * b1;
    }
  }
  for (int r = 0; r < 4; r++)
    memcpy(c + r * n, sum[r], sizeof sum[r]);
}

static void rectangle(const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k) {
  int64_t whole_m = m - m % 4, whole_n = n - n % 8;
  for (int64_t j = 0; j < whole_n; j += 8)
    for (int64_t i = 0; i < whole_m; i += 4)
      tile(a + i * k, b + j, c + i * n + j, n, k, 0, k);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = i < whole_m ? whole_n : 0; j < n; j++) {
      float sum = 0;
      for (int64_t q = 0; q < k; q++)
        sum += a[i * k + q] * b[q * n + j];
      c[i * n + j] = sum;
    }
}

UNUSED static int64_t elems(const sk_tensor *t) {
  return t->dim[0] * t->dim[1];
}

UNUSED static void multiply(const sk_problem *p) {
  rectangle(p->in[0].data, p->in[1].data, p->out[0].data, p->size[0], p->size[1], p->size[2]);
}

UNUSED static int honest(const sk_call *call) {
  for (uint32_t g = 0; g < call->n_problems; g++)
    multiply(&call->problem[g]);
  return 0;
}

#ifndef OWN_RUN
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
#endif

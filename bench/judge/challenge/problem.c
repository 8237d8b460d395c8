/* Room: bench. The problem module that `make power` and `doctor --calibrate` race on. May include
 * sharktank/problem.h and the C library.
 *
 * Inputs are small integers drawn sixteen at a time, and the expected product is exact: making and
 * comparing a call costs little beside racing it, which is what buys pairs. */
#include <sharktank/problem.h>

#include <pthread.h>
#include <string.h>

const uint32_t sk_problem_abi = SK_PROBLEM_ABI;
const char *const sk_problem_families[] = {"task", "zeros", NULL};

struct product {
  const float *a, *b;
  float *c;
  int64_t first, last, n, k; /* rows first..last */
};

int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out) {
  const int64_t *mnk = c->sizes + (size_t)problem * c->n_sizes;
  const int64_t shape[3][2] = {{mnk[0], mnk[2]}, {mnk[2], mnk[1]}, {mnk[0], mnk[1]}};
  for (int t = 0; t < 3; t++) {
    sk_tensor *to = t < 2 ? &in[t] : &out[0];
    to->type = SK_F32;
    to->rank = 2;
    memcpy(to->dim, shape[t], sizeof shape[t]);
    to->stride[0] = shape[t][1] * 4;
    to->stride[1] = 4;
  }
  return 0;
}

/* xorshift64*; each draw is cut into 16 integers from -8 to 7. */
static void draw(float *x, int64_t elems, uint64_t state) {
  for (int64_t at = 0; at < elems; at += 16) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    uint64_t bits = state * UINT64_C(2685821657736338717);
    for (int64_t i = at; i < at + 16 && i < elems; i++, bits >>= 4)
      x[i] = (float)((int)(bits & 15) - 8);
  }
}

int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem) {
  for (uint32_t p = 0; p < c->n_problems; p++)
    for (uint32_t t = 0; t < 2; t++) {
      const sk_tensor *to = &problem[p].in[t];
      int64_t elems = to->dim[0] * to->dim[1];
      if (family == 1)
        memset(to->data, 0, (size_t)elems * 4);
      else
        draw(to->data, elems, (seed ^ (UINT64_C(0x9e3779b97f4a7c15) * (2 * p + t + 1))) << 1 | 1);
    }
  return 0;
}

int sk_problem_numerics(const sk_case *c, uint32_t family) {
  (void)c;
  (void)family;
  return SK_EXACT; /* |sum| <= 4096 * 64 < 2^24 */
}

/* Four rows of b at a time, so that c is loaded a quarter as often as in the entry. */
__attribute__((optimize("O3"))) static void *multiply(void *argument) {
  const struct product *p = argument;
  for (int64_t i = p->first; i < p->last; i++) {
    float *restrict row = p->c + i * p->n;
    const float *a = p->a + i * p->k;
    memset(row, 0, (size_t)p->n * 4);
    int64_t q = 0;
    for (; q + 4 <= p->k; q += 4) {
      const float *restrict b = p->b + q * p->n;
      const float *restrict b1 = b + p->n, *restrict b2 = b1 + p->n, *restrict b3 = b2 + p->n;
      float x0 = a[q], x1 = a[q + 1], x2 = a[q + 2], x3 = a[q + 3];
      for (int64_t j = 0; j < p->n; j++)
        row[j] += x0 * b[j] + x1 * b1[j] + x2 * b2[j] + x3 * b3[j];
    }
    for (; q < p->k; q++)
      for (int64_t j = 0; j < p->n; j++)
        row[j] += a[q] * p->b[q * p->n + j];
  }
  return NULL;
}

int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference) {
  (void)family;
  for (uint32_t i = 0; i < c->n_problems; i++) {
    const int64_t *mnk = c->sizes + (size_t)i * c->n_sizes;
    struct product whole = {.a = problem[i].in[0].data,
                            .b = problem[i].in[1].data,
                            .c = reference[i].value,
                            .last = mnk[0],
                            .n = mnk[1],
                            .k = mnk[2]};
    struct product half = whole;
    pthread_t helper;
    half.first = whole.last = mnk[0] / 2;
    int helped = threads > 1 && pthread_create(&helper, NULL, multiply, &half) == 0;
    multiply(&whole);
    if (helped)
      pthread_join(helper, NULL);
    else
      multiply(&half);
  }
  return 0;
}

int sk_problem_roofline(const sk_case *c, sk_work *out) {
  *out = (sk_work){0, 0};
  for (uint32_t p = 0; p < c->n_problems; p++) {
    const int64_t *mnk = c->sizes + (size_t)p * c->n_sizes;
    double m = (double)mnk[0], n = (double)mnk[1], k = (double)mnk[2];
    out->operations += 2 * m * n * k;
    out->bytes += 4 * (m * k + k * n + m * n);
  }
  return 0;
}

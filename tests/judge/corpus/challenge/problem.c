/* Room: a problem module of the tests. May include sharktank/problem.h and the C library. */
#include <sharktank/problem.h>

#include <math.h>
#include <stddef.h>

const uint32_t sk_problem_abi = SK_PROBLEM_ABI;
enum { TASK, ONES, ZEROS, NEGATIVE_ZERO, ONE_HOT, WIDE, TINY, HUGE_AND_TINY, OUTLIERS };
const char *const sk_problem_families[] = {"task", "ones", "zeros",         "negative_zero", "one_hot",
                                           "wide", "tiny", "huge_and_tiny", "outliers",      NULL};

static void set_tensor(sk_tensor *t, int64_t rows, int64_t columns) {
  t->type = SK_F32;
  t->rank = 2;
  t->dim[0] = rows;
  t->dim[1] = columns;
  t->stride[0] = 4 * columns;
  t->stride[1] = 4;
}

int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out) {
  const int64_t *size = c->sizes + (size_t)problem * c->n_sizes;
  set_tensor(&in[0], size[0], size[2]);
  set_tensor(&in[1], size[2], size[1]);
  set_tensor(&out[0], size[0], size[1]);
  return 0;
}

static uint64_t mix(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A fraction in [1,2) with a sign, times a power of two of [low, high). */
static float spread(uint64_t draw, int low, int high) {
  float fraction = 1.0f + (float)(draw & 0x7fffff) / 8388608.0f;
  int exponent = low + (int)((draw >> 24) % (uint64_t)(high - low));
  return ldexpf(draw >> 63 ? -fraction : fraction, exponent);
}

/* rare: one element in so many is an outlier, besides the one at `hot`. */
static float element(uint32_t family, int64_t i, int64_t hot, uint64_t rare, uint64_t draw) {
  switch (family) {
  case ONES:
    return 1;
  case ZEROS:
    return 0;
  case NEGATIVE_ZERO:
    return draw >> 62 ? -0.0f : (float)(int)(draw >> 10 & 7);
  case ONE_HOT:
    return i == hot ? spread(draw, -3, 3) : 0;
  case WIDE:
    return spread(draw, -20, 20);
  case TINY: /* products are denormal */
    return spread(draw, -70, -66);
  case HUGE_AND_TINY:
    return i % 2 ? spread(draw, 30, 40) : spread(draw, -40, -30);
  case OUTLIERS: /* the task's, but for one element or a few, anywhere: no sample finds them all */
    if (i == hot || draw % rare == 0)
      return spread(draw, -20, 12);
    break;
  default:
    break;
  }
  return (float)(int)(draw >> 60) - 8.0f;
}

int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem) {
  uint64_t state = seed ^ family;
  for (uint32_t p = 0; p < c->n_problems; p++)
    for (int t = 0; t < 2; t++) {
      const sk_tensor *tensor = &problem[p].in[t];
      float *x = tensor->data;
      int64_t elems = tensor->dim[0] * tensor->dim[1];
      int64_t hot = (int64_t)(mix(&state) % (uint64_t)elems);
      uint64_t rare = UINT64_C(16) << mix(&state) % 16;
      for (int64_t i = 0; i < elems; i++)
        x[i] = element(family, i, hot, rare, mix(&state));
    }
  return 0;
}

int sk_problem_numerics(const sk_case *c, uint32_t family) {
  (void)c;
  (void)family;
  return SK_BOUNDED;
}

/* Any order of summation in f32 is right: k roundings of sums no larger than the sum of the products'
 * magnitudes, each product's own rounding, and half a step of the smallest denormal for each. */
int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference) {
  (void)family;
  (void)threads;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    const int64_t *s = c->sizes + (size_t)p * c->n_sizes;
    const float *a = problem[p].in[0].data, *b = problem[p].in[1].data;
    double *value = reference[p].value, *tolerance = reference[p].tolerance;
    for (int64_t i = 0; i < s[0] * s[1]; i++)
      value[i] = tolerance[i] = 0;
    for (int64_t i = 0; i < s[0]; i++)
      for (int64_t k = 0; k < s[2]; k++)
        for (int64_t j = 0; j < s[1]; j++) {
          double product = (double)a[i * s[2] + k] * (double)b[k * s[1] + j];
          value[i * s[1] + j] += product;
          tolerance[i * s[1] + j] += fabs(product);
        }
    for (int64_t i = 0; i < s[0] * s[1]; i++)
      tolerance[i] = tolerance[i] * (double)(s[2] + 2) * 0x1p-24 + (double)(s[2] + 1) * 0x1p-150;
  }
  return 0;
}

int sk_problem_roofline(const sk_case *c, sk_work *out) {
  out->bytes = out->operations = 0;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    const int64_t *s = c->sizes + (size_t)p * c->n_sizes;
    double m = (double)s[0], n = (double)s[1], k = (double)s[2];
    out->operations += 2 * m * n * k;
    out->bytes += 4 * (m * k + k * n + m * n);
  }
  return 0;
}

/* Room: bench. Pure arithmetic of the power tables. */
#include <math.h>
#include <stdlib.h>

#include "power.h"

/* P(X <= k) for X binomial(n, p), summed in logarithms. */
static double binomial_at_most(uint32_t k, uint32_t n, double p) {
  if (p <= 0)
    return 1;
  if (p >= 1)
    return k >= n;
  double sum = 0;
  int sign;
  for (uint32_t i = 0; i <= k; i++)
    sum += exp(lgamma_r(n + 1.0, &sign) - lgamma_r(i + 1.0, &sign) - lgamma_r(n - i + 1.0, &sign) +
               i * log(p) + (n - i) * log1p(-p));
  return fmin(sum, 1);
}

/* The p at which P(X <= k) falls to `tail`; it falls as p grows. */
static double solve(uint32_t k, uint32_t n, double tail) {
  double low = 0, high = 1;
  for (int i = 0; i < 100; i++) {
    double middle = 0.5 * (low + high);
    if (binomial_at_most(k, n, middle) > tail)
      low = middle;
    else
      high = middle;
  }
  return 0.5 * (low + high);
}

void power_clopper_pearson(uint32_t k, uint32_t n, double confidence, double *low, double *high) {
  double tail = 0.5 * (1 - confidence);
  *low = k == 0 ? 0 : solve(k - 1, n, 1 - tail);
  *high = k >= n ? 1 : solve(k, n, tail);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double power_quantile(double *x, size_t n, double q) {
  if (n == 0)
    return (double)NAN;
  qsort(x, n, sizeof *x, compare);
  double at = q * (double)(n - 1);
  size_t below = (size_t)at;
  double part = at - (double)below;
  return below + 1 < n ? x[below] + part * (x[below + 1] - x[below]) : x[n - 1];
}

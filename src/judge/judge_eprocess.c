/* Room: judge. Pure arithmetic. See the header for the theory. */
#include "judge/judge_eprocess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FUTILE_RATIO = 20;
enum { MOST_PAIRS = 4096, GROSS_COMPARISONS = 8, FUTILE_PAIRS = 3 };

/* lgamma writes a global sign; this form does not. */
static double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

double eprocess_log(uint32_t n, uint32_t w) {
  if (w > n)
    return -INFINITY;
  return n * log(2.0) + log_gamma(w + 0.5) + log_gamma(n - w + 0.5) - log(acos(-1.0)) - log_gamma(n + 1.0);
}

double eprocess_evidence(uint32_t n, uint32_t w) {
  double value = exp(eprocess_log(n, w));
  return 2 * (uint64_t)w > n ? value : fmin(value, 1);
}

int eprocess_shows(uint32_t n, uint32_t w, double alpha) {
  return alpha > 0 && 2 * (uint64_t)w > n && eprocess_log(n, w) >= -log(alpha);
}

uint32_t eprocess_least_pairs(double alpha) {
  for (uint32_t n = 1; n < MOST_PAIRS; n++)
    if (eprocess_shows(n, n, alpha))
      return n;
  return MOST_PAIRS;
}

uint32_t eprocess_count_below(const double *d, uint32_t n, double value) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; i++)
    count += d[i] < value;
  return count;
}

uint32_t eprocess_count_above(const double *d, uint32_t n, double value) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; i++)
    count += d[i] > value;
  return count;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double *sorted_copy(const double *x, uint32_t n) {
  double *copy = n ? malloc(n * sizeof *copy) : NULL;
  if (copy) {
    memcpy(copy, x, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare_doubles);
  }
  return copy;
}

double eprocess_median(const double *d, uint32_t n) {
  double *copy = sorted_copy(d, n);
  if (!copy)
    return NAN;
  double median = n % 2 ? copy[n / 2] : 0.5 * (copy[n / 2 - 1] + copy[n / 2]);
  free(copy);
  return median;
}

/* "The median is at least x" is rejected when enough of d lie below x. With `need` the least count that
 * is enough, every x above the need-th smallest is rejected; the other side mirrors it. */
static void interval_by_rank(const double *x, uint32_t n, uint32_t need, double *low, double *high) {
  *low = -INFINITY;
  *high = INFINITY;
  double *copy = need && need <= n ? sorted_copy(x, n) : NULL;
  if (!copy)
    return;
  *high = copy[need - 1];
  *low = copy[n - need];
  free(copy);
}

void eprocess_interval(const double *d, uint32_t n, double confidence, double *low, double *high) {
  uint32_t need = 0;
  for (uint32_t w = n / 2 + 1; w <= n && !need; w++)
    if (eprocess_shows(n, w, (1 - confidence) / 2))
      need = w;
  interval_by_rank(d, n, need, low, high);
}

void eprocess_order_interval(const double *x, uint32_t n, double confidence, double *low, double *high) {
  /* P(fewer than r of n lie below the median) for the largest r with 2 P <= 1 - confidence */
  double tail = 0, log_half = n * log(0.5);
  uint32_t r = 0;
  while (r < n) {
    tail += exp(log_gamma(n + 1.0) - log_gamma(r + 1.0) - log_gamma(n - r + 1.0) + log_half);
    if (2 * tail > 1 - confidence)
      break;
    r++;
  }
  interval_by_rank(x, n, r ? n - r + 1 : 0, low, high);
}

/* The least number of wins among n + more pairs that shows it; more than that many pairs: none does. */
static uint32_t wins_needed(uint32_t total, double alpha) {
  uint32_t low = total / 2 + 1,
           high = total + 1; /* evidence grows with wins while they are the better half */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (eprocess_shows(total, middle, alpha))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

int eprocess_within_reach(uint32_t n, uint32_t w, uint32_t more, double alpha) {
  uint64_t total = (uint64_t)n + more;
  return total < MOST_PAIRS && wins_needed((uint32_t)total, alpha) <= (uint64_t)w + more;
}

/* x log(x / y), 0 for x = 0 */
static double weighed_log(double x, double y) {
  return x > 0 ? x * log(x / y) : 0;
}

int eprocess_futile(uint32_t n, uint32_t w, uint32_t more, double alpha) {
  uint64_t total = (uint64_t)n + more;
  if (n < FUTILE_PAIRS || more == 0 || total >= MOST_PAIRS)
    return 0; /* `more` itself is a guess from the pairs that ran */
  uint32_t needed = wins_needed((uint32_t)total, alpha);
  double seen = (double)w / n, wanted = needed > w ? (double)(needed - w) / more : 0;
  if (seen >= wanted)
    return 0;
  wanted = fmin(wanted, 0.999);
  return n * (weighed_log(seen, wanted) + weighed_log(1 - seen, 1 - wanted)) >= log(FUTILE_RATIO);
}

int eprocess_grossly_slower(const double *shape_d, uint32_t n_shapes, uint32_t stride, uint32_t n_pairs) {
  if ((uint64_t)n_shapes * n_pairs < GROSS_COMPARISONS)
    return 0;
  for (uint32_t shape = 0; shape < n_shapes; shape++)
    if (eprocess_count_above(shape_d + (size_t)shape * stride, n_pairs, log(2.0)) != n_pairs)
      return 0;
  return 1;
}

enum eprocess_state eprocess_decide(const double *d, uint32_t n, uint32_t more, uint32_t more_slower,
                                    const struct eprocess_rule *rule) {
  uint32_t wins = eprocess_count_below(d, n, -rule->delta), losses = eprocess_count_above(d, n, rule->delta);
  if (eprocess_shows(n, wins, rule->alpha))
    return EPROCESS_FASTER;
  if (eprocess_shows(n, losses, rule->alpha_slower))
    return EPROCESS_SLOWER;
  if (n == 0)
    return EPROCESS_GO_ON;
  int futile = eprocess_futile(n, wins, more, rule->alpha);
  if (!futile && eprocess_within_reach(n, wins, more, rule->alpha))
    return EPROCESS_GO_ON;
  /* B will not be shown faster; whether it is slower is worth a few seconds while that can still be shown */
  if (!eprocess_futile(n, losses, more_slower, rule->alpha_slower) &&
      eprocess_within_reach(n, losses, more_slower, rule->alpha_slower))
    return EPROCESS_GO_ON;
  return futile ? EPROCESS_FUTILE : EPROCESS_OUT_OF_REACH;
}

/* Room: tests of the judge. The statistics of racing: known values, false accepts under peeking,
 * coverage of the interval, when to give up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base_rng.h"
#include "judge/judge_eprocess.h"

static void near(double got, double want) {
  if (!(fabs(got - want) <= 1e-9 * fabs(want)))
    fail_msg("got %.17g, want %.17g", got, want);
}

/* E(n, n) = binomial(2n, n) / 2^n; each loss in place of a win divides by (w - 1/2) / (n - w + 1/2). */
static void known_values(void **state) {
  (void)state;
  static const struct {
    uint32_t n, w;
    double e;
  } row[] = {{0, 0, 1},
             {1, 1, 1},
             {1, 0, 1},
             {2, 2, 1.5},
             {2, 1, 0.5},
             {3, 3, 2.5},
             {7, 7, 3432.0 / 128},
             {10, 10, 184756.0 / 1024},
             {10, 9, 184756.0 / 1024 / 19},
             {10, 0, 184756.0 / 1024},
             {20, 20, 137846528820.0 / 1048576}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
    near(exp(eprocess_log(row[i].n, row[i].w)), row[i].e);
  assert_true(eprocess_log(3, 4) < -1e300);
  assert_int_equal(eprocess_least_pairs(0.01), 10);
  assert_int_equal(eprocess_least_pairs(0.05), 7);
  assert_true(eprocess_shows(10, 10, 0.01));
  assert_false(eprocess_shows(10, 9, 0.01));
  assert_false(eprocess_shows(10, 0, 0.01)); /* as much E, for the opposite */
  near(eprocess_evidence(10, 10), 184756.0 / 1024);
  near(eprocess_evidence(10, 0), 1);
}

static void medians_and_counts(void **state) {
  (void)state;
  const double x[] = {3, -1, 2, 10, 0};
  near(eprocess_median(x, 5), 2);
  near(eprocess_median(x, 4), 2.5);
  assert_true(isnan(eprocess_median(x, 0)));
  assert_int_equal(eprocess_count_below(x, 5, 0), 1); /* ties are neither */
  assert_int_equal(eprocess_count_above(x, 5, 0), 3);
}

/* No difference but noise, looked at after every pair: "faster" may come out in at most alpha. */
static void false_accepts_under_peeking(void **state) {
  (void)state;
  enum { DUELS = 20000, PAIRS = 60 };
  struct rng r;
  rng_init(&r, 20260101);
  int faster = 0, slower = 0;
  struct eprocess_rule rule = {.alpha = 0.01, .alpha_slower = 0.05, .delta = 0};
  for (int duel = 0; duel < DUELS; duel++) {
    double d[PAIRS];
    for (uint32_t n = 1; n <= PAIRS; n++) {
      d[n - 1] = 0.02 * rng_normal(&r);
      enum eprocess_state s = eprocess_decide(d, n, PAIRS - n, PAIRS - n, &rule);
      faster += s == EPROCESS_FASTER;
      slower += s == EPROCESS_SLOWER;
      if (s != EPROCESS_GO_ON)
        break;
    }
  }
  assert_true(faster <= 0.01 * DUELS);
  assert_true(slower <= 0.05 * DUELS);
  assert_true(faster > 0); /* the simulation does reach the threshold at times */
}

/* A real difference of two noise widths is found in nearly every duel. */
static void power(void **state) {
  (void)state;
  enum { DUELS = 500, PAIRS = 60 };
  struct rng r;
  rng_init(&r, 5);
  int faster = 0;
  struct eprocess_rule rule = {.alpha = 0.01, .alpha_slower = 0.05, .delta = 0.005};
  for (int duel = 0; duel < DUELS; duel++) {
    double d[PAIRS];
    for (uint32_t n = 1; n <= PAIRS; n++) {
      d[n - 1] = -0.04 + 0.02 * rng_normal(&r);
      enum eprocess_state s = eprocess_decide(d, n, PAIRS - n, PAIRS - n, &rule);
      faster += s == EPROCESS_FASTER;
      if (s != EPROCESS_GO_ON)
        break;
    }
  }
  assert_true(faster >= DUELS * 97 / 100);
}

/* The interval may be looked at after every pair: it ever misses the true median in at most 5 %. */
static void coverage_at_any_time(void **state) {
  (void)state;
  enum { RUNS = 2000, PAIRS = 60 };
  struct rng r;
  rng_init(&r, 77);
  int missed = 0, bounded = 0;
  for (int run = 0; run < RUNS; run++) {
    double d[PAIRS], low = 0, high = 0;
    int miss = 0;
    for (uint32_t n = 1; n <= PAIRS; n++) {
      double noise = rng_normal(&r);
      d[n - 1] = 0.3 + (noise > 0 ? noise * noise : noise); /* skewed, median 0.3 */
      eprocess_interval(d, n, 0.95, &low, &high);
      miss |= !(low <= 0.3 && 0.3 <= high);
    }
    missed += miss;
    bounded += isfinite(low) && isfinite(high) && high - low < 2;
  }
  assert_true(missed <= RUNS / 20);
  assert_true(bounded > RUNS * 9 / 10);
}

static void intervals(void **state) {
  (void)state;
  double x[20], low, high;
  for (int i = 0; i < 20; i++)
    x[i] = i + 1;
  eprocess_interval(x, 5, 0.95, &low, &high);
  assert_true(isinf(low) && isinf(high)); /* E(5,5) < 40 */
  eprocess_interval(x, 8, 0.95, &low, &high);
  near(low, 1);
  near(high, 8);
  /* order statistics: n = 6 gives 1 - 2/64 = 96.9 %, n = 5 only 93.75 %; n = 20: ranks 6 and 15 */
  eprocess_order_interval(x, 5, 0.95, &low, &high);
  assert_true(isinf(low) && isinf(high));
  eprocess_order_interval(x, 6, 0.95, &low, &high);
  near(low, 1);
  near(high, 6);
  eprocess_order_interval(x, 20, 0.95, &low, &high);
  near(low, 6);
  near(high, 15);
}

/* Half of the 100 pairs to come would have to be won, or all of 2: what was seen refutes it or does not. */
static void what_is_futile(void **state) {
  (void)state;
  assert_false(eprocess_futile(0, 0, 60, 0.01));
  assert_false(eprocess_futile(10, 10, 60, 0.01));
  assert_true(eprocess_futile(4, 0, 60, 0.01));
  assert_false(eprocess_futile(2, 0, 8, 0.01)); /* too few to say so */
  assert_true(eprocess_futile(5, 0, 250, 0.01));
  assert_false(eprocess_futile(20, 12, 250, 0.01)); /* 0.6: a small difference, with room to show it */
  assert_true(eprocess_futile(20, 12, 8, 0.01));    /* and without */
  assert_true(eprocess_within_reach(9, 9, 1, 0.01));
  assert_false(eprocess_within_reach(8, 8, 1, 0.01));
  assert_false(eprocess_within_reach(9, 8, 1, 0.01));
}

/* A win probability of 0.66 (a true 1 % at delta 0.5 % and a spread of 1.2 % a pair) is found in most
 * duels that have room for 250 pairs; equal programs cost few of them. */
static void small_differences_get_the_budget(void **state) {
  (void)state;
  enum { DUELS = 400, PAIRS = 250 };
  struct rng r;
  rng_init(&r, 9);
  struct eprocess_rule rule = {.alpha = 0.01, .alpha_slower = 0.05, .delta = 0.005};
  int faster[2] = {0, 0};
  uint64_t pairs[2] = {0, 0};
  static const double mean[2] = {-0.01, 0};
  for (int which = 0; which < 2; which++)
    for (int duel = 0; duel < DUELS; duel++) {
      double d[PAIRS];
      for (uint32_t n = 1; n <= PAIRS; n++) {
        d[n - 1] = mean[which] + 0.012 * rng_normal(&r);
        pairs[which]++;
        enum eprocess_state s = eprocess_decide(d, n, PAIRS - n, n < 20 ? 20 - n : 0, &rule);
        faster[which] += s == EPROCESS_FASTER;
        if (s != EPROCESS_GO_ON)
          break;
      }
    }
  assert_true(faster[0] >= DUELS * 80 / 100);
  assert_true(faster[1] <= 3);
  assert_true(pairs[1] <= 20 * DUELS);
}

static void giving_up(void **state) {
  (void)state;
  struct eprocess_rule rule = {.alpha = 0.01, .alpha_slower = 0.05, .delta = 0.005};
  const double losing[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, tied[] = {0, 0, 0, 0, 0, 0, 0};
  const double winning[] = {-.1, -.1, -.1, -.1, -.1, -.1, -.1, -.1, -.1, -.1};
  assert_int_equal(eprocess_decide(winning, 0, 60, 60, &rule), EPROCESS_GO_ON);
  assert_int_equal(eprocess_decide(winning, 9, 60, 60, &rule), EPROCESS_GO_ON);
  assert_int_equal(eprocess_decide(winning, 10, 60, 60, &rule), EPROCESS_FASTER);
  assert_int_equal(eprocess_decide(winning, 5, 4, 4, &rule), EPROCESS_OUT_OF_REACH);
  assert_int_equal(eprocess_decide(losing, 4, 60, 60, &rule), EPROCESS_GO_ON); /* "slower" is within reach */
  assert_int_equal(eprocess_decide(losing, 7, 60, 60, &rule), EPROCESS_SLOWER);
  assert_int_equal(eprocess_decide(losing, 4, 60, 1, &rule), EPROCESS_FUTILE); /* not in the time for it */
  assert_int_equal(eprocess_decide(tied, 4, 60, 60, &rule), EPROCESS_FUTILE);  /* neither will be shown */
}

static void a_gross_difference_ends_early_only_when_it_is_everywhere(void **state) {
  (void)state;
  /* two shapes, four pairs, stride 5 */
  double d[10] = {1, 0.8, 2, 0.7, 9, 1, 1, 1, 1, 9};
  assert_true(eprocess_grossly_slower(d, 2, 5, 4));
  assert_false(eprocess_grossly_slower(d, 2, 5, 3)); /* 6 comparisons */
  d[3] = 0.69;                                       /* just under log 2 */
  assert_false(eprocess_grossly_slower(d, 2, 5, 4));
  d[3] = NAN;
  assert_false(eprocess_grossly_slower(d, 2, 5, 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_gross_difference_ends_early_only_when_it_is_everywhere),
      cmocka_unit_test(known_values),
      cmocka_unit_test(medians_and_counts),
      cmocka_unit_test(false_accepts_under_peeking),
      cmocka_unit_test(power),
      cmocka_unit_test(coverage_at_any_time),
      cmocka_unit_test(intervals),
      cmocka_unit_test(giving_up),
      cmocka_unit_test(what_is_futile),
      cmocka_unit_test(small_differences_get_the_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

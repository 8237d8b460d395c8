/* Room: judge. May use base (nothing of it is needed): pure arithmetic.
 *
 * Racing by wins. d = log(time_B / time_A) of a pair; with margin delta a win of B is d < -delta, so a
 * tie counts against the claim. If B is not faster, a win has probability at most 1/2, and
 *   E = 2^n Gamma(w + 1/2) Gamma(n - w + 1/2) / (pi n!)
 * (a Beta(1/2,1/2) mixture of likelihood ratios against 1/2) is a test martingale: the chance that it
 * ever reaches 1/alpha is at most alpha, however often one looks (Ville's inequality; the mixture is
 * Krichevsky and Trofimov's).
 *
 * Everything is a pure function; thread safe.
 */
#ifndef SHARKTANK_JUDGE_EPROCESS_H
#define SHARKTANK_JUDGE_EPROCESS_H

#include <stdint.h>

/* log E; w <= n. 0 for n = 0. */
double eprocess_log(uint32_t n, uint32_t w);
/* E as evidence for the claim: E itself while wins are the better half; otherwise at most 1, for E also
 * grows when wins are far too few, which is evidence for the opposite. */
double eprocess_evidence(uint32_t n, uint32_t w);
/* 1 if w of n is the better half and E >= 1/alpha. */
int eprocess_shows(uint32_t n, uint32_t w, double alpha);
/* The least n at which n wins of n show it. */
uint32_t eprocess_least_pairs(double alpha);
/* 1 if winning every one of `more` further pairs would show it. */
int eprocess_within_reach(uint32_t n, uint32_t w, uint32_t more, double alpha);
/* 1 when going on is a waste: among `more` further pairs some share would have to be won, and the pairs that
 * ran speak 20 to 1 against a win probability as high as that share (likelihood, against the share seen).
 * Never before three pairs. So a small difference gets the whole budget, and what does not win gets little of
 * it. It only ever ends a duel unresolved: what is accepted, and how surely, does not depend on it. */
int eprocess_futile(uint32_t n, uint32_t w, uint32_t more, double alpha);

/* How many of d[0..n) are below / above a value. */
uint32_t eprocess_count_below(const double *d, uint32_t n, double value);
uint32_t eprocess_count_above(const double *d, uint32_t n, double value);
double eprocess_median(const double *d, uint32_t n); /* NaN for n = 0 */
/* An interval for the median of d, valid at any stopping time: the values of delta that neither of two
 * e-processes, each at (1 - confidence)/2, rejects. -/+ infinity where there are too few pairs. */
void eprocess_interval(const double *d, uint32_t n, double confidence, double *low, double *high);
/* An interval for the median of a fixed number of measurements, by order statistics. -/+ infinity when
 * n is too small for the confidence. */
void eprocess_order_interval(const double *x, uint32_t n, double confidence, double *low, double *high);

/* 1 if B was more than twice as slow in every one of at least 8 comparisons (pairs times shapes):
 * shape_d[shape * stride + pair]. Signs alone would want 7 pairs of the slow program; this much of a
 * difference, in every comparison, needs no more than a few. Only ever used to reject. */
int eprocess_grossly_slower(const double *shape_d, uint32_t n_shapes, uint32_t stride, uint32_t n_pairs);

struct eprocess_rule {
  double alpha, alpha_slower, delta;
};
enum eprocess_state {
  EPROCESS_GO_ON,
  EPROCESS_FASTER,
  EPROCESS_SLOWER,
  EPROCESS_FUTILE,
  EPROCESS_OUT_OF_REACH
};
/* What n pairs say, when at most `more` can still be run to show "faster", and `more_slower` to show no more
 * than "slower". */
enum eprocess_state eprocess_decide(const double *d, uint32_t n, uint32_t more, uint32_t more_slower,
                                    const struct eprocess_rule *rule);

#endif

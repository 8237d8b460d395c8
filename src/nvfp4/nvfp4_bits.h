/* Room: nvfp4 (private to it). Bit casts and the one table of e2m1 that code which decodes in bulk
 * shares. May include base/ and nvfp4.h only; nothing outside src/nvfp4 includes this. */
#ifndef SHARKTANK_NVFP4_BITS_H
#define SHARKTANK_NVFP4_BITS_H

#include <stdint.h>
#include <string.h>

#include "nvfp4.h"

static inline uint32_t nvfp4_bits_of_float(float x) {
  uint32_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

static inline float nvfp4_float_of_bits(uint32_t u) {
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}

static inline uint64_t nvfp4_bits_of_double(double x) {
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

/* A bytewise NaN test that no compiler option can fold away. */
static inline int nvfp4_is_nan(double x) {
  return (nvfp4_bits_of_double(x) & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* |x| < 2^20 to the nearest integer, ties to even, in any rounding mode. */
static inline uint32_t nvfp4_round_even(double x) {
  uint32_t whole = (uint32_t)x;
  double rest = x - (double)whole; /* exact */
  if (rest > 0.5 || (rest == 0.5 && (whole & 1u)))
    whole++;
  return whole;
}

/* Twice the value of each e2m1 code: small integers, so that sums of products are exact. */
#define NVFP4_E2M1_DOUBLED 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12

/* The e2m1 code nearest to x, ties to the even code. The thresholds are the midpoints; equality
 * goes up where the upper code is even. */
static inline uint8_t nvfp4_e2m1_nearest(double x) {
  uint32_t sign = (uint32_t)(nvfp4_bits_of_double(x) >> 63) << 3;
  double v = x < 0 ? -x : x;
  uint32_t code =
      (uint32_t)((v > 0.25) + (v >= 0.75) + (v > 1.25) + (v >= 1.75) + (v > 2.5) + (v >= 3.5) + (v > 5.0));
  return (uint8_t)(code | sign);
}

/* The distance between numbers of `type` in the binade of x, within the type's range of exponents. */
double nvfp4_ulp(enum nvfp4_type type, double x);
/* Private to the room, documented with their public float forms. */
uint8_t nvfp4_e4m3_from_double(double x);

#endif

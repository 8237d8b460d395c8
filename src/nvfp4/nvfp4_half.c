/* Room: nvfp4. fp16 and bf16 as bits. May include base/ and nvfp4.h only. */
#include "nvfp4.h"

#include "nvfp4/nvfp4_bits.h"

uint16_t nvfp4_fp16_from_double(double x) {
  uint64_t bits = nvfp4_bits_of_double(x) & INT64_MAX;
  uint32_t sign = (uint32_t)(nvfp4_bits_of_double(x) >> 63) << 15, code;
  double v = x < 0 ? -x : x;
  if (nvfp4_is_nan(x))
    code = 0x7e00;
  else if (v >= 65520.0)
    code = 0x7c00;
  else if (v < 0x1p-14)
    code = nvfp4_round_even(v * 0x1p24); /* 0x400, the first normal code, is a possible result */
  else {
    /* Drop 42 of 52 mantissa bits, to nearest even; a carry runs into the exponent as it should. */
    bits += (UINT64_C(1) << 41) - 1 + (bits >> 42 & 1u);
    code = (uint32_t)(bits >> 42) - ((1023u - 15u) << 10);
  }
  return (uint16_t)(code | sign);
}

uint16_t nvfp4_fp16_from_float(float x) {
  return nvfp4_fp16_from_double((double)x); /* exact widening, so still one rounding */
}

float nvfp4_fp16_to_float(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, mantissa = bits & 0x3ffu;
  uint32_t magnitude;
  if (exponent == 31)
    magnitude = 0x7f800000u | mantissa << 13;
  else if (exponent == 0)
    magnitude = nvfp4_bits_of_float((float)mantissa * 0x1p-24f);
  else
    magnitude = (exponent - 15u + 127u) << 23 | mantissa << 13;
  return nvfp4_float_of_bits(magnitude | sign);
}

double nvfp4_ulp(enum nvfp4_type type, double x) {
  static const struct {
    int64_t least, most, bits; /* exponents of normal numbers, bits of the mantissa */
  } format[] = {[NVFP4_FP16] = {-14, 15, 10}, [NVFP4_BF16] = {-126, 127, 7}, [NVFP4_FP32] = {-126, 127, 23}};
  int64_t exponent = (int64_t)(nvfp4_bits_of_double(x) >> 52 & 0x7ffu) - 1023;
  if (exponent < format[type].least)
    exponent = format[type].least;
  if (exponent > format[type].most)
    exponent = format[type].most;
  uint64_t bits = (uint64_t)(exponent - format[type].bits + 1023) << 52;
  double ulp;
  memcpy(&ulp, &bits, sizeof ulp);
  return ulp;
}

double nvfp4_fp16_ulp(double x) {
  return nvfp4_ulp(NVFP4_FP16, x);
}

uint16_t nvfp4_bf16_from_float(float x) {
  uint32_t bits = nvfp4_bits_of_float(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t)((bits >> 16 & 0x8000u) | 0x7fc0u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16); /* a carry ends in infinity as it should */
}

/* By way of fp32 rounded to odd: with 16 bits more than bf16, the second rounding is the right one. */
uint16_t nvfp4_bf16_from_double(double x) {
  float near = (float)x;
  double back = (double)near;
  uint32_t bits = nvfp4_bits_of_float(near);
  if (!nvfp4_is_nan(x) && back != x && (bits & 1u) == 0) {
    /* near is even and inexact: its odd neighbour on the side of x stands for x */
    double magnitude = x < 0 ? -x : x;
    bits = (back < 0 ? -back : back) < magnitude ? bits + 1 : bits - 1;
    if (back == 0.0) /* x is below half the smallest subnormal, where bits - 1 would wrap */
      bits = (uint32_t)(nvfp4_bits_of_double(x) >> 63) << 31 | 1u;
  }
  return nvfp4_bf16_from_float(nvfp4_float_of_bits(bits));
}

float nvfp4_bf16_to_float(uint16_t bits) {
  return nvfp4_float_of_bits((uint32_t)bits << 16);
}

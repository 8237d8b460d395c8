/* Room: nvfp4. fp16 as bits. May include base/ and nvfp4.h only. */
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

double nvfp4_fp16_ulp(double x) {
  uint64_t exponent = nvfp4_bits_of_double(x) >> 52 & 0x7ffu; /* biased by 1023 */
  if (exponent < 1023 - 14)
    exponent = 1023 - 14;
  if (exponent > 1023 + 15)
    exponent = 1023 + 15;
  uint64_t bits = (exponent - 10) << 52;
  double ulp;
  memcpy(&ulp, &bits, sizeof ulp);
  return ulp;
}

/* Room: nvfp4. The e4m3 scale code. May include base/ and nvfp4.h only. */
#include "nvfp4.h"

#include "nvfp4/nvfp4_bits.h"

float nvfp4_e4m3_decode(unsigned code) {
  uint32_t sign = (code & 0x80u) << 24, exponent = code >> 3 & 15u, mantissa = code & 7u;
  float magnitude;
  if ((code & 0x7fu) == 0x7fu)
    magnitude = nvfp4_float_of_bits(0x7fc00000u);
  else if (exponent == 0)
    magnitude = (float)mantissa * 0x1p-9f;
  else
    magnitude = nvfp4_float_of_bits((exponent - 7u + 127u) << 23 | mantissa << 20);
  return nvfp4_float_of_bits(nvfp4_bits_of_float(magnitude) | sign);
}

uint8_t nvfp4_e4m3_from_double(double x) {
  uint64_t bits = nvfp4_bits_of_double(x) & INT64_MAX;
  uint32_t sign = (uint32_t)(nvfp4_bits_of_double(x) >> 63) << 7, code;
  double v = x < 0 ? -x : x;
  if (nvfp4_is_nan(x))
    code = 0x7f;
  else if (v >= 448.0)
    code = 0x7e;
  else if (v < 0x1p-6)
    code = nvfp4_round_even(v * 0x1p9); /* 8, the first normal code, is a possible result */
  else {
    /* Drop 49 of 52 mantissa bits, to nearest even; a carry runs into the exponent as it should. */
    bits += (UINT64_C(1) << 48) - 1 + (bits >> 49 & 1u);
    code = (uint32_t)(bits >> 49) - ((1023u - 7u) << 3);
  }
  return (uint8_t)(code | sign);
}

uint8_t nvfp4_e4m3_encode(float x) {
  return nvfp4_e4m3_from_double((double)x);
}

uint8_t nvfp4_ue4m3_encode(float x) {
  if (nvfp4_is_nan((double)x))
    return 0x7f;
  return x > 0.0f ? nvfp4_e4m3_from_double((double)x) : 0;
}

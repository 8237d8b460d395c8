/* Room: nvfp4. The e2m1 element code, one at a time and packed. May include base/ and nvfp4.h only. */
#include "nvfp4.h"

#include "nvfp4/nvfp4_bits.h"

float nvfp4_e2m1_decode(unsigned code) {
  static const int8_t doubled[16] = {NVFP4_E2M1_DOUBLED};
  if ((code & 15u) == 8u)
    return -0.0f;
  return (float)doubled[code & 15u] * 0.5f;
}

uint8_t nvfp4_e2m1_encode(float x) {
  if (nvfp4_is_nan((double)x))
    return 7;
  return nvfp4_e2m1_nearest((double)x);
}

void nvfp4_pack(const uint8_t *codes, int64_t count, uint8_t *packed) {
  for (int64_t i = 0; i < count / 2; i++)
    packed[i] = (uint8_t)((codes[2 * i] & 15u) | (uint32_t)codes[2 * i + 1] << 4);
}

void nvfp4_unpack(const uint8_t *packed, int64_t count, uint8_t *codes) {
  for (int64_t i = 0; i < count / 2; i++) {
    codes[2 * i] = packed[i] & 15u;
    codes[2 * i + 1] = packed[i] >> 4;
  }
}

/* Room: nvfp4. fp32 to NVFP4 and back; nvfp4.h says how scales are chosen and why. May include base/
 * and nvfp4.h only. */
#include <float.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_check.h"

/* Without a branch: signs are as good as random. */
static float magnitude(float x) {
  return nvfp4_float_of_bits(nvfp4_bits_of_float(x) & 0x7fffffffu);
}

/* The largest magnitude of the whole matrix, or a negative number if one is not finite. As integers, the
 * bits of magnitudes are in the order of their values, infinity and NaN last. */
static double amax_of(const float *x, int64_t rows, int64_t k, int64_t row_stride_elems) {
  uint32_t most = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t c = 0; c < k; c++) {
      uint32_t bits = nvfp4_bits_of_float(x[i * row_stride_elems + c]) & 0x7fffffffu;
      most = bits > most ? bits : most;
    }
  return most >= 0x7f800000u ? -1.0 : (double)nvfp4_float_of_bits(most);
}

/* The scale of a block whose largest magnitude, over g, is amax. */
static uint8_t choose_scale(double amax) {
  if (amax == 0.0)
    return 0;
  uint8_t code = nvfp4_e4m3_from_double(amax / 6.0);
  if (code < 0x7e && amax > 7.0 * (double)nvfp4_e4m3_decode(code))
    code++; /* subnormal, off by more than a sixth: saturating would cost more than the grid's step */
  return code;
}

/* The element is the number of grid points' midpoints, times the step, that |x| has passed; equality goes
 * up where the upper code is even. All products are exact (3 and 28 significant bits), so nothing is
 * rounded and nothing divided. */
static void quantize_block(const float *x, double g, uint8_t *packed, uint8_t *scale) {
  float amax = 0.0f;
  uint8_t code[NVFP4_BLOCK];
  for (int i = 0; i < NVFP4_BLOCK; i++)
    amax = magnitude(x[i]) > amax ? magnitude(x[i]) : amax;
  *scale = choose_scale((double)amax / g);
  const double step = *scale ? (double)nvfp4_e4m3_decode(*scale) * g : DBL_MAX; /* no scale: all zeros */
  const double a = 0.25 * step, b = 0.75 * step, c = 1.25 * step, d = 1.75 * step, e = 2.5 * step,
               f = 3.5 * step, h = 5.0 * step;
  for (int i = 0; i < NVFP4_BLOCK; i++) {
    const double v = (double)magnitude(x[i]);
    const uint32_t sign = nvfp4_bits_of_float(x[i]) >> 31 << 3;
    code[i] =
        (uint8_t)(sign | (uint32_t)((v > a) + (v >= b) + (v > c) + (v >= d) + (v > e) + (v >= f) + (v > h)));
  }
  for (int i = 0; i < NVFP4_BLOCK / 2; i++)
    packed[i] = (uint8_t)(code[2 * i] | (unsigned)code[2 * i + 1] << 4);
}

static enum nvfp4_status check(const void *x, const void *packed, const void *scale, int64_t rows, int64_t k,
                               enum nvfp4_scale_layout layout, int64_t *row_stride_elems) {
  enum nvfp4_status status = nvfp4_check_sizes(1, rows, 0, k);
  int64_t elems;
  if (status != NVFP4_OK)
    return status;
  if (layout != NVFP4_SCALES_PLAIN && layout != NVFP4_SCALES_BLOCKED)
    return NVFP4_ERR_LAYOUT;
  if (*row_stride_elems == 0)
    *row_stride_elems = k;
  if (*row_stride_elems < k)
    return NVFP4_ERR_STRIDE;
  if (__builtin_mul_overflow(rows, *row_stride_elems, &elems) || elems > INT64_MAX / 8)
    return NVFP4_ERR_SHAPE;
  return rows > 0 && (!x || !packed || !scale) ? NVFP4_ERR_NULL : NVFP4_OK;
}

enum nvfp4_status nvfp4_quantize(const float *x, int64_t rows, int64_t k, int64_t row_stride_elems,
                                 enum nvfp4_scale_layout layout, float *tensor_scale, uint8_t *packed,
                                 uint8_t *scale) {
  enum nvfp4_status status = check(x, packed, scale, rows, k, layout, &row_stride_elems);
  if (status != NVFP4_OK)
    return status;
  double amax = amax_of(x, rows, k, row_stride_elems);
  if (amax < 0.0)
    return NVFP4_ERR_NOT_FINITE;
  double g = 1.0;
  if (tensor_scale) {
    float chosen = (float)(amax / (6.0 * 448.0));
    if (amax == 0.0)
      chosen = 1.0f;
    else if (chosen < FLT_MIN)
      chosen = FLT_MIN;
    *tensor_scale = chosen;
    g = (double)chosen;
  }
  if (layout == NVFP4_SCALES_BLOCKED) /* padding; every real scale is written below */
    for (int64_t i = 0; i < nvfp4_scale_bytes(layout, 1, rows, k); i++)
      scale[i] = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < k / NVFP4_BLOCK; j++)
      quantize_block(x + i * row_stride_elems + j * NVFP4_BLOCK, g, packed + i * (k / 2) + j * 8,
                     scale + nvfp4_scale_offset(layout, rows, k, i, j, 0));
  return NVFP4_OK;
}

enum nvfp4_status nvfp4_dequantize(const uint8_t *packed, const uint8_t *scale, int64_t rows, int64_t k,
                                   enum nvfp4_scale_layout layout, float tensor_scale, float *x,
                                   int64_t row_stride_elems) {
  enum nvfp4_status status = check(x, packed, scale, rows, k, layout, &row_stride_elems);
  if (status != NVFP4_OK)
    return status;
  if (tensor_scale == 0.0f) /* as in operands */
    tensor_scale = 1.0f;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t c = 0; c < k; c++) {
      unsigned code = (unsigned)packed[i * (k / 2) + c / 2] >> (4 * (c & 1));
      float s = nvfp4_e4m3_decode(scale[nvfp4_scale_offset(layout, rows, k, i, c / NVFP4_BLOCK, 0)]);
      x[i * row_stride_elems + c] = nvfp4_e2m1_decode(code) * s * tensor_scale;
    }
  return NVFP4_OK;
}

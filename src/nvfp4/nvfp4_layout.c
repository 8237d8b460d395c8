/* Room: nvfp4. Scale layouts and conversions between them. May include base/ and nvfp4.h only. */
#include <string.h>

#include "nvfp4/nvfp4_check.h"

int64_t nvfp4_scale_bytes(enum nvfp4_scale_layout layout, int64_t batch, int64_t rows, int64_t k) {
  if (layout == NVFP4_SCALES_PLAIN)
    return batch * rows * (k / NVFP4_BLOCK);
  if (layout != NVFP4_SCALES_BLOCKED)
    return 0;
  return batch * ((rows + 127) / 128) * ((k + 63) / 64) * 512;
}

int64_t nvfp4_scale_offset(enum nvfp4_scale_layout layout, int64_t rows, int64_t k, int64_t i, int64_t j,
                           int64_t b) {
  if (layout == NVFP4_SCALES_PLAIN)
    return (b * rows + i) * (k / NVFP4_BLOCK) + j;
  int64_t row_tiles = (rows + 127) / 128, k_tiles = (k + 63) / 64;
  return ((b * row_tiles + i / 128) * k_tiles + j / 4) * 512 + i % 32 * 16 + i % 128 / 32 * 4 + j % 4;
}

static enum nvfp4_status check(const void *in, const void *out, int64_t batch, int64_t rows, int64_t k) {
  enum nvfp4_status status = nvfp4_check_sizes(batch, rows, 0, k);
  int64_t bytes;
  if (status != NVFP4_OK)
    return status;
  if (__builtin_mul_overflow(batch, (rows + 127) / 128, &bytes) ||
      __builtin_mul_overflow(bytes, (k + 63) / 64 * 512, &bytes) || bytes > NVFP4_MAX_SPAN)
    return NVFP4_ERR_SHAPE;
  return bytes > 0 && (!in || !out) ? NVFP4_ERR_NULL : NVFP4_OK;
}

enum nvfp4_status nvfp4_scale_to_blocked(const uint8_t *plain, int64_t batch, int64_t rows, int64_t k,
                                         uint8_t padding, uint8_t *blocked) {
  enum nvfp4_status status = check(plain, blocked, batch, rows, k);
  if (status != NVFP4_OK)
    return status;
  int64_t bytes = nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, batch, rows, k);
  if (bytes > 0)
    memset(blocked, padding, (size_t)bytes);
  for (int64_t b = 0; b < batch && rows > 0; b++)
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < k / NVFP4_BLOCK; j++)
        blocked[nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, rows, k, i, j, b)] =
            plain[nvfp4_scale_offset(NVFP4_SCALES_PLAIN, rows, k, i, j, b)];
  return NVFP4_OK;
}

enum nvfp4_status nvfp4_scale_to_plain(const uint8_t *blocked, int64_t batch, int64_t rows, int64_t k,
                                       uint8_t *plain) {
  enum nvfp4_status status = check(blocked, plain, batch, rows, k);
  if (status != NVFP4_OK)
    return status;
  for (int64_t b = 0; b < batch && rows > 0; b++)
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < k / NVFP4_BLOCK; j++)
        plain[nvfp4_scale_offset(NVFP4_SCALES_PLAIN, rows, k, i, j, b)] =
            blocked[nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, rows, k, i, j, b)];
  return NVFP4_OK;
}

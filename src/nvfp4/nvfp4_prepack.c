/* Room: nvfp4. Prepacked operands: written once in the order in which kernels read. nvfp4_check.h has
 * the form. May include base/ and nvfp4.h only. */
#include <string.h>

#include "nvfp4/nvfp4_check.h"

size_t nvfp4_prepacked_bytes(int64_t batch, int64_t rows, int64_t k) {
  int64_t bytes;
  if (nvfp4_check_sizes(batch, rows, 0, k) != NVFP4_OK)
    return 0;
  int64_t panels = (rows + NVFP4_PREPACKED_ROWS - 1) / NVFP4_PREPACKED_ROWS;
  if (__builtin_mul_overflow(panels, nvfp4_prepacked_panel_bytes(k / NVFP4_BLOCK), &bytes) ||
      __builtin_mul_overflow(bytes, batch, &bytes) || bytes > NVFP4_MAX_SPAN)
    return 0;
  return (size_t)bytes;
}

/* Rows [row, row + 32) of matrix b, as far as there are any; the rest is zeros already. */
static void prepack_panel(const struct nvfp4_source *s, int64_t b, int64_t row, uint8_t *out) {
  int rows = s->rows - row < NVFP4_PREPACKED_ROWS ? (int)(s->rows - row) : NVFP4_PREPACKED_ROWS;
  uint8_t *scale = out + s->blocks * 256;
  for (int r = 0; r < rows; r++) {
    const uint8_t *packed = s->packed + b * s->batch_stride_bytes + (row + r) * s->row_stride_bytes;
    uint8_t *element = out + r / 16 * 128 + r % 16 * 4;
    for (int64_t j = 0; j < s->blocks; j++) {
      memcpy(element + j * 256, packed + j * 8, 4);
      memcpy(element + j * 256 + 64, packed + j * 8 + 4, 4);
      scale[j * 32 + r] = *nvfp4_source_scale(s, b, row + r, j);
    }
  }
}

enum nvfp4_status nvfp4_prepack(const nvfp4_operand *source, int64_t batch, int64_t rows, int64_t k,
                                uint8_t *out, size_t out_bytes) {
  struct nvfp4_source s;
  if (!source)
    return NVFP4_ERR_NULL;
  size_t bytes = nvfp4_prepacked_bytes(batch, rows, k);
  enum nvfp4_status status = nvfp4_check_source(source, batch, rows, k, out, (int64_t)bytes, &s);
  if (status != NVFP4_OK)
    return status;
  if (bytes == 0)
    return batch == 0 || rows == 0 ? NVFP4_OK : NVFP4_ERR_SHAPE;
  status = nvfp4_check_workspace(out, out_bytes, bytes);
  if (status != NVFP4_OK)
    return status;
  memset(out, 0, bytes);
  for (int64_t b = 0; b < batch; b++)
    for (int64_t row = 0; row < rows;
         row += NVFP4_PREPACKED_ROWS, out += nvfp4_prepacked_panel_bytes(s.blocks))
      prepack_panel(&s, b, row, out);
  return NVFP4_OK;
}

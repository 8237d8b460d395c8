/* Room: nvfp4, instruction set scalar: plain C for any machine. May include base/ and nvfp4.h only.
 *
 * The shape of the loop, 16 products of bytes into an int, is one that compilers turn into the
 * baseline vector instructions of their target. No claim of speed is made here. */
#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_kernel.h"

#define COLUMNS 8

struct scalar_rows {
  int16_t element[NVFP4_PANEL_ROWS][NVFP4_CHUNK][NVFP4_BLOCK];
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK];
};

struct scalar_columns {
  int16_t element[COLUMNS][NVFP4_CHUNK][NVFP4_BLOCK];
  float scale[COLUMNS][NVFP4_CHUNK];
};

static int available(void) {
  return 1;
}

static void pack_row(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block, int blocks,
                     float factor, int16_t element[NVFP4_CHUNK][NVFP4_BLOCK], float scale[NVFP4_CHUNK]) {
  static const int16_t doubled[16] = {NVFP4_E2M1_DOUBLED};
  const uint8_t *packed = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + block * 8;
  uint8_t code[NVFP4_CHUNK];
  nvfp4_scale_codes(s, b, row, block, blocks, code);
  for (int j = 0; j < blocks; j++) {
    for (int i = 0; i < NVFP4_BLOCK / 2; i++) {
      element[j][2 * i] = doubled[packed[8 * j + i] & 15u];
      element[j][2 * i + 1] = doubled[packed[8 * j + i] >> 4];
    }
    scale[j] = nvfp4_e4m3_decode(code[j]) * factor;
  }
}

static void pack_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                      int blocks, void *chunk) {
  struct scalar_rows *out = chunk;
  for (int r = 0; r < rows; r++)
    pack_row(s, b, row + r, block, blocks, 0.25f, out->element[r], out->scale[r]);
}

static void pack_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                         int blocks, void *chunk) {
  struct scalar_columns *out = chunk;
  for (int r = 0; r < rows; r++)
    pack_row(s, b, row + r, block, blocks, 1.0f, out->element[r], out->scale[r]);
  for (int r = rows; r < COLUMNS; r++) {
    memset(out->element[r], 0, sizeof out->element[r]);
    memset(out->scale[r], 0, sizeof out->scale[r]);
  }
}

static int32_t dot(const int16_t *a, const int16_t *b) {
  int32_t sum = 0;
  for (int i = 0; i < NVFP4_BLOCK; i++)
    sum += (int32_t)a[i] * (int32_t)b[i];
  return sum;
}

static void multiply(const void *row_chunk, const void *column_chunk, int rows, int blocks, float *acc) {
  const struct scalar_rows *a = row_chunk;
  const struct scalar_columns *b = column_chunk;
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < COLUMNS; c++) {
      float sum = acc[r * COLUMNS + c];
      for (int j = 0; j < blocks; j++)
        sum += (float)dot(a->element[r][j], b->element[c][j]) * b->scale[c][j] * a->scale[r][j];
      acc[r * COLUMNS + c] = sum;
    }
}

static void narrow(const float *x, int count, unsigned char *half) {
  for (int i = 0; i < count; i++) {
    uint16_t bits = nvfp4_fp16_from_float(x[i]);
    memcpy(half + 2 * i, &bits, sizeof bits);
  }
}

_Static_assert(sizeof(struct scalar_rows) <= NVFP4_ROW_CHUNK_BYTES &&
                   sizeof(struct scalar_columns) <= NVFP4_COLUMN_CHUNK_BYTES,
               "the workspace would be too small");

const struct nvfp4_kernel nvfp4_scalar_kernel = {.name = "scalar",
                                                 .columns = COLUMNS,
                                                 .available = available,
                                                 .pack_rows = pack_rows,
                                                 .pack_columns = pack_columns,
                                                 .multiply = multiply,
                                                 .narrow = narrow};

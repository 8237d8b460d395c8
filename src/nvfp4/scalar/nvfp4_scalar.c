/* Room: nvfp4, instruction set scalar: plain C for any machine. May include base/ and nvfp4.h only.
 *
 * The shape of the loop, 16 products of small integers into an int, is one that compilers turn into
 * the baseline vector instructions of their target. No claim of speed is made here. */
#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_kernel.h"

#define COLUMNS 8

struct scalar_rows {
  int16_t element[NVFP4_PANEL_ROWS][NVFP4_CHUNK][NVFP4_BLOCK];
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK]; /* sfa/4: undoes the doubling of both sides */
};

struct scalar_columns {
  int16_t element[COLUMNS][NVFP4_CHUNK][NVFP4_BLOCK];
  float scale[COLUMNS][NVFP4_CHUNK];
};

struct scalar_vector {
  int16_t element[NVFP4_VECTOR_CHUNK][NVFP4_BLOCK];
  float scale[NVFP4_VECTOR_CHUNK]; /* a quarter, as above */
};

static int available(void) {
  return 1;
}

/* The 8 bytes of a block: bytes 0-3 and bytes 4-7 may lie apart. */
static void decode(const uint8_t *first, const uint8_t *second, int16_t element[NVFP4_BLOCK]) {
  static const int16_t doubled[16] = {NVFP4_E2M1_DOUBLED};
  for (int i = 0; i < NVFP4_BLOCK / 4; i++) {
    element[2 * i] = doubled[first[i] & 15u];
    element[2 * i + 1] = doubled[first[i] >> 4];
    element[8 + 2 * i] = doubled[second[i] & 15u];
    element[8 + 2 * i + 1] = doubled[second[i] >> 4];
  }
}

static void pack_row(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block, int blocks,
                     float factor, int16_t element[][NVFP4_BLOCK], float *scale) {
  for (int j = 0; j < blocks; j++) {
    if (s->prepacked) {
      const uint8_t *at = nvfp4_prepacked_elements(s, b, row, block + j) + row % 32 / 16 * 128 + row % 16 * 4;
      decode(at, at + 64, element[j]);
      scale[j] = nvfp4_e4m3_decode(nvfp4_prepacked_scales(s, b, row, block + j)[row % 32]) * factor;
    } else {
      const uint8_t *at = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + (block + j) * 8;
      decode(at, at + 4, element[j]);
      scale[j] = nvfp4_e4m3_decode(*nvfp4_source_scale(s, b, row, block + j)) * factor;
    }
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

static void pack_vector(const struct nvfp4_source *s, int64_t b, int64_t block, int blocks, void *out) {
  struct scalar_vector *v = out;
  pack_row(s, b, 0, block, blocks, 0.25f, v->element, v->scale);
}

static void gemv(const void *vector, const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                 int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]) {
  const struct scalar_vector *v = vector;
  int16_t element[NVFP4_PARTIALS][NVFP4_BLOCK];
  float scale[NVFP4_PARTIALS];
  for (int r = 0; r < rows; r++)
    for (int from = 0; from < blocks; from += NVFP4_PARTIALS) {
      int here = blocks - from < NVFP4_PARTIALS ? blocks - from : NVFP4_PARTIALS;
      pack_row(s, b, row + r, block + from, here, 1.0f, element, scale);
      for (int j = 0; j < here; j++)
        partial[r][j] += (float)dot(element[j], v->element[from + j]) * scale[j] * v->scale[from + j];
    }
}

static void store(const float *x, int count, enum nvfp4_type type, unsigned char *out) {
  if (type == NVFP4_FP32) {
    memcpy(out, x, (size_t)count * sizeof *x);
    return;
  }
  for (int i = 0; i < count; i++) {
    uint16_t bits = type == NVFP4_FP16 ? nvfp4_fp16_from_float(x[i]) : nvfp4_bf16_from_float(x[i]);
    memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

_Static_assert(sizeof(struct scalar_rows) <= NVFP4_ROW_CHUNK_BYTES &&
                   sizeof(struct scalar_columns) <= NVFP4_COLUMN_CHUNK_BYTES &&
                   sizeof(struct scalar_vector) <= NVFP4_VECTOR_BYTES,
               "the workspace would be too small");

const struct nvfp4_kernel nvfp4_scalar_kernel = {.name = "scalar",
                                                 .columns = COLUMNS,
                                                 .row_chunk_bytes = sizeof(struct scalar_rows),
                                                 .available = available,
                                                 .pack_rows = pack_rows,
                                                 .pack_columns = pack_columns,
                                                 .multiply = multiply,
                                                 .pack_vector = pack_vector,
                                                 .gemv = gemv,
                                                 .store = store};

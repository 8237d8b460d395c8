/* Room: nvfp4 (private to it). GEMV with 256-bit registers, for avx2/, avx_vnni/ and avx512_bf16/. May
 * include base/ and nvfp4.h only; included as nvfp4_256.h is, whose forms it uses: the vector is a line,
 * the matrix the unsigned side.
 *
 * Every byte of the matrix is read once, so memory sets the pace and the arithmetic only has to keep up.
 * Per 8 blocks (64 bytes) of a row: 2 loads with insertion, 2 shuffles, 2 shifts, 4 vpand, 4 vpshufb,
 * the dot product (9 operations, or 4 with AVX-VNNI), 1 subtraction, 1 multiplication, 1 fused operation,
 * and half of the 11 for 16 scale codes and of the 3 to fetch blocked ones: 33 or 28 operations on three
 * ports, 11 or 9.3 cycles for 72 bytes: 20 or 23 GB/s at 3 GHz. Prepacked, 7 or so operations less. What
 * comes from memory slower than that should come at the memory's own pace, so everything is asked for
 * ahead: without that, blocked scales cost a sixth of the speed and prepacked panels a third. */
#ifndef SHARKTANK_NVFP4_256_GEMV_H
#define SHARKTANK_NVFP4_256_GEMV_H

#include "nvfp4/nvfp4_256.h"

#define NVFP4_256_AHEAD        1024 /* bytes of a row between what is read and what is asked for */
#define NVFP4_256_BLOCKS_AHEAD 16   /* the same in blocks of a prepacked panel: 4 KiB */

struct nvfp4_256_vector {
  int8_t element[NVFP4_VECTOR_CHUNK / NVFP4_256_LANES][4][32];
  int32_t start[NVFP4_VECTOR_CHUNK];
  float scale[NVFP4_VECTOR_CHUNK]; /* sfa/4 * 2^8: the matrix has its scales times 2^-8 */
};

_Static_assert(sizeof(struct nvfp4_256_vector) <= NVFP4_VECTOR_BYTES, "the workspace would be too small");

static inline void nvfp4_256_pack_vector(const struct nvfp4_source *s, int64_t b, int64_t block, int blocks,
                                         void *vector) {
  struct nvfp4_256_vector *out = vector;
  nvfp4_256_pack_line(s, b, 0, block, blocks, 256.0f * 256 / 4, out->element, out->start, out->scale);
}

/* sum[lane] += term of the block in each lane; raw: the matrix's scales times 2^-8. */
NVFP4_256_INLINE __m256 nvfp4_256_add_terms(__m256i dot, __m256 raw, __m256 vector_scale, __m256 sum) {
  __m256 exact = _mm256_sub_ps(_mm256_castsi256_ps(dot), _mm256_set1_ps(NVFP4_256_MAGIC));
  return _mm256_fmadd_ps(exact, _mm256_mul_ps(raw, vector_scale), sum);
}

/* 16 blocks of one row, from block j of the vector on. */
NVFP4_256_INLINE void nvfp4_256_gemv_step(const struct nvfp4_256_vector *v, int j, const uint8_t *from,
                                          __m128i codes, __m256 sum[2]) {
  const __m256i table = nvfp4_256_table(NVFP4_256_OFFSET);
  __m256 raw[2];
  nvfp4_256_scales(codes, raw);
  NVFP4_256_UNROLL for (int h = 0; h < 2; h++) {
    __m256i x[4];
    nvfp4_256_decode_row(from + 64 * h, table, x);
    const __m256i *y = (const __m256i *)(const void *)v->element[j / 8 + h];
    __m256i dot = nvfp4_256_dot(_mm256_load_si256((const __m256i *)(const void *)&v->start[j + 8 * h]), x, y);
    sum[h] = nvfp4_256_add_terms(dot, raw[h], _mm256_load_ps(&v->scale[j + 8 * h]), sum[h]);
  }
}

/* Where to ask for blocked scales ahead, for the row whose scales lie at `now`: a line holds four rows of
 * each quarter of a tile, so a quarter of the next line of every fourth tile is this row's share. The next
 * four rows may be the first of the next tiles. */
static inline const uint8_t *nvfp4_256_scales_ahead(const struct nvfp4_source *s, int64_t row,
                                                    const uint8_t *now) {
  if (s->scale_tiles == 0)
    return now;
  if (row % 32 < 28)
    return now + 64 + row % 4 * 512;
  return row - row % 128 + 128 < s->rows ? now - 28 * 16 + (s->scale_tiles + row % 4) * 512 : now;
}

/* Rows row, row + 32, ... at once, `count` of them (a constant in every call): several places of memory
 * are read at a time, and rows whose blocked scales share a line pass together. */
NVFP4_256_INLINE void nvfp4_256_gemv_rows(const struct nvfp4_256_vector *v, const struct nvfp4_source *s,
                                          int64_t b, int64_t row, const int count, int64_t block, int blocks,
                                          float (*partial)[NVFP4_PARTIALS]) {
  const uint8_t *packed[4], *scale[4];
  const int64_t step = s->scale_tiles == 0 ? 1 : 512 / 4;
  __m256 sum[4][2];
  int j = 0;
  NVFP4_256_UNROLL for (int r = 0; r < count; r++) {
    packed[r] = s->packed + b * s->batch_stride_bytes + (row + 32 * r) * s->row_stride_bytes + block * 8;
    scale[r] = nvfp4_source_scale(s, b, row + 32 * r, block);
    sum[r][0] = _mm256_load_ps(partial[32 * r]);
    sum[r][1] = _mm256_load_ps(partial[32 * r] + 8);
  }
  const uint8_t *ahead = nvfp4_256_scales_ahead(s, row, scale[0]);
  for (; j + 16 <= blocks; j += 16) {
    _mm_prefetch((const char *)ahead + j * step, _MM_HINT_T0);
    NVFP4_256_UNROLL for (int r = 0; r < count; r++) {
      _mm_prefetch((const char *)packed[r] + 8 * j + NVFP4_256_AHEAD, _MM_HINT_T0);
      _mm_prefetch((const char *)packed[r] + 8 * j + NVFP4_256_AHEAD + 64, _MM_HINT_T0);
      nvfp4_256_gemv_step(v, j, packed[r] + 8 * j, nvfp4_256_codes(s, scale[r] + j * step), sum[r]);
    }
  }
  if (j < blocks)
    NVFP4_256_UNROLL for (int r = 0; r < count; r++) {
      uint8_t some[128] = {0};
      memcpy(some, packed[r] + 8 * j, (size_t)(blocks - j) * 8);
      nvfp4_256_gemv_step(v, j, some, nvfp4_256_some_codes(s, b, row + 32 * r, block + j, blocks - j),
                          sum[r]);
    }
  NVFP4_256_UNROLL for (int r = 0; r < count; r++) {
    _mm256_store_ps(partial[32 * r], sum[r][0]);
    _mm256_store_ps(partial[32 * r] + 8, sum[r][1]);
  }
}

/* A prepacked panel of 32 rows, which are lanes here; sums are kept turned meanwhile. */
static inline void nvfp4_256_gemv_panel(const struct nvfp4_256_vector *v, const struct nvfp4_source *s,
                                        int64_t b, int64_t row, int64_t block, int blocks,
                                        float (*partial)[NVFP4_PARTIALS]) {
  const __m256i table = nvfp4_256_table(NVFP4_256_OFFSET);
  const uint8_t *from = nvfp4_prepacked_elements(s, b, row, block);
  const uint8_t *code = nvfp4_prepacked_scales(s, b, row, block);
  _Alignas(32) float sum[NVFP4_PARTIALS][32];
  for (int i = 0; i < 32; i++)
    for (int j = 0; j < NVFP4_PARTIALS; j++)
      sum[j][i] = partial[i][j];
  for (int j = 0; j < blocks; j++, from += 256, code += 32) {
    const int8_t *element = v->element[j / 8][0] + j % 8 * 4;
    for (int i = 0; i < 256; i += 64)
      _mm_prefetch((const char *)from + NVFP4_256_BLOCKS_AHEAD * 256 + i, _MM_HINT_T0);
    _mm_prefetch((const char *)code + NVFP4_256_BLOCKS_AHEAD * 32, _MM_HINT_T0);
    const __m256i y[4] = {nvfp4_256_broadcast(element), nvfp4_256_broadcast(element + 32),
                          nvfp4_256_broadcast(element + 64), nvfp4_256_broadcast(element + 96)};
    const __m256i start = _mm256_set1_epi32(v->start[j]);
    const __m256 scale = _mm256_set1_ps(v->scale[j]);
    NVFP4_256_UNROLL for (int h = 0; h < 2; h++) {
      __m256 raw[2];
      nvfp4_256_scales(nvfp4_256_load16(code + 16 * h), raw);
      NVFP4_256_UNROLL for (int q = 0; q < 2; q++) {
        const uint8_t *at = from + 128 * h + 32 * q;
        float *to = sum[j % NVFP4_PARTIALS] + 16 * h + 8 * q;
        __m256i x[4];
        nvfp4_256_decode(nvfp4_256_load32(at), nvfp4_256_load32(at + 64), table, x);
        _mm256_store_ps(to,
                        nvfp4_256_add_terms(nvfp4_256_dot(start, x, y), raw[q], scale, _mm256_load_ps(to)));
      }
    }
  }
  for (int i = 0; i < 32; i++)
    for (int j = 0; j < NVFP4_PARTIALS; j++)
      partial[i][j] = sum[j][i];
}

static inline void nvfp4_256_gemv(const void *vector, const struct nvfp4_source *s, int64_t b, int64_t row,
                                  int rows, int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]) {
  const struct nvfp4_256_vector *v = vector;
  if (s->prepacked) {
    for (int i = 0; i < rows; i += NVFP4_PREPACKED_ROWS)
      nvfp4_256_gemv_panel(v, s, b, row + i, block, blocks, partial + i);
    return;
  }
  for (int i = 0; i < 32 && i < rows; i++)
    switch ((rows - i + 31) / 32) {
    case 1:
      nvfp4_256_gemv_rows(v, s, b, row + i, 1, block, blocks, partial + i);
      break;
    case 2:
      nvfp4_256_gemv_rows(v, s, b, row + i, 2, block, blocks, partial + i);
      break;
    case 3:
      nvfp4_256_gemv_rows(v, s, b, row + i, 3, block, blocks, partial + i);
      break;
    default:
      nvfp4_256_gemv_rows(v, s, b, row + i, 4, block, blocks, partial + i);
      break;
    }
}

#endif

/* Room: nvfp4 (private to it). The kernels with 256-bit registers: everything that avx2/ and avx_vnni/
 * share, which is all but the dot product of a block; GEMV is in nvfp4_256_gemv.h. May include base/ and
 * nvfp4.h only; included only from files compiled with those folders' flags. Needs AVX2, FMA and F16C;
 * where the flags have AVX-VNNI, that too.
 *
 * One side of a product is stored as signed bytes, the doubled elements (-12..12); the other as unsigned
 * bytes, the doubled elements plus 12 (0..24), because that is what the multiply instructions take. The
 * surplus, 12 * (sum of the signed side over the block), is taken off by where a sum starts: at the bit
 * pattern of 1.5 * 2^23 minus the surplus. The exact block sum S, |S| <= 2304, makes it the bit pattern
 * of the float 1.5 * 2^23 + S, so no conversion is needed.
 *
 * Within a block the order of k does not matter as long as both sides agree. Four groups: the low
 * nibbles of bytes 0-3, of bytes 4-7, then the high nibbles of the same. A lane is 32 bits: one group
 * of one block.
 *   signed side, a "line" (a row of a, or the vector of GEMV): lane = block j % 8;
 *   unsigned side: lane = column (GEMM), block j % 8 (GEMV) or row (GEMV, prepacked). */
#ifndef SHARKTANK_NVFP4_256_H
#define SHARKTANK_NVFP4_256_H

#include <cpuid.h>
#include <immintrin.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_kernel.h"

#define NVFP4_256_LANES      8
#define NVFP4_256_COLUMNS    16
#define NVFP4_256_MAGIC_BITS 0x4b400000 /* 1.5 * 2^23: the last bit of a float this size counts ones */
#define NVFP4_256_MAGIC      12582912.0f
#define NVFP4_256_OFFSET     12
#define NVFP4_256_ROWS       4 /* at once: their sums fit 16 registers beside the rest */

#if defined(__clang__)
#define NVFP4_256_UNROLL _Pragma("unroll")
#else
#define NVFP4_256_UNROLL _Pragma("GCC unroll 8")
#endif
#define NVFP4_256_INLINE static inline __attribute__((always_inline))

struct nvfp4_256_rows {
  int8_t element[NVFP4_PANEL_ROWS][NVFP4_CHUNK / NVFP4_256_LANES][4][32];
  int32_t start[NVFP4_PANEL_ROWS][NVFP4_CHUNK];
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK]; /* sfa/4: undoes the doubling of both sides */
};

struct nvfp4_256_columns {
  uint8_t element[NVFP4_256_COLUMNS / NVFP4_256_LANES][NVFP4_CHUNK][4][32];
  float scale[NVFP4_256_COLUMNS / NVFP4_256_LANES][NVFP4_CHUNK][NVFP4_256_LANES];
};

_Static_assert(sizeof(struct nvfp4_256_rows) <= NVFP4_ROW_CHUNK_BYTES &&
                   sizeof(struct nvfp4_256_rows) % 64 == 0 &&
                   sizeof(struct nvfp4_256_columns) <= NVFP4_COLUMN_CHUNK_BYTES,
               "the workspace would be too small");

/* That "avx2" is supported includes that the operating system keeps the registers. Not every compiler
 * knows "f16c": bit 29 of leaf 1. */
static inline int nvfp4_256_available(void) {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid(1, &a, &b, &c, &d) &&
         (c >> 29 & 1u);
}

/* ---- Loads, codes, sums --------------------------------------------------------------------------- */

/* The vector loads: none needs alignment. */
NVFP4_256_INLINE __m128i nvfp4_256_load16(const uint8_t *from) {
  return _mm_loadu_si128((const __m128i *)(const void *)from);
}

NVFP4_256_INLINE __m256i nvfp4_256_load32(const void *from) {
  return _mm256_loadu_si256((const __m256i *)from);
}

NVFP4_256_INLINE int32_t nvfp4_256_word(const void *from) {
  int32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

NVFP4_256_INLINE __m256i nvfp4_256_broadcast(const void *four) {
  return _mm256_set1_epi32(nvfp4_256_word(four));
}

/* The table for nvfp4_256_decode: doubled values plus `offset`. */
NVFP4_256_INLINE __m256i nvfp4_256_table(int8_t offset) {
  const __m128i doubled = _mm_setr_epi8(NVFP4_E2M1_DOUBLED);
  return _mm256_broadcastsi128_si256(_mm_add_epi8(doubled, _mm_set1_epi8(offset)));
}

/* Bytes 0-3 and 4-7 of eight blocks to their four groups. */
NVFP4_256_INLINE void nvfp4_256_decode(__m256i bytes03, __m256i bytes47, __m256i table, __m256i x[4]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  x[0] = _mm256_shuffle_epi8(table, _mm256_and_si256(bytes03, nibble));
  x[1] = _mm256_shuffle_epi8(table, _mm256_and_si256(bytes47, nibble));
  x[2] = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bytes03, 4), nibble));
  x[3] = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bytes47, 4), nibble));
}

/* The 64 bytes of eight blocks of one row, a lane to a block. The odd order of the loads puts the lanes
 * in the order of the blocks without a permutation across the halves of a register. */
NVFP4_256_INLINE void nvfp4_256_decode_row(const uint8_t *from, __m256i table, __m256i x[4]) {
  __m256i a =
      _mm256_inserti128_si256(_mm256_castsi128_si256(nvfp4_256_load16(from)), nvfp4_256_load16(from + 32), 1);
  __m256i b = _mm256_inserti128_si256(_mm256_castsi128_si256(nvfp4_256_load16(from + 16)),
                                      nvfp4_256_load16(from + 48), 1);
  __m256 fa = _mm256_castsi256_ps(a), fb = _mm256_castsi256_ps(b);
  nvfp4_256_decode(_mm256_castps_si256(_mm256_shuffle_ps(fa, fb, 0x88)),
                   _mm256_castps_si256(_mm256_shuffle_ps(fa, fb, 0xdd)), table, x);
}

/* start + the block's sum of products in each lane; x is the unsigned side. */
NVFP4_256_INLINE __m256i nvfp4_256_dot(__m256i start, const __m256i x[4], const __m256i y[4]) {
#if defined(__AVXVNNI__)
  NVFP4_256_UNROLL for (int g = 0; g < 4; g++) start = _mm256_dpbusd_avx_epi32(start, x[g], y[g]);
  return start;
#else
  /* A 16-bit lane sums 8 products, at most 8 * 24 * 12 = 2304 in magnitude: nothing saturates. */
  __m256i s = _mm256_add_epi16(_mm256_maddubs_epi16(x[0], y[0]), _mm256_maddubs_epi16(x[1], y[1]));
  __m256i t = _mm256_add_epi16(_mm256_maddubs_epi16(x[2], y[2]), _mm256_maddubs_epi16(x[3], y[3]));
  return _mm256_add_epi32(_mm256_madd_epi16(_mm256_add_epi16(s, t), _mm256_set1_epi16(1)), start);
#endif
}

/* 16 e4m3 codes to fp32 times 2^-8. As fp16, a code's bits moved up by 7 are the value times 2^-8,
 * subnormals included: fp16's exponent has the same width plus one. A NaN code becomes all ones, an
 * fp16 NaN. */
NVFP4_256_INLINE void nvfp4_256_scales(__m128i codes, __m256 out[2]) {
  const __m256i largest = _mm256_set1_epi16(0x3f80);
  __m256i half = _mm256_slli_epi16(_mm256_cvtepi8_epi16(codes), 7);
  half = _mm256_and_si256(half, _mm256_set1_epi16((short)0xbf80));
  half = _mm256_or_si256(half, _mm256_cmpeq_epi16(_mm256_and_si256(half, largest), largest));
  out[0] = _mm256_cvtph_ps(_mm256_castsi256_si128(half));
  out[1] = _mm256_cvtph_ps(_mm256_extracti128_si256(half, 1));
}

/* Codes of 16 blocks of a row, the first of which lies at `first`. */
NVFP4_256_INLINE __m128i nvfp4_256_codes(const struct nvfp4_source *s, const uint8_t *first) {
  if (s->scale_tiles == 0)
    return nvfp4_256_load16(first);
  return _mm_setr_epi32(nvfp4_256_word(first), nvfp4_256_word(first + 512), nvfp4_256_word(first + 1024),
                        nvfp4_256_word(first + 1536));
}

/* The same where only `here` of the blocks are there; codes of the others 0, whatever the padding of a
 * tile holds. */
static inline __m128i nvfp4_256_some_codes(const struct nvfp4_source *s, int64_t b, int64_t row,
                                           int64_t block, int here) {
  uint8_t code[16] = {0};
  nvfp4_scale_codes(s, b, row, block, here, code);
  memset(code + here, 0, sizeof code - (size_t)here);
  return nvfp4_256_load16(code);
}

/* ---- Packing -------------------------------------------------------------------------------------- */

/* A line of `blocks` blocks, and zeros up to a multiple of 16. */
static inline void nvfp4_256_pack_line(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block,
                                       int blocks, float factor, int8_t (*element)[4][32], int32_t *start,
                                       float *scale) {
  const __m256i table = nvfp4_256_table(0), offset = _mm256_set1_epi8(NVFP4_256_OFFSET);
  const __m256i offsets[4] = {offset, offset, offset, offset};
  const __m256 times = _mm256_set1_ps(factor);
  const uint8_t *packed = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + block * 8;
  for (int j = 0; j < blocks; j += 16) {
    uint8_t some[128] = {0};
    const uint8_t *from = packed + 8 * j;
    __m128i codes;
    __m256 value[2];
    if (blocks - j >= 16) {
      codes = nvfp4_256_codes(s, nvfp4_source_scale(s, b, row, block + j));
    } else {
      codes = nvfp4_256_some_codes(s, b, row, block + j, blocks - j);
      from = memcpy(some, from, (size_t)(blocks - j) * 8);
    }
    nvfp4_256_scales(codes, value);
    NVFP4_256_UNROLL for (int h = 0; h < 2; h++) {
      __m256i y[4];
      nvfp4_256_decode_row(from + 64 * h, table, y);
      NVFP4_256_UNROLL for (int g = 0; g < 4; g++) _mm256_store_si256((__m256i *)element[j / 8 + h][g], y[g]);
      __m256i surplus = nvfp4_256_dot(_mm256_setzero_si256(), offsets, y);
      _mm256_store_si256((__m256i *)&start[j + 8 * h],
                         _mm256_sub_epi32(_mm256_set1_epi32(NVFP4_256_MAGIC_BITS), surplus));
      _mm256_store_ps(&scale[j + 8 * h], _mm256_mul_ps(value[h], times));
    }
  }
}

static inline void nvfp4_256_pack_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                                       int64_t block, int blocks, void *chunk) {
  struct nvfp4_256_rows *out = chunk;
  for (int r = 0; r < rows; r++)
    nvfp4_256_pack_line(s, b, row + r, block, blocks, 256.0f / 4, out->element[r], out->start[r],
                        out->scale[r]);
}

/* 16 bytes each of 8 rows, as dwords: lane r of out[d] is dword d of row r. Of rows beyond `rows` and
 * bytes beyond `bytes`, 8 or more, nothing is read: zeros. */
NVFP4_256_INLINE void nvfp4_256_turn(const uint8_t *from, int64_t stride, int rows, int bytes,
                                     __m256i out[4]) {
  uint8_t some[NVFP4_256_LANES][16];
  if (rows < NVFP4_256_LANES || bytes < 16) {
    memset(some, 0, sizeof some);
    for (int r = 0; r < rows; r++)
      memcpy(some[r], from + r * stride, bytes < 16 ? 8 : 16);
    from = some[0];
    stride = sizeof some[0];
  }
  __m256i x[4];
  NVFP4_256_UNROLL for (int i = 0; i < 4; i++) x[i] =
      _mm256_inserti128_si256(_mm256_castsi128_si256(nvfp4_256_load16(from + i * stride)),
                              nvfp4_256_load16(from + (4 + i) * stride), 1);
  __m256i a = _mm256_unpacklo_epi32(x[0], x[1]), b = _mm256_unpackhi_epi32(x[0], x[1]);
  __m256i c = _mm256_unpacklo_epi32(x[2], x[3]), d = _mm256_unpackhi_epi32(x[2], x[3]);
  out[0] = _mm256_unpacklo_epi64(a, c);
  out[1] = _mm256_unpackhi_epi64(a, c);
  out[2] = _mm256_unpacklo_epi64(b, d);
  out[3] = _mm256_unpackhi_epi64(b, d);
}

NVFP4_256_INLINE void nvfp4_256_put_block(__m256i bytes03, __m256i bytes47, uint8_t element[4][32]) {
  __m256i x[4];
  nvfp4_256_decode(bytes03, bytes47, nvfp4_256_table(NVFP4_256_OFFSET), x);
  NVFP4_256_UNROLL for (int g = 0; g < 4; g++) _mm256_store_si256((__m256i *)element[g], x[g]);
}

/* 8 codes each of two blocks, one after the other; the second block is there if `both`. */
NVFP4_256_INLINE void nvfp4_256_put_scales(__m128i codes, int both, float scale[][NVFP4_256_LANES]) {
  const __m256 times = _mm256_set1_ps(256.0f);
  __m256 value[2];
  nvfp4_256_scales(codes, value);
  _mm256_store_ps(scale[0], _mm256_mul_ps(value[0], times));
  if (both)
    _mm256_store_ps(scale[1], _mm256_mul_ps(value[1], times));
}

/* Codes of up to 4 rows and 4 blocks, turned: 4 codes of each block follow one another. Zeros, unread,
 * beyond `rows` and `blocks`. */
NVFP4_256_INLINE __m128i nvfp4_256_turn_codes(const uint8_t *from, int64_t stride, int rows, int blocks) {
  int32_t some[4] = {0};
  if (rows < 4 || blocks < 4) {
    for (int r = 0; r < rows && r < 4; r++)
      memcpy(&some[r], from + r * stride, blocks < 4 ? (size_t)blocks : 4);
    from = (const uint8_t *)some;
    stride = sizeof some[0];
  }
  return _mm_shuffle_epi8(_mm_setr_epi32(nvfp4_256_word(from), nvfp4_256_word(from + stride),
                                         nvfp4_256_word(from + 2 * stride),
                                         nvfp4_256_word(from + 3 * stride)),
                          _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

/* Scales of up to 8 rows, from row % 8 == 0 on. The rows' codes of four blocks are words that lie
 * evenly apart in either layout: in a tile, 16 bytes. */
static inline void nvfp4_256_turn_scales(const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                                         int64_t block, int blocks, float scale[][NVFP4_256_LANES]) {
  const int64_t stride = s->scale_tiles == 0 ? s->scale_row_stride_bytes : 16;
  const int64_t step = s->scale_tiles == 0 ? 4 : 512;
  const uint8_t *from = nvfp4_source_scale(s, b, row, block);
  for (int j = 0; j < blocks; j += 4, from += step) {
    __m128i low = nvfp4_256_turn_codes(from, stride, rows, blocks - j);
    __m128i high = nvfp4_256_turn_codes(from + 4 * stride, stride, rows - 4, blocks - j);
    nvfp4_256_put_scales(_mm_unpacklo_epi32(low, high), blocks - j > 1, scale + j);
    if (blocks - j > 2)
      nvfp4_256_put_scales(_mm_unpackhi_epi32(low, high), blocks - j > 3, scale + j + 2);
  }
}

/* Vector v of the columns, its first row being in range; `rows` may be 0. */
static inline void nvfp4_256_pack_turned(const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                                         int64_t block, int blocks, int v, struct nvfp4_256_columns *out) {
  const uint8_t *packed = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + block * 8;
  for (int j = 0; j < blocks; j += 2) {
    __m256i x[4];
    nvfp4_256_turn(packed + 8 * j, s->row_stride_bytes, rows, (blocks - j) * 8, x);
    nvfp4_256_put_block(x[0], x[1], out->element[v][j]);
    if (j + 1 < blocks)
      nvfp4_256_put_block(x[2], x[3], out->element[v][j + 1]);
  }
  nvfp4_256_turn_scales(s, b, row, rows, block, blocks, out->scale[v]);
}

static inline void nvfp4_256_pack_prepacked(const struct nvfp4_source *s, int64_t b, int64_t row,
                                            int64_t block, int blocks, int v, struct nvfp4_256_columns *out) {
  const uint8_t *from = nvfp4_prepacked_elements(s, b, row, block) + row % 32 / 16 * 128 + v * 32;
  const uint8_t *code = nvfp4_prepacked_scales(s, b, row, block) + row % 32 + v * NVFP4_256_LANES;
  for (int j = 0; j < blocks; j++, from += 256, code += 32) {
    nvfp4_256_put_block(nvfp4_256_load32(from), nvfp4_256_load32(from + 64), out->element[v][j]);
    nvfp4_256_put_scales(_mm_loadl_epi64((const __m128i *)(const void *)code), 0, out->scale[v] + j);
  }
}

static inline void nvfp4_256_pack_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                                          int64_t block, int blocks, void *chunk) {
  for (int v = 0; v < NVFP4_256_COLUMNS / NVFP4_256_LANES; v++) {
    int first = v * NVFP4_256_LANES, here = rows - first;
    if (here > NVFP4_256_LANES)
      here = NVFP4_256_LANES;
    if (s->prepacked)
      nvfp4_256_pack_prepacked(s, b, row, block, blocks, v, chunk);
    else if (here > 0)
      nvfp4_256_pack_turned(s, b, row + first, here, block, blocks, v, chunk);
    else
      nvfp4_256_pack_turned(s, b, row, 0, block, blocks, v, chunk);
  }
}

/* ---- GEMM ----------------------------------------------------------------------------------------- */

/* One block of `rows` rows by one vector of columns. What differs between rows is a constant distance,
 * so that addresses cost no operations: those would take the ports of the vectors. */
NVFP4_256_INLINE void nvfp4_256_multiply_block(const int8_t *element, const int32_t *start,
                                               const float *scale, const uint8_t (*b)[32],
                                               const float *scale_b, const int rows, __m256 *sum) {
  __m256i x[4];
  NVFP4_256_UNROLL for (int g = 0; g < 4; g++) x[g] = _mm256_load_si256((const __m256i *)b[g]);
  const __m256 sfb = _mm256_load_ps(scale_b), magic = _mm256_mul_ps(sfb, _mm256_set1_ps(NVFP4_256_MAGIC));
  NVFP4_256_UNROLL for (int r = 0; r < rows; r++) {
    const int8_t *at = element + r * NVFP4_CHUNK * NVFP4_BLOCK;
    const __m256i y[4] = {nvfp4_256_broadcast(at), nvfp4_256_broadcast(at + 32), nvfp4_256_broadcast(at + 64),
                          nvfp4_256_broadcast(at + 96)};
    __m256i s = nvfp4_256_dot(nvfp4_256_broadcast(start + r * NVFP4_CHUNK), x, y);
    __m256 term = _mm256_fmsub_ps(_mm256_castsi256_ps(s), sfb, magic); /* S * sfb, exact */
    sum[r] = _mm256_fmadd_ps(term, _mm256_broadcast_ss(scale + r * NVFP4_CHUNK), sum[r]);
  }
}

/* Rows [row, row + rows) of the panel by vector v; `rows` is a constant in every call. */
NVFP4_256_INLINE void nvfp4_256_multiply_rows(const struct nvfp4_256_rows *a, int row,
                                              const struct nvfp4_256_columns *b, int v, const int rows,
                                              int blocks, float *acc) {
  __m256 sum[NVFP4_256_ROWS];
  NVFP4_256_UNROLL for (int r = 0; r < rows; r++) sum[r] = _mm256_load_ps(acc + r * NVFP4_256_COLUMNS);
  for (int j = 0; j < blocks; j += NVFP4_256_LANES) {
    const int8_t *element = a->element[row][j / NVFP4_256_LANES][0];
    const int32_t *start = &a->start[row][j];
    const float *scale = &a->scale[row][j];
    const int here = blocks - j < NVFP4_256_LANES ? blocks - j : NVFP4_256_LANES;
    for (int i = 0; i < here; i++)
      nvfp4_256_multiply_block(element + 4 * i, start + i, scale + i, b->element[v][j + i],
                               b->scale[v][j + i], rows, sum);
  }
  NVFP4_256_UNROLL for (int r = 0; r < rows; r++) _mm256_store_ps(acc + r * NVFP4_256_COLUMNS, sum[r]);
}

static inline void nvfp4_256_multiply(const void *row_chunk, const void *column_chunk, int rows, int blocks,
                                      float *acc) {
  const struct nvfp4_256_rows *a = row_chunk;
  const struct nvfp4_256_columns *b = column_chunk;
  for (int v = 0; v < NVFP4_256_COLUMNS / NVFP4_256_LANES; v++)
    for (int row = 0; row < rows; row += NVFP4_256_ROWS) {
      float *to = acc + row * NVFP4_256_COLUMNS + v * NVFP4_256_LANES;
      switch (rows - row) {
      case 1:
        nvfp4_256_multiply_rows(a, row, b, v, 1, blocks, to);
        break;
      case 2:
        nvfp4_256_multiply_rows(a, row, b, v, 2, blocks, to);
        break;
      case 3:
        nvfp4_256_multiply_rows(a, row, b, v, 3, blocks, to);
        break;
      default:
        nvfp4_256_multiply_rows(a, row, b, v, NVFP4_256_ROWS, blocks, to);
        break;
      }
    }
}

/* ---- Results -------------------------------------------------------------------------------------- */

/* 8 floats to bf16, nearest even; a NaN stays one, made quiet. */
NVFP4_256_INLINE __m128i nvfp4_256_bf16(__m256 x) {
  __m256i bits = _mm256_castps_si256(x);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i near = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  near = _mm256_srli_epi32(_mm256_blendv_epi8(near, quiet, nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(near), _mm256_extracti128_si256(near, 1));
}

static inline void nvfp4_256_store(const float *x, int count, enum nvfp4_type type, unsigned char *out) {
  int i = 0;
  if (type == NVFP4_FP32) {
    memcpy(out, x, (size_t)count * sizeof *x);
    return;
  }
  for (; i + 8 <= count; i += 8) {
    __m256 v = _mm256_loadu_ps(x + i);
    __m128i h = type == NVFP4_FP16 ? _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT) : nvfp4_256_bf16(v);
    _mm_storeu_si128((__m128i *)(void *)(out + 2 * i), h);
  }
  for (; i < count; i++) {
    uint16_t bits = type == NVFP4_FP16 ? nvfp4_fp16_from_float(x[i]) : nvfp4_bf16_from_float(x[i]);
    memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

#endif

/* Room: nvfp4, instruction set AVX-512 with BF16. May include base/ and nvfp4.h only. Compiled with the
 * flags of its folder; called only where cpuid says so.
 *
 * GEMM: doubled elements, 0 to +-12, are exact in bf16, and so are the products and sums of a block in
 * fp32: 8 vdpbf16ps from zero give the block's sum S as a float, as exact as the integers of the other
 * folders, although vdpbf16ps rounds in its own way and takes subnormals for zero (none occur). b is the
 * wide side, 16 columns to a register, a is broadcast, a pair of elements to a lane.
 *
 * A 32-bit word of a block holds 8 elements as nibbles; nibble i of its lower half and of its upper half
 * make pair i. So a word becomes 4 pairs by a shift and a vpermw each, on either side alike.
 *
 * Expected speed (Golden Cove, where a 512-bit vdpbf16ps occupies port 0 for 2 cycles): per row, block
 * and 16 columns 8 vdpbf16ps, 1 multiplication and 1 fused operation: 16 cycles for 256 multiply-adds, 16
 * a cycle: as many as AVX2's FMA does, half of what avx2/ does with its integers. Where vdpbf16ps starts
 * every cycle it is 9 cycles, twice a cycle 5. Loads: b's 8 vectors for 4 rows, 9 broadcasts for each.
 * Registers: 8 of b, its scale, 4 sums, 4 under way: 17 of 32.
 *
 * GEMV: bf16 would gain nothing where memory sets the pace; this takes nvfp4_256_gemv.h. */
#if defined(__x86_64__)
#include "nvfp4/nvfp4_256_gemv.h"
#include "nvfp4/nvfp4_512.h"

#define ROWS_AT_ONCE 4

struct bf16_rows {
  uint32_t pair[NVFP4_PANEL_ROWS][4][NVFP4_CHUNK][2]; /* pair i of word 0 or 1 of a block */
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK];         /* sfa/4: undoes the doubling of both sides */
};

struct bf16_columns {
  uint32_t pair[NVFP4_CHUNK][2][4][NVFP4_LANES];
  float scale[NVFP4_CHUNK][NVFP4_LANES];
};

/* The folder's flags allow the compiler all of these. */
static int available(void) {
  return nvfp4_256_available() && nvfp4_512_available() && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("avx512bf16");
}

/* 16 words of 8 nibbles to 4 pairs each. vpermw looks at 5 bits of an index: the table stands there twice,
 * so that the lowest bit of the next nibble does not matter. */
static inline void decode(__m512i words, __m512i pair[4]) {
  const __m256i doubled = _mm256_setr_epi16(0, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40c0, 0x4100, 0x4140, 0,
                                            (short)0xbf80, (short)0xc000, (short)0xc040, (short)0xc080,
                                            (short)0xc0c0, (short)0xc100, (short)0xc140);
  const __m512i table = _mm512_broadcast_i64x4(doubled);
  pair[0] = _mm512_permutexvar_epi16(words, table);
  pair[1] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 4), table);
  pair[2] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 8), table);
  pair[3] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 12), table);
}

static void pack_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                      int blocks, void *chunk) {
  struct bf16_rows *out = chunk;
  for (int r = 0; r < rows; r++) {
    const uint8_t *packed =
        s->packed + b * s->batch_stride_bytes + (row + r) * s->row_stride_bytes + block * 8;
    uint8_t code[NVFP4_CHUNK] = {0};
    __m512 scale[2];
    for (int j = 0; j < blocks; j += 8) {
      __m512i pair[4];
      decode(_mm512_maskz_loadu_epi8(nvfp4_byte_mask((blocks - j) * 8), packed + 8 * j), pair);
      for (int i = 0; i < 4; i++)
        _mm512_store_si512(out->pair[r][i][j], pair[i]);
    }
    nvfp4_scale_codes(s, b, row + r, block, blocks, code);
    nvfp4_scales(nvfp4_256_load32(code), _mm512_set1_ps(NVFP4_SCALES_TIMES(0.25f)), scale);
    _mm512_store_ps(out->scale[r], scale[0]);
    _mm512_store_ps(out->scale[r] + NVFP4_LANES, scale[1]);
  }
}

/* Block j, its words in lanes of columns. */
static inline void put_block(struct bf16_columns *out, int j, __m512i first, __m512i second) {
  __m512i pair[2][4];
  decode(first, pair[0]);
  decode(second, pair[1]);
  for (int w = 0; w < 2; w++)
    for (int i = 0; i < 4; i++)
      _mm512_store_si512(out->pair[j][w][i], pair[w][i]);
}

/* Codes of two blocks, 16 each; the second block may lie beyond `blocks`. */
static inline void put_scales(struct bf16_columns *out, int j, int blocks, __m256i codes) {
  __m512 scale[2];
  nvfp4_scales(codes, _mm512_set1_ps(NVFP4_SCALES_TIMES(1.0f)), scale);
  for (int i = 0; i < 2 && j + i < blocks; i++)
    _mm512_store_ps(out->scale[j + i], scale[i]);
}

static void pack_prepacked(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block, int blocks,
                           struct bf16_columns *out) {
  const uint8_t *from = nvfp4_prepacked_elements(s, b, row, block) + row % 32 / 16 * 128;
  const uint8_t *code = nvfp4_prepacked_scales(s, b, row, block) + row % 32;
  for (int j = 0; j < blocks; j++, from += 256, code += 32) {
    put_block(out, j, _mm512_loadu_si512(from), _mm512_loadu_si512(from + 64));
    put_scales(out, j, j + 1, _mm256_zextsi128_si256(nvfp4_256_load16(code)));
  }
}

/* Codes of four blocks, a row to a lane. */
static __m512i codes_by_row(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                            int blocks) {
  uint8_t code[NVFP4_LANES][4] = {{0}};
  if (s->scale_tiles != 0)
    return nvfp4_blocked_codes(s, b, row, rows, block);
  const uint8_t *from = nvfp4_source_scale(s, b, row, block);
  if (blocks >= 4)
    for (int r = 0; r < rows; r++)
      memcpy(code[r], from + r * s->scale_row_stride_bytes, 4);
  else
    for (int r = 0; r < rows; r++)
      memcpy(code[r], from + r * s->scale_row_stride_bytes, (size_t)blocks);
  return _mm512_loadu_si512(code);
}

static void pack_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                         int blocks, void *chunk) {
  struct bf16_columns *out = chunk;
  if (s->prepacked) {
    pack_prepacked(s, b, row, block, blocks, out);
    return;
  }
  const uint8_t *packed = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + block * 8;
  for (int j = 0; j < blocks; j += 2) {
    __m512i x[4];
    nvfp4_turn(packed + 8 * j, s->row_stride_bytes, rows, (blocks - j) * 8, x);
    put_block(out, j, x[0], x[1]);
    if (j + 1 < blocks)
      put_block(out, j + 1, x[2], x[3]);
  }
  for (int j = 0; j < blocks; j += 4) {
    __m512i codes = nvfp4_codes_by_block(codes_by_row(s, b, row, rows, block + j, blocks - j));
    put_scales(out, j, blocks, _mm512_castsi512_si256(codes));
    put_scales(out, j + 2, blocks, _mm512_extracti64x4_epi64(codes, 1));
  }
}

static inline __m512bh pair_of(const void *lanes) {
  return (__m512bh)_mm512_load_si512(lanes);
}

/* Rows [row, row + rows) of the panel; `rows` is a constant in every call. */
static inline __attribute__((always_inline)) void multiply_rows(const struct bf16_rows *a, int row,
                                                                const struct bf16_columns *b, const int rows,
                                                                int blocks, float *acc) {
  __m512 sum[ROWS_AT_ONCE];
  NVFP4_UNROLL for (int r = 0; r < rows; r++) sum[r] = _mm512_load_ps(acc + r * NVFP4_LANES);
  for (int j = 0; j < blocks; j++) {
    __m512 exact[ROWS_AT_ONCE];
    const __m512 scale = _mm512_load_ps(b->scale[j]);
    NVFP4_UNROLL for (int r = 0; r < rows; r++) exact[r] = _mm512_setzero_ps();
    NVFP4_UNROLL for (int i = 0; i < 8; i++) {
      const __m512bh x = pair_of(b->pair[j][i / 4][i % 4]);
      NVFP4_UNROLL for (int r = 0; r < rows; r++) {
        const __m512i y = _mm512_set1_epi32((int32_t)a->pair[row + r][i % 4][j][i / 4]);
        exact[r] = _mm512_dpbf16_ps(exact[r], x, (__m512bh)y);
      }
    }
    NVFP4_UNROLL for (int r = 0; r < rows; r++) sum[r] =
        _mm512_fmadd_ps(_mm512_mul_ps(exact[r], scale), _mm512_set1_ps(a->scale[row + r][j]), sum[r]);
  }
  NVFP4_UNROLL for (int r = 0; r < rows; r++) _mm512_store_ps(acc + r * NVFP4_LANES, sum[r]);
}

static void multiply(const void *row_chunk, const void *column_chunk, int rows, int blocks, float *acc) {
  const struct bf16_rows *a = row_chunk;
  const struct bf16_columns *b = column_chunk;
  for (int row = 0; row < rows; row += ROWS_AT_ONCE, acc += ROWS_AT_ONCE * NVFP4_LANES)
    switch (rows - row) {
    case 1:
      multiply_rows(a, row, b, 1, blocks, acc);
      break;
    case 2:
      multiply_rows(a, row, b, 2, blocks, acc);
      break;
    case 3:
      multiply_rows(a, row, b, 3, blocks, acc);
      break;
    default:
      multiply_rows(a, row, b, ROWS_AT_ONCE, blocks, acc);
      break;
    }
}

_Static_assert(sizeof(struct bf16_rows) <= NVFP4_ROW_CHUNK_BYTES && sizeof(struct bf16_rows) % 64 == 0 &&
                   sizeof(struct bf16_columns) <= NVFP4_COLUMN_CHUNK_BYTES,
               "the workspace would be too small");

const struct nvfp4_kernel nvfp4_avx512_bf16_kernel = {.name = "avx512_bf16",
                                                      .columns = NVFP4_LANES,
                                                      .row_chunk_bytes = sizeof(struct bf16_rows),
                                                      .available = available,
                                                      .pack_rows = pack_rows,
                                                      .pack_columns = pack_columns,
                                                      .multiply = multiply,
                                                      .pack_vector = nvfp4_256_pack_vector,
                                                      .gemv = nvfp4_256_gemv,
                                                      .store = nvfp4_512_store};
#else
typedef int nvfp4_no_avx512_bf16_here;
#endif

/* Room: nvfp4, instruction set AVX2 with FMA and F16C. May include base/ and nvfp4.h only. Compiled
 * with the flags of its folder; called only where cpuid says so.
 *
 * The same plan as avx512_vnni/ with 8 lanes: b's doubled elements plus 12 are the unsigned bytes of
 * vpmaddubsw, a's the signed ones. A 16-bit lane sums 8 products of a block, at most 8 * 24 * 12 =
 * 2304 in magnitude, so nothing saturates; one vpmaddwd with ones makes 32-bit lanes, and adding
 * `start` (the bit pattern of 1.5 * 2^23 minus the offset's correction) makes a float without a
 * conversion.
 *
 * Expected speed: per row, block and 8 columns 4 vpmaddubsw, 3 vpaddw, 1 vpmaddwd, 1 vpaddd and 2
 * fused operations = 11 operations for 128 multiply-adds, of which 8 need one of two ports:
 * between 26 and 32 multiply-adds a cycle, against 16 of fp32 FMA. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_kernel.h"

#define LANES        8
#define VECTORS      2
#define COLUMNS      (LANES * VECTORS)
#define MAGIC_BITS   0x4b400000 /* 1.5 * 2^23: the last bit of a float this size counts ones */
#define MAGIC        12582912.0f
#define OFFSET       12
#define ROWS_AT_ONCE 4 /* accumulators that fit 16 registers beside b's four and the temporaries */

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

struct avx2_rows {
  int8_t element[NVFP4_PANEL_ROWS][NVFP4_CHUNK][NVFP4_BLOCK];
  int32_t start[NVFP4_PANEL_ROWS][NVFP4_CHUNK];
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK]; /* sfa/4: undoes the doubling of both sides */
};

struct avx2_columns {
  uint8_t element[VECTORS][NVFP4_CHUNK][4][4 * LANES];
  float scale[VECTORS][NVFP4_CHUNK][LANES];
};

static int available(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static inline __m256i element_table(int8_t offset) {
  const __m128i doubled = _mm_setr_epi8(NVFP4_E2M1_DOUBLED);
  return _mm256_broadcastsi128_si256(_mm_add_epi8(doubled, _mm_set1_epi8(offset)));
}

static inline __m256i decode_low(__m256i packed, __m256i table) {
  return _mm256_shuffle_epi8(table, _mm256_and_si256(packed, _mm256_set1_epi8(15)));
}

static inline __m256i decode_high(__m256i packed, __m256i table) {
  return decode_low(_mm256_srli_epi16(packed, 4), table);
}

/* 8 e4m3 codes to fp32 times `factor`, by way of fp16: see avx512_vnni/. */
static inline __m256 decode_scales(__m128i codes, float factor) {
  __m128i half = _mm_slli_epi16(_mm_cvtepi8_epi16(codes), 7);
  half = _mm_and_si128(half, _mm_set1_epi16((short)0xbf80));
  const __m128i largest = _mm_set1_epi16(0x3f80);
  __m128i nan = _mm_cmpeq_epi16(_mm_and_si128(half, largest), largest);
  __m256 value = _mm256_mul_ps(_mm256_cvtph_ps(half), _mm256_set1_ps(256.0f * factor));
  __m256 not_a_number = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000));
  return _mm256_blendv_ps(value, not_a_number, _mm256_castsi256_ps(_mm256_cvtepi16_epi32(nan)));
}

/* 32 bytes (4 blocks) of a row, zeros beyond `bytes`. */
static inline __m256i load_some(const uint8_t *packed, int bytes) {
  if (bytes >= 32)
    return _mm256_loadu_si256((const __m256i *)packed);
  uint8_t some[32] = {0};
  memcpy(some, packed, (size_t)bytes);
  return _mm256_loadu_si256((const __m256i *)some);
}

static void pack_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                      int blocks, void *chunk) {
  struct avx2_rows *out = chunk;
  const __m256i table = element_table(0), offset = _mm256_set1_epi8(OFFSET);
  for (int r = 0; r < rows; r++) {
    const uint8_t *packed =
        s->packed + b * s->batch_stride_bytes + (row + r) * s->row_stride_bytes + block * 8;
    for (int j = 0; j < blocks; j += 4) {
      __m256i x = load_some(packed + 8 * j, (blocks - j) * 8);
      __m256i low = decode_low(x, table), high = decode_high(x, table);
      /* 128-bit lanes of these: blocks 0 and 2, blocks 1 and 3 */
      __m256i even = _mm256_unpacklo_epi64(low, high), odd = _mm256_unpackhi_epi64(low, high);
      _mm256_store_si256((__m256i *)out->element[r][j], _mm256_permute2x128_si256(even, odd, 0x20));
      _mm256_store_si256((__m256i *)out->element[r][j + 2], _mm256_permute2x128_si256(even, odd, 0x31));
      __m256i zero = _mm256_setzero_si256();
      __m256i sums = _mm256_add_epi64(_mm256_sad_epu8(_mm256_add_epi8(low, offset), zero),
                                      _mm256_sad_epu8(_mm256_add_epi8(high, offset), zero));
      int64_t sum[4];
      _mm256_storeu_si256((__m256i *)sum, sums);
      for (int i = 0; i < 4; i++)
        out->start[r][j + i] = MAGIC_BITS + OFFSET * OFFSET * NVFP4_BLOCK - OFFSET * (int32_t)sum[i];
    }
    uint8_t code[NVFP4_CHUNK] = {0};
    nvfp4_scale_codes(s, b, row + r, block, blocks, code);
    for (int j = 0; j < blocks; j += 8)
      _mm256_store_ps(&out->scale[r][j], decode_scales(_mm_loadl_epi64((const __m128i *)&code[j]), 0.25f));
  }
}

/* x[i] holds 4 qwords of row i; afterwards qword i of all four rows. */
static inline void transpose_qwords(__m256i x[4]) {
  __m256i a = _mm256_unpacklo_epi64(x[0], x[1]), b = _mm256_unpackhi_epi64(x[0], x[1]);
  __m256i c = _mm256_unpacklo_epi64(x[2], x[3]), d = _mm256_unpackhi_epi64(x[2], x[3]);
  x[0] = _mm256_permute2x128_si256(a, c, 0x20);
  x[1] = _mm256_permute2x128_si256(b, d, 0x20);
  x[2] = _mm256_permute2x128_si256(a, c, 0x31);
  x[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

/* The even (0x88) or odd (0xdd) dwords of rows 0-3 and of rows 4-7, in order of rows. */
#define TAKE_DWORDS(low, high, which)                                                                        \
  _mm256_permute4x64_epi64(                                                                                  \
      _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), which)),    \
      0xd8)

/* Elements of up to 8 rows and 4 blocks (blocks - j of them wanted). */
static void pack_elements(const uint8_t *packed, int64_t stride, int rows, int blocks, int j,
                          uint8_t element[NVFP4_CHUNK][4][4 * LANES]) {
  const __m256i table = element_table(OFFSET);
  int here = blocks - j < 4 ? blocks - j : 4;
  __m256i x[LANES];
  for (int r = 0; r < LANES; r++)
    x[r] = r < rows ? load_some(packed + r * stride + 8 * j, here * 8) : _mm256_setzero_si256();
  transpose_qwords(x);
  transpose_qwords(x + 4);
  for (int i = 0; i < here; i++) {
    __m256i bytes03 = TAKE_DWORDS(x[i], x[i + 4], 0x88);
    __m256i bytes47 = TAKE_DWORDS(x[i], x[i + 4], 0xdd);
    _mm256_store_si256((__m256i *)element[j + i][0], decode_low(bytes03, table));
    _mm256_store_si256((__m256i *)element[j + i][1], decode_low(bytes47, table));
    _mm256_store_si256((__m256i *)element[j + i][2], decode_high(bytes03, table));
    _mm256_store_si256((__m256i *)element[j + i][3], decode_high(bytes47, table));
  }
}

static void pack_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                         int blocks, void *chunk) {
  struct avx2_columns *out = chunk;
  for (int v = 0; v < VECTORS; v++) {
    int here = rows - v * LANES < LANES ? rows - v * LANES : LANES;
    int64_t first = here > 0 ? row + v * LANES : row;
    const uint8_t *packed = s->packed + b * s->batch_stride_bytes + first * s->row_stride_bytes + block * 8;
    uint8_t code[NVFP4_CHUNK], turned[NVFP4_CHUNK][LANES];
    memset(turned, 0, sizeof turned);
    for (int j = 0; j < blocks; j += 4)
      pack_elements(packed, s->row_stride_bytes, here, blocks, j, out->element[v]);
    for (int r = 0; r < here; r++) {
      nvfp4_scale_codes(s, b, first + r, block, blocks, code);
      for (int j = 0; j < blocks; j++)
        turned[j][r] = code[j];
    }
    for (int j = 0; j < blocks; j++)
      _mm256_store_ps(out->scale[v][j], decode_scales(_mm_loadl_epi64((const __m128i *)turned[j]), 1.0f));
  }
}

static inline __m256i broadcast(const int8_t *four) {
  int32_t word;
  memcpy(&word, four, sizeof word);
  return _mm256_set1_epi32(word);
}

/* Rows [row, row + rows) of the panel by vector v; `rows` is a constant in every call. */
static inline __attribute__((always_inline)) void multiply_rows(const struct avx2_rows *a, int row,
                                                                const struct avx2_columns *b, int v,
                                                                const int rows, int blocks, float *acc) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256 sum[ROWS_AT_ONCE];
  UNROLL for (int r = 0; r < rows; r++) sum[r] = _mm256_load_ps(acc + r * COLUMNS);
  for (int j = 0; j < blocks; j++) {
    __m256i x[4];
    UNROLL for (int g = 0; g < 4; g++) x[g] = _mm256_load_si256((const __m256i *)b->element[v][j][g]);
    const __m256 scale_b = _mm256_load_ps(b->scale[v][j]);
    const __m256 magic = _mm256_mul_ps(scale_b, _mm256_set1_ps(MAGIC));
    UNROLL for (int r = 0; r < rows; r++) {
      const int8_t *element = a->element[row + r][j];
      __m256i s = _mm256_add_epi16(_mm256_maddubs_epi16(x[0], broadcast(element)),
                                   _mm256_maddubs_epi16(x[1], broadcast(element + 4)));
      __m256i t = _mm256_add_epi16(_mm256_maddubs_epi16(x[2], broadcast(element + 8)),
                                   _mm256_maddubs_epi16(x[3], broadcast(element + 12)));
      s = _mm256_madd_epi16(_mm256_add_epi16(s, t), ones);
      s = _mm256_add_epi32(s, _mm256_set1_epi32(a->start[row + r][j]));
      __m256 term = _mm256_fmsub_ps(_mm256_castsi256_ps(s), scale_b, magic);
      sum[r] = _mm256_fmadd_ps(term, _mm256_set1_ps(a->scale[row + r][j]), sum[r]);
    }
  }
  UNROLL for (int r = 0; r < rows; r++) _mm256_store_ps(acc + r * COLUMNS, sum[r]);
}

static void multiply(const void *row_chunk, const void *column_chunk, int rows, int blocks, float *acc) {
  const struct avx2_rows *a = row_chunk;
  const struct avx2_columns *b = column_chunk;
  for (int v = 0; v < VECTORS; v++)
    for (int row = 0; row < rows; row += ROWS_AT_ONCE) {
      float *to = acc + row * COLUMNS + v * LANES;
      switch (rows - row) {
      case 1:
        multiply_rows(a, row, b, v, 1, blocks, to);
        break;
      case 2:
        multiply_rows(a, row, b, v, 2, blocks, to);
        break;
      case 3:
        multiply_rows(a, row, b, v, 3, blocks, to);
        break;
      default:
        multiply_rows(a, row, b, v, 4, blocks, to);
        break;
      }
    }
}

static void narrow(const float *x, int count, unsigned char *half) {
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i h = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i *)(void *)(half + 2 * i), h);
  }
  for (; i < count; i++) {
    uint16_t bits = nvfp4_fp16_from_float(x[i]);
    memcpy(half + 2 * i, &bits, sizeof bits);
  }
}

_Static_assert(sizeof(struct avx2_rows) <= NVFP4_ROW_CHUNK_BYTES &&
                   sizeof(struct avx2_columns) <= NVFP4_COLUMN_CHUNK_BYTES && COLUMNS <= NVFP4_MAX_COLUMNS,
               "the workspace would be too small");

const struct nvfp4_kernel nvfp4_avx2_kernel = {.name = "avx2",
                                               .columns = COLUMNS,
                                               .available = available,
                                               .pack_rows = pack_rows,
                                               .pack_columns = pack_columns,
                                               .multiply = multiply,
                                               .narrow = narrow};
#else
typedef int nvfp4_no_avx2_here;
#endif

/* Room: nvfp4, instruction set AVX-512 with VNNI: the fastest path. May include base/ and nvfp4.h
 * only. Compiled with the flags of its folder; called only where cpuid says so.
 *
 * Shapes: a panel of rows is 8 rows of a, broadcast; a panel of columns is 2 vectors of 16 rows of b,
 * one column per 32-bit lane. vpdpbusd multiplies unsigned bytes by signed ones, so b's doubled
 * elements are stored with 12 added (0..24), and a's are signed (-12..12). Within a block the order
 * of k does not matter: both sides store the even k (low nibbles) and then the odd k (high nibbles).
 *
 * No conversion: the int32 accumulator of a block starts at the bit pattern of 1.5 * 2^23 minus
 * 12 * (sum of a over the block), the offset's correction. The exact block sum S, |S| <= 2304, then
 * makes it the bit pattern of the float 1.5 * 2^23 + S. One fused multiply-subtract gives
 * S * sfb exactly (both products are exact), one fused multiply-add adds the term.
 *
 * Expected speed: per row, block and vector of 16 columns 4 vpdpbusd and 2 fused operations = 6
 * operations for 256 multiply-adds, on two 512-bit ports: 256/3 = 85 multiply-adds a cycle. Loads: 6
 * broadcasts per row and block (4 of a, start, scale) for both vectors, one a cycle; b's 8 vectors stay
 * in registers for all rows of the panel. Packing costs about 26 operations per 16 columns and
 * block, against 3 cycles per row: a few percent at 100 rows. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_kernel.h"

#define LANES      16
#define VECTORS    2
#define COLUMNS    (LANES * VECTORS)
#define MAGIC_BITS 0x4b400000 /* 1.5 * 2^23: the last bit of a float this size counts ones */
#define MAGIC      12582912.0f
#define OFFSET     12

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

struct vnni_rows {
  int8_t element[NVFP4_PANEL_ROWS][NVFP4_CHUNK][NVFP4_BLOCK];
  int32_t start[NVFP4_PANEL_ROWS][NVFP4_CHUNK];
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK]; /* sfa/4: undoes the doubling of both sides */
};

struct vnni_columns {
  uint8_t element[NVFP4_CHUNK][VECTORS][4][4 * LANES];
  float scale[NVFP4_CHUNK][VECTORS][LANES];
};

static int available(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
}

/* The lowest `bytes` lanes of 64. */
static inline __mmask64 byte_mask(int bytes) {
  return bytes >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << bytes) - 1;
}

/* e2m1 codes to bytes: their doubled values plus `offset`, for _mm512_shuffle_epi8. */
static inline __m512i element_table(int8_t offset) {
  const __m128i doubled = _mm_setr_epi8(NVFP4_E2M1_DOUBLED);
  return _mm512_broadcast_i32x4(_mm_add_epi8(doubled, _mm_set1_epi8(offset)));
}

static inline __m512i decode_low(__m512i packed, __m512i table) {
  return _mm512_shuffle_epi8(table, _mm512_and_si512(packed, _mm512_set1_epi8(15)));
}

static inline __m512i decode_high(__m512i packed, __m512i table) {
  return decode_low(_mm512_srli_epi16(packed, 4), table);
}

/* 32 e4m3 codes to fp32 times `factor` (a power of two). As fp16, the code's bits moved up by 7 are
 * the value times 2^-8, subnormals included: fp16's exponent has the same width plus one. */
static inline void decode_scales(__m256i codes, float factor, float *out) {
  __m512i bits = _mm512_slli_epi16(_mm512_cvtepi8_epi16(codes), 7);
  __m512i half = _mm512_and_si512(bits, _mm512_set1_epi16((short)0xbf80));
  const __m512i largest = _mm512_set1_epi16(0x3f80);
  __mmask32 nan = _mm512_cmpeq_epi16_mask(_mm512_and_si512(half, largest), largest);
  const __m512 times = _mm512_set1_ps(256.0f * factor);
  const __m512 not_a_number = _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000));
  __m512 low = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_castsi512_si256(half)), times);
  __m512 high = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1)), times);
  _mm512_storeu_ps(out, _mm512_mask_mov_ps(low, (__mmask16)nan, not_a_number));
  _mm512_storeu_ps(out + 16, _mm512_mask_mov_ps(high, (__mmask16)(nan >> 16), not_a_number));
}

static void pack_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                      int blocks, void *chunk) {
  struct vnni_rows *out = chunk;
  const __m512i table = element_table(0), zero = _mm512_setzero_si512();
  const __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
  const __m512i second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  const __m512i offset = _mm512_set1_epi8(OFFSET);
  for (int r = 0; r < rows; r++) {
    const uint8_t *packed =
        s->packed + b * s->batch_stride_bytes + (row + r) * s->row_stride_bytes + block * 8;
    for (int j = 0; j < blocks; j += 8) {
      __m512i x = _mm512_maskz_loadu_epi8(byte_mask((blocks - j) * 8), packed + 8 * j);
      __m512i low = decode_low(x, table), high = decode_high(x, table);
      _mm512_store_si512(out->element[r][j], _mm512_permutex2var_epi64(low, first, high));
      _mm512_store_si512(out->element[r][j + 4], _mm512_permutex2var_epi64(low, second, high));
      /* Sums of 16 elements plus 16 offsets, which vpsadbw can add as unsigned bytes. */
      __m512i sums = _mm512_add_epi64(_mm512_sad_epu8(_mm512_add_epi8(low, offset), zero),
                                      _mm512_sad_epu8(_mm512_add_epi8(high, offset), zero));
      __m256i correction = _mm256_mullo_epi32(_mm512_cvtepi64_epi32(sums), _mm256_set1_epi32(OFFSET));
      __m256i start = _mm256_set1_epi32(MAGIC_BITS + OFFSET * OFFSET * NVFP4_BLOCK);
      _mm256_store_si256((__m256i *)&out->start[r][j], _mm256_sub_epi32(start, correction));
    }
    _Alignas(32) uint8_t code[NVFP4_CHUNK] = {0};
    nvfp4_scale_codes(s, b, row + r, block, blocks, code);
    decode_scales(_mm256_load_si256((const __m256i *)code), 0.25f, out->scale[r]);
  }
}

/* x[i] holds 8 qwords of row i; afterwards qword i of all rows. */
static inline void transpose_qwords(__m512i x[8]) {
  __m512i t[8], u[8];
  UNROLL for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm512_unpacklo_epi64(x[2 * i], x[2 * i + 1]);     /* qwords 0 2 4 6 of rows 2i, 2i+1 */
    t[2 * i + 1] = _mm512_unpackhi_epi64(x[2 * i], x[2 * i + 1]); /* 1 3 5 7 */
  }
  UNROLL for (int i = 0; i < 2; i++) {                             /* i: even or odd qwords */
    u[4 * i] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0x88);         /* i, i+4 of rows 0-3 */
    u[4 * i + 1] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0xdd);     /* i+2, i+6 of rows 0-3 */
    u[4 * i + 2] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0x88); /* the same of rows 4-7 */
    u[4 * i + 3] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0xdd);
    x[i] = _mm512_shuffle_i64x2(u[4 * i], u[4 * i + 2], 0x88);
    x[i + 4] = _mm512_shuffle_i64x2(u[4 * i], u[4 * i + 2], 0xdd);
    x[i + 2] = _mm512_shuffle_i64x2(u[4 * i + 1], u[4 * i + 3], 0x88);
    x[i + 6] = _mm512_shuffle_i64x2(u[4 * i + 1], u[4 * i + 3], 0xdd);
  }
}

/* Elements of up to 16 rows and 8 blocks (blocks - j of them wanted) into lanes of vector v. */
static void pack_elements(const uint8_t *packed, int64_t stride, int rows, int blocks, int v,
                          struct vnni_columns *out, int j) {
  const __m512i table = element_table(OFFSET);
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  __m512i x[LANES];
  int here = blocks - j < 8 ? blocks - j : 8;
  for (int r = 0; r < LANES; r++) {
    __mmask64 mask = r < rows ? byte_mask(here * 8) : 0;
    x[r] = _mm512_maskz_loadu_epi8(mask, packed + (r < rows ? r : 0) * stride + 8 * j);
  }
  transpose_qwords(x);
  transpose_qwords(x + 8);
  for (int i = 0; i < here; i++) {
    uint8_t(*element)[4 * LANES] = out->element[j + i][v];
    __m512i bytes03 = _mm512_permutex2var_epi32(x[i], even, x[i + 8]);
    __m512i bytes47 = _mm512_permutex2var_epi32(x[i], odd, x[i + 8]);
    _mm512_store_si512(element[0], decode_low(bytes03, table));
    _mm512_store_si512(element[1], decode_low(bytes47, table));
    _mm512_store_si512(element[2], decode_high(bytes03, table));
    _mm512_store_si512(element[3], decode_high(bytes47, table));
  }
}

/* Scales of up to 16 rows: four blocks of all rows at a time, turned so that lanes are rows. */
static void pack_scales(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                        int blocks, int v, struct vnni_columns *out) {
  _Alignas(64) uint8_t turn[64];
  uint8_t code[LANES][NVFP4_CHUNK];
  _Alignas(64) float value[4][LANES];
  memset(code, 0, sizeof code);
  for (int r = 0; r < rows; r++)
    nvfp4_scale_codes(s, b, row + r, block, blocks, code[r]);
  for (int i = 0; i < 64; i++)
    turn[i] = (uint8_t)(i % LANES * 4 + i / LANES);
  const __m512i order = _mm512_load_si512(turn);
  const __m512i stride =
      _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(NVFP4_CHUNK));
  for (int j = 0; j < blocks; j += 4) {
    __m512i x = _mm512_i32gather_epi32(stride, (const int *)(const void *)&code[0][j], 1);
    x = _mm512_permutexvar_epi8(order, x);
    decode_scales(_mm512_castsi512_si256(x), 1.0f, value[0]);
    decode_scales(_mm512_extracti64x4_epi64(x, 1), 1.0f, value[2]);
    for (int i = 0; i < 4; i++)
      _mm512_store_ps(out->scale[j + i][v], _mm512_load_ps(value[i]));
  }
}

static void pack_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                         int blocks, void *chunk) {
  struct vnni_columns *out = chunk;
  for (int v = 0; v < VECTORS; v++) {
    int here = rows - v * LANES < LANES ? rows - v * LANES : LANES;
    int64_t first = here > 0 ? row + v * LANES : row;
    const uint8_t *packed = s->packed + b * s->batch_stride_bytes + first * s->row_stride_bytes + block * 8;
    for (int j = 0; j < blocks; j += 8)
      pack_elements(packed, s->row_stride_bytes, here, blocks, v, out, j);
    pack_scales(s, b, first, here, block, blocks, v, out);
  }
}

static inline __m512i broadcast(const int8_t *four) {
  int32_t word;
  memcpy(&word, four, sizeof word);
  return _mm512_set1_epi32(word);
}

/* `rows` is a constant in every call, so that the accumulators are registers. */
static inline __attribute__((always_inline)) void multiply_rows(const struct vnni_rows *a,
                                                                const struct vnni_columns *b, const int rows,
                                                                int blocks, float *acc) {
  __m512 sum[NVFP4_PANEL_ROWS][VECTORS];
  UNROLL for (int r = 0; r < rows; r++) {
    sum[r][0] = _mm512_load_ps(acc + r * COLUMNS);
    sum[r][1] = _mm512_load_ps(acc + r * COLUMNS + LANES);
  }
  for (int j = 0; j < blocks; j++) {
    __m512i x[VECTORS][4];
    UNROLL for (int g = 0; g < 4; g++) {
      x[0][g] = _mm512_load_si512(b->element[j][0][g]);
      x[1][g] = _mm512_load_si512(b->element[j][1][g]);
    }
    const __m512 scale0 = _mm512_load_ps(b->scale[j][0]), scale1 = _mm512_load_ps(b->scale[j][1]);
    const __m512 magic0 = _mm512_mul_ps(scale0, _mm512_set1_ps(MAGIC));
    const __m512 magic1 = _mm512_mul_ps(scale1, _mm512_set1_ps(MAGIC));
    UNROLL for (int r = 0; r < rows; r++) {
      __m512i s0 = _mm512_set1_epi32(a->start[r][j]), s1 = s0;
      UNROLL for (int g = 0; g < 4; g++) {
        __m512i y = broadcast(a->element[r][j] + 4 * g);
        s0 = _mm512_dpbusd_epi32(s0, x[0][g], y);
        s1 = _mm512_dpbusd_epi32(s1, x[1][g], y);
      }
      __m512 scale = _mm512_set1_ps(a->scale[r][j]);
      __m512 term0 = _mm512_fmsub_ps(_mm512_castsi512_ps(s0), scale0, magic0);
      __m512 term1 = _mm512_fmsub_ps(_mm512_castsi512_ps(s1), scale1, magic1);
      sum[r][0] = _mm512_fmadd_ps(term0, scale, sum[r][0]);
      sum[r][1] = _mm512_fmadd_ps(term1, scale, sum[r][1]);
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    _mm512_store_ps(acc + r * COLUMNS, sum[r][0]);
    _mm512_store_ps(acc + r * COLUMNS + LANES, sum[r][1]);
  }
}

static void multiply(const void *row_chunk, const void *column_chunk, int rows, int blocks, float *acc) {
  const struct vnni_rows *a = row_chunk;
  const struct vnni_columns *b = column_chunk;
  switch (rows) {
  case 1:
    multiply_rows(a, b, 1, blocks, acc);
    break;
  case 2:
    multiply_rows(a, b, 2, blocks, acc);
    break;
  case 3:
    multiply_rows(a, b, 3, blocks, acc);
    break;
  case 4:
    multiply_rows(a, b, 4, blocks, acc);
    break;
  case 5:
    multiply_rows(a, b, 5, blocks, acc);
    break;
  case 6:
    multiply_rows(a, b, 6, blocks, acc);
    break;
  case 7:
    multiply_rows(a, b, 7, blocks, acc);
    break;
  default:
    multiply_rows(a, b, 8, blocks, acc);
    break;
  }
}

static void narrow(const float *x, int count, unsigned char *half) {
  for (int i = 0; i < count; i += 16) {
    __mmask16 mask = (__mmask16)(count - i >= 16 ? 0xffffu : (1u << (count - i)) - 1u);
    __m256i h = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, x + i), _MM_FROUND_TO_NEAREST_INT);
    _mm256_mask_storeu_epi16(half + 2 * i, mask, h);
  }
}

_Static_assert(sizeof(struct vnni_rows) <= NVFP4_ROW_CHUNK_BYTES &&
                   sizeof(struct vnni_columns) <= NVFP4_COLUMN_CHUNK_BYTES && COLUMNS <= NVFP4_MAX_COLUMNS,
               "the workspace would be too small");

const struct nvfp4_kernel nvfp4_avx512_vnni_kernel = {.name = "avx512_vnni",
                                                      .columns = COLUMNS,
                                                      .available = available,
                                                      .pack_rows = pack_rows,
                                                      .pack_columns = pack_columns,
                                                      .multiply = multiply,
                                                      .narrow = narrow};
#else
typedef int nvfp4_no_avx512_vnni_here;
#endif

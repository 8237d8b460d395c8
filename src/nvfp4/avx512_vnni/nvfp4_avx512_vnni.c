/* Room: nvfp4, instruction set AVX-512 with VNNI: the fastest path, GEMM. May include base/ and nvfp4.h
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
 * operations for 256 multiply-adds, on two 512-bit ports: 256/3 = 85 multiply-adds a cycle, two
 * thirds of the int8 peak. Loads: 6 broadcasts per row and block (4 of a, start, scale) for both
 * vectors, one a cycle; b's 8 vectors stay in registers for all rows of the panel. Packing 16 columns
 * of a block costs 4 unpacks, 4 vpermb (port 5), 2 shifts, 6 inserts and some 2 for the scales: 9
 * cycles, against 3 cycles per row: 9 % at 32 rows, 2 % at 128. */
#if defined(__x86_64__)
#include "nvfp4/avx512_vnni/nvfp4_avx512_vnni.h"
#include "nvfp4/nvfp4_512.h"

#define VECTORS    2
#define COLUMNS    (NVFP4_LANES * VECTORS)
#define MAGIC_BITS 0x4b400000 /* 1.5 * 2^23: the last bit of a float this size counts ones */
#define MAGIC      12582912.0f
#define OFFSET     12

struct vnni_rows {
  int8_t element[NVFP4_PANEL_ROWS][NVFP4_CHUNK][NVFP4_BLOCK];
  int32_t start[NVFP4_PANEL_ROWS][NVFP4_CHUNK];
  float scale[NVFP4_PANEL_ROWS][NVFP4_CHUNK]; /* sfa/4: undoes the doubling of both sides */
};

struct vnni_columns {
  uint8_t element[NVFP4_CHUNK][VECTORS][4][4 * NVFP4_LANES];
  float scale[NVFP4_CHUNK][VECTORS][NVFP4_LANES];
};

static int available(void) {
  return nvfp4_512_available() && __builtin_cpu_supports("avx512vnni");
}

static void pack_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                      int blocks, void *chunk) {
  struct vnni_rows *out = chunk;
  const __m512i table = nvfp4_element_table(0), zero = _mm512_setzero_si512();
  const __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
  const __m512i second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  const __m512i offset = _mm512_set1_epi8(OFFSET);
  for (int r = 0; r < rows; r++) {
    const uint8_t *packed =
        s->packed + b * s->batch_stride_bytes + (row + r) * s->row_stride_bytes + block * 8;
    for (int j = 0; j < blocks; j += 8) {
      __m512i x = _mm512_maskz_loadu_epi8(nvfp4_byte_mask((blocks - j) * 8), packed + 8 * j);
      __m512i low = nvfp4_low(x, table), high = nvfp4_high(x, table);
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
    __m512 scale[2];
    nvfp4_scale_codes(s, b, row + r, block, blocks, code);
    nvfp4_scales(_mm256_load_si256((const __m256i *)code), _mm512_set1_ps(NVFP4_SCALES_TIMES(0.25f)), scale);
    _mm512_store_ps(out->scale[r], scale[0]);
    _mm512_store_ps(out->scale[r] + NVFP4_LANES, scale[1]);
  }
}

/* Bytes 0-3 and 4-7 of 16 columns' blocks to the four vectors of a block. */
static inline void store_block(__m512i bytes03, __m512i bytes47, __m512i table,
                               uint8_t element[4][4 * NVFP4_LANES]) {
  _mm512_store_si512(element[0], nvfp4_low(bytes03, table));
  _mm512_store_si512(element[1], nvfp4_low(bytes47, table));
  _mm512_store_si512(element[2], nvfp4_high(bytes03, table));
  _mm512_store_si512(element[3], nvfp4_high(bytes47, table));
}

/* Four blocks of 16 codes each. */
static inline void store_scales(__m512i codes, int v, float out[4][VECTORS][NVFP4_LANES]) {
  const __m512 factor = _mm512_set1_ps(NVFP4_SCALES_TIMES(1.0f));
  __m512 scale[4];
  nvfp4_scales(_mm512_castsi512_si256(codes), factor, scale);
  nvfp4_scales(_mm512_extracti64x4_epi64(codes, 1), factor, scale + 2);
  NVFP4_UNROLL for (int i = 0; i < 4; i++) _mm512_store_ps(out[i][v], scale[i]);
}

/* Up to 16 columns from where they lie. */
static void pack_vector_of_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                                   int64_t block, int blocks, int v, struct vnni_columns *out) {
  const __m512i table = nvfp4_element_table(OFFSET);
  const uint8_t *packed = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + block * 8;
  for (int j = 0; j < blocks; j += 2) {
    __m512i x[4];
    nvfp4_turn(packed + 8 * j, s->row_stride_bytes, rows, (blocks - j) * 8, x);
    store_block(x[0], x[1], table, out->element[j][v]);
    store_block(x[2], x[3], table, out->element[j + 1][v]);
  }
  if (s->scale_tiles > 0) {
    for (int j = 0; j < blocks; j += 4)
      store_scales(nvfp4_codes_by_block(nvfp4_blocked_codes(s, b, row, rows, block + j)), v, out->scale + j);
  } else {
    const uint8_t *code = nvfp4_source_scale(s, b, row, block);
    for (int j = 0; j < blocks; j += 16) {
      __m512i x[4];
      nvfp4_turn(code + j, s->scale_row_stride_bytes, rows, blocks - j, x);
      for (int i = 0; i < 4; i++)
        store_scales(nvfp4_codes_by_block(x[i]), v, out->scale + j + 4 * i);
    }
  }
}

static void pack_prepacked(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block, int blocks,
                           struct vnni_columns *out) {
  const __m512i table = nvfp4_element_table(OFFSET);
  const __m512 factor = _mm512_set1_ps(NVFP4_SCALES_TIMES(1.0f));
  const uint8_t *x = nvfp4_prepacked_elements(s, b, row, block);
  const uint8_t *code = nvfp4_prepacked_scales(s, b, row, block);
  for (int j = 0; j < blocks; j++, x += 256, code += 32) {
    __m512 scale[2];
    store_block(_mm512_loadu_si512(x), _mm512_loadu_si512(x + 64), table, out->element[j][0]);
    store_block(_mm512_loadu_si512(x + 128), _mm512_loadu_si512(x + 192), table, out->element[j][1]);
    nvfp4_scales(_mm256_loadu_si256((const __m256i *)(const void *)code), factor, scale);
    _mm512_store_ps(out->scale[j][0], scale[0]);
    _mm512_store_ps(out->scale[j][1], scale[1]);
  }
}

static void pack_columns(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                         int blocks, void *chunk) {
  struct vnni_columns *out = chunk;
  if (s->prepacked) {
    pack_prepacked(s, b, row, block, blocks, out);
    return;
  }
  for (int v = 0; v < VECTORS; v++) {
    int here = rows - v * NVFP4_LANES;
    if (here > 0)
      pack_vector_of_columns(s, b, row + v * NVFP4_LANES, here, block, blocks, v, out);
    else
      for (int j = 0; j < blocks; j++) {
        memset(out->element[j][v], 0, sizeof out->element[j][v]);
        memset(out->scale[j][v], 0, sizeof out->scale[j][v]);
      }
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
  NVFP4_UNROLL for (int r = 0; r < rows; r++) {
    sum[r][0] = _mm512_load_ps(acc + r * COLUMNS);
    sum[r][1] = _mm512_load_ps(acc + r * COLUMNS + NVFP4_LANES);
  }
  for (int j = 0; j < blocks; j++) {
    __m512i x[VECTORS][4];
    NVFP4_UNROLL for (int g = 0; g < 4; g++) {
      x[0][g] = _mm512_load_si512(b->element[j][0][g]);
      x[1][g] = _mm512_load_si512(b->element[j][1][g]);
    }
    const __m512 scale0 = _mm512_load_ps(b->scale[j][0]), scale1 = _mm512_load_ps(b->scale[j][1]);
    const __m512 magic0 = _mm512_mul_ps(scale0, _mm512_set1_ps(MAGIC));
    const __m512 magic1 = _mm512_mul_ps(scale1, _mm512_set1_ps(MAGIC));
    NVFP4_UNROLL for (int r = 0; r < rows; r++) {
      __m512i s0 = _mm512_set1_epi32(a->start[r][j]), s1 = s0;
      NVFP4_UNROLL for (int g = 0; g < 4; g++) {
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
  NVFP4_UNROLL for (int r = 0; r < rows; r++) {
    _mm512_store_ps(acc + r * COLUMNS, sum[r][0]);
    _mm512_store_ps(acc + r * COLUMNS + NVFP4_LANES, sum[r][1]);
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

_Static_assert(sizeof(struct vnni_rows) <= NVFP4_ROW_CHUNK_BYTES &&
                   sizeof(struct vnni_columns) <= NVFP4_COLUMN_CHUNK_BYTES && COLUMNS <= NVFP4_MAX_COLUMNS,
               "the workspace would be too small");

const struct nvfp4_kernel nvfp4_avx512_vnni_kernel = {.name = "avx512_vnni",
                                                      .columns = COLUMNS,
                                                      .row_chunk_bytes = sizeof(struct vnni_rows),
                                                      .available = available,
                                                      .pack_rows = pack_rows,
                                                      .pack_columns = pack_columns,
                                                      .multiply = multiply,
                                                      .pack_vector = nvfp4_avx512_vnni_pack_vector,
                                                      .gemv = nvfp4_avx512_vnni_gemv,
                                                      .store = nvfp4_512_store};
#else
typedef int nvfp4_no_avx512_vnni_here;
#endif

/* Room: nvfp4, instruction set AVX-512 with VNNI: GEMV. May include base/ and nvfp4.h only. Compiled
 * with the flags of its folder; called only where cpuid says so.
 *
 * A lane is one of 16 blocks of one row of the matrix: 128 bytes are loaded, even dwords (bytes 0-3 of
 * each block) and odd ones (4-7) are gathered by two permutes, and four vpdpbusd with the vector's
 * bytes in the same order leave the 16 block sums in the 16 lanes, which are the 16 partial sums of
 * the contract. The matrix is the unsigned side (12 added, corrected by `start`).
 *
 * Expected speed: per row and 16 blocks (256 multiply-adds) 2 permutes, 2 shifts, 4 vpermb, 4
 * vpdpbusd, 1 conversion, 1 fused multiply-add; and for 32 scales 1 vpermb, 1 shift, 1 extract, 2
 * conversions of two operations each, 2 products, and half of 3 inserts and 1 maximum: 19.5 operations
 * on two ports = 10 cycles for 144 bytes, 14 bytes a cycle: more than one core can read from memory. So the
 * limit is reading, and what matters is that reads never wait: four rows at a time are four streams, and each
 * is asked for ahead. Scales are decoded on the assumption that none is negative or NaN; the maximum tells
 * whether that was so, and if not the rows are done again, exactly.
 *
 * Blocked scales of 16 rows are turned into the order of rows first: 256 lines far apart for k = 16384,
 * read while nothing else is going on, which costs a sixth of the time (measured); plain ones cost nothing.
 *
 * Prepacked, a lane is one of 16 rows: the vector's words are broadcast and 16 accumulators hold the
 * partial sums. */
#if defined(__x86_64__)
#include "nvfp4/avx512_vnni/nvfp4_avx512_vnni.h"
#include "nvfp4/nvfp4_512.h"

#define OFFSET 12
#define ROWS   4
#define AHEAD  8 /* groups of 16 blocks that are asked for before they are needed */

/* For each 16 blocks: words[0] and [1] low nibbles of bytes 0-3 and 4-7, [2] and [3] high ones. */
struct vnni_vector {
  struct {
    int8_t word[4][4 * NVFP4_LANES];
    int32_t start[NVFP4_LANES];
    float scale[NVFP4_LANES]; /* of the vector, a quarter, times what nvfp4_scales wants */
  } group[NVFP4_VECTOR_CHUNK / NVFP4_LANES];
};

static inline __m512i even_dwords(__m512i x, __m512i y) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return _mm512_permutex2var_epi32(x, even, y);
}

static inline __m512i odd_dwords(__m512i x, __m512i y) {
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return _mm512_permutex2var_epi32(x, odd, y);
}

void nvfp4_avx512_vnni_pack_vector(const struct nvfp4_source *s, int64_t b, int64_t block, int blocks,
                                   void *out) {
  struct vnni_vector *vector = out;
  const __m512i table = nvfp4_element_table(0), ones = _mm512_set1_epi8(1);
  const uint8_t *packed = s->packed + b * s->batch_stride_bytes + block * 8;
  for (int j = 0; j < blocks; j += NVFP4_LANES) {
    __m512i x = _mm512_maskz_loadu_epi8(nvfp4_byte_mask((blocks - j) * 8), packed + 8 * j), y = x;
    if (blocks - j > 8)
      y = _mm512_maskz_loadu_epi8(nvfp4_byte_mask((blocks - j - 8) * 8), packed + 8 * j + 64);
    else
      y = _mm512_setzero_si512();
    __m512i even = even_dwords(x, y), odd = odd_dwords(x, y);
    const __m512i word[4] = {nvfp4_low(even, table), nvfp4_low(odd, table), nvfp4_high(even, table),
                             nvfp4_high(odd, table)};
    __m512i sum = _mm512_setzero_si512();
    int8_t(*to)[4 * NVFP4_LANES] = vector->group[j / NVFP4_LANES].word;
    for (int i = 0; i < 4; i++) {
      _mm512_store_si512(to[i], word[i]);
      sum = _mm512_dpbusd_epi32(sum, ones, word[i]);
    }
    _mm512_store_si512(vector->group[j / NVFP4_LANES].start,
                       _mm512_mullo_epi32(sum, _mm512_set1_epi32(-OFFSET)));
    _Alignas(32) uint8_t code[2 * NVFP4_LANES] = {0};
    __m512 scale[2];
    nvfp4_scale_codes(s, b, 0, block + j, blocks - j < NVFP4_LANES ? blocks - j : NVFP4_LANES, code);
    for (int i = blocks - j; i < NVFP4_LANES; i++)
      code[i] = 0; /* blocked padding may hold NaN codes */
    nvfp4_scales(_mm256_load_si256((const __m256i *)code), _mm512_set1_ps(NVFP4_SCALES_TIMES(0.25f)), scale);
    _mm512_store_ps(vector->group[j / NVFP4_LANES].scale,
                    _mm512_mul_ps(scale[0], _mm512_set1_ps(NVFP4_SCALES_TIMES(1.0f))));
  }
}

/* The terms of 16 blocks of one row: x and y its 128 bytes, w the products of scales. */
static inline __m512 add_terms(__m512i x, __m512i y, const struct vnni_vector *v, int group, __m512 w,
                               __m512i table, __m512 partial) {
  const int8_t(*word)[4 * NVFP4_LANES] = v->group[group].word;
  __m512i even = even_dwords(x, y), odd = odd_dwords(x, y);
  __m512i s = _mm512_load_si512(v->group[group].start);
  s = _mm512_dpbusd_epi32(s, nvfp4_low(even, table), _mm512_load_si512(word[0]));
  s = _mm512_dpbusd_epi32(s, nvfp4_low(odd, table), _mm512_load_si512(word[1]));
  s = _mm512_dpbusd_epi32(s, nvfp4_high(even, table), _mm512_load_si512(word[2]));
  s = _mm512_dpbusd_epi32(s, nvfp4_high(odd, table), _mm512_load_si512(word[3]));
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(s), w, partial);
}

/* Four rows' 16 codes to the tops of 16-bit lanes: which byte, for rows 2 * half and 2 * half + 1. */
static inline __m512i places(int half) {
  _Alignas(64) uint8_t place[64] = {0};
  for (int i = 0; i < 32; i++)
    place[2 * i + 1] = (uint8_t)(32 * half + i);
  return _mm512_load_si512(place);
}

/* nvfp4_scales for codes 0..0x7e, that is neither negative nor NaN: 16 of each of four rows. */
static inline void quick_scales(__m512i codes, const __m512i place[2], __m512 factor, __m512 w[4]) {
  NVFP4_UNROLL for (int i = 0; i < 2; i++) {
    __m512i top = _mm512_maskz_permutexvar_epi8(0xaaaaaaaaaaaaaaaa, place[i], codes);
    __m512i half = _mm512_srli_epi16(top, 1);
    w[2 * i] = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_castsi512_si256(half)), factor);
    w[2 * i + 1] = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1)), factor);
  }
}

/* Four rows: where they and their scale codes begin, where their sums go, and what to ask for meanwhile:
 * the rows `skip` bytes on, and for each group a line of the scales of rows to come. `turned`: the codes of
 * all four instead, 64 bytes for each group. */
struct rows {
  const uint8_t *row[ROWS], *code[ROWS], *turned, *ahead;
  int64_t skip, ahead_step;
  float *partial[ROWS];
};

/* Four times 16 bytes. */
static inline __m512i side_by_side(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d) {
  __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)a));
  x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(const void *)b), 1);
  x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(const void *)c), 2);
  return _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(const void *)d), 3);
}

/* Returns 0, having written nothing, if a code was negative or NaN: then its product meant nothing. */
static inline __attribute__((always_inline)) int
four_rows(const struct vnni_vector *v, const struct rows *rows, const int turned, int groups) {
  const __m512i table = nvfp4_element_table(OFFSET), place[2] = {places(0), places(1)};
  __m512i most = _mm512_setzero_si512();
  __m512 sum[ROWS];
  NVFP4_UNROLL for (int r = 0; r < ROWS; r++) sum[r] = _mm512_loadu_ps(rows->partial[r]);
  for (int g = 0; g < groups; g++) {
    const int64_t ahead = g + AHEAD < groups ? (g + AHEAD) * 128 : rows->skip + (g + AHEAD - groups) * 128;
    __m512i codes;
    __m512 w[ROWS];
    if (turned)
      codes = _mm512_load_si512(rows->turned + 64 * g);
    else
      codes = side_by_side(rows->code[0] + 16 * g, rows->code[1] + 16 * g, rows->code[2] + 16 * g,
                           rows->code[3] + 16 * g);
    most = _mm512_max_epu8(most, codes);
    quick_scales(codes, place, _mm512_load_ps(v->group[g].scale), w);
    if (turned) /* lines 512 bytes apart would crowd a few sets of the first-level cache */
      __builtin_prefetch(rows->ahead + g * rows->ahead_step, 0, 2);
    else
      __builtin_prefetch(rows->ahead + g * rows->ahead_step);
    NVFP4_UNROLL for (int r = 0; r < ROWS; r++) {
      const uint8_t *at = rows->row[r] + (int64_t)g * 128;
      __builtin_prefetch(rows->row[r] + ahead);
      __builtin_prefetch(rows->row[r] + ahead + 64);
      sum[r] = add_terms(_mm512_loadu_si512(at), _mm512_loadu_si512(at + 64), v, g, w[r], table, sum[r]);
    }
  }
  if (_mm512_cmpgt_epu8_mask(most, _mm512_set1_epi8(0x7e)) != 0)
    return 0;
  for (int r = 0; r < ROWS; r++)
    _mm512_storeu_ps(rows->partial[r], sum[r]);
  return 1;
}

/* Any groups of one row, the last one cut short by `blocks`. */
static void one_row(const struct vnni_vector *v, const struct nvfp4_source *s, int64_t b, int64_t row,
                    int64_t block, int blocks, int first, float partial[NVFP4_PARTIALS]) {
  const __m512i table = nvfp4_element_table(OFFSET);
  __m512 sum = _mm512_loadu_ps(partial);
  for (int j = first; j < blocks; j += NVFP4_LANES) {
    const uint8_t *at = s->packed + b * s->batch_stride_bytes + row * s->row_stride_bytes + (block + j) * 8;
    int here = blocks - j < NVFP4_LANES ? blocks - j : NVFP4_LANES;
    __m512i x = _mm512_maskz_loadu_epi8(nvfp4_byte_mask(here * 8), at), y = _mm512_setzero_si512();
    if (here > 8)
      y = _mm512_maskz_loadu_epi8(nvfp4_byte_mask(here * 8 - 64), at + 64);
    _Alignas(32) uint8_t code[2 * NVFP4_LANES] = {0};
    __m512 w[2];
    nvfp4_scale_codes(s, b, row, block + j, here, code);
    for (int i = here; i < NVFP4_LANES; i++)
      code[i] = 0; /* blocked padding may hold NaN codes */
    nvfp4_scales(_mm256_load_si256((const __m256i *)code), _mm512_load_ps(v->group[j / NVFP4_LANES].scale),
                 w);
    sum = add_terms(x, y, v, j / NVFP4_LANES, w[0], table, sum);
  }
  _mm512_storeu_ps(partial, sum);
}

/* The terms of one block of 16 rows: 128 bytes of a prepacked panel. */
static inline __m512 add_lanes(const uint8_t *x, const int32_t *word, __m512i start, __m512 w, __m512i table,
                               __m512 partial) {
  __m512i low = _mm512_loadu_si512(x), high = _mm512_loadu_si512(x + 64);
  start = _mm512_dpbusd_epi32(start, nvfp4_low(low, table), _mm512_set1_epi32(word[0]));
  start = _mm512_dpbusd_epi32(start, nvfp4_low(high, table), _mm512_set1_epi32(word[NVFP4_LANES]));
  start = _mm512_dpbusd_epi32(start, nvfp4_high(low, table), _mm512_set1_epi32(word[2 * NVFP4_LANES]));
  start = _mm512_dpbusd_epi32(start, nvfp4_high(high, table), _mm512_set1_epi32(word[3 * NVFP4_LANES]));
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(start), w, partial);
}

/* The same for 32 codes in their order. */
static inline void quick_two(__m256i codes, __m512 factor, __m512 w[2]) {
  __m512i half = _mm512_slli_epi16(_mm512_cvtepu8_epi16(codes), 7);
  w[0] = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_castsi512_si256(half)), factor);
  w[1] = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1)), factor);
}

/* `panels` prepacked panels of 32 rows side by side, so that each is a stream. Without `exact`, returns 0
 * and leaves the sums alone if a code is negative or NaN. */
static inline __attribute__((always_inline)) int prepacked_panels(const struct vnni_vector *v,
                                                                  const struct nvfp4_source *s, int64_t b,
                                                                  int64_t row, const int panels,
                                                                  const int exact, int64_t block, int blocks,
                                                                  float (*partial)[NVFP4_PARTIALS]) {
  const __m512i table = nvfp4_element_table(OFFSET);
  const int64_t stride = nvfp4_prepacked_panel_bytes(s->blocks);
  const uint8_t *x = nvfp4_prepacked_elements(s, b, row, block);
  const uint8_t *code = nvfp4_prepacked_scales(s, b, row, block);
  _Alignas(64) float turned[NVFP4_PARTIALS][4 * NVFP4_PREPACKED_ROWS];
  __m256i most = _mm256_setzero_si256();
  for (int i = 0; i < panels * NVFP4_PREPACKED_ROWS; i++)
    for (int p = 0; p < NVFP4_PARTIALS; p++)
      turned[p][i] = partial[i][p];
  for (int j = 0; j < blocks; j++, x += 256, code += 32) {
    int lane = j % NVFP4_LANES;
    const int32_t *word = (const int32_t *)(const void *)v->group[j / NVFP4_LANES].word + lane;
    const __m512i start = _mm512_set1_epi32(v->group[j / NVFP4_LANES].start[lane]);
    const __m512 factor = _mm512_set1_ps(v->group[j / NVFP4_LANES].scale[lane]);
    for (int p = 0; p < panels; p++) {
      const uint8_t *at = x + p * stride;
      float *sum = turned[lane] + p * NVFP4_PREPACKED_ROWS;
      __m512 w[2];
      for (int i = 0; i < 256; i += 64)
        __builtin_prefetch(at + 128 * AHEAD + i);
      __m256i codes = _mm256_loadu_si256((const __m256i *)(const void *)(code + p * stride));
      if (exact) {
        nvfp4_scales(codes, factor, w);
      } else {
        most = _mm256_max_epu8(most, codes);
        quick_two(codes, factor, w);
      }
      _mm512_store_ps(sum, add_lanes(at, word, start, w[0], table, _mm512_load_ps(sum)));
      sum += NVFP4_LANES;
      _mm512_store_ps(sum, add_lanes(at + 128, word, start, w[1], table, _mm512_load_ps(sum)));
    }
  }
  if (_mm256_cmpgt_epu8_mask(most, _mm256_set1_epi8(0x7e)) != 0)
    return 0;
  for (int i = 0; i < panels * NVFP4_PREPACKED_ROWS; i++)
    for (int p = 0; p < NVFP4_PARTIALS; p++)
      partial[i][p] = turned[p][i];
  return 1;
}

static void prepacked_rows(const struct vnni_vector *v, const struct nvfp4_source *s, int64_t b, int64_t row,
                           int rows, int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]) {
  if (rows > 96 && prepacked_panels(v, s, b, row, 4, 0, block, blocks, partial))
    return;
  for (int i = 0; i < rows; i += NVFP4_PREPACKED_ROWS)
    if (!prepacked_panels(v, s, b, row + i, 1, 0, block, blocks, partial + i))
      (void)prepacked_panels(v, s, b, row + i, 1, 1, block, blocks, partial + i);
}

/* Up to four rows, `left` of them there. rows: code or turned, and ahead, are given. What is not there is
 * the first row again, and its sums are dropped. */
static void some_rows(const struct vnni_vector *v, const struct nvfp4_source *s, int64_t b, int64_t row,
                      int left, int64_t block, int blocks, struct rows *rows,
                      float (*partial)[NVFP4_PARTIALS]) {
  float dropped[NVFP4_PARTIALS] = {0};
  const int groups = blocks / NVFP4_LANES;
  rows->skip = s->row_stride_bytes * ROWS;
  for (int r = 0; r < ROWS; r++) {
    int which = r < left ? r : 0;
    rows->row[r] = s->packed + b * s->batch_stride_bytes + (row + which) * s->row_stride_bytes + block * 8;
    rows->partial[r] = r < left ? partial[r] : dropped;
  }
  int ordinary = rows->turned ? four_rows(v, rows, 1, groups) : four_rows(v, rows, 0, groups);
  int done = ordinary ? groups * NVFP4_LANES : 0;
  for (int r = 0; r < left && r < ROWS && done < blocks; r++)
    one_row(v, s, b, row + r, block, blocks, done, partial[r]);
}

/* Four rows with plain scales; the next four rows' scales are asked for as if rows followed closely. */
static void plain_rows(const struct vnni_vector *v, const struct nvfp4_source *s, int64_t b, int64_t row,
                       int left, int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]) {
  struct rows rows = {.ahead_step = 64};
  for (int r = 0; r < ROWS; r++)
    rows.code[r] = nvfp4_source_scale(s, b, row + (r < left ? r : 0), block);
  rows.ahead = rows.code[0] + ROWS * s->scale_row_stride_bytes;
  some_rows(v, s, b, row, left, block, blocks, &rows, partial);
}

/* Codes of 16 rows, which fill a line of 64 bytes of every tile: with rows c + 32 * q for c, q < 4, out[q]
 * gets the codes of four rows for each group of 16 blocks. */
static void untile(const uint8_t *tile, int groups, uint8_t out[4][64 * NVFP4_VECTOR_CHUNK / NVFP4_LANES]) {
  for (int g = 0; g < groups; g++, tile += 4 * 512) {
    __m512i a = _mm512_loadu_si512(tile), b = _mm512_loadu_si512(tile + 512);
    __m512i c = _mm512_loadu_si512(tile + 1024), d = _mm512_loadu_si512(tile + 1536);
    /* A lane of 16 bytes is a c, a word in it a q; afterwards a register is a q, a lane a c. */
    __m512i low_ab = _mm512_unpacklo_epi32(a, b), high_ab = _mm512_unpackhi_epi32(a, b);
    __m512i low_cd = _mm512_unpacklo_epi32(c, d), high_cd = _mm512_unpackhi_epi32(c, d);
    _mm512_store_si512(&out[0][64 * g], _mm512_unpacklo_epi64(low_ab, low_cd));
    _mm512_store_si512(&out[1][64 * g], _mm512_unpackhi_epi64(low_ab, low_cd));
    _mm512_store_si512(&out[2][64 * g], _mm512_unpacklo_epi64(high_ab, high_cd));
    _mm512_store_si512(&out[3][64 * g], _mm512_unpackhi_epi64(high_ab, high_cd));
  }
}

/* Up to 128 rows of one row of tiles. While four rows are at work, a quarter of the next line of every
 * tile, or of the first of the next row of tiles, is asked for: strides this long nobody foresees. */
static void tile_rows(const struct vnni_vector *v, const struct nvfp4_source *s, int64_t b, int64_t row,
                      int rows, int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]) {
  _Alignas(64) uint8_t codes[4][64 * NVFP4_VECTOR_CHUNK / NVFP4_LANES];
  const uint8_t *tile = nvfp4_source_scale(s, b, row, block);
  const int groups = blocks / NVFP4_LANES;
  for (int i = 0; i < 32 && i < rows; i += 4) {
    untile(tile + i * 16, groups, codes);
    const uint8_t *next = tile + (i < 28 ? (i + 4) * 16 : s->scale_tiles * 512);
    for (int q = 0; q < 4 && i + 32 * q < rows; q++) {
      struct rows four = {.turned = codes[q], .ahead = next + (int64_t)q * groups * 512, .ahead_step = 512};
      some_rows(v, s, b, row + i + 32 * q, rows - i - 32 * q, block, blocks, &four, partial + i + 32 * q);
    }
  }
}

void nvfp4_avx512_vnni_gemv(const void *vector, const struct nvfp4_source *s, int64_t b, int64_t row,
                            int rows, int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]) {
  const struct vnni_vector *v = vector;
  if (s->prepacked)
    prepacked_rows(v, s, b, row, rows, block, blocks, partial);
  else if (s->scale_tiles == 0)
    for (int i = 0; i < rows; i += ROWS)
      plain_rows(v, s, b, row + i, rows - i, block, blocks, partial + i);
  else if (row % 128 == 0)
    tile_rows(v, s, b, row, rows, block, blocks, partial);
  else
    for (int i = 0; i < rows; i++)
      one_row(v, s, b, row + i, block, blocks, 0, partial[i]);
}

_Static_assert(sizeof(struct vnni_vector) <= NVFP4_VECTOR_BYTES, "the workspace would be too small");
#else
typedef int nvfp4_no_avx512_vnni_gemv_here;
#endif

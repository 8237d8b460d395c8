/* Room: an entry of nvfp4_gemv. May include sharktank/entry.h, the C library's types and immintrin.h,
 * nothing else: the file stands alone behind #define lines written above it.
 *
 * c[l][i] = sum over blocks of 16 along k of  sfa[l][i][blk] * sfb[l][blk] * sum over the block of a * b
 *   a [l][m][k/2], b [l][128][k/2] (row 0 counts) packed e2m1; sfa, sfb ue4m3 blocked; c [l][m] fp16.
 *
 * Every byte of a is used once, so the question is how to keep up with memory: 72 bytes for 128 elements.
 * The vector is decoded once per batch and pass over k, into the order in which the kernel wants it.
 *   dot:  a vector's lanes are LANES blocks of one row: two loads, of which one shuffle takes the first
 *         and one the second four bytes of each block; the lanes are added up at the end of the row.
 *   rows: lanes are LANES rows, gathered; b is broadcast; nothing is left to add up, but as many rows as
 *         lanes are open at a time, which memory likes less.
 * Knobs (a word knob arrives as KNOB_<NAME>_<word>, a number as KNOB_<NAME>): see the block below.
 *
 * Numerics. Elements are doubled into integers of at most 12, so a block's sum is at most 2304 in
 * absolute value: exact in int32, in int16 pairs and in fp32. Times two scale factors (20 bits in all) it
 * is still exact; the one rounding per block is the addition into the accumulator. The doubling is taken
 * back by halving both scale factors, which is exact. One rounding to fp16 at the end.
 *
 * Cycles of the vnni dot member per 16 blocks (128 bytes of a) of a row, on two 512-bit ports: 2 shuffles,
 * 2 shifts, 4 vpermb, 4 vpdpbusd, 1 conversion, about 10 for the scales, 2 to fold = 25 uops, 12.5 cycles,
 * or 11 bytes a cycle, scales included: 33 GB/s at 2.9 GHz, more than one core of most servers reads.
 *
 * Measured on one core of a busy 2-core virtual machine (Emerald Rapids, about 2.9 GHz), gcc 12, GMAC/s on
 * the three scaled shapes with inputs in the third-level cache (bench/family_sweep --sample 90 --seed 5):
 *   vnni dot, i8, ROWS 4, near, permute, arith, KC 4096, PREFETCH 8192: 43, 42, 38, or 24, 24, 21 GB/s
 *   in the mean over the shapes: best with rows 25, avx2 i8 28, f32 of 512 bits 20, strip 7; naive.c 1.6. */
#include <immintrin.h>
#include <sharktank/entry.h>
#include <stddef.h>
#include <string.h>

const uint32_t sk_entry_abi = SK_ABI;

/* ---- Knobs. What is not given takes the first value named here. ---- */

/* ISA: scalar | avx2 | avx512_vnni. */
#if defined KNOB_ISA_avx2
#define LANES 8
#elif defined KNOB_ISA_avx512_vnni
#define LANES 16
#else
#define LANES 1
#endif

/* MATH: f32 | i8, the type that is multiplied. */
#ifdef KNOB_MATH_i8
#define MATH_I8 1
#else
#define MATH_I8 0
#endif

#if LANES == 8 && !(defined __AVX2__ && defined __FMA__ && defined __F16C__)
#error "ISA avx2 needs a machine with AVX2, FMA and F16C"
#elif LANES == 16 && !(defined __AVX512F__ && defined __AVX512BW__ && defined __AVX512VNNI__)
#error "ISA avx512_vnni needs a machine with AVX-512 F, BW and VNNI"
#endif

/* FLOW: dot | rows. */
#ifdef KNOB_FLOW_rows
#define FLOW_DOT 0
#else
#define FLOW_DOT 1
#endif
#if !FLOW_DOT && LANES == 1
#error "FLOW rows needs vectors"
#endif

/* ORDER: near (rows at a time are neighbours) | quad (32 apart: the blocked layout keeps the scales of
 * four such rows side by side). */
#ifdef KNOB_ORDER_quad
#define ORDER_QUAD 1
#else
#define ORDER_QUAD 0
#endif

/* DECODE: table (of 16) | pair (of 256 bytes) | arith, all scalar; shuffle (pshufb) | permute (vpermb for
 * i8, vpermps for f32). */
#ifdef KNOB_DECODE_permute
#define DECODE_PERMUTE 1
#else
#define DECODE_PERMUTE 0
#endif
#if LANES > 1 && !MATH_I8 && !DECODE_PERMUTE
#error "MATH f32 in vectors needs DECODE permute"
#elif LANES > 1 && MATH_I8 && !DECODE_PERMUTE && !defined KNOB_DECODE_shuffle
#error "MATH i8 in vectors needs DECODE shuffle or permute"
#elif DECODE_PERMUTE && MATH_I8 && !(defined __AVX512VBMI__ && LANES == 16)
#error "DECODE permute with MATH i8 needs AVX-512 VBMI and ISA avx512_vnni"
#endif

/* SCALE: lut (a look-up for each block, gathered) | arith (from bits in a register) | strip (looked up for
 * a whole row and pass before its elements are read). */
#ifdef KNOB_SCALE_strip
#define SCALE_STRIP 1
#else
#define SCALE_STRIP 0
#endif

#ifndef KNOB_ROWS /* rows (dot) or vectors of rows (rows) at a time */
#define KNOB_ROWS 1
#endif
#ifndef KNOB_KC /* elements of k per pass */
#define KNOB_KC 65536
#endif
#ifndef KNOB_UNROLL /* steps per turn of the inner loop */
#define KNOB_UNROLL 1
#endif
#ifndef KNOB_PREFETCH /* bytes ahead that a row is asked for; 0 = left to the machine */
#define KNOB_PREFETCH 0
#endif
#if ORDER_QUAD && (KNOB_ROWS != 4 || !FLOW_DOT)
#error "ORDER quad needs FLOW dot and ROWS 4"
#elif SCALE_STRIP && !FLOW_DOT
#error "SCALE strip needs FLOW dot"
#elif KNOB_KC % 256 != 0
#error "KC must be a multiple of 256: passes start at whole tiles of scales and whole steps"
#endif

enum {
  BLOCK = 16,
  BLOCK_BYTES = 8,
  ROWS = KNOB_ROWS,
  KC_BLOCKS = KNOB_KC / BLOCK,
  B_LANES = FLOW_DOT ? LANES : 1, /* blocks side by side in decoded b; a step of dot reads as many */
  WORDS = MATH_I8 ? 4 : 16,       /* 32-bit words of decoded b per block */
  MOST_M = 65536,
  OFFSET = MATH_I8 && LANES > 1 ? 12 : 0 /* added to a's bytes to make them unsigned */
};

#define INLINE    static inline __attribute__((always_inline))
#define PRAGMA(x) _Pragma(#x)
#ifdef __clang__
#define UNROLL(n)  PRAGMA(unroll n)
#define UNROLL_ALL PRAGMA(clang loop unroll(full))
#else
#define UNROLL(n)  PRAGMA(GCC unroll n)
#define UNROLL_ALL PRAGMA(GCC unroll 64)
#if LANES == 1
#pragma GCC optimize("no-tree-vectorize") /* or scalar would measure the compiler's vectoriser */
#endif
#endif

/* Decoded b of a pass, by steps of B_LANES blocks: word [step][word][lane], scale and start
 * [step][lane]. i8: four words of four doubled elements: low nibbles of bytes 0-3, high ones, the same of
 * bytes 4-7; f32: sixteen floats. start: OFFSET times the block's sum, taken away beforehand. */
static uint32_t b_word[KC_BLOCKS * WORDS] __attribute__((aligned(64)));
static float b_scale[KC_BLOCKS] __attribute__((aligned(64)));
static int32_t b_start[KC_BLOCKS] __attribute__((aligned(64)));
#if FLOW_DOT
static float a_scale[ROWS][KC_BLOCKS] __attribute__((aligned(64))); /* SCALE strip */
#endif
static float c_partial[MOST_M]; /* between passes over k */
static float scale_value[128];  /* half of each ue4m3 value */

/* Twice the e2m1 values. */
static const int8_t doubled[16]
    __attribute__((aligned(16))) = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/* One matrix of the batch, and the part of k that this pass covers. */
typedef struct matrix {
  const uint8_t *bytes, *scales;
  int64_t row_bytes, rows, k_tiles;
  int64_t block0, blocks; /* block0 is a multiple of KC_BLOCKS */
  uint16_t *out;
  int first, last;
} matrix;

/* ---- Vectors: what is not the same for all sets, or said by C's operators ---- */
/* vf: LANES floats. vw: LANES words of eight codes. */

#if LANES == 1
typedef float vf;
typedef uint32_t vw;
INLINE vf vf_set1(const float *p) {
  return *p;
}
INLINE vw vw_set1(const uint32_t *p) {
  return *p;
}
INLINE vf vf_fma(vf a, vf b, vf c) {
  return a * b + c;
}
INLINE float vf_total(vf a) {
  return a;
}
#elif LANES == 8
typedef __m256 vf;
typedef __m256i vw;
INLINE vf vf_set1(const float *p) {
  return _mm256_broadcast_ss(p);
}
INLINE vw vw_set1(const uint32_t *p) {
  return _mm256_set1_epi32((int)*p);
}
INLINE vf vf_fma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}
INLINE float vf_total(vf a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
#else
typedef __m512 vf;
typedef __m512i vw;
INLINE vf vf_set1(const float *p) {
  return _mm512_set1_ps(*p);
}
INLINE vw vw_set1(const uint32_t *p) {
  return _mm512_set1_epi32((int)*p);
}
INLINE vf vf_fma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}
INLINE float vf_total(vf a) {
  return _mm512_reduce_add_ps(a);
}
#endif
INLINE vf vf_load(const float *p) {
  vf x;
  memcpy(&x, p, sizeof x);
  return x;
}
INLINE vw vw_load(const uint32_t *p) {
  vw x;
  memcpy(&x, p, sizeof x);
  return x;
}

/* The half of b's layout that `rows` lacks is a broadcast. */
INLINE vf b_floats(const float *p) {
  return FLOW_DOT ? vf_load(p) : vf_set1(p);
}
INLINE vw b_words(const uint32_t *p) {
  return FLOW_DOT ? vw_load(p) : vw_set1(p);
}

/* LANES blocks of a row, of which `left` exist, as their first and last four bytes. The shuffle leaves
 * them in the order of lane_block. */
INLINE void load_blocks(const uint8_t *p, int64_t left, vw half[2]) {
#if LANES == 1
  (void)left;
  memcpy(half, p, BLOCK_BYTES);
#elif LANES == 8
  __m256 raw[2];
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (int i = 0; i < 2; i++, p += 32) {
    __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(left - 4 * i) * 2), lane);
    raw[i] = left >= LANES ? _mm256_loadu_ps((const void *)p) : _mm256_maskload_ps((const void *)p, mask);
  }
  half[0] = _mm256_castps_si256(_mm256_shuffle_ps(raw[0], raw[1], 0x88));
  half[1] = _mm256_castps_si256(_mm256_shuffle_ps(raw[0], raw[1], 0xdd));
#else
  const uint32_t words = left >= LANES ? ~0u : (1u << 2 * left) - 1;
  __m512 x = _mm512_maskz_loadu_ps((__mmask16)words, p);
  __m512 y = _mm512_maskz_loadu_ps((__mmask16)(words >> 16), p + 64);
  half[0] = _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88));
  half[1] = _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd));
#endif
}

/* The block of a step that a lane holds. */
INLINE int64_t lane_block(int64_t lane) {
  return B_LANES == 1 ? 0 : lane / 4 * 2 + lane % 2 + lane % 4 / 2 * (B_LANES / 2);
}

/* ---- Blocks: the sum over a block of a * b for each lane, as a float ---- */

#if LANES == 1
static int8_t pair_value[256][2];

INLINE int arith_value(uint32_t code) { /* 0 1 2 3 | 4 6 8 12 */
  int size = (int)(code & 7), low = (int)(code & 3);
  size += size >= 4 ? low + (low == 3) * 2 : 0;
  return code & 8 ? -size : size;
}

/* Doubled elements 2 * i and 2 * i + 1 of four bytes. */
INLINE void values_of(uint32_t bytes, int i, int value[2]) {
  uint32_t byte = bytes >> 8 * i & 255;
#if defined KNOB_DECODE_pair
  value[0] = pair_value[byte][0], value[1] = pair_value[byte][1];
#elif defined KNOB_DECODE_arith
  value[0] = arith_value(byte & 15), value[1] = arith_value(byte >> 4);
#else
  value[0] = doubled[byte & 15], value[1] = doubled[byte >> 4];
#endif
}

INLINE vf block_sums(const vw half[2], const uint32_t *b, const int32_t *start) {
  int32_t sum = *start;
  float fsum = 0.0f;
  UNROLL_ALL
  for (int i = 0; i < 8; i++) {
    int value[2];
    values_of(half[i / 4], i % 4, value);
#if MATH_I8
    sum += value[0] * (int8_t)(b[i / 4 * 2] >> 8 * (i % 4) & 255u);
    sum += value[1] * (int8_t)(b[i / 4 * 2 + 1] >> 8 * (i % 4) & 255u);
#else
    float factor[2];
    memcpy(factor, b + 2 * i, sizeof factor);
    fsum += (float)value[0] * factor[0] + (float)value[1] * factor[1];
#endif
  }
  return MATH_I8 ? (float)sum : fsum;
}
#elif MATH_I8
/* Low and high nibbles of every byte as doubled elements + OFFSET. */
INLINE void decode_words(vw raw, vw *low, vw *high) {
#if LANES == 8
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i table = _mm256_add_epi8(_mm256_broadcastsi128_si256(_mm_load_si128((const void *)doubled)),
                                        _mm256_set1_epi8(OFFSET));
  *low = _mm256_shuffle_epi8(table, _mm256_and_si256(raw, nibble));
  *high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(raw, 4), nibble));
#else
  const __m512i table = _mm512_add_epi8(_mm512_broadcast_i32x4(_mm_load_si128((const void *)doubled)),
                                        _mm512_set1_epi8(OFFSET));
  const __m512i shifted = _mm512_srli_epi16(raw, 4);
#if DECODE_PERMUTE /* vpermb ignores the bits that pshufb has to mask */
  *low = _mm512_permutexvar_epi8(raw, table);
  *high = _mm512_permutexvar_epi8(shifted, table);
#else
  const __m512i nibble = _mm512_set1_epi8(15);
  *low = _mm512_shuffle_epi8(table, _mm512_and_si512(raw, nibble));
  *high = _mm512_shuffle_epi8(table, _mm512_and_si512(shifted, nibble));
#endif
#endif
}

INLINE vf block_sums(const vw half[2], const uint32_t *b, const int32_t *start) {
  vw value[4];
  decode_words(half[0], &value[0], &value[1]);
  decode_words(half[1], &value[2], &value[3]);
#if LANES == 8 /* int16 pairs hold a whole block: at most 4 * 2 * 24 * 12 = 2304 */
  __m256i sum = _mm256_maddubs_epi16(value[0], b_words(b));
  UNROLL_ALL
  for (int i = 1; i < 4; i++)
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(value[i], b_words(b + i * B_LANES)));
  sum = _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
  return _mm256_cvtepi32_ps(_mm256_add_epi32(sum, b_words((const uint32_t *)start)));
#else
  __m512i sum = b_words((const uint32_t *)start);
  UNROLL_ALL
  for (int i = 0; i < 4; i++)
    sum = _mm512_dpbusd_epi32(sum, value[i], b_words(b + i * B_LANES));
  return _mm512_cvtepi32_ps(sum);
#endif
}
#else
/* Element i of every lane's word. */
INLINE vf element(vw w, int i) {
#if LANES == 16
  const __m512 table = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_load_si128((const void *)doubled)));
  return _mm512_permutexvar_ps(_mm512_srli_epi32(w, (unsigned)(4 * i)), table);
#else
  const __m256 table = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_load_si128((const void *)doubled)));
  __m256 size = _mm256_permutevar8x32_ps(table, _mm256_srli_epi32(w, 4 * i));
  __m256i sign = _mm256_and_si256(_mm256_slli_epi32(w, 28 - 4 * i), _mm256_set1_epi32(INT32_MIN));
  return _mm256_xor_ps(size, _mm256_castsi256_ps(sign));
#endif
}

INLINE vf block_sums(const vw half[2], const uint32_t *b, const int32_t *start) {
  vf sum[2] = {{0}, {0}}; /* two chains: an FMA takes four cycles */
  (void)start;
  UNROLL_ALL
  for (int i = 0; i < 16; i++)
    sum[i % 2] = vf_fma(element(half[i / 8], i % 8), b_floats((const float *)(b + i * B_LANES)), sum[i % 2]);
  return sum[0] + sum[1];
}
#endif

/* ---- Scale factors ---- */

static void fill_tables(void) {
  for (int code = 0; code < 128; code++) {
    int exponent = code >> 3, mantissa = code & 7;
    float value = (float)(exponent ? 8 + mantissa : mantissa) * 0x1p-10f;
    for (; exponent > 1; exponent--)
      value *= 2.0f;
    scale_value[code] = value;
  }
#if LANES == 1
  for (int byte = 0; byte < 256; byte++) {
    pair_value[byte][0] = doubled[byte & 15];
    pair_value[byte][1] = doubled[byte >> 4];
  }
#endif
}

/* The scales of row i: those of blocks 4t .. 4t+3 lie at 512 * t. */
INLINE const uint8_t *row_scales(const matrix *x, int64_t i) {
  return x->scales + (i / 128 * x->k_tiles + x->block0 / 4) * 512 + i % 32 * 16 + i % 128 / 32 * 4;
}

/* Codes in 32-bit lanes to halves of their values. arith: subnormals (2^-9 * mantissa) come out of the
 * shift as a float with an implicit one too many: twice that, minus the one, is right. */
INLINE vf scales_of(vw codes) {
#if defined KNOB_SCALE_arith && LANES == 1
  uint32_t code = codes & 0x7f, bits = (code << 20) + (119u << 23);
  float value;
  memcpy(&value, &bits, 4);
  return code < 8 ? 2.0f * value - 0x1p-7f : value;
#elif LANES == 1
  return scale_value[codes & 0x7f];
#elif defined KNOB_SCALE_arith && LANES == 8
  __m256i code = _mm256_and_si256(codes, _mm256_set1_epi32(0x7f));
  __m256 value =
      _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(code, 20), _mm256_set1_epi32(119 << 23)));
  __m256 small = _mm256_fmsub_ps(value, _mm256_set1_ps(2.0f), _mm256_set1_ps(0x1p-7f));
  return _mm256_blendv_ps(value, small, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(8), code)));
#elif defined KNOB_SCALE_arith
  __m512i code = _mm512_and_si512(codes, _mm512_set1_epi32(0x7f));
  __m512 value =
      _mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(code, 20), _mm512_set1_epi32(119 << 23)));
  __mmask16 subnormal = _mm512_cmplt_epu32_mask(code, _mm512_set1_epi32(8));
  return _mm512_mask_fmsub_ps(value, subnormal, _mm512_set1_ps(2.0f), _mm512_set1_ps(0x1p-7f));
#elif LANES == 8
  return _mm256_i32gather_ps(scale_value, _mm256_and_si256(codes, _mm256_set1_epi32(0x7f)), 4);
#else
  return _mm512_i32gather_ps(_mm512_and_si512(codes, _mm512_set1_epi32(0x7f)), scale_value, 4);
#endif
}

/* The sum of row i over this pass: kept for the next one, or rounded and stored. */
static void finish_row(const matrix *x, int64_t i, float total) {
  if (!x->first)
    total += c_partial[i];
  c_partial[i] = total;
  if (x->last) {
    _Float16 half = (_Float16)total;
    memcpy(&x->out[i], &half, 2);
  }
}

#if FLOW_DOT
/* ---- dot: lanes are blocks ---- */

INLINE int64_t min64(int64_t x, int64_t y) {
  return x < y ? x : y;
}

/* The codes of a step's blocks for ROWS rows, in the order of lane_block, in 32-bit lanes. Past the last
 * tile the last one is read again: those blocks of b are zeros. */
INLINE void step_codes(const uint8_t *const scales[ROWS], int64_t blk, int64_t blocks, vw codes[ROWS]) {
#if LANES == 1
  (void)blocks;
  for (int r = 0; r < ROWS; r++)
    codes[r] = scales[r][blk / 4 * 512 + blk % 4];
#else
  const __m128i order = LANES == 16 ? _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)
                                    : _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0);
  __m128i quad[4], bytes[ROWS > 4 ? ROWS : 4];
  int64_t at[4];
  for (int t = 0; t < 4; t++)
    at[t] = min64(blk / 4 + t % (LANES / 4), (blocks - 1) / 4) * 512;
  if (ORDER_QUAD) { /* one load brings four rows' codes of a tile: a 4 x 4 transpose */
    for (int t = 0; t < 4; t++)
      quad[t] = _mm_loadu_si128((const void *)(scales[0] + at[t]));
    __m128i u0 = _mm_unpacklo_epi32(quad[0], quad[1]), u1 = _mm_unpackhi_epi32(quad[0], quad[1]);
    __m128i u2 = _mm_unpacklo_epi32(quad[2], quad[3]), u3 = _mm_unpackhi_epi32(quad[2], quad[3]);
    bytes[0] = _mm_unpacklo_epi64(u0, u2), bytes[1] = _mm_unpackhi_epi64(u0, u2);
    bytes[2] = _mm_unpacklo_epi64(u1, u3), bytes[3] = _mm_unpackhi_epi64(u1, u3);
  } else {
    for (int r = 0; r < ROWS; r++) {
      uint32_t word[4] = {0, 0, 0, 0};
      for (int t = 0; t < LANES / 4; t++)
        memcpy(&word[t], scales[r] + at[t], 4);
      bytes[r] = _mm_setr_epi32((int)word[0], (int)word[1], (int)word[2], (int)word[3]);
    }
  }
  for (int r = 0; r < ROWS; r++) {
    __m128i ordered = _mm_shuffle_epi8(bytes[r], order);
#if LANES == 16
    codes[r] = _mm512_cvtepu8_epi32(ordered);
#else
    codes[r] = _mm256_cvtepu8_epi32(ordered);
#endif
  }
#endif
}

/* Row r of a group of ROWS rows; it may lie past the end. */
INLINE int64_t row_of(int64_t group, int r) {
  return ORDER_QUAD ? group / 32 * 128 + group % 32 + 32 * r : group * ROWS + r;
}

INLINE void dot_step(const uint8_t *const bytes[ROWS], const uint8_t *const scales[ROWS], int64_t blk,
                     int64_t blocks, int whole, vf acc[ROWS]) {
  vw codes[ROWS];
  const vf sfb = vf_load(b_scale + blk);
  if (!SCALE_STRIP)
    step_codes(scales, blk, blocks, codes);
  UNROLL_ALL
  for (int r = 0; r < ROWS; r++) {
    const uint8_t *at = bytes[r] + blk * BLOCK_BYTES;
    vw half[2];
    if (KNOB_PREFETCH && LANES > 1)
      for (int line = 0; line < LANES / 8; line++)
        _mm_prefetch((const char *)at + KNOB_PREFETCH + 64 * line, _MM_HINT_T0);
    load_blocks(at, whole ? LANES : blocks - blk, half);
    vf sums = block_sums(half, b_word + blk * WORDS, b_start + blk);
    vf scale = SCALE_STRIP ? vf_load(a_scale[r] + blk) : scales_of(codes[r]);
    if (!SCALE_STRIP)
      scale *= sfb;
    acc[r] = vf_fma(sums, scale, acc[r]);
  }
}

/* The products of both sides' scales for all blocks of a row's pass, in the order of lanes. */
INLINE void decode_strip(const uint8_t *scales, int64_t blocks, float *out) {
  for (int64_t i = 0; i < (blocks + LANES - 1) / LANES * LANES; i++) {
    int64_t blk = min64(i / LANES * LANES + lane_block(i % LANES), blocks - 1);
    out[i] = scale_value[scales[blk / 4 * 512 + blk % 4] & 0x7f] * b_scale[i];
  }
}

/* Rows past the end repeat the last one and are not stored. */
static void multiply(const matrix *x) {
  const int64_t groups = ORDER_QUAD ? (x->rows + 127) / 128 * 32 : (x->rows + ROWS - 1) / ROWS;
  for (int64_t group = 0; group < groups; group++) {
    const uint8_t *bytes[ROWS], *scales[ROWS];
    vf acc[ROWS];
    if (row_of(group, 0) >= x->rows)
      continue;
    for (int r = 0; r < ROWS; r++) {
      int64_t row = min64(row_of(group, r), x->rows - 1);
      bytes[r] = x->bytes + row * x->row_bytes + x->block0 * BLOCK_BYTES;
      scales[r] = row_scales(x, row);
      acc[r] = (vf){0};
      if (SCALE_STRIP)
        decode_strip(scales[r], x->blocks, a_scale[r]);
    }
    int64_t blk = 0;
    UNROLL(KNOB_UNROLL)
    for (; blk + LANES <= x->blocks; blk += LANES)
      dot_step(bytes, scales, blk, x->blocks, 1, acc);
    if (blk < x->blocks)
      dot_step(bytes, scales, blk, x->blocks, 0, acc);
    for (int r = 0; r < ROWS && row_of(group, r) < x->rows; r++)
      finish_row(x, row_of(group, r), vf_total(acc[r]));
  }
}
#else
/* ---- rows: lanes are rows ---- */

/* A word from each of LANES rows, `offset` bytes behind p. */
INLINE vw gather(const uint8_t *p, const int32_t offset[LANES]) {
#if LANES == 8
  return _mm256_i32gather_epi32((const void *)p, vw_load((const uint32_t *)offset), 1);
#else
  return _mm512_i32gather_epi32(vw_load((const uint32_t *)offset), p, 1);
#endif
}

INLINE vw byte_of(vw x, int i) {
#if LANES == 8
  return _mm256_and_si256(_mm256_srli_epi32(x, 8 * i), _mm256_set1_epi32(255));
#else
  return _mm512_and_si512(_mm512_srli_epi32(x, (unsigned)(8 * i)), _mm512_set1_epi32(255));
#endif
}

/* LANES rows from `row`; rows past the end repeat the last one and are not stored. */
typedef struct lanes {
  const uint8_t *bytes, *scales;
  int32_t byte_offset[LANES], scale_offset[LANES];
} lanes;

static void open_lanes(const matrix *x, int64_t row, lanes *to) {
  to->bytes = x->bytes + row * x->row_bytes + x->block0 * BLOCK_BYTES;
  to->scales = row_scales(x, row);
  for (int64_t i = 0; i < LANES; i++) {
    int64_t here = row + i < x->rows ? row + i : x->rows - 1;
    to->byte_offset[i] = (int32_t)((here - row) * x->row_bytes);
    to->scale_offset[i] = (int32_t)(row_scales(x, here) - to->scales);
  }
}

INLINE void rows_block(const lanes *group, const vw codes[ROWS], int64_t blk, vf acc[ROWS]) {
  const vf sfb = vf_set1(b_scale + blk);
  UNROLL_ALL
  for (int v = 0; v < ROWS; v++) {
    const uint8_t *at = group[v].bytes + blk * BLOCK_BYTES;
    const vw half[2] = {gather(at, group[v].byte_offset), gather(at + 4, group[v].byte_offset)};
    vf sums = block_sums(half, b_word + blk * WORDS, b_start + blk);
    acc[v] = vf_fma(sums, scales_of(byte_of(codes[v], (int)(blk % 4))) * sfb, acc[v]);
  }
}

static void multiply(const matrix *x) {
  for (int64_t row = 0; row < x->rows; row += ROWS * LANES) {
    lanes group[ROWS];
    vf acc[ROWS];
    vw codes[ROWS];
    for (int v = 0; v < ROWS; v++) {
      int64_t first = row + v * LANES < x->rows ? row + v * LANES : x->rows - 1;
      open_lanes(x, first, &group[v]);
      acc[v] = (vf){0};
    }
    for (int64_t tile = 0; tile < x->blocks; tile += 4) {
      for (int v = 0; v < ROWS; v++) {
        codes[v] = gather(group[v].scales + tile / 4 * 512, group[v].scale_offset);
        if (KNOB_PREFETCH)
          for (int i = 0; i < LANES && tile % 8 == 0; i++)
            _mm_prefetch((const char *)group[v].bytes + group[v].byte_offset[i] + tile * BLOCK_BYTES +
                             KNOB_PREFETCH,
                         _MM_HINT_T0);
      }
      for (int64_t blk = tile; blk < tile + 4 && blk < x->blocks; blk++)
        rows_block(group, codes, blk, acc);
    }
    for (int64_t i = row; i < x->rows && i < row + ROWS * LANES; i++)
      finish_row(x, i, acc[(i - row) / LANES][(i - row) % LANES]);
  }
}
#endif

/* ---- The driver ---- */

/* Block `blk` of b into place `at` of the decoded pass; past the end zeros. */
static void decode_b_block(const matrix *b, int64_t blk, int64_t at) {
  int8_t value[BLOCK] = {0};
  int32_t sum = 0;
  uint32_t word[WORDS];
  b_scale[at] = blk < b->blocks ? scale_value[row_scales(b, 0)[blk / 4 * 512 + blk % 4] & 0x7f] : 0.0f;
  for (int i = 0; i < BLOCK && blk < b->blocks; i++) {
    uint8_t byte = b->bytes[(b->block0 + blk) * BLOCK_BYTES + i / 2];
    value[i] = doubled[i % 2 ? byte >> 4 : byte & 15];
    sum += value[i];
  }
  b_start[at] = -OFFSET * sum;
#if MATH_I8
  int8_t order[BLOCK];
  for (int i = 0; i < BLOCK; i++)
    order[i / 8 * 8 + i % 2 * 4 + i % 8 / 2] = value[i];
  memcpy(word, order, sizeof word);
#else
  for (int i = 0; i < BLOCK; i++) {
    float x = value[i];
    memcpy(&word[i], &x, 4);
  }
#endif
  for (int i = 0; i < WORDS; i++)
    b_word[at / B_LANES * B_LANES * WORDS + i * B_LANES + at % B_LANES] = word[i];
}

static void gemv(const sk_problem *p) {
  const int64_t m = p->size[0], blocks = p->size[1] / BLOCK, batch = p->size[2];
  const sk_tensor *in = p->in;
  for (int64_t l = 0; l < batch; l++)
    for (int64_t k0 = 0; k0 < blocks; k0 += KC_BLOCKS) {
      matrix x[2];
      for (int i = 0; i < 2; i++) {
        x[i] = (matrix){.rows = i ? 1 : m, .k_tiles = (blocks + 3) / 4, .block0 = k0};
        x[i].bytes = (const uint8_t *)in[i].data + l * in[i].stride[0];
        x[i].scales = (const uint8_t *)in[2 + i].data + l * in[2 + i].stride[0];
        x[i].row_bytes = in[i].stride[1];
        x[i].blocks = blocks - k0 < KC_BLOCKS ? blocks - k0 : KC_BLOCKS;
      }
      x[0].out = (uint16_t *)((char *)p->out[0].data + l * p->out[0].stride[0]);
      x[0].first = k0 == 0;
      x[0].last = k0 + KC_BLOCKS >= blocks;
      for (int64_t i = 0; i < (x[1].blocks + B_LANES - 1) / B_LANES * B_LANES; i++)
        decode_b_block(&x[1], i / B_LANES * B_LANES + lane_block(i % B_LANES), i);
      multiply(&x[0]);
    }
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  fill_tables();
  for (uint32_t i = 0; i < call->n_problems; i++)
    gemv(&call->problem[i]);
  return 0;
}

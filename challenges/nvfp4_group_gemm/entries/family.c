/* Room: an entry of nvfp4_group_gemm, nvfp4_gemm and nvfp4_dual_gemm, whose optimisation space is one.
 * May include sharktank/entry.h, the C library's types and immintrin.h, nothing else: the file stands
 * alone behind #define lines written above it. Past 800 lines because an entry is one file: one driver,
 * one tile, vectors per instruction set, and decoders.
 *
 * c[i][j] = sum over blocks of 16 along k of  sfa[i][blk] * sfb[j][blk] * sum over the block of a * b
 *   a [m][k/2], b [n][k/2] packed e2m1; sfa, sfb ue4m3 in the blocked layout; c [m][n] fp16.
 * Dual: c = silu(a x b1) * (a x b2). A call with six inputs instead of four is dual; its tiles end as
 * fp32 in memory, and combine() makes c of both products' once a panel is done.
 *
 * One design, many programs. Operands are decoded into 32-bit *words* that hold KG elements of one
 * block (fp32: 1, bf16: 2, int8: 4), so a block is STEPS = 16 / KG words, and a *tile* of MR x NR
 * vector accumulators consumes words:
 *   outer: a vector is LANES columns of B; A's words are broadcast. B is transposed as it is decoded.
 *   dot:   a vector is LANES blocks of one row; both sides are loaded; lanes are added up at the end.
 * Knobs (a word knob arrives as KNOB_<NAME>_<word>, a number as KNOB_<NAME>): see the block below.
 *
 * Numerics. Elements are doubled into integers of at most 12, so a block's sum is at most 2304 in
 * absolute value: exact in int32, in int16 pairs, in fp32 and, term by term, in bf16 products added in
 * fp32. vdpbf16ps flushes denormals: no operand is below 2^-11 and no product below 2^-22, so there
 * are none. Scaling a block's sum by one scale factor (4 bits) is exact, by two (20 bits in all) too;
 * the one rounding per block is the addition into the accumulator. The largest sum, k * 36 * 448^2,
 * is far inside fp32 for every k that fits in memory, the smallest term is 2^-20. The doubling is
 * taken back by halving both scale factors, which is exact. One rounding to fp16 at the end.
 *
 * The magic number (SCALE = magic): integer sums start at the bit pattern of 1.5 * 2^23, whose unit in
 * the last place is 1, so the finished bits ARE the float 1.5 * 2^23 + sum. One fused multiply-subtract
 * by sfb with (1.5 * 2^23 * sfb) removes the magic number and scales, exactly. No conversion.
 *
 * Limits of the vnni outer member, per 16 columns x one block (256 MAC): 4 vpdpbusd + 2 FMA on two
 * 512-bit ports = 3 cycles, 85 MAC a cycle; loads per row: the start value, 4 words of A (all vectors
 * of a row share them), a scale factor = 6 in 3 cycles with NR = 1, half of that with NR = 2, so loads
 * bind only for NR = 1. Registers: MR * NR accumulators + 4 * NR of B (NR if rows advance together) +
 * 2 * NR of scales + 2. Decoding 16 columns x one block: about 16 port cycles, shared by all rows.
 *
 * Measured on one core of a busy 2-core virtual machine (Emerald Rapids, about 2.9 GHz, so the limit is
 * 245 GMAC/s), gcc 12, GMAC/s on the four scaled shapes, then on the four full ones:
 *   vnni outer, MR 8, NR 2, TOGETHER 8, KC 1024, MC 512, permute, ab, magic:
 *     202-214, 210-215, 220-225, 217-222; 187-203, 181-191, 197-207, 181-191
 *   the same without any decoding (wrong results): 247, 234, 246, 237: the tile runs at its limit, and
 *     decoding, most of it waiting for stores that miss the L1 cache, is the rest.
 *   best f32 of 512 bits about 75 (two FMA a cycle allow 88), bf16 42 (43), avx2 i8 68, scalar 3.3;
 *   naive.c 1.5. */
#include <immintrin.h>
#include <sharktank/entry.h>
#include <stddef.h>
#include <string.h>

const uint32_t sk_entry_abi = SK_ABI;

/* ---- Knobs. What is not given takes the first value named here. ---- */

/* ISA: scalar | avx2 | avx512_bf16 | avx512_vnni. */
#if defined KNOB_ISA_avx2
#define LANES 8
#elif defined KNOB_ISA_avx512_bf16 || defined KNOB_ISA_avx512_vnni
#define LANES 16
#else
#define LANES 1
#endif

/* MATH: f32 | bf16 | i8, the type that is multiplied. */
#if defined KNOB_MATH_i8 || (defined KNOB_ISA_avx512_vnni && !defined KNOB_MATH_f32)
#define KG 4
#elif defined KNOB_MATH_bf16
#define KG 2
#else
#define KG 1
#endif

#if LANES == 8 && !(defined __AVX2__ && defined __FMA__ && defined __F16C__)
#error "ISA avx2 needs a machine with AVX2, FMA and F16C"
#elif LANES == 16 && !(defined __AVX512F__ && defined __AVX512BW__ && defined __AVX512VL__)
#error "ISA avx512_* needs a machine with AVX-512 F, BW and VL"
#elif defined KNOB_ISA_avx512_vnni && !(defined __AVX512VNNI__ && KG == 4)
#error "ISA avx512_vnni needs a machine with AVX-512 VNNI, and MATH i8"
#elif defined KNOB_ISA_avx512_bf16 && !(defined __AVX512BF16__ && KG != 4)
#error "ISA avx512_bf16 needs a machine with AVX-512 BF16, and MATH bf16 or f32"
#elif KG == 2 && LANES != 16
#error "MATH bf16 needs ISA avx512_bf16"
#endif

/* FLOW: outer | dot. */
#ifdef KNOB_FLOW_dot
#define FLOW_DOT 1
#else
#define FLOW_DOT 0
#endif

/* SCALE: sum (convert, multiply, fma) | magic (fmsub, fma) | premul (operands scaled as decoded). */
#ifdef KNOB_SCALE_magic
#define SCALE_MAGIC 1
#else
#define SCALE_MAGIC 0
#endif
#ifdef KNOB_SCALE_premul
#define SCALE_PREMUL 1
#else
#define SCALE_PREMUL 0
#endif
#if SCALE_MAGIC && (KG != 4 || LANES == 1)
#error "SCALE magic needs MATH i8 in vectors"
#elif SCALE_PREMUL && KG == 4
#error "SCALE premul needs MATH f32 or bf16: a scaled element does not fit in 8 bits"
#endif

/* DECODE: table (16 entries in memory) | arith (on 8 bytes in a register) | shuffle (pshufb) |
 * permute (vpermb, which ignores the bits that shuffle has to mask). */
#if defined KNOB_DECODE_permute
#define DECODE_PERMUTE 1
#else
#define DECODE_PERMUTE 0
#endif
#if defined KNOB_DECODE_shuffle || DECODE_PERMUTE
#define DECODE_VECTOR 1
#else
#define DECODE_VECTOR 0
#endif
#if DECODE_VECTOR && LANES == 1
#error "DECODE shuffle and permute need vectors"
#elif DECODE_PERMUTE && !(defined __AVX512VBMI__ && LANES == 16 && KG == 4)
#error "DECODE permute needs AVX-512 VBMI and ISA avx512_vnni"
#endif

/* PACK: none (decoded at every use) | b (B once for all rows of a pass) | ab (A once as well). */
#ifdef KNOB_PACK_ab
#define PACK_A 1
#else
#define PACK_A 0
#endif
#if defined KNOB_PACK_b || PACK_A
#define PACK_B 1
#else
#define PACK_B 0
#endif

#ifndef KNOB_MR /* rows of a tile */
#define KNOB_MR 1
#endif
#ifndef KNOB_NR /* vectors of columns (outer) or columns (dot) of a tile */
#define KNOB_NR 1
#endif
#ifndef KNOB_TOGETHER /* rows whose block sums advance together, word by word */
#define KNOB_TOGETHER 1
#endif
#ifndef KNOB_KC /* elements of k per pass */
#define KNOB_KC 1024
#endif
#ifndef KNOB_MC /* rows of A per pass */
#define KNOB_MC 256
#endif
#ifndef KNOB_UNROLL /* blocks (outer) or vectors of blocks (dot) per turn of the inner loop */
#define KNOB_UNROLL 1
#endif
#ifndef KNOB_PREFETCH /* panels of B ahead whose packed bytes are prefetched during a tile; 0 = none */
#define KNOB_PREFETCH 0
#endif
#if KNOB_MR > 4 && KNOB_MR % 4 != 0
#error "MR above 4 must be a multiple of 4, the rows of the small tile"
#elif KNOB_MR % KNOB_TOGETHER != 0
#error "MR must be a multiple of TOGETHER"
#elif KNOB_MC % KNOB_MR != 0 || KNOB_NR & (KNOB_NR - 1)
#error "MC must be a multiple of MR, and NR a power of two"
#elif KNOB_KC % 256 != 0
#error "KC must be a multiple of 256: chunks start at whole tiles of scales and whole vectors of blocks"
#endif

enum {
  BLOCK = 16,
  BLOCK_BYTES = 8,
  STEPS = BLOCK / KG,
  MR = KNOB_MR,
  NR = KNOB_NR,
  TOGETHER = KNOB_TOGETHER,
  TAIL = MR > 4 ? 4 : MR, /* rows of the small tile that finishes what MR does not divide */
  KC_BLOCKS = KNOB_KC / BLOCK,
  MC = KNOB_MC,
  NC = 2048,
  PANEL = FLOW_DOT ? NR : NR * LANES, /* columns of a tile */
  ROW_WORDS = KC_BLOCKS * STEPS + 16, /* + 16: rows must not all start in the same cache sets */
  ROW_SCALES = KC_BLOCKS + 16,
  STRIP = 16, /* rows of A that are decoded together when A is not packed */
  A_ROWS = (PACK_A ? MC : 0) + STRIP,
  GROUP = 8, /* rows of A that lie side by side in outer: half a vector */
  GROUP_WORDS = KC_BLOCKS * STEPS * GROUP,
  GROUP_SCALES = KC_BLOCKS * GROUP,
  OFFSET = KG == 4 && LANES > 1 ? 12 : 0 /* added to B's bytes to make them unsigned */
};

#define MAGIC      12582912.0f /* 1.5 * 2^23 */
#define MAGIC_BITS 0x4b400000
#define INLINE     static inline __attribute__((always_inline))
#define PRAGMA(x)  _Pragma(#x)
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

/* The decoded sides. In dot, rows: word [row][vector of blocks][step][block], scale [row][blk]. In
 * outer, B is a panel: word [blk][step][column], scale [blk][column]; A is groups of such panels, 8
 * rows wide: word [row/8][blk][step][row%8], scale [row/8][blk][row%8], so that a tile reads it as one
 * sequence. start: what an integer sum starts from, laid out as A's scales. magic_scale: B's scale *
 * MAGIC. */
static uint32_t a_word[A_ROWS * ROW_WORDS] __attribute__((aligned(64)));
static float a_scale[A_ROWS * ROW_SCALES] __attribute__((aligned(64)));
static int32_t a_start[A_ROWS * ROW_SCALES] __attribute__((aligned(64)));
static uint32_t b_word[PANEL * ROW_WORDS] __attribute__((aligned(64)));
static float b_scale[PANEL * ROW_SCALES] __attribute__((aligned(64)));
static float b_magic_scale[PANEL * ROW_SCALES] __attribute__((aligned(64)));
/* [product][panel][row][PANEL], between passes over k and until both products of a dual are there. */
static float c_partial[2][MC * NC] __attribute__((aligned(64)));
static float scale_value[128]; /* half of each ue4m3 value */

/* An operand as the caller gave it, and the part of k that this pass covers. */
typedef struct operand {
  const uint8_t *bytes, *scales;
  int64_t row_bytes, rows, k_tiles; /* k_tiles: tiles of 4 blocks along k in the scale layout */
  int64_t block0, blocks;           /* block0 is a multiple of KC_BLOCKS */
} operand;

/* ---- Vectors: one set of small functions per instruction set and arithmetic. ---- */
/* vf: LANES floats. vw: LANES words. vs: LANES block sums in the making. */

#if LANES == 1
typedef float vf;
typedef uint32_t vw;
INLINE vf vf_zero(void) {
  return 0.0f;
}
INLINE vf vf_load(const float *p) {
  return *p;
}
INLINE vf vf_set1(const float *p) {
  return *p;
}
INLINE vf vf_add(vf a, vf b) {
  return a + b;
}
INLINE vf vf_mul(vf a, vf b) {
  return a * b;
}
INLINE vf vf_fma(vf a, vf b, vf c) {
  return a * b + c;
}
INLINE vf vf_fms(vf a, vf b, vf c) {
  return a * b - c;
}
INLINE void vf_store(float *p, vf a) {
  *p = a;
}
INLINE float vf_total(vf a) {
  return a;
}
INLINE vw vw_load(const uint32_t *p) {
  return *p;
}
INLINE vw vw_set1(const uint32_t *p) {
  return *p;
}
#elif LANES == 8
typedef __m256 vf;
typedef __m256i vw;
INLINE vf vf_zero(void) {
  return _mm256_setzero_ps();
}
INLINE vf vf_load(const float *p) {
  return _mm256_loadu_ps(p);
}
INLINE vf vf_set1(const float *p) {
  return _mm256_broadcast_ss(p);
}
INLINE vf vf_add(vf a, vf b) {
  return _mm256_add_ps(a, b);
}
INLINE vf vf_mul(vf a, vf b) {
  return _mm256_mul_ps(a, b);
}
INLINE vf vf_fma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}
INLINE vf vf_fms(vf a, vf b, vf c) {
  return _mm256_fmsub_ps(a, b, c);
}
INLINE void vf_store(float *p, vf a) {
  _mm256_storeu_ps(p, a);
}
INLINE float vf_total(vf a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
INLINE vw vw_load(const uint32_t *p) {
  return _mm256_loadu_si256((const void *)p);
}
INLINE vw vw_set1(const uint32_t *p) {
  return _mm256_set1_epi32((int)*p);
}
#else
typedef __m512 vf;
typedef __m512i vw;
INLINE vf vf_zero(void) {
  return _mm512_setzero_ps();
}
INLINE vf vf_load(const float *p) {
  return _mm512_loadu_ps(p);
}
INLINE vf vf_set1(const float *p) {
  return _mm512_set1_ps(*p);
}
INLINE vf vf_add(vf a, vf b) {
  return _mm512_add_ps(a, b);
}
INLINE vf vf_mul(vf a, vf b) {
  return _mm512_mul_ps(a, b);
}
INLINE vf vf_fma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}
INLINE vf vf_fms(vf a, vf b, vf c) {
  return _mm512_fmsub_ps(a, b, c);
}
INLINE void vf_store(float *p, vf a) {
  _mm512_storeu_ps(p, a);
}
INLINE float vf_total(vf a) {
  return _mm512_reduce_add_ps(a);
}
INLINE vw vw_load(const uint32_t *p) {
  return _mm512_loadu_si512(p);
}
INLINE vw vw_set1(const uint32_t *p) {
  return _mm512_set1_epi32((int)*p);
}
#endif

#if KG == 4 && LANES == 1
typedef int32_t vs;
INLINE vs vs_dot(vs s, vw a, vw b) {
  UNROLL_ALL
  for (int i = 0; i < 32; i += 8)
    s += (int8_t)(a >> i & 255u) * (int8_t)(b >> i & 255u);
  return s;
}
INLINE vf vs_float(vs s) {
  return (float)s;
}
#elif KG == 4 && LANES == 8 /* pairs of int16; the start value sits in the even ones */
typedef __m256i vs;
INLINE vs vs_dot(vs s, vw a, vw b) {
  return _mm256_add_epi16(s, _mm256_maddubs_epi16(b, a));
}
INLINE vf vs_float(vs s) {
  __m256i sum = _mm256_madd_epi16(s, _mm256_set1_epi16(1));
  if (!SCALE_MAGIC)
    return _mm256_cvtepi32_ps(sum);
  return _mm256_castsi256_ps(_mm256_add_epi32(sum, _mm256_set1_epi32(MAGIC_BITS)));
}
#elif KG == 4
typedef __m512i vs;
INLINE vs vs_dot(vs s, vw a, vw b) {
  return _mm512_dpbusd_epi32(s, b, a);
}
INLINE vf vs_float(vs s) {
  return SCALE_MAGIC ? _mm512_castsi512_ps(s) : _mm512_cvtepi32_ps(s);
}
#else
typedef vf vs;
INLINE vf vs_float(vs s) {
  return s;
}
#if LANES == 1
INLINE vs vs_dot(vs s, vw a, vw b) {
  float x, y;
  memcpy(&x, &a, 4);
  memcpy(&y, &b, 4);
  return x * y + s;
}
#elif LANES == 8
INLINE vs vs_dot(vs s, vw a, vw b) {
  return _mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), s);
}
#elif KG == 1
INLINE vs vs_dot(vs s, vw a, vw b) {
  return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), s);
}
#else
INLINE vs vs_dot(vs s, vw a, vw b) {
  return _mm512_dpbf16_ps(s, (__m512bh)a, (__m512bh)b);
}
#endif
#endif

#if KG == 4 && LANES > 1 /* the bits an integer sum starts from when A's elements add up to nothing */
#define START0 (LANES == 16 && SCALE_MAGIC ? MAGIC_BITS : 0)
INLINE vs vs_start(const int32_t *start) {
  const uint32_t *p = (const uint32_t *)start;
  return FLOW_DOT ? vw_load(p) : vw_set1(p);
}
#else
#define START0 0
INLINE vs vs_start(const int32_t *start) {
  (void)start;
#if KG == 4
  return 0;
#else
  return vf_zero();
#endif
}
#endif

/* acc + sfa * sfb * sum. a: broadcast in outer, a vector in dot. */
INLINE vf fold(vf acc, vs sum, const float *sfa, vf sfb, vf magic_sfb) {
  if (SCALE_PREMUL)
    return vf_add(acc, vs_float(sum));
  vf a = FLOW_DOT ? vf_load(sfa) : vf_set1(sfa);
  vf x = vs_float(sum);
  x = SCALE_MAGIC ? vf_fms(x, sfb, magic_sfb) : vf_mul(x, sfb);
  return vf_fma(x, a, acc);
}

static uint16_t half_bits(float x) {
#ifdef __F16C__
  return (uint16_t)_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT);
#else
  _Float16 h = (_Float16)x;
  uint16_t bits;
  memcpy(&bits, &h, 2);
  return bits;
#endif
}

/* ---- Decoding ---- */

static void fill_scale_values(void) {
  for (int code = 0; code < 128; code++) {
    int exponent = code >> 3, mantissa = code & 7;
    float value = (float)(exponent ? 8 + mantissa : mantissa) * 0x1p-10f;
    for (; exponent > 1; exponent--)
      value *= 2.0f;
    scale_value[code] = value;
  }
}

static const uint8_t *scale_at(const operand *o, int64_t row, int64_t blk) {
  int64_t tile = row / 128 * o->k_tiles + (o->block0 + blk) / 4;
  return o->scales + tile * 512 + row % 32 * 16 + row % 128 / 32 * 4 + (o->block0 + blk) % 4;
}

#ifndef KNOB_DECODE_arith
/* Twice the e2m1 values. */
static const int8_t doubled[16]
    __attribute__((aligned(16))) = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
#endif

/* One block into 16 doubled elements, in the order that words hold them on both sides: low nibbles of
 * bytes 0-3, high nibbles of bytes 0-3, low of 4-7, high of 4-7. */
INLINE void decode_block(const uint8_t *bytes, int8_t value[BLOCK]) {
#if DECODE_VECTOR
  __m128i raw = _mm_loadl_epi64((const void *)bytes), low = _mm_set1_epi8(15);
  __m128i codes = _mm_unpacklo_epi32(_mm_and_si128(raw, low), _mm_and_si128(_mm_srli_epi16(raw, 4), low));
  _mm_storeu_si128((void *)value, _mm_shuffle_epi8(_mm_load_si128((const void *)doubled), codes));
#elif defined KNOB_DECODE_arith
  const uint64_t ones = 0x0101010101010101u;
  uint64_t raw, half[2];
  memcpy(&raw, bytes, 8);
  for (int i = 0; i < 2; i++, raw >>= 4) {
    uint64_t magnitude = raw & 7 * ones, big = raw >> 2 & ones, sign = (raw >> 3 & ones) * 255;
    /* 0 1 2 3 | 4 6 8 12: above 4, add the low two bits, and 2 more where both are set. */
    uint64_t extra = (raw & 3 * ones) + ((raw & raw >> 1 & ones) << 1);
    uint64_t size = magnitude + (extra & big * 255);
    /* 128 +- size never carries into the next byte; flipping bit 7 subtracts the 128 again. */
    half[i] = (128 * ones + (size & ~sign) - (size & sign)) ^ 128 * ones;
  }
  uint32_t word[4] = {(uint32_t)half[0], (uint32_t)half[1], (uint32_t)(half[0] >> 32),
                      (uint32_t)(half[1] >> 32)};
  memcpy(value, word, BLOCK);
#else
  for (int i = 0; i < BLOCK_BYTES; i++) {
    value[i / 4 * 8 + i % 4] = doubled[bytes[i] & 15];
    value[i / 4 * 8 + i % 4 + 4] = doubled[bytes[i] >> 4];
  }
#endif
}

/* 16 elements into STEPS words, `stride` words apart. */
INLINE void put_words(const int8_t value[BLOCK], float scale, int offset, uint32_t *out, ptrdiff_t stride) {
  uint32_t word[STEPS];
#if KG == 4
  (void)scale;
  int8_t shifted[BLOCK];
  for (int i = 0; i < BLOCK; i++)
    shifted[i] = (int8_t)(value[i] + offset);
  memcpy(word, shifted, BLOCK);
#else
  (void)offset;
  float scaled[BLOCK];
  for (int i = 0; i < BLOCK; i++)
    scaled[i] = (float)value[i] * scale;
#if KG == 1
  memcpy(word, scaled, sizeof word);
#else
  uint32_t bits[BLOCK]; /* at most 6 significant bits: cutting fp32 down to bf16 loses nothing */
  memcpy(bits, scaled, sizeof bits);
  for (int i = 0; i < STEPS; i++)
    word[i] = bits[2 * i] >> 16 | (bits[2 * i + 1] & 0xffff0000u);
#endif
#endif
  UNROLL_ALL
  for (int i = 0; i < STEPS; i++)
    out[i * stride] = word[i];
}

/* What an integer sum starts from: OFFSET times A's sum taken away (and the magic number put in). */
INLINE int32_t start_value(const int8_t value[BLOCK]) {
  int sum = 0;
  for (int i = 0; i < BLOCK; i++)
    sum += value[i];
  return LANES == 8 ? (int32_t)((uint32_t)(-OFFSET * sum) & 0xffffu) : START0 - OFFSET * sum;
}

/* One block of one row: words, scale and start value, wherever the layout wants them. */
typedef struct place {
  uint32_t *word;
  float *scale, *magic_scale; /* magic_scale: B only */
  int32_t *start;             /* A only */
} place;

INLINE void decode_one(const operand *o, int64_t row, int64_t blk, place to, ptrdiff_t stride) {
  int8_t value[BLOCK] = {0};
  float scale = 0.0f;
  if (row < o->rows && blk < o->blocks) {
    decode_block(o->bytes + row * o->row_bytes + blk * BLOCK_BYTES, value);
    scale = scale_value[*scale_at(o, row, blk) & 0x7f];
  }
  put_words(value, SCALE_PREMUL ? scale : 1.0f, to.start ? 0 : OFFSET, to.word, stride);
  if (SCALE_PREMUL)
    return;
  *to.scale = scale;
  if (SCALE_MAGIC && to.magic_scale)
    *to.magic_scale = scale * MAGIC;
  if (OFFSET != 0 && to.start)
    *to.start = start_value(value);
}

#if LANES == 16 && DECODE_VECTOR
#define FAST_DECODE 1
static const uint8_t no_bytes[KNOB_KC / 2]; /* a column that does not exist */

/* Whole vectors at a time. The table is that of all low and high nibbles of a vector of bytes. */
INLINE void decode_vector(__m512i raw, __m512i table, __m512i *low, __m512i *high) {
  __m512i shifted = _mm512_srli_epi16(raw, 4);
  if (DECODE_PERMUTE) {
#if DECODE_PERMUTE
    *low = _mm512_permutexvar_epi8(raw, table);
    *high = _mm512_permutexvar_epi8(shifted, table);
#endif
  } else {
    __m512i nibble = _mm512_set1_epi8(15);
    *low = _mm512_shuffle_epi8(table, _mm512_and_si512(raw, nibble));
    *high = _mm512_shuffle_epi8(table, _mm512_and_si512(shifted, nibble));
  }
}

INLINE __m512i decode_table(int offset) {
  __m512i table = _mm512_broadcast_i32x4(_mm_load_si128((const void *)doubled));
  return _mm512_add_epi8(table, _mm512_set1_epi8((char)offset));
}

/* 16 codes in 32-bit lanes to halves of their values. Subnormals (2^-9 * mantissa) come out of the
 * shift as a float with an implicit one too many: twice that, minus the one, is right. */
INLINE __m512 decode_scales(__m512i codes) {
  codes = _mm512_and_si512(codes, _mm512_set1_epi32(0x7f));
  __m512i bits = _mm512_add_epi32(_mm512_slli_epi32(codes, 20), _mm512_set1_epi32(119 << 23));
  __mmask16 subnormal = _mm512_cmplt_epu32_mask(codes, _mm512_set1_epi32(8));
  return _mm512_mask_fmsub_ps(_mm512_castsi512_ps(bits), subnormal, _mm512_set1_ps(2.0f),
                              _mm512_set1_ps(0x1p-7f));
}

/* 16 blocks of a row's scale codes, in 32-bit lanes; the layout keeps 4 together. */
INLINE __m512i row_scale_codes(const operand *o, int64_t row, int64_t blk) {
  uint32_t quad[4] = {0, 0, 0, 0};
  for (int i = 0; i < 4 && blk + 4 * i < o->blocks; i++)
    memcpy(&quad[i], scale_at(o, row, blk + 4 * i), 4);
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)quad));
}

/* Byte i of every 32-bit lane as a float, or times the lane's scale factor. */
INLINE __m512 byte_float(__m512i w, int i, __m512 scale) {
  __m512 x = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(w, (unsigned)(24 - 8 * i)), 24));
  return SCALE_PREMUL ? _mm512_mul_ps(x, scale) : x;
}

/* Word s of a block, in all lanes, from the four vectors of its elements as bytes. */
INLINE __m512i word_of(const __m512i bytes[4], int s, __m512 scale) {
  __m512i quad = bytes[s * KG / 4];
  if (KG == 4)
    return quad;
  __m512i first = _mm512_castps_si512(byte_float(quad, s * KG % 4, scale));
  if (KG == 1)
    return first;
  __m512i second = _mm512_castps_si512(byte_float(quad, s * KG % 4 + 1, scale));
  return _mm512_or_si512(_mm512_srli_epi32(first, 16), /* bf16: nothing is lost, see put_words */
                         _mm512_and_si512(second, _mm512_set1_epi32((int)0xffff0000)));
}

/* The start values that belong to the elements of A in w. */
INLINE __m512i start_values(const __m512i bytes[4]) {
#if KG == 4
  const __m512i twelve = _mm512_set1_epi8(OFFSET);
  __m512i sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), twelve, bytes[0]);
  for (int i = 1; i < 4; i++)
    sum = _mm512_dpbusd_epi32(sum, twelve, bytes[i]);
  return _mm512_sub_epi32(_mm512_set1_epi32(START0), sum);
#else
  return bytes[0]; /* not used */
#endif
}

/* Rows, 16 blocks at a time; what lies beyond the last block decodes to zeros. B: 0 for A. */
INLINE void decode_row_fast(const operand *o, int64_t row, int is_b, place to) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  const __m512i table = decode_table(is_b ? OFFSET : 0);
  const uint8_t *bytes = o->bytes + row * o->row_bytes;
  for (int64_t blk = 0; blk < o->blocks; blk += 16) {
    int64_t left = (o->blocks - blk) * BLOCK_BYTES;
    __mmask64 mask0 = left >= 64 ? ~0ull : (1ull << left) - 1;
    __mmask64 mask1 = left >= 128 ? ~0ull : left > 64 ? (1ull << (left - 64)) - 1 : 0;
    __m512i raw0 = _mm512_maskz_loadu_epi8(mask0, bytes + blk * BLOCK_BYTES);
    __m512i raw1 = _mm512_maskz_loadu_epi8(mask1, bytes + blk * BLOCK_BYTES + 64);
    __m512i w[4];
    decode_vector(_mm512_permutex2var_epi32(raw0, even, raw1), table, &w[0], &w[1]);
    decode_vector(_mm512_permutex2var_epi32(raw0, odd, raw1), table, &w[2], &w[3]);
    __m512 scale = decode_scales(row_scale_codes(o, row, blk));
    _mm512_storeu_ps(to.scale + blk, scale);
    if (SCALE_MAGIC && is_b)
      _mm512_storeu_ps(to.magic_scale + blk, _mm512_mul_ps(scale, _mm512_set1_ps(MAGIC)));
    if (KG == 4 && !is_b)
      _mm512_storeu_si512(to.start + blk, start_values(w));
    UNROLL_ALL
    for (int i = 0; i < STEPS; i++)
      _mm512_storeu_si512(to.word + blk * STEPS + LANES * i, word_of(w, i, scale));
  }
}

/* One vector of 16 columns: a row of B's panel, or one row each of two groups of A. */
INLINE void put_columns(void *to, int is_b, ptrdiff_t group_elems, __m512i x) {
  if (is_b) {
    _mm512_storeu_si512(to, x);
  } else {
    _mm256_storeu_si256(to, _mm512_castsi512_si256(x));
    _mm256_storeu_si256((void *)((uint32_t *)to + group_elems), _mm512_extracti64x4_epi64(x, 1));
  }
}

/* The scales of 16 columns, four blocks at a time: their codes are 16 bytes apart. */
INLINE void decode_column_scales(const operand *o, int64_t row, int is_b, place to) {
  const __m512i every4 = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
  const __m512i index = _mm512_add_epi32(every4, _mm512_set1_epi32((int)(row % 128 / 32)));
  const uint8_t *codes = scale_at(o, row / 128 * 128 + row % 32, 0);
  const ptrdiff_t width = is_b ? PANEL : GROUP;
  for (int64_t blk = 0; blk < o->blocks; blk += 4, codes += 512) {
    __m512i x[4];
    for (int i = 0; i < 4; i++)
      x[i] = _mm512_loadu_si512(codes + 64 * i);
    __m512i first8 = _mm512_permutex2var_epi32(x[0], index, x[1]);
    __m512i last8 = _mm512_permutex2var_epi32(x[2], index, x[3]);
    __m512i quad = _mm512_inserti64x4(first8, _mm512_castsi512_si256(last8), 1);
    UNROLL_ALL
    for (int i = 0; i < 4; i++) { /* past the last block: into the buffer's slack, finite, unread */
      __m512 scale = decode_scales(_mm512_srli_epi32(quad, (unsigned)(8 * i)));
      put_columns(to.scale + (blk + i) * width, is_b, GROUP_SCALES, _mm512_castps_si512(scale));
      if (SCALE_MAGIC && is_b)
        _mm512_storeu_ps(to.magic_scale + (blk + i) * width, _mm512_mul_ps(scale, _mm512_set1_ps(MAGIC)));
    }
  }
}

/* 16 columns of 16 bytes into four vectors, each with one 32-bit part of every column: gathered so
 * that 4 x 4 transposes inside the 128-bit lanes do it. */
INLINE void transpose_columns(const uint8_t *const column[16], int64_t at, int whole, __m512i t[4]) {
  __m512i z[4];
  UNROLL_ALL
  for (int i = 0; i < 4; i++) {
    __m128i part[4];
    UNROLL_ALL
    for (int j = 0; j < 4; j++) {
      const void *p = column[4 * j + i] + at;
      part[j] = whole ? _mm_loadu_si128(p) : _mm_loadl_epi64(p);
    }
    z[i] = _mm512_inserti32x4(_mm512_castsi128_si512(part[0]), part[1], 1);
    z[i] = _mm512_inserti32x4(_mm512_inserti32x4(z[i], part[2], 2), part[3], 3);
  }
  __m512i u0 = _mm512_unpacklo_epi32(z[0], z[1]), u1 = _mm512_unpackhi_epi32(z[0], z[1]);
  __m512i u2 = _mm512_unpacklo_epi32(z[2], z[3]), u3 = _mm512_unpackhi_epi32(z[2], z[3]);
  t[0] = _mm512_unpacklo_epi64(u0, u2), t[1] = _mm512_unpackhi_epi64(u0, u2);
  t[2] = _mm512_unpacklo_epi64(u1, u3), t[3] = _mm512_unpackhi_epi64(u1, u3);
}

/* One block of 16 columns from its two 32-bit parts; its scales are there already. */
INLINE void put_block(__m512i t0, __m512i t1, __m512i table, int is_b, int64_t blk, place to) {
  const ptrdiff_t width = is_b ? PANEL : GROUP;
  __m512i w[4];
  decode_vector(t0, table, &w[0], &w[1]);
  decode_vector(t1, table, &w[2], &w[3]);
  const float *at = to.scale + blk * width;
  __m512 scale = _mm512_castpd_ps(
      _mm512_insertf64x4(_mm512_castps_pd(_mm512_loadu_ps(at)),
                         _mm256_castps_pd(_mm256_loadu_ps(at + (is_b ? 8 : GROUP_SCALES))), 1));
  UNROLL_ALL
  for (int i = 0; i < STEPS; i++)
    put_columns(to.word + (blk * STEPS + i) * width, is_b, GROUP_WORDS, word_of(w, i, scale));
  if (KG == 4 && !is_b)
    put_columns(to.start + blk * width, 0, GROUP_SCALES, start_values(w));
}

/* 16 rows of an operand for outer, as columns: two blocks, 16 bytes of each, at a time. */
INLINE void decode_columns_fast(const operand *o, int64_t row, int is_b, place to) {
  const __m512i table = decode_table(is_b ? OFFSET : 0);
  const uint8_t *column[16];
  for (int i = 0; i < 16; i++)
    column[i] = row + i < o->rows ? o->bytes + (row + i) * o->row_bytes : no_bytes;
  decode_column_scales(o, row, is_b, to);
  int64_t blk = 0;
  __m512i t[4];
  for (; blk + 1 < o->blocks; blk += 2) {
    transpose_columns(column, blk * BLOCK_BYTES, 1, t);
    put_block(t[0], t[1], table, is_b, blk, to);
    put_block(t[2], t[3], table, is_b, blk + 1, to);
  }
  if (blk < o->blocks) {
    transpose_columns(column, blk * BLOCK_BYTES, 0, t);
    put_block(t[0], t[1], table, is_b, blk, to);
  }
}
#else
#define FAST_DECODE 0
#endif

/* Blocks that a tile reads: in dot whole vectors of them. */
INLINE int64_t padded_blocks(const operand *o) {
  return FLOW_DOT ? (o->blocks + LANES - 1) / LANES * LANES : o->blocks;
}

/* Where row r of decoded A starts (and, in dot, of B). */
INLINE place row_of(place p, int64_t r) {
  int64_t words = FLOW_DOT ? r * ROW_WORDS : r / GROUP * GROUP_WORDS + r % GROUP;
  int64_t scales = FLOW_DOT ? r * ROW_SCALES : r / GROUP * GROUP_SCALES + r % GROUP;
  place q = {p.word + words, p.scale + scales, p.magic_scale, p.start};
  if (p.magic_scale)
    q.magic_scale += scales;
  if (p.start)
    q.start += scales;
  return q;
}

/* Block blk of a decoded row, for the decoder of single blocks. */
INLINE place block_of(place row, int64_t blk) {
  int64_t words = FLOW_DOT ? blk / LANES * (STEPS * LANES) + blk % LANES : blk * STEPS * GROUP;
  int64_t scales = FLOW_DOT ? blk : blk * GROUP;
  place q = {row.word + words, row.scale + scales, row.magic_scale, row.start};
  if (row.magic_scale)
    q.magic_scale += scales;
  if (row.start)
    q.start += scales;
  return q;
}

/* `count` rows from `row` of A, or of B in dot. Rows past the end become zeros. */
INLINE void decode_rows(const operand *o, int64_t row, int64_t count, place to) {
  for (int64_t r = 0; r < count; r++) {
    place at = row_of(to, r);
#if FAST_DECODE
    if (!FLOW_DOT) { /* 16 rows at once: row is a multiple of 16 */
      decode_columns_fast(o, row + r, 0, at);
      r += 15;
      continue;
    }
    if (FLOW_DOT && row + r < o->rows) {
      decode_row_fast(o, row + r, to.start == NULL, at);
      continue;
    }
#endif
    for (int64_t blk = 0; blk < padded_blocks(o); blk++)
      decode_one(o, row + r, blk, block_of(at, blk), FLOW_DOT ? LANES : GROUP);
  }
}

/* A panel of PANEL columns from `row` of B. */
static __attribute__((noinline)) void decode_panel(const operand *o, int64_t row) {
  place to = {b_word, b_scale, b_magic_scale, NULL};
  if (FLOW_DOT) {
    decode_rows(o, row, PANEL, to);
    return;
  }
#if FAST_DECODE
  for (int v = 0; v < PANEL; v += LANES) {
    place at = {b_word + v, b_scale + v, b_magic_scale + v, NULL};
    if (row + v >= o->rows)
      continue; /* what is there is finite and is never stored */
    decode_columns_fast(o, row + v, 1, at);
  }
#else
  for (int col = 0; col < PANEL; col++)
    for (int64_t blk = 0; blk < o->blocks; blk++) {
      place one = {b_word + blk * STEPS * PANEL + col, b_scale + blk * PANEL + col,
                   b_magic_scale + blk * PANEL + col, NULL};
      decode_one(o, row + col, blk, one, PANEL);
    }
#endif
}

/* ---- Tiles: `rows` x NR accumulators over the blocks of this pass ---- */

/* The words of step s and the start of block (vector of blocks) blk, as each flow lays them out. */
INLINE vw a_words(place a, int r, int64_t blk, int s) {
  if (FLOW_DOT)
    return vw_load(a.word + r * ROW_WORDS + blk * STEPS + s * LANES);
  return vw_set1(a.word + r / GROUP * GROUP_WORDS + r % GROUP + (blk * STEPS + s) * GROUP);
}
INLINE ptrdiff_t a_scale_at(int r, int64_t blk) {
  return FLOW_DOT ? r * ROW_SCALES + blk : r / GROUP * GROUP_SCALES + r % GROUP + blk * GROUP;
}
INLINE vw b_words(int v, int64_t blk, int s) {
  if (FLOW_DOT)
    return vw_load(b_word + v * ROW_WORDS + blk * STEPS + s * LANES);
  return vw_load(b_word + blk * STEPS * PANEL + s * PANEL + v * LANES);
}
INLINE ptrdiff_t b_scale_at(int v, int64_t blk) {
  return FLOW_DOT ? v * ROW_SCALES + blk : blk * PANEL + v * LANES;
}

/* `together` rows from r0, one block (outer) or LANES blocks (dot) at blk. */
INLINE void tile_block(int r0, int together, int64_t blk, place a, vf acc[MR][NR]) {
  vs sum[MR][NR];
  UNROLL_ALL
  for (int r = 0; r < together; r++)
    UNROLL_ALL
  for (int v = 0; v < NR; v++)
    sum[r][v] = vs_start(a.start + a_scale_at(r0 + r, blk));
  UNROLL_ALL
  for (int s = 0; s < STEPS; s++)
    UNROLL_ALL
  for (int r = 0; r < together; r++)
    UNROLL_ALL
  for (int v = 0; v < NR; v++)
    sum[r][v] = vs_dot(sum[r][v], a_words(a, r0 + r, blk, s), b_words(v, blk, s));
  UNROLL_ALL
  for (int r = 0; r < together; r++)
    UNROLL_ALL
  for (int v = 0; v < NR; v++)
    acc[r0 + r][v] = fold(acc[r0 + r][v], sum[r][v], a.scale + a_scale_at(r0 + r, blk),
                          vf_load(b_scale + b_scale_at(v, blk)), vf_load(b_magic_scale + b_scale_at(v, blk)));
}

/* Where a tile's results go. partial: fp32 between passes over k; out: fp16, on the last pass. */
typedef struct result {
  float *partial; /* [rows][PANEL] */
  char *out;
  int64_t row_bytes, rows, columns; /* what of the tile exists */
  int first, last;
} result;

/* LANES values of one row, of which `columns` exist. */
INLINE void store_half(uint16_t *out, vf x, int64_t columns) {
#if LANES == 16
  __mmask16 mask = columns >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << columns) - 1);
  _mm256_mask_storeu_epi16(out, mask, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
#elif LANES == 8
  __m128i half = _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
  if (columns >= 8) {
    _mm_storeu_si128((void *)out, half);
  } else {
    uint16_t all[8];
    _mm_storeu_si128((void *)all, half);
    memcpy(out, all, (size_t)columns * 2);
  }
#else
  (void)columns;
  *out = half_bits(x);
#endif
}

INLINE void tile(int rows, int64_t blocks, place a, result to) {
  vf acc[MR][NR];
  UNROLL_ALL
  for (int r = 0; r < rows; r++)
    UNROLL_ALL
  for (int v = 0; v < NR; v++)
    acc[r][v] = FLOW_DOT || to.first ? vf_zero() : vf_load(to.partial + r * PANEL + v * LANES);
  const int together = rows < TOGETHER ? rows : TOGETHER;
  UNROLL(KNOB_UNROLL)
  for (int64_t blk = 0; blk < blocks; blk += FLOW_DOT ? LANES : 1)
    UNROLL_ALL
  for (int r = 0; r < rows; r += together)
    tile_block(r, together, blk, a, acc);
  UNROLL_ALL
  for (int r = 0; r < rows; r++) {
    uint16_t *out = (uint16_t *)(to.out + r * to.row_bytes);
    UNROLL_ALL
    for (int v = 0; v < NR; v++) {
      if (FLOW_DOT) {
        float total = vf_total(acc[r][v]);
        if (!to.first)
          total += to.partial[r * PANEL + v];
        if (!to.last)
          to.partial[r * PANEL + v] = total;
        else if (r < to.rows && v < to.columns)
          out[v] = half_bits(total);
      } else if (!to.last) {
        vf_store(to.partial + r * PANEL + v * LANES, acc[r][v]);
      } else if (r < to.rows && v * LANES < to.columns) {
        store_half(out + v * LANES, acc[r][v], to.columns - v * LANES);
      }
    }
  }
}

static __attribute__((noinline)) void tile_full(int64_t blocks, place a, result to) {
  tile(MR, blocks, a, to);
}
static __attribute__((noinline)) void tile_tail(int64_t blocks, place a, result to) {
  tile(TAIL, blocks, a, to);
}

/* ---- The driver ---- */

static int64_t min64(int64_t x, int64_t y) {
  return x < y ? x : y;
}

/* Part `part` of `parts` of the packed bytes of the panel that starts at `row`. */
INLINE void prefetch_panel(const operand *b, int64_t row, int64_t part, int64_t parts) {
  int64_t lines = (b->blocks * BLOCK_BYTES + 63) / 64, all = lines * PANEL;
  for (int64_t i = all * part / parts; i < all * (part + 1) / parts; i++)
    if (row + i / lines < b->rows)
      _mm_prefetch((const char *)b->bytes + (row + i / lines) * b->row_bytes + i % lines * 64, _MM_HINT_T1);
}

/* All rows of this pass against one panel. */
static void panel_gemm(const operand *a, const operand *b, int64_t m0, int64_t mlen, int64_t n, result to) {
  place a_at = {a_word, a_scale, NULL, a_start};
  int64_t blocks = padded_blocks(a), mlimit = (mlen + TAIL - 1) / TAIL * TAIL;
  if (PACK_B)
    decode_panel(b, n);
  int64_t step;
  for (int64_t m = 0; m < mlimit; m += step) {
    step = mlimit - m >= MR ? MR : TAIL;
    if (!PACK_A && m % STRIP == 0)
      decode_rows(a, m0 + m, min64(STRIP, mlimit - m), a_at);
    place at = row_of(a_at, PACK_A ? m : m % STRIP);
    if (!PACK_B)
      decode_panel(b, n);
    if (KNOB_PREFETCH)
      prefetch_panel(b, n + KNOB_PREFETCH * PANEL, m, mlimit);
    result part = to;
    part.partial += m * PANEL, part.out += m * to.row_bytes, part.rows = mlen - m;
    if (step == MR)
      tile_full(blocks, at, part);
    else
      tile_tail(blocks, at, part);
  }
}

/* p / (1 + exp(-p)) * q for a row of a panel. Plain C: the compiler makes vectors of it. exp(x) is 2^n
 * times the Taylor polynomial of degree 6 on |r| <= ln(2) / 2, off by 2e-7 of it, far below half an ulp
 * of fp16; n becomes the exponent of a float. Beyond +-80 the result is 0 or p * q in fp16 anyway. */
INLINE void silu_row(const float *p, const float *q, float *out) {
  for (int i = 0; i < PANEL; i++) {
    float x = p[i] < -80.0f ? 80.0f : p[i] > 80.0f ? -80.0f : -p[i];
    float shifted = x * 1.44269504f + MAGIC, n = shifted - MAGIC;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float e =
        1.0f + r * (1.0f + r * (1 / 2.0f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r / 720.0f)))));
    int32_t bits;
    memcpy(&bits, &shifted, 4);
    bits = (int32_t)((uint32_t)bits << 23) + 0x3f800000; /* the low bits of shifted are n's */
    float scale;
    memcpy(&scale, &bits, 4);
    out[i] = p[i] / (1.0f + e * scale) * q[i];
  }
}

/* c of a panel from the partial results of both products. */
static __attribute__((noinline)) void combine(const float *p, const float *q, result to) {
  for (int64_t r = 0; r < to.rows; r++, p += PANEL, q += PANEL, to.out += to.row_bytes) {
    float row[PANEL];
    silu_row(p, q, row);
    for (int v = 0; v < PANEL && v < to.columns; v += FLOW_DOT ? 1 : LANES) {
      if (FLOW_DOT)
        ((uint16_t *)to.out)[v] = half_bits(row[v]);
      else
        store_half((uint16_t *)to.out + v, vf_load(row + v), to.columns - v);
    }
  }
}

static operand side(const sk_tensor *elements, const sk_tensor *scales, int64_t rows, int64_t k) {
  operand o = {elements->data, scales->data, elements->stride[0], rows, (k / BLOCK + 3) / 4, 0, 0};
  return o;
}

/* The part of an operand that a pass from block `block0` reads. */
static operand pass_of(operand o, int64_t block0, int64_t blocks) {
  o.bytes += block0 * BLOCK_BYTES;
  o.block0 = block0;
  o.blocks = min64(KC_BLOCKS, blocks - block0);
  return o;
}

/* One panel of c in one pass over k: of every product, then of both together. */
static void panel_products(const operand *a, const operand *b, int products, int64_t m0, int64_t n, result to,
                           int64_t at) {
  const int last = to.last;
  for (int i = 0; i < products; i++) {
    to.partial = &c_partial[i][at];
    to.last = last && products == 1;
    panel_gemm(a, &b[i], m0, to.rows, n, to);
  }
  if (last && products == 2)
    combine(&c_partial[0][at], &c_partial[1][at], to);
}

/* Inputs: a, each b, the scales of a, those of each b. */
static void gemm(const sk_problem *p, int products) {
  int64_t m = p->size[0], n = p->size[1], k = p->size[2], blocks = k / BLOCK;
  const sk_tensor *in = p->in, *scales = in + products + 1, *c = &p->out[0];
  operand a_all = side(&in[0], &scales[0], m, k), b_all[2], b[2];
  for (int i = 0; i < products; i++)
    b_all[i] = side(&in[1 + i], &scales[1 + i], n, k);
  for (int64_t m0 = 0; m0 < m; m0 += MC)
    for (int64_t n0 = 0; n0 < n; n0 += NC)
      for (int64_t k0 = 0; k0 < blocks; k0 += KC_BLOCKS) {
        operand a = pass_of(a_all, k0, blocks);
        for (int i = 0; i < products; i++)
          b[i] = pass_of(b_all[i], k0, blocks);
        int64_t mlen = min64(MC, m - m0), nlen = min64(NC, n - n0);
        place a_at = {a_word, a_scale, NULL, a_start};
        if (PACK_A)
          decode_rows(&a, m0, (mlen + TAIL - 1) / TAIL * TAIL, a_at);
        for (int64_t j = 0; j < nlen; j += PANEL) {
          char *out = (char *)c->data + m0 * c->stride[0] + (n0 + j) * 2;
          result to = {NULL, out, c->stride[0], mlen, nlen - j, k0 == 0, k0 + KC_BLOCKS >= blocks};
          panel_products(&a, b, products, m0, n0 + j, to, blocks > KC_BLOCKS ? j * MC : 0);
        }
      }
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  fill_scale_values();
  for (uint32_t g = 0; g < call->n_problems; g++)
    gemm(&call->problem[g], call->n_in == 6 ? 2 : 1);
  return 0;
}

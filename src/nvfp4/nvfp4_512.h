/* Room: nvfp4 (private to it). What the AVX-512 folders share: codes to numbers, rows to lanes. May
 * include base/ and nvfp4.h only; included only from files compiled with those folders' flags. Needs
 * F, BW, VL, DQ and VBMI. */
#ifndef SHARKTANK_NVFP4_512_H
#define SHARKTANK_NVFP4_512_H

#include <immintrin.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_kernel.h"

#define NVFP4_LANES 16

#if defined(__clang__)
#define NVFP4_UNROLL _Pragma("unroll")
#else
#define NVFP4_UNROLL _Pragma("GCC unroll 16")
#endif

static inline int nvfp4_512_available(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("avx2");
}

/* The lowest `bytes` bytes of 64. */
static inline __mmask64 nvfp4_byte_mask(int bytes) {
  return bytes >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << bytes) - 1;
}

/* The table of nvfp4_low and nvfp4_high: doubled values plus `offset`, four times over. vpermb looks at
 * 6 bits of each index, so what stands in bits 4 and 5 does not matter, and no nibble needs a mask. */
static inline __m512i nvfp4_element_table(int8_t offset) {
  const __m128i doubled = _mm_setr_epi8(NVFP4_E2M1_DOUBLED);
  return _mm512_broadcast_i32x4(_mm_add_epi8(doubled, _mm_set1_epi8(offset)));
}

/* Elements of the low (even k) or high (odd k) nibbles of 64 bytes. */
static inline __m512i nvfp4_low(__m512i packed, __m512i table) {
  return _mm512_permutexvar_epi8(packed, table);
}

static inline __m512i nvfp4_high(__m512i packed, __m512i table) {
  return _mm512_permutexvar_epi8(_mm512_srli_epi16(packed, 4), table);
}

/* 32 e4m3 codes to fp32 times `factor`. As fp16, the code's bits moved up by 7 are the value times
 * 2^-8, subnormals included: fp16's exponent has the same width plus one. */
static inline void nvfp4_scales(__m256i codes, __m512 factor, __m512 out[2]) {
  __m512i half =
      _mm512_and_si512(_mm512_slli_epi16(_mm512_cvtepi8_epi16(codes), 7), _mm512_set1_epi16((short)0xbf80));
  __mmask32 nan =
      _mm512_testn_epi16_mask(_mm512_xor_si512(half, _mm512_set1_epi16(0x3f80)), _mm512_set1_epi16(0x3f80));
  const __m512 not_a_number = _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000));
  __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(half));
  __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1));
  out[0] = _mm512_mask_mul_ps(not_a_number, (__mmask16)~nan, low, factor);
  out[1] = _mm512_mask_mul_ps(not_a_number, (__mmask16)(~nan >> 16), high, factor);
}
/* What nvfp4_scales must be given for values times x. */
#define NVFP4_SCALES_TIMES(x) (256.0f * (x))

/* 16 bytes each of 16 rows, as dwords: lane r of out[d] is dword d of row r. Of rows beyond `rows` and
 * bytes beyond `bytes` nothing is read: zeros. */
static inline __attribute__((always_inline)) void nvfp4_turn(const uint8_t *from, int64_t stride, int rows,
                                                             int bytes, __m512i out[4]) {
  __m512i x[4];
  if (rows >= NVFP4_LANES && bytes >= 16) {
    NVFP4_UNROLL for (int i = 0; i < 4; i++) {
      __m512i y = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)(from + i * stride)));
      y = _mm512_inserti32x4(y, _mm_loadu_si128((const __m128i *)(const void *)(from + (4 + i) * stride)), 1);
      y = _mm512_inserti32x4(y, _mm_loadu_si128((const __m128i *)(const void *)(from + (8 + i) * stride)), 2);
      x[i] = _mm512_inserti32x4(y, _mm_loadu_si128((const __m128i *)(const void *)(from + (12 + i) * stride)),
                                3);
    }
  } else {
    __m128i row[NVFP4_LANES];
    for (int r = 0; r < NVFP4_LANES; r++)
      row[r] = r < rows ? _mm_maskz_loadu_epi8((__mmask16)nvfp4_byte_mask(bytes < 16 ? bytes : 16),
                                               from + r * stride)
                        : _mm_setzero_si128();
    for (int i = 0; i < 4; i++) {
      __m512i y = _mm512_castsi128_si512(row[i]);
      y = _mm512_inserti32x4(y, row[4 + i], 1);
      y = _mm512_inserti32x4(y, row[8 + i], 2);
      x[i] = _mm512_inserti32x4(y, row[12 + i], 3);
    }
  }
  __m512i a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpackhi_epi32(x[0], x[1]);
  __m512i c = _mm512_unpacklo_epi32(x[2], x[3]), d = _mm512_unpackhi_epi32(x[2], x[3]);
  out[0] = _mm512_unpacklo_epi64(a, c);
  out[1] = _mm512_unpackhi_epi64(a, c);
  out[2] = _mm512_unpacklo_epi64(b, d);
  out[3] = _mm512_unpackhi_epi64(b, d);
}

/* Scale codes of up to 16 rows (row % 16 == 0) and 4 blocks (block % 4 == 0) of a blocked source, one
 * row to a dword: the tile keeps the rows of a group of 32 16 bytes apart. Zeros beyond `rows`. */
static inline __m512i nvfp4_blocked_codes(const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
                                          int64_t block) {
  const uint8_t *tile = nvfp4_source_scale(s, b, row - row % 128, block) + row % 32 * 16;
  const __m512i quarter = _mm512_set1_epi32((int)(row % 128 / 32));
  const __m512i low =
      _mm512_add_epi32(_mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0), quarter);
  const __m512i high =
      _mm512_add_epi32(_mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 12, 16, 20, 24, 28), quarter);
  __m512i x = _mm512_permutex2var_epi32(_mm512_loadu_si512(tile), low, _mm512_loadu_si512(tile + 64));
  __m512i y = _mm512_permutex2var_epi32(_mm512_loadu_si512(tile + 128), high, _mm512_loadu_si512(tile + 192));
  x = _mm512_mask_mov_epi32(x, 0xff00, y);
  return rows >= NVFP4_LANES ? x : _mm512_maskz_mov_epi32((__mmask16)((1u << rows) - 1u), x);
}

/* Lane r has the codes of row r and four blocks; afterwards 16 codes of each block follow one another. */
static inline __m512i nvfp4_codes_by_block(__m512i by_row) {
  const __m512i order = _mm512_add_epi8(
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60)),
      _mm512_setr_epi64(0, 0, 0x0101010101010101, 0x0101010101010101, 0x0202020202020202, 0x0202020202020202,
                        0x0303030303030303, 0x0303030303030303));
  return _mm512_permutexvar_epi8(order, by_row);
}

/* Rounds to nearest even and writes. */
static inline void nvfp4_512_store(const float *x, int count, enum nvfp4_type type, unsigned char *out) {
  for (int i = 0; i < count; i += NVFP4_LANES) {
    __mmask16 mask = (__mmask16)(count - i >= NVFP4_LANES ? 0xffffu : (1u << (count - i)) - 1u);
    __m512 v = _mm512_maskz_loadu_ps(mask, x + i);
    if (type == NVFP4_FP32) {
      _mm512_mask_storeu_ps(out + 4 * i, mask, v);
    } else if (type == NVFP4_FP16) {
      _mm256_mask_storeu_epi16(out + 2 * i, mask, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
    } else {
      __m512i bits = _mm512_castps_si512(v),
              odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
      __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
      __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
      sum = _mm512_mask_mov_epi32(sum, nan, _mm512_or_si512(bits, _mm512_set1_epi32(0x400000)));
      _mm256_mask_storeu_epi16(out + 2 * i, mask, _mm512_cvtepi32_epi16(_mm512_srli_epi32(sum, 16)));
    }
  }
}

#endif

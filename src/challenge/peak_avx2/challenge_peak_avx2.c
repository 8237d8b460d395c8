/* Room: challenge, compiled with AVX2 and FMA; called only where the machine has both.
 *
 * Assembler, for the reason given in peak_avx512. */
#include <immintrin.h>

#include "challenge/challenge_peak_loop.h"

double peak_fma256(int64_t turns) {
  __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
  __m256 x = _mm256_set1_ps(1.0f);
  for (int64_t t = 0; t < turns; t++)
    __asm__ volatile("vfmadd231ps %12, %12, %0\n\t"
                     "vfmadd231ps %12, %12, %1\n\t"
                     "vfmadd231ps %12, %12, %2\n\t"
                     "vfmadd231ps %12, %12, %3\n\t"
                     "vfmadd231ps %12, %12, %4\n\t"
                     "vfmadd231ps %12, %12, %5\n\t"
                     "vfmadd231ps %12, %12, %6\n\t"
                     "vfmadd231ps %12, %12, %7\n\t"
                     "vfmadd231ps %12, %12, %8\n\t"
                     "vfmadd231ps %12, %12, %9\n\t"
                     "vfmadd231ps %12, %12, %10\n\t"
                     "vfmadd231ps %12, %12, %11\n\t"
                     : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f), "+x"(g), "+x"(h), "+x"(i),
                       "+x"(j), "+x"(k), "+x"(l)
                     : "x"(x));
  return (double)turns * PEAK_CHAINS * 8;
}

uint64_t peak_read256(const void *data, uint64_t bytes) {
  const __m256i *at = data;
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (uint64_t i = 0; i + 4 <= bytes / 32; i += 4) {
    a = _mm256_xor_si256(a, _mm256_load_si256(at + i));
    b = _mm256_xor_si256(b, _mm256_load_si256(at + i + 1));
    c = _mm256_xor_si256(c, _mm256_load_si256(at + i + 2));
    d = _mm256_xor_si256(d, _mm256_load_si256(at + i + 3));
  }
  a = _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
  return (uint64_t)_mm256_extract_epi64(a, 0) ^ (uint64_t)_mm256_extract_epi64(a, 2);
}

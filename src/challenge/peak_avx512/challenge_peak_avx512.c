/* Room: challenge, compiled with AVX-512; each loop is called only where the machine has its unit.
 *
 * Assembler, not intrinsics: at low optimisation levels compilers keep the sums in memory, and then
 * the loop would measure that. */
#include <immintrin.h>

#include "challenge/challenge_peak_loop.h"

double peak_fma512(int64_t turns) {
  __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
  __m512 x = _mm512_set1_ps(1.0f);
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
                     : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i),
                       "+v"(j), "+v"(k), "+v"(l)
                     : "v"(x));
  return (double)turns * PEAK_CHAINS * 16;
}

double peak_bf16_dot512(int64_t turns) {
  __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
  __m512i x = _mm512_set1_epi32(0x3f803f80); /* 1.0 twice */
  for (int64_t t = 0; t < turns; t++)
    __asm__ volatile("vdpbf16ps %12, %12, %0\n\t"
                     "vdpbf16ps %12, %12, %1\n\t"
                     "vdpbf16ps %12, %12, %2\n\t"
                     "vdpbf16ps %12, %12, %3\n\t"
                     "vdpbf16ps %12, %12, %4\n\t"
                     "vdpbf16ps %12, %12, %5\n\t"
                     "vdpbf16ps %12, %12, %6\n\t"
                     "vdpbf16ps %12, %12, %7\n\t"
                     "vdpbf16ps %12, %12, %8\n\t"
                     "vdpbf16ps %12, %12, %9\n\t"
                     "vdpbf16ps %12, %12, %10\n\t"
                     "vdpbf16ps %12, %12, %11\n\t"
                     : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i),
                       "+v"(j), "+v"(k), "+v"(l)
                     : "v"(x));
  return (double)turns * PEAK_CHAINS * 32;
}

double peak_int8_dot512(int64_t turns) {
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a,
          l = a;
  __m512i x = _mm512_set1_epi8(1);
  for (int64_t t = 0; t < turns; t++)
    __asm__ volatile("vpdpbusd %12, %12, %0\n\t"
                     "vpdpbusd %12, %12, %1\n\t"
                     "vpdpbusd %12, %12, %2\n\t"
                     "vpdpbusd %12, %12, %3\n\t"
                     "vpdpbusd %12, %12, %4\n\t"
                     "vpdpbusd %12, %12, %5\n\t"
                     "vpdpbusd %12, %12, %6\n\t"
                     "vpdpbusd %12, %12, %7\n\t"
                     "vpdpbusd %12, %12, %8\n\t"
                     "vpdpbusd %12, %12, %9\n\t"
                     "vpdpbusd %12, %12, %10\n\t"
                     "vpdpbusd %12, %12, %11\n\t"
                     : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i),
                       "+v"(j), "+v"(k), "+v"(l)
                     : "v"(x));
  return (double)turns * PEAK_CHAINS * 64;
}

uint64_t peak_read512(const void *data, uint64_t bytes) {
  const __m512i *at = data;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (uint64_t i = 0; i + 4 <= bytes / 64; i += 4) {
    a = _mm512_xor_si512(a, _mm512_load_si512(at + i));
    b = _mm512_xor_si512(b, _mm512_load_si512(at + i + 1));
    c = _mm512_xor_si512(c, _mm512_load_si512(at + i + 2));
    d = _mm512_xor_si512(d, _mm512_load_si512(at + i + 3));
  }
  a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
  return (uint64_t)_mm512_reduce_add_epi64(a);
}

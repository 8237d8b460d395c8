/* Room: bench. The loops of bench_read.c: each loads every 64-byte line of a stretch once and does nothing
 * with it. Which is the fastest depends on the machine's prefetchers, so there are many; all are tried.
 *
 * "4": the stretch is cut into 4 parts that are read side by side, line by line, so that several hardware
 * prefetchers work; "4p": the same with 4 neighbouring pages of 4 KiB, for prefetchers that stop at the end
 * of a page; "+2k": a prefetch 2 KiB ahead, which crosses pages; "nta": the same past the outer caches.
 *
 * Loads are assembler: nothing need be done with what they load, and no compiler may leave them out. No
 * intrinsics, so no flags; the caller asks whether the machine has 512-bit registers. */
#include "bench_read_loops.h"

enum { PAGE_LINES = 64 };

#if defined(__x86_64__)
__attribute__((always_inline)) static inline void load_line(const char *at, int wide) {
  if (wide)
    __asm__ volatile("vmovdqa64 (%0), %%zmm0" ::"r"(at) : "xmm0", "memory");
  else
    __asm__ volatile("movdqa (%0), %%xmm0\n\tmovdqa 16(%0), %%xmm1\n\t"
                     "movdqa 32(%0), %%xmm2\n\tmovdqa 48(%0), %%xmm3" ::"r"(at)
                     : "xmm0", "xmm1", "xmm2", "xmm3", "memory");
}
#else
static inline void load_line(const char *at, int wide) {
  (void)wide;
  for (int i = 0; i < 64; i += 8)
    (void)*(const volatile uint64_t *)(const void *)(at + i);
}
#endif

__attribute__((always_inline)) static inline void read_line(const char *at, int wide, int ahead, int nta) {
  if (ahead && nta)
    __builtin_prefetch(at + ahead, 0, 0);
  else if (ahead)
    __builtin_prefetch(at + ahead, 0, 3);
  load_line(at, wide);
}

/* `parts` stretches of `lines` each, `apart` bytes from one to the next, two lines of each at a time. */
__attribute__((always_inline)) static inline void read_parts(const char *at, size_t lines, size_t apart,
                                                             int parts, int wide, int ahead, int nta) {
  size_t i = 0;
  for (; i + 2 <= lines; i += 2, at += 128)
    for (int p = 0; p < parts; p++) {
      read_line(at + (size_t)p * apart, wide, ahead, nta);
      read_line(at + (size_t)p * apart + 64, wide, ahead, nta);
    }
  for (; i < lines; i++, at += 64)
    for (int p = 0; p < parts; p++)
      read_line(at + (size_t)p * apart, wide, 0, 0);
}

__attribute__((always_inline)) static inline void read_all(const void *data, size_t lines, int parts,
                                                           int wide, int paged, int ahead, int nta) {
  const char *at = data;
  size_t step = (size_t)parts * PAGE_LINES;
  if (paged)
    for (; lines >= step; lines -= step, at += step * 64)
      read_parts(at, PAGE_LINES, (size_t)PAGE_LINES * 64, parts, wide, ahead, nta);
  size_t each = lines / (size_t)parts;
  read_parts(at, each, each * 64, parts, wide, ahead, nta);
  at += each * (size_t)parts * 64;
  read_parts(at, lines - each * (size_t)parts, 0, 1, wide, 0, 0);
}

static void read_1_512(const void *data, size_t lines) {
  read_all(data, lines, 1, 1, 0, 0, 0);
}

static void read_1_1k_512(const void *data, size_t lines) {
  read_all(data, lines, 1, 1, 0, 1024, 0);
}

static void read_1_2k_512(const void *data, size_t lines) {
  read_all(data, lines, 1, 1, 0, 2048, 0);
}

static void read_1_4k_512(const void *data, size_t lines) {
  read_all(data, lines, 1, 1, 0, 4096, 0);
}

static void read_1_2k_nta_512(const void *data, size_t lines) {
  read_all(data, lines, 1, 1, 0, 2048, 1);
}

static void read_2_512(const void *data, size_t lines) {
  read_all(data, lines, 2, 1, 0, 0, 0);
}

static void read_2_2k_512(const void *data, size_t lines) {
  read_all(data, lines, 2, 1, 0, 2048, 0);
}

static void read_4_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 0, 0, 0);
}

static void read_4_1k_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 0, 1024, 0);
}

static void read_4_2k_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 0, 2048, 0);
}

static void read_4_2k_nta_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 0, 2048, 1);
}

static void read_8_512(const void *data, size_t lines) {
  read_all(data, lines, 8, 1, 0, 0, 0);
}

static void read_8_1k_512(const void *data, size_t lines) {
  read_all(data, lines, 8, 1, 0, 1024, 0);
}

static void read_2p_512(const void *data, size_t lines) {
  read_all(data, lines, 2, 1, 1, 0, 0);
}

static void read_4p_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 1, 0, 0);
}

static void read_4p_1k_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 1, 1024, 0);
}

static void read_4p_4k_512(const void *data, size_t lines) {
  read_all(data, lines, 4, 1, 1, 4096, 0);
}

static void read_8p_512(const void *data, size_t lines) {
  read_all(data, lines, 8, 1, 1, 0, 0);
}

static void read_1_8k_512(const void *data, size_t lines) {
  read_all(data, lines, 1, 1, 0, 8192, 0);
}

static void read_8_4k_512(const void *data, size_t lines) {
  read_all(data, lines, 8, 1, 0, 4096, 0);
}

static void read_8p_1k_512(const void *data, size_t lines) {
  read_all(data, lines, 8, 1, 1, 1024, 0);
}

static void read_32p_512(const void *data, size_t lines) {
  read_all(data, lines, 32, 1, 1, 0, 0);
}

static void read_1_128(const void *data, size_t lines) {
  read_all(data, lines, 1, 0, 0, 0, 0);
}

static void read_1_2k_128(const void *data, size_t lines) {
  read_all(data, lines, 1, 0, 0, 2048, 0);
}

static void read_4_128(const void *data, size_t lines) {
  read_all(data, lines, 4, 0, 0, 0, 0);
}

static void read_4_1k_128(const void *data, size_t lines) {
  read_all(data, lines, 4, 0, 0, 1024, 0);
}

static void read_8_128(const void *data, size_t lines) {
  read_all(data, lines, 8, 0, 0, 0, 0);
}

static void read_4p_128(const void *data, size_t lines) {
  read_all(data, lines, 4, 0, 1, 0, 0);
}

const struct bench_read_loop bench_read_loops[] = {{"512-bit 1", 1, read_1_512},
                                                   {"512-bit 1 +1k", 1, read_1_1k_512},
                                                   {"512-bit 1 +2k", 1, read_1_2k_512},
                                                   {"512-bit 1 +4k", 1, read_1_4k_512},
                                                   {"512-bit 1 +2k nta", 1, read_1_2k_nta_512},
                                                   {"512-bit 2", 1, read_2_512},
                                                   {"512-bit 2 +2k", 1, read_2_2k_512},
                                                   {"512-bit 4", 1, read_4_512},
                                                   {"512-bit 4 +1k", 1, read_4_1k_512},
                                                   {"512-bit 4 +2k", 1, read_4_2k_512},
                                                   {"512-bit 4 +2k nta", 1, read_4_2k_nta_512},
                                                   {"512-bit 8", 1, read_8_512},
                                                   {"512-bit 8 +1k", 1, read_8_1k_512},
                                                   {"512-bit 2p", 1, read_2p_512},
                                                   {"512-bit 4p", 1, read_4p_512},
                                                   {"512-bit 4p +1k", 1, read_4p_1k_512},
                                                   {"512-bit 4p +4k", 1, read_4p_4k_512},
                                                   {"512-bit 8p", 1, read_8p_512},
                                                   {"512-bit 1 +8k", 1, read_1_8k_512},
                                                   {"512-bit 8 +4k", 1, read_8_4k_512},
                                                   {"512-bit 8p +1k", 1, read_8p_1k_512},
                                                   {"512-bit 32p", 1, read_32p_512},
                                                   {"128-bit 1", 0, read_1_128},
                                                   {"128-bit 1 +2k", 0, read_1_2k_128},
                                                   {"128-bit 4", 0, read_4_128},
                                                   {"128-bit 4 +1k", 0, read_4_1k_128},
                                                   {"128-bit 8", 0, read_8_128},
                                                   {"128-bit 4p", 0, read_4p_128},
                                                   {NULL, 0, NULL}};

/* Room: nvfp4, instruction set AVX-VNNI (vpdpbusd on 256-bit registers) with AVX2, FMA and F16C. May
 * include base/ and nvfp4.h only. Compiled with the flags of its folder; called only where cpuid says
 * so. nvfp4_256.h has the code; this is what it becomes with vpdpbusd, and how fast.
 *
 * Expected speed of GEMM (Golden Cove; vpdpbusd and fused operations go to ports 0 and 1): per row, block
 * and 8 columns 4 vpdpbusd, the first from `start`, and 2 fused operations: 3 cycles for 128
 * multiply-adds, 43 a cycle, against 16 of fp32 FMA and 64 of vpdpbusd alone. Loads: 6 broadcasts in 3
 * cycles, of 9 possible; b's 4 vectors stay in registers for 4 rows. The 4 vpdpbusd of a block wait for
 * each other, 5 cycles each, but rows and blocks do not, and 3 cycles of work for each of 10 of them
 * cover it, some 130 operations of the 512 that the processor looks ahead.
 * GEMV: see nvfp4_256_gemv.h. */
#if defined(__x86_64__)
#include "nvfp4/nvfp4_256_gemv.h"

/* Not every compiler knows "avxvnni" as a thing to ask for: bit 4 of subleaf 1 of leaf 7, where subleaf 0
 * says in a that there is one. */
static int available(void) {
  unsigned a, b, c, d;
  if (!nvfp4_256_available() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || a < 1)
    return 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1u);
}

const struct nvfp4_kernel nvfp4_avx_vnni_kernel = {.name = "avx_vnni",
                                                   .columns = NVFP4_256_COLUMNS,
                                                   .row_chunk_bytes = sizeof(struct nvfp4_256_rows),
                                                   .available = available,
                                                   .pack_rows = nvfp4_256_pack_rows,
                                                   .pack_columns = nvfp4_256_pack_columns,
                                                   .multiply = nvfp4_256_multiply,
                                                   .pack_vector = nvfp4_256_pack_vector,
                                                   .gemv = nvfp4_256_gemv,
                                                   .store = nvfp4_256_store};
#else
typedef int nvfp4_no_avx_vnni_here;
#endif

/* Room: nvfp4, instruction set AVX2 with FMA and F16C. May include base/ and nvfp4.h only. Compiled
 * with the flags of its folder; called only where cpuid says so. nvfp4_256.h has the code; this is what
 * it becomes with vpmaddubsw, and how fast.
 *
 * Expected speed of GEMM (Golden Cove; 256-bit operations go to ports 0, 1 and 5, multiplications to 0
 * and 1 only): per row, block and 8 columns 4 vpmaddubsw, 3 vpaddw, 1 vpmaddwd, 1 vpaddd and 2 fused
 * operations. 7 on two ports: 3.5 cycles; 11 on three: 3.67 cycles for 128 multiply-adds, 35 a cycle,
 * against 16 of fp32 FMA. Loads: 6 broadcasts, three a cycle; 4 vectors and a scale of b for 4 rows.
 * Registers: 4 sums, b's 4 vectors, its scale and that times the magic number, ones: 11 of 16, and 5 for
 * what is under way. No chain is longer than 30 cycles, and rows and blocks are independent but for the
 * one addition to a sum. Packing 8 columns costs about as much as 3 rows.
 * GEMV: see nvfp4_256_gemv.h. */
#if defined(__x86_64__)
#include "nvfp4/nvfp4_256_gemv.h"

const struct nvfp4_kernel nvfp4_avx2_kernel = {.name = "avx2",
                                               .columns = NVFP4_256_COLUMNS,
                                               .row_chunk_bytes = sizeof(struct nvfp4_256_rows),
                                               .available = nvfp4_256_available,
                                               .pack_rows = nvfp4_256_pack_rows,
                                               .pack_columns = nvfp4_256_pack_columns,
                                               .multiply = nvfp4_256_multiply,
                                               .pack_vector = nvfp4_256_pack_vector,
                                               .gemv = nvfp4_256_gemv,
                                               .store = nvfp4_256_store};
#else
typedef int nvfp4_no_avx2_here;
#endif

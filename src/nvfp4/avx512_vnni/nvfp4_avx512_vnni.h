/* Room: nvfp4 (private to avx512_vnni/). */
#ifndef SHARKTANK_NVFP4_AVX512_VNNI_H
#define SHARKTANK_NVFP4_AVX512_VNNI_H

#include "nvfp4/nvfp4_kernel.h"

void nvfp4_avx512_vnni_pack_vector(const struct nvfp4_source *s, int64_t b, int64_t block, int blocks,
                                   void *out);
void nvfp4_avx512_vnni_gemv(const void *vector, const struct nvfp4_source *s, int64_t b, int64_t row,
                            int rows, int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]);

#endif

/* Room: nvfp4 (private to it). What one instruction set provides to the fast path: one folder each,
 * one struct nvfp4_kernel each. The driver cuts a product into panels of rows and panels of columns
 * (the rows of b) and these into chunks of 32 blocks along k; a kernel packs a chunk of either into a
 * form of its own and multiplies two packed chunks. May include base/ and nvfp4.h only.
 *
 * The arithmetic is fixed, so that every instruction set returns the same bits: within a block an
 * exact integer sum S of doubled elements; the block's term S * sfb * (sfa/4), exact in fp32 (12 + 4 + 4
 * significant bits, no smaller than 2^-20); terms added to an fp32 accumulator in order of k. */
#ifndef SHARKTANK_NVFP4_KERNEL_H
#define SHARKTANK_NVFP4_KERNEL_H

#include <string.h>

#include "nvfp4/nvfp4_check.h"

#define NVFP4_CHUNK              32 /* blocks of 16: k = 512 */
#define NVFP4_PANEL_ROWS         8  /* rows of a in a panel */
#define NVFP4_MAX_COLUMNS        32 /* most columns of a panel */
/* The most bytes of a packed chunk, for workspaces that fit every kernel; multiples of 64. */
#define NVFP4_ROW_CHUNK_BYTES    (NVFP4_PANEL_ROWS * NVFP4_CHUNK * (16 * 2 + 4))
#define NVFP4_COLUMN_CHUNK_BYTES (NVFP4_MAX_COLUMNS * NVFP4_CHUNK * (16 + 4))

struct nvfp4_kernel {
  const char *name;
  int columns; /* of a panel; divides NVFP4_MAX_COLUMNS */
  int (*available)(void);
  /* Packs rows [row, row + rows) and blocks [block, block + blocks) of matrix b, all in range,
   * 1 <= rows <= NVFP4_PANEL_ROWS, 1 <= blocks <= NVFP4_CHUNK. chunk is 64-byte aligned. */
  void (*pack_rows)(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block, int blocks,
                    void *chunk);
  /* The same for 1 <= rows <= columns; columns beyond `rows` get the value 0. */
  void (*pack_columns)(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                       int blocks, void *chunk);
  /* acc[rows][columns] += rows chunk * columns chunk, over `blocks` blocks; 64-byte aligned. */
  void (*multiply)(const void *row_chunk, const void *column_chunk, int rows, int blocks, float *acc);
  /* half[i] = fp16 bits of x[i], nearest even; half need only be 2-byte aligned. */
  void (*narrow)(const float *x, int count, unsigned char *half);
};

extern const struct nvfp4_kernel nvfp4_scalar_kernel;
#if defined(__x86_64__)
extern const struct nvfp4_kernel nvfp4_avx2_kernel;
extern const struct nvfp4_kernel nvfp4_avx512_vnni_kernel;
#endif

/* The kernel to use now (NVFP4_ISA, else the best), or NULL: ERR_ISA. */
const struct nvfp4_kernel *nvfp4_kernel_select(void);

/* Scale codes of one row: out[i] for blocks block + i, i < blocks. */
static inline void nvfp4_scale_codes(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block,
                                     int blocks, uint8_t out[NVFP4_CHUNK]) {
  const uint8_t *first = nvfp4_source_scale(s, b, row, block);
  if (s->scale_tiles == 0) {
    memcpy(out, first, (size_t)blocks);
    return;
  }
  /* Chunks start at multiples of 4 blocks, so a tile's four codes of this row are one word. */
  for (int i = 0; i < blocks; i += 4, first += 512)
    memcpy(out + i, first, 4);
}

#endif

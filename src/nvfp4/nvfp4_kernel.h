/* Room: nvfp4 (private to it). What one instruction set provides to the fast path: one folder each,
 * one struct nvfp4_kernel each. May include base/ and nvfp4.h only.
 *
 * GEMM: the driver cuts a product into panels of rows (of a) and panels of columns (rows of b) and
 * these into chunks of 32 blocks along k; a kernel packs a chunk of either into a form of its own and
 * multiplies two packed chunks. GEMV: the vector is packed once per stretch of k, the matrix is read
 * where it lies.
 *
 * The arithmetic is fixed, so that every instruction set returns the same bits: within a block an
 * exact integer sum S of doubled elements; the block's term S * sfb * (sfa/4), exact in fp32 (12 + 4 + 4
 * significant bits, no smaller than 2^-20); terms added to fp32 accumulators in the order that nvfp4.h
 * states. A NaN scale must make its term NaN. */
#ifndef SHARKTANK_NVFP4_KERNEL_H
#define SHARKTANK_NVFP4_KERNEL_H

#include <string.h>

#include "nvfp4/nvfp4_check.h"

#define NVFP4_CHUNK              32   /* blocks of 16: k = 512 */
#define NVFP4_PANEL_ROWS         8    /* rows of a in a panel */
#define NVFP4_MAX_COLUMNS        32   /* most columns of a panel */
#define NVFP4_PARTIALS           16   /* partial sums of a row in GEMV */
#define NVFP4_VECTOR_CHUNK       1024 /* most blocks of a packed vector; k = 16384 */
/* The most bytes of each packed thing, for workspaces that fit every kernel; multiples of 64. */
#define NVFP4_ROW_CHUNK_BYTES    (NVFP4_PANEL_ROWS * NVFP4_CHUNK * (16 * 2 + 4))
#define NVFP4_COLUMN_CHUNK_BYTES (NVFP4_MAX_COLUMNS * NVFP4_CHUNK * (16 * 2 + 4))
#define NVFP4_VECTOR_BYTES       (NVFP4_VECTOR_CHUNK * (16 * 2 + 4 + 4))

struct nvfp4_kernel {
  const char *name;
  int columns;         /* of a panel: 8, 16 or 32 */
  int row_chunk_bytes; /* of a packed row chunk: a multiple of 64, at most NVFP4_ROW_CHUNK_BYTES */
  int (*available)(void);
  /* Packs rows [row, row + rows) and blocks [block, block + blocks) of matrix b, all in range,
   * 1 <= rows <= NVFP4_PANEL_ROWS, 1 <= blocks <= NVFP4_CHUNK, block % NVFP4_CHUNK == 0. The source
   * is not prepacked. chunk is 64-byte aligned. */
  void (*pack_rows)(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block, int blocks,
                    void *chunk);
  /* The same for 1 <= rows <= columns, row % columns == 0; the source may be prepacked. Columns beyond
   * `rows` get the value 0 (a prepacked source holds zeros there). */
  void (*pack_columns)(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                       int blocks, void *chunk);
  /* acc[rows][columns] += rows chunk * columns chunk, over `blocks` blocks; 64-byte aligned. */
  void (*multiply)(const void *row_chunk, const void *column_chunk, int rows, int blocks, float *acc);
  /* Packs row 0, blocks [block, block + blocks) of matrix b for gemv; 1 <= blocks <= NVFP4_VECTOR_CHUNK,
   * block % NVFP4_VECTOR_CHUNK == 0; not prepacked. out is NVFP4_VECTOR_BYTES, 64-byte aligned. */
  void (*pack_vector)(const struct nvfp4_source *s, int64_t b, int64_t block, int blocks, void *out);
  /* partial[i][j % 16] += term j of matrix row row + i, for i < rows, and blocks j from `block` on, in
   * ascending order. row % 32 == 0; rows <= 128, and row % 128 + rows <= 128; the source may be
   * prepacked. partial is 64-byte aligned and has room for rows rounded up to 32; what is written
   * beyond `rows` does not matter. */
  void (*gemv)(const void *vector, const struct nvfp4_source *s, int64_t b, int64_t row, int rows,
               int64_t block, int blocks, float (*partial)[NVFP4_PARTIALS]);
  /* out[i] = x[i] as `type`, nearest even; out need only be aligned to its elements. */
  void (*store)(const float *x, int count, enum nvfp4_type type, unsigned char *out);
};

extern const struct nvfp4_kernel nvfp4_scalar_kernel;
#if defined(__x86_64__)
extern const struct nvfp4_kernel nvfp4_avx2_kernel;
extern const struct nvfp4_kernel nvfp4_avx_vnni_kernel;
extern const struct nvfp4_kernel nvfp4_avx512_bf16_kernel;
extern const struct nvfp4_kernel nvfp4_avx512_vnni_kernel;
#endif

/* The kernel to use now (NVFP4_ISA, else the best), or NULL: ERR_ISA. */
const struct nvfp4_kernel *nvfp4_kernel_select(void);

/* Scale codes of one row of a source that is not prepacked: out[i] for blocks block + i, i < blocks;
 * block % 4 == 0. Up to 3 bytes beyond are written too, up to a multiple of 4. */
static inline void nvfp4_scale_codes(const struct nvfp4_source *s, int64_t b, int64_t row, int64_t block,
                                     int blocks, uint8_t *out) {
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

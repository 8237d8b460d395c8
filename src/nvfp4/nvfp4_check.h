/* Room: nvfp4 (private to it). The public descriptors, checked and with every default filled in.
 * Both the oracle and the fast path start from these; they share nothing further, so that a mistake
 * in one cannot hide in the other. May include base/ and nvfp4.h only. */
#ifndef SHARKTANK_NVFP4_CHECK_H
#define SHARKTANK_NVFP4_CHECK_H

#include "nvfp4.h"

#define NVFP4_BLOCK    16
#define NVFP4_MAX_K    (INT64_C(1) << 20)
/* The most bytes one operand may span: leaves room for adding offsets without overflow. */
#define NVFP4_MAX_SPAN (INT64_C(1) << 56)

/* An operand whose strides are explicit. Prepacked (the form is below): only packed, rows
 * and blocks have a meaning. */
struct nvfp4_source {
  const uint8_t *packed, *scale;
  int prepacked;
  int64_t packed_bytes, scale_bytes; /* what it spans in all */
  int64_t rows, blocks;              /* blocks of 16 along k */
  int64_t row_stride_bytes, batch_stride_bytes;
  int64_t scale_row_stride_bytes; /* plain; 0 when blocked */
  int64_t scale_batch_stride_bytes;
  int64_t scale_tiles; /* blocked: tiles of 4 blocks along k; 0 when plain */
};

/* One product, or a dual one (two right operands). Elements of result row i, column j:
 * c + batch*c_batch_stride_bytes + i*c_row_stride_bytes + j*c_elem_bytes. */
struct nvfp4_job {
  int64_t batch, m, n, blocks;
  struct nvfp4_source a, b[2];
  int products;     /* 1, or 2 for a dual product */
  double factor[2]; /* of each product: the operands' tensor scales multiplied, exact */
  unsigned char *c;
  enum nvfp4_type type;
  int c_elem_bytes;
  int64_t c_row_stride_bytes, c_batch_stride_bytes;
};

/* What of a descriptor is looked at: all; all but the result; only the sizes (no pointer, no stride). */
enum nvfp4_check_result { NVFP4_WITH_RESULT, NVFP4_WITHOUT_RESULT, NVFP4_SIZES_ONLY };

/* The scale's address; i, j and b in range. */
static inline const uint8_t *nvfp4_source_scale(const struct nvfp4_source *s, int64_t b, int64_t i,
                                                int64_t j) {
  const uint8_t *base = s->scale + b * s->scale_batch_stride_bytes;
  if (s->scale_tiles == 0)
    return base + i * s->scale_row_stride_bytes + j;
  return base + (i / 128 * s->scale_tiles + j / 4) * 512 + i % 32 * 16 + i % 128 / 32 * 4 + j % 4;
}

/* Prepacked sources: panels of 32 rows (zeros beyond the last); in a panel, for each block j
 *   [2 halves of 16 rows][2: bytes 0-3 or 4-7 of the block][16 rows][4 bytes]     256 bytes
 * and after all blocks, for each block, 32 scale codes; blocks rounded up to an even number there, so
 * that panels keep to multiples of 64 bytes. */
#define NVFP4_PREPACKED_ROWS 32
static inline int64_t nvfp4_prepacked_panel_bytes(int64_t blocks) {
  return blocks * 256 + (blocks + 1) / 2 * 64;
}
static inline int64_t nvfp4_prepacked_batch_bytes(int64_t rows, int64_t blocks) {
  return (rows + NVFP4_PREPACKED_ROWS - 1) / NVFP4_PREPACKED_ROWS * nvfp4_prepacked_panel_bytes(blocks);
}
/* Elements of block `block` of the panel that row `row` is in: 256 bytes, as above. */
static inline const uint8_t *nvfp4_prepacked_elements(const struct nvfp4_source *s, int64_t b, int64_t row,
                                                      int64_t block) {
  return s->packed + b * nvfp4_prepacked_batch_bytes(s->rows, s->blocks) +
         row / NVFP4_PREPACKED_ROWS * nvfp4_prepacked_panel_bytes(s->blocks) + block * 256;
}
/* Scale codes of the same: 32 bytes. */
static inline const uint8_t *nvfp4_prepacked_scales(const struct nvfp4_source *s, int64_t b, int64_t row,
                                                    int64_t block) {
  return nvfp4_prepacked_elements(s, b, row, s->blocks) + block * 32;
}

enum nvfp4_status nvfp4_check_sizes(int64_t batch, int64_t m, int64_t n, int64_t k) NVFP4_MUST_USE;
/* A list of jobs, made from the caller's descriptors as they are needed: no memory, no copies. */
struct nvfp4_jobs {
  const void *args; /* array of public descriptors */
  size_t count;
  enum nvfp4_status (*get)(const void *args, size_t index, enum nvfp4_check_result with,
                           struct nvfp4_job *job);
};
enum nvfp4_status nvfp4_jobs_get_gemm(const void *args, size_t index, enum nvfp4_check_result with,
                                      struct nvfp4_job *job) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_jobs_get_gemv(const void *args, size_t index, enum nvfp4_check_result with,
                                      struct nvfp4_job *job) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_jobs_get_dual(const void *args, size_t index, enum nvfp4_check_result with,
                                      struct nvfp4_job *job) NVFP4_MUST_USE;
/* Where a worker is in the list; zeros to begin with. */
struct nvfp4_cursor {
  size_t job;
  int64_t before; /* items of the jobs before that */
};
/* Finds the job that holds one item of the list's items, numbered through all jobs; a worker asks in
 * ascending order. items_of gives a job's own number of them under the caller's limits. *index becomes the
 * item's number within its job. Every job was checked before, so this does not fail. Returns the job's
 * index. */
size_t nvfp4_jobs_find(const struct nvfp4_jobs *jobs, enum nvfp4_check_result with,
                       int64_t (*items_of)(const struct nvfp4_job *job, const void *limits),
                       const void *limits, struct nvfp4_cursor *cursor, int64_t *index,
                       struct nvfp4_job *job);

/* A lone operand that is not prepacked, apart from [out, out + out_bytes). */
enum nvfp4_status nvfp4_check_source(const nvfp4_operand *o, int64_t batch, int64_t rows, int64_t k,
                                     const void *out, int64_t out_bytes,
                                     struct nvfp4_source *s) NVFP4_MUST_USE;
/* ERR_ALIAS when the workspace meets the job's result or an operand. */
enum nvfp4_status nvfp4_check_apart(const struct nvfp4_job *job, const void *workspace,
                                    size_t bytes) NVFP4_MUST_USE;
/* ERR_NULL, ERR_ALIGN or ERR_WORKSPACE. */
enum nvfp4_status nvfp4_check_workspace(const void *workspace, size_t bytes, size_t needed) NVFP4_MUST_USE;

#endif

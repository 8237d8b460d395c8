/* Room: nvfp4. Checks the public descriptors and fills in their defaults. Everything a caller can get
 * wrong is caught here, in terms of the caller's own fields; the code behind it trusts its job. All
 * arithmetic on sizes is checked for overflow. May include base/ and nvfp4.h only. */
#include "nvfp4/nvfp4_check.h"

#define MAX_SIZE (INT64_C(1) << 40)

/* *out = (count - 1) * stride + last, or 0 when count is 0; 0 on overflow or excess. */
static int span(int64_t count, int64_t stride, int64_t last, int64_t *out) {
  int64_t bytes;
  *out = 0;
  if (count == 0)
    return 1;
  if (__builtin_mul_overflow(count - 1, stride, &bytes) || __builtin_add_overflow(bytes, last, &bytes) ||
      bytes > NVFP4_MAX_SPAN)
    return 0;
  *out = bytes;
  return 1;
}

enum nvfp4_status nvfp4_check_sizes(int64_t batch, int64_t m, int64_t n, int64_t k) {
  if (k < NVFP4_BLOCK || k > NVFP4_MAX_K || k % NVFP4_BLOCK != 0)
    return NVFP4_ERR_K;
  if (batch < 0 || m < 0 || n < 0 || batch > MAX_SIZE || m > MAX_SIZE || n > MAX_SIZE)
    return NVFP4_ERR_SHAPE;
  return NVFP4_OK;
}

/* Fills in a stride pair: *row (0: row_bytes) and *plane (0: dense); returns the bytes spanned. */
static enum nvfp4_status strides(int64_t batch, int64_t rows, int64_t row_bytes, int64_t *row, int64_t *plane,
                                 int64_t *spanned) {
  int64_t plane_bytes;
  if (*row == 0)
    *row = row_bytes;
  if (*row < row_bytes)
    return NVFP4_ERR_STRIDE;
  if (*row > NVFP4_MAX_SPAN || *plane > NVFP4_MAX_SPAN)
    return NVFP4_ERR_SHAPE; /* also over one row: a kernel may form an address that it does not read */
  if (!span(rows, *row, row_bytes, &plane_bytes))
    return NVFP4_ERR_SHAPE;
  if (*plane == 0 && __builtin_mul_overflow(rows, *row, plane))
    return NVFP4_ERR_SHAPE;
  if (*plane < plane_bytes)
    return NVFP4_ERR_STRIDE;
  if (!span(batch, *plane, plane_bytes, spanned))
    return NVFP4_ERR_SHAPE;
  return NVFP4_OK;
}

static int overlap(const void *a, int64_t a_bytes, const void *b, int64_t b_bytes) {
  uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
  return a_bytes > 0 && b_bytes > 0 && x < y + (uintptr_t)b_bytes && y < x + (uintptr_t)a_bytes;
}

static int64_t job_span(const struct nvfp4_job *job) {
  if (job->batch == 0 || job->m == 0 || job->n == 0)
    return 0;
  return (job->batch - 1) * job->c_batch_stride_bytes + (job->m - 1) * job->c_row_stride_bytes +
         job->c_elem_bytes * job->n;
}

/* The scales' part of an operand. */
static enum nvfp4_status resolve_scales(const nvfp4_operand *o, int64_t batch, int64_t rows,
                                        struct nvfp4_source *s, int64_t *spanned) {
  int64_t row = o->scale_row_stride_bytes, plane = o->scale_batch_stride_bytes;
  enum nvfp4_status status;
  if (o->scale_layout == NVFP4_SCALES_PLAIN) {
    s->scale_tiles = 0;
    status = strides(batch, rows, s->blocks, &row, &plane, spanned);
    s->scale_row_stride_bytes = row;
  } else if (o->scale_layout == NVFP4_SCALES_BLOCKED) {
    if (row != 0)
      return NVFP4_ERR_STRIDE;
    s->scale_tiles = (s->blocks + 3) / 4;
    s->scale_row_stride_bytes = 0;
    status = strides(batch, (rows + 127) / 128, s->scale_tiles * 512, &row, &plane, spanned);
  } else {
    return NVFP4_ERR_LAYOUT;
  }
  s->scale_batch_stride_bytes = plane;
  return status;
}

/* Dense, with its scales within. */
static enum nvfp4_status resolve_prepacked(const nvfp4_operand *o, int64_t batch, int64_t rows,
                                           struct nvfp4_source *s, int64_t *spanned) {
  int64_t panels = (rows + NVFP4_PREPACKED_ROWS - 1) / NVFP4_PREPACKED_ROWS, plane;
  if (o->row_stride_bytes != 0 || o->batch_stride_bytes != 0 || o->scale_row_stride_bytes != 0 ||
      o->scale_batch_stride_bytes != 0)
    return NVFP4_ERR_STRIDE;
  s->prepacked = 1;
  if (__builtin_mul_overflow(panels, nvfp4_prepacked_panel_bytes(s->blocks), &plane) ||
      !span(batch, plane, plane, spanned))
    return NVFP4_ERR_SHAPE;
  return NVFP4_OK;
}

/* Fills in *s from an operand of `rows` rows. */
static enum nvfp4_status resolve_source(const nvfp4_operand *o, int64_t batch, int64_t rows, int64_t blocks,
                                        int may_be_prepacked, struct nvfp4_source *s) {
  *s = (struct nvfp4_source){.packed = o->packed,
                             .scale = o->scale,
                             .rows = rows,
                             .blocks = blocks,
                             .row_stride_bytes = o->row_stride_bytes,
                             .batch_stride_bytes = o->batch_stride_bytes};
  enum nvfp4_status status;
  if (may_be_prepacked && o->scale_layout == NVFP4_PREPACKED) {
    status = resolve_prepacked(o, batch, rows, s, &s->packed_bytes);
  } else {
    status = strides(batch, rows, blocks * (NVFP4_BLOCK / 2), &s->row_stride_bytes, &s->batch_stride_bytes,
                     &s->packed_bytes);
    if (status == NVFP4_OK)
      status = resolve_scales(o, batch, rows, s, &s->scale_bytes);
  }
  if (status == NVFP4_OK && ((s->packed_bytes > 0 && !o->packed) || (s->scale_bytes > 0 && !o->scale)))
    return NVFP4_ERR_NULL;
  return status;
}

static int source_overlaps(const struct nvfp4_source *s, const void *data, int64_t bytes) {
  return overlap(s->packed, s->packed_bytes, data, bytes) || overlap(s->scale, s->scale_bytes, data, bytes);
}

/* job->c is set already: the operand must lie apart from it. */
static enum nvfp4_status resolve_operand(const nvfp4_operand *o, const struct nvfp4_job *job, int64_t rows,
                                         int may_be_prepacked, struct nvfp4_source *s) {
  enum nvfp4_status status = resolve_source(o, job->batch, rows, job->blocks, may_be_prepacked, s);
  if (status != NVFP4_OK)
    return status;
  return job->c && source_overlaps(s, job->c, job_span(job)) ? NVFP4_ERR_ALIAS : NVFP4_OK;
}

enum nvfp4_status nvfp4_check_source(const nvfp4_operand *o, int64_t batch, int64_t rows, int64_t k,
                                     const void *out, int64_t out_bytes, struct nvfp4_source *s) {
  enum nvfp4_status status = nvfp4_check_sizes(batch, rows, 0, k);
  if (status == NVFP4_OK)
    status = resolve_source(o, batch, rows, k / NVFP4_BLOCK, 0, s);
  if (status != NVFP4_OK)
    return status;
  return source_overlaps(s, out, out_bytes) ? NVFP4_ERR_ALIAS : NVFP4_OK;
}

enum nvfp4_status nvfp4_check_apart(const struct nvfp4_job *job, const void *workspace, size_t bytes) {
  int64_t span_bytes = bytes > (size_t)NVFP4_MAX_SPAN ? NVFP4_MAX_SPAN : (int64_t)bytes;
  int meets = overlap(job->c, job_span(job), workspace, span_bytes) ||
              source_overlaps(&job->a, workspace, span_bytes);
  for (int i = 0; i < job->products; i++)
    meets = meets || source_overlaps(&job->b[i], workspace, span_bytes);
  return meets ? NVFP4_ERR_ALIAS : NVFP4_OK;
}

static enum nvfp4_status resolve_result(const nvfp4_result *c, enum nvfp4_check_result with,
                                        struct nvfp4_job *job) {
  int64_t spanned;
  job->c = NULL;
  if (c->type != NVFP4_FP16 && c->type != NVFP4_BF16 && c->type != NVFP4_FP32)
    return NVFP4_ERR_TYPE;
  job->type = (enum nvfp4_type)c->type;
  job->c_elem_bytes = job->type == NVFP4_FP32 ? 4 : 2;
  if (with != NVFP4_WITH_RESULT)
    return NVFP4_OK;
  job->c_row_stride_bytes = c->row_stride_bytes;
  job->c_batch_stride_bytes = c->batch_stride_bytes;
  enum nvfp4_status status = strides(job->batch, job->m, job->c_elem_bytes * job->n, &job->c_row_stride_bytes,
                                     &job->c_batch_stride_bytes, &spanned);
  if (status != NVFP4_OK)
    return status;
  if (job->c_row_stride_bytes % job->c_elem_bytes != 0 || job->c_batch_stride_bytes % job->c_elem_bytes != 0)
    return NVFP4_ERR_STRIDE;
  if (spanned > 0 && !c->data)
    return NVFP4_ERR_NULL;
  if ((uintptr_t)c->data % (uintptr_t)job->c_elem_bytes != 0)
    return NVFP4_ERR_ALIGN;
  job->c = c->data;
  return NVFP4_OK;
}

static double tensor_scale(const nvfp4_operand *o) {
  return o->tensor_scale == 0.0f ? 1.0 : (double)o->tensor_scale;
}

static enum nvfp4_status resolve(int64_t batch, int64_t m, int64_t n, int64_t k,
                                 const nvfp4_operand *const operand[3], const nvfp4_result *c,
                                 enum nvfp4_check_result with, struct nvfp4_job *job) {
  enum nvfp4_status status = nvfp4_check_sizes(batch, m, n, k);
  if (status != NVFP4_OK)
    return status;
  /* Bounds what is counted later: results, tiles, items. */
  int64_t results;
  if (__builtin_mul_overflow(m, n, &results) || __builtin_mul_overflow(results, batch, &results) ||
      results > NVFP4_MAX_SPAN)
    return NVFP4_ERR_SHAPE;
  *job = (struct nvfp4_job){
      .batch = batch, .m = m, .n = n, .blocks = k / NVFP4_BLOCK, .products = operand[2] ? 2 : 1};
  if (with == NVFP4_SIZES_ONLY)
    return NVFP4_OK;
  status = resolve_result(c, with, job);
  if (status == NVFP4_OK)
    status = resolve_operand(operand[0], job, m, 0, &job->a);
  for (int i = 0; i < job->products && status == NVFP4_OK; i++) {
    status = resolve_operand(operand[1 + i], job, n, 1, &job->b[i]);
    job->factor[i] = tensor_scale(operand[0]) * tensor_scale(operand[1 + i]); /* exact */
    if (status == NVFP4_OK && !(job->factor[i] - job->factor[i] == 0.0))
      status = NVFP4_ERR_NOT_FINITE;
  }
  return status;
}

enum nvfp4_status nvfp4_jobs_get_gemm(const void *list, size_t index, enum nvfp4_check_result with,
                                      struct nvfp4_job *job) {
  if (!list)
    return NVFP4_ERR_NULL;
  const nvfp4_gemm_args *args = (const nvfp4_gemm_args *)list + index;
  const nvfp4_operand *operand[3] = {&args->a, &args->b, NULL};
  return resolve(args->batch, args->m, args->n, args->k, operand, &args->c, with, job);
}

/* A vector is a matrix of one row, and c = a b is its transpose's b a: the long side becomes n, so
 * that results are contiguous and the fast path's wide side has work. Sums do not change: a block
 * term is exact, and terms are added in the same order. */
enum nvfp4_status nvfp4_jobs_get_gemv(const void *list, size_t index, enum nvfp4_check_result with,
                                      struct nvfp4_job *job) {
  if (!list)
    return NVFP4_ERR_NULL;
  const nvfp4_gemv_args *args = (const nvfp4_gemv_args *)list + index;
  const nvfp4_operand *operand[3] = {&args->b, &args->a, NULL};
  nvfp4_result c = args->c;
  c.row_stride_bytes = 0; /* not used; the transpose has one row */
  return resolve(args->batch, 1, args->m, args->k, operand, &c, with, job);
}

enum nvfp4_status nvfp4_jobs_get_dual(const void *list, size_t index, enum nvfp4_check_result with,
                                      struct nvfp4_job *job) {
  if (!list)
    return NVFP4_ERR_NULL;
  const nvfp4_dual_args *args = (const nvfp4_dual_args *)list + index;
  const nvfp4_operand *operand[3] = {&args->a, &args->b1, &args->b2};
  return resolve(args->batch, args->m, args->n, args->k, operand, &args->c, with, job);
}

size_t nvfp4_jobs_find(const struct nvfp4_jobs *jobs, enum nvfp4_check_result with,
                       int64_t (*items_of)(const struct nvfp4_job *job, const void *limits),
                       const void *limits, struct nvfp4_cursor *cursor, int64_t *index,
                       struct nvfp4_job *job) {
  for (; cursor->job < jobs->count; cursor->job++) {
    if (jobs->get(jobs->args, cursor->job, with, job) != NVFP4_OK)
      continue;
    int64_t items = items_of(job, limits);
    if (*index - cursor->before < items)
      break;
    cursor->before += items;
  }
  *index -= cursor->before;
  return cursor->job;
}

enum nvfp4_status nvfp4_check_workspace(const void *workspace, size_t bytes, size_t needed) {
  if (!workspace)
    return NVFP4_ERR_NULL;
  if ((uintptr_t)workspace % 64 != 0)
    return NVFP4_ERR_ALIGN;
  return bytes < needed ? NVFP4_ERR_WORKSPACE : NVFP4_OK;
}

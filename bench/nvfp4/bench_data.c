/* Room: bench. The data of one shape: made, handed to libnvfp4, dequantised for peers. */
#include <stdlib.h>
#include <string.h>

#include "bench_nvfp4.h"

static const char *const no_memory =
    "no memory for the data of this shape; name fewer peers or another shape";

void *bench_alloc(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (p)
    memset(p, 0, bytes);
  return p;
}

/* ---- Inputs: the distributions of the tasks, or everything ---- */

/* The scale codes of each problem's distribution; dual GEMM's are drawn from [0, 1) instead. */
static uint8_t task_scale(enum bench_problem p, uint64_t raw) {
  static const uint8_t whole[4] = {0x00, 0x38, 0x40, 0x44}; /* 0, 1, 2, 3 */
  switch (p) {
  case BENCH_GROUP_GEMM:
    return whole[1 + raw % 2];
  case BENCH_GEMM:
    return whole[raw % 4];
  case BENCH_GEMV:
    return whole[raw % 3];
  default:
    return nvfp4_ue4m3_encode((float)(raw & 0xffff) / 65536.0f);
  }
}

static void fill_scales(struct rng *r, enum bench_problem p, int wide, uint8_t *out, size_t bytes) {
  uint8_t table[65536]; /* one byte per 16 random bits: drawing each scale anew takes longer than timing */
  for (size_t i = 0; i < sizeof table; i++) {
    uint8_t code = (uint8_t)(i % 254); /* the 254 finite codes, signs included */
    table[i] = wide ? (uint8_t)(code < 0x7f ? code : code + 1) : task_scale(p, i);
  }
  for (size_t i = 0; i < bytes; i += 4) {
    uint64_t bits = rng_next(r);
    for (size_t j = i; j < i + 4 && j < bytes; j++, bits >>= 16)
      out[j] = table[bits & 0xffff];
  }
}

static void fill_elements(struct rng *r, enum bench_problem p, int wide, uint8_t *out, size_t bytes) {
  rng_fill(r, out, bytes);
  uint8_t keep = wide || p == BENCH_GEMM ? 0xff : p == BENCH_GEMV ? 0x03 : 0xbb;
  for (size_t i = 0; i < bytes; i++)
    out[i] &= keep;
}

static int matrix_create(struct bench_data *d, struct rng *r, int wide, int64_t batch, int64_t rows,
                         int64_t k, int is_weight, int prepacked) {
  struct bench_matrix *x = &d->matrix[d->n_matrices++];
  size_t packed = (size_t)(batch * rows * k / 2),
         scale = (size_t)nvfp4_scale_bytes(d->layout, batch, rows, k);
  *x = (struct bench_matrix){.batch = batch, .rows = rows, .k = k};
  x->block_bytes = packed + scale;
  x->packed = bench_alloc(x->block_bytes);
  if (!x->packed)
    return 0;
  x->scale = x->packed + packed;
  fill_elements(r, d->shape->problem, wide, x->packed, packed);
  fill_scales(r, d->shape->problem, wide, x->scale, scale);
  d->bytes += (double)packed + (double)(batch * rows * (k / 16));
  if (!is_weight || !prepacked)
    return 1;
  nvfp4_operand source = {.packed = x->packed, .scale = x->scale, .scale_layout = d->layout};
  x->prepacked_bytes = nvfp4_prepacked_bytes(batch, rows, k);
  x->prepacked = bench_alloc(x->prepacked_bytes);
  return x->prepacked && nvfp4_prepack(&source, batch, rows, k, x->prepacked, x->prepacked_bytes) == NVFP4_OK;
}

/* ---- Calls ---- */

static nvfp4_operand operand(const struct bench_data *d, const struct bench_matrix *x, int prepacked) {
  if (prepacked && x->prepacked)
    return (nvfp4_operand){.packed = x->prepacked, .scale_layout = NVFP4_PREPACKED};
  return (nvfp4_operand){.packed = x->packed, .scale = x->scale, .scale_layout = d->layout};
}

static void group_args(const struct bench_data *d, int prepacked, nvfp4_gemm_args *out) {
  for (size_t g = 0; g < d->n_products; g++)
    out[g] = (nvfp4_gemm_args){.batch = 1,
                               .m = d->product[g].m,
                               .n = d->product[g].n,
                               .k = d->product[g].k,
                               .a = operand(d, d->product[g].a, prepacked),
                               .b = operand(d, d->product[g].b, prepacked),
                               .c = {.data = d->c[g], .type = NVFP4_FP16}};
}

static nvfp4_gemv_args gemv_args(const struct bench_data *d, int prepacked) {
  const struct bench_product *p = &d->product[0];
  return (nvfp4_gemv_args){.batch = d->shape->products,
                           .m = p->m,
                           .k = p->k,
                           .a = operand(d, p->a, prepacked),
                           .b = operand(d, p->b, 0),
                           .c = {.data = d->c[0], .type = NVFP4_FP16}};
}

static nvfp4_dual_args dual_args(const struct bench_data *d, int prepacked) {
  const struct bench_product *p = d->product;
  return (nvfp4_dual_args){.batch = 1,
                           .m = p->m,
                           .n = p->n,
                           .k = p->k,
                           .a = operand(d, p->a, prepacked),
                           .b1 = operand(d, p->b, prepacked),
                           .b2 = operand(d, p[1].b, prepacked),
                           .c = {.data = d->c[0], .type = NVFP4_FP16}};
}

enum nvfp4_status bench_data_run(const struct bench_data *d, int prepacked, unsigned threads) {
  const nvfp4_threads who = {.count = threads};
  nvfp4_gemm_args group[BENCH_MAX_PRODUCTS];
  nvfp4_gemv_args gemv;
  nvfp4_dual_args dual;
  switch (d->shape->problem) {
  case BENCH_GROUP_GEMM:
    group_args(d, prepacked, group);
    return nvfp4_group_gemm(group, d->n_products, d->workspace, d->workspace_bytes, &who);
  case BENCH_GEMM:
    group_args(d, prepacked, group);
    return nvfp4_gemm(group, d->workspace, d->workspace_bytes, &who);
  case BENCH_DUAL_GEMM:
    dual = dual_args(d, prepacked);
    return nvfp4_dual_gemm(&dual, d->workspace, d->workspace_bytes, &who);
  default:
    gemv = gemv_args(d, prepacked);
    return nvfp4_gemv(&gemv, d->workspace, d->workspace_bytes, &who);
  }
}

static size_t workspace_bytes(const struct bench_data *d, int prepacked, unsigned threads) {
  const nvfp4_threads who = {.count = threads};
  nvfp4_gemm_args group[BENCH_MAX_PRODUCTS];
  nvfp4_gemv_args gemv;
  nvfp4_dual_args dual;
  switch (d->shape->problem) {
  case BENCH_GROUP_GEMM:
  case BENCH_GEMM:
    group_args(d, prepacked, group);
    return nvfp4_group_gemm_workspace_bytes(group, d->n_products, &who);
  case BENCH_DUAL_GEMM:
    dual = dual_args(d, prepacked);
    return nvfp4_dual_gemm_workspace_bytes(&dual, &who);
  default:
    gemv = gemv_args(d, prepacked);
    return nvfp4_gemv_workspace_bytes(&gemv, &who);
  }
}

static int create_matrices(struct bench_data *d, const struct bench_options *o) {
  const struct bench_shape *s = d->shape;
  struct rng r;
  rng_init(&r, rng_derive(o->seed, (uint64_t)(s->m[0] * s->n * s->k)));
  int ok = 1, w = o->wide, p = o->prepacked, gemv = s->problem == BENCH_GEMV;
  for (int g = 0; ok && !gemv && g < s->products; g++)
    ok = matrix_create(d, &r, w, 1, s->m[g], s->k, 0, p) && matrix_create(d, &r, w, 1, s->n, s->k, 1, p);
  if (s->problem == BENCH_DUAL_GEMM)
    ok = ok && matrix_create(d, &r, w, 1, s->n, s->k, 1, p);
  if (gemv)
    ok = matrix_create(d, &r, w, s->products, s->m[0], s->k, 1, p) &&
         matrix_create(d, &r, w, s->products, 1, s->k, 0, p);
  return ok;
}

static void list_products(struct bench_data *d) {
  const struct bench_shape *s = d->shape;
  int dual = s->problem == BENCH_DUAL_GEMM, gemv = s->problem == BENCH_GEMV;
  d->n_products = (size_t)(dual ? 2 : s->products);
  d->n_results = (size_t)s->products;
  for (size_t g = 0; g < d->n_products; g++) {
    const struct bench_matrix *a = &d->matrix[dual || gemv ? 0 : 2 * g];
    const struct bench_matrix *b = &d->matrix[dual ? 1 + g : gemv ? 1 : 2 * g + 1];
    int64_t index = gemv ? (int64_t)g : 0;
    d->product[g] = (struct bench_product){a, b, index, index, a->rows, b->rows, s->k};
    d->macs += (double)a->rows * (double)b->rows * (double)s->k;
  }
}

/* Results of a batch lie one behind the other; those of groups in one block too, which harms nobody. */
static int create_results(struct bench_data *d) {
  size_t elems = 0;
  for (size_t g = 0; g < d->n_results; g++)
    elems += d->c_elems[g] = (size_t)(d->product[g].m * d->product[g].n);
  d->c[0] = bench_alloc(elems * sizeof(uint16_t));
  for (size_t g = 1; d->c[0] && g < d->n_results; g++)
    d->c[g] = d->c[g - 1] + d->c_elems[g - 1];
  d->bytes += (double)elems * sizeof(uint16_t);
  return d->c[0] != NULL;
}

enum status bench_data_create(const struct bench_shape *s, const struct bench_options *o,
                              unsigned max_threads, struct bench_data **out, struct error *e) {
  struct bench_data *d = *out = calloc(1, sizeof *d);
  if (!d)
    return error_set(e, ST_MEMORY, "%s", no_memory);
  d->shape = s;
  d->layout = o->layout;
  if (!create_matrices(d, o))
    return error_set(e, ST_MEMORY, "%s", no_memory);
  list_products(d);
  if (!create_results(d))
    return error_set(e, ST_MEMORY, "%s", no_memory);
  for (int prepacked = 0; prepacked <= o->prepacked; prepacked++) {
    size_t need = workspace_bytes(d, prepacked, max_threads);
    d->workspace_bytes = need > d->workspace_bytes ? need : d->workspace_bytes;
  }
  d->workspace = bench_alloc(d->workspace_bytes);
  return d->workspace ? ST_OK : error_set(e, ST_MEMORY, "%s", no_memory);
}

void bench_data_free(struct bench_data *d) {
  if (!d)
    return;
  for (size_t i = 0; i < d->n_matrices; i++) {
    free(d->matrix[i].packed);
    free(d->matrix[i].prepacked);
  }
  free(d->c[0]);
  free(d->workspace);
  free(d);
}

/* ---- For peers ---- */

const uint8_t *bench_data_packed(const struct bench_matrix *x, int64_t index) {
  return x->packed + index * x->rows * (x->k / 2);
}

const uint8_t *bench_data_scale(const struct bench_data *d, const struct bench_matrix *x, int64_t index) {
  return x->scale + nvfp4_scale_offset(d->layout, x->rows, x->k, 0, 0, index);
}

float *bench_data_dequantise(const struct bench_data *d, const struct bench_matrix *x, int64_t index) {
  float *out = bench_alloc((size_t)(x->rows * x->k) * sizeof *out);
  if (out && nvfp4_dequantize(bench_data_packed(x, index), bench_data_scale(d, x, index), x->rows, x->k,
                              d->layout, 1.0f, out, 0) != NVFP4_OK) {
    free(out);
    return NULL;
  }
  return out;
}

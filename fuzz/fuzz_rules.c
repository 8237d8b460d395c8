/* Room: fuzz. What nvfp4.h promises about errors, written down a second time without looking at the
 * library's own checks. Where several mistakes meet, any of their statuses will do; where the header
 * leaves a case open (a null operand of an empty product), both outcomes do. */
#include "fuzz_parts.h"

typedef __int128 wide; /* sizes up to 2^57 and strides up to 2^63, multiplied without overflow */

/* No machine has this much: it must be refused. Between this and POSSIBLE it may be. */
#define CERTAIN  (INT64_C(1) << 57)
#define POSSIBLE (INT64_C(1) << 40)

static wide times(wide a, wide b) {
  const wide most = (wide)1 << 66;
  wide product = a * b; /* at most 2^66 and 2^57 */
  return product < most ? product : most;
}

static void rule_too_much(struct fuzz_verdict *v, wide bytes, int empty) {
  if (bytes > POSSIBLE)
    fuzz_verdict_add(v, NVFP4_ERR_SHAPE, bytes > CERTAIN && !empty);
}

void fuzz_verdict_add(struct fuzz_verdict *v, enum nvfp4_status status, int must) {
  v->may |= 1u << status;
  v->must |= must;
}

void fuzz_verdict_check(const struct fuzz_verdict *v, enum nvfp4_status status, const char *what) {
  if (status == NVFP4_OK ? !v->must : v->may >> status & 1)
    return;
  char allowed[400] = "";
  int used = 0;
  for (int s = 0; s < NVFP4_STATUS_COUNT; s++)
    if (v->may >> s & 1)
      used += snprintf(allowed + used, sizeof allowed - (size_t)used, " %d", s);
  fuzz_fail("%s answers %d (%s); the header allows%s%s", what, (int)status, nvfp4_status_text(status),
            v->must ? "" : " 0", allowed);
}

void fuzz_rules_sizes(struct fuzz_verdict *v, int64_t batch, int64_t m, int64_t n, int64_t k) {
  const int64_t size[3] = {batch, m, n};
  int empty = batch == 0 || m == 0 || n == 0;
  if (k < 16 || k > 1 << 20 || k % 16 != 0)
    fuzz_verdict_add(v, NVFP4_ERR_K, 1);
  for (int i = 0; i < 3; i++)
    if (size[i] < 0 || size[i] > POSSIBLE)
      fuzz_verdict_add(v, NVFP4_ERR_SHAPE, size[i] < 0 || size[i] > CERTAIN);
  if (!v->must)
    rule_too_much(v, times(times(batch, m), n), empty);
}

/* [batch][rows] of row_bytes with these strides; returns the bytes spanned. */
static wide rule_strides(struct fuzz_verdict *v, int64_t batch, int64_t rows, int64_t row_bytes, int64_t row,
                         int64_t plane, int empty) {
  if (row < 0 || plane < 0 || (row != 0 && row < row_bytes)) {
    fuzz_verdict_add(v, NVFP4_ERR_STRIDE, 1);
    fuzz_verdict_add(v, NVFP4_ERR_SHAPE, 0);
    return 0;
  }
  if (row > POSSIBLE || plane > POSSIBLE) /* even over a single row or matrix */
    fuzz_verdict_add(v, NVFP4_ERR_SHAPE, 0);
  if (row == 0)
    row = row_bytes;
  wide matrix = rows > 0 ? times(row, rows - 1) + row_bytes : 0;
  wide step = plane != 0 ? plane : times(row, rows);
  /* Asked for is rows * row stride; the last row's gap may be missing without harm. */
  if (step < times(row, rows))
    fuzz_verdict_add(v, NVFP4_ERR_STRIDE, step < matrix);
  wide bytes = batch > 0 ? times(step, batch - 1) + matrix : 0;
  rule_too_much(v, bytes, empty);
  rule_too_much(v, matrix, 1);
  rule_too_much(v, step, 1);
  return bytes;
}

static int64_t narrow(wide bytes) {
  return bytes < CERTAIN ? (int64_t)bytes : CERTAIN;
}

static void rule_prepacked(struct fuzz_verdict *v, const nvfp4_operand *o, int64_t batch, int64_t rows,
                           int64_t k, int empty, int64_t bytes[2]) {
  if (o->row_stride_bytes || o->batch_stride_bytes || o->scale_row_stride_bytes ||
      o->scale_batch_stride_bytes) {
    fuzz_verdict_add(v, NVFP4_ERR_STRIDE, 1);
    fuzz_verdict_add(v, NVFP4_ERR_SHAPE, 0); /* of one that may not be prepacked, the strides may be read */
  }
  wide least = times(times(rows, k / 2), batch);
  rule_too_much(v, least, empty);
  bytes[0] = least < CERTAIN / 4 ? (int64_t)nvfp4_prepacked_bytes(batch, rows, k) : CERTAIN;
}

void fuzz_rules_operand(struct fuzz_verdict *v, const nvfp4_operand *o, int64_t batch, int64_t rows,
                        int64_t k, int may_be_prepacked, int empty, int64_t bytes[2]) {
  int blocked = o->scale_layout == NVFP4_SCALES_BLOCKED, prepacked = o->scale_layout == NVFP4_PREPACKED;
  bytes[0] = bytes[1] = 0;
  if (o->scale_layout > NVFP4_PREPACKED || (prepacked && !may_be_prepacked))
    fuzz_verdict_add(v, NVFP4_ERR_LAYOUT, 1);
  if (prepacked) {
    rule_prepacked(v, o, batch, rows, k, empty, bytes);
  } else {
    bytes[0] = narrow(rule_strides(v, batch, rows, k / 2, o->row_stride_bytes, o->batch_stride_bytes, empty));
    if (blocked && o->scale_row_stride_bytes != 0)
      fuzz_verdict_add(v, NVFP4_ERR_STRIDE, 1);
    bytes[1] = narrow(blocked ? rule_strides(v, batch, (rows + 127) / 128, (k + 63) / 64 * 512, 0,
                                             o->scale_batch_stride_bytes, empty)
                              : rule_strides(v, batch, rows, k / 16, o->scale_row_stride_bytes,
                                             o->scale_batch_stride_bytes, empty));
  }
  if ((!o->packed && bytes[0] > 0) || (!o->scale && bytes[1] > 0))
    fuzz_verdict_add(v, NVFP4_ERR_NULL, !empty);
}

/* ---- The result and what it may not touch ---- */
static int inside(const void *at, int64_t bytes, const struct fuzz_region *r) {
  uintptr_t x = (uintptr_t)at, start = (uintptr_t)r->at; /* either may be NULL */
  return bytes == 0 || (x >= start && x + (uintptr_t)bytes <= start + r->bytes);
}

static int meets(uintptr_t a, int64_t a_bytes, uintptr_t b, int64_t b_bytes) {
  return a_bytes > 0 && b_bytes > 0 && a < b + (uintptr_t)b_bytes && b < a + (uintptr_t)a_bytes;
}

/* Where the spans meet an error may come; where a whole row of the result lies in a span without holes
 * it must. What lies between is not tried, since nobody could say what should come out. */
static void rule_apart(struct fuzz_verdict *v, const struct fuzz_shape *s, int64_t batch, uintptr_t c,
                       int64_t span, const void *data, int64_t bytes, int has_holes) {
  int touched = 0;
  if (!meets(c, span, (uintptr_t)data, bytes))
    return;
  if (batch > 4096 || s->rows > 4096) /* more than the target's memory: sizes are a mistake */
    batch = 0;
  for (int64_t b = 0; b < batch && !touched; b++)
    for (int64_t i = 0; i < s->rows && !touched; i++)
      touched = meets(c + (uintptr_t)(b * s->batch_stride + i * s->row_stride), s->columns * s->elem,
                      (uintptr_t)data, bytes);
  fuzz_verdict_add(v, NVFP4_ERR_ALIAS, touched && !has_holes);
  v->outside |= !touched || has_holes;
}

static void rule_result(struct fuzz_verdict *v, const struct fuzz_product *p, const struct fuzz_group *g,
                        int empty, enum fuzz_form form, int64_t op_bytes[3][2]) {
  struct fuzz_shape s = fuzz_call_shape(p, g);
  if (g->c.type > NVFP4_FP32) {
    fuzz_verdict_add(v, NVFP4_ERR_TYPE, 1);
    v->may |= 1u << NVFP4_ERR_STRIDE | 1u << NVFP4_ERR_ALIGN | 1u << NVFP4_ERR_NULL | 1u << NVFP4_ERR_ALIAS;
    return;
  }
  if (form == FUZZ_BOUNDED)
    return;
  int64_t row = p->kind == FUZZ_GEMV ? 0 : g->c.row_stride_bytes;
  int64_t span =
      narrow(rule_strides(v, g->batch, s.rows, s.columns * s.elem, row, g->c.batch_stride_bytes, empty));
  if (row % s.elem != 0 || g->c.batch_stride_bytes % s.elem != 0)
    fuzz_verdict_add(v, NVFP4_ERR_STRIDE, 1);
  if (!g->c.data)
    fuzz_verdict_add(v, NVFP4_ERR_NULL, !empty);
  if ((uintptr_t)g->c.data % (uintptr_t)s.elem != 0)
    fuzz_verdict_add(v, NVFP4_ERR_ALIGN, !empty);
  if (empty || v->must)
    span = empty ? 0 : span;
  if (!inside(g->c.data, span, &g->result))
    v->outside = 1;
  if (v->must && span == 0)
    return;
  if (v->may >> NVFP4_ERR_STRIDE & 1 || v->may >> NVFP4_ERR_SHAPE & 1) {
    v->may |= 1u << NVFP4_ERR_ALIAS; /* geometry in doubt: rows are not gone through */
    v->outside = 1;
    return;
  }
  for (int q = 0; q < p->operands; q++) {
    const nvfp4_operand *o = &g->op[q].used;
    int holes = o->row_stride_bytes || o->batch_stride_bytes || o->scale_row_stride_bytes ||
                o->scale_batch_stride_bytes;
    rule_apart(v, &s, g->batch, (uintptr_t)g->c.data, span, o->packed, op_bytes[q][0], holes);
    rule_apart(v, &s, g->batch, (uintptr_t)g->c.data, span, o->scale, op_bytes[q][1], holes);
  }
  if (form == FUZZ_FAST && !p->simple && p->workspace)
    rule_apart(v, &s, g->batch, (uintptr_t)g->c.data, span, p->workspace, (int64_t)p->workspace_bytes, 0);
}

/* The simple form has a size and a k for each matrix. */
static void rule_matrices(struct fuzz_verdict *v, const struct fuzz_product *p, const struct fuzz_group *g) {
  for (int q = 0; q < p->operands; q++) {
    fuzz_rules_sizes(v, 1, g->op[q].rows, 0, g->op[q].k);
    if (g->op[q].k != g->op[0].k)
      fuzz_verdict_add(v, NVFP4_ERR_SHAPE, 1);
  }
  if ((p->kind == FUZZ_GEMV && g->op[1].rows != 1) ||
      (p->kind == FUZZ_DUAL && g->op[1].rows != g->op[2].rows))
    fuzz_verdict_add(v, NVFP4_ERR_SHAPE, 1);
}

static void rule_group(struct fuzz_verdict *v, const struct fuzz_product *p, const struct fuzz_group *g,
                       enum fuzz_form form, int empty) {
  int64_t bytes[3][2];
  struct fuzz_verdict own = {0, 0, 0};
  if (p->simple)
    rule_matrices(&own, p, g);
  else
    fuzz_rules_sizes(&own, g->batch, g->m, g->n, g->k);
  if (own.must) { /* nothing can be counted: other mistakes may be met first */
    for (int q = 0; q < p->operands; q++)
      if (!g->op[q].used.packed || !g->op[q].used.scale)
        fuzz_verdict_add(&own, NVFP4_ERR_NULL, 0);
    own.may |= 1u << NVFP4_ERR_TYPE | 1u << NVFP4_ERR_LAYOUT | 1u << NVFP4_ERR_ALIGN;
    if (!g->c.data)
      fuzz_verdict_add(&own, NVFP4_ERR_NULL, 0);
  } else {
    for (int q = 0; q < p->operands; q++) {
      const struct fuzz_operand *op = &g->op[q];
      int64_t rows = p->simple ? op->rows : q == 0 ? g->m : p->kind == FUZZ_GEMV ? 1 : g->n;
      int may_be_prepacked = form == FUZZ_FAST && (q > 0) != (p->kind == FUZZ_GEMV);
      fuzz_rules_operand(&own, &op->used, g->batch, rows, g->k, may_be_prepacked, empty, bytes[q]);
      int prepacked = op->used.scale_layout == NVFP4_PREPACKED;
      if (!inside(op->used.packed, bytes[q][0], prepacked ? &op->prepacked : &op->packed) ||
          !inside(op->used.scale, bytes[q][1], &op->scale))
        own.outside = 1;
    }
    rule_result(&own, p, g, empty, form, bytes);
  }
  v->may |= own.may;
  v->must |= own.must;
  v->outside |= own.outside;
}

static int known_isa(const char *isa) {
  if (!isa || !*isa)
    return 1;
  for (const char *const *name = nvfp4_isa_available(); *name; name++)
    if (isa == *name)
      return 1;
  return 0;
}

struct fuzz_verdict fuzz_rules_product(const struct fuzz_product *p, enum fuzz_form form) {
  struct fuzz_verdict v = {0, 0, 0};
  int all_empty = 1;
  if (p->no_args && form == FUZZ_FAST) {
    fuzz_verdict_add(&v, NVFP4_ERR_NULL, p->count > 0);
    fuzz_verdict_add(&v, NVFP4_ERR_ISA, 0);
    return v;
  }
  for (size_t i = 0; i < p->count; i++) {
    const struct fuzz_group *g = &p->group[i];
    int empty = p->simple ? g->op[0].rows == 0 || g->op[1].rows == 0
                          : g->batch == 0 || g->m == 0 || (g->n == 0 && p->kind != FUZZ_GEMV);
    rule_group(&v, p, g, form, empty);
    all_empty &= empty;
  }
  if (form != FUZZ_FAST)
    return v;
  if (!known_isa(p->isa))
    fuzz_verdict_add(&v, NVFP4_ERR_ISA, !all_empty);
  if (p->simple)
    return v;
  if (!p->workspace)
    fuzz_verdict_add(&v, NVFP4_ERR_NULL, !all_empty);
  if ((uintptr_t)p->workspace % 64 != 0)
    fuzz_verdict_add(&v, NVFP4_ERR_ALIGN, !all_empty);
  if (p->workspace_bytes < p->workspace_needed)
    fuzz_verdict_add(&v, NVFP4_ERR_WORKSPACE, !all_empty);
  return v;
}

/* Room: fuzz. Draws valid calls: sizes with edges in them, operands and results of all forms. */
#include <string.h>

#include "fuzz_parts.h"

int64_t fuzz_size(struct fuzz_draw *d) {
  static const int16_t size[] = {1,   2,   3,   5,   8,   13,  4,   7,   9,   15,  16,
                                 17,  31,  32,  33,  63,  64,  65,  96,  127, 128, 129,
                                 130, 200, 255, 256, 257, 384, 511, 512, 513, 1025};
  unsigned byte = fuzz_byte(d);
  return byte == 255 ? 0 : size[byte % (sizeof size / sizeof size[0])];
}

int64_t fuzz_k(struct fuzz_draw *d) {
  static const int32_t blocks[] = {1,  2,  3,  4,  5,   7,   8,    9,    15,   16,   17,   31,
                                   32, 33, 63, 64, 65,  127, 128,  129,  255,  511,  512,  513,
                                   6,  10, 12, 14, 100, 600, 1023, 1024, 1025, 2049, 65536};
  return 16 * blocks[fuzz_pick(d, sizeof blocks / sizeof blocks[0])];
}

int64_t fuzz_odd_number(struct fuzz_draw *d) {
  static const int64_t odd[] = {-1,
                                0,
                                1,
                                3,
                                8,
                                24,
                                -16,
                                32,
                                512,
                                (1 << 20) + 16,
                                INT64_C(1) << 31,
                                INT64_C(1) << 40,
                                (INT64_C(1) << 40) + 1,
                                INT64_C(1) << 48,
                                INT64_C(1) << 57,
                                INT64_C(1) << 62,
                                INT64_MAX / 2,
                                INT64_MAX,
                                INT64_MIN,
                                INT64_MAX - 15};
  return odd[fuzz_pick(d, sizeof odd / sizeof odd[0])];
}

/* The first half keeps all sums within fp32. A dual product takes only these: where a sum overflows, its
 * silu may be NaN, and nothing is promised. */
static float draw_tensor_scale(struct fuzz_draw *d, int mild) {
  static const float scale[] = {0.0f,      1.0f,      0.5f,   0.0031f,        -2.0f, 0x1p-12f,
                                -0.0f,     123.456f,  1e-30f, 1.7e20f,        1e30f, 0x1.fffffep-127f,
                                0x1p-149f, 0x1p-126f, 3.0f,   0x1.fffffep127f};
  unsigned count = sizeof scale / sizeof scale[0];
  return fuzz_rarely(d, 3) ? scale[fuzz_pick(d, mild ? count / 2 : count)] : 0.0f;
}

static int64_t draw_gap(struct fuzz_draw *d) {
  return fuzz_rarely(d, 4) ? fuzz_pick(d, 70) : 0;
}

static void draw_strides(struct fuzz_draw *d, const struct support_matrix *m, nvfp4_operand *o) {
  int blocked = o->scale_layout == NVFP4_SCALES_BLOCKED;
  int64_t row = m->k / 2 + draw_gap(d), plane = m->rows * row + draw_gap(d);
  if (row != m->k / 2 || plane != m->rows * row || fuzz_rarely(d, 8)) {
    o->row_stride_bytes = row;
    o->batch_stride_bytes = plane;
  }
  if (blocked) {
    if (fuzz_rarely(d, 4))
      o->scale_batch_stride_bytes = (m->rows + 127) / 128 * ((m->k + 63) / 64) * 512 + fuzz_pick(d, 70);
    return;
  }
  row = m->k / 16 + draw_gap(d);
  plane = m->rows * row + draw_gap(d);
  if (row != m->k / 16 || plane != m->rows * row || fuzz_rarely(d, 8)) {
    o->scale_row_stride_bytes = row;
    o->scale_batch_stride_bytes = plane;
  }
}

void fuzz_operand_make(struct fuzz_draw *d, int64_t batch, int64_t rows, int64_t k, enum support_kind kind,
                       int simple, int mild, struct fuzz_operand *out) {
  struct support_matrix m = {.batch = batch, .rows = rows, .k = k};
  struct fuzz_verdict v = {0, 0, 0};
  int64_t bytes[2];
  if (!simple) {
    m.operand.scale_layout = fuzz_pick(d, 2);
    draw_strides(d, &m, &m.operand);
  }
  /* The rules count what is spanned: exactly, without the gap of the last row. */
  fuzz_rules_operand(&v, &m.operand, batch, rows, k, 0, 1, bytes);
  if (!fuzz_memory_fits(bytes[0]) || !fuzz_memory_fits(bytes[1])) {
    m.operand = (nvfp4_operand){.scale_layout = NVFP4_SCALES_PLAIN}; /* dense and without padding */
    fuzz_rules_operand(&v, &m.operand, batch, rows, k, 0, 1, bytes);
  }
  out->packed = fuzz_memory_take(d, (size_t)bytes[0]);
  out->scale = fuzz_memory_take(d, (size_t)bytes[1]);
  m.operand.packed = m.packed = out->packed.at;
  m.operand.scale = m.scale = out->scale.at;
  support_matrix_fill(&m, kind);
  if (kind != SUPPORT_TASK) {
    m.operand.tensor_scale = draw_tensor_scale(d, mild);
    if (batch > 0 && rows > 0 && fuzz_rarely(d, 12)) /* NaN */
      *support_matrix_scale(&m, fuzz_pick(d, 256) % batch, fuzz_pick(d, 1000) % rows,
                            fuzz_pick(d, 1000) % (k / 16)) = fuzz_rarely(d, 2) ? 0xff : 0x7f;
  }
  out->used = out->plain = m.operand;
  out->rows = rows;
  out->k = k;
}

static void prepack(struct fuzz_draw *d, int64_t batch, int64_t rows, int64_t k, struct fuzz_operand *op) {
  size_t bytes = nvfp4_prepacked_bytes(batch, rows, k);
  if (bytes > FUZZ_REGION_BYTES)
    return;
  fuzz_need(bytes % 64 == 0 && (bytes > 0 || rows == 0 || batch == 0), "nvfp4_prepacked_bytes is not a size");
  op->prepacked = fuzz_memory_take(d, bytes);
  enum nvfp4_status status = nvfp4_prepack(&op->plain, batch, rows, k, op->prepacked.at, bytes);
  if (status != NVFP4_OK)
    fuzz_fail("nvfp4_prepack refuses a valid operand: %s", nvfp4_status_text(status));
  op->used = (nvfp4_operand){.packed = op->prepacked.at,
                             .scale = fuzz_rarely(d, 2) ? op->packed.at + 1 : NULL,
                             .scale_layout = NVFP4_PREPACKED,
                             .tensor_scale = op->plain.tensor_scale};
}

static void draw_sizes(struct fuzz_draw *d, const struct fuzz_product *p, struct fuzz_group *g) {
  static const int64_t budget[] = {1 << 14, 1 << 16, 1 << 12, 1 << 15, 1 << 18, 1 << 13, 1 << 16, 1 << 22};
  unsigned byte = fuzz_byte(d);
  int64_t most = budget[byte % 8];
  if (most == 1 << 22 && byte % 64 != 63)
    most = 1 << 17;
  g->batch = p->simple ? 1 : fuzz_rarely(d, 4) ? fuzz_size(d) % 4 : 1;
  g->m = fuzz_size(d);
  g->n = p->kind == FUZZ_GEMV ? 1 : fuzz_size(d);
  g->k = fuzz_k(d);
  while ((g->batch > 1 ? g->batch : 1) * (g->m > 1 ? g->m : 1) * (g->n > 1 ? g->n : 1) * g->k > most) {
    if (g->k / 16 >= g->m && g->k / 16 >= g->n && g->k > 16)
      g->k = g->k / 32 * 16;
    else if (g->m >= g->n)
      g->m /= 2;
    else
      g->n /= 2;
  }
}

static void draw_result(struct fuzz_draw *d, const struct fuzz_product *p, struct fuzz_group *g) {
  g->c.type = p->simple ? NVFP4_FP32 : fuzz_pick(d, 3);
  struct fuzz_shape s = fuzz_call_shape(p, g);
  if (!p->simple && fuzz_rarely(d, 2)) {
    if (p->kind != FUZZ_GEMV)
      s.row_stride = g->c.row_stride_bytes = s.row_stride + draw_gap(d) * s.elem;
    s.batch_stride = g->c.batch_stride_bytes = s.rows * s.row_stride + draw_gap(d) * s.elem;
  }
  if (p->kind == FUZZ_GEMV && fuzz_rarely(d, 4))
    g->c.row_stride_bytes = fuzz_odd_number(d); /* not used */
  int64_t bytes = 0;
  if (g->batch > 0 && s.rows > 0 && s.columns > 0)
    bytes = (g->batch - 1) * s.batch_stride + (s.rows - 1) * s.row_stride + s.columns * s.elem;
  g->result = fuzz_memory_take(d, (size_t)bytes);
  g->c.data = g->result.at;
}

void fuzz_product_make(struct fuzz_draw *d, struct fuzz_product *p) {
  memset(p, 0, sizeof *p);
  p->kind = (enum fuzz_kind)fuzz_pick(d, 4);
  p->simple = fuzz_rarely(d, 5);
  p->operands = p->kind == FUZZ_DUAL ? 3 : 2;
  p->count = p->kind == FUZZ_GROUP ? fuzz_pick(d, FUZZ_GROUPS + 1) : 1;
  support_seed(fuzz_pick(d, 65536));
  enum support_kind kind = (enum support_kind)fuzz_pick(d, 5);
  p->exact = kind == SUPPORT_TASK && p->kind != FUZZ_DUAL;
  for (size_t i = 0; i < p->count; i++) {
    struct fuzz_group *g = &p->group[i];
    draw_sizes(d, p, g);
    if (g->k > 1 << 17)
      p->exact = 0;
    for (int q = 0; q < p->operands; q++) {
      int64_t rows = q == 0 ? g->m : g->n;
      fuzz_operand_make(d, g->batch, rows, g->k, kind, p->simple, p->kind == FUZZ_DUAL, &g->op[q]);
      if (!p->simple && (q > 0) != (p->kind == FUZZ_GEMV) && fuzz_rarely(d, 3))
        prepack(d, g->batch, rows, g->k, &g->op[q]);
    }
    draw_result(d, p, g);
  }
  static const char *const *isa;
  size_t names = 0;
  for (isa = nvfp4_isa_available(); isa[names]; names++)
    ;
  size_t pick = fuzz_pick(d, 8);
  p->isa = pick < names ? isa[pick] : pick == 7 ? "" : NULL;
  fuzz_call_threads(d, p);
  p->workspace_needed = fuzz_call_workspace_bytes(p);
  if (p->workspace_needed > FUZZ_WORKSPACE_BYTES) {
    p->threads.count = 2;
    p->workspace_needed = fuzz_call_workspace_bytes(p);
  }
  fuzz_need(p->workspace_needed % 64 == 0, "a workspace's size is not a multiple of 64");
  p->workspace_bytes = p->workspace_needed + (fuzz_rarely(d, 8) ? fuzz_pick(d, 200) : 0);
  p->workspace = fuzz_memory_workspace((p->workspace_bytes + 63) / 64 * 64);
}

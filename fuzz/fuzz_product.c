/* Room: fuzz. One product, valid or with mistakes: what it answers, what it writes, and whether that is
 * right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_parts.h"

static const char *name_of(const struct fuzz_product *p) {
  static const char *const name[2][4] = {
      {"nvfp4_gemm", "nvfp4_gemv", "nvfp4_dual_gemm", "nvfp4_group_gemm"},
      {"nvfp4_simple_gemm", "nvfp4_simple_gemv", "nvfp4_simple_dual_gemm", "nvfp4_simple_group_gemm"}};
  return name[p->simple][p->kind];
}

/* ---- Mistakes ---- */
static void break_operand(struct fuzz_draw *d, int simple, struct fuzz_operand *op) {
  int prepacked = op->used.scale_layout == NVFP4_PREPACKED;
  nvfp4_operand *o = &op->used;
  unsigned what = simple ? 5 + fuzz_pick(d, 2) : fuzz_pick(d, 7); /* simple: only pointers */
  int64_t *stride[4] = {&o->row_stride_bytes, &o->batch_stride_bytes, &o->scale_row_stride_bytes,
                        &o->scale_batch_stride_bytes};
  if (what < 4)
    *stride[what] = fuzz_rarely(d, 2) ? *stride[what] - 1 : fuzz_odd_number(d);
  else if (what == 4)
    o->scale_layout = fuzz_rarely(d, 2) ? 2 : 3 + fuzz_pick(d, 200);
  else if (what == 5)
    o->packed = NULL;
  else
    o->scale = NULL;
  if (!prepacked &&
      what < 4) /* another way to read the same memory: if it is valid, the oracle must see it too */
    op->plain = *o;
}

static void break_result(struct fuzz_draw *d, struct fuzz_product *p, struct fuzz_group *g) {
  const struct fuzz_operand *op = &g->op[fuzz_pick(d, (unsigned)p->operands)];
  uint8_t *data = g->c.data;
  size_t elem = g->c.type == NVFP4_FP32 ? 4 : 2, at = fuzz_pick(d, 65536);
  unsigned what = fuzz_pick(d, 7);
  if (p->simple && what >= 2 && what <= 4)
    what = 5; /* it has no type and no strides */
  switch (what) {
  case 0:
    g->c.data = NULL;
    break;
  case 1:
    if (data)
      g->c.data = data + 1 + (elem == 4 ? fuzz_pick(d, 3) : 0);
    break;
  case 2:
    g->c.type = 3 + fuzz_pick(d, 200);
    break;
  case 3:
    g->c.row_stride_bytes = fuzz_rarely(d, 2) ? g->c.row_stride_bytes + 1 : fuzz_odd_number(d);
    break;
  case 4:
    g->c.batch_stride_bytes = fuzz_rarely(d, 2) ? g->c.batch_stride_bytes + 1 : fuzz_odd_number(d);
    break;
  case 5: {
    struct fuzz_region r = op->used.scale_layout == NVFP4_PREPACKED ? op->prepacked
                           : fuzz_rarely(d, 2)                      ? op->scale
                                                                    : op->packed;
    if (r.bytes > elem)
      g->c.data = r.at + (uintptr_t)(at % r.bytes) / elem * elem + (elem - (uintptr_t)r.at % elem) % elem;
    break;
  }
  default:
    if (p->workspace && p->workspace_bytes > 0)
      g->c.data = p->workspace + at % p->workspace_bytes / elem * elem;
  }
}

static void break_sizes(struct fuzz_draw *d, struct fuzz_product *p, struct fuzz_group *g) {
  int64_t number = fuzz_odd_number(d);
  unsigned what = fuzz_pick(d, 4);
  if (p->simple) {
    unsigned q = fuzz_pick(d, (unsigned)p->operands);
    *(what % 2 ? &g->op[q].rows : &g->op[q].k) = number;
    if (q == 0) /* the rules count with the group's sizes */
      *(what % 2 ? &g->m : &g->k) = number;
    else if (q == 1 && what % 2 && p->kind != FUZZ_GEMV)
      g->n = number;
    return;
  }
  int64_t *const size[4] = {&g->k, &g->m, &g->batch, p->kind == FUZZ_GEMV ? &g->m : &g->n};
  *size[what] = number;
}

static void break_call(struct fuzz_draw *d, struct fuzz_product *p) {
  switch (fuzz_pick(d, 5)) {
  case 0:
    p->workspace = NULL;
    break;
  case 1:
    p->workspace_bytes -= p->workspace_bytes > 0 ? 1 + fuzz_pick(d, 65536) % p->workspace_bytes : 0;
    break;
  case 2:
    if (p->workspace)
      p->workspace += 1 + fuzz_pick(d, 63);
    break;
  case 3:
    p->isa = fuzz_rarely(d, 2) ? "mmx" : "scala";
    break;
  default:
    p->no_args = 1;
  }
}

void fuzz_product_break(struct fuzz_draw *d, struct fuzz_product *p) {
  unsigned byte = fuzz_byte(d);
  for (int mistakes = (byte >= 112) + (byte >= 208) + (byte >= 240); mistakes > 0; mistakes--) {
    struct fuzz_group *g = &p->group[p->count > 0 ? fuzz_pick(d, (unsigned)p->count) : 0];
    p->exact = 0; /* what is still valid may read what was not drawn to be exact */
    unsigned what = p->count > 0 ? fuzz_pick(d, 8) : 7;
    if (what < 3)
      break_operand(d, p->simple, &g->op[fuzz_pick(d, (unsigned)p->operands)]);
    else if (what < 5)
      break_result(d, p, g);
    else if (what < 7)
      break_sizes(d, p, g);
    else
      break_call(d, p);
  }
}

/* ---- Results ---- */
static int is_empty(const struct fuzz_group *g) { /* then c may point anywhere */
  return g->result.bytes == 0 || g->batch == 0 || g->m == 0 || g->n == 0;
}

/* Runs through all elements of all results: `at` in the region, `before` in what it held before. */
static void take_over(const struct fuzz_product *p) {
  for (size_t i = 0; i < p->count; i++) {
    const struct fuzz_group *g = &p->group[i];
    struct fuzz_shape s = fuzz_call_shape(p, g);
    if (is_empty(g))
      continue;
    uint8_t *before = fuzz_memory_before(g->result.at);
    const uint8_t *data = g->c.data;
    for (int64_t b = 0; b < g->batch; b++)
      for (int64_t r = 0; r < s.rows; r++) {
        int64_t row = b * s.batch_stride + r * s.row_stride;
        memcpy(before + (data - g->result.at) + row, data + row, (size_t)(s.columns * s.elem));
      }
  }
}

static void say_where(const struct fuzz_product *p, size_t group, int64_t index, const char *what, double got,
                      double want, double tolerance) {
  const struct fuzz_group *g = &p->group[group];
  fuzz_fail(
      "%s, %s, group %zu [%lld][%lld][%lld] k %lld, type %u, element %lld: %s: got %.17g, want %.17g +- %.3g",
      name_of(p), p->isa ? p->isa : "best", group, (long long)g->batch, (long long)g->m, (long long)g->n,
      (long long)g->k, g->c.type, (long long)index, what, got, want, tolerance);
}

/* Compares each element of `first` (a copy of the region) with the region or with the oracle. */
static void compare(const struct fuzz_product *p, const char *what, double *const *value,
                    double *const *tolerance, int zero_may_differ) {
  for (size_t i = 0; i < p->count; i++) {
    const struct fuzz_group *g = &p->group[i];
    struct fuzz_shape s = fuzz_call_shape(p, g);
    enum nvfp4_type type = (enum nvfp4_type)g->c.type;
    if (is_empty(g))
      continue;
    const uint8_t *first = fuzz_memory_before(g->result.at) + ((uint8_t *)g->c.data - g->result.at);
    const uint8_t *now = g->c.data;
    for (int64_t index = 0; index < g->batch * s.rows * s.columns; index++) {
      int64_t column = index % s.columns, row = index / s.columns;
      int64_t at = row / s.rows * s.batch_stride + row % s.rows * s.row_stride + column * s.elem;
      double x = support_number(first + at, type);
      if (value) {
        if (!support_near(x, value[i][index], tolerance[i][index], type))
          say_where(p, i, index, what, x, value[i][index], tolerance[i][index]);
      } else if (memcmp(first + at, now + at, (size_t)s.elem) != 0) {
        double y = support_number(now + at, type);
        if (!(isnan(x) && isnan(y)) && !(zero_may_differ && x == y))
          say_where(p, i, index, what, x, y, 0.0);
      }
    }
  }
}

static void check_bounded(const struct fuzz_product *p) {
  double *value[FUZZ_GROUPS], *tolerance[FUZZ_GROUPS];
  for (size_t i = 0; i < p->count; i++) {
    const struct fuzz_group *g = &p->group[i];
    size_t count = (size_t)(g->batch * g->m * g->n) + 1; /* malloc(0) may be NULL, which the oracle refuses */
    value[i] = malloc(count * sizeof(double));
    tolerance[i] = malloc(count * sizeof(double));
    fuzz_need(value[i] && tolerance[i], "no memory for the oracle");
  }
  enum nvfp4_status status = fuzz_call(p, FUZZ_BOUNDED, 1, value, tolerance);
  if (status != NVFP4_OK)
    fuzz_fail("%s: the bounded oracle refuses what the fast path takes: %s", name_of(p),
              nvfp4_status_text(status));
  compare(p, "beyond the oracle's tolerance", value, tolerance, 0);
  for (size_t i = 0; i < p->count; i++) {
    free(value[i]);
    free(tolerance[i]);
  }
}

static void check_valid(const struct fuzz_product *p) {
  take_over(p);
  int changed = fuzz_memory_changed(NULL);
  if (changed >= 0)
    fuzz_fail("%s wrote outside its result, into region %d", name_of(p), changed);
  check_bounded(p);

  /* Again in the plainest way: scalar, alone, not prepacked, by descriptor; into other bytes. */
  struct fuzz_product q = *p;
  q.isa = "scalar";
  q.simple = 0;
  q.threads_null = 1;
  for (size_t i = 0; i < p->count; i++)
    support_random_fill(p->group[i].result.at, p->group[i].result.bytes);
  enum nvfp4_status status = fuzz_call(&q, FUZZ_FAST, 1, NULL, NULL);
  if (status != NVFP4_OK)
    fuzz_fail("%s: the scalar call is refused: %s", name_of(p), nvfp4_status_text(status));
  compare(p, "not the bits of the scalar path", NULL, NULL, 0);
  if (!p->exact)
    return;
  for (size_t i = 0; i < p->count; i++)
    support_random_fill(p->group[i].result.at, p->group[i].result.bytes);
  status = fuzz_call(p, FUZZ_ORACLE, 1, NULL, NULL);
  if (status != NVFP4_OK)
    fuzz_fail("%s: the exact oracle refuses the call: %s", name_of(p), nvfp4_status_text(status));
  compare(p, "not the bits of the exact oracle", NULL, NULL, 1);
}

static void check_refused(const struct fuzz_product *p, const char *who) {
  int changed = fuzz_memory_changed(NULL);
  if (changed >= 0)
    fuzz_fail("%s (%s) returned an error and wrote into region %d", name_of(p), who, changed);
  if (fuzz_memory_workspace_changed())
    fuzz_fail("%s (%s) returned an error and wrote into the workspace", name_of(p), who);
}

/* The oracles check the same descriptors on their own. */
static void refuse_by_oracle(const struct fuzz_product *p, enum fuzz_form form) {
  static double dummy;
  double *none[FUZZ_GROUPS] = {&dummy, &dummy, &dummy};
  struct fuzz_verdict v = fuzz_rules_product(p, form);
  if (!v.must)
    return;
  enum nvfp4_status status =
      fuzz_call(p, form, 0, form == FUZZ_BOUNDED ? none : NULL, form == FUZZ_BOUNDED ? none : NULL);
  fuzz_verdict_check(&v, status, form == FUZZ_BOUNDED ? "the bounded oracle" : "the oracle");
  check_refused(p, "oracle");
}

/* Mistakes may have changed the sizes: what is needed now, and that it stays bounded. */
static void check_workspace_bytes(struct fuzz_product *p) {
  struct fuzz_verdict v = {0, 0, 0};
  unsigned workers = p->threads_null || p->threads.count == 0 ? 1 : p->threads.count;
  for (size_t i = 0; i < p->count; i++) { /* each by itself: what is too large together has no sharp limit */
    fuzz_rules_sizes(&v, p->group[i].batch, 1, 1, p->group[i].k);
    fuzz_rules_sizes(&v, 1, p->group[i].m, 1, p->group[i].k);
    fuzz_rules_sizes(&v, 1, 1, p->group[i].n, p->group[i].k);
  }
  size_t bytes = fuzz_call_workspace_bytes(p);
  if (v.must || (p->no_args && p->count > 0))
    fuzz_need(bytes == 0, "a workspace is named for sizes that are not valid");
  fuzz_need(bytes <= ((size_t)4 << 20) * (workers > 64 ? 64 : workers), "a workspace is not bounded");
  p->workspace_needed = bytes;
}

void fuzz_product_run(struct fuzz_draw *d) {
  struct fuzz_product p, intact;
  fuzz_product_make(d, &p);
  intact = p;
  fuzz_product_break(d, &p);
  check_workspace_bytes(&p);
  struct fuzz_verdict v = fuzz_rules_product(&p, FUZZ_FAST);
  int prepacked = 0;
  for (size_t i = 0; i < p.count; i++)
    for (int q = 0; q < p.operands; q++)
      prepacked |= p.group[i].op[q].prepacked.at != NULL;
  if (!v.must && (v.outside || p.simple || prepacked)) { /* nobody could tell what should come out */
    p = intact;
    v = fuzz_rules_product(&p, FUZZ_FAST);
    fuzz_need(!v.must && !v.outside, "the target's own rules refuse a call that it made to be valid");
  }
  p.threads.context = &p;
  fuzz_memory_remember();
  if (v.must && !p.simple && !p.no_args) {
    refuse_by_oracle(&p, FUZZ_ORACLE);
    refuse_by_oracle(&p, FUZZ_BOUNDED);
  }
  enum nvfp4_status status = fuzz_call(&p, FUZZ_FAST, 0, NULL, NULL);
  fuzz_verdict_check(&v, status, name_of(&p));
  if (status != NVFP4_OK)
    check_refused(&p, "fast");
  else
    check_valid(&p);
}

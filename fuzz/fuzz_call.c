/* Room: fuzz. Says a struct fuzz_product in the library's own words, and lends it threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fuzz_parts.h"

void fuzz_call_isa(const char *isa) {
  if (isa)
    fuzz_need(setenv("NVFP4_ISA", isa, 1) == 0, "setenv");
  else
    unsetenv("NVFP4_ISA");
}

/* Mistakes may make it too large: then the most there is. */
static int64_t product(int64_t a, int64_t b) {
  int64_t c;
  return __builtin_mul_overflow(a, b, &c) ? INT64_MAX : c;
}

struct fuzz_shape fuzz_call_shape(const struct fuzz_product *p, const struct fuzz_group *g) {
  struct fuzz_shape s = {.rows = g->m, .columns = g->n, .elem = g->c.type == NVFP4_FP32 ? 4 : 2};
  if (p->kind == FUZZ_GEMV) {
    s.rows = 1;
    s.columns = g->m;
  }
  s.row_stride = g->c.row_stride_bytes;
  if (s.row_stride == 0 || p->kind == FUZZ_GEMV)
    s.row_stride = product(s.columns, s.elem);
  s.batch_stride = g->c.batch_stride_bytes ? g->c.batch_stride_bytes : product(s.rows, s.row_stride);
  return s;
}

/* All the library's descriptors of one call. */
struct words {
  nvfp4_gemm_args gemm[FUZZ_GROUPS];
  nvfp4_gemv_args gemv;
  nvfp4_dual_args dual;
  nvfp4_matrix matrix[3][FUZZ_GROUPS];
  float *c[FUZZ_GROUPS];
};

static void put_into_words(const struct fuzz_product *p, int plain, struct words *w) {
  for (size_t i = 0; i < p->count; i++) {
    const struct fuzz_group *g = &p->group[i];
    nvfp4_operand o[3];
    for (int q = 0; q < p->operands; q++) {
      o[q] = plain ? g->op[q].plain : g->op[q].used;
      w->matrix[q][i] = (nvfp4_matrix){.rows = g->op[q].rows,
                                       .k = g->op[q].k,
                                       .packed = o[q].packed,
                                       .scale = o[q].scale,
                                       .tensor_scale = o[q].tensor_scale};
    }
    w->c[i] = g->c.data;
    w->gemm[i] = (nvfp4_gemm_args){g->batch, g->m, g->n, g->k, o[0], o[1], g->c};
    w->gemv = (nvfp4_gemv_args){g->batch, g->m, g->k, o[0], o[1], g->c};
    if (p->operands == 3)
      w->dual = (nvfp4_dual_args){g->batch, g->m, g->n, g->k, o[0], o[1], o[2], g->c};
  }
}

size_t fuzz_call_workspace_bytes(const struct fuzz_product *p) {
  const nvfp4_threads *threads = p->threads_null ? NULL : &p->threads;
  struct words w;
  put_into_words(p, 0, &w);
  switch (p->kind) {
  case FUZZ_GEMM:
    return nvfp4_gemm_workspace_bytes(p->no_args ? NULL : w.gemm, threads);
  case FUZZ_GEMV:
    return nvfp4_gemv_workspace_bytes(p->no_args ? NULL : &w.gemv, threads);
  case FUZZ_DUAL:
    return nvfp4_dual_gemm_workspace_bytes(p->no_args ? NULL : &w.dual, threads);
  default:
    return nvfp4_group_gemm_workspace_bytes(p->no_args ? NULL : w.gemm, p->count, threads);
  }
}

static enum nvfp4_status call_fast(const struct fuzz_product *p, const struct words *w) {
  const nvfp4_threads *threads = p->threads_null ? NULL : &p->threads;
  switch (p->kind) {
  case FUZZ_GEMM:
    return nvfp4_gemm(p->no_args ? NULL : w->gemm, p->workspace, p->workspace_bytes, threads);
  case FUZZ_GEMV:
    return nvfp4_gemv(p->no_args ? NULL : &w->gemv, p->workspace, p->workspace_bytes, threads);
  case FUZZ_DUAL:
    return nvfp4_dual_gemm(p->no_args ? NULL : &w->dual, p->workspace, p->workspace_bytes, threads);
  default:
    return nvfp4_group_gemm(p->no_args ? NULL : w->gemm, p->count, p->workspace, p->workspace_bytes, threads);
  }
}

static enum nvfp4_status call_simple(const struct fuzz_product *p, const struct words *w) {
  const nvfp4_matrix *a = p->no_args ? NULL : w->matrix[0], *b = w->matrix[1];
  switch (p->kind) {
  case FUZZ_GEMM:
    return nvfp4_simple_gemm(a, b, w->c[0]);
  case FUZZ_GEMV:
    return nvfp4_simple_gemv(a, b, w->c[0]);
  case FUZZ_DUAL:
    return nvfp4_simple_dual_gemm(a, b, w->matrix[2], w->c[0]);
  default:
    return nvfp4_simple_group_gemm(a, b, w->c, p->count);
  }
}

static enum nvfp4_status call_oracle(const struct fuzz_product *p, const struct words *w,
                                     double *const *value, double *const *tolerance) {
  unsigned threads = p->threads_null ? 0 : p->threads.count % 4;
  switch (p->kind) {
  case FUZZ_GEMM:
    return value ? nvfp4_oracle_gemm_bounded(w->gemm, value[0], tolerance[0], threads)
                 : nvfp4_oracle_gemm(w->gemm, threads);
  case FUZZ_GEMV:
    return value ? nvfp4_oracle_gemv_bounded(&w->gemv, value[0], tolerance[0], threads)
                 : nvfp4_oracle_gemv(&w->gemv, threads);
  case FUZZ_DUAL:
    return value ? nvfp4_oracle_dual_gemm_bounded(&w->dual, value[0], tolerance[0], threads)
                 : nvfp4_oracle_dual_gemm(&w->dual, threads);
  default:
    return value ? nvfp4_oracle_group_gemm_bounded(w->gemm, p->count, value, tolerance, threads)
                 : nvfp4_oracle_group_gemm(w->gemm, p->count, threads);
  }
}

enum nvfp4_status fuzz_call(const struct fuzz_product *p, enum fuzz_form form, int plain,
                            double *const *value, double *const *tolerance) {
  struct words w;
  put_into_words(p, plain, &w);
  fuzz_call_isa(p->isa);
  enum nvfp4_status status = form == FUZZ_FAST ? p->simple ? call_simple(p, &w) : call_fast(p, &w)
                                               : call_oracle(p, &w, value, tolerance);
  fuzz_call_isa(NULL);
  return status;
}

/* ---- The caller's own parallel_for: context is the struct fuzz_product. ---- */
static void promise(const void *context, int64_t tasks, int has_task) {
  const struct fuzz_product *p = context;
  int64_t most = p->threads.count == 0 ? 1 : p->threads.count > 64 ? 64 : (int64_t)p->threads.count;
  fuzz_need(has_task && tasks >= 0 && tasks <= most, "parallel_for is asked for more tasks than count");
}

static void forwards(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data) {
  promise(context, tasks, task != NULL);
  for (int64_t i = 0; i < tasks; i++)
    task(data, i);
}

static void backwards(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data) {
  promise(context, tasks, task != NULL);
  while (tasks-- > 0)
    task(data, tasks);
}

struct crew {
  _Atomic int64_t next;
  int64_t tasks;
  void (*task)(void *data, int64_t index);
  void *data;
};

static void *work(void *context) {
  struct crew *crew = context;
  for (int64_t i; (i = atomic_fetch_add(&crew->next, 1)) < crew->tasks;)
    crew->task(crew->data, i);
  return NULL;
}

static void together(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data) {
  struct crew crew = {.tasks = tasks, .task = task, .data = data};
  pthread_t helper[3];
  int helpers = 0;
  promise(context, tasks, task != NULL);
  while (helpers < 3 && pthread_create(&helper[helpers], NULL, work, &crew) == 0)
    helpers++;
  work(&crew);
  while (helpers > 0)
    pthread_join(helper[--helpers], NULL);
}

void fuzz_call_threads(struct fuzz_draw *d, struct fuzz_product *p) {
  static const unsigned count[] = {1, 2, 3, 4, 0, 7, 64, 1000};
  static void (*const how[])(void *, int64_t, void (*)(void *, int64_t), void *) = {forwards, backwards, NULL,
                                                                                    together};
  unsigned what = fuzz_pick(d, 16);
  p->threads_null = what < 4;
  p->threads.parallel_for = how[what % 4];
  p->threads.context = p;
  p->threads.count = count[fuzz_pick(d, sizeof count / sizeof count[0])];
  /* Starting dozens of threads takes as long as hundreds of calls. */
  if (!p->threads.parallel_for && p->threads.count > 4 && !fuzz_rarely(d, 32))
    p->threads.count = 2;
}

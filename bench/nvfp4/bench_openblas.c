/* Room: bench. The peer OpenBLAS: sgemm and sgemv on data dequantised to fp32 beforehand. Loaded at run
 * time, so that nothing is needed to build; the prototypes are those of the C interface to BLAS.
 *
 * A product can be asked for in several ways that mean the same; OpenBLAS packs different operands in
 * each. All are tried once or twice per product and the fastest is kept: a peer is shown at its best. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "base/base_machine.h"
#include "bench_nvfp4.h"

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, TRIAL = 512 };

static struct {
  void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                const float *b, int ldb, float beta, float *c, int ldc);
  void (*sgemv)(int order, int ta, int m, int n, float alpha, const float *a, int lda, const float *x,
                int incx, float beta, float *y, int incy);
  void (*set_threads)(int n);
  char *(*corename)(void), *(*config)(void);
} blas;

/* FORM_PLAIN: c = a b^T as stored. FORM_TURNED: c^T = b a^T. FORM_TRANSPOSED: the weight was transposed
 * beforehand. */
enum form { FORM_PLAIN, FORM_TURNED, FORM_TRANSPOSED, FORMS };

struct product {
  int m, n, k;
  float *a, *b, *c; /* a NULL where it is that of the product before (dual GEMM) */
  const float *a_used;
  enum form form;
};
struct state {
  size_t n;
  struct product product[BENCH_MAX_PRODUCTS];
};

static int symbol(void *library, const char *name, void *out) {
  void *found = dlsym(library, name);
  memcpy(out, &found, sizeof found);
  return found != NULL;
}

static int load(const char *path, const char *core, void **library) {
  if (core && setenv("OPENBLAS_CORETYPE", core, 1) != 0)
    return 0;
  *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  return *library && symbol(*library, "cblas_sgemm", &blas.sgemm) &&
         symbol(*library, "cblas_sgemv", &blas.sgemv) &&
         symbol(*library, "openblas_set_num_threads", &blas.set_threads) &&
         symbol(*library, "openblas_get_corename", &blas.corename) &&
         symbol(*library, "openblas_get_config", &blas.config);
}

/* The least time of a few products of three matrices of side TRIAL, on one thread. */
static double trial(float *x) {
  double best = INFINITY;
  blas.set_threads(1);
  for (int i = 0; i < 6; i++) {
    int64_t start_ns = clock_mono_ns();
    blas.sgemm(ROW_MAJOR, NO_TRANS, TRANS, TRIAL, TRIAL, TRIAL, 1.0f, x, TRIAL, x + TRIAL * TRIAL, TRIAL,
               0.0f, x + 2 * TRIAL * TRIAL, TRIAL);
    best = fmin(best, (double)(clock_mono_ns() - start_ns));
  }
  return best;
}

/* OpenBLAS picks its kernels by the processor's model number when it is loaded, and takes those of 2004
 * for a model that it does not know. So it is loaded once with its own choice and once with each that
 * this machine can run, and the fastest stays. A choice of the user's (OPENBLAS_CORETYPE) is kept. */
static const char *best_core(const char *path, char *own, size_t own_bytes) {
  static const struct {
    const char *core, *fact;
  } choice[] = {{NULL, NULL}, {"Haswell", "has_avx2"}, {"SkylakeX", "has_avx512vl"}};
  float *x = bench_alloc(sizeof(float) * 3 * TRIAL * TRIAL);
  const char *best = NULL;
  double least = INFINITY;
  for (size_t i = 0; x && i < sizeof choice / sizeof *choice; i++) {
    double has = 1.0;
    void *library = NULL;
    if (choice[i].fact)
      machine_fact(choice[i].fact, &has);
    if (has != 0.0 && load(path, choice[i].core, &library)) {
      double now = trial(x);
      if (i == 0)
        snprintf(own, own_bytes, " (its own choice here: %s)", blas.corename());
      if (now < least) {
        least = now;
        best = choice[i].core;
      }
    }
    if (library)
      dlclose(library);
  }
  free(x);
  unsetenv("OPENBLAS_CORETYPE");
  return best;
}

static enum status openblas_open(const char *path, char *text, size_t text_bytes, struct error *e) {
  void *library = NULL;
  char own[64] = "";
  path = path ? path : "libopenblas.so.0";
  if (!load(path, getenv("OPENBLAS_CORETYPE") ? NULL : best_core(path, own, sizeof own), &library))
    return error_set(e, ST_TOOL, "OpenBLAS cannot be loaded, or is no OpenBLAS: %s", dlerror());
  snprintf(text, text_bytes, "%s; kernels for %s%s", blas.config(), blas.corename(), own);
  return ST_OK;
}

static void multiply(const struct product *p, enum form form) {
  int m = p->m, n = p->n, k = p->k;
  if (n == 1)
    blas.sgemv(ROW_MAJOR, form == FORM_TRANSPOSED ? TRANS : NO_TRANS, form == FORM_TRANSPOSED ? k : m,
               form == FORM_TRANSPOSED ? m : k, 1.0f, p->a_used, form == FORM_TRANSPOSED ? m : k, p->b, 1,
               0.0f, p->c, 1);
  else if (form == FORM_TURNED)
    blas.sgemm(ROW_MAJOR, NO_TRANS, TRANS, n, m, k, 1.0f, p->b, k, p->a_used, k, 0.0f, p->c, m);
  else
    blas.sgemm(ROW_MAJOR, NO_TRANS, form == FORM_TRANSPOSED ? NO_TRANS : TRANS, m, n, k, 1.0f, p->a_used, k,
               p->b, form == FORM_TRANSPOSED ? n : k, 0.0f, p->c, n);
}

static double best_of_two(const struct product *p, enum form form) {
  double best = INFINITY;
  for (int i = 0; i < 2; i++) {
    int64_t start_ns = clock_mono_ns();
    multiply(p, form);
    best = fmin(best, (double)(clock_mono_ns() - start_ns));
  }
  return best;
}

/* Tiles of 32 x 32, so that both sides stay in the nearest cache. */
static float *transposed(const float *x, int rows, int columns) {
  float *out = bench_alloc((size_t)rows * (size_t)columns * sizeof *out);
  for (int i0 = 0; out && i0 < rows; i0 += 32)
    for (int j0 = 0; j0 < columns; j0 += 32)
      for (int i = i0; i < i0 + 32 && i < rows; i++)
        for (int j = j0; j < j0 + 32 && j < columns; j++)
          out[(size_t)j * (size_t)rows + (size_t)i] = x[(size_t)i * (size_t)columns + (size_t)j];
  return out;
}

/* The weight is a for a GEMV, else b. What loses is freed at once: these are the largest buffers. */
static int choose_form(struct product *p) {
  double plain = best_of_two(p, FORM_PLAIN), turned = p->n == 1 ? INFINITY : best_of_two(p, FORM_TURNED);
  float **weight = p->n == 1 ? &p->a : &p->b, *stored = *weight;
  float *other = transposed(stored, p->n == 1 ? p->m : p->n, p->k);
  if (!other)
    return 0;
  *weight = other;
  if (p->n == 1)
    p->a_used = p->a;
  double best = best_of_two(p, FORM_TRANSPOSED);
  p->form = FORM_TRANSPOSED;
  if (best > fmin(plain, turned)) {
    p->form = plain <= turned ? FORM_PLAIN : FORM_TURNED;
    *weight = stored;
    if (p->n == 1)
      p->a_used = p->a;
  }
  free(p->form == FORM_TRANSPOSED ? stored : other);
  return 1;
}

static void openblas_release(void *state) {
  struct state *s = state;
  for (size_t i = 0; s && i < s->n; i++) {
    free(s->product[i].a);
    free(s->product[i].b);
    free(s->product[i].c);
  }
  free(s);
}

static enum status openblas_prepare(const struct bench_data *d, void **out, struct error *e) {
  struct state *s = *out = calloc(1, sizeof *s);
  if (!s)
    return error_set(e, ST_MEMORY, "no memory for OpenBLAS");
  blas.set_threads(1);
  for (; s->n < d->n_products; s->n++) {
    const struct bench_product *from = &d->product[s->n];
    struct product *p = &s->product[s->n];
    int same_a = s->n > 0 && from->a == from[-1].a && from->a_index == from[-1].a_index;
    *p = (struct product){.m = (int)from->m, .n = (int)from->n, .k = (int)from->k};
    p->a = same_a ? NULL : bench_data_dequantise(d, from->a, from->a_index);
    p->a_used = same_a ? p[-1].a_used : p->a;
    p->b = bench_data_dequantise(d, from->b, from->b_index);
    p->c = bench_alloc((size_t)(from->m * from->n) * sizeof(float));
    if (!p->a_used || !p->b || !p->c || !choose_form(p)) {
      s->n++;
      openblas_release(s);
      *out = NULL;
      return error_set(e, ST_MEMORY, "no memory for OpenBLAS's fp32 copy of %s", d->shape->name);
    }
  }
  return ST_OK;
}

static int openblas_run(void *state, unsigned threads) {
  const struct state *s = state;
  blas.set_threads((int)threads);
  for (size_t i = 0; i < s->n; i++)
    multiply(&s->product[i], s->product[i].form);
  return 0;
}

static struct bench_peer_result openblas_result(const void *state, size_t product) {
  const struct product *p = &((const struct state *)state)->product[product];
  if (p->form == FORM_TURNED && p->n > 1)
    return (struct bench_peer_result){p->c, 1, p->m};
  return (struct bench_peer_result){p->c, p->n, 1};
}

const struct bench_peer bench_openblas = {.name = "OpenBLAS",
                                          .tolerance = 2e-3,
                                          .open = openblas_open,
                                          .prepare = openblas_prepare,
                                          .run = openblas_run,
                                          .result = openblas_result,
                                          .release = openblas_release};

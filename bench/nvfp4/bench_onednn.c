/* Room: bench. The peer oneDNN: matmul, bf16 x bf16 with fp32 results, on data dequantised beforehand (an
 * element times its scale is exact in bf16). Weights are reordered beforehand into whatever layout oneDNN
 * asks for, and a primitive is made once per product: only its execution is timed.
 *
 * Loaded at run time, so that nothing is needed to build: versions 3 and 2 of the C interface, whose
 * prototypes stand below as far as they are used. All of its objects are opaque here. A memory descriptor
 * of version 2 is a struct of the caller's of less than 1 KiB, an operation descriptor one of less than
 * 4 KiB; bigger blocks stand in for both. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_nvfp4.h"

/* Values of oneDNN's enumerations, the same in both versions. */
enum { DNNL_BF16 = 2, DNNL_F32 = 3, DNNL_ANY = 1, DNNL_CPU = 1, DNNL_IN_ORDER = 1, DNNL_IMPLEMENTATION = 8 };
enum { DNNL_SRC_MD = 129, DNNL_WEIGHTS_MD = 131, ARG_SRC = 1, ARG_DST = 17, ARG_WEIGHTS = 33 };
enum { DNNL_MAX_DIMS = 12, DESCRIPTOR_BYTES = 2048, OPERATION_BYTES = 8192 };

struct argument {
  int arg;
  void *memory;
};
struct version {
  int major, minor, patch;
};

static struct {
  int major;
  void *engine, *queue;
  const struct version *(*version)(void);
  int (*engine_create)(void **engine, int kind, size_t index);
  int (*stream_create)(void **stream, void *engine, unsigned flags);
  int (*stream_wait)(void *stream);
  int (*memory_create)(void **memory, const void *md, void *engine, void *handle);
  int (*memory_destroy)(void *memory);
  size_t (*md_size)(const void *md);
  const void *(*query_md)(const void *pd, int what, int index);
  int (*query)(const void *pd, int what, int index, void *result);
  int (*reorder_pd)(void **pd, const void *src, void *src_engine, const void *dst, void *dst_engine,
                    const void *attr);
  int (*pd_destroy)(void *pd);
  int (*primitive_create)(void **primitive, const void *pd);
  int (*primitive_destroy)(void *primitive);
  int (*execute)(const void *primitive, void *stream, int n, const struct argument *arguments);
  /* version 3 */
  int (*md_by_strides)(void **md, int dims, const int64_t *dim, int type, const int64_t *stride);
  int (*md_by_tag)(void **md, int dims, const int64_t *dim, int type, int tag);
  int (*md_destroy)(void *md);
  int (*matmul_pd)(void **pd, void *engine, const void *src, const void *weights, const void *bias,
                   const void *dst, const void *attr);
  /* version 2 */
  int (*md_init_by_strides)(void *md, int dims, const int64_t *dim, int type, const int64_t *stride);
  int (*md_init_by_tag)(void *md, int dims, const int64_t *dim, int type, int tag);
  int (*matmul_desc)(void *desc, const void *src, const void *weights, const void *bias, const void *dst);
  int (*pd_create)(void **pd, const void *desc, const void *attr, void *engine, const void *hint);
  void (*omp_threads)(int n);
} dnnl;

/* c[m][n] = src[m][k] * weights[k][n]. For a GEMV the matrix is the weights and m is 1. */
struct product {
  int64_t m, n, k;
  void *src, *weights; /* our buffers; src NULL where it is that of the product before */
  float *c;
  void *src_memory, *weights_memory, *c_memory, *primitive;
};
struct state {
  int gemv;
  size_t n;
  struct product product[BENCH_MAX_PRODUCTS];
};

static int load(void *library, const char *name, void *out) {
  void *found = dlsym(library, name);
  memcpy(out, &found, sizeof found);
  return found != NULL;
}

static int load_version(void *l) {
  if (dnnl.major >= 3)
    return load(l, "dnnl_memory_desc_create_with_strides", &dnnl.md_by_strides) &&
           load(l, "dnnl_memory_desc_create_with_tag", &dnnl.md_by_tag) &&
           load(l, "dnnl_memory_desc_destroy", &dnnl.md_destroy) &&
           load(l, "dnnl_matmul_primitive_desc_create", &dnnl.matmul_pd);
  return load(l, "dnnl_memory_desc_init_by_strides", &dnnl.md_init_by_strides) &&
         load(l, "dnnl_memory_desc_init_by_tag", &dnnl.md_init_by_tag) &&
         load(l, "dnnl_matmul_desc_init", &dnnl.matmul_desc) &&
         load(l, "dnnl_primitive_desc_create", &dnnl.pd_create);
}

static int load_common(void *l) {
  return load(l, "dnnl_version", &dnnl.version) && load(l, "dnnl_engine_create", &dnnl.engine_create) &&
         load(l, "dnnl_stream_create", &dnnl.stream_create) &&
         load(l, "dnnl_stream_wait", &dnnl.stream_wait) &&
         load(l, "dnnl_memory_create", &dnnl.memory_create) &&
         load(l, "dnnl_memory_destroy", &dnnl.memory_destroy) &&
         load(l, "dnnl_memory_desc_get_size", &dnnl.md_size) &&
         load(l, "dnnl_primitive_desc_query_md", &dnnl.query_md) &&
         load(l, "dnnl_primitive_desc_query", &dnnl.query) &&
         load(l, "dnnl_reorder_primitive_desc_create", &dnnl.reorder_pd) &&
         load(l, "dnnl_primitive_desc_destroy", &dnnl.pd_destroy) &&
         load(l, "dnnl_primitive_create", &dnnl.primitive_create) &&
         load(l, "dnnl_primitive_destroy", &dnnl.primitive_destroy) &&
         load(l, "dnnl_primitive_execute", &dnnl.execute);
}

static enum status onednn_open(const char *path, char *text, size_t text_bytes, struct error *e) {
  void *l = dlopen(path ? path : "libdnnl.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!l && !path)
    l = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!l)
    return error_set(e, ST_TOOL, "oneDNN cannot be loaded: %s", dlerror());
  if (!load_common(l))
    return error_set(e, ST_TOOL, "this oneDNN lacks a function that bench_nvfp4 needs: %s", dlerror());
  const struct version *v = dnnl.version();
  dnnl.major = v->major;
  if (v->major < 2 || v->major > 3 || !load_version(l))
    return error_set(e, ST_TOOL, "oneDNN %d.%d is neither version 2 nor 3", v->major, v->minor);
  if (!load(l, "omp_set_num_threads", &dnnl.omp_threads))
    return error_set(e, ST_TOOL, "this oneDNN does not run on OpenMP, so its threads cannot be set");
  if (dnnl.engine_create(&dnnl.engine, DNNL_CPU, 0) ||
      dnnl.stream_create(&dnnl.queue, dnnl.engine, DNNL_IN_ORDER))
    return error_set(e, ST_TOOL, "oneDNN %d.%d has no CPU engine here", v->major, v->minor);
  snprintf(text, text_bytes, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
  return ST_OK;
}

/* rows x columns; tag DNNL_ANY: oneDNN may choose the layout; else strides in elements. NULL: refused. */
static void *descriptor(int64_t rows, int64_t columns, int type, int any, int64_t row_stride,
                        int64_t column_stride) {
  int64_t dim[DNNL_MAX_DIMS] = {rows, columns}, stride[DNNL_MAX_DIMS] = {row_stride, column_stride};
  void *md = NULL;
  if (dnnl.major >= 3) {
    int bad =
        any ? dnnl.md_by_tag(&md, 2, dim, type, DNNL_ANY) : dnnl.md_by_strides(&md, 2, dim, type, stride);
    return bad ? NULL : md;
  }
  md = calloc(1, DESCRIPTOR_BYTES);
  if (md && (any ? dnnl.md_init_by_tag(md, 2, dim, type, DNNL_ANY)
                 : dnnl.md_init_by_strides(md, 2, dim, type, stride))) {
    free(md);
    return NULL;
  }
  return md;
}

static void descriptor_free(void *md) {
  if (md && dnnl.major >= 3)
    (void)dnnl.md_destroy(md);
  else
    free(md);
}

static void *matmul_pd(const void *src, const void *weights, const void *dst) {
  void *pd = NULL;
  if (dnnl.major >= 3)
    return dnnl.matmul_pd(&pd, dnnl.engine, src, weights, NULL, dst, NULL) ? NULL : pd;
  void *desc = calloc(1, OPERATION_BYTES);
  if (!desc || dnnl.matmul_desc(desc, src, weights, NULL, dst) ||
      dnnl.pd_create(&pd, desc, NULL, dnnl.engine, NULL))
    pd = NULL;
  free(desc);
  return pd;
}

/* fp32 [rows][k] as bf16: exact, so the lower halves are zeros. Frees x. */
static uint16_t *to_bf16(float *x, size_t count) {
  uint16_t *out = x ? bench_alloc(count * sizeof *out) : NULL;
  for (size_t i = 0; out && i < count; i++)
    out[i] = nvfp4_bf16_from_float(x[i]);
  free(x);
  return out;
}

/* Brings the weights, [n][k] in `plain`, into the layout md; the buffer is *out, its memory object
 * *memory. 0: refused. */
static int reorder_weights(int64_t n, int64_t k, void *plain, const void *md, void **out, void **memory) {
  void *from = descriptor(k, n, DNNL_BF16, 0, 1, k), *plain_memory = NULL, *pd = NULL, *primitive = NULL;
  *out = bench_alloc(dnnl.md_size(md));
  int ok = from && *out && !dnnl.memory_create(&plain_memory, from, dnnl.engine, plain) &&
           !dnnl.memory_create(memory, md, dnnl.engine, *out) &&
           !dnnl.reorder_pd(&pd, from, dnnl.engine, md, dnnl.engine, NULL) &&
           !dnnl.primitive_create(&primitive, pd);
  if (ok) {
    struct argument arguments[2] = {{ARG_SRC, plain_memory}, {ARG_DST, *memory}};
    ok = !dnnl.execute(primitive, dnnl.queue, 2, arguments) && !dnnl.stream_wait(dnnl.queue);
  }
  if (primitive)
    (void)dnnl.primitive_destroy(primitive);
  if (pd)
    (void)dnnl.pd_destroy(pd);
  if (plain_memory)
    (void)dnnl.memory_destroy(plain_memory);
  descriptor_free(from);
  return ok;
}

/* p->src holds the activations [m][k] in bf16 (or is borrowed in src), plain the weights [n][k]. */
static int product_create(struct product *p, void *src, void *plain) {
  void *src_md = descriptor(p->m, p->k, DNNL_BF16, 0, p->k, 1),
       *weights_md = descriptor(p->k, p->n, DNNL_BF16, 1, 0, 0),
       *c_md = descriptor(p->m, p->n, DNNL_F32, 0, p->n, 1);
  void *pd = src_md && weights_md && c_md ? matmul_pd(src_md, weights_md, c_md) : NULL;
  int ok = pd && reorder_weights(p->n, p->k, plain, dnnl.query_md(pd, DNNL_WEIGHTS_MD, 0), &p->weights,
                                 &p->weights_memory);
  p->c = bench_alloc((size_t)(p->m * p->n) * sizeof(float));
  ok = ok && p->c && !dnnl.memory_create(&p->src_memory, src_md, dnnl.engine, src) &&
       !dnnl.memory_create(&p->c_memory, c_md, dnnl.engine, p->c) &&
       !dnnl.primitive_create(&p->primitive, pd);
  const char *name = NULL;
  if (ok && dnnl.query(pd, DNNL_IMPLEMENTATION, 0, &name) == 0 && name && getenv("SHARKTANK_LOG"))
    fprintf(stderr, "bench_nvfp4: oneDNN uses %s for %lld x %lld x %lld\n", name, (long long)p->m,
            (long long)p->n, (long long)p->k);
  if (pd)
    (void)dnnl.pd_destroy(pd);
  descriptor_free(src_md);
  descriptor_free(weights_md);
  descriptor_free(c_md);
  return ok;
}

static void onednn_release(void *state) {
  struct state *s = state;
  for (size_t i = 0; s && i < s->n; i++) {
    struct product *p = &s->product[i];
    if (p->primitive)
      (void)dnnl.primitive_destroy(p->primitive);
    void *memory[3] = {p->src_memory, p->weights_memory, p->c_memory};
    for (int j = 0; j < 3; j++)
      if (memory[j])
        (void)dnnl.memory_destroy(memory[j]);
    free(p->src);
    free(p->weights);
    free(p->c);
  }
  free(s);
}

static enum status onednn_prepare(const struct bench_data *d, void **out, struct error *e) {
  struct state *s = *out = calloc(1, sizeof *s);
  if (!s)
    return error_set(e, ST_MEMORY, "no memory for oneDNN");
  s->gemv = d->shape->problem == BENCH_GEMV;
  dnnl.omp_threads(1);
  void *src = NULL;
  for (int ok = 1; ok && s->n < d->n_products;) {
    const struct bench_product *from = &d->product[s->n];
    struct product *p = &s->product[s->n++];
    int same_a = s->n > 1 && from->a == from[-1].a && from->a_index == from[-1].a_index;
    const struct bench_matrix *x = s->gemv ? from->b : from->a, *w = s->gemv ? from->a : from->b;
    *p = (struct product){.m = x->rows, .n = w->rows, .k = from->k};
    if (!same_a)
      src = p->src = to_bf16(bench_data_dequantise(d, x, s->gemv ? from->b_index : from->a_index),
                             (size_t)(x->rows * x->k));
    uint16_t *plain = to_bf16(bench_data_dequantise(d, w, s->gemv ? from->a_index : from->b_index),
                              (size_t)(w->rows * w->k));
    ok = src && plain && product_create(p, src, plain);
    free(plain);
    if (!ok) {
      onednn_release(s);
      *out = NULL;
      return error_set(e, ST_TOOL, "oneDNN refuses %s in bf16, or memory ran out", d->shape->name);
    }
  }
  return ST_OK;
}

static int onednn_run(void *state, unsigned threads) {
  const struct state *s = state;
  dnnl.omp_threads((int)threads);
  for (size_t i = 0; i < s->n; i++) {
    const struct product *p = &s->product[i];
    struct argument arguments[3] = {
        {ARG_SRC, p->src_memory}, {ARG_WEIGHTS, p->weights_memory}, {ARG_DST, p->c_memory}};
    if (dnnl.execute(p->primitive, dnnl.queue, 3, arguments))
      return 1;
  }
  return dnnl.stream_wait(dnnl.queue);
}

static struct bench_peer_result onednn_result(const void *state, size_t product) {
  const struct state *s = state;
  const struct product *p = &s->product[product];
  return (struct bench_peer_result){p->c, s->gemv ? 1 : p->n, 1};
}

const struct bench_peer bench_onednn = {.name = "oneDNN",
                                        .tolerance = 2e-3,
                                        .open = onednn_open,
                                        .prepare = onednn_prepare,
                                        .run = onednn_run,
                                        .result = onednn_result,
                                        .release = onednn_release};

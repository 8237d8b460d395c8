/* Room: bench. The peer ggml: ggml_mul_mat of NVFP4 weights and fp32 activations, which ggml quantises to
 * its 8-bit blocks within the (timed) call. Weights are the very elements and scales of our operand in
 * ggml's block order. Loaded at run time from a build that the user names; the prototypes below are those of
 * its public C headers as far as they are used.
 *
 * ggml_cplan is returned by value and grows now and then at its end: `later` leaves room for that. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "bench_nvfp4.h"

enum { GGML_F32 = 0, GGML_NVFP4 = 40, GGML_BLOCK = 64, GGML_BLOCK_BYTES = 36, GGML_HEAD_BYTES = 64 << 10 };

struct init_params {
  size_t mem_size;
  void *mem_buffer;
  bool no_alloc;
};
struct plan {
  size_t work_size;
  uint8_t *work_data;
  int n_threads;
  unsigned char later[232];
};

static struct {
  void *(*init)(struct init_params params);
  void (*free)(void *context);
  void *(*new_2d)(void *context, int type, int64_t columns, int64_t rows);
  void *(*mul_mat)(void *context, void *a, void *b);
  void *(*get_data)(const void *tensor);
  void *(*new_graph)(void *context);
  void (*expand)(void *graph, void *tensor);
  size_t (*row_size)(int type, int64_t columns);
  const char *(*type_name)(int type);
  struct plan (*graph_plan)(const void *graph, int threads, void *pool);
  int (*compute)(void *graph, struct plan *plan);
  void (*cpu_init)(void);
  const char *(*version)(void); /* NULL in older builds */
} ggml;

struct state {
  void *context, *graph;
  void *result[BENCH_MAX_PRODUCTS];
  size_t n;
  int64_t columns;
  unsigned threads; /* that plan is for; 0: none yet */
  struct plan plan;
};

static int load(void *library, const char *name, void *out) {
  void *found = dlsym(library, name);
  memcpy(out, &found, sizeof found);
  return found != NULL;
}

/* The places of a build folder and of an installed tree where the library can lie. */
static void *open_library(const char *path) {
  static const char *const place[] = {"%s",
                                      "%s/libggml-cpu.so",
                                      "%s/src/libggml-cpu.so",
                                      "%s/bin/libggml-cpu.so",
                                      "%s/lib/libggml-cpu.so",
                                      "%s/src/ggml-cpu/libggml-cpu.so"};
  for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
    char file[4096];
    const char *rest = place[i] + 2;
    if (snprintf(file, sizeof file, "%s%s", path, rest) < (int)sizeof file && strstr(file, ".so") &&
        file_exists(file))
      return dlopen(file, RTLD_NOW | RTLD_LOCAL);
  }
  return NULL;
}

static enum status ggml_open(const char *path, char *text, size_t text_bytes, struct error *e) {
  if (!path)
    return error_set(e, ST_USAGE, "the peer ggml needs --ggml PATH, a folder with a build of ggml");
  void *l = open_library(path);
  if (!l)
    return error_set(e, ST_TOOL,
                     "no libggml-cpu.so that can be loaded in %s: build ggml with shared libraries", path);
  if (!load(l, "ggml_init", &ggml.init) || !load(l, "ggml_free", &ggml.free) ||
      !load(l, "ggml_new_tensor_2d", &ggml.new_2d) || !load(l, "ggml_mul_mat", &ggml.mul_mat) ||
      !load(l, "ggml_get_data", &ggml.get_data) || !load(l, "ggml_new_graph", &ggml.new_graph) ||
      !load(l, "ggml_build_forward_expand", &ggml.expand) || !load(l, "ggml_row_size", &ggml.row_size) ||
      !load(l, "ggml_type_name", &ggml.type_name) || !load(l, "ggml_graph_plan", &ggml.graph_plan) ||
      !load(l, "ggml_graph_compute", &ggml.compute) || !load(l, "ggml_cpu_init", &ggml.cpu_init))
    return error_set(e, ST_TOOL, "this ggml lacks a function that bench_nvfp4 needs: %s", dlerror());
  const char *name = ggml.type_name(GGML_NVFP4);
  if (!name || strcmp(name, "nvfp4") != 0 || ggml.row_size(GGML_NVFP4, GGML_BLOCK) != GGML_BLOCK_BYTES)
    return error_set(e, ST_TOOL, "this ggml has no NVFP4 type; it came in 2026");
  ggml.cpu_init();
  snprintf(text, text_bytes, "ggml %s, NVFP4 x F32",
           load(l, "ggml_version", &ggml.version) ? ggml.version() : "of unknown version");
  return ST_OK;
}

/* A block is 4 scales, then 4 times 8 bytes: element i of a sub-block in the low half of byte i, element
 * i + 8 in its high half. ggml's scales have no sign; a negative one goes into its elements. */
static void write_block(const uint8_t *packed, const uint8_t *code, uint8_t *out) {
  for (int s = 0; s < 4; s++) {
    uint8_t element[16], flip = code[s] & 0x80 ? 8 : 0;
    nvfp4_unpack(packed + 8 * s, 16, element);
    out[s] = code[s] & 0x7f;
    for (int i = 0; i < 8; i++)
      out[4 + 8 * s + i] = (uint8_t)((element[i] ^ flip) | (element[i + 8] ^ flip) << 4);
  }
}

static void write_weights(const struct bench_data *d, const struct bench_matrix *x, int64_t index,
                          uint8_t *out) {
  const uint8_t *packed = bench_data_packed(x, index), *scale = bench_data_scale(d, x, index);
  for (int64_t i = 0; i < x->rows; i++)
    for (int64_t j = 0; j < x->k / GGML_BLOCK; j++, out += GGML_BLOCK_BYTES) {
      uint8_t code[4];
      for (int s = 0; s < 4; s++)
        code[s] = scale[nvfp4_scale_offset(d->layout, x->rows, x->k, i, 4 * j + s, 0)];
      write_block(packed + i * (x->k / 2) + j * (GGML_BLOCK / 2), code, out);
    }
}

static size_t room_for(const struct bench_data *d) {
  size_t bytes = 4 << 20; /* the graph and the heads of tensors */
  for (size_t i = 0; i < d->n_products; i++) {
    const struct bench_product *p = &d->product[i];
    int64_t weights = p->n == 1 ? p->m : p->n, vectors = p->n == 1 ? 1 : p->m;
    bytes += ggml.row_size(GGML_NVFP4, p->k) * (size_t)weights + (size_t)(p->k * vectors + p->m * p->n) * 4 +
             GGML_HEAD_BYTES;
  }
  return bytes;
}

static void ggml_release(void *state) {
  struct state *s = state;
  if (!s)
    return;
  if (s->context)
    ggml.free(s->context);
  free(s->plan.work_data);
  free(s);
}

static int add_product(const struct bench_data *d, struct state *s, size_t i) {
  const struct bench_product *p = &d->product[i];
  int gemv = d->shape->problem == BENCH_GEMV;
  const struct bench_matrix *w = gemv ? p->a : p->b, *x = gemv ? p->b : p->a;
  float *dense = bench_data_dequantise(d, x, gemv ? p->b_index : p->a_index);
  void *weights = ggml.new_2d(s->context, GGML_NVFP4, p->k, w->rows);
  void *vectors = ggml.new_2d(s->context, GGML_F32, p->k, x->rows);
  if (!dense || !weights || !vectors) {
    free(dense);
    return 0;
  }
  write_weights(d, w, gemv ? p->a_index : p->b_index, ggml.get_data(weights));
  memcpy(ggml.get_data(vectors), dense, (size_t)(x->rows * x->k) * sizeof *dense);
  free(dense);
  s->result[i] = ggml.mul_mat(s->context, weights, vectors);
  ggml.expand(s->graph, s->result[i]);
  return 1;
}

static enum status ggml_prepare(const struct bench_data *d, void **out, struct error *e) {
  struct state *s = *out = calloc(1, sizeof *s);
  int ok = s != NULL;
  if (ok) {
    s->context = ggml.init((struct init_params){room_for(d), NULL, false});
    s->graph = s->context ? ggml.new_graph(s->context) : NULL;
    s->columns = d->shape->problem == BENCH_GEMV ? 1 : d->shape->n;
    ok = s->graph != NULL;
  }
  for (; ok && s->n < d->n_products; s->n++)
    ok = add_product(d, s, s->n);
  if (ok)
    return ST_OK;
  ggml_release(s);
  *out = NULL;
  return error_set(e, ST_MEMORY, "no memory for ggml's copy of %s", d->shape->name);
}

static int ggml_run(void *state, unsigned threads) {
  struct state *s = state;
  if (s->threads != threads) {
    free(s->plan.work_data);
    s->plan = ggml.graph_plan(s->graph, (int)threads, NULL);
    s->plan.work_data = bench_alloc(s->plan.work_size);
    s->threads = threads;
  }
  return s->plan.work_data ? ggml.compute(s->graph, &s->plan) : 1;
}

static struct bench_peer_result ggml_result(const void *state, size_t product) {
  const struct state *s = state;
  return (struct bench_peer_result){ggml.get_data(s->result[product]), s->columns, 1};
}

/* Activations in 8 bits: an error of up to 1/254 of a block's largest in each element. */
const struct bench_peer bench_ggml = {.name = "ggml",
                                      .tolerance = 0.05,
                                      .open = ggml_open,
                                      .prepare = ggml_prepare,
                                      .run = ggml_run,
                                      .result = ggml_result,
                                      .release = ggml_release};

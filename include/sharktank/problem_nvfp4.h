/* What the problem modules of NVFP4 products share: sizes, tensors, families of inputs.
 *
 * For problem modules, in C: entries never see it, the engine never includes it. Everything is a static
 * inline function, so that a module stays one C file that links libnvfp4 and the C library. A module
 * keeps what is its own: the task's distribution, its numerics, and what no other product does.
 *
 * An NVFP4 product is made of operands: packed elements [rows][k/2] and scale factors in the blocked
 * layout [ceil(rows/128)][ceil(k/64)][32][4][4] (nvfp4.h, section 2). One operand, `a`, is the left one;
 * the others are right ones. The families tell the two apart, so that an entry that confuses them is
 * wrong.
 *
 * The bytes are a contract: a seed that stands in a season's log must make the same inputs on any
 * machine and with any later version. tests/nvfp4/test_nvfp4_group_problem.c holds a hash of them.
 */
#ifndef SHARKTANK_PROBLEM_NVFP4_H
#define SHARKTANK_PROBLEM_NVFP4_H

#include <nvfp4.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

enum {
  SK_NVFP4_BLOCK = 16,      /* elements that share a scale factor */
  SK_NVFP4_TILE_ROWS = 128, /* the blocked layout: tiles of 128 rows by 4 blocks, 512 bytes */
  SK_NVFP4_TILE_BLOCKS = 4,
  SK_NVFP4_TILE_BYTES = 512
};

/* ---- Families -------------------------------------------------------------------------------------
 *
 * task         the task's own, as struct sk_nvfp4_task says: the only one that is timed
 * full         every element code, every finite non-negative scale: most results are infinite
 * full_small   every element code, scales 0.5 .. 2: nothing overflows
 * onehot       one element of each row of a is not zero: an index that is wrong shows
 * equal        all elements of an operand are one code, all its scales another
 * alternating  blocks with large and tiny scales in turn; every fourth row of a is zero in the large
 *              ones, so that the tiny ones decide its results
 * negzero      zeros of both signs and few values among them
 * zeros        a is zero, of both signs, under every scale
 * asymmetric   even and odd k differ in size, scales depend on row and block: swapped nibbles and
 *              confused scales show in every element
 * outliers     the task's own, with one byte of elements in 32 and one scale in 32 from a wider range: who
 * looks at a few inputs and trusts the rest is wrong */
enum sk_nvfp4_family {
  SK_NVFP4_TASK,
  SK_NVFP4_FULL,
  SK_NVFP4_FULL_SMALL,
  SK_NVFP4_ONEHOT,
  SK_NVFP4_EQUAL,
  SK_NVFP4_ALTERNATING,
  SK_NVFP4_NEGZERO,
  SK_NVFP4_ZEROS,
  SK_NVFP4_ASYMMETRIC,
  SK_NVFP4_OUTLIERS,
  SK_NVFP4_FAMILIES
};

/* What sk_problem_families of a module is initialised with. */
#define SK_NVFP4_FAMILY_NAMES                                                                                \
  "task", "full", "full_small", "onehot", "equal", "alternating", "negzero", "zeros", "asymmetric",          \
      "outliers", NULL

/* The task's own distribution, and how far the others must keep below it. */
typedef struct sk_nvfp4_task {
  uint8_t element_mask;          /* bytes of elements (two codes each) are random & this */
  uint8_t (*scale)(uint8_t raw); /* the e4m3 code that a random byte becomes; finite, not negative */
  int calm;                      /* 0..3: all but full, onehot, equal and zeros have scales up to 2^calm
                                    times smaller, for results that are products of sums */
} sk_nvfp4_task;

/* ---- Random bytes: xoshiro256** (Blackman, Vigna) seeded by splitmix64 ---- */

typedef struct sk_random {
  uint64_t s[4];
} sk_random;

static inline uint64_t sk_random_mix(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* A sequence of its own for each tensor of each problem, so that no order of work shows. */
static inline sk_random sk_random_open(uint64_t seed, uint32_t family, uint32_t problem, uint32_t tensor) {
  sk_random r;
  uint64_t state = seed;
  state = sk_random_mix(&state) ^ (uint64_t)family;
  state = sk_random_mix(&state) ^ (uint64_t)problem;
  state = sk_random_mix(&state) ^ (uint64_t)tensor;
  for (int i = 0; i < 4; i++)
    r.s[i] = sk_random_mix(&state);
  return r;
}

static inline uint64_t sk_random_next(sk_random *r) {
  uint64_t *s = r->s, five = s[1] * 5, result = (five << 7 | five >> 57) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = s[3] << 45 | s[3] >> 19;
  return result;
}

/* Random bytes, each masked with `keep`. */
static inline void sk_random_fill(sk_random *r, uint8_t *out, int64_t bytes, uint8_t keep) {
  const uint64_t mask = keep * UINT64_C(0x0101010101010101);
  sk_random local = *r; /* lets the state live in registers */
  for (int64_t i = 0; i < bytes; i += 8) {
    uint64_t x = sk_random_next(&local) & mask;
    memcpy(out + i, &x, bytes - i < 8 ? (size_t)(bytes - i) : 8);
  }
  *r = local;
}

/* ---- Sizes and tensors ---- */

/* 0 if an operand may have these sizes: anything that fits in memory; k as nvfp4.h wants it. */
static inline int sk_nvfp4_check_sizes(int64_t rows, int64_t k) {
  return rows < 1 || rows > INT64_C(1) << 31 || k < SK_NVFP4_BLOCK || k > INT64_C(1) << 20 ||
         k % SK_NVFP4_BLOCK != 0;
}

static inline int64_t sk_nvfp4_row_tiles(int64_t rows) {
  return (rows + SK_NVFP4_TILE_ROWS - 1) / SK_NVFP4_TILE_ROWS;
}

static inline int64_t sk_nvfp4_k_tiles(int64_t k) {
  return (k / SK_NVFP4_BLOCK + SK_NVFP4_TILE_BLOCKS - 1) / SK_NVFP4_TILE_BLOCKS;
}

/* A dense row-major tensor; elem_bytes is that of the last axis. */
static inline void sk_nvfp4_tensor(sk_tensor *t, uint32_t type, uint32_t rank, const int64_t *dim,
                                   int64_t elem_bytes) {
  memset(t, 0, sizeof *t);
  t->type = type;
  t->rank = rank;
  for (uint32_t i = rank; i-- > 0; elem_bytes *= dim[i]) {
    t->dim[i] = dim[i];
    t->stride[i] = elem_bytes;
  }
}

/* The two tensors of an operand of one matrix: [rows][k/2] and the blocked scales. */
static inline void sk_nvfp4_operand_tensors(sk_tensor *elements, sk_tensor *scales, int64_t rows, int64_t k) {
  const int64_t packed[2] = {rows, k / 2},
                blocked[5] = {sk_nvfp4_row_tiles(rows), sk_nvfp4_k_tiles(k), 32, 4, 4};
  sk_nvfp4_tensor(elements, SK_E2M1X2, 2, packed, 1);
  sk_nvfp4_tensor(scales, SK_E4M3, 5, blocked, 1);
}

/* ---- Elements ---- */

/* Replaces pairs of random codes: nibble tables for the even (low) and the odd elements. */
static inline void sk_nvfp4_map_elements(uint8_t *x, int64_t bytes, const uint8_t even[16],
                                         const uint8_t odd[16]) {
  uint8_t table[256];
  for (unsigned i = 0; i < 256; i++)
    table[i] = (uint8_t)(even[i & 15u] | (uint32_t)odd[i >> 4] << 4);
  for (int64_t i = 0; i < bytes; i++)
    x[i] = table[x[i]];
}

static inline void sk_nvfp4_fill_onehot(sk_random *r, uint8_t *out, int64_t rows, int64_t k) {
  memset(out, 0, (size_t)(rows * (k / 2)));
  for (int64_t i = 0; i < rows; i++) {
    uint64_t x = sk_random_next(r);
    int64_t at = (int64_t)((x >> 8) % (uint64_t)k);
    uint32_t code = (uint32_t)(1 + x % 7) | (uint32_t)(x >> 3 & 8u);
    out[i * (k / 2) + at / 2] = (uint8_t)(code << (at % 2 * 4));
  }
}

/* Any byte, in one place of 32. */
static inline void sk_nvfp4_scatter(sk_random *r, uint8_t *out, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 32) {
    uint64_t x = sk_random_next(r), left = (uint64_t)(bytes - i);
    out[i + (int64_t)((x >> 8) % (left < 32 ? left : 32))] = (uint8_t)x;
  }
}

/* Elements of `rows` dense rows of the left (is_a) or a right operand. */
static inline void sk_nvfp4_fill_elements(const sk_nvfp4_task *task, uint32_t family, int is_a, sk_random *r,
                                          uint8_t *out, int64_t rows, int64_t k) {
  static const uint8_t few[16] = {0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 1, 15, 10, 7};
  static const uint8_t none[16] = {0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8};
  static const uint8_t small[16] = {1, 2, 3, 1, 2, 3, 9, 1, 2, 3, 1, 2, 3, 1, 2, 10};
  static const uint8_t large[16] = {4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 12, 5, 14, 7};
  const int64_t bytes = rows * (k / 2);
  if (family == SK_NVFP4_ONEHOT && is_a) {
    sk_nvfp4_fill_onehot(r, out, rows, k);
    return;
  }
  if (family == SK_NVFP4_EQUAL) {
    uint32_t code = (uint32_t)(sk_random_next(r) >> 60);
    memset(out, (int)(code | code << 4), (size_t)bytes);
    return;
  }
  sk_random_fill(r, out, bytes,
                 family == SK_NVFP4_TASK || family == SK_NVFP4_OUTLIERS ? task->element_mask : 0xff);
  if (family == SK_NVFP4_NEGZERO)
    sk_nvfp4_map_elements(out, bytes, few, few);
  else if (family == SK_NVFP4_ZEROS && is_a)
    sk_nvfp4_map_elements(out, bytes, none, none);
  else if (family == SK_NVFP4_ASYMMETRIC)
    sk_nvfp4_map_elements(out, bytes, is_a ? small : large, is_a ? large : small);
  else if (family == SK_NVFP4_OUTLIERS)
    sk_nvfp4_scatter(r, out, bytes);
  else if (family == SK_NVFP4_ALTERNATING && is_a)
    for (int64_t i = 3; i < rows; i += 4)
      for (int64_t j = 0; j < k / SK_NVFP4_BLOCK; j += 2)
        memset(out + i * (k / 2) + j * (SK_NVFP4_BLOCK / 2), 0, SK_NVFP4_BLOCK / 2);
}

/* ---- Scale factors ---- */

/* The code that a random byte becomes in an even (odd = 0) or odd block. Eight codes are a binade. */
static inline uint8_t sk_nvfp4_scale_code(const sk_nvfp4_task *task, uint32_t family, int is_a, uint8_t raw,
                                          uint8_t shared, int odd) {
  const int lower = 8 * task->calm;
  switch (family) {
  case SK_NVFP4_TASK:
    return task->scale(raw);
  case SK_NVFP4_OUTLIERS: /* raw is random: the other bits decide whether it is one, 0 .. 8 */
    return (uint8_t)(raw % 32 == 5 ? raw / 32 * (0x50 - lower) / 7 : task->scale(raw));
  case SK_NVFP4_FULL:
  case SK_NVFP4_ZEROS:
    return raw % 0x7f; /* all but NaN */
  case SK_NVFP4_ONEHOT:
    return (uint8_t)(0x20 + raw % 0x39); /* 2^-3 .. 2^4: one term, no overflow */
  case SK_NVFP4_EQUAL:
    return (uint8_t)(0x10 + shared % 0x29); /* 2^-5 .. 1 */
  case SK_NVFP4_ALTERNATING:
    if (is_a)
      return (uint8_t)(odd ? 1 + raw % 16 : 0x68 - lower + raw % 16); /* 2^-9 .. 2^-5, 64 .. 240 */
    return (uint8_t)(0x08 + raw % 16);                                /* 2^-6 .. 2^-4 */
  default:
    return (uint8_t)(0x30 - lower + raw % 17); /* 0.5 .. 2 */
  }
}

/* One tile of 128 rows by 4 blocks, of which `rows` x `blocks` count. */
static inline void sk_nvfp4_map_tile(uint8_t *tile, int64_t rows, int64_t blocks, uint8_t table[2][256]) {
  for (int64_t lane = 0; lane < 32 && lane < rows; lane++)
    for (int64_t row = lane; row < rows && row < SK_NVFP4_TILE_ROWS; row += 32) {
      uint8_t *code = tile + lane * 16 + row / 32 * 4;
      for (int64_t c = 0; c < SK_NVFP4_TILE_BLOCKS && c < blocks; c++)
        code[c] = table[c & 1][code[c]];
    }
}

/* Blocked scales of `rows` rows. All bytes are random at first; those that belong to a row and a block
 * then become codes. What is left, the padding, stays arbitrary. */
static inline void sk_nvfp4_fill_scales(const sk_nvfp4_task *task, uint32_t family, int is_a, sk_random *r,
                                        uint8_t *out, int64_t rows, int64_t k) {
  const int64_t blocks = k / SK_NVFP4_BLOCK, k_tiles = sk_nvfp4_k_tiles(k);
  uint8_t shared = (uint8_t)(sk_random_next(r) >> 32), table[2][256];
  sk_random_fill(r, out, sk_nvfp4_row_tiles(rows) * k_tiles * SK_NVFP4_TILE_BYTES, 0xff);
  for (unsigned raw = 0; raw < 256; raw++)
    for (int odd = 0; odd < 2; odd++)
      table[odd][raw] = sk_nvfp4_scale_code(task, family, is_a, (uint8_t)raw, shared, odd);
  for (int64_t i = 0; i < rows; i += SK_NVFP4_TILE_ROWS)
    for (int64_t tile = 0; tile < k_tiles; tile++)
      sk_nvfp4_map_tile(out + (i / SK_NVFP4_TILE_ROWS * k_tiles + tile) * SK_NVFP4_TILE_BYTES, rows - i,
                        blocks - tile * SK_NVFP4_TILE_BLOCKS, table);
  if (family == SK_NVFP4_ASYMMETRIC) /* 0.5 .. 1.875 by row and block */
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < blocks; j++)
        out[(i / 128 * k_tiles + j / 4) * SK_NVFP4_TILE_BYTES + i % 32 * 16 + i % 128 / 32 * 4 + j % 4] =
            (uint8_t)(0x30 - 8 * task->calm + (int)((3 * i + 5 * j + (is_a ? 0 : 7)) % 16));
}

/* ---- Numerics ---- */

/* Exact where the task's own distribution keeps every sum, in any order, exact in fp32: k at most
 * exact_k in all problems. size_k is the place of k among the sizes. */
static inline int sk_nvfp4_numerics(const sk_case *c, uint32_t family, uint32_t size_k, int64_t exact_k) {
  if (family != SK_NVFP4_TASK || c->n_sizes <= size_k)
    return SK_BOUNDED;
  for (uint32_t p = 0; p < c->n_problems; p++)
    if (c->sizes[(size_t)p * c->n_sizes + size_k] > exact_k)
      return SK_BOUNDED;
  return SK_EXACT;
}

/* Bytes of an operand without the padding of its scales: what has to be moved, not what is allocated. */
static inline double sk_nvfp4_operand_bytes(int64_t rows, int64_t k) {
  return (double)rows * (double)(k / 2 + k / SK_NVFP4_BLOCK);
}

/* ---- Products of matrices: sizes [m, n, k], one left operand and `rights` right ones -----------------
 *
 * Inputs: a [m][k/2], each right operand's elements [n][k/2], the scales of a, each right operand's
 * scales. Output: c [m][n] fp16. */

/* 0 and the three sizes of a problem, if they are possible. */
static inline int sk_nvfp4_gemm_sizes(const sk_case *c, uint32_t problem, int64_t *m, int64_t *n,
                                      int64_t *k) {
  if (c->n_sizes != 3 || problem >= c->n_problems)
    return -1;
  const int64_t *size = c->sizes + (size_t)problem * 3;
  *m = size[0];
  *n = size[1];
  *k = size[2];
  return sk_nvfp4_check_sizes(*m, *k) || sk_nvfp4_check_sizes(*n, *k);
}

static inline int sk_nvfp4_gemm_layout(const sk_case *c, uint32_t problem, uint32_t rights, sk_tensor *in,
                                       sk_tensor *out) {
  int64_t m, n, k;
  if (sk_nvfp4_gemm_sizes(c, problem, &m, &n, &k) != 0)
    return -1;
  for (uint32_t t = 0; t <= rights; t++)
    sk_nvfp4_operand_tensors(&in[t], &in[rights + 1 + t], t == 0 ? m : n, k);
  const int64_t dim[2] = {m, n};
  sk_nvfp4_tensor(&out[0], SK_F16, 2, dim, 2);
  return 0;
}

static inline int sk_nvfp4_gemm_generate(const sk_case *c, const sk_nvfp4_task *task, uint32_t rights,
                                         uint64_t seed, uint32_t family, const sk_problem *problem) {
  if (family >= SK_NVFP4_FAMILIES)
    return -1;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    int64_t m, n, k;
    if (sk_nvfp4_gemm_sizes(c, p, &m, &n, &k) != 0)
      return -1;
    for (uint32_t t = 0; t <= rights; t++) {
      const uint32_t scales = rights + 1 + t;
      const int64_t rows = t == 0 ? m : n;
      sk_random r = sk_random_open(seed, family, p, t);
      sk_nvfp4_fill_elements(task, family, t == 0, &r, (uint8_t *)problem[p].in[t].data, rows, k);
      r = sk_random_open(seed, family, p, scales);
      sk_nvfp4_fill_scales(task, family, t == 0, &r, (uint8_t *)problem[p].in[scales].data, rows, k);
    }
  }
  return 0;
}

static inline int sk_nvfp4_gemm_roofline(const sk_case *c, uint32_t rights, sk_work *out) {
  out->bytes = out->operations = 0.0;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    int64_t m, n, k;
    if (sk_nvfp4_gemm_sizes(c, p, &m, &n, &k) != 0)
      return -1;
    out->bytes += sk_nvfp4_operand_bytes(m, k) + rights * sk_nvfp4_operand_bytes(n, k);
    out->bytes += 2.0 * (double)m * (double)n;
    out->operations += 2.0 * rights * (double)m * (double)n * (double)k;
  }
  return 0;
}

/* Descriptor of an operand as a module lays it out. */
static inline nvfp4_operand sk_nvfp4_operand(const sk_tensor *elements, const sk_tensor *scales) {
  nvfp4_operand o = {0};
  o.packed = (const uint8_t *)elements->data;
  o.scale = (const uint8_t *)scales->data;
  o.scale_layout = NVFP4_SCALES_BLOCKED;
  return o;
}

/* Memory for a product's workspace; never NULL for 0 bytes. The caller frees it. */
static inline void *sk_nvfp4_workspace(size_t bytes) {
  return aligned_alloc(64, bytes > 0 ? (bytes + 63) / 64 * 64 : 64);
}

/* The references of products with one right operand, all problems of a case. Exact ones come from
 * libnvfp4's fast path, whose bits are the oracle's where every sum is exact in fp32; the tests of
 * libnvfp4 and of the modules hold it to that. Bounded ones come from the oracle. */
static inline int sk_nvfp4_gemm_expect(const sk_case *c, int exact, const sk_problem *problem,
                                       uint32_t threads, const sk_reference *reference) {
  const nvfp4_threads team = {.count = threads};
  const uint32_t count = c->n_problems;
  enum nvfp4_status status = NVFP4_ERR_NULL;
  nvfp4_gemm_args *group = (nvfp4_gemm_args *)calloc(count > 0 ? count : 1, sizeof *group);
  double **at = (double **)malloc(2 * sizeof *at * (count > 0 ? count : 1));
  void *workspace = NULL;
  int result = group && at && count > 0 ? 0 : -1;
  for (uint32_t p = 0; p < count && result == 0; p++) {
    nvfp4_gemm_args *g = &group[p];
    const sk_tensor *in = problem[p].in;
    result = sk_nvfp4_gemm_sizes(c, p, &g->m, &g->n, &g->k);
    g->batch = 1;
    g->a = sk_nvfp4_operand(&in[0], &in[2]);
    g->b = sk_nvfp4_operand(&in[1], &in[3]);
    if (exact)
      g->c.data = reference[p].value;
    at[p] = (double *)reference[p].value;
    at[count + p] = reference[p].tolerance;
  }
  if (result == 0 && exact) {
    size_t bytes = nvfp4_group_gemm_workspace_bytes(group, count, &team);
    workspace = sk_nvfp4_workspace(bytes);
    if (workspace)
      status = nvfp4_group_gemm(group, count, workspace, bytes, &team);
  } else if (result == 0) {
    status = nvfp4_oracle_group_gemm_bounded(group, count, at, at + count, threads);
  }
  free(workspace);
  free(at);
  free(group);
  return status == NVFP4_OK ? 0 : -1;
}

#endif

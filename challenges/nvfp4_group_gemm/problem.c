/* Room: a problem module (challenges/). May include sharktank/problem.h, nvfp4.h and the C library.
 *
 * NVFP4 grouped GEMM: for each problem (group) of sizes [m, n, k]
 *   inputs   a   e2m1x2 [m][k/2]                 b   e2m1x2 [n][k/2]
 *            sfa e4m3 [ceil(m/128)][ceil(k/64)][32][4][4], sfb the same for n: the blocked layout
 *   output   c   fp16 [m][n]
 * c[i][j] = sum over k of a[i][k] sfa[i][k/16] b[j][k] sfb[j][k/16]. All tensors are contiguous. */
#include <sharktank/problem.h>

#include <nvfp4.h>
#include <stdlib.h>
#include <string.h>

const uint32_t sk_problem_abi = SK_PROBLEM_ABI;

enum family { TASK, FULL, FULL_SMALL, ONEHOT, EQUAL, ALTERNATING, NEGZERO, ZEROS, ASYMMETRIC, FAMILIES };

/* task         the task's own: bytes masked with 0xBB (|x| <= 1.5), scales 1 or 2
 * full         every element code, every finite non-negative scale: most results are infinite
 * full_small   every element code, scales 0.5 .. 2: nothing overflows
 * onehot       one element of each row of a is not zero: an index that is wrong shows
 * equal        all elements of a tensor are one code, all its scales another
 * alternating  blocks with large and tiny scales in turn; every fourth row of a is zero in the large
 *              ones, so that the tiny ones decide its results
 * negzero      zeros of both signs and few values among them
 * zeros        a is zero, of both signs, under every scale
 * asymmetric   even and odd k differ in size, scales depend on row and block: swapped nibbles and
 *              confused scales show in every element */
const char *const sk_problem_families[] = {"task",        "full",    "full_small", "onehot",     "equal",
                                           "alternating", "negzero", "zeros",      "asymmetric", NULL};

enum { BLOCK = 16, INPUTS = 4 };

/* Up to here every sum of the task's family is exact in fp32: terms are multiples of 2^-2 and at most
 * 1.5 * 1.5 * 2 * 2 = 9 each, so |sum| * 4 <= 36 k < 2^24. */
#define EXACT_K (INT64_C(1) << 18)

/* ---- random bytes: xoshiro256** (Blackman, Vigna) seeded by splitmix64 */

struct random {
  uint64_t s[4];
};

static uint64_t mix(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* A stream of its own for each tensor of each problem, so that no order of work shows. */
static struct random random_stream(uint64_t seed, uint32_t family, uint32_t problem, uint32_t tensor) {
  struct random r;
  uint64_t state = seed;
  state = mix(&state) ^ (uint64_t)family;
  state = mix(&state) ^ (uint64_t)problem;
  state = mix(&state) ^ (uint64_t)tensor;
  for (int i = 0; i < 4; i++)
    r.s[i] = mix(&state);
  return r;
}

static inline uint64_t rotate(uint64_t x, int by) {
  return x << by | x >> (64 - by);
}

static inline uint64_t random_next(struct random *r) {
  uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

/* Random bytes, each masked with the bytes of `keep`. */
static void fill(struct random *r, uint8_t *out, int64_t bytes, uint64_t keep) {
  struct random local = *r; /* lets the state live in registers */
  int64_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t x = random_next(&local) & keep;
    memcpy(out + i, &x, 8);
  }
  if (i < bytes) {
    uint64_t x = random_next(&local) & keep;
    memcpy(out + i, &x, (size_t)(bytes - i));
  }
  *r = local;
}

/* ---- elements */

/* Maps random bytes through a table: packed pairs of codes made from random pairs. */
static void map_bytes(uint8_t *x, int64_t bytes, const uint8_t table[256]) {
  for (int64_t i = 0; i < bytes; i++)
    x[i] = table[x[i]];
}

/* Makes a table of bytes from one of nibbles for the even (low) and one for the odd elements. */
static void byte_table(const uint8_t even[16], const uint8_t odd[16], uint8_t table[256]) {
  for (unsigned i = 0; i < 256; i++)
    table[i] = (uint8_t)(even[i & 15u] | (uint32_t)odd[i >> 4] << 4);
}

static void fill_onehot(struct random *r, uint8_t *out, int64_t rows, int64_t k) {
  memset(out, 0, (size_t)(rows * (k / 2)));
  for (int64_t i = 0; i < rows; i++) {
    uint64_t x = random_next(r);
    int64_t at = (int64_t)((x >> 8) % (uint64_t)k);
    uint32_t code = (uint32_t)(1 + x % 7) | (uint32_t)(x >> 3 & 8u);
    out[i * (k / 2) + at / 2] = (uint8_t)(code << (at % 2 * 4));
  }
}

static void fill_elements(enum family family, int is_a, struct random *r, uint8_t *out, int64_t rows,
                          int64_t k) {
  static const uint8_t few[16] = {0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 1, 15, 10, 7};
  static const uint8_t none[16] = {0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8};
  static const uint8_t small[16] = {1, 2, 3, 1, 2, 3, 9, 1, 2, 3, 1, 2, 3, 1, 2, 10};
  static const uint8_t large[16] = {4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 12, 5, 14, 7};
  uint8_t table[256];
  int64_t bytes = rows * (k / 2);
  if (family == ONEHOT && is_a) {
    fill_onehot(r, out, rows, k);
    return;
  }
  if (family == EQUAL) {
    uint32_t code = (uint32_t)(random_next(r) >> 60);
    memset(out, (int)(code | code << 4), (size_t)bytes);
    return;
  }
  fill(r, out, bytes, family == TASK ? UINT64_C(0xbbbbbbbbbbbbbbbb) : UINT64_MAX);
  if (family == NEGZERO || (family == ZEROS && is_a)) {
    byte_table(family == NEGZERO ? few : none, family == NEGZERO ? few : none, table);
    map_bytes(out, bytes, table);
  } else if (family == ASYMMETRIC) {
    byte_table(is_a ? small : large, is_a ? large : small, table);
    map_bytes(out, bytes, table);
  } else if (family == ALTERNATING && is_a) {
    for (int64_t i = 3; i < rows; i += 4)
      for (int64_t j = 0; j < k / BLOCK; j += 2)
        memset(out + i * (k / 2) + j * (BLOCK / 2), 0, BLOCK / 2);
  }
}

/* ---- scales */

/* The code that a random byte becomes in an even (odd = 0) or odd block. */
static uint8_t scale_code(enum family family, int is_a, uint8_t raw, uint8_t shared, int odd) {
  switch (family) {
  case TASK:
    return (uint8_t)(0x38 + (raw & 1) * 8); /* 1 or 2 */
  case FULL:
  case ZEROS:
    return raw % 0x7f; /* all but NaN */
  case ONEHOT:
    return (uint8_t)(0x20 + raw % 0x39); /* 2^-3 .. 2^4: one term, no overflow */
  case EQUAL:
    return (uint8_t)(0x10 + shared % 0x29); /* 2^-5 .. 1 */
  case ALTERNATING:
    if (is_a)
      return (uint8_t)(odd ? 1 + raw % 16 : 0x68 + raw % 16); /* 2^-9 .. 2^-5, 64 .. 240 */
    return (uint8_t)(0x08 + raw % 16);                        /* 2^-6 .. 2^-4 */
  default:
    return (uint8_t)(0x30 + raw % 17); /* 0.5 .. 2 */
  }
}

/* One tile of 128 rows by 4 blocks, of which `rows` x `blocks` count. */
static void map_tile(uint8_t *tile, int64_t rows, int64_t blocks, uint8_t table[2][256]) {
  for (int64_t lane = 0; lane < 32 && lane < rows; lane++)
    for (int64_t row = lane; row < rows && row < 128; row += 32) {
      uint8_t *code = tile + lane * 16 + row / 32 * 4;
      for (int64_t c = 0; c < 4 && c < blocks; c++)
        code[c] = table[c & 1][code[c]];
    }
}

/* All bytes are random at first; those that belong to a row and block then become codes. What is
 * left, the padding, stays arbitrary. */
static void fill_scales(enum family family, int is_a, struct random *r, uint8_t *out, int64_t rows,
                        int64_t k) {
  int64_t blocks = k / BLOCK, k_tiles = (blocks + 3) / 4;
  uint8_t shared = (uint8_t)(random_next(r) >> 32), table[2][256];
  fill(r, out, (rows + 127) / 128 * k_tiles * 512, UINT64_MAX);
  for (unsigned raw = 0; raw < 256; raw++)
    for (int odd = 0; odd < 2; odd++)
      table[odd][raw] = scale_code(family, is_a, (uint8_t)raw, shared, odd);
  for (int64_t i = 0; i < rows; i += 128)
    for (int64_t tile = 0; tile < k_tiles; tile++)
      map_tile(out + (i / 128 * k_tiles + tile) * 512, rows - i, blocks - tile * 4, table);
  if (family == ASYMMETRIC) /* 0.5 .. 1.875 by row and block */
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < blocks; j++)
        out[(i / 128 * k_tiles + j / 4) * 512 + i % 32 * 16 + i % 128 / 32 * 4 + j % 4] =
            (uint8_t)(0x30 + (3 * i + 5 * j + (is_a ? 0 : 7)) % 16);
}

/* ---- the module */

static int sizes_of(const sk_case *c, uint32_t problem, int64_t *m, int64_t *n, int64_t *k) {
  if (c->n_sizes != 3 || problem >= c->n_problems)
    return -1;
  const int64_t *size = c->sizes + (size_t)problem * 3;
  *m = size[0];
  *n = size[1];
  *k = size[2];
  const int64_t most = INT64_C(1) << 31;
  return *m < 1 || *n < 1 || *m > most || *n > most || *k < BLOCK || *k > INT64_C(1) << 20 || *k % BLOCK != 0;
}

static void tensor(sk_tensor *t, uint32_t type, uint32_t rank, const int64_t *dim, int64_t elem_bytes) {
  memset(t, 0, sizeof *t);
  t->type = type;
  t->rank = rank;
  for (uint32_t i = rank; i-- > 0; elem_bytes *= dim[i]) {
    t->dim[i] = dim[i];
    t->stride[i] = elem_bytes;
  }
}

int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out) {
  int64_t m, n, k;
  if (sizes_of(c, problem, &m, &n, &k) != 0)
    return -1;
  int64_t k_tiles = (k / BLOCK + 3) / 4;
  tensor(&in[0], SK_E2M1X2, 2, (const int64_t[]){m, k / 2}, 1);
  tensor(&in[1], SK_E2M1X2, 2, (const int64_t[]){n, k / 2}, 1);
  tensor(&in[2], SK_E4M3, 5, (const int64_t[]){(m + 127) / 128, k_tiles, 32, 4, 4}, 1);
  tensor(&in[3], SK_E4M3, 5, (const int64_t[]){(n + 127) / 128, k_tiles, 32, 4, 4}, 1);
  tensor(&out[0], SK_F16, 2, (const int64_t[]){m, n}, 2);
  return 0;
}

int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem) {
  if (family >= FAMILIES)
    return -1;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    int64_t m, n, k;
    if (sizes_of(c, p, &m, &n, &k) != 0)
      return -1;
    const sk_tensor *in = problem[p].in;
    for (uint32_t t = 0; t < INPUTS; t++) {
      struct random r = random_stream(seed, family, p, t);
      int is_a = t % 2 == 0;
      if (t < 2)
        fill_elements((enum family)family, is_a, &r, in[t].data, is_a ? m : n, k);
      else
        fill_scales((enum family)family, is_a, &r, in[t].data, is_a ? m : n, k);
    }
  }
  return 0;
}

int sk_problem_numerics(const sk_case *c, uint32_t family) {
  if (family != TASK || c->n_sizes != 3)
    return SK_BOUNDED;
  for (uint32_t p = 0; p < c->n_problems; p++)
    if (c->sizes[(size_t)p * c->n_sizes + 2] > EXACT_K)
      return SK_BOUNDED;
  return SK_EXACT;
}

static int expect_exact(const nvfp4_gemm_args *group, uint32_t count, uint32_t threads) {
  size_t bytes = nvfp4_group_gemm_workspace_bytes(group, count, threads);
  void *workspace = aligned_alloc(64, bytes > 0 ? bytes : 64);
  if (!workspace)
    return -1;
  enum nvfp4_status status = nvfp4_group_gemm(group, count, workspace, bytes, threads);
  free(workspace);
  return status == NVFP4_OK ? 0 : -1;
}

static int expect_bounded(const nvfp4_gemm_args *group, uint32_t count, uint32_t threads,
                          const sk_reference *reference) {
  enum nvfp4_status status = NVFP4_OK;
  double **at = malloc(2 * (size_t)count * sizeof *at);
  if (!at)
    return -1;
  for (uint32_t p = 0; p < count; p++) {
    at[p] = reference[p].value;
    at[count + p] = reference[p].tolerance;
  }
  status = nvfp4_oracle_group_gemm_bounded(group, count, at, at + count, threads);
  free(at);
  return status == NVFP4_OK ? 0 : -1;
}

int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference) {
  int exact = sk_problem_numerics(c, family) == SK_EXACT, result = 0;
  if (family >= FAMILIES || c->n_problems == 0)
    return -1;
  nvfp4_gemm_args *group = calloc(c->n_problems, sizeof *group);
  if (!group)
    return -1;
  for (uint32_t p = 0; p < c->n_problems && result == 0; p++) {
    nvfp4_gemm_args *g = &group[p];
    const sk_tensor *in = problem[p].in;
    result = sizes_of(c, p, &g->m, &g->n, &g->k);
    g->batch = 1;
    g->a = (nvfp4_operand){.packed = in[0].data, .scale = in[2].data, .scale_layout = NVFP4_SCALES_BLOCKED};
    g->b = (nvfp4_operand){.packed = in[1].data, .scale = in[3].data, .scale_layout = NVFP4_SCALES_BLOCKED};
    if (exact)
      g->c.data = reference[p].value;
  }
  if (result == 0)
    result = exact ? expect_exact(group, c->n_problems, threads)
                   : expect_bounded(group, c->n_problems, threads, reference);
  free(group);
  return result;
}

/* Scales without their padding: what has to be moved, not what is allocated. */
int sk_problem_roofline(const sk_case *c, sk_work *out) {
  out->bytes = out->operations = 0.0;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    int64_t m, n, k;
    if (sizes_of(c, p, &m, &n, &k) != 0)
      return -1;
    out->bytes += (double)(m + n) * (double)(k / 2 + k / BLOCK) + 2.0 * (double)m * (double)n;
    out->operations += 2.0 * (double)m * (double)n * (double)k;
  }
  return 0;
}

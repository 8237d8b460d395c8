/* Room: a problem module (challenges/). May include sharktank/problem_nvfp4.h, nvfp4.h and the C library.
 *
 * NVFP4 batched GEMV of sizes [m, k, l]
 *   inputs   a   e2m1x2 [l][m][k/2]
 *            b   e2m1x2 [l][128][k/2]: row 0 is the vector, the others are padding with arbitrary bytes,
 *                as the task pads it for tiles of 128
 *            sfa e4m3 [l][ceil(m/128)][ceil(k/64)][32][4][4], sfb [l][1][ceil(k/64)][32][4][4]: blocked
 *   output   c   fp16 [l][m]
 * c[l][i] = sum over k of a[l][i][k] sfa[l][i][k/16] b[l][0][k] sfb[l][0][k/16]. All contiguous. */
#include <sharktank/problem_nvfp4.h>

const uint32_t sk_problem_abi = SK_PROBLEM_ABI;
const char *const sk_problem_families[] = {SK_NVFP4_FAMILY_NAMES};

/* Up to here every sum of the task's family is exact in fp32, in any order: elements of even k are 0 ..
 * 1.5 in steps of 0.5, those of odd k are 0, scales are at most 2; so terms are multiples of 2^-2, at most
 * 1.5 * 1.5 * 2 * 2 = 9 each, and |sum| * 4 <= 18 k < 2^24. */
#define EXACT_K (INT64_C(1) << 19)

enum { SIZE_K = 1, B_ROWS = SK_NVFP4_TILE_ROWS };

static uint8_t task_scale(uint8_t raw) {
  static const uint8_t code[3] = {0x00, 0x38, 0x40}; /* 0, 1, 2 */
  return code[raw % 3];
}

/* Bytes 0 .. 3. */
static const sk_nvfp4_task the_task = {.element_mask = 0x03, .scale = task_scale};

static int sizes_of(const sk_case *c, uint32_t problem, int64_t *m, int64_t *k, int64_t *l) {
  if (c->n_sizes != 3 || problem >= c->n_problems)
    return -1;
  const int64_t *size = c->sizes + (size_t)problem * 3;
  *m = size[0];
  *k = size[1];
  *l = size[2];
  return *l < 1 || *l > 4096 || sk_nvfp4_check_sizes(*m, *k);
}

int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out) {
  int64_t m, k, l;
  if (sizes_of(c, problem, &m, &k, &l) != 0)
    return -1;
  const int64_t a[3] = {l, m, k / 2}, b[3] = {l, B_ROWS, k / 2}, result[2] = {l, m};
  const int64_t sfa[6] = {l, sk_nvfp4_row_tiles(m), sk_nvfp4_k_tiles(k), 32, 4, 4};
  const int64_t sfb[6] = {l, 1, sk_nvfp4_k_tiles(k), 32, 4, 4};
  sk_nvfp4_tensor(&in[0], SK_E2M1X2, 3, a, 1);
  sk_nvfp4_tensor(&in[1], SK_E2M1X2, 3, b, 1);
  sk_nvfp4_tensor(&in[2], SK_E4M3, 6, sfa, 1);
  sk_nvfp4_tensor(&in[3], SK_E4M3, 6, sfb, 1);
  sk_nvfp4_tensor(&out[0], SK_F16, 2, result, 2);
  return 0;
}

static void generate_one(uint64_t seed, uint32_t family, uint32_t p, const sk_tensor *in, int64_t m,
                         int64_t k, int64_t l) {
  uint8_t *b = in[1].data;
  sk_random r = sk_random_open(seed, family, p, 0);
  sk_nvfp4_fill_elements(&the_task, family, 1, &r, in[0].data, l * m, k);
  r = sk_random_open(seed, family, p, 1);
  sk_random_fill(&r, b, l * in[1].stride[0], 0xff);
  for (int64_t batch = 0; batch < l; batch++)
    sk_nvfp4_fill_elements(&the_task, family, 0, &r, b + batch * in[1].stride[0], 1, k);
  for (uint32_t t = 2; t < 4; t++) {
    r = sk_random_open(seed, family, p, t);
    for (int64_t batch = 0; batch < l; batch++)
      sk_nvfp4_fill_scales(&the_task, family, t == 2, &r, (uint8_t *)in[t].data + batch * in[t].stride[0],
                           t == 2 ? m : 1, k);
  }
}

int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem) {
  if (family >= SK_NVFP4_FAMILIES)
    return -1;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    int64_t m, k, l;
    if (sizes_of(c, p, &m, &k, &l) != 0)
      return -1;
    generate_one(seed, family, p, problem[p].in, m, k, l);
  }
  return 0;
}

int sk_problem_numerics(const sk_case *c, uint32_t family) {
  return sk_nvfp4_numerics(c, family, SIZE_K, EXACT_K);
}

static enum nvfp4_status expect_exact(nvfp4_gemv_args *args, const sk_reference *reference,
                                      uint32_t threads) {
  const nvfp4_threads team = {.count = threads};
  args->c.data = reference->value;
  size_t bytes = nvfp4_gemv_workspace_bytes(args, &team);
  void *workspace = sk_nvfp4_workspace(bytes);
  if (!workspace)
    return NVFP4_ERR_WORKSPACE;
  enum nvfp4_status status = nvfp4_gemv(args, workspace, bytes, &team);
  free(workspace);
  return status;
}

int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference) {
  if (family >= SK_NVFP4_FAMILIES || c->n_problems == 0)
    return -1;
  const int exact = sk_problem_numerics(c, family) == SK_EXACT;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    const sk_tensor *in = problem[p].in;
    nvfp4_gemv_args args = {0};
    if (sizes_of(c, p, &args.m, &args.k, &args.batch) != 0)
      return -1;
    args.a = sk_nvfp4_operand(&in[0], &in[2]);
    args.b = sk_nvfp4_operand(&in[1], &in[3]);
    args.b.batch_stride_bytes = in[1].stride[0];
    enum nvfp4_status status =
        exact ? expect_exact(&args, &reference[p], threads)
              : nvfp4_oracle_gemv_bounded(&args, reference[p].value, reference[p].tolerance, threads);
    if (status != NVFP4_OK)
      return -1;
  }
  return 0;
}

/* As the task counts: scales without their padding, but those of b with its 128 rows. */
int sk_problem_roofline(const sk_case *c, sk_work *out) {
  out->bytes = out->operations = 0.0;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    int64_t m, k, l;
    if (sizes_of(c, p, &m, &k, &l) != 0)
      return -1;
    double vector = (double)(k / 2) + (double)B_ROWS * (double)(k / SK_NVFP4_BLOCK);
    out->bytes += (double)l * (sk_nvfp4_operand_bytes(m, k) + vector + 2.0 * (double)m);
    out->operations += 2.0 * (double)m * (double)k * (double)l;
  }
  return 0;
}

/* Room: a problem module (challenges/). May include sharktank/problem_nvfp4.h, nvfp4.h and the C library.
 *
 * NVFP4 dual GEMM with SiLU of sizes [m, n, k]
 *   inputs   a    e2m1x2 [m][k/2]                b1, b2      e2m1x2 [n][k/2]
 *            sfa  e4m3 [ceil(m/128)][ceil(k/64)][32][4][4], sfb1, sfb2 the same for n: the blocked layout
 *   output   c    fp16 [m][n]
 * With p = a x b1 and q = a x b2, scaled as in a GEMM, c = p / (1 + exp(-p)) * q. */
#include <sharktank/problem_nvfp4.h>

const uint32_t sk_problem_abi = SK_PROBLEM_ABI;
const char *const sk_problem_families[] = {SK_NVFP4_FAMILY_NAMES};

enum { RIGHTS = 2 };

/* The task rounds a uniform number of [0, 1) to e4m3; here one of 256 evenly spaced ones. A quarter and
 * not a half: in the middle between two codes only the even one would ever come out. */
static uint8_t task_scale(uint8_t raw) {
  return nvfp4_e4m3_encode(((float)raw + 0.25f) * 0x1p-8f);
}

/* Elements are masked so that |x| <= 1.5. Calm, because results are products of two sums: with the scales
 * of a plain product half of them would be infinite, and silu would be 0 or its argument. */
static const sk_nvfp4_task the_task = {.element_mask = 0xbb, .scale = task_scale, .calm = 3};

int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out) {
  return sk_nvfp4_gemm_layout(c, problem, RIGHTS, in, out);
}

int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem) {
  return sk_nvfp4_gemm_generate(c, &the_task, RIGHTS, seed, family, problem);
}

/* exp is not exact, whatever the sums are. */
int sk_problem_numerics(const sk_case *c, uint32_t family) {
  (void)c;
  (void)family;
  return SK_BOUNDED;
}

int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference) {
  if (family >= SK_NVFP4_FAMILIES || c->n_problems == 0)
    return -1;
  for (uint32_t p = 0; p < c->n_problems; p++) {
    const sk_tensor *in = problem[p].in;
    nvfp4_dual_args args = {.batch = 1};
    if (sk_nvfp4_gemm_sizes(c, p, &args.m, &args.n, &args.k) != 0)
      return -1;
    args.a = sk_nvfp4_operand(&in[0], &in[3]);
    args.b1 = sk_nvfp4_operand(&in[1], &in[4]);
    args.b2 = sk_nvfp4_operand(&in[2], &in[5]);
    double *value = reference[p].value, *tolerance = reference[p].tolerance;
    if (nvfp4_oracle_dual_gemm_bounded(&args, value, tolerance, threads) != NVFP4_OK)
      return -1;
  }
  return 0;
}

int sk_problem_roofline(const sk_case *c, sk_work *out) {
  return sk_nvfp4_gemm_roofline(c, RIGHTS, out);
}

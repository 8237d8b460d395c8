/* Room: a problem module (challenges/). May include sharktank/problem_nvfp4.h, nvfp4.h and the C library.
 *
 * NVFP4 grouped GEMM: for each problem (group) of sizes [m, n, k]
 *   inputs   a   e2m1x2 [m][k/2]                 b   e2m1x2 [n][k/2]
 *            sfa e4m3 [ceil(m/128)][ceil(k/64)][32][4][4], sfb the same for n: the blocked layout
 *   output   c   fp16 [m][n]
 * c[i][j] = sum over k of a[i][k] sfa[i][k/16] b[j][k] sfb[j][k/16]. All tensors are contiguous. */
#include <sharktank/problem_nvfp4.h>

const uint32_t sk_problem_abi = SK_PROBLEM_ABI;
const char *const sk_problem_families[] = {SK_NVFP4_FAMILY_NAMES};

/* Up to here every sum of the task's family is exact in fp32: terms are multiples of 2^-2 and at most
 * 1.5 * 1.5 * 2 * 2 = 9 each, so |sum| * 4 <= 36 k < 2^24. */
#define EXACT_K (INT64_C(1) << 18)

enum { RIGHTS = 1, SIZE_K = 2 };

static uint8_t task_scale(uint8_t raw) {
  return (uint8_t)(0x38 + (raw & 1) * 8); /* 1 or 2 */
}

/* Elements are masked so that |x| <= 1.5. */
static const sk_nvfp4_task the_task = {.element_mask = 0xbb, .scale = task_scale};

int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out) {
  return sk_nvfp4_gemm_layout(c, problem, RIGHTS, in, out);
}

int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem) {
  return sk_nvfp4_gemm_generate(c, &the_task, RIGHTS, seed, family, problem);
}

int sk_problem_numerics(const sk_case *c, uint32_t family) {
  return sk_nvfp4_numerics(c, family, SIZE_K, EXACT_K);
}

int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference) {
  if (family >= SK_NVFP4_FAMILIES)
    return -1;
  return sk_nvfp4_gemm_expect(c, sk_problem_numerics(c, family) == SK_EXACT, problem, threads, reference);
}

int sk_problem_roofline(const sk_case *c, sk_work *out) {
  return sk_nvfp4_gemm_roofline(c, RIGHTS, out);
}

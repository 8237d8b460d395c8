/* Room: an entry of nvfp4_dual_gemm. May include sharktank/entry.h and the C library, nothing else.
 *
 * The first incumbent: the kernel a reader of task.md writes first.
 *   p[i][j] = sum over blocks of 16 along k of  sfa[i][blk] * sfb1[j][blk] * sum over the block of a * b1
 *   q[i][j] = the same with b2 and sfb2
 *   c[i][j] = p / (1 + exp(-p)) * q
 * with a [m][k/2], b1 and b2 [n][k/2] packed e2m1, scales ue4m3 in the blocked layout, c [m][n] fp16.
 *
 * Numerics: a block's sum has at most 12 significant bits and the product of two scales 8, so every
 * block's term is exact in fp32; only adding the terms can round. silu and the product in fp32 are far
 * below an ulp of fp16. One rounding to fp16 at the end. */
#include <math.h>
#include <sharktank/entry.h>
#include <stddef.h>

const uint32_t sk_entry_abi = SK_ABI;

enum { BLOCK = 16 };

/* e2m1: sign, two bits of exponent, one of mantissa. */
static const float e2m1_value[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                     -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};

/* ue4m3: bias 7, subnormals in steps of 2^-9; bit 7 carries nothing. */
static float ue4m3_value(unsigned code) {
  unsigned exponent = code >> 3 & 15u, mantissa = code & 7u;
  if (exponent == 0)
    return (float)mantissa * 0x1p-9f;
  float value = (float)(8u + mantissa) * 0x1p-9f; /* 2^-6 * 1.mantissa, the smallest binade */
  for (; exponent > 1; exponent--)
    value *= 2.0f;
  return value;
}

static float scale_value[128];

/* The blocked layout: 128 rows by 4 blocks to a tile of 512 bytes, k_tiles tiles to a band of rows. */
static float scale_at(const uint8_t *scales, int64_t k_tiles, int64_t row, int64_t block) {
  int64_t offset = (row / 128 * k_tiles + block / 4) * 512 + row % 32 * 16 + row % 128 / 32 * 4 + block % 4;
  return scale_value[scales[offset] & 0x7f];
}

/* The sum over one block of 16 elements: 8 bytes of each operand, low nibble first. Exact. */
static float block_sum(const uint8_t *a, const uint8_t *b) {
  float sum = 0.0f;
  for (int i = 0; i < BLOCK / 2; i++) {
    sum += e2m1_value[a[i] & 15] * e2m1_value[b[i] & 15];
    sum += e2m1_value[a[i] >> 4] * e2m1_value[b[i] >> 4];
  }
  return sum;
}

static float product(const uint8_t *a_row, const uint8_t *b_row, const uint8_t *sfa, const uint8_t *sfb,
                     int64_t i, int64_t j, int64_t blocks) {
  int64_t k_tiles = (blocks + 3) / 4;
  float sum = 0.0f;
  for (int64_t blk = 0; blk < blocks; blk++) {
    float scale = scale_at(sfa, k_tiles, i, blk) * scale_at(sfb, k_tiles, j, blk);
    sum += scale * block_sum(a_row + blk * 8, b_row + blk * 8);
  }
  return sum;
}

static void dual_gemm(const sk_problem *x) {
  int64_t m = x->size[0], n = x->size[1], blocks = x->size[2] / BLOCK;
  const sk_tensor *a = &x->in[0], *b1 = &x->in[1], *b2 = &x->in[2], *c = &x->out[0];
  const uint8_t *sfa = x->in[3].data, *sfb1 = x->in[4].data, *sfb2 = x->in[5].data;

  for (int64_t i = 0; i < m; i++) {
    const uint8_t *a_row = (const uint8_t *)a->data + i * a->stride[0];
    _Float16 *c_row = (_Float16 *)((char *)c->data + i * c->stride[0]);
    for (int64_t j = 0; j < n; j++) {
      const uint8_t *b1_row = (const uint8_t *)b1->data + j * b1->stride[0];
      const uint8_t *b2_row = (const uint8_t *)b2->data + j * b2->stride[0];
      float p = product(a_row, b1_row, sfa, sfb1, i, j, blocks);
      float q = product(a_row, b2_row, sfa, sfb2, i, j, blocks);
      c_row[j] = (_Float16)(p / (1.0f + expf(-p)) * q);
    }
  }
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (unsigned code = 0; code < 128; code++)
    scale_value[code] = ue4m3_value(code);
  for (uint32_t g = 0; g < call->n_problems; g++)
    dual_gemm(&call->problem[g]);
  return 0;
}

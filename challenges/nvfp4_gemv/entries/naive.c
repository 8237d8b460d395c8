/* Room: an entry of nvfp4_gemv. May include sharktank/entry.h and the C library, nothing else.
 *
 * The first incumbent: the kernel a reader of task.md writes first.
 *   c[l][i] = sum over blocks of 16 along k of  sfa[l][i][blk] * sfb[l][blk] * sum over the block of a * b
 * with a [l][m][k/2] and b [l][128][k/2] packed e2m1 (only row 0 of b counts), sfa and sfb ue4m3 in the
 * blocked layout, c [l][m] fp16.
 *
 * Numerics: a block's sum has at most 12 significant bits and the product of two scales 8, so every
 * block's term is exact in fp32; only adding the terms can round. One rounding to fp16 at the end. */
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

/* One matrix of the batch times its vector. */
static void gemv(int64_t m, int64_t blocks, const uint8_t *a, int64_t row_bytes, const uint8_t *b,
                 const uint8_t *sfa, const uint8_t *sfb, _Float16 *c) {
  int64_t k_tiles = (blocks + 3) / 4;
  for (int64_t i = 0; i < m; i++) {
    float sum = 0.0f;
    for (int64_t blk = 0; blk < blocks; blk++) {
      float scale = scale_at(sfa, k_tiles, i, blk) * scale_at(sfb, k_tiles, 0, blk);
      sum += scale * block_sum(a + i * row_bytes + blk * 8, b + blk * 8);
    }
    c[i] = (_Float16)sum;
  }
}

static const uint8_t *matrix_of(const sk_tensor *t, int64_t batch) {
  return (const uint8_t *)t->data + batch * t->stride[0];
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (unsigned code = 0; code < 128; code++)
    scale_value[code] = ue4m3_value(code);
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    const sk_tensor *in = p->in, *c = &p->out[0];
    for (int64_t l = 0; l < p->size[2]; l++)
      gemv(p->size[0], p->size[1] / BLOCK, matrix_of(&in[0], l), in[0].stride[1], matrix_of(&in[1], l),
           matrix_of(&in[2], l), matrix_of(&in[3], l), (_Float16 *)((char *)c->data + l * c->stride[0]));
  }
  return 0;
}

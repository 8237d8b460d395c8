/* Quantises two matrices to NVFP4, multiplies them, and says how far the product is from the fp32 one.
 *   cc quantize_and_multiply.c $(pkg-config --cflags --libs nvfp4) -lm -o quantize_and_multiply
 * (Installed somewhere the loader does not look: add -Wl,-rpath,$(pkg-config --variable=libdir nvfp4).) */
#include <math.h>
#include <nvfp4.h>
#include <stdio.h>

enum { M = 48, N = 80, K = 256 };

static float a[M][K], b[N][K], c[M][N];
static uint8_t packed_a[M * K / 2], packed_b[N * K / 2], scale_a[M * K / 16], scale_b[N * K / 16];

static int fail(enum nvfp4_status status) {
  fprintf(stderr, "nvfp4: %s\n", nvfp4_status_text(status));
  return 1;
}

static float draw(void) { /* between -1 and 1 */
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) * 0x1p-23f - 1.0f;
}

int main(void) {
  for (int i = 0; i < M * K; i++)
    a[i / K][i % K] = draw();
  for (int j = 0; j < N * K; j++) /* b is [n][k]: row j is column j of the product */
    b[j / K][j % K] = draw();

  nvfp4_matrix qa = {.rows = M, .k = K, .packed = packed_a, .scale = scale_a};
  nvfp4_matrix qb = {.rows = N, .k = K, .packed = packed_b, .scale = scale_b};
  enum nvfp4_status status =
      nvfp4_quantize(a[0], M, K, 0, NVFP4_SCALES_PLAIN, &qa.tensor_scale, packed_a, scale_a);
  if (status == NVFP4_OK)
    status = nvfp4_quantize(b[0], N, K, 0, NVFP4_SCALES_PLAIN, &qb.tensor_scale, packed_b, scale_b);
  if (status == NVFP4_OK)
    status = nvfp4_simple_gemm(&qa, &qb, c[0]);
  if (status != NVFP4_OK)
    return fail(status);

  double error = 0.0, size = 0.0;
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      float exact = 0.0f;
      for (int k = 0; k < K; k++)
        exact += a[i][k] * b[j][k];
      error += pow((double)(c[i][j] - exact), 2.0);
      size += pow((double)exact, 2.0);
    }
  printf("relative error of the %d x %d product: %.4f\n", M, N, sqrt(error / size));
  return 0;
}

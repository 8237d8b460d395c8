/* Weights that stay: quantised with blocked scales, packed once, multiplied many times by two threads,
 * with bf16 results. The descriptor form leaves all memory and all threads to the caller.
 *   cc prepacked_threads.c $(pkg-config --cflags --libs nvfp4) -lm -o prepacked_threads
 * (Installed somewhere the loader does not look: add -Wl,-rpath,$(pkg-config --variable=libdir nvfp4).) */
#include <math.h>
#include <nvfp4.h>
#include <stdio.h>
#include <stdlib.h>

enum { M = 4, N = 200, K = 512 };

static float x[M * K], w[N * K];
static uint8_t packed_x[M * K / 2], scale_x[M * K / 16], packed_w[N * K / 2];
static uint16_t y[M * N];

static void must(enum nvfp4_status status, const char *what) {
  if (status == NVFP4_OK)
    return;
  fprintf(stderr, "%s: %s\n", what, nvfp4_status_text(status));
  exit(1);
}

static void *memory(size_t bytes) { /* sizes of the library are multiples of 64 */
  void *p = aligned_alloc(64, bytes);
  if (!p)
    exit(1);
  return p;
}

int main(void) {
  for (int i = 0; i < N * K; i++)
    w[i] = sinf(0.7f * (float)i);
  uint8_t *scale_w = memory((size_t)nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, 1, N, K));
  nvfp4_operand weights = {.packed = packed_w, .scale = scale_w, .scale_layout = NVFP4_SCALES_BLOCKED};
  must(nvfp4_quantize(w, N, K, 0, NVFP4_SCALES_BLOCKED, &weights.tensor_scale, packed_w, scale_w), "weights");

  size_t bytes = nvfp4_prepacked_bytes(1, N, K);
  uint8_t *prepacked = memory(bytes);
  must(nvfp4_prepack(&weights, 1, N, K, prepacked, bytes), "prepack"); /* packed_w, scale_w may go now */

  nvfp4_gemm_args args = {.batch = 1, .m = M, .n = N, .k = K};
  args.a = (nvfp4_operand){.packed = packed_x, .scale = scale_x, .scale_layout = NVFP4_SCALES_PLAIN};
  args.b = (nvfp4_operand){
      .packed = prepacked, .scale_layout = NVFP4_PREPACKED, .tensor_scale = weights.tensor_scale};
  args.c = (nvfp4_result){.data = y, .type = NVFP4_BF16};
  nvfp4_threads threads = {.count = 2};
  bytes = nvfp4_gemm_workspace_bytes(&args, &threads);
  void *workspace = memory(bytes);

  for (int step = 0; step < 3; step++) {
    for (int i = 0; i < M * K; i++)
      x[i] = cosf(0.3f * (float)(i + step));
    must(nvfp4_quantize(x, M, K, 0, NVFP4_SCALES_PLAIN, &args.a.tensor_scale, packed_x, scale_x), "input");
    must(nvfp4_gemm(&args, workspace, bytes, &threads), "product");
    printf("step %d: y[0][0] = %g, y[%d][%d] = %g\n", step, (double)nvfp4_bf16_to_float(y[0]), M - 1, N - 1,
           (double)nvfp4_bf16_to_float(y[M * N - 1]));
  }
  free(workspace);
  free(prepacked);
  free(scale_w);
  return 0;
}

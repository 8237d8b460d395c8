/* Room: tests of nvfp4. Mistakes in what is not a plain descriptor call: prepacked operands, the simple
 * forms, tensor scales, quantising, and the caller's own threads. test_nvfp4_arguments.c has the rest. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

#define M         4
#define N         40
#define K         64
#define WORKSPACE (1 << 20)

static _Alignas(64) uint8_t packed_a[M * K / 2], packed_b[N * K / 2], scale_a[M * K / 16],
    scale_b[N * K / 16];
static _Alignas(64) unsigned char workspace[WORKSPACE], prepacked[8192 + 64], before[sizeof prepacked];
static float result[M * N], untouched[M * N];

static int setup(void **state) {
  (void)state;
  support_seed(7);
  support_random_fill(packed_a, sizeof packed_a);
  support_random_fill(packed_b, sizeof packed_b);
  memset(scale_a, 0x38, sizeof scale_a);
  memset(scale_b, 0x38, sizeof scale_b);
  memset(prepacked, 0x5a, sizeof prepacked);
  memset(before, 0x5a, sizeof before);
  memset(result, 0x5a, sizeof result);
  memset(untouched, 0x5a, sizeof untouched);
  return 0;
}

static const nvfp4_operand left = {.packed = packed_a, .scale = scale_a};
static const nvfp4_operand right = {.packed = packed_b, .scale = scale_b};

static nvfp4_gemm_args good(void) {
  return (nvfp4_gemm_args){1, M, N, K, left, right, {.data = result, .type = NVFP4_FP32}};
}

static void refuse_prepack(const nvfp4_operand *o, int64_t batch, int64_t rows, int64_t k, uint8_t *out,
                           size_t bytes, enum nvfp4_status want) {
  assert_int_equal(nvfp4_prepack(o, batch, rows, k, out, bytes), want);
  assert_memory_equal(prepacked, before, sizeof before);
}

static void prepacking(void **state) {
  (void)state;
  size_t bytes = nvfp4_prepacked_bytes(1, N, K);
  nvfp4_operand o = right;
  assert_true(bytes > 0 && bytes % 64 == 0 && bytes <= sizeof prepacked - 64);
  assert_int_equal(nvfp4_prepacked_bytes(1, N, 24), 0);
  assert_int_equal(nvfp4_prepacked_bytes(-1, N, K), 0);
  assert_int_equal(nvfp4_prepacked_bytes(1, -1, K), 0);
  assert_int_equal(nvfp4_prepacked_bytes(INT64_MAX, INT64_MAX, K), 0);
  refuse_prepack(NULL, 1, N, K, prepacked, bytes, NVFP4_ERR_NULL);
  refuse_prepack(&o, 1, N, K, NULL, bytes, NVFP4_ERR_NULL);
  refuse_prepack(&o, -1, N, K, prepacked, bytes, NVFP4_ERR_SHAPE);
  refuse_prepack(&o, 1, INT64_MIN, K, prepacked, bytes, NVFP4_ERR_SHAPE);
  refuse_prepack(&o, 1, N, K + 8, prepacked, bytes, NVFP4_ERR_K);
  refuse_prepack(&o, 1, N, K, prepacked, bytes - 1, NVFP4_ERR_WORKSPACE);
  refuse_prepack(&o, 1, N, K, prepacked + 32, bytes, NVFP4_ERR_ALIGN);
  o.packed = NULL;
  refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_NULL);
  o = right;
  o.scale = NULL;
  refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_NULL);
  o = right;
  o.row_stride_bytes = K / 2 - 1;
  refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_STRIDE);
  o = right;
  o.scale_batch_stride_bytes = N * K / 16 - 1;
  refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_STRIDE);
  for (uint32_t layout = NVFP4_PREPACKED; layout < 5; layout++) {
    o = right;
    o.scale_layout = layout;
    refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_LAYOUT);
  }
  o = right;
  o.packed = prepacked + bytes - 1;
  refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_ALIAS);
  o = right;
  o.scale = prepacked;
  refuse_prepack(&o, 1, N, K, prepacked, bytes, NVFP4_ERR_ALIAS);
  refuse_prepack(&right, 0, N, K, prepacked, 0, NVFP4_OK); /* nothing to do */
  refuse_prepack(&right, 1, 0, K, prepacked, 0, NVFP4_OK);
  assert_int_equal(nvfp4_prepack(&right, 1, N, K, prepacked, bytes), NVFP4_OK);
  assert_memory_equal(prepacked + bytes, before, sizeof before - bytes);
}

static void prepacked_operands(void **state) {
  size_t bytes = nvfp4_prepacked_bytes(1, N, K);
  (void)state;
  assert_int_equal(nvfp4_prepack(&right, 1, N, K, prepacked, bytes), NVFP4_OK);
  const nvfp4_operand p = {.packed = prepacked, .scale_layout = NVFP4_PREPACKED};
  nvfp4_gemm_args args = good();
  args.b = p;
  assert_int_equal(nvfp4_oracle_gemm(&args, 1), NVFP4_ERR_LAYOUT);
  for (int i = 0; i < 4; i++) { /* it has no strides */
    args.b = p;
    *(i == 0   ? &args.b.row_stride_bytes
      : i == 1 ? &args.b.batch_stride_bytes
      : i == 2 ? &args.b.scale_row_stride_bytes
               : &args.b.scale_batch_stride_bytes) = 8192;
    assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_STRIDE);
  }
  args.b = p;
  args.b.packed = NULL;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_NULL);
  args = good();
  args.a = p; /* only the right side of a GEMM */
  args.m = N;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_LAYOUT);
  nvfp4_gemv_args gemv = {1, N, K, p, p, {.data = result, .type = NVFP4_FP32}};
  assert_int_equal(nvfp4_gemv(&gemv, workspace, WORKSPACE, NULL),
                   NVFP4_ERR_LAYOUT); /* only the left of a GEMV */
  nvfp4_dual_args dual = {1, N, N, K, p, p, p, {.data = result, .type = NVFP4_FP32}};
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, WORKSPACE, NULL), NVFP4_ERR_LAYOUT);
  assert_memory_equal(result, untouched, sizeof result);
  args = good();
  args.b = p;
  args.c.data = prepacked + bytes - 64;
  memcpy(before, prepacked, sizeof before);
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
  assert_memory_equal(prepacked, before, sizeof before);
  args.c.data = result;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  gemv.b = left;
  assert_int_equal(nvfp4_gemv(&gemv, workspace, WORKSPACE, NULL), NVFP4_OK);
}

static void tensor_scales(void **state) {
  float plain[M * N];
  (void)state;
  nvfp4_gemm_args args = good();
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  memcpy(plain, result, sizeof plain);
  args.a.tensor_scale = -0.0f; /* zero of either sign means 1 */
  args.b.tensor_scale = 1.0f;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  assert_memory_equal(plain, result, sizeof plain);
  args.a.tensor_scale = 0.5f;
  args.b.tensor_scale = -4.0f;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  for (int i = 0; i < M * N; i++)
    assert_true(result[i] == -2.0f * plain[i]);
}

static nvfp4_matrix matrix(const nvfp4_operand *o, int64_t rows) {
  return (nvfp4_matrix){.rows = rows, .k = K, .packed = o->packed, .scale = o->scale};
}

/* All four simple forms with the same left and right matrix; gemv takes only the right one's first row. */
static void refuse_simple(const nvfp4_matrix *a, const nvfp4_matrix *b, float *c, enum nvfp4_status want) {
  const nvfp4_matrix fine = matrix(&right, b ? b->rows : N);
  nvfp4_matrix row = b ? *b : fine;
  if (b && row.rows > 1)
    row.rows = 1;
  memset(result, 0x5a, sizeof result);
  assert_int_equal(nvfp4_simple_gemm(a, b, c), want);
  assert_int_equal(nvfp4_simple_dual_gemm(a, b, b ? &fine : NULL, c), want);
  assert_int_equal(nvfp4_simple_gemv(a, b ? &row : NULL, c), want);
  assert_int_equal(nvfp4_simple_group_gemm(a, b, &c, 1), want);
  assert_memory_equal(result, untouched, sizeof result);
}

static void simple_forms(void **state) {
  (void)state;
  nvfp4_matrix a = matrix(&left, M), b = matrix(&right, N);
  refuse_simple(NULL, &b, result, NVFP4_ERR_NULL);
  refuse_simple(&a, NULL, result, NVFP4_ERR_NULL);
  refuse_simple(&a, &b, NULL, NVFP4_ERR_NULL);
  for (int i = 0; i < 4; i++) {
    nvfp4_matrix bad_a = a, bad_b = b;
    *(i == 0 ? &bad_a.packed : i == 1 ? &bad_a.scale : i == 2 ? &bad_b.packed : &bad_b.scale) = NULL;
    refuse_simple(&bad_a, &bad_b, result, NVFP4_ERR_NULL);
  }
  a.rows = -1;
  refuse_simple(&a, &b, result, NVFP4_ERR_SHAPE);
  a.rows = M;
  b.rows = -1;
  refuse_simple(&a, &b, result, NVFP4_ERR_SHAPE);
  b.rows = N;
  b.k = K - 16;
  refuse_simple(&a, &b, result, NVFP4_ERR_SHAPE);
  b.k = K;
  refuse_simple(&a, &b, (float *)(void *)((char *)result + 2), NVFP4_ERR_ALIGN);
  refuse_simple(&a, &b, (float *)(void *)packed_b, NVFP4_ERR_ALIAS);
  refuse_simple(&a, &b, (float *)(void *)(scale_a + sizeof scale_a - 4), NVFP4_ERR_ALIAS);
  setenv("NVFP4_ISA", "mmx", 1);
  refuse_simple(&a, &b, result, NVFP4_ERR_ISA);
  unsetenv("NVFP4_ISA");
  for (int i = 0; i < 3; i++) {
    const int64_t bad_k[] = {24, 0, (1 << 20) + 16};
    nvfp4_matrix bad_a = a, bad_b = b;
    bad_a.k = bad_b.k = bad_k[i];
    assert_int_equal(nvfp4_simple_gemm(&bad_a, &bad_b, result), NVFP4_ERR_K);
    assert_int_equal(nvfp4_simple_dual_gemm(&bad_a, &bad_b, &bad_b, result), NVFP4_ERR_K);
  }
  assert_int_equal(nvfp4_simple_gemv(&a, &b, result), NVFP4_ERR_SHAPE); /* x has one row */
  nvfp4_matrix shorter = b;
  shorter.rows--;
  assert_int_equal(nvfp4_simple_dual_gemm(&a, &b, &shorter, result), NVFP4_ERR_SHAPE);
  assert_int_equal(nvfp4_simple_dual_gemm(&a, &b, NULL, result), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_simple_group_gemm(&a, &b, NULL, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_simple_group_gemm(NULL, NULL, NULL, 0), NVFP4_OK);
  assert_memory_equal(result, untouched, sizeof result);
  a.rows = 0;
  assert_int_equal(nvfp4_simple_gemm(&a, &b, result), NVFP4_OK);
  assert_memory_equal(result, untouched, sizeof result);
}

static enum nvfp4_status quantize(const float *x, int64_t rows, int64_t k, int64_t stride, int layout,
                                  uint8_t *packed, uint8_t *scale, float *factor) {
  return nvfp4_quantize(x, rows, k, stride, (enum nvfp4_scale_layout)layout, factor, packed, scale);
}

static void quantising(void **state) {
  static float x[M * K];
  static uint8_t packed[M * K / 2], scale[512];
  float factor = 42.0f;
  (void)state;
  for (int i = 0; i < M * K; i++)
    x[i] = (float)(i % 7);
  assert_int_equal(quantize(NULL, M, K, 0, 0, packed, scale, &factor), NVFP4_ERR_NULL);
  assert_int_equal(quantize(x, M, K, 0, 0, NULL, scale, &factor), NVFP4_ERR_NULL);
  assert_int_equal(quantize(x, M, K, 0, 0, packed, NULL, &factor), NVFP4_ERR_NULL);
  assert_int_equal(quantize(x, -1, K, 0, 0, packed, scale, &factor), NVFP4_ERR_SHAPE);
  assert_int_equal(quantize(x, M, K + 8, 0, 0, packed, scale, &factor), NVFP4_ERR_K);
  assert_int_equal(quantize(x, M, K, K - 1, 0, packed, scale, &factor), NVFP4_ERR_STRIDE);
  assert_int_equal(quantize(x, M, K, -K, 0, packed, scale, &factor), NVFP4_ERR_STRIDE);
  assert_int_equal(quantize(x, M, K, 0, NVFP4_PREPACKED, packed, scale, &factor), NVFP4_ERR_LAYOUT);
  assert_int_equal(quantize(x, M, K, 0, 3, packed, scale, &factor), NVFP4_ERR_LAYOUT);
  const float bad[] = {__builtin_nanf(""), __builtin_inff(), -__builtin_inff()};
  for (int i = 0; i < 3; i++) {
    x[M * K - 1] = bad[i];
    assert_int_equal(quantize(x, M, K, 0, 0, packed, scale, &factor), NVFP4_ERR_NOT_FINITE);
  }
  assert_true(factor == 42.0f);
  for (size_t i = 0; i < sizeof packed; i++)
    assert_int_equal(packed[i] | scale[i], 0);
  x[M * K - 1] = 1.0f;
  assert_int_equal(quantize(x, M, K, 0, 0, packed, scale, &factor), NVFP4_OK);
  assert_int_equal(nvfp4_dequantize(packed, scale, M, K, NVFP4_PREPACKED, 1.0f, x, 0), NVFP4_ERR_LAYOUT);
  assert_int_equal(nvfp4_dequantize(packed, scale, M, K, NVFP4_SCALES_PLAIN, 1.0f, NULL, 0), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_dequantize(packed, scale, M, K, NVFP4_SCALES_PLAIN, 1.0f, x, K - 1),
                   NVFP4_ERR_STRIDE);
  assert_true(x[M * K - 1] == 1.0f);
}

/* ---- The caller's own threads. context counts the calls and how often each task ran. ---- */
struct caller {
  int calls;
  int64_t tasks;
  unsigned ran[64];
};

static void note(struct caller *c, int64_t tasks) {
  c->calls++;
  c->tasks = tasks;
  assert_true(tasks >= 1 && tasks <= 64);
}

static void forwards(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data) {
  note(context, tasks);
  for (int64_t i = 0; i < tasks; i++) {
    ((struct caller *)context)->ran[i]++;
    task(data, i);
  }
}

static void backwards(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data) {
  note(context, tasks);
  for (int64_t i = tasks; i-- > 0;)
    task(data, i);
}

struct one {
  void (*task)(void *data, int64_t index);
  void *data;
  int64_t index;
  pthread_barrier_t *gate;
};

static void *run_one(void *context) {
  struct one *o = context;
  pthread_barrier_wait(o->gate); /* none starts before all are there */
  o->task(o->data, o->index);
  return NULL;
}

static void together(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data) {
  pthread_t thread[64];
  struct one one[64];
  pthread_barrier_t gate;
  note(context, tasks);
  assert_int_equal(pthread_barrier_init(&gate, NULL, (unsigned)tasks), 0);
  for (int64_t i = 0; i < tasks; i++) {
    one[i] = (struct one){task, data, i, &gate};
    assert_int_equal(pthread_create(&thread[i], NULL, run_one, &one[i]), 0);
  }
  for (int64_t i = 0; i < tasks; i++)
    pthread_join(thread[i], NULL);
  pthread_barrier_destroy(&gate);
}

static void own_threads(void **state) {
  enum { WIDE = 1500 };
  static float want[64 * WIDE], got[64 * WIDE];
  struct support_matrix a = support_matrix_create(1, 64, 128, SUPPORT_WILD, NVFP4_SCALES_PLAIN, 0);
  struct support_matrix b = support_matrix_create(1, WIDE, 128, SUPPORT_WILD, NVFP4_SCALES_BLOCKED, 0);
  nvfp4_gemm_args args = {1, 64, WIDE, 128, a.operand, b.operand, {.data = want, .type = NVFP4_FP32}};
  nvfp4_gemv_args gemv = {1, WIDE, 128, b.operand, a.operand, {.data = want, .type = NVFP4_FP32}};
  void (*const how[])(void *, int64_t, void (*)(void *, int64_t), void *) = {forwards, backwards, together};
  (void)state;
  for (int product = 0; product < 2; product++) {
    size_t bytes =
        product ? nvfp4_gemv_workspace_bytes(&gemv, NULL) : nvfp4_gemm_workspace_bytes(&args, NULL);
    void *memory = aligned_alloc(64, 64 * bytes);
    args.c.data = gemv.c.data = want;
    assert_int_equal(
        product ? nvfp4_gemv(&gemv, memory, bytes, NULL) : nvfp4_gemm(&args, memory, bytes, NULL), NVFP4_OK);
    args.c.data = gemv.c.data = got;
    for (int i = 0; i < 3; i++)
      for (unsigned count = 1; count <= 1000; count = count < 4 ? count + 1 : count * 250) {
        struct caller caller = {0};
        nvfp4_threads threads = {count, how[i], &caller};
        memset(got, 0, sizeof got);
        assert_int_equal(product ? nvfp4_gemv(&gemv, memory, 64 * bytes, &threads)
                                 : nvfp4_gemm(&args, memory, 64 * bytes, &threads),
                         NVFP4_OK);
        assert_memory_equal(got, want, (product ? WIDE : 64 * WIDE) * sizeof(float));
        assert_true(caller.calls <= 1 && caller.tasks <= count);
        assert_true(caller.calls == 1 || count == 1);
        for (int64_t t = 0; i == 0 && t < caller.tasks; t++)
          assert_int_equal(caller.ran[t], 1);
      }
    free(memory);
  }
  /* A call that is refused does not bother them. */
  struct caller caller = {0};
  nvfp4_threads threads = {4, forwards, &caller};
  assert_int_equal(nvfp4_gemm(&args, NULL, 0, &threads), NVFP4_ERR_NULL);
  args.k = 24;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, &threads), NVFP4_ERR_K);
  assert_int_equal(caller.calls, 0);
  support_matrix_free(&a);
  support_matrix_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(prepacking, setup),    cmocka_unit_test_setup(prepacked_operands, setup),
      cmocka_unit_test_setup(tensor_scales, setup), cmocka_unit_test_setup(simple_forms, setup),
      cmocka_unit_test_setup(quantising, setup),    cmocka_unit_test_setup(own_threads, setup)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of nvfp4. Each mistake a caller of a product can make gets its own answer, and nothing is
 * written. test_nvfp4_arguments_more.c has the rest: conversions, simple forms, prepacking, threads. */
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

#define M         4
#define N         6
#define K         64
#define WORKSPACE (1 << 20)

static uint8_t packed_a[M * K / 2], packed_b[N * K / 2], scale_a[512], scale_b[512];
static _Alignas(64) uint16_t result[2 * M * N];
static _Alignas(64) unsigned char workspace[WORKSPACE + 64];

static nvfp4_gemm_args good(void) {
  return (nvfp4_gemm_args){1,
                           M,
                           N,
                           K,
                           {.packed = packed_a, .scale = scale_a, .scale_layout = NVFP4_SCALES_BLOCKED},
                           {.packed = packed_b, .scale = scale_b},
                           {.data = result}};
}

/* The fast path and the oracle, each alone and as a group's last member, answer alike. */
static void expect(nvfp4_gemm_args args, enum nvfp4_status want) {
  uint16_t before[2 * M * N], other[M * N];
  nvfp4_gemm_args group[2] = {good(), args};
  group[0].c.data = other;
  memset(result, 0x5a, sizeof result);
  memset(other, 0x5a, sizeof other);
  memcpy(before, result, sizeof result);
  for (int i = 0; i < 4; i++) {
    enum nvfp4_status got = i == 0   ? nvfp4_gemm(&args, workspace, WORKSPACE, NULL)
                            : i == 1 ? nvfp4_oracle_gemm(&args, 1)
                            : i == 2 ? nvfp4_group_gemm(group, 2, workspace, WORKSPACE, NULL)
                                     : nvfp4_oracle_group_gemm(group, 2, 1);
    assert_int_equal(got, want);
    if (want != NVFP4_OK) {
      assert_memory_equal(before, result, sizeof result);
      assert_memory_equal(before, other, sizeof other);
    }
  }
}

static void sizes(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  expect(args, NVFP4_OK);
  const int64_t bad_k[] = {0, 8, 24, -16, (1 << 20) + 16, INT64_MIN, INT64_MAX};
  for (size_t i = 0; i < sizeof bad_k / sizeof bad_k[0]; i++) {
    args.k = bad_k[i];
    expect(args, NVFP4_ERR_K);
    assert_int_equal(nvfp4_gemm_workspace_bytes(&args, NULL), 0);
  }
  const int64_t bad[] = {-1, INT64_MAX, INT64_MIN, (INT64_C(1) << 40) + 1};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    for (int which = 0; which < 3; which++) {
      args = good();
      *(which == 0 ? &args.m : which == 1 ? &args.n : &args.batch) = bad[i];
      expect(args, NVFP4_ERR_SHAPE);
      assert_int_equal(nvfp4_gemm_workspace_bytes(&args, NULL), 0);
    }
  }
  args = good();
  args.m = args.n = args.batch = INT64_C(1) << 40;
  expect(args, NVFP4_ERR_SHAPE);
  for (int i = 0; i < 3; i++) { /* empty products are fine and write nothing */
    args = good();
    *(i == 0 ? &args.m : i == 1 ? &args.n : &args.batch) = 0;
    memset(result, 0x5a, sizeof result);
    assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
    assert_int_equal(nvfp4_gemm(&args, NULL, 0, NULL), NVFP4_OK);
    assert_int_equal(nvfp4_oracle_gemm(&args, 1), NVFP4_OK);
    assert_int_equal(result[0], 0x5a5a);
  }
}

static void pointers(void **state) {
  (void)state;
  for (int which = 0; which < 4; which++) {
    nvfp4_gemm_args args = good();
    *(which == 0   ? &args.a.packed
      : which == 1 ? &args.a.scale
      : which == 2 ? &args.b.packed
                   : &args.b.scale) = NULL;
    expect(args, NVFP4_ERR_NULL);
  }
  nvfp4_gemm_args args = good();
  args.c.data = NULL;
  expect(args, NVFP4_ERR_NULL);
  double value[M * N];
  args = good();
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, value, NULL, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, NULL, value, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_gemm(NULL, workspace, WORKSPACE, NULL), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_gemv(NULL, workspace, WORKSPACE, NULL), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_dual_gemm(NULL, workspace, WORKSPACE, NULL), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_gemm_workspace_bytes(NULL, NULL), 0);
  assert_int_equal(nvfp4_gemv_workspace_bytes(NULL, NULL), 0);
  assert_int_equal(nvfp4_dual_gemm_workspace_bytes(NULL, NULL), 0);
  assert_int_equal(nvfp4_group_gemm(NULL, 0, NULL, 0, NULL), NVFP4_OK);
  assert_int_equal(nvfp4_oracle_group_gemm(NULL, 1, 1), NVFP4_ERR_NULL);
}

static void strides(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  args.a.row_stride_bytes = K / 2 - 1;
  expect(args, NVFP4_ERR_STRIDE);
  args.a.row_stride_bytes = -K;
  expect(args, NVFP4_ERR_STRIDE);
  args = good();
  args.b.batch_stride_bytes = N * K / 2 - 1;
  expect(args, NVFP4_ERR_STRIDE);
  args = good();
  args.a.scale_row_stride_bytes = 4; /* blocked scales have none */
  expect(args, NVFP4_ERR_STRIDE);
  args = good();
  args.b.scale_row_stride_bytes = K / 16 - 1;
  expect(args, NVFP4_ERR_STRIDE);
  args = good();
  args.a.scale_batch_stride_bytes = 511;
  expect(args, NVFP4_ERR_STRIDE);
  for (uint32_t type = NVFP4_FP16; type <= NVFP4_FP32; type++) {
    int64_t elem = type == NVFP4_FP32 ? 4 : 2;
    args = good();
    args.c.type = type;
    expect(args, NVFP4_OK);
    const int64_t bad[] = {elem * N - elem, elem * N + 1, elem * N + elem - 1, -elem * N};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
      args.c.row_stride_bytes = bad[i];
      expect(args, NVFP4_ERR_STRIDE);
      args.c.row_stride_bytes = 0;
      args.c.batch_stride_bytes = bad[i] < 0 ? bad[i] : bad[i] + elem * N * (M - 1);
      expect(args, NVFP4_ERR_STRIDE);
      args.c.batch_stride_bytes = 0;
    }
  }
  args = good();
  args.a.row_stride_bytes = INT64_MAX / 2;
  expect(args, NVFP4_ERR_SHAPE);
}

static void layouts_and_types(void **state) {
  const uint32_t bad[] = {3, 4, 255, UINT32_MAX};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    nvfp4_gemm_args args = good();
    args.b.scale_layout = bad[i];
    expect(args, NVFP4_ERR_LAYOUT);
    args = good();
    args.c.type = bad[i];
    expect(args, NVFP4_ERR_TYPE);
    double value[M * N], tolerance[M * N];
    assert_int_equal(nvfp4_oracle_gemm_bounded(&args, value, tolerance, 1), NVFP4_ERR_TYPE);
  }
}

static void alignment_and_overlap(void **state) {
  (void)state;
  for (uint32_t type = NVFP4_FP16; type <= NVFP4_FP32; type++)
    for (int off = 1; off < (type == NVFP4_FP32 ? 4 : 2); off++) {
      nvfp4_gemm_args args = good();
      args.c.type = type;
      args.c.data = (char *)result + off;
      expect(args, NVFP4_ERR_ALIGN);
    }
  /* operands in the middle of a buffer: results may touch them but not reach in */
  static _Alignas(64) uint8_t buffer[1024];
  const size_t bytes = sizeof(uint16_t) * M * N;
  for (int which = 0; which < 2; which++) {
    const size_t at = 256, end = at + (which ? M * K / 2 : N * K / 16);
    const size_t place[4] = {at - bytes, at - bytes + 2, end - 2, end};
    for (int i = 0; i < 4; i++) {
      nvfp4_gemm_args args = good();
      if (which)
        args.a.packed = buffer + at;
      else
        args.b.scale = buffer + at;
      args.c.data = buffer + place[i];
      expect(args, i == 0 || i == 3 ? NVFP4_OK : NVFP4_ERR_ALIAS);
    }
  }
  nvfp4_gemm_args args = good();
  args.c.data = scale_a;
  expect(args, NVFP4_ERR_ALIAS);
  args = good();
  args.c.data = workspace + 128;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
  /* packing would overwrite what it has not read yet */
  args = good();
  args.b.packed = workspace + WORKSPACE - 1;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
  args = good();
  args.a.scale = workspace;
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
  args = good();
  args.b = args.a; /* inputs may be one and the same */
  args.n = M;
  expect(args, NVFP4_OK);
}

static void workspaces(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  const nvfp4_threads none = {.count = 0}, one = {.count = 1}, three = {.count = 3}, many = {.count = 1000};
  size_t bytes = nvfp4_gemm_workspace_bytes(&args, &three);
  assert_true(bytes > 0 && bytes % 64 == 0 && bytes <= WORKSPACE);
  assert_int_equal(nvfp4_gemm_workspace_bytes(&args, NULL), nvfp4_gemm_workspace_bytes(&args, &one));
  assert_int_equal(nvfp4_gemm_workspace_bytes(&args, &none), nvfp4_gemm_workspace_bytes(&args, &one));
  assert_int_equal(nvfp4_gemm_workspace_bytes(&args, &many), 64 * nvfp4_gemm_workspace_bytes(&args, &one));
  assert_int_equal(nvfp4_gemm(&args, workspace, bytes - 1, &three), NVFP4_ERR_WORKSPACE);
  assert_int_equal(nvfp4_gemm(&args, workspace, 0, NULL), NVFP4_ERR_WORKSPACE);
  assert_int_equal(nvfp4_gemm(&args, workspace, bytes, &three), NVFP4_OK);
  assert_int_equal(nvfp4_gemm(&args, workspace + 32, bytes, &three), NVFP4_ERR_ALIGN);
  assert_int_equal(nvfp4_gemm(&args, NULL, bytes, &three), NVFP4_ERR_NULL);
  nvfp4_gemm_args huge = {.batch = 1, .m = 100000, .n = 100000, .k = 1 << 20};
  nvfp4_gemv_args tall = {.batch = 1, .m = 100000000, .k = 1 << 20};
  nvfp4_dual_args twice = {.batch = 1, .m = 100000, .n = 100000, .k = 1 << 20};
  assert_in_range(nvfp4_gemm_workspace_bytes(&huge, NULL), 1, 4 << 20); /* bounded for all shapes */
  assert_in_range(nvfp4_gemv_workspace_bytes(&tall, NULL), 1, 4 << 20);
  assert_in_range(nvfp4_dual_gemm_workspace_bytes(&twice, NULL), 1, 4 << 20);
}

static void second_operand_of_dual_and_group(void **state) {
  (void)state;
  nvfp4_gemm_args args = good(), group[2] = {args, args};
  nvfp4_dual_args dual = {1, M, N, K, args.a, args.b, args.b, args.c};
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, WORKSPACE, NULL), NVFP4_OK);
  dual.b2.packed = NULL;
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, WORKSPACE, NULL), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_oracle_dual_gemm(&dual, 1), NVFP4_ERR_NULL);
  dual.b2 = dual.b1;
  dual.b2.packed = (const uint8_t *)result;
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
  group[1].k = 24;
  assert_int_equal(nvfp4_group_gemm(group, 2, workspace, WORKSPACE, NULL), NVFP4_ERR_K);
  assert_int_equal(nvfp4_oracle_group_gemm(group, 2, 1), NVFP4_ERR_K);
  assert_int_equal(nvfp4_group_gemm_workspace_bytes(group, 2, NULL), 0);
}

static void gemv_has_its_own_result(void **state) {
  (void)state;
  nvfp4_gemm_args g = good();
  nvfp4_gemv_args args = {1, M, K, g.a, g.b, {.data = result, .row_stride_bytes = -77}};
  assert_int_equal(nvfp4_gemv(&args, workspace, WORKSPACE, NULL), NVFP4_OK); /* no row stride is read */
  assert_int_equal(nvfp4_oracle_gemv(&args, 1), NVFP4_OK);
  args.c.batch_stride_bytes = 2 * M - 2;
  assert_int_equal(nvfp4_gemv(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_STRIDE);
  args.c.batch_stride_bytes = 2 * M + 1;
  assert_int_equal(nvfp4_gemv(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_STRIDE);
  args.c = (nvfp4_result){.data = packed_b};
  assert_int_equal(nvfp4_gemv(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
  args.c = (nvfp4_result){.data = packed_b + K / 2}; /* b has one row: behind it nothing is read */
  assert_int_equal(nvfp4_gemv(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  args.c = (nvfp4_result){.data = workspace};
  assert_int_equal(nvfp4_gemv(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ALIAS);
}

static void unknown_instruction_set(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  nvfp4_gemv_args gemv = {1, M, K, args.a, args.b, args.c};
  setenv("NVFP4_ISA", "mmx", 1);
  assert_null(nvfp4_isa_selected());
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_ERR_ISA);
  assert_int_equal(nvfp4_gemv(&gemv, workspace, WORKSPACE, NULL), NVFP4_ERR_ISA);
  setenv("NVFP4_ISA", "", 1); /* as if unset */
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++) {
    setenv("NVFP4_ISA", *isa, 1);
    assert_string_equal(nvfp4_isa_selected(), *isa);
    assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, NULL), NVFP4_OK);
  }
  unsetenv("NVFP4_ISA");
  assert_string_equal(nvfp4_isa_selected(), nvfp4_isa_available()[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sizes),
                                     cmocka_unit_test(pointers),
                                     cmocka_unit_test(strides),
                                     cmocka_unit_test(layouts_and_types),
                                     cmocka_unit_test(alignment_and_overlap),
                                     cmocka_unit_test(workspaces),
                                     cmocka_unit_test(second_operand_of_dual_and_group),
                                     cmocka_unit_test(gemv_has_its_own_result),
                                     cmocka_unit_test(unknown_instruction_set)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of nvfp4. Each mistake a caller can make gets its own answer, and nothing is written. */
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

#define M         4
#define N         6
#define K         64
#define WORKSPACE (1 << 20)

static uint8_t packed_a[M * K / 2], packed_b[N * K / 2], scale_a[512], scale_b[512];
static uint16_t result[M * N];
static _Alignas(64) unsigned char workspace[WORKSPACE + 64];

static nvfp4_gemm_args good(void) {
  return (nvfp4_gemm_args){1,
                           M,
                           N,
                           K,
                           {.packed = packed_a, .scale = scale_a, .scale_layout = NVFP4_SCALES_BLOCKED},
                           {.packed = packed_b, .scale = scale_b},
                           {result, 0, 0}};
}

static void expect(nvfp4_gemm_args args, enum nvfp4_status want) {
  uint16_t before[M * N];
  memset(result, 0x5a, sizeof result);
  memcpy(before, result, sizeof result);
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, 1), want);
  if (want != NVFP4_OK)
    assert_memory_equal(before, result, sizeof result);
  assert_int_equal(nvfp4_oracle_gemm(&args, 1), want);
  if (want != NVFP4_OK)
    assert_memory_equal(before, result, sizeof result);
}

static void sizes(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  expect(args, NVFP4_OK);
  const int64_t bad_k[] = {0, 8, 24, -16, (1 << 20) + 16, INT64_MIN, INT64_MAX};
  for (size_t i = 0; i < sizeof bad_k / sizeof bad_k[0]; i++) {
    args.k = bad_k[i];
    expect(args, NVFP4_ERR_K);
    assert_int_equal(nvfp4_gemm_workspace_bytes(&args, 1), 0);
  }
  const int64_t bad[] = {-1, INT64_MAX, INT64_MIN, (INT64_C(1) << 40) + 1};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    args = good();
    args.m = bad[i];
    expect(args, NVFP4_ERR_SHAPE);
    args = good();
    args.n = bad[i];
    expect(args, NVFP4_ERR_SHAPE);
    args = good();
    args.batch = bad[i];
    expect(args, NVFP4_ERR_SHAPE);
  }
  args = good();
  args.m = args.n = args.batch = INT64_C(1) << 40;
  expect(args, NVFP4_ERR_SHAPE);
  for (int i = 0; i < 3; i++) { /* empty products are fine and write nothing */
    args = good();
    *(i == 0 ? &args.m : i == 1 ? &args.n : &args.batch) = 0;
    memset(result, 0x5a, sizeof result);
    assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, 1), NVFP4_OK);
    assert_int_equal(nvfp4_oracle_gemm(&args, 1), NVFP4_OK);
    assert_int_equal(result[0], 0x5a5a);
  }
}

static void pointers(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  args.a.packed = NULL;
  expect(args, NVFP4_ERR_NULL);
  args = good();
  args.b.scale = NULL;
  expect(args, NVFP4_ERR_NULL);
  args = good();
  args.c.data = NULL;
  expect(args, NVFP4_ERR_NULL);
  double value[M * N];
  args = good();
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, value, NULL, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, NULL, value, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_gemm(NULL, workspace, WORKSPACE, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_gemm_workspace_bytes(NULL, 1), 0);
  assert_int_equal(nvfp4_group_gemm(NULL, 0, NULL, 0, 1), NVFP4_OK);
  assert_int_equal(nvfp4_oracle_group_gemm(NULL, 1, 1), NVFP4_ERR_NULL);
}

static void strides_and_layouts(void **state) {
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
  args = good();
  args.c.row_stride_bytes = 2 * N - 2;
  expect(args, NVFP4_ERR_STRIDE);
  args.c.row_stride_bytes = 2 * N + 1;
  expect(args, NVFP4_ERR_STRIDE);
  args = good();
  args.a.row_stride_bytes = INT64_MAX / 2;
  expect(args, NVFP4_ERR_SHAPE);
  args = good();
  args.b.scale_layout = 2;
  expect(args, NVFP4_ERR_LAYOUT);
}

static void alignment_and_overlap(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  args.c.data = (uint16_t *)(void *)((char *)result + 1);
  expect(args, NVFP4_ERR_ALIGN);
  /* operands in the middle of a buffer: results may touch them but not reach in */
  static _Alignas(64) uint8_t buffer[1024];
  for (int which = 0; which < 2; which++) {
    const size_t at = 256, end = at + (which ? M * K / 2 : N * K / 16);
    const size_t place[4] = {at - sizeof result, at - sizeof result + 2, end - 2, end};
    for (int i = 0; i < 4; i++) {
      args = good();
      if (which)
        args.a.packed = buffer + at;
      else
        args.b.scale = buffer + at;
      args.c.data = (uint16_t *)(void *)(buffer + place[i]);
      expect(args, i == 0 || i == 3 ? NVFP4_OK : NVFP4_ERR_ALIAS);
    }
  }
  args = good();
  args.c.data = (uint16_t *)(void *)scale_a;
  expect(args, NVFP4_ERR_ALIAS);
  args = good();
  args.c.data = (uint16_t *)(void *)(workspace + 128);
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, 1), NVFP4_ERR_ALIAS);
  args = good();
  args.b = args.a; /* inputs may be one and the same */
  args.n = M;
  expect(args, NVFP4_OK);
}

static void workspaces(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  size_t bytes = nvfp4_gemm_workspace_bytes(&args, 3);
  assert_true(bytes > 0 && bytes % 64 == 0);
  assert_int_equal(nvfp4_gemm_workspace_bytes(&args, 0), nvfp4_gemm_workspace_bytes(&args, 1));
  assert_int_equal(nvfp4_gemm_workspace_bytes(&args, 1000), 64 * nvfp4_gemm_workspace_bytes(&args, 1));
  assert_int_equal(nvfp4_gemm(&args, workspace, bytes - 1, 3), NVFP4_ERR_WORKSPACE);
  assert_int_equal(nvfp4_gemm(&args, workspace, bytes, 3), NVFP4_OK);
  assert_int_equal(nvfp4_gemm(&args, workspace + 32, bytes, 3), NVFP4_ERR_ALIGN);
  assert_int_equal(nvfp4_gemm(&args, NULL, bytes, 3), NVFP4_ERR_NULL);
  nvfp4_gemm_args huge = {1, 100000, 100000, 1 << 20, {0}, {0}, {0}};
  assert_in_range(nvfp4_gemm_workspace_bytes(&huge, 1), 1, 3 << 20); /* bounded for all shapes */
}

static void second_operand_of_dual_and_group(void **state) {
  (void)state;
  nvfp4_gemm_args args = good(), group[2] = {args, args};
  nvfp4_dual_args dual = {1, M, N, K, args.a, args.b, args.b, args.c};
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, WORKSPACE, 1), NVFP4_OK);
  dual.b2.packed = NULL;
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, WORKSPACE, 1), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_oracle_dual_gemm(&dual, 1), NVFP4_ERR_NULL);
  group[1].k = 24;
  assert_int_equal(nvfp4_group_gemm(group, 2, workspace, WORKSPACE, 1), NVFP4_ERR_K);
  assert_int_equal(nvfp4_oracle_group_gemm(group, 2, 1), NVFP4_ERR_K);
  assert_int_equal(nvfp4_group_gemm_workspace_bytes(group, 2, 1), 0);
}

static void unknown_instruction_set(void **state) {
  (void)state;
  nvfp4_gemm_args args = good();
  setenv("NVFP4_ISA", "mmx", 1);
  assert_null(nvfp4_isa_selected());
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, 1), NVFP4_ERR_ISA);
  setenv("NVFP4_ISA", "", 1); /* as if unset */
  assert_int_equal(nvfp4_gemm(&args, workspace, WORKSPACE, 1), NVFP4_OK);
  unsetenv("NVFP4_ISA");
  assert_string_equal(nvfp4_isa_selected(), nvfp4_isa_available()[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sizes),
                                     cmocka_unit_test(pointers),
                                     cmocka_unit_test(strides_and_layouts),
                                     cmocka_unit_test(alignment_and_overlap),
                                     cmocka_unit_test(workspaces),
                                     cmocka_unit_test(second_operand_of_dual_and_group),
                                     cmocka_unit_test(unknown_instruction_set)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of nvfp4. Everything a descriptor may say that test_nvfp4_fast.c does not vary: the type
 * of the result, tensor scales, prepacked weights; GEMV's own kernels; the simple forms. Each result is
 * within the bounded oracle's tolerance, and the same bits for every instruction set and form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

static const nvfp4_threads two = {.count = 2};

static nvfp4_operand prepacked(const struct support_matrix *m, uint8_t **owned, size_t *bytes) {
  *bytes = nvfp4_prepacked_bytes(m->batch, m->rows, m->k);
  *owned = support_guarded(*bytes);
  assert_int_equal(nvfp4_prepack(&m->operand, m->batch, m->rows, m->k, *owned, *bytes), NVFP4_OK);
  return (nvfp4_operand){
      .packed = *owned, .scale_layout = NVFP4_PREPACKED, .tensor_scale = m->operand.tensor_scale};
}

static size_t elem_bytes(enum nvfp4_type type) {
  return type == NVFP4_FP32 ? 4 : 2;
}

static void check_near(const unsigned char *c, const double *value, const double *tolerance, int64_t count,
                       enum nvfp4_type type, const char *what) {
  for (int64_t i = 0; i < count; i++) {
    double got = support_number(c + (size_t)i * elem_bytes(type), type);
    if (!support_near(got, value[i], tolerance[i], type))
      fail_msg("%s, %s, type %d, element %d: %g, want %g +- %g", what, nvfp4_isa_selected(), (int)type,
               (int)i, got, value[i], tolerance[i]);
  }
}

/* Keeps the first result it is shown and compares the others with it. */
struct same {
  unsigned char *first;
  size_t bytes;
};

static void check_same(struct same *s, const unsigned char *c, size_t bytes) {
  if (!s->first) {
    s->first = malloc(bytes);
    assert_non_null(s->first);
    s->bytes = bytes;
    memcpy(s->first, c, bytes);
  }
  assert_int_equal(s->bytes, bytes);
  assert_memory_equal(s->first, c, bytes);
}

static void gemm_case(int64_t batch, int64_t m, int64_t n, int64_t k, enum support_kind kind,
                      enum nvfp4_scale_layout layout, enum nvfp4_type type, float scale_a, float scale_b) {
  struct support_matrix a = support_matrix_create(batch, m, k, kind, layout, 0);
  struct support_matrix b = support_matrix_create(batch, n, k, kind, layout, 5);
  size_t results = (size_t)(batch * m * n), bytes = results * elem_bytes(type), packed_bytes;
  double *value = malloc(results * sizeof *value), *tolerance = malloc(results * sizeof *tolerance);
  unsigned char *c = support_guarded(bytes);
  uint8_t *owned;
  struct same same = {0};
  assert_true(value && tolerance);
  a.operand.tensor_scale = scale_a;
  b.operand.tensor_scale = scale_b;
  nvfp4_operand form[2] = {b.operand, prepacked(&b, &owned, &packed_bytes)};
  nvfp4_gemm_args args = {batch, m, n, k, a.operand, b.operand, {c, 0, 0, type}};
  assert_int_equal(nvfp4_oracle_gemm_bounded(&args, value, tolerance, 2), NVFP4_OK);
  size_t workspace_bytes = nvfp4_gemm_workspace_bytes(&args, &two);
  void *workspace = support_guarded(workspace_bytes);
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++)
    for (int i = 0; i < 2; i++) {
      setenv("NVFP4_ISA", *isa, 1);
      args.b = form[i];
      memset(c, 0xc3, bytes);
      assert_int_equal(nvfp4_gemm(&args, workspace, workspace_bytes, &two), NVFP4_OK);
      check_near(c, value, tolerance, batch * m * n, type, i ? "prepacked gemm" : "gemm");
      check_same(&same, c, bytes);
    }
  unsetenv("NVFP4_ISA");
  free(same.first);
  support_guarded_free(workspace, workspace_bytes);
  support_guarded_free(owned, packed_bytes);
  support_guarded_free(c, bytes);
  free(value);
  free(tolerance);
  support_matrix_free(&a);
  support_matrix_free(&b);
}

static void gemm_of_every_type(void **state) {
  (void)state;
  for (int type = NVFP4_FP16; type <= NVFP4_FP32; type++)
    for (int kind = SUPPORT_TASK; kind <= SUPPORT_EXTREME; kind++) {
      enum nvfp4_scale_layout layout = kind % 2 ? NVFP4_SCALES_BLOCKED : NVFP4_SCALES_PLAIN;
      gemm_case(2, 11, 37, 592, (enum support_kind)kind, layout, (enum nvfp4_type)type, 0.0f, 0.0f);
      gemm_case(1, 1, 70, 48, (enum support_kind)kind, layout, (enum nvfp4_type)type, 0.37f, -1.25e-3f);
    }
  gemm_case(1, 3, 33, 16, SUPPORT_WILD, NVFP4_SCALES_PLAIN, NVFP4_FP32, 1e30f, 1.0f);
  gemm_case(1, 40, 530, 1040, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, NVFP4_BF16, 3.0f, 0.0f);
}

static void gemv_case(int64_t batch, int64_t m, int64_t k, enum support_kind kind,
                      enum nvfp4_scale_layout layout, enum nvfp4_type type, int64_t gap) {
  struct support_matrix a = support_matrix_create(batch, m, k, kind, layout, gap);
  struct support_matrix x = support_matrix_create(batch, 1, k, kind, layout, 0);
  size_t results = (size_t)(batch * m), bytes = results * elem_bytes(type), packed_bytes;
  double *value = malloc(results * sizeof *value), *tolerance = malloc(results * sizeof *tolerance);
  unsigned char *c = support_guarded(bytes);
  uint8_t *owned;
  struct same same = {0};
  assert_true(value && tolerance);
  nvfp4_operand form[2] = {a.operand, prepacked(&a, &owned, &packed_bytes)};
  nvfp4_gemv_args args = {batch, m, k, a.operand, x.operand, {c, 0, 0, type}};
  assert_int_equal(nvfp4_oracle_gemv_bounded(&args, value, tolerance, 2), NVFP4_OK);
  size_t workspace_bytes = nvfp4_gemv_workspace_bytes(&args, &two);
  void *workspace = support_guarded(workspace_bytes);
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++)
    for (int i = 0; i < 2; i++) {
      setenv("NVFP4_ISA", *isa, 1);
      args.a = form[i];
      memset(c, 0xc3, bytes);
      assert_int_equal(nvfp4_gemv(&args, workspace, workspace_bytes, &two), NVFP4_OK);
      check_near(c, value, tolerance, batch * m, type, i ? "prepacked gemv" : "gemv");
      check_same(&same, c, bytes);
    }
  unsetenv("NVFP4_ISA");
  free(same.first);
  support_guarded_free(workspace, workspace_bytes);
  support_guarded_free(owned, packed_bytes);
  support_guarded_free(c, bytes);
  free(value);
  free(tolerance);
  support_matrix_free(&a);
  support_matrix_free(&x);
}

/* Rows up to and past a tile of 128 and an item of 256; blocks up to and past groups of 8 and 16; k
 * beyond one packed vector. */
static void gemv_of_every_edge(void **state) {
  (void)state;
  const int64_t rows[] = {1, 2, 3, 5, 31, 33, 64, 97, 127, 128, 129, 257, 300};
  const int64_t blocks[] = {1, 2, 7, 8, 9, 15, 16, 17, 40, 65};
  unsigned turn = 0;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (size_t j = 0; j < sizeof blocks / sizeof blocks[0]; j++, turn++)
      gemv_case(1 + turn % 2, rows[i], 16 * blocks[j], (enum support_kind)(turn % 5),
                turn % 3 ? NVFP4_SCALES_BLOCKED : NVFP4_SCALES_PLAIN, (enum nvfp4_type)(turn % 3), turn % 4);
  gemv_case(1, 37, 16384 + 48, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, NVFP4_FP32, 0);
  gemv_case(2, 20, 2 * 16384 + 16, SUPPORT_TASK, NVFP4_SCALES_PLAIN, NVFP4_FP16, 1);
}

/* A NaN scale in the matrix spoils its row, one in the vector everything; one in the padding of the
 * blocked layout, which support_matrix_create fills with random bytes, nothing. */
static void gemv_spreads_nan(void **state) {
  (void)state;
  const int64_t m = 70, k = 16 * 37;
  struct support_matrix a = support_matrix_create(1, m, k, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 0);
  struct support_matrix x = support_matrix_create(1, 1, k, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 0);
  float y[70];
  nvfp4_gemv_args args = {1, m, k, a.operand, x.operand, {y, 0, 0, NVFP4_FP32}};
  size_t bytes = nvfp4_gemv_workspace_bytes(&args, NULL);
  void *workspace = support_alloc(bytes);
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++) {
    setenv("NVFP4_ISA", *isa, 1);
    for (int64_t j = 0; j < 37; j++) {
      uint8_t *code = support_matrix_scale(&a, 0, j, j), saved = *code;
      *code = j % 2 ? 0x7f : 0xff;
      assert_int_equal(nvfp4_gemv(&args, workspace, bytes, NULL), NVFP4_OK);
      for (int64_t i = 0; i < m; i++)
        assert_int_equal(y[i] != y[i], i == j);
      *code = saved;
    }
    uint8_t *code = support_matrix_scale(&x, 0, 0, 36), saved = *code;
    *code = 0x7f;
    assert_int_equal(nvfp4_gemv(&args, workspace, bytes, NULL), NVFP4_OK);
    for (int64_t i = 0; i < m; i++)
      assert_true(y[i] != y[i]);
    *code = saved;
  }
  unsetenv("NVFP4_ISA");
  free(workspace);
  support_matrix_free(&a);
  support_matrix_free(&x);
}

static void dual_of_every_type_and_form(void **state) {
  (void)state;
  enum { M = 9, N = 41, K = 528 };
  double value[M * N], tolerance[M * N];
  unsigned char c[M * N * 4];
  for (int type = NVFP4_FP16; type <= NVFP4_FP32; type++) {
    struct support_matrix a = support_matrix_create(1, M, K, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
    struct support_matrix b1 = support_matrix_create(1, N, K, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 0);
    struct support_matrix b2 = support_matrix_create(1, N, K, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 1);
    uint8_t *owned;
    size_t packed_bytes;
    struct same same = {0};
    a.operand.tensor_scale = 0.01f;
    b2.operand.tensor_scale = 0.3f;
    nvfp4_dual_args args = {1, M, N, K, a.operand, b1.operand, b2.operand, {c, 0, 0, (uint32_t)type}};
    assert_int_equal(nvfp4_oracle_dual_gemm_bounded(&args, value, tolerance, 1), NVFP4_OK);
    nvfp4_operand form[2] = {b1.operand, prepacked(&b1, &owned, &packed_bytes)};
    size_t bytes = nvfp4_dual_gemm_workspace_bytes(&args, NULL);
    void *workspace = support_alloc(bytes);
    for (const char *const *isa = nvfp4_isa_available(); *isa; isa++)
      for (int i = 0; i < 2; i++) {
        setenv("NVFP4_ISA", *isa, 1);
        args.b1 = form[i];
        assert_int_equal(nvfp4_dual_gemm(&args, workspace, bytes, NULL), NVFP4_OK);
        check_near(c, value, tolerance, (int64_t)M * N, (enum nvfp4_type)type, "dual");
        check_same(&same, c, (size_t)M * N * elem_bytes((enum nvfp4_type)type));
      }
    unsetenv("NVFP4_ISA");
    free(same.first);
    free(workspace);
    support_guarded_free(owned, packed_bytes);
    support_matrix_free(&a);
    support_matrix_free(&b1);
    support_matrix_free(&b2);
  }
}

static nvfp4_matrix matrix_of(const struct support_matrix *m, float tensor_scale) {
  return (nvfp4_matrix){m->rows, m->k, m->packed, m->scale, tensor_scale};
}

/* The simple forms give what the descriptor forms give. */
static void simple_forms_agree(void **state) {
  (void)state;
  enum { M = 45, N = 131, K = 1552 };
  struct support_matrix a = support_matrix_create(1, M, K, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
  struct support_matrix b = support_matrix_create(1, N, K, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
  struct support_matrix b2 = support_matrix_create(1, N, K, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
  struct support_matrix x = support_matrix_create(1, 1, K, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
  nvfp4_matrix ma = matrix_of(&a, 0.5f), mb = matrix_of(&b, 0.0f), mb2 = matrix_of(&b2, 3.0f),
               mx = matrix_of(&x, 0.7f);
  float *want = support_guarded(M * N * 4), *got = support_guarded(M * N * 4),
        *more = support_guarded(M * N * 4);
  a.operand.tensor_scale = 0.5f;
  b2.operand.tensor_scale = 3.0f;
  x.operand.tensor_scale = 0.7f;
  nvfp4_gemm_args gemm = {1, M, N, K, a.operand, b.operand, {want, 0, 0, NVFP4_FP32}};
  nvfp4_dual_args dual = {1, M, N, K, a.operand, b.operand, b2.operand, {want, 0, 0, NVFP4_FP32}};
  nvfp4_gemv_args gemv = {1, M, K, a.operand, x.operand, {want, 0, 0, NVFP4_FP32}};
  size_t bytes = nvfp4_dual_gemm_workspace_bytes(&dual, NULL);
  void *workspace = support_alloc(bytes);

  assert_int_equal(nvfp4_gemm(&gemm, workspace, bytes, NULL), NVFP4_OK);
  assert_int_equal(nvfp4_simple_gemm(&ma, &mb, got), NVFP4_OK);
  assert_memory_equal(want, got, M * N * 4);
  memset(got, 0, M * N * 4);
  float *const both[2] = {got, more};
  const nvfp4_matrix left[2] = {ma, mb}, right[2] = {mb, ma};
  assert_int_equal(nvfp4_simple_group_gemm(left, right, both, 2), NVFP4_OK);
  assert_memory_equal(want, got, M * N * 4);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++)
      assert_true(more[j * M + i] == want[i * N + j]);
  assert_int_equal(nvfp4_dual_gemm(&dual, workspace, bytes, NULL), NVFP4_OK);
  assert_int_equal(nvfp4_simple_dual_gemm(&ma, &mb, &mb2, got), NVFP4_OK);
  assert_memory_equal(want, got, M * N * 4);
  assert_int_equal(nvfp4_gemv(&gemv, workspace, bytes, NULL), NVFP4_OK);
  assert_int_equal(nvfp4_simple_gemv(&ma, &mx, got), NVFP4_OK);
  assert_memory_equal(want, got, M * 4);

  free(workspace);
  support_guarded_free(want, M * N * 4);
  support_guarded_free(got, M * N * 4);
  support_guarded_free(more, M * N * 4);
  support_matrix_free(&a);
  support_matrix_free(&b);
  support_matrix_free(&b2);
  support_matrix_free(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gemm_of_every_type),
                                     cmocka_unit_test(gemv_of_every_edge), cmocka_unit_test(gemv_spreads_nan),
                                     cmocka_unit_test(dual_of_every_type_and_form),
                                     cmocka_unit_test(simple_forms_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of nvfp4. The fast path of every instruction set this machine has, against the oracle:
 * bit for bit where sums are exact, within the tolerance elsewhere; the same bits for all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

/* One product with room around and between the rows of its result. */
struct fixture {
  struct support_matrix a, b;
  nvfp4_gemm_args args;
  unsigned char *c;
  size_t c_bytes;
  double *value, *tolerance;
  uint16_t *exact;
};

static struct fixture fixture_create(int64_t batch, int64_t m, int64_t n, int64_t k, enum support_kind kind,
                                     enum nvfp4_scale_layout layout, int64_t gap) {
  struct fixture f;
  size_t results = (size_t)(batch * m * n);
  int64_t row = 2 * n + 2 * gap, plane = m * row;
  f.a = support_matrix_create(batch, m, k, kind, layout, gap);
  f.b = support_matrix_create(batch, n, k, kind, layout, gap);
  f.c_bytes = (size_t)(batch * plane);
  f.c = support_guarded(f.c_bytes);
  f.value = support_alloc(results * sizeof *f.value);
  f.tolerance = support_alloc(results * sizeof *f.tolerance);
  f.exact = support_alloc(results * sizeof *f.exact);
  f.args = (nvfp4_gemm_args){batch, m, n, k, f.a.operand, f.b.operand, {f.c, row, plane, NVFP4_FP16}};
  nvfp4_gemm_args oracle = f.args;
  oracle.c = (nvfp4_result){f.exact, 0, 0, NVFP4_FP16};
  assert_int_equal(nvfp4_oracle_gemm(&oracle, 2), NVFP4_OK);
  assert_int_equal(nvfp4_oracle_gemm_bounded(&oracle, f.value, f.tolerance, 2), NVFP4_OK);
  return f;
}

static void fixture_free(struct fixture *f) {
  support_matrix_free(&f->a);
  support_matrix_free(&f->b);
  support_guarded_free(f->c, f->c_bytes);
  free(f->value);
  free(f->tolerance);
  free(f->exact);
}

/* Runs into f->c after filling it with `poison`, in a workspace of exactly the size asked for. */
static void run(struct fixture *f, unsigned threads, int poison) {
  const nvfp4_threads pool = {.count = threads};
  size_t bytes = nvfp4_gemm_workspace_bytes(&f->args, &pool);
  assert_true(bytes > 0);
  void *workspace = support_guarded(bytes);
  memset(f->c, poison, f->c_bytes);
  assert_int_equal(nvfp4_gemm(&f->args, workspace, bytes, &pool), NVFP4_OK);
  support_guarded_free(workspace, bytes);
}

static uint16_t result_at(const struct fixture *f, int64_t b, int64_t i, int64_t j) {
  uint16_t bits;
  memcpy(&bits, f->c + b * f->args.c.batch_stride_bytes + i * f->args.c.row_stride_bytes + 2 * j, 2);
  return bits;
}

static void check(const struct fixture *f, int exact) {
  const nvfp4_gemm_args *g = &f->args;
  for (int64_t b = 0; b < g->batch; b++)
    for (int64_t i = 0; i < g->m; i++)
      for (int64_t j = 0; j < g->n; j++) {
        int64_t at = (b * g->m + i) * g->n + j;
        uint16_t got = result_at(f, b, i, j);
        if (!(exact ? support_same(got, f->exact[at]) : support_within(got, f->value[at], f->tolerance[at])))
          fail_msg("%s m=%d n=%d k=%d, element %d,%d,%d: %04x is %g, want %04x, %g +- %g",
                   nvfp4_isa_selected(), (int)g->m, (int)g->n, (int)g->k, (int)b, (int)i, (int)j, got,
                   support_half(got), f->exact[at], f->value[at], f->tolerance[at]);
      }
}

/* Bytes between rows keep the poison. */
static void check_gaps(const struct fixture *f, unsigned char poison) {
  size_t used = (size_t)f->args.n * 2, row = (size_t)f->args.c.row_stride_bytes;
  for (int64_t b = 0; b < f->args.batch; b++) {
    const unsigned char *plane = f->c + b * f->args.c.batch_stride_bytes;
    for (size_t at = 0; at < (size_t)f->args.c.batch_stride_bytes; at++)
      if (at % row >= used)
        assert_int_equal(plane[at], poison);
  }
}

/* All instruction sets, 1 and 3 threads: each right, and all the same bits. */
static void check_all(int64_t batch, int64_t m, int64_t n, int64_t k, enum support_kind kind,
                      enum nvfp4_scale_layout layout, int64_t gap) {
  struct fixture f = fixture_create(batch, m, n, k, kind, layout, gap);
  unsigned char *first = NULL;
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++)
    for (unsigned threads = 1; threads <= 3; threads += 2) {
      setenv("NVFP4_ISA", *isa, 1);
      assert_string_equal(nvfp4_isa_selected(), *isa);
      run(&f, threads, 0xc3);
      check(&f, kind == SUPPORT_TASK);
      check_gaps(&f, 0xc3);
      if (!first) {
        first = malloc(f.c_bytes);
        assert_non_null(first);
        memcpy(first, f.c, f.c_bytes);
      }
      assert_memory_equal(first, f.c, f.c_bytes);
    }
  unsetenv("NVFP4_ISA");
  free(first);
  fixture_free(&f);
}

static void odd_shapes(void **state) {
  (void)state;
  const int64_t size[] = {1, 3, 17, 130}, k[] = {16, 48, 272};
  unsigned turn = 0;
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < 4; j++)
      for (size_t l = 0; l < 3; l++)
        for (int kind = SUPPORT_TASK; kind <= SUPPORT_EXTREME; kind++, turn++)
          check_all(1, size[i], size[j], k[l], (enum support_kind)kind,
                    turn % 2 ? NVFP4_SCALES_BLOCKED : NVFP4_SCALES_PLAIN, turn % 3);
}

/* Several chunks of k, several blocks of rows and columns, several batches. */
static void beyond_one_block(void **state) {
  (void)state;
  check_all(1, 9, 40, 1040, SUPPORT_TASK, NVFP4_SCALES_BLOCKED, 0);
  check_all(1, 9, 40, 1040, SUPPORT_WILD, NVFP4_SCALES_BLOCKED, 3);
  check_all(1, 5, 33, 8192 + 528, SUPPORT_MILD, NVFP4_SCALES_PLAIN, 0);
  check_all(1, 261, 20, 64, SUPPORT_TASK, NVFP4_SCALES_PLAIN, 1);
  check_all(3, 7, 530, 80, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 2);
}

/* Every number of rows of a panel and every rest of columns of one. */
static void every_edge(void **state) {
  (void)state;
  for (int64_t m = 1; m <= 9; m++)
    check_all(1, m, 35 - m, 32 + 16 * m, m % 2 ? SUPPORT_TASK : SUPPORT_WILD, NVFP4_SCALES_BLOCKED, 0);
  for (int64_t n = 1; n <= 33; n++)
    check_all(1, 2, n, 112, n % 2 ? SUPPORT_MILD : SUPPORT_TASK, NVFP4_SCALES_PLAIN, 0);
}

/* One NaN scale on each side, in every block in turn. */
static void nan_scales_spread_along_their_row_only(void **state) {
  (void)state;
  const int64_t m = 5, n = 34, k = 560;
  struct fixture f = fixture_create(1, m, n, k, SUPPORT_MILD, NVFP4_SCALES_BLOCKED, 0);
  for (int64_t block = 0; block < k / 16; block++) {
    int64_t row = block % m, column = n - 1 - block % 3;
    uint8_t *a = support_matrix_scale(&f.a, 0, row, block), *b = support_matrix_scale(&f.b, 0, column, block);
    uint8_t saved_a = *a, saved_b = *b;
    *a = 0x7f;
    *b = 0xff;
    assert_int_equal(nvfp4_oracle_gemm_bounded(&f.args, f.value, f.tolerance, 1), NVFP4_OK);
    for (const char *const *isa = nvfp4_isa_available(); *isa; isa++) {
      setenv("NVFP4_ISA", *isa, 1);
      run(&f, 1, 0);
      check(&f, 0);
      for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
          uint16_t bits = result_at(&f, 0, i, j);
          assert_int_equal((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0, i == row || j == column);
        }
    }
    *a = saved_a;
    *b = saved_b;
  }
  unsetenv("NVFP4_ISA");
  fixture_free(&f);
}

static void gemv_is_the_oracles(void **state) {
  (void)state;
  const int64_t batch = 2, m = 77, k = 2080;
  struct support_matrix a = support_matrix_create(batch, m, k, SUPPORT_TASK, NVFP4_SCALES_BLOCKED, 0);
  struct support_matrix b = support_matrix_create(batch, 1, k, SUPPORT_TASK, NVFP4_SCALES_BLOCKED, 0);
  uint16_t want[2 * 77], got[2 * 80];
  nvfp4_gemv_args args = {batch, m, k, a.operand, b.operand, {want, 0, 0, NVFP4_FP16}};
  assert_int_equal(nvfp4_oracle_gemv(&args, 1), NVFP4_OK);
  args.c = (nvfp4_result){got, 0, 160, NVFP4_FP16};
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++) {
    setenv("NVFP4_ISA", *isa, 1);
    size_t bytes = nvfp4_gemv_workspace_bytes(&args, &(nvfp4_threads){.count = 2});
    void *workspace = support_alloc(bytes);
    memset(got, 0xff, sizeof got);
    assert_int_equal(nvfp4_gemv(&args, workspace, bytes, &(nvfp4_threads){.count = 2}), NVFP4_OK);
    for (int64_t l = 0; l < batch; l++)
      for (int64_t i = 0; i < m; i++)
        assert_true(support_same(got[l * 80 + i], want[l * m + i]));
    free(workspace);
  }
  unsetenv("NVFP4_ISA");
  support_matrix_free(&a);
  support_matrix_free(&b);
}

static void dual_is_within_tolerance(void **state) {
  (void)state;
  const int64_t m = 20, n = 70, k = 560;
  double value[20 * 70], tolerance[20 * 70];
  uint16_t c[20 * 70];
  for (int kind = SUPPORT_TASK; kind <= SUPPORT_EXTREME; kind++) {
    struct support_matrix a =
        support_matrix_create(1, m, k, (enum support_kind)kind, NVFP4_SCALES_BLOCKED, 0);
    struct support_matrix b1 =
        support_matrix_create(1, n, k, (enum support_kind)kind, NVFP4_SCALES_BLOCKED, 0);
    struct support_matrix b2 = support_matrix_create(1, n, k, (enum support_kind)kind, NVFP4_SCALES_PLAIN, 3);
    nvfp4_dual_args args = {1, m, n, k, a.operand, b1.operand, b2.operand, {c, 0, 0, NVFP4_FP16}};
    assert_int_equal(nvfp4_oracle_dual_gemm_bounded(&args, value, tolerance, 2), NVFP4_OK);
    for (const char *const *isa = nvfp4_isa_available(); *isa; isa++) {
      setenv("NVFP4_ISA", *isa, 1);
      size_t bytes = nvfp4_dual_gemm_workspace_bytes(&args, &(nvfp4_threads){.count = 2});
      void *workspace = support_alloc(bytes);
      memset(c, 0xff, sizeof c);
      assert_int_equal(nvfp4_dual_gemm(&args, workspace, bytes, &(nvfp4_threads){.count = 2}), NVFP4_OK);
      for (int64_t i = 0; i < m * n; i++)
        assert_true(support_within(c[i], value[i], tolerance[i]));
      free(workspace);
    }
    support_matrix_free(&a);
    support_matrix_free(&b1);
    support_matrix_free(&b2);
  }
  unsetenv("NVFP4_ISA");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_shapes),          cmocka_unit_test(beyond_one_block),
      cmocka_unit_test(every_edge),          cmocka_unit_test(nan_scales_spread_along_their_row_only),
      cmocka_unit_test(gemv_is_the_oracles), cmocka_unit_test(dual_is_within_tolerance)};
  for (const char *const *isa = nvfp4_isa_available(); *isa; isa++)
    printf("instruction set under test: %s\n", *isa);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

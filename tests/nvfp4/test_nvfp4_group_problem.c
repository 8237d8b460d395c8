/* Room: tests of nvfp4. The problem module of nvfp4_group_gemm, compiled into this test: its inputs,
 * its expected results on all ten test shapes of the task, its roofline against the task's own. */
#include "../../challenges/nvfp4_group_gemm/problem.c"

#include <math.h>
#include <stdio.h>

#include "nvfp4_support.h"

#define MAX_GROUPS 8

/* The task's test shapes: m, n, k of each group. */
static const int64_t test_shape[10][MAX_GROUPS][3] = {
    {{96, 128, 256}, {128, 256, 512}},
    {{256, 512, 256}, {72, 384, 256}},
    {{128, 128, 512}, {128, 256, 256}},
    {{80, 384, 256}, {128, 256, 512}, {256, 128, 256}},
    {{64, 128, 512}, {72, 384, 512}, {96, 512, 256}},
    {{64, 768, 256}, {256, 128, 512}, {128, 256, 256}},
    {{128, 256, 768}, {128, 512, 256}, {64, 512, 768}},
    {{128, 128, 512}, {128, 128, 256}, {128, 128, 512}, {128, 128, 256}},
    {{40, 512, 256}, {56, 384, 256}, {384, 256, 256}, {512, 128, 256}},
    {{512, 256, 512}, {384, 256, 768}, {256, 256, 512}, {128, 256, 768}}};

struct instance {
  sk_case c;
  sk_tensor in[MAX_GROUPS][4], out[MAX_GROUPS][1];
  sk_problem problem[MAX_GROUPS];
};

static size_t tensor_bytes(const sk_tensor *t) {
  return (size_t)(t->stride[0] * t->dim[0]);
}

static void instance_create(struct instance *x, const int64_t (*shape)[3], uint32_t groups) {
  x->c = (sk_case){groups, 3, &shape[0][0]};
  for (uint32_t p = 0; p < groups; p++) {
    assert_int_equal(sk_problem_layout(&x->c, p, x->in[p], x->out[p]), 0);
    for (int t = 0; t < 4; t++) {
      assert_null(x->in[p][t].data);
      x->in[p][t].data = support_alloc(tensor_bytes(&x->in[p][t]));
    }
    x->problem[p] = (sk_problem){shape[p], x->in[p], x->out[p]};
  }
}

static void instance_free(struct instance *x) {
  for (uint32_t p = 0; p < x->c.n_problems; p++)
    for (int t = 0; t < 4; t++)
      free(x->in[p][t].data);
}

static uint32_t groups_of(const int64_t (*shape)[3]) {
  uint32_t groups = 0;
  while (groups < MAX_GROUPS && shape[groups][0] > 0)
    groups++;
  return groups;
}

static void layout(void **state) {
  (void)state;
  const int64_t sizes[3] = {130, 40, 272};
  sk_case c = {1, 3, sizes};
  sk_tensor in[4], out[1];
  assert_int_equal(sk_problem_layout(&c, 0, in, out), 0);
  assert_true(in[0].type == SK_E2M1X2 && in[0].rank == 2 && in[0].dim[0] == 130 && in[0].dim[1] == 136);
  assert_true(in[1].dim[0] == 40 && in[1].stride[0] == 136 && in[1].stride[1] == 1);
  assert_true(in[2].type == SK_E4M3 && in[2].rank == 5 && in[2].dim[0] == 2 && in[2].dim[1] == 5);
  assert_true(in[2].dim[2] == 32 && in[2].dim[3] == 4 && in[2].dim[4] == 4);
  assert_true(in[2].stride[0] == 5 * 512 && in[2].stride[1] == 512 && in[2].stride[4] == 1);
  assert_true(in[3].dim[0] == 1 && in[3].dim[1] == 5);
  assert_true(out[0].type == SK_F16 && out[0].dim[1] == 40 && out[0].stride[0] == 80 &&
              out[0].stride[1] == 2);
  const int64_t bad[][3] = {{0, 1, 16}, {1, 0, 16}, {1, 1, 8}, {1, 1, 24}, {1, 1, -16}, {-1, 1, 16}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    c.sizes = bad[i];
    assert_true(sk_problem_layout(&c, 0, in, out) != 0);
    sk_work work;
    assert_true(sk_problem_roofline(&c, &work) != 0);
  }
  c.sizes = sizes;
  c.n_sizes = 2;
  assert_true(sk_problem_layout(&c, 0, in, out) != 0);
}

static void generate_repeats_and_differs(void **state) {
  (void)state;
  const int64_t shape[2][3] = {{20, 33, 80}, {20, 33, 80}};
  struct instance x, y;
  uint32_t family = 0;
  instance_create(&x, shape, 2);
  instance_create(&y, shape, 2);
  for (; sk_problem_families[family]; family++) {
    assert_int_equal(sk_problem_generate(&x.c, 5, family, x.problem), 0);
    assert_int_equal(sk_problem_generate(&y.c, 5, family, y.problem), 0);
    for (int p = 0; p < 2; p++)
      for (int t = 0; t < 4; t++)
        assert_memory_equal(x.in[p][t].data, y.in[p][t].data, tensor_bytes(&x.in[p][t]));
    assert_memory_not_equal(x.in[0][2].data, x.in[1][2].data, tensor_bytes(&x.in[0][2]));
    assert_int_equal(sk_problem_generate(&y.c, 6, family, y.problem), 0);
    assert_memory_not_equal(x.in[0][3].data, y.in[0][3].data, tensor_bytes(&x.in[0][3]));
  }
  assert_int_equal(family, FAMILIES);
  assert_true(sk_problem_generate(&x.c, 5, family, x.problem) != 0);
  instance_free(&x);
  instance_free(&y);
}

/* Scales are finite and not negative wherever they count, padding takes all values. */
static void generate_keeps_its_ranges(void **state) {
  (void)state;
  const int64_t shape[1][3] = {{37, 5, 1040}};
  struct instance x;
  instance_create(&x, shape, 1);
  for (uint32_t family = 0; family < FAMILIES; family++) {
    assert_int_equal(sk_problem_generate(&x.c, 9 + family, family, x.problem), 0);
    const uint8_t *a = x.in[0][0].data;
    for (int64_t i = 0; i < 37 * 520; i++) {
      if (family == TASK)
        assert_int_equal(a[i] & 0x44, 0);
      if (family == ZEROS)
        assert_int_equal(a[i] & 0x77, 0);
    }
    for (int t = 2; t < 4; t++) {
      const uint8_t *scale = x.in[0][t].data;
      unsigned char padding[256] = {0};
      int64_t rows = shape[0][t - 2], values = 0;
      for (int64_t i = 0; i < 128; i++)
        for (int64_t j = 0; j < 68; j++) {
          uint8_t code = scale[nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, 128, 1040, i, j, 0)];
          if (i >= rows || j >= 65)
            padding[code] = 1;
          else if (family == TASK)
            assert_true(code == 0x38 || code == 0x40);
          else
            assert_true(code <= 0x7e);
        }
      for (int v = 0; v < 256; v++)
        values += padding[v];
      assert_true(values > 250);
    }
  }
  instance_free(&x);
}

/* The module's own expected results for a family against what the fast path returns. */
static void check_family(struct instance *x, uint32_t family, uint32_t threads) {
  sk_reference reference[MAX_GROUPS] = {{NULL, NULL}};
  assert_int_equal(sk_problem_generate(&x->c, 77 + family, family, x->problem), 0);
  int exact = sk_problem_numerics(&x->c, family) == SK_EXACT;
  assert_int_equal(exact, family == TASK);
  for (uint32_t p = 0; p < x->c.n_problems; p++) {
    size_t results = (size_t)(x->problem[p].size[0] * x->problem[p].size[1]);
    reference[p].value = support_alloc(results * (exact ? 2 : 8));
    reference[p].tolerance = exact ? NULL : support_alloc(results * 8);
  }
  assert_int_equal(sk_problem_expect(&x->c, family, x->problem, threads, reference), 0);
  for (uint32_t p = 0; p < x->c.n_problems; p++) {
    const int64_t *size = x->problem[p].size;
    size_t results = (size_t)(size[0] * size[1]), finite = 0;
    uint16_t *c = support_alloc(results * 2);
    nvfp4_gemm_args args = {1,
                            size[0],
                            size[1],
                            size[2],
                            {.packed = x->in[p][0].data, .scale = x->in[p][2].data, .scale_layout = 1},
                            {.packed = x->in[p][1].data, .scale = x->in[p][3].data, .scale_layout = 1},
                            {c, 0, 0}};
    if (exact) { /* the module used the fast path: ask the oracle */
      assert_int_equal(nvfp4_oracle_gemm(&args, threads), NVFP4_OK);
      for (size_t i = 0; i < results; i++)
        assert_true(support_same(c[i], ((uint16_t *)reference[p].value)[i]));
    } else { /* it used the oracle: ask the fast path */
      size_t bytes = nvfp4_gemm_workspace_bytes(&args, threads);
      void *workspace = support_alloc(bytes);
      assert_int_equal(nvfp4_gemm(&args, workspace, bytes, threads), NVFP4_OK);
      for (size_t i = 0; i < results; i++) {
        assert_true(support_within(c[i], ((double *)reference[p].value)[i], reference[p].tolerance[i]));
        finite += fabs(((double *)reference[p].value)[i]) < 65504.0;
      }
      if (family != FULL && family != EQUAL)
        assert_int_equal(finite, results);
      free(workspace);
    }
    free(c);
    free(reference[p].value);
    free(reference[p].tolerance);
  }
}

static void every_family(void **state) {
  (void)state;
  const int64_t shape[3][3] = {{40, 65, 272}, {1, 130, 16}, {130, 7, 1072}};
  struct instance x;
  instance_create(&x, shape, 3);
  for (uint32_t family = 0; family < FAMILIES; family++)
    check_family(&x, family, 2);
  instance_free(&x);
}

static void every_test_shape_of_the_task(void **state) {
  (void)state;
  for (int s = 0; s < 10; s++) {
    struct instance x;
    instance_create(&x, test_shape[s], groups_of(test_shape[s]));
    check_family(&x, TASK, 2);
    instance_free(&x);
  }
}

/* NVFP4.md's table: microseconds at 7.68 TB/s and 6.90 PFLOP/s, all bound by bytes. */
static void roofline_is_the_tasks(void **state) {
  (void)state;
  static const int64_t bench[4][MAX_GROUPS][3] = {{{80, 4096, 7168},
                                                   {176, 4096, 7168},
                                                   {128, 4096, 7168},
                                                   {72, 4096, 7168},
                                                   {64, 4096, 7168},
                                                   {248, 4096, 7168},
                                                   {96, 4096, 7168},
                                                   {160, 4096, 7168}},
                                                  {{40, 7168, 2048},
                                                   {76, 7168, 2048},
                                                   {168, 7168, 2048},
                                                   {72, 7168, 2048},
                                                   {164, 7168, 2048},
                                                   {148, 7168, 2048},
                                                   {196, 7168, 2048},
                                                   {160, 7168, 2048}},
                                                  {{192, 3072, 4096}, {320, 3072, 4096}},
                                                  {{128, 4096, 1536}, {384, 4096, 1536}}};
  const double microseconds[4] = {18.833, 10.667, 2.406, 1.525};
  for (int s = 0; s < 4; s++) {
    sk_case c = {groups_of(bench[s]), 3, &bench[s][0][0]};
    sk_work work;
    assert_int_equal(sk_problem_roofline(&c, &work), 0);
    double bytes_us = work.bytes / 7.68e12 * 1e6, operations_us = work.operations / 6.90e15 * 1e6;
    printf("shape %d: bytes %.3f us, operations %.3f us, the task says %.3f us\n", s, bytes_us, operations_us,
           microseconds[s]);
    assert_true(fabs(fmax(bytes_us, operations_us) / microseconds[s] - 1) < 0.01);
    assert_true(bytes_us > operations_us);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layout),
                                     cmocka_unit_test(generate_repeats_and_differs),
                                     cmocka_unit_test(generate_keeps_its_ranges),
                                     cmocka_unit_test(every_family),
                                     cmocka_unit_test(every_test_shape_of_the_task),
                                     cmocka_unit_test(roofline_is_the_tasks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of nvfp4. */
#include "nvfp4_problem.h"

#include <sharktank/problem_nvfp4.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t problem_tensor_bytes(const sk_tensor *t) {
  return (size_t)(t->stride[0] * t->dim[0]);
}

uint32_t problem_families(const struct problem_module *m) {
  uint32_t n = 0;
  while (m->families[n])
    n++;
  return n;
}

void problem_open(struct problem_instance *x, const struct problem_module *m, const int64_t (*shape)[3],
                  uint32_t groups) {
  memset(x, 0, sizeof *x);
  x->module = m;
  memcpy(x->sizes, shape, groups * sizeof *shape);
  x->c = (sk_case){groups, 3, &x->sizes[0][0]};
  for (uint32_t p = 0; p < groups; p++) {
    assert_int_equal(m->layout(&x->c, p, x->in[p], x->out[p]), 0);
    for (uint32_t t = 0; t < m->n_in; t++) {
      assert_null(x->in[p][t].data);
      x->in[p][t].data = support_alloc(problem_tensor_bytes(&x->in[p][t]));
    }
    x->problem[p] = (sk_problem){x->sizes[p], x->in[p], x->out[p]};
  }
}

void problem_close(struct problem_instance *x) {
  for (uint32_t p = 0; p < x->c.n_problems; p++)
    for (uint32_t t = 0; t < x->module->n_in; t++)
      free(x->in[p][t].data);
}

double problem_dot(const uint8_t *a, const uint8_t *sfa, int64_t i, const uint8_t *b, const uint8_t *sfb,
                   int64_t j, int64_t k, double *in_fp32) {
  double sum = 0.0;
  float sum32 = 0.0f;
  for (int64_t q = 0; q < k / 16; q++) {
    const uint8_t *x = a + i * (k / 2) + q * 8, *y = b + j * (k / 2) + q * 8;
    double scale = support_e4m3_value(sfa[nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, i + 1, k, i, q, 0)]) *
                   support_e4m3_value(sfb[nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, j + 1, k, j, q, 0)]);
    double block = 0.0;
    for (int e = 0; e < 16; e++)
      block += support_e2m1[x[e / 2] >> 4 * (e & 1) & 15] * support_e2m1[y[e / 2] >> 4 * (e & 1) & 15];
    sum += scale * block;
    sum32 += (float)(scale * block);
  }
  *in_fp32 = (double)sum32;
  return sum;
}

void problem_refuses(const struct problem_module *m, const int64_t (*bad)[3], size_t n) {
  sk_tensor in[PROBLEM_INPUTS], out[1];
  sk_work work;
  for (size_t i = 0; i < n; i++) {
    sk_case c = {1, 3, bad[i]};
    assert_true(m->layout(&c, 0, in, out) != 0);
    assert_true(m->roofline(&c, &work) != 0);
  }
  const int64_t good[3] = {16, 16, 16};
  sk_case c = {1, 3, good};
  assert_int_equal(m->layout(&c, 0, in, out), 0);
  assert_true(m->layout(&c, 1, in, out) != 0);
  c.n_sizes = 2;
  assert_true(m->layout(&c, 0, in, out) != 0);
}

void problem_repeats_and_differs(const struct problem_module *m, const int64_t shape[3]) {
  const int64_t twice[2][3] = {{shape[0], shape[1], shape[2]}, {shape[0], shape[1], shape[2]}};
  struct problem_instance x, y;
  problem_open(&x, m, twice, 2);
  problem_open(&y, m, twice, 2);
  for (uint32_t family = 0; family < problem_families(m); family++) {
    assert_int_equal(m->generate(&x.c, 5, family, x.problem), 0);
    assert_int_equal(m->generate(&y.c, 5, family, y.problem), 0);
    for (uint32_t p = 0; p < 2; p++)
      for (uint32_t t = 0; t < m->n_in; t++)
        assert_memory_equal(x.in[p][t].data, y.in[p][t].data, problem_tensor_bytes(&x.in[p][t]));
    assert_int_equal(m->generate(&y.c, 6, family, y.problem), 0);
    for (uint32_t t = m->n_in / 2; t < m->n_in; t++) { /* scales: their padding always shows a difference */
      size_t bytes = problem_tensor_bytes(&x.in[0][t]);
      assert_memory_not_equal(x.in[0][t].data, x.in[1][t].data, bytes);
      assert_memory_not_equal(x.in[0][t].data, y.in[0][t].data, bytes);
      if (t > m->n_in / 2 && problem_tensor_bytes(&x.in[0][t - 1]) == bytes)
        assert_memory_not_equal(x.in[0][t].data, x.in[0][t - 1].data, bytes);
    }
  }
  assert_true(m->generate(&x.c, 5, problem_families(m), x.problem) != 0);
  problem_close(&x);
  problem_close(&y);
}

uint64_t problem_inputs_hash(const struct problem_module *m, const int64_t (*shape)[3], uint32_t groups) {
  struct problem_instance x;
  uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
  problem_open(&x, m, shape, groups);
  for (uint32_t family = 0; family < SK_NVFP4_OUTLIERS; family++) { /* what came later is not hashed */
    assert_int_equal(m->generate(&x.c, 20260101, family, x.problem), 0);
    for (uint32_t p = 0; p < groups; p++)
      for (uint32_t t = 0; t < m->n_in; t++) {
        const uint8_t *bytes = x.in[p][t].data;
        for (size_t i = 0; i < problem_tensor_bytes(&x.in[p][t]); i++)
          hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
      }
  }
  problem_close(&x);
  return hash;
}

void problem_keeps_ranges(const struct problem_module *m, const int64_t shape[3],
                          int (*counts)(const int64_t *sizes, uint32_t t, int64_t at),
                          int (*task_code)(unsigned code), uint8_t task_mask) {
  struct problem_instance x;
  const int64_t one[1][3] = {{shape[0], shape[1], shape[2]}};
  problem_open(&x, m, one, 1);
  for (uint32_t family = 0; family < problem_families(m); family++) {
    assert_int_equal(m->generate(&x.c, 9 + family, family, x.problem), 0);
    for (uint32_t t = 0; t < m->n_in; t++) {
      const uint8_t *bytes = x.in[0][t].data;
      unsigned char padding[256] = {0}, seen[256] = {0};
      int values = 0, task_values = 0;
      for (int64_t at = 0; at < (int64_t)problem_tensor_bytes(&x.in[0][t]); at++) {
        if (!counts(x.sizes[0], t, at))
          padding[bytes[at]] = 1;
        else if (t < m->n_in / 2)
          assert_true(family != 0 || (bytes[at] & ~task_mask) == 0);
        else
          assert_true(family == 0 ? task_code(bytes[at]) : bytes[at] <= 0x7e);
        seen[bytes[at]] |= counts(x.sizes[0], t, at) != 0;
      }
      for (unsigned v = 0; v < 256; v++) {
        values += padding[v];
        task_values +=
            t < m->n_in / 2 ? (v & ~(unsigned)task_mask) == 0 && !seen[v] : task_code(v) && !seen[v];
      }
      assert_true(t < m->n_in / 2 || values > 250);
      if (family == 0 && t == 0)
        assert_int_equal(task_values, 0); /* every byte of the mask occurs */
      if (family == 0 && t == m->n_in / 2)
        assert_int_equal(task_values, 0); /* and every scale */
    }
  }
  problem_close(&x);
}

/* One element of a reference against the definition. */
static void check_element(const struct problem_module *m, const sk_problem *p, const sk_reference *r,
                          int exact, int64_t e) {
  double in_fp32, want = m->value(p, e, &in_fp32);
  if (exact) {
    uint16_t got = ((const uint16_t *)r->value)[e];
    if (!support_same(got, nvfp4_fp16_from_double(want)))
      fail_msg("element %lld is %g, wanted %g", (long long)e, support_half(got), want);
    assert_true(support_same(got, nvfp4_fp16_from_double(in_fp32))); /* exact in fp32, as promised */
    return;
  }
  double value = ((const double *)r->value)[e], tolerance = r->tolerance[e];
  if (!(fabs(value - want) <= 1e-12 * fabs(want)))
    fail_msg("element %lld is %.17g, wanted %.17g", (long long)e, value, want);
  assert_true(tolerance >= 0x1p-24 && isfinite(tolerance));
  assert_true(support_within(nvfp4_fp16_from_double(want), value, tolerance));
  assert_true(support_within(nvfp4_fp16_from_double(in_fp32), value, tolerance));
}

void problem_expects(const struct problem_module *m, const int64_t (*shape)[3], uint32_t groups,
                     uint32_t family, int exact) {
  struct problem_instance x;
  sk_reference reference[PROBLEM_GROUPS] = {{NULL, NULL}};
  problem_open(&x, m, shape, groups);
  assert_int_equal(m->generate(&x.c, 77 + family, family, x.problem), 0);
  assert_int_equal(m->numerics(&x.c, family) == SK_EXACT, exact);
  for (uint32_t p = 0; p < groups; p++) {
    size_t results = (size_t)(x.out[p][0].dim[0] * x.out[p][0].dim[1]);
    reference[p].value = support_alloc(results * (exact ? 2 : 8));
    reference[p].tolerance = exact ? NULL : support_alloc(results * 8);
  }
  assert_int_equal(m->expect(&x.c, family, x.problem, 2, reference), 0);
  for (uint32_t p = 0; p < groups; p++) {
    for (int64_t e = 0; e < x.out[p][0].dim[0] * x.out[p][0].dim[1]; e++)
      check_element(m, &x.problem[p], &reference[p], exact, e);
    free(reference[p].value);
    free(reference[p].tolerance);
  }
  problem_close(&x);
}

void problem_speed_of_light(const struct problem_module *m, const int64_t (*shape)[3], uint32_t groups,
                            double microseconds, int bytes_bind) {
  sk_case c = {groups, 3, &shape[0][0]};
  sk_work work;
  assert_int_equal(m->roofline(&c, &work), 0);
  double bytes_us = work.bytes / 7.68e12 * 1e6, operations_us = work.operations / 6.90e15 * 1e6;
  printf("bytes %.3f us, operations %.3f us, the task says %.3f us\n", bytes_us, operations_us, microseconds);
  assert_true(fabs(fmax(bytes_us, operations_us) / microseconds - 1) < 0.0005);
  assert_int_equal(bytes_us > operations_us, bytes_bind);
}

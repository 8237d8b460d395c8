/* Room: bench. Nobody times a wrong kernel: our results against the exact oracle on a few rows, peers'
 * against ours everywhere. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench_nvfp4.h"

const struct bench_peer *const bench_peer_list[BENCH_PEERS] = {&bench_openblas, &bench_onednn, &bench_ggml};

enum { SAMPLE_ROWS = 16 };

/* A few rows of a, spread from the first to the last, gathered as a small matrix with plain scales. */
struct sample {
  int64_t rows, row[SAMPLE_ROWS];
  uint8_t *packed, *scale;
};

static int sample_create(const struct bench_data *d, const struct bench_product *p, struct sample *s) {
  int64_t want = d->shape->problem == BENCH_GEMV ? SAMPLE_ROWS : d->n_products > 2 ? 1 : 2, k = p->k;
  s->rows = want < p->m ? want : p->m;
  s->packed = malloc((size_t)(s->rows * k / 2));
  s->scale = malloc((size_t)(s->rows * k / 16));
  if (!s->packed || !s->scale)
    return 0;
  const uint8_t *packed = bench_data_packed(p->a, p->a_index), *scale = bench_data_scale(d, p->a, p->a_index);
  for (int64_t i = 0; i < s->rows; i++) {
    int64_t row = s->row[i] = s->rows == 1 ? p->m / 2 : i * (p->m - 1) / (s->rows - 1);
    memcpy(s->packed + i * (k / 2), packed + row * (k / 2), (size_t)(k / 2));
    for (int64_t j = 0; j < k / 16; j++)
      s->scale[i * (k / 16) + j] = scale[nvfp4_scale_offset(d->layout, p->m, k, row, j, 0)];
  }
  return 1;
}

static nvfp4_operand plain_operand(const struct sample *s) {
  return (nvfp4_operand){.packed = s->packed, .scale = s->scale};
}

static nvfp4_operand full_operand(const struct bench_data *d, const struct bench_matrix *x, int64_t index) {
  return (nvfp4_operand){.packed = bench_data_packed(x, index),
                         .scale = bench_data_scale(d, x, index),
                         .scale_layout = d->layout};
}

static enum nvfp4_status oracle(const struct bench_data *d, const struct bench_product *p,
                                const struct sample *s, double *value, double *tolerance) {
  nvfp4_result c = {.type = NVFP4_FP16};
  if (d->shape->problem == BENCH_DUAL_GEMM) {
    nvfp4_dual_args args = {.batch = 1,
                            .m = s->rows,
                            .n = p->n,
                            .k = p->k,
                            .a = plain_operand(s),
                            .b1 = full_operand(d, p->b, p->b_index),
                            .b2 = full_operand(d, p[1].b, p[1].b_index),
                            .c = c};
    return nvfp4_oracle_dual_gemm_bounded(&args, value, tolerance, 1);
  }
  nvfp4_gemm_args args = {.batch = 1,
                          .m = s->rows,
                          .n = p->n,
                          .k = p->k,
                          .a = plain_operand(s),
                          .b = full_operand(d, p->b, p->b_index),
                          .c = c};
  return nvfp4_oracle_gemm_bounded(&args, value, tolerance, 1);
}

/* On the tasks' own inputs all but dual GEMM must be exact; elsewhere the oracle's bound holds. Where
 * either is infinite in fp16, both must be, or the finite one near the edge. */
static int right(uint16_t got, double value, double tolerance, int exact) {
  if (exact)
    return nvfp4_fp16_to_float(got) == nvfp4_fp16_to_float(nvfp4_fp16_from_double(value));
  double x = (double)nvfp4_fp16_to_float(got);
  if (isnan(x) || isnan(value))
    return isnan(x) && isnan(value);
  if (isinf(x))
    return copysign(1.0, x) * value + tolerance >= 65520.0;
  return fabs(x - value) <= tolerance;
}

static enum status check_product(const struct bench_data *d, size_t index, int wide, struct error *e) {
  const struct bench_product *p = &d->product[index];
  struct sample s = {0};
  enum status st = sample_create(d, p, &s) ? ST_OK : error_set(e, ST_MEMORY, "no memory to check");
  double *value = malloc((size_t)(s.rows * p->n) * sizeof *value),
         *tolerance = malloc((size_t)(s.rows * p->n) * sizeof *tolerance);
  if (st == ST_OK && (!value || !tolerance))
    st = error_set(e, ST_MEMORY, "no memory to check");
  enum nvfp4_status o = st == ST_OK ? oracle(d, p, &s, value, tolerance) : NVFP4_OK;
  if (o != NVFP4_OK)
    st = error_set(e, ST_INTERNAL, "the oracle refuses %s: %s", d->shape->name, nvfp4_status_text(o));
  for (int64_t i = 0; st == ST_OK && i < s.rows; i++)
    for (int64_t j = 0; st == ST_OK && j < p->n; j++) {
      uint16_t got = d->c[index][s.row[i] * p->n + j];
      double want = value[i * p->n + j];
      if (!right(got, want, tolerance[i * p->n + j], !wide && d->shape->problem != BENCH_DUAL_GEMM))
        st = error_set(
            e, ST_INTERNAL, "libnvfp4 is wrong on %s: product %zu, row %lld, column %lld is %g, must be %g",
            d->shape->name, index, (long long)s.row[i], (long long)j, (double)nvfp4_fp16_to_float(got), want);
    }
  free(value);
  free(tolerance);
  free(s.packed);
  free(s.scale);
  return st;
}

enum status bench_check_oracle(const struct bench_data *d, int wide, struct error *e) {
  enum status st = ST_OK;
  for (size_t i = 0; st == ST_OK && i < d->n_results; i++)
    st = check_product(d, i, wide, e);
  return st;
}

/* One result of the peer's, and by how much it may differ from ours: its products may be off by `d` each
 * (dual: p and q; silu is nowhere steeper than 1.1). */
struct expected {
  double value, allowed;
};

static struct expected peer_expects(const struct bench_peer_result *r, const double *d, int dual, int64_t i,
                                    int64_t j) {
  double p = (double)r[0].data[i * r[0].row_elems + j * r[0].column_elems];
  if (!dual)
    return (struct expected){p, d[0]};
  double q = (double)r[1].data[i * r[1].row_elems + j * r[1].column_elems], silu = p / (1 + exp(-p));
  return (struct expected){silu * q, fabs(silu) * d[1] + 1.1 * d[0] * (fabs(q) + d[1])};
}

static double root_mean_square(const struct bench_peer_result *r, int64_t m, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double x = (double)r->data[i * r->row_elems + j * r->column_elems];
      sum += x * x;
    }
  return sqrt(sum / (double)(m * n));
}

static enum status check_peer_result(const struct bench_data *d, const struct bench_peer *peer, size_t g,
                                     const struct bench_peer_result *r, int dual, struct error *e) {
  const struct bench_product *p = &d->product[g];
  double off[2] = {0, 0};
  for (int i = 0; i <= dual; i++)
    off[i] = peer->tolerance * root_mean_square(&r[i], p->m, p->n);
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      double ours = (double)nvfp4_fp16_to_float(d->c[g][i * p->n + j]);
      struct expected x = peer_expects(r, off, dual, i, j);
      /* what fp16 cannot hold is left out, as peers give fp32; 1e-3: our rounding to fp16 */
      if (isfinite(ours) && !(fabs(ours - x.value) <= x.allowed + 1e-3 * fabs(ours)))
        return error_set(e, ST_INTERNAL,
                         "%s disagrees on %s: product %zu, row %lld, column %lld is %g, ours %g", peer->name,
                         d->shape->name, g, (long long)i, (long long)j, x.value, ours);
    }
  return ST_OK;
}

enum status bench_check_peer(const struct bench_data *d, const struct bench_peer *peer, const void *state,
                             struct error *e) {
  int dual = d->shape->problem == BENCH_DUAL_GEMM;
  enum status st = ST_OK;
  for (size_t g = 0; st == ST_OK && g < d->n_results; g++) {
    struct bench_peer_result r[2] = {peer->result(state, g), {0}};
    if (dual)
      r[1] = peer->result(state, 1);
    st = check_peer_result(d, peer, g, r, dual, e);
  }
  return st;
}

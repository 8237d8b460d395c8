/* Room: nvfp4. The exact oracle: int64 sums in units of 2^-20, as nvfp4.h derives. Shares no code
 * with the fast path but the checked descriptors. May include base/ and nvfp4.h only.
 *
 * Work is cut into tiles of 16 x 16 results; a tile decodes its rows 256 elements at a time into
 * int16 on the stack, so nothing is allocated and each element is decoded once per 16 uses. */
#include "nvfp4/nvfp4_oracle.h"

#include <string.h>

#include "nvfp4/nvfp4_bits.h"
#include "nvfp4/nvfp4_parallel.h"

#define TILE      16
#define CHUNK     16 /* blocks */
#define SCALE_NAN INT32_MIN

/* TILE rows of one operand, CHUNK blocks of each. */
struct rows {
  int16_t element[TILE][CHUNK][NVFP4_BLOCK]; /* doubled: units of 2^-1 */
  int32_t scale[TILE][CHUNK];                /* units of 2^-9 */
  unsigned char nan[TILE];                   /* a NaN scale was met in this row, in any chunk */
};

struct tile {
  struct rows a, b;
  int64_t sum[TILE][TILE], magnitude[TILE][TILE];
  struct nvfp4_sum result[2][TILE][TILE];
};

struct oracle {
  const struct nvfp4_jobs *jobs;
  enum nvfp4_check_result with;
  nvfp4_combine combine;
  double *const *value, *const *tolerance;
  struct nvfp4_cursor cursor[NVFP4_MAX_THREADS];
};

/* An e4m3 code in units of 2^-9, its smallest subnormal: at most 448 * 512 = 229376. */
static int32_t scale_units(unsigned code) {
  int32_t exponent = (int32_t)(code >> 3 & 15u), mantissa = (int32_t)(code & 7u);
  if ((code & 0x7fu) == 0x7fu)
    return SCALE_NAN;
  int32_t units = exponent == 0 ? mantissa : (8 + mantissa) << (exponent - 1);
  return code & 0x80u ? -units : units;
}

static void decode_rows(const struct nvfp4_source *s, int64_t b, int64_t row, int rows, int64_t block,
                        int blocks, struct rows *out) {
  static const int16_t doubled[16] = {NVFP4_E2M1_DOUBLED};
  for (int r = 0; r < rows; r++) {
    const uint8_t *packed =
        s->packed + b * s->batch_stride_bytes + (row + r) * s->row_stride_bytes + block * 8;
    for (int j = 0; j < blocks; j++) {
      int16_t *element = out->element[r][j];
      for (int i = 0; i < NVFP4_BLOCK / 2; i++) {
        element[2 * i] = doubled[packed[8 * j + i] & 15u];
        element[2 * i + 1] = doubled[packed[8 * j + i] >> 4];
      }
      int32_t scale = scale_units(*nvfp4_source_scale(s, b, row + r, block + j));
      if (scale == SCALE_NAN) {
        out->nan[r] = 1;
        scale = 0;
      }
      out->scale[r][j] = scale;
    }
  }
}

static int32_t block_sum(const int16_t *a, const int16_t *b) {
  int32_t sum = 0;
  for (int i = 0; i < NVFP4_BLOCK; i++)
    sum += (int32_t)a[i] * (int32_t)b[i];
  return sum;
}

static void add_chunk(struct tile *t, int m, int n, int blocks) {
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      int64_t sum = t->sum[i][j], magnitude = t->magnitude[i][j];
      for (int q = 0; q < blocks; q++) {
        int64_t scale = (int64_t)t->a.scale[i][q] * t->b.scale[j][q];
        int64_t term = scale * block_sum(t->a.element[i][q], t->b.element[j][q]);
        sum += term;
        magnitude += term < 0 ? -term : term;
      }
      t->sum[i][j] = sum;
      t->magnitude[i][j] = magnitude;
    }
}

static double magnitude_of(double x) {
  return x < 0 ? -x : x;
}

/* The exact sums of one tile of one product, into t->result[product]. */
static void sum_tile(const struct nvfp4_job *job, int product, int64_t b, int64_t row, int64_t column, int m,
                     int n, struct tile *t) {
  memset(t->sum, 0, sizeof t->sum);
  memset(t->magnitude, 0, sizeof t->magnitude);
  memset(t->a.nan, 0, sizeof t->a.nan);
  memset(t->b.nan, 0, sizeof t->b.nan);
  for (int64_t block = 0; block < job->blocks; block += CHUNK) {
    int blocks = job->blocks - block < CHUNK ? (int)(job->blocks - block) : CHUNK;
    decode_rows(&job->a, b, row, m, block, blocks, &t->a);
    decode_rows(&job->b[product], b, column, n, block, blocks, &t->b);
    add_chunk(t, m, n, blocks);
  }
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      struct nvfp4_sum *r = &t->result[product][i][j];
      double factor = job->factor[product];
      r->value = (double)t->sum[i][j] * 0x1p-20 * factor;
      r->error =
          0x1p-23 * (double)job->blocks * ((double)t->magnitude[i][j] * 0x1p-20) * magnitude_of(factor);
      if (factor != 1.0)
        r->error += 0x1p-22 * magnitude_of(r->value);
      if (t->a.nan[i] || t->b.nan[j])
        r->value = (double)nvfp4_float_of_bits(0x7fc00000u);
    }
}

static int64_t tiles_along(int64_t size) {
  return (size + TILE - 1) / TILE;
}

static int64_t tiles_of(const struct nvfp4_job *job, const void *limits) {
  (void)limits;
  return job->batch * tiles_along(job->m) * tiles_along(job->n);
}

/* One rounding to the type of the result. */
static void store(const struct nvfp4_job *job, int64_t b, int64_t row, int64_t column, double value) {
  unsigned char *to =
      job->c + b * job->c_batch_stride_bytes + row * job->c_row_stride_bytes + column * job->c_elem_bytes;
  uint16_t half = job->type == NVFP4_FP16 ? nvfp4_fp16_from_double(value) : nvfp4_bf16_from_double(value);
  float single = (float)value;
  if (job->type == NVFP4_FP32)
    memcpy(to, &single, sizeof single);
  else
    memcpy(to, &half, sizeof half);
}

static void run_tile(void *context, int64_t index, unsigned worker) {
  struct oracle *o = context;
  struct nvfp4_job job;
  struct tile t;
  size_t g = nvfp4_jobs_find(o->jobs, o->with, tiles_of, NULL, &o->cursor[worker], &index, &job);
  int64_t across = tiles_along(job.n), down = tiles_along(job.m);
  int64_t column = index % across * TILE, row = index / across % down * TILE, b = index / across / down;
  int m = job.m - row < TILE ? (int)(job.m - row) : TILE;
  int n = job.n - column < TILE ? (int)(job.n - column) : TILE;
  for (int product = 0; product < job.products; product++)
    sum_tile(&job, product, b, row, column, m, n, &t);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      struct nvfp4_sum sum[2] = {t.result[0][i][j], {0.0, 0.0}};
      if (job.products == 2)
        sum[1] = t.result[1][i][j];
      double value, tolerance;
      o->combine(sum, &value, &tolerance);
      if (o->value) {
        int64_t at = (b * job.m + row + i) * job.n + column + j;
        o->value[g][at] = value;
        o->tolerance[g][at] = nvfp4_is_nan(value) ? 0.0 : tolerance + nvfp4_ulp(job.type, value);
      } else {
        store(&job, b, row + i, column + j, value);
      }
    }
}

enum nvfp4_status nvfp4_oracle_run(const struct nvfp4_jobs *jobs, nvfp4_combine combine, double *const *value,
                                   double *const *tolerance, unsigned threads) {
  struct oracle o = {.jobs = jobs,
                     .with = value ? NVFP4_WITHOUT_RESULT : NVFP4_WITH_RESULT,
                     .combine = combine,
                     .value = value,
                     .tolerance = tolerance};
  int64_t items = 0;
  for (size_t g = 0; g < jobs->count; g++) {
    struct nvfp4_job job;
    enum nvfp4_status status = jobs->get(jobs->args, g, o.with, &job);
    if (status != NVFP4_OK)
      return status;
    if (job.b[0].prepacked || (job.products == 2 && job.b[1].prepacked))
      return NVFP4_ERR_LAYOUT;
    if (value && tiles_of(&job, NULL) > 0 && (!value[g] || !tolerance[g]))
      return NVFP4_ERR_NULL;
    items += tiles_of(&job, NULL);
  }
  nvfp4_parallel(&(nvfp4_threads){.count = threads}, items, run_tile, &o);
  return NVFP4_OK;
}

static void combine_single(const struct nvfp4_sum sum[2], double *value, double *tolerance) {
  *value = sum[0].value;
  *tolerance = sum[0].error;
}

enum nvfp4_status nvfp4_oracle_gemm(const nvfp4_gemm_args *args, unsigned threads) {
  return nvfp4_oracle_group_gemm(args, 1, threads);
}

enum nvfp4_status nvfp4_oracle_gemm_bounded(const nvfp4_gemm_args *args, double *value, double *tolerance,
                                            unsigned threads) {
  return nvfp4_oracle_group_gemm_bounded(args, 1, &value, &tolerance, threads);
}

enum nvfp4_status nvfp4_oracle_group_gemm(const nvfp4_gemm_args *group, size_t count, unsigned threads) {
  struct nvfp4_jobs jobs = {.args = group, .count = count, .get = nvfp4_jobs_get_gemm};
  return nvfp4_oracle_run(&jobs, combine_single, NULL, NULL, threads);
}

enum nvfp4_status nvfp4_oracle_group_gemm_bounded(const nvfp4_gemm_args *group, size_t count,
                                                  double *const *value, double *const *tolerance,
                                                  unsigned threads) {
  struct nvfp4_jobs jobs = {.args = group, .count = count, .get = nvfp4_jobs_get_gemm};
  if (count > 0 && (!value || !tolerance))
    return NVFP4_ERR_NULL;
  return count > 0 ? nvfp4_oracle_run(&jobs, combine_single, value, tolerance, threads) : NVFP4_OK;
}

enum nvfp4_status nvfp4_oracle_gemv(const nvfp4_gemv_args *args, unsigned threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_gemv};
  return nvfp4_oracle_run(&jobs, combine_single, NULL, NULL, threads);
}

enum nvfp4_status nvfp4_oracle_gemv_bounded(const nvfp4_gemv_args *args, double *value, double *tolerance,
                                            unsigned threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_gemv};
  return nvfp4_oracle_run(&jobs, combine_single, &value, &tolerance, threads);
}

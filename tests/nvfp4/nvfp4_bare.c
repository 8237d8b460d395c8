/* Room: tests of nvfp4, and fuzz/. See nvfp4_bare.h. Uses nothing of the library but its header. */
#include "nvfp4_bare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const double support_e2m1[16] = {0.0,  0.5,  1.0,  1.5,  2.0,  3.0,  4.0,  6.0,
                                 -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0};

const double support_e4m3[127] = {
    0,        0.001953125, 0.00390625, 0.005859375, 0.0078125, 0.009765625, 0.01171875, 0.013671875,
    0.015625, 0.017578125, 0.01953125, 0.021484375, 0.0234375, 0.025390625, 0.02734375, 0.029296875,
    0.03125,  0.03515625,  0.0390625,  0.04296875,  0.046875,  0.05078125,  0.0546875,  0.05859375,
    0.0625,   0.0703125,   0.078125,   0.0859375,   0.09375,   0.1015625,   0.109375,   0.1171875,
    0.125,    0.140625,    0.15625,    0.171875,    0.1875,    0.203125,    0.21875,    0.234375,
    0.25,     0.28125,     0.3125,     0.34375,     0.375,     0.40625,     0.4375,     0.46875,
    0.5,      0.5625,      0.625,      0.6875,      0.75,      0.8125,      0.875,      0.9375,
    1,        1.125,       1.25,       1.375,       1.5,       1.625,       1.75,       1.875,
    2,        2.25,        2.5,        2.75,        3,         3.25,        3.5,        3.75,
    4,        4.5,         5,          5.5,         6,         6.5,         7,          7.5,
    8,        9,           10,         11,          12,        13,          14,         15,
    16,       18,          20,         22,          24,        26,          28,         30,
    32,       36,          40,         44,          48,        52,          56,         60,
    64,       72,          80,         88,          96,        104,         112,        120,
    128,      144,         160,        176,         192,       208,         224,        240,
    256,      288,         320,        352,         384,       416,         448,
};

double support_e4m3_value(unsigned code) {
  if ((code & 127u) == 127u)
    return (double)NAN;
  return code & 128u ? -support_e4m3[code & 127u] : support_e4m3[code & 127u];
}

static uint64_t state = 1;

void support_seed(uint64_t seed) {
  state = seed;
}

uint64_t support_random(void) { /* splitmix64 */
  uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

void support_random_fill(void *out, size_t bytes) {
  unsigned char *p = out;
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t r = support_random();
    memcpy(p + i, &r, bytes - i < 8 ? bytes - i : 8);
  }
}

/* Without memory nothing can be tested: this ends the process, which is one test. */
static void need(int ok, const char *what) {
  if (ok)
    return;
  fprintf(stderr, "support: %s: this machine has too little memory for the test\n", what);
  abort();
}

void *support_alloc(size_t bytes) {
  void *p = NULL;
  need(posix_memalign(&p, 64, bytes > 0 ? bytes : 1) == 0, "posix_memalign");
  support_random_fill(p, bytes);
  return p;
}

static size_t guarded_span(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return (bytes + page - 1) / page * page;
}

void *support_guarded_zeros(size_t bytes) {
  size_t span = guarded_span(bytes), page = (size_t)sysconf(_SC_PAGESIZE);
  unsigned char *p =
      mmap(NULL, span + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  need(p != MAP_FAILED, "mmap");
  need(span == 0 || mprotect(p + page, span, PROT_READ | PROT_WRITE) == 0, "mprotect");
  return p + page + span - bytes;
}

void *support_guarded(size_t bytes) {
  void *p = support_guarded_zeros(bytes);
  support_random_fill(p, bytes);
  return p;
}

void support_guarded_free(void *p, size_t bytes) {
  size_t span = guarded_span(bytes), page = (size_t)sysconf(_SC_PAGESIZE);
  need(munmap((unsigned char *)p - (span - bytes) - page, span + 2 * page) == 0, "munmap");
}

static uint8_t draw_scale(enum support_kind kind) {
  uint64_t r = support_random();
  switch (kind) {
  case SUPPORT_TASK:
    return r & 1 ? 0x38 : 0x40;
  case SUPPORT_MILD:
    return (uint8_t)(0x28 + r % 33);
  case SUPPORT_TINY:
    return (uint8_t)(r % 8);
  case SUPPORT_EXTREME:
    return 0x7e;
  default:
    return (uint8_t)(r % 127 | (r >> 32 & 0x80u));
  }
}

static void draw_block(enum support_kind kind, uint8_t *out) {
  uint64_t r = support_random();
  if (kind == SUPPORT_TASK)
    r &= UINT64_C(0xbbbbbbbbbbbbbbbb);
  if (kind == SUPPORT_EXTREME)
    r = UINT64_C(0x7777777777777777);
  memcpy(out, &r, sizeof r);
}

struct support_matrix support_matrix_create(int64_t batch, int64_t rows, int64_t k, enum support_kind kind,
                                            enum nvfp4_scale_layout layout, int64_t gap_bytes) {
  struct support_matrix m = {.batch = batch, .rows = rows, .k = k};
  nvfp4_operand *o = &m.operand;
  int64_t row = k / 2 + gap_bytes, plane = rows * row + gap_bytes, scale_row, scale_rows;
  need(batch > 0 && rows > 0, "an empty matrix");
  if (layout == NVFP4_SCALES_PLAIN) {
    scale_row = k / 16 + gap_bytes;
    scale_rows = rows;
  } else {
    scale_row = (k + 63) / 64 * 512;
    scale_rows = (rows + 127) / 128;
  }
  int64_t scale_plane = scale_rows * scale_row + gap_bytes;
  o->scale_layout = layout;
  if (gap_bytes > 0) {
    o->row_stride_bytes = row;
    o->batch_stride_bytes = plane;
    o->scale_row_stride_bytes = layout == NVFP4_SCALES_PLAIN ? scale_row : 0;
    o->scale_batch_stride_bytes = scale_plane;
  }
  /* Exactly what is spanned, last gaps excluded. */
  m.packed_bytes = (size_t)((batch - 1) * plane + (rows - 1) * row + k / 2);
  m.scale_bytes = (size_t)((batch - 1) * scale_plane + (scale_rows - 1) * scale_row +
                           (layout == NVFP4_SCALES_PLAIN ? k / 16 : scale_row));
  m.packed = support_guarded(m.packed_bytes);
  m.scale = support_guarded(m.scale_bytes);
  o->packed = m.packed;
  o->scale = m.scale;
  support_matrix_fill(&m, kind);
  return m;
}

void support_matrix_fill(struct support_matrix *m, enum support_kind kind) {
  const nvfp4_operand *o = &m->operand;
  int64_t row = o->row_stride_bytes ? o->row_stride_bytes : m->k / 2;
  int64_t plane = o->batch_stride_bytes ? o->batch_stride_bytes : m->rows * row;
  for (int64_t b = 0; b < m->batch; b++)
    for (int64_t i = 0; i < m->rows; i++) {
      for (int64_t j = 0; j < m->k / 2; j += 8)
        draw_block(kind, m->packed + b * plane + i * row + j);
      for (int64_t j = 0; j < m->k / 16; j++)
        *support_matrix_scale(m, b, i, j) = draw_scale(kind);
    }
}

void support_matrix_free(struct support_matrix *m) {
  support_guarded_free(m->packed, m->packed_bytes);
  support_guarded_free(m->scale, m->scale_bytes);
}

uint8_t *support_matrix_scale(const struct support_matrix *m, int64_t b, int64_t i, int64_t j) {
  const nvfp4_operand *o = &m->operand;
  int64_t row = o->scale_row_stride_bytes ? o->scale_row_stride_bytes : m->k / 16;
  if (o->scale_layout == NVFP4_SCALES_PLAIN) {
    int64_t plane = o->scale_batch_stride_bytes ? o->scale_batch_stride_bytes : m->rows * row;
    return m->scale + b * plane + i * row + j;
  }
  int64_t tiles = (m->k + 63) / 64;
  int64_t plane =
      o->scale_batch_stride_bytes ? o->scale_batch_stride_bytes : (m->rows + 127) / 128 * tiles * 512;
  return m->scale + b * plane + (i / 128 * tiles + j / 4) * 512 + i % 32 * 16 + i % 128 / 32 * 4 + j % 4;
}

double support_matrix_value(const struct support_matrix *m, int64_t b, int64_t i, int64_t k) {
  const nvfp4_operand *o = &m->operand;
  int64_t row = o->row_stride_bytes ? o->row_stride_bytes : m->k / 2;
  int64_t plane = o->batch_stride_bytes ? o->batch_stride_bytes : m->rows * row;
  unsigned code = (unsigned)m->packed[b * plane + i * row + k / 2] >> (4 * (k & 1)) & 15u;
  return support_e2m1[code] * support_e4m3_value(*support_matrix_scale(m, b, i, k / 16));
}

double support_half(uint16_t bits) {
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double magnitude = exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25);
  if (exponent == 31)
    magnitude = mantissa ? (double)NAN : (double)INFINITY;
  return bits & 0x8000 ? -magnitude : magnitude;
}

double support_number(const void *at, enum nvfp4_type type) {
  uint32_t word = 0;
  float x;
  memcpy(&word, at, type == NVFP4_FP32 ? 4 : 2);
  if (type == NVFP4_FP16)
    return support_half((uint16_t)word);
  if (type == NVFP4_BF16)
    word <<= 16;
  memcpy(&x, &word, sizeof x);
  return (double)x;
}

int support_near(double got, double value, double tolerance, enum nvfp4_type type) {
  /* Where rounding to the type gives infinity: the largest number and half a step. */
  double limit = type == NVFP4_FP16 ? 65520.0 : type == NVFP4_BF16 ? 0x1.ffp127 : 0x1.ffffffp127;
  if (isnan(value))
    return isnan(got);
  if (!(tolerance >= 0.0) || isnan(got) || isinf(value))
    return got == value;
  if (isinf(got))
    return (got > 0) == (value > 0) && fabs(value) + tolerance >= limit;
  return fabs(got - value) <= tolerance;
}

int support_within(uint16_t got, double value, double tolerance) {
  return support_near(support_half(got), value, tolerance, NVFP4_FP16);
}

int support_same(uint16_t a, uint16_t b) {
  double x = support_half(a), y = support_half(b);
  return a == b || (isnan(x) && isnan(y)) || (x == 0.0 && y == 0.0);
}

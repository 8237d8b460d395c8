/* Room: fuzz. Quantising and back, scale layouts, prepacking, codes: against the promises of nvfp4.h,
 * computed from the tables of tests/nvfp4/nvfp4_bare.c. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "fuzz_parts.h"

unsigned fuzz_mistake(struct fuzz_draw *d, unsigned kinds) {
  unsigned byte = fuzz_byte(d);
  return byte < 128 ? kinds : byte % kinds;
}

static void refused(const char *who) {
  int changed = fuzz_memory_changed(NULL);
  if (changed >= 0)
    fuzz_fail("%s returned an error and wrote into region %d", who, changed);
}

/* A matrix of floats, its quantised form, and how both are laid out. */
struct sheet {
  int64_t rows, k, stride; /* stride as handed in: 0 is dense */
  uint32_t layout;
  struct fuzz_region x, packed, scale, factor;
  float *x_at;
  uint8_t *packed_at, *scale_at;
};

static int64_t step_of(const struct sheet *s) {
  return s->stride ? s->stride : s->k;
}

static void sheet_make(struct fuzz_draw *d, struct sheet *s) {
  memset(s, 0, sizeof *s);
  support_seed(fuzz_pick(d, 65536));
  s->rows = fuzz_size(d);
  s->k = fuzz_k(d);
  while (s->rows * s->k > 1 << 14 && s->rows > 1)
    s->rows /= 2;
  while (s->rows * s->k > 1 << 14)
    s->k = s->k / 32 * 16;
  s->layout = fuzz_pick(d, 2);
  s->stride = fuzz_rarely(d, 2) ? s->k + fuzz_pick(d, 40) : 0;
  int64_t elems = s->rows > 0 ? (s->rows - 1) * step_of(s) + s->k : 0;
  s->x = fuzz_memory_take(d, (size_t)elems * sizeof(float));
  s->packed = fuzz_memory_take(d, (size_t)(s->rows * s->k / 2));
  s->scale = fuzz_memory_take(d, (size_t)(s->layout == NVFP4_SCALES_BLOCKED
                                              ? (s->rows + 127) / 128 * ((s->k + 63) / 64) * 512
                                              : s->rows * s->k / 16));
  s->factor = fuzz_memory_take(d, sizeof(float));
  s->x_at = (float *)(void *)s->x.at;
  s->packed_at = s->packed.at;
  s->scale_at = s->scale.at;
}

static uint8_t *scale_of(const struct sheet *s, int64_t i, int64_t j) {
  struct support_matrix m = {.batch = 1, .rows = s->rows, .k = s->k, .scale = s->scale.at};
  m.operand.scale_layout = s->layout;
  return support_matrix_scale(&m, 0, i, j);
}

static double code_value(const struct sheet *s, int64_t i, int64_t c) {
  return support_e2m1[(unsigned)s->packed.at[i * (s->k / 2) + c / 2] >> 4 * (c & 1) & 15u];
}

/* Sizes, strides, layouts and pointers that both directions refuse alike. */
static void sheet_break(struct fuzz_draw *d, struct sheet *s, struct fuzz_verdict *v) {
  int64_t number = fuzz_odd_number(d);
  switch (fuzz_mistake(d, 7)) {
  case 0:
    s->k = number;
    break;
  case 1:
    s->rows = number;
    break;
  case 2:
    s->stride = number;
    break;
  case 3:
    s->layout = 2 + fuzz_pick(d, 100);
    break;
  case 4:
    s->x_at = NULL;
    break;
  case 5:
    s->packed_at = NULL;
    break;
  case 6:
    s->scale_at = NULL;
    break;
  default:
    return;
  }
  fuzz_rules_sizes(v, 1, s->rows, 0, s->k);
  if (v->must)
    return;
  if (s->stride < 0 || (s->stride != 0 && s->stride < s->k))
    fuzz_verdict_add(v, NVFP4_ERR_STRIDE, 1);
  if (s->layout > NVFP4_SCALES_BLOCKED)
    fuzz_verdict_add(v, NVFP4_ERR_LAYOUT, 1);
  if (!s->x_at || !s->packed_at || !s->scale_at)
    fuzz_verdict_add(v, NVFP4_ERR_NULL, s->rows > 0);
  __int128 elems = (__int128)s->rows * step_of(s), spanned = elems - step_of(s);
  if (elems > INT64_C(1) << 40) /* only what no machine could have must be refused */
    fuzz_verdict_add(v, NVFP4_ERR_SHAPE, spanned > (__int128)1 << 61);
  /* Still valid, and not what the memory was made for? */
  if (!v->must && s->rows > 0)
    v->outside = 1;
}

/* Numbers of one magnitude or of all, zeros, and now and then one that has no NVFP4. */
static void sheet_fill(struct fuzz_draw *d, const struct sheet *s, int *finite) {
  static const float size[] = {1.0f, 1e-3f, 300.0f, 1e30f, 1e-30f, 0x1p-140f, 2688.0f, 0.001953125f};
  unsigned how = fuzz_pick(d, 4);
  float scale = size[fuzz_pick(d, sizeof size / sizeof size[0])];
  *finite = 1;
  for (int64_t i = 0; i < s->rows; i++)
    for (int64_t c = 0; c < s->k; c++) {
      uint64_t r = support_random();
      float x = ((float)(r & 0xffff) / 32768.0f - 1.0f) * scale;
      if (how == 1)
        x = (float)((int)(r % 25) - 12) * 0.25f * scale; /* ties */
      else if (how == 2)
        x = ldexpf((float)((int)(r & 15) - 8), (int)(r >> 8 & 255) - 140);
      else if (how == 3 && c / 16 % 3 == 0)
        x = r & 1 ? 0.0f : -0.0f;
      s->x_at[i * step_of(s) + c] = x;
    }
  if (s->rows > 0 && fuzz_rarely(d, 10)) {
    unsigned what = fuzz_pick(d, 3);
    s->x_at[fuzz_pick(d, 1000) % s->rows * step_of(s) + fuzz_pick(d, 1000) % s->k] = what == 0   ? NAN
                                                                                     : what == 1 ? INFINITY
                                                                                                 : -INFINITY;
    *finite = 0;
  }
}

/* The scale that the header prescribes, from the table. */
static unsigned expected_scale(double amax) {
  unsigned best = 0;
  if (amax == 0.0)
    return 0;
  for (unsigned code = 1; code <= 0x7e; code++) {
    double near = fabs(support_e4m3[best] - amax / 6.0), here = fabs(support_e4m3[code] - amax / 6.0);
    if (here < near || (here == near && code % 2 == 0))
      best = code;
  }
  return best < 0x7e && amax > 7.0 * support_e4m3[best] ? best + 1 : best;
}

static void check_quantised(const struct sheet *s, double g) {
  for (int64_t i = 0; i < s->rows; i++)
    for (int64_t j = 0; j < s->k / 16; j++) {
      const float *x = s->x_at + i * step_of(s) + j * 16;
      double amax = 0.0;
      for (int q = 0; q < 16; q++)
        amax = fmax(amax, fabs((double)x[q]));
      unsigned code = *scale_of(s, i, j), want = expected_scale(amax / g);
      if (code != want)
        fuzz_fail("nvfp4_quantize: block %lld of row %lld, amax %.9g, g %.9g: scale %02x, want %02x",
                  (long long)j, (long long)i, amax, g, code, want);
      for (int q = 0; q < 16; q++) {
        double step = support_e4m3[code] * g, at = code_value(s, i, j * 16 + q),
               apart = fabs((double)x[q] - at * step);
        int saturated = code == 0x7e && fabs((double)x[q]) > 6.0 * step;
        if ((!saturated && apart > step) || (saturated && fabs(at) != 6.0) ||
            (signbit(at) != 0) != (signbit(x[q]) != 0))
          fuzz_fail("nvfp4_quantize: %.9g with step %.9g became %g steps", (double)x[q], step, at);
        /* No other code is nearer. */
        for (int other = 0; other < 8; other++)
          if (fabs(fabs((double)x[q]) - support_e2m1[other] * step) <
              fabs(fabs((double)x[q]) - fabs(at) * step) * (1.0 - 1e-15))
            fuzz_fail("nvfp4_quantize: %.9g with step %.9g became %g steps, but %g is nearer", (double)x[q],
                      step, at, support_e2m1[other]);
      }
    }
}

/* Bytes of blocked scales that belong to no row or block must hold `padding`. */
static void check_padding(const struct sheet *s, uint8_t padding, const char *who) {
  size_t all = 0, real = 0, blocks = (size_t)(s->rows * s->k / 16);
  if (s->layout != NVFP4_SCALES_BLOCKED)
    return;
  for (int64_t i = 0; i < s->rows; i++)
    for (int64_t j = 0; j < s->k / 16; j++)
      real += *scale_of(s, i, j) == padding;
  for (size_t i = 0; i < s->scale.bytes; i++)
    all += s->scale.at[i] == padding;
  if (all - real != s->scale.bytes - blocks)
    fuzz_fail("%s: padding of blocked scales is not %02x", who, padding);
}

void fuzz_quantize(struct fuzz_draw *d) {
  struct sheet s, intact;
  struct fuzz_verdict v = {0, 0, 0};
  int finite;
  sheet_make(d, &s);
  sheet_fill(d, &s, &finite);
  float *factor = fuzz_rarely(d, 2) ? (float *)(void *)s.factor.at : NULL;
  intact = s;
  sheet_break(d, &s, &v);
  if (v.outside) {
    s = intact;
    v = (struct fuzz_verdict){0, 0, 0};
  }
  if (!finite)
    fuzz_verdict_add(&v, NVFP4_ERR_NOT_FINITE, s.rows > 0);
  fuzz_memory_remember();
  enum nvfp4_status status = nvfp4_quantize(s.x_at, s.rows, s.k, s.stride, (enum nvfp4_scale_layout)s.layout,
                                            factor, s.packed_at, s.scale_at);
  fuzz_verdict_check(&v, status, "nvfp4_quantize");
  if (status != NVFP4_OK) {
    refused("nvfp4_quantize");
    return;
  }
  double g = 1.0, amax = 0.0;
  for (int64_t i = 0; i < s.rows; i++)
    for (int64_t c = 0; c < s.k; c++)
      amax = fmax(amax, fabs((double)s.x_at[i * step_of(&s) + c]));
  if (factor) {
    float want = amax == 0.0 ? 1.0f : fmaxf((float)(amax / 2688.0), FLT_MIN);
    if (*factor != want)
      fuzz_fail("nvfp4_quantize: amax %.9g gave the tensor scale %.9g, want %.9g", amax, (double)*factor,
                (double)want);
    g = (double)*factor;
  }
  if (s.rows > 0) {
    check_quantised(&s, g);
    check_padding(&s, 0, "nvfp4_quantize");
    memcpy(fuzz_memory_before(s.packed.at), s.packed.at, s.packed.bytes);
    memcpy(fuzz_memory_before(s.scale.at), s.scale.at, s.scale.bytes);
  }
  if (factor)
    memcpy(fuzz_memory_before(s.factor.at), s.factor.at, s.factor.bytes);
  fuzz_need(fuzz_memory_changed(NULL) < 0,
            "nvfp4_quantize wrote into its input or into an absent tensor scale");
}

void fuzz_dequantize(struct fuzz_draw *d) {
  static const float factors[] = {1.0f, 0.37f, -2.5f, 1e30f, 1e-38f, 0.0f, 0x1p-149f, INFINITY};
  struct sheet s, intact;
  struct fuzz_verdict v = {0, 0, 0};
  sheet_make(d, &s);
  float g = factors[fuzz_pick(d, 8)];
  intact = s;
  sheet_break(d, &s, &v);
  if (v.outside) {
    s = intact;
    v = (struct fuzz_verdict){0, 0, 0};
  }
  fuzz_memory_remember();
  enum nvfp4_status status = nvfp4_dequantize(s.packed_at, s.scale_at, s.rows, s.k,
                                              (enum nvfp4_scale_layout)s.layout, g, s.x_at, s.stride);
  if (g == 0.0f)
    g = 1.0f; /* no tensor scale, as in operands */
  fuzz_verdict_check(&v, status, "nvfp4_dequantize");
  if (status != NVFP4_OK) {
    refused("nvfp4_dequantize");
    return;
  }
  float *before = (float *)(void *)fuzz_memory_before(s.x.at);
  for (int64_t i = 0; i < s.rows; i++)
    for (int64_t c = 0; c < s.k; c++) {
      float got = s.x_at[i * step_of(&s) + c];
      float want = (float)(code_value(&s, i, c) * support_e4m3_value(*scale_of(&s, i, c / 16))) * g;
      if (memcmp(&got, &want, sizeof got) != 0 && !(isnan(got) && isnan(want)))
        fuzz_fail("nvfp4_dequantize: element %lld of row %lld is %.9g, want %.9g", (long long)c, (long long)i,
                  (double)got, (double)want);
      before[i * step_of(&s) + c] = got;
    }
  fuzz_need(fuzz_memory_changed(NULL) < 0, "nvfp4_dequantize wrote between rows or into its input");
}

void fuzz_layouts(struct fuzz_draw *d) {
  struct sheet s;
  int64_t batch = 1 + fuzz_pick(d, 3), sizes[3];
  struct fuzz_verdict v = {0, 0, 0};
  sheet_make(d, &s);
  struct fuzz_region plain = fuzz_memory_take(d, (size_t)(batch * s.rows * s.k / 16));
  struct fuzz_region back = fuzz_memory_take(d, plain.bytes);
  struct fuzz_region blocked =
      fuzz_memory_take(d, (size_t)(batch * ((s.rows + 127) / 128) * ((s.k + 63) / 64) * 512));
  uint8_t padding = (uint8_t)fuzz_byte(d), *in = plain.at, *out = blocked.at;
  fuzz_need((size_t)nvfp4_scale_bytes(NVFP4_SCALES_PLAIN, batch, s.rows, s.k) == plain.bytes &&
                (size_t)nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, batch, s.rows, s.k) == blocked.bytes,
            "nvfp4_scale_bytes miscounts");
  sizes[0] = batch;
  sizes[1] = s.rows;
  sizes[2] = s.k;
  unsigned mistake = fuzz_mistake(d, 5);
  if (mistake < 3)
    sizes[mistake] = fuzz_odd_number(d);
  else if (mistake < 5)
    *(mistake == 3 ? &in : &out) = NULL;
  fuzz_rules_sizes(&v, sizes[0], sizes[1], 0, sizes[2]);
  int64_t tiles = 0;
  if (!v.must) /* sizes are within reason then */
    tiles = (sizes[1] > 0 ? (sizes[1] - 1) / 128 + 1 : 0) * (sizes[2] > 0 ? (sizes[2] - 1) / 64 + 1 : 0);
  if (!v.must && sizes[0] > 0 && tiles > (INT64_C(1) << 30) / sizes[0])
    fuzz_verdict_add(&v, NVFP4_ERR_SHAPE, tiles > (INT64_C(1) << 48) / sizes[0]);
  if (!v.must && (!in || !out))
    fuzz_verdict_add(&v, NVFP4_ERR_NULL, sizes[0] > 0 && sizes[1] > 0);
  if (!v.must && mistake < 3 && sizes[0] != 0 && sizes[1] != 0)
    return; /* valid, for other memory than this */
  fuzz_memory_remember();
  enum nvfp4_status status = nvfp4_scale_to_blocked(in, sizes[0], sizes[1], sizes[2], padding, out);
  fuzz_verdict_check(&v, status, "nvfp4_scale_to_blocked");
  enum nvfp4_status other = nvfp4_scale_to_plain(out, sizes[0], sizes[1], sizes[2], in ? back.at : NULL);
  fuzz_verdict_check(&v, other, "nvfp4_scale_to_plain");
  if (status != NVFP4_OK || sizes[0] == 0 || sizes[1] == 0) {
    refused("nvfp4_scale_to_blocked");
    return;
  }
  fuzz_need(memcmp(plain.at, back.at, plain.bytes) == 0, "scales do not survive the way to blocked and back");
  for (int64_t b = 0; b < batch; b++) {
    s.layout = NVFP4_SCALES_BLOCKED;
    s.scale.bytes = blocked.bytes / (size_t)batch;
    s.scale.at = blocked.at + (size_t)b * s.scale.bytes;
    check_padding(&s, padding, "nvfp4_scale_to_blocked");
    for (int64_t i = 0; i < s.rows; i++)
      for (int64_t j = 0; j < s.k / 16; j++)
        fuzz_need(*scale_of(&s, i, j) == plain.at[(b * s.rows + i) * (s.k / 16) + j],
                  "a blocked scale is misplaced");
  }
  memcpy(fuzz_memory_before(blocked.at), blocked.at, blocked.bytes);
  memcpy(fuzz_memory_before(back.at), back.at, back.bytes);
  fuzz_need(fuzz_memory_changed(NULL) < 0, "a conversion of scales wrote into its input");
}

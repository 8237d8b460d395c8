/* Room: challenge. May use base and sandbox.
 *
 * One output image against its reference. The bytes may come from a process that is still able to
 * write them, so the verdict on an element stands on one read of it. Nothing is compared by rounding
 * the reference: a bounded result is decoded to double, exactly, and its distance taken there. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "challenge/challenge_helper_private.h"

enum { COMPARE_CHUNK_ELEMS = 4096 };

static const struct {
  const char *name;
  uint32_t type;
  size_t bytes;
} compare_types[] = {{"e2m1x2", SK_E2M1X2, 1}, {"e4m3", SK_E4M3, 1}, {"u8", SK_U8, 1},
                     {"f16", SK_F16, 2},       {"bf16", SK_BF16, 2}, {"f32", SK_F32, 4},
                     {"f64", SK_F64, 8},       {"i32", SK_I32, 4},   {"i64", SK_I64, 8}};
enum { COMPARE_TYPES = sizeof compare_types / sizeof compare_types[0] };

size_t challenge_type_bytes(uint32_t type) {
  for (size_t i = 0; i < COMPARE_TYPES; i++)
    if (compare_types[i].type == type)
      return compare_types[i].bytes;
  return 0;
}

uint32_t challenge_type_of(const char *name) {
  for (size_t i = 0; i < COMPARE_TYPES; i++)
    if (strcmp(compare_types[i].name, name) == 0)
      return compare_types[i].type;
  return 0;
}

/* sign, exponent field and mantissa of a small binary float with an infinity */
static double compare_small_float(unsigned bits, int exponent_bits, int mantissa_bits) {
  unsigned mantissa = bits & ((1u << mantissa_bits) - 1), top = (1u << exponent_bits) - 1;
  unsigned exponent = bits >> mantissa_bits & top;
  int bias = (int)(top >> 1);
  double sign = bits >> (exponent_bits + mantissa_bits) & 1 ? -1.0 : 1.0;
  if (exponent == top)
    return mantissa ? (double)NAN : sign * (double)INFINITY;
  if (exponent == 0)
    return sign * ldexp((double)mantissa, 1 - bias - mantissa_bits);
  return sign * ldexp((double)(mantissa | 1u << mantissa_bits), (int)exponent - bias - mantissa_bits);
}

static double compare_e4m3(unsigned bits) {
  double sign = bits >> 7 & 1 ? -1.0 : 1.0;
  unsigned exponent = bits >> 3 & 15, mantissa = bits & 7;
  if ((bits & 0x7f) == 0x7f)
    return (double)NAN;
  if (exponent == 0)
    return sign * ldexp((double)mantissa, -9);
  return sign * ldexp((double)(mantissa | 8), (int)exponent - 10);
}

/* The value of an element whose bytes, in a private copy, are the low ones of `bits`. A byte of
 * e2m1x2 holds two: its code stands for it in a message. */
static double compare_decode(uint32_t type, uint64_t bits) {
  uint32_t low = (uint32_t)bits;
  int32_t i32;
  int64_t i64;
  float f32;
  double f64;
  switch (type) {
  case SK_E4M3:
    return compare_e4m3(low & 0xff);
  case SK_F16:
    return compare_small_float(low & 0xffff, 5, 10);
  case SK_BF16:
    return compare_small_float(low & 0xffff, 8, 7);
  case SK_F32:
    memcpy(&f32, &low, sizeof f32);
    return (double)f32;
  case SK_F64:
    memcpy(&f64, &bits, sizeof f64);
    return f64;
  case SK_I32:
    memcpy(&i32, &low, sizeof i32);
    return (double)i32;
  case SK_I64:
    memcpy(&i64, &bits, sizeof i64);
    return (double)i64;
  default:
    return (double)(low & 0xff);
  }
}

double challenge_decode(uint32_t type, uint64_t bits) {
  return compare_decode(type, bits);
}

/* The nearest value of a small float, by its exponent: what rounds up to the next binade carries there. */
static uint64_t encode_small_float(double value, int exponent_bits, int mantissa_bits, int has_infinity) {
  uint64_t top = (UINT64_C(1) << exponent_bits) - 1, sign = signbit(value) ? top + 1 : 0;
  uint64_t infinity = top << mantissa_bits;
  int bias = (int)(top >> 1), exponent = 0;
  double size = fabs(value);
  sign <<= mantissa_bits;
  if (isnan(value))
    return has_infinity ? infinity | 1 : infinity | ((UINT64_C(1) << mantissa_bits) - 1);
  if (size == 0.0 || isinf(size))
    return sign | (size == 0.0 ? 0 : has_infinity ? infinity : infinity + 6);
  (void)frexp(size, &exponent); /* size = f * 2^exponent, f in [0.5, 1) */
  int scale = exponent - 1 > 1 - bias ? exponent - 1 : 1 - bias;
  double units = nearbyint(ldexp(size, mantissa_bits - scale));
  uint64_t code = (uint64_t)units + ((uint64_t)(scale - (1 - bias)) << mantissa_bits);
  uint64_t last = has_infinity ? infinity : infinity + 6; /* e4m3: 0x7e, beyond it there is only NaN */
  return sign | (code < last ? code : last);
}

uint64_t challenge_encode(uint32_t type, double value) {
  uint64_t bits = 0;
  float single = (float)value;
  switch (type) {
  case SK_E4M3:
    return encode_small_float(value, 4, 3, 0);
  case SK_F16:
    return encode_small_float(value, 5, 10, 1);
  case SK_BF16:
    return encode_small_float(value, 8, 7, 1);
  case SK_F32:
    memcpy(&bits, &single, sizeof single);
    return bits;
  case SK_F64:
    memcpy(&bits, &value, sizeof value);
    return bits;
  default: /* whole numbers; a byte of e2m1x2 is its code */
    value = fmax(fmin(nearbyint(value), 0x1.fffffffffffffp62), -0x1p63);
    return (uint64_t)(int64_t)value & (type == SK_I64   ? UINT64_MAX
                                       : type == SK_I32 ? UINT64_C(0xffffffff)
                                                        : UINT64_C(0xff));
  }
}

static uint64_t compare_load(const uint8_t *at, size_t bytes) {
  uint64_t bits = 0;
  memcpy(&bits, at, bytes);
  return bits;
}

/* Where rounding to nearest turns a finite value into infinity; infinite for types that have none. */
static double compare_overflow(uint32_t type) {
  switch (type) {
  case SK_F16:
    return 65520.0;
  case SK_BF16:
    return ldexp(2.0 - ldexp(1.0, -8), 127);
  case SK_F32:
    return ldexp(2.0 - ldexp(1.0, -24), 127);
  default:
    return (double)INFINITY;
  }
}

static int compare_is_float(uint32_t type) {
  return type == SK_E4M3 || type == SK_F16 || type == SK_BF16 || type == SK_F32 || type == SK_F64;
}

/* Each nibble of e2m1x2 by itself: codes 0 and 8 are the two zeros. */
static int compare_e2m1x2(uint64_t got, uint64_t want) {
  for (int shift = 0; shift < 8; shift += 4) {
    uint64_t g = got >> shift & 15, w = want >> shift & 15;
    if (g != w && ((g | w) & 7) != 0)
      return 0;
  }
  return 1;
}

static int compare_exact(uint32_t type, uint64_t got, uint64_t want) {
  if (got == want)
    return 1;
  if (type == SK_E2M1X2)
    return compare_e2m1x2(got, want);
  if (!compare_is_float(type))
    return 0;
  double g = compare_decode(type, got), w = compare_decode(type, want);
  return (g == 0.0 && w == 0.0) || (isnan(g) && isnan(w));
}

static int compare_bounded(uint32_t type, double got, double want, double tolerance) {
  if (isnan(want))
    return isnan(got);
  if (isinf(want))
    return got == want;
  if (isinf(got)) {
    double reach = fabs(want) + tolerance, threshold = compare_overflow(type);
    return (got > 0.0) == (want > 0.0) && (type == SK_F64 ? isinf(reach) : reach >= threshold);
  }
  return fabs(got - want) <= tolerance; /* false for NaN on any side */
}

/* One tensor's comparison: what is asked of every element. */
struct compare_run {
  const sk_tensor *t;
  const uint8_t *got, *value;
  const uint8_t *other;    /* a second result, in the place of the reference; NULL: the reference */
  const double *tolerance; /* NULL: exact */
  size_t bytes;            /* of an element */
  struct challenge_mismatch *out;
  int64_t index[6]; /* of the row being compared; its last axis is filled in on a mismatch */
};

static void compare_note(struct compare_run *r, int64_t last, double got, double want, double tolerance) {
  struct challenge_mismatch *m = r->out;
  if (m->wrong++ != 0)
    return;
  memcpy(m->index, r->index, sizeof m->index);
  m->index[r->t->rank - 1] = last;
  m->rank = r->t->rank;
  m->got = got;
  m->want = want;
  m->tolerance = tolerance;
}

static void compare_element(struct compare_run *r, const uint8_t *at, uint64_t elem, int64_t last) {
  uint64_t got = compare_load(at, r->bytes);
  if (!r->tolerance) {
    uint64_t want = compare_load(r->value + elem * r->bytes, r->bytes);
    if (!compare_exact(r->t->type, got, want))
      compare_note(r, last, compare_decode(r->t->type, got), compare_decode(r->t->type, want), 0.0);
    return;
  }
  double want = ((const double *)(const void *)r->value)[elem], value = compare_decode(r->t->type, got);
  if (r->other)
    want = compare_decode(r->t->type, compare_load(r->other + (at - r->got), r->bytes));
  if (!compare_bounded(r->t->type, value, want, r->tolerance[elem]))
    compare_note(r, last, value, want, r->tolerance[elem]);
}

/* One row along the last axis; elem is the index of its first element in the reference. */
static void compare_row(struct compare_run *r, const uint8_t *row, uint64_t elem) {
  int64_t n = r->t->dim[r->t->rank - 1], stride = r->t->stride[r->t->rank - 1];
  int dense = !r->tolerance && (stride == (int64_t)r->bytes || n == 1);
  for (int64_t i = 0; i < n; i += COMPARE_CHUNK_ELEMS) {
    int64_t end = n - i < COMPARE_CHUNK_ELEMS ? n : i + COMPARE_CHUNK_ELEMS;
    if (dense && memcmp(row + i * stride, r->value + (elem + (uint64_t)i) * r->bytes,
                        (size_t)(end - i) * r->bytes) == 0)
      continue; /* equal bytes are equal values, NaN included */
    for (int64_t k = i; k < end; k++)
      compare_element(r, row + k * stride, elem + (uint64_t)k, k);
  }
}

static void compare_describe(const struct challenge *c, const struct challenge_plan *p, int exact,
                             struct challenge_mismatch *m) {
  char at[160];
  size_t used = 0;
  for (uint32_t i = 0; i < m->rank; i++)
    used += (size_t)snprintf(at + used, sizeof at - used, "%s%lld", i ? "," : "", (long long)m->index[i]);
  char group[32] = "", bound[48] = "(exact)";
  if (p->n_problems > 1)
    snprintf(group, sizeof group, " of group %u", m->problem);
  if (!exact)
    snprintf(bound, sizeof bound, "(tolerance %.3g)", m->tolerance);
  snprintf(m->text, sizeof m->text, "%.48s%s at [%s]: got %.9g, want %.9g %s", c->out[m->output].name, group,
           at, m->got, m->want, bound);
}

static void compare_tensor(const struct challenge *c, const struct challenge_plan *p,
                           const struct challenge_data *d, uint32_t t, const uint8_t *bytes,
                           const uint8_t *other, struct challenge_mismatch *out) {
  memset(out, 0, sizeof *out);
  const sk_tensor *tensor = &p->out[t];
  struct compare_run r = {.t = tensor,
                          .got = bytes,
                          .value = d->value[t],
                          .other = other,
                          .bytes = challenge_type_bytes(tensor->type),
                          .out = out,
                          .tolerance = d->numerics == SK_EXACT ? NULL : d->tolerance[t]};
  uint64_t row_elems = (uint64_t)tensor->dim[tensor->rank - 1], rows = p->out_elems[t] / row_elems;
  for (uint64_t row = 0; row < rows; row++) {
    int64_t offset = 0;
    for (uint32_t i = 0; i + 1 < tensor->rank; i++)
      offset += r.index[i] * tensor->stride[i];
    compare_row(&r, bytes + offset, row * row_elems);
    for (uint32_t i = tensor->rank - 1; i-- > 0;) { /* the next row, like an odometer */
      if (++r.index[i] < tensor->dim[i])
        break;
      r.index[i] = 0;
    }
  }
  out->compared = p->out_elems[t];
  if (out->wrong == 0)
    return;
  out->problem = t / p->n_out;
  out->output = t % p->n_out;
  compare_describe(c, p, !r.tolerance, out);
}

void challenge_compare_tensor(const struct challenge *c, const struct challenge_plan *p,
                              const struct challenge_data *d, uint32_t t, const uint8_t *bytes,
                              struct challenge_mismatch *out) {
  compare_tensor(c, p, d, t, bytes, NULL, out);
}

void challenge_compare_two(const struct challenge *c, const struct challenge_plan *p,
                           const struct challenge_data *d, const uint8_t *one, const uint8_t *other,
                           struct challenge_mismatch *out) {
  memset(out, 0, sizeof *out);
  for (uint32_t t = 0; t < p->n_problems * p->n_out && out->wrong == 0 && d->numerics != SK_EXACT; t++)
    compare_tensor(c, p, d, t, one + p->out_offset[t], other + p->out_offset[t], out);
}

void challenge_compare(const struct challenge *c, const struct challenge_plan *p,
                       const struct challenge_data *d, const uint8_t *output_image,
                       struct challenge_mismatch *out) {
  uint64_t wrong = 0, compared = 0;
  struct challenge_mismatch one;
  memset(out, 0, sizeof *out);
  for (uint32_t t = 0; t < p->n_problems * p->n_out; t++) {
    challenge_compare_tensor(c, p, d, t, output_image + p->out_offset[t], &one);
    if (wrong == 0)
      *out = one;
    wrong += one.wrong;
    compared += one.compared;
  }
  out->wrong = wrong;
  out->compared = compared;
}

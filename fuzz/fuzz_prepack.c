/* Room: fuzz. Prepacking on its own (that products of prepacked operands are right, fuzz_product.c
 * finds out), and the codes of single numbers. */
#include <math.h>
#include <string.h>

#include "fuzz_parts.h"

static int meets(const uint8_t *a, size_t a_bytes, const uint8_t *b, int64_t b_bytes) {
  uintptr_t x = (uintptr_t)a, y = (uintptr_t)b; /* either may be NULL */
  return a_bytes > 0 && b_bytes > 0 && x < y + (uintptr_t)b_bytes && y < x + a_bytes;
}

static void break_operand(struct fuzz_draw *d, unsigned mistake, nvfp4_operand *o) {
  int64_t *const stride[4] = {&o->row_stride_bytes, &o->batch_stride_bytes, &o->scale_row_stride_bytes,
                              &o->scale_batch_stride_bytes};
  if (mistake < 4)
    *stride[mistake] = fuzz_rarely(d, 2) ? *stride[mistake] - 1 : fuzz_odd_number(d);
  else if (mistake == 4)
    o->scale_layout = 2 + fuzz_pick(d, 200);
  else if (mistake == 5)
    o->packed = NULL;
  else if (mistake == 6)
    o->scale = NULL;
}

void fuzz_prepack(struct fuzz_draw *d) {
  struct fuzz_operand op = {.rows = 0};
  struct fuzz_verdict v = {0, 0, 0};
  int64_t size[3] = {1 + fuzz_pick(d, 3), fuzz_size(d), fuzz_k(d)}, bytes[2] = {0, 0};
  support_seed(fuzz_pick(d, 65536));
  while (size[1] * size[2] > 1 << 17 && size[1] > 1)
    size[1] /= 2;
  while (size[1] * size[2] > 1 << 17)
    size[2] = size[2] / 32 * 16;
  fuzz_operand_make(d, size[0], size[1], size[2], SUPPORT_WILD, 0, 0, &op);
  size_t need = nvfp4_prepacked_bytes(size[0], size[1], size[2]), said = need + (fuzz_rarely(d, 4) ? 192 : 0);
  fuzz_need(need % 64 == 0, "prepacked bytes are not a multiple of 64");
  struct fuzz_region region = fuzz_memory_take(d, said), second = fuzz_memory_take(d, need);
  uint8_t *out = region.at;
  unsigned mistake = fuzz_mistake(d, 14);
  break_operand(d, mistake, &op.used);
  if (mistake >= 7 && mistake < 10)
    size[mistake - 7] = fuzz_odd_number(d);
  else if (mistake == 10)
    out = NULL;
  else if (mistake == 11)
    out += 1 + fuzz_pick(d, 63);
  else if (mistake == 12)
    said -= said > 0 ? 1 + fuzz_pick(d, 1000) % said : 0;
  else if (mistake == 13)
    out = (uint8_t *)((uintptr_t)(fuzz_rarely(d, 2) ? op.packed.at : op.scale.at) / 64 * 64);

  fuzz_rules_sizes(&v, size[0], size[1], 0, size[2]);
  int empty = size[0] == 0 || size[1] == 0;
  size_t needed = nvfp4_prepacked_bytes(size[0], size[1], size[2]);
  if (v.must)
    fuzz_need(needed == 0, "prepacked bytes are named for sizes that are not valid");
  if (!v.must) {
    fuzz_rules_operand(&v, &op.used, size[0], size[1], size[2], 0, empty, bytes);
    if (needed > said)
      fuzz_verdict_add(&v, NVFP4_ERR_WORKSPACE, !empty);
    if (needed == 0 && !empty)
      fuzz_verdict_add(&v, NVFP4_ERR_SHAPE, 1);
    size_t most = said > needed ? said : needed;
    if (meets(out, most, op.used.packed, bytes[0]) || meets(out, most, op.used.scale, bytes[1]))
      fuzz_verdict_add(&v, NVFP4_ERR_ALIAS,
                       meets(out, needed, op.used.packed, bytes[0]) ||
                           meets(out, needed, op.used.scale, bytes[1]));
  }
  if (!out)
    fuzz_verdict_add(&v, NVFP4_ERR_NULL, !empty);
  if ((uintptr_t)out % 64 != 0)
    fuzz_verdict_add(&v, NVFP4_ERR_ALIGN, !empty);
  if (!v.must && mistake < 14 && !empty)
    return; /* valid, for other memory than this */
  fuzz_memory_remember();
  enum nvfp4_status status = nvfp4_prepack(&op.used, size[0], size[1], size[2], out, said);
  fuzz_verdict_check(&v, status, "nvfp4_prepack");
  if (status != NVFP4_OK || empty) {
    int changed = fuzz_memory_changed(NULL);
    if (changed >= 0)
      fuzz_fail("nvfp4_prepack had nothing to do and wrote into region %d", changed);
    return;
  }
  /* Its bytes depend on the operand only: not on the instruction set, nor on what was there before. */
  fuzz_call_isa("scalar");
  status = nvfp4_prepack(&op.used, size[0], size[1], size[2], second.at, need);
  fuzz_call_isa(NULL);
  fuzz_need(status == NVFP4_OK && memcmp(region.at, second.at, need) == 0, "prepacking twice differs");
  memcpy(fuzz_memory_before(region.at), region.at, need);
  memcpy(fuzz_memory_before(second.at), second.at, need);
  fuzz_need(fuzz_memory_changed(NULL) < 0, "nvfp4_prepack wrote beyond its result");
}

/* The nearest value of a table, ties to the even code; x finite and not negative. */
static unsigned nearest(const double *value, unsigned count, double x) {
  unsigned best = 0;
  for (unsigned code = 1; code < count; code++) {
    double near = fabs(value[best] - x), here = fabs(value[code] - x);
    if (here < near || (here == near && code % 2 == 0))
      best = code;
  }
  return best;
}

void fuzz_codes(struct fuzz_draw *d) {
  uint32_t bits = 0;
  float x;
  for (int i = 0; i < 4; i++)
    bits = bits << 8 | fuzz_byte(d);
  memcpy(&x, &bits, sizeof x);
  unsigned sign = bits >> 31;
  double magnitude = fmin(fabs((double)x), 1e6); /* all tables end below */
  uint16_t half = nvfp4_fp16_from_float(x), brain = nvfp4_bf16_from_float(x);
  double as_half = support_number(&half, NVFP4_FP16), as_brain = support_number(&brain, NVFP4_BF16);
  fuzz_need(half == nvfp4_fp16_from_double((double)x) && brain == nvfp4_bf16_from_double((double)x),
            "a half from a float is not the one from the same double");
  if (isnan(x)) {
    fuzz_need(nvfp4_e2m1_encode(x) == 7 && nvfp4_e4m3_encode(x) == (sign ? 0xff : 0x7f) &&
                  nvfp4_ue4m3_encode(x) == 0x7f,
              "NaN has another code");
    fuzz_need(half == (0x7e00 | sign << 15) && brain == (0x7fc0 | sign << 15), "NaN has other bits");
    return;
  }
  if (nvfp4_e2m1_encode(x) != (nearest(support_e2m1, 8, magnitude) | sign << 3))
    fuzz_fail("e2m1 of %.9g is %u", (double)x, nvfp4_e2m1_encode(x));
  if (nvfp4_e4m3_encode(x) != (nearest(support_e4m3, 127, magnitude) | sign << 7))
    fuzz_fail("e4m3 of %.9g is %02x", (double)x, nvfp4_e4m3_encode(x));
  if (nvfp4_ue4m3_encode(x) != (sign ? 0 : nearest(support_e4m3, 127, magnitude)))
    fuzz_fail("ue4m3 of %.9g is %02x", (double)x, nvfp4_ue4m3_encode(x));
  if (!isinf(x)) {
    int infinite = fabs((double)x) >= 65520.0;
    fuzz_need((isinf(as_half) != 0) == infinite &&
                  (infinite || fabs(as_half - (double)x) <= nvfp4_fp16_ulp((double)x) / 2),
              "fp16 is not nearest");
    double step = ldexp(1.0, (int)fmax(-133.0, x == 0.0f ? -133.0 : ilogb((double)x) - 7));
    fuzz_need(isinf(as_brain) ? fabs((double)x) >= 0x1.ffp127 : fabs(as_brain - (double)x) <= step / 2,
              "bf16 is not nearest");
  }
  fuzz_need((signbit(as_half) != 0) == sign && (signbit(as_brain) != 0) == sign, "a half lost its sign");
  fuzz_need((double)nvfp4_fp16_to_float(half) == as_half && (double)nvfp4_bf16_to_float(brain) == as_brain,
            "a half does not come back");
}

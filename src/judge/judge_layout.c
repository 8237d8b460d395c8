/* Room: judge. May use challenge, base. Where the tensors of a call lie, what surrounds them. */
#include <stdlib.h>
#include <string.h>

#include "judge/judge_internal.h"

enum { BAND_BYTES = 192 };

static uint64_t round_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/* Bytes from a tensor's first to its last; challenge_plan_create has checked the numbers. */
static uint64_t tensor_span(const sk_tensor *t) {
  uint64_t span = challenge_type_bytes(t->type);
  for (uint32_t i = 0; i < t->rank && i < 6; i++) {
    if (t->dim[i] <= 0)
      return 0;
    span += (uint64_t)(t->dim[i] - 1) * (uint64_t)t->stride[i];
  }
  return span;
}

/* Outputs one after another with bands of random bytes before, between and behind. */
static uint64_t place_with_bands(uint64_t *at, const uint64_t *span, uint32_t n) {
  uint64_t position = BAND_BYTES;
  for (uint32_t i = 0; i < n; i++) {
    at[i] = position;
    position = round_up(position + span[i], 64) + BAND_BYTES;
  }
  return round_up(position, JUDGE_PAGE_BYTES);
}

static uint64_t place_with_guards(struct judge_shape *s, enum judge_layout_kind kind, uint32_t memory,
                                  uint64_t *at, const uint64_t *span, uint32_t n) {
  uint64_t position = 0;
  for (uint32_t i = 0; i <= n; i++) {
    s->guard[s->n_guards++] =
        (struct judge_plan_guard){.memory = memory, .offset = position, .bytes = JUDGE_PAGE_BYTES};
    position += JUDGE_PAGE_BYTES;
    if (i == n)
      break;
    uint64_t pages = round_up(span[i], JUDGE_PAGE_BYTES);
    at[i] = kind == JUDGE_LAYOUT_GUARD_BEFORE ? position : position + pages - round_up(span[i], 64);
    position += pages;
  }
  return position;
}

enum status judge_shape_create(struct judge *j, const struct challenge_shape *shape,
                               enum judge_layout_kind kind, struct judge_shape *out, struct error *e) {
  *out = (struct judge_shape){.shape = shape, .kind = kind};
  enum status st = challenge_plan_create(j->helper, shape, &out->plan, e);
  if (st)
    return st;
  const struct challenge_plan *p = out->plan;
  out->n_in = p->n_problems * p->n_in;
  out->n_out = p->n_problems * p->n_out;
  uint64_t *numbers = calloc(2 * ((size_t)out->n_in + out->n_out) + 1, sizeof *numbers);
  out->guard = calloc((size_t)out->n_in + out->n_out + 2, sizeof *out->guard);
  out->in_at = numbers;
  if (!numbers || !out->guard) {
    judge_shape_free(out);
    return error_set(e, ST_MEMORY, "out of memory while laying out %s", shape->name);
  }
  out->in_span = numbers + out->n_in;
  out->out_at = out->in_span + out->n_in;
  out->out_span = out->out_at + out->n_out;
  for (uint32_t t = 0; t < out->n_in; t++) {
    out->in_span[t] = tensor_span(&p->in[t]);
    out->in_at[t] = p->in_offset[t];
  }
  for (uint32_t t = 0; t < out->n_out; t++)
    out->out_span[t] = tensor_span(&p->out[t]);
  if (kind == JUDGE_LAYOUT_BLOCK) {
    out->in_slot_bytes = round_up(p->in_bytes, JUDGE_PAGE_BYTES);
    out->out_slot_bytes = place_with_bands(out->out_at, out->out_span, out->n_out);
  } else {
    out->in_slot_bytes = place_with_guards(out, kind, JUDGE_MEM_INPUTS, out->in_at, out->in_span, out->n_in);
    out->out_slot_bytes =
        place_with_guards(out, kind, JUDGE_MEM_OUTPUTS, out->out_at, out->out_span, out->n_out);
  }
  return ST_OK;
}

void judge_shape_free(struct judge_shape *s) {
  challenge_plan_free(s->plan);
  free(s->in_at);
  free(s->guard);
  *s = (struct judge_shape){0};
}

static void add_tensors(const struct judge_shape *s, struct buffer *out) {
  const struct challenge_plan *p = s->plan;
  for (uint32_t problem = 0; problem < p->n_problems; problem++)
    for (uint32_t t = 0; t < p->n_in + p->n_out; t++) {
      int is_in = t < p->n_in;
      size_t i = is_in ? (size_t)problem * p->n_in + t : (size_t)problem * p->n_out + (t - p->n_in);
      const sk_tensor *from = is_in ? &p->in[i] : &p->out[i];
      struct judge_plan_tensor to = {
          .offset = is_in ? s->in_at[i] : s->out_at[i], .type = from->type, .rank = from->rank};
      memcpy(to.dim, from->dim, sizeof to.dim);
      memcpy(to.stride, from->stride, sizeof to.stride);
      buffer_add(out, &to, sizeof to);
    }
}

enum status judge_plan_build(const struct judge *j, const struct judge_shape *const *shape, uint32_t n_shapes,
                             uint64_t inputs_bytes, uint64_t outputs_bytes, struct buffer *out,
                             struct error *e) {
  const struct challenge *c = j->challenge;
  struct judge_plan_shape entry[JUDGE_MAX_SHAPES];
  if (n_shapes > JUDGE_MAX_SHAPES)
    return error_set(e, ST_RANGE, "a process is given at most %d shapes", JUDGE_MAX_SHAPES);
  uint64_t at = sizeof(struct judge_plan_head) + n_shapes * sizeof entry[0];
  for (uint32_t i = 0; i < n_shapes; i++) {
    const struct judge_shape *s = shape[i];
    uint32_t problems = s->plan->n_problems;
    entry[i] = (struct judge_plan_shape){.n_problems = problems,
                                         .n_guards = s->n_guards,
                                         .in_slot_bytes = s->in_slot_bytes,
                                         .out_slot_bytes = s->out_slot_bytes};
    entry[i].sizes_at = at;
    at += (uint64_t)problems * c->n_sizes * sizeof(int64_t);
    entry[i].tensors_at = at;
    at += ((uint64_t)s->n_in + s->n_out) * sizeof(struct judge_plan_tensor);
    entry[i].guards_at = at;
    at += s->n_guards * sizeof(struct judge_plan_guard);
  }
  struct judge_plan_head head = {.magic = JUDGE_PLAN_MAGIC,
                                 .n_shapes = n_shapes,
                                 .threads = j->threads,
                                 .spin =
                                     j->judge_cpu >= 0 && n_shapes && shape[0]->kind == JUDGE_LAYOUT_BLOCK,
                                 .n_in = (uint32_t)c->n_in,
                                 .n_out = (uint32_t)c->n_out,
                                 .n_sizes = (uint32_t)c->n_sizes,
                                 .device = SK_CPU,
                                 .guards = n_shapes ? (uint32_t)shape[0]->kind : JUDGE_LAYOUT_BLOCK,
                                 .inputs_bytes = inputs_bytes,
                                 .outputs_bytes = outputs_bytes,
                                 .workspace_max = c->workspace_max,
                                 .plan_bytes = at};
  buffer_add(out, &head, sizeof head);
  buffer_add(out, entry, n_shapes * sizeof entry[0]);
  for (uint32_t i = 0; i < n_shapes; i++) {
    const struct judge_shape *s = shape[i];
    buffer_add(out, s->shape->sizes, (size_t)s->plan->n_problems * c->n_sizes * sizeof(int64_t));
    add_tensors(s, out);
    buffer_add(out, s->guard, s->n_guards * sizeof s->guard[0]);
  }
  if (buffer_failed(out) || out->bytes != at)
    return error_set(e, ST_MEMORY, "out of memory while planning a process");
  return ST_OK;
}

void judge_shape_describe(const struct judge *j, const struct judge_shape *s, int outputs, uint64_t offset,
                          char *out, size_t out_bytes) {
  const struct challenge *c = j->challenge;
  uint32_t n = outputs ? s->n_out : s->n_in;
  uint32_t per_problem = outputs ? s->plan->n_out : s->plan->n_in;
  const uint64_t *at = outputs ? s->out_at : s->in_at, *span = outputs ? s->out_span : s->in_span;
  uint32_t best = 0;
  uint64_t best_distance = UINT64_MAX;
  int best_side = 0; /* -1 before, 0 inside, 1 past */
  for (uint32_t t = 0; t < n; t++) {
    int side = offset < at[t] ? -1 : offset >= at[t] + span[t] ? 1 : 0;
    uint64_t distance = side < 0 ? at[t] - offset : side > 0 ? offset - (at[t] + span[t]) + 1 : 0;
    /* of two tensors at the same distance, "past" is the likelier mistake */
    if (distance < best_distance || (distance == best_distance && side > 0)) {
      best = t;
      best_distance = distance;
      best_side = side;
    }
  }
  if (n == 0 || per_problem == 0) {
    snprintf(out, out_bytes, "outside every tensor");
    return;
  }
  const char *name = outputs ? c->out[best % per_problem].name : c->in[best % per_problem].name;
  const char *side = best_side < 0 ? "before" : best_side > 0 ? "past" : "inside";
  snprintf(out, out_bytes, "%llu byte%s %s %s %s of group %u", (unsigned long long)best_distance,
           best_distance == 1 ? "" : "s", side, outputs ? "output" : "input", name, best / per_problem);
  if (best_side == 0)
    snprintf(out, out_bytes, "inside %s %s of group %u", outputs ? "output" : "input", name,
             best / per_problem);
}

/* Turns patterns that are NaN or infinite into finite ones: a poison full of NaN could be recognised.
 * Eight bytes at a time, for this is done before every call: adding the exponent's lowest bit carries into
 * the sign's place exactly when the exponent is all ones, and the carry, moved down by one, is the bit to
 * flip. The sign was masked out, so nothing carries on into the next element. */
static void make_finite(uint8_t *data, uint64_t bytes, uint32_t type) {
  uint64_t exponent = 0, lowest = 0, sign = 0;
  switch (type) {
  case SK_F16:
    exponent = UINT64_C(0x7c007c007c007c00), lowest = UINT64_C(0x0400040004000400);
    sign = UINT64_C(0x8000800080008000);
    break;
  case SK_BF16:
    exponent = UINT64_C(0x7f807f807f807f80), lowest = UINT64_C(0x0080008000800080);
    sign = UINT64_C(0x8000800080008000);
    break;
  case SK_F32:
    exponent = UINT64_C(0x7f8000007f800000), lowest = UINT64_C(0x0080000000800000);
    sign = UINT64_C(0x8000000080000000);
    break;
  case SK_F64:
    exponent = UINT64_C(0x7ff0000000000000), lowest = UINT64_C(0x0010000000000000);
    sign = UINT64_C(0x8000000000000000);
    break;
  case SK_E4M3:
    exponent = UINT64_C(0x7878787878787878), lowest = UINT64_C(0x0808080808080808);
    sign = UINT64_C(0x8080808080808080);
    break;
  default:
    return;
  }
  for (uint64_t i = 0; i < bytes; i += 8) {
    uint64_t value = 0, part = bytes - i < 8 ? bytes - i : 8;
    memcpy(&value, data + i, part);
    value ^= (((value & exponent) + lowest) & sign) >> 1;
    memcpy(data + i, &value, part);
  }
}

void judge_poison(const struct judge_shape *s, struct rng *r, uint8_t *slot) {
  rng_fill(r, slot, s->out_slot_bytes);
  for (uint32_t t = 0; t < s->n_out; t++)
    make_finite(slot + s->out_at[t], s->out_span[t], s->plan->out[t].type);
}

void judge_fill_slack(const struct judge_shape *s, struct rng *r, uint8_t *inputs) {
  for (uint32_t t = 0; t < s->n_in; t++) { /* each has whole pages of its own between two guards */
    uint64_t begin = s->in_at[t] / JUDGE_PAGE_BYTES * JUDGE_PAGE_BYTES, end = s->in_at[t] + s->in_span[t];
    rng_fill(r, inputs + begin, s->in_at[t] - begin);
    rng_fill(r, inputs + end, round_up(end, JUDGE_PAGE_BYTES) - end);
  }
}

static int64_t first_difference(const uint8_t *a, const uint8_t *b, uint64_t from, uint64_t to) {
  if (from >= to || memcmp(a + from, b + from, to - from) == 0)
    return -1;
  while (a[from] == b[from])
    from++;
  return (int64_t)from;
}

int64_t judge_bands_changed(const struct judge_shape *s, const uint8_t *slot, const uint8_t *before) {
  uint64_t position = 0;
  for (uint32_t t = 0; t < s->n_out; t++) { /* outputs stand in rising order */
    int64_t found = first_difference(slot, before, position, s->out_at[t]);
    if (found >= 0)
      return found;
    position = s->out_at[t] + s->out_span[t];
  }
  return first_difference(slot, before, position, s->out_slot_bytes);
}

/* Room: challenge. May use base and sandbox.
 *
 * Inputs and references of a batch of calls, and the roofline of a shape: the two things that a
 * helper is asked for during a season. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "challenge/challenge_helper_private.h"
#include "challenge/challenge_peak.h"

static const uint64_t PREPARE_MAX_POOL = (uint64_t)4 << 30, PREPARE_MAX_REFERENCE = (uint64_t)8 << 30;

static enum status prepare_numerics(struct challenge_helper *h, const struct challenge_plan *p,
                                    uint32_t family, int *exact, struct error *e) {
  struct wire_request q;
  struct wire_answer a;
  enum status s = challenge_ask_case(h, p->n_problems, p->n_sizes, p->sizes, WIRE_NUMERICS, &q, e);
  q.family = family;
  if (s == ST_OK)
    s = challenge_ask(h, &q, "naming its numerics", &a, e);
  if (s != ST_OK)
    return s;
  if (a.value != SK_EXACT && a.value != SK_BOUNDED)
    return challenge_module_bad(h->c, e, "gives family %s neither exact nor bounded numerics (%u)",
                                h->family[family], a.value);
  *exact = a.value == SK_EXACT;
  for (uint32_t o = 0; o < p->n_out && !*exact; o++)
    if (p->out[o].type == SK_E2M1X2)
      return challenge_module_bad(
          h->c, e, "gives family %s bounded numerics, but output %s is e2m1x2, which can only be exact",
          h->family[family], h->c->out[o].name);
  return ST_OK;
}

/* Which of the calls are exact; *all: every one. */
static enum status prepare_families(struct challenge_helper *h, const struct challenge_plan *p,
                                    const uint32_t *family, uint32_t count, uint8_t *call_exact, int *all,
                                    struct error *e) {
  int exact[WIRE_MAX_FAMILIES];
  memset(exact, -1, sizeof exact);
  *all = 1;
  for (uint32_t i = 0; i < count; i++) {
    if (h->ended.status == ST_OK && family[i] >= h->n_families)
      return error_set(e, ST_RANGE, "there are %zu input families, not %u", h->n_families, family[i] + 1);
    if (family[i] >= WIRE_MAX_FAMILIES) /* it has ended and says so */
      return prepare_numerics(h, p, 0, &exact[0], e);
    enum status s = exact[family[i]] < 0 ? prepare_numerics(h, p, family[i], &exact[family[i]], e) : ST_OK;
    if (s != ST_OK)
      return s;
    call_exact[i] = (uint8_t)exact[family[i]];
    *all &= exact[family[i]];
  }
  return ST_OK;
}

/* Offsets of values and tolerances in one call's part of the reference; returns its bytes. Exact calls among
 * bounded ones use the same offsets: their values are no wider. Elements
 * are at most 2^32 a tensor and tensors at most 4096, so nothing here can overflow. */
static uint64_t prepare_reference(const struct challenge_plan *p, int exact, uint64_t *value,
                                  uint64_t *tolerance) {
  uint64_t at = 0;
  for (uint32_t t = 0; t < p->n_problems * p->n_out; t++) {
    uint64_t elem_bytes = exact ? challenge_type_bytes(p->out[t].type) : sizeof(double);
    value[t] = at;
    at = (at + p->out_elems[t] * elem_bytes + 63) & ~(uint64_t)63;
    tolerance[t] = at;
    if (!exact)
      at = (at + p->out_elems[t] * sizeof(double) + 63) & ~(uint64_t)63;
  }
  return (at + 4095) & ~(uint64_t)4095;
}

static enum status prepare_hand_out(struct challenge_helper *h, const struct challenge_plan *p,
                                    const struct wire_request *q, const uint64_t *value,
                                    const uint64_t *tolerance, const uint8_t *exact,
                                    struct challenge_data *out, struct error *e) {
  size_t n = (size_t)p->n_problems * p->n_out;
  const void **pointers = calloc(2 * n * q->count + 1, sizeof *pointers);
  if (!pointers)
    return error_set(e, ST_MEMORY, "out of memory preparing %u calls", q->count);
  free(h->pointers);
  h->pointers = pointers;
  for (uint32_t i = 0; i < q->count; i++) {
    const uint8_t *base = h->reference.map + (uint64_t)i * q->call_reference_bytes;
    const uint8_t **v = (const uint8_t **)pointers + 2 * n * i;
    const double **d = (const double **)pointers + 2 * n * i + n;
    for (size_t t = 0; t < n; t++) {
      v[t] = base + value[t];
      d[t] = exact[i] ? NULL : (const double *)(const void *)(base + tolerance[t]);
    }
    out[i].inputs = h->pool.map + (uint64_t)i * p->in_bytes;
    out[i].numerics = exact[i] ? SK_EXACT : SK_BOUNDED;
    out[i].value = v;
    out[i].tolerance = d;
  }
  return ST_OK;
}

static enum status prepare_ask(struct challenge_helper *h, const struct challenge_plan *p,
                               const uint32_t *family, const uint64_t *seeds, const uint8_t *exact,
                               const uint64_t *value, const uint64_t *tolerance, struct wire_request *q,
                               struct error *e) {
  size_t n_in = (size_t)p->n_problems * p->n_in, n_out = (size_t)p->n_problems * p->n_out;
  struct wire_request sized = *q;
  struct wire_answer a;
  enum status s = challenge_ask_case(h, p->n_problems, p->n_sizes, p->sizes, WIRE_PREPARE, q, e);
  if (s != ST_OK)
    return s;
  memcpy(h->control->in, p->in, n_in * sizeof *p->in);
  memcpy(h->control->out, p->out, n_out * sizeof *p->out);
  memcpy(h->control->in_offset, p->in_offset, n_in * sizeof *p->in_offset);
  memcpy(h->control->value_offset, value, n_out * sizeof *value);
  memcpy(h->control->tolerance_offset, tolerance, n_out * sizeof *tolerance);
  memcpy(h->control->seed, seeds, sized.count * sizeof *seeds);
  memcpy(h->control->call_exact, exact, sized.count);
  for (uint32_t i = 0; i < sized.count; i++)
    h->control->call_family[i] = (uint8_t)family[i];
  q->threads = sized.threads;
  q->count = sized.count;
  q->in_bytes = sized.in_bytes;
  q->call_reference_bytes = sized.call_reference_bytes;
  return challenge_ask(h, q, "preparing inputs and expected results", &a, e);
}

enum status challenge_prepare(struct challenge_helper *h, const struct challenge_plan *p, uint32_t family,
                              const uint64_t *seeds, uint32_t count, uint32_t threads,
                              struct challenge_data *out, struct error *e) {
  if (count < 1 || count > WIRE_MAX_CALLS)
    return error_set(e, ST_RANGE, "between 1 and %d calls at a time", (int)WIRE_MAX_CALLS);
  uint32_t *families = malloc(count * sizeof *families);
  if (!families)
    return error_set(e, ST_MEMORY, "out of memory preparing %u calls", count);
  for (uint32_t i = 0; i < count; i++)
    families[i] = family;
  enum status s = challenge_prepare_mixed(h, p, families, seeds, count, threads, out, e);
  free(families);
  return s;
}

enum status challenge_prepare_mixed(struct challenge_helper *h, const struct challenge_plan *p,
                                    const uint32_t *family, const uint64_t *seeds, uint32_t count,
                                    uint32_t threads, struct challenge_data *out, struct error *e) {
  int exact = 0;
  uint8_t call_exact[WIRE_MAX_CALLS];
  size_t n_out = (size_t)p->n_problems * p->n_out;
  if (count < 1 || count > WIRE_MAX_CALLS)
    return error_set(e, ST_RANGE, "between 1 and %d calls at a time", (int)WIRE_MAX_CALLS);
  enum status s = prepare_families(h, p, family, count, call_exact, &exact, e);
  if (s != ST_OK)
    return s;
  uint64_t *value = calloc(n_out + 1, sizeof *value), *tolerance = calloc(n_out + 1, sizeof *tolerance);
  struct wire_request q = {.threads = threads ? threads : 1, .count = count, .in_bytes = p->in_bytes};
  if (!value || !tolerance)
    s = error_set(e, ST_MEMORY, "out of memory preparing %u calls", count);
  uint64_t call_bytes = s == ST_OK ? prepare_reference(p, exact, value, tolerance) : 0;
  if (s == ST_OK && (p->in_bytes > PREPARE_MAX_POOL / count || call_bytes > PREPARE_MAX_REFERENCE / count))
    s = error_set(e, ST_RANGE, "%u calls of this shape need more than 4 GiB of inputs or 8 GiB of references",
                  count);
  if (s == ST_OK)
    s = challenge_memory_grow(&h->pool, p->in_bytes * count, e);
  if (s == ST_OK)
    s = challenge_memory_grow(&h->reference, call_bytes * count, e);
  q.call_reference_bytes = call_bytes;
  if (s == ST_OK)
    s = prepare_ask(h, p, family, seeds, call_exact, value, tolerance, &q, e);
  if (s == ST_OK)
    s = prepare_hand_out(h, p, &q, value, tolerance, call_exact, out, e);
  free(value);
  free(tolerance);
  return s;
}

/* Operations per second of the fastest multiply-add this machine has; NaN figures are units it lacks. */
static double roofline_peak(const struct challenge_peaks *p) {
  double mac = fmax(fmax(p->bf16_dot_mac_per_s, p->int8_dot_mac_per_s),
                    fmax(p->fma512_mac_per_s, p->fma256_mac_per_s));
  return 2.0 * fmax(mac, p->plain_mac_per_s);
}

enum status challenge_roofline(struct challenge_helper *h, const struct challenge_shape *s,
                               const struct challenge_device *device, struct challenge_roofline *out,
                               struct error *e) {
  struct wire_request q;
  struct wire_answer a;
  double bytes_per_s = device->bytes_per_s, operations_per_s = device->operations_per_s;
  enum status status =
      challenge_ask_case(h, s->n_problems, (uint32_t)h->c->n_sizes, s->sizes, WIRE_ROOFLINE, &q, e);
  if (status == ST_OK)
    status = challenge_ask(h, &q, "counting bytes and operations", &a, e);
  if (status != ST_OK)
    return status;
  if (!(isfinite(a.bytes) && a.bytes > 0.0 && isfinite(a.operations) && a.operations > 0.0))
    return challenge_module_bad(h->c, e, "counts %g bytes and %g operations for %s", a.bytes, a.operations,
                                s->name);
  if (!(bytes_per_s > 0.0)) {
    struct challenge_peaks peaks;
    status = challenge_peaks_measure(0, &peaks, e);
    if (status != ST_OK)
      return status;
    bytes_per_s = peaks.read_bytes_per_s;
    operations_per_s = roofline_peak(&peaks);
    if (!(bytes_per_s > 0.0 && operations_per_s > 0.0))
      return error_set(e, ST_TOOL, "this machine's peaks could not be measured");
  }
  out->bytes = a.bytes;
  out->operations = a.operations;
  out->intensity = a.operations / a.bytes;
  out->bytes_seconds = a.bytes / bytes_per_s;
  out->operations_seconds = a.operations / operations_per_s;
  out->bytes_bind = out->bytes_seconds >= out->operations_seconds;
  out->seconds = out->bytes_bind ? out->bytes_seconds : out->operations_seconds;
  return ST_OK;
}

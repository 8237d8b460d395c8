/* Room: challenge. May use base and sandbox.
 *
 * The memory plan of a shape. The module says how its tensors lie; here every number is checked, so
 * that whoever works with a plan can trust it. */
#include <stdlib.h>
#include <string.h>

#include "challenge/challenge_helper_private.h"

static const uint64_t PLAN_MAX_IMAGE_BYTES = (uint64_t)4 << 30;

void challenge_plan_free(struct challenge_plan *p) {
  if (!p)
    return;
  free((void *)p->sizes);
  free(p->in);
  free(p->out);
  free(p->in_offset);
  free(p->out_offset);
  free(p->in_span);
  free(p->out_span);
  free(p->out_elems);
  free(p);
}

static struct challenge_plan *plan_alloc(const struct challenge *c, const struct challenge_shape *s) {
  struct challenge_plan *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  size_t in = (size_t)s->n_problems * c->n_in + 1, out = (size_t)s->n_problems * c->n_out + 1;
  size_t size_bytes = (size_t)s->n_problems * c->n_sizes * sizeof(int64_t);
  int64_t *sizes = malloc(size_bytes + 1);
  p->n_problems = s->n_problems;
  p->n_sizes = (uint32_t)c->n_sizes;
  p->n_in = (uint32_t)c->n_in;
  p->n_out = (uint32_t)c->n_out;
  p->in = calloc(in, sizeof *p->in);
  p->out = calloc(out, sizeof *p->out);
  p->in_offset = calloc(in, sizeof *p->in_offset);
  p->out_offset = calloc(out, sizeof *p->out_offset);
  p->in_span = calloc(in, sizeof *p->in_span);
  p->out_span = calloc(out, sizeof *p->out_span);
  p->out_elems = calloc(out, sizeof *p->out_elems);
  p->sizes = sizes;
  if (!sizes || !p->in || !p->out || !p->in_offset || !p->out_offset || !p->in_span || !p->out_span ||
      !p->out_elems) {
    challenge_plan_free(p);
    return NULL;
  }
  memcpy(sizes, s->sizes, size_bytes);
  return p;
}

/* A copy that holds nothing but what is defined: unused axes and data are zero. */
static sk_tensor plan_copy(const sk_tensor *said) {
  sk_tensor t = {.type = said->type, .rank = said->rank};
  for (uint32_t i = 0; i < said->rank && i < 6; i++) {
    t.dim[i] = said->dim[i];
    t.stride[i] = said->stride[i];
  }
  return t;
}

/* No two elements share a byte: with axes by stride, each must step over all that is below it. */
static int plan_apart(const sk_tensor *t) {
  uint32_t axis[6], n = 0;
  for (uint32_t i = 0; i < t->rank; i++) {
    if (t->dim[i] == 1)
      continue;
    uint32_t at = n++;
    for (; at > 0 && t->stride[axis[at - 1]] > t->stride[i]; at--)
      axis[at] = axis[at - 1];
    axis[at] = i;
  }
  uint64_t below = challenge_type_bytes(t->type);
  for (uint32_t i = 0; i < n; i++) {
    uint64_t stride = (uint64_t)t->stride[axis[i]];
    if (stride < below)
      return 0;
    below += stride * (uint64_t)(t->dim[axis[i]] - 1); /* bounded: the span was */
  }
  return 1;
}

static enum status plan_tensor(const struct challenge *c, const struct challenge_tensor *declared,
                               const sk_tensor *t, uint32_t problem, uint64_t *elems, uint64_t *span,
                               struct error *e) {
  if (t->type != challenge_type_of(declared->type))
    return challenge_module_bad(c, e, "gives tensor %s another type than challenge.yml (%s)", declared->name,
                                declared->type);
  if (t->rank < 1 || t->rank > 6)
    return challenge_module_bad(c, e, "gives tensor %s of group %u rank %u; 1 to 6 are possible",
                                declared->name, problem, t->rank);
  *elems = 1;
  *span = challenge_type_bytes(t->type);
  for (uint32_t i = 0; i < t->rank; i++) {
    uint64_t reach = 0;
    if (t->dim[i] < 1 || t->stride[i] < 0 || (t->dim[i] > 1 && t->stride[i] < 1) ||
        (uint64_t)t->stride[i] % challenge_type_bytes(t->type) != 0)
      return challenge_module_bad(c, e, "gives tensor %s of group %u a bad axis %u (dim %lld, stride %lld)",
                                  declared->name, problem, i, (long long)t->dim[i], (long long)t->stride[i]);
    if (__builtin_mul_overflow((uint64_t)(t->dim[i] - 1), (uint64_t)t->stride[i], &reach) ||
        __builtin_add_overflow(*span, reach, span) ||
        __builtin_mul_overflow(*elems, (uint64_t)t->dim[i], elems) || *span > PLAN_MAX_IMAGE_BYTES ||
        *elems > PLAN_MAX_IMAGE_BYTES)
      return challenge_module_bad(c, e, "makes tensor %s of group %u larger than 4 GiB", declared->name,
                                  problem);
  }
  return ST_OK;
}

static enum status plan_inputs(const struct challenge *c, struct challenge_plan *p, const sk_tensor *said,
                               struct error *e) {
  uint64_t at = 0, elems = 0;
  for (uint32_t t = 0; t < p->n_problems * p->n_in; t++) {
    p->in[t] = plan_copy(&said[t]);
    enum status s = plan_tensor(c, &c->in[t % p->n_in], &p->in[t], t / p->n_in, &elems, &p->in_span[t], e);
    if (s != ST_OK)
      return s;
    p->in_offset[t] = at;
    at = (at + p->in_span[t] + 63) & ~(uint64_t)63;
    if (at > PLAN_MAX_IMAGE_BYTES)
      return challenge_module_bad(c, e, "needs more than 4 GiB for the inputs of one call");
  }
  p->in_bytes = (at + 4095) & ~(uint64_t)4095;
  return ST_OK;
}

static enum status plan_outputs(const struct challenge *c, struct challenge_plan *p, const sk_tensor *said,
                                struct error *e) {
  uint64_t at = CHALLENGE_GUARD_BYTES;
  for (uint32_t t = 0; t < p->n_problems * p->n_out; t++) {
    p->out[t] = plan_copy(&said[t]);
    enum status s =
        plan_tensor(c, &c->out[t % p->n_out], &p->out[t], t / p->n_out, &p->out_elems[t], &p->out_span[t], e);
    if (s != ST_OK)
      return s;
    if (!plan_apart(&p->out[t]))
      return challenge_module_bad(c, e, "lets elements of output %s of group %u overlap",
                                  c->out[t % p->n_out].name, t / p->n_out);
    p->out_offset[t] = at;
    at = ((at + p->out_span[t] + 63) & ~(uint64_t)63) + CHALLENGE_GUARD_BYTES;
    if (at > PLAN_MAX_IMAGE_BYTES)
      return challenge_module_bad(c, e, "needs more than 4 GiB for the outputs of one call");
  }
  p->out_bytes = (at + 4095) & ~(uint64_t)4095;
  return ST_OK;
}

/* The control memory is shared with the helper, which may write while we read: copy, then look. */
static sk_tensor *plan_take(const sk_tensor *shared, size_t n) {
  sk_tensor *copy = malloc((n + 1) * sizeof *copy);
  if (copy && n)
    memcpy(copy, shared, n * sizeof *copy);
  return copy;
}

enum status challenge_plan_create(struct challenge_helper *h, const struct challenge_shape *s,
                                  struct challenge_plan **out, struct error *e) {
  struct wire_request q;
  struct wire_answer a;
  *out = NULL;
  enum status status =
      challenge_ask_case(h, s->n_problems, (uint32_t)h->c->n_sizes, s->sizes, WIRE_LAYOUT, &q, e);
  if (status == ST_OK)
    status = challenge_ask(h, &q, "laying out a shape", &a, e);
  if (status != ST_OK)
    return status;
  struct challenge_plan *p = plan_alloc(h->c, s);
  sk_tensor *in = plan_take(h->control->in, (size_t)s->n_problems * h->c->n_in);
  sk_tensor *outputs = plan_take(h->control->out, (size_t)s->n_problems * h->c->n_out);
  if (!p || !in || !outputs)
    status = error_set(e, ST_MEMORY, "out of memory planning a shape");
  else
    status = plan_inputs(h->c, p, in, e);
  if (status == ST_OK)
    status = plan_outputs(h->c, p, outputs, e);
  free(in);
  free(outputs);
  if (status == ST_OK)
    *out = p;
  else
    challenge_plan_free(p);
  return status;
}

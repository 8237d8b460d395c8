/* Room: judge. May use challenge, base. Does the comparison see what it must, with this challenge's
 * references and tolerances?
 *
 * No entry runs here: an image is made of the references, each rounded to its type, which must be right;
 * then some elements become the nearest value that is wrong, and each of them must be found. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge_self.h"

enum { SAMPLES = 64 };
static const double MOST_LOOSE = 0.01; /* the share of elements that may be right with the other sign */

enum spoil { SPOIL_UP, SPOIL_DOWN, SPOIL_NAN, SPOIL_INFINITY, SPOIL_NOT_INFINITY, SPOILS };
static const struct {
  const char *name, *text;
} spoil_known[SPOILS] = {
    {"an_ulp_above", "one representable value above the tolerance"},
    {"an_ulp_below", "one representable value below the tolerance"},
    {"nan", "NaN for a number or an infinity"},
    {"infinity", "an infinity for a number that is far from one, or the other infinity"},
    {"no_infinity", "the largest finite number for an infinity"},
};

struct probe {
  struct self *s;
  const struct challenge_plan *plan;
  const struct challenge_data *data;
  uint8_t *right, *image;
  uint64_t applied[SPOILS], missed[SPOILS];
  double loose, signed_elems; /* over the task's elements that are not zero */
  char missed_at[SPOILS][96];
};

static int is_float(uint32_t type) {
  return type == SK_E4M3 || type == SK_F16 || type == SK_BF16 || type == SK_F32 || type == SK_F64;
}

static uint64_t elem_offset(const sk_tensor *t, uint64_t elem) {
  uint64_t offset = 0;
  for (uint32_t axis = t->rank; axis-- > 0; elem /= (uint64_t)t->dim[axis])
    offset += elem % (uint64_t)t->dim[axis] * (uint64_t)t->stride[axis];
  return offset;
}

/* The reference of one element: its bits as the output's type, its value, how far one may be off. */
struct want {
  uint64_t bits;
  double value, tolerance;
};

static struct want want_of(const struct probe *p, uint32_t t, uint64_t elem) {
  uint32_t type = p->plan->out[t].type;
  struct want w = {0};
  if (p->data->numerics == SK_EXACT) {
    memcpy(&w.bits, p->data->value[t] + elem * challenge_type_bytes(type), challenge_type_bytes(type));
    w.value = challenge_decode(type, w.bits);
  } else {
    w.value = ((const double *)(const void *)p->data->value[t])[elem];
    w.tolerance = p->data->tolerance[t][elem];
    w.bits = challenge_encode(type, w.value);
  }
  return w;
}

/* The next value of a type in a direction; floats are sign and size. */
static uint64_t next_value(uint32_t type, uint64_t bits, int up) {
  uint64_t sign = UINT64_C(1) << (8 * challenge_type_bytes(type) - 1);
  if (type == SK_E2M1X2)
    return bits ^ (up ? 1 : 0x10);
  if (!is_float(type))
    return up ? bits + 1 : bits - 1;
  if ((bits & (sign - 1)) == 0)
    return up ? 1 : sign | 1;
  return ((bits & sign) == 0) == (up != 0) ? bits + 1 : bits - 1;
}

/* The nearest wrong value in a direction; 0: there is none (it would be an infinity). */
static int beyond(uint32_t type, struct want w, int up, uint64_t *out) {
  if (!isfinite(w.value))
    return 0;
  *out =
      w.tolerance > 0 ? challenge_encode(type, up ? w.value + w.tolerance : w.value - w.tolerance) : w.bits;
  for (int i = 0; i < 4; i++) {
    double value = challenge_decode(type, *out);
    if (!isfinite(value))
      return 0;
    if (fabs(value - w.value) > w.tolerance || (type == SK_E2M1X2 && i > 0))
      return 1;
    *out = next_value(type, *out, up);
  }
  return 0;
}

/* Infinity of a type that has one. */
static int infinity_of(uint32_t type, int negative, uint64_t *out) {
  *out = challenge_encode(type, negative ? -(double)INFINITY : (double)INFINITY);
  return is_float(type) && isinf(challenge_decode(type, *out));
}

static int spoil(enum spoil how, uint32_t type, struct want w, uint64_t *out) {
  uint64_t infinity;
  double far = w.value + (w.value < 0 ? -1 : 1) * (fabs(w.value) + 2 * w.tolerance);
  switch (how) {
  case SPOIL_UP:
  case SPOIL_DOWN:
    return beyond(type, w, how == SPOIL_UP, out);
  case SPOIL_NAN:
    *out = challenge_encode(type, (double)NAN);
    return is_float(type) && !isnan(w.value);
  case SPOIL_INFINITY:
    if (isnan(w.value) || !infinity_of(type, isinf(w.value) ? w.value > 0 : w.value < 0, out))
      return 0;
    return isinf(w.value) || isfinite(challenge_decode(type, challenge_encode(type, far)));
  default: { /* where every right result is infinite */
    double least = isinf(w.value) ? w.value : w.value < 0 ? w.value + w.tolerance : w.value - w.tolerance;
    if (isnan(w.value) || (least < 0) != (w.value < 0) || !infinity_of(type, w.value < 0, &infinity) ||
        !isinf(challenge_decode(type, challenge_encode(type, least))))
      return 0;
    *out = infinity - 1;
    return fabs(challenge_decode(type, *out) - w.value) > w.tolerance;
  }
  }
}

static void note_missed(struct probe *p, enum spoil how, const char *family, uint32_t t) {
  const struct challenge *c = p->s->j->challenge;
  if (!p->missed_at[how][0])
    snprintf(p->missed_at[how], sizeof p->missed_at[how], "%.40s with %.24s inputs",
             c->out[t % p->plan->n_out].name, family);
}

/* Spoils some elements of one tensor, first and last among them, and counts what is not found. */
static void spoil_tensor(struct probe *p, enum spoil how, uint32_t t, const char *family) {
  const sk_tensor *tensor = &p->plan->out[t];
  uint8_t *to = p->image + p->plan->out_offset[t];
  uint64_t n = p->plan->out_elems[t], samples = n < SAMPLES ? n : SAMPLES, applied = 0;
  memcpy(to, p->right + p->plan->out_offset[t], p->plan->out_span[t]);
  for (uint64_t i = 0; i < samples; i++) {
    uint64_t elem = samples == 1 ? 0 : (n - 1) * i / (samples - 1), bits;
    if (!spoil(how, tensor->type, want_of(p, t, elem), &bits))
      continue;
    memcpy(to + elem_offset(tensor, elem), &bits, challenge_type_bytes(tensor->type));
    applied++;
  }
  struct challenge_mismatch m;
  challenge_compare_tensor(p->s->j->challenge, p->plan, p->data, t, to, &m);
  p->applied[how] += applied;
  if (m.wrong != applied) {
    p->missed[how] += applied - m.wrong;
    note_missed(p, how, family, t);
  }
}

/* The image of right results. 0: it is not right by the comparison's own word. */
static int make_right(struct probe *p, uint32_t t, int count_signs) {
  const sk_tensor *tensor = &p->plan->out[t];
  uint8_t *to = p->right + p->plan->out_offset[t];
  for (uint64_t i = 0; i < p->plan->out_elems[t]; i++) {
    struct want w = want_of(p, t, i);
    memcpy(to + elem_offset(tensor, i), &w.bits, challenge_type_bytes(tensor->type));
    if (count_signs && is_float(tensor->type) && w.value != 0.0 && isfinite(w.value)) {
      p->signed_elems += 1;
      p->loose += 2 * fabs(w.value) <= w.tolerance ? 1 : 0;
    }
  }
  struct challenge_mismatch m;
  challenge_compare_tensor(p->s->j->challenge, p->plan, p->data, t, to, &m);
  if (m.wrong)
    self_check_add(p->s, "reference", "failed", "a reference, rounded to its type, is wrong: %.300s", m.text);
  return m.wrong == 0;
}

static enum status probe_family(struct probe *p, uint32_t family, struct error *e) {
  struct judge *j = p->s->j;
  struct challenge_data data;
  uint64_t seed;
  const char *name = challenge_family_name(j->helper, family);
  enum status s = judge_seed(&seed, e);
  if (!s)
    s = self_go_on(p->s, (double)family / (double)challenge_family_count(j->helper), e,
                   "comparing wrong results, %s inputs", name);
  if (!s)
    s = challenge_prepare(j->helper, p->plan, family, &seed, 1, j->cores, &data, e);
  p->data = &data;
  for (uint32_t t = 0; !s && t < p->plan->n_problems * p->plan->n_out; t++) {
    if (!make_right(p, t, family == 0))
      continue;
    for (int how = 0; how < SPOILS; how++)
      spoil_tensor(p, (enum spoil)how, t, name);
  }
  p->data = NULL;
  return s;
}

static void report(struct probe *p) {
  for (int how = 0; how < SPOILS; how++) {
    json_t *one = json_object();
    json_put_str(one, "mutant", spoil_known[how].name);
    json_put_str(one, "kind", "result");
    json_put_str(one, "text", spoil_known[how].text);
    json_put_str(one, "verdict", p->missed[how] ? "passed" : p->applied[how] ? "caught" : "does not apply");
    json_put_str(one, "by", p->applied[how] && !p->missed[how] ? "wrong" : NULL);
    char text[200] = "no result of these inputs can be wrong in this way";
    if (p->missed[how])
      snprintf(text, sizeof text, "%llu of %llu were not found, the first in %s",
               (unsigned long long)p->missed[how], (unsigned long long)p->applied[how], p->missed_at[how]);
    else if (p->applied[how])
      snprintf(text, sizeof text, "%llu elements, each found", (unsigned long long)p->applied[how]);
    json_put_str(one, "where", text);
    json_array_append_new(p->s->mutants, one);
    if (p->missed[how])
      self_refuse(p->s, "%s passes: %s", spoil_known[how].text, text);
  }
  double share = p->signed_elems > 0 ? p->loose / p->signed_elems : 0;
  if (p->signed_elems > 0)
    self_check_add(p->s, "tolerance", share > MOST_LOOSE ? "failed" : "ok",
                   "with the task's inputs %.3g %% of the results may have the wrong sign", 100 * share);
}

enum status self_check_comparison(struct self *s, struct error *e) {
  struct probe p = {.s = s};
  struct challenge_plan *plan = NULL;
  enum status st = challenge_plan_create(s->j->helper, s->cheap, &plan, e);
  if (st)
    return st;
  p.plan = plan;
  p.right = calloc(1, plan->out_bytes + 64);
  p.image = calloc(1, plan->out_bytes + 64);
  if (!p.right || !p.image)
    st = error_set(e, ST_MEMORY, "out of memory while comparing wrong results");
  for (uint32_t f = 0; !st && f < challenge_family_count(s->j->helper); f++)
    st = probe_family(&p, f, e);
  if (!st)
    report(&p);
  free(p.right);
  free(p.image);
  challenge_plan_free(plan);
  return st;
}

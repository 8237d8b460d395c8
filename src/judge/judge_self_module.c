/* Room: judge. May use challenge, base. What a problem module promises, looked at: layouts, seeds, families,
 * tolerances, hidden shapes, and what its shapes make possible for mutants. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_hash.h"
#include "judge/judge_self.h"

enum { NEAR_SHAPES = 3, HIDDEN_TRIED = 8, MAX_FAMILIES = 32 };
static const double SMALL_TEST = 32; /* times the cheapest test */

/* ---- Layouts ------------------------------------------------------------------------------------ */

static void note_form(struct self *s, const struct challenge_plan *p) {
  s->has_groups |= p->n_problems > 1;
  for (uint32_t t = 0; t < p->n_problems * p->n_out; t++) {
    const sk_tensor *o = &p->out[t];
    s->has_ends |= o->dim[0] > 1;
    s->has_matrix |= o->rank > 1 && o->dim[o->rank - 1] > 1 && o->dim[o->rank - 2] > 1;
  }
}

static int same_sizes(const struct self *s, const struct challenge_shape *a,
                      const struct challenge_shape *b) {
  return a->n_problems == b->n_problems &&
         memcmp(a->sizes, b->sizes, (size_t)a->n_problems * s->j->challenge->n_sizes * sizeof *a->sizes) == 0;
}

/* One list of shapes; a test's form counts for the mutants. ST_OK with *bad: a reason to refuse. */
static enum status lay_out(struct self *s, const struct challenge_shape *shape, size_t n, int tests, int *bad,
                           struct error *e) {
  for (size_t i = 0; i < n && !*bad; i++) {
    struct challenge_plan *plan = NULL;
    const char *why = NULL;
    struct error wrong = {0};
    enum status st = challenge_plan_create(s->j->helper, &shape[i], &plan, &wrong);
    if (st == ST_INPUT || !challenge_shape_legal(s->j->challenge, &shape[i], &why)) {
      *bad = 1;
      if (st == ST_INPUT)
        self_check_add(s, "layouts", "failed", "%s: %.400s", shape[i].name, wrong.text);
      else
        self_check_add(s, "layouts", "failed", "%s does not meet %.200s", shape[i].name,
                       why ? why : "legal:");
    } else if (st) {
      *e = wrong;
      return st;
    }
    if (!st && tests)
      note_form(s, plan);
    challenge_plan_free(plan);
    s->has_sizes |= tests && !same_sizes(s, &shape[0], &shape[i]);
    if (!s->cheap || (tests && judge_shape_cost(s->j, &shape[i]) < judge_shape_cost(s->j, s->cheap)))
      s->cheap = &shape[i];
  }
  return ST_OK;
}

static enum status check_layouts(struct self *s, struct error *e) {
  const struct challenge *c = s->j->challenge;
  int bad = 0;
  enum status st = lay_out(s, c->test, c->n_tests, 1, &bad, e);
  if (!st)
    st = lay_out(s, c->benchmark, c->n_benchmarks, 0, &bad, e);
  if (!st)
    st = lay_out(s, c->full, c->n_full, 0, &bad, e);
  if (!st && !bad)
    self_check_add(s, "layouts", "ok", "%zu test and %zu timed shapes are legal and can be laid out",
                   c->n_tests, c->n_benchmarks + c->n_full);
  return st;
}

/* ---- Which axis belongs to which size ------------------------------------------------------------ */

static int grows(const sk_tensor *a, const sk_tensor *b, uint32_t axis) {
  return a->rank == b->rank && b->dim[axis] > a->dim[axis];
}

static void compare_plans(struct self *s, uint32_t size, const struct challenge_plan *a,
                          const struct challenge_plan *b) {
  int out = 0, in = 0;
  for (uint32_t t = 0; t < a->n_problems * a->n_out; t++)
    for (uint32_t axis = 0; axis < a->out[t].rank; axis++)
      out |= grows(&a->out[t], &b->out[t], axis);
  for (uint32_t t = 0; t < a->n_in && t < SELF_MAX_INPUTS; t++)
    for (uint32_t axis = 0; axis < a->in[t].rank && axis < 6; axis++)
      if (grows(&a->in[t], &b->in[t], axis)) {
        s->grows[size][t] |= (uint8_t)(1u << axis);
        in = 1;
      }
  s->reduced[size] = in && !out;
}

/* Doubles one size after the other where the challenge allows it. */
static enum status find_reduced(struct self *s, struct error *e) {
  const struct challenge *c = s->j->challenge;
  struct challenge_plan *plan = NULL;
  size_t total = (size_t)s->cheap->n_problems * c->n_sizes;
  int64_t *sizes = arena_array(&s->arena, total, sizeof *sizes);
  if (!sizes)
    return error_set(e, ST_MEMORY, "out of memory while looking at layouts");
  enum status st = challenge_plan_create(s->j->helper, s->cheap, &plan, e);
  for (uint32_t i = 0; !st && i < c->n_sizes && i < SELF_MAX_SIZES; i++) {
    struct challenge_shape twice = *s->cheap;
    struct challenge_plan *other = NULL;
    memcpy(sizes, s->cheap->sizes, total * sizeof *sizes);
    for (size_t p = 0; p < s->cheap->n_problems; p++)
      sizes[p * c->n_sizes + i] *= 2;
    twice.sizes = sizes;
    if (challenge_shape_legal(c, &twice, NULL) && !challenge_plan_create(s->j->helper, &twice, &other, NULL))
      compare_plans(s, i, plan, other);
    challenge_plan_free(other);
  }
  challenge_plan_free(plan);
  return st;
}

/* ---- Seeds --------------------------------------------------------------------------------------- */

/* A hash of what a call is given, and one of what is expected of it. */
static void hash_call(const struct challenge_plan *p, const struct challenge_data *d, char in[HASH_HEX_BYTES],
                      char out[HASH_HEX_BYTES]) {
  struct hash_parts *h = hash_parts_create();
  for (uint32_t t = 0; h && t < p->n_problems * p->n_in; t++)
    hash_parts_add(h, d->inputs + p->in_offset[t], p->in_span[t]);
  hash_parts_end(h, in);
  h = hash_parts_create();
  for (uint32_t t = 0; h && t < p->n_problems * p->n_out; t++) {
    int exact = d->numerics == SK_EXACT;
    hash_parts_add(h, d->value[t],
                   p->out_elems[t] * (exact ? challenge_type_bytes(p->out[t].type) : sizeof(double)));
    if (!exact)
      hash_parts_add(h, d->tolerance[t], p->out_elems[t] * sizeof(double));
  }
  hash_parts_end(h, out);
}

/* The same seed in another process and with another number of threads. */
static enum status hash_elsewhere(struct self *s, uint64_t seed, char in[HASH_HEX_BYTES],
                                  char out[HASH_HEX_BYTES], struct error *e) {
  struct challenge_helper *h = NULL;
  struct challenge_plan *plan = NULL;
  struct challenge_data data;
  enum status st = challenge_helper_open(s->j->challenge, &h, e);
  if (!st)
    st = challenge_plan_create(h, s->cheap, &plan, e);
  if (!st)
    st = challenge_prepare(h, plan, 0, &seed, 1, s->j->cores > 1 ? s->j->cores : 2, &data, e);
  if (!st)
    hash_call(plan, &data, in, out);
  challenge_plan_free(plan);
  challenge_helper_close(h);
  return st;
}

static enum status check_seeds(struct self *s, const struct challenge_plan *plan, struct error *e) {
  struct challenge_data data[3];
  uint64_t seed[3];
  char in[4][HASH_HEX_BYTES], out[4][HASH_HEX_BYTES];
  enum status st = judge_seed(&seed[0], e);
  seed[1] = seed[0];
  seed[2] = seed[0] + 1;
  if (!st)
    st = challenge_prepare(s->j->helper, plan, 0, seed, 3, 1, data, e);
  for (int i = 0; i < 3 && !st; i++)
    hash_call(plan, &data[i], in[i], out[i]);
  if (!st)
    st = hash_elsewhere(s, seed[0], in[3], out[3], e);
  if (st)
    return st;
  if (strcmp(in[0], in[1]) || strcmp(in[0], in[3]))
    self_check_add(s, "seeds", "failed", "the same seed made different inputs%s",
                   strcmp(in[0], in[1]) ? "" : " in another process");
  else if (strcmp(out[0], out[1]) || strcmp(out[0], out[3]))
    self_check_add(s, "seeds", "failed", "the same inputs were given different references%s",
                   strcmp(out[0], out[1]) ? "" : " in another process, with another number of threads");
  else if (strcmp(in[0], in[2]) == 0)
    self_check_add(s, "seeds", "failed", "two seeds made the same inputs: they can be known beforehand");
  else
    self_check_add(s, "seeds", "ok", "same seed, same bytes, in two processes; another seed, other inputs");
  return ST_OK;
}

/* ---- Families ------------------------------------------------------------------------------------ */

/* The bytes of the task's inputs; of the others: is there one that the task's do not hold? */
static void note_bytes(struct self *s, const struct challenge_plan *p, const struct challenge_data *d,
                       uint32_t family) {
  for (uint32_t t = 0; t < p->n_problems * p->n_in; t++) {
    const uint8_t *x = d->inputs + p->in_offset[t];
    uint8_t *seen = s->seen[t % p->n_in % SELF_MAX_INPUTS];
    for (uint64_t i = 0; i < p->in_span[t]; i++) {
      if (family == 0)
        seen[x[i] / 8] |= (uint8_t)(1u << x[i] % 8);
      else if (!(seen[x[i] / 8] >> x[i] % 8 & 1))
        s->has_narrow = 1;
    }
  }
}

/* Of all tests that cost little: padding is in some shapes only. */
static enum status note_task_bytes(struct self *s, struct error *e) {
  const struct challenge *c = s->j->challenge;
  double most = SMALL_TEST * judge_shape_cost(s->j, s->cheap);
  for (size_t i = 0; i < c->n_tests; i++) {
    struct challenge_plan *plan = NULL;
    struct challenge_data data;
    uint64_t seed;
    if (judge_shape_cost(s->j, &c->test[i]) > most)
      continue;
    enum status st = judge_seed(&seed, e);
    if (!st)
      st = challenge_plan_create(s->j->helper, &c->test[i], &plan, e);
    if (!st)
      st = challenge_prepare(s->j->helper, plan, 0, &seed, 1, s->j->cores, &data, e);
    if (!st)
      note_bytes(s, plan, &data, 0);
    challenge_plan_free(plan);
    if (st)
      return st;
  }
  return ST_OK;
}

/* 0: a tolerance or a reference cannot be judged by; the check is added. */
static int sane_reference(struct self *s, const struct challenge_plan *p, const struct challenge_data *d,
                          uint32_t family) {
  const char *name = challenge_family_name(s->j->helper, family);
  for (uint32_t t = 0; t < p->n_problems * p->n_out; t++)
    for (uint64_t i = 0; i < p->out_elems[t]; i++) {
      double value;
      uint64_t bits = 0;
      if (d->numerics == SK_EXACT) {
        size_t bytes = challenge_type_bytes(p->out[t].type);
        memcpy(&bits, d->value[t] + i * bytes, bytes);
        value = challenge_decode(p->out[t].type, bits);
      } else {
        double tolerance = d->tolerance[t][i];
        value = ((const double *)(const void *)d->value[t])[i];
        if (!(tolerance >= 0 && isfinite(tolerance))) {
          self_check_add(s, "references", "failed", "a tolerance of the %.40s inputs is %g", name, tolerance);
          return 0;
        }
        value = challenge_decode(p->out[t].type, challenge_encode(p->out[t].type, value));
      }
      s->has_infinity |= isinf(value);
      if (isnan(value) || (family == 0 && !isfinite(value))) {
        self_check_add(s, "references", "failed",
                       "a reference of the %.40s inputs is %g: nothing is wrong there", name, value);
        return 0;
      }
    }
  return 1;
}

static enum status check_families(struct self *s, const struct challenge_plan *plan, struct error *e) {
  size_t n = challenge_family_count(s->j->helper);
  char in[MAX_FAMILIES][HASH_HEX_BYTES], out[HASH_HEX_BYTES];
  uint64_t seed;
  int sane = 1, exact = 0, distinct = 1;
  enum status st = judge_seed(&seed, e);
  if (!st)
    st = note_task_bytes(s, e);
  for (uint32_t f = 0; f < n && f < MAX_FAMILIES && !st; f++) {
    struct challenge_data data;
    st = self_go_on(s, 0.3 + 0.6 * f / (double)n, e, "inputs of the family %s",
                    challenge_family_name(s->j->helper, f));
    if (!st)
      st = challenge_prepare(s->j->helper, plan, f, &seed, 1, s->j->cores, &data, e);
    if (st)
      return st;
    hash_call(plan, &data, in[f], out);
    note_bytes(s, plan, &data, f);
    sane = sane && sane_reference(s, plan, &data, f);
    exact += data.numerics == SK_EXACT;
    for (uint32_t g = 0; g < f && distinct; g++)
      if (strcmp(in[f], in[g]) == 0) {
        distinct = 0;
        self_check_add(s, "families", "failed", "%s and %s are the same inputs",
                       challenge_family_name(s->j->helper, g), challenge_family_name(s->j->helper, f));
      }
  }
  if (sane)
    self_check_add(s, "references", "ok",
                   "no NaN, no infinity with the task's inputs, tolerances finite; %d of %zu families exact",
                   exact, n);
  if (distinct && n == 1)
    self_check_add(s, "families", "note", "there is only the task's own family: no wider inputs are checked");
  else if (distinct)
    self_check_add(s, "families", "ok", "%zu, no two with the same inputs", n);
  return st;
}

/* ---- Hidden shapes --------------------------------------------------------------------------------- */

static enum status check_hidden(struct self *s, struct error *e) {
  const struct challenge *c = s->j->challenge;
  struct challenge_shape *made = arena_array(&s->arena, HIDDEN_TRIED, sizeof *made);
  int changed[SELF_MAX_SIZES] = {0};
  uint32_t wanted = 0;
  if (!made)
    return error_set(e, ST_MEMORY, "out of memory while choosing hidden shapes");
  for (size_t i = 0; i < c->n_tests && i < NEAR_SHAPES; i++) {
    uint32_t n = 0;
    enum status st = judge_hidden_shapes(s->j, &s->arena, &c->test[i], HIDDEN_TRIED, made, &n, e);
    if (st)
      return st;
    wanted += HIDDEN_TRIED;
    s->n_hidden += n;
    for (uint32_t h = 0; h < n; h++)
      for (size_t k = 0; k < c->n_sizes && k < SELF_MAX_SIZES; k++)
        for (size_t p = 0; p < c->test[i].n_problems && p < made[h].n_problems; p++)
          changed[k] |= made[h].sizes[p * c->n_sizes + k] != c->test[i].sizes[p * c->n_sizes + k];
  }
  char fixed[200] = "";
  for (size_t k = 0; k < c->n_sizes && k < SELF_MAX_SIZES; k++)
    if (!changed[k])
      snprintf(fixed + strlen(fixed), sizeof fixed - strlen(fixed), " %.40s", c->size_name[k]);
  s->has_hidden = s->n_hidden * 4 >= wanted && s->n_hidden > 0;
  if (!s->has_hidden)
    self_check_add(s, "hidden shapes", "note",
                   "%u of %u tries gave a legal one: an entry may know every shape it will be given",
                   s->n_hidden, wanted);
  else if (fixed[0])
    self_check_add(s, "hidden shapes", "note", "%u of %u tries were legal, but never with another%s",
                   s->n_hidden, wanted, fixed);
  else
    self_check_add(s, "hidden shapes", "ok", "%u of %u tries gave a legal one; every size changed",
                   s->n_hidden, wanted);
  return ST_OK;
}

enum status self_check_module(struct self *s, struct error *e) {
  struct challenge_plan *plan = NULL;
  enum status st = self_go_on(s, 0, e, "looking at the layouts");
  if (!st)
    st = check_layouts(s, e);
  if (st || s->first.kind || !s->cheap)
    return st;
  st = find_reduced(s, e);
  if (!st)
    st = challenge_plan_create(s->j->helper, s->cheap, &plan, e);
  if (!st)
    st = self_go_on(s, 0.2, e, "looking at the seeds");
  if (!st)
    st = check_seeds(s, plan, e);
  if (!st)
    st = check_families(s, plan, e);
  challenge_plan_free(plan);
  return st ? st : check_hidden(s, e);
}

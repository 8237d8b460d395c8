/* Room: judge. May use challenge, base. Shapes that no file names: near the public ones, and legal. */
#include <string.h>

#include "judge/judge_internal.h"

enum { TRIES = 400, FURTHEST = 17, MOST_LEAST = 4096, MOST_SIZE = 1 << 17 };

/* A small step, or a step of a power of two: what `multiples` in `legal:` asks for is not known here, so
 * both are tried until the shape is legal. */
static int64_t perturb(struct rng *r, int64_t size) {
  int64_t step = 1 + (int64_t)rng_below(r, FURTHEST);
  if (rng_below(r, 2)) {
    int64_t unit = (int64_t)16 << rng_below(r, 5);
    step = unit * (1 + (int64_t)rng_below(r, 2));
    size -= size % unit;
  }
  return rng_below(r, 2) ? size + step : size - step;
}

/* How many groups shapes of this challenge have, at least and at most: what lies between is as good. */
static void group_range(const struct challenge *c, uint32_t *least, uint32_t *most) {
  const struct challenge_shape *list[] = {c->test, c->benchmark};
  const size_t n[] = {c->n_tests, c->n_benchmarks};
  *least = UINT32_MAX;
  *most = 1;
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; i < n[k]; i++) {
      *least = list[k][i].n_problems < *least ? list[k][i].n_problems : *least;
      *most = list[k][i].n_problems > *most ? list[k][i].n_problems : *most;
    }
}

/* One group fewer, the same, or the first one again at the end. */
static uint32_t choose_groups(const struct judge *j, const struct challenge_shape *near, struct rng *r) {
  uint32_t least, most, now = near->n_problems;
  group_range(j->challenge, &least, &most);
  uint64_t pick = rng_below(r, 3);
  return pick == 0 && now > least ? now - 1 : pick == 1 && now < most ? now + 1 : now;
}

static int is_public(const struct challenge *c, const struct challenge_shape *s) {
  const struct challenge_shape *list[] = {c->test, c->benchmark, c->full};
  const size_t n[] = {c->n_tests, c->n_benchmarks, c->n_full};
  for (size_t k = 0; k < 3; k++)
    for (size_t i = 0; i < n[k]; i++)
      if (list[k][i].n_problems == s->n_problems &&
          memcmp(list[k][i].sizes, s->sizes, (size_t)s->n_problems * c->n_sizes * sizeof *s->sizes) == 0)
        return 1;
  return 0;
}

/* sizes: room for one group more than `near` has. */
static int try_shape(const struct judge *j, const struct challenge_shape *near, struct rng *r, int64_t *sizes,
                     struct challenge_shape *out) {
  size_t n_sizes = j->challenge->n_sizes, total = (size_t)near->n_problems * n_sizes;
  memcpy(sizes, near->sizes, total * sizeof *sizes);
  for (size_t i = 0; i < n_sizes; i++) {
    if (n_sizes > 1 && rng_below(r, 3) == 0)
      continue;
    int64_t before = near->sizes[i];
    int64_t after = perturb(r, before);
    for (size_t p = 0; p < near->n_problems; p++) {
      int64_t *size = &sizes[p * n_sizes + i];
      /* sizes that were common to all groups stay common */
      *size = near->sizes[p * n_sizes + i] == before ? after : perturb(r, near->sizes[p * n_sizes + i]);
    }
  }
  for (size_t i = 0; i < total; i++)
    if (sizes[i] < 1 || sizes[i] > near->sizes[i] * 2 + 256)
      return 0;
  out->n_problems = choose_groups(j, near, r);
  if (out->n_problems > near->n_problems)
    memcpy(sizes + total, sizes, n_sizes * sizeof *sizes);
  return !is_public(j->challenge, out) && challenge_shape_legal(j->challenge, out, NULL);
}

static const char *shape_text(const struct judge *j, struct arena *a, const struct challenge_shape *s) {
  size_t n_sizes = j->challenge->n_sizes;
  const char *text = arena_printf(a, "%u group%s", s->n_problems, s->n_problems == 1 ? "" : "s");
  for (uint32_t p = 0; text && p < s->n_problems && strlen(text) < 400; p++)
    for (size_t i = 0; text && i < n_sizes; i++)
      text = arena_printf(a, "%s%s%s=%lld", text,
                          i   ? " "
                          : p ? "; "
                              : ": ",
                          j->challenge->size_name[i], (long long)s->sizes[p * n_sizes + i]);
  return text ? text : "";
}

enum status judge_hidden_shapes(struct judge *j, struct arena *a, const struct challenge_shape *near,
                                uint32_t count, struct challenge_shape *out, uint32_t *made,
                                struct error *e) {
  uint64_t seed;
  struct rng r;
  *made = 0;
  enum status s = judge_seed(&seed, e);
  if (s)
    return s;
  rng_init(&r, seed);
  for (uint32_t i = 0; i < count; i++) {
    int64_t *sizes = arena_array(a, ((size_t)near->n_problems + 1) * j->challenge->n_sizes, sizeof *sizes);
    if (!sizes)
      return error_set(e, ST_MEMORY, "out of memory while choosing hidden shapes");
    for (uint32_t tries = 0; tries < TRIES; tries++) {
      struct challenge_shape *shape = &out[*made];
      *shape = (struct challenge_shape){.n_problems = near->n_problems, .sizes = sizes};
      if (!try_shape(j, near, &r, sizes, shape))
        continue;
      shape->text = shape_text(j, a, shape);
      /* the text stands in the name: nobody can look a hidden shape up */
      shape->name = arena_printf(a, "hidden shape near %s (%s)", near->name, shape->text);
      if (!shape->name)
        return error_set(e, ST_MEMORY, "out of memory while choosing hidden shapes");
      (*made)++;
      break;
    }
  }
  return ST_OK;
}

/* ---- Corners of `legal:` ---------------------------------------------------------------------------- */

static int legal_with(const struct judge *j, struct challenge_shape *s, int64_t *size, int64_t value) {
  int64_t before = *size;
  *size = value;
  int legal = challenge_shape_legal(j->challenge, s, NULL);
  *size = before;
  return legal;
}

/* Each size in turn as small as the others let it be. */
static void shrink(const struct judge *j, struct challenge_shape *s, int64_t *sizes) {
  for (size_t i = 0; i < j->challenge->n_sizes; i++)
    for (int64_t value = 1; value < sizes[i] && value <= MOST_LEAST; value++)
      if (legal_with(j, s, &sizes[i], value))
        sizes[i] = value;
}

/* As large as legal, by ever smaller powers of two. */
static int64_t grown(const struct judge *j, struct challenge_shape *s, int64_t *size) {
  int64_t largest = *size, from = *size;
  for (int64_t step = MOST_SIZE; step > 0; step /= 2)
    if (largest + step <= MOST_SIZE && legal_with(j, s, size, largest + step))
      largest += step;
  for (int64_t power = 1; power <= MOST_SIZE; power *= 2) /* where only some sizes between are legal */
    if (power > largest && power > from && legal_with(j, s, size, power))
      largest = power;
  return largest;
}

enum status judge_corner_shapes(struct judge *j, struct arena *a, const struct challenge_shape *near,
                                struct challenge_shape *out, uint32_t *made, struct error *e) {
  size_t n = j->challenge->n_sizes;
  *made = 0;
  if (j->challenge->n_legal == 0)
    return ST_OK; /* nothing says what may be asked for */
  for (size_t corner = 0; corner <= n; corner++) {
    int64_t *sizes = arena_array(a, (size_t)near->n_problems * n, sizeof *sizes);
    if (!sizes)
      return error_set(e, ST_MEMORY, "out of memory while choosing hidden shapes");
    memcpy(sizes, near->sizes, n * sizeof *sizes);
    struct challenge_shape one = {.n_problems = 1, .sizes = sizes}, *shape = &out[*made];
    shrink(j, &one, sizes);
    if (corner < n)
      sizes[corner] = grown(j, &one, &sizes[corner]);
    for (size_t p = 1; p < near->n_problems; p++)
      memcpy(sizes + p * n, sizes, n * sizeof *sizes);
    *shape = (struct challenge_shape){.n_problems = near->n_problems, .sizes = sizes};
    if (is_public(j->challenge, shape) || !challenge_shape_legal(j->challenge, shape, NULL))
      continue;
    shape->text = shape_text(j, a, shape);
    shape->name = arena_printf(a, "hidden corner of what is legal (%s)", shape->text);
    if (!shape->name)
      return error_set(e, ST_MEMORY, "out of memory while choosing hidden shapes");
    (*made)++;
  }
  return ST_OK;
}

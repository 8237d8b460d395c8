/* Room: judge. May use challenge, base. Shapes that no file names: near the public ones, and legal. */
#include <string.h>

#include "judge/judge_internal.h"

enum { TRIES = 400, FURTHEST = 17 };

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

static int try_shape(const struct judge *j, const struct challenge_shape *near, struct rng *r, int64_t *sizes,
                     struct challenge_shape *out) {
  size_t n_sizes = j->challenge->n_sizes, total = (size_t)near->n_problems * n_sizes;
  int changed = 0;
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
    changed = 1;
  }
  for (size_t i = 0; i < total; i++)
    if (sizes[i] < 1 || sizes[i] > near->sizes[i] * 2 + 256)
      return 0;
  return changed && challenge_shape_legal(j->challenge, out, NULL);
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
    int64_t *sizes = arena_array(a, (size_t)near->n_problems * j->challenge->n_sizes, sizeof *sizes);
    if (!sizes)
      return error_set(e, ST_MEMORY, "out of memory while choosing hidden shapes");
    for (uint32_t tries = 0; tries < TRIES; tries++) {
      struct challenge_shape *shape = &out[*made];
      memcpy(sizes, near->sizes, (size_t)near->n_problems * j->challenge->n_sizes * sizeof *sizes);
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

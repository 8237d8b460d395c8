/* Room: agent. Lists the valid settings of a knob space. Knobs are fixed in the order declared and
 * a constraint is evaluated as soon as its knobs are, so whole branches fall at once. A space too
 * large to list is sampled by random descents of the same tree, decided by the seed; the one- and
 * two-knob neighbours of the settings that matter are always added, so small steps stay possible. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_space.h"
#include "base/base_rng.h"

enum { SAMPLE_SETTINGS = 20000, SAMPLE_NODES = 400000, NEIGHBOUR_TESTS = 60000 };

struct lister {
  struct agent_space *s;
  uint8_t *out; /* [AGENT_SETTINGS_MAX][n_knobs] */
  size_t n, nodes, node_limit;
  uint32_t *set; /* hash set of indices + 1, used while sampling */
  size_t set_size;
  uint8_t now[AGENT_KNOBS_MAX];
  struct agent_rule *first_at[AGENT_KNOBS_MAX + 2]; /* rules sorted by depth: [d, d+1) */
};

static int by_depth(const void *a, const void *b) {
  const struct agent_rule *x = a, *y = b;
  return (x->depth > y->depth) - (x->depth < y->depth);
}

/* Rules that need exactly `depth` knobs. Those before held already. */
static int holds_at(const struct lister *l, size_t depth) {
  size_t count = (size_t)(l->first_at[depth + 1] - l->first_at[depth]);
  struct agent_space part = *l->s;
  part.rule = l->first_at[depth];
  part.n_rules = count;
  return agent_space_valid(&part, l->now, NULL);
}

static int set_add(struct lister *l, const uint8_t *setting) {
  size_t width = l->s->n_knobs, at = (size_t)agent_space_hash(l->s, setting) & (l->set_size - 1);
  for (; l->set[at]; at = (at + 1) & (l->set_size - 1))
    if (memcmp(l->out + (l->set[at] - 1) * width, setting, width) == 0)
      return 0;
  l->set[at] = (uint32_t)l->n + 1;
  return 1;
}

static void keep(struct lister *l, const uint8_t *setting) {
  if (l->n < AGENT_SETTINGS_MAX && (!l->set || set_add(l, setting)))
    memcpy(l->out + l->n++ * l->s->n_knobs, setting, l->s->n_knobs);
}

/* Depth-first without recursion. Returns 1 when the whole tree was seen within the bounds. */
static int list_all(struct lister *l) {
  size_t width = l->s->n_knobs, depth = 0;
  int next[AGENT_KNOBS_MAX] = {0};
  if (!holds_at(l, 0))
    return 1;
  for (;;) {
    if (next[depth] >= (int)l->s->knob[depth].n_values) {
      if (depth == 0)
        return 1;
      next[depth--] = 0;
      continue;
    }
    l->now[depth] = (uint8_t)next[depth]++;
    if (++l->nodes > l->node_limit)
      return 0;
    if (!holds_at(l, depth + 1))
      continue;
    if (depth + 1 < width) {
      depth++;
      continue;
    }
    if (l->n >= AGENT_SETTINGS_MAX)
      return 0;
    keep(l, l->now);
  }
}

/* One random descent: values of each knob in random order, with bounded backtracking. */
static void descend(struct lister *l, struct rng *r) {
  size_t width = l->s->n_knobs, depth = 0, steps = 0;
  uint8_t order[AGENT_KNOBS_MAX][AGENT_VALUES_MAX];
  size_t next[AGENT_KNOBS_MAX];
  for (size_t fresh = 1; steps < 40 * width + 400 && l->nodes < l->node_limit;) {
    size_t values = l->s->knob[depth].n_values;
    if (fresh) {
      for (size_t i = 0; i < values; i++) {
        size_t j = (size_t)rng_below(r, i + 1);
        order[depth][i] = order[depth][j];
        order[depth][j] = (uint8_t)i;
      }
      next[depth] = 0;
      fresh = 0;
    }
    if (next[depth] >= values) {
      if (depth == 0)
        return;
      depth--;
      continue;
    }
    l->now[depth] = order[depth][next[depth]++];
    steps++;
    l->nodes++;
    if (!holds_at(l, depth + 1))
      continue;
    if (depth + 1 == width) {
      keep(l, l->now);
      return;
    }
    depth++;
    fresh = 1;
  }
}

static void add_if_valid(struct lister *l, const uint8_t *setting, size_t *tests) {
  if ((*tests)++ < NEIGHBOUR_TESTS && agent_space_valid(l->s, setting, NULL))
    keep(l, setting);
}

static void add_neighbours(struct lister *l, const uint8_t *anchor, size_t *tests) {
  size_t width = l->s->n_knobs;
  uint8_t at[AGENT_KNOBS_MAX];
  memcpy(at, anchor, width);
  add_if_valid(l, at, tests);
  for (size_t i = 0; i < width; i++)
    for (size_t a = 0; a < l->s->knob[i].n_values; a++) {
      at[i] = (uint8_t)a;
      if (a != anchor[i])
        add_if_valid(l, at, tests);
      at[i] = anchor[i];
    }
  for (size_t i = 0; i < width && *tests < NEIGHBOUR_TESTS; i++)
    for (size_t j = i + 1; j < width; j++)
      for (size_t a = 0; a < l->s->knob[i].n_values; a++)
        for (size_t b = 0; b < l->s->knob[j].n_values; b++) {
          at[i] = (uint8_t)a;
          at[j] = (uint8_t)b;
          if (a != anchor[i] && b != anchor[j])
            add_if_valid(l, at, tests);
          at[i] = anchor[i];
          at[j] = anchor[j];
        }
}

static enum status sample(struct lister *l, const uint8_t *const *anchor, size_t n_anchors, uint64_t seed,
                          struct error *e) {
  struct rng r;
  rng_init(&r, seed);
  l->n = l->nodes = 0;
  l->node_limit = SAMPLE_NODES;
  for (l->set_size = 1; l->set_size < 2 * AGENT_SETTINGS_MAX;)
    l->set_size *= 2;
  l->set = arena_array(l->s->arena, l->set_size, sizeof *l->set);
  if (!l->set)
    return error_set(e, ST_MEMORY, "no memory for sampling the settings");
  size_t tests = 0;
  for (size_t i = 0; i < n_anchors; i++)
    add_neighbours(l, anchor[i], &tests);
  if (holds_at(l, 0))
    for (size_t tries = 0; l->n < SAMPLE_SETTINGS && tries < 4 * SAMPLE_SETTINGS; tries++)
      if (l->nodes < l->node_limit)
        descend(l, &r);
  l->s->sampled = 1;
  return ST_OK;
}

enum status agent_space_list(struct agent_space *s, const uint8_t *const *anchor, size_t n_anchors,
                             uint64_t seed, struct error *e) {
  struct lister l = {.s = s, .node_limit = AGENT_NODES_MAX};
  l.out = arena_array(s->arena, AGENT_SETTINGS_MAX, s->n_knobs);
  if (!l.out)
    return error_set(e, ST_MEMORY, "no memory for the settings of the task");
  qsort(s->rule, s->n_rules, sizeof *s->rule, by_depth);
  size_t at = 0;
  for (size_t depth = 0; depth <= s->n_knobs + 1; depth++) {
    while (at < s->n_rules && s->rule[at].depth < (int)depth)
      at++;
    l.first_at[depth] = s->rule + at;
  }
  if (!list_all(&l)) {
    enum status st = sample(&l, anchor, n_anchors, seed, e);
    if (st != ST_OK)
      return st;
  }
  s->n = l.n;
  s->setting = l.out;
  if (s->n)
    return ST_OK;
  const struct agent_rule *why = NULL;
  uint8_t first[AGENT_KNOBS_MAX] = {0};
  (void)agent_space_valid(s, s->start ? s->start : first, &why);
  return error_set(e, ST_INPUT,
                   "no setting of the task's %zu knobs satisfies its %zu constraints on this "
                   "machine (for example \"%.100s\": %.200s)",
                   s->n_knobs, s->n_rules, why ? why->text : "",
                   why ? why->why : "none was found in the search");
}

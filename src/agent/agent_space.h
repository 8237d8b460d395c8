/* Room: agent. The knob space of a challenge as an agent's request describes it: parsed, listed and
 * priced by its own estimates. Reads JSON only; knows nothing of challenge files. Only src/agent may
 * include this.
 *
 * A setting is value indices, one byte per knob. Everything lives in the arena given to
 * agent_space_read and is immutable afterwards: thread safe to read.
 */
#ifndef SHARKTANK_AGENT_SPACE_H
#define SHARKTANK_AGENT_SPACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base_arena.h"
#include "base/base_expr.h"
#include "base/base_json.h"
#include "base/base_status.h"

enum {
  AGENT_KNOBS_MAX = 64,
  AGENT_VALUES_MAX = 200, /* of one knob: an index fits a byte */
  AGENT_RULES_MAX = 512,
  AGENT_ESTIMATES_MAX = 32,
  AGENT_SHAPES_MAX = 64,
  AGENT_SETTINGS_MAX = 50000, /* listed at most; larger spaces are sampled */
  AGENT_NODES_MAX = 200000    /* of the search tree, before sampling takes over */
};

struct agent_knob {
  const char *name, *text;
  size_t n_values;
  const char **label;   /* as shown: "8", "avx2" */
  const json_t **value; /* borrowed from the request */
  double *number;       /* words: expr_word() */
  int has_words;        /* a structural choice (instruction set, layout), not an amount */
};
struct agent_rule {
  const struct expr *need;
  const char *text, *why;
  int depth; /* number of knobs, in order, that must be fixed before it can be evaluated */
};
struct agent_estimate {
  const char *name, *text;
  const struct expr *expr, *max; /* max NULL: no limit declared */
  int per_shape;                 /* it or its limit uses a size: differs from shape to shape */
};
struct agent_shape {
  const char *name, *text;
  const json_t *means; /* size name -> mean over groups; borrowed */
};

struct agent_symbol;
struct agent_space {
  struct arena *arena;
  size_t n_knobs, n_rules, n_estimates, n_shapes;
  struct agent_knob *knob;
  struct agent_rule *rule;
  struct agent_estimate *estimate;
  struct agent_shape *shape;
  uint8_t *start; /* [n_knobs], or NULL when the request names none */
  int cost;       /* the estimate that stands for time (named cycles... or seconds...), or -1 */
  size_t n_symbols;
  struct agent_symbol *symbol;
  size_t n;         /* settings listed */
  uint8_t *setting; /* [n][n_knobs] */
  int sampled;      /* the space is larger than what is listed */
};

/* Reads task.knobs and task.benchmarks with the machine's facts. ST_INPUT with a sentence for
 * anything malformed; "the built-in tank needs knobs" when the task declares none. */
enum status agent_space_read(const json_t *task, const json_t *facts, struct arena *a,
                             struct agent_space *out, struct error *e) MUST_USE;
/* Lists the valid settings: all of them, or a sample that `seed` decides, in which the neighbours of
 * the anchors are always present. ST_INPUT when there are none. */
enum status agent_space_list(struct agent_space *s, const uint8_t *const *anchor, size_t n_anchors,
                             uint64_t seed, struct error *e) MUST_USE;
/* 1 when every constraint holds; else 0, and *why (if not NULL) is the first broken rule. */
int agent_space_valid(const struct agent_space *s, const uint8_t *setting, const struct agent_rule **why);
/* The value of estimate j on shape t, and its limit (NaN: none declared). NaN when it cannot be had. */
double agent_space_estimate(const struct agent_space *s, const uint8_t *setting, size_t j, size_t t,
                            double *limit);
/* JSON {"KNOB": value} <-> setting. Missing, unknown and illegal values are ST_INPUT. */
enum status agent_space_from_json(const struct agent_space *s, const json_t *object, uint8_t *setting,
                                  struct error *e) MUST_USE;
json_t *agent_space_to_json(const struct agent_space *s, const uint8_t *setting);
size_t agent_space_distance(const struct agent_space *s, const uint8_t *a, const uint8_t *b);
uint64_t agent_space_hash(const struct agent_space *s, const uint8_t *setting);
uint64_t agent_text_hash(const char *text);
/* Index of the knob of this name (case-insensitive), or -1. */
int agent_space_knob(const struct agent_space *s, const char *name);
/* Index of this value of a knob, or -1. */
int agent_space_value(const struct agent_space *s, size_t knob, const json_t *value);
/* Index of the listed setting that equals this one, or -1. Linear. */
int64_t agent_space_find(const struct agent_space *s, const uint8_t *setting);

#endif

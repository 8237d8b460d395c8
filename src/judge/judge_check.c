/* Room: judge. May use challenge, sandbox, base. Is an entry right?
 *
 * Every case runs in two processes at once: in one every tensor ends at an unmapped page, in the other
 * it begins at one; both get the same input, so that a difference says "race". Both are stopped while
 * expected results exist. */
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "judge/judge_internal.h"

enum { SIDES = 2, NEAR_SHAPES = 3, HIDDEN_PER_SHAPE = 2, WIDE_SHAPES = 3, REPEATS = 24 };
static const double REPEAT_CALL_S = 0.02; /* repeats only where a call is this cheap */

struct check_case {
  uint32_t shape, family;
  int repeat; /* one of many on the same shape, at the same addresses: caches and counters */
};

struct check {
  struct judge *j;
  struct judge_build build;
  struct arena arena;
  const struct challenge_shape **public_shape;
  uint32_t n_public, n_shapes, n_tests;
  uint32_t *near; /* of each hidden shape: the place of its test among the cheapest */
  struct judge_shape *item[SIDES];
  const struct judge_shape **shape[SIDES];
  struct judge_memory_map inputs[SIDES];
  struct judge_child child[SIDES];
  struct check_case *item_case;
  uint32_t n_cases;
  json_t *cases;
};

double judge_shape_cost(const struct judge *j, const struct challenge_shape *s) {
  double cost = 0;
  for (uint32_t p = 0; p < s->n_problems; p++) {
    double product = 1;
    for (size_t i = 0; i < j->challenge->n_sizes; i++)
      product *= (double)s->sizes[p * j->challenge->n_sizes + i];
    cost += product;
  }
  return cost;
}

/* The first n public shapes by rising cost. */
static uint32_t *shapes_by_cost(struct check *k, uint32_t n) {
  uint32_t *order = arena_array(&k->arena, n + 1, sizeof *order);
  for (uint32_t i = 0; order && i < n; i++) {
    uint32_t at = i;
    double cost = judge_shape_cost(k->j, k->public_shape[i]);
    for (; at > 0 && judge_shape_cost(k->j, k->public_shape[order[at - 1]]) > cost; at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
  return order;
}

static enum status collect_shapes(struct check *k, struct error *e) {
  const struct challenge *c = k->j->challenge;
  size_t most_hidden = NEAR_SHAPES * HIDDEN_PER_SHAPE + c->n_sizes + 1;
  size_t most = c->n_tests + c->n_benchmarks + most_hidden;
  if (most > JUDGE_MAX_SHAPES)
    return error_at(e, ST_RANGE, c->file, 0, "more than %d test and benchmark shapes", JUDGE_MAX_SHAPES);
  k->public_shape = arena_array(&k->arena, most, sizeof *k->public_shape);
  struct challenge_shape *hidden = arena_array(&k->arena, most_hidden, sizeof *hidden);
  k->near = arena_array(&k->arena, most_hidden, sizeof *k->near);
  if (!k->public_shape || !hidden || !k->near)
    return error_set(e, ST_MEMORY, "out of memory while preparing a check");
  for (size_t i = 0; i < c->n_tests; i++)
    k->public_shape[k->n_shapes++] = &c->test[i];
  k->n_tests = k->n_shapes;
  for (size_t i = 0; i < c->n_benchmarks; i++)
    k->public_shape[k->n_shapes++] = &c->benchmark[i];
  k->n_public = k->n_shapes;
  if (k->n_tests == 0)
    k->n_tests = k->n_public;
  uint32_t *order = shapes_by_cost(k, k->n_tests);
  if (!order)
    return error_set(e, ST_MEMORY, "out of memory while preparing a check");
  for (uint32_t i = 0; i < NEAR_SHAPES && i < k->n_tests; i++) {
    uint32_t made = 0;
    struct challenge_shape *here = hidden + (size_t)i * HIDDEN_PER_SHAPE;
    enum status s =
        judge_hidden_shapes(k->j, &k->arena, k->public_shape[order[i]], HIDDEN_PER_SHAPE, here, &made, e);
    if (s)
      return s;
    for (uint32_t h = 0; h < made; h++) {
      k->near[k->n_shapes - k->n_public] = i;
      k->public_shape[k->n_shapes++] = &here[h];
    }
  }
  uint32_t made = 0;
  struct challenge_shape *corner = hidden + NEAR_SHAPES * HIDDEN_PER_SHAPE;
  enum status s = judge_corner_shapes(k->j, &k->arena, k->public_shape[order[0]], corner, &made, e);
  for (uint32_t h = 0; h < made && !s; h++) {
    struct challenge_plan *plan = NULL; /* a module may know a bound that `legal:` does not tell */
    s = challenge_plan_create(k->j->helper, &corner[h], &plan, e);
    if (!s) {
      k->near[k->n_shapes - k->n_public] = 0;
      k->public_shape[k->n_shapes++] = &corner[h];
    }
    challenge_plan_free(plan);
    s = s == ST_INPUT ? ST_OK : s;
  }
  return s;
}

static void add_case(struct check *k, uint32_t shape, uint32_t family, int repeat) {
  k->item_case[k->n_cases++] = (struct check_case){shape, family, repeat};
}

/* A hidden shape: the task's inputs and one wider family. */
static enum status add_hidden(struct check *k, uint32_t shape, uint32_t families, struct error *e) {
  uint64_t pick;
  enum status s = judge_seed(&pick, e);
  if (s)
    return s;
  add_case(k, shape, 0, 0);
  if (families > 1)
    add_case(k, shape, 1 + (uint32_t)(pick % (families - 1)), 0);
  return ST_OK;
}

/* Cheap cases first, so that a wrong entry costs little: for each of the cheapest tests the task's inputs,
 * the wider families and the hidden shapes near it, with the corners and the repeated calls at the cheapest;
 * only then the other tests and the timed shapes, the cheapest of these with the wider families too: they are
 * larger than the cheapest tests, and a program that looks at some of the inputs sees all of a small one. */
static enum status collect_cases(struct check *k, struct error *e) {
  uint32_t families = (uint32_t)challenge_family_count(k->j->helper);
  uint32_t *order = shapes_by_cost(k, k->n_tests), *all = shapes_by_cost(k, k->n_public);
  k->item_case =
      arena_array(&k->arena, 2 * (size_t)k->n_shapes + (WIDE_SHAPES + 1) * (size_t)families + REPEATS + 1,
                  sizeof *k->item_case);
  uint8_t *taken = arena_array(&k->arena, k->n_public + 1, sizeof *taken);
  enum status s = ST_OK;
  if (!k->item_case || !order || !all || !taken)
    return error_set(e, ST_MEMORY, "out of memory while preparing a check");
  memset(taken, 0, k->n_public);
  for (uint32_t i = 0; i < WIDE_SHAPES && i < k->n_tests && !s; i++) {
    for (uint32_t f = 0; f < families; f++)
      add_case(k, order[i], f, 0);
    taken[order[i]] = 1;
    for (uint32_t h = k->n_public; h < k->n_shapes && !s; h++)
      if (k->near[h - k->n_public] == i)
        s = add_hidden(k, h, families, e);
    for (uint32_t n = 0; i == 0 && n < REPEATS; n++)
      add_case(k, order[0], 0, 1);
  }
  int widened = 0;
  for (uint32_t i = 0; i < k->n_public; i++) {
    if (taken[all[i]])
      continue;
    int widen = !widened && all[i] >= k->n_tests;
    for (uint32_t f = 0; f < (widen ? families : 1); f++)
      add_case(k, all[i], f, 0);
    widened |= widen;
  }
  return s;
}

static enum status start_side(struct check *k, int side, struct judge_verdict *v, struct error *e) {
  struct judge *j = k->j;
  k->item[side] = arena_array(&k->arena, k->n_shapes, sizeof *k->item[side]);
  k->shape[side] = arena_array(&k->arena, k->n_shapes, sizeof *k->shape[side]);
  if (!k->item[side] || !k->shape[side])
    return error_set(e, ST_MEMORY, "out of memory while preparing a check");
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < k->n_shapes; i++) {
    enum status s =
        judge_shape_create(j, k->public_shape[i], side ? JUDGE_LAYOUT_GUARD_BEFORE : JUDGE_LAYOUT_GUARD_AFTER,
                           &k->item[side][i], e);
    if (s)
      return s;
    k->shape[side][i] = &k->item[side][i];
    bytes = k->item[side][i].in_slot_bytes > bytes ? k->item[side][i].in_slot_bytes : bytes;
  }
  enum status s = judge_memory_create("inputs", bytes, JUDGE_SEAL_READ_ONLY, &k->inputs[side], e);
  if (!s)
    s = judge_child_start(j, &k->build, k->shape[side], k->n_shapes, 1,
                          side && j->judge_cpu >= 0 ? j->judge_cpu : j->child_cpu, &k->inputs[side],
                          &k->child[side], e);
  return s ? s : judge_child_prepare(j, &k->child[side], v, e);
}

/* Runs both sides at once. */
static enum status run_both(struct check *k, const struct check_case *x, struct judge_verdict *v,
                            struct error *e) {
  enum judge_reply reply[SIDES];
  uint32_t answer[SIDES] = {0, 0};
  char doing[96];
  snprintf(doing, sizeof doing, "in %.80s", k->public_shape[x->shape]->name);
  for (int side = 0; side < SIDES; side++) {
    struct judge_child *c = &k->child[side];
    if (sandbox_continue(&c->process))
      return judge_child_explain(k->j, c, JUDGE_REPLY_GONE, doing, v, e);
    reply[side] = judge_child_call(c, JUDGE_OP_SHAPE, x->shape, 0, c->call_timeout_ns, &answer[side]);
    if (reply[side] != JUDGE_REPLY_DONE)
      return judge_child_explain(k->j, c, reply[side], doing, v, e);
  }
  for (int side = 0; side < SIDES; side++)
    judge_child_ring(&k->child[side], JUDGE_OP_RUN, x->shape, 0);
  for (int side = 0; side < SIDES; side++) { /* whoever fails first ends the case: no second time-out */
    struct judge_child *c = &k->child[side];
    reply[side] = judge_child_wait(c, 0, c->call_timeout_ns, &answer[side]);
    if (reply[side] == JUDGE_REPLY_DONE && sandbox_stop(&c->process))
      reply[side] = JUDGE_REPLY_GONE;
    if (reply[side] != JUDGE_REPLY_DONE)
      return judge_child_explain(k->j, c, reply[side], doing, v, e);
  }
  for (int side = 0; side < SIDES && !v->kind; side++)
    if (answer[side])
      judge_verdict_set(v, "refused", "sk_entry_run returned %d %s, which is a legal shape",
                        (int)answer[side], doing);
  return ST_OK;
}

/* Both against the reference, then against each other: a result that is right twice and differs by more than
 * the tolerance depends on something that is no input. */
static void compare_both(struct check *k, const struct check_case *x, const struct challenge_data *data,
                         struct judge_verdict *v) {
  struct judge_verdict side[SIDES] = {{0}, {0}};
  for (int i = 0; i < SIDES; i++)
    judge_block_compare(k->j, &k->child[i], x->shape, 0, data, &side[i]);
  const struct judge_verdict *bad = side[0].kind ? &side[0] : side[1].kind ? &side[1] : NULL;
  if (bad) {
    *v = *bad;
    if (!(side[0].kind && side[1].kind) && strcmp(bad->kind, "wrong") == 0) {
      v->kind = "race";
      snprintf(v->where, sizeof v->where,
               "two runs on the same input differ: right in one process, but %.600s", bad->where);
    }
    return;
  }
  const struct judge_shape *s = k->shape[0][x->shape];
  challenge_compare_two(k->j->challenge, s->plan, data, k->child[0].image, k->child[1].image, &v->mismatch);
  if (v->mismatch.wrong == 0)
    return;
  v->has_mismatch = 1;
  judge_verdict_set(v, "race",
                    "two runs on the same input differ by more than the tolerance, though each is right: %s: "
                    "%.400s in the other process",
                    s->shape->name, v->mismatch.text);
  snprintf(v->shape, sizeof v->shape, "%s", s->shape->name);
}

static enum status run_case(struct check *k, const struct check_case *x, double *seconds,
                            struct judge_verdict *v, struct error *e) {
  struct judge *j = k->j;
  struct challenge_data data;
  uint64_t seed;
  struct rng r;
  enum status s = judge_seed(&seed, e);
  if (!s)
    s = challenge_prepare(j->helper, k->item[0][x->shape].plan, x->family, &seed, 1, j->cores, &data, e);
  if (s)
    return s;
  rng_init(&r, rng_derive(seed, 1) ^ (uint64_t)clock_mono_ns());
  for (int side = 0; side < SIDES; side++) {
    judge_block_fill(k->shape[side][x->shape], &k->inputs[side], &k->child[side], &data, 1, &r);
    judge_fill_slack(k->shape[side][x->shape], &r, k->inputs[side].data);
  }
  int64_t start_ns = clock_mono_ns();
  s = run_both(k, x, v, e);
  *seconds = (double)(clock_mono_ns() - start_ns) * 1e-9;
  if (!s && !v->kind)
    compare_both(k, x, &data, v);
  if (s || (x->repeat && !v->kind))
    return s;
  snprintf(v->family, sizeof v->family, "%s", v->kind ? challenge_family_name(j->helper, x->family) : "");
  char text[24];
  snprintf(text, sizeof text, "%016llx", (unsigned long long)seed);
  json_t *item = json_object();
  json_put_str(item, "shape", k->public_shape[x->shape]->name);
  json_put_bool(item, "scaled", k->public_shape[x->shape]->scaled);
  json_put_str(item, "family", challenge_family_name(j->helper, x->family));
  json_put_str(item, "seed", text);
  json_put_str(item, "verdict", v->kind ? v->kind : "pass");
  json_put_num(item, "seconds", *seconds);
  json_array_append_new(k->cases, item);
  return ST_OK;
}

static enum status run_cases(struct check *k, struct judge_verdict *v, struct error *e) {
  double last_s = 0;
  for (uint32_t i = 0; i < k->n_cases; i++) {
    const struct check_case *x = &k->item_case[i];
    if (judge_cancelled(k->j))
      return error_set(e, ST_INTERRUPTED, "the check was interrupted");
    judge_tell(k->j, "check", (double)i / k->n_cases, "%.80s, %s", k->public_shape[x->shape]->name,
               challenge_family_name(k->j->helper, x->family));
    if (x->repeat && i && k->item_case[i - 1].repeat && last_s > REPEAT_CALL_S)
      continue; /* last_s stays: none of the others either */
    enum status s = run_case(k, x, &last_s, v, e);
    if (s || v->kind)
      return s;
  }
  judge_verdict_set(v, "pass", "right on %zu cases: %u shapes, %zu input families, two processes each",
                    json_array_size(k->cases), k->n_shapes, challenge_family_count(k->j->helper));
  return ST_OK;
}

static enum status check_built(struct check *k, struct judge_verdict *v, struct error *e) {
  if (!judge_build_ok(&k->build)) {
    judge_build_verdict(&k->build, v);
    return ST_OK;
  }
  enum status s = collect_shapes(k, e);
  if (!s)
    s = collect_cases(k, e);
  for (int side = 0; side < SIDES && !s && !v->kind; side++)
    s = start_side(k, side, v, e);
  return s || v->kind ? s : run_cases(k, v, e);
}

static void check_fini(struct check *k) {
  for (int side = 0; side < SIDES; side++) {
    judge_child_end(&k->child[side]);
    judge_memory_free(&k->inputs[side]);
    for (uint32_t i = 0; k->item[side] && i < k->n_shapes; i++)
      judge_shape_free(&k->item[side][i]);
  }
  judge_build_free(&k->build);
  json_decref(k->cases);
  arena_fini(&k->arena);
}

enum status judge_check(struct judge *j, const char *source, size_t source_bytes, json_t **out,
                        struct error *e) {
  *out = NULL;
  int64_t start_ns = clock_mono_ns();
  struct check k = {.j = j, .build = {.object_fd = -1}, .cases = json_array()};
  arena_init(&k.arena, 0);
  for (int side = 0; side < SIDES; side++) {
    k.inputs[side].fd = -1;
    k.child[side].channel.fd = k.child[side].plan.fd = k.child[side].outputs.fd = -1;
  }
  struct judge_verdict v = {0};
  enum status s = judge_build_create(j, source, source_bytes, &k.build, e);
  if (!s)
    s = check_built(&k, &v, e);
  if (!s) {
    json_t *report = json_object();
    json_put_str(report, "schema", "sharktank.check/1");
    judge_verdict_to_json(&v, report);
    json_put_str(report, "hash", k.build.hash);
    json_put_num(report, "seconds", (double)(clock_mono_ns() - start_ns) * 1e-9);
    json_object_set(report, "cases", k.cases);
    json_object_set(report, "compile", k.build.report);
    json_object_set(report, "sandbox", j->layers);
    *out = report;
  }
  check_fini(&k);
  return s;
}

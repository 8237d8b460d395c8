/* Room: judge. May use challenge, sandbox, base. The pairs of a duel: processes, blocks, totals. */
#include "judge/judge_duel_race.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"

/* A pair counts as disturbed when the hypervisor took more than this share of the machine's time. */
static const double MOST_STOLEN = 0.1;
/* The share of the pairs' time that mixed blocks may take, and the most calls of the first. */
static const double WIDE_SHARE = 0.15;
enum { FIRST_WIDE = 8 };
static const double SHORT_BLOCK_S = 0.025, LONG_BLOCK_S = 0.06;

enum status race_create(struct judge *j, int full, const char *shape, struct race **out, struct error *e) {
  struct race *r = calloc(1, sizeof *r);
  *out = NULL;
  if (!r)
    return error_set(e, ST_MEMORY, "out of memory while preparing a duel");
  r->j = j;
  r->guilty = -1;
  for (int side = 0; side < 2; side++) {
    r->build[side].object_fd = -1;
    r->child[side].channel.fd = r->child[side].plan.fd = r->child[side].outputs.fd = -1;
  }
  enum status s = judge_course_create(j, full, shape, &r->course, e);
  if (!s)
    s = judge_calibrator_create(&r->calibrator, e);
  if (s) {
    race_free(r);
    return s;
  }
  size_t n = r->course.n;
  r->d = calloc(RACE_MAX_PAIRS * (n + 1), sizeof *r->d);
  r->seed = calloc(RACE_MAX_PAIRS, sizeof *r->seed);
  r->scored_calls = calloc(n, sizeof *r->scored_calls);
  int failed = !r->d || !r->seed || !r->scored_calls;
  for (int side = 0; side < 2; side++) {
    r->scored_s[side] = calloc(n, sizeof(double));
    r->pair_s[side] = calloc(n, sizeof(double));
    failed |= !r->scored_s[side] || !r->pair_s[side];
  }
  if (failed) {
    race_free(r);
    return error_set(e, ST_MEMORY, "out of memory while preparing a duel");
  }
  r->shape_d = r->d + RACE_MAX_PAIRS;
  *out = r;
  return ST_OK;
}

void race_free(struct race *r) {
  if (!r)
    return;
  for (int side = 0; side < 2; side++) {
    judge_child_end(&r->child[side]);
    judge_build_free(&r->build[side]);
    free(r->scored_s[side]);
    free(r->pair_s[side]);
  }
  judge_course_free(&r->course);
  judge_calibrator_free(&r->calibrator);
  free(r->d);
  free(r->seed);
  free(r->scored_calls);
  free(r);
}

/* Ticks stolen by the hypervisor since boot, over all cores; -1 when unknown. */
static long long stolen_ticks(void) {
  long long field[8];
  FILE *f = fopen("/proc/stat", "re");
  if (!f)
    return -1;
  int got = fscanf(f, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &field[0], &field[1], &field[2],
                   &field[3], &field[4], &field[5], &field[6], &field[7]);
  fclose(f);
  return got == 8 ? field[7] : -1;
}

static enum status start_children(struct race *r, struct judge_verdict *v, struct error *e) {
  enum status s = judge_course_memory(r->j, &r->course, e);
  for (int side = 0; side < 2 && !s && !v->kind; side++) {
    s = judge_child_start(r->j, &r->build[side], r->course.shape, r->course.n, r->course.most_slots,
                          r->j->child_cpu, &r->course.inputs, &r->child[side], e);
    if (!s)
      s = judge_child_prepare(r->j, &r->child[side], v, e);
    if (v->kind)
      r->guilty = side;
  }
  return s;
}

static void end_children(struct race *r) {
  judge_child_end(&r->child[0]);
  judge_child_end(&r->child[1]);
}

static enum status run_block(struct race *r, int side, uint32_t shape, int mixed, struct judge_pace pace[2],
                             struct judge_verdict *v, struct error *e) {
  struct judge_block block = {.child = &r->child[side],
                              .shape = shape,
                              .family = r->course.family,
                              .data = r->course.data,
                              .slots = judge_course_slots(r->j, &r->course, shape),
                              .calls = r->course.calls[shape],
                              .inputs = &r->course.inputs,
                              .calibrator = &r->calibrator};
  enum status s = judge_block_run(r->j, &block, v, e);
  if (v->kind)
    r->guilty = side;
  if (mixed) /* for correctness only */
    return s;
  r->pair_s[side][shape] += (double)block.total_ns * 1e-9;
  r->clocked_s += (double)block.total_ns * 1e-9;
  r->waited_s += block.waited_ns >= 0 ? (double)block.waited_ns * 1e-9 : NAN;
  pace[0] = block.pace[0];
  pace[1] = block.pace[1];
  return s;
}

/* How many calls a mixed block may hold: all, unless the references of wider families cost too much. Nothing
 * is known of the first one's cost, so it is short. */
static uint32_t wide_calls(const struct race *r, uint32_t shape, struct rng *random) {
  double most = r->course.calls[shape];
  if (r->wide_call_s > 0)
    most = fmin(most, fmax(1, (0.1 + WIDE_SHARE * r->pairs_wall_s - r->wide_s) / r->wide_call_s));
  else
    most = fmin(most, FIRST_WIDE);
  return 1 + (uint32_t)rng_below(random, (uint64_t)most);
}

/* The same kind of block as those that are scored, for both sides, but a quarter of its calls have inputs of
 * wider families. An entry that knows a race when it sees one (by addresses, by the number of calls, by what
 * is missing) and is right there for the task's own inputs only is wrong here, and cannot tell but by the
 * data, of every single call. Not scored: what is timed is the task's own distribution. */
static enum status run_mixed(struct race *r, uint32_t shape, int first, struct rng *random,
                             struct judge_verdict *v, struct error *e) {
  uint32_t keep = r->course.calls[shape], calls = wide_calls(r, shape, random);
  int64_t start_ns = clock_mono_ns();
  r->course.calls[shape] = calls;
  enum status s = judge_course_prepare(r->j, &r->course, shape, 1, rng_next(random), e);
  for (int i = 0; i < 2 && !s && !v->kind; i++)
    s = run_block(r, i == 0 ? first : !first, shape, 1, NULL, v, e);
  r->course.calls[shape] = keep;
  double took_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
  r->wide_s += took_s;
  r->wide_call_s = fmax(r->wide_call_s, took_s / calls);
  r->wide_blocks++;
  return s;
}

/* The blocks of one shape, halves of them on one seed each; both sides, `first` goes first. wide_place:
 * before which half a mixed block stands (halves: after the last), or -1. *drifted: the
 * calibrator around them says that they cannot be compared. */
static enum status run_shape(struct race *r, uint32_t shape, uint64_t seed, int halves, int wide_place,
                             int *drifted, struct judge_verdict *v, struct error *e) {
  struct judge_pace pace[8];
  struct rng random;
  rng_init(&random, rng_derive(seed, 3));
  uint32_t n = 0;
  int first = (int)(rng_derive(seed, 2) & 1); /* the coin: nobody knows the seed beforehand */
  enum status s = ST_OK;
  r->pair_s[0][shape] = r->pair_s[1][shape] = 0;
  for (int half = 0; half < halves && !s && !v->kind; half++, first = !first) {
    if (half == wide_place)
      s = run_mixed(r, shape, first, &random, v, e);
    if (s || v->kind)
      break;
    s = judge_course_prepare(r->j, &r->course, shape, 0, rng_derive(seed, (uint64_t)half), e);
    for (int i = 0; i < 2 && !s && !v->kind; i++, n += 2)
      s = run_block(r, i == 0 ? first : !first, shape, 0, pace + n, v, e);
  }
  if (wide_place == halves && !s && !v->kind)
    s = run_mixed(r, shape, first, &random, v, e);
  *drifted = judge_pace_drifted(pace, n);
  return s;
}

/* halves: 1 for the warm-up (AB), 2 for a pair (ABBA or BAAB). A pair that has drifted on one shape is
 * void as a whole and not run to its end. */
static enum status run_shapes(struct race *r, uint64_t seed, int halves, int *drifted,
                              struct judge_verdict *v, struct error *e) {
  enum status s = start_children(r, v, e);
  struct rng random;
  rng_init(&random, rng_derive(seed, UINT64_C(1) << 32));
  int wide =
      halves == 2 && challenge_family_count(r->j->helper) > 1 && r->wide_s <= WIDE_SHARE * r->pairs_wall_s;
  uint32_t wide_shape = (uint32_t)rng_below(&random, r->course.n);
  int place = (int)rng_below(&random, 3);
  *drifted = 0;
  for (uint32_t shape = 0; shape < r->course.n && !s && !v->kind; shape++) {
    s = run_shape(r, shape, rng_derive(seed, shape), halves, wide && shape == wide_shape ? place : -1,
                  drifted, v, e);
    if (*drifted && halves == 2)
      break;
  }
  end_children(r);
  return s;
}

enum status race_warm_up(struct race *r, struct judge_verdict *v, struct error *e) {
  uint64_t seed;
  int drifted;
  enum status s = judge_seed(&seed, e);
  if (!s)
    s = run_shapes(r, seed, 1, &drifted, v, e);
  for (uint32_t i = 0; i < r->course.n && !s && !v->kind; i++)
    judge_course_choose(r->j, &r->course, i, r->pair_s[0][i], r->pair_s[1][i]);
  return s;
}

/* The warm-up's single calls were cold: mend the number of calls when blocks came out too short or long.
 * What was measured stays as it is; only later pairs hold more or less. */
static void adjust_calls(struct race *r) {
  for (uint32_t i = 0; i < r->course.n; i++) {
    double per = 0.5 / r->course.calls[i], a = r->pair_s[0][i] * per, b = r->pair_s[1][i] * per;
    double block_s = fmin(a, b) * r->course.calls[i];
    if (block_s < SHORT_BLOCK_S || block_s > LONG_BLOCK_S)
      judge_course_choose(r->j, &r->course, i, a, b);
  }
}

static void keep_pair(struct race *r, uint64_t seed) {
  uint32_t pair = r->n_pairs++;
  double sum = 0;
  for (uint32_t i = 0; i < r->course.n; i++) {
    double d = log(r->pair_s[1][i] / r->pair_s[0][i]);
    r->shape_d[(size_t)i * RACE_MAX_PAIRS + pair] = d;
    sum += d;
    for (int side = 0; side < 2; side++)
      r->scored_s[side][i] += r->pair_s[side][i];
    r->scored_calls[i] += 2 * (uint64_t)r->course.calls[i];
  }
  r->d[pair] = sum / r->course.n;
  r->seed[pair] = seed;
}

enum status race_pair(struct race *r, struct judge_verdict *v, struct error *e) {
  uint64_t seed;
  enum status s = judge_seed(&seed, e);
  if (s)
    return s;
  long long stolen_before = stolen_ticks();
  int64_t start_ns = clock_mono_ns();
  int drifted;
  s = run_shapes(r, seed, 2, &drifted, v, e);
  if (s || v->kind)
    return s;
  /* decided from what the machine says, before anybody looks at the ratio */
  double wall_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
  r->pairs_wall_s += wall_s;
  double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
  long long stolen_after = stolen_ticks();
  double stolen_s =
      stolen_before >= 0 && stolen_after >= 0 ? (double)(stolen_after - stolen_before) * tick_s : 0;
  if (stolen_s > MOST_STOLEN * wall_s * r->j->cores + tick_s)
    r->dropped_stolen++;
  else if (drifted)
    r->dropped_drift++;
  else
    keep_pair(r, seed);
  if (!drifted)
    adjust_calls(r);
  return ST_OK;
}

enum status race_again(struct race *r, uint32_t longer, struct judge_verdict *v, struct error *e) {
  uint64_t seed;
  int drifted;
  for (uint32_t i = 0; i < r->course.n; i++)
    r->course.calls[i] = judge_course_most(r->j, &r->course, i, longer * r->course.calls[i]);
  enum status s = judge_seed(&seed, e);
  return s ? s : run_shapes(r, seed, 2, &drifted, v, e);
}

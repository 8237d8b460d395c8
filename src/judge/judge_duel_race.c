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
static const double SHORT_HALF_S = 0.025, LONG_HALF_S = 0.06;
/* What a block should last at least. The speed of a guest's core jumps by several per cent and keeps what it
 * has for some ten milliseconds (a neighbour on the same physical core), so what counts is how soon the other
 * side gets its turn. ABBA of a 0.8 ms product on an idle 2-core Xeon guest, 2026-11-24: the error of d, as a
 * percentage times the square root of the seconds clocked, was 0.12 with blocks of 0.8 ms, 0.2 with 1.6, 0.45
 * with 3.3, 0.7 with 6.5, 1.3 with 26: sixteen times the time for the same certainty as with 2 ms. Waking and
 * stopping, some 50 us of each side's block, shrink a difference by 1/40 of itself at most. */
static const double BLOCK_S = 0.002;
enum { MOST_PACES = 32 };

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
  r->blocks = calloc(n, sizeof *r->blocks);
  int failed = !r->d || !r->seed || !r->scored_calls || !r->blocks;
  for (size_t i = 0; i < n && r->blocks; i++)
    r->blocks[i] = 1;
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
  free(r->blocks);
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

/* The blocks of one shape in one pair, as they come. */
struct stretch {
  uint32_t shape, n_paces;
  int first; /* the side that begins the next pair of blocks; it changes each time */
  struct judge_pace pace[MOST_PACES];
};

static uint32_t share(uint32_t all, uint32_t part, uint32_t parts) {
  return (uint32_t)((uint64_t)all * (part + 1) / parts - (uint64_t)all * part / parts);
}

/* One block on each side, with the same inputs: course.data from `at` on. scored: 0 for correctness only. */
static enum status run_both(struct race *r, struct stretch *x, uint32_t at, uint32_t slots, uint32_t calls,
                            int scored, int calibrated, struct judge_verdict *v, struct error *e) {
  enum status s = ST_OK;
  for (int i = 0; i < 2 && !s && !v->kind; i++) {
    int side = i == 0 ? x->first : !x->first;
    struct judge_block block = {.child = &r->child[side],
                                .shape = x->shape,
                                .family = r->course.family + at,
                                .data = r->course.data + at,
                                .slots = slots,
                                .calls = calls,
                                .inputs = &r->course.inputs,
                                .calibrator = calibrated ? &r->calibrator : NULL};
    s = judge_block_run(r->j, &block, v, e);
    if (v->kind)
      r->guilty = side;
    if (!scored)
      continue;
    r->pair_s[side][x->shape] += (double)block.total_ns * 1e-9;
    r->clocked_s += (double)block.total_ns * 1e-9;
    r->waited_s += block.waited_ns >= 0 ? (double)block.waited_ns * 1e-9 : NAN;
    for (int p = 0; p < 2 && calibrated && x->n_paces < MOST_PACES; p++)
      x->pace[x->n_paces++] = block.pace[p];
  }
  x->first = !x->first;
  return s;
}

/* The blocks from..to of a half: AB BA AB ... The calibrator stands around the first and the last. */
static enum status run_blocks(struct race *r, struct stretch *x, uint32_t from, uint32_t to, uint64_t seed,
                              struct judge_verdict *v, struct error *e) {
  uint32_t parts = r->blocks[x->shape], calls = r->course.calls[x->shape], slots = 0, at = 0;
  uint32_t decoys = judge_course_decoys(r->j, calls);
  for (uint32_t k = from; k < to; k++)
    slots += share(calls, k, parts) + share(decoys, k, parts);
  if (slots == 0)
    return ST_OK;
  enum status s = judge_course_prepare(r->j, &r->course, x->shape, slots, 0, seed, e);
  for (uint32_t k = from; k < to && !s && !v->kind; k++) {
    uint32_t here = share(calls, k, parts) + share(decoys, k, parts);
    s = run_both(r, x, at, here, share(calls, k, parts), 1, k == from || k + 1 == to, v, e);
    at += here;
  }
  return s;
}

/* How many calls a mixed block may hold: what a block holds or a few more, unless the references of wider
 * families cost too much. Nothing is known of the first one's cost, so it is short. */
static uint32_t wide_calls(const struct race *r, uint32_t shape, struct rng *random) {
  double most = fmax(r->course.calls[shape] / r->blocks[shape], fmin(r->course.calls[shape], FIRST_WIDE));
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
static enum status run_mixed(struct race *r, struct stretch *x, struct rng *random, struct judge_verdict *v,
                             struct error *e) {
  uint32_t calls = wide_calls(r, x->shape, random), slots = calls + judge_course_decoys(r->j, calls);
  int64_t start_ns = clock_mono_ns();
  enum status s = judge_course_prepare(r->j, &r->course, x->shape, slots, 1, rng_next(random), e);
  if (!s)
    s = run_both(r, x, 0, slots, calls, 0, 0, v, e);
  x->first = !x->first; /* as if nothing had been */
  double took_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
  r->wide_s += took_s;
  r->wide_call_s = fmax(r->wide_call_s, took_s / calls);
  r->wide_blocks++;
  return s;
}

/* The blocks of one shape, halves of them; both sides. mixed: a mixed block stands somewhere among them,
 * nobody knows where. *drifted: the calibrator around them says that they cannot be compared. */
static enum status run_shape(struct race *r, uint32_t shape, uint64_t seed, int halves, int mixed,
                             int *drifted, struct judge_verdict *v, struct error *e) {
  struct stretch x = {.shape = shape, .first = (int)(rng_derive(seed, 2) & 1)}; /* the coin */
  struct rng random;
  rng_init(&random, rng_derive(seed, 3));
  uint32_t n = r->blocks[shape], place = mixed ? (uint32_t)rng_below(&random, n + 1) : n;
  int mixed_half = mixed ? (int)rng_below(&random, (uint64_t)halves) : -1;
  enum status s = ST_OK;
  r->pair_s[0][shape] = r->pair_s[1][shape] = 0;
  for (int half = 0; half < halves && !s && !v->kind; half++) {
    uint32_t until = half == mixed_half ? place : n;
    s = run_blocks(r, &x, 0, until, rng_derive(seed, 4 + 2 * (uint64_t)half), v, e);
    if (half != mixed_half || s || v->kind)
      continue;
    s = run_mixed(r, &x, &random, v, e);
    if (!s && !v->kind)
      s = run_blocks(r, &x, until, n, rng_derive(seed, 5 + 2 * (uint64_t)half), v, e);
  }
  *drifted = judge_pace_drifted(x.pace, x.n_paces);
  return s;
}

/* halves: 1 for the warm-up, 2 for a pair (ABBA... or BAAB...). A pair that has drifted on one shape is
 * void as a whole and not run to its end. */
static enum status run_shapes(struct race *r, uint64_t seed, int halves, int *drifted,
                              struct judge_verdict *v, struct error *e) {
  enum status s = start_children(r, v, e);
  struct rng random;
  rng_init(&random, rng_derive(seed, UINT64_C(1) << 32));
  int wide =
      halves == 2 && challenge_family_count(r->j->helper) > 1 && r->wide_s <= WIDE_SHARE * r->pairs_wall_s;
  uint32_t wide_shape = (uint32_t)rng_below(&random, r->course.n);
  *drifted = 0;
  for (uint32_t shape = 0; shape < r->course.n && !s && !v->kind; shape++) {
    s = run_shape(r, shape, rng_derive(seed, shape), halves, wide && shape == wide_shape, drifted, v, e);
    if (*drifted && halves == 2)
      break;
  }
  end_children(r);
  return s;
}

/* From the seconds of one call on each side. A side that is twice as slow needs no resolution. */
static void choose_calls(struct race *r, uint32_t shape, double a_s, double b_s) {
  judge_course_choose(r->j, &r->course, shape, a_s, b_s);
  double fast_s = fmin(a_s, b_s), blocks = floor(fast_s * r->course.calls[shape] / BLOCK_S);
  if (fmax(a_s, b_s) > 2 * fast_s)
    blocks = 1;
  r->blocks[shape] = (uint32_t)fmax(1, fmin(blocks, r->course.calls[shape]));
}

enum status race_warm_up(struct race *r, struct judge_verdict *v, struct error *e) {
  uint64_t seed;
  int drifted;
  enum status s = judge_seed(&seed, e);
  if (!s)
    s = run_shapes(r, seed, 1, &drifted, v, e);
  for (uint32_t i = 0; i < r->course.n && !s && !v->kind; i++)
    choose_calls(r, i, r->pair_s[0][i], r->pair_s[1][i]);
  return s;
}

/* The warm-up's single calls were cold: mend the number of calls when blocks came out too short or long.
 * What was measured stays as it is; only later pairs hold more or less. */
static void adjust_calls(struct race *r) {
  for (uint32_t i = 0; i < r->course.n; i++) {
    double per = 0.5 / r->course.calls[i], a = r->pair_s[0][i] * per, b = r->pair_s[1][i] * per;
    double half_s = fmin(a, b) * r->course.calls[i];
    if (half_s < SHORT_HALF_S || half_s > LONG_HALF_S)
      choose_calls(r, i, a, b);
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
  for (uint32_t i = 0; i < r->course.n; i++) {
    r->course.calls[i] = judge_course_most(r->j, &r->course, i, longer * r->course.calls[i]);
    r->blocks[i] = 1;
  }
  enum status s = judge_seed(&seed, e);
  return s ? s : run_shapes(r, seed, 2, &drifted, v, e);
}

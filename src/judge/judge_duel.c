/* Room: judge. May use challenge, sandbox, base. Is B faster than A?
 *
 * A pair is two fresh processes that run ABBA (or, by the flip of a coin, BAAB) blocks on every shape:
 * the first half on one seed, the second on another, so drift hits both sides alike. One number comes
 * out of a pair: the mean over shapes of log(total_B / total_A). Wins are counted by judge_eprocess. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "judge/judge_calibration.h"
#include "judge/judge_duel_race.h"
#include "judge/judge_internal.h"

static const double ALPHA_SLOWER = 0.05, ALPHA_SHAPE = 0.05, CONFIDENCE = 0.95, MOST_DROPPED = 0.2;
/* Once B will not be shown faster, what is spent on showing that it is slower; counted from the start. */
static const double LOSER_S = 5;
enum { LEAST_FOR_DROPS = 10 };

void judge_duel_defaults(struct judge_duel_options *o) {
  *o = (struct judge_duel_options){
      .alpha = 0.01, .delta = -1, .budget_s = 60, .max_shape_slower = 0.05, .phase = "duel"};
}

/* How many pairs can still be run until limit_s, but always enough for an alpha's win of every pair. */
static uint32_t pairs_left(const struct race *r, double limit_s, double alpha, double elapsed_s,
                           double pair_s) {
  uint32_t least = eprocess_least_pairs(alpha), more = 0;
  if (pair_s > 0 && elapsed_s < limit_s)
    more = (uint32_t)fmin((limit_s - elapsed_s) / pair_s, RACE_MAX_PAIRS);
  if (r->n_pairs < least && more < least - r->n_pairs)
    more = least - r->n_pairs;
  return r->n_pairs + more > RACE_MAX_PAIRS ? RACE_MAX_PAIRS - r->n_pairs : more;
}

static enum status drop_limit(const struct race *r, struct error *e) {
  uint32_t dropped = r->dropped_stolen + r->dropped_drift, all = r->n_pairs + dropped;
  if (all >= LEAST_FOR_DROPS && dropped > MOST_DROPPED * all)
    return error_set(
        e, ST_BUSY,
        "%u of %u pairs were disturbed from outside (%u: processor time stolen from this machine, "
        "%u: the core's or the memory's pace changed): this machine is too busy to race on now",
        dropped, all, r->dropped_stolen, r->dropped_drift);
  return ST_OK;
}

static void tell_pair(const struct race *r, const struct judge_duel_options *o, double elapsed_s) {
  uint32_t wins = eprocess_count_below(r->d, r->n_pairs, -o->delta);
  judge_tell(r->j, o->phase ? o->phase : "duel", elapsed_s / fmax(o->budget_s, 1),
             "pair %u: %u wins, ratio %.4g", r->n_pairs, wins, exp(-eprocess_median(r->d, r->n_pairs)));
}

/* What the pairs so far say, and how many more there is room for. */
static enum eprocess_state decide(const struct race *r, const struct judge_duel_options *o, double elapsed_s,
                                  double pair_s, uint32_t *more) {
  struct eprocess_rule rule = {.alpha = o->alpha, .alpha_slower = ALPHA_SLOWER, .delta = o->delta};
  if (o->pairs) {
    *more = o->pairs > r->n_pairs && elapsed_s < o->budget_s ? o->pairs - r->n_pairs : 0;
    return EPROCESS_GO_ON;
  }
  *more = pairs_left(r, o->budget_s, o->alpha, elapsed_s, pair_s);
  if (eprocess_grossly_slower(r->shape_d, r->course.n, RACE_MAX_PAIRS, r->n_pairs))
    return EPROCESS_SLOWER;
  uint32_t more_slower = pairs_left(r, fmin(o->budget_s, LOSER_S), ALPHA_SLOWER, elapsed_s, pair_s);
  return eprocess_decide(r->d, r->n_pairs, *more, more_slower, &rule);
}

/* Pairs until something is shown, or the budget is spent. */
static enum status run_pairs(struct race *r, const struct judge_duel_options *o, enum eprocess_state *state,
                             const char **stop, struct judge_verdict *v, struct error *e) {
  int64_t start_ns = clock_mono_ns();
  enum status s = race_warm_up(r, v, e);
  *state = EPROCESS_GO_ON;
  *stop = "budget";
  int64_t first_ns = clock_mono_ns();
  while (!s && !v->kind) {
    double elapsed_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
    uint32_t ran = r->n_pairs + r->dropped_stolen + r->dropped_drift, more;
    double pair_s = ran ? (double)(clock_mono_ns() - first_ns) * 1e-9 / ran : 0;
    *state = decide(r, o, elapsed_s, pair_s, &more);
    if (*state != EPROCESS_GO_ON || (more == 0 && r->n_pairs))
      break;
    if (judge_cancelled(r->j))
      return error_set(e, ST_INTERRUPTED, "the duel was interrupted");
    s = race_pair(r, v, e);
    if (!s && !v->kind)
      s = drop_limit(r, e);
    if (!s && !v->kind)
      tell_pair(r, o, (double)(clock_mono_ns() - start_ns) * 1e-9);
  }
  static const char *const why[] = {"budget", "evidence", "evidence", "futile", "out of reach"};
  *stop = v->kind ? "fault" : o->pairs ? "pairs" : why[*state];
  return s;
}

static void put_interval(json_t *object, const double *d, uint32_t n) {
  double low, high;
  eprocess_interval(d, n, CONFIDENCE, &low, &high);
  json_t *pair = json_array(); /* a speedup: the mirror image of d */
  json_array_append_new(pair, isfinite(high) ? json_real(exp(-high)) : json_null());
  json_array_append_new(pair, isfinite(low) ? json_real(exp(-low)) : json_null());
  json_object_set_new(object, "interval", pair);
}

/* Returns 1 if the shape keeps an acceptance out: shown, or by its point estimate, slower than allowed. */
static int put_shape(const struct race *r, uint32_t shape, const struct judge_duel_options *o, json_t *list) {
  const struct challenge_shape *cs = r->course.shape[shape]->shape;
  const double *d = r->shape_d + (size_t)shape * RACE_MAX_PAIRS;
  double limit = log1p(o->max_shape_slower), median = eprocess_median(d, r->n_pairs);
  int shown = eprocess_shows(r->n_pairs, eprocess_count_above(d, r->n_pairs, limit), ALPHA_SHAPE);
  json_t *item = json_object();
  json_put_str(item, "shape", cs->name);
  json_put_str(item, "text", cs->text);
  json_put_bool(item, "scaled", cs->scaled);
  json_put_str(item, "stands_for", cs->stands_for);
  double calls = (double)r->scored_calls[shape];
  json_put_num(item, "a_seconds", r->scored_s[0][shape] / calls);
  json_put_num(item, "b_seconds", r->scored_s[1][shape] / calls);
  json_put_num(item, "speedup", exp(-median));
  put_interval(item, d, r->n_pairs);
  json_put_int(item, "calls_per_block", (r->course.calls[shape] + r->blocks[shape] - 1) / r->blocks[shape]);
  json_put_int(item, "blocks_per_pair", 4 * (int64_t)r->blocks[shape]);
  json_put_bool(item, "shown_slower", shown);
  json_array_append_new(list, item);
  return shown || median > limit;
}

static const char *final_verdict(enum eprocess_state state, int held_back) {
  if (state == EPROCESS_FASTER)
    return held_back ? "mixed" : "faster";
  return state == EPROCESS_SLOWER ? "slower" : "unresolved";
}

static void put_numbers(const struct race *r, const struct judge_duel_options *o, json_t *out) {
  uint32_t n = r->n_pairs, wins = eprocess_count_below(r->d, n, -o->delta);
  uint32_t losses = eprocess_count_above(r->d, n, o->delta);
  json_put_num(out, "speedup", exp(-eprocess_median(r->d, n)));
  put_interval(out, r->d, n);
  json_put_num(out, "confidence", CONFIDENCE);
  json_put_int(out, "pairs", n);
  json_put_int(out, "wins", wins);
  json_put_int(out, "losses", losses);
  json_put_int(out, "dropped", r->dropped_stolen + r->dropped_drift);
  json_t *dropped_for = json_object();
  json_put_int(dropped_for, "stolen", r->dropped_stolen);
  json_put_int(dropped_for, "drift", r->dropped_drift);
  json_object_set_new(out, "dropped_for", dropped_for);
  json_put_num(out, "evidence", eprocess_evidence(n, wins));
  json_put_num(out, "evidence_slower", eprocess_evidence(n, losses));
  json_put_num(out, "alpha", o->alpha);
  json_put_num(out, "delta", o->delta);
  json_put_int(out, "wide_blocks", r->wide_blocks);
  json_t *d = json_array(), *seeds = json_array();
  for (uint32_t i = 0; i < n; i++) {
    json_array_append_new(d, json_real(r->d[i]));
    json_array_append_new(seeds, json_sprintf("%016llx", (unsigned long long)r->seed[i]));
  }
  json_object_set_new(out, "d", d);
  json_object_set_new(out, "seeds", seeds);
  json_put_num(out, "clocked_seconds", r->clocked_s);
  json_put_num(out, "waited_seconds", r->waited_s);
}

static void put_result(const struct race *r, const struct judge_duel_options *o, enum eprocess_state state,
                       struct judge_verdict *v, json_t *out) {
  json_t *shapes = json_array();
  int held_back = 0;
  for (uint32_t i = 0; i < r->course.n && r->n_pairs; i++)
    held_back |= put_shape(r, i, o, shapes);
  if (!v->kind)
    v->kind = final_verdict(state, held_back);
  judge_verdict_to_json(v, out);
  static const char *const who[] = {"A", "B"};
  json_put_str(out, "who", r->guilty >= 0 ? who[r->guilty] : NULL);
  put_numbers(r, o, out);
  json_object_set_new(out, "shapes", shapes);
}

enum status judge_duel(struct judge *j, const char *a, size_t a_bytes, const char *b, size_t b_bytes,
                       const struct judge_duel_options *options, json_t **out, struct error *e) {
  struct judge_duel_options o = *options;
  int64_t start_ns = clock_mono_ns();
  *out = NULL;
  if (!(o.alpha > 0 && o.alpha < 1) || !(o.delta < 1) || !(o.budget_s >= 0) || !(o.max_shape_slower >= 0) ||
      o.pairs > RACE_MAX_PAIRS)
    return error_set(
        e, ST_USAGE,
        "a duel needs 0 < alpha < 1, delta < 1, a budget and a limit of 0 or more, and at most %d "
        "pairs",
        RACE_MAX_PAIRS);
  char delta_from[64] = "given";
  if (o.delta < 0)
    judge_delta_here(&o.delta, delta_from, sizeof delta_from);
  struct race *r;
  enum status s = race_create(j, o.full, o.shape, &r, e);
  if (s)
    return s;
  struct judge_verdict v = {0};
  enum eprocess_state state = EPROCESS_GO_ON;
  const char *stop = "fault";
  const char *source[2] = {a, b};
  const size_t bytes[2] = {a_bytes, b_bytes};
  for (int side = 0; side < 2 && !s && !v.kind; side++) {
    s = judge_build_create(j, source[side], bytes[side], &r->build[side], e);
    if (!s && !judge_build_ok(&r->build[side])) {
      judge_build_verdict(&r->build[side], &v);
      r->guilty = side;
    }
  }
  if (!s && !v.kind)
    s = run_pairs(r, &o, &state, &stop, &v, e);
  json_t *below = json_array();
  if (!s && !v.kind)
    s = race_check_floor(r, below, &v, e);
  if (!s) {
    json_t *report = json_object();
    json_put_str(report, "schema", "sharktank.duel/1");
    put_result(r, &o, state, &v, report);
    json_object_set(report, "below_roofline", below);
    json_put_str(report, "delta_from", delta_from);
    json_put_num(report, "budget_seconds", o.budget_s);
    json_put_num(report, "seconds", (double)(clock_mono_ns() - start_ns) * 1e-9);
    json_put_str(report, "stop", stop);
    json_put_bool(report, "full", o.full);
    json_put_str(report, "a", r->build[0].hash);
    json_put_str(report, "b", r->build[1].hash[0] ? r->build[1].hash : NULL);
    json_object_set(report, "sandbox", j->layers);
    *out = report;
  }
  json_decref(below);
  race_free(r);
  return s;
}

/* Room: judge. May use challenge, sandbox, base. How fast is one entry? For contexts and reports; nothing
 * is ever accepted by it. Clocked blocks as in a duel, every output compared, fresh processes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "judge/judge_eprocess.h"
#include "judge/judge_internal.h"

enum { MOST_ROUNDS = 25, ENOUGH_ROUNDS = 9 };
static const double CONFIDENCE = 0.95;

struct measurement {
  struct judge *j;
  struct judge_build build;
  struct judge_course course;
  struct judge_child child;
  double *per_call_s; /* [shapes][MOST_ROUNDS]: a block's total over its calls */
  uint64_t *calls;    /* [shapes] clocked in all */
  uint32_t rounds;
};

/* All shapes once, in a process of their own. */
static enum status run_round(struct measurement *m, int keep, struct judge_verdict *v, struct error *e) {
  struct judge *j = m->j;
  uint64_t seed;
  enum status s = judge_course_memory(j, &m->course, e);
  if (!s)
    s = judge_seed(&seed, e);
  if (!s)
    s = judge_child_start(j, &m->build, m->course.shape, m->course.n, m->course.most_slots, j->child_cpu,
                          &m->course.inputs, &m->child, e);
  if (!s)
    s = judge_child_prepare(j, &m->child, v, e);
  for (uint32_t i = 0; i < m->course.n && !s && !v->kind; i++) {
    s = judge_course_prepare(j, &m->course, i, judge_course_slots(j, &m->course, i), 0, rng_derive(seed, i),
                             e);
    if (s)
      break;
    struct judge_block block = {.child = &m->child,
                                .shape = i,
                                .data = m->course.data,
                                .slots = judge_course_slots(j, &m->course, i),
                                .calls = m->course.calls[i],
                                .inputs = &m->course.inputs};
    s = judge_block_run(j, &block, v, e);
    double per_call_s = (double)block.total_ns * 1e-9 / block.calls;
    m->per_call_s[(size_t)i * MOST_ROUNDS + m->rounds] = per_call_s;
    m->calls[i] += block.calls;
    if (!keep)
      judge_course_choose(j, &m->course, i, per_call_s, per_call_s);
  }
  judge_child_end(&m->child);
  return s;
}

static enum status run_rounds(struct measurement *m, double budget_s, struct judge_verdict *v,
                              struct error *e) {
  int64_t start_ns = clock_mono_ns();
  enum status s = run_round(m, 0, v, e); /* cold, one call each: it only fixes the calls of a block */
  double warm_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
  if (s || v->kind)
    return s;
  if (warm_s > budget_s) { /* a slow entry on large shapes: the one call is the measurement */
    m->rounds = 1;
    return ST_OK;
  }
  for (uint32_t i = 0; i < m->course.n; i++)
    m->calls[i] = 0;
  while (m->rounds < MOST_ROUNDS) {
    double elapsed_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
    if (m->rounds && elapsed_s > budget_s)
      break;
    if (judge_cancelled(m->j))
      return error_set(e, ST_INTERRUPTED, "the measurement was interrupted");
    judge_tell(m->j, "measure", fmin(elapsed_s / fmax(budget_s, 0.1), (double)m->rounds / ENOUGH_ROUNDS),
               "round %u", m->rounds + 1);
    s = run_round(m, 1, v, e);
    if (s || v->kind)
      return s;
    m->rounds++;
  }
  return ST_OK;
}

/* Multiply-adds per second, where the module says how much work a shape is. */
static void put_rate(struct measurement *m, const struct challenge_shape *shape, double seconds,
                     json_t *item) {
  const struct challenge *c = m->j->challenge;
  struct challenge_device unit = {.name = "unit", .bytes_per_s = 1, .operations_per_s = 1};
  struct challenge_roofline work;
  json_object_set_new(item, "gmac_per_s", json_null());
  if (c->problem_path && !challenge_roofline(m->j->helper, shape, &unit, &work, NULL))
    json_put_num(item, "gmac_per_s", work.operations / 2 / seconds * 1e-9);
}

static void put_result(struct measurement *m, json_t *out) {
  json_t *shapes = json_array();
  double log_sum = 0;
  for (uint32_t i = 0; i < m->course.n && m->rounds; i++) {
    const struct challenge_shape *cs = m->course.shape[i]->shape;
    const double *x = m->per_call_s + (size_t)i * MOST_ROUNDS;
    double median = eprocess_median(x, m->rounds), low, high;
    eprocess_order_interval(x, m->rounds, CONFIDENCE, &low, &high);
    json_t *item = json_object();
    json_put_str(item, "shape", cs->name);
    json_put_str(item, "text", cs->text);
    json_put_bool(item, "scaled", cs->scaled);
    json_put_num(item, "seconds", median);
    json_put_num(item, "low", low);
    json_put_num(item, "high", high);
    json_put_int(item, "calls", (int64_t)m->calls[i]);
    json_put_int(item, "blocks", m->rounds);
    put_rate(m, cs, median, item);
    json_array_append_new(shapes, item);
    log_sum += log(median);
  }
  json_put_num(out, "geomean_seconds", m->rounds && m->course.n ? exp(log_sum / m->course.n) : NAN);
  json_put_num(out, "confidence", CONFIDENCE);
  json_object_set_new(out, "shapes", shapes);
}

static enum status measure_built(struct measurement *m, double budget_s, struct judge_verdict *v,
                                 struct error *e) {
  if (!judge_build_ok(&m->build)) {
    judge_build_verdict(&m->build, v);
    return ST_OK;
  }
  m->per_call_s = calloc((size_t)m->course.n * MOST_ROUNDS, sizeof *m->per_call_s);
  m->calls = calloc(m->course.n, sizeof *m->calls);
  if (!m->per_call_s || !m->calls)
    return error_set(e, ST_MEMORY, "out of memory while measuring");
  return run_rounds(m, budget_s, v, e);
}

enum status judge_measure(struct judge *j, const char *source, size_t bytes, int full, const char *shape,
                          double budget_s, json_t **out, struct error *e) {
  *out = NULL;
  struct measurement m = {.j = j,
                          .build = {.object_fd = -1},
                          .child = {.channel = {.fd = -1}, .plan = {.fd = -1}, .outputs = {.fd = -1}}};
  struct judge_verdict v = {0};
  int64_t start_ns = clock_mono_ns();
  enum status s = judge_course_create(j, full, shape, &m.course, e);
  if (!s)
    s = judge_build_create(j, source, bytes, &m.build, e);
  if (!s)
    s = measure_built(&m, budget_s, &v, e);
  if (!s) {
    json_t *report = json_object();
    json_put_str(report, "schema", "sharktank.measure/1");
    if (!v.kind)
      v.kind = "ok";
    judge_verdict_to_json(&v, report);
    json_put_str(report, "hash", m.build.hash);
    json_object_set(report, "compile", m.build.report);
    put_result(&m, report);
    json_put_num(report, "seconds", (double)(clock_mono_ns() - start_ns) * 1e-9);
    *out = report;
  }
  judge_child_end(&m.child);
  judge_course_free(&m.course);
  judge_build_free(&m.build);
  free(m.per_call_s);
  free(m.calls);
  return s;
}

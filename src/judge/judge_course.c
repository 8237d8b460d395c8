/* Room: judge. May use challenge, base. The shapes that are clocked, and how much work a block holds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge_internal.h"

/* Waking a stopped child costs some 30 us, so a block lasts at least 25 ms on its faster side (aimed a
 * little higher). Where one side is more than twice as slow, its block is bounded instead: a difference
 * that large does not need the resolution. */
static const double BLOCK_S = 0.028, SLOW_BLOCK_S = 0.1;
enum { MOST_CALLS = 3600, MOST_SLOTS = 4096, WIDE_OF = 4 };
static const uint64_t MOST_BLOCK_BYTES = UINT64_C(256) << 20;

enum status judge_course_create(struct judge *j, int full, const char *only, struct judge_course *out,
                                struct error *e) {
  *out = (struct judge_course){.inputs = {.fd = -1}};
  const struct challenge *c = j->challenge;
  const struct challenge_shape *list = full ? c->full : c->benchmark;
  size_t n = full ? c->n_full : c->n_benchmarks;
  if (full && n == 0) { /* nothing is scaled */
    list = c->benchmark;
    n = c->n_benchmarks;
  }
  out->item = calloc(n + 1, sizeof *out->item);
  out->shape = calloc(n + 1, sizeof *out->shape);
  out->calls = calloc(n + 1, sizeof *out->calls);
  if (!out->item || !out->shape || !out->calls) {
    judge_course_free(out);
    return error_set(e, ST_MEMORY, "out of memory while preparing to clock");
  }
  for (size_t i = 0; i < n; i++) {
    if (only && strcmp(only, list[i].name) != 0)
      continue;
    enum status s = judge_shape_create(j, &list[i], JUDGE_LAYOUT_BLOCK, &out->item[out->n], e);
    if (s) {
      judge_course_free(out);
      return s;
    }
    out->shape[out->n] = &out->item[out->n];
    out->calls[out->n++] = 1;
  }
  if (out->n)
    return ST_OK;
  judge_course_free(out);
  return error_at(e, ST_INPUT, c->file, 0,
                  only ? "no benchmark shape is called \"%s\"" : "there are no benchmark shapes", only);
}

uint32_t judge_course_most(const struct judge *j, const struct judge_course *c, uint32_t shape,
                           double calls) {
  uint64_t slot_bytes = c->shape[shape]->in_slot_bytes + c->shape[shape]->out_slot_bytes;
  uint64_t fit = MOST_BLOCK_BYTES / (slot_bytes * (j->threads > 1 ? 2 : 1) + 1); /* its decoys on top */
  calls = fmin(fmin(calls, j->threads > 1 ? MOST_SLOTS / 2 : MOST_CALLS), fit ? (double)fit : 1);
  return (uint32_t)fmax(calls, 1);
}

int judge_course_choose(const struct judge *j, struct judge_course *c, uint32_t shape, double one_s,
                        double other_s) {
  double fast_s = fmax(fmin(one_s, other_s), 1e-8), slow_s = fmax(one_s, other_s);
  double calls = ceil(BLOCK_S / fast_s);
  if (slow_s > 2 * fast_s)
    calls = fmin(calls, fmax(1, floor(SLOW_BLOCK_S / slow_s)));
  uint32_t before = c->calls[shape];
  c->calls[shape] = judge_course_most(j, c, shape, calls);
  return c->calls[shape] != before;
}

/* With one thread working ahead saves no more than the ring of a call, so few decoys make it a loss; where
 * fewer than eight calls fill a block, a ring is nothing beside a call. */
uint32_t judge_course_decoys(const struct judge *j, uint32_t calls) {
  return j->threads > 1 ? calls : calls / 8;
}

uint32_t judge_course_slots(const struct judge *j, const struct judge_course *c, uint32_t shape) {
  return c->calls[shape] + judge_course_decoys(j, c->calls[shape]);
}

enum status judge_course_memory(struct judge *j, struct judge_course *c, struct error *e) {
  uint64_t bytes = 0;
  uint32_t most = 1;
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t slots = judge_course_slots(j, c, i);
    uint64_t here = slots * c->shape[i]->in_slot_bytes;
    bytes = here > bytes ? here : bytes;
    most = slots > most ? slots : most;
  }
  struct challenge_data *data = realloc(c->data, most * sizeof *data);
  c->data = data ? data : c->data;
  uint32_t *family = realloc(c->family, most * sizeof *family);
  c->family = family ? family : c->family;
  if (!data || !family)
    return error_set(e, ST_MEMORY, "out of memory while preparing to clock");
  c->most_slots = most;
  if (c->inputs.data && c->inputs.bytes >= bytes)
    return ST_OK;
  judge_memory_free(&c->inputs);
  return judge_memory_create("inputs", bytes, JUDGE_SEAL_READ_ONLY, &c->inputs, e);
}

void judge_course_free(struct judge_course *c) {
  for (uint32_t i = 0; i < c->n; i++)
    judge_shape_free(&c->item[i]);
  free(c->item);
  free(c->shape);
  free(c->calls);
  free(c->data);
  free(c->family);
  judge_memory_free(&c->inputs);
  *c = (struct judge_course){.inputs = {.fd = -1}};
}

enum status judge_course_prepare(struct judge *j, struct judge_course *c, uint32_t shape, uint32_t slots,
                                 int mixed, uint64_t seed, struct error *e) {
  uint32_t *family = calloc(slots, sizeof *family);
  uint64_t *seeds = malloc(slots * sizeof *seeds);
  size_t families = challenge_family_count(j->helper);
  struct rng r;
  rng_init(&r, rng_derive(seed, UINT64_C(1) << 32));
  uint32_t forced = (uint32_t)rng_below(&r, slots); /* one at least, or a block would be spent for nothing */
  for (uint32_t i = 0; seeds && family && i < slots; i++) {
    seeds[i] = rng_derive(seed, i);
    if (mixed && families > 1 && (rng_below(&r, WIDE_OF) == 0 || i == forced))
      family[i] = 1 + (uint32_t)rng_below(&r, families - 1);
  }
  enum status s = seeds && family ? challenge_prepare_mixed(j->helper, c->shape[shape]->plan, family, seeds,
                                                            slots, j->cores, c->data, e)
                                  : error_set(e, ST_MEMORY, "out of memory while preparing a block");
  if (c->family && !s)
    memcpy(c->family, family, slots * sizeof *family);
  free(family);
  free(seeds);
  return s;
}

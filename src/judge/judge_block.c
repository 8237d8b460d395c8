/* Room: judge. May use challenge, sandbox, base. One clocked block of calls.
 *
 * The order is the whole point: the child is stopped; only then do the block's inputs and fresh poison
 * exist; the clock starts before the child goes on; call after call is rung without a look at the
 * outputs; with the last answer the clock stops, then the child; only then is anything compared. So
 * whatever the entry does, it does on the clock. */
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "judge/judge_internal.h"

static const int64_t BLOCK_GRACE_NS = INT64_C(1000000000);

void judge_block_fill(const struct judge_shape *s, const struct judge_memory_map *inputs,
                      struct judge_child *c, const struct challenge_data *data, uint32_t slots,
                      struct rng *r) {
  const struct challenge_plan *p = s->plan;
  for (uint32_t slot = 0; slot < slots; slot++) {
    uint8_t *to = inputs->data + slot * s->in_slot_bytes;
    if (s->n_guards == 0)
      memcpy(to, data[slot].inputs, p->in_bytes);
    else
      for (uint32_t t = 0; t < s->n_in; t++)
        memcpy(to + s->in_at[t], data[slot].inputs + p->in_offset[t], s->in_span[t]);
    uint64_t at = slot * s->out_slot_bytes;
    judge_poison(s, r, c->shadow + at);
    memcpy(c->outputs.data + at, c->shadow + at, s->out_slot_bytes);
  }
}

void judge_block_compare(struct judge *j, struct judge_child *c, uint32_t shape, uint32_t slot,
                         const struct challenge_data *d, struct judge_verdict *v) {
  const struct judge_shape *s = c->shape[shape];
  const uint8_t *outputs = c->outputs.data + slot * s->out_slot_bytes;
  for (uint32_t t = 0; t < s->n_out; t++) /* the snapshot: hostile memory is read once */
    memcpy(c->image + s->plan->out_offset[t], outputs + s->out_at[t], s->out_span[t]);
  int64_t band = judge_bands_changed(s, outputs, c->shadow + slot * s->out_slot_bytes);
  const char *name = s->shape->name;
  if (band >= 0) {
    char place[160];
    judge_shape_describe(j, s, 1, (uint64_t)band, place, sizeof place);
    judge_verdict_set(v, "out_of_bounds", "wrote %s in %s", place, name);
  } else {
    challenge_compare(j->challenge, s->plan, d, c->image, &v->mismatch);
    if (v->mismatch.wrong == 0)
      return;
    v->has_mismatch = 1;
    judge_verdict_set(v, "wrong", "%s: %s; %llu of %llu elements wrong", name, v->mismatch.text,
                      (unsigned long long)v->mismatch.wrong, (unsigned long long)v->mismatch.compared);
  }
  snprintf(v->shape, sizeof v->shape, "%s", name);
}

/* Which slots are called, in which order. Without decoys: all, in order. */
static enum status choose_order(const struct judge_block *b, struct rng *r, uint32_t **out, struct error *e) {
  uint32_t *order = malloc((size_t)b->slots * sizeof *order);
  if (!order)
    return error_set(e, ST_MEMORY, "out of memory while clocking");
  for (uint32_t i = 0; i < b->slots; i++)
    order[i] = i;
  for (uint32_t i = 0; b->calls < b->slots && i + 1 < b->slots; i++) {
    uint32_t k = i + (uint32_t)rng_below(r, b->slots - i), keep = order[i];
    order[i] = order[k];
    order[k] = keep;
  }
  *out = order;
  return ST_OK;
}

struct clocked {
  enum judge_reply reply;
  uint32_t answer, calls_done; /* answer: of the first call that did not return 0 */
  int refused;
};

static int over_limit(const struct judge_child *c, int64_t start_ns, int64_t delay_before_ns,
                      int64_t limit_ns) {
  int64_t delay_ns = delay_before_ns < 0 ? 0 : judge_child_delay_ns(c) - delay_before_ns;
  return clock_mono_ns() - start_ns - delay_ns > limit_ns;
}

static void clock_block(struct judge *j, struct judge_block *b, const uint32_t *order, struct clocked *out) {
  struct judge_child *c = b->child;
  struct judge_pin pin;
  int spin = j->judge_cpu >= 0;
  judge_pin_take(j, &pin);
  int64_t cpu_before_ns = sandbox_cpu_ns(&c->process), waited_before_ns = judge_child_delay_ns(c);
  int64_t start_ns = clock_mono_ns();
  if (sandbox_continue(&c->process))
    out->reply = JUDGE_REPLY_GONE;
  /* A block was sized from earlier calls, for a fraction of a second: one that runs on has changed its
   * pace, and many calls just within their own limit may not hold the judge for hours. */
  int64_t limit_ns = c->call_timeout_ns + BLOCK_GRACE_NS;
  for (uint32_t i = 0; i < b->calls && out->reply == JUDGE_REPLY_DONE; i++) {
    uint32_t answer = 0;
    if (clock_mono_ns() - start_ns > limit_ns && over_limit(c, start_ns, waited_before_ns, limit_ns)) {
      out->reply = JUDGE_REPLY_TIMEOUT;
      break;
    }
    judge_child_ring(c, JUDGE_OP_RUN, b->shape, order[i]);
    out->reply = judge_child_wait(c, spin, c->call_timeout_ns, &answer);
    if (answer && !out->refused) {
      out->refused = 1;
      out->answer = answer;
    }
  }
  b->total_ns = clock_mono_ns() - start_ns;
  if (out->reply == JUDGE_REPLY_DONE && sandbox_stop(&c->process))
    out->reply = JUDGE_REPLY_GONE;
  int64_t cpu_after_ns = sandbox_cpu_ns(&c->process);
  int64_t waited_after_ns = judge_child_delay_ns(c);
  b->waited_ns = waited_before_ns >= 0 && waited_after_ns >= 0 ? waited_after_ns - waited_before_ns : -1;
  b->cpu_ns = cpu_before_ns >= 0 && cpu_after_ns >= cpu_before_ns ? cpu_after_ns - cpu_before_ns : -1;
  judge_pin_release(&pin);
}

/* Work that the clock saw less of than the cores did. The stop itself is off the clock, hence the slack. */
static void check_cpu(const struct judge *j, const struct judge_block *b, struct judge_verdict *v) {
  double allowed_ns = 1.05 * (double)b->total_ns * j->threads + 10e6;
  if (!v->kind && b->cpu_ns >= 0 && (double)b->cpu_ns > allowed_ns)
    judge_verdict_set(
        v, "cheating", "used %.1f ms of processor time in a block of %.1f ms with %u thread%s allowed",
        (double)b->cpu_ns * 1e-6, (double)b->total_ns * 1e-6, j->threads, j->threads == 1 ? "" : "s");
}

enum status judge_block_run(struct judge *j, struct judge_block *b, struct judge_verdict *v,
                            struct error *e) {
  struct judge_child *c = b->child;
  const struct judge_shape *s = c->shape[b->shape];
  uint64_t seed;
  struct rng r;
  enum status st = judge_seed(&seed, e);
  if (st)
    return st;
  rng_init(&r, seed);
  uint32_t *order = NULL;
  st = choose_order(b, &r, &order, e);
  if (st)
    return st;
  judge_block_fill(s, b->inputs, c, b->data, b->slots, &r);
  struct clocked clocked = {.reply = JUDGE_REPLY_DONE};
  clock_block(j, b, order, &clocked);
  char doing[96];
  snprintf(doing, sizeof doing, "in %s", s->shape->name);
  if (clocked.reply != JUDGE_REPLY_DONE) {
    st = judge_child_explain(j, c, clocked.reply, doing, v, e);
  } else if (clocked.refused) {
    judge_verdict_set(v, "refused", "sk_entry_run returned %d %s", (int)clocked.answer, doing);
    snprintf(v->shape, sizeof v->shape, "%s", s->shape->name);
  } else {
    for (uint32_t i = 0; i < b->calls && !v->kind; i++)
      judge_block_compare(j, c, b->shape, order[i], &b->data[order[i]], v);
    check_cpu(j, b, v);
  }
  if (v->kind && !v->family[0])
    snprintf(v->family, sizeof v->family, "%s", challenge_family_name(j->helper, b->family));
  free(order);
  return st;
}

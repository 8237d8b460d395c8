/* Room: judge. May use challenge, sandbox, base. One clocked block of calls.
 *
 * The order is the whole point: the child is stopped; only then do the block's inputs and fresh poison
 * exist; the clock starts before the child goes on; call after call is rung without a look at the
 * outputs; with the last answer the child is stopped, then, when all of it stands still, the clock; only
 * then is anything compared. So whatever the entry does, it does on the clock: an answer that comes early
 * gains nothing, for the outputs must be whole when the child stands still. Stopping takes some 50 us of
 * a block's 25 ms or more, the same for both sides. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "judge/judge_internal.h"

static const int64_t BLOCK_GRACE_NS = INT64_C(1000000000), FIRST_NS = INT64_C(250000000),
                     TURN_NS = INT64_C(2000000000);

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

/* One call of a block: its slot, and one byte of its outputs that is looked at when it has answered. */
struct planned {
  uint32_t slot;
  uint8_t seen;
  uint64_t at; /* in the outputs */
};

/* A random byte of a random output tensor. */
static uint64_t choose_byte(const struct judge_shape *s, uint32_t slot, struct rng *r) {
  uint32_t t = (uint32_t)rng_below(r, s->n_out);
  return slot * s->out_slot_bytes + s->out_at[t] + rng_below(r, s->out_span[t]);
}

/* Which slots are called, in which order: one that the entry cannot know, with decoys among them that are
 * never called, so that working ahead is working in vain. */
static enum status plan_calls(const struct judge_block *b, struct rng *r, struct planned **out,
                              struct error *e) {
  const struct judge_shape *s = b->child->shape[b->shape];
  struct planned *plan = malloc((size_t)b->slots * sizeof *plan);
  if (!plan)
    return error_set(e, ST_MEMORY, "out of memory while clocking");
  for (uint32_t i = 0; i < b->slots; i++)
    plan[i].slot = i;
  for (uint32_t i = 0; i + 1 < b->slots; i++) {
    uint32_t k = i + (uint32_t)rng_below(r, b->slots - i), keep = plan[i].slot;
    plan[i].slot = plan[k].slot;
    plan[k].slot = keep;
  }
  for (uint32_t i = 0; i < b->slots; i++)
    plan[i].at = choose_byte(s, plan[i].slot, r);
  *out = plan;
  return ST_OK;
}

struct clocked {
  enum judge_reply reply;
  uint32_t answer; /* of the first call that did not return 0 */
  int refused;
};

static int over_limit(const struct judge_child *c, int64_t start_ns, int64_t delay_before_ns,
                      int64_t limit_ns) {
  int64_t delay_ns = delay_before_ns < 0 ? 0 : judge_child_delay_ns(c) - delay_before_ns;
  return clock_mono_ns() - start_ns - delay_ns > limit_ns;
}

/* Blocks of other judges on this machine want the same two cores, and two that run at once spoil each other:
 * they take turns, by a lock on the root folder that needs no file and ends with its holder. Whoever holds it
 * for ever is not waited for. Returns what turn_give takes. */
static int turn_take(void) {
  int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int64_t end_ns = clock_mono_ns() + TURN_NS;
  while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && clock_mono_ns() < end_ns)
    clock_sleep_ns(100000);
  return fd;
}

static void turn_give(int fd) {
  if (fd >= 0)
    close(fd);
}

/* Ahead of every ordinary program, on both cores, for as long as a normal block lasts. Niceness alone only
 * weighs: a busy neighbour still got slices of some 3 ms of a block of 28 ms now and then, and the spread
 * of d was 12 % where this leaves 2 %. Only root may; for others it does nothing. An entry with
 * threads is left as it is: its other threads would not come along. */
int judge_block_set_first(const struct judge *j, const struct judge_child *c, int first) {
  struct sched_param param = {.sched_priority = first ? 1 : 0};
  int policy = first ? SCHED_FIFO : SCHED_OTHER;
  if (first && (j->threads > 1 || j->judge_cpu < 0 || sched_getscheduler(0) != SCHED_OTHER))
    return 0; /* in the last case whoever started the judge has decided already */
  int failed = sched_setscheduler(c->process.inner, policy, &param); /* also when it is gone */
  if (first && failed)
    return 0;
  return sched_setscheduler(0, policy, &param) == 0 && first;
}

/* An entry that never answers may not keep its core from everybody for as long as a call may take. */
static enum judge_reply wait_call(struct judge *j, struct judge_child *c, int *first, int64_t start_ns,
                                  uint32_t *answer) {
  int spin = j->judge_cpu >= 0;
  int64_t left_ns = start_ns + FIRST_NS - clock_mono_ns();
  if (*first && left_ns > 0 && left_ns < c->call_timeout_ns) {
    enum judge_reply reply = judge_child_wait(c, spin, left_ns, answer);
    if (reply != JUDGE_REPLY_TIMEOUT)
      return reply;
  }
  if (*first && left_ns < c->call_timeout_ns)
    *first = judge_block_set_first(j, c, 0);
  return judge_child_wait(c, spin, c->call_timeout_ns, answer);
}

static void ring_calls(struct judge *j, struct judge_block *b, struct planned *plan, int *first,
                       int64_t waited_before_ns, struct clocked *out) {
  struct judge_child *c = b->child;
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
    judge_child_ring(c, JUDGE_OP_RUN, b->shape, plan[i].slot);
    out->reply = wait_call(j, c, first, start_ns, &answer);
    plan[i].seen = *(const volatile uint8_t *)(c->outputs.data + plan[i].at);
    if (answer && !out->refused) {
      out->refused = 1;
      out->answer = answer;
    }
  }
  if (out->reply == JUDGE_REPLY_DONE && sandbox_stop(&c->process))
    out->reply = JUDGE_REPLY_GONE;
  b->total_ns = clock_mono_ns() - start_ns;
}

static void clock_block(struct judge *j, struct judge_block *b, struct planned *plan, struct clocked *out) {
  struct judge_child *c = b->child;
  struct judge_pin pin;
  int turn = turn_take();
  judge_pin_take(j, &pin);
  int first = judge_block_set_first(j, c, 1);
  if (b->calibrator)
    judge_calibrator_run(b->calibrator, j->child_cpu, &b->pace[0]);
  int64_t cpu_before_ns = sandbox_cpu_ns(&c->process), waited_before_ns = judge_child_delay_ns(c);
  ring_calls(j, b, plan, &first, waited_before_ns, out);
  int64_t cpu_after_ns = sandbox_cpu_ns(&c->process), waited_after_ns = judge_child_delay_ns(c);
  b->waited_ns = waited_before_ns >= 0 && waited_after_ns >= 0 ? waited_after_ns - waited_before_ns : -1;
  b->cpu_ns = cpu_before_ns >= 0 && cpu_after_ns >= cpu_before_ns ? cpu_after_ns - cpu_before_ns : -1;
  if (b->calibrator && out->reply == JUDGE_REPLY_DONE)
    judge_calibrator_run(b->calibrator, j->child_cpu, &b->pace[1]);
  if (first)
    (void)judge_block_set_first(j, c, 0);
  judge_pin_release(&pin);
  turn_give(turn);
}

/* Work that the clock saw less of than the cores did. The child stands still before the clock starts and
 * when it stops, so an honest one cannot use more than the clock times its threads; over 560 blocks the
 * difference was 0.1 ms at most, all of it the kernel's bookkeeping of signals. */
static void check_cpu(const struct judge *j, const struct judge_block *b, struct judge_verdict *v) {
  double allowed_ns = 1.002 * (double)b->total_ns * j->threads + 1e6;
  if (!v->kind && b->cpu_ns >= 0 && (double)b->cpu_ns > allowed_ns)
    judge_verdict_set(
        v, "cheating", "used %.1f ms of processor time in a block of %.1f ms with %u thread%s allowed",
        (double)b->cpu_ns * 1e-6, (double)b->total_ns * 1e-6, j->threads, j->threads == 1 ? "" : "s");
}

/* A call that answered before its outputs were whole: the ring of the next call would be on its way while
 * it still works. One byte a call costs a cache line; a program that answers early is caught sooner or later.
 */
static void check_late(struct judge *j, const struct judge_block *b, const struct planned *plan,
                       struct judge_verdict *v) {
  const struct judge_child *c = b->child;
  const struct judge_shape *s = c->shape[b->shape];
  for (uint32_t i = 0; i < b->calls && !v->kind; i++) {
    if (*(const volatile uint8_t *)(c->outputs.data + plan[i].at) == plan[i].seen)
      continue;
    char place[160];
    judge_shape_describe(j, s, 1, plan[i].at % s->out_slot_bytes, place, sizeof place);
    judge_verdict_set(v, "cheating", "wrote %s in %s after it had answered", place, s->shape->name);
    snprintf(v->shape, sizeof v->shape, "%s", s->shape->name);
  }
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
  uint32_t family = 0;
  struct planned *plan = NULL;
  st = plan_calls(b, &r, &plan, e);
  if (st)
    return st;
  judge_block_fill(s, b->inputs, c, b->data, b->slots, &r);
  struct clocked clocked = {.reply = JUDGE_REPLY_DONE};
  clock_block(j, b, plan, &clocked);
  char doing[96];
  snprintf(doing, sizeof doing, "in %s", s->shape->name);
  if (clocked.reply != JUDGE_REPLY_DONE) {
    st = judge_child_explain(j, c, clocked.reply, doing, v, e);
  } else if (clocked.refused) {
    judge_verdict_set(v, "refused", "sk_entry_run returned %d %s", (int)clocked.answer, doing);
    snprintf(v->shape, sizeof v->shape, "%s", s->shape->name);
  } else {
    check_late(j, b, plan, v);
    for (uint32_t i = 0; i < b->calls && !v->kind; i++) {
      judge_block_compare(j, c, b->shape, plan[i].slot, &b->data[plan[i].slot], v);
      family = b->family ? b->family[plan[i].slot] : 0;
    }
    check_cpu(j, b, v);
  }
  if (v->kind && !v->family[0])
    snprintf(v->family, sizeof v->family, "%s", challenge_family_name(j->helper, family));
  free(plan);
  return st;
}

/* Room: judge. May use sandbox, base. One runner process: start, ring, wait, end. */
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "judge/judge_internal.h"

enum { CHECK_EVERY_SPINS = 512, PATIENCE = 8 };
static const int64_t MS = 1000000, LOOK_NS = 20000000;

static void spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static enum status make_plan(struct judge *j, const struct judge_shape *const *shape, uint32_t n_shapes,
                             uint64_t inputs_bytes, struct judge_child *c, struct error *e) {
  struct buffer plan;
  buffer_init(&plan);
  enum status s = judge_plan_build(j, shape, n_shapes, inputs_bytes, c->outputs.bytes, &plan, e);
  if (!s)
    s = judge_memory_create("plan", plan.bytes, JUDGE_SEAL_READ_ONLY, &c->plan, e);
  if (!s)
    memcpy(c->plan.data, plan.data, plan.bytes);
  buffer_fini(&plan);
  return s;
}

static enum status make_memories(struct judge *j, const struct judge_shape *const *shape, uint32_t n_shapes,
                                 uint32_t slots, uint64_t inputs_bytes, struct judge_child *c,
                                 struct error *e) {
  uint64_t outputs_bytes = 0, image_bytes = 0;
  for (uint32_t i = 0; i < n_shapes; i++) {
    uint64_t bytes = shape[i]->out_slot_bytes * slots;
    outputs_bytes = bytes > outputs_bytes ? bytes : outputs_bytes;
    image_bytes = shape[i]->plan->out_bytes > image_bytes ? shape[i]->plan->out_bytes : image_bytes;
  }
  enum status s = judge_memory_create("channel", JUDGE_CHANNEL_BYTES, JUDGE_SEAL_SIZE, &c->channel, e);
  if (!s)
    s = judge_memory_create("outputs", outputs_bytes, JUDGE_SEAL_SIZE, &c->outputs, e);
  if (!s)
    s = make_plan(j, shape, n_shapes, inputs_bytes, c, e);
  if (s)
    return s;
  c->shadow = malloc(c->outputs.bytes);
  c->image = aligned_alloc(64, image_bytes + 64 - image_bytes % 64);
  return c->shadow && c->image ? ST_OK : error_set(e, ST_MEMORY, "out of memory while starting an entry");
}

static enum status start_runner(struct judge *j, const struct judge_build *build, int cpu,
                                const struct judge_memory_map *inputs, struct judge_child *c,
                                struct error *e) {
  /* Both files are copied in: nothing inside tells where they, or this project, lie on the machine. Without
   * bubblewrap nothing is copied, and the object is the descriptor after the four memories. */
  char object[40];
  snprintf(object, sizeof object, "/proc/self/fd/%d", build->object_fd);
  const int waived = sandbox_is_waived();
  const char *const argv[] = {"/sharktank-runner", waived ? "/proc/self/fd/7" : "/entry.so", NULL};
  const struct sandbox_bind bind[] = {{.host = j->runner_path, .inside = "/sharktank-runner", .copied = 1},
                                      {.host = object, .inside = "/entry.so", .copied = 1}};
  const int pass[] = {c->channel.fd, c->plan.fd, inputs->fd, c->outputs.fd, build->object_fd};
  struct sandbox_spec spec = {.argv = argv,
                              .bind = bind,
                              .n_bind = sizeof bind / sizeof bind[0],
                              .lean = 1,
                              .pass_fd = pass,
                              .n_pass_fd = sizeof pass / sizeof pass[0] - (waived ? 0 : 1),
                              .out_fd = -1,
                              .err_fd = -1,
                              .cpu = j->threads == 1 ? cpu : -1,
                              .memory_bytes = inputs->bytes + c->outputs.bytes + j->challenge->workspace_max +
                                              (UINT64_C(2) << 30),
                              .cpu_seconds = 1200,
                              .processes = j->threads + 4,
                              .tmp_bytes = 1 << 20};
  enum status s = sandbox_start(&spec, &c->process, e);
  if (s)
    return s;
  c->running = 1;
  if (j->threads > 1 && j->judge_cpu >= 0) { /* all cores but the judge's */
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
      CPU_CLR((unsigned)j->judge_cpu, &mask);
      (void)sched_setaffinity(c->process.inner, sizeof mask, &mask);
    }
  }
  uint32_t answer;
  enum judge_reply reply = judge_child_call(c, JUDGE_OP_NONE, 0, 0, 20000 * MS, &answer);
  if (reply == JUDGE_REPLY_CANCELLED)
    return error_set(e, ST_INTERRUPTED, "interrupted while an entry was started");
  if (reply == JUDGE_REPLY_DONE) {
    if (c->n_shapes && c->shape[0]->kind == JUDGE_LAYOUT_BLOCK) /* clocked; a check is not */
      judge_raise_priority(c->process.inner);                   /* now that it has a session of its own */
    return ST_OK;
  }
  int status = 0;
  sandbox_poll(&c->process, &status);
  return error_set(
      e, ST_SANDBOX,
      "the program that runs entries (%s) could not start in the sandbox (wait status %d): run `sharktank "
      "doctor`",
      j->runner_path, status);
}

enum status judge_child_start(struct judge *j, const struct judge_build *build,
                              const struct judge_shape *const *shape, uint32_t n_shapes, uint32_t slots,
                              int cpu, const struct judge_memory_map *inputs, struct judge_child *out,
                              struct error *e) {
  *out = (struct judge_child){.channel = {.fd = -1},
                              .plan = {.fd = -1},
                              .outputs = {.fd = -1},
                              .judge = j,
                              .shape = shape,
                              .n_shapes = n_shapes,
                              .call_timeout_ns = judge_call_timeout_ns(j)};
  enum status s = make_memories(j, shape, n_shapes, slots, inputs->bytes, out, e);
  if (!s)
    s = start_runner(j, build, cpu, inputs, out, e);
  if (s)
    judge_child_end(out);
  return s;
}

void judge_child_end(struct judge_child *c) {
  if (c->running)
    sandbox_end(&c->process);
  c->running = 0;
  judge_memory_free(&c->channel);
  judge_memory_free(&c->plan);
  judge_memory_free(&c->outputs);
  free(c->shadow);
  free(c->image);
  c->shadow = c->image = NULL;
}

void judge_child_ring(struct judge_child *c, enum judge_op op, uint32_t shape, uint32_t slot) {
  struct judge_channel *channel = (void *)c->channel.data;
  channel->op = (uint32_t)op;
  channel->shape = shape;
  channel->slot = slot;
  c->current_shape = shape;
  atomic_store_explicit(&channel->bell, ++c->bell, memory_order_release);
}

int judge_child_answered(const struct judge_child *c, uint32_t *answer) {
  const struct judge_channel *channel = (const void *)c->channel.data;
  uint64_t done = atomic_load_explicit(&channel->done, memory_order_acquire);
  if ((uint32_t)(done >> 32) != c->bell)
    return 0;
  *answer = (uint32_t)done;
  return 1;
}

int judge_child_gone(const struct judge_child *c) {
  struct pollfd p = {.fd = c->process.pidfd, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

int64_t judge_child_delay_ns(const struct judge_child *c) {
  char path[48];
  long long ran, waited;
  snprintf(path, sizeof path, "/proc/%d/schedstat", (int)c->process.inner);
  FILE *f = fopen(path, "re");
  if (!f)
    return -1;
  int got = fscanf(f, "%lld %lld", &ran, &waited);
  fclose(f);
  return got == 2 ? waited : -1;
}

/* A limit is meant for the entry, not for the load of the machine: time in which the child was ready to
 * run and had no core does not count, up to a few times the limit. seen_ns: of waited_ns, what we were
 * there to see. */
static int out_of_time(const struct judge_child *c, int64_t seen_ns, int64_t waited_ns, int64_t timeout_ns,
                       int64_t delay_start_ns) {
  if (seen_ns <= timeout_ns)
    return waited_ns > PATIENCE * timeout_ns;
  int64_t delay_ns = judge_child_delay_ns(c);
  return delay_ns < 0 || delay_start_ns < 0 || seen_ns - (delay_ns - delay_start_ns) > timeout_ns ||
         waited_ns > PATIENCE * timeout_ns;
}

enum judge_reply judge_child_wait(struct judge_child *c, int spin, int64_t timeout_ns, uint32_t *answer) {
  int64_t start_ns = 0, checked_ns = 0, delay_start_ns = -1, seen_ns = 0;
  for (unsigned spins = 1;; spins++) {
    if (judge_child_answered(c, answer))
      return JUDGE_REPLY_DONE;
    if (spin)
      spin_pause();
    else
      sched_yield();
    if (spin && spins % CHECK_EVERY_SPINS)
      continue;
    int64_t now_ns = clock_mono_ns();
    if (start_ns == 0)
      start_ns = checked_ns = now_ns;
    if (now_ns - checked_ns > 2 * MS) {
      /* a long gap is one in which this process had no core: that is not the entry's doing either, and it
       * may have answered meanwhile */
      seen_ns += now_ns - checked_ns < LOOK_NS ? now_ns - checked_ns : LOOK_NS;
      checked_ns = now_ns;
      if (delay_start_ns < 0)
        delay_start_ns = judge_child_delay_ns(c);
      if (out_of_time(c, seen_ns, now_ns - start_ns, timeout_ns, delay_start_ns))
        return judge_child_answered(c, answer) ? JUDGE_REPLY_DONE : JUDGE_REPLY_TIMEOUT;
      if (judge_cancelled(c->judge))
        return JUDGE_REPLY_CANCELLED;
      if (judge_child_gone(c))
        return judge_child_answered(c, answer) ? JUDGE_REPLY_DONE : JUDGE_REPLY_GONE;
    }
    if (!spin && now_ns - start_ns > MS)
      clock_sleep_ns(100000);
  }
}

enum judge_reply judge_child_call(struct judge_child *c, enum judge_op op, uint32_t shape, uint32_t slot,
                                  int64_t timeout_ns, uint32_t *answer) {
  judge_child_ring(c, op, shape, slot);
  return judge_child_wait(c, 0, timeout_ns, answer);
}

void judge_child_symbols(const struct judge_child *c, struct judge_verdict *v) {
  const struct judge_channel *channel = (const void *)c->channel.data;
  uint32_t symbols = atomic_load(&channel->symbols), abi = atomic_load(&channel->abi);
  if (!(symbols & JUDGE_HAS_ABI))
    judge_verdict_set(v, "gate", "sk_entry_abi is missing, or the object could not be loaded");
  else if (!(symbols & JUDGE_HAS_RUN))
    judge_verdict_set(v, "gate", "sk_entry_run is missing");
  else if (abi != SK_ABI)
    judge_verdict_set(v, "gate", "sk_entry_abi is %u, this judge speaks %u", abi, SK_ABI);
}

void judge_child_workspace(const struct judge *j, const struct judge_child *c, struct judge_verdict *v) {
  const struct judge_channel *channel = (const void *)c->channel.data;
  for (uint32_t i = 0; i < c->n_shapes && !v->kind; i++) {
    int64_t bytes = atomic_load(&channel->workspace[i]);
    const char *name = c->shape[i]->shape->name;
    if (bytes < 0)
      judge_verdict_set(v, "refused", "sk_entry_workspace returned %lld for %s, which is a legal shape",
                        (long long)bytes, name);
    else if ((uint64_t)bytes > j->challenge->workspace_max)
      judge_verdict_set(v, "refused",
                        "sk_entry_workspace asks for %lld bytes for %s; the challenge allows %llu",
                        (long long)bytes, name, (unsigned long long)j->challenge->workspace_max);
    if (v->kind)
      snprintf(v->shape, sizeof v->shape, "%s", name);
  }
}

static enum status step(struct judge *j, struct judge_child *c, enum judge_op op, int64_t timeout_ns,
                        const char *doing, uint32_t *answer, struct judge_verdict *v, struct error *e) {
  enum judge_reply reply = judge_child_call(c, op, 0, 0, timeout_ns, answer);
  if (reply == JUDGE_REPLY_DONE) {
    c->answered = 1;
    return ST_OK;
  }
  enum status s = judge_child_explain(j, c, reply, doing, v, e);
  if (!s && reply == JUDGE_REPLY_TIMEOUT)
    judge_verdict_set(v, "init_failed", "not ready after %lld ms %s", (long long)(timeout_ns / MS), doing);
  return s;
}

enum status judge_child_prepare(struct judge *j, struct judge_child *c, struct judge_verdict *v,
                                struct error *e) {
  uint32_t answer = 0;
  int64_t init_ns = (int64_t)(j->challenge->init_ms ? j->challenge->init_ms : 2000) * MS;
  enum status s = step(j, c, JUDGE_OP_LOAD, init_ns, "while it was loaded", &answer, v, e);
  if (s || v->kind)
    return s;
  judge_child_symbols(c, v);
  if (v->kind)
    return ST_OK;
  s = step(j, c, JUDGE_OP_INIT, init_ns, "in sk_entry_init", &answer, v, e);
  if (s || v->kind)
    return s;
  if (answer) {
    judge_verdict_set(v, "init_failed", "sk_entry_init returned %d", (int)answer);
    return ST_OK;
  }
  s = step(j, c, JUDGE_OP_QUERY, init_ns, "in sk_entry_workspace", &answer, v, e);
  if (s || v->kind)
    return s;
  judge_child_workspace(j, c, v);
  if (!v->kind && answer) /* its own number, from its own process: nothing that the machinery did */
    judge_verdict_set(v, "init_failed", "no memory was left in its process for the workspace it asks for");
  if (!v->kind && sandbox_stop(&c->process))
    return judge_child_explain(j, c, JUDGE_REPLY_GONE, "before its first call", v, e);
  return ST_OK;
}

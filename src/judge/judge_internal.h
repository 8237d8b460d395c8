/* Room: judge (private header). May use challenge, sandbox, base.
 *
 * The parts, from the outside in: judge_check/judge_duel/judge_measure decide what is run and what it
 * means; judge_block clocks and compares; judge_child drives one runner process; judge_layout says
 * where every tensor of a call lies; judge_compile makes the object that a runner maps.
 */
#ifndef SHARKTANK_JUDGE_INTERNAL_H
#define SHARKTANK_JUDGE_INTERNAL_H

#include <sched.h>

#include "base/base_arena.h"
#include "base/base_rng.h"
#include "judge/judge.h"
#include "judge/judge_calibrator.h"
#include "judge/judge_channel.h"
#include "sandbox/sandbox_run.h"

struct judge {
  const struct challenge *challenge; /* borrowed */
  struct challenge_helper *helper;
  struct judge_progress progress;
  int judge_cpu, child_cpu; /* -1: there is only one */
  uint32_t cores, threads;  /* threads: what an entry may run, its caller's included */
  char runner_path[512], include_path[512], include_folder[480],
      data_path[512];                          /* data_path: hidden from entries, may be "" */
  json_t *layers;                              /* of the sandbox, as every verdict names them */
  char cc[256], compiler[256], cpu_model[256]; /* compiler: its version's first line */
};

/* What the entry did. */
struct judge_verdict {
  const char *kind; /* "pass", "wrong", "crash" ...; static text */
  char where[768];  /* one sentence */
  char shape[64], family[64];
  int has_mismatch;
  struct challenge_mismatch mismatch;
};
/* kind NULL: nothing wrong so far. */
void judge_verdict_set(struct judge_verdict *v, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* Adds "verdict", "where", "shape", "family", "mismatch". */
void judge_verdict_to_json(const struct judge_verdict *v, json_t *object);

/* --- compile ------------------------------------------------------------------------------------ */

struct judge_build {
  int object_fd;  /* sealed memfd with the object; -1 unless the verdict is "ok" */
  json_t *report; /* as judge_compile returns it */
  char hash[65];
};
enum status judge_build_create(struct judge *j, const char *source, size_t bytes, struct judge_build *out,
                               struct error *e) MUST_USE;
void judge_build_free(struct judge_build *b);
int judge_build_ok(const struct judge_build *b);
/* The verdict of a build that is not ok, as one of an entry. */
void judge_build_verdict(const struct judge_build *b, struct judge_verdict *v);

/* --- layout ------------------------------------------------------------------------------------- */

/* One shape with the memory plan of its calls. in_at, out_at: from a slot's start. */
struct judge_shape {
  const struct challenge_shape *shape; /* borrowed */
  struct challenge_plan *plan;         /* owned */
  enum judge_layout_kind kind;
  uint32_t n_in, n_out; /* over all problems */
  uint64_t *in_at, *in_span, *out_at, *out_span;
  uint64_t in_slot_bytes, out_slot_bytes;
  uint32_t n_guards;
  struct judge_plan_guard *guard;
};
enum status judge_shape_create(struct judge *j, const struct challenge_shape *shape,
                               enum judge_layout_kind kind, struct judge_shape *out,
                               struct error *e) MUST_USE;
void judge_shape_free(struct judge_shape *s);
/* The plan memory for a set of shapes: returns owned bytes. */
enum status judge_plan_build(const struct judge *j, const struct judge_shape *const *shape, uint32_t n_shapes,
                             uint64_t inputs_bytes, uint64_t outputs_bytes, struct buffer *out,
                             struct error *e) MUST_USE;
/* Which tensor an offset of a slot belongs to or is next to: "just past output c of group 2". */
void judge_shape_describe(const struct judge *j, const struct judge_shape *s, int outputs, uint64_t offset,
                          char *out, size_t out_bytes);
/* Fresh random bytes that look finite in every output's type. */
void judge_poison(const struct judge_shape *s, struct rng *r, uint8_t *slot);
/* Guarded layouts: random bytes in what is left of each input's pages, where no guard can be. A result that
 * depends on them differs between two processes. */
void judge_fill_slack(const struct judge_shape *s, struct rng *r, uint8_t *inputs);
/* First byte outside every output's span that differs, or -1. */
int64_t judge_bands_changed(const struct judge_shape *s, const uint8_t *slot, const uint8_t *before);

/* --- child -------------------------------------------------------------------------------------- */

/* A shared memory that the judge can write. */
struct judge_memory_map {
  int fd;
  uint8_t *data;
  uint64_t bytes;
};
enum judge_seal { JUDGE_SEAL_SIZE, JUDGE_SEAL_READ_ONLY /* but for the mapping that exists */ };
enum status judge_memory_create(const char *name, uint64_t bytes, enum judge_seal seal,
                                struct judge_memory_map *out, struct error *e) MUST_USE;
void judge_memory_free(struct judge_memory_map *m);

struct judge_child {
  struct sandbox_process process;
  const struct judge *judge; /* borrowed */
  int running;               /* it was started and has not been ended */
  int answered;              /* the runner has spoken: from then on its end is the entry's doing */
  struct judge_memory_map channel, plan, outputs;
  uint8_t *shadow; /* what the outputs held before the call */
  uint8_t *image;  /* a snapshot of one call's outputs, as the challenge's plan lays them out */
  const struct judge_shape *const *shape; /* borrowed */
  uint32_t n_shapes, bell, current_shape;
  int64_t call_timeout_ns;
};
enum judge_reply { JUDGE_REPLY_DONE, JUDGE_REPLY_TIMEOUT, JUDGE_REPLY_GONE, JUDGE_REPLY_CANCELLED };

/* Starts a runner on the object; the inputs are shared with other children. */
enum status judge_child_start(struct judge *j, const struct judge_build *build,
                              const struct judge_shape *const *shape, uint32_t n_shapes, uint32_t slots,
                              int cpu, const struct judge_memory_map *inputs, struct judge_child *out,
                              struct error *e) MUST_USE;
void judge_child_end(struct judge_child *c); /* may be called twice */
/* Rings, without waiting. */
void judge_child_ring(struct judge_child *c, enum judge_op op, uint32_t shape, uint32_t slot);
/* 1 if the last ring has been answered; *answer is the low half. */
int judge_child_answered(const struct judge_child *c, uint32_t *answer);
/* Waits for it; spin: without giving the core away. */
enum judge_reply judge_child_wait(struct judge_child *c, int spin, int64_t timeout_ns, uint32_t *answer);
enum judge_reply judge_child_call(struct judge_child *c, enum judge_op op, uint32_t shape, uint32_t slot,
                                  int64_t timeout_ns, uint32_t *answer);
/* How long its first thread has been ready to run without a core, so far; -1 when the kernel does not say. */
int64_t judge_child_delay_ns(const struct judge_child *c);
/* Room for what the child does between two waits; 1 if it has ended (not reaped). */
int judge_child_gone(const struct judge_child *c);
/* load, init, query: what an entry may do before any input exists; then it is stopped. */
enum status judge_child_prepare(struct judge *j, struct judge_child *c, struct judge_verdict *v,
                                struct error *e) MUST_USE;
/* The parts of it that read what the child wrote: its symbols, the workspaces it asks for. */
void judge_child_symbols(const struct judge_child *c, struct judge_verdict *v);
void judge_child_workspace(const struct judge *j, const struct judge_child *c, struct judge_verdict *v);
/* A wait status and the child's hints, as a verdict. */
void judge_explain_status(struct judge *j, struct judge_child *c, int wait_status, const char *doing,
                          struct judge_verdict *v);
/* "first_error" of a compile report: the first line of the compiler's output that names one. */
void judge_first_error(json_t *report, const char *output);
/* Fills the verdict for a reply that is not DONE; ends the child. doing: "in test3". */
enum status judge_child_explain(struct judge *j, struct judge_child *c, enum judge_reply reply,
                                const char *doing, struct judge_verdict *v, struct error *e) MUST_USE;

/* --- block -------------------------------------------------------------------------------------- */

struct judge_block {
  struct judge_child *child; /* stopped before and after */
  uint32_t shape;
  const struct challenge_data *data; /* [slots] */
  const uint32_t *family;            /* [slots], or NULL: all the task's own */
  uint32_t slots, calls;             /* calls < slots: the rest are decoys */
  const struct judge_memory_map *inputs;
  struct judge_calibrator *calibrator; /* run before and after; NULL: not */
  int64_t total_ns, cpu_ns;            /* results */
  int64_t waited_ns;                   /* of it: ready to run but waiting for the core; -1 unknown */
  struct judge_pace pace[2];           /* of the calibrator */
};
/* Writes inputs and poison, clocks, stops, compares every output. ST_OK with v->kind NULL: all right. */
enum status judge_block_run(struct judge *j, struct judge_block *b, struct judge_verdict *v,
                            struct error *e) MUST_USE;
/* Ahead of every ordinary program, judge and entry, or back again; returns 1 if that is how it now is. */
int judge_block_set_first(const struct judge *j, const struct judge_child *c, int first);
/* The parts of it, for the check, which does not clock. */
void judge_block_fill(const struct judge_shape *s, const struct judge_memory_map *inputs,
                      struct judge_child *c, const struct challenge_data *data, uint32_t slots,
                      struct rng *r);
void judge_block_compare(struct judge *j, struct judge_child *c, uint32_t shape, uint32_t slot,
                         const struct challenge_data *d, struct judge_verdict *v);

/* --- both sides of a race ----------------------------------------------------------------------- */

/* A list of shapes with block layout, for a duel or a measurement. */
struct judge_course {
  struct judge_shape *item;
  const struct judge_shape **shape; /* [n]: pointers into item */
  uint32_t n;
  uint32_t *calls; /* [n] per block, equal for both sides */
  struct judge_memory_map inputs;
  struct challenge_data *data; /* [most_slots]: of the block being run */
  uint32_t *family;            /* [most_slots]: of each call of it */
  uint32_t most_slots;
};
/* full: the unscaled shapes; only: the one of this name, or NULL. Every shape has one call a block. */
enum status judge_course_create(struct judge *j, int full, const char *only, struct judge_course *out,
                                struct error *e) MUST_USE;
/* `calls` of a shape in a block, or as many as memory and reason allow. */
uint32_t judge_course_most(const struct judge *j, const struct judge_course *c, uint32_t shape, double calls);
/* Fixes a shape's calls per block from the seconds of one call on each side; 1 if the number changed. */
int judge_course_choose(const struct judge *j, struct judge_course *c, uint32_t shape, double one_s,
                        double other_s);
/* Makes the memories for the calls chosen so far; children must be started after it. */
enum status judge_course_memory(struct judge *j, struct judge_course *c, struct error *e) MUST_USE;
void judge_course_free(struct judge_course *c);
/* Slots that are never called beside `calls` that are: as many when the entry may run threads, else an
 * eighth. */
uint32_t judge_course_decoys(const struct judge *j, uint32_t calls);
/* Slots of a block that holds all of a shape's calls. */
uint32_t judge_course_slots(const struct judge *j, const struct judge_course *c, uint32_t shape);
/* Fresh inputs and references of `slots` calls, at most judge_course_slots, into c->data; valid until the
 * next prepare. mixed: a quarter of the calls, drawn, have inputs of a wider family; c->family says which. */
enum status judge_course_prepare(struct judge *j, struct judge_course *c, uint32_t shape, uint32_t slots,
                                 int mixed, uint64_t seed, struct error *e) MUST_USE;

/* --- odds and ends ------------------------------------------------------------------------------ */

void judge_tell(const struct judge *j, const char *phase, double done, const char *format, ...)
    PRINTF_LIKE(4, 5);
int judge_cancelled(const struct judge *j);
int64_t judge_call_timeout_ns(const struct judge *j);
enum status judge_seed(uint64_t *out, struct error *e) MUST_USE;
/* Hidden shapes near the public ones; owned by the arena. */
enum status judge_hidden_shapes(struct judge *j, struct arena *a, const struct challenge_shape *near,
                                uint32_t count, struct challenge_shape *out, uint32_t *made,
                                struct error *e) MUST_USE;
/* Shapes at the corners of `legal:`, at most one more than there are sizes: every size at its least, and each
 * in turn at its most (up to 2^17) with the others at their least. As many groups as `near`. */
enum status judge_corner_shapes(struct judge *j, struct arena *a, const struct challenge_shape *near,
                                struct challenge_shape *out, uint32_t *made, struct error *e) MUST_USE;
/* Roughly how much work a shape is: the sum of the products of its sizes. */
double judge_shape_cost(const struct judge *j, const struct challenge_shape *s);
/* Both sides of a race and the judge's clock run at this priority where we may set it. */
enum { JUDGE_NICE = -19 };
void judge_raise_priority(pid_t pid);
/* Pins the calling thread to one core for as long as it clocks. */
struct judge_pin {
  cpu_set_t mask;
  int held, nice;
};
void judge_pin_take(const struct judge *j, struct judge_pin *p);
void judge_pin_release(struct judge_pin *p);

#endif

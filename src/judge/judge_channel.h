/* Room: judge. What the judge and the runner share: the layout of the memory between them. This header
 * and sharktank/entry.h are all that the runner includes of ours.
 *
 * Four shared memories, given to the runner as descriptors 3, 4, 5, 6 and the entry's object as 7:
 *   channel  read-write for both. The judge writes the first part and never reads it back; the child's
 *            answers are fixed-size counters, each read once and believed only as far as a hostile
 *            child may be: they can make the child look worse, never better.
 *   plan     sealed, read-only: shapes, tensors, guard ranges (struct judge_plan_head at its start).
 *   inputs   the judge's mapping was made before the seal, so it alone can write.
 *   outputs  read-write for both.
 */
#ifndef SHARKTANK_JUDGE_CHANNEL_H
#define SHARKTANK_JUDGE_CHANNEL_H

#include <stdatomic.h>
#include <stdint.h>

enum {
  JUDGE_FD_CHANNEL = 3,
  JUDGE_FD_PLAN,
  JUDGE_FD_INPUTS,
  JUDGE_FD_OUTPUTS,
  JUDGE_FD_ENTRY,
  JUDGE_MAX_SHAPES = 256,
  JUDGE_CHANNEL_BYTES = 4096,
  JUDGE_PAGE_BYTES = 4096
};

#define JUDGE_PLAN_MAGIC UINT32_C(0x6a706c32)

/* How the tensors of a call lie. The workspace has an unmapped page on both sides in each of them. */
enum judge_layout_kind {
  JUDGE_LAYOUT_BLOCK = 0,   /* packed; random guard bands around outputs */
  JUDGE_LAYOUT_GUARD_AFTER, /* every tensor, and the workspace, ends where an unmapped page begins (up to 63
                               bytes) */
  JUDGE_LAYOUT_GUARD_BEFORE /* every tensor, and the workspace, begins where an unmapped page ends */
};

enum judge_op {
  JUDGE_OP_NONE = 0, /* answered at once: the runner is up, its filter is in place */
  JUDGE_OP_LOAD,     /* map the entry's object (its constructors run), look its symbols up */
  JUDGE_OP_INIT,     /* sk_entry_init */
  JUDGE_OP_QUERY,    /* sk_entry_workspace of every shape, then the workspace is made */
  JUDGE_OP_SHAPE,    /* set up the guard pages of a shape */
  JUDGE_OP_RUN       /* sk_entry_run on a shape, with a slot's tensors */
};

/* The low half of an answer to an op. For INIT and RUN: what the entry returned. */
enum judge_answer {
  JUDGE_ANSWER_OK = 0,
  JUDGE_ANSWER_NO_LOAD = 1,  /* LOAD: not a loadable object; seen in `symbols` what was missing */
  JUDGE_ANSWER_NO_MEMORY = 2 /* QUERY: the workspace could not be made */
};

enum judge_symbol { JUDGE_HAS_ABI = 1, JUDGE_HAS_RUN = 2, JUDGE_HAS_INIT = 4, JUDGE_HAS_WORKSPACE = 8 };
enum judge_memory {
  JUDGE_MEM_OTHER = 0,
  JUDGE_MEM_INPUTS = 1,
  JUDGE_MEM_OUTPUTS = 2,
  JUDGE_MEM_WORKSPACE = 3
};

struct judge_channel {
  /* written by the judge */
  _Alignas(128) _Atomic uint32_t bell; /* counts up: a new op stands in the next fields */
  uint32_t op, shape, slot;
  /* written by the child: (the bell it answers) << 32 | the answer */
  _Alignas(128) _Atomic uint64_t done;
  /* hints, also the child's */
  _Alignas(128) _Atomic uint32_t symbols, abi, signal_number, fault_memory, fault_write, syscall_number;
  _Atomic uint64_t fault_offset; /* in inputs, outputs, or from the workspace's begin; else the address */
  _Atomic int64_t workspace[JUDGE_MAX_SHAPES];
};

struct judge_plan_head {
  uint32_t magic, n_shapes, threads, spin; /* spin: 0 on a single core, where waiting must yield */
  uint32_t n_in, n_out, n_sizes, device;
  uint32_t guards, unused; /* enum judge_layout_kind */
  uint64_t inputs_bytes, outputs_bytes, workspace_max, plan_bytes;
  /* struct judge_plan_shape [n_shapes] follows */
};

struct judge_plan_shape {
  uint32_t n_problems, n_guards;
  uint64_t in_slot_bytes, out_slot_bytes; /* slot i of this shape starts at i times this */
  uint64_t sizes_at;                      /* int64_t [n_problems][n_sizes], offset in the plan */
  uint64_t tensors_at;                    /* struct judge_plan_tensor [n_problems][n_in + n_out] */
  uint64_t guards_at;                     /* struct judge_plan_guard [n_guards], only with a single slot */
};

struct judge_plan_tensor {
  uint64_t offset; /* in the slot, of the inputs or the outputs */
  uint32_t type, rank;
  int64_t dim[6], stride[6];
};

struct judge_plan_guard {  /* whole pages that no access may touch while the shape is set up */
  uint32_t memory, unused; /* enum judge_memory */
  uint64_t offset, bytes;
};

_Static_assert(sizeof(struct judge_channel) <= JUDGE_CHANNEL_BYTES, "the channel is one page");

#endif

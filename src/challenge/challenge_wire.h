/* Room: challenge, private to the engine's side (challenge_helper.c) and to the helper program
 * (helper/challenge_helper_main.c): what goes between them. May include the public headers only.
 *
 * Requests and answers are datagrams of fixed size over a SOCK_SEQPACKET pair; what has no fixed size
 * lies in three memfds that the engine creates, sizes and seals against shrinking, and that both map:
 *   control    one struct wire_control
 *   pool       input images, `count` of them, each `in_bytes` long
 *   reference  values and tolerances, at the offsets of wire_control
 * The engine treats whatever the helper writes as hostile: it copies before it looks. */
#ifndef SHARKTANK_CHALLENGE_WIRE_H
#define SHARKTANK_CHALLENGE_WIRE_H

#include "sharktank/problem.h"

enum {
  WIRE_MAGIC = 0x736b7031, /* "skp1" */
  WIRE_MAX_PROBLEMS = 256,
  WIRE_MAX_SIZES = 16,
  WIRE_MAX_TENSORS = 16, /* inputs of one problem; outputs too */
  WIRE_MAX_FAMILIES = 32,
  WIRE_MAX_CALLS = 4096, /* of one batch */
  WIRE_NAME_BYTES = 48,
  WIRE_TEXT_BYTES = 256
};

/* The fds that the helper is started with. */
enum { WIRE_FD_SOCKET = 3, WIRE_FD_MODULE, WIRE_FD_CONTROL, WIRE_FD_POOL, WIRE_FD_REFERENCE, WIRE_FD_END };

enum wire_op {
  WIRE_HELLO = 1, /* after loading: ABI and families; the helper sends it unasked */
  WIRE_LAYOUT,    /* control.sizes -> control.in, control.out */
  WIRE_NUMERICS,  /* -> answer.value */
  WIRE_PREPARE,   /* control.in, .out, .offsets, .seed, .call_* -> pool, reference */
  WIRE_ROOFLINE   /* -> answer.bytes, answer.operations */
};

struct wire_request {
  uint32_t magic, op;
  uint32_t n_problems, n_sizes, n_in, n_out;
  uint32_t family, threads, count, unused; /* family: of WIRE_NUMERICS */
  uint64_t pool_bytes, reference_bytes;    /* sizes of the memfds now */
  uint64_t in_bytes, call_reference_bytes;
};

struct wire_answer {
  uint32_t magic, op;
  int32_t result; /* 0 done; else the module's or the helper's refusal, with text */
  uint32_t value;
  double bytes, operations;
  char text[WIRE_TEXT_BYTES];
};

struct wire_control {
  int64_t sizes[WIRE_MAX_PROBLEMS * WIRE_MAX_SIZES];
  sk_tensor in[WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS], out[WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS];
  uint64_t in_offset[WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS]; /* in an input image */
  /* In one call's part of the reference; tolerance is unused when exact. */
  uint64_t value_offset[WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS];
  uint64_t tolerance_offset[WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS];
  uint64_t seed[WIRE_MAX_CALLS];
  uint8_t call_family[WIRE_MAX_CALLS], call_exact[WIRE_MAX_CALLS]; /* 1: no tolerances */
  uint32_t n_families;
  char family[WIRE_MAX_FAMILIES][WIRE_NAME_BYTES];
};

#endif

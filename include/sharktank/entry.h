/* What an entry sees (ABI 1). The only header of ours that an entry may include.
 *
 * An entry is one `.c` or `.cu` file. It is compiled with the line that the challenge declares and
 * that every verdict prints, loaded in a sandboxed process, and called through the symbols below.
 *
 * The contract, in the order in which it is met:
 *   - `sk_entry_abi` must exist and equal SK_ABI.
 *   - `sk_entry_init`, if present, runs once per process, before any input exists, for at most the
 *     challenge's `init_ms` (2000). It may start env->threads - 1 threads. 0 = ready.
 *   - `sk_entry_workspace`, if present, is asked once per shape, with every `data` NULL; it returns
 *     the bytes it wants (< 0 = refused), at most the challenge's `workspace_max`. Untimed.
 *   - `sk_entry_run` computes all outputs of one call and returns 0. Only shapes that meet the
 *     challenge's `legal:` are passed; refusing one is a failure.
 * Inputs are read-only, outputs hold arbitrary bytes at first, nothing aliases anything, padding of
 * scale factors is arbitrary. Workspace is 64-byte aligned, undefined at first, then kept for the
 * life of the process, as statics are; its contents are never judged. When `sk_entry_run` returns,
 * every thread is quiet (on CUDA: everything is enqueued on env->queue, and the judge synchronises).
 *
 * The platform is LP64 and little-endian. Thread safety: the judge calls one function at a time.
 * Licence: this header may be copied into any project, under any licence.
 */
#ifndef SHARKTANK_ENTRY_H
#define SHARKTANK_ENTRY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SK_ABI 1u

enum sk_type {
  SK_E2M1X2 = 1, /* two e2m1 codes per byte, element 0 in the low nibble */
  SK_E4M3,       /* 8-bit float: 4 exponent bits (bias 7), 3 mantissa bits, no infinity */
  SK_U8,
  SK_F16,
  SK_BF16,
  SK_F32,
  SK_F64,
  SK_I32,
  SK_I64
};

enum sk_device {
  SK_CPU = 1,
  SK_CUDA_HOST = 2 /* a real GPU or ptxsim; 3 is reserved for a cubin with a launch plan */
};

typedef struct sk_tensor {
  void *data;          /* 64-byte aligned; may differ on every call; NULL in workspace queries */
  uint32_t type, rank; /* an enum sk_type; rank <= 6 */
  int64_t dim[6];      /* in elements; for SK_E2M1X2 the packed axis counts packed bytes */
  int64_t stride[6];   /* in bytes */
} sk_tensor;

typedef struct sk_problem { /* one group; batch is a dimension */
  const int64_t *size;      /* [n_sizes], in the order of challenge.yml `sizes:` */
  const sk_tensor *in;      /* [n_in], in the order of challenge.yml `inputs:` */
  const sk_tensor *out;     /* [n_out], in the order of challenge.yml `outputs:` */
} sk_problem;

typedef struct sk_env {
  uint32_t abi, device;
  uint32_t threads; /* all the threads the entry may run, the caller's included */
  uint32_t ordinal; /* CUDA: the device's number */
  void *queue;      /* CUDA: the only queue allowed; CPU: NULL */
} sk_env;

typedef struct sk_call {
  const sk_problem *problem; /* [n_problems] */
  uint32_t n_problems, n_sizes, n_in, n_out;
  void *workspace;
  uint64_t workspace_bytes;
} sk_call;

extern const uint32_t sk_entry_abi;                               /* = SK_ABI */
int64_t sk_entry_workspace(const sk_env *, const sk_call *shape); /* optional */
int sk_entry_init(const sk_env *);                                /* optional */
int sk_entry_run(const sk_env *, const sk_call *);                /* 0 = done */

#ifdef __cplusplus
}
#endif
#endif

/* What a problem module provides: the other side of entry.h.
 *
 * A problem module is one C file beside `challenge.yml`. The engine compiles it to a shared object
 * and loads it in a helper process of its own, inside the sandbox: a stranger's challenge is hostile
 * code too. It may include this header, entry.h, the C library and the libraries that challenge.yml
 * names under `link:` (of ours: nvfp4). Entry code never runs in the same process, so expected
 * results never exist where an entry could read them.
 *
 * All functions return 0, or non-zero when the case is not one they can handle. They are called from
 * one thread; sk_problem_expect may start `threads - 1` more and must have ended them on return.
 * Everything must be a pure function of its arguments: the same seed gives the same bytes anywhere.
 */
#ifndef SHARKTANK_PROBLEM_H
#define SHARKTANK_PROBLEM_H

#include "entry.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SK_PROBLEM_ABI 1u

/* One case: the sizes of each of its problems (groups), in the order of challenge.yml `sizes:`. */
typedef struct sk_case {
  uint32_t n_problems, n_sizes;
  const int64_t *sizes; /* [n_problems][n_sizes] */
} sk_case;

/* How results are compared. Exact: the judge wants the reference bit for bit (-0 equals +0, NaN
 * equals NaN). Bounded: |got - value| <= tolerance for every element; infinities and NaN by class,
 * and where |value| + tolerance reaches the output type's rounding threshold to infinity, that
 * infinity is right as well. */
enum sk_numerics { SK_EXACT = 1, SK_BOUNDED = 2 };

/* The reference of one output tensor of one problem. Elements stand in row-major order of the
 * tensor's dim, without stride gaps. */
typedef struct sk_reference {
  void *value;       /* exact: elements of the output's own type; bounded: double[] */
  double *tolerance; /* bounded: double[], >= 0; exact: NULL */
} sk_reference;

/* What arithmetic says of one case: compulsory traffic and work. */
typedef struct sk_work {
  double bytes;      /* what must be moved at least: padding need not */
  double operations; /* multiply and add count as two */
} sk_work;

extern const uint32_t sk_problem_abi; /* = SK_PROBLEM_ABI */
/* Names of the input families, NULL-terminated; [0] is the task's own distribution, the only one
 * that is timed. The others are wider: they catch what the task's narrow inputs hide. */
extern const char *const sk_problem_families[];

/* Fills type, rank, dim and stride of every tensor of one problem; leaves data NULL. */
int sk_problem_layout(const sk_case *c, uint32_t problem, sk_tensor *in, sk_tensor *out);
/* Fills all inputs of all problems (data set by the caller, 64-byte aligned, writable), padding of
 * scale factors included: it is arbitrary bytes, so it must not be zeroed. */
int sk_problem_generate(const sk_case *c, uint64_t seed, uint32_t family, const sk_problem *problem);
/* An enum sk_numerics for a family. */
int sk_problem_numerics(const sk_case *c, uint32_t family);
/* Computes the references from the inputs; reference[p * n_out + o] for output o of problem p. */
int sk_problem_expect(const sk_case *c, uint32_t family, const sk_problem *problem, uint32_t threads,
                      const sk_reference *reference);
int sk_problem_roofline(const sk_case *c, sk_work *out);

#ifdef __cplusplus
}
#endif
#endif

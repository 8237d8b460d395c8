/* The helper process of a problem module: layouts, inputs, expected results, rooflines.
 *
 * challenge_helper_open compiles problem.c (in the sandbox, cached by hash of source, flags and
 * compiler), starts `sharktank-problem` in the sandbox with the module, and talks to it over a
 * socket pair in fixed-size messages. Bulk data goes through two memfds that the caller sees mapped:
 * `pool` (inputs) and `reference`. Nothing the helper answers is trusted beyond its meaning: sizes
 * and offsets are recomputed and checked here.
 *
 * Thread safety: one caller at a time per helper.
 */
#ifndef SHARKTANK_CHALLENGE_HELPER_H
#define SHARKTANK_CHALLENGE_HELPER_H

#include "challenge/challenge_file.h"
#include "sharktank/problem.h"

struct challenge_helper;

/* Bytes of an output image that belong to no tensor: before each one and after the last. Whoever
 * hands an image to an entry may fill and watch them. */
#define CHALLENGE_GUARD_BYTES 256

enum status challenge_helper_open(const struct challenge *c, struct challenge_helper **out,
                                  struct error *e) MUST_USE;
void challenge_helper_close(struct challenge_helper *h);

/* How long one answer of the module may take (default 120 s); then the helper is ended. After an end,
 * however it came, every further call on this helper fails with the same sentence. */
void challenge_helper_set_timeout(struct challenge_helper *h, int64_t timeout_ns);

/* The memory plan of one shape: every tensor's layout and its offset in an input or output image.
 * Offsets are multiples of 64; an image is all tensors of one call, one after another, in an output
 * image with CHALLENGE_GUARD_BYTES before each tensor and after the last. */
struct challenge_plan {
  uint32_t n_problems, n_sizes, n_in, n_out;
  const int64_t *sizes;
  sk_tensor *in, *out;              /* [n_problems][n_in], [n_problems][n_out]; data NULL */
  uint64_t *in_offset, *out_offset; /* same indexing, bytes from the start of the image */
  uint64_t *in_span, *out_span;     /* bytes from a tensor's first to behind its last element */
  uint64_t *out_elems;              /* elements of each output tensor */
  uint64_t in_bytes, out_bytes;     /* of one image, multiples of 4096 */
};
/* Returns owned; checks that ranks, dims, strides and sizes are sane (at most 4 GiB an image) and that no
 * two elements of an output tensor overlap. */
enum status challenge_plan_create(struct challenge_helper *h, const struct challenge_shape *s,
                                  struct challenge_plan **out, struct error *e) MUST_USE;
void challenge_plan_free(struct challenge_plan *p);

/* Number and names of the input families ([0] is the task's own). */
size_t challenge_family_count(const struct challenge_helper *h);
const char *challenge_family_name(const struct challenge_helper *h, size_t family);

/* One prepared call: inputs at pool + pool_offset, references for all its outputs. */
struct challenge_data {
  const uint8_t *inputs; /* plan->in_bytes, in the pool; borrowed until the next prepare */
  int numerics;          /* enum sk_numerics */
  /* For output tensor t (= problem * n_out + o): exact: elements in the output's type; bounded: doubles */
  const uint8_t *const *value;
  const double *const *tolerance; /* NULL entries when exact */
};
/* Generates and computes `count` calls of one shape, seeds[i] each, with `threads` threads; fills
 * out[0..count). Everything stays valid until the next prepare on this helper. The whole batch must
 * fit 4 GiB of pool and 8 GiB of references (ST_RANGE). Private to the judge: the pool is never shared
 * with an entry. */
enum status challenge_prepare(struct challenge_helper *h, const struct challenge_plan *p, uint32_t family,
                              const uint64_t *seeds, uint32_t count, uint32_t threads,
                              struct challenge_data *out, struct error *e) MUST_USE;
/* The same with a family of its own for each call. */
enum status challenge_prepare_mixed(struct challenge_helper *h, const struct challenge_plan *p,
                                    const uint32_t *family, const uint64_t *seeds, uint32_t count,
                                    uint32_t threads, struct challenge_data *out, struct error *e) MUST_USE;
/* Compares one output image (laid out by the plan; may be hostile bytes, is read once) with the
 * reference. *wrong is the count of wrong elements; the first wrong element is described. */
struct challenge_mismatch {
  uint64_t wrong, compared;
  uint32_t problem, output;
  int64_t index[6];
  uint32_t rank;
  double got, want, tolerance;
  char text[384]; /* "c of group 3 at [12,40]: got 1.5, want 1.25 (exact)" */
};
void challenge_compare(const struct challenge *c, const struct challenge_plan *p,
                       const struct challenge_data *d, const uint8_t *output_image,
                       struct challenge_mismatch *out);

/* The same for one output tensor (t = problem * n_out + o) whose bytes, plan->out_span[t] of them,
 * begin at `bytes`. *out is filled as above. */
void challenge_compare_tensor(const struct challenge *c, const struct challenge_plan *p,
                              const struct challenge_data *d, uint32_t t, const uint8_t *bytes,
                              struct challenge_mismatch *out);

/* Two output images that are right: do they differ from each other by more than the tolerance? *out is
 * about the first tensor where they do; "want" is the other's value. */
void challenge_compare_two(const struct challenge *c, const struct challenge_plan *p,
                           const struct challenge_data *d, const uint8_t *one, const uint8_t *other,
                           struct challenge_mismatch *out);

/* Bytes of one element of an enum sk_type; 0 for an unknown type. */
size_t challenge_type_bytes(uint32_t type);
/* One element: its value, and the bits (in the low bytes) of the value nearest to a number, ties to even.
 * Beyond the largest value: infinity, or e4m3's largest. Whole numbers must be in range. */
double challenge_decode(uint32_t type, uint64_t bits);
uint64_t challenge_encode(uint32_t type, double value);

/* Roofline of one shape on a device of the challenge. */
struct challenge_roofline {
  double bytes, operations, intensity;      /* operations per byte */
  double bytes_seconds, operations_seconds; /* each bound alone */
  double seconds;                           /* the larger: speed of light */
  int bytes_bind;                           /* 1: bytes, 0: operations */
};
/* A device without figures (cpu) stands on challenge_peak.h: the measured read bandwidth, and two
 * operations per multiply-add of the fastest unit this machine has. */
enum status challenge_roofline(struct challenge_helper *h, const struct challenge_shape *s,
                               const struct challenge_device *device, struct challenge_roofline *out,
                               struct error *e) MUST_USE;

#endif

/* Room: fuzz (private to it; fuzz_nvfp4.c says what it is). The parts of the fuzz target: bytes to
 * choices, memory that traps, calls, and the rules that foretell what a call answers. May use nvfp4.h and
 * tests/nvfp4/nvfp4_bare.h, nothing of src/. */
#ifndef SHARKTANK_FUZZ_PARTS_H
#define SHARKTANK_FUZZ_PARTS_H

#include <stdio.h>

#include "nvfp4_bare.h"

/* One input: 0 bytes follow its end, so that a short input is a plain, valid call. */
struct fuzz_draw {
  const uint8_t *data;
  size_t left;
};
unsigned fuzz_byte(struct fuzz_draw *d);
/* 0..count-1, 0 for a byte 0; count <= 256 costs one byte, more costs two. */
unsigned fuzz_pick(struct fuzz_draw *d, unsigned count);
/* 1 in about 1 of `in` bytes, never for byte 0. */
int fuzz_rarely(struct fuzz_draw *d, unsigned in);

/* Prints the sentence and the input as hex, then ends the process: libFuzzer keeps the input. */
void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* `what` ends the process unless ok. */
void fuzz_need(int ok, const char *what);

/* ---- fuzz_memory.c: memory of which nothing before or behind may be touched, and what it held ------ */
#define FUZZ_REGION_BYTES    ((size_t)8 << 20)
#define FUZZ_WORKSPACE_BYTES ((size_t)192 << 20)
struct fuzz_region {
  uint8_t *at;
  size_t bytes;
};
void fuzz_memory_reset(void); /* takes all regions back */
/* `bytes` (0: not one byte may be touched) of random content, at the end or the start of their pages. */
struct fuzz_region fuzz_memory_take(struct fuzz_draw *d, size_t bytes);
int fuzz_memory_fits(int64_t bytes);
/* 64-byte aligned, ending where its pages end; only the first and last kilobytes are random. */
uint8_t *fuzz_memory_workspace(size_t bytes);
void fuzz_memory_remember(void);
/* The number (in order of taking) of a region that is not as remembered, or -1; `but` is left out. */
int fuzz_memory_changed(const uint8_t *but);
int fuzz_memory_workspace_changed(void);
/* What a region held when it was remembered. */
uint8_t *fuzz_memory_before(const uint8_t *region);

/* ---- fuzz_product.c, fuzz_call.c: the products ------------------------------------------------------ */
enum fuzz_kind { FUZZ_GEMM, FUZZ_GEMV, FUZZ_DUAL, FUZZ_GROUP };
#define FUZZ_GROUPS 3

struct fuzz_operand {
  nvfp4_operand used, plain; /* as handed in; the same, not prepacked and without a mistake */
  int64_t rows, k;           /* as handed in: only the simple form has them apart */
  struct fuzz_region packed, scale, prepacked; /* as allocated */
};

struct fuzz_group {
  int64_t batch, m, n, k; /* GEMV: n is 1 */
  struct fuzz_operand op[3];
  nvfp4_result c;
  struct fuzz_region result;
};

struct fuzz_product {
  enum fuzz_kind kind;
  int simple;
  int operands; /* of each group: 2, or 3 for dual */
  size_t count; /* groups: 1, except for FUZZ_GROUP */
  struct fuzz_group group[FUZZ_GROUPS];
  int no_args; /* the argument itself is NULL */
  int exact;   /* sums are exact in fp32 and no tensor scale is in play */
  uint8_t *workspace;
  size_t workspace_bytes, workspace_needed;
  nvfp4_threads threads;
  int threads_null;
  const char *isa; /* NULL: unset */
};

/* fuzz_make.c, fuzz_product.c */
void fuzz_product_make(struct fuzz_draw *d, struct fuzz_product *p);  /* a valid one, with its memory */
void fuzz_product_break(struct fuzz_draw *d, struct fuzz_product *p); /* 0 to 3 mistakes */
void fuzz_product_run(struct fuzz_draw *d);

/* How the caller says it: the library's own descriptors, made anew for each call. */
enum fuzz_form { FUZZ_FAST, FUZZ_ORACLE, FUZZ_BOUNDED };
size_t fuzz_call_workspace_bytes(const struct fuzz_product *p);
/* plain: the operands before prepacking and mistakes. value, tolerance: for FUZZ_BOUNDED. */
enum nvfp4_status fuzz_call(const struct fuzz_product *p, enum fuzz_form form, int plain,
                            double *const *value, double *const *tolerance);
void fuzz_call_isa(const char *isa);
void fuzz_call_threads(struct fuzz_draw *d, struct fuzz_product *p); /* draws who works */
/* The geometry of a group's result, defaults filled in: rows of `columns` elements. */
struct fuzz_shape {
  int64_t rows, columns, elem, row_stride, batch_stride;
};
struct fuzz_shape fuzz_call_shape(const struct fuzz_product *p, const struct fuzz_group *g);

/* ---- fuzz_rules.c: what nvfp4.h says about errors, said once more and independently ------------------ */
struct fuzz_verdict {
  uint32_t may; /* bit s: the call may return status s */
  int must;     /* 1: it may not return NVFP4_OK */
  int outside;  /* 1: if it were accepted it would leave the memory that this target allocated */
};
void fuzz_verdict_add(struct fuzz_verdict *v, enum nvfp4_status status, int must);
/* Ends the process if the status is none that the verdict allows. */
void fuzz_verdict_check(const struct fuzz_verdict *v, enum nvfp4_status status, const char *what);
struct fuzz_verdict fuzz_rules_product(const struct fuzz_product *p, enum fuzz_form form);
/* One operand outside of a product, for nvfp4_prepack. Spans go to bytes[0] (packed), bytes[1] (scale). */
void fuzz_rules_sizes(struct fuzz_verdict *v, int64_t batch, int64_t m, int64_t n, int64_t k);
void fuzz_rules_operand(struct fuzz_verdict *v, const nvfp4_operand *o, int64_t batch, int64_t rows,
                        int64_t k, int may_be_prepacked, int empty, int64_t bytes[2]);

/* ---- fuzz_convert.c, fuzz_prepack.c: all that is not a product --------------------------------------- */
void fuzz_quantize(struct fuzz_draw *d);
void fuzz_dequantize(struct fuzz_draw *d);
void fuzz_layouts(struct fuzz_draw *d);
void fuzz_prepack(struct fuzz_draw *d);
void fuzz_codes(struct fuzz_draw *d);
/* About half of the inputs make one mistake of 0..kinds-1; `kinds` is none. */
unsigned fuzz_mistake(struct fuzz_draw *d, unsigned kinds);

/* ---- fuzz_make.c: sizes with edges in them, an operand of random strides and content. */
int64_t fuzz_size(struct fuzz_draw *d);
int64_t fuzz_k(struct fuzz_draw *d);
int64_t fuzz_odd_number(struct fuzz_draw *d); /* a size or stride that nobody should pass */
void fuzz_operand_make(struct fuzz_draw *d, int64_t batch, int64_t rows, int64_t k, enum support_kind kind,
                       int simple, int mild, struct fuzz_operand *out);

/* ---- fuzz_nvfp4.c ------------------------------------------------------------------------------------- */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

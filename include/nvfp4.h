/* libnvfp4: NVFP4 block-scaled matrices in C, exact where exactness is possible.
 *
 * This header may be included by any program; it includes nothing of the project. In this order:
 *   1. What NVFP4 is, and the codes         nvfp4_e2m1_*, nvfp4_e4m3_*, nvfp4_fp16_*, nvfp4_bf16_*
 *   2. Packing and scale layouts            nvfp4_pack, nvfp4_scale_*
 *   3. From and to fp32                     nvfp4_quantize, nvfp4_dequantize
 *   4. Products, simple                     nvfp4_simple_*: dense matrices, fp32 results, nothing to prepare
 *   5. Products, by descriptor              nvfp4_gemm, nvfp4_group_gemm, nvfp4_gemv, nvfp4_dual_gemm
 *   6. Products, exact                      nvfp4_oracle_*: what the results must be, and how near
 *   7. Advanced                             prepacked weights, instruction sets
 *
 * A program that multiplies now and then needs sections 3 and 4 and nothing else
 * (docs/examples/quantize_and_multiply.c). One that multiplies all day reads 5, and 7 for weights
 * that stay.
 *
 * Conventions. Sizes count elements, names that end in _bytes count bytes. A function that can fail
 * returns enum nvfp4_status and, where it failed, has written nothing. Nothing allocates memory, except
 * that a call with more than one thread and no parallel_for starts (and ends) POSIX threads. Every function
 * is thread safe: calls with disjoint outputs may run side by side. All assume the default floating-point
 * environment (round to nearest, no flushing of subnormals) and a little-endian machine.
 *
 * Sources: PTX ISA (tcgen05.mma block scaling, cvt to e2m1x2 and e4m3x2), the OCP Microscaling
 * Formats specification 1.0 (e2m1) and OCP OFP8 1.0 (e4m3), the cuBLAS manual (1-D block scaling
 * factors layout).
 */
#ifndef NVFP4_H
#define NVFP4_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the library itself is built with hidden symbols */

/* X(name, sentence) */
#define NVFP4_STATUS_LIST(X)                                                                                 \
  X(OK, "ok")                                                                                                \
  X(ERR_NULL, "a pointer that is needed is null")                                                            \
  X(ERR_SHAPE, "a size is negative, or differs from its like, or a matrix would span over 2^56 bytes")       \
  X(ERR_K, "k is not a multiple of 16 in 16..1048576")                                                       \
  X(ERR_STRIDE, "a stride is too small, splits an element, or is set where the layout has none")             \
  X(ERR_LAYOUT, "the scale layout is unknown, or one that this operand cannot have")                         \
  X(ERR_TYPE, "the type of the result is none of enum nvfp4_type")                                           \
  X(ERR_ALIGN, "workspace or prepacked weights not 64-byte aligned, or the result not to its type")          \
  X(ERR_ALIAS, "the result or the workspace overlaps what it must be apart from")                            \
  X(ERR_WORKSPACE, "the room for work or prepacked weights is less than its _bytes function says")           \
  X(ERR_NOT_FINITE, "a NaN or an infinity in the input of the quantiser, or as a tensor scale")              \
  X(ERR_ISA, "NVFP4_ISA names an instruction set that is unknown or that this machine lacks")

enum nvfp4_status {
#define NVFP4_STATUS_ENUM(name, text) NVFP4_##name,
  NVFP4_STATUS_LIST(NVFP4_STATUS_ENUM)
#undef NVFP4_STATUS_ENUM
      NVFP4_STATUS_COUNT
};

/* A sentence without a full stop; never NULL. */
const char *nvfp4_status_text(enum nvfp4_status s);

#define NVFP4_MUST_USE __attribute__((warn_unused_result))

/* ---- 1. Codes ------------------------------------------------------------------------------------
 *
 * An NVFP4 matrix is `rows` vectors of k elements. Each element is a 4-bit float, e2m1; each block
 * of 16 elements along k has one 8-bit float, e4m3, as its scale; the value is element * scale. Model
 * files may add one fp32 factor per tensor, which multiplies a product once at its end.
 *
 * e2m1: bit 3 is the sign, then two bits of exponent (bias 1), one of mantissa. The codes 0..7 are
 * 0, 0.5, 1, 1.5, 2, 3, 4, 6; 8..15 are their negatives. There is no infinity and no NaN.
 *
 * Encoding rounds to nearest, ties to the even code, and saturates to +-6. Zero keeps its sign, and
 * so does what rounds to zero. NaN becomes +6, as cvt.rn.satfinite.e2m1x2 does; nvfp4_quantize
 * refuses it instead.
 */
float nvfp4_e2m1_decode(unsigned code); /* bits above the lowest 4 are ignored */
uint8_t nvfp4_e2m1_encode(float x);     /* 0..15 */

/* e4m3 (the "fn" form): bit 7 is the sign, four bits of exponent (bias 7), three of mantissa.
 * Subnormals are multiples of 2^-9, the largest value is 448 (0x7e), 0x7f and 0xff are NaN, there
 * is no infinity. Every value is a multiple of 2^-9, which is what makes the oracle possible.
 *
 * The hardware reads scales as ue4m3, which is the same without a sign. Here bit 7 is honoured: a
 * negative scale is negative, as in the reference programs of the GPU MODE tasks, which convert
 * scales through a signed e4m3 type. Scales without bit 7, the only ones that the hardware defines,
 * mean the same under both readings. nvfp4_ue4m3_encode never sets bit 7: what is below 0 becomes 0.
 *
 * Encoding rounds to nearest, ties to even, and saturates to +-448, infinities included. NaN stays
 * NaN (0x7f, or 0xff for a NaN with its sign bit set; ue4m3: 0x7f).
 */
float nvfp4_e4m3_decode(unsigned code); /* bits above the lowest 8 are ignored */
uint8_t nvfp4_e4m3_encode(float x);
uint8_t nvfp4_ue4m3_encode(float x);

/* IEEE 754 binary16 as bits. From fp32 and fp64: one rounding to nearest even; at and beyond 65520
 * infinity; NaN gives a quiet NaN (0x7e00 with the sign). To fp32: exact. */
uint16_t nvfp4_fp16_from_float(float x);
uint16_t nvfp4_fp16_from_double(double x);
float nvfp4_fp16_to_float(uint16_t bits);
/* bfloat16 as bits: the upper half of an fp32. From fp32 and fp64: one rounding to nearest even, from
 * subnormals to infinity; NaN gives a quiet NaN (0x7fc0 with the sign). To fp32: exact. */
uint16_t nvfp4_bf16_from_float(float x);
uint16_t nvfp4_bf16_from_double(double x);
float nvfp4_bf16_to_float(uint16_t bits);
/* The distance between fp16 numbers in the binade of x: 2^-24 below 2^-13, 32 at and beyond 2^15. */
double nvfp4_fp16_ulp(double x);

/* ---- 2. Packing and layouts ----------------------------------------------------------------------
 *
 * Two elements share a byte, low nibble first: element i is byte[i/2] >> 4*(i&1) & 15.
 * count is even in both functions (an odd one loses its last element); in and out do not overlap.
 */
void nvfp4_pack(const uint8_t *codes, int64_t count, uint8_t *packed);
void nvfp4_unpack(const uint8_t *packed, int64_t count, uint8_t *codes);

/* Scales come in two layouts. Plain: [batch][rows][k/16]. Blocked, what tensor cores read: rows
 * padded to 128 and blocks padded to 4, in tiles of 128 rows x 4 blocks = 512 bytes, tiles along k
 * first. With j = k/16 the block's number, RM = ceil(rows/128), RK = ceil(k/64):
 *   offset(i, j, b) = ((b*RM + i/128)*RK + j/4)*512 + (i%32)*16 + (i%128/32)*4 + j%4
 * that is, [batch][RM][RK][32][4][4]. Padding may hold any byte; nothing here reads it into a result.
 */
enum nvfp4_scale_layout {
  NVFP4_SCALES_PLAIN = 0,
  NVFP4_SCALES_BLOCKED = 1,
  NVFP4_PREPACKED = 2 /* elements and scales in one: section 7; for operands only */
};

/* Bytes of all scales of `batch` matrices of rows x k, padding included; sizes as in a valid call; 0 for
 * NVFP4_PREPACKED, which has its own function. */
int64_t nvfp4_scale_bytes(enum nvfp4_scale_layout layout, int64_t batch, int64_t rows, int64_t k);
/* Offset in bytes of the scale of row i and block j (0 <= j < k/16) of matrix b. */
int64_t nvfp4_scale_offset(enum nvfp4_scale_layout layout, int64_t rows, int64_t k, int64_t i, int64_t j,
                           int64_t b);
/* Between the layouts, both dense; in and out do not overlap. The padding of a blocked result is set
 * to `padding`. */
enum nvfp4_status nvfp4_scale_to_blocked(const uint8_t *plain, int64_t batch, int64_t rows, int64_t k,
                                         uint8_t padding, uint8_t *blocked) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_scale_to_plain(const uint8_t *blocked, int64_t batch, int64_t rows, int64_t k,
                                       uint8_t *plain) NVFP4_MUST_USE;

/* ---- 3. From and to fp32 -------------------------------------------------------------------------
 *
 * nvfp4_quantize: x[rows][k], rows row_stride_elems apart (0: k), becomes packed[rows][k/2] and its
 * scales, dense, in `layout` (padding set to 0). k is a multiple of 16, at least 16.
 *
 * How a block's scale s is chosen. amax/6 would map the largest magnitude onto 6; it is rounded to
 * e4m3 (nearest, ties to even, saturated to 448). Rounding down lets amax saturate, which loses
 * amax - 6s; that is allowed as long as it costs no more than the format costs anyway between its
 * largest codes, 4 and 6, whose halfway point is 1 away: while amax <= 7s. A normal s is off by at
 * most 1/16, so it always qualifies. A subnormal s can be off by a third; it then takes the next
 * code up. In particular amax > 0 never gets the scale 0. A block of zeros has scale 0 (code 0x00)
 * and keeps the signs of its zeros. So for every element, unless s was saturated at 448:
 *   |x - dequantised| <= s * g         (exactly; before the one rounding of dequantisation)
 *
 * tensor_scale: NULL for none (g = 1). Otherwise g = amax of the whole tensor / (6 * 448), at least
 * the smallest normal fp32, is written there (1 for a tensor of zeros), so that the largest block
 * gets the scale 448, and x/g takes the place of x above. Use it whenever magnitudes are not already
 * within about 2^-9 .. 2688.
 *
 * NaN and infinity: NVFP4_ERR_NOT_FINITE, checked before anything is written.
 * Elements are the e2m1 codes nearest to x/(s*g), ties to even; the quotient is taken in fp64, where
 * no such quotient lands on a tie by rounding.
 */
enum nvfp4_status nvfp4_quantize(const float *x, int64_t rows, int64_t k, int64_t row_stride_elems,
                                 enum nvfp4_scale_layout layout, float *tensor_scale, uint8_t *packed,
                                 uint8_t *scale) NVFP4_MUST_USE;
/* x[rows][k] = element * scale * tensor_scale. The first product is exact, the second rounds once to
 * fp32 (with tensor_scale = 1, or 0, which means 1: exact). A NaN scale gives NaN. row_stride_elems as above.
 */
enum nvfp4_status nvfp4_dequantize(const uint8_t *packed, const uint8_t *scale, int64_t rows, int64_t k,
                                   enum nvfp4_scale_layout layout, float tensor_scale, float *x,
                                   int64_t row_stride_elems) NVFP4_MUST_USE;

/* ---- 4. Products, simple -------------------------------------------------------------------------
 *
 * Dense matrices in, a dense fp32 matrix out, on the caller's thread, with about 160 KiB of its stack
 * and no other memory. The arithmetic is that of section 5, whose forms are faster: they use the
 * second-level cache and threads.
 */
typedef struct nvfp4_matrix {
  int64_t rows, k;       /* k a multiple of 16 in 16..2^20 */
  const uint8_t *packed; /* [rows][k/2], borrowed */
  const uint8_t *scale;  /* [rows][k/16], plain, borrowed */
  float tensor_scale;    /* as nvfp4_quantize wrote it; 0 means 1 */
} nvfp4_matrix;

/* y[i] = sum over k of a[i][k] * x[k], for a->rows values; x has one row. */
enum nvfp4_status nvfp4_simple_gemv(const nvfp4_matrix *a, const nvfp4_matrix *x, float *y) NVFP4_MUST_USE;
/* c[i][j] = sum over k of a[i][k] * b[j][k]; c is [a->rows][b->rows]. */
enum nvfp4_status nvfp4_simple_gemm(const nvfp4_matrix *a, const nvfp4_matrix *b, float *c) NVFP4_MUST_USE;
/* c = silu(a x b1) * (a x b2), silu(x) = x / (1 + exp(-x)); b1 and b2 have equally many rows. */
enum nvfp4_status nvfp4_simple_dual_gemm(const nvfp4_matrix *a, const nvfp4_matrix *b1,
                                         const nvfp4_matrix *b2, float *c) NVFP4_MUST_USE;
/* c[g] = a[g] x b[g] for each g < count; results must be apart from everything else. */
enum nvfp4_status nvfp4_simple_group_gemm(const nvfp4_matrix *a, const nvfp4_matrix *b, float *const *c,
                                          size_t count) NVFP4_MUST_USE;
/* Errors of all four: ERR_NULL, ERR_SHAPE (rows negative, or different k), ERR_K, ERR_ALIGN (c not a
 * multiple of 4), ERR_ALIAS, ERR_ISA. Nothing was written then. */

/* ---- 5. Products, by descriptor ------------------------------------------------------------------
 *
 * One operand: `batch` matrices of rows x k. Borrowed. A stride of 0 means dense; others are in bytes and
 * at least what they stride over (row stride >= k/2, scale row stride >= k/16, batch strides >=
 * what a matrix spans: (rows - 1) * row stride + one row). Blocked scales are dense within a matrix:
 * scale_row_stride_bytes must be 0; their dense batch stride is ceil(rows/128)*ceil(k/64)*512. No alignment
 * is needed. With NVFP4_PREPACKED (section 7), packed is what nvfp4_prepack wrote, scale is not used and all
 * strides are 0; what may be prepacked: b of a GEMM, b1 and b2 of a dual one, a of a GEMV.
 */
typedef struct nvfp4_operand {
  const uint8_t *packed; /* [batch][rows][k/2] */
  const uint8_t *scale;  /* plain [batch][rows][k/16], or blocked */
  int64_t row_stride_bytes, batch_stride_bytes;
  int64_t scale_row_stride_bytes, scale_batch_stride_bytes;
  uint32_t scale_layout; /* an enum nvfp4_scale_layout */
  float tensor_scale;    /* as nvfp4_quantize wrote it, multiplies all of it; 0 means 1; finite */
} nvfp4_operand;

enum nvfp4_type { NVFP4_FP16 = 0, NVFP4_BF16 = 1, NVFP4_FP32 = 2 };

/* The result: [batch][m][n] of `type`; strides in bytes, multiples of the element's size, 0 for dense;
 * aligned to the element's size. Nothing between rows is written. */
typedef struct nvfp4_result {
  void *data;
  int64_t row_stride_bytes, batch_stride_bytes;
  uint32_t type; /* an enum nvfp4_type */
} nvfp4_result;

/* c[l][i][j] = sum over k of a[l][i][k] * b[l][j][k], values meaning element * scale. Note that b
 * is [n][k], "column-major", as in all NVFP4 problems. m, n, batch >= 0 (batch is 1 for one product; 0
 * does nothing); k a multiple of 16 in 16..2^20. */
typedef struct nvfp4_gemm_args {
  int64_t batch, m, n, k;
  nvfp4_operand a, b;
  nvfp4_result c;
} nvfp4_gemm_args;

/* c[l][i] = sum over k of a[l][i][k] * b[l][k]: b has one row. c is [batch][m]; its row stride is not
 * used. (GPU MODE's task pads b to 128 rows: set b.batch_stride_bytes to 128 * k/2.) */
typedef struct nvfp4_gemv_args {
  int64_t batch, m, k;
  nvfp4_operand a, b;
  nvfp4_result c;
} nvfp4_gemv_args;

/* c = silu(a x b1) * (a x b2), silu(x) = x / (1 + exp(-x)), elementwise; b1 and b2 are [n][k]. */
typedef struct nvfp4_dual_args {
  int64_t batch, m, n, k;
  nvfp4_operand a, b1, b2;
  nvfp4_result c;
} nvfp4_dual_args;

/* Who works. NULL wherever this is asked for, or count 0, means the caller's thread alone; more than
 * 64 means 64. Without parallel_for the call starts count - 1 POSIX threads and ends them; if the
 * system refuses one, the rest do its work. With it, the call starts none: parallel_for calls
 * task(data, i) once for each 0 <= i < tasks (tasks <= count), on any threads, in any order, at the
 * same time or one after the other, and returns when all have returned. */
typedef struct nvfp4_threads {
  unsigned count;
  void (*parallel_for)(void *context, int64_t tasks, void (*task)(void *data, int64_t index), void *data);
  void *context; /* handed to parallel_for */
} nvfp4_threads;

/* The fast path.
 *
 * workspace: at least the bytes that the matching function returns for the same threads->count,
 * 64-byte aligned, contents undefined before and after; no two calls share one at the same time. It
 * grows with threads and is bounded (2.7 MB per thread, dual 3.2 MB, GEMV 60 KB) whatever the shapes. A
 * _workspace_bytes function only looks at sizes; for a call that would fail it returns 0.
 *
 * Numeric contract. Within a block the sum is exact (int32); block terms sum * scale * scale are
 * exact in fp32. They are added in fp32, one rounding each: in order of k; by nvfp4_gemv (only) into
 * 16 partial sums, block j into number j % 16, which are then added pairwise: i and i+8, then i
 * and i+4, i+2, i+1. (So a product of one row by nvfp4_gemm and by nvfp4_gemv may differ in the last bits.)
 * Where the product of the tensor scales, taken in fp64, is not 1, the sum is multiplied by it in fp64 and
 * rounded to fp32. The result is rounded to its type (nearest, ties to even). So
 *   - where every partial sum is an fp32 number, as on the inputs of the GPU MODE tasks other than
 *     dual GEMM, the result equals the oracle bit for bit;
 *   - always, it lies within the tolerance of the bounded oracle;
 *   - results do not depend on threads, strides, scale layout, prepacking or instruction set: same
 *     bits (the bits of a NaN aside).
 * Dual adds silu in fp32 (expf of the C library; below -80 in fp64). A NaN scale makes NaN of all it meets;
 * beyond the range of the type results are infinite, and where a sum of a dual product is infinite already,
 * NaN may follow (infinity times zero). The sign of a zero result is not specified.
 *
 * Errors: ERR_NULL, ERR_SHAPE, ERR_K, ERR_STRIDE, ERR_LAYOUT, ERR_TYPE, ERR_ALIGN, ERR_ALIAS,
 * ERR_WORKSPACE, ERR_NOT_FINITE (a tensor scale), ERR_ISA; nothing was written then. Inputs may overlap each
 * other. In a grouped call, results must not overlap inputs of their own group (checked) nor anything of
 * other groups (not checked). The workspace overlaps neither results nor inputs (checked). Calls with m, n or
 * batch 0 do nothing.
 */
size_t nvfp4_gemm_workspace_bytes(const nvfp4_gemm_args *args, const nvfp4_threads *threads);
enum nvfp4_status nvfp4_gemm(const nvfp4_gemm_args *args, void *workspace, size_t workspace_bytes,
                             const nvfp4_threads *threads) NVFP4_MUST_USE;
/* `count` independent GEMMs of any shapes, one pool of threads for all. */
size_t nvfp4_group_gemm_workspace_bytes(const nvfp4_gemm_args *group, size_t count,
                                        const nvfp4_threads *threads);
enum nvfp4_status nvfp4_group_gemm(const nvfp4_gemm_args *group, size_t count, void *workspace,
                                   size_t workspace_bytes, const nvfp4_threads *threads) NVFP4_MUST_USE;
size_t nvfp4_gemv_workspace_bytes(const nvfp4_gemv_args *args, const nvfp4_threads *threads);
enum nvfp4_status nvfp4_gemv(const nvfp4_gemv_args *args, void *workspace, size_t workspace_bytes,
                             const nvfp4_threads *threads) NVFP4_MUST_USE;
size_t nvfp4_dual_gemm_workspace_bytes(const nvfp4_dual_args *args, const nvfp4_threads *threads);
enum nvfp4_status nvfp4_dual_gemm(const nvfp4_dual_args *args, void *workspace, size_t workspace_bytes,
                                  const nvfp4_threads *threads) NVFP4_MUST_USE;

/* ---- 6. The oracle -------------------------------------------------------------------------------
 *
 * Slow, simple, and exact. An element is a multiple of 2^-1 and a scale a multiple of 2^-9, so a
 * product of two elements and two scales is a multiple of 2^-20, and int64 counts those without
 * error: a block's sum is at most 16*12*12 = 2304 (in units of 2^-2), a product of two scales at
 * most 229376^2 (in units of 2^-18), so 2^16 blocks, k = 2^20, stay below 8.0e18 < 2^63 = 9.2e18.
 * The sum becomes an fp64 (exact below 2^33) and is rounded once to the type of the result. Dual: both
 * sums exact, then silu and the product in fp64, then one rounding. With tensor scales the fp64 is
 * first multiplied by their fp64 product. Prepacked operands are refused (ERR_LAYOUT).
 *
 * No workspace; about 32 KiB of stack a thread. args->c is written by nvfp4_oracle_X, and ignored
 * (data may be NULL) by nvfp4_oracle_X_bounded, which instead gives for each element the reference
 * `value` and the `tolerance` within which any honest fp32 accumulation lies, both dense
 * [batch][m][n] (GEMV: [batch][m]):
 *   tolerance = 1 ulp of the value + d,   d = 2^-23 * (k/16) * sum over blocks of |block term|
 * where the ulp is that of c.type (fp16's at least 2^-24, bf16's 2^-133, fp32's 2^-149). d is twice the
 * worst case of adding k/16 exact block terms in fp32 in any order; with tensor scales, d is multiplied
 * by their product's magnitude and gains 2^-22 * |value|. Dual, with sums
 * p, q and their d: |silu(p)|*dq + S*(|q| + dq) + 1 ulp, where S is the largest |silu(y) - silu(p)|
 * for |y - p| <= dp. Where the value is NaN the tolerance is 0. Values beyond 65520 are given as
 * they are: there the right fp16 is an infinity.
 */
enum nvfp4_status nvfp4_oracle_gemm(const nvfp4_gemm_args *args, unsigned threads) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_oracle_gemm_bounded(const nvfp4_gemm_args *args, double *value, double *tolerance,
                                            unsigned threads) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_oracle_group_gemm(const nvfp4_gemm_args *group, size_t count,
                                          unsigned threads) NVFP4_MUST_USE;
/* value[g] and tolerance[g] belong to group g. */
enum nvfp4_status nvfp4_oracle_group_gemm_bounded(const nvfp4_gemm_args *group, size_t count,
                                                  double *const *value, double *const *tolerance,
                                                  unsigned threads) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_oracle_gemv(const nvfp4_gemv_args *args, unsigned threads) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_oracle_gemv_bounded(const nvfp4_gemv_args *args, double *value, double *tolerance,
                                            unsigned threads) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_oracle_dual_gemm(const nvfp4_dual_args *args, unsigned threads) NVFP4_MUST_USE;
enum nvfp4_status nvfp4_oracle_dual_gemm_bounded(const nvfp4_dual_args *args, double *value,
                                                 double *tolerance, unsigned threads) NVFP4_MUST_USE;

/* ---- 7. Advanced ---------------------------------------------------------------------------------
 *
 * Prepacked weights: the same 4.5 bits an element, in the order in which kernels read them (panels of
 * 32 rows; within, block after block), so that a call need not reorder them. That pays for a
 * GEMM of few rows; GEMV reads either form about as fast (docs/performance.md).
 * The form is the same for every instruction set and machine; it may change between versions of this
 * library. out: nvfp4_prepacked_bytes bytes, 64-byte aligned; apart from the source (checked).
 * source: any operand of batch x rows x k that is not prepacked; its tensor_scale is not applied, so
 * say it again in the operand {.packed = out, .scale_layout = NVFP4_PREPACKED}.
 * Errors: ERR_NULL, ERR_SHAPE, ERR_K, ERR_STRIDE, ERR_LAYOUT, ERR_ALIGN, ERR_ALIAS; ERR_WORKSPACE
 * where out_bytes is too small. nvfp4_prepacked_bytes is 0 for sizes that are not valid.
 */
size_t nvfp4_prepacked_bytes(int64_t batch, int64_t rows, int64_t k);
enum nvfp4_status nvfp4_prepack(const nvfp4_operand *source, int64_t batch, int64_t rows, int64_t k,
                                uint8_t *out, size_t out_bytes) NVFP4_MUST_USE;

/* Instruction sets.
 *
 * The fast path picks the best instruction set of the processor it runs on. The environment variable
 * NVFP4_ISA (scalar, avx2, avx_vnni, avx512_bf16, avx512_vnni), read at each call, overrides the choice; a
 * name that is unknown or not available makes calls fail with ERR_ISA rather than run something else. It is
 * meant for tests: as with every getenv, nobody may change the environment at that moment.
 */
/* The names this machine can run, best first, ending in NULL; a static array. */
const char *const *nvfp4_isa_available(void);
/* The name a call would use now, or NULL where it would return ERR_ISA. */
const char *nvfp4_isa_selected(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

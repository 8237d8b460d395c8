/* Room: tests of nvfp4, and fuzz/, which is why cmocka is not needed here. Tables written out by hand
 * from the definitions, random numbers, operands in any layout, memory whose neighbours trap, and the
 * comparison that the judge makes. Uses nothing of the library but its header. */
#ifndef SHARKTANK_TESTS_NVFP4_BARE_H
#define SHARKTANK_TESTS_NVFP4_BARE_H

#include <nvfp4.h>
#include <stddef.h>
#include <stdint.h>

extern const double support_e2m1[16];
extern const double support_e4m3[127];    /* codes 0x00..0x7e */
double support_e4m3_value(unsigned code); /* all 256; NaN for 0x7f and 0xff */

uint64_t support_random(void); /* one fixed sequence per process */
void support_seed(uint64_t seed);
void support_random_fill(void *out, size_t bytes);
void *support_alloc(size_t bytes); /* 64-byte aligned, filled with random bytes; ends the process */

/* The same, but the byte after the last is not mapped, whoever reads it: vector instructions escape
 * the address sanitizer. Nor is the page before. Aligned as far as `bytes` is a multiple of. */
void *support_guarded(size_t bytes);
void *support_guarded_zeros(size_t bytes); /* takes no memory until it is touched */
void support_guarded_free(void *p, size_t bytes);

/* How element codes and scale codes are drawn. */
enum support_kind {
  SUPPORT_TASK,   /* bytes & 0xbb, scales 1 or 2: sums exact in fp32 */
  SUPPORT_MILD,   /* all element codes, scales 0.25 .. 4 */
  SUPPORT_WILD,   /* all element codes, all finite scale codes of both signs */
  SUPPORT_TINY,   /* all element codes, subnormal scales */
  SUPPORT_EXTREME /* +-6 and scales 448 */
};

/* A matrix [batch][rows][k] whose operand descriptor points into owned, exactly fitting memory. */
struct support_matrix {
  nvfp4_operand operand;
  uint8_t *packed, *scale;
  size_t packed_bytes, scale_bytes;
  int64_t batch, rows, k;
};
/* gap_bytes > 0: rows and batches do not touch; what lies between is random. */
struct support_matrix support_matrix_create(int64_t batch, int64_t rows, int64_t k, enum support_kind kind,
                                            enum nvfp4_scale_layout layout, int64_t gap_bytes);
/* Draws the elements and scales that m->operand's strides reach, nothing between. */
void support_matrix_fill(struct support_matrix *m, enum support_kind kind);
void support_matrix_free(struct support_matrix *m);
uint8_t *support_matrix_scale(const struct support_matrix *m, int64_t b, int64_t i, int64_t j);
/* element * scale of element (b, i, k), from the tables. */
double support_matrix_value(const struct support_matrix *m, int64_t b, int64_t i, int64_t k);

/* One number of a result. */
double support_number(const void *at, enum nvfp4_type type);
/* 1 if `got`, of that type, is right: as problem.h defines SK_BOUNDED. */
int support_near(double got, double value, double tolerance, enum nvfp4_type type);
/* The same for fp16 bits. */
int support_within(uint16_t got, double value, double tolerance);
/* 1 if equal as fp16: bit for bit, but -0 equals +0 and NaN equals NaN. */
int support_same(uint16_t a, uint16_t b);
double support_half(uint16_t bits); /* from the definition; test_nvfp4_half.c checks it */

#endif

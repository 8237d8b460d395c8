/* Room: bench, private to bench_read.c and bench_read_loops.c. */
#ifndef SHARKTANK_BENCH_READ_LOOPS_H
#define SHARKTANK_BENCH_READ_LOOPS_H

#include <stddef.h>
#include <stdint.h>

struct bench_read_loop {
  const char *name;
  int wide;                                     /* needs AVX-512F */
  void (*read)(const void *data, size_t lines); /* lines of 64 bytes; data 64-byte aligned */
};
extern const struct bench_read_loop bench_read_loops[]; /* ends in a NULL name */

#endif

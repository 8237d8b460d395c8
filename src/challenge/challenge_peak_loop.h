/* Room: challenge, private to challenge_peak.c and the folders peak_avx2/ and peak_avx512/, and used by
 * bench/nvfp4: one unrolled loop for each unit. Each runs `turns` turns and returns the multiply-adds done;
 * the caller takes the time, and asks first whether the machine has the unit. */
#ifndef SHARKTANK_CHALLENGE_PEAK_LOOP_H
#define SHARKTANK_CHALLENGE_PEAK_LOOP_H

#include <stdint.h>

double peak_fma256(int64_t turns);
double peak_fma512(int64_t turns);
double peak_bf16_dot512(int64_t turns);
double peak_int8_dot512(int64_t turns);
/* Sums 64-byte lines of a buffer; returns something that depends on all of them. */
uint64_t peak_read512(const void *data, uint64_t bytes);
uint64_t peak_read256(const void *data, uint64_t bytes);

/* Twelve accumulators: more than latency times ports of any unit here, fewer than registers. */
enum { PEAK_CHAINS = 12 };

#endif

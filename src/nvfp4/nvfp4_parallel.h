/* Room: nvfp4 (private to it). A loop over independent items on a few threads. */
#ifndef SHARKTANK_NVFP4_PARALLEL_H
#define SHARKTANK_NVFP4_PARALLEL_H

#include <stdint.h>

#define NVFP4_MAX_THREADS 64u

/* Clamps the public meaning of a thread count: 0 is 1, at most NVFP4_MAX_THREADS. */
unsigned nvfp4_threads(unsigned threads);

/* Calls item(context, i, worker) once for each 0 <= i < items, from at most `threads` threads, the
 * caller's included; worker < threads says which. All have ended on return. Threads that the system
 * refuses are done without. Items must write to disjoint memory. */
void nvfp4_parallel(unsigned threads, int64_t items,
                    void (*item)(void *context, int64_t index, unsigned worker), void *context);

#endif

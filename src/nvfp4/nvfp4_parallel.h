/* Room: nvfp4 (private to it). A loop over independent items on a few threads. */
#ifndef SHARKTANK_NVFP4_PARALLEL_H
#define SHARKTANK_NVFP4_PARALLEL_H

#include "nvfp4.h"

#define NVFP4_MAX_THREADS 64u

/* How many workers a call may have: the public meaning of NULL, 0 and too many. */
unsigned nvfp4_workers(const nvfp4_threads *threads);

/* Calls item(context, i, worker) once for each 0 <= i < items, from at most nvfp4_workers(threads)
 * workers; worker says which, and no two run at once under one number. All have ended on return.
 * Items must write to disjoint memory. */
void nvfp4_parallel(const nvfp4_threads *threads, int64_t items,
                    void (*item)(void *context, int64_t index, unsigned worker), void *context);

#endif

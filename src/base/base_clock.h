/* Time. Monotonic nanoseconds for durations, UTC text for records. Thread safe. */
#ifndef SHARKTANK_BASE_CLOCK_H
#define SHARKTANK_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ns(void);
int64_t clock_wall_ns(void); /* since 1970, UTC */
void clock_sleep_ns(int64_t ns);
/* "2026-11-23T17:05:09Z" */
void clock_iso8601(int64_t wall_ns, char out[32]);

#endif

/* Room base: time. */
#include "base/base_clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int64_t read_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_mono_ns(void) {
  return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void) {
  return read_ns(CLOCK_REALTIME);
}

void clock_sleep_ns(int64_t ns) {
  if (ns <= 0)
    return;
  struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  while (nanosleep(&t, &t) && errno == EINTR)
    ;
}

void clock_iso8601(int64_t wall_ns, char out[32]) {
  time_t seconds = (time_t)(wall_ns / 1000000000);
  struct tm tm;
  if (!gmtime_r(&seconds, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
    snprintf(out, 32, "unknown time");
}

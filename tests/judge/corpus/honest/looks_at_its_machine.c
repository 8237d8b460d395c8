/* honest: asks for processors, page size, caches and time, as libraries do. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  cpu_set_t set;
  struct timespec now;
  CPU_ZERO(&set);
  (void)!sched_getaffinity(0, sizeof set, &set);
  (void)!sched_setaffinity(0, sizeof set, &set);
  (void)!sysconf(_SC_NPROCESSORS_ONLN);
  clock_gettime(CLOCK_MONOTONIC, &now);
  FILE *f = fopen("/proc/cpuinfo", "r");
  if (f)
    fclose(f);
  return sysconf(_SC_PAGESIZE) > 0 ? honest(call) : 1;
}

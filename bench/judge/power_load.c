/* Room: bench. The disturbing load: what it does is fixed, so that a figure taken under it means something.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_rng.h"
#include "power.h"

enum { COPY_BYTES = 32 << 20 };
static const int64_t BURST_NS = 20000000, MOST_SLEEP_NS = 40000000;

static void copy_for_ever(void) {
  char *memory = malloc(2 * (size_t)COPY_BYTES);
  if (!memory)
    _exit(1);
  memset(memory, 1, 2 * (size_t)COPY_BYTES);
  for (;;) {
    memcpy(memory, memory + COPY_BYTES, COPY_BYTES);
    __asm__ volatile("" : : "r"(memory) : "memory");
    memcpy(memory + COPY_BYTES, memory, COPY_BYTES);
  }
}

static void burst_for_ever(uint64_t seed) {
  struct rng r;
  rng_init(&r, seed);
  for (;;) {
    int64_t end_ns = clock_mono_ns() + BURST_NS;
    while (clock_mono_ns() < end_ns)
      ;
    clock_sleep_ns((int64_t)(rng_unit(&r) * (double)MOST_SLEEP_NS));
  }
}

static void work(int cpu, int burst) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((unsigned)cpu, &one);
  /* a session of its own: to the scheduler, somebody else's program */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) || setsid() < 0 || sched_setaffinity(0, sizeof one, &one))
    _exit(1);
  if (burst)
    burst_for_ever((uint64_t)cpu + 1);
  copy_for_ever();
}

enum status power_load_start(struct power_load *l, struct error *e) {
  cpu_set_t mask;
  l->n = 0;
  if (sched_getaffinity(0, sizeof mask, &mask))
    return error_set(e, ST_IO, "asking for this process's cores: %s", strerror(errno));
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    for (int burst = 0; burst < 2 && CPU_ISSET((unsigned)cpu, &mask); burst++) {
      if (l->n == (int)(sizeof l->pid / sizeof l->pid[0]))
        return ST_OK;
      pid_t pid = fork();
      if (pid == 0)
        work(cpu, burst);
      if (pid < 0) {
        power_load_stop(l);
        return error_set(e, ST_IO, "starting the disturbing load: %s", strerror(errno));
      }
      l->pid[l->n++] = pid;
    }
  }
  clock_sleep_ns(50000000); /* until its memory is there */
  return ST_OK;
}

void power_load_stop(struct power_load *l) {
  for (int i = 0; i < l->n; i++) {
    (void)kill(l->pid[i], SIGKILL);
    (void)waitpid(l->pid[i], NULL, 0);
  }
  l->n = 0;
}

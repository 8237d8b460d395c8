/* Room: judge, the runner program. May include judge_channel.h and sharktank/entry.h. */
#ifndef SHARKTANK_JUDGE_RUNNER_H
#define SHARKTANK_JUDGE_RUNNER_H

#include <stdint.h>

#include "judge/judge_channel.h"

struct runner_memory {
  struct judge_channel *channel;
  const uint8_t *plan;
  uint8_t *inputs, *outputs;
  const struct judge_plan_head *head;
};
extern struct runner_memory runner_memory;

/* Installs the system call filter; from here on nothing can be started or opened for writing.
 * Returns 0 or -1. */
int runner_seccomp_install(uint32_t threads);
/* Handlers that note signal, address and system call in the channel before the process ends. */
int runner_faults_install(void);

#endif

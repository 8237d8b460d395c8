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
  uint8_t *workspace, *workspace_map; /* what the entry gets; the mapping, with its two guard pages */
  uint64_t workspace_map_bytes;
};
extern struct runner_memory runner_memory;

/* Landlock: of files only libraries can be read. Returns 0 (also where the kernel has none) or -1. */
int runner_landlock_install(const char *entry);
/* Installs the system call filter; from here on nothing can be started or opened for writing.
 * Returns 0 or -1. */
int runner_seccomp_install(uint32_t threads);
/* Handlers that note signal, address and system call in the channel before the process ends. */
int runner_faults_install(void);

#endif

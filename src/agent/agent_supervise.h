/* Room: agent (private header). The forked side of agent_process.c. */
#ifndef SHARKTANK_AGENT_SUPERVISE_H
#define SHARKTANK_AGENT_SUPERVISE_H

#include "agent/agent_process.h"

struct agent_pipes {
  int out[2], err[2]; /* of the program */
  int report[2];      /* from the supervisor: one struct agent_report when the tree is gone */
  int hold[2];        /* to the supervisor: its end means that the tree is to end */
};
struct agent_report {
  int start_errno, wait_status;
};
/* Only in a freshly forked child, with all signals blocked. */
_Noreturn void agent_supervise(const struct agent_process *p, const struct agent_pipes *pipes, int input);

#endif

/* Room: agent (private header). Runs the program of an agent command and ends everything it started.
 *
 * Not the judge's sandbox: such a program needs the network and the user's tools. A small supervising
 * process of our own stands between: it adopts whatever the program's children leave behind (Linux's child
 * subreaper), so the whole tree is found and killed, also what went to a session of its own; and it ends the
 * tree when this process dies. Only a program that runs under another user (sudo) escapes it.
 *
 * Thread safety: any number may run in parallel.
 */
#ifndef SHARKTANK_AGENT_PROCESS_H
#define SHARKTANK_AGENT_PROCESS_H

#include <stdint.h>

#include "base/base_buffer.h"
#include "base/base_status.h"

struct agent_process {
  const char *path; /* of the program, absolute */
  char *const *argv, *const *env;
  const char *cwd, *input; /* input: a file it reads as its standard input */
  int64_t deadline_ns;
  size_t max_bytes; /* of standard output; beyond it the tree is ended */
  int (*cancelled)(void *context);
  void *context;
};

enum agent_process_end {
  AGENT_PROCESS_ENDED,
  AGENT_PROCESS_LATE,
  AGENT_PROCESS_CANCELLED,
  AGENT_PROCESS_LOUD,   /* more than max_bytes */
  AGENT_PROCESS_UNBORN, /* it could not be started: why is in err */
  AGENT_PROCESS_LOST    /* somebody ended the supervisor */
};
struct agent_process_result {
  enum agent_process_end end;
  int wait_status;   /* as of waitpid, when it ENDED */
  struct buffer out; /* standard output */
  struct buffer err; /* the last few KiB of standard error */
};
/* Returns when nothing of the tree is left. Finish the result also after an error. */
enum status agent_process_run(const struct agent_process *p, struct agent_process_result *r,
                              struct error *e) MUST_USE;
void agent_process_result_fini(struct agent_process_result *r);

#endif

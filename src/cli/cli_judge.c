/* Room cli: a challenge and its judge, with progress on stderr, for `check` and `duel`. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static void tell(void *context, const char *phase, double done, const char *text) {
  const struct cli_bench *b = context;
  report_terminal_progress(b->terminal, phase, 0, 0, done, NAN, text);
}

int cli_bench_open(struct cli_bench *b, const struct cli_call *c, const char *challenge) {
  struct error e;
  memset(b, 0, sizeof *b);
  memset(&e, 0, sizeof e);
  if (cli_device(c) != ST_OK)
    return CLI_WRONG_CALL;
  if (challenge_open(challenge, &b->challenge, &e) != ST_OK)
    return cli_error(&e);
  const int sandbox = cli_require_sandbox(c);
  if (sandbox != CLI_DONE)
    return sandbox;
  b->terminal = report_terminal_open(STDERR_FILENO);
  b->progress.context = b;
  b->progress.tell = tell;
  b->progress.cancelled = cli_stopped;
  cli_catch_stop();
  return CLI_DONE;
}

void cli_bench_close(struct cli_bench *b) {
  judge_close(b->judge);
  report_terminal_close(b->terminal);
  challenge_close(b->challenge);
}

const char *cli_shape(const char *name, int scaled, char out[128]) {
  (void)snprintf(out, 128, "%s%s", name, scaled ? " (scaled)" : "");
  return out;
}

int cli_shape_scaled(const struct challenge *c, const char *name) {
  for (size_t i = 0; i < c->n_benchmarks; i++) {
    if (!strcmp(c->benchmark[i].name, name))
      return c->benchmark[i].scaled;
  }
  return 0;
}

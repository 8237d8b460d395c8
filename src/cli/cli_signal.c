/* Room cli: Ctrl-C as a clean pause, and the demand for a whole sandbox. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "sandbox/sandbox_run.h"

static volatile sig_atomic_t stopped;

/* SA_RESETHAND: a second Ctrl-C ends the process at once; the log survives that too. */
static void on_stop(int number) {
  (void)number;
  stopped = 1;
}

void cli_catch_stop(void) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = on_stop;
  a.sa_flags = (int)SA_RESETHAND | SA_RESTART;
  (void)sigemptyset(&a.sa_mask);
  (void)sigaction(SIGINT, &a, NULL);
  (void)sigaction(SIGTERM, &a, NULL);
}

int cli_stopped(void *unused) {
  (void)unused;
  return stopped;
}

int cli_require_sandbox(const struct cli_call *c) {
  if (!cli_given(c, "--require-sandbox") || sandbox_complete())
    return CLI_DONE;
  json_t *layers = sandbox_layers();
  struct error e;
  memset(&e, 0, sizeof e);
  (void)error_set(&e, ST_SANDBOX, "--require-sandbox: not every sandbox layer is active here");
  for (size_t i = 0; i < json_array_size(layers); i++) {
    const json_t *one = json_array_get(layers, i);
    if (json_bool(one, "active", 0))
      continue;
    (void)error_set(&e, ST_SANDBOX, "--require-sandbox: the layer %s is not active here: %s",
                    json_str(one, "layer", "?"), json_str(one, "why", "no reason given"));
    break;
  }
  json_decref(layers);
  return cli_error(&e);
}

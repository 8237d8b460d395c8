/* Room cli: the command `resume`: goes on after a stop. */
#include "cli/cli.h"

static int run(const struct cli_call *c) {
  const int sandbox = cli_require_sandbox(c);
  if (sandbox != CLI_DONE)
    return sandbox;
  return cli_play(c->arg[0], 0, cli_given(c, "--json"));
}

static const struct cli_option options[] = {
    {"--json", NULL, "one object at the end, schema sharktank.run/1 (docs/json.md)", NULL},
    {"--require-sandbox", NULL, "refuse to run without every sandbox layer", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_resume = {
    "resume",
    "DIR [--json] [--require-sandbox]",
    "goes on with a season after a stop",
    "Goes on from the log, after a pause, a crash or a kill. What was being measured is measured again; what\n"
    "was decided stays decided. A season that has ended stays as it is.\n\n"
    "Exit status: 0 the season has ended; 2 DIR holds no season; 3 the machinery failed, or the season was\n"
    "paused before its end.\n",
    1,
    1,
    options,
    run};

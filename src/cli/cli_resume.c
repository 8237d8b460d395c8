/* Room cli: the command `resume`: goes on after a stop. */
#include <string.h>

#include "cli/cli.h"
#include "season/season.h"

static int run(const struct cli_call *c) {
  const char *config = cli_value(c, "--config");
  const int sandbox = cli_require_sandbox(c);
  struct error e;
  memset(&e, 0, sizeof e);
  if (sandbox != CLI_DONE)
    return sandbox;
  if (config && season_budget_change(c->arg[0], config, &e) != ST_OK)
    return cli_error(&e);
  return cli_play(c->arg[0], 0, cli_given(c, "--json"));
}

static const struct cli_option options[] = {
    {"--config", "FILE", "season.yml whose `budgets` are in force from now on", NULL},
    {"--json", NULL, "one object at the end, schema sharktank.run/1 (docs/json.md)", NULL},
    {"--require-sandbox", NULL, "refuse to run without every sandbox layer", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_resume = {
    "resume",
    "DIR [--config FILE] [--json] [--require-sandbox]",
    "goes on with a season after a stop",
    "Goes on from the log, after a pause, a crash or a kill. What was being measured is measured again; what\n"
    "was decided stays decided. A season that has ended stays as it is, unless it ended because a budget was\n"
    "spent and --config gives larger ones.\n\n"
    "Exit status: 0 the season has ended; 2 DIR holds no season; 3 the machinery failed, or the season was\n"
    "paused before its end.\n",
    1,
    1,
    options,
    run};

/* Room cli: the command `help`. */
#include "cli/cli.h"

static int run(const struct cli_call *c) {
  if (!c->n_args) {
    cli_help_all();
    return cli_finish(CLI_DONE);
  }
  const struct cli_command *command = cli_command_find(c->arg[0]);
  if (!command)
    return cli_wrong("help: there is no command `%s`; `sharktank --help` lists them", c->arg[0]);
  cli_help_command(command);
  return cli_finish(CLI_DONE);
}

const struct cli_command cli_help = {"help",
                                     "[COMMAND]",
                                     "lists the commands, or tells about one",
                                     "The same as `sharktank --help` and `sharktank COMMAND --help`.\n",
                                     0,
                                     1,
                                     NULL,
                                     run};

/* Room cli: the command `pause`: Ctrl-C from another terminal. */
#include <string.h>

#include "cli/cli.h"
#include "season/season_pause.h"

static int run(const struct cli_call *c) {
  struct error e;
  long pid = 0;
  memset(&e, 0, sizeof e);
  if (season_pause_ask(c->arg[0], &pid, &e) != ST_OK)
    return cli_error(&e);
  if (cli_given(c, "--json")) {
    json_t *o = json_object();
    json_put_str(o, "schema", "sharktank.pause/1");
    json_put_str(o, "dir", c->arg[0]);
    (void)json_object_set_new(o, "pid", pid > 0 ? json_integer(pid) : json_null());
    return cli_json(o, CLI_DONE);
  }
  cli_out("asked to pause; it stops at the next clean point, and `sharktank resume %s` goes on\n", c->arg[0]);
  return cli_finish(CLI_DONE);
}

static const struct cli_option options[] = {
    {"--json", NULL, "one object, schema sharktank.pause/1 (docs/json.md)", NULL}, {NULL, NULL, NULL, NULL}};

const struct cli_command cli_pause = {
    "pause",
    "DIR [--json]",
    "a person pauses a season",
    "Asks the season that is being played in DIR to stop at its next clean point, as Ctrl-C does in its own\n"
    "terminal. Does not wait for it: `sharktank status DIR` says when it is paused.\n\n"
    "Exit status: 0 asked; 2 DIR holds no season, or nobody plays it; 3 DIR cannot be written.\n",
    1,
    1,
    options,
    run};

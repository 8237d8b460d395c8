/* Room cli: the command `run`: plays a season. */
#include <stdio.h>
#include <string.h>

#include "base/base_file.h"
#include "cli/cli.h"
#include "season/season.h"

#define SEASONS_MAX 999

/* seasons/NAME-001 or the first number that is free, under the working folder. */
static enum status default_dir(const char *challenge, char *out, size_t bytes, struct error *e) {
  struct challenge *c = NULL;
  enum status st = challenge_open(challenge, &c, e);
  if (st != ST_OK)
    return st;
  st = ST_RANGE;
  for (int n = 1; n <= SEASONS_MAX && st == ST_RANGE; n++) {
    const int length = snprintf(out, bytes, "seasons/%s-%03d", c->name, n);
    if (length < 0 || (size_t)length >= bytes)
      break;
    if (!file_exists(out))
      st = ST_OK;
  }
  if (st != ST_OK)
    (void)error_set(e, st, "seasons/%s-001 to -%d are all taken; name a folder with --season", c->name,
                    SEASONS_MAX);
  challenge_close(c);
  return st;
}

static int run(const struct cli_call *c) {
  struct season_options o;
  struct error e;
  char dir[4096];
  memset(&o, 0, sizeof o);
  memset(&e, 0, sizeof e);
  o.challenge = c->arg[0];
  o.rounds = 8;
  o.seed = 1;
  o.config_path = cli_value(c, "--config");
  if (cli_device(c) != ST_OK || cli_int(c, "--rounds", 1, 10000, &o.rounds) != ST_OK ||
      cli_seed(c, "--seed", &o.seed) != ST_OK || cli_seconds(c, "--budget", &o.duel_budget_s) != ST_OK) {
    return CLI_WRONG_CALL;
  }
  const int sandbox = cli_require_sandbox(c);
  if (sandbox != CLI_DONE)
    return sandbox;
  const char *given = cli_value(c, "--season");
  if (given) {
    if (snprintf(dir, sizeof dir, "%s", given) >= (int)sizeof dir)
      return cli_wrong("--season: the path is too long");
  } else if (default_dir(o.challenge, dir, sizeof dir, &e) != ST_OK) {
    return cli_error(&e);
  }
  o.dir = dir;
  if (season_create(&o, &e) != ST_OK)
    return cli_error(&e);
  (void)fprintf(stderr, "season in %s\n", dir);
  return cli_play(dir, o.rounds, cli_given(c, "--json"));
}

static const struct cli_option options[] = {
    {"--season", "DIR", "the season's folder (default seasons/CHALLENGE-NNN)", NULL},
    {"--rounds", "N", "most rounds to play (default 8)", NULL},
    {"--seed", "S", "steers the engine's choices only (default 1)", NULL},
    {"--config", "FILE", "season.yml: any of the rulebook's thresholds", NULL},
    {"--budget", "S", "seconds for one duel (default: the rulebook's); pairs enough for a verdict always run",
     NULL},
    {"--device", "D", "where entries run: cpu (cuda and sim are not built yet)", NULL},
    {"--json", NULL, "one object at the end, schema sharktank.run/1 (docs/json.md)", NULL},
    {"--require-sandbox", NULL, "refuse to run without every sandbox layer", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_run = {
    "run",
    "CHALLENGE [--season DIR] [--rounds N] [--seed S] [--config FILE] [--budget S] [--device D] [--json] "
    "[--require-sandbox]",
    "plays a season",
    "Contestants pitch, sharks vote, the winner is implemented and judged, round after round. Everything that\n"
    "happens is in DIR/season.db; the pages beside it are rendered from that log after every round, so the\n"
    "season can be read while it is played and resumed after any stop.\n\n"
    "CHALLENGE is a name or a folder. Ctrl-C is a clean pause: `sharktank resume DIR` goes on.\n\n"
    "Exit status: 0 the season has ended; 2 the call or an input file is wrong; 3 the machinery failed, or\n"
    "the season was paused before its end.\n",
    1,
    1,
    options,
    run};

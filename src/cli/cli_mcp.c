/* Room cli: the command `mcp`: tools for agents over standard input and output. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "serve/serve.h"

/* The protocol gets descriptors of its own: whatever else prints lands on stderr, and programs that are
 * started find neither end of the conversation. */
static int take_over(int *in, int *out) {
  *in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  *out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int ok = *in >= 0 && *out >= 0 && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
                 dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
  if (nothing > STDERR_FILENO)
    (void)close(nothing);
  return ok;
}

static int run(const struct cli_call *c) {
  struct serve_mcp_options o = {.season = cli_value(c, "--season"),
                                .challenge = cli_value(c, "--challenge"),
                                .max_calls = 50,
                                .max_seconds = 1800,
                                .stopped = cli_stopped};
  struct error e;
  memset(&e, 0, sizeof e);
  if (cli_int(c, "--max-calls", 0, 1000000, &o.max_calls) != ST_OK ||
      cli_seconds(c, "--max-seconds", &o.max_seconds) != ST_OK)
    return CLI_WRONG_CALL;
  const int sandbox = cli_require_sandbox(c);
  if (sandbox != CLI_DONE)
    return sandbox;
  if (!take_over(&o.in_fd, &o.out_fd)) {
    (void)error_set(&e, ST_IO, "mcp needs an open standard input and output");
    return cli_error(&e);
  }
  cli_catch_stop();
  const enum status st = serve_mcp(&o, &e);
  (void)close(o.in_fd);
  (void)close(o.out_fd);
  return st == ST_OK ? CLI_DONE : cli_error(&e);
}

static const struct cli_option options[] = {
    {"--season", "DIR", "serve this season; it may be played at the same time", NULL},
    {"--challenge", "NAME", "serve a challenge without a season: a name or a folder", NULL},
    {"--max-calls", "N", "most calls of check, duel and compile_report (default 50; 0: none)", NULL},
    {"--max-seconds", "S", "seconds that these may take together (default 1800)", NULL},
    {"--require-sandbox", NULL, "refuse to run without every sandbox layer", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_mcp = {
    "mcp",
    "[--season DIR] [--challenge NAME] [--max-calls N] [--max-seconds S] [--require-sandbox]",
    "tools for agents",
    "A server of the Model Context Protocol on standard input and output, started by an agent's own program\n"
    "(docs/mcp.md says how). It serves one season or one challenge. Tools that read: context, standings,\n"
    "learnings, roofline, entry_source. Tools that work: check, duel, compile_report, through the judge's\n"
    "sandbox and within the budget of calls and seconds.\n\n"
    "Exit status: 0 standard input has ended; 2 the call is wrong, or there is no such season or challenge;\n"
    "3 the machinery failed.\n",
    0,
    0,
    options,
    run};

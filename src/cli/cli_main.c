/* Room cli: finds the command and calls it. May use every room. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base_yaml.h"
#include "cli/cli.h"

/* Commands of the contract that later issues build: listed, so that nobody searches for them. */
#define NOT_BUILT(id, command, words, line)                                                                  \
  static const struct cli_command id = {                                                                     \
      command, words,        line, "This command is part of the contract and is not built yet.\n",           \
      0,       CLI_ARGS_MAX, NULL, NULL}

NOT_BUILT(not_learnings, "learnings", "DIR", "lessons and their evidence");
NOT_BUILT(not_gc, "gc", "DIR", "drops blobs that nothing refers to");
NOT_BUILT(not_override, "override", "DIR ...", "a person decides, with a recorded reason");
NOT_BUILT(not_serve, "serve", "DIR", "dashboard");
NOT_BUILT(not_sim, "sim", "-- PROGRAM", "runs a CUDA program on the software GPU");
NOT_BUILT(not_new, "new", "DIR", "scaffolds a challenge of one's own");

const struct cli_command *const cli_commands[] = {
    &cli_run,       &cli_resume,    &cli_status, &cli_report, &cli_check, &cli_duel,
    &cli_roofline,  &cli_doctor,    &cli_agents, &cli_mcp,    &cli_help,  &cli_replay,
    &cli_verify,    &not_learnings, &not_gc,     &cli_pause,  &cli_pitch, &cli_ballot,
    &cli_implement, &not_override,  &not_serve,  &not_sim,    &not_new,   NULL};

const struct cli_command *cli_command_find(const char *name) {
  for (size_t i = 0; cli_commands[i]; i++) {
    if (!strcmp(cli_commands[i]->name, name))
      return cli_commands[i];
  }
  return NULL;
}

static int unknown(const char *name) {
  const char *known[64];
  size_t n = 0;
  for (size_t i = 0; cli_commands[i] && n < 61; i++)
    known[n++] = cli_commands[i]->name;
  known[n++] = "--help";
  known[n++] = "--version";
  known[n] = NULL;
  const char *near = base_nearest_word(name, known);
  const char *what = name[0] == '-' ? "option" : "command";
  if (near)
    return cli_wrong("unknown %s `%s`; did you mean `%s`?", what, name, near);
  return cli_wrong("unknown %s `%s`; `sharktank --help` lists them", what, name);
}

static int call(const struct cli_command *command, int argc, char **argv) {
  struct cli_call c;
  const int parsed = cli_parse(command, argc, argv, &c);
  if (parsed == -1) {
    cli_help_command(command);
    return cli_finish(CLI_DONE);
  }
  if (parsed != CLI_DONE)
    return parsed;
  return command->run(&c);
}

int main(int argc, char **argv) {
  (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, said in words */
  if (argc < 2)
    return cli_wrong("no command; `sharktank --help` lists them");
  const char *name = argv[1];
  if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
    cli_out("sharktank %s\n", ST_VERSION);
    return cli_finish(CLI_DONE);
  }
  if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
    cli_help_all();
    return cli_finish(CLI_DONE);
  }
  const struct cli_command *command = cli_command_find(name);
  return command ? call(command, argc - 2, argv + 2) : unknown(name);
}

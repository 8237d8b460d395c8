/* Room cli: the command line. May use every room; the only place that decides exit statuses.
 *
 * A command is one descriptor in one file: its name, usage, options, help and handler. `help`, the
 * completion script's test and the man page's test all read the descriptors, so none can fall
 * behind. stdout holds results only; everything else goes to stderr.
 *
 * Exit status: 0 done, and for a verdict command the verdict is favourable; 1 any other verdict;
 * 2 the call or an input file is wrong; 3 the machinery failed.
 */
#ifndef SHARKTANK_CLI_H
#define SHARKTANK_CLI_H

#include <stddef.h>
#include <stdint.h>

#include "base/base_json.h"
#include "base/base_status.h"
#include "challenge/challenge_file.h"
#include "judge/judge.h"
#include "report/report_terminal.h"

enum cli_exit { CLI_DONE = 0, CLI_OTHER_VERDICT = 1, CLI_WRONG_CALL = 2, CLI_MACHINERY = 3 };

#define CLI_OPTIONS_MAX 12
#define CLI_ARGS_MAX    4

struct cli_option {
  const char *name;  /* "--rounds" */
  const char *value; /* "N", or NULL for a switch */
  const char *text;
  const char *not_built; /* a sentence, or NULL: the option works */
};

struct cli_call { /* one parsed call; borrows argv */
  const struct cli_command *command;
  const char *arg[CLI_ARGS_MAX];
  int n_args;
  const char *value[CLI_OPTIONS_MAX]; /* by the option's place; a switch that is given: "" */
};

struct cli_command {
  const char *name;
  const char *usage;   /* after the name: "CHALLENGE ENTRY [--json]" */
  const char *summary; /* one line */
  const char *help;    /* paragraphs */
  int min_args, max_args;
  const struct cli_option *options;     /* NULL-name-terminated; --help is everybody's */
  int (*run)(const struct cli_call *c); /* NULL: not built yet */
};

extern const struct cli_command cli_run, cli_resume, cli_status, cli_report, cli_check, cli_duel,
    cli_roofline, cli_doctor, cli_agents, cli_mcp, cli_pause, cli_pitch, cli_ballot, cli_implement,
    cli_replay, cli_verify, cli_help;
/* Every command of the contract, NULL-terminated; those without `run` are not built yet. */
extern const struct cli_command *const cli_commands[];
const struct cli_command *cli_command_find(const char *name);

/* ---- cli_args.c -------------------------------------------------------------------------- */

/* Parses argv[0..argc) (what follows the command's name). CLI_DONE: *out is filled; CLI_WRONG_CALL: one line
 * was printed; -1: --help was asked for. */
int cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_call *out);
/* The value of an option, or NULL when it was not given. The name must be one of the command's. */
const char *cli_value(const struct cli_call *c, const char *option);
int cli_given(const struct cli_call *c, const char *option);
/* Whole and real numbers in a range; a wrong one prints a line and returns ST_USAGE. Not given: *out stays.
 */
enum status cli_int(const struct cli_call *c, const char *option, int64_t min, int64_t max,
                    int64_t *out) MUST_USE;
enum status cli_seed(const struct cli_call *c, const char *option, uint64_t *out) MUST_USE;
enum status cli_seconds(const struct cli_call *c, const char *option, double *out) MUST_USE;
/* `cpu` is the only device today: ST_USAGE with a line for every other. */
enum status cli_device(const struct cli_call *c) MUST_USE;

/* ---- cli_print.c ------------------------------------------------------------------------- */

/* "sharktank: file:line: sentence" on stderr; returns the exit status that goes with it. */
int cli_error(const struct error *e);
int cli_wrong(const char *format, ...) PRINTF_LIKE(1, 2); /* the same for a wrong call: returns 2 */
/* Results. Text is cleaned: no control characters reach the terminal. */
void cli_out(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints a --json answer and drops the reference (NULL: out of memory). Returns an exit status: `status`
 * if the answer could be written. */
int cli_json(json_t *answer, int status);
/* stdout could be written to its end: `status`, else CLI_MACHINERY and a line. */
int cli_finish(int status);
/* A table on stdout: cells are added row by row and printed at the end; '>' in a head aligns right. */
struct cli_table;
struct cli_table *cli_table_create(const char *const heads[]); /* NULL without memory */
void cli_table_cell(struct cli_table *t, const char *format, ...) PRINTF_LIKE(2, 3);
void cli_table_print(struct cli_table *t); /* prints and frees; NULL allowed */
void cli_help_command(const struct cli_command *c);
void cli_help_all(void);

/* ---- cli_entry.c ------------------------------------------------------------------------- */

/* ENTRY: a C file, knobs:NAME=VALUE,... (missing knobs from `start`), or a .json, .yml, .yaml file with a
 * setting. Appends the source to out. */
enum status cli_entry_source(const struct challenge *c, const char *text, struct buffer *out,
                             struct error *e) MUST_USE;

/* ---- cli_signal.c ------------------------------------------------------------------------ */

/* Ctrl-C and SIGTERM once: cancelled becomes 1. Twice: the process ends as by default. */
void cli_catch_stop(void);
int cli_stopped(void *unused);
/* Refuses to go on without every sandbox layer if the call has --require-sandbox. CLI_DONE to go on. */
int cli_require_sandbox(const struct cli_call *c);

/* ---- cli_judge.c ------------------------------------------------------------------------- */

/* A judge with progress on stderr. Opened in this order: challenge, terminal, judge. */
struct cli_bench {
  struct challenge *challenge;
  struct judge *judge;
  struct report_terminal *terminal;
  struct judge_progress progress;
};
/* CLI_DONE, or an exit status after one line on stderr. Close in any case. */
int cli_bench_open(struct cli_bench *b, const struct cli_call *c, const char *challenge);
void cli_bench_close(struct cli_bench *b);
/* "NAME (scaled)" in out. */
const char *cli_shape(const char *name, int scaled, char out[128]);
/* 1 if the challenge declares that shape to be scaled. */
int cli_shape_scaled(const struct challenge *c, const char *name);

/* ---- cli_play.c -------------------------------------------------------------------------- */

/* Plays a season from wherever its log stands, rendering its folder after each round; the exit status. */
int cli_play(const char *dir, int64_t rounds, int json);
/* Renders a season's folder. */
enum status cli_render(const char *dir, struct error *e) MUST_USE;

#endif

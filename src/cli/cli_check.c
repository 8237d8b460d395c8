/* Room cli: the command `check`: compile, gates, correctness of one entry. */
#include <string.h>

#include "cli/cli.h"
#include "report/report_value.h"

static void print_cases(const struct challenge *ch, const json_t *check) {
  static const char *const heads[] = {"verdict", ">two calls", "inputs", "shape", NULL};
  const json_t *cases = json_arr(check, "cases");
  if (!json_array_size(cases))
    return;
  struct cli_table *t = cli_table_create(heads);
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    const char *name = json_str(one, "shape", "?");
    char shape[128], time[REPORT_TEXT_BYTES];
    report_time(report_value_from(one, "seconds", NULL), time);
    cli_table_cell(t, "%s", json_str(one, "verdict", "?"));
    cli_table_cell(t, "%s", time);
    cli_table_cell(t, "%s", json_str(one, "family", ""));
    cli_table_cell(t, "%s", cli_shape(name, json_bool(one, "scaled", cli_shape_scaled(ch, name)), shape));
  }
  cli_table_print(t);
}

static void print_sandbox(const json_t *check) {
  const json_t *layers = json_arr(check, "sandbox");
  for (size_t i = 0; i < json_array_size(layers); i++) {
    const json_t *one = json_array_get(layers, i);
    if (json_is_object(one) && !json_bool(one, "active", 1)) {
      cli_out("sandbox: %s is not active: %s\n", json_str(one, "layer", "?"),
              json_str(one, "why", "no reason given"));
    }
  }
}

static void print_human(const struct challenge *ch, const json_t *check) {
  const char *verdict = json_str(check, "verdict", "?"), *where = json_str(check, "where", NULL);
  const json_t *compile = json_obj(check, "compile");
  cli_out("%s%s%s\n", verdict, where && *where ? ": " : "", where ? where : "");
  if (json_str(compile, "command", NULL))
    cli_out("compiled by: %s\n", json_str(compile, "command", ""));
  const char *output = json_str(compile, "output", "");
  if (*output && strcmp(json_str(compile, "verdict", ""), "ok") != 0)
    cli_out("%.4000s\n", output);
  const json_t *reasons = json_arr(compile, "reasons");
  for (size_t i = 0; i < json_array_size(reasons); i++) {
    if (json_is_string(json_array_get(reasons, i)))
      cli_out("gate: %s\n", json_string_value(json_array_get(reasons, i)));
  }
  print_sandbox(check);
  print_cases(ch, check);
}

static int checked(struct cli_bench *b, const struct cli_call *c) {
  struct error e;
  struct buffer source;
  json_t *verdict = NULL;
  memset(&e, 0, sizeof e);
  buffer_init(&source);
  enum status st = cli_entry_source(b->challenge, c->arg[1], &source, &e);
  if (st == ST_OK)
    st = judge_open(b->challenge, &b->progress, &b->judge, &e);
  if (st == ST_OK)
    st = judge_check(b->judge, buffer_str(&source), source.bytes, &verdict, &e);
  buffer_fini(&source);
  report_terminal_clear(b->terminal);
  if (st != ST_OK)
    return cli_error(&e);
  const int status = strcmp(json_str(verdict, "verdict", ""), "pass") ? CLI_OTHER_VERDICT : CLI_DONE;
  if (cli_given(c, "--json"))
    return cli_json(verdict, status);
  print_human(b->challenge, verdict);
  json_decref(verdict);
  return cli_finish(status);
}

static void print_self(const json_t *self) {
  static const char *const check_heads[] = {"promise", "verdict", "what was found", NULL};
  static const char *const heads[] = {"mutant", "verdict", "by", ">time", "what it does; where it was caught",
                                      NULL};
  cli_out("%s: %s\n", json_str(self, "verdict", "?"), json_str(self, "where", ""));
  const json_t *checks = json_arr(self, "checks"), *mutants = json_arr(self, "mutants");
  struct cli_table *t = cli_table_create(check_heads);
  for (size_t i = 0; i < json_array_size(checks); i++) {
    const json_t *one = json_array_get(checks, i);
    cli_table_cell(t, "%s", json_str(one, "check", "?"));
    cli_table_cell(t, "%s", json_str(one, "verdict", "?"));
    cli_table_cell(t, "%s", json_str(one, "text", ""));
  }
  cli_table_print(t);
  if (!json_array_size(mutants))
    return;
  cli_out("\n");
  t = cli_table_create(heads);
  for (size_t i = 0; i < json_array_size(mutants); i++) {
    const json_t *one = json_array_get(mutants, i);
    char time[REPORT_TEXT_BYTES] = "";
    double seconds;
    if (json_has_num(one, "seconds", &seconds))
      report_time(report_value_from(one, "seconds", NULL), time);
    cli_table_cell(t, "%s", json_str(one, "mutant", "?"));
    cli_table_cell(t, "%s", json_str(one, "verdict", "?"));
    cli_table_cell(t, "%s", json_str(one, "by", ""));
    cli_table_cell(t, "%s", time);
    cli_table_cell(t, "%s; %.120s", json_str(one, "text", ""), json_str(one, "where", ""));
  }
  cli_table_print(t);
}

/* The challenge itself. */
static int looked_at(struct cli_bench *b, const struct cli_call *c) {
  struct error e;
  json_t *self = NULL;
  memset(&e, 0, sizeof e);
  enum status st = judge_open(b->challenge, &b->progress, &b->judge, &e);
  if (st == ST_OK)
    st = judge_self(b->judge, &self, &e);
  report_terminal_clear(b->terminal);
  if (st != ST_OK)
    return cli_error(&e);
  const int status = strcmp(json_str(self, "verdict", ""), "sound") ? CLI_OTHER_VERDICT : CLI_DONE;
  if (cli_given(c, "--json"))
    return cli_json(self, status);
  print_sandbox(self);
  print_self(self);
  json_decref(self);
  return cli_finish(status);
}

static int run(const struct cli_call *c) {
  struct cli_bench b;
  const int self = cli_given(c, "--self");
  if (self && c->n_args > 1)
    return cli_wrong("check --self takes a CHALLENGE and no ENTRY");
  if (!self && c->n_args < 2)
    return cli_wrong("check needs an ENTRY, or --self for the challenge itself; usage: sharktank check %s",
                     cli_check.usage);
  int status = cli_bench_open(&b, c, c->arg[0]);
  if (status == CLI_DONE)
    status = self ? looked_at(&b, c) : checked(&b, c);
  cli_bench_close(&b);
  return status;
}

static const struct cli_option options[] = {
    {"--device", "D", "where the entry runs: cpu (cuda and sim are not built yet)", NULL},
    {"--json", NULL, "one object, schema sharktank.check/1 (docs/json.md)", NULL},
    {"--require-sandbox", NULL, "refuse to run without every sandbox layer", NULL},
    {"--self", NULL, "is the challenge itself sound? No ENTRY then: mutants are judged", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_check = {
    "check",
    "CHALLENGE [ENTRY | --self] [--device D] [--json] [--require-sandbox]",
    "compile, gates, correctness: the verdict on one entry, or on the challenge itself",
    "Compiles the entry in the sandbox, applies the challenge's gates, and runs every test shape, hidden\n"
    "shapes near them and wider input families, twice in two processes.\n\n"
    "CHALLENGE is a name or a folder. ENTRY is a .c file, knobs:NAME=VALUE,NAME=VALUE (knobs left out keep\n"
    "their start value), or a .json or .yml file with a setting; for example knobs:ISA=avx2,DECODE=shuffle\n\n"
    "With --self it is the challenge that is judged: its problem module's promises, and entries that are wrong\n"
    "in one way each (zeros, half of K ignored, one wrong element ...). A challenge that lets one pass is\n"
    "refused. Run it before you publish a challenge, and after each change of its tolerances or shapes.\n\n"
    "Exit status: 0 pass or sound; 1 any other verdict; 2 the call or an input file is wrong; 3 the machinery\n"
    "failed.\n",
    1,
    2,
    options,
    run};

/* Room cli: the command `duel`: is B faster than A? */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "report/report_value.h"

static void print_shapes(const struct challenge *ch, const json_t *duel) {
  static const char *const plain[] = {"shape", ">A", ">B", ">speedup", NULL};
  static const char *const noted[] = {"shape", ">A", ">B", ">speedup", "note", NULL};
  const json_t *shapes = json_arr(duel, "shapes");
  int any = 0;
  for (size_t i = 0; i < json_array_size(shapes); i++)
    any |= json_bool(json_array_get(shapes, i), "shown_slower", 0);
  if (!json_array_size(shapes))
    return;
  struct cli_table *t = cli_table_create(any ? noted : plain);
  for (size_t i = 0; i < json_array_size(shapes); i++) {
    const json_t *one = json_array_get(shapes, i);
    const char *name = json_str(one, "shape", "?");
    char shape[128], a[REPORT_TEXT_BYTES], b[REPORT_TEXT_BYTES], speedup[REPORT_TEXT_BYTES];
    report_time(report_value_from(one, "a_seconds", NULL), a);
    report_time(report_value_from(one, "b_seconds", NULL), b);
    report_speedup(report_value_from(one, "speedup", "interval"), speedup);
    cli_table_cell(t, "%s", cli_shape(name, json_bool(one, "scaled", cli_shape_scaled(ch, name)), shape));
    cli_table_cell(t, "%s", a);
    cli_table_cell(t, "%s", b);
    cli_table_cell(t, "%s", speedup);
    if (any)
      cli_table_cell(t, "%s", json_bool(one, "shown_slower", 0) ? "shown slower than allowed" : "");
  }
  cli_table_print(t);
}

static void print_human(const struct challenge *ch, const json_t *duel) {
  const char *verdict = json_str(duel, "verdict", "?"), *who = json_str(duel, "who", NULL);
  const char *where = json_str(duel, "where", NULL);
  char speedup[REPORT_TEXT_BYTES], evidence[REPORT_TEXT_BYTES];
  cli_out("%s%s%s%s%s\n", verdict, who ? " of " : "", who ? who : "", where && *where ? ": " : "",
          where ? where : "");
  double pairs, wins, alpha, seconds;
  const struct report_value s = report_value_from(duel, "speedup", "interval");
  if (s.state == REPORT_NUMBER) {
    report_speedup(s, speedup);
    cli_out("speedup of B over A: %s, geometric mean over the shapes\n", speedup);
  }
  if (json_has_num(duel, "pairs", &pairs) && json_has_num(duel, "wins", &wins)) {
    report_number(report_value_from(duel, "evidence", NULL), evidence);
    cli_out("B won %.0f of %.0f pairs; evidence %s", wins, pairs, evidence);
    if (json_has_num(duel, "alpha", &alpha) && alpha > 0)
      cli_out(" (faster is said at %.4g)", 1 / alpha);
    if (json_has_num(duel, "seconds", &seconds)) {
      char took[REPORT_TEXT_BYTES];
      report_duration(seconds, took);
      cli_out("; %s", took);
    }
    cli_out("\n");
  }
  double delta;
  if (json_has_num(duel, "delta", &delta))
    cli_out("a win is more than %.4g %% (%s)\n", 100 * delta, json_str(duel, "delta_from", "given"));
  if (json_str(duel, "stop", NULL))
    cli_out("stopped because: %s\n", json_str(duel, "stop", ""));
  print_shapes(ch, duel);
}

static int raced(struct cli_bench *b, const struct cli_call *c, const struct judge_duel_options *o) {
  struct error e;
  struct buffer first, second;
  json_t *verdict = NULL;
  memset(&e, 0, sizeof e);
  buffer_init(&first);
  buffer_init(&second);
  enum status st = cli_entry_source(b->challenge, c->arg[1], &first, &e);
  if (st == ST_OK)
    st = cli_entry_source(b->challenge, c->arg[2], &second, &e);
  if (st == ST_OK)
    st = judge_open(b->challenge, &b->progress, &b->judge, &e);
  if (st == ST_OK) {
    st = judge_duel(b->judge, buffer_str(&first), first.bytes, buffer_str(&second), second.bytes, o, &verdict,
                    &e);
  }
  buffer_fini(&first);
  buffer_fini(&second);
  report_terminal_clear(b->terminal);
  if (st != ST_OK)
    return cli_error(&e);
  const int status = strcmp(json_str(verdict, "verdict", ""), "faster") ? CLI_OTHER_VERDICT : CLI_DONE;
  if (cli_given(c, "--json"))
    return cli_json(verdict, status);
  print_human(b->challenge, verdict);
  json_decref(verdict);
  return cli_finish(status);
}

/* A share, as everywhere: 0.005 is 0.5 %. */
static enum status read_delta(const struct cli_call *c, double *out) {
  const char *text = cli_value(c, "--delta");
  if (!text)
    return ST_OK;
  char *end = NULL;
  const double v = strtod(text, &end);
  if (!*text || *end || !(v >= 0 && v <= 0.5)) {
    (void)cli_wrong("--delta %s: wanted a share from 0 to 0.5 (0.005 is 0.5 %%)", text);
    return ST_USAGE;
  }
  *out = v;
  return ST_OK;
}

static int run(const struct cli_call *c) {
  struct judge_duel_options o;
  judge_duel_defaults(&o);
  o.full = cli_given(c, "--full");
  if (cli_seconds(c, "--budget", &o.budget_s) != ST_OK || read_delta(c, &o.delta) != ST_OK)
    return CLI_WRONG_CALL;
  struct cli_bench b;
  int status = cli_bench_open(&b, c, c->arg[0]);
  if (status == CLI_DONE)
    status = raced(&b, c, &o);
  cli_bench_close(&b);
  return status;
}

static const struct cli_option options[] = {
    {"--budget", "S", "seconds (default 60); pairs enough for a verdict are always run", NULL},
    {"--delta", "D", "how much faster a win is (default: this machine's calibration, else 0.005)", NULL},
    {"--full", NULL, "the task's own shapes instead of the scaled ones", NULL},
    {"--device", "D", "where the entries run: cpu (cuda and sim are not built yet)", NULL},
    {"--json", NULL, "one object, schema sharktank.duel/1 (docs/json.md)", NULL},
    {"--require-sandbox", NULL, "refuse to run without every sandbox layer", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_duel = {
    "duel",
    "CHALLENGE A B [--device D] [--budget S] [--delta D] [--full] [--json] [--require-sandbox]",
    "is B faster than A? sequential paired test, per-shape intervals",
    "Races two entries side by side in fresh processes with fresh inputs, pair after pair, until the evidence\n"
    "decides or the budget is spent. Every output of every call is checked.\n\n"
    "CHALLENGE is a name or a folder. A and B are each a .c file, knobs:NAME=VALUE,NAME=VALUE (knobs left\n"
    "out keep their start value), or a .json or .yml file with a setting; for example\n    knobs:ISA=avx2,DECODE=shuffle\n\n"
    "Exit status: 0 B is faster; 1 any other verdict, unresolved included; 2 the call or an input file is\n"
    "wrong; 3 the machinery failed.\n",
    3,
    3,
    options,
    run};

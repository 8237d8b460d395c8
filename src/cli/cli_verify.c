/* Room cli: the command `verify`: the hash chain and the blobs. Reads only. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/report_terminal.h"
#include "store/store_verify.h"

static long long count(const json_t *object, const char *key) {
  return (long long)json_int(object, key, 0);
}

static void print_names(const json_t *report, const char *list, const char *number, const char *words) {
  const json_t *names = json_arr(report, list), *one;
  size_t i;
  long long n = count(report, number);
  if (n == 0)
    return;
  cli_out("%lld %s, which is no damage:\n", n, words);
  json_array_foreach((json_t *)(uintptr_t)names, i, one) {
    cli_out("  %s\n", json_string_value(one));
  }
  if ((long long)json_array_size(names) < n)
    cli_out("  and %lld more\n", n - (long long)json_array_size(names));
}

static void print_damage(const json_t *report) {
  const json_t *list = json_arr(report, "damage"), *d;
  const char *said = "";
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i, d) {
    const char *advice = json_str(d, "advice", "");
    cli_out("%s\n", json_str(d, "text", "?"));
    if (strcmp(advice, said) != 0) /* the same thing is not advised line after line */
      cli_out("  %s\n", advice);
    said = advice;
  }
  long long more = count(report, "n_damage") - (long long)json_array_size(list);
  if (more > 0)
    cli_out("and %lld more\n", more);
}

static void print_report(const json_t *report) {
  const json_t *head = json_obj(report, "head");
  cli_out("%lld events, schema %lld, %lld blobs of %lld bytes together\n", count(report, "events"),
          count(report, "schema_version"), count(report, "blobs"), count(report, "blob_bytes"));
  if (json_str(head, "hash", NULL) != NULL)
    cli_out("the last event is %lld, its hash %s\n", count(head, "seq"), json_str(head, "hash", ""));
  print_names(report, "unreferenced", "n_unreferenced", "blobs that nothing refers to");
  print_names(report, "strays", "n_strays", "files among the blobs that are none");
  print_damage(report);
  if (strcmp(json_str(report, "verdict", ""), "whole") == 0)
    cli_out("whole: the chain holds, and every blob is what its name says\n");
  else
    cli_out("damaged: %lld places\n", count(report, "n_damage"));
}

static void on_progress(void *context, const char *what, double done) {
  if (context != NULL)
    report_terminal_progress(context, what, 0, 0, done, NAN, NULL);
}

static int run(const struct cli_call *c) {
  struct report_terminal *terminal = report_terminal_open(STDERR_FILENO);
  const struct store_verify_watch watch = {
      .context = terminal, .progress = on_progress, .cancelled = cli_stopped};
  json_t *report = NULL;
  struct error e;
  memset(&e, 0, sizeof e);
  cli_catch_stop();
  enum status st = store_verify(c->arg[0], &watch, &report, &e);
  report_terminal_close(terminal);
  if (st != ST_OK)
    return cli_error(&e);
  int status = strcmp(json_str(report, "verdict", ""), "whole") == 0 ? CLI_DONE : CLI_OTHER_VERDICT;
  if (cli_given(c, "--json"))
    return cli_json(report, status);
  print_report(report);
  json_decref(report);
  return cli_finish(status);
}

static const struct cli_option options[] = {
    {"--json", NULL, "one object, schema sharktank.verify/1 (docs/json.md)", NULL}, {NULL, NULL, NULL, NULL}};

const struct cli_command cli_verify = {
    "verify",
    "DIR [--json]",
    "checks the hash chain and the blobs",
    "Checks that the season is what was written: every event's hash and the chain they make, the pages of\n"
    "season.db, the content of every blob, blobs that are missing. Blobs that nothing refers to are named and\n"
    "are no damage: an engine that was killed leaves such. Reads only; works on a read-only folder and beside a\n"
    "running engine. Events that are missing from the end do not show in a chain: compare the last event's hash\n"
    "with one that was noted earlier. Whether the decisions are right is asked with `sharktank replay`.\n\n"
    "Exit status: 0 whole; 1 damaged, each place with what to do; 2 DIR holds no season, or one of another\n"
    "schema; 3 it cannot be read.\n",
    1,
    1,
    options,
    run};

/* Room cli: the command `replay`: every decision of a season derived again from its log, and compared. Reads
 * only, asks nobody. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "season/season_replay.h"

static long long count(const json_t *object, const char *key) {
  return (long long)json_int(object, key, 0);
}

static void print_value(const char *name, const json_t *value) {
  char *text = value != NULL ? json_canonical(value) : NULL;
  cli_out("  %-6s %s\n", name, text != NULL ? text : "nothing");
  free(text);
}

static void print_difference(const json_t *d) {
  const char *id = json_str(d, "id", ""), *pointer = json_str(d, "pointer", "");
  cli_out("event %lld, %s%s%s: %s\n", count(d, "seq"), json_str(d, "kind", "?"), id[0] != '\0' ? " " : "", id,
          json_str(d, "what", "?"));
  cli_out("  %-6s %s\n", "at", pointer[0] != '\0' ? pointer : "the whole event");
  print_value("there", json_object_get(d, "there"));
  print_value("would", json_object_get(d, "would"));
  if (json_str(d, "text", NULL) != NULL)
    cli_out("  %s\n", json_str(d, "text", ""));
}

/* The first of all, and the first of every other sort. */
static void print_differences(const json_t *report) {
  const char *seen[16];
  size_t n = 0, i;
  json_t *d;
  json_array_foreach((json_t *)(uintptr_t)json_arr(report, "differences"), i, d) {
    const char *what = json_str(d, "what", "?");
    size_t k = 0;
    while (k < n && strcmp(seen[k], what) != 0)
      k++;
    if (k < n || n == sizeof seen / sizeof *seen)
      continue;
    seen[n++] = what;
    print_difference(d);
  }
}

static void print_report(const json_t *report) {
  const json_t *derived = json_obj(report, "derived"), *one;
  size_t i;
  cli_out("%lld events, played by sharktank %s, replayed by %s\n", count(report, "events"),
          json_str(report, "engine", "?"), json_str(report, "replayed_by", "?"));
  cli_out("derived again: %lld decisions, %lld contexts, %lld acts, %lld answers, %lld prompts; taken from "
          "the log: %lld\n",
          count(derived, "decision"), count(derived, "context"), count(derived, "act"),
          count(derived, "answer"), count(derived, "prompt"), count(report, "taken"));
  print_differences(report);
  json_array_foreach((json_t *)(uintptr_t)json_arr(report, "missing"), i, one) {
    cli_out("event %lld: %s\n", count(one, "seq"), json_str(one, "text", "?"));
  }
  const char *verdict = json_str(report, "verdict", "?");
  if (strcmp(verdict, "same") == 0)
    cli_out("same: everything that follows from the log stands in it\n");
  else if (strcmp(verdict, "incomplete") == 0)
    cli_out("incomplete: no difference, but %lld events could not be derived for want of blobs; `sharktank "
            "verify` says more\n",
            count(report, "unchecked"));
  else
    cli_out("different: %lld differences, %lld of them in decisions\n", count(report, "n_differences"),
            count(json_obj(report, "by_what"), "decision"));
}

static int run(const struct cli_call *c) {
  json_t *report = NULL;
  struct error e;
  memset(&e, 0, sizeof e);
  if (season_replay(c->arg[0], NULL, &report, &e) != ST_OK)
    return cli_error(&e);
  int status = strcmp(json_str(report, "verdict", ""), "same") == 0 ? CLI_DONE : CLI_OTHER_VERDICT;
  if (cli_given(c, "--json"))
    return cli_json(report, status);
  print_report(report);
  json_decref(report);
  return cli_finish(status);
}

static const struct cli_option options[] = {
    {"--json", NULL, "one object, schema sharktank.replay/1 (docs/json.md)", NULL}, {NULL, NULL, NULL, NULL}};

const struct cli_command cli_replay = {
    "replay",
    "DIR [--json]",
    "re-derives every decision from the log, offline, and compares",
    "Walks the season's log, and at every event lets the engine's own code say what it would append there:\n"
    "rounds, frozen contexts, gates, tallies, outcomes, learnings, every act with its arguments, the answers of\n"
    "built-in agents, the prompts of the others and what their transcripts are read as. What the outside world\n"
    "said is taken from the log: verdicts of the judge, times, pauses, budgets that were changed. Nothing is\n"
    "asked, compiled, measured or written; the challenge is not needed. A season under way can be replayed.\n\n"
    "Exit status: 0 the same; 1 a difference, told with its event, place, and both values, or blobs that are\n"
    "needed are missing; 2 DIR holds no season; 3 the log is damaged (`sharktank verify`) or cannot be read.\n",
    1,
    1,
    options,
    run};

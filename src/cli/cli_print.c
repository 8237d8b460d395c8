/* Room cli: what goes to stdout and stderr. Results on stdout, everything else on stderr, all text
 * cleaned of control characters: entries, agents and compilers write some of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "report/report_escape.h"

static void line_to_stderr(const char *text) {
  struct buffer b;
  buffer_init(&b);
  report_escape_plain(&b, text, REPORT_ONE_LINE);
  (void)fprintf(stderr, "sharktank: %s\n", buffer_str(&b));
  buffer_fini(&b);
}

int cli_error(const struct error *e) {
  char text[1200];
  error_format(e, text, sizeof text);
  line_to_stderr(text);
  const int status = status_exit(e->status);
  return status ? status : CLI_MACHINERY; /* an error without a status is a mistake of ours */
}

int cli_wrong(const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  line_to_stderr(text);
  return CLI_WRONG_CALL;
}

void cli_out(const char *format, ...) {
  char *text = NULL;
  va_list args;
  va_start(args, format);
  const int n = vasprintf(&text, format, args);
  va_end(args);
  if (n < 0)
    return;
  struct buffer b;
  buffer_init(&b);
  report_escape_plain(&b, text, REPORT_KEEP_LINES);
  (void)fputs(buffer_str(&b), stdout);
  buffer_fini(&b);
  free(text);
}

int cli_finish(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout))
    return status;
  (void)fprintf(stderr, "sharktank: standard output could not be written: %s\n", strerror(errno));
  return CLI_MACHINERY;
}

int cli_json(json_t *answer, int status) {
  char *text = answer ? json_pretty(answer) : NULL;
  json_decref(answer);
  if (!text) {
    (void)fprintf(stderr, "sharktank: out of memory while writing the answer\n");
    return CLI_MACHINERY;
  }
  (void)fputs(text, stdout);
  free(text);
  return cli_finish(status);
}

/* ---- tables ------------------------------------------------------------------------------ */

struct cli_table {
  const char *const *heads;
  size_t columns, cells, capacity;
  char **cell; /* owned texts, row by row */
};

struct cli_table *cli_table_create(const char *const heads[]) {
  struct cli_table *t = calloc(1, sizeof *t);
  if (!t)
    return NULL;
  t->heads = heads;
  while (heads[t->columns])
    t->columns++;
  return t;
}

void cli_table_cell(struct cli_table *t, const char *format, ...) {
  if (!t)
    return;
  if (t->cells == t->capacity) {
    const size_t more = t->capacity ? 2 * t->capacity : 64;
    char **grown = realloc(t->cell, more * sizeof *grown);
    if (!grown)
      return;
    t->cell = grown;
    t->capacity = more;
  }
  char *raw = NULL;
  va_list args;
  va_start(args, format);
  const int n = vasprintf(&raw, format, args);
  va_end(args);
  struct buffer b;
  buffer_init(&b);
  if (n >= 0)
    report_escape_plain(&b, raw, REPORT_ONE_LINE);
  if (n >= 0)
    free(raw);
  t->cell[t->cells++] = buffer_take(&b);
  buffer_fini(&b);
}

static size_t columns_of(const char *text) {
  size_t n = 0;
  while (report_next_char(&text))
    n++;
  return n;
}

static const char *cell_at(const struct cli_table *t, size_t i) {
  return i < t->cells && t->cell[i] ? t->cell[i] : "";
}

static void print_cell(const char *text, size_t width, int right, int last) {
  const size_t used = columns_of(text), pad = used < width ? width - used : 0;
  if (right)
    (void)printf("%*s%s", (int)pad, "", text);
  else
    (void)printf("%s%*s", text, last ? 0 : (int)pad, "");
  (void)fputs(last ? "\n" : "  ", stdout);
}

void cli_table_print(struct cli_table *t) {
  if (!t)
    return;
  for (size_t row = 0; row * t->columns < t->cells + t->columns; row++) { /* row 0 is the head */
    for (size_t c = 0; c < t->columns; c++) {
      const int right = t->heads[c][0] == '>';
      const char *head = t->heads[c] + right;
      size_t width = columns_of(head);
      for (size_t i = c; i < t->cells; i += t->columns) {
        const size_t w = columns_of(cell_at(t, i));
        if (w > width)
          width = w;
      }
      const char *text = row ? cell_at(t, (row - 1) * t->columns + c) : head;
      print_cell(text, width, right, c + 1 == t->columns);
    }
  }
  for (size_t i = 0; i < t->cells; i++)
    free(t->cell[i]);
  free(t->cell);
  free(t);
}

/* ---- help -------------------------------------------------------------------------------- */

void cli_help_command(const struct cli_command *c) {
  (void)printf("sharktank %s%s%s\n\n%s.%s\n\n%s", c->name, *c->usage ? " " : "", c->usage, c->summary,
               c->run ? "" : " Not built yet.", c->help);
  (void)printf("\nOptions:\n");
  for (size_t i = 0; c->options && c->options[i].name; i++) {
    const struct cli_option *o = &c->options[i];
    char left[64];
    (void)snprintf(left, sizeof left, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    (void)printf("  %-22s %s%s\n", left, o->text, o->not_built ? " (not built yet)" : "");
  }
  (void)printf("  %-22s %s\n", "--help", "this text");
}

void cli_help_all(void) {
  (void)printf(
      "sharktank COMMAND [ARGS] [--json]\n\n"
      "Seasons in which agents pitch optimisations of a compute kernel, sharks vote before anything is\n"
      "built, and a judge that trusts nobody measures the winner.\n\nCommands:\n");
  for (size_t i = 0; cli_commands[i]; i++) {
    if (cli_commands[i]->run)
      (void)printf("  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
  }
  (void)printf("\nNot built yet:\n");
  for (size_t i = 0; cli_commands[i]; i++) {
    if (!cli_commands[i]->run)
      (void)printf("  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
  }
  (void)printf(
      "\n`sharktank COMMAND --help` tells more; `sharktank --version` names the version.\n"
      "Results go to stdout, everything else to stderr. Exit status: 0 done and the verdict favourable,\n"
      "1 any other verdict, 2 the call or an input file is wrong, 3 the machinery failed.\n");
}

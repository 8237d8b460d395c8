/* Room cli: the command `report`: renders a season. */
#include <stdio.h>
#include <string.h>

#include "base/base_file.h"
#include "cli/cli.h"
#include "report/report.h"
#include "store/store.h"

typedef enum status (*page_maker)(const struct report_source *src, struct buffer *out, struct error *e);

/* One page to a file, or to stdout for "-". */
static enum status write_one(const struct report_source *src, page_maker make, const char *path,
                             struct error *e) {
  struct buffer page;
  buffer_init(&page);
  enum status st = make(src, &page, e);
  if (st == ST_OK && !strcmp(path, "-")) {
    if (fwrite(buffer_str(&page), 1, page.bytes, stdout) != page.bytes)
      st = error_set(e, ST_IO, "standard output could not be written");
  } else if (st == ST_OK) {
    st = file_write_atomic(path, buffer_str(&page), page.bytes, e);
    if (st == ST_OK)
      cli_out("%s\n", path);
  }
  buffer_fini(&page);
  return st;
}

static enum status write_folder(const char *dir, const struct report_source *src, struct error *e) {
  char path[4096];
  if (file_join(path, sizeof path, dir, "index.html"))
    return error_set(e, ST_RANGE, "the path of the season is too long");
  const enum status st = report_folder_write(dir, src, e);
  if (st == ST_OK)
    cli_out("%s\n", path);
  return st;
}

static int run(const struct cli_call *c) {
  struct store *store = NULL;
  struct event_log log;
  struct record_state state;
  struct error e;
  const char *html = cli_value(c, "--html"), *markdown = cli_value(c, "--markdown");
  memset(&e, 0, sizeof e);
  if (html && markdown && !strcmp(html, "-") && !strcmp(markdown, "-")) {
    return cli_wrong("only one of --html and --markdown can go to standard output");
  }
  if (store_open(c->arg[0], STORE_READ, &store, &e) != ST_OK)
    return cli_error(&e);
  event_log_init(&log);
  enum status st = store_load(store, &log, &e);
  if (st == ST_OK)
    st = record_fold(&log, &state, &e);
  if (st == ST_OK) {
    const struct report_source src = {&state, store};
    if (!html && !markdown)
      st = write_folder(c->arg[0], &src, &e);
    if (html)
      st = write_one(&src, report_html, html, &e);
    if (markdown && st == ST_OK)
      st = write_one(&src, report_markdown, markdown, &e);
    record_state_fini(&state);
  }
  event_log_fini(&log);
  store_close(store);
  return st == ST_OK ? cli_finish(CLI_DONE) : cli_error(&e);
}

static const struct cli_option options[] = {
    {"--html", "OUT", "only the page, into this file (- for stdout)", NULL},
    {"--markdown", "OUT", "only the season's README.md, into this file (- for stdout)", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_report = {
    "report",
    "DIR [--html OUT] [--markdown OUT]",
    "renders a season",
    "Renders the season's folder from its log and blobs: README.md, index.html, task.md, pitches/, rounds/,\n"
    "SHARK_TANK_LEARNINGS.md, best/entry.c. The same log gives the same bytes. With --html or --markdown only\n"
    "that page is written, wherever it is wanted, and DIR may be read-only. Prints the page to open first.\n\n"
    "Exit status: 0 done; 2 DIR holds no season; 3 the log is damaged or a page could not be written.\n",
    1,
    1,
    options,
    run};

/* Room cli: the command `status`: where a season stands. Reads only. */
#include <string.h>

#include "cli/cli.h"
#include "report/report.h"
#include "store/store.h"

static int tell(const struct cli_call *c, const struct report_source *src) {
  if (cli_given(c, "--json")) {
    json_t *o = report_summary_json(src);
    if (o) {
      json_put_str(o, "schema", "sharktank.status/1");
      json_put_str(o, "dir", c->arg[0]);
    }
    return cli_json(o, CLI_DONE);
  }
  struct buffer text;
  struct error e;
  memset(&e, 0, sizeof e);
  buffer_init(&text);
  const enum status st = report_summary(src, NULL, &text, &e);
  cli_out("%s", buffer_str(&text));
  buffer_fini(&text);
  return st == ST_OK ? cli_finish(CLI_DONE) : cli_error(&e);
}

static int run(const struct cli_call *c) {
  struct store *store = NULL;
  struct event_log log;
  struct record_state state;
  struct error e;
  int status;
  memset(&e, 0, sizeof e);
  if (store_open(c->arg[0], STORE_READ, &store, &e) != ST_OK)
    return cli_error(&e);
  event_log_init(&log);
  enum status st = store_load(store, &log, &e);
  if (st == ST_OK)
    st = record_fold(&log, &state, &e);
  if (st == ST_OK) {
    const struct report_source src = {&state, store};
    status = tell(c, &src);
    record_state_fini(&state);
  } else {
    status = cli_error(&e);
  }
  event_log_fini(&log);
  store_close(store);
  return status;
}

static const struct cli_option options[] = {
    {"--json", NULL, "one object, schema sharktank.status/1 (docs/json.md)", NULL}, {NULL, NULL, NULL, NULL}};

const struct cli_command cli_status = {
    "status",
    "DIR [--json]",
    "where a season stands",
    "Reads the log, also beside a running engine, and says how far the season is, how much faster the best\n"
    "entry is, and how far from the machine's limit.\n\n"
    "Exit status: 0 done; 2 DIR holds no season; 3 the log is damaged or cannot be read.\n",
    1,
    1,
    options,
    run};

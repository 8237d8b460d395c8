/* Room cli: playing a season with a live line, and rendering its folder; `run` and `resume` share it.
 * A page that cannot be written never stops a season: the log is the season. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_file.h"
#include "base/base_log.h"
#include "cli/cli.h"
#include "report/report.h"
#include "season/season.h"
#include "season/season_inbox.h"
#include "store/store.h"

struct play {
  const char *dir;
  struct report_terminal *terminal;
  int64_t rounds;
  int render_warned;
};

static enum status render_state(const char *dir, const struct record_state *state, struct error *e) {
  struct store *store = NULL;
  enum status st = store_open(dir, STORE_READ, &store, e);
  if (st != ST_OK)
    return st;
  const struct report_source src = {state, store};
  st = report_folder_write(dir, &src, e);
  store_close(store);
  return st;
}

enum status cli_render(const char *dir, struct error *e) {
  struct store *store = NULL;
  struct event_log log;
  struct record_state state;
  enum status st = store_open(dir, STORE_READ, &store, e);
  if (st != ST_OK)
    return st;
  event_log_init(&log);
  st = store_load(store, &log, e);
  if (st == ST_OK)
    st = record_fold(&log, &state, e);
  if (st == ST_OK) {
    const struct report_source src = {&state, store};
    st = report_folder_write(dir, &src, e);
    record_state_fini(&state);
  }
  event_log_fini(&log);
  store_close(store);
  return st;
}

/* A round is over when the next one starts or the season stops; then its pages are complete. */
static int ends_a_round(const char *kind) {
  return !strcmp(kind, "outcome") || !strcmp(kind, "round_started") || !strcmp(kind, "season_paused");
}

/* A question to a person: the line that says where it lies stays on the screen. */
static void tell_person(const struct play *p, const struct event *ev, const struct record_state *state) {
  struct buffer line;
  buffer_init(&line);
  if (season_inbox_line(state, ev, p->dir, &line))
    report_terminal_line(p->terminal, "%s", buffer_str(&line));
  buffer_fini(&line);
}

static void on_event(void *context, const struct event *ev, const struct record_state *state) {
  struct play *p = context;
  struct error e;
  memset(&e, 0, sizeof e);
  p->rounds = json_int(state->started, "rounds", p->rounds);
  report_terminal_event(p->terminal, ev, state);
  tell_person(p, ev, state);
  if (!ends_a_round(ev->kind) || render_state(p->dir, state, &e) == ST_OK || p->render_warned)
    return;
  p->render_warned = 1;
  log_line(LOG_WARN, "the season's pages could not be written (the season goes on): %s", e.text);
}

static void on_progress(void *context, const char *phase, int64_t round, double done, double expected_s,
                        const char *text) {
  const struct play *p = context;
  report_terminal_progress(p->terminal, phase, round, p->rounds, done, expected_s, text);
}

/* What a finished or paused run says. The summary is the result: stdout. */
static int tell_result(const struct play *p, int json, int paused) {
  struct store *store = NULL;
  struct event_log log;
  struct record_state state;
  struct error e;
  char page[4096];
  int status = CLI_DONE;
  memset(&e, 0, sizeof e);
  if (file_join(page, sizeof page, p->dir, "index.html"))
    return cli_wrong("the path of the season is too long");
  enum status st = store_open(p->dir, STORE_READ, &store, &e);
  if (st != ST_OK)
    return cli_error(&e);
  event_log_init(&log);
  st = store_load(store, &log, &e);
  if (st == ST_OK)
    st = record_fold(&log, &state, &e);
  if (st == ST_OK) {
    const struct report_source src = {&state, store};
    if (json) {
      json_t *o = report_summary_json(&src);
      if (o) {
        json_put_str(o, "schema", "sharktank.run/1");
        json_put_str(o, "dir", p->dir);
        json_put_str(o, "report", page);
      }
      status = cli_json(o, CLI_DONE);
    } else {
      struct buffer text;
      buffer_init(&text);
      st = report_summary(&src, page, &text, &e);
      cli_out("%s", buffer_str(&text));
      buffer_fini(&text);
    }
    record_state_fini(&state);
  }
  event_log_fini(&log);
  store_close(store);
  if (st != ST_OK)
    return cli_error(&e);
  if (paused)
    (void)fprintf(stderr, "paused; `sharktank resume %s` goes on\n", p->dir);
  else if (!json)
    (void)fprintf(stderr, "open %s\n", page);
  return cli_finish(status);
}

int cli_play(const char *dir, int64_t rounds, int json) {
  struct error e, render_error;
  memset(&e, 0, sizeof e);
  memset(&render_error, 0, sizeof render_error);
  struct play p = {dir, report_terminal_open(STDERR_FILENO), rounds, 0};
  const struct season_watch watch = {&p, on_event, on_progress, cli_stopped};
  cli_catch_stop();
  const enum status played = season_play(dir, &watch, &e);
  const enum status rendered = cli_render(dir, &render_error);
  report_terminal_close(p.terminal);
  if (played != ST_OK && played != ST_INTERRUPTED)
    return cli_error(&e);
  const int told = tell_result(&p, json, played == ST_INTERRUPTED);
  if (rendered != ST_OK)
    return cli_error(&render_error);
  return told != CLI_DONE ? told : status_exit(played);
}

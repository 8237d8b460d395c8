/* Room report: progress for a person who watches. Writes to its one file descriptor and nothing else. */
#include "report/report_terminal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_log.h"
#include "report/report_escape.h"
#include "report/report_value.h"
#include "report/report_view.h"

#define REDRAW_NS 80000000      /* a live line is drawn at most 12 times a second */
#define PLAIN_NS  15000000000LL /* a file hears of a long phase every 15 s */
#define BAR_CELLS 16

struct report_terminal {
  int fd, live, colour;
  int shown; /* a live line stands on the screen */
  char phase[32];
  int64_t round, phase_began_ns, last_ns;
};

static struct report_terminal *hooked; /* the one whose line a log line must clear */

static void put(int fd, const char *text, size_t bytes) {
  while (bytes) {
    const ssize_t n = write(fd, text, bytes);
    if (n <= 0)
      return; /* a closed terminal must not stop a season */
    text += n;
    bytes -= (size_t)n;
  }
}

static int set_and_not_empty(const char *name) {
  const char *v = getenv(name);
  return v && *v;
}

void report_terminal_clear(struct report_terminal *t) {
  if (!t || !t->shown)
    return;
  put(t->fd, "\r\033[K", 4);
  t->shown = 0;
}

static void clear_hooked(void) {
  report_terminal_clear(hooked);
}

struct report_terminal *report_terminal_open(int fd) {
  struct report_terminal *t = calloc(1, sizeof *t);
  if (!t)
    return NULL;
  const char *term = getenv("TERM");
  t->fd = fd;
  t->live = isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
  t->colour = t->live && !set_and_not_empty("NO_COLOR");
  hooked = t;
  log_set_hook(clear_hooked);
  return t;
}

void report_terminal_close(struct report_terminal *t) {
  if (!t)
    return;
  report_terminal_clear(t);
  if (hooked == t) {
    log_set_hook(NULL);
    hooked = NULL;
  }
  free(t);
}

static int width_of(int fd) {
  struct winsize w;
  if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
    return w.ws_col;
  const char *columns = getenv("COLUMNS");
  const long n = columns ? strtol(columns, NULL, 10) : 0;
  return n > 0 && n < 10000 ? (int)n : 80;
}

/* Appends at most *room columns of text; every code point counts as one. */
static void add(struct buffer *out, int *room, const char *text) {
  for (unsigned c; *room > 0 && (c = report_next_char(&text)) != 0; --*room) {
    report_put_char(out, c == '\n' || c == '\t' ? ' ' : c);
  }
}

static void add_colour(struct buffer *out, int colour, const char *code) {
  if (colour)
    buffer_printf(out, "\033[%sm", code);
}

static void add_bar(struct buffer *out, int *room, int colour, double done) {
  if (!(done >= 0))
    return;
  if (done > 1)
    done = 1;
  if (*room < BAR_CELLS + 24) { /* a narrow terminal: the number is worth more than the bar */
    char only[16];
    (void)snprintf(only, sizeof only, " %.0f %%", 100 * done);
    add(out, room, only);
    return;
  }
  const int full = (int)(done * BAR_CELLS + 0.5);
  char percent[16];
  (void)snprintf(percent, sizeof percent, " %3.0f %%", 100 * done);
  add(out, room, " ");
  add_colour(out, colour, "36");
  for (int i = 0; i < BAR_CELLS; i++)
    add(out, room, i < full ? "█" : "░");
  add_colour(out, colour, "0");
  add(out, room, percent);
}

void report_terminal_format(const struct report_moment *m, int width, int colour, struct buffer *out) {
  int room = width > 1 ? width - 1 : 0; /* the last column would wrap on some terminals */
  char part[256], elapsed[REPORT_TEXT_BYTES], expected[REPORT_TEXT_BYTES];
  if (m->round > 0) {
    if (m->rounds > 0)
      (void)snprintf(part, sizeof part, "round %lld/%lld ", (long long)m->round, (long long)m->rounds);
    else
      (void)snprintf(part, sizeof part, "round %lld ", (long long)m->round);
    add(out, &room, part);
  }
  add_colour(out, colour, "1");
  add(out, &room, m->phase);
  add_colour(out, colour, "0");
  if (isfinite(m->done))
    add_bar(out, &room, colour, m->done);
  if (isfinite(m->elapsed_s)) {
    report_duration(m->elapsed_s, elapsed);
    if (isfinite(m->expected_s) && m->expected_s > 0) {
      report_duration(m->expected_s, expected);
      (void)snprintf(part, sizeof part, " %s of about %s", elapsed, expected);
    } else {
      (void)snprintf(part, sizeof part, " %s", elapsed);
    }
    add(out, &room, part);
  } else if (isfinite(m->expected_s) && m->expected_s > 0) {
    report_duration(m->expected_s, expected);
    (void)snprintf(part, sizeof part, ", about %s", expected);
    add(out, &room, part);
  }
  if (m->text && *m->text) {
    add(out, &room, " · ");
    add(out, &room, m->text);
  }
}

void report_terminal_progress(struct report_terminal *t, const char *phase, int64_t round, int64_t rounds,
                              double done, double expected_s, const char *text) {
  if (!t)
    return;
  const int64_t now = clock_mono_ns();
  const int changed = strncmp(t->phase, phase, sizeof t->phase - 1) != 0 || t->round != round;
  if (changed) {
    (void)snprintf(t->phase, sizeof t->phase, "%s", phase);
    t->round = round;
    t->phase_began_ns = now;
  }
  if (!changed && now - t->last_ns < (t->live ? REDRAW_NS : PLAIN_NS))
    return;
  t->last_ns = now;
  const double elapsed_s = (double)(now - t->phase_began_ns) / 1e9;
  const int begins = changed && !t->live; /* a file hears what begins, and later how far it is */
  const struct report_moment m = {
      phase, text, round, rounds, begins ? NAN : done, begins ? NAN : elapsed_s, expected_s};
  struct buffer line;
  buffer_init(&line);
  if (t->live)
    buffer_text(&line, "\r");
  report_terminal_format(&m, t->live ? width_of(t->fd) : 200, t->colour, &line);
  buffer_text(&line, t->live ? "\033[K" : "\n");
  put(t->fd, buffer_str(&line), line.bytes);
  t->shown = t->live;
  buffer_fini(&line);
}

void report_terminal_line(struct report_terminal *t, const char *format, ...) {
  if (!t)
    return;
  char text[1024];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  report_terminal_clear(t);
  struct buffer line;
  buffer_init(&line);
  report_escape_plain(&line, text, REPORT_ONE_LINE);
  buffer_text(&line, "\n");
  put(t->fd, buffer_str(&line), line.bytes);
  buffer_fini(&line);
}

static void event_outcome(struct report_terminal *t, const json_t *o) {
  char speedup[REPORT_TEXT_BYTES];
  const char *what = json_str(o, "outcome", "?");
  const char *kind = json_str(o, "kind", "");
  if (report_kind_repeats(kind))
    kind = "";
  report_speedup(report_value_from(o, "speedup", "interval"), speedup);
  report_terminal_line(t, "round %lld  %s%s%s  %s  \"%s\" of %s", (long long)json_int(o, "round", 0), what,
                       *kind ? ", " : "", kind, speedup, json_str(o, "title", ""), json_str(o, "who", "?"));
}

void report_terminal_event(struct report_terminal *t, const struct event *ev,
                           const struct record_state *state) {
  if (!t)
    return;
  const json_t *d = ev->data;
  (void)state;
  if (!strcmp(ev->kind, "round_started")) {
    const char *kind = json_str(d, "kind", "optimisation");
    if (strcmp(kind, "optimisation")) {
      report_terminal_line(t, "round %lld  %s round: %s", (long long)json_int(d, "round", 0), kind,
                           json_str(d, "why", ""));
    }
  } else if (!strcmp(ev->kind, "outcome")) {
    event_outcome(t, d);
  } else if (!strcmp(ev->kind, "incumbent_changed")) {
    char total[REPORT_TEXT_BYTES];
    report_speedup(report_value_from(d, "total_speedup", NULL), total);
    report_terminal_line(t, "round %lld  new incumbent, %s since the start",
                         (long long)json_int(d, "round", 0), total);
  } else if (!strcmp(ev->kind, "learning")) {
    report_terminal_line(t, "lesson %s  %s", json_str(d, "id", "?"), json_str(d, "claim", ""));
  } else if (!strcmp(ev->kind, "ended") && json_object_get(d, "agent") &&
             (!strcmp(json_str(d, "status", ""), "failed") || !strcmp(json_str(d, "status", ""), "late"))) {
    /* an agent that does not answer is no reason to stop, and every reason to say so: a key may be missing */
    report_terminal_line(t, "%s  %s", json_str(d, "id", "?"), json_str(d, "error", "failed"));
  } else if (!strcmp(ev->kind, "budget_spent")) {
    report_terminal_line(t, "%s", json_str(d, "text", "a budget is spent"));
  } else if (!strcmp(ev->kind, "season_paused")) {
    report_terminal_line(t, "paused: %s", json_str(d, "why", "no reason given"));
  } else if (!strcmp(ev->kind, "season_ended")) {
    report_terminal_line(t, "season ended: %s", report_reason_text(d));
  }
}

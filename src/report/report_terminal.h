/* Room report: progress for a person who watches. A live line on a terminal; plain lines elsewhere.
 *
 * Writes to one file descriptor only (stderr in the command line: stdout holds results). The live
 * line is used when the descriptor is a terminal and TERM is not "dumb"; colour only there and only
 * without NO_COLOR (no-color.org: set and not empty). A line of base/base_log.h clears the live line
 * first, through a hook that the terminal sets while it lives: one terminal per process at a time.
 *
 * Thread safety: one thread per terminal; log lines of other threads only clear.
 */
#ifndef SHARKTANK_REPORT_TERMINAL_H
#define SHARKTANK_REPORT_TERMINAL_H

#include <stdint.h>

#include "base/base_buffer.h"
#include "record/record_fold.h"

struct report_terminal;

/* One moment of progress. Texts are hostile and are cleaned here. */
struct report_moment {
  const char *phase, *text;     /* text may be NULL */
  int64_t round, rounds;        /* 0: none */
  double done;                  /* share in [0,1], or NaN */
  double elapsed_s, expected_s; /* of this phase; NaN: not known */
};

/* Returns owned, NULL without memory. */
struct report_terminal *report_terminal_open(int fd);
/* Clears the live line and frees; NULL allowed. */
void report_terminal_close(struct report_terminal *t);
void report_terminal_progress(struct report_terminal *t, const char *phase, int64_t round, int64_t rounds,
                              double done, double expected_s, const char *text);
/* A line that stays, above the live one. */
void report_terminal_line(struct report_terminal *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* Writes the line that an event deserves, if any. */
void report_terminal_event(struct report_terminal *t, const struct event *ev,
                           const struct record_state *state);
void report_terminal_clear(struct report_terminal *t);

/* The live line as text, cut to `width` columns; pure. */
void report_terminal_format(const struct report_moment *m, int width, int colour, struct buffer *out);

#endif

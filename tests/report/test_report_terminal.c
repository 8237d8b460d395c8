/* Progress: a live line on a terminal that clears itself, plain lines in a file, widths, NO_COLOR, and
 * texts that try to steer the terminal. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_log.h"
#include "report/report_escape.h"
#include "report/report_terminal.h"

static size_t columns(const char *text) {
  size_t n = 0;
  while (report_next_char(&text))
    n++;
  return n;
}

static void test_width(void **state) {
  (void)state;
  const struct report_moment m = {
      "duel", "pair 7: 6 wins, ratio 1.31 and a long tail of words that never ends", 3, 8, 0.42, 1.5, 4};
  for (int width = 1; width <= 140; width++) {
    struct buffer b;
    buffer_init(&b);
    report_terminal_format(&m, width, 0, &b);
    assert_true(columns(buffer_str(&b)) < (size_t)width); /* the last column stays free */
    buffer_fini(&b);
  }
  struct buffer b;
  buffer_init(&b);
  report_terminal_format(&m, 200, 0, &b);
  assert_non_null(strstr(buffer_str(&b), "round 3/8 duel"));
  assert_non_null(strstr(buffer_str(&b), "42 %"));
  assert_non_null(strstr(buffer_str(&b), "1.5 s of about 4.0 s"));
  buffer_fini(&b);
}

static void test_unknown_share(void **state) {
  (void)state;
  const struct report_moment m = {"pitches", NULL, 0, 0, NAN, NAN, NAN};
  struct buffer b;
  buffer_init(&b);
  report_terminal_format(&m, 80, 0, &b);
  assert_string_equal(buffer_str(&b), "pitches"); /* nothing known, nothing printed */
  buffer_fini(&b);
}

static void test_hostile(void **state) {
  (void)state;
  const struct report_moment m = {"duel\x1b[2J", "a\nb\rc\x1b]0;title\x07 \xc2\x9b", 1, 0, NAN, NAN, NAN};
  struct buffer b;
  buffer_init(&b);
  report_terminal_format(&m, 80, 0, &b);
  assert_null(strpbrk(buffer_str(&b), "\x1b\n\r\x07"));
  assert_null(strstr(buffer_str(&b), "\xc2\x9b"));
  buffer_fini(&b);
}

/* What a terminal on fd got, read back through `from`. */
static size_t drain(int from, char *out, size_t bytes) {
  size_t used = 0;
  for (;;) {
    const ssize_t n = read(from, out + used, bytes - 1 - used);
    if (n <= 0)
      break;
    used += (size_t)n;
  }
  out[used] = 0;
  return used;
}

static void test_file_gets_plain_lines(void **state) {
  (void)state;
  int ends[2];
  char text[8192];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(setenv("TERM", "xterm", 1), 0);
  struct report_terminal *t = report_terminal_open(ends[1]);
  assert_non_null(t);
  for (int i = 0; i < 100; i++)
    report_terminal_progress(t, "duel", 1, 8, i / 100.0, 4, "pair");
  report_terminal_progress(t, "check", 1, 8, 0, NAN, "test1");
  report_terminal_line(t, "new incumbent \x1b[31m%s", "x");
  report_terminal_close(t);
  (void)close(ends[1]);
  (void)drain(ends[0], text, sizeof text);
  (void)close(ends[0]);
  assert_null(strchr(text, '\x1b'));
  assert_null(strchr(text, '\r'));
  size_t lines = 0;
  for (const char *s = text; (s = strchr(s, '\n')) != NULL; s++)
    lines++;
  assert_int_equal(lines, 3); /* one per phase, not one per call */
}

/* A first season without a key must not end in silence; what an agent's server wrote steers nothing. */
static void test_agents_faults_are_told(void **state) {
  (void)state;
  static const char *const status[] = {"failed", "late", "interrupted", "ok"};
  struct record_state nothing = {0};
  int ends[2];
  char text[8192];
  assert_int_equal(pipe(ends), 0);
  struct report_terminal *t = report_terminal_open(ends[1]);
  assert_non_null(t);
  for (size_t i = 0; i < 4; i++) {
    struct event ev = {.kind = "ended"};
    ev.data = json_pack("{s:s, s:s, s:{s:s}, s:s}", "id", "r1.pitch.Ann", "status", status[i], "agent",
                        "fault", "unauthorised", "error", "unauthorised: no key\x1b[2J");
    report_terminal_event(t, &ev, &nothing);
    json_decref(ev.data);
  }
  struct event spent = {.kind = "budget_spent",
                        .data = json_pack("{s:s}", "text", "the budget of 3 calls is spent")};
  report_terminal_event(t, &spent, &nothing);
  json_decref(spent.data);
  report_terminal_close(t);
  (void)close(ends[1]);
  (void)drain(ends[0], text, sizeof text);
  (void)close(ends[0]);
  const char *first = strstr(text, "r1.pitch.Ann  unauthorised: no key");
  assert_non_null(first);
  const char *second = strstr(first + 1, "r1.pitch.Ann");
  assert_non_null(second);
  assert_null(strstr(second + 1, "r1.pitch.Ann"));
  assert_non_null(strstr(text, "the budget of 3 calls is spent"));
  assert_null(strchr(text, '\x1b'));
}

static int open_tty(int *master) {
  *master = posix_openpt(O_RDWR | O_NOCTTY);
  if (*master < 0 || grantpt(*master) || unlockpt(*master))
    return -1;
  const int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
  if (slave < 0)
    return -1;
  struct termios raw;
  struct winsize w = {24, 60, 0, 0};
  assert_int_equal(tcgetattr(slave, &raw), 0);
  raw.c_oflag &= (tcflag_t)~OPOST;
  assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
  assert_int_equal(ioctl(*master, TIOCSWINSZ, &w), 0);
  assert_int_equal(fcntl(*master, F_SETFL, O_NONBLOCK), 0);
  return slave;
}

static void play_on_tty(char *text, size_t bytes) {
  int master = -1;
  const int slave = open_tty(&master);
  if (slave < 0) {
    if (master >= 0)
      (void)close(master);
    print_message("no pseudo-terminal can be had here: skipped\n");
    skip();
  }
  struct report_terminal *t = report_terminal_open(slave);
  assert_non_null(t);
  report_terminal_progress(t, "duel", 1, 8, 0.5, 4, "pair 3 of a long long long long long long text");
  report_terminal_line(t, "a line that stays");
  report_terminal_close(t);
  (void)drain(master, text, bytes);
  (void)close(slave);
  (void)close(master);
}

static void test_live_line(void **state) {
  (void)state;
  char text[8192];
  assert_int_equal(setenv("TERM", "xterm", 1), 0);
  assert_int_equal(unsetenv("NO_COLOR"), 0);
  play_on_tty(text, sizeof text);
  assert_non_null(strstr(text, "\x1b[1mduel\x1b[0m"));
  const char *stays = strstr(text, "a line that stays\n"), *clear = strstr(text, "\r\x1b[K");
  assert_non_null(stays);
  assert_non_null(clear);
  assert_true(clear < stays); /* the live line is gone before the other is written */
  assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
  play_on_tty(text, sizeof text);
  assert_null(strstr(text, "\x1b[1m"));
  assert_null(strstr(text, "\x1b[36m"));
  assert_non_null(strchr(text, '\r')); /* still live */
  assert_int_equal(setenv("TERM", "dumb", 1), 0);
  play_on_tty(text, sizeof text);
  assert_null(strchr(text, '\x1b'));
  assert_null(strchr(text, '\r'));
  assert_int_equal(unsetenv("NO_COLOR"), 0);
}

static void test_closed_reader(void **state) {
  (void)state;
  struct report_terminal *t = report_terminal_open(-1); /* nowhere to write: nothing happens */
  assert_non_null(t);
  report_terminal_progress(t, "duel", 1, 8, 0.5, 4, NULL);
  report_terminal_line(t, "x");
  report_terminal_close(t);
  report_terminal_close(NULL);
  report_terminal_progress(NULL, "duel", 1, 8, 0.5, 4, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_width),
      cmocka_unit_test(test_unknown_share),
      cmocka_unit_test(test_hostile),
      cmocka_unit_test(test_file_gets_plain_lines),
      cmocka_unit_test(test_agents_faults_are_told),
      cmocka_unit_test(test_live_line),
      cmocka_unit_test(test_closed_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The contract of the command line: help of every command, exit statuses of wrong calls, stdout apart from
 * stderr, and a completion script and man page that know every command and option. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "cli_support.h"

static const char *const built[] = {"run",      "resume", "status", "report",    "check",  "duel",
                                    "roofline", "doctor", "agents", "mcp",       "replay", "verify",
                                    "pause",    "pitch",  "ballot", "implement", "help"};
static const char *const not_built[] = {"learnings", "gc", "override", "serve", "sim", "new"};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void test_help(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "--help");
  must_exit(&s, 0);
  assert_string_equal(s.err, "");
  const char *later = strstr(s.out, "Not built yet:");
  assert_non_null(later);
  for (size_t i = 0; i < COUNT(built); i++) {
    char line[64];
    (void)snprintf(line, sizeof line, "\n  %s ", built[i]);
    const char *at = strstr(s.out, line);
    if (!at || at > later)
      fail_msg("--help does not list %s among the built ones", built[i]);
  }
  for (size_t i = 0; i < COUNT(not_built); i++) {
    char line[64];
    (void)snprintf(line, sizeof line, "\n  %s ", not_built[i]);
    if (!strstr(later, line))
      fail_msg("--help does not list %s as not built yet", not_built[i]);
  }
  said_free(&s);
}

static void test_help_of_each(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(built); i++) {
    struct said by_option, by_command;
    char head[64];
    RUN(&by_option, built[i], "--help");
    RUN(&by_command, "help", built[i]);
    must_exit(&by_option, 0);
    must_exit(&by_command, 0);
    assert_string_equal(by_option.out, by_command.out);
    assert_string_equal(by_option.err, "");
    (void)snprintf(head, sizeof head, "sharktank %s", built[i]);
    assert_true(!strncmp(by_option.out, head, strlen(head)));
    assert_non_null(strstr(by_option.out, "\nOptions:\n"));
    said_free(&by_option);
    said_free(&by_command);
  }
}

static void test_version(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "--version");
  must_exit(&s, 0);
  assert_string_equal(s.out, "sharktank " ST_VERSION "\n");
  said_free(&s);
}

static void test_wrong_calls(void **state) {
  (void)state;
  static const struct {
    const char *argv[8];
    const char *words;
  } table[] = {{{NULL}, "no command"},
               {{"chekc"}, "did you mean `check`"},
               {{"--versoin"}, "did you mean `--version`"},
               {{"zzzzzzzz"}, "unknown command"},
               {{"check", "--jsn", "a", "b"}, "did you mean `--json`"},
               {{"run", "--rouns", "3", "x"}, "did you mean `--rounds`"},
               {{"check", "only_one"}, "usage: sharktank check"},
               {{"check", "a", "b", "c"}, "usage: sharktank check"},
               {{"status"}, "usage: sharktank status"},
               {{"run", "x", "--rounds"}, "needs a value"},
               {{"run", "x", "--rounds", "0"}, "whole number"},
               {{"run", "x", "--rounds", "3x"}, "whole number"},
               {{"run", "x", "--seed", "-1"}, "whole number"},
               {{"run", "x", "--budget", "nan"}, "wanted seconds"},
               {{"run", "x", "--json=yes"}, "takes no value"},
               {{"run", "x", "--rounds=3", "--rounds=4"}, "given twice"},
               {{"run", "x", "--device", "cuda"}, "not built yet"},
               {{"check", "x", "y", "--device", "sim"}, "not built yet"},
               {{"duel", "x", "y", "z", "--device", "abacus"}, "no such device"},
               {{"check", "--self", "a", "b"}, "no ENTRY"},
               {{"check", "--self"}, "usage: sharktank check"},
               {{"check", "--self", "no_such_challenge_here"}, "no challenge"},
               {{"doctor", "--fresh"}, "belong to --calibrate"},
               {{"help", "nothing"}, "no command `nothing`"},
               {{"mcp"}, "--season DIR or --challenge NAME"},
               {{"mcp", "--challenge", "no_such_challenge_here"}, "no challenge"},
               {{"mcp", "--season", "/nonexistent/season"}, "/nonexistent/season"},
               {{"mcp", "--challenge", "x", "--max-calls", "-1"}, "whole number"},
               {{"run", "no_such_challenge_here"}, "no challenge"},
               {{"status", "/nonexistent/season"}, "/nonexistent/season"},
               {{"report", "/nonexistent/season"}, "/nonexistent/season"},
               {{"resume", "/nonexistent/season"}, "/nonexistent/season"}};
  for (size_t i = 0; i < COUNT(table); i++) {
    struct said s;
    run_in(&s, NULL, NULL, table[i].argv);
    must_be_one_line_error(&s, 2, table[i].words);
    said_free(&s);
  }
}

static void test_not_built(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(not_built); i++) {
    struct said s;
    RUN(&s, not_built[i], "dir");
    must_be_one_line_error(&s, 2, "not built yet");
    said_free(&s);
    RUN(&s, not_built[i], "--help");
    must_exit(&s, 0);
    assert_non_null(strstr(s.out, "Not built yet"));
    said_free(&s);
  }
}

static void test_hostile_argument(void **state) {
  (void)state;
  struct said s;
  RUN(&s, "check\x1b[31m\n\x07");
  must_exit(&s, 2);
  assert_null(strchr(s.err, '\x1b')); /* what was typed cannot steer the terminal */
  assert_null(strchr(s.err, '\x07'));
  said_free(&s);
}

/* Calls visit for each option that a command's help lists. */
static void each_option(const char *command,
                        void (*visit)(const char *command, const char *option, const char *text),
                        const char *text) {
  struct said s;
  RUN(&s, command, "--help");
  size_t seen = 0;
  for (const char *at = strstr(s.out, "\nOptions:\n"); at && (at = strstr(at, "\n  --")) != NULL; at++) {
    char option[64];
    const size_t n = strcspn(at + 3, " ");
    assert_true(n < sizeof option);
    memcpy(option, at + 3, n);
    option[n] = 0;
    visit(command, option, text);
    seen++;
  }
  assert_true(seen >= 1); /* --help at least */
  said_free(&s);
}

static char *source_file(const char *name) {
  char path[1024];
  struct buffer b;
  struct error e;
  assert_int_equal(file_join(path, sizeof path, ST_SOURCE_DIR, name), 0);
  buffer_init(&b);
  if (file_read(path, (size_t)1 << 20, &b, &e) != ST_OK)
    fail_msg("%s", e.text);
  return buffer_take(&b);
}

/* word stands in text with no letter, digit or dash beside it. */
static int has_word(const char *text, const char *word) {
  const size_t n = strlen(word);
  for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
    const char before = at > text ? at[-1] : ' ', after = at[n];
    if (!strchr("abcdefghijklmnopqrstuvwxyz-", before) &&
        !(after && strchr("abcdefghijklmnopqrstuvwxyz-", after)))
      return 1;
  }
  return 0;
}

static void in_completion(const char *command, const char *option, const char *text) {
  char line[64];
  (void)snprintf(line, sizeof line, "\n  %s) ", command);
  const char *at = strstr(text, line);
  if (!strcmp(option, "--help") || !strcmp(command, "help")) {
    assert_true(has_word(text, option));
    return;
  }
  if (!at)
    fail_msg("the completion script has no line for %s", command);
  char *own = strndup(at + 1, strcspn(at + 1, "\n"));
  assert_non_null(own);
  if (!has_word(own, option))
    fail_msg("the completion script does not offer %s of %s", option, command);
  free(own);
}

static void test_completion(void **state) {
  (void)state;
  char *text = source_file("completion/sharktank.bash");
  assert_non_null(text);
  for (size_t i = 0; i < COUNT(built); i++) {
    if (!has_word(text, built[i]))
      fail_msg("the completion script lacks %s", built[i]);
    each_option(built[i], in_completion, text);
  }
  for (size_t i = 0; i < COUNT(not_built); i++) {
    if (!has_word(text, not_built[i]))
      fail_msg("the completion script lacks %s", not_built[i]);
  }
  free(text);
}

static void in_man(const char *command, const char *option, const char *text) {
  if (!has_word(text, option))
    fail_msg("the man page does not mention %s (of %s)", option, command);
}

static void test_man_page(void **state) {
  (void)state;
  char *text = source_file("docs/man/sharktank.1"), *to = text;
  assert_non_null(text);
  for (const char *from = text; *from; from++) { /* roff writes a dash as \- */
    if (*from != '\\' || from[1] != '-')
      *to++ = *from;
  }
  *to = 0;
  for (size_t i = 0; i < COUNT(built); i++) {
    if (!has_word(text, built[i]))
      fail_msg("the man page lacks %s", built[i]);
    each_option(built[i], in_man, text);
  }
  for (size_t i = 0; i < COUNT(not_built); i++) {
    if (!has_word(text, not_built[i]))
      fail_msg("the man page lacks %s", not_built[i]);
  }
  free(text);
}

static void test_json_is_documented(void **state) {
  (void)state;
  char *text = source_file("docs/json.md");
  static const char *const schemas[] = {"sharktank.check/1",    "sharktank.duel/1",   "sharktank.status/1",
                                        "sharktank.roofline/1", "sharktank.doctor/1", "sharktank.run/1",
                                        "sharktank.agents/1",   "sharktank.replay/1", "sharktank.verify/1"};
  assert_non_null(text);
  for (size_t i = 0; i < COUNT(schemas); i++) {
    if (!strstr(text, schemas[i]))
      fail_msg("docs/json.md lacks %s", schemas[i]);
  }
  free(text);
}

static void test_full_disk(void **state) {
  (void)state;
  if (!file_exists("/dev/full")) {
    print_message("no /dev/full here: skipped\n");
    skip();
  }
  char call[2048];
  const char *bin = getenv("SHARKTANK_BIN");
  assert_non_null(bin);
  (void)snprintf(call, sizeof call, "'%s' --help > /dev/full 2> /dev/null", bin);
  const int how = system(call);
  assert_int_equal(how >> 8, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_help),
      cmocka_unit_test(test_help_of_each),
      cmocka_unit_test(test_version),
      cmocka_unit_test(test_wrong_calls),
      cmocka_unit_test(test_not_built),
      cmocka_unit_test(test_hostile_argument),
      cmocka_unit_test(test_completion),
      cmocka_unit_test(test_man_page),
      cmocka_unit_test(test_json_is_documented),
      cmocka_unit_test(test_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of the judge. Sources and entries that would eat time, memory, disk, output or descriptors:
 * each ends with a verdict, and an honest entry passes afterwards. */
#include "judge_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "base/base_file.h"

/* A judge whose compiler gets two seconds. */
static int open_short(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  char folder[64];
  struct error e = {0}, ignored = {0};
  if (!f)
    return -1;
  *state = f;
  fixture_copy(folder, "", "", "compile_timeout_s: 20", "compile_timeout_s: 2");
  enum status s = challenge_open(folder, &f->challenge, &e);
  if (!s)
    s = judge_open(f->challenge, NULL, &f->judge, &e);
  (void)!file_remove_tree(folder, &ignored);
  if (s)
    fprintf(stderr, "%s\n", e.text);
  return s ? -1 : 0;
}

static const char *compile(struct fixture *f, const char *source, json_t **report) {
  struct error e = {0};
  enum status s = judge_compile(f->judge, source, strlen(source), report, &e);
  if (s)
    fail_msg("%s: %s", status_name(s), e.text);
  return json_str(*report, "verdict", "");
}

static void compiler_bombs(void **state) {
  static const struct {
    const char *name, *source;
  } bombs[] = {
      {"includes itself", "#include __FILE__\n"},
      {"includes itself twice, and talks",
       "#pragma message \"0123456789012345678901234567890123456789012345678901234567890123456789\"\n"
       "#if __INCLUDE_LEVEL__ < 150\n#include __FILE__\n#include __FILE__\n#endif\n"},
      {"macros double", "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(x)))\n#define C(x) B(B(B(x)))\n"
                        "int x = C(C(+)) 1;\n"},
      {"an object of 1 TiB", "char x[1ul << 40] = {1};\n"},
      {"an object of 1 GiB", "char x[1ul << 30] = {1};\n"},
      {"assembler repeats", "__asm__(\".rept 2000000000\\n.quad 1\\n.endr\");\n"},
      {"assembler recurses", "__asm__(\".macro m\\n m\\n m\\n.endm\\nm\\n\");\n"},
      {"assembler reads without end", "__asm__(\".incbin \\\"/dev/zero\\\"\");\n"},
      {"assembler reads what it is told nothing about",
       "__asm__(\".incbin \\\"/proc/self/mountinfo\\\"\");\n"},
      {"reads the terminal", "#include \"/dev/stdin\"\n#include \"/dev/tty\"\n"},
  };
  for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
    json_t *report = NULL;
    const char *verdict = compile(*state, bombs[i].source, &report);
    if (strcmp(verdict, "compile_error") != 0 && strcmp(verdict, "compile_timeout") != 0)
      fail_msg("%s: verdict %s", bombs[i].name, verdict);
    assert_true(strlen(json_str(report, "output", "")) <= 70000);
    json_decref(report);
  }
}

static void expect(void **state, const char *body, const char *verdict, const char *where) {
  char defines[2000];
  struct buffer source;
  struct error e = {0};
  json_t *report = NULL;
  snprintf(
      defines, sizeof defines,
      "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
      "#include <unistd.h>\nstatic int bomb(void) {\n  %s\n}\n"
      "__attribute__((constructor)) static void start(void) { if (bomb()) abort(); }\n",
      body);
  fixture_source(&source, defines);
  struct fixture *f = *state;
  enum status s = judge_check(f->judge, source.data, source.bytes, &report, &e);
  buffer_fini(&source);
  if (s)
    fail_msg("%s", e.text);
  fixture_expect(report, verdict, where);
  json_decref(report);
}

/* In the constructor, before anything is measured; aborting means that the bomb was stopped. */
static void entry_bombs(void **state) {
  expect(state, "static char *p; for (;;) { if (!(p = malloc(64 << 20))) return 1; memset(p, 1, 4096); }",
         "crash", "while it was loaded");
  expect(state, "volatile char deep[1 << 20]; deep[4096] = 1; return bomb() + deep[4096];", "crash",
         "while it was loaded");
  expect(
      state,
      "for (int i = 0; i < 100000; i++) if (open(\"/usr/lib/os-release\", O_RDONLY) < 0) return 1; return 0;",
      "crash", "while it was loaded");
  expect(state, "for (;;) if (fork() < 0) return 1;", "crash", "(clone)");
}

/* 4 GiB of text: nobody reads it, nobody keeps it. */
static void what_is_printed_is_dropped(void **state) {
  expect(state,
         "static char text[1 << 20]; memset(text, 'x', sizeof text);"
         "for (int i = 0; i < 4096; i++) if (write(1 + (i & 1), text, sizeof text) < 0) return 1; return 0;",
         "pass", NULL);
}

int main(void) {
  const struct CMUnitTest compiled[] = {cmocka_unit_test(compiler_bombs)};
  const struct CMUnitTest run[] = {
      cmocka_unit_test(entry_bombs),
      cmocka_unit_test(what_is_printed_is_dropped),
  };
  return cmocka_run_group_tests(compiled, open_short, fixture_close) +
         cmocka_run_group_tests(run, fixture_open, fixture_close);
}

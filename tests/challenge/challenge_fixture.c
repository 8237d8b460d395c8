/* Room: tests of challenge. */
#include "challenge_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_file.h"

static const char *const fixture_files[] = {"challenge.yml",   "knobs.yml",        "problem.c",
                                            "entries/naive.c", "entries/family.c", NULL};

static void fixture_path(const char *dir, const char *file, char out[512]) {
  assert_int_equal(file_join(out, 512, dir, file), 0);
}

static void fixture_read(const char *path, struct buffer *text) {
  struct error e = {0};
  buffer_init(text);
  if (file_read(path, 1 << 20, text, &e) != ST_OK)
    fail_msg("%s", e.text);
}

void fixture_write(const struct fixture *f, const char *file, const char *text) {
  char path[512];
  fixture_path(f->dir, file, path);
  FILE *out = fopen(path, "w"); /* not file_write_atomic: hundreds of fsyncs would take seconds */
  assert_non_null(out);
  assert_int_not_equal(fputs(text, out), EOF);
  assert_int_equal(fclose(out), 0);
}

void fixture_open(struct fixture *f) {
  const char *tmp = getenv("TMPDIR");
  char path[512];
  struct error e = {0};
  snprintf(f->dir, sizeof f->dir, "%.200s/challenge-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  assert_non_null(mkdtemp(f->dir));
  fixture_path(f->dir, "entries", path);
  assert_int_equal(file_mkdirs(path, &e), ST_OK);
  for (size_t i = 0; fixture_files[i]; i++) {
    struct buffer text;
    fixture_path(ST_TEST_DIR "/fixtures/vector_add", fixture_files[i], path);
    fixture_read(path, &text);
    fixture_write(f, fixture_files[i], buffer_str(&text));
    buffer_fini(&text);
  }
}

void fixture_close(struct fixture *f) {
  struct error e = {0};
  assert_int_equal(file_remove_tree(f->dir, &e), ST_OK);
}

int fixture_replace(const struct fixture *f, const char *file, const char *from, const char *to) {
  char path[512];
  struct buffer old, changed;
  fixture_path(f->dir, file, path);
  fixture_read(path, &old);
  const char *text = buffer_str(&old), *at = strstr(text, from);
  if (!at)
    fail_msg("%s does not hold %s", file, from);
  int line = 1;
  for (const char *c = text; c < at; c++)
    line += *c == '\n';
  buffer_init(&changed);
  buffer_add(&changed, text, (size_t)(at - text));
  buffer_text(&changed, to);
  buffer_text(&changed, at + strlen(from));
  fixture_write(f, file, buffer_str(&changed));
  buffer_fini(&changed);
  buffer_fini(&old);
  return line;
}

void fixture_prepend(const struct fixture *f, const char *file, const char *line) {
  char path[512];
  struct buffer old, changed;
  fixture_path(f->dir, file, path);
  fixture_read(path, &old);
  buffer_init(&changed);
  buffer_printf(&changed, "%s\n%s", line, buffer_str(&old));
  fixture_write(f, file, buffer_str(&changed));
  buffer_fini(&changed);
  buffer_fini(&old);
}

struct challenge *fixture_load(const struct fixture *f) {
  struct challenge *c = NULL;
  struct error e = {0};
  if (challenge_open(f->dir, &c, &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
  return c;
}

void fixture_refuses(const char *file, const char *from, const char *to, int below, const char *part) {
  struct fixture f;
  struct challenge *c = NULL;
  struct error e = {0};
  fixture_open(&f);
  int line = fixture_replace(&f, file, from, to) + below;
  enum status s = challenge_open(f.dir, &c, &e);
  const char *base = strrchr(e.file, '/');
  if (s != ST_INPUT || e.line != line || !strstr(e.text, part) || !base || strcmp(base + 1, file) != 0)
    print_error("`%s` -> `%s`: %s %s:%d: %s; wanted line %d: %s\n", from, to, status_name(s), e.file, e.line,
                e.text, line, part);
  assert_int_equal(s, ST_INPUT);
  assert_null(c);
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, part));
  assert_string_equal(base + 1, file);
  fixture_close(&f);
}

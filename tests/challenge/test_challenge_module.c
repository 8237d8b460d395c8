/* Room: tests of challenge. A compiled problem module is kept under a name made of all it depends on: a
 * header that changes makes a new one, one that does not exist counts as empty. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "challenge/challenge_helper.h"
#include "challenge_fixture.h"

static const char *const headers[] = {"sharktank/entry.h", "sharktank/problem.h", "sharktank/problem_nvfp4.h",
                                      "nvfp4.h", NULL};

/* A copy of the public headers in f, which the engine then uses, and an empty cache. */
static void own_headers(const struct fixture *f) {
  char path[512], cache[512];
  struct error e = {0};
  snprintf(path, sizeof path, "%s/include/sharktank", f->dir);
  assert_int_equal(file_mkdirs(path, &e), ST_OK);
  for (size_t i = 0; headers[i]; i++) {
    struct buffer text;
    buffer_init(&text);
    snprintf(path, sizeof path, ST_SOURCE_DIR "/include/%s", headers[i]);
    assert_int_equal(file_read(path, 1 << 20, &text, &e), ST_OK);
    snprintf(path, sizeof path, "include/%s", headers[i]);
    fixture_write(f, path, buffer_str(&text));
    buffer_fini(&text);
  }
  snprintf(path, sizeof path, "%s/include", f->dir);
  snprintf(cache, sizeof cache, "%s/cache", f->dir);
  assert_int_equal(setenv("SHARKTANK_INCLUDE_DIR", path, 1), 0);
  assert_int_equal(setenv("SHARKTANK_CACHE", cache, 1), 0);
}

/* Opens the module once; how many compiled ones are kept after that. */
static int modules_kept(const struct fixture *f) {
  struct challenge *c = fixture_load(f);
  struct challenge_helper *h = NULL;
  struct error e = {0};
  char path[512];
  int kept = 0;
  if (challenge_helper_open(c, &h, &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
  challenge_helper_close(h);
  challenge_close(c);
  snprintf(path, sizeof path, "%s/cache/modules", f->dir);
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
    kept += strstr(entry->d_name, ".so") != NULL;
  closedir(d);
  return kept;
}

static void test_headers_count(void **state) {
  (void)state;
  struct fixture f;
  char path[512];
  int kept = 1;
  fixture_open(&f);
  own_headers(&f);
  fixture_prepend(&f, "problem.c", "#include <sharktank/problem_nvfp4.h>");
  assert_int_equal(modules_kept(&f), kept);
  assert_int_equal(modules_kept(&f), kept); /* nothing changed: nothing compiled */
  for (size_t i = 0; headers[i]; i++) {
    snprintf(path, sizeof path, "include/%s", headers[i]);
    fixture_prepend(&f, path, "/* changed */");
    assert_int_equal(modules_kept(&f), ++kept);
  }
  /* One that is not there, for a module that does not ask for it. */
  fixture_replace(&f, "problem.c", "#include <sharktank/problem_nvfp4.h>", "");
  assert_int_equal(modules_kept(&f), ++kept);
  snprintf(path, sizeof path, "%s/include/sharktank/problem_nvfp4.h", f.dir);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(modules_kept(&f), ++kept);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_headers_count)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

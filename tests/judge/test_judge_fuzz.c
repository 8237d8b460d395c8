/* Room: tests of the judge. The fuzz target's code (fuzz/judge/) without libFuzzer: a fixed set of drawn
 * inputs, and every input that once failed (fuzz/judge/regressions/, hex; lines with # are words). */
#include "judge_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DRAWN = 3000, LONGEST = 600, READERS = 6 };

static void run(const uint8_t *input, size_t size) {
  uint8_t *exact = malloc(size > 0 ? size : 1); /* reads beyond the input show under asan */
  assert_non_null(exact);
  memcpy(exact, input, size);
  assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
  free(exact);
}

static void drawn_inputs(void **state) {
  (void)state;
  static uint8_t input[LONGEST];
  struct rng r;
  rng_init(&r, 1);
  for (unsigned i = 0; i < DRAWN; i++) {
    size_t size = (size_t)rng_below(&r, LONGEST);
    rng_fill(&r, input, size);
    if (size)
      input[0] = (uint8_t)(i % READERS);
    if (i % 2) /* text, and zeros between it */
      for (size_t k = 1; k < size; k++)
        input[k] = input[k] < 0x20 ? '\n' : input[k] & 0x7f;
    run(input, size);
  }
}

static size_t read_hex(const char *path, uint8_t *out, size_t most) {
  FILE *f = fopen(path, "r");
  char line[4096];
  size_t n = 0;
  assert_non_null(f);
  while (fgets(line, sizeof line, f)) {
    unsigned byte;
    int used;
    for (const char *at = line; line[0] != '#' && sscanf(at, " %2x%n", &byte, &used) == 1; at += used) {
      assert_true(n < most);
      out[n++] = (uint8_t)byte;
    }
  }
  fclose(f);
  return n;
}

static void regressions(void **state) {
  (void)state;
  static uint8_t input[1 << 16];
  DIR *folder = opendir(ST_SOURCE_DIR "/fuzz/judge/regressions");
  int seen = 0;
  assert_non_null(folder);
  for (struct dirent *d; (d = readdir(folder));) {
    char path[1024];
    if (d->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, ST_SOURCE_DIR "/fuzz/judge/regressions/%s", d->d_name);
    run(input, read_hex(path, input, sizeof input));
    seen++;
  }
  closedir(folder);
  assert_true(seen > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(drawn_inputs), cmocka_unit_test(regressions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

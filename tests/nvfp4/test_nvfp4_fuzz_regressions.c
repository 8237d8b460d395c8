/* Room: tests of nvfp4. The fuzz target's code (fuzz/) without libFuzzer: a fixed set of drawn inputs, and
 * every input that once failed. Whatever goes wrong ends the process; the input is printed as hex. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_parts.h"
#include "nvfp4_support.h"

#define DRAWN   6000
#define LONGEST 160

static uint8_t input[LONGEST];
static size_t input_size;

/* A fence page was touched: fuzz_fail cannot print then. */
static inline void trapped(int signal_number) {
  static const char digit[] = "0123456789abcdef", text[] = "\nmemory outside the operands was touched by: ";
  char hex[2 * LONGEST + 1];
  for (size_t i = 0; i < input_size; i++) {
    hex[2 * i] = digit[input[i] >> 4];
    hex[2 * i + 1] = digit[input[i] & 15];
  }
  hex[2 * input_size] = '\n';
  if (write(2, text, sizeof text - 1) < 0 || write(2, hex, 2 * input_size + 1) < 0)
    _exit(2);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void run(void) {
#ifndef ST_SANITIZED        /* sanitizers print the place themselves */
  signal(SIGSEGV, trapped); /* cmocka sets its own before each test */
#endif
  uint8_t *exact = malloc(input_size > 0 ? input_size : 1); /* reads beyond the input show under asan */
  assert_non_null(exact);
  memcpy(exact, input, input_size);
  assert_int_equal(LLVMFuzzerTestOneInput(exact, input_size), 0);
  free(exact);
}

static void drawn_inputs(void **state) {
  uint64_t seed = 1;
  (void)state;
  for (int i = 0; i < DRAWN; i++) {
    support_seed(seed);
    input_size = i == 0 ? 0 : support_random() % LONGEST;
    support_random_fill(input, input_size);
    if (input_size > 0)
      input[0] = (uint8_t)i; /* every kind of call equally often */
    seed = support_random(); /* the target seeds the same generator */
    run();
  }
}

/* fuzz/regressions/NAME: lines that start with # are words, all others hex. */
static void read_hex(const char *path) {
  char line[1024];
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  input_size = 0;
  while (fgets(line, sizeof line, f)) {
    unsigned byte;
    if (line[0] == '#')
      continue;
    for (const char *at = line; sscanf(at, "%2x", &byte) == 1; at += 2) {
      assert_true(input_size < LONGEST);
      input[input_size++] = (uint8_t)byte;
    }
  }
  fclose(f);
}

static void inputs_that_once_failed(void **state) {
  char path[1024];
  int count = 0;
  (void)state;
  DIR *dir = opendir(ST_SOURCE_DIR "/fuzz/regressions");
  assert_non_null(dir);
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.')
      continue;
    assert_true(snprintf(path, sizeof path, "%s/fuzz/regressions/%s", ST_SOURCE_DIR, entry->d_name) <
                (int)sizeof path);
    read_hex(path);
    assert_true(input_size > 0);
    run();
    count++;
  }
  closedir(dir);
  assert_true(count > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(drawn_inputs),
                                     cmocka_unit_test(inputs_that_once_failed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

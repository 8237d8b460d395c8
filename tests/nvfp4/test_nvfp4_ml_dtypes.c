/* Room: tests of nvfp4. A second opinion: the PyPI package ml_dtypes decodes all codes and encodes
 * many random floats. Skipped, with the reason, where python3 or the package is absent; $PYTHON names
 * another interpreter.
 *
 * Known differences, which are policy and not rounding: beyond 464 ml_dtypes makes NaN of what this
 * library saturates to 448; both are checked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nvfp4_support.h"

#define FLOATS 200000

/* argv: file of floats, file for answers. Writes 16 + 256 decoded floats, then two bytes per float. */
static const char program[] =
    "import sys\n"
    "try:\n"
    "    import numpy as np, ml_dtypes\n"
    "    e2m1, e4m3 = ml_dtypes.float4_e2m1fn, ml_dtypes.float8_e4m3fn\n"
    "except Exception as reason:\n"
    "    print(reason); sys.exit(77)\n"
    "x = np.fromfile(sys.argv[1], dtype=np.float32)\n"
    "np.seterr(all='ignore')\n"
    "with open(sys.argv[2], 'wb') as out:\n"
    "    out.write(np.arange(16, dtype=np.uint8).view(e2m1).astype(np.float32).tobytes())\n"
    "    out.write(np.arange(256, dtype=np.uint8).view(e4m3).astype(np.float32).tobytes())\n"
    "    out.write(x.astype(e2m1).view(np.uint8).tobytes())\n"
    "    out.write(x.astype(e4m3).view(np.uint8).tobytes())\n"
    "print('ml_dtypes', ml_dtypes.__version__)\n";

static float random_input(int i) {
  uint32_t bits = (uint32_t)support_random();
  float x;
  if (i % 4) /* near the range of the formats */
    bits = (bits & 0x807fffffu) | (uint32_t)(112u + support_random() % 26u) << 23;
  if (i % 4 == 3)
    bits &= 0xfff80000u; /* few bits: ties */
  memcpy(&x, &bits, sizeof x);
  return isnan(x) ? 1.0f : x;
}

/* 0: answers are there; 77: absent, printed why; else failed. */
static int ask_python(const char *dir, const float *x) {
  char path[512], command[2048];
  const char *python = getenv("PYTHON");
  if (!python || !*python)
    python = "python3";
  snprintf(path, sizeof path, "%s/ask.py", dir);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(program, f);
  fclose(f);
  snprintf(path, sizeof path, "%s/floats", dir);
  f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(x, sizeof *x, FLOATS, f), FLOATS);
  fclose(f);
  /* a shell's own 127 says that there is no such program */
  snprintf(command, sizeof command, "'%s' '%s/ask.py' '%s/floats' '%s/answers'", python, dir, dir, dir);
  int result = system(command);
  assert_true(result != -1);
  if (result >> 8 == 127) {
    printf("no program %s\n", python);
    return 77;
  }
  return result >> 8;
}

static void check_answers(const char *dir, const float *x) {
  static float decoded[16 + 256];
  static uint8_t e2m1[FLOATS], e4m3[FLOATS];
  char path[512];
  snprintf(path, sizeof path, "%s/answers", dir);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  assert_int_equal(fread(decoded, sizeof decoded[0], 16 + 256, f), 16 + 256);
  assert_int_equal(fread(e2m1, 1, FLOATS, f), FLOATS);
  assert_int_equal(fread(e4m3, 1, FLOATS, f), FLOATS);
  fclose(f);
  for (unsigned c = 0; c < 16; c++) {
    float got = nvfp4_e2m1_decode(c);
    assert_memory_equal(&got, &decoded[c], sizeof got);
  }
  for (unsigned c = 0; c < 256; c++) {
    float got = nvfp4_e4m3_decode(c), want = decoded[16 + c];
    assert_true(isnan(want) ? isnan(got) : memcmp(&got, &want, sizeof got) == 0);
  }
  for (int i = 0; i < FLOATS; i++) {
    if (nvfp4_e2m1_encode(x[i]) != e2m1[i])
      fail_msg("%a: e2m1 %u, ml_dtypes says %u", (double)x[i], nvfp4_e2m1_encode(x[i]), e2m1[i]);
    uint8_t got = nvfp4_e4m3_encode(x[i]);
    if (fabsf(x[i]) > 464.0f)
      assert_true((got & 0x7f) == 0x7e && (e4m3[i] & 0x7f) == 0x7f);
    else if (got != e4m3[i])
      fail_msg("%a: e4m3 %u, ml_dtypes says %u", (double)x[i], got, e4m3[i]);
  }
}

static void ml_dtypes_agrees(void **state) {
  (void)state;
  const char *tmp = getenv("TMPDIR");
  static float x[FLOATS];
  char dir[256], path[512];
  for (int i = 0; i < FLOATS; i++)
    x[i] = random_input(i);
  snprintf(dir, sizeof dir, "%s/nvfp4-ml-dtypes-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  assert_non_null(mkdtemp(dir));
  int result = ask_python(dir, x);
  if (result == 0)
    check_answers(dir, x);
  const char *const files[] = {"ask.py", "floats", "answers"};
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    unlink(path);
  }
  rmdir(dir);
  if (result == 77) {
    print_message("SKIPPED: no second opinion here, see the line above\n");
    skip();
  }
  assert_int_equal(result, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(ml_dtypes_agrees)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

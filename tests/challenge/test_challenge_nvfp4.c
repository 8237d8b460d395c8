/* Room: tests of challenge. The first challenge as it is shipped: its shapes, its file of knobs, and
 * the published speed of light of its benchmark shapes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "challenge/challenge_helper.h"
#include "challenge/challenge_install.h"

static struct challenge *the_challenge;

static int open_challenge(void **state) {
  struct error e = {0};
  (void)state;
  if (challenge_open(ST_SOURCE_DIR "/challenges/nvfp4_group_gemm", &the_challenge, &e) == ST_OK)
    return 0;
  print_error("%s:%d: %s\n", e.file, e.line, e.text);
  return -1;
}

static int close_challenge(void **state) {
  (void)state;
  challenge_close(the_challenge);
  return 0;
}

/* NVFP4.md's lists, written out again: m and, where all groups agree, n and k. */
static void test_shapes(void **state) {
  (void)state;
  static const char *const text[] = {
      "G=2 M=96,128 N=128,256 K=256,512",
      "G=2 M=256,72 N=512,384 K=256",
      "G=2 M=128 N=128,256 K=512,256",
      "G=3 M=80,128,256 N=384,256,128 K=256,512,256",
      "G=3 M=64,72,96 N=128,384,512 K=512,512,256",
      "G=3 M=64,256,128 N=768,128,256 K=256,512,256",
      "G=3 M=128,128,64 N=256,512,512 K=768,256,768",
      "G=4 M=128 N=128 K=512,256,512,256",
      "G=4 M=40,56,384,512 N=512,384,256,128 K=256",
      "G=4 M=512,384,256,128 N=256 K=512,768,512,768",
      "G=8 M=80,176,128,72,64,248,96,160 N=4096 K=7168",
      "G=8 M=40,76,168,72,164,148,196,160 N=7168 K=2048",
      "G=2 M=192,320 N=3072 K=4096",
      "G=2 M=128,384 N=4096 K=1536",
      "G=8 M=80,176,128,72,64,248,96,160 N=256 K=1024",
      "G=8 M=40,76,168,72,164,148,196,160 N=448 K=256",
      "G=2 M=192,320 N=192 K=512",
      "G=2 M=128,384 N=256 K=256",
  };
  const struct challenge *c = the_challenge;
  assert_int_equal(c->n_tests, 10);
  assert_int_equal(c->n_full, 4);
  assert_int_equal(c->n_benchmarks, 4);
  for (size_t i = 0; i < 10; i++)
    assert_string_equal(c->test[i].text, text[i]);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(c->full[i].text, text[10 + i]);
    assert_string_equal(c->benchmark[i].text, text[14 + i]);
    assert_string_equal(c->benchmark[i].stands_for, c->full[i].name);
    assert_int_equal(c->benchmark[i].scaled, 1);
  }
}

static void test_terms(void **state) {
  (void)state;
  const struct challenge *c = the_challenge;
  uint32_t setting[64];
  struct error e = {0};
  assert_int_equal(c->source_max_bytes, 1000000);
  assert_int_equal(c->workspace_max, 67108864);
  assert_int_equal(c->n_rules, 0); /* the word rule is for GPU submissions */
  assert_int_equal(c->n_all_rules, 1);
  assert_non_null(c->knobs);
  assert_int_equal(knob_start(c, setting, &e), ST_OK);
  assert_int_equal(knob_check(c, setting, &e), ST_OK);
}

static void test_speed_of_light(void **state) {
  (void)state;
  static const double microseconds[4] = {18.833, 10.667, 2.406, 1.525};
  char dir[1024];
  struct error e = {0};
  struct challenge_helper *h = NULL;
  if (challenge_install_path(CHALLENGE_INSTALL_LIB, "libnvfp4.a", dir, sizeof dir, &e) != ST_OK) {
    print_message("skipped: %s\n", e.text);
    skip();
  }
  if (challenge_helper_open(the_challenge, &h, &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
  const struct challenge_device *b200 = challenge_find_device(the_challenge, "b200");
  assert_non_null(b200);
  for (size_t i = 0; i < 4; i++) {
    struct challenge_roofline r;
    assert_int_equal(challenge_roofline(h, &the_challenge->full[i], b200, &r, &e), ST_OK);
    print_message("%s: %.4f us\n", the_challenge->full[i].name, r.seconds * 1e6);
    assert_true(fabs(r.seconds * 1e6 / microseconds[i] - 1.0) < 0.01);
    assert_int_equal(r.bytes_bind, 1);
  }
  challenge_helper_close(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_terms),
      cmocka_unit_test(test_speed_of_light),
  };
  return cmocka_run_group_tests(tests, open_challenge, close_challenge);
}

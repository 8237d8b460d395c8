/* Room: tests of challenge. The four NVFP4 challenges as they are shipped: their shapes, their files of
 * knobs, and the published speed of light of their benchmark shapes. */
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

/* NVFP4.md's lists, written out again: tests, benchmarks, and the scaled shapes for a CPU. */
static const char *const group_text[] = {
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
static const char *const gemv_text[] = {
    "M=128 K=256 L=1",   "M=128 K=1536 L=1",  "M=128 K=3072 L=1",  "M=256 K=7168 L=1",  "M=2432 K=4608 L=2",
    "M=384 K=7168 L=2",  "M=512 K=512 L=2",   "M=512 K=4096 L=2",  "M=512 K=1536 L=2",  "M=7168 K=16384 L=1",
    "M=4096 K=7168 L=8", "M=7168 K=2048 L=4", "M=1792 K=4096 L=1", "M=1024 K=1792 L=8", "M=1792 K=512 L=4",
};
static const char *const gemm_text[] = {
    "M=128 N=256 K=256",   "M=128 N=1536 K=7168",  "M=128 N=3072 K=1536",  "M=256 N=7168 K=256",
    "M=256 N=7168 K=2048", "M=2304 N=4608 K=7168", "M=384 N=7168 K=2304",  "M=512 N=512 K=7168",
    "M=512 N=4096 K=512",  "M=512 N=1536 K=7168",  "M=128 N=7168 K=16384", "M=128 N=4096 K=7168",
    "M=128 N=7168 K=2048", "M=128 N=448 K=2048",   "M=128 N=512 K=896",    "M=128 N=896 K=256",
};
static const char *const dual_text[] = {
    "M=1536 N=512 K=7168",  "M=256 N=512 K=256",   "M=3072 N=1024 K=1536", "M=7168 N=1024 K=256",
    "M=7168 N=2304 K=2048", "M=4608 N=384 K=7168", "M=7168 N=384 K=2304",  "M=512 N=768 K=7168",
    "M=4096 N=768 K=512",   "M=256 N=4096 K=7168", "M=512 N=4096 K=7168",  "M=256 N=3072 K=4096",
    "M=512 N=3072 K=7168",  "M=256 N=256 K=896",   "M=512 N=256 K=896",    "M=256 N=192 K=512",
    "M=512 N=192 K=896",
};

/* microseconds: NVFP4.md's table; bytes_bind: by bytes or by operations. */
static const struct shipped {
  const char *name, *knobs_of;
  const char *const *text;
  size_t n_tests, n_benchmarks;
  double microseconds[4];
  int bytes_bind[4];
} shipped[] = {
    {"nvfp4_group_gemm", "nvfp4_group_gemm", group_text, 10, 4, {18.833, 10.667, 2.406, 1.525}, {1, 1, 1, 1}},
    {"nvfp4_gemv", "nvfp4_gemv", gemv_text, 9, 3, {8.622, 17.275, 4.317}, {1, 1, 1}},
    {"nvfp4_gemm", "nvfp4_group_gemm", gemm_text, 10, 3, {8.994, 2.354, 1.333}, {1, 1, 1}},
    {"nvfp4_dual_gemm", "nvfp4_group_gemm", dual_text, 9, 4, {4.708, 8.714, 2.125, 6.535}, {1, 0, 1, 0}},
};
enum { SHIPPED = sizeof shipped / sizeof shipped[0] };

static struct challenge *the_challenge[SHIPPED];

static int open_challenges(void **state) {
  struct error e = {0};
  (void)state;
  for (size_t i = 0; i < SHIPPED; i++) {
    char dir[1024];
    snprintf(dir, sizeof dir, "%s/challenges/%s", ST_SOURCE_DIR, shipped[i].name);
    if (challenge_open(dir, &the_challenge[i], &e) != ST_OK) {
      print_error("%s:%d: %s\n", e.file, e.line, e.text);
      return -1;
    }
  }
  return 0;
}

static int close_challenges(void **state) {
  (void)state;
  for (size_t i = 0; i < SHIPPED; i++)
    challenge_close(the_challenge[i]);
  return 0;
}

static void test_shapes(void **state) {
  (void)state;
  for (size_t s = 0; s < SHIPPED; s++) {
    const struct shipped *want = &shipped[s];
    const struct challenge *c = the_challenge[s];
    const char *const *text = want->text;
    assert_string_equal(c->name, want->name);
    assert_int_equal(c->n_tests, want->n_tests);
    assert_int_equal(c->n_full, want->n_benchmarks);
    assert_int_equal(c->n_benchmarks, want->n_benchmarks);
    for (size_t i = 0; i < c->n_tests; i++)
      assert_string_equal(c->test[i].text, *text++);
    for (size_t i = 0; i < c->n_full; i++)
      assert_string_equal(c->full[i].text, *text++);
    for (size_t i = 0; i < c->n_full; i++) {
      assert_string_equal(c->benchmark[i].text, *text++);
      assert_string_equal(c->benchmark[i].stands_for, c->full[i].name);
      assert_int_equal(c->benchmark[i].scaled, 1);
    }
  }
}

static void test_terms(void **state) {
  (void)state;
  for (size_t s = 0; s < SHIPPED; s++) {
    const struct challenge *c = the_challenge[s];
    uint32_t setting[64];
    char knobs[256];
    struct error e = {0};
    assert_int_equal(c->source_max_bytes, 1000000);
    assert_int_equal(c->workspace_max, 67108864);
    assert_int_equal(c->n_rules, 0); /* the word rule is for GPU submissions */
    assert_int_equal(c->n_all_rules, 1);
    assert_non_null(c->knobs);
    assert_int_equal(knob_start(c, setting, &e), ST_OK);
    assert_int_equal(knob_check(c, setting, &e), ST_OK);
    assert_memory_equal(setting, c->knobs->start, c->knobs->n_knobs * sizeof *setting);
    snprintf(knobs, sizeof knobs, "/challenges/%s/knobs.yml", shipped[s].knobs_of);
    assert_non_null(strstr(c->knobs->file, knobs));
    snprintf(knobs, sizeof knobs, "/challenges/%s/entries/family.c", shipped[s].knobs_of);
    assert_non_null(strstr(c->knobs->source_path, knobs));
  }
}

static void test_speed_of_light(void **state) {
  (void)state;
  char dir[1024];
  struct error e = {0};
  if (challenge_install_path(CHALLENGE_INSTALL_LIB, "libnvfp4.a", dir, sizeof dir, &e) != ST_OK) {
    print_message("skipped: %s\n", e.text);
    skip();
  }
  for (size_t s = 0; s < SHIPPED; s++) {
    struct challenge_helper *h = NULL;
    if (challenge_helper_open(the_challenge[s], &h, &e) != ST_OK)
      fail_msg("%s:%d: %s", e.file, e.line, e.text);
    const struct challenge_device *b200 = challenge_find_device(the_challenge[s], "b200");
    assert_non_null(b200);
    for (size_t i = 0; i < shipped[s].n_benchmarks; i++) {
      const struct challenge_shape *full = &the_challenge[s]->full[i];
      struct challenge_roofline r;
      assert_int_equal(challenge_roofline(h, full, b200, &r, &e), ST_OK);
      print_message("%s %s: %.4f us\n", shipped[s].name, full->name, r.seconds * 1e6);
      assert_true(fabs(r.seconds * 1e6 / shipped[s].microseconds[i] - 1.0) < 0.01);
      assert_int_equal(r.bytes_bind, shipped[s].bytes_bind[i]);
    }
    challenge_helper_close(h);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_terms),
      cmocka_unit_test(test_speed_of_light),
  };
  return cmocka_run_group_tests(tests, open_challenges, close_challenges);
}

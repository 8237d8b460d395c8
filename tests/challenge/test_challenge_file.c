/* Room: tests of challenge. Loading challenge.yml: a good file, and each way to break it with the file
 * and the line in the message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "challenge_fixture.h"

static void refuses(const char *from, const char *to, const char *part) {
  fixture_refuses("challenge.yml", from, to, 0, part);
}

static void test_good(void **state) {
  (void)state;
  struct challenge *c = NULL;
  struct error e = {0};
  assert_int_equal(challenge_open(ST_TEST_DIR "/fixtures/vector_add", &c, &e), ST_OK);
  assert_string_equal(c->name, "vector_add");
  assert_string_equal(c->title, "Vector addition");
  assert_non_null(strstr(c->description, "sum[i]"));
  assert_int_equal(c->n_sizes, 1);
  assert_int_equal(c->n_in, 2);
  assert_int_equal(c->n_out, 2);
  assert_string_equal(c->out[1].type, "i32");
  assert_int_equal(c->n_tests, 2);
  assert_int_equal(c->n_full, 2);
  assert_int_equal(c->n_benchmarks, 2);
  assert_string_equal(c->test[0].name, "test1");
  assert_int_equal(c->test[0].seed, 7);
  assert_int_equal(c->test[1].n_problems, 2);
  assert_int_equal(c->test[1].sizes[1], 100);
  assert_string_equal(c->test[1].text, "G=2 N=1,100");
  assert_string_equal(c->benchmark[0].name, "scaled1");
  assert_int_equal(c->benchmark[0].scaled, 1);
  assert_string_equal(c->benchmark[0].stands_for, "bench1");
  assert_string_equal(c->benchmark[1].name, "little");
  assert_string_equal(c->benchmark[1].stands_for, "bench2");
  assert_int_equal(c->full[0].scaled, 0);
  assert_ptr_equal(challenge_find_shape(c, "bench2"), &c->full[1]);
  assert_ptr_equal(challenge_find_shape(c, "little"), &c->benchmark[1]);
  assert_null(challenge_find_shape(c, "bench3"));
  assert_int_equal(c->n_limits, 2);
  assert_int_equal(c->n_all_limits, 3);
  assert_string_equal(c->limit[1].claim, "method");
  assert_string_equal(c->limit[1].one_of[1], "blocked");
  assert_string_equal(c->limit[2].device, "cuda");
  assert_int_equal(c->n_rules, 1);
  assert_string_equal(c->rule[0].forbid_word, "goto");
  assert_int_equal(c->n_all_rules, 2);
  assert_int_equal(c->n_devices, 2);
  assert_non_null(challenge_find_device(c, "fast"));
  assert_null(challenge_find_device(c, "slow"));
  assert_true(c->test_timeout_s == 5.0);
  assert_int_equal(c->threads, 1);
  assert_int_equal(c->init_ms, 2000);
  assert_int_equal(c->workspace_max, 64 << 20);
  assert_int_equal(c->source_max_bytes, 1000000);
  assert_int_equal(strlen(c->task_hash), 64);
  assert_non_null(c->incumbent_path);
  assert_null(c->link[0]);
  challenge_close(c);
  challenge_close(NULL);
}

static void test_other_device(void **state) {
  (void)state;
  struct challenge *c = NULL;
  struct error e = {0};
  assert_int_equal(challenge_open_device(ST_TEST_DIR "/fixtures/vector_add", "cuda", &c, &e), ST_OK);
  assert_int_equal(c->n_limits, 3);
  assert_int_equal(c->n_rules, 2);
  assert_string_equal(c->benchmark[0].name, "bench1");
  assert_ptr_equal(c->benchmark, c->full);
  challenge_close(c);
}

static void test_legal(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f);
  struct challenge *c = fixture_load(&f);
  int64_t sizes[2] = {5, 1000001};
  struct challenge_shape s = {.n_problems = 2, .sizes = sizes};
  const char *why = NULL;
  assert_int_equal(challenge_shape_legal(c, &s, &why), 0);
  assert_string_equal(why, "n <= 1000000");
  sizes[1] = 1000000;
  assert_int_equal(challenge_shape_legal(c, &s, &why), 1);
  challenge_close(c);
  fixture_close(&f);
}

/* The hash follows the contents of all parts of the task, and nothing else. */
static void test_task_hash(void **state) {
  (void)state;
  static const char *const files[] = {"problem.c", "knobs.yml", "challenge.yml", "entries/family.c"};
  struct fixture f;
  char before[65];
  fixture_open(&f);
  struct challenge *c = fixture_load(&f);
  memcpy(before, c->task_hash, 65);
  challenge_close(c);
  fixture_prepend(&f, "entries/naive.c", "/* the incumbent is not the task */");
  c = fixture_load(&f);
  assert_string_equal(c->task_hash, before);
  challenge_close(c);
  for (size_t i = 0; i < 4; i++) {
    fixture_prepend(&f, files[i], i == 0 || i == 3 ? "/* x */" : "# x");
    c = fixture_load(&f);
    assert_string_not_equal(c->task_hash, before);
    memcpy(before, c->task_hash, 65);
    challenge_close(c);
  }
  fixture_close(&f);
}

static void test_bad_top(void **state) {
  (void)state;
  refuses("challenge/1", "challenge/2", "sharktank.challenge/1");
  refuses("title: Vector", "titel: Vector", "did you mean `title`");
  refuses("name: vector_add", "name: ../up", "names folders");
  refuses("name: vector_add", "name: [a]", "must be text");
  refuses("test_timeout: 5", "test_timeout: soon", "must be a number");
  refuses("test_timeout: 5", "test_timeout: -1", "between");
  refuses("test_timeout: 5", "threads: 0", "between 1 and 1024");
  refuses("test_timeout: 5", "ranking_by: best", "geom");
  refuses("sizes: [n]", "sizes: n", "must be a list");
  refuses("sizes: [n]", "sizes: []", "between 1 and 16");
  refuses("sizes: [n]", "sizes: [n, n]", "named twice");
  refuses("sizes: [n]", "sizes: [n, 2m]", "cannot be the name of a size");
  refuses("sizes: [n]", "sizes: [seed]", "cannot be the name of a size");
  refuses("problem: problem.c", "problem: gone.c", "not a file here");
  refuses("problem: problem.c", "problem: ../../etc/passwd", "leaves the challenge's folder");
  refuses("problem: problem.c", "problem: /etc/passwd", "below the challenge's folder");
  refuses("incumbent: entries/naive.c", "incumbent: entries", "not a file here");
  /* without a schema it is a task.yml, and the first key of ours is named */
  fixture_refuses("challenge.yml", "schema: sharktank.challenge/1\n", "", 4, "understood only after `schema");
}

static void test_link_out(void **state) {
  (void)state;
  struct fixture f;
  struct challenge *c = NULL;
  struct error e = {0};
  char path[512];
  fixture_open(&f);
  snprintf(path, sizeof path, "%s/out.c", f.dir);
  assert_int_equal(symlink("/etc/passwd", path), 0);
  int line = fixture_replace(&f, "challenge.yml", "incumbent: entries/naive.c", "incumbent: out.c");
  assert_int_equal(challenge_open(f.dir, &c, &e), ST_INPUT);
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, "leaves the challenge's folder"));
  fixture_close(&f);
}

static void test_bad_terms(void **state) {
  (void)state;
  refuses("{name: x, type: f32}", "{name: x, type: f23}", "did you mean `f32`");
  refuses("{name: x, type: f32}", "{name: x}", "needs `type`");
  refuses("{name: y, type: f32}", "{name: x, type: f32}", "declared twice");
  refuses("{name: x, type: f32}", "{name: x, type: f32, size: 3}", "unknown key `size`");
  refuses("{output}", "{outptu}", "did you mean `output`");
  refuses("\"-o\", \"{output}\",", "", "needs {output}");
  refuses("compile: [", "link: [nvpf4]\ncompile: [", "did you mean `nvfp4`");
  refuses("claim: threads, min: 1", "claim: threads, min: 9", "min above its max");
  refuses("claim: threads, min: 1, max: 1, why: one core", "claim: threads, why: one core",
          "neither min, max");
  refuses("claim: threads, min: 1, max: 1, why: one core", "claim: threads, min: 1, max: 1", "needs `why`");
  refuses("claim: method", "claim: threads", "second limit on `threads`");
  refuses("device: cuda, min: 8", "device: cude, min: 8", "did you mean `cuda`");
  refuses("case: any", "case: lower", "only be `any`");
  refuses("forbid_word: goto", "forbid_words: goto", "did you mean `forbid_word`");
  refuses("bytes_per_s: 1e12, ", "", "needs `bytes_per_s` and `operations_per_s`");
  refuses("bytes_per_s: 1e12", "bytes_per_s: 0", "must lie between");
  refuses("{name: cpu}", "{name: cpu, bytes_per_s: 1e9}", "or neither");
  refuses("{name: cpu}", "{name: fast}", "declared twice");
}

static void test_bad_shapes(void **state) {
  (void)state;
  refuses("{n: 5, seed: 7}", "{n: 5, sede: 7}", "did you mean `seed`");
  refuses("{n: 5, seed: 7}", "{seed: 7}", "says nothing about the size `n`");
  refuses("{n: 5, seed: 7}", "{n: five}", "whole number");
  refuses("{n: 5, seed: 7}", "{n: 0}", "between 1");
  refuses("{n: 5, seed: 7}", "{n: 5, seed: -1}", "seed");
  refuses("{n: 5, seed: 7}", "[5]", "must be a map");
  refuses("{n: 5, seed: 7}", "{n: 2000000}", "does not meet `legal`: n <= 1000000");
  refuses("{n: [1, 100], g: 2}", "{n: [1, 100], g: 3}", "g is 3");
  refuses("{n: [1, 100], g: 2}", "{n: [1, [2]], g: 2}", "whole number");
  refuses("{n: [1, 100], g: 2}", "{n: [], g: 2}", "between 1 and 256");
  refuses("{n: [1, 100], g: 2}", "{n: 1, stands_for: bench1}", "only a shape of `scaled`");
  refuses("{n: [1, 100], g: 2}", "{n: 1, name: test1}", "second shape is named `test1`");
  refuses("{n: 65536}", "{n: 65536, name: 'a b'}", "cannot be the name of a shape");
  refuses("stands_for: bench2", "stands_for: bench9", "must name a shape of `benchmarks`");
  refuses("name: little", "name: bench1", "second shape is named `bench1`");
  refuses("legal: [n >= 1,", "legal: [m >= 1,", "unknown name `m`");
  refuses("legal: [n >= 1,", "legal: [n >=,", "ends too early");
  fixture_refuses("challenge.yml", "scaled:\n", "tests_extra:\n", 0, "unknown key");
}

static void test_lists_differ(void **state) {
  (void)state;
  struct fixture f;
  struct challenge *c = NULL;
  struct error e = {0};
  fixture_open(&f);
  fixture_replace(&f, "challenge.yml", "sizes: [n]", "sizes: [n, k]");
  fixture_replace(&f, "challenge.yml", "{n: 5, seed: 7}", "{n: 5, k: [1, 2]}");
  int line = fixture_replace(&f, "challenge.yml", "{n: [1, 100], g: 2}", "{n: [1, 100], k: [1, 2, 3]}");
  assert_int_equal(challenge_open(f.dir, &c, &e), ST_INPUT);
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, "`k` lists 3 groups where `n` lists 2"));
  /* a scalar beside lists holds for every group */
  fixture_replace(&f, "challenge.yml", "k: [1, 2, 3]", "k: [3, 3]");
  fixture_replace(&f, "challenge.yml", "{n: 65536}", "{n: 65536, k: 1}");
  fixture_replace(&f, "challenge.yml", "{n: [3000, 1000, 2000]}", "{n: [3000, 1000, 2000], k: 6}");
  fixture_replace(&f, "challenge.yml", "{n: 4096}", "{n: 4096, k: 1}");
  fixture_replace(&f, "challenge.yml", "n: [300, 100, 200]", "n: [300, 100, 200], k: [1, 2, 3]");
  c = fixture_load(&f);
  assert_int_equal(c->test[0].n_problems, 2);
  assert_string_equal(c->test[0].text, "G=2 N=5 K=1,2");
  assert_string_equal(c->test[1].text, "G=2 N=1,100 K=3");
  challenge_close(c);
  fixture_close(&f);
}

static void test_names(void **state) {
  (void)state;
  struct challenge *c = NULL;
  struct error e = {0};
  setenv("SHARKTANK_CHALLENGES", "/nonexistent:" ST_TEST_DIR "/fixtures", 1);
  assert_int_equal(challenge_open("vector_add", &c, &e), ST_OK);
  challenge_close(c);
  assert_int_equal(challenge_open("vector_ad", &c, &e), ST_NOT_FOUND);
  assert_non_null(strstr(e.text, "did you mean `vector_add`"));
  assert_int_equal(challenge_open("no_such_thing_at_all", &c, &e), ST_NOT_FOUND);
  assert_int_equal(challenge_open("", &c, &e), ST_USAGE);
  assert_int_equal(challenge_open("/nonexistent/x", &c, &e), ST_NOT_FOUND);
  assert_int_equal(challenge_open(ST_TEST_DIR "/fixtures", &c, &e), ST_NOT_FOUND);
  assert_int_equal(challenge_open("../challenge", &c, &e), ST_NOT_FOUND);
  assert_int_equal(challenge_open(ST_TEST_DIR "/fixtures/vector_add/challenge.yml", &c, &e), ST_OK);
  challenge_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),         cmocka_unit_test(test_other_device),
      cmocka_unit_test(test_legal),        cmocka_unit_test(test_task_hash),
      cmocka_unit_test(test_bad_top),      cmocka_unit_test(test_link_out),
      cmocka_unit_test(test_bad_terms),    cmocka_unit_test(test_bad_shapes),
      cmocka_unit_test(test_lists_differ), cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

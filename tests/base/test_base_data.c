/* Tests of base: hash, rng, JSON, files, machine facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_hash.h"
#include "base/base_json.h"
#include "base/base_machine.h"
#include "base/base_rng.h"

static void sha256_known_answers(void **state) {
  (void)state;
  char hex[HASH_HEX_BYTES], other[HASH_HEX_BYTES];
  /* FIPS 180-4 examples. */
  hash_sha256_hex("abc", 3, hex);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  hash_sha256_hex("", 0, hex);
  assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_true(hash_is_hex(hex));
  assert_false(hash_is_hex("abc"));
  hex[3] = 'X';
  assert_false(hash_is_hex(hex));
  struct hash_parts *h = hash_parts_create();
  hash_parts_add_text(h, "ab");
  hash_parts_add_text(h, "c");
  hash_parts_end(h, hex);
  h = hash_parts_create();
  hash_parts_add_text(h, "a");
  hash_parts_add_text(h, "bc");
  hash_parts_end(h, other);
  assert_string_not_equal(hex, other);
}

static void rng_is_seeded_and_unbiased(void **state) {
  (void)state;
  struct rng a, b;
  rng_init(&a, 42);
  rng_init(&b, 42);
  unsigned count[6] = {0};
  double sum = 0, square = 0;
  for (int i = 0; i < 60000; i++) {
    assert_true(rng_next(&a) == rng_next(&b));
    count[rng_below(&a, 6)]++;
    (void)rng_below(&b, 6);
    double x = rng_normal(&a), u = rng_unit(&a);
    (void)rng_normal(&b);
    (void)rng_unit(&b);
    assert_true(u >= 0 && u < 1);
    sum += x;
    square += x * x;
  }
  /* Fixed seed: these are facts about one sequence; the bounds are five standard deviations. */
  for (int i = 0; i < 6; i++)
    assert_in_range(count[i], 10000 - 460, 10000 + 460);
  assert_true(fabs(sum / 60000) < 0.0205);
  assert_true(fabs(square / 60000 - 1) < 0.029);
  assert_true(rng_derive(1, 0) != rng_derive(1, 1));
  assert_true(rng_derive(1, 0) != rng_derive(2, 0));
  assert_int_equal(rng_below(&a, 1), 0);
  unsigned char bytes[11], system[2][16];
  memset(bytes, 0, sizeof bytes);
  rng_fill(&a, bytes, sizeof bytes);
  assert_true(bytes[8] | bytes[9] | bytes[10]);
  assert_int_equal(rng_system(system[0], 16), ST_OK);
  assert_int_equal(rng_system(system[1], 16), ST_OK);
  assert_memory_not_equal(system[0], system[1], 16);
}

static void json_reads_with_bounds(void **state) {
  (void)state;
  struct error e;
  json_t *v = NULL;
  const char *bad[] = {"{\"a\":1,\"a\":2}", "{", "", "[1,]", "{\"a\":NaN}", "\"\xff\""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(json_read(bad[i], strlen(bad[i]), "x.json", &v, &e), ST_INPUT);
    assert_null(v);
    assert_string_equal(e.file, "x.json");
  }
  size_t deep = 100000;
  char *nest = malloc(deep);
  assert_non_null(nest);
  memset(nest, '[', deep);
  assert_int_equal(json_read(nest, deep, "deep", &v, &e), ST_INPUT);
  free(nest);
  const char *text = "{\"b\":1.5,\"a\":[1,null],\"n\":null,\"t\":true,\"s\":\"x\"}";
  assert_int_equal(json_read(text, strlen(text), "x", &v, &e), ST_OK);
  char *canonical = json_canonical(v);
  assert_string_equal(canonical, "{\"a\":[1,null],\"b\":1.5,\"n\":null,\"s\":\"x\",\"t\":true}");
  free(canonical);
  double d = 7;
  assert_false(json_has_num(v, "n", &d));
  assert_true(d == 7);
  assert_true(json_num(v, "b", 0) == 1.5);
  assert_int_equal(json_int(v, "b", -1), -1);
  assert_int_equal(json_bool(v, "t", 0), 1);
  assert_string_equal(json_str(v, "t", "other"), "other");
  assert_int_equal(json_array_size(json_arr(v, "missing")), 0);
  assert_int_equal(json_object_size(json_obj(v, "a")), 0);
  json_put_num(v, "nan", NAN);
  assert_true(json_is_null(json_object_get(v, "nan")));
  json_decref(v);
}

static void json_cleans_foreign_bytes(void **state) {
  (void)state;
  const struct {
    const char *in, *out;
  } row[] = {{"ok \xc3\xa9", "ok \xc3\xa9"}, {"\xff\xfe", "??"},           {"\xc0\x80", "??"},
             {"\xed\xa0\x80", "???"},        {"\xf4\x90\x80\x80", "????"}, {"cut \xe2\x82", "cut ??"}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    json_t *s = json_clean_string(row[i].in, strlen(row[i].in));
    assert_string_equal(json_string_value(s), row[i].out);
    json_decref(s);
  }
}

static void files_are_whole_or_absent(void **state) {
  (void)state;
  char dir[] = "/tmp/st_base_XXXXXX", path[512], deep[512], link_path[512];
  assert_non_null(mkdtemp(dir));
  struct error e;
  assert_int_equal(file_join(path, sizeof path, dir, "f"), 0);
  assert_int_equal(file_join(deep, 4, dir, "f"), -1);
  assert_int_equal(file_write_atomic(path, "hello", 5, &e), ST_OK);
  struct buffer b;
  buffer_init(&b);
  assert_int_equal(file_read(path, 5, &b, &e), ST_OK);
  assert_string_equal(buffer_str(&b), "hello");
  assert_int_equal(file_read(path, 4, &b, &e), ST_RANGE);
  assert_int_equal(file_read(dir, 100, &b, &e), ST_INPUT);
  snprintf(deep, sizeof deep, "%s/missing", dir);
  assert_int_equal(file_read(deep, 100, &b, &e), ST_NOT_FOUND);
  assert_non_null(strstr(e.text, "missing"));
  buffer_fini(&b);
  snprintf(deep, sizeof deep, "%s/a/b/c", dir);
  assert_int_equal(file_mkdirs(deep, &e), ST_OK);
  assert_true(file_is_dir(deep));
  snprintf(deep, sizeof deep, "%s/f/x", dir);
  assert_int_not_equal(file_mkdirs(deep, &e), ST_OK);
  /* Removing a tree does not follow links out of it. */
  char outside[] = "/tmp/st_base_out_XXXXXX";
  assert_non_null(mkdtemp(outside));
  snprintf(link_path, sizeof link_path, "%s/a/link", dir);
  assert_int_equal(symlink(outside, link_path), 0);
  assert_int_equal(file_remove_tree(dir, &e), ST_OK);
  assert_false(file_exists(dir));
  assert_true(file_is_dir(outside));
  assert_int_equal(rmdir(outside), 0);
  assert_int_equal(file_remove_tree(dir, &e), ST_OK);
}

static void machine_facts_are_complete(void **state) {
  (void)state;
  double v = -1;
  assert_true(machine_fact("cores", &v));
  assert_true(v >= 1);
  assert_true(machine_fact("vector_register_count", &v));
  assert_true(v == 16 || v == 32);
  assert_false(machine_fact("has_tea", &v));
  json_t *facts = machine_facts_json();
  assert_true(json_object_size(facts) >= 17);
  assert_true(json_is_integer(json_object_get(facts, "has_avx512_vnni")));
  json_decref(facts);
  char text[32];
  clock_iso8601(1763917509000000000, text);
  assert_string_equal(text, "2025-11-23T17:05:09Z");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_known_answers),      cmocka_unit_test(rng_is_seeded_and_unbiased),
      cmocka_unit_test(json_reads_with_bounds),    cmocka_unit_test(json_cleans_foreign_bytes),
      cmocka_unit_test(files_are_whole_or_absent), cmocka_unit_test(machine_facts_are_complete)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of base. The YAML reader: values and lines, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_yaml.h"

static enum status read_text(const char *text, struct arena *a, struct yaml_doc *d, struct error *e) {
  return yaml_read_text(text, strlen(text), "some.yml", a, d, e);
}

static void refuses(const char *text, int line, const char *part) {
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  arena_init(&a, 0);
  enum status s = read_text(text, &a, &d, &e);
  if (s == ST_OK || e.line != line || !strstr(e.text, part))
    print_error("%s\n-> %s line %d: %s (wanted line %d: %s)\n", text, status_name(s), e.line, e.text, line,
                part);
  assert_int_not_equal(s, ST_OK);
  assert_int_equal(e.line, line);
  assert_non_null(strstr(e.text, part));
  assert_string_equal(e.file, "some.yml");
  arena_fini(&a);
}

static void test_tree_and_lines(void **state) {
  (void)state;
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  arena_init(&a, 0);
  assert_int_equal(
      read_text("# c\nname: x\nlist:\n  - 1\n  - {\"m\": [2, 3], \"l\":4}\ntext: |\n  two\n  lines\n", &a, &d,
                &e),
      ST_OK);
  assert_int_equal(d.root->kind, YAML_MAP);
  assert_int_equal(d.root->count, 3);
  assert_string_equal(yaml_get(d.root, "name")->text, "x");
  assert_int_equal(yaml_get(d.root, "name")->line, 2);
  assert_null(yaml_get(d.root, "absent"));
  const struct yaml_node *list = yaml_get(d.root, "list");
  assert_int_equal(list->count, 2);
  const struct yaml_node *m = yaml_get(list->item[1], "m");
  assert_int_equal(m->kind, YAML_LIST);
  assert_int_equal(m->line, 5);
  assert_string_equal(m->item[1]->text, "3");
  assert_string_equal(yaml_get(list->item[1], "l")->text, "4");
  assert_string_equal(yaml_get(d.root, "text")->text, "two\nlines\n");
  assert_true(yaml_get(d.root, "text")->quoted);
  arena_fini(&a);
}

static void test_values(void **state) {
  (void)state;
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  int64_t i = 0;
  double v = 0;
  int b = 0;
  const char *text = NULL;
  arena_init(&a, 0);
  assert_int_equal(
      read_text("i: -12\nq: '12'\nn: 7.68e12\nt: true\no: 010\nx: 0x10\nw: word\nl: [1]\nnan: .nan\n"
                "big: 99999999999999999999\nhuge: 1e999\n",
                &a, &d, &e),
      ST_OK);
#define NODE(key) yaml_get(d.root, key)
  assert_int_equal(yaml_int(&d, NODE("i"), "i", -100, 100, &i, &e), ST_OK);
  assert_int_equal(i, -12);
  assert_int_equal(yaml_int(&d, NODE("i"), "i", 0, 100, &i, &e), ST_INPUT);
  assert_int_equal(e.line, 1);
  assert_int_equal(yaml_int(&d, NODE("q"), "q", 0, 100, &i, &e), ST_INPUT);
  assert_int_equal(yaml_int(&d, NODE("o"), "o", 0, 100, &i, &e), ST_INPUT);
  assert_int_equal(yaml_int(&d, NODE("x"), "x", 0, 100, &i, &e), ST_INPUT);
  assert_int_equal(yaml_int(&d, NODE("big"), "big", 0, INT64_MAX, &i, &e), ST_INPUT);
  assert_int_equal(yaml_int(&d, NODE("l"), "l", 0, 100, &i, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "a list"));
  assert_int_equal(yaml_num(&d, NODE("n"), "n", &v, &e), ST_OK);
  assert_true(v == 7.68e12);
  assert_int_equal(yaml_num(&d, NODE("nan"), "nan", &v, &e), ST_INPUT);
  assert_int_equal(yaml_num(&d, NODE("huge"), "huge", &v, &e), ST_INPUT);
  assert_int_equal(yaml_num(&d, NODE("w"), "w", &v, &e), ST_INPUT);
  assert_int_equal(e.line, 7);
  assert_int_equal(yaml_bool(&d, NODE("t"), "t", &b, &e), ST_OK);
  assert_int_equal(b, 1);
  assert_int_equal(yaml_bool(&d, NODE("w"), "w", &b, &e), ST_INPUT);
  assert_int_equal(yaml_text(&d, NODE("w"), "w", &text, &e), ST_OK);
  assert_string_equal(text, "word");
  assert_int_equal(yaml_text(&d, NODE("l"), "l", &text, &e), ST_INPUT);
#undef NODE
  arena_fini(&a);
}

static void test_known_keys(void **state) {
  (void)state;
  static const char *const known[] = {"benchmarks", "tests", "name", NULL};
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  arena_init(&a, 0);
  assert_int_equal(read_text("name: x\nbenchmraks: []\n", &a, &d, &e), ST_OK);
  assert_int_equal(yaml_known_keys(&d, d.root, known, &e), ST_INPUT);
  assert_int_equal(e.line, 2);
  assert_non_null(strstr(e.text, "did you mean `benchmarks`"));
  assert_int_equal(read_text("zzz: 1\n", &a, &d, &e), ST_OK);
  assert_int_equal(yaml_known_keys(&d, d.root, known, &e), ST_INPUT);
  assert_null(strstr(e.text, "did you mean"));
  assert_int_equal(read_text("tests: 1\n", &a, &d, &e), ST_OK);
  assert_int_equal(yaml_known_keys(&d, d.root, known, &e), ST_OK);
  assert_int_equal(read_text("- 1\n", &a, &d, &e), ST_OK);
  assert_int_equal(yaml_known_keys(&d, d.root, known, &e), ST_INPUT);
  arena_fini(&a);
}

static void test_nearest(void **state) {
  (void)state;
  static const char *const known[] = {"avx2", "scalar", "avx512_vnni", "MR", NULL};
  assert_string_equal(base_nearest_word("avx3", known), "avx2");
  assert_string_equal(base_nearest_word("avx512_vnn", known), "avx512_vnni");
  assert_string_equal(base_nearest_word("mr", known), "MR");
  assert_null(base_nearest_word("", known));
  assert_null(base_nearest_word("zebra", known));
}

static void test_json(void **state) {
  (void)state;
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  arena_init(&a, 0);
  assert_int_equal(read_text("a: 1\nb: [1.5, true, null, '1', word, ~]\nc: {d: {}}\n", &a, &d, &e), ST_OK);
  json_t *j = yaml_to_json(d.root);
  char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
  assert_string_equal(text, "{\"a\":1,\"b\":[1.5,true,null,\"1\",\"word\",null],\"c\":{\"d\":{}}}");
  free(text);
  json_decref(j);
  arena_fini(&a);
}

static void test_refused(void **state) {
  (void)state;
  refuses("", 1, "empty");
  refuses("# only a comment\n", 1, "empty");
  refuses("a: 1\nb: [1, 2\nc: 3\n", 3, "YAML");
  refuses("a: &x 1\n", 1, "anchors");
  refuses("a: 1\nb: *x\n", 2, "aliases");
  refuses("a: &x {b: 1}\n", 1, "anchors");
  refuses("a: 1\nb: 2\na: 3\n", 3, "twice");
  refuses("{a: 1, a: 2}", 1, "twice");
  refuses("? [1, 2]\n: 3\n", 1, "a key must be a word");
  refuses("a: 1\n---\nb: 2\n", 2, "second document");
  refuses("a: \"\\0\"\n", 1, "zero byte");
  refuses("\ta: 1\n", 1, "YAML");
  refuses("a: \xff\xfe\n", 0, "YAML");
}

/* What a hostile file would do: deep, wide, large. */
static void test_bounds(void **state) {
  (void)state;
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  arena_init(&a, 0);
  char deep[201] = "";
  memset(deep, '[', 200);
  assert_int_equal(yaml_read_text(deep, 200, "deep.yml", &a, &d, &e), ST_RANGE);
  assert_non_null(strstr(e.text, "64 levels"));
  size_t bytes = (size_t)5 << 20;
  char *wide = malloc(bytes);
  assert_non_null(wide);
  memset(wide, ' ', bytes);
  assert_int_equal(yaml_read_text(wide, bytes, "wide.yml", &a, &d, &e), ST_RANGE);
  wide[0] = '[';
  for (size_t i = 1; i < 600000; i += 2)
    memcpy(wide + i, "0,", 2);
  wide[600001] = ']';
  assert_int_equal(yaml_read_text(wide, 600002, "wide.yml", &a, &d, &e), ST_RANGE);
  assert_non_null(strstr(e.text, "200000"));
  free(wide);
  arena_fini(&a);
  arena_init(&a, 20000); /* a small arena is an error, not a crash */
  char many[20001] = "";
  for (size_t i = 0; i < 20000; i += 4)
    memcpy(many + i, "- a\n", 4);
  assert_int_not_equal(yaml_read_text(many, 20000, "many.yml", &a, &d, &e), ST_OK);
  arena_fini(&a);
}

/* Every prefix and many single-byte changes of a real text: an answer, never a crash. */
static void test_mutations(void **state) {
  (void)state;
  static const char text[] = "name: x\nl: [1, {a: 'b', \"c\":2}]\nt: |\n  x\n# c\nm:\n  - {k: [1,2], g: 2}\n";
  static const char bytes[] = "\"'{}[]:,#&*|>-!%@\t\n \x01\x80?";
  struct error e = {0};
  struct yaml_doc d;
  char copy[sizeof text];
  size_t good = 0;
  for (size_t i = 0; i + 1 < sizeof text; i++)
    for (size_t k = 0; k < sizeof bytes; k++) {
      struct arena a;
      arena_init(&a, 1 << 20);
      memcpy(copy, text, sizeof text);
      copy[i] = bytes[k];
      good += yaml_read_text(copy, sizeof text - 1, "m.yml", &a, &d, &e) == ST_OK;
      if (k == 0)
        good += yaml_read_text(text, i, "p.yml", &a, &d, &e) == ST_OK;
      arena_fini(&a);
    }
  assert_true(good > 100);
}

static void test_missing_file(void **state) {
  (void)state;
  struct arena a;
  struct yaml_doc d;
  struct error e = {0};
  arena_init(&a, 0);
  assert_int_equal(yaml_read_file("/nonexistent/x.yml", &a, &d, &e), ST_NOT_FOUND);
  arena_fini(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tree_and_lines), cmocka_unit_test(test_values),
      cmocka_unit_test(test_known_keys),     cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_json),           cmocka_unit_test(test_refused),
      cmocka_unit_test(test_bounds),         cmocka_unit_test(test_mutations),
      cmocka_unit_test(test_missing_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

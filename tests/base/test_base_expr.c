/* Room: tests of base. Expressions: values, errors, names, kinds, hostile texts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_expr.h"

static int lookup(void *context, const char *name, double *value) {
  int *asked = context;
  if (asked)
    ++*asked;
  if (strcmp(name, "MR") == 0)
    return *value = 8, 1;
  if (strcmp(name, "NR") == 0)
    return *value = 3, 1;
  if (strcmp(name, "ISA") == 0 || strcmp(name, "avx2") == 0)
    return *value = expr_word("avx2"), 1;
  if (strcmp(name, "scalar") == 0)
    return *value = expr_word("scalar"), 1;
  if (strcmp(name, "nothing") == 0)
    return *value = (double)NAN, 1;
  return 0;
}

static enum status evaluate(const char *text, double *value, struct error *e) {
  struct arena a;
  const struct expr *x = NULL;
  arena_init(&a, 1 << 20);
  enum status s = expr_parse(text, "k.yml", 7, &a, &x, e);
  if (s == ST_OK)
    s = expr_eval(x, lookup, NULL, value, e);
  arena_fini(&a);
  return s;
}

static void gives(const char *text, double want) {
  struct error e = {0};
  double got = (double)NAN;
  enum status s = evaluate(text, &got, &e);
  if (s != ST_OK || got != want)
    print_error("%s -> %s %.17g (%s), wanted %.17g\n", text, status_name(s), got, e.text, want);
  assert_int_equal(s, ST_OK);
  assert_true(got == want);
}

static void fails(const char *text, const char *part) {
  struct error e = {0};
  double got = 0;
  enum status s = evaluate(text, &got, &e);
  if (s != ST_INPUT || !strstr(e.text, part))
    print_error("%s -> %s %.17g: %s\n", text, status_name(s), got, e.text);
  assert_int_equal(s, ST_INPUT);
  assert_string_equal(e.file, "k.yml");
  assert_int_equal(e.line, 7);
  assert_non_null(strstr(e.text, part));
}

static void test_values(void **state) {
  (void)state;
  gives("1", 1);
  gives(" 1 + 2*3 ", 7);
  gives("(1+2)*3", 9);
  gives("10-3-2", 5);
  gives("24/4/2", 3);
  gives("2 - -3", 5);
  gives("!0 + !7", 1);
  gives("7 % 3", 1);
  gives("-7 % 3", -1);
  gives("7.9 % 3.9", 1);
  gives("1 < 2 == 1", 1);
  gives("1 <= 1 && 2 >= 3 || 4 > 3", 1);
  gives("0 || 0", 0);
  gives("3 && 2", 1);
  gives("1 != 1", 0);
  gives("1 ? 2 : 3", 2);
  gives("0 ? 1 : 0 ? 2 : 3", 3);
  gives("1 ? 0 ? 4 : 5 : 6", 5);
  gives("min(3, 2) + max(3, 2)", 5);
  gives("ceil(7/2) + floor(7/2)", 7);
  gives("log2(1024)", 10);
  gives("1.5e3 + .5", 1500.5);
  gives("MR * NR + 2", 26);
  gives("MR*NR>24", 0);
  gives("ISA == avx2 ? 8 : 1", 8);
  gives("ISA != scalar", 1);
  gives("-(2)*3", -6);
  gives("!(MR == 8)", 0);
  gives("2 * (1 ? 3 : 4)", 6);
  gives("9007199254740993 == 9007199254740992", 1); /* doubles, and said so */
}

static void test_lazy(void **state) {
  (void)state;
  gives("0 && 1/0", 0);
  gives("1 || unknown", 1);
  gives("1 ? 5 : 1/0", 5);
  fails("1 && 1/0", "division by zero");
  fails("0 || unknown", "unknown name `unknown`");
}

static void test_no_value(void **state) {
  (void)state;
  fails("1/0", "division by zero");
  fails("MR / (NR - 3)", "division by zero");
  fails("5 % 0.5", "remainder by zero");
  fails("log2(0)", "log2");
  fails("log2(0-1)", "log2");
  fails("MS", "unknown name `MS`");
  fails("nothing + 1", "no value");
  fails("ISA + 1", "a word");
  fails("ISA < scalar", "a word");
  fails("ISA && 1", "a word");
  fails("-ISA", "a word");
  fails("min(ISA, 1)", "a word");
  fails("ISA ? 1 : 2", "a word");
  fails("1e150*1e150", "too large");
}

static void test_syntax(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",       " ",       "1 +",    "(1",     "1)",    "1 2",       "* 3",        "1 ? 2",   "1 : 2",
      "min(1)", "min(1,2", "sin(1)", "ceil()", "1..2",  "1e",        "0x10",       "3m",      "a b",
      "&& 1",   "1 & 2",   "1 | 2",  "a = b",  "\"x\"", "1;",        "max(1,2,3)", "min 1 2", "#",
      "1e999",  "a.b",     "--",     "!",      "?:",    "1 == == 2", ",",          "a[1]",    "\x80"};
  struct error e;
  double value = 0;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    enum status s = evaluate(bad[i], &value, &e);
    if (s != ST_INPUT)
      print_error("%s -> %s\n", bad[i], status_name(s));
    assert_int_equal(s, ST_INPUT);
    assert_int_equal(e.line, 7);
  }
  fails("1 + $", "column 5");
}

static void test_bounds(void **state) {
  (void)state;
  struct error e = {0};
  double value = 0;
  char text[8000];
  memset(text, '(', 7999);
  text[7999] = 0;
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT); /* too long */
  text[3000] = 0;
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT); /* too deep */
  assert_non_null(strstr(e.text, "deep"));
  memset(text, '-', 3000);
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT);
  memset(text, '!', 3000);
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT);
  for (size_t i = 0; i < 3000; i += 4)
    memcpy(text + i, "1?1:", 4);
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT);
  for (size_t i = 0; i < 4000; i += 2)
    memcpy(text + i, "1+", 2); /* long rows are fine */
  memcpy(text + 4000, "1", 2);
  assert_int_equal(evaluate(text, &value, &e), ST_OK);
  assert_true(value == 2001);
  memset(text, '7', 100);
  text[100] = 0;
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT);
  memset(text, 'a', 100);
  assert_int_equal(evaluate(text, &value, &e), ST_INPUT);
}

static void count_name(void *context, const char *name) {
  int *count = context;
  (void)name;
  ++*count;
}

static enum expr_kind kind_of(void *context, const char *name) {
  (void)context;
  if (strcmp(name, "MR") == 0)
    return EXPR_NUMBER;
  if (strcmp(name, "ISA") == 0 || strcmp(name, "avx2") == 0)
    return EXPR_WORD;
  return strcmp(name, "ANY") == 0 ? EXPR_EITHER : EXPR_UNKNOWN;
}

static enum status check(const char *text, struct error *e) {
  struct arena a;
  const struct expr *x = NULL;
  arena_init(&a, 0);
  enum status s = expr_parse(text, "k.yml", 7, &a, &x, e);
  assert_int_equal(s, ST_OK);
  s = expr_check(x, kind_of, NULL, e);
  arena_fini(&a);
  return s;
}

static void test_kinds(void **state) {
  (void)state;
  struct error e = {0};
  assert_int_equal(check("ISA == avx2 && MR * 2 < 9", &e), ST_OK);
  assert_int_equal(check("ISA == avx2 ? MR : 1", &e), ST_OK);
  assert_int_equal(check("ANY == avx2 || ANY == 3", &e), ST_OK);
  assert_int_equal(check("(MR > 1 ? ISA : avx2) == avx2", &e), ST_OK);
  assert_int_equal(check("ISA == MR", &e), ST_INPUT);
  assert_non_null(strstr(e.text, "compared with a number"));
  assert_int_equal(check("ISA + 1", &e), ST_INPUT);
  assert_int_equal(check("ISA", &e), ST_INPUT);
  assert_int_equal(check("!ISA", &e), ST_INPUT);
  assert_int_equal(check("MR < avx2", &e), ST_INPUT);
  assert_int_equal(check("0 && TYPO", &e), ST_INPUT);
  assert_non_null(strstr(e.text, "unknown name `TYPO`"));
}

static void test_identifiers(void **state) {
  (void)state;
  struct arena a;
  struct error e = {0};
  const struct expr *x = NULL;
  int count = 0, asked = 0;
  double value = 0;
  arena_init(&a, 0);
  assert_int_equal(expr_parse("MR + NR * min(MR, 2) ? ISA == avx2 : 0", "k.yml", 1, &a, &x, &e), ST_OK);
  expr_identifiers(x, count_name, &count);
  assert_int_equal(count, 5);
  assert_int_equal(expr_eval(x, lookup, &asked, &value, &e), ST_OK);
  assert_int_equal(asked, 5);
  assert_int_equal(expr_eval(x, NULL, NULL, &value, &e), ST_INPUT);
  arena_fini(&a);
}

static void test_words(void **state) {
  (void)state;
  static const char *const words[] = {"avx2", "scalar", "avx512_vnni", "avx512_bf16", "a", "b", "ab",
                                      "ba",   "",       "none",        "off",         "on"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    assert_true(expr_word(words[i]) > 1e180 && isfinite(expr_word(words[i])));
    for (size_t k = 0; k < i; k++)
      assert_true(expr_word(words[i]) != expr_word(words[k]));
  }
}

/* Random texts from the grammar's own letters: an answer, never a crash. */
static void test_noise(void **state) {
  (void)state;
  static const char letters[] = "MRISA avx2 0123.e+-*/%()<>=!&|?:,min max";
  uint64_t x = 12345;
  size_t parsed = 0;
  for (int i = 0; i < 20000; i++) {
    char text[24];
    size_t n = 0;
    struct error e;
    double value;
    x = x * 6364136223846793005u + 1442695040888963407u;
    size_t bytes = (x >> 60) + 1;
    for (; n < bytes; n++) {
      x = x * 6364136223846793005u + 1442695040888963407u;
      text[n] = letters[(x >> 33) % (sizeof letters - 1)];
    }
    text[n] = 0;
    parsed += evaluate(text, &value, &e) == ST_OK;
  }
  assert_true(parsed > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),      cmocka_unit_test(test_lazy),   cmocka_unit_test(test_no_value),
      cmocka_unit_test(test_syntax),      cmocka_unit_test(test_bounds), cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_identifiers), cmocka_unit_test(test_words),  cmocka_unit_test(test_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

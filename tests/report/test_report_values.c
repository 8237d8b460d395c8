/* Numbers and texts as a reader sees them: units, intervals, missing against failed against zero, and
 * escapes that no hostile text gets through. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report_doc.h"
#include "report/report_escape.h"
#include "report/report_value.h"

static struct report_value with(double value, double low, double high) {
  struct report_value v = report_value_number(value);
  v.has_low = v.has_high = 1;
  v.low = low;
  v.high = high;
  return v;
}

static void test_times(void **state) {
  (void)state;
  static const struct {
    double seconds;
    const char *want;
  } table[] = {{0, "0.00 ns"},        {2.5e-9, "2.50 ns"}, {18.833e-6, "18.8 \u00b5s"},
               {999.9e-6, "1.00 ms"}, {1.5e-3, "1.50 ms"}, {0.25, "250 ms"},
               {1, "1.00 s"},         {123.4, "123 s"}};
  char text[REPORT_TEXT_BYTES];
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    report_time(report_value_number(table[i].seconds), text);
    assert_string_equal(text, table[i].want);
  }
  report_time(with(12.3e-6, 12.1e-6, 12.6e-6), text);
  assert_string_equal(text, "12.3 \u00b5s [12.1, 12.6]");
}

static void test_missing_failed_zero(void **state) {
  (void)state;
  char text[REPORT_TEXT_BYTES];
  struct report_value failed = report_value_missing();
  failed.state = REPORT_FAILED;
  report_time(report_value_missing(), text);
  assert_string_equal(text, "not measured");
  report_speedup(failed, text);
  assert_string_equal(text, "failed");
  report_number(report_value_number(0), text);
  assert_string_equal(text, "0");
  report_number(report_value_number(NAN), text);
  assert_string_equal(text, "not measured");
  report_percent(report_value_number(INFINITY), text);
  assert_string_equal(text, "not measured");
}

static void test_speedups(void **state) {
  (void)state;
  char text[REPORT_TEXT_BYTES];
  report_speedup(with(1.34, 1.31, 1.37), text);
  assert_string_equal(text, "1.340\u00d7 [1.310, 1.370]");
  report_speedup(report_value_number(63.21), text);
  assert_string_equal(text, "63.2\u00d7");
  struct report_value open = with(2.5, 2, 3);
  open.has_high = 0;
  report_speedup(open, text);
  assert_string_equal(text, "2.50\u00d7 [2.00, no bound]");
  struct report_value none = report_value_number(2.5);
  none.unbounded = 1;
  report_speedup(none, text);
  assert_string_equal(text,
                      "2.50\u00d7 (too few pairs for an interval)"); /* too little evidence for either side */
  report_percent(report_value_number(0.784), text);
  assert_string_equal(text, "78 %");
}

static void test_from_json(void **state) {
  (void)state;
  json_t *o = json_loads(
      "{\"a\":1.5,\"i\":[1,2],\"bad\":[3,1],\"half\":[null,2],\"s\":\"x\",\"n\":null,\"open\":[null,null]}",
      0, NULL);
  assert_non_null(o);
  struct report_value v = report_value_from(o, "a", "i");
  assert_int_equal(v.state, REPORT_NUMBER);
  assert_true(v.has_low && v.has_high);
  assert_true(v.low == 1.0 && v.high == 2.0);
  v = report_value_from(o, "a", "bad"); /* an interval the wrong way round is no interval */
  assert_false(v.has_low || v.has_high);
  v = report_value_from(o, "a", "half");
  assert_true(!v.has_low && v.has_high);
  assert_false(v.unbounded);
  assert_true(report_value_from(o, "a", "open").unbounded);
  assert_int_equal(report_value_from(o, "s", NULL).state, REPORT_MISSING);
  assert_int_equal(report_value_from(o, "n", NULL).state, REPORT_MISSING);
  assert_int_equal(report_value_from(NULL, "a", NULL).state, REPORT_MISSING);
  json_decref(o);
}

static void test_ratio(void **state) {
  (void)state;
  struct report_value r = report_value_ratio(with(10, 9, 11), with(2, 1.8, 2.2));
  assert_true(fabs(r.value - 5) < 1e-12);
  assert_true(r.low < 9 / 2.2 + 1e-12 && r.high > 11 / 1.8 - 1e-12); /* never narrower than either */
  assert_int_equal(report_value_ratio(report_value_number(1), report_value_number(0)).state, REPORT_MISSING);
  struct report_value failed = report_value_missing();
  failed.state = REPORT_FAILED;
  assert_int_equal(report_value_ratio(failed, report_value_number(1)).state, REPORT_FAILED);
}

static void escaped(void (*escape)(struct buffer *, const char *, enum report_lines), const char *text,
                    enum report_lines lines, const char *want) {
  struct buffer b;
  buffer_init(&b);
  escape(&b, text, lines);
  assert_string_equal(buffer_str(&b), want);
  buffer_fini(&b);
}

static void test_escapes(void **state) {
  (void)state;
  escaped(report_escape_html, "<a href=\"x\" b='y'>&", REPORT_ONE_LINE,
          "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
  escaped(report_escape_html, "a\nb\tc", REPORT_ONE_LINE, "a b c");
  escaped(report_escape_plain, "ok\x1b[31mred\x07", REPORT_ONE_LINE, "ok\ufffd[31mred\ufffd");
  escaped(report_escape_plain,
          "\xc2\x9b"
          "31m \xe2\x80\xae",
          REPORT_ONE_LINE,
          "\ufffd"
          "31m \ufffd");
  escaped(report_escape_plain, "\xff\xc0\xaf\xed\xa0\x80\xf0", REPORT_ONE_LINE,
          "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"); /* overlong, surrogate, cut */
  escaped(report_escape_plain, "\u00b5 \u00d7 \U0001f988", REPORT_ONE_LINE, "\u00b5 \u00d7 \U0001f988");
  escaped(report_escape_markdown, "# h\n- l\n12. n\n    code\n> q", REPORT_KEEP_LINES,
          "\\# h\n\\- l\n12\\. n\ncode\n\\> q");
  escaped(report_escape_markdown, "a|b *c* `d` [e](f) <g> _h_ i_j 3.5", REPORT_ONE_LINE,
          "a\\|b \\*c\\* \\`d\\` [e\\](f) &lt;g> \\_h\\_ i_j 3.5");
  escaped(report_escape_markdown, "[id]: x\n[a][b] &amp; & [1.2, 3]", REPORT_KEEP_LINES,
          "[id\\]: x\n[a\\][b] &amp;amp; & [1.2, 3]");
  escaped(report_escape_markdown, "1. one", REPORT_ONE_LINE, "1. one"); /* no line starts in a cell */
  escaped(report_escape_markdown, "1. one\n# two", REPORT_ITEM_LINE, "1\\. one # two");
  escaped(report_escape_markdown, NULL, REPORT_ONE_LINE, "");
}

static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } table[] = {{"Hardware Expert", "Hardware_Expert"},
               {"../../etc/passwd", "etc_passwd"},
               {"", "x"},
               {NULL, "x"},
               {"...", "x"},
               {"a\n\0b", "a"},
               {"-rf", "rf"}};
  char name[49];
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    report_escape_name(name, table[i].text);
    assert_string_equal(name, table[i].want);
  }
  char long_text[500];
  memset(long_text, 'a', sizeof long_text - 1);
  long_text[sizeof long_text - 1] = 0;
  report_escape_name(name, long_text);
  assert_int_equal(strlen(name), 48);
}

static void test_code_fence(void **state) {
  (void)state;
  struct buffer b;
  struct report_doc d;
  buffer_init(&b);
  report_doc_init(&d, &b, REPORT_MARKDOWN);
  report_doc_code(&d, "c", "x ````` y", 0);
  assert_string_equal(buffer_str(&b), "``````c\nx ````` y\n``````\n\n"); /* longer than any run inside */
  buffer_clear(&b);
  report_doc_code(&d, "", "abcdef", 3);
  assert_non_null(strstr(buffer_str(&b), "abc\n"));
  assert_non_null(strstr(buffer_str(&b), "3 of 6 bytes"));
  buffer_fini(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_times),    cmocka_unit_test(test_missing_failed_zero),
      cmocka_unit_test(test_speedups), cmocka_unit_test(test_from_json),
      cmocka_unit_test(test_ratio),    cmocka_unit_test(test_escapes),
      cmocka_unit_test(test_names),    cmocka_unit_test(test_code_fence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

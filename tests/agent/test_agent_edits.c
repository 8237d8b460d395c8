/* Room: tests/agent. Search-and-replace edits, and unified differences: each difference is applied to the
 * first text by a small reader of our own and must give the second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_edits.h"
#include "base/base_rng.h"

static const char source[] = "int a;\n"
                             "int b;  \n"
                             "  if (a)\r\n"
                             "    b = 1;\t\n"
                             "int c;\n"
                             "int c;\n"
                             "end";

struct row {
  const char *search, *replace;
  const char *becomes; /* NULL: refused */
  const char *said;
};

static const struct row rows[] = {
    {"int a;", "char a;", "char a;\nint b;  \n  if (a)\r\n    b = 1;\t\nint c;\nint c;\nend", NULL},
    {"int a;\n", "", "int b;  \n  if (a)\r\n    b = 1;\t\nint c;\nint c;\nend", NULL},
    {"end", "END\n", "int a;\nint b;  \n  if (a)\r\n    b = 1;\t\nint c;\nint c;\nEND\n", NULL},
    {"int b;\n  if (a)\n    b = 1;\n", "x;\n", "int a;\nx;\nint c;\nint c;\nend", NULL},
    {"int b; \n  if (a)", "x;", "int a;\nx;\r\n    b = 1;\t\nint c;\nint c;\nend", NULL},
    {"int c;\nint c;\nend", "x", "int a;\nint b;  \n  if (a)\r\n    b = 1;\t\nx", NULL},
    {"int c;", "x", NULL, "found 2 times, first in lines 5 and 6"},
    {"int", "x", NULL, "found 4 times"},
    {"int c;  ", "x", NULL, "not counting white space"},
    {"int d;", "x", NULL, "edits[0].search is not in the source"},
    {"    b = 1; // one", "x", NULL, "not in the source: \"    b = 1; // one\""},
    {"if (a)\n  b = 1;", "x", NULL, "is not in the source"}, /* indentation counts */
    {"", "x", NULL, "is empty"},
    {"   ", "x", NULL, "found 2 times"},
    {"one\ntwo\nthree\nfour\nfive", "x", NULL, "one\\ntwo\\nthree\\n ...\""},
};

static json_t *edit(const char *search, const char *replace) {
  return json_pack("{s:s,s:s}", "search", search, "replace", replace);
}

static void edits_apply_or_say_why(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    json_t *list = json_pack("[o]", edit(rows[i].search, rows[i].replace));
    struct buffer out;
    struct error e = {0};
    buffer_init(&out);
    enum status st = agent_edits_apply(source, strlen(source), list, &out, &e);
    int good = rows[i].becomes ? st == ST_OK && strcmp(buffer_str(&out), rows[i].becomes) == 0
                               : st == ST_INPUT && strstr(e.text, rows[i].said) && out.bytes == 0;
    if (!good)
      print_message("\"%s\": status %d, \"%s\", error \"%s\"\n", rows[i].search, (int)st, buffer_str(&out),
                    e.text);
    assert_true(good);
    buffer_fini(&out);
    json_decref(list);
  }
}

static void edits_follow_each_other(void **state) {
  (void)state;
  json_t *list = json_pack("[o,o]", edit("int a;", "long a; int e;"), edit("int e;", "x")), *bad;
  struct buffer out;
  struct error e = {0};
  buffer_init(&out);
  assert_int_equal(agent_edits_apply("int a;", 6, list, &out, &e), ST_OK);
  assert_string_equal(buffer_str(&out), "long a; x");
  json_array_append_new(list, edit("int e;", "y"));
  assert_int_equal(agent_edits_apply("int a;", 6, list, &out, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "edits[2].search is not in the source as the edits before left it"));
  assert_string_equal(buffer_str(&out), "long a; x"); /* untouched */
  bad = json_pack("[{s:s}]", "search", "int a;");
  assert_int_equal(agent_edits_apply("int a;", 6, bad, &out, &e), ST_INPUT);
  json_array_clear(bad);
  assert_int_equal(agent_edits_apply("int a;", 6, bad, &out, &e), ST_INPUT);
  json_decref(bad);
  json_decref(list);
  buffer_fini(&out);
}

static void the_nearest_line_is_named(void **state) {
  (void)state;
  json_t *list = json_pack("[o]", edit("  counter_total = 2;", "x"));
  struct error e = {0};
  struct buffer out;
  buffer_init(&out);
  static const char text[] = "a\nb\n    counter_total = 1;\n";
  assert_int_equal(agent_edits_apply(text, strlen(text), list, &out, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "line 3 of the source begins like it"));
  buffer_fini(&out);
  json_decref(list);
}

/* Long texts of equal lines: the search must give up, not take hours. */
static void hostile_edits_are_bounded(void **state) {
  (void)state;
  enum { N = 1 << 20 };
  char *text = malloc(N + 1), *search = malloc(N / 2 + 3);
  assert_non_null(text);
  assert_non_null(search);
  memset(text, '\n', N);
  memset(search, '\n', N / 2);
  text[N] = 0;
  memcpy(search + N / 2, "x", 2);
  json_t *list = json_pack("[o]", edit(search, "y"));
  struct error e = {0};
  struct buffer out;
  buffer_init(&out);
  assert_int_equal(agent_edits_apply(text, N, list, &out, &e), ST_INPUT);
  buffer_fini(&out);
  json_decref(list);
  free(text);
  free(search);
}

/* ------------------------------------------------------------------ differences */

/* Applies a unified difference; asserts that its old lines are those of `a`. */
static void patch(const char *a, const char *diff, struct buffer *out) {
  size_t line = 0; /* of a, from 0 */
  const char *at = a;
  while (*diff) {
    const char *end = strchr(diff, '\n');
    assert_non_null(end);
    size_t n = (size_t)(end - diff) + 1;
    int cut = strncmp(end + 1, "\\ No newline", 12) == 0;
    if (strncmp(diff, "@@ -", 4) == 0) {
      unsigned long from = strtoul(diff + 4, NULL, 10);
      const char *comma = strchr(diff + 4, ',');
      int none = comma && comma < strchr(diff, '+') && comma[1] == '0';
      while (line + 1 < from + (size_t)none) {
        const char *nl = strchr(at, '\n');
        assert_non_null(nl);
        buffer_add(out, at, (size_t)(nl - at) + 1);
        at = nl + 1;
        line++;
      }
    } else if (*diff == ' ' || *diff == '-') {
      assert_memory_equal(at, diff + 1, n - 1 - (size_t)cut);
      at += n - 1 - (size_t)cut;
      line++;
    }
    if (*diff == ' ' || (*diff == '+' && strncmp(diff, "+++ ", 4) != 0))
      buffer_add(out, diff + 1, n - 1 - (size_t)cut);
    if (strncmp(diff, "--- ", 4) == 0)
      at = a, line = 0;
    diff = end + 1;
    if (cut)
      diff = strchr(diff, '\n') + 1;
  }
  buffer_text(out, at);
}

static size_t differ(const char *a, const char *b, int context) {
  struct buffer diff, made;
  struct error e = {0};
  buffer_init(&diff);
  buffer_init(&made);
  assert_int_equal(agent_diff("a", a, strlen(a), "b", b, strlen(b), context, &diff, &e), ST_OK);
  const char *body = buffer_str(&diff);
  if (*body) /* the header is not a removed line */
    body = strchr(strchr(body, '\n') + 1, '\n') + 1;
  patch(a, body, &made);
  if (strcmp(buffer_str(&made), b) != 0)
    print_message("%s\ngives \"%s\", not \"%s\"\n", buffer_str(&diff), buffer_str(&made), b);
  assert_string_equal(buffer_str(&made), b);
  size_t changes = 0;
  for (const char *p = body; *p; p = strchr(p, '\n') + 1)
    changes += *p == '+' || *p == '-';
  buffer_fini(&diff);
  buffer_fini(&made);
  return changes;
}

static void differences_apply(void **state) {
  (void)state;
  assert_int_equal(differ("a\nb\nc\n", "a\nb\nc\n", 3), 0);
  assert_int_equal(differ("", "a\n", 3), 1);
  assert_int_equal(differ("a\n", "", 3), 1);
  assert_int_equal(differ("a", "a\n", 3), 2);
  assert_int_equal(differ("a\nb\nc", "a\nB\nc", 1), 2);
  assert_int_equal(differ("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", 3), 5); /* Myers' own example */
  assert_int_equal(differ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\nx\n3\n4\n5\n6\n7\n8\ny\n", 1), 4);
}

static void differences_look_as_diff_writes_them(void **state) {
  (void)state;
  struct buffer diff;
  buffer_init(&diff);
  static const char a[] = "1\n2\n3\n4\n5\n", b[] = "1\n2\nx\n4\n5";
  assert_int_equal(agent_diff("old", a, strlen(a), "new", b, strlen(b), 1, &diff, NULL), ST_OK);
  assert_string_equal(buffer_str(&diff), "--- old\n+++ new\n@@ -2,4 +2,4 @@\n 2\n-3\n+x\n 4\n-5\n+5\n"
                                         "\\ No newline at end of file\n");
  buffer_clear(&diff); /* four lines between two changes: at context 1 two hunks, at context 2 one */
  static const char c[] = "x\n1\n2\n3\n4\ny\n", d[] = "X\n1\n2\n3\n4\nY\n";
  assert_int_equal(agent_diff("c", c, strlen(c), "d", d, strlen(d), 1, &diff, NULL), ST_OK);
  assert_string_equal(buffer_str(&diff),
                      "--- c\n+++ d\n@@ -1,2 +1,2 @@\n-x\n+X\n 1\n@@ -5,2 +5,2 @@\n 4\n-y\n+Y\n");
  buffer_clear(&diff);
  assert_int_equal(agent_diff("c", c, strlen(c), "d", d, strlen(d), 2, &diff, NULL), ST_OK);
  assert_string_equal(buffer_str(&diff), "--- c\n+++ d\n@@ -1,6 +1,6 @@\n-x\n+X\n 1\n 2\n 3\n 4\n-y\n+Y\n");
  buffer_fini(&diff);
}

/* Random texts of few different lines; length of a shortest difference by the quadratic table. */
static size_t shortest(const uint8_t *a, size_t n, const uint8_t *b, size_t m) {
  static size_t t[40][40];
  for (size_t i = 0; i <= n; i++)
    for (size_t j = 0; j <= m; j++)
      t[i][j] = i == 0 || j == 0            ? i + j
                : a[i - 1] == b[j - 1]      ? t[i - 1][j - 1]
                : t[i - 1][j] < t[i][j - 1] ? t[i - 1][j] + 1
                                            : t[i][j - 1] + 1;
  return t[n][m];
}

static size_t draw(struct rng *r, uint8_t *line, char *text) {
  size_t n = (size_t)(rng_unit(r) * 30), bytes = 0;
  for (size_t i = 0; i < n; i++) {
    line[i] = (uint8_t)(rng_unit(r) * 4);
    text[bytes++] = (char)('a' + line[i]);
    text[bytes++] = '\n';
  }
  text[bytes] = 0;
  return n;
}

static void differences_are_shortest(void **state) {
  (void)state;
  struct rng r;
  rng_init(&r, 7);
  for (int i = 0; i < 3000; i++) {
    uint8_t a[40], b[40];
    char s[100], t[100];
    size_t n = draw(&r, a, s), m = draw(&r, b, t);
    assert_int_equal(differ(s, t, i % 4), shortest(a, n, b, m));
  }
}

static void large_differences_are_bounded(void **state) {
  (void)state;
  enum { LINES = 60000 };
  struct buffer a, b, diff;
  buffer_init(&a);
  buffer_init(&b);
  buffer_init(&diff);
  for (int i = 0; i < LINES; i++) {
    buffer_printf(&a, "%d\n", i * 7919 % LINES);
    buffer_printf(&b, "%d\n", (int)(i * 104729L % LINES));
  }
  assert_int_equal(agent_diff("a", a.data, a.bytes, "b", b.data, b.bytes, 3, &diff, NULL), ST_OK);
  assert_true(diff.bytes > 0 && diff.bytes < 2 * (a.bytes + b.bytes) + 4 * LINES);
  buffer_fini(&a);
  buffer_fini(&b);
  buffer_fini(&diff);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(edits_apply_or_say_why),    cmocka_unit_test(edits_follow_each_other),
      cmocka_unit_test(the_nearest_line_is_named), cmocka_unit_test(hostile_edits_are_bounded),
      cmocka_unit_test(differences_apply),         cmocka_unit_test(differences_look_as_diff_writes_them),
      cmocka_unit_test(differences_are_shortest),  cmocka_unit_test(large_differences_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

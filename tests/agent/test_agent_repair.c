/* Room: tests/agent. agent_repair: what models really send, from text to JSON. A table: each row is a text
 * and either the JSON it must become or words of the sentence that is sent back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_exchange.h"

/* {a: {n number, i integer, s string, w word, k integer of a list, b boolean, z string or null,
 *      l list of texts, o object or null}} */
static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false,\"properties\":{\"a\":"
    "{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"n\",\"i\",\"w\",\"k\",\"b\",\"z\",\"l\",\"o\",\"source\",\"s\"],\"properties\":{"
    "\"n\":{\"type\":\"number\"},\"i\":{\"type\":\"integer\"},"
    "\"w\":{\"type\":\"string\",\"enum\":[\"low\",\"high\",\"4\"]},\"k\":{\"type\":\"integer\",\"enum\":[1,2,4]},"
    "\"b\":{\"type\":\"boolean\"},\"z\":{\"type\":[\"string\",\"null\"]},"
    "\"l\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"o\":{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"number\"}},\"required\":[\"x\"],"
    "\"additionalProperties\":false},{\"type\":\"null\"}]},\"source\":{\"type\":[\"string\",\"null\"]},"
    "\"s\":{\"type\":\"string\"}}}}}";

struct row {
  const char *name, *text;
  const char *json; /* expected, or NULL */
  const char *said; /* in the error otherwise */
};

/* One member of the good answer exchanged: keeps the table readable. */
#define REST ",\"b\":true,\"z\":null,\"l\":[],\"o\":null,\"source\":null,\"s\":\"t\"}}"
#define GOOD "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2" REST

static const struct row whole_rows[] = {
    {"plain", GOOD, GOOD, NULL},
    {"white space", "\n\t " GOOD "  \n\n", GOOD, NULL},
    {"fenced", "```json\n" GOOD "\n```", GOOD, NULL},
    {"fenced without a language", "```\n" GOOD "\n```\n", GOOD, NULL},
    {"chatty before and after", "Sure! Here is my answer:\n\n" GOOD "\n\nLet me know what you think {smile}.",
     GOOD, NULL},
    {"braces in the talk", "Take the set {a, b} or {x | x > 1}: " GOOD, GOOD, NULL},
    {"an object in the talk that does not fit", "Unlike {\"a\": 1} I say " GOOD, GOOD, NULL},
    {"said twice alike", GOOD " I repeat: " GOOD, GOOD, NULL},
    {"in a list", "[" GOOD "]", GOOD, NULL},
    {"byte order mark", "\xef\xbb\xbf" GOOD, GOOD, NULL},
    {"thoughts", "<think>maybe {\"a\":{\"n\":1,\"i\":3,\"w\":\"low\",\"k\":2" REST "? no</think>" GOOD, GOOD,
     NULL},
    {"without the wrapping", "{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"s\":\"t\",\"l\":[]}",
     GOOD, NULL},
    {"nullable members absent",
     "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"l\":[],\"s\":\"t\"}}", GOOD, NULL},
    {"a member nobody knows",
     "{\"note\":1,\"a\":{\"mood\":\"good\",\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2" REST, GOOD, NULL},
    {"trailing commas", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"l\":[],\"s\":\"t\",},}",
     GOOD, NULL},
    {"comments", "{ // one\n\"a\": /* two */ {\"n\":0.5,# three\n\"i\":3,\"w\":\"low\",\"k\":2" REST, GOOD,
     NULL},
    {"single quotes", "{'a':{'n':0.5,'i':3,'w':'low','k':2,'b':true,'l':[],'s':'t'}}", GOOD, NULL},
    {"curly quotes",
     "{\xe2\x80\x9c"
     "a\xe2\x80\x9d:{\"n\":0.5,\"i\":3,\"w\":\xe2\x80\x9clow\xe2\x80\x9d,\"k\":2" REST,
     GOOD, NULL},
    {"bare names", "{a:{n:0.5,i:3,w:\"low\",k:2,b:true,l:[],s:\"t\"}}", GOOD, NULL},
    {"Python's constants",
     "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":True,\"z\":None,\"l\":[],\"s\":\"t\"}}", GOOD,
     NULL},
    {"a comma missing between members", "{\"a\":{\"n\":0.5\n\"i\":3 \"w\":\"low\",\"k\":2" REST, GOOD, NULL},
    {"a number in quotes", "{\"a\":{\"n\":\"0.5\",\"i\":\" 3 \",\"w\":\"low\",\"k\":\"2\"" REST, GOOD, NULL},
    {"a real for an integer", "{\"a\":{\"n\":0.5,\"i\":3.0,\"w\":\"low\",\"k\":2.0" REST, GOOD, NULL},
    {"case of a word", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\" LOW\",\"k\":2" REST, GOOD, NULL},
    {"a boolean and a null in quotes",
     "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":\"true\",\"o\":\"null\",\"l\":[],\"s\":\"t\"}}",
     GOOD, NULL},
    {"plus, no zero before the point", "{\"a\":{\"n\":+.5,\"i\":+3,\"w\":\"low\",\"k\":2" REST, GOOD, NULL},
    {"an exponent", "{\"a\":{\"n\":5e-1,\"i\":3,\"w\":\"low\",\"k\":2" REST, GOOD, NULL},
    {"the answer as a text",
     "{\"a\":\"{\\\"n\\\":0.5,\\\"i\\\":3,\\\"w\\\":\\\"low\\\",\\\"k\\\":2,\\\"b\\\":true,\\\"l\\\":[],\\\"s\\\":\\\"t\\\"}\"}",
     GOOD, NULL},
    {"a bracket too many", GOOD "}]", GOOD, NULL},
    {"a brace missing at the end",
     "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"l\":[],\"s\":\"t\"}", GOOD, NULL},
    {"a name twice, the same value", "{\"a\":{\"n\":0.5,\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2" REST, GOOD,
     NULL},
};

#define HEAD "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"l\":[],"
static const struct row refused_rows[] = {
    {"empty", "", NULL, "is empty"},
    {"blank", " \n\t", NULL, "is empty"},
    {"talk only", "I would rather not say.", NULL, "no JSON object"},
    {"a lone brace", "{", NULL, "ends too early"},
    {"a list", "[1,2,3]", NULL, "no JSON object"},
    {"NaN", "{\"a\":{\"n\":NaN,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "NaN is no value of JSON"},
    {"Infinity", "{\"a\":{\"n\":-Infinity,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "-Infinity is no value"},
    {"too large a number", "{\"a\":{\"n\":1e999,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "too large"},
    {"a word for a number", "{\"a\":{\"n\":\"fast\",\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL,
     "at /a/n: wanted number, found \"fast\""},
    {"a unit", "{\"a\":{\"n\":\"3 ms\",\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "at /a/n"},
    {"a unit without quotes", "{\"a\":{\"n\":3ms,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL,
     "line 1, column 11"},
    {"not whole", "{\"a\":{\"n\":0.5,\"i\":3.5,\"w\":\"low\",\"k\":2" REST, NULL,
     "at /a/i: wanted integer, found 3.5"},
    {"a word that is not listed", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"lowish\",\"k\":2" REST, NULL,
     "one of \"low\", \"high\", \"4\""},
    {"a number that is not listed", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":3" REST, NULL, "at /a/k"},
    {"missing", "{\"a\":{\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "at /a: \"n\" is missing"},
    {"misspelt", "{\"a\":{\"nn\":0.5,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL,
     "\"nn\" is there, which is not known"},
    {"null for a number", "{\"a\":{\"n\":null,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL,
     "at /a/n: wanted number, found null"},
    {"a name twice with two values", "{\"a\":{\"n\":0.5,\"n\":0.6,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL,
     "there twice"},
    {"two answers", GOOD "{\"a\":{\"n\":0.6,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "more than one"},
    {"cut in a number", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"b\":true,\"l\":[],\"s\":\"t\",\"k\":2",
     NULL, "ends in the middle of a value"},
    {"cut in a word of a list",
     "{\"a\":{\"n\":0.5,\"i\":3,\"k\":2,\"b\":true,\"l\":[],\"s\":\"t\",\"w\":\"low", NULL,
     "in the middle of \"w\""},
    {"cut in a source", HEAD "\"s\":\"t\",\"source\":\"int x", NULL, "in the middle of \"source\""},
    {"cut in a list",
     "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"s\":\"t\",\"l\":[\"x\",\"y", NULL,
     "in the middle of"},
    {"cut before what is needed", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"lo", NULL, "ends too early"},
    {"cut in a constant", "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"l\":[],\"s\":\"t\",\"b\":tru",
     NULL, "middle"},
    {"brackets crossed", "{\"a\":{\"n\":0.5,\"l\":[\"x\"},\"i\":3]}", NULL, "wanted , or ]"},
    {"two commas", "{\"a\":{\"n\":0.5,,\"i\":3,\"w\":\"low\",\"k\":2" REST, NULL, "wanted a name"},
    {"a list with a hole", "{\"a\":{\"n\":0.5,\"l\":[\"x\",,\"y\"],\"i\":3,\"w\":\"low\",\"k\":2}}", NULL,
     "value is missing"},
    {"texts side by side", "{\"a\":{\"l\":[\"x\" \"y\"],\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2}}", NULL,
     "wanted , or ]"},
    {"an apostrophe in single quotes", "{'a':{'s':'it's','n':1}}", NULL, "wanted , or }"},
    {"a colon missing", "{\"a\":{\"n\":0.5,\"i\" 3}}", NULL, "wanted : behind the name \"i\""},
    {"a bare word", "{\"a\":{\"w\":low,\"n\":0.5}}", NULL, "a value must be"},
    {"an octal number", "{\"a\":{\"n\":007}}", NULL, "begin with 0"},
    {"hexadecimal", "{\"a\":{\"n\":0x10}}", NULL, "a value must be"},
    {"\\u0000", HEAD "\"s\":\"a\\u0000b\"}}", NULL, "\\u0000 is not allowed"},
    {"bad \\u", HEAD "\"s\":\"a\\u12x4b\"}}", NULL, "four hexadecimal digits"},
    {"an array for an object", "{\"a\":[]}", NULL, "at /a: wanted object, found an array"},
    {"deep inside a nullable object",
     "{\"a\":{\"n\":0.5,\"i\":3,\"w\":\"low\",\"k\":2,\"b\":true,\"l\":[],\"o\":{\"x\":\"?\"},\"s\":\"t\"}}",
     NULL, "at /a/o/x: wanted number"},
};

/* What s becomes: the text of the member in JSON's way, and in C's. */
static const struct {
  const char *name, *text, *becomes;
} text_rows[] = {
    {"escapes", "\"a\\n\\t\\\"\\\\\\/\\u00e9\"", "a\n\t\"\\/\xc3\xa9"},
    {"a pair of \\u", "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
    {"half a pair", "\"\\ud83d!\"", "\xef\xbf\xbd!"},
    {"the other half", "\"\\ude00\"", "\xef\xbf\xbd"},
    {"raw line ends and tabs", "\"a\n\tb\"", "a\n\tb"},
    {"a control character", "\"a\x01z\"", "a\x01z"},
    {"an escape JSON does not have", "\"\\d\\alpha\"", "\\d\\alpha"},
    {"an escaped apostrophe", "'it\\'s'", "it's"},
    {"double quotes in single ones", "'say \"x\"'", "say \"x\""},
    {"bytes that are not UTF-8", "\"a\xff\xc3z\xed\xa0\x80\"",
     "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"overlong UTF-8", "\"\xc0\xaf\"", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"comment signs in a text", "\"a // b /* c */ # d\"", "a // b /* c */ # d"},
    {"braces in a text", "\"int f(void) { return 1; }\"", "int f(void) { return 1; }"},
    {"a number for a text", "12", "12"},
    {"a real for a text", "0.1", "0.1"},
    {"null in quotes for a text", "\"null\"", "null"},
};

/* Cut texts that may be closed: free text, at the very end. */
static const struct {
  const char *name, *text, *becomes;
} cut_rows[] = {
    {"in a text", HEAD "\"s\":\"because it", "because it"},
    {"in an escape", HEAD "\"s\":\"because\\", "because"},
    {"in \\u", HEAD "\"s\":\"because\\u00e", "because"},
    {"in a character", HEAD "\"s\":\"because\xc3", "because\xef\xbf\xbd"},
    {"behind a text", HEAD "\"s\":\"because\"", "because"},
    {"in the next name", HEAD "\"s\":\"because\",\"sou", "because"},
    {"before a value", HEAD "\"s\":\"because\",\"z\":", "because"},
    {"in a comment", HEAD "\"s\":\"because\" /* and", "because"},
};

static json_t *schema(void) {
  json_t *s = json_loads(schema_text, 0, NULL);
  assert_non_null(s);
  return s;
}

static void expect(const struct row *row, const json_t *with) {
  json_t *answer = NULL;
  struct error e = {0};
  enum status st = agent_repair(row->text, strlen(row->text), with, &answer, &e);
  json_t *wanted = row->json ? json_loads(row->json, 0, NULL) : NULL;
  char *got = answer ? json_canonical(answer) : NULL;
  int good = row->json ? st == ST_OK && wanted && json_equal(answer, wanted)
                       : st == ST_INPUT && !answer && strstr(e.text, row->said) != NULL;
  if (!good)
    print_message("%s: status %d, answer %s, error \"%s\"\n", row->name, (int)st, got ? got : "none", e.text);
  assert_true(good);
  free(got);
  json_decref(wanted);
  json_decref(answer);
}

static void answers_are_mended(void **state) {
  (void)state;
  json_t *s = schema();
  for (size_t i = 0; i < sizeof whole_rows / sizeof *whole_rows; i++)
    expect(&whole_rows[i], s);
  json_decref(s);
}

static void what_is_not_clear_is_refused(void **state) {
  (void)state;
  json_t *s = schema();
  for (size_t i = 0; i < sizeof refused_rows / sizeof *refused_rows; i++)
    expect(&refused_rows[i], s);
  json_decref(s);
}

static void expect_text(const char *name, const char *text, const char *becomes) {
  json_t *s = schema(), *answer = NULL;
  struct error e = {0};
  enum status st = agent_repair(text, strlen(text), s, &answer, &e);
  const char *got = json_str(json_obj(answer, "a"), "s", "(none)");
  if (st != ST_OK || strcmp(got, becomes) != 0)
    print_message("%s: status %d, \"%s\", error \"%s\"\n", name, (int)st, got, e.text);
  assert_int_equal(st, ST_OK);
  assert_string_equal(got, becomes);
  json_decref(answer);
  json_decref(s);
}

static void texts_are_read(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof text_rows / sizeof *text_rows; i++) {
    char text[400];
    snprintf(text, sizeof text, "%s\"s\":%s}}", HEAD, text_rows[i].text);
    expect_text(text_rows[i].name, text, text_rows[i].becomes);
  }
}

static void cut_texts_are_closed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cut_rows / sizeof *cut_rows; i++)
    expect_text(cut_rows[i].name, cut_rows[i].text, cut_rows[i].becomes);
}

/* Every beginning of an answer: never a value that the whole one does not have. */
static void no_beginning_invents_a_value(void **state) {
  (void)state;
  json_t *s = schema(), *whole = json_loads(GOOD, 0, NULL);
  for (size_t n = 0; n < strlen(GOOD); n++) {
    json_t *answer = NULL;
    if (agent_repair(GOOD, n, s, &answer, NULL) == ST_OK)
      assert_true(json_equal(answer, whole) ||
                  strcmp(json_str(json_obj(answer, "a"), "s", "?"), "") == 0); /* cut in "t" */
    json_decref(answer);
  }
  json_decref(whole);
  json_decref(s);
}

static void expect_status(const char *text, size_t bytes, enum status wanted, const char *said) {
  json_t *s = schema(), *answer = NULL;
  struct error e = {0};
  assert_int_equal(agent_repair(text, bytes, s, &answer, &e), wanted);
  if (said && !strstr(e.text, said))
    print_message("\"%s\" lacks \"%s\"\n", e.text, said);
  if (said)
    assert_non_null(strstr(e.text, said));
  json_decref(answer);
  json_decref(s);
}

static void nul_bytes(void **state) {
  (void)state;
  static const char inside[] = HEAD "\"s\":\"a\0b\"}}", around[] = "\0\0" GOOD "\0",
                    between[] = "{\"a\":\0{}}";
  expect_status(inside, sizeof inside - 1, ST_INPUT, "NUL");
  expect_status(around, sizeof around - 1, ST_OK, NULL);
  expect_status(between, sizeof between - 1, ST_INPUT, "line 1");
}

/* Texts that are made to cost much: none may take long (CTest's time-out) or deep (a stack). */
static void hostile_texts_are_bounded(void **state) {
  (void)state;
  static const char *const piece[] = {
      "{",         "[",      "{\"a\":", "{a:[", "{/*",        "{//", "{\"a\":{\"b\":[{},",
      "{x",        "{\"",    "{'",      "/*",   "{a:1,",      "{}",  "\\\"{\"\\u",
      "{\"a\":\"", "{a:'{'", "{#",      "{}{",  "{\"a\":{}}", "```", "\xff{\xff"};
  enum { BYTES = 1 << 18 };
  char *text = malloc(BYTES);
  assert_non_null(text);
  for (size_t k = 0; k < sizeof piece / sizeof *piece; k++) {
    size_t n = strlen(piece[k]);
    for (size_t i = 0; i < BYTES; i++)
      text[i] = piece[k][i % n];
    expect_status(text, BYTES, ST_INPUT, NULL);
  }
  free(text);
  expect_status("{}", (size_t)64 << 20, ST_INPUT, "at most"); /* refused before it is read */
}

static void without_a_schema_any_object_will_do(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"one", "x {\"q\": [1, 2,]} y", "{\"q\":[1,2]}", NULL},
      {"two", "{\"q\": 1} {\"q\": 2}", NULL, "more than one"},
      {"cut", "{\"q\": {\"r\": \"te", "{\"q\":{\"r\":\"te\"}}", NULL},
  };
  for (size_t i = 0; i < 3; i++)
    expect(&rows[i], NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_mended),
      cmocka_unit_test(what_is_not_clear_is_refused),
      cmocka_unit_test(texts_are_read),
      cmocka_unit_test(cut_texts_are_closed),
      cmocka_unit_test(no_beginning_invents_a_value),
      cmocka_unit_test(nul_bytes),
      cmocka_unit_test(hostile_texts_are_bounded),
      cmocka_unit_test(without_a_schema_any_object_will_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

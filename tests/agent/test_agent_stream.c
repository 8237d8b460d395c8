/* Tests of agent: server-sent events, in every division into chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_stream.h"

static int note(void *context, const char *name, const char *data, size_t bytes) {
  struct buffer *said = context;
  assert_int_equal(strlen(data), bytes);
  buffer_printf(said, "[%s|%s]", name, data);
  return strcmp(data, "stop") == 0 ? 7 : 0;
}

/* What a text gives when it comes in two parts and then byte by byte. */
static void expect(const char *text, size_t bytes, const char *wanted, int result) {
  for (size_t cut = 0; cut <= bytes + 1; cut++) {
    struct buffer said;
    struct agent_stream s;
    int got = 0;
    buffer_init(&said);
    agent_stream_init(&s, 40, note, &said);
    for (size_t at = 0; at < bytes && !got;) {
      size_t n = cut > bytes ? 1 : at < cut ? cut - at : bytes - at;
      got = agent_stream_feed(&s, text + at, n);
      at += n;
    }
    assert_string_equal(buffer_str(&said), wanted);
    assert_int_equal(got, result);
    agent_stream_fini(&s);
    buffer_fini(&said);
  }
}

static void fields_and_line_ends(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } cases[] = {
      {"data: a\n\n", "[|a]"},
      {"data: a\r\n\r\ndata: b\r\rdata:c\n\n", "[|a][|b][|c]"},
      {"event: e\ndata: 1\ndata: 2\n\ndata: 3\n\n", "[e|1\n2][|3]"},
      {": a comment\n\nid: 4\nretry: 5\ndata: x\n\n", "[|x]"},
      {"data\n\n", "[|]"},
      {"data:\ndata:\n\n", "[|\n]"},
      {"event: lonely\n\ndata: y\n\n", "[|y]"},
      {"data:  two blanks\n\n", "[| two blanks]"},
      {"datas: no\ndat: no\ndata: a:b\n\n", "[|a:b]"},
      {"\xef\xbb\xbf"
       "data: marked\n\n",
       "[|marked]"},
      {"data: a\n\ndata: cut off\n", "[|a]"},
      {"\n\n\r\n\r\r", ""},
      {"event: e\r\ndata: 1\r\ndata: 2\r\n\r\n", "[e|1\n2]"},
      {"data: a\r\n\r\n\r\ndata: b\n\r\n", "[|a][|b]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect(cases[i].text, strlen(cases[i].text), cases[i].wanted, 0);
}

static void the_callback_ends_it(void **state) {
  (void)state;
  const char *text = "data: a\n\ndata: stop\n\ndata: never\n\n";
  expect(text, strlen(text), "[|a][|stop]", 7);
}

static void lengths_are_bounded(void **state) {
  (void)state;
  char text[300];
  memset(text, 'x', sizeof text);
  memcpy(text, "data: ", 6);
  expect(text, 200, "", AGENT_STREAM_TOO_LONG); /* a line without end */
  text[0] = 0;
  for (int i = 0; i < 10; i++)
    strcat(text, "data: 0123456789\n");
  expect(text, strlen(text), "", AGENT_STREAM_TOO_LONG); /* an event without end */
  text[0] = 0;
  for (int i = 0; i < 9; i++)
    strcat(text, "data: 0123456789\n\n"); /* many events are no trouble */
  char wanted[200] = "";
  for (int i = 0; i < 9; i++)
    strcat(wanted, "[|0123456789]");
  expect(text, strlen(text), wanted, 0);
  const char *name = "event: 0123456789012345678901234567890\ndata: n\n\n";
  expect(name, strlen(name), "[0123456789012345678901234567890|n]", 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_and_line_ends),
      cmocka_unit_test(the_callback_ends_it),
      cmocka_unit_test(lengths_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

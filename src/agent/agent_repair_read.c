/* Room: agent. May use base. Lenient JSON: see agent_repair.h. What comes in is hostile: depth, steps and
 * bytes are bounded, and every error says where and what, because it is sent back to the model. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_repair.h"

static json_t *read_value(struct agent_reading *r, int depth);

/* ------------------------------------------------------------------ errors */

static void locate(const struct agent_reading *r, size_t at, size_t *line, size_t *column) {
  *line = *column = 1;
  for (size_t i = 0; i < at && i < r->bytes; i++) {
    if (r->text[i] == '\n') {
      ++*line;
      *column = 1;
    } else
      *column += ((unsigned char)r->text[i] & 0xc0) != 0x80;
  }
}

/* What stands at a place: at most 24 printable bytes, the rest as dots. */
static void excerpt(const struct agent_reading *r, size_t at, char out[32]) {
  size_t n = 0;
  for (; n < 24 && at + n < r->bytes && r->text[at + n] != '\n'; n++) {
    unsigned char c = (unsigned char)r->text[at + n];
    out[n] = c >= 32 && c < 127 ? (char)c : '.';
  }
  out[n] = 0;
}

enum status agent_read_error(const struct agent_reading *r, struct error *e) {
  char near[32];
  size_t line, column;
  if (r->error.status != ST_INPUT)
    return error_set(e, r->error.status, "%s", r->error.text);
  locate(r, r->error_at, &line, &column);
  excerpt(r, r->error_at, near);
  return error_set(e, ST_INPUT, "line %zu, column %zu: %.400s%s%s%s", line, column, r->error.text,
                   *near ? ", at \"" : "", near, *near ? "\"" : "");
}

static json_t *fail(struct agent_reading *r, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
static json_t *fail(struct agent_reading *r, size_t at, const char *format, ...) {
  va_list args;
  if (r->error.status != ST_OK)
    return NULL; /* the first one is the cause */
  va_start(args, format);
  vsnprintf(r->error.text, sizeof r->error.text, format, args);
  va_end(args);
  r->error.status = ST_INPUT;
  r->error_at = at;
  return NULL;
}

static json_t *no_memory(struct agent_reading *r) {
  if (r->error.status == ST_OK)
    error_set(&r->error, ST_MEMORY, "out of memory for an answer");
  return NULL;
}

static int step(struct agent_reading *r, size_t n) {
  r->work += n;
  return r->work <= r->work_max ||
         (fail(r, r->at, "there are too many broken pieces to read; send one JSON object and nothing else"),
          0);
}

/* ------------------------------------------------------------------ white space and comments */

static int starts(const struct agent_reading *r, const char *with) {
  size_t n = strlen(with);
  return r->bytes - r->at >= n && memcmp(r->text + r->at, with, n) == 0;
}

/* White space that UTF-8 has beside ASCII's: no-break space, byte order mark. */
static size_t blank(const struct agent_reading *r) {
  char c = r->text[r->at];
  if (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\v')
    return 1;
  return starts(r, "\xc2\xa0") ? 2 : starts(r, "\xef\xbb\xbf") ? 3 : 0;
}

/* 1: at a byte that matters; 0: at the end, or too many steps. A comment without an end is the end. */
static int skip(struct agent_reading *r) {
  while (r->at < r->bytes) {
    size_t n = blank(r), from = r->at;
    if (n)
      r->at += n;
    else if (starts(r, "//") || r->text[r->at] == '#') {
      const char *nl = memchr(r->text + r->at, '\n', r->bytes - r->at);
      r->at = nl ? (size_t)(nl - r->text) : r->bytes;
    } else if (starts(r, "/*")) {
      const char *end = memmem(r->text + r->at + 2, r->bytes - r->at - 2, "*/", 2);
      r->at = end ? (size_t)(end - r->text) + 2 : r->bytes;
    } else
      return 1;
    if (!step(r, r->at - from))
      return 0;
  }
  return 0;
}

/* ------------------------------------------------------------------ texts */

static void put_utf8(struct buffer *b, uint32_t c) {
  char s[4];
  if (c < 0x80) {
    s[0] = (char)c;
    buffer_add(b, s, 1);
  } else if (c < 0x800) {
    s[0] = (char)(0xc0 | c >> 6);
    s[1] = (char)(0x80 | (c & 63));
    buffer_add(b, s, 2);
  } else if (c < 0x10000) {
    s[0] = (char)(0xe0 | c >> 12);
    s[1] = (char)(0x80 | (c >> 6 & 63));
    s[2] = (char)(0x80 | (c & 63));
    buffer_add(b, s, 3);
  } else {
    s[0] = (char)(0xf0 | c >> 18);
    s[1] = (char)(0x80 | (c >> 12 & 63));
    s[2] = (char)(0x80 | (c >> 6 & 63));
    s[3] = (char)(0x80 | (c & 63));
    buffer_add(b, s, 4);
  }
}

/* Four hex digits at r->at + 2, or -1. */
static int32_t hex4(const struct agent_reading *r, size_t at) {
  int32_t v = 0;
  for (size_t i = 0; i < 4; i++) {
    if (at + i >= r->bytes)
      return -1;
    char c = r->text[at + i];
    int d = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : -1;
    if (d < 0)
      return -1;
    v = v * 16 + d;
  }
  return v;
}

/* \uXXXX, a pair of them for what lies beyond; half a pair becomes U+FFFD. At the end of the text: 0, and
 * nothing is added. */
static int read_unicode(struct agent_reading *r, struct buffer *b) {
  int32_t c = hex4(r, r->at + 2);
  if (c < 0 && r->bytes - r->at < 6) {
    r->at = r->bytes;
    return 1;
  }
  if (c < 0)
    return fail(r, r->at, "\\u must be followed by four hexadecimal digits") != NULL;
  if (c == 0)
    return fail(r, r->at, "\\u0000 is not allowed in a text") != NULL;
  r->at += 6;
  if (c >= 0xd800 && c <= 0xdbff && starts(r, "\\u")) {
    int32_t low = hex4(r, r->at + 2);
    if (low >= 0xdc00 && low <= 0xdfff) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      r->at += 6;
    }
  }
  put_utf8(b, c >= 0xd800 && c <= 0xdfff ? 0xfffd : (uint32_t)c);
  return 1;
}

/* An escape that JSON does not have (\d, \x) keeps its backslash: the only reading that loses nothing. */
static int read_escape(struct agent_reading *r, struct buffer *b) {
  static const char from[] = "\"\\/bfnrt'", to[] = "\"\\/\b\f\n\r\t'";
  if (r->bytes - r->at < 2) {
    r->at = r->bytes;
    return 1;
  }
  char c = r->text[r->at + 1];
  const char *p = c ? strchr(from, c) : NULL;
  if (c == 'u')
    return read_unicode(r, b);
  if (p) {
    buffer_add(b, to + (p - from), 1);
    r->at += 2;
  } else {
    buffer_text(b, "\\");
    r->at += 1;
  }
  return 1;
}

/* The length of the UTF-8 character at p (Unicode 15, table 3-7), or 0. */
static size_t utf8(const unsigned char *p, size_t left) {
  size_t n = p[0] < 0x80                    ? 1
             : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
             : p[0] >= 0xe0 && p[0] <= 0xef ? 3
             : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                            : 0;
  if (n == 0 || n > left)
    return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
      (p[0] == 0xf4 && p[1] > 0x8f))
    return 0;
  return n;
}

static int read_char(struct agent_reading *r, struct buffer *b) {
  const unsigned char *p = (const unsigned char *)r->text + r->at;
  if (*p == 0)
    return fail(r, r->at, "there is a NUL byte in a text") != NULL;
  size_t n = utf8(p, r->bytes - r->at);
  if (n)
    buffer_add(b, p, n);
  else
    put_utf8(b, 0xfffd);
  r->at += n ? n : 1;
  return 1;
}

/* How a text ends that begins here; NULL: none begins here. */
static const char *closing_quote(const struct agent_reading *r) {
  return r->text[r->at] == '"'       ? "\""
         : r->text[r->at] == '\''    ? "'"
         : starts(r, "\xe2\x80\x9c") ? "\xe2\x80\x9d"
                                     : NULL;
}

/* *open: the text ended before the quote. Returns 0 with r->error set. */
static int read_text(struct agent_reading *r, struct buffer *b, int *open) {
  const char *end = closing_quote(r);
  size_t from = r->at, quote = strlen(end);
  r->at += end[0] == '\xe2' ? 3 : 1;
  *open = 0;
  while (r->at < r->bytes) {
    int ok = 1;
    if (starts(r, end)) {
      r->at += quote;
      return step(r, r->at - from);
    }
    ok = r->text[r->at] == '\\' ? read_escape(r, b) : read_char(r, b);
    if (!ok)
      return 0;
  }
  *open = 1;
  r->truncated = 1;
  return step(r, r->at - from);
}

/* ------------------------------------------------------------------ numbers and words */

static int is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == '-' || c == '.' || c == '+';
}

static json_t *read_number(struct agent_reading *r, const char *word, size_t from) {
  char plain[80];
  const char *p = word + (*word == '-' || *word == '+');
  size_t whole = strspn(p, "0123456789"), part = 0;
  const char *q = p + whole;
  if (*q == '.')
    part = strspn(++q, "0123456789"), q += part;
  int real = q > p + whole;
  if (whole + part > 0 && (*q == 'e' || *q == 'E')) {
    const char *x = q + 1 + (q[1] == '-' || q[1] == '+');
    size_t digits = strspn(x, "0123456789");
    real = 1;
    q = digits ? x + digits : q;
  }
  if (*q || whole + part == 0)
    return fail(r, from,
                "a value must be a text in double quotes, a number, true, false, null, {...} or [...]");
  if (whole > 1 && *p == '0')
    return fail(r, from, "a number must not begin with 0 followed by digits");
  snprintf(plain, sizeof plain, "%s%s%s", *word == '-' ? "-" : "", *p == '.' ? "0" : "", p);
  errno = 0;
  if (!real) {
    long long v = strtoll(plain, NULL, 10);
    if (errno == 0)
      return json_integer(v);
  }
  double d = strtod(plain, NULL); /* the engine never leaves the C locale */
  if (!isfinite(d))
    return fail(r, from, "the number is too large");
  return json_real(d);
}

/* Bare words: numbers, and the constants of JSON and Python. */
static json_t *read_word(struct agent_reading *r) {
  static const char *const refused[] = {"NaN",  "nan",  "Infinity", "-Infinity", "+Infinity", "inf",
                                        "-inf", "+inf", "-nan",     "-NaN",      "undefined"};
  char word[72];
  size_t n = 0, from = r->at;
  while (r->at + n < r->bytes && is_word(r->text[r->at + n]) && n < sizeof word)
    n++;
  if (n == sizeof word)
    return fail(r, from, "a value is too long to be a number; texts need double quotes");
  memcpy(word, r->text + r->at, n);
  word[n] = 0;
  r->at += n;
  if (n == 0)
    return fail(r, from, "a value is missing");
  if (!step(r, n))
    return NULL;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (strcmp(word, refused[i]) == 0)
      return fail(r, from, "%s is no value of JSON; write a finite number, or null where nothing is known",
                  word);
  if (r->at == r->bytes) {
    r->truncated = 1; /* 0.3 may have been 0.35, and tru may have been anything */
    return fail(r, from, "the answer ends in the middle of a value");
  }
  if (strcmp(word, "true") == 0 || strcmp(word, "True") == 0)
    return json_true();
  if (strcmp(word, "false") == 0 || strcmp(word, "False") == 0)
    return json_false();
  if (strcmp(word, "null") == 0 || strcmp(word, "None") == 0)
    return json_null();
  return read_number(r, word, from);
}

/* ------------------------------------------------------------------ lists and objects */

/* Behind a member: 1 another may follow, 0 closed or the text's end, -1 an error. A comma that is missing
 * is supplied where the next member cannot be anything else (`glued`). */
static int behind(struct agent_reading *r, char close, int glued) {
  if (!skip(r)) {
    r->truncated = 1;
    return r->error.status == ST_OK ? 0 : -1;
  }
  char c = r->text[r->at];
  if (c == close) {
    r->at++;
    return 0;
  }
  if (c == ',') {
    r->at++;
    return 1;
  }
  if (glued)
    return 1;
  fail(r, r->at, "wanted , or %c behind a value", close);
  return -1;
}

static json_t *read_list(struct agent_reading *r, int depth) {
  json_t *list = json_array();
  r->at++;
  for (int more = 1; list && more > 0;) {
    if (!skip(r)) {
      r->truncated = 1;
      break;
    }
    if (r->text[r->at] == ']') {
      r->at++;
      break;
    }
    json_t *value = read_value(r, depth + 1);
    if (value && r->truncated && r->cut_key && !*r->cut_name)
      snprintf(r->cut_name, sizeof r->cut_name, "%s", "[]");
    int was_object = json_is_object(value);
    if (!value || json_array_append_new(list, value) != 0) {
      json_decref(list);
      return value ? no_memory(r) : NULL;
    }
    if (r->truncated)
      break;
    int glued = was_object && skip(r) && r->text[r->at] == '{';
    more = behind(r, ']', glued);
    if (more < 0) {
      json_decref(list);
      return NULL;
    }
  }
  if (r->error.status != ST_OK) {
    json_decref(list);
    return NULL;
  }
  return list ? list : no_memory(r);
}

/* A member's name, in quotes or bare. 0: an error, or the text ended inside it (then truncated). */
static int read_name(struct agent_reading *r, struct buffer *name) {
  size_t from = r->at;
  int open = 0;
  if (closing_quote(r)) {
    if (!read_text(r, name, &open) || open)
      return 0;
  } else {
    char c = r->text[r->at];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'))
      return fail(r, from, "wanted a name in double quotes") != NULL;
    while (r->at < r->bytes && is_word(r->text[r->at]))
      buffer_add(name, r->text + r->at++, 1);
    if (!step(r, r->at - from))
      return 0;
  }
  if (!skip(r)) {
    r->truncated = 1;
    return 0;
  }
  if (r->text[r->at] != ':')
    return fail(r, r->at, "wanted : behind the name \"%.60s\"", buffer_str(name)) != NULL;
  r->at++;
  if (!skip(r)) {
    r->truncated = 1;
    return 0;
  }
  return 1;
}

/* One member into `object`: 1 done, 0 the text ended before its value began (it is left out), -1 error. */
static int read_member(struct agent_reading *r, json_t *object, int depth) {
  struct buffer name;
  size_t from = r->at;
  int result = -1;
  buffer_init(&name);
  if (!read_name(r, &name)) {
    result = r->error.status == ST_OK ? 0 : -1;
  } else {
    json_t *value = read_value(r, depth + 1), *before = json_object_get(object, buffer_str(&name));
    if (value && r->truncated && r->cut_key && !*r->cut_name)
      snprintf(r->cut_name, sizeof r->cut_name, "%s", buffer_str(&name));
    if (value && before && !json_equal(before, value)) {
      fail(r, from, "\"%.60s\" is there twice, with different values", buffer_str(&name));
      json_decref(value);
    } else if (value) {
      result = json_object_set_new(object, buffer_str(&name), value) == 0 ? 1 : -1;
      if (result < 0)
        no_memory(r);
    }
  }
  buffer_fini(&name);
  return result;
}

static json_t *read_object(struct agent_reading *r, int depth) {
  json_t *object = json_object();
  r->at++;
  for (int more = 1; object && more > 0;) {
    if (!skip(r)) {
      r->truncated = 1;
      break;
    }
    if (r->text[r->at] == '}') {
      r->at++;
      break;
    }
    more = read_member(r, object, depth);
    if (more > 0 && !r->truncated)
      more = behind(r, '}', skip(r) && r->text[r->at] == '"');
    else if (more > 0)
      more = 0;
    if (more < 0)
      break;
  }
  if (r->error.status != ST_OK) {
    json_decref(object);
    return NULL;
  }
  return object ? object : no_memory(r);
}

static json_t *read_string(struct agent_reading *r) {
  struct buffer b;
  int open;
  buffer_init(&b);
  json_t *value = NULL;
  if (read_text(r, &b, &open)) {
    value = buffer_failed(&b) ? no_memory(r) : json_stringn(buffer_str(&b), b.bytes);
    if (open) {
      r->cut_name[0] = 0; /* whoever holds the value puts its name there */
      r->cut_key = r->cut_name;
    }
    if (!value && r->error.status == ST_OK)
      no_memory(r);
  }
  buffer_fini(&b);
  return value;
}

static json_t *read_value(struct agent_reading *r, int depth) {
  if (depth > AGENT_REPAIR_DEPTH_MAX) {
    r->too_deep = 1;
    return fail(r, r->at, "the answer is nested deeper than %d levels", AGENT_REPAIR_DEPTH_MAX);
  }
  if (!step(r, 1))
    return NULL;
  if (r->text[r->at] == '{')
    return read_object(r, depth);
  if (r->text[r->at] == '[')
    return read_list(r, depth);
  return closing_quote(r) ? read_string(r) : read_word(r);
}

json_t *agent_read_value(struct agent_reading *r) {
  r->truncated = r->too_deep = 0;
  r->cut_key = NULL;
  r->cut_name[0] = 0;
  r->error.status = ST_OK; /* not all of it: there may be a million readings */
  r->error.text[0] = 0;
  if (!skip(r)) {
    return fail(r, r->at, "there is nothing to read");
  }
  return read_value(r, 1);
}

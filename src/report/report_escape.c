/* Room report: hostile text made safe for HTML, Markdown and terminals. Pure. */
#include "report/report_escape.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

/* Characters that steer a terminal or turn reading order around. */
static int is_steering(unsigned c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f) || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c == 0x061c;
}

/* Decodes one sequence; returns its length, or 0 when the bytes are not UTF-8. */
static size_t decode(const unsigned char *s, unsigned *out) {
  size_t n;
  unsigned c, least;
  if (s[0] < 0x80) {
    *out = s[0];
    return 1;
  }
  if (s[0] >= 0xc2 && s[0] <= 0xdf) {
    n = 2;
    c = s[0] & 0x1fu;
    least = 0x80;
  } else if ((s[0] & 0xf0) == 0xe0) {
    n = 3;
    c = s[0] & 0x0fu;
    least = 0x800;
  } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
    n = 4;
    c = s[0] & 0x07u;
    least = 0x10000;
  } else {
    return 0;
  }
  for (size_t i = 1; i < n; i++) { /* a zero byte ends this too */
    if ((s[i] & 0xc0) != 0x80)
      return 0;
    c = c << 6 | (s[i] & 0x3fu);
  }
  if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
    return 0;
  *out = c;
  return n;
}

unsigned report_next_char(const char **s) {
  const unsigned char *p = (const unsigned char *)*s;
  unsigned c = 0;
  if (!*p)
    return 0;
  const size_t n = decode(p, &c);
  *s += n ? n : 1;
  return !n || is_steering(c) ? REPLACEMENT : c;
}

void report_put_char(struct buffer *out, unsigned c) {
  char b[4];
  size_t n;
  if (c < 0x80) {
    b[0] = (char)c;
    n = 1;
  } else if (c < 0x800) {
    b[0] = (char)(0xc0 | c >> 6);
    b[1] = (char)(0x80 | (c & 0x3f));
    n = 2;
  } else if (c < 0x10000) {
    b[0] = (char)(0xe0 | c >> 12);
    b[1] = (char)(0x80 | (c >> 6 & 0x3f));
    b[2] = (char)(0x80 | (c & 0x3f));
    n = 3;
  } else {
    b[0] = (char)(0xf0 | c >> 18);
    b[1] = (char)(0x80 | (c >> 12 & 0x3f));
    b[2] = (char)(0x80 | (c >> 6 & 0x3f));
    b[3] = (char)(0x80 | (c & 0x3f));
    n = 4;
  }
  buffer_add(out, b, n);
}

/* White space as the target may have it. */
static unsigned as_line(unsigned c, enum report_lines lines) {
  return lines != REPORT_KEEP_LINES && (c == '\n' || c == '\t') ? ' ' : c;
}

void report_escape_plain(struct buffer *out, const char *text, enum report_lines lines) {
  if (!text)
    return;
  for (unsigned c; (c = report_next_char(&text)) != 0;)
    report_put_char(out, as_line(c, lines));
}

void report_escape_html(struct buffer *out, const char *text, enum report_lines lines) {
  if (!text)
    return;
  for (unsigned c; (c = report_next_char(&text)) != 0;) {
    switch (c) {
    case '&':
      buffer_text(out, "&amp;");
      break;
    case '<':
      buffer_text(out, "&lt;");
      break;
    case '>':
      buffer_text(out, "&gt;");
      break;
    case '"':
      buffer_text(out, "&quot;");
      break;
    case '\'':
      buffer_text(out, "&#39;");
      break;
    default:
      report_put_char(out, as_line(c, lines));
    }
  }
}

static int is_word(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

/* 1 if c would start a list, heading, quote, rule or table at the start of a line. */
static int starts_block(unsigned c, const char *rest) {
  if (c == '#' || c == '-' || c == '+' || c == '=' || c == ':' || c == '>')
    return 1;
  if (c < '0' || c > '9')
    return 0;
  const size_t digits = strspn(rest, "0123456789");
  return rest[digits] == '.' || rest[digits] == ')';
}

/* A character that is markup in the middle of a line, escaped; the others as they are. */
static void inline_markdown(struct buffer *out, unsigned c, unsigned before, const char *rest) {
  const unsigned char next = (unsigned char)*rest;
  switch (c) {
  case '&': /* an entity would be decoded */
    buffer_text(out, is_word(next) || next == '#' ? "&amp;" : "&");
    break;
  case '<':
    buffer_text(out, "&lt;");
    break;
  case ']': /* [text](target), [text][id] and [id]: target */
    buffer_text(out, next && strchr("([:", next) ? "\\]" : "]");
    break;
  case '_': /* inside a word an underscore is plain text */
    buffer_text(out, is_word(before) && is_word(next) ? "_" : "\\_");
    break;
  case '\\':
  case '`':
  case '*':
  case '|':
  case '~':
  case '$':
    buffer_text(out, "\\");
    report_put_char(out, c);
    break;
  default:
    report_put_char(out, c);
  }
}

/* "12. x" becomes "12\. x": the backslash must stand before the dot. */
static void escape_list_number(struct buffer *out, unsigned first, const char **rest) {
  report_put_char(out, first);
  while (**rest >= '0' && **rest <= '9')
    report_put_char(out, report_next_char(rest));
  buffer_text(out, "\\");
  report_put_char(out, report_next_char(rest));
}

void report_escape_markdown(struct buffer *out, const char *text, enum report_lines lines) {
  if (!text)
    return;
  unsigned before = lines == REPORT_ONE_LINE ? ' ' : '\n';
  for (unsigned c; (c = report_next_char(&text)) != 0; before = c) {
    c = as_line(c, lines);
    if (before != '\n') {
      inline_markdown(out, c, before, text);
    } else if (c == ' ' || c == '\t') { /* four spaces would be a code block */
      c = '\n';
    } else if (!starts_block(c, text)) {
      inline_markdown(out, c, before, text);
    } else if (c >= '0' && c <= '9') {
      escape_list_number(out, c, &text);
      c = '.';
    } else {
      buffer_text(out, "\\");
      report_put_char(out, c);
    }
  }
}

void report_escape_name(char out[49], const char *text) {
  size_t n = 0;
  for (const char *s = text ? text : ""; *s && n < 48; s++) {
    const unsigned char c = (unsigned char)*s;
    if (is_word(c) && c < 0x80)
      out[n++] = (char)c;
    else if (n && out[n - 1] != '_')
      out[n++] = c == '-' ? '-' : '_';
  }
  while (n && (out[n - 1] == '_' || out[n - 1] == '-'))
    n--;
  if (!n)
    out[n++] = 'x';
  out[n] = 0;
}

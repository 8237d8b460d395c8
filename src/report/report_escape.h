/* Room report: hostile text made safe for HTML, Markdown and terminals. Pure; thread safe.
 *
 * Texts come from agents, compilers and challenge files. Whatever they hold, the result is valid
 * UTF-8 without control characters, without bidirectional overrides (text that reads differently
 * from what it is), and without anything the target format would read as markup.
 */
#ifndef SHARKTANK_REPORT_ESCAPE_H
#define SHARKTANK_REPORT_ESCAPE_H

#include <stddef.h>

#include "base/base_buffer.h"

enum report_lines {
  REPORT_ONE_LINE,  /* newlines and tabs become spaces; the text stands inside a line */
  REPORT_ITEM_LINE, /* the same, but it opens a block: what starts a list or heading is escaped */
  REPORT_KEEP_LINES /* every line may open a block */
};

/* For terminals and plain text. ONE_LINE: newlines and tabs become spaces. */
void report_escape_plain(struct buffer *out, const char *text, enum report_lines lines);
/* Element content and quoted attribute values. */
void report_escape_html(struct buffer *out, const char *text, enum report_lines lines);
/* Markdown prose or (ONE_LINE) a table cell: no emphasis, link, list, heading, HTML survives. */
void report_escape_markdown(struct buffer *out, const char *text, enum report_lines lines);
/* A file name part: [A-Za-z0-9_-], at most 48 bytes, never empty, never starting with '-'. */
void report_escape_name(char out[49], const char *text);
/* The next code point of s (cleaned: 0xFFFD for bad bytes and controls, 0 at the end), advancing *s. */
unsigned report_next_char(const char **s);
/* Appends a code point as UTF-8. */
void report_put_char(struct buffer *out, unsigned c);

#endif

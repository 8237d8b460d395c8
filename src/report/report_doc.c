/* Room report: one way of writing a document, two formats. Everything that came from outside is
 * escaped in this file and nowhere else. */
#include "report/report_doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_doc_init(struct report_doc *d, struct buffer *out, enum report_doc_format format) {
  d->out = out;
  d->format = format;
  d->heading_shift = 0;
}

static void put(struct report_doc *d, const char *text, enum report_lines lines) {
  if (d->format == REPORT_HTML)
    report_escape_html(d->out, text, lines);
  else
    report_escape_markdown(d->out, text, lines);
}

/* The text of a printf-like call, cut at a bound that no caller of ours reaches with own words. */
#define FORMATTED(text, format)                                                                              \
  char text[2048];                                                                                           \
  va_list text##_args;                                                                                       \
  va_start(text##_args, format);                                                                             \
  (void)vsnprintf(text, sizeof text, format, text##_args);                                                   \
  va_end(text##_args)

void report_doc_heading(struct report_doc *d, int level, const char *text) {
  level += d->heading_shift;
  if (level < 1)
    level = 1;
  if (level > 6)
    level = 6;
  if (d->format == REPORT_HTML)
    buffer_printf(d->out, "<h%d>", level);
  else
    buffer_printf(d->out, "%.*s ", level, "######");
  put(d, text, REPORT_ONE_LINE);
  if (d->format == REPORT_HTML)
    buffer_printf(d->out, "</h%d>\n", level);
  else
    buffer_text(d->out, "\n\n");
}

void report_doc_headingf(struct report_doc *d, int level, const char *format, ...) {
  FORMATTED(text, format);
  report_doc_heading(d, level, text);
}

void report_doc_prose(struct report_doc *d, const char *text) {
  if (!text || !*text)
    return;
  if (d->format == REPORT_HTML) {
    buffer_text(d->out, "<p class=\"prose\">");
    report_escape_html(d->out, text, REPORT_KEEP_LINES);
    buffer_text(d->out, "</p>\n");
  } else {
    report_escape_markdown(d->out, text, REPORT_KEEP_LINES);
    buffer_text(d->out, "\n\n");
  }
}

void report_doc_prosef(struct report_doc *d, const char *format, ...) {
  FORMATTED(text, format);
  report_doc_prose(d, text);
}

void report_doc_field(struct report_doc *d, const char *label, const char *text) {
  const int given = text && *text;
  if (d->format == REPORT_HTML) {
    buffer_text(d->out, "<p class=\"prose\"><strong>");
    put(d, label, REPORT_ONE_LINE);
    buffer_text(d->out, ":</strong> ");
    if (given)
      put(d, text, REPORT_KEEP_LINES);
    else
      buffer_text(d->out, "<span class=\"quiet\">not given</span>");
    buffer_text(d->out, "</p>\n");
  } else {
    buffer_text(d->out, "**");
    put(d, label, REPORT_ONE_LINE);
    buffer_text(d->out, ":** ");
    put(d, given ? text : "not given", REPORT_KEEP_LINES);
    buffer_text(d->out, "\n\n");
  }
}

void report_doc_list_begin(struct report_doc *d) {
  if (d->format == REPORT_HTML)
    buffer_text(d->out, "<ul>\n");
}

void report_doc_item_begin(struct report_doc *d) {
  buffer_text(d->out, d->format == REPORT_HTML ? "<li>" : "- ");
}

void report_doc_item_text(struct report_doc *d, const char *text) {
  put(d, text, REPORT_ONE_LINE);
}

void report_doc_item_act(struct report_doc *d, const char *id) {
  const size_t digits = id[0] == 'r' ? strspn(id + 1, "0123456789") : 0;
  const int links = d->format == REPORT_HTML && digits > 0 && digits < 10 && id[1 + digits] == '.';
  if (links)
    buffer_printf(d->out, "<a href=\"#%.*s\">", (int)(1 + digits), id);
  put(d, id, REPORT_ONE_LINE);
  if (links)
    buffer_text(d->out, "</a>");
}

void report_doc_item_end(struct report_doc *d) {
  buffer_text(d->out, d->format == REPORT_HTML ? "</li>\n" : "\n");
}

void report_doc_item(struct report_doc *d, const char *text) {
  report_doc_item_begin(d);
  put(d, text, REPORT_ITEM_LINE);
  report_doc_item_end(d);
}

void report_doc_itemf(struct report_doc *d, const char *format, ...) {
  FORMATTED(text, format);
  report_doc_item(d, text);
}

void report_doc_list_end(struct report_doc *d) {
  buffer_text(d->out, d->format == REPORT_HTML ? "</ul>\n" : "\n");
}

/* The longest run of backticks decides the fence. */
static size_t longest_fence(const char *text) {
  size_t most = 0, run = 0;
  for (; *text; text++) {
    run = *text == '`' ? run + 1 : 0;
    if (run > most)
      most = run;
  }
  return most;
}

void report_doc_code(struct report_doc *d, const char *language, const char *text, size_t max_bytes) {
  if (!text)
    return;
  struct buffer cut;
  buffer_init(&cut);
  const size_t bytes = strlen(text);
  const int was_cut = max_bytes && bytes > max_bytes;
  buffer_add(&cut, text, was_cut ? max_bytes : bytes);
  struct buffer clean;
  buffer_init(&clean);
  report_escape_plain(&clean, buffer_str(&cut), REPORT_KEEP_LINES);
  if (d->format == REPORT_HTML) {
    buffer_text(d->out, "<pre>");
    report_escape_html(d->out, buffer_str(&clean), REPORT_KEEP_LINES);
    buffer_text(d->out, "</pre>\n");
  } else {
    size_t fence = longest_fence(buffer_str(&clean)) + 1;
    if (fence < 3)
      fence = 3;
    for (size_t i = 0; i < fence; i++)
      buffer_text(d->out, "`");
    buffer_printf(d->out, "%s\n%s", language, buffer_str(&clean));
    if (!clean.bytes || clean.data[clean.bytes - 1] != '\n')
      buffer_text(d->out, "\n");
    for (size_t i = 0; i < fence; i++)
      buffer_text(d->out, "`");
    buffer_text(d->out, "\n\n");
  }
  if (was_cut)
    report_doc_prosef(d, "(%zu of %zu bytes shown)", max_bytes, bytes);
  buffer_fini(&clean);
  buffer_fini(&cut);
}

void report_doc_fold_begin(struct report_doc *d, const char *summary, int open) {
  if (d->format != REPORT_HTML)
    return;
  buffer_printf(d->out, "<details%s><summary>", open ? " open" : "");
  put(d, summary, REPORT_ONE_LINE);
  buffer_text(d->out, "</summary>\n");
}

void report_doc_fold_end(struct report_doc *d) {
  if (d->format == REPORT_HTML)
    buffer_text(d->out, "</details>\n");
}

static int is_number_column(const char *column) {
  return column[0] == '>';
}

void report_doc_table_begin(struct report_doc *d, const char *const columns[]) {
  if (d->format == REPORT_HTML) {
    buffer_text(d->out, "<div class=\"scroll\"><table>\n<colgroup>");
    for (size_t i = 0; columns[i]; i++) {
      buffer_printf(d->out, "<col%s>", is_number_column(columns[i]) ? " class=\"num\"" : "");
    }
    buffer_text(d->out, "</colgroup>\n<thead><tr>");
    for (size_t i = 0; columns[i]; i++) {
      const int number = is_number_column(columns[i]);
      buffer_printf(d->out, "<th scope=\"col\"%s>", number ? " class=\"num\"" : "");
      put(d, columns[i] + number, REPORT_ONE_LINE);
      buffer_text(d->out, "</th>");
    }
    buffer_text(d->out, "</tr></thead>\n<tbody>\n");
    return;
  }
  for (size_t i = 0; columns[i]; i++) {
    buffer_text(d->out, "| ");
    put(d, columns[i] + is_number_column(columns[i]), REPORT_ONE_LINE);
    buffer_text(d->out, " ");
  }
  buffer_text(d->out, "|\n");
  for (size_t i = 0; columns[i]; i++)
    buffer_text(d->out, is_number_column(columns[i]) ? "|---:" : "|---");
  buffer_text(d->out, "|\n");
}

void report_doc_row_begin(struct report_doc *d) {
  buffer_text(d->out, d->format == REPORT_HTML ? "<tr>" : "|");
}

static void cell(struct report_doc *d, const char *attributes, const char *text) {
  if (d->format == REPORT_HTML)
    buffer_printf(d->out, "<td%s>", attributes);
  else
    buffer_text(d->out, " ");
  put(d, text, REPORT_ONE_LINE);
  buffer_text(d->out, d->format == REPORT_HTML ? "</td>" : " |");
}

void report_doc_cell(struct report_doc *d, const char *text) {
  cell(d, "", text ? text : "");
}

void report_doc_cellf(struct report_doc *d, const char *format, ...) {
  FORMATTED(text, format);
  cell(d, "", text);
}

void report_doc_badge(struct report_doc *d, enum report_tone tone, const char *text) {
  static const char *const names[] = {"none", "good", "bad", "warn", "quiet"};
  if (d->format != REPORT_HTML) {
    cell(d, "", text);
    return;
  }
  buffer_printf(d->out, "<td><span class=\"badge %s\">", names[tone]);
  put(d, text, REPORT_ONE_LINE);
  buffer_text(d->out, "</span></td>");
}

void report_doc_link(struct report_doc *d, const char *target, const char *text) {
  if (d->format == REPORT_HTML) {
    buffer_text(d->out, "<td><a href=\"");
    report_escape_html(d->out, target, REPORT_ONE_LINE);
    buffer_text(d->out, "\">");
    put(d, text, REPORT_ONE_LINE);
    buffer_text(d->out, "</a></td>");
  } else {
    buffer_text(d->out, " [");
    put(d, text, REPORT_ONE_LINE);
    buffer_printf(d->out, "](%s) |", target);
  }
}

/* In HTML the bounds stand smaller beside the number, so that a column of numbers lines up. */
static void cell_value(struct report_doc *d, struct report_value v, const char *text) {
  if (d->format != REPORT_HTML) {
    cell(d, "", text);
    return;
  }
  if (v.state != REPORT_NUMBER) {
    cell(d, v.state == REPORT_FAILED ? " class=\"num bad\"" : " class=\"num quiet\"", text);
    return;
  }
  const char *bracket = strstr(text, " [");
  buffer_text(d->out, "<td class=\"num\">");
  char value[REPORT_TEXT_BYTES];
  (void)snprintf(value, sizeof value, "%.*s", bracket ? (int)(bracket - text) : (int)strlen(text), text);
  put(d, value, REPORT_ONE_LINE);
  if (bracket) {
    buffer_text(d->out, " <span class=\"ci\">");
    put(d, bracket + 1, REPORT_ONE_LINE);
    buffer_text(d->out, "</span>");
  }
  buffer_text(d->out, "</td>");
}

void report_doc_cell_time(struct report_doc *d, struct report_value v) {
  char text[REPORT_TEXT_BYTES];
  report_time(v, text);
  cell_value(d, v, text);
}

void report_doc_cell_speedup(struct report_doc *d, struct report_value v) {
  char text[REPORT_TEXT_BYTES];
  report_speedup(v, text);
  cell_value(d, v, text);
}

void report_doc_cell_number(struct report_doc *d, struct report_value v) {
  char text[REPORT_TEXT_BYTES];
  report_number(v, text);
  cell_value(d, v, text);
}

void report_doc_cell_percent(struct report_doc *d, struct report_value v) {
  char text[REPORT_TEXT_BYTES];
  report_percent(v, text);
  cell_value(d, v, text);
}

void report_doc_row_end(struct report_doc *d) {
  buffer_text(d->out, d->format == REPORT_HTML ? "</tr>\n" : "\n");
}

void report_doc_table_end(struct report_doc *d) {
  buffer_text(d->out, d->format == REPORT_HTML ? "</tbody></table></div>\n" : "\n");
}

/* Room report: one way of writing a document, two formats. What a page says is written once against
 * these calls; as Markdown it becomes a file of the season's folder, as HTML a part of index.html.
 *
 * Every text argument is hostile and is escaped here, once; only `format` strings of the callers
 * are ours. Ownership: the document borrows its buffer. Thread safety: one thread per document.
 */
#ifndef SHARKTANK_REPORT_DOC_H
#define SHARKTANK_REPORT_DOC_H

#include "report/report_escape.h"
#include "report/report_value.h"

enum report_doc_format { REPORT_MARKDOWN, REPORT_HTML };

struct report_doc {
  struct buffer *out;
  enum report_doc_format format;
  int heading_shift; /* added to heading levels: parts of a larger page */
};

enum report_tone { REPORT_TONE_NONE, REPORT_TONE_GOOD, REPORT_TONE_BAD, REPORT_TONE_WARN, REPORT_TONE_QUIET };

void report_doc_init(struct report_doc *d, struct buffer *out, enum report_doc_format format);
void report_doc_heading(struct report_doc *d, int level, const char *text);
void report_doc_headingf(struct report_doc *d, int level, const char *format, ...) PRINTF_LIKE(3, 4);
/* Prose; blank lines separate paragraphs. NULL or "" writes nothing. */
void report_doc_prose(struct report_doc *d, const char *text);
void report_doc_prosef(struct report_doc *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* "Label: text" as a paragraph with a bold label; NULL text: "not given". */
void report_doc_field(struct report_doc *d, const char *label, const char *text);
void report_doc_list_begin(struct report_doc *d);
void report_doc_item(struct report_doc *d, const char *text);
void report_doc_itemf(struct report_doc *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* An item made of parts: plain words, and ids of acts ("r1.duel.r1.p2"), which link to their round. */
void report_doc_item_begin(struct report_doc *d);
void report_doc_item_text(struct report_doc *d, const char *text);
void report_doc_item_act(struct report_doc *d, const char *id);
void report_doc_item_end(struct report_doc *d);
void report_doc_list_end(struct report_doc *d);
/* A block shown as it is; language "" or "c". At most max_bytes (0: all), then a line says it was cut. */
void report_doc_code(struct report_doc *d, const char *language, const char *text, size_t max_bytes);
/* A part that may be folded away; in Markdown just its content. */
void report_doc_fold_begin(struct report_doc *d, const char *summary, int open);
void report_doc_fold_end(struct report_doc *d);

/* A table: columns "Text" or ">Number" (right-aligned), NULL-terminated. */
void report_doc_table_begin(struct report_doc *d, const char *const columns[]);
void report_doc_row_begin(struct report_doc *d);
void report_doc_cell(struct report_doc *d, const char *text);
void report_doc_cellf(struct report_doc *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same, toned: in HTML a coloured word, in Markdown the word. */
void report_doc_badge(struct report_doc *d, enum report_tone tone, const char *text);
/* A link to a place this project names itself (never hostile). */
void report_doc_link(struct report_doc *d, const char *target, const char *text);
void report_doc_cell_time(struct report_doc *d, struct report_value v);
void report_doc_cell_speedup(struct report_doc *d, struct report_value v);
void report_doc_cell_number(struct report_doc *d, struct report_value v);
void report_doc_cell_percent(struct report_doc *d, struct report_value v);
void report_doc_row_end(struct report_doc *d);
void report_doc_table_end(struct report_doc *d);

#endif

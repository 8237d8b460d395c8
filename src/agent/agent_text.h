/* Pieces of Markdown that both halves of a prompt use: fences that cannot be broken out of, table cells,
 * settings in one line, and the names that must not be seen.
 *
 * Thread safety: pure.
 */
#ifndef SHARKTANK_AGENT_TEXT_H
#define SHARKTANK_AGENT_TEXT_H

#include "base/base_buffer.h"
#include "base/base_json.h"

/* Names to hide: every contestant's of context.records, and whoever pitched in its history. Borrowed from the
 * request. */
enum { AGENT_NAMES_MAX = 256 };
struct agent_names {
  const char *name[AGENT_NAMES_MAX];
  size_t n;
};
void agent_names_read(const json_t *request, struct agent_names *names);

/* Appends text with every name (as a word; whatever its case if it has more than three letters) replaced by
 * "(a contestant)" and every provider
 * ("builtin:", "anthropic:", "openai:", "exec:", "recorded:" and what follows) by "(an agent)". */
void agent_text_blind(const struct agent_names *names, const char *text, struct buffer *out);

/* A fenced block; the fence is longer than any in the text. At most `most` bytes of it (0: all), cut in the
 * middle with a line that says how much is missing. */
void agent_text_fence(const char *language, const char *text, size_t most, struct buffer *out);
/* One line, blind, without what would end a table cell; at most 500 bytes. */
void agent_text_cell(const struct agent_names *names, const char *text, struct buffer *out);
/* "MR=2 NR=1", in the order of the names. */
void agent_text_setting(const json_t *setting, struct buffer *out);
/* "MR 1 -> 2, NR 1 -> 4", in the order of the names. */
void agent_text_change(const json_t *change, struct buffer *out);
/* %.4g, or "?" when there is no such number. */
void agent_text_number(const json_t *object, const char *key, struct buffer *out);
/* A word or number as it is; an object or list as canonical JSON. */
void agent_text_value(const json_t *value, struct buffer *out);
/* The names of an object's members in order; free() the list, whose texts are borrowed. NULL: none. */
const char **agent_text_keys(const json_t *object, size_t *n);

#endif

/* Search-and-replace edits of a source, and unified differences of two texts.
 *
 * Thread safety: pure.
 */
#ifndef SHARKTANK_AGENT_EDITS_H
#define SHARKTANK_AGENT_EDITS_H

#include <stddef.h>

#include "base/base_buffer.h"
#include "base/base_json.h"
#include "base/base_status.h"

enum { AGENT_EDITS_MAX = 256 };

/* edits: [{"search": text, "replace": text}], applied in this order, each to what the one before left.
 * `search` must occur exactly once: as it is, or, where it does not occur as it is, by whole lines without
 * regard to white space at their ends and to line ends. ST_INPUT, made to be sent back, quotes what was not
 * found (and the line that comes nearest) or was found more often (with the lines). Appends to *out, which
 * the caller initialised; on error *out is left as it was. */
enum status agent_edits_apply(const char *source, size_t bytes, const json_t *edits, struct buffer *out,
                              struct error *e) MUST_USE;

/* Appends the unified difference of two texts with `context` lines around each change; nothing if they are
 * equal. Names stand in the header lines. Myers' algorithm in linear space ("An O(ND) difference algorithm
 * and its variations", 1986, section 4b), and bounded: beyond about 64 million steps a stretch counts as
 * replaced whole, which is still a correct difference, only a longer one. ST_MEMORY, ST_RANGE (2^30 lines).
 */
enum status agent_diff(const char *a_name, const char *a, size_t a_bytes, const char *b_name, const char *b,
                       size_t b_bytes, int context, struct buffer *out, struct error *e) MUST_USE;

#endif

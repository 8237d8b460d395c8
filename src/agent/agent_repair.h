/* Parts of agent_repair (agent_exchange.h) that its files share: text read leniently into JSON, and a value
 * brought nearer to a schema. Nothing outside this room needs them.
 *
 * Thread safety: pure.
 */
#ifndef SHARKTANK_AGENT_REPAIR_H
#define SHARKTANK_AGENT_REPAIR_H

#include <stdint.h>

#include "base/base_json.h"
#include "base/base_status.h"

enum { AGENT_REPAIR_BYTES_MAX = 32 << 20, AGENT_REPAIR_DEPTH_MAX = 64 };

/* ---- agent_repair_read.c: one value of lenient JSON */

struct agent_reading {
  const char *text; /* borrowed */
  size_t bytes, at; /* at: the next byte; behind the value after agent_read_value */
  uint64_t work;    /* steps so far; the caller keeps it over several readings */
  uint64_t work_max;
  int truncated;       /* the text ended inside the value, and what was open could be closed */
  const char *cut_key; /* truncated inside this member's text: its name ("" in a list); else NULL */
  char cut_name[64];
  int too_deep;       /* the error: whatever begins before error_at is nested too deep as well */
  struct error error; /* without the place: agent_read_error adds it */
  size_t error_at;
};

/* Reads one value at r->at; NULL with r->error. The value is strict JSON
 * or nearly so: comments, trailing commas, single or curly quotes, names without quotes, raw line ends in
 * texts, True/False/None, +1, .5, 5., a comma missing between two members. Never a guess: NaN, two members of
 * one name that differ, a number cut off by the end of the text are errors. */
json_t *agent_read_value(struct agent_reading *r);
/* r->error with line, column and what stands there; returns its status. */
enum status agent_read_error(const struct agent_reading *r, struct error *e);

/* ---- agent_repair_fit.c: types */

/* Changes *value (owned by the caller, possibly replaced) where the schema leaves one reading: "0.3" for a
 * number, 4.0 for an integer, "Low" for "low", one text for a list of texts, an object written as a text, a
 * missing member that may be null or is a list, members nobody knows. What it cannot mend it leaves to
 * agent_schema_check. */
void agent_fit(const json_t *schema, json_t **value, int depth);

/* agent_schema_check without a sentence, for a schema that is known to be sound. */
int agent_schema_fits(const json_t *schema, const json_t *value);

#endif

/* An exchange played again from its transcripts: nothing is asked, no clock and no network is touched. The
 * texts that came back are read by today's code (agent_repair, schema, agent_answer_check), and the prompt
 * that today's code makes is compared with what was sent.
 *
 *   struct agent_ask_options o;
 *   agent_ask_defaults(&o);
 *   o.limits.transcript = t;         then agent_ask(provider, request, &o, &reply, e) as ever
 *
 * Thread safety: one call at a time per transcript.
 */
#ifndef SHARKTANK_AGENT_TRANSCRIPT_H
#define SHARKTANK_AGENT_TRANSCRIPT_H

#include <stddef.h>

#include "base/base_status.h"

struct agent_transcript;

/* request and response: the blobs of one call, JSON lines as agent_ask.h has them; request NULL: not there,
 * so what was sent is known by its hash only. Borrows nothing. Returns owned; ST_INPUT names a line that is
 * no JSON. */
enum status agent_transcript_open(const char *request, size_t request_bytes, const char *response,
                                  size_t response_bytes, struct agent_transcript **out,
                                  struct error *e) MUST_USE;
void agent_transcript_close(struct agent_transcript *t);
/* What would be asked today and was not: "system text", "context", "question", "the question asked again",
 * joined by commas; "" if all that was sent is what would be sent. Valid until close. */
const char *agent_transcript_changed(const struct agent_transcript *t);

#endif

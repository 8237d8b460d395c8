/* Room: agent (private header). What agent_exchange.c gives a provider and gets back. One turn is one
 * asking; a turn after an answer that could not be read says what was wrong with it.
 *
 * A provider returns ST_OK and leaves the text of the answer in t->text, or names a fault; another status
 * means that this machine is to blame. It redacts nothing: agent_exchange_run does that for everything that
 * leaves the room, on every path. It copies the schema and takes no reference: calls side by side may share
 * one, and jansson's counts are not made for that.
 */
#ifndef SHARKTANK_AGENT_PROVIDER_H
#define SHARKTANK_AGENT_PROVIDER_H

#include "agent/agent_exchange.h"
#include "agent/agent_transcript.h"

struct agent_turn {
  const char *target; /* the provider's name after its first colon */
  const struct agent_prompt *prompt;
  const struct agent_limits *limits;
  int (*cancelled)(void *context); /* may be NULL */
  void *context;
  int64_t deadline_ns;              /* of all turns of the exchange, by clock_mono_ns */
  const char *previous, *complaint; /* NULL the first time */
  struct agent_exchange *x;         /* fault, detail, request, response and usage are filled as it goes */
  struct buffer text;               /* the answer, as yet unread */
  int cut;                          /* the answer ended because its length in tokens was used up */
};

enum status agent_anthropic_turn(struct agent_turn *t, struct error *e) MUST_USE;
enum status agent_openai_turn(struct agent_turn *t, struct error *e) MUST_USE;
enum status agent_exec_turn(struct agent_turn *t, struct error *e) MUST_USE;
enum status agent_recorded_turn(struct agent_turn *t, struct error *e) MUST_USE;
enum status agent_human_turn(struct agent_turn *t, struct error *e) MUST_USE;
/* One line of a recording as the answer of a turn. */
enum status agent_recorded_take(struct agent_turn *t, const json_t *line, struct error *e) MUST_USE;
/* The turn of any provider whose limits name a transcript (agent_transcript.h). */
enum status agent_transcript_turn(struct agent_turn *t, struct error *e) MUST_USE;
/* Goes on to the second asking: 0 if the transcript has none. NULL: 1. */
int agent_transcript_next(struct agent_transcript *t);

/* Notes a fault with a sentence; always ST_OK. */
enum status agent_turn_fault(struct agent_turn *t, enum agent_fault fault, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Adds what one attempt used; -1 makes the sum -1. */
void agent_turn_count(struct agent_turn *t, const struct agent_usage *used);
/* Appends the question, and the second time what was wrong with the first answer. */
void agent_turn_ask(const struct agent_turn *t, struct buffer *out);
/* Appends a line to the transcript; takes the object. */
void agent_line(struct buffer *out, json_t *line);

#endif

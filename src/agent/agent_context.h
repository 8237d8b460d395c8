/* The context part of a prompt under construction: sections of items, of which the least useful go first when
 * a budget is exceeded. agent_prompt_context (agent_prompt.h) is the only user outside this folder.
 *
 * Thread safety: one thread at a time per struct.
 */
#ifndef SHARKTANK_AGENT_CONTEXT_H
#define SHARKTANK_AGENT_CONTEXT_H

#include "agent/agent_text.h"

/* In the order in which they are left out; KEEP never is. */
enum agent_drop {
  AGENT_DROP_OLD_HISTORY,
  AGENT_DROP_SLOW_MEASUREMENT,
  AGENT_DROP_RECORD,
  AGENT_DROP_CONTRADICTED,
  AGENT_DROP_MACHINE,
  AGENT_DROP_REFUTED,
  AGENT_DROP_REPORT,
  AGENT_DROP_HISTORY,
  AGENT_DROP_MEASUREMENT,
  AGENT_DROP_LEARNING,
  AGENT_DROP_KEEP
};

struct agent_item {
  enum agent_drop drop;
  double key; /* within one kind the smaller goes first */
  size_t nth; /* then the earlier one */
  size_t section;
  char *text; /* owned */
  size_t bytes;
  int dropped;
};

enum { AGENT_SECTIONS_MAX = 16 };
struct agent_section {
  char *head;              /* owned: heading and what stands before the items; always shown */
  const char *name, *none; /* what the items are called; what is said when there never were any */
  size_t items, dropped, dropped_bytes;
};

struct agent_outline {
  const json_t *request, *context, *task;
  struct agent_names names;
  struct agent_section section[AGENT_SECTIONS_MAX];
  size_t n_sections;
  struct agent_item *item;
  size_t n_items, items_capacity;
  int failed;
};

/* Both take what is in *text and leave it empty. */
void agent_outline_section(struct agent_outline *o, const char *name, const char *none, struct buffer *text);
void agent_outline_item(struct agent_outline *o, enum agent_drop drop, double key, struct buffer *text);

/* agent_context_task.c: what is never left out. */
void agent_context_task(struct agent_outline *o);
/* agent_context_log.c: what the season has found so far. */
void agent_context_log(struct agent_outline *o);

#endif

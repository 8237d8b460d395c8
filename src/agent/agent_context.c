/* Room: agent. May use base. Collects the sections of a context, leaves out what does not fit, and writes the
 * rest: see agent_context.h and agent_prompt.h. */
#include "agent/agent_context.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent_prompt.h"

enum { NOTE_BYTES = 900 }; /* what the sentence on omissions may take */

void agent_outline_section(struct agent_outline *o, const char *name, const char *none, struct buffer *text) {
  char *head = buffer_take(text);
  if (!head || o->n_sections == AGENT_SECTIONS_MAX) {
    free(head);
    o->failed = 1;
    return;
  }
  o->section[o->n_sections++] = (struct agent_section){.head = head, .name = name, .none = none};
}

void agent_outline_item(struct agent_outline *o, enum agent_drop drop, double key, struct buffer *text) {
  size_t bytes = text->bytes;
  char *owned = buffer_take(text);
  if (o->n_items == o->items_capacity) {
    size_t more = o->items_capacity ? 2 * o->items_capacity : 64;
    struct agent_item *item = realloc(o->item, more * sizeof *item);
    if (item) {
      o->item = item;
      o->items_capacity = more;
    }
  }
  if (!owned || o->n_items == o->items_capacity || o->n_sections == 0) {
    free(owned);
    o->failed = 1;
    return;
  }
  o->item[o->n_items] = (struct agent_item){.drop = drop,
                                            .key = key,
                                            .nth = o->n_items,
                                            .section = o->n_sections - 1,
                                            .text = owned,
                                            .bytes = bytes};
  o->n_items++;
  o->section[o->n_sections - 1].items++;
}

static int drop_order(const void *a, const void *b) {
  const struct agent_item *x = *(const struct agent_item *const *)a,
                          *y = *(const struct agent_item *const *)b;
  if (x->drop != y->drop)
    return x->drop < y->drop ? -1 : 1;
  if (x->key < y->key || x->key > y->key)
    return x->key < y->key ? -1 : 1;
  return x->nth < y->nth ? -1 : x->nth > y->nth;
}

/* Leaves out items until the rest has at most `most` bytes; returns what the rest has. */
static size_t leave_out(struct agent_outline *o, size_t most) {
  size_t total = 0;
  struct agent_item **order = malloc((o->n_items + 1) * sizeof *order);
  if (!order) {
    o->failed = 1;
    return 0;
  }
  for (size_t i = 0; i < o->n_sections; i++)
    total += strlen(o->section[i].head) + 40;
  for (size_t i = 0; i < o->n_items; i++) {
    order[i] = &o->item[i];
    total += o->item[i].bytes;
  }
  qsort(order, o->n_items, sizeof *order, drop_order);
  if (total > most)
    total += NOTE_BYTES;
  for (size_t i = 0; i < o->n_items && total > most && order[i]->drop != AGENT_DROP_KEEP; i++) {
    struct agent_section *s = &o->section[order[i]->section];
    order[i]->dropped = 1;
    s->dropped++;
    s->dropped_bytes += order[i]->bytes;
    total -= order[i]->bytes;
  }
  free(order);
  return total;
}

static void write_note(const struct agent_outline *o, int64_t tokens, struct buffer *out) {
  int any = 0;
  for (size_t i = 0; i < o->n_sections; i++) {
    const struct agent_section *s = &o->section[i];
    if (s->dropped == 0)
      continue;
    if (!any)
      buffer_printf(
          out, "## Left out\nTo stay within about %lld tokens (bytes / 4), the least useful is not shown: ",
          (long long)tokens);
    buffer_printf(out, "%s%zu of %zu %s (about %zu tokens)", any ? ", " : "", s->dropped, s->items, s->name,
                  (s->dropped_bytes + 3) / 4);
    any = 1;
  }
  if (any)
    buffer_text(out, ".\n");
}

static void write_sections(const struct agent_outline *o, struct buffer *out) {
  size_t at = 0;
  for (size_t i = 0; i < o->n_sections; i++) {
    const struct agent_section *s = &o->section[i];
    buffer_text(out, s->head);
    for (; at < o->n_items && o->item[at].section == i; at++)
      if (!o->item[at].dropped)
        buffer_text(out, o->item[at].text);
    if (s->items == 0 && s->none)
      buffer_printf(out, "%s\n", s->none);
    else if (s->items && s->items == s->dropped)
      buffer_text(out, "(left out)\n");
    buffer_text(out, "\n");
  }
}

static void fini(struct agent_outline *o) {
  for (size_t i = 0; i < o->n_sections; i++)
    free(o->section[i].head);
  for (size_t i = 0; i < o->n_items; i++)
    free(o->item[i].text);
  free(o->item);
}

enum status agent_prompt_context(const json_t *request, int64_t tokens, struct buffer *out, struct error *e) {
  struct agent_outline *o = calloc(1, sizeof *o);
  if (!o)
    return error_set(e, ST_MEMORY, "out of memory for a prompt");
  enum status st = ST_OK;
  o->request = request;
  o->context = json_obj(request, "context");
  o->task = json_obj(o->context, "task");
  agent_names_read(request, &o->names);
  agent_context_task(o);
  agent_context_log(o);
  size_t most = tokens > 0 ? (size_t)tokens * 4 : 0, total = leave_out(o, most);
  if (o->failed) {
    st = error_set(e, ST_MEMORY, "out of memory for a prompt");
  } else if (total > most) {
    st = error_set(
        e, ST_RANGE,
        "the task, its limits and the incumbent alone are about %zu tokens (bytes / 4), and %lld are "
        "allowed for the context; allow more tokens for a prompt",
        (total + 3) / 4, (long long)tokens);
  } else {
    write_sections(o, out);
    write_note(o, tokens, out);
    if (buffer_failed(out))
      st = error_set(e, ST_MEMORY, "out of memory for a prompt");
  }
  fini(o);
  free(o);
  return st;
}

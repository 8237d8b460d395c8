/* Room: agent (private header). What the interfaces of hosted and local models share: an address and a key,
 * one call whose answer comes in events or whole, the transcript of its attempts.
 */
#ifndef SHARKTANK_AGENT_REMOTE_H
#define SHARKTANK_AGENT_REMOTE_H

#include "agent/agent_http.h"
#include "agent/agent_provider.h"

/* "MODEL[@URL]" taken apart, and where its key goes. agent_address_fini wipes the key. */
struct agent_address {
  char *model, *url; /* url without a slash at its end */
  char *key;         /* NULL: none is sent */
  char why[300];     /* why no key is sent; "" when none was looked for */
};
struct agent_maker {
  const char *key_variable, *base_variable, *base; /* base: the maker's own address */
};
/* Borrows nothing of the turn. Finish it also after an error. */
enum status agent_address_read(struct agent_turn *t, const struct agent_maker *maker,
                               struct agent_address *out, struct error *e) MUST_USE;
void agent_address_fini(struct agent_address *a);

/* What one call answered. */
struct agent_reply {
  struct buffer text;
  size_t max_bytes; /* of text */
  char stop[40];    /* why it stopped, in the provider's word */
  int known;        /* something of the provider's format was seen */
  int done;         /* its end was seen */
  struct agent_usage usage;
  enum agent_fault fault; /* the provider's own complaint */
  char detail[400];
};
/* AGENT_HTTP_MORE, or STOP after a fault. */
int agent_reply_add(struct agent_reply *r, struct buffer *to, const char *text, size_t bytes);
int agent_reply_fault(struct agent_reply *r, enum agent_fault fault, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Sets *to where the object holds a count. */
void agent_reply_count(const json_t *usage, const char *key, int64_t *to);

/* One call. event: an event's data, whole: an answer in one piece; both return AGENT_HTTP_MORE, ENOUGH (its
 * end was seen) or STOP (after agent_reply_fault). They get `state`. */
struct agent_call_spec {
  const char *url;
  const char *const *header;
  const json_t *body;
  int (*event)(struct agent_reply *r, void *state, const json_t *data);
  int (*whole)(struct agent_reply *r, void *state, const json_t *body);
  void (*finish)(struct agent_reply *r, void *state); /* before the verdict, to settle what the text is */
  void *state;
};
/* *status: of HTTP, *complaint: the server's own words when it refused; owned, NULL if none. The turn has
 * fault, detail, transcript and usage afterwards. */
enum status agent_remote_call(struct agent_turn *t, const struct agent_call_spec *spec, struct agent_reply *r,
                              long *status, char **complaint, struct error *e) MUST_USE;
void agent_reply_fini(struct agent_reply *r);

#endif

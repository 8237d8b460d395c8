/* Room: agent (private header). One POST of JSON, with everything that can go wrong named. agent_http.c is
 * the one file of the tree that talks to libcurl.
 *
 * TLS is verified; proxies come from the environment; redirects are not followed (a key would go along).
 * Tried again is what cannot have been answered: 429, 5xx and connections that were not made. A request
 * that was sent and whose answer then failed is never sent twice: it may have been paid for.
 *
 * Thread safety: any number of posts may run in parallel.
 */
#ifndef SHARKTANK_AGENT_HTTP_H
#define SHARKTANK_AGENT_HTTP_H

#include "agent/agent_exchange.h"

/* How an attempt ended. */
struct agent_http_result {
  enum agent_fault fault;
  char detail[400];
  long status;        /* of HTTP; 0: none came */
  int attempt;        /* from 1 */
  int64_t wait_ns;    /* what is waited before the next attempt; 0: this is the last */
  struct buffer body; /* of an answer other than 2xx, its first 64 KiB; agent_http_result_fini */
};
void agent_http_result_fini(struct agent_http_result *r);

enum { AGENT_HTTP_MORE = 0, AGENT_HTTP_ENOUGH = 1, AGENT_HTTP_STOP = 2 };

struct agent_http {
  const char *url;
  const char *const *header; /* NULL-terminated "Name: value"; may hold a key, is never repeated anywhere */
  const char *body;
  size_t body_bytes;
  int64_t connect_ns, idle_ns, backoff_ns, deadline_ns; /* deadline: by clock_mono_ns, of all attempts */
  int retries;
  size_t max_bytes; /* of a 2xx answer as it is sent; beyond: TOO_LONG */
  int (*cancelled)(void *context);
  void *context;
  /* Parts of a 2xx answer as they come. ENOUGH ends the exchange well, STOP ends it with fault NONE too: the
   * sink knows what was wrong. */
  int (*data)(void *sink, const char *content_type, const char *bytes, size_t n);
  /* After each attempt; may be NULL. */
  void (*attempted)(void *sink, const struct agent_http_result *r);
  void *sink;
};
/* *r tells of the last attempt; finish it also after an error. An error is this machine's: no memory. */
enum status agent_http_post(const struct agent_http *h, struct agent_http_result *r,
                            struct error *e) MUST_USE;

/* The parts of an address that decide where a key may go. ST_INPUT when it is not http(s)://HOST... or names
 * a user or a password. */
struct agent_http_place {
  char host[256];
  int encrypted, loopback;
};
enum status agent_http_place(const char *url, struct agent_http_place *out, struct error *e) MUST_USE;

#endif

/* Room: tests/agent. The fake servers of fake_server.py as a process of a test, and a prompt to ask them. */
#ifndef SHARKTANK_TESTS_AGENT_SERVER_H
#define SHARKTANK_TESTS_AGENT_SERVER_H

#include "agent/agent_exchange.h"

struct agent_server {
  int pid, hold; /* it lives as long as `hold`, its standard input, is open */
  int port, tls_port;
};
/* tls: 0, or 1 to have an https server too, with a certificate in folder/cert.pem that the openssl command
 * makes; tls_port stays 0 where there is none. Returns 0, or -1 with a word on stderr. */
int agent_server_start(struct agent_server *s, int tls, const char *folder);
void agent_server_stop(struct agent_server *s);
/* What arrived, as the server tells it; a new list. */
json_t *agent_server_log(const struct agent_server *s);
/* The last request for this model in a log; borrowed, NULL: none. */
const json_t *agent_server_find(const json_t *log, const char *model);

/* {"title": text, "score": whole number}; a new object. */
json_t *agent_server_schema(void);
struct agent_prompt agent_server_prompt(const json_t *schema);
/* Time limits that no fault runs into by accident; one quick retry. */
void agent_server_limits(struct agent_limits *l);
/* 1 if the text is in anything of the exchange that leaves the room. */
int agent_server_leaks(const struct agent_prompt *p, const struct agent_exchange *x, const struct error *e,
                       const char *text);

#endif

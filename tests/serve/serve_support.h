/* Room: tests/serve. The MCP server as a process of a test, and a season for it to serve. */
#ifndef SERVE_SUPPORT_H
#define SERVE_SUPPORT_H

#include <stdio.h>
#include <sys/types.h>

#include "base/base_json.h"
#include "record/record_event.h"
#include "store/store.h"

#define TINY ST_SOURCE_DIR "/tests/cli/fixtures/tiny"

struct client {
  pid_t pid;
  int in;    /* what it reads; -1: closed */
  FILE *out; /* what it says */
};
/* `sharktank mcp` with these arguments (NULL-terminated). */
void client_start(struct client *c, const char *const argv[]);
/* Ends its input; its exit status. */
int client_end(struct client *c);
void client_write(struct client *c, const char *bytes, size_t n);
/* One line, written with ' for ". */
void client_say(struct client *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* The next message, which must be JSON-RPC 2.0; a new reference. */
json_t *client_hear(struct client *c);
/* The answer to what client_say would say. */
json_t *client_ask(struct client *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* initialize, initialized. */
void client_greet(struct client *c, const char *version);
/* The result of a tool with these arguments (taken), which must not be an error of the protocol. */
json_t *client_tool(struct client *c, const char *name, json_t *arguments);
/* The code of an answer that must be an error, or fails. */
int error_code(const json_t *answer);
/* The first text of a tool's result. */
const char *tool_text(const json_t *result);

char *source_of(const char *entry); /* of the tiny challenge; owned */

struct season { /* being played: it stays open for writing */
  char dir[256];
  struct store *store;
  struct event_log log;
  char first[HASH_HEX_BYTES], entry[HASH_HEX_BYTES], context[HASH_HEX_BYTES];
};
/* A season of the tiny challenge in its first round, with one implemented pitch and two learnings. */
void season_make(struct season *s);
/* Text with ' for ". */
void season_append(struct season *s, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
void season_end(struct season *s);

#endif

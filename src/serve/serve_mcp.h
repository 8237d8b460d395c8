/* Room serve (private header): the parts of the MCP server: lines, messages, tools.
 */
#ifndef SHARKTANK_SERVE_MCP_H
#define SHARKTANK_SERVE_MCP_H

#include "base/base_buffer.h"
#include "base/base_json.h"
#include "judge/judge.h"
#include "record/record_fold.h"
#include "season/season_ledger.h"
#include "serve/serve.h"
#include "store/store.h"

enum {
  SERVE_LINE_MAX = 8 << 20,   /* bytes of one message */
  SERVE_DEPTH_MAX = 64,       /* nesting of one message */
  SERVE_QUEUE_MAX = 32,       /* messages that wait while a tool works */
  SERVE_BATCH_MAX = 32,       /* messages of one batch */
  SERVE_RESULT_MAX = 1 << 20, /* bytes of one tool's answer */
  SERVE_SOURCE_MAX = 256 << 10,
  SERVE_STRING_MAX = 16 << 10, /* of one string in a verdict */
  SERVE_LIST_MAX = 200         /* of one list in a verdict */
};

/* JSON-RPC 2.0, section 5.1. */
enum {
  RPC_PARSE_ERROR = -32700,
  RPC_INVALID_REQUEST = -32600,
  RPC_NO_METHOD = -32601,
  RPC_INVALID_PARAMS = -32602,
  RPC_INTERNAL = -32603
};

/* ---- serve_line.c ------------------------------------------------------------------------ */

struct serve_line { /* lines of a descriptor */
  int fd;
  struct buffer text; /* read and not yet given out */
  size_t scanned;     /* of it: without a line's end */
  int skipping, ended;
};
enum serve_line_got { SERVE_LINE_NONE, SERVE_LINE_WHOLE, SERVE_LINE_TOO_LONG, SERVE_LINE_END };
/* The next line, without its end, in *out (cleared first). NONE: nothing within wait_ms. TOO_LONG: a line
 * past SERVE_LINE_MAX was read over. */
enum serve_line_got serve_line_next(struct serve_line *l, int wait_ms, struct buffer *out);
/* The message in a line; a new reference. ST_INPUT: not JSON, or nested too deeply. */
enum status serve_line_parse(const struct buffer *line, json_t **out, struct error *e) MUST_USE;

/* ---- serve_mcp.c ------------------------------------------------------------------------- */

struct serve_mcp {
  const struct serve_mcp_options *o;
  struct serve_line in;
  int broken;          /* nobody reads what is written */
  const char *version; /* agreed; NULL before `initialize` */
  json_t *queue[SERVE_QUEUE_MAX];
  size_t n_queue, queued_bytes; /* bytes: of all since the queue was empty */
  /* the tool that is at work */
  const json_t *running_id, *progress_token; /* borrowed, or NULL */
  int64_t deadline_ns, looked_ns, told_ns;
  int64_t told;
  int cancelled, out_of_time;
  /* opened when first needed */
  struct challenge *challenge;
  struct judge *judge;
  struct judge_progress progress;
  int64_t calls, used_ns;      /* of the budget */
  struct season_charge charge; /* of the tool at work, to the season's budget */
};

/* Writes one message and drops the reference. */
void serve_send(struct serve_mcp *m, json_t *message);
/* While a tool works: answers pings, takes note of cancellations, keeps the rest for later. Non-zero: stop
 * working. */
int serve_look(void *context);
/* judge_progress.tell: tells a client that asked to be told. */
void serve_tell(void *context, const char *phase, double done, const char *text);

/* ---- serve_rpc.c ------------------------------------------------------------------------- */

/* What to answer a message with; a new reference, NULL: nothing. */
json_t *serve_rpc_answer(struct serve_mcp *m, const json_t *message);
json_t *serve_rpc_error(const json_t *id, int code, const char *format, ...) PRINTF_LIKE(3, 4);
json_t *serve_rpc_result(const json_t *id, json_t *result); /* takes result */
/* 1 if both are the same id. */
int serve_rpc_same_id(const json_t *a, const json_t *b);

/* ---- serve_tools.c ----------------------------------------------------------------------- */

struct serve_tool {
  const char *name, *title, *description;
  const char *input, *output; /* JSON Schema; input in the part that agent_schema_check knows */
  int needs_season, works;    /* works: uses the judge, costs budget, waits for a machine */
  /* args fit `input`. ST_USAGE: an argument has a wrong value. Any other error is the tool's answer. */
  enum status (*run)(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e);
};
extern const struct serve_tool serve_tools[]; /* ends with a NULL name */
json_t *serve_tools_list(const struct serve_mcp *m);
/* The answer to tools/call, NULL: it was cancelled. */
json_t *serve_tools_call(struct serve_mcp *m, const json_t *id, const json_t *params);

/* ---- serve_read.c, serve_work.c ---------------------------------------------------------- */

struct serve_season { /* one look at a season */
  struct store *store;
  struct event_log log;
  struct record_state state;
};
/* ST_OK: close afterwards. */
enum status serve_season_open(const struct serve_mcp *m, struct serve_season *s, struct error *e) MUST_USE;
void serve_season_close(struct serve_season *s);
/* The challenge in play, which must be the one the season was started with. */
enum status serve_challenge(struct serve_mcp *m, struct error *e) MUST_USE;
/* "incumbent", "first", a pitch ("r3.p2") or the SHA-256 of an entry: appends its source and gives its name.
 */
enum status serve_entry(struct serve_mcp *m, const char *which, struct buffer *source, char name[65],
                        struct error *e) MUST_USE;

enum status serve_context(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) MUST_USE;
enum status serve_standings(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) MUST_USE;
enum status serve_learnings(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) MUST_USE;
enum status serve_roofline(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) MUST_USE;
enum status serve_entry_source(struct serve_mcp *m, const json_t *args, json_t **out,
                               struct error *e) MUST_USE;
enum status serve_check(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) MUST_USE;
enum status serve_duel(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) MUST_USE;
enum status serve_compile_report(struct serve_mcp *m, const json_t *args, json_t **out,
                                 struct error *e) MUST_USE;

#endif

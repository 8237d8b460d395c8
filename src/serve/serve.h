/* Serving what a season knows. May use season, report and what they use.
 *
 * MCP server: tools for agents over a pair of descriptors, JSON-RPC 2.0, one message a line, protocol
 * versions 2025-06-18, 2025-03-26 and 2024-11-05 (docs/mcp.md). Tools that read open the season's store for
 * reading at each call, so they see what a running engine has written and never block it. Tools that work use
 * the judge and its sandbox and are held to a budget; nothing they find is written into a season.
 *
 * Whatever comes in is hostile: lines, nesting, the number of waiting messages and every answer are bounded.
 *
 * Thread safety: one server per thread.
 */
#ifndef SHARKTANK_SERVE_H
#define SHARKTANK_SERVE_H

#include <stdint.h>

#include "base/base_status.h"

struct serve_mcp_options {
  const char *season;            /* a season's folder, or NULL */
  const char *challenge;         /* name or folder, used when there is no season */
  int64_t max_calls;             /* of working tools, in the life of the server */
  double max_seconds;            /* that they may take together */
  int in_fd, out_fd;             /* borrowed; nothing but protocol is written to out_fd */
  int (*stopped)(void *context); /* asked now and then: non-zero ends the server; may be NULL */
  void *context;
};

/* Serves until in_fd ends, out_fd is closed or it is stopped: ST_OK all three. ST_USAGE unless exactly one
 * of season and challenge is given; else what opening it said. */
enum status serve_mcp(const struct serve_mcp_options *o, struct error *e) MUST_USE;

#endif

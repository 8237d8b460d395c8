/* Room serve: the MCP server's loop: reads messages, answers them in turn, and keeps an ear open while a tool
 * works. Touches the two descriptors it was given. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "serve/serve_mcp.h"

enum { LOOK_EVERY_NS = 50000000, TELL_EVERY_NS = 250000000, WAIT_MS = 500 };

void serve_send(struct serve_mcp *m, json_t *message) {
  char *text = message ? json_dumps(message, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  json_decref(message);
  size_t left = text ? strlen(text) : 0;
  if (text)
    text[left++] = '\n'; /* in the place of the final zero: a message holds no line break of its own */
  for (const char *at = text; left && !m->broken;) {
    const ssize_t n = write(m->o->out_fd, at, left);
    if (n > 0) {
      at += n;
      left -= (size_t)n;
    } else if (n < 0 && errno == EAGAIN) {
      struct pollfd p = {.fd = m->o->out_fd, .events = POLLOUT};
      (void)poll(&p, 1, WAIT_MS);
    } else if (n < 0 && errno != EINTR) {
      m->broken = 1;
    }
    if (m->o->stopped && m->o->stopped(m->o->context))
      m->broken |= left != 0;
  }
  free(text);
}

static int stopped(const struct serve_mcp *m) {
  return m->broken || (m->o->stopped && m->o->stopped(m->o->context));
}

/* The message of a line, or NULL after an answer that says what is wrong with it. */
static json_t *message_of(struct serve_mcp *m, enum serve_line_got got, const struct buffer *line) {
  json_t *message = NULL;
  struct error e = {0};
  if (got == SERVE_LINE_TOO_LONG) {
    serve_send(
        m, serve_rpc_error(NULL, RPC_INVALID_REQUEST, "a message may have at most %d bytes", SERVE_LINE_MAX));
    return NULL;
  }
  if (strspn(buffer_str(line), " \t\r") == line->bytes)
    return NULL;
  if (serve_line_parse(line, &message, &e) != ST_OK)
    serve_send(m, serve_rpc_error(NULL, RPC_PARSE_ERROR, "%s", e.text));
  return message;
}

/* ---- while a tool works ------------------------------------------------------------------ */

static void forget_queued(struct serve_mcp *m, const json_t *id) {
  for (size_t i = 0; i < m->n_queue; i++) {
    if (!serve_rpc_same_id(json_object_get(m->queue[i], "id"), id))
      continue;
    json_decref(m->queue[i]);
    memmove(&m->queue[i], &m->queue[i + 1], (m->n_queue - i - 1) * sizeof *m->queue);
    m->n_queue--;
    return;
  }
}

static void note(struct serve_mcp *m, json_t *message, size_t bytes) {
  const char *method = json_str(message, "method", "");
  if (!strcmp(method, "notifications/cancelled")) {
    const json_t *id = json_object_get(json_object_get(message, "params"), "requestId");
    if (serve_rpc_same_id(id, m->running_id))
      m->cancelled = 1;
    else
      forget_queued(m, id);
  } else if (!strcmp(method, "ping")) {
    json_t *answer = serve_rpc_answer(m, message);
    if (answer)
      serve_send(m, answer);
  } else {
    m->queued_bytes = m->n_queue ? m->queued_bytes + bytes : bytes;
    m->queue[m->n_queue++] = message;
    return;
  }
  json_decref(message);
}

int serve_look(void *context) {
  struct serve_mcp *m = context;
  const int64_t now = clock_mono_ns();
  if (now >= m->deadline_ns)
    m->out_of_time = 1;
  if (now - m->looked_ns >= LOOK_EVERY_NS) {
    struct buffer line;
    buffer_init(&line);
    m->looked_ns = now;
    while (m->n_queue < SERVE_QUEUE_MAX && (!m->n_queue || m->queued_bytes < SERVE_LINE_MAX) &&
           !m->in.ended) {
      const enum serve_line_got got = serve_line_next(&m->in, 0, &line);
      if (got == SERVE_LINE_NONE || got == SERVE_LINE_END)
        break;
      json_t *message = message_of(m, got, &line);
      if (message)
        note(m, message, line.bytes);
    }
    buffer_fini(&line);
  }
  /* The end of its input is how a client takes its leave: it waits for this process to end. */
  return m->cancelled || m->out_of_time || stopped(m) || m->in.ended;
}

void serve_tell(void *context, const char *phase, double done, const char *text) {
  struct serve_mcp *m = context;
  const int64_t now = clock_mono_ns();
  if (!m->progress_token || now - m->told_ns < TELL_EVERY_NS)
    return;
  char said[300];
  if (done >= 0 && done <= 1)
    (void)snprintf(said, sizeof said, "%s, %.0f %%: %.200s", phase, 100 * done, text ? text : "");
  else
    (void)snprintf(said, sizeof said, "%s: %.200s", phase, text ? text : "");
  json_t *o = json_object(), *params = json_object();
  (void)json_object_set(params, "progressToken", (json_t *)(uintptr_t)m->progress_token);
  json_put_int(params, "progress", ++m->told); /* has to grow, and phases begin anew: steps without a total */
  if (strcmp(m->version ? m->version : "", "2024-11-05") != 0)
    json_put_str(params, "message", said);
  json_put_str(o, "jsonrpc", "2.0");
  json_put_str(o, "method", "notifications/progress");
  (void)json_object_set_new(o, "params", params);
  m->told_ns = now;
  serve_send(m, o);
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void answer(struct serve_mcp *m, json_t *message) {
  json_t *said = serve_rpc_answer(m, message);
  if (said)
    serve_send(m, said);
  json_decref(message);
}

static void loop(struct serve_mcp *m) {
  struct buffer line;
  buffer_init(&line);
  while (!stopped(m)) {
    if (m->n_queue) {
      json_t *first = m->queue[0];
      memmove(&m->queue[0], &m->queue[1], --m->n_queue * sizeof *m->queue);
      answer(m, first);
      continue;
    }
    const enum serve_line_got got = serve_line_next(&m->in, WAIT_MS, &line);
    if (got == SERVE_LINE_END)
      break;
    json_t *message = got == SERVE_LINE_NONE ? NULL : message_of(m, got, &line);
    if (message)
      answer(m, message);
  }
  buffer_fini(&line);
}

/* What is wrong with the call shows before the handshake, where a person sees it. */
static enum status open_first(struct serve_mcp *m, struct error *e) {
  if (!m->o->season == !m->o->challenge)
    return error_set(e, ST_USAGE,
                     "mcp serves one season or one challenge: give --season DIR or --challenge NAME");
  if (m->o->challenge)
    return serve_challenge(m, e);
  struct serve_season s;
  const enum status st = serve_season_open(m, &s, e);
  if (st == ST_OK)
    serve_season_close(&s);
  return st;
}

enum status serve_mcp(const struct serve_mcp_options *o, struct error *e) {
  struct serve_mcp m = {.o = o, .in = {.fd = o->in_fd}};
  buffer_init(&m.in.text);
  m.progress = (struct judge_progress){.context = &m, .tell = serve_tell, .cancelled = serve_look};
  const enum status st = open_first(&m, e);
  if (st == ST_OK)
    loop(&m);
  for (size_t i = 0; i < m.n_queue; i++)
    json_decref(m.queue[i]);
  buffer_fini(&m.in.text);
  judge_close(m.judge);
  challenge_close(m.challenge);
  return st;
}

/* Room: agent. One call to a model's server: events or a whole answer in, text and usage out, each attempt a
 * line of the transcript. */
#include "agent/agent_remote.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_stream.h"

enum { COMPLAINT_MAX = 300 };

struct receiver {
  struct agent_turn *turn;
  const struct agent_call_spec *spec;
  struct agent_reply *reply;
  struct agent_stream stream;
  struct buffer whole;
  enum { FORM_UNKNOWN, FORM_EVENTS, FORM_WHOLE } form;
  int first_attempt, no_memory;
};

int agent_reply_fault(struct agent_reply *r, enum agent_fault fault, const char *format, ...) {
  va_list args;
  va_start(args, format);
  r->fault = fault;
  vsnprintf(r->detail, sizeof r->detail, format, args);
  va_end(args);
  return AGENT_HTTP_STOP;
}

int agent_reply_add(struct agent_reply *r, struct buffer *to, const char *text, size_t bytes) {
  if (bytes > r->max_bytes - to->bytes)
    return agent_reply_fault(r, AGENT_FAULT_TOO_LONG, "the answer has more than %zu bytes", r->max_bytes);
  buffer_add(to, text, bytes);
  return AGENT_HTTP_MORE;
}

void agent_reply_count(const json_t *usage, const char *key, int64_t *to) {
  const json_t *n = json_object_get(usage, key);
  if (json_is_integer(n) && json_integer_value(n) >= 0)
    *to = json_integer_value(n);
}

void agent_reply_fini(struct agent_reply *r) {
  buffer_fini(&r->text);
}

static int on_event(void *context, const char *name, const char *data, size_t bytes) {
  struct receiver *c = context;
  (void)name; /* the data names itself */
  if (bytes == 6 && memcmp(data, "[DONE]", 6) == 0) {
    c->reply->known = c->reply->done = 1;
    return AGENT_HTTP_ENOUGH;
  }
  json_t *value = NULL;
  struct error why = {0};
  if (json_read(data, bytes, "an event", &value, &why) != ST_OK || !json_is_object(value)) {
    json_decref(value);
    return agent_reply_fault(c->reply, AGENT_FAULT_MALFORMED, "an event is no JSON object: %.200s", why.text);
  }
  int said = c->spec->event(c->reply, c->spec->state, value);
  json_decref(value);
  return said;
}

/* By the type it is sent as, else by its first byte: some servers send events as plain text. */
static void choose_form(struct receiver *c, const char *type, const char *bytes, size_t n) {
  size_t i = 0;
  while (i < n && isspace((unsigned char)bytes[i]))
    i++;
  if (strstr(type, "event-stream"))
    c->form = FORM_EVENTS;
  else if (strstr(type, "json"))
    c->form = FORM_WHOLE;
  else if (i < n)
    c->form = bytes[i] == 'd' || bytes[i] == 'e' || bytes[i] == ':' ? FORM_EVENTS : FORM_WHOLE;
}

static int on_data(void *sink, const char *type, const char *bytes, size_t n) {
  struct receiver *c = sink;
  if (c->form == FORM_UNKNOWN)
    choose_form(c, type, bytes, n);
  if (c->form != FORM_EVENTS) {
    buffer_add(&c->whole, bytes, n);
    return AGENT_HTTP_MORE;
  }
  int said = agent_stream_feed(&c->stream, bytes, n);
  if (said == AGENT_STREAM_TOO_LONG)
    return agent_reply_fault(c->reply, AGENT_FAULT_TOO_LONG, "one event has more than %zu bytes",
                             c->stream.max_event_bytes);
  if (said == AGENT_STREAM_NO_MEMORY) {
    c->no_memory = 1;
    return AGENT_HTTP_STOP;
  }
  return said;
}

/* The server's own words: {"error": {"message"}} in most, {"error"}, {"message"} or {"detail"} in some. */
static char *find_complaint(const struct buffer *body) {
  json_t *value = NULL;
  const char *words = buffer_str(body);
  char *text = NULL;
  if (!body->bytes)
    return NULL;
  if (json_read(body->data, body->bytes, "", &value, NULL) == ST_OK) {
    const json_t *inner = json_object_get(value, "error");
    const char *keys[] = {"error", "message", "detail"};
    words = json_str(inner, "message", NULL);
    for (size_t i = 0; !words && i < 3; i++)
      words = json_str(value, keys[i], NULL);
    if (!words)
      words = text = json_canonical(value);
  }
  char *found = words ? strdup(words) : NULL;
  free(text);
  json_decref(value);
  for (char *p = found; p && *p; p++)
    if ((unsigned char)*p < ' ')
      *p = ' ';
  return found;
}

static void write_request(struct receiver *c, int number) {
  json_t *line = json_object();
  json_put_int(line, "attempt", number);
  if (c->first_attempt) {
    json_put_int(line, "same_as", c->first_attempt);
  } else {
    c->first_attempt = number;
    json_put_str(line, "url", c->spec->url);
    json_object_set(line, "body", (json_t *)(uintptr_t)c->spec->body);
  }
  agent_line(&c->turn->x->request, line);
}

/* An attempt that is not the last: it gave a fault, and no text. */
static void on_attempt(void *sink, const struct agent_http_result *r) {
  struct receiver *c = sink;
  int number = ++c->turn->x->usage.attempts;
  write_request(c, number);
  if (!r->wait_ns)
    return;
  json_t *line = json_object();
  json_put_int(line, "attempt", number);
  json_put_int(line, "status", r->status);
  json_put_str(line, "fault", agent_fault_name(r->fault));
  json_put_str(line, "detail", r->detail);
  json_object_set_new(line, "body", json_clean_string(buffer_str(&r->body), r->body.bytes));
  json_put_int(line, "wait_ns", r->wait_ns);
  agent_line(&c->turn->x->response, line);
}

static void write_response(struct receiver *c, const struct agent_http_result *h) {
  const struct agent_reply *r = c->reply;
  const struct buffer *raw = h->body.bytes ? &h->body : &c->whole;
  json_t *line = json_object();
  json_put_int(line, "attempt", c->turn->x->usage.attempts);
  json_put_int(line, "status", h->status);
  json_put_str(line, "fault", agent_fault_name(c->turn->x->fault));
  if (c->turn->x->detail[0])
    json_put_str(line, "detail", c->turn->x->detail);
  if (c->turn->x->fault == AGENT_FAULT_NONE || r->text.bytes)
    json_object_set_new(line, "text", json_clean_string(buffer_str(&r->text), r->text.bytes));
  else
    json_object_set_new(line, "body",
                        json_clean_string(buffer_str(raw), raw->bytes < 65536 ? raw->bytes : 65536));
  if (r->stop[0])
    json_put_str(line, "stop", r->stop);
  agent_line(&c->turn->x->response, line);
}

/* A whole answer has come in. */
static void read_whole(struct receiver *c) {
  json_t *value = NULL;
  struct error why = {0};
  if (!c->whole.bytes)
    return;
  if (json_read(buffer_str(&c->whole), c->whole.bytes, "the answer", &value, &why) != ST_OK ||
      !json_is_object(value))
    agent_reply_fault(c->reply, AGENT_FAULT_MALFORMED, "the answer is no JSON object: %.200s", why.text);
  else
    c->spec->whole(c->reply, c->spec->state, value);
  json_decref(value);
}

/* What the connection did and what the provider said, as one fault. */
static void conclude(struct receiver *c, const struct agent_http_result *h, const char *complaint) {
  struct agent_reply *r = c->reply;
  struct agent_turn *t = c->turn;
  if (h->fault == AGENT_FAULT_NONE && c->form == FORM_WHOLE)
    read_whole(c);
  if (c->spec->finish)
    c->spec->finish(r, c->spec->state);
  if (r->fault != AGENT_FAULT_NONE)
    agent_turn_fault(t, r->fault, "%s", r->detail);
  else if (h->fault != AGENT_FAULT_NONE &&
           !(r->done && (h->fault == AGENT_FAULT_DROPPED || h->fault == AGENT_FAULT_TIMEOUT)))
    agent_turn_fault(t, h->fault, "%s%s%.*s", h->detail, complaint ? ": " : "", COMPLAINT_MAX,
                     complaint ? complaint : "");
  else if (!r->known && c->form != FORM_UNKNOWN)
    agent_turn_fault(t, AGENT_FAULT_MALFORMED, "nothing in the answer is of the expected form");
  else if (!r->done && c->form == FORM_EVENTS)
    agent_turn_fault(t, AGENT_FAULT_DROPPED, "the events ended before the answer did");
  else if (!r->text.bytes)
    agent_turn_fault(t, AGENT_FAULT_EMPTY, r->stop[0] ? "it stopped with \"%s\"" : "%s", r->stop);
  else
    agent_turn_fault(t, AGENT_FAULT_NONE, "%s", "");
}

/* What was refused is not charged; what was sent and lost may be, for an unknown amount. */
static int may_be_charged(const struct agent_http_result *h) {
  return (h->status >= 200 && h->status <= 299) ||
         (!h->status && (h->fault == AGENT_FAULT_TIMEOUT || h->fault == AGENT_FAULT_DROPPED ||
                         h->fault == AGENT_FAULT_CANCELLED));
}

static enum status post(struct receiver *c, const char *body, struct agent_http_result *h, struct error *e) {
  const struct agent_limits *l = c->turn->limits;
  struct agent_http http = {.url = c->spec->url,
                            .header = c->spec->header,
                            .body = body,
                            .body_bytes = strlen(body),
                            .connect_ns = l->connect_ns,
                            .idle_ns = l->idle_ns,
                            .backoff_ns = l->backoff_ns,
                            .deadline_ns = c->turn->deadline_ns,
                            .retries = l->retries,
                            /* The answer's bytes wrapped: in events a few bytes of it cost a few hundred. */
                            .max_bytes = (size_t)l->max_answer_bytes * (l->whole ? 4 : 128) + 65536,
                            .cancelled = c->turn->cancelled,
                            .context = c->turn->context,
                            .data = on_data,
                            .attempted = on_attempt,
                            .sink = c};
  return agent_http_post(&http, h, e);
}

enum status agent_remote_call(struct agent_turn *t, const struct agent_call_spec *spec, struct agent_reply *r,
                              long *status, char **complaint, struct error *e) {
  *r = (struct agent_reply){
      .max_bytes = (size_t)t->limits->max_answer_bytes,
      .usage = {.input_tokens = -1, .output_tokens = -1, .cache_read_tokens = -1, .cache_write_tokens = -1}};
  struct receiver c = {.turn = t, .spec = spec, .reply = r};
  struct agent_http_result h;
  *complaint = NULL;
  char *body = json_dumps(spec->body, JSON_COMPACT | JSON_REAL_PRECISION(17));
  if (!body)
    return error_set(e, ST_MEMORY, "out of memory for an agent's request");
  buffer_init(&r->text);
  buffer_init(&c.whole);
  agent_stream_init(&c.stream, r->max_bytes * 2 + 65536, on_event, &c);
  enum status st = post(&c, body, &h, e);
  if (st == ST_OK) {
    *status = h.status;
    *complaint = find_complaint(&h.body);
    conclude(&c, &h, *complaint);
    write_response(&c, &h);
    if (may_be_charged(&h))
      agent_turn_count(t, &r->usage);
    if (c.no_memory || buffer_failed(&c.whole) || buffer_failed(&r->text))
      st = error_set(e, ST_MEMORY, "out of memory for an agent's answer");
  }
  agent_http_result_fini(&h);
  agent_stream_fini(&c.stream);
  buffer_fini(&c.whole);
  free(body);
  return st;
}

/* Room: fuzz. What a model's server and a recording send, read by the providers that ask them: server-sent
 * events and whole answers of both interfaces, refusals, complaints, usage; then repair and redaction, as in
 * a season. The network is left out: this file stands in for agent_http.c. May use src/agent and base.
 *
 * What must hold: no crash; an answer or a fault, not both and not neither; an answer fits its schema; the
 * key that was sent is in nothing that leaves the room, however the server repeats it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/agent_http.h"
#include "fuzz_agent.h"

/* It looks like no key of a known service, so only the memory of what was sent can hide it. */
#define KEY "FuzzKeyThatLooksLikeNone"

static struct { /* what the next posts answer */
  const char *text;
  size_t bytes, chunk;
  long status;
  const char *type;
  enum agent_fault end;
} wire;

void agent_http_result_fini(struct agent_http_result *r) {
  buffer_fini(&r->body);
}

enum status agent_http_place(const char *url, struct agent_http_place *out, struct error *e) {
  (void)url, (void)e;
  *out = (struct agent_http_place){.host = "localhost", .loopback = 1};
  return ST_OK;
}

static int hand_over(const struct agent_http *h) {
  int said = AGENT_HTTP_MORE;
  for (size_t at = 0; at < wire.bytes && said == AGENT_HTTP_MORE; at += wire.chunk) {
    size_t n = wire.bytes - at < wire.chunk ? wire.bytes - at : wire.chunk;
    said = h->data(h->sink, wire.type, wire.text + at, n);
  }
  return said;
}

enum status agent_http_post(const struct agent_http *h, struct agent_http_result *r, struct error *e) {
  (void)e;
  *r = (struct agent_http_result){.status = wire.status, .attempt = 1, .fault = wire.end};
  buffer_init(&r->body);
  if (wire.status < 200 || wire.status > 299) {
    r->fault = wire.status == 401 ? AGENT_FAULT_UNAUTHORISED : AGENT_FAULT_REFUSED;
    snprintf(r->detail, sizeof r->detail, "HTTP %ld", wire.status);
    buffer_add(&r->body, wire.text, wire.bytes);
  } else if (hand_over(h) != AGENT_HTTP_MORE) {
    r->fault = AGENT_FAULT_NONE;
  }
  if (h->attempted)
    h->attempted(h->sink, r);
  return ST_OK;
}

static void hides_key(const char *text, size_t bytes, const char *what) {
  fuzz_need(bytes == 0 || memmem(text, bytes, KEY, sizeof KEY - 1) == NULL, what);
}

static void ask(const char *provider, const json_t *schema, const char *name) {
  const struct agent_prompt prompt = {
      .system = "s", .context = "c", .ask = "a", .name = name, .schema = schema};
  struct agent_limits limits;
  struct agent_exchange x;
  struct error e = {0};
  agent_limits_defaults(&limits);
  limits.max_answer_bytes = 1024;
  enum status st = agent_exchange_run(provider, &prompt, &limits, NULL, NULL, &x, &e);
  fuzz_need(st == ST_OK || e.text[0], "an error without a sentence");
  fuzz_need((x.answer != NULL) == (st == ST_OK && x.fault == AGENT_FAULT_NONE), "an answer and a fault");
  if (x.answer) {
    char *text = json_canonical(x.answer);
    fuzz_need(agent_schema_check(schema, x.answer, NULL) == ST_OK, "the answer does not fit its schema");
    fuzz_need(text != NULL, "an answer cannot be written");
    hides_key(text, strlen(text), "the key is in the answer");
    free(text);
  }
  hides_key(x.detail, strlen(x.detail), "the key is in the detail");
  hides_key(buffer_str(&x.request), x.request.bytes, "the key is in the request's transcript");
  hides_key(buffer_str(&x.response), x.response.bytes, "the key is in the response's transcript");
  hides_key(e.text, strlen(e.text), "the key is in an error");
  agent_exchange_fini(&x);
}

void fuzz_agent_wire(const uint8_t *data, size_t size, const json_t *schema, const char *name) {
  static const long status[] = {200, 200, 200, 200, 200, 200, 400, 401};
  static const char *const type[] = {"text/event-stream", "text/event-stream", "application/json", ""};
  static const size_t chunk[] = {1, 7, 64, 1 << 20};
  if (size < 2)
    return;
  setenv("OPENAI_API_KEY", KEY, 1);
  setenv("ANTHROPIC_API_KEY", KEY, 1);
  wire.status = status[data[0] % 8];
  wire.type = type[data[0] / 8 % 4];
  wire.chunk = chunk[data[0] / 32 % 4];
  wire.end = data[1] & 2 ? AGENT_FAULT_DROPPED : AGENT_FAULT_NONE;
  wire.text = (const char *)data + 2;
  wire.bytes = size - 2;
  ask(data[1] & 1 ? "anthropic:m@http://localhost" : "openai:m@http://localhost/v1", schema, name);
}

/* A recording that somebody edited. */
void fuzz_agent_recording(const uint8_t *data, size_t size, const json_t *schema, const char *name) {
  static int fd = -1;
  static char provider[64];
  if (fd < 0) {
    fd = memfd_create("recording", MFD_CLOEXEC);
    snprintf(provider, sizeof provider, "recorded:/proc/self/fd/%d", fd);
  }
  fuzz_need(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size,
            "no file for a recording");
  ask(provider, schema, name);
}

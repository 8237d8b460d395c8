/* Tests of agent: hosted and local models, against fake servers on loopback that fail in every way. Outcomes
 * are asserted, never durations, but for bounds that only a hang exceeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>

#include "agent_server.h"
#include "base/base_clock.h"
#include "base/base_file.h"

/* A key that looks like none, so that only the table of secrets can hide it. */
#define KEY_A "QuietAnthropicWord"
#define KEY_O "QuietOpenaiWord"
#define MS    INT64_C(1000000)

static struct agent_server server;
static json_t *schema;
static char folder[64];

enum { MESSAGES = 1, CHAT = 2, BOTH = 3, EVENTS = 4, WHOLE = 8, ANY = 15 };

static void provider_name(char *out, size_t n, int api, const char *model) {
  if (api == MESSAGES)
    snprintf(out, n, "anthropic:%s@http://127.0.0.1:%d", model, server.port);
  else
    snprintf(out, n, "openai:%s@http://127.0.0.1:%d/v1", model, server.port);
}

static void ask(const char *provider, const struct agent_limits *l, struct agent_exchange *x) {
  struct agent_prompt p = agent_server_prompt(schema);
  struct error e = {0};
  if (agent_exchange_run(provider, &p, l, NULL, NULL, x, &e) != ST_OK)
    fail_msg("%s: %s", provider, e.text);
  if (agent_server_leaks(&p, x, &e, KEY_A) || agent_server_leaks(&p, x, &e, KEY_O))
    fail_msg("%s: a key got out", provider);
}

static const struct scenario {
  const char *name;
  enum agent_fault fault;
  int attempts, where, idle_ms, total_ms;
} scenarios[] = {
    {"good", AGENT_FAULT_NONE, 1, ANY, 0, 0},
    {"plain", AGENT_FAULT_NONE, 1, BOTH | EVENTS, 0, 0},
    {"unstreamed", AGENT_FAULT_NONE, 1, ANY, 0, 0},
    {"chatty", AGENT_FAULT_NONE, 1, ANY, 0, 0},
    {"thinking", AGENT_FAULT_NONE, 1, CHAT | EVENTS | WHOLE, 0, 0},
    {"wrong-once", AGENT_FAULT_NONE, 2, ANY, 0, 0},
    {"server-error-twice", AGENT_FAULT_NONE, 3, ANY, 0, 0},
    {"hang-after-end", AGENT_FAULT_NONE, 1, ANY, 0, 0},
    {"no-end", AGENT_FAULT_NONE, 1, BOTH | EVENTS, 2000, 0}, /* the answer has to come in that time */
    {"unauthorised", AGENT_FAULT_UNAUTHORISED, 1, ANY, 0, 0},
    {"limited", AGENT_FAULT_LIMITED, 3, ANY, 0, 0},
    {"limited-long", AGENT_FAULT_LIMITED, 1, ANY, 0, 0},
    {"spent", AGENT_FAULT_LIMITED, 1, ANY, 0, 0},
    {"server-error", AGENT_FAULT_SERVER, 3, ANY, 0, 0},
    {"error-event", AGENT_FAULT_SERVER, 1, ANY, 0, 0},
    {"refused", AGENT_FAULT_REFUSED, 1, ANY, 0, 0},
    {"redirect", AGENT_FAULT_REFUSED, 1, ANY, 0, 0},
    {"huge-error", AGENT_FAULT_REFUSED, 1, ANY, 0, 0},
    {"slow-first", AGENT_FAULT_TIMEOUT, 1, ANY, 80, 0},
    {"slow-header", AGENT_FAULT_TIMEOUT, 1, ANY, 80, 0},
    {"idle", AGENT_FAULT_TIMEOUT, 1, ANY, 80, 0},
    {"drip", AGENT_FAULT_TIMEOUT, 1, BOTH | EVENTS, 0, 600},
    {"dropped", AGENT_FAULT_DROPPED, 1, ANY, 0, 0},
    {"dropped-at-once", AGENT_FAULT_DROPPED, 1, ANY, 0, 0},
    {"dropped-clean", AGENT_FAULT_DROPPED, 1, BOTH | EVENTS, 0, 0},
    {"malformed", AGENT_FAULT_MALFORMED, 1, ANY, 0, 0},
    {"html", AGENT_FAULT_MALFORMED, 1, ANY, 0, 0},
    {"other-json", AGENT_FAULT_MALFORMED, 1, ANY, 0, 0},
    {"not-http", AGENT_FAULT_MALFORMED, 1, ANY, 0, 0},
    {"huge", AGENT_FAULT_TOO_LONG, 1, ANY, 0, 0},
    {"huge-event", AGENT_FAULT_TOO_LONG, 1, BOTH | EVENTS, 0, 0},
    {"empty", AGENT_FAULT_EMPTY, 1, ANY, 0, 0},
    {"no-body", AGENT_FAULT_EMPTY, 1, ANY, 0, 0},
    {"refusal", AGENT_FAULT_EMPTY, 1, ANY, 0, 0},
    {"wrong-schema", AGENT_FAULT_UNPARSEABLE, 2, ANY, 0, 0},
    {"nonsense", AGENT_FAULT_UNPARSEABLE, 2, ANY, 0, 0},
};

static void check_scenario(const struct scenario *s, int api, int whole) {
  char model[80], provider[200];
  struct agent_limits l;
  struct agent_exchange x;
  snprintf(model, sizeof model, "%s:%d.%d", s->name, api, whole);
  provider_name(provider, sizeof provider, api, model);
  agent_server_limits(&l);
  l.retries = 2;
  l.whole = whole;
  if (s->idle_ms)
    l.idle_ns = s->idle_ms * MS;
  if (s->total_ms)
    l.total_ns = s->total_ms * MS;
  ask(provider, &l, &x);
  if (x.fault != s->fault || x.usage.attempts != s->attempts)
    fail_msg("%s: %s after %d attempts (%s)\n%s", provider, agent_fault_name(x.fault), x.usage.attempts,
             x.detail, buffer_str(&x.response));
  assert_int_equal(x.answer != NULL, x.fault == AGENT_FAULT_NONE);
  if (x.answer)
    assert_string_equal(json_str(x.answer, "title", ""), "wider tiles");
  agent_exchange_fini(&x);
}

/* Each fault has its own name, for both interfaces, streamed and whole. */
static void every_fault_has_its_name(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
    for (int api = MESSAGES; api <= CHAT; api++)
      for (int whole = 0; whole <= 1; whole++)
        if ((scenarios[i].where & api) && (scenarios[i].where & (whole ? WHOLE : EVENTS)))
          check_scenario(&scenarios[i], api, whole);
}

static void no_listener_is_unreachable(void **state) {
  (void)state;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof here;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, never listening: nobody else gets it */
  char provider[200];
  struct agent_limits l;
  struct agent_exchange x;
  assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof here), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &n), 0);
  agent_server_limits(&l);
  for (int api = MESSAGES; api <= CHAT; api++) {
    snprintf(provider, sizeof provider, "%s:m@http://127.0.0.1:%d", api == MESSAGES ? "anthropic" : "openai",
             ntohs(here.sin_port));
    ask(provider, &l, &x);
    assert_string_equal(agent_fault_name(x.fault), "unreachable");
    assert_int_equal(x.usage.attempts, 2); /* a connection that was not made may be tried again */
    assert_int_equal(x.usage.input_tokens, 0);
    agent_exchange_fini(&x);
  }
  close(fd);
}

/* Retry-After, as seconds and as a date, is a time before which the server is left alone. */
static void retry_after_is_honoured(void **state) {
  (void)state;
  const char *models[] = {"limited-once:ra", "limited-date:ra"};
  char provider[200];
  struct agent_limits l;
  struct agent_exchange x;
  agent_server_limits(&l);
  for (int i = 0; i < 2; i++) {
    provider_name(provider, sizeof provider, CHAT, models[i]);
    int64_t start_ns = clock_mono_ns();
    ask(provider, &l, &x);
    assert_int_equal(x.fault, AGENT_FAULT_NONE);
    assert_int_equal(x.usage.attempts, 2);
    assert_true(clock_mono_ns() - start_ns >= (i ? 500 : 990) * MS); /* a date has whole seconds */
    assert_non_null(strstr(buffer_str(&x.response), "\"status\":429"));
    agent_exchange_fini(&x);
  }
}

static void usage_is_told(void **state) {
  (void)state;
  for (int api = MESSAGES; api <= CHAT; api++)
    for (int whole = 0; whole <= 1; whole++) {
      char provider[200];
      struct agent_limits l;
      struct agent_exchange x;
      agent_server_limits(&l);
      l.whole = whole;
      provider_name(provider, sizeof provider, api, "good:usage");
      ask(provider, &l, &x);
      assert_int_equal(x.usage.input_tokens, api == MESSAGES ? 11 : 16);
      assert_int_equal(x.usage.cache_read_tokens, 300);
      assert_int_equal(x.usage.cache_write_tokens, api == MESSAGES ? 5 : 0);
      assert_int_equal(x.usage.output_tokens, 42);
      agent_exchange_fini(&x);
      provider_name(provider, sizeof provider, api, "dropped:usage"); /* paid for, nobody knows how much */
      ask(provider, &l, &x);
      assert_int_equal(x.usage.output_tokens, -1);
      agent_exchange_fini(&x);
      provider_name(provider, sizeof provider, api, "wrong-schema:usage"); /* both askings count */
      ask(provider, &l, &x);
      assert_int_equal(x.usage.output_tokens, 84);
      agent_exchange_fini(&x);
    }
}

/* The end of its tokens is the end of the answer; what there is, is read if that is unambiguous. */
static void cut_answers_are_repaired_or_named(void **state) {
  (void)state;
  for (int api = MESSAGES; api <= CHAT; api++) {
    char provider[200];
    struct agent_limits l;
    struct agent_exchange x;
    agent_server_limits(&l);
    provider_name(provider, sizeof provider, api, "cut-tokens");
    ask(provider, &l, &x);
    if (x.fault == AGENT_FAULT_NONE)
      assert_int_equal(json_int(x.answer, "score", 0), 7);
    else
      assert_non_null(strstr(x.detail, "limit of tokens"));
    agent_exchange_fini(&x);
  }
}

static const json_t *only(const json_t *list) {
  assert_int_equal(json_array_size(list), 1);
  return json_array_get(list, 0);
}

static void the_messages_request_is_right(void **state) {
  (void)state;
  char provider[200];
  struct agent_limits l;
  struct agent_exchange x;
  agent_server_limits(&l);
  provider_name(provider, sizeof provider, MESSAGES, "good:request");
  ask(provider, &l, &x);
  agent_exchange_fini(&x);
  json_t *log = agent_server_log(&server);
  const json_t *one = agent_server_find(log, "good:request");
  assert_non_null(one);
  const json_t *body = json_obj(one, "body"), *headers = json_obj(one, "headers");
  assert_string_equal(json_str(one, "path", ""), "/v1/messages");
  assert_string_equal(json_str(headers, "x-api-key", ""), KEY_A);
  assert_string_equal(json_str(headers, "anthropic-version", ""), "2023-06-01");
  const json_t *system = json_arr(body, "system"), *context = json_array_get(system, 0);
  assert_int_equal(json_array_size(system), 2);
  assert_string_equal(json_str(context, "text", ""), "The round's context.");
  assert_string_equal(json_str(json_obj(context, "cache_control"), "type", ""), "ephemeral");
  assert_null(json_object_get(json_array_get(system, 1), "cache_control"));
  assert_true(json_equal(json_object_get(only(json_arr(body, "tools")), "input_schema"), schema));
  assert_string_equal(json_str(json_obj(body, "tool_choice"), "name", ""), "pitch");
  assert_true(json_bool(body, "stream", 0));
  assert_int_equal(json_int(body, "max_tokens", 0), 16384);
  json_decref(log);
}

static void asking_again_says_what_was_wrong(void **state) {
  (void)state;
  char provider[200];
  struct agent_limits l;
  struct agent_exchange x;
  agent_server_limits(&l);
  provider_name(provider, sizeof provider, CHAT, "wrong-schema:again");
  ask(provider, &l, &x);
  agent_exchange_fini(&x);
  json_t *log = agent_server_log(&server);
  const json_t *body = json_obj(agent_server_find(log, "wrong-schema:again"), "body");
  const char *text = json_str(json_array_get(json_arr(body, "messages"), 1), "content", "");
  assert_non_null(strstr(text, "What do you pitch?"));
  assert_non_null(strstr(text, "\"score\": \"high\""));
  assert_non_null(strstr(text, "title"));
  assert_string_equal(json_str(json_obj(body, "response_format"), "type", ""), "json_schema");
  json_decref(log);
}

/* What a server refuses is left away, and from then on at once. */
static void servers_may_take_less(void **state) {
  (void)state;
  static const struct {
    const char *model;
    int attempts;
  } cases[] = {{"no-schema:l", 2}, {"no-format:l", 3}, {"old:l", 4},
               {"new:l", 2},       {"tight:l", 2},     {"grammar:l", 3}};
  struct agent_limits l;
  agent_server_limits(&l);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int again = 0; again <= 1; again++) {
      char provider[200];
      struct agent_exchange x;
      provider_name(provider, sizeof provider, CHAT, cases[i].model);
      ask(provider, &l, &x);
      if (x.fault != AGENT_FAULT_NONE || x.usage.attempts != (again ? 1 : cases[i].attempts))
        fail_msg("%s: %s after %d attempts: %s", provider, agent_fault_name(x.fault), x.usage.attempts,
                 x.detail);
      agent_exchange_fini(&x);
    }
  json_t *log = agent_server_log(&server);
  const json_t *body = json_obj(agent_server_find(log, "no-format:l"), "body");
  const char *text = json_str(json_array_get(json_arr(body, "messages"), 1), "content", "");
  assert_non_null(strstr(text, "\"additionalProperties\"")); /* then the schema is told in words */
  json_decref(log);
}

/* What the server says of its context comes with what to do about it. */
static void a_context_that_is_too_small_is_named(void **state) {
  (void)state;
  struct agent_limits l;
  struct agent_exchange x;
  char provider[200];
  agent_server_limits(&l);
  provider_name(provider, sizeof provider, CHAT, "small:l");
  ask(provider, &l, &x);
  assert_string_equal(agent_fault_name(x.fault), "refused");
  assert_int_equal(x.usage.attempts, 1);
  assert_non_null(strstr(x.detail, "context size (4096 tokens)"));
  assert_non_null(strstr(x.detail, "lower prompt_tokens"));
  agent_exchange_fini(&x);
}

static int cancel_later(void *context) {
  return ++*(int *)context > 3;
}

static void a_call_can_be_cancelled(void **state) {
  (void)state;
  struct agent_prompt p = agent_server_prompt(schema);
  const char *models[] = {"slow-first:c", "idle:c", "limited:c"}; /* the last waits to try again */
  for (int i = 0; i < 3; i++) {
    char provider[200];
    struct agent_limits l;
    struct agent_exchange x;
    int asked = 0;
    agent_server_limits(&l);
    l.backoff_ns = 25000 * MS;
    provider_name(provider, sizeof provider, MESSAGES, models[i]);
    int64_t start_ns = clock_mono_ns();
    assert_int_equal(agent_exchange_run(provider, &p, &l, cancel_later, &asked, &x, NULL), ST_OK);
    assert_string_equal(agent_fault_name(x.fault), "cancelled");
    assert_true(clock_mono_ns() - start_ns < 9000 * MS);
    agent_exchange_fini(&x);
  }
}

static void proxies_are_respected(void **state) {
  (void)state;
  char proxy[100];
  struct agent_limits l;
  struct agent_exchange x;
  agent_server_limits(&l);
  snprintf(proxy, sizeof proxy, "http://tester:QuietProxyWord@127.0.0.1:%d", server.port);
  setenv("http_proxy", proxy, 1);
  setenv("https_proxy", proxy, 1);
  ask("openai:good:proxy@http://models.invalid/v1", &l, &x);
  assert_int_equal(x.fault, AGENT_FAULT_NONE);
  agent_exchange_fini(&x);
  json_t *log = agent_server_log(&server);
  const json_t *one = agent_server_find(log, "good:proxy");
  assert_true(json_bool(one, "absolute", 0));
  assert_non_null(json_object_get(json_obj(one, "headers"), "Proxy-Authorization"));
  assert_null(json_object_get(json_obj(one, "headers"), "Authorization")); /* models.invalid gets no key */
  json_decref(log);
  l.retries = 0;
  ask("openai:good@https://models.invalid/v1", &l, &x); /* the tunnel is refused */
  assert_string_equal(agent_fault_name(x.fault), "unreachable");
  assert_non_null(strstr(x.detail, "proxy"));
  assert_null(strstr(x.detail, "QuietProxyWord"));
  agent_exchange_fini(&x);
  /* This machine is asked directly, whatever no_proxy says: its key would go to the proxy in the clear. */
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  char provider[200];
  provider_name(provider, sizeof provider, CHAT, "good:direct");
  ask(provider, &l, &x);
  assert_int_equal(x.fault, AGENT_FAULT_NONE);
  agent_exchange_fini(&x);
  unsetenv("http_proxy");
  unsetenv("https_proxy");
}

static void certificates_are_verified(void **state) {
  (void)state;
  if (!server.tls_port) {
    print_message("not checked: TLS (no openssl command here)\n");
    return;
  }
  char provider[200], cert[100];
  struct agent_limits l;
  struct agent_exchange x;
  agent_server_limits(&l);
  snprintf(provider, sizeof provider, "openai:good:tls@https://127.0.0.1:%d/v1", server.tls_port);
  ask(provider, &l, &x);
  assert_string_equal(agent_fault_name(x.fault), "unreachable");
  assert_non_null(strstr(x.detail, "certificate"));
  assert_int_equal(x.usage.attempts, 1);
  agent_exchange_fini(&x);
  snprintf(cert, sizeof cert, "%s/cert.pem", folder);
  setenv("CURL_CA_BUNDLE", cert, 1);
  ask(provider, &l, &x);
  assert_string_equal(agent_fault_name(x.fault), "none");
  agent_exchange_fini(&x);
  snprintf(provider, sizeof provider, "openai:good:tls@https://localhost:%d/v1", server.tls_port);
  ask(provider, &l, &x); /* trusted, but made out to another name */
  assert_string_equal(agent_fault_name(x.fault), "unreachable");
  agent_exchange_fini(&x);
  unsetenv("CURL_CA_BUNDLE");
}

/* A key goes where it belongs and nowhere else. */
static void keys_stay_at_home(void **state) {
  (void)state;
  struct agent_limits l;
  struct agent_exchange x;
  char base[100];
  agent_server_limits(&l);
  ask("anthropic:good@https://elsewhere.invalid", &l, &x);
  assert_string_equal(agent_fault_name(x.fault), "unauthorised");
  assert_int_equal(x.usage.attempts, 0);
  assert_non_null(strstr(x.detail, "elsewhere.invalid"));
  agent_exchange_fini(&x);
  setenv("OTHER_KEY", "QuietOtherWord", 1);
  l.key_variable = "OTHER_KEY";
  ask("anthropic:good@http://elsewhere.invalid", &l, &x);
  assert_non_null(strstr(x.detail, "unencrypted"));
  assert_int_equal(x.usage.attempts, 0);
  agent_exchange_fini(&x);
  l.key_variable = NULL;
  snprintf(base, sizeof base, "http://127.0.0.1:%d/", server.port);
  setenv("ANTHROPIC_BASE_URL", base, 1);
  ask("anthropic:good:base", &l, &x);
  assert_int_equal(x.fault, AGENT_FAULT_NONE);
  agent_exchange_fini(&x);
  unsetenv("ANTHROPIC_BASE_URL");
  unsetenv("ANTHROPIC_API_KEY");
  ask("anthropic:good", &l, &x);
  assert_string_equal(x.detail, "ANTHROPIC_API_KEY is not set");
  agent_exchange_fini(&x);
  setenv("ANTHROPIC_API_KEY", KEY_A, 1);
  struct agent_prompt p = agent_server_prompt(schema);
  struct error e = {0};
  assert_int_equal(agent_exchange_run("openai:m@https://u:QuietUrlWord@h/v1", &p, &l, NULL, NULL, &x, &e),
                   ST_INPUT);
  assert_null(strstr(e.text, "QuietUrlWord"));
  agent_exchange_fini(&x);
  assert_int_equal(agent_exchange_run("telepathy:m", &p, &l, NULL, NULL, &x, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "exec:COMMAND"));
  agent_exchange_fini(&x);
  assert_false(agent_exchange_knows("builtin:skeptic"));
  assert_true(agent_exchange_knows("exec:claude -p"));
}

/* Servers that repeat the key in answers, errors and names of fields; `ask` searches everything that leaves
 * the room. stderr, with all diagnostics on, is searched here. */
static void keys_never_get_out(void **state) {
  (void)state;
  const char *models[] = {"leak", "leak-escaped", "leak-wrong", "leak-500", "unauthorised:leak", "good:leak"};
  char path[100], provider[200];
  struct buffer said;
  struct agent_limits l;
  agent_server_limits(&l);
  snprintf(path, sizeof path, "%s/stderr", folder);
  fflush(stderr);
  int saved = dup(2);
  assert_non_null(freopen(path, "w", stderr));
  for (size_t i = 0; i < sizeof models / sizeof *models; i++)
    for (int api = MESSAGES; api <= CHAT; api++)
      for (l.whole = 0; l.whole <= 1; l.whole++) {
        struct agent_exchange x;
        provider_name(provider, sizeof provider, api, models[i]);
        ask(provider, &l, &x);
        if (i < 2) { /* the key was there, and is not */
          assert_int_equal(x.fault, AGENT_FAULT_NONE);
          assert_non_null(strstr(json_str(x.answer, "title", ""), "your key is ***"));
        }
        agent_exchange_fini(&x);
      }
  fflush(stderr);
  dup2(saved, 2);
  close(saved);
  buffer_init(&said);
  assert_int_equal(file_read(path, 1 << 20, &said, NULL), ST_OK);
  assert_null(strstr(buffer_str(&said), KEY_A));
  assert_null(strstr(buffer_str(&said), KEY_O));
  buffer_fini(&said);
}

struct caller {
  pthread_t thread;
  int number;
  enum agent_fault fault, wanted;
};

static void *call(void *context) {
  static const struct {
    const char *model;
    enum agent_fault fault;
  } kinds[] = {{"good:p", AGENT_FAULT_NONE},
               {"slow-first:p", AGENT_FAULT_TIMEOUT},
               {"new:p", AGENT_FAULT_NONE},
               {"dropped:p", AGENT_FAULT_DROPPED}};
  struct caller *c = context;
  struct agent_prompt p = agent_server_prompt(schema);
  struct agent_limits l;
  struct agent_exchange x;
  char provider[200];
  provider_name(provider, sizeof provider, c->number & 1 ? MESSAGES : CHAT, kinds[c->number / 2 % 4].model);
  if ((c->number & 1) && c->number / 2 % 4 == 2) /* only chat servers differ in what they take */
    provider_name(provider, sizeof provider, MESSAGES, "good:p2");
  c->wanted = kinds[c->number / 2 % 4].fault;
  agent_server_limits(&l);
  if (c->wanted == AGENT_FAULT_TIMEOUT)
    l.idle_ns = 100 * MS;
  if (agent_exchange_run(provider, &p, &l, NULL, NULL, &x, NULL) == ST_OK)
    c->fault = x.fault;
  else
    c->fault = AGENT_FAULT_COUNT;
  agent_exchange_fini(&x);
  return NULL;
}

static void calls_run_side_by_side(void **state) {
  (void)state;
  struct caller callers[16];
  for (int i = 0; i < 16; i++) {
    callers[i] = (struct caller){.number = i};
    assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
  }
  for (int i = 0; i < 16; i++)
    pthread_join(callers[i].thread, NULL);
  for (int i = 0; i < 16; i++)
    assert_string_equal(agent_fault_name(callers[i].fault), agent_fault_name(callers[i].wanted));
}

/* What was asked live is answered offline, faults included. */
static void a_recording_gives_it_again(void **state) {
  (void)state;
  const char *models[] = {"good:r", "empty:r"};
  struct agent_prompt p = agent_server_prompt(schema);
  struct agent_limits l;
  struct buffer file;
  char provider[200], path[100];
  const char *asks[] = {"first", "second", "third"};
  agent_server_limits(&l);
  buffer_init(&file);
  for (int i = 0; i < 2; i++) {
    struct agent_exchange x;
    p.ask = asks[i];
    provider_name(provider, sizeof provider, MESSAGES, models[i]);
    assert_int_equal(agent_exchange_run(provider, &p, &l, NULL, NULL, &x, NULL), ST_OK);
    json_t *record = agent_exchange_record(&p, &x);
    char *line = json_canonical(record);
    buffer_printf(&file, "%s\n", line);
    free(line);
    json_decref(record);
    agent_exchange_fini(&x);
  }
  buffer_text(&file, "{\"name\": \"pitch\", \"text\": \"{\\\"title\\\": \\\"t\\\", \\\"score\\\": 1,}\"}\n");
  snprintf(path, sizeof path, "%s/recording", folder);
  assert_int_equal(file_write_atomic(path, file.data, file.bytes, NULL), ST_OK);
  buffer_fini(&file);
  snprintf(provider, sizeof provider, "recorded:%s", path);
  for (int i = 0; i < 3; i++) {
    struct agent_exchange x;
    p.ask = asks[i];
    assert_int_equal(agent_exchange_run(provider, &p, &l, NULL, NULL, &x, NULL), ST_OK);
    assert_string_equal(agent_fault_name(x.fault), i == 1 ? "empty" : "none");
    if (i != 1)
      assert_string_equal(json_str(x.answer, "title", ""), i ? "t" : "wider tiles");
    if (i == 0)
      assert_int_equal(x.usage.cache_read_tokens, 300);
    agent_exchange_fini(&x);
  }
  struct agent_exchange x;
  p.name = "ballot";
  struct error e = {0};
  assert_int_equal(agent_exchange_run(provider, &p, &l, NULL, NULL, &x, &e), ST_NOT_FOUND);
  assert_non_null(strstr(e.text, "ballot"));
  agent_exchange_fini(&x);
}

static int start(void **state) {
  (void)state;
  static const char *const cleared[] = {"http_proxy",     "https_proxy",        "HTTPS_PROXY",
                                        "all_proxy",      "ALL_PROXY",          "no_proxy",
                                        "NO_PROXY",       "ANTHROPIC_BASE_URL", "OPENAI_BASE_URL",
                                        "CURL_CA_BUNDLE", "SSL_CERT_FILE",      "SHARKTANK_PLAIN_KEYS"};
  for (size_t i = 0; i < sizeof cleared / sizeof *cleared; i++)
    unsetenv(cleared[i]);
  setenv("SHARKTANK_LOG", "debug", 1);
  setenv("ANTHROPIC_API_KEY", KEY_A, 1);
  setenv("OPENAI_API_KEY", KEY_O "\n", 1); /* as a file with a line break gives it */
  schema = agent_server_schema();
  snprintf(folder, sizeof folder, "/tmp/sharktank-test-XXXXXX");
  return mkdtemp(folder) ? agent_server_start(&server, 1, folder) : -1;
}

static int stop(void **state) {
  (void)state;
  agent_server_stop(&server);
  json_decref(schema);
  return file_remove_tree(folder, NULL) == ST_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fault_has_its_name),
      cmocka_unit_test(no_listener_is_unreachable),
      cmocka_unit_test(retry_after_is_honoured),
      cmocka_unit_test(usage_is_told),
      cmocka_unit_test(cut_answers_are_repaired_or_named),
      cmocka_unit_test(the_messages_request_is_right),
      cmocka_unit_test(asking_again_says_what_was_wrong),
      cmocka_unit_test(servers_may_take_less),
      cmocka_unit_test(a_context_that_is_too_small_is_named),
      cmocka_unit_test(a_call_can_be_cancelled),
      cmocka_unit_test(proxies_are_respected),
      cmocka_unit_test(certificates_are_verified),
      cmocka_unit_test(keys_stay_at_home),
      cmocka_unit_test(keys_never_get_out),
      cmocka_unit_test(calls_run_side_by_side),
      cmocka_unit_test(a_recording_gives_it_again),
  };
  return cmocka_run_group_tests(tests, start, stop);
}

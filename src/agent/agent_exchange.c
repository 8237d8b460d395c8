/* Room: agent. One exchange: finds the provider, asks, reads the answer, asks again once with what was wrong,
 * and redacts everything that leaves the room. */
#include "agent/agent_exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_human.h"
#include "agent/agent_provider.h"
#include "base/base_clock.h"
#include "base/base_hash.h"

enum { PREVIOUS_SHOWN = 16384 };

static const struct {
  const char *prefix;
  enum status (*turn)(struct agent_turn *t, struct error *e);
  int turns;
} providers[] = {
    {"anthropic:", agent_anthropic_turn, 2}, {"openai:", agent_openai_turn, 2}, {"exec:", agent_exec_turn, 2},
    {"recorded:", agent_recorded_turn, 1}, /* a recording holds what came of asking again */
    {"human:", agent_human_turn, 2},
};
enum { N_PROVIDERS = sizeof providers / sizeof *providers };

static const struct {
  const char *name, *sentence;
} faults[AGENT_FAULT_COUNT] = {
#define FAULT_ROW(name, text, sentence) {#text, sentence},
    AGENT_FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

const char *agent_fault_name(enum agent_fault f) {
  return (unsigned)f < AGENT_FAULT_COUNT ? faults[f].name : "unknown";
}

const char *agent_fault_sentence(enum agent_fault f) {
  return (unsigned)f < AGENT_FAULT_COUNT ? faults[f].sentence : "an unknown fault";
}

void agent_limits_defaults(struct agent_limits *l) {
  *l = (struct agent_limits){.connect_ns = INT64_C(10000000000),
                             .idle_ns = INT64_C(60000000000),
                             .total_ns = INT64_C(600000000000),
                             .retries = 4,
                             .max_answer_bytes = 4 << 20,
                             .max_output_tokens = 16384,
                             .backoff_ns = 500000000,
                             .person_ns = INT64_C(86400000000000)};
}

void agent_exchange_fini(struct agent_exchange *x) {
  json_decref(x->answer);
  buffer_fini(&x->request);
  buffer_fini(&x->response);
  x->answer = NULL;
}

enum status agent_turn_fault(struct agent_turn *t, enum agent_fault fault, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char detail[sizeof t->x->detail]; /* aside first: an argument may be what is overwritten */
  vsnprintf(detail, sizeof detail, format, args);
  va_end(args);
  memcpy(t->x->detail, detail, sizeof detail);
  t->x->fault = fault;
  return ST_OK;
}

static int64_t sum(int64_t x, int64_t y) {
  return x < 0 || y < 0 ? -1 : x + y;
}

void agent_turn_count(struct agent_turn *t, const struct agent_usage *used) {
  struct agent_usage *u = &t->x->usage;
  u->input_tokens = sum(u->input_tokens, used->input_tokens);
  u->output_tokens = sum(u->output_tokens, used->output_tokens);
  u->cache_read_tokens = sum(u->cache_read_tokens, used->cache_read_tokens);
  u->cache_write_tokens = sum(u->cache_write_tokens, used->cache_write_tokens);
}

void agent_turn_ask(const struct agent_turn *t, struct buffer *out) {
  buffer_text(out, t->prompt->ask);
  if (!t->complaint)
    return;
  size_t n = t->previous ? strlen(t->previous) : 0;
  buffer_printf(out, "\n\nYou have answered this before, and the answer could not be used: %s\n",
                t->complaint);
  buffer_printf(out, "This was the answer%s:\n", n > PREVIOUS_SHOWN ? " (its beginning)" : "");
  buffer_add(out, t->previous, n < PREVIOUS_SHOWN ? n : PREVIOUS_SHOWN);
  buffer_text(out, "\n\nAnswer again, completely, with that mended.");
}

void agent_line(struct buffer *out, json_t *line) {
  char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  if (text) {
    buffer_text(out, text);
    buffer_text(out, "\n");
  } else {
    out->failed = 1;
  }
  free(text);
  json_decref(line);
}

/* A key that the agent got hold of and put into its answer does not get further. */
static void redact_answer(json_t **answer) {
  char *text = json_dumps(*answer, JSON_COMPACT | JSON_REAL_PRECISION(17)),
       *kept = text ? strdup(text) : NULL;
  size_t n = text ? strlen(text) : 0;
  json_t *clean = NULL;
  if (text && kept) {
    agent_redact(text, n);
    if (strcmp(text, kept) != 0 && json_read(text, n, "the answer", &clean, NULL) == ST_OK) {
      json_decref(*answer);
      *answer = clean;
    }
  }
  if (kept)
    explicit_bzero(kept, n);
  free(text);
  free(kept);
}

/* The text of an answer becomes the answer, or what is wrong with it. */
static void read_text(struct agent_turn *t, struct error *why) {
  struct agent_exchange *x = t->x;
  agent_redact(t->text.data, t->text.bytes);
  *why = (struct error){0};
  if (agent_repair(buffer_str(&t->text), t->text.bytes, t->prompt->schema, &x->answer, why) == ST_OK) {
    redact_answer(&x->answer);
    return;
  }
  json_decref(x->answer);
  x->answer = NULL;
  agent_turn_fault(t, AGENT_FAULT_UNPARSEABLE, "%s%s",
                   t->cut ? "it was cut off at the limit of tokens; " : "", why->text);
}

static enum status run_turns(size_t which, struct agent_turn *t, struct error *e) {
  struct agent_exchange *x = t->x;
  char *previous = NULL, complaint[sizeof x->detail];
  enum status st = ST_OK;
  for (int turn = 0; st == ST_OK && turn < (t->limits->once ? 1 : providers[which].turns); turn++) {
    struct error why;
    x->turns = turn + 1;
    buffer_clear(&t->text);
    t->cut = 0;
    x->fault = AGENT_FAULT_NONE;
    x->detail[0] = 0;
    st = t->limits->transcript != NULL ? agent_transcript_turn(t, e) : providers[which].turn(t, e);
    if (st != ST_OK || x->fault != AGENT_FAULT_NONE || x->answer)
      break;
    if (buffer_failed(&t->text)) {
      st = error_set(e, ST_MEMORY, "out of memory for an agent's answer");
      break;
    }
    read_text(t, &why);
    if (x->answer)
      break;
    memcpy(complaint, x->detail, sizeof complaint);
    free(previous);
    previous = strdup(buffer_str(&t->text));
    t->previous = previous;
    t->complaint = complaint;
  }
  free(previous);
  return st;
}

static size_t find_provider(const char *provider) {
  size_t i = 0;
  if (agent_is_person(provider))
    provider = "human:"; /* the only one that needs nothing behind its name */
  while (i < N_PROVIDERS &&
         (!provider || strncmp(provider, providers[i].prefix, strlen(providers[i].prefix)) != 0))
    i++;
  return i;
}

int agent_exchange_knows(const char *provider) {
  return find_provider(provider) < N_PROVIDERS;
}

enum status agent_exchange_run(const char *provider, const struct agent_prompt *prompt,
                               const struct agent_limits *limits, int (*cancelled)(void *context),
                               void *context, struct agent_exchange *x, struct error *e) {
  *x = (struct agent_exchange){.fault = AGENT_FAULT_NONE};
  buffer_init(&x->request);
  buffer_init(&x->response);
  size_t which = find_provider(provider);
  if (which == N_PROVIDERS)
    return error_set(e, ST_INPUT,
                     "there is no agent \"%.80s\"; outside agents are anthropic:MODEL, openai:MODEL@URL, "
                     "exec:COMMAND, recorded:FILE and human",
                     provider ? provider : "");
  int64_t start_ns = clock_mono_ns();
  struct agent_turn t = {.target = agent_is_person(provider) ? agent_person_label(provider)
                                                             : provider + strlen(providers[which].prefix),
                         .prompt = prompt,
                         .limits = limits,
                         .cancelled = cancelled,
                         .context = context,
                         .deadline_ns = start_ns + limits->total_ns,
                         .x = x};
  buffer_init(&t.text);
  enum status st = run_turns(which, &t, e);
  if (t.text.data)
    explicit_bzero(t.text.data, t.text.bytes);
  buffer_fini(&t.text);
  x->usage.latency_ns = clock_mono_ns() - start_ns;
  if (x->fault != AGENT_FAULT_NONE || st != ST_OK) {
    json_decref(x->answer);
    x->answer = NULL;
  }
  agent_redact(x->detail, strlen(x->detail));
  agent_redact(x->request.data, x->request.bytes);
  agent_redact(x->response.data, x->response.bytes);
  if (st != ST_OK && e)
    agent_redact(e->text, strlen(e->text));
  if (st == ST_OK && (buffer_failed(&x->request) || buffer_failed(&x->response)))
    st = error_set(e, ST_MEMORY, "out of memory for the transcript of an agent");
  return st;
}

void agent_prompt_hash(const struct agent_prompt *prompt, char hex[65]) {
  const char *part[] = {prompt->system, prompt->context, prompt->ask, prompt->name};
  struct hash_parts *h = hash_parts_create();
  char *schema = json_canonical(prompt->schema);
  for (size_t i = 0; h && i < sizeof part / sizeof *part; i++)
    hash_parts_add_text(h, part[i] ? part[i] : "");
  if (h)
    hash_parts_add_text(h, schema ? schema : "");
  hash_parts_end(h, hex);
  free(schema);
}

json_t *agent_exchange_record(const struct agent_prompt *prompt, const struct agent_exchange *x) {
  char hex[65];
  agent_prompt_hash(prompt, hex);
  json_t *line = json_object(), *usage = json_object();
  json_put_str(line, "request_hash", hex);
  json_put_str(line, "name", prompt->name);
  if (x->fault == AGENT_FAULT_NONE && x->answer) {
    json_object_set(line, "answer", x->answer);
  } else {
    json_put_str(line, "fault", agent_fault_name(x->fault));
    json_put_str(line, "detail", x->detail);
  }
  const struct {
    const char *key;
    int64_t value;
  } counts[] = {{"input_tokens", x->usage.input_tokens},
                {"output_tokens", x->usage.output_tokens},
                {"cache_read_tokens", x->usage.cache_read_tokens},
                {"cache_write_tokens", x->usage.cache_write_tokens},
                {"latency_ns", x->usage.latency_ns},
                {"attempts", x->usage.attempts}};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    if (counts[i].value >= 0)
      json_put_int(usage, counts[i].key, counts[i].value);
  if (line)
    json_object_set_new(line, "usage", usage);
  else
    json_decref(usage);
  return line;
}

/* Room: agent. The one door: see agent_ask.h. */
#include "agent/agent_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_human.h"
#include "agent/agent_prompt.h"
#include "agent/agent_provider.h"
#include "agent/agent_schema.h"
#include "base/base_clock.h"

enum { ASKINGS = 2, PREVIOUS_MAX = 16384 };

void agent_ask_defaults(struct agent_ask_options *o) {
  *o = (struct agent_ask_options){0};
  agent_limits_defaults(&o->limits);
}

void agent_asked_fini(struct agent_asked *r) {
  json_decref(r->answer);
  buffer_fini(&r->request);
  buffer_fini(&r->response);
  r->answer = NULL;
}

static void put_line(struct buffer *out, json_t *line) {
  char *text = line != NULL ? json_canonical(line) : NULL;
  if (text != NULL)
    buffer_printf(out, "%s\n", text);
  else
    out->failed = 1;
  free(text);
  json_decref(line);
}

static int64_t told(int64_t a, int64_t b) {
  return a < 0 || b < 0 ? -1 : a + b;
}

static void add_usage(struct agent_usage *sum, const struct agent_usage *u, int first) {
  if (first) {
    *sum = *u;
    return;
  }
  sum->input_tokens = told(sum->input_tokens, u->input_tokens);
  sum->output_tokens = told(sum->output_tokens, u->output_tokens);
  sum->cache_read_tokens = told(sum->cache_read_tokens, u->cache_read_tokens);
  sum->cache_write_tokens = told(sum->cache_write_tokens, u->cache_write_tokens);
  sum->latency_ns += u->latency_ns;
  sum->attempts += u->attempts;
}

/* Keeps what one asking left: usage, fault, transcripts. A cancelled call is asked again by `resume`, so it
 * must not be what a recording answers. */
static void keep(struct agent_asked *r, int asking, const struct agent_prompt *prompt,
                 const struct agent_exchange *x) {
  char hash[65];
  struct buffer *out[] = {&r->request, &r->response};
  const struct buffer *in[] = {&x->request, &x->response};
  agent_prompt_hash(prompt, hash);
  if (asking == 1)
    memcpy(r->prompt_hash, hash, sizeof hash);
  for (int i = 0; i < 2; i++) {
    json_t *line = json_object();
    json_put_int(line, "asking", asking);
    json_put_str(line, "prompt_hash", hash);
    put_line(out[i], line);
    buffer_add(out[i], buffer_str(in[i]), in[i]->bytes);
    if (in[i]->bytes > 0 && buffer_str(in[i])[in[i]->bytes - 1] != '\n')
      buffer_text(out[i], "\n");
  }
  if (x->fault != AGENT_FAULT_CANCELLED)
    put_line(&r->response, agent_exchange_record(prompt, x));
  add_usage(&r->usage, &x->usage, asking == 1);
  r->fault = x->fault;
  memcpy(r->detail, x->detail, sizeof r->detail);
}

/* From the schema's form to the protocol's, checked. */
static enum status read_answer(const json_t *request, const json_t *given, json_t **answer,
                               struct error *why) {
  enum status st = agent_schema_answer(request, given, answer, why);
  if (st == ST_OK)
    st = agent_answer_check(request, *answer, why);
  if (st != ST_OK) {
    json_decref(*answer);
    *answer = NULL;
  }
  return st;
}

/* The question again, with the answer that could not be used and why. */
static void ask_again(const char *question, const json_t *given, const struct error *why,
                      struct buffer *out) {
  char *text = json_canonical(given);
  size_t n = text != NULL ? strlen(text) : 0;
  buffer_clear(out);
  buffer_printf(out, "%s\n\nYou have answered this before, and the answer could not be used: %s\n", question,
                why->text);
  buffer_printf(out, "This was the answer%s:\n", n > PREVIOUS_MAX ? " (its beginning)" : "");
  buffer_add(out, text != NULL ? text : "", n < PREVIOUS_MAX ? n : PREVIOUS_MAX);
  buffer_text(out, "\n\nAnswer again, completely, with that mended.");
  free(text);
}

static enum status exchange(const char *provider, const json_t *request,
                            const struct agent_ask_options *options, const struct agent_prompt_text *text,
                            struct agent_asked *r, struct error *e) {
  struct agent_prompt prompt = agent_prompt_of(text);
  struct agent_limits limits = options->limits;
  if (agent_is_person(provider))
    limits.total_ns = limits.person_ns;
  const char *question = prompt.ask;
  struct buffer again;
  int64_t end_ns = clock_mono_ns() + limits.total_ns;
  enum status st = ST_OK;
  int more = 1;
  buffer_init(&again);
  for (int asking = 1; st == ST_OK && more && asking <= ASKINGS; asking++) {
    struct agent_exchange x;
    struct error why = {.status = ST_OK};
    more = 0;
    limits.once = asking > 1;
    limits.total_ns = end_ns - clock_mono_ns();
    if (asking > 1 && (limits.total_ns <= 0 || !agent_transcript_next(limits.transcript)))
      break; /* the fault of the first asking stands */
    st = agent_exchange_run(provider, &prompt, &limits, options->cancelled, options->context, &x, e);
    if (st == ST_OK) {
      keep(r, asking, &prompt, &x);
      if (x.fault == AGENT_FAULT_NONE) {
        enum status read = read_answer(request, x.answer, &r->answer, &why);
        if (read == ST_MEMORY)
          st = error_set(e, read, "%s", why.text);
        else if (read != ST_OK) {
          r->fault = AGENT_FAULT_UNPARSEABLE;
          snprintf(r->detail, sizeof r->detail, "%.500s", why.text);
          agent_redact(r->detail, strlen(r->detail));
          ask_again(question, x.answer, &why, &again);
          prompt.ask = buffer_str(&again);
          more = x.turns == 1; /* one answer is asked for twice at most, whoever found it wanting */
        }
      }
    }
    agent_exchange_fini(&x);
    if (st == ST_OK && (buffer_failed(&again) || buffer_failed(&r->request) || buffer_failed(&r->response)))
      st = error_set(e, ST_MEMORY, "out of memory for an agent's transcript");
  }
  buffer_fini(&again);
  return st;
}

static enum status ask_outside(const char *provider, const json_t *request,
                               const struct agent_ask_options *options, struct agent_asked *r,
                               struct error *e) {
  const struct agent_prompt_options how = {.templates_dir = options->templates_dir,
                                           .tokens = options->prompt_tokens};
  struct agent_prompt_text text;
  r->outside = 1;
  enum status st = agent_prompt_make(request, &how, &text, e);
  if (st == ST_OK)
    st = exchange(provider, request, options, &text, r, e);
  agent_prompt_fini(&text);
  return st;
}

enum status agent_ask(const char *provider, const json_t *request, const struct agent_ask_options *options,
                      struct agent_asked *r, struct error *e) {
  *r = (struct agent_asked){.fault = AGENT_FAULT_NONE};
  buffer_init(&r->request);
  buffer_init(&r->response);
  r->usage.input_tokens = r->usage.output_tokens = -1;
  r->usage.cache_read_tokens = r->usage.cache_write_tokens = -1;
  enum status st;
  if (agent_exchange_knows(provider))
    st = ask_outside(provider, request, options, r, e);
  else {
    st = agent_call(provider, request, &r->answer, e);
    if (st == ST_OK)
      st = agent_answer_check(request, r->answer, e);
  }
  if (st != ST_OK || r->fault != AGENT_FAULT_NONE) {
    json_decref(r->answer);
    r->answer = NULL;
  }
  return st;
}

void agent_model_name(const char *provider, char *out, size_t bytes) {
  static const char *const models[] = {"anthropic:", "openai:"};
  const char *model = provider != NULL ? provider : "";
  size_t n = strlen(model);
  for (size_t i = 0; i < 2; i++)
    if (strncmp(model, models[i], strlen(models[i])) == 0) {
      model += strlen(models[i]);
      const char *at = strstr(model, "@http");
      n = at != NULL ? (size_t)(at - model) : strlen(model);
      break;
    }
  snprintf(out, bytes, "%.*s", (int)n, model);
}

/* A label is typed into --as and printed. */
static enum status check_person(const char *provider, struct error *e) {
  const char *label = agent_person_label(provider);
  size_t n = strlen(label);
  if (strcmp(provider, "human") == 0 ||
      (n > 0 && n <= 40 && label[0] != ' ' && label[n - 1] != ' ' &&
       strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-") == n))
    return ST_OK;
  return error_set(e, ST_INPUT,
                   "the agent \"%.80s\": who it is must be 1 to 40 letters, digits, spaces, - or _",
                   provider);
}

enum status agent_provider_check(const char *provider, const char *ask, struct error *e) {
  const char *name, *answers, *target = provider != NULL ? strchr(provider, ':') : NULL;
  char names[1024] = "";
  size_t n = 0;
  char *shown = strdup(provider != NULL ? provider : "");
  if (shown == NULL)
    return error_set(e, ST_MEMORY, "out of memory");
  agent_redact(shown, strlen(shown));
  int secret = strcmp(shown, provider != NULL ? provider : "") != 0;
  if (secret)
    (void)error_set(
        e, ST_INPUT,
        "the agent \"%.120s\" holds what looks like a key or a password, and logs keep an agent's name: "
        "put it into the environment",
        shown);
  free(shown);
  if (secret)
    return ST_INPUT;
  if (agent_is_person(provider))
    return check_person(provider, e);
  if (agent_exchange_knows(provider))
    return target[1 + strspn(target + 1, " \t")] != '\0'
               ? ST_OK
               : error_set(e, ST_INPUT, "the agent \"%.80s\" says nothing after its colon", provider);
  for (size_t i = 0; agent_builtin_at(i, &name, &answers); i++) {
    if (strcmp(answers, ask) != 0)
      continue;
    if (provider != NULL && strcmp(name, provider) == 0)
      return ST_OK;
    if (n < sizeof names)
      n += (size_t)snprintf(names + n, sizeof names - n, "%s, ", name);
  }
  return error_set(e, ST_INPUT,
                   "no agent \"%.80s\" answers \"%s\"; there are %s"
                   "anthropic:MODEL, openai:MODEL@URL, exec:COMMAND, recorded:FILE and human",
                   provider != NULL ? provider : "", ask, names);
}

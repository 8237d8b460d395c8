/* Room: agent. Chat completions, as OpenAI, vLLM, llama.cpp, Ollama and many others serve them. Servers
 * differ in what they take; what one refused is left away from then on, for the life of the process.
 *
 * Facts: https://platform.openai.com/docs/api-reference/chat. Newer models of OpenAI's want
 * max_completion_tokens where other servers know max_tokens only; some servers know response_format
 * json_object but not json_schema, and refuse with 400 or 422, or fail over the schema with 500; vLLM refuses
 * a max_tokens that with the prompt exceeds its context, llama.cpp cuts the answer instead; the chunk with
 * the usage has no choices; the end is "data: [DONE]", which some servers do not send. */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_remote.h"

static const struct agent_maker maker = {"OPENAI_API_KEY", "OPENAI_BASE_URL", "https://api.openai.com/v1"};

enum form { FORM_SCHEMA, FORM_OBJECT, FORM_NONE };

/* What a server takes. */
struct manners {
  enum form form;
  int usage_refused, stream_refused, completion_tokens, tokens_swapped, tokens_refused;
};

/* Learnt once, kept for the life of the process. */
struct lesson {
  struct lesson *next;
  struct manners manners;
  char name[]; /* URL, a space, the model */
};
static struct lesson *lessons;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct lesson *find_lesson(const char *name) {
  struct lesson *l = lessons;
  while (l && strcmp(l->name, name) != 0)
    l = l->next;
  return l;
}

static void recall(const char *name, const char *url, struct manners *out) {
  *out = (struct manners){.completion_tokens = strcmp(url, maker.base) == 0};
  pthread_mutex_lock(&lock);
  const struct lesson *l = find_lesson(name);
  if (l)
    *out = l->manners;
  pthread_mutex_unlock(&lock);
}

static void learn(const char *name, const struct manners *m) {
  size_t n = strlen(name) + 1;
  pthread_mutex_lock(&lock);
  struct lesson *l = find_lesson(name);
  if (!l && (l = malloc(sizeof *l + n)) != NULL) {
    memcpy(l->name, name, n);
    l->next = lessons;
    lessons = l;
  }
  if (l)
    l->manners = *m;
  pthread_mutex_unlock(&lock);
}

static const char *const form_words[] = {"response_format", "json_schema", "json_object", "structured",
                                         "grammar",         "schema",      "guided",      NULL};
static const char *const context_words[] = {"context length", "context size", "context window",
                                            "maximum context", NULL};

static int mentions(const char *text, const char *const *words) {
  for (; *words; words++)
    if (strcasestr(text, *words))
      return 1;
  return 0;
}

/* The server would not take a request. 1: what it complains of was changed, so it may be asked again. Each
 * thing is given up once, so this ends. */
static int adapt(struct manners *m, const char *complaint) {
  static const char *const usage[] = {"stream_options", "include_usage", NULL};
  static const char *const tokens[] = {"max_tokens", "max_completion_tokens", NULL};
  static const char *const unknown[] = {"unsupported", "not supported", "unrecognized", "unknown",
                                        "extra",       "permitted",     "use '",        NULL};
  static const char *const stream[] = {"stream", NULL};
  if (!m->usage_refused && mentions(complaint, usage))
    m->usage_refused = 1;
  else if (!m->tokens_refused && mentions(complaint, tokens) && mentions(complaint, context_words))
    m->tokens_refused = 1; /* without, an answer may take what the prompt leaves of the context */
  else if (!m->tokens_swapped && mentions(complaint, tokens) && mentions(complaint, unknown)) {
    m->tokens_swapped = 1;
    m->completion_tokens = !m->completion_tokens;
  } else if (m->form != FORM_NONE && mentions(complaint, form_words))
    m->form++;
  else if (!m->stream_refused && mentions(complaint, stream))
    m->stream_refused = 1;
  else
    return 0;
  return 1;
}

static void add_message(json_t *list, const char *role, const struct buffer *text) {
  if (!text->bytes)
    return;
  json_t *message = json_object();
  json_put_str(message, "role", role);
  json_object_set_new(message, "content", json_clean_string(text->data, text->bytes));
  json_array_append_new(list, message);
}

/* The context first: servers keep what requests have in common from their beginning on. One system message,
 * as some chat templates take no second. A server that is not told the schema is told in words. */
static json_t *make_messages(const struct agent_turn *t, const struct manners *m) {
  json_t *list = json_array();
  struct buffer system, ask;
  buffer_init(&system);
  buffer_init(&ask);
  if (t->prompt->context && *t->prompt->context)
    buffer_printf(&system, "%s\n\n", t->prompt->context);
  if (t->prompt->system)
    buffer_text(&system, t->prompt->system);
  agent_turn_ask(t, &ask);
  if (m->form != FORM_SCHEMA) {
    char *schema = json_dumps(t->prompt->schema, JSON_COMPACT | JSON_REAL_PRECISION(17));
    buffer_printf(&ask,
                  "\n\nAnswer with one JSON object and nothing else. It must meet this JSON Schema:\n%s",
                  schema ? schema : "{}");
    free(schema);
  }
  add_message(list, "system", &system);
  add_message(list, "user", &ask);
  buffer_fini(&system);
  buffer_fini(&ask);
  return list;
}

static json_t *make_body(const struct agent_turn *t, const char *model, const struct manners *m) {
  json_t *body = json_object();
  json_put_str(body, "model", model);
  if (!m->tokens_refused)
    json_put_int(body, m->completion_tokens ? "max_completion_tokens" : "max_tokens",
                 t->limits->max_output_tokens);
  if (!t->limits->whole && !m->stream_refused) {
    json_put_bool(body, "stream", 1);
    if (!m->usage_refused)
      json_object_set_new(body, "stream_options", json_pack("{s:b}", "include_usage", 1));
  }
  /* Not "strict": that wants every property required, and our schemas have optional ones. */
  if (m->form == FORM_SCHEMA)
    json_object_set_new(body, "response_format",
                        json_pack("{s:s, s:{s:s, s:o}}", "type", "json_schema", "json_schema", "name",
                                  t->prompt->name, "schema", json_deep_copy(t->prompt->schema)));
  else if (m->form == FORM_OBJECT)
    json_object_set_new(body, "response_format", json_pack("{s:s}", "type", "json_object"));
  json_object_set_new(body, "messages", make_messages(t, m));
  return body;
}

/* prompt_tokens counts what came from the cache too; ours do not. A server that says nothing of a cache is
 * taken to have none. */
static void read_usage(struct agent_reply *r, const json_t *usage) {
  int64_t all = -1, cached = -1;
  agent_reply_count(usage, "prompt_tokens", &all);
  agent_reply_count(usage, "completion_tokens", &r->usage.output_tokens);
  agent_reply_count(json_obj(usage, "prompt_tokens_details"), "cached_tokens", &cached);
  if (all < 0)
    return;
  r->usage.input_tokens = cached > 0 && cached <= all ? all - cached : all;
  r->usage.cache_read_tokens = cached >= 0 && cached <= all ? cached : 0;
  r->usage.cache_write_tokens = 0; /* nobody charges for it here */
}

static int read_error(struct agent_reply *r, const json_t *error) {
  const json_t *code = json_object_get(error, "code");
  int64_t number = json_is_integer(code) ? json_integer_value(code) : 0;
  const char *word = json_is_string(code) ? json_string_value(code) : json_str(error, "type", "");
  enum agent_fault f = AGENT_FAULT_SERVER;
  if (number == 429 || strstr(word, "rate_limit"))
    f = AGENT_FAULT_LIMITED;
  else if (number == 401 || number == 403)
    f = AGENT_FAULT_UNAUTHORISED;
  else if (number >= 400 && number < 500)
    f = AGENT_FAULT_REFUSED;
  return agent_reply_fault(
      r, f, "%.300s", json_is_string(error) ? json_string_value(error) : json_str(error, "message", word));
}

/* content: a text, or in some servers a list of parts. */
static int add_content(struct agent_reply *r, const json_t *content) {
  size_t i;
  const json_t *part;
  if (json_is_string(content))
    return agent_reply_add(r, &r->text, json_string_value(content), json_string_length(content));
  json_array_foreach((json_t *)(uintptr_t)content, i, part) {
    const char *text = json_str(part, "text", NULL);
    int said = text ? agent_reply_add(r, &r->text, text, strlen(text)) : AGENT_HTTP_MORE;
    if (said != AGENT_HTTP_MORE)
      return said;
  }
  return AGENT_HTTP_MORE;
}

/* A chunk and a whole answer differ in one name: "delta" is "message". */
static int read_answer(struct agent_reply *r, const json_t *data, const char *part) {
  const json_t *error = json_object_get(data, "error"), *choices = json_object_get(data, "choices");
  if (error && !json_is_null(error))
    return read_error(r, error);
  read_usage(r, json_obj(data, "usage"));
  if (!json_is_array(choices))
    return AGENT_HTTP_MORE;
  r->known = 1;
  const json_t *first = json_array_get(choices, 0);
  const char *stop = json_str(first, "finish_reason", NULL);
  if (stop) {
    snprintf(r->stop, sizeof r->stop, "%s", stop);
    r->done = 1;
  }
  const json_t *message = json_obj(first, part);
  const char *refusal = json_str(message, "refusal", NULL);
  if (refusal && *refusal)
    snprintf(r->stop, sizeof r->stop, "refusal");
  return add_content(r, json_object_get(message, "content"));
}

static int on_event(struct agent_reply *r, void *state, const json_t *data) {
  (void)state;
  return read_answer(r, data, "delta"); /* the usage follows the end: only [DONE] is enough */
}

static int on_whole(struct agent_reply *r, void *state, const json_t *body) {
  (void)state;
  return read_answer(r, body, "message");
}

/* Models that think aloud begin with it, where the server does not take it out. */
static const char *past_thoughts(const char *text) {
  const char *p = text, *end;
  while (isspace((unsigned char)*p))
    p++;
  if (strncmp(p, "<think>", 7) == 0 && (end = strstr(p, "</think>")) != NULL)
    return end + 8;
  return text;
}

struct place {
  const struct agent_address *address;
  char *url, *name;  /* of the call; of what is learnt */
  struct buffer key; /* a header */
};

static enum status ask_once(struct agent_turn *t, const struct place *p, const struct manners *m,
                            long *status, char **complaint, struct error *e) {
  json_t *body = make_body(t, p->address->model, m);
  const char *header[] = {"Content-Type: application/json", p->address->key ? buffer_str(&p->key) : NULL,
                          NULL};
  struct agent_call_spec spec = {
      .url = p->url, .header = header, .body = body, .event = on_event, .whole = on_whole};
  struct agent_reply r;
  enum status st = agent_remote_call(t, &spec, &r, status, complaint, e);
  if (st == ST_OK) {
    const char *text = past_thoughts(buffer_str(&r.text));
    buffer_clear(&t->text);
    buffer_add(&t->text, text, r.text.bytes - (size_t)(text - buffer_str(&r.text)));
    t->cut = strcmp(r.stop, "length") == 0;
  }
  agent_reply_fini(&r);
  json_decref(body);
  return st;
}

/* 1: asked differently it may do. A server that fails over the form of the answer is one that lacks it. */
static int may_ask_again(long status, const char *complaint, struct manners *m) {
  if (!complaint)
    return 0;
  if (status == 400 || status == 422)
    return adapt(m, complaint);
  return status >= 500 && status <= 599 && mentions(complaint, form_words) && adapt(m, complaint);
}

static void add_detail(struct agent_turn *t, const char *text) {
  size_t n = strlen(t->x->detail);
  snprintf(t->x->detail + n, sizeof t->x->detail - n, " (%s)", text);
}

static enum status ask_politely(struct agent_turn *t, const struct place *p, struct error *e) {
  struct manners m;
  recall(p->name, p->address->url, &m);
  for (;;) {
    long status = 0;
    char *complaint = NULL;
    enum status st = ask_once(t, p, &m, &status, &complaint, e);
    int again = st == ST_OK && may_ask_again(status, complaint, &m);
    int too_long = complaint && t->x->fault == AGENT_FAULT_REFUSED && mentions(complaint, context_words);
    free(complaint);
    if (again)
      continue;
    if (st == ST_OK && status >= 200 && status <= 299)
      learn(p->name, &m);
    if (st == ST_OK && t->x->fault == AGENT_FAULT_UNAUTHORISED && !p->address->key)
      add_detail(t, p->address->why);
    if (st == ST_OK && too_long)
      add_detail(
          t, "give the server a larger context, or lower prompt_tokens under agents in the season's file");
    return st;
  }
}

enum status agent_openai_turn(struct agent_turn *t, struct error *e) {
  struct agent_address a;
  enum status st = agent_address_read(t, &maker, &a, e);
  struct place p = {.address = &a};
  buffer_init(&p.key);
  if (st == ST_OK) {
    struct buffer url, name;
    buffer_init(&url);
    buffer_init(&name);
    buffer_printf(&url, "%s/chat/completions", a.url);
    buffer_printf(&name, "%s %s", a.url, a.model);
    if (a.key)
      buffer_printf(&p.key, "Authorization: Bearer %s", a.key);
    p.url = buffer_take(&url);
    p.name = buffer_take(&name);
    if (!p.url || !p.name || buffer_failed(&p.key))
      st = error_set(e, ST_MEMORY, "out of memory for an agent's address");
  }
  if (st == ST_OK)
    st = ask_politely(t, &p, e);
  if (p.key.data)
    explicit_bzero(p.key.data, p.key.bytes);
  buffer_fini(&p.key);
  free(p.url);
  free(p.name);
  agent_address_fini(&a);
  return st;
}

/* One exchange with an agent that is not built in: a prompt goes out, an answer comes back, and
 * whatever goes wrong on the way has a name of its own.
 *
 * Providers:
 *   anthropic:MODEL[@URL]  Messages API; URL default ANTHROPIC_BASE_URL, else the maker's
 *   openai:MODEL[@URL]     chat completions of any compatible server; URL (with its /v1) default
 *                          OPENAI_BASE_URL, else the maker's
 *   exec:COMMAND           a program and its arguments (shell quoting, no shell: "sh -c '...'" has one);
 *                          agent_exec.c says what it finds and what it is kept from
 *   recorded:FILE          answers given before, see below
 *   human, human:NAME      a person, asked by files in the season's folder (agent_human.h)
 * A prompt is text and a JSON Schema (agent_prompt.h makes it from a request of the agent protocol); the
 * provider's own wire format stays within its file.
 *
 * Secrets: a key is read from the environment when a call begins (ANTHROPIC_API_KEY, OPENAI_API_KEY, or
 * what agents.yml names), is sent as a header and goes nowhere else: agent_redact removes it from every
 * text that leaves this room. The two default keys go only to their maker's host, to the host of the
 * base URL in the environment and to this machine; any other server needs a key_variable of its own. No
 * key goes unencrypted to another machine unless SHARKTANK_PLAIN_KEYS=1.
 *
 * The environment: http_proxy, https_proxy, all_proxy and no_proxy are respected; CURL_CA_BUNDLE or
 * SSL_CERT_FILE names certificates to trust instead of the system's.
 *
 * A recording is a file of JSON lines {"request_hash"?, "name"?, "answer" | "text" | "fault", "detail"?,
 * "usage"?}: agent_exchange_record writes such a line, so a season's transcripts, joined, are one. The first
 * line with the prompt's hash (agent_prompt_hash) counts, else the first without a hash and with its name.
 * "text" goes through agent_repair, "answer" is checked against the schema. A prompt that the file does not
 * know is ST_NOT_FOUND.
 *
 * Thread safety: exchanges hold no state between calls; different ones may run in parallel.
 */
#ifndef SHARKTANK_AGENT_EXCHANGE_H
#define SHARKTANK_AGENT_EXCHANGE_H

#include <stdint.h>

#include "base/base_buffer.h"
#include "base/base_json.h"
#include "base/base_status.h"

/* X(name in the log, sentence). NONE is success. */
#define AGENT_FAULT_LIST(X)                                                                                  \
  X(NONE, none, "answered")                                                                                  \
  X(UNREACHABLE, unreachable, "no connection could be made")                                                 \
  X(UNAUTHORISED, unauthorised, "the key was refused, or there is none")                                     \
  X(LIMITED, limited, "the server asked for fewer calls (429), also after the retries")                      \
  X(SERVER, server_error, "the server failed (5xx), also after the retries")                                 \
  X(REFUSED, refused, "the server would not take the request (another 4xx)")                                 \
  X(TIMEOUT, timeout, "no answer within the time allowed")                                                   \
  X(DROPPED, dropped, "the connection ended in the middle of the answer")                                    \
  X(MALFORMED, malformed, "what came back is not the provider's format")                                     \
  X(TOO_LONG, too_long, "the answer is longer than allowed")                                                 \
  X(EMPTY, empty, "the answer is empty")                                                                     \
  X(UNPARSEABLE, unparseable, "no valid answer could be read, also after asking again")                      \
  X(FAILED, failed, "the command ended with an error")                                                       \
  X(CANCELLED, cancelled, "the season was stopped")

enum agent_fault {
#define AGENT_FAULT_ENUM(name, text, sentence) AGENT_FAULT_##name,
  AGENT_FAULT_LIST(AGENT_FAULT_ENUM)
#undef AGENT_FAULT_ENUM
      AGENT_FAULT_COUNT
};
const char *agent_fault_name(enum agent_fault f);     /* as in the log: "timeout" */
const char *agent_fault_sentence(enum agent_fault f); /* never NULL */

/* What is asked. Borrowed and only read: calls side by side may share all of it. */
struct agent_prompt {
  const char *system;   /* who the agent is and how to answer */
  const char *context;  /* the round's frozen context: the same text for all of a round, to be cached */
  const char *ask;      /* this question */
  const char *name;     /* of the answer: "pitch", "ballot", "entry" */
  const json_t *schema; /* JSON Schema of the answer */
};

struct agent_transcript;

struct agent_desk;
struct agent_limits {
  int64_t connect_ns, idle_ns, total_ns; /* defaults 10 s, 60 s, 600 s; idle: nothing received */
  int retries;                           /* after 429, 5xx, an unmade connection: 4 */
  int64_t max_answer_bytes;              /* 4 MiB */
  int64_t max_output_tokens;             /* 16384 */
  int64_t backoff_ns;       /* 500 ms: the most that is waited before the first retry; doubles up to 30 s */
  int once;                 /* 1: an answer that cannot be read is not asked for again */
  int whole;                /* 1: ask for the answer in one piece, not streamed; idle then covers all of it */
  const char *key_variable; /* the environment variable that holds the key; NULL: the provider's own */
  int64_t person_ns;        /* instead of total_ns for a person: one day */
  struct agent_desk *desk;  /* where a person is asked (agent_human.h); NULL: nowhere */
  /* Not NULL: nothing is asked, the answers come from it (agent_transcript.h). Only read by this folder. */
  struct agent_transcript *transcript;
};
void agent_limits_defaults(struct agent_limits *l);

/* Of all attempts together; one that does not tell makes the sum untold. input_tokens are those neither read
 * from nor written to a cache, for every provider. */
struct agent_usage {
  int64_t input_tokens, output_tokens, cache_read_tokens, cache_write_tokens; /* -1: not told */
  int64_t latency_ns;                                                         /* all attempts and waits */
  int attempts;                                                               /* requests that were sent */
};

/* Owned by the caller: agent_exchange_fini. */
struct agent_exchange {
  enum agent_fault fault;
  char detail[512];       /* one sentence, redacted, "" where there is nothing to add */
  json_t *answer;         /* NULL unless fault is NONE: the object the schema describes */
  struct buffer request;  /* JSON lines {attempt, url, body} or {attempt, same_as}; without headers */
  struct buffer response; /* JSON lines {attempt, status, fault, detail?, text? | body?, stop?, wait_ns?} */
  struct agent_usage usage;
  int turns; /* how often it was asked: 2 when the first answer could not be read */
};
void agent_exchange_fini(struct agent_exchange *x);

/* 1 if provider is one of the above. */
int agent_exchange_knows(const char *provider);
/* cancelled: asked about ten times a second while waiting; may be NULL. Returns ST_OK whenever the agent
 * is to blame (then x->fault says for what), anything else when this machine is: no memory, no sandbox,
 * or a provider that nobody knows (ST_INPUT, with what exists). */
enum status agent_exchange_run(const char *provider, const struct agent_prompt *prompt,
                               const struct agent_limits *limits, int (*cancelled)(void *context),
                               void *context, struct agent_exchange *x, struct error *e) MUST_USE;

/* SHA-256 of the prompt, by which a recording is found. */
void agent_prompt_hash(const struct agent_prompt *prompt, char hex[65]);
/* The line of a recording that gives this exchange again; a new object, NULL without memory. */
json_t *agent_exchange_record(const struct agent_prompt *prompt, const struct agent_exchange *x);

/* The answer in a text: the text itself, or the one JSON object in it (fenced, surrounded by talk,
 * truncated where closing it is unambiguous, trailing commas, comments, unquoted names). ST_INPUT with what
 * is wrong and where, made to be sent back to the agent. */
enum status agent_repair(const char *text, size_t bytes, const json_t *schema, json_t **answer,
                         struct error *e) MUST_USE;
/* Checks a value against the part of JSON Schema that our schemas use; ST_INPUT names the place. */
enum status agent_schema_check(const json_t *schema, const json_t *value, struct error *e) MUST_USE;

/* Remembers a secret for the life of the process (thread safe); one of fewer than eight bytes is ignored, as
 * hiding it would blank ordinary words. */
void agent_secret_remember(const char *secret);
/* Replaces every known secret and everything that looks like a key in text[0..bytes) by asterisks of the same
 * length, in place. The one point of redaction. */
void agent_redact(char *text, size_t bytes);

#endif

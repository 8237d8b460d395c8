/* Room: agent. Answers given before, from a file of JSON lines (agent_exchange.h has the format). */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_provider.h"
#include "base/base_file.h"

enum { RECORDING_MAX = 256 << 20 };

static enum agent_fault find_fault(const char *name) {
  for (int f = 0; f < AGENT_FAULT_COUNT; f++)
    if (strcmp(agent_fault_name((enum agent_fault)f), name) == 0)
      return (enum agent_fault)f;
  return AGENT_FAULT_COUNT;
}

/* 2: by its hash, 1: by its name, 0: another's. */
static int match(const json_t *line, const char *hash, const char *name) {
  const char *own = json_str(line, "request_hash", NULL);
  if (own)
    return strcmp(own, hash) == 0 ? 2 : 0;
  return strcmp(json_str(line, "name", ""), name) == 0;
}

/* The line for this prompt; a new reference, NULL: none. */
static enum status find_line(const struct agent_turn *t, const struct buffer *file, json_t **found,
                             struct error *e) {
  char hash[65];
  agent_prompt_hash(t->prompt, hash);
  const char *p = buffer_str(file), *end = p + file->bytes;
  int best = 0;
  for (int number = 1; p < end && best < 2; number++) {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((stop ? stop : end) - p);
    if (strspn(p, " \t\r") < n) {
      json_t *line = NULL;
      enum status st = json_read(p, n, t->target, &line, e);
      if (st != ST_OK) {
        if (e)
          e->line = number;
        return st;
      }
      int how = match(line, hash, t->prompt->name);
      if (how > best) {
        json_decref(*found);
        *found = json_incref(line);
        best = how;
      }
      json_decref(line);
    }
    p += n + 1;
  }
  if (best)
    return ST_OK;
  return error_set(e, ST_NOT_FOUND, "%.200s holds no answer to this \"%.40s\" (request_hash %s)", t->target,
                   t->prompt->name, hash);
}

static void read_usage(struct agent_turn *t, const json_t *line) {
  const json_t *usage = json_obj(line, "usage");
  struct agent_usage used = {.input_tokens = json_int(usage, "input_tokens", -1),
                             .output_tokens = json_int(usage, "output_tokens", -1),
                             .cache_read_tokens = json_int(usage, "cache_read_tokens", -1),
                             .cache_write_tokens = json_int(usage, "cache_write_tokens", -1)};
  int64_t attempts = json_int(usage, "attempts", 1);
  t->x->usage.attempts = attempts >= 0 && attempts < 1000000 ? (int)attempts : 1;
  agent_turn_count(t, &used);
}

enum status agent_recorded_take(struct agent_turn *t, const json_t *line, struct error *e) {
  const json_t *answer = json_object_get(line, "answer");
  const char *fault = json_str(line, "fault", NULL), *text = json_str(line, "text", NULL);
  struct error why = {0};
  read_usage(t, line);
  if (fault) {
    enum agent_fault f = find_fault(fault);
    if (f == AGENT_FAULT_COUNT || f == AGENT_FAULT_NONE)
      return error_at(e, ST_INPUT, t->target, 0, "there is no fault \"%.40s\"", fault);
    return agent_turn_fault(t, f, "%s", json_str(line, "detail", ""));
  }
  if (text) {
    buffer_text(&t->text, text);
    return text[0] ? ST_OK : agent_turn_fault(t, AGENT_FAULT_EMPTY, "%s", "");
  }
  if (!json_is_object(answer))
    return error_at(e, ST_INPUT, t->target, 0, "the line for \"%.40s\" has no answer, text or fault",
                    t->prompt->name);
  if (agent_schema_check(t->prompt->schema, answer, &why) != ST_OK)
    return agent_turn_fault(t, AGENT_FAULT_UNPARSEABLE, "%s", why.text);
  t->x->answer = json_deep_copy(answer);
  return t->x->answer ? ST_OK : error_set(e, ST_MEMORY, "out of memory for a recorded answer");
}

enum status agent_recorded_turn(struct agent_turn *t, struct error *e) {
  struct buffer file;
  json_t *line = NULL;
  buffer_init(&file);
  enum status st = file_read(t->target, RECORDING_MAX, &file, e);
  if (st == ST_OK)
    st = find_line(t, &file, &line, e);
  if (st == ST_OK)
    st = agent_recorded_take(t, line, e);
  json_decref(line);
  buffer_fini(&file);
  return st;
}

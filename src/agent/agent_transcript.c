/* Room: agent. Transcripts played again: see agent_transcript.h. May use base. */
#include "agent/agent_transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_human.h"
#include "agent/agent_provider.h"

struct agent_transcript {
  json_t *request, *response; /* arrays of askings, each an array of its lines */
  size_t asking;              /* which of them is played */
  size_t text;                /* of its texts, how many were read */
  int turn;                   /* of its turns, how many were asked for */
  char changed[160];
};

/* Lines into askings: one begins at each line that has "asking". */
static enum status split(const char *text, size_t bytes, const char *name, json_t *askings, struct error *e) {
  const char *p = text, *end = text + bytes;
  for (int number = 1; p < end; number++) {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((stop != NULL ? stop : end) - p);
    if (strspn(p, " \t\r") < n) {
      json_t *line = NULL;
      enum status st = json_read(p, n, name, &line, e);
      if (st != ST_OK) {
        if (e != NULL)
          e->line = number;
        return st;
      }
      if (json_object_get(line, "asking") != NULL || json_array_size(askings) == 0)
        json_array_append_new(askings, json_array());
      json_array_append_new(json_array_get(askings, json_array_size(askings) - 1), line);
    }
    p += n + 1;
  }
  return ST_OK;
}

enum status agent_transcript_open(const char *request, size_t request_bytes, const char *response,
                                  size_t response_bytes, struct agent_transcript **out, struct error *e) {
  struct agent_transcript *t = calloc(1, sizeof *t);
  *out = NULL;
  if (t == NULL)
    return error_set(e, ST_MEMORY, "out of memory for a transcript");
  t->request = json_array();
  t->response = json_array();
  enum status st = split(response, response_bytes, "a transcript", t->response, e);
  if (st == ST_OK && request != NULL)
    st = split(request, request_bytes, "a transcript", t->request, e);
  if (st != ST_OK)
    agent_transcript_close(t);
  else
    *out = t;
  return st;
}

void agent_transcript_close(struct agent_transcript *t) {
  if (t == NULL)
    return;
  json_decref(t->request);
  json_decref(t->response);
  free(t);
}

const char *agent_transcript_changed(const struct agent_transcript *t) {
  return t->changed;
}

static void note(struct agent_transcript *t, const char *what) {
  size_t n = strlen(t->changed);
  if (strstr(t->changed, what) == NULL)
    snprintf(t->changed + n, sizeof t->changed - n, "%s%s", n > 0 ? ", " : "", what);
}

int agent_transcript_next(struct agent_transcript *t) {
  if (t == NULL)
    return 1;
  t->text = 0;
  t->turn = 0;
  return ++t->asking < json_array_size(t->response);
}

/* ------------------------------------------------------------------ what was sent */

/* 1 if some text within the value holds the part. */
static int holds(const json_t *value, const char *part) {
  const char *key;
  json_t *one;
  size_t i;
  if (json_is_string(value))
    return strstr(json_string_value(value), part) != NULL;
  json_object_foreach((json_t *)(uintptr_t)value, key, one) {
    if (holds(one, part))
      return 1;
  }
  json_array_foreach((json_t *)(uintptr_t)value, i, one) {
    if (holds(one, part))
      return 1;
  }
  return 0;
}

/* The part as that request has it: redacted, and on a person's page cleaned. */
static int sent_with(const json_t *line, const char *part) {
  struct buffer text;
  buffer_init(&text);
  if (strcmp(json_str(line, "url", ""), "human:") == 0)
    agent_desk_clean(part, strlen(part), 0, &text);
  else
    buffer_text(&text, part);
  if (text.bytes > 0)
    agent_redact(text.data, text.bytes);
  int found = !buffer_failed(&text) && holds(json_object_get(line, "body"), buffer_str(&text));
  buffer_fini(&text);
  return found;
}

/* How many requests the asking has, and how many of them hold the part. */
static size_t sent(const json_t *lines, const char *part, size_t *with) {
  size_t i, n = 0;
  json_t *line;
  *with = 0;
  json_array_foreach((json_t *)(uintptr_t)lines, i, line) {
    if (json_object_get(line, "body") == NULL)
      continue;
    n++;
    *with += (size_t)sent_with(line, part != NULL ? part : "");
  }
  return n;
}

static void compare_prompt(struct agent_transcript *t, const struct agent_turn *turn) {
  const json_t *lines = json_array_get(t->request, t->asking),
               *head = json_array_get(json_array_get(t->response, t->asking), 0);
  const struct {
    const char *text, *name;
  } part[] = {{turn->prompt->system, "system text"},
              {turn->prompt->context, "context"},
              {turn->prompt->ask, t->asking > 0 ? "the question asked again" : "question"}};
  char hash[65];
  size_t with, n = 0;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    n = sent(lines, part[i].text, &with);
    if (with < n)
      note(t, part[i].name);
  }
  agent_prompt_hash(turn->prompt, hash);
  const char *was = json_str(head, "prompt_hash", NULL);
  if (t->changed[0] == '\0' && was != NULL && strcmp(was, hash) != 0)
    note(t, n > 0 ? "schema of the answer" : "prompt"); /* the texts are in the request, so it is the rest */
}

/* The question of a later turn has the answer and the complaint before in it. */
static void compare_again(struct agent_transcript *t, const struct agent_turn *turn) {
  struct buffer ask;
  size_t with;
  buffer_init(&ask);
  agent_turn_ask(turn, &ask);
  if (sent(json_array_get(t->request, t->asking), buffer_str(&ask), &with) > 0 && with == 0)
    note(t, "the question asked again");
  buffer_fini(&ask);
}

/* ------------------------------------------------------------------ what came back */

/* The next text that came whole, or NULL. */
static const json_t *next_text(struct agent_transcript *t, size_t *texts) {
  const json_t *found = NULL;
  json_t *line;
  size_t i;
  *texts = 0;
  json_array_foreach(json_array_get(t->response, t->asking), i, line) {
    if (json_object_get(line, "attempt") == NULL || json_object_get(line, "text") == NULL ||
        strcmp(json_str(line, "fault", "none"), "none") != 0)
      continue;
    if ((*texts)++ == t->text)
      found = line;
  }
  t->text += found != NULL;
  return found;
}

/* What agent_exchange_record left of the asking. */
static const json_t *last_line(const struct agent_transcript *t) {
  const json_t *lines = json_array_get(t->response, t->asking);
  return json_array_get(lines, json_array_size(lines) - 1);
}

enum status agent_transcript_turn(struct agent_turn *turn, struct error *e) {
  struct agent_transcript *t = turn->limits->transcript;
  size_t texts;
  if (t->turn++ == 0)
    compare_prompt(t, turn);
  else
    compare_again(t, turn);
  const json_t *line = next_text(t, &texts), *record = last_line(t);
  if (line != NULL) {
    const char *stop = json_str(line, "stop", "");
    turn->cut = strcmp(stop, "max_tokens") == 0 || strcmp(stop, "length") == 0;
    buffer_text(&turn->text, json_str(line, "text", ""));
    return turn->text.bytes > 0 ? ST_OK : agent_turn_fault(turn, AGENT_FAULT_EMPTY, "%s", "");
  }
  if (texts > 0 && json_object_get(record, "answer") != NULL)
    return agent_turn_fault(turn, AGENT_FAULT_UNPARSEABLE,
                            "the text that was an answer when it came cannot be read as one today");
  return agent_recorded_take(turn, record, e);
}

/* Room: agent. "exec:COMMAND": any program that reads a request and writes an answer.
 *
 * It finds the request as one JSON object {name, system, context, ask, schema} on its standard input and in
 * the file SHARKTANK_REQUEST. Its answer is what it leaves in the file SHARKTANK_ANSWER, else what it prints.
 * It runs in a new folder of its own (agent_exec_place.c says what is its own and what it is given), and
 * whatever it started is gone when it ends (agent_process.h). Not isolated: the network, which it needs, and
 * the files that this user may read and write; whoever wants more puts a sandbox of their choice in front:
 * "exec:bwrap ... TOOL". Idle time is not counted, as such programs are silent while they think. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/agent_exec.h"
#include "agent/agent_process.h"
#include "base/base_file.h"

static json_t *make_request(const struct agent_turn *t) {
  struct buffer ask;
  json_t *request = json_object();
  buffer_init(&ask);
  agent_turn_ask(t, &ask);
  json_put_str(request, "name", t->prompt->name);
  json_put_str(request, "system", t->prompt->system ? t->prompt->system : "");
  json_put_str(request, "context", t->prompt->context ? t->prompt->context : "");
  json_object_set_new(request, "ask", json_clean_string(buffer_str(&ask), ask.bytes));
  json_object_set_new(request, "schema", json_deep_copy(t->prompt->schema));
  buffer_fini(&ask);
  return request;
}

static enum status write_request(struct agent_turn *t, const struct agent_exec_place *place,
                                 struct error *e) {
  json_t *request = make_request(t), *line = json_object();
  char *text = request ? json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  enum status st = text ? file_write_atomic(place->request, text, strlen(text), e)
                        : error_set(e, ST_MEMORY, "out of memory for an agent's request");
  json_put_int(line, "attempt", ++t->x->usage.attempts);
  json_put_str(line, "url", "exec:");
  json_put_str(line, "command", t->target);
  json_object_set(line, "body", request);
  agent_line(&t->x->request, line);
  json_decref(request);
  free(text);
  return st;
}

/* The last line that a program wrote to its standard error. */
static const char *last_line(struct buffer *err) {
  while (err->bytes && (unsigned char)err->data[err->bytes - 1] <= ' ')
    err->data[--err->bytes] = 0;
  const char *line = strrchr(buffer_str(err), '\n');
  return line ? line + 1 : buffer_str(err);
}

static enum status take_answer(struct agent_turn *t, const struct agent_exec_place *place,
                               const struct agent_process_result *r, struct error *e) {
  size_t most = (size_t)t->limits->max_answer_bytes;
  struct error why = {0};
  if (file_exists(place->answer)) {
    enum status st = file_read(place->answer, most, &t->text, &why);
    if (st == ST_RANGE)
      return agent_turn_fault(t, AGENT_FAULT_TOO_LONG, "the file has more than %zu bytes", most);
    if (st == ST_MEMORY)
      return error_set(e, st, "%s", why.text);
    if (st != ST_OK)
      return agent_turn_fault(t, AGENT_FAULT_FAILED, "its answer cannot be read: %s", why.text);
  }
  if (!t->text.bytes)
    buffer_add(&t->text, buffer_str(&r->out), r->out.bytes);
  if (strspn(buffer_str(&t->text), " \t\r\n") == t->text.bytes)
    return agent_turn_fault(t, AGENT_FAULT_EMPTY, "%s", "");
  return ST_OK;
}

static enum status judge_end(struct agent_turn *t, const struct agent_exec_place *place,
                             struct agent_process_result *r, struct error *e) {
  switch (r->end) {
  case AGENT_PROCESS_CANCELLED:
    return agent_turn_fault(t, AGENT_FAULT_CANCELLED, "%s", "");
  case AGENT_PROCESS_LATE:
    return agent_turn_fault(t, AGENT_FAULT_TIMEOUT, "the time for the whole call ran out");
  case AGENT_PROCESS_LOUD:
    return agent_turn_fault(t, AGENT_FAULT_TOO_LONG, "it printed more than %lld bytes",
                            (long long)t->limits->max_answer_bytes);
  case AGENT_PROCESS_UNBORN:
    return agent_turn_fault(t, AGENT_FAULT_FAILED, "it could not be started: %.200s", buffer_str(&r->err));
  case AGENT_PROCESS_LOST:
    return agent_turn_fault(t, AGENT_FAULT_FAILED, "somebody ended it");
  case AGENT_PROCESS_ENDED:
    break;
  }
  if (WIFSIGNALED(r->wait_status))
    return agent_turn_fault(t, AGENT_FAULT_FAILED, "signal %d ended it: %.300s", WTERMSIG(r->wait_status),
                            last_line(&r->err));
  if (WEXITSTATUS(r->wait_status))
    return agent_turn_fault(t, AGENT_FAULT_FAILED, "exit status %d: %.300s", WEXITSTATUS(r->wait_status),
                            last_line(&r->err));
  return take_answer(t, place, r, e);
}

static void write_response(struct agent_turn *t, const struct agent_process_result *r) {
  json_t *line = json_object();
  json_put_int(line, "attempt", t->x->usage.attempts);
  json_put_str(line, "fault", agent_fault_name(t->x->fault));
  if (t->x->detail[0])
    json_put_str(line, "detail", t->x->detail);
  if (t->text.bytes)
    json_object_set_new(line, "text", json_clean_string(t->text.data, t->text.bytes));
  else
    json_object_set_new(line, "body",
                        json_clean_string(buffer_str(&r->out), r->out.bytes < 65536 ? r->out.bytes : 65536));
  if (r->err.bytes)
    json_object_set_new(line, "stderr", json_clean_string(r->err.data, r->err.bytes));
  agent_line(&t->x->response, line);
}

static enum status run(struct agent_turn *t, const char *path, char **words,
                       const struct agent_exec_place *place, struct error *e) {
  static const struct agent_usage untold = {
      .input_tokens = -1, .output_tokens = -1, .cache_read_tokens = -1, .cache_write_tokens = -1};
  struct agent_process process = {.path = path,
                                  .argv = words,
                                  .env = place->env,
                                  .cwd = place->work,
                                  .input = place->request,
                                  .deadline_ns = t->deadline_ns,
                                  .max_bytes = (size_t)t->limits->max_answer_bytes,
                                  .cancelled = t->cancelled,
                                  .context = t->context};
  struct agent_process_result r;
  agent_turn_count(t, &untold);
  enum status st = agent_process_run(&process, &r, e);
  if (st == ST_OK)
    st = judge_end(t, place, &r, e);
  if (st == ST_OK)
    write_response(t, &r);
  agent_process_result_fini(&r);
  return st;
}

enum status agent_exec_turn(struct agent_turn *t, struct error *e) {
  struct arena arena;
  struct agent_exec_place place = {.lock_fd = -1};
  char **words = NULL;
  arena_init(&arena, 0);
  enum status st = agent_exec_words(t->target, &arena, &words, e);
  const char *path = st == ST_OK ? agent_exec_find(words[0], &arena) : NULL;
  if (st == ST_OK && !path) {
    st = agent_turn_fault(t, AGENT_FAULT_FAILED, "there is no program \"%.200s\" here", words[0]);
  } else if (st == ST_OK) {
    st = agent_exec_place_make(t->limits->key_variable, &arena, &place, e);
    if (st == ST_OK)
      st = write_request(t, &place, e);
    if (st == ST_OK)
      st = run(t, path, words, &place, e);
    agent_exec_place_remove(&place);
  }
  arena_fini(&arena);
  return st;
}

/* Room: tests/serve. A client over pipes, and a season made by hand. */
#include "serve_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "challenge/challenge_file.h"

void client_start(struct client *c, const char *const argv[]) {
  const char *bin = getenv("SHARKTANK_BIN"), *full[32] = {bin, "mcp"};
  int in[2], out[2];
  assert_non_null(bin);
  for (size_t i = 0; argv[i]; i++) {
    assert_true(i < 28);
    full[i + 2] = argv[i];
  }
  assert_int_equal(pipe(in) | pipe(out), 0);
  c->pid = fork();
  assert_true(c->pid >= 0);
  if (!c->pid) {
    (void)alarm(120);
    if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
      _exit(99);
    for (int i = 0; i < 2; i++) {
      (void)close(in[i]);
      (void)close(out[i]);
    }
    (void)execv(bin, (char *const *)(uintptr_t)full);
    _exit(98);
  }
  (void)close(in[0]);
  (void)close(out[1]);
  c->in = in[1];
  c->out = fdopen(out[0], "r");
  assert_non_null(c->out);
}

int client_end(struct client *c) {
  int how = 0;
  char *rest = NULL;
  size_t room = 0;
  (void)close(c->in);
  if (getline(&rest, &room, c->out) > 0)
    fail_msg("said after the end: %.500s", rest);
  free(rest);
  (void)fclose(c->out);
  assert_true(waitpid(c->pid, &how, 0) == c->pid);
  return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

void client_write(struct client *c, const char *bytes, size_t n) {
  while (n) {
    const ssize_t done = write(c->in, bytes, n);
    if (done <= 0)
      fail_msg("the server does not read");
    bytes += done;
    n -= (size_t)done;
  }
}

static void say(struct client *c, const char *format, va_list args) {
  char text[8192];
  const int n = vsnprintf(text, sizeof text - 1, format, args);
  assert_true(n > 0 && (size_t)n < sizeof text - 1);
  for (char *p = text; *p; p++)
    *p = *p == '\'' ? '"' : *p;
  text[n] = '\n';
  client_write(c, text, (size_t)n + 1);
}

void client_say(struct client *c, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(c, format, args);
  va_end(args);
}

json_t *client_hear(struct client *c) {
  char *line = NULL;
  size_t room = 0;
  json_t *o = NULL;
  struct error e;
  const ssize_t n = getline(&line, &room, c->out);
  if (n <= 0)
    fail_msg("the server said nothing more");
  if (json_read(line, (size_t)n, "an answer", &o, &e) != ST_OK)
    fail_msg("%s: %.500s", e.text, line);
  if (json_is_object(o))
    assert_string_equal(json_str(o, "jsonrpc", ""), "2.0");
  free(line);
  return o;
}

json_t *client_ask(struct client *c, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(c, format, args);
  va_end(args);
  return client_hear(c);
}

void client_greet(struct client *c, const char *version) {
  json_t *o =
      client_ask(c,
                 "{'jsonrpc':'2.0','id':'hello','method':'initialize','params':{'protocolVersion':'%s',"
                 "'capabilities':{},'clientInfo':{'name':'test','version':'1'}}}",
                 version);
  assert_string_equal(json_str(o, "id", ""), "hello");
  assert_string_equal(json_str(json_obj(o, "result"), "protocolVersion", ""), version);
  json_decref(o);
  client_say(c, "{'jsonrpc':'2.0','method':'notifications/initialized'}");
}

json_t *client_tool(struct client *c, const char *name, json_t *arguments) {
  json_t *call = json_pack("{s:s, s:i, s:s, s:{s:s, s:o}}", "jsonrpc", "2.0", "id", 77, "method",
                           "tools/call", "params", "name", name, "arguments", arguments);
  assert_non_null(call);
  char *text = json_dumps(call, JSON_COMPACT);
  client_write(c, text, strlen(text));
  client_write(c, "\n", 1);
  free(text);
  json_decref(call);
  json_t *o = client_hear(c), *result = json_object_get(o, "result");
  assert_int_equal(json_int(o, "id", 0), 77);
  if (!result)
    fail_msg("%s: %s", name, json_str(json_obj(o, "error"), "message", "no result and no error"));
  json_incref(result);
  json_decref(o);
  return result;
}

int error_code(const json_t *answer) {
  if (!json_object_get(answer, "error"))
    fail_msg("wanted an error, got a result");
  assert_null(json_object_get(answer, "result"));
  assert_true(*json_str(json_obj(answer, "error"), "message", ""));
  return (int)json_int(json_obj(answer, "error"), "code", 0);
}

const char *tool_text(const json_t *result) {
  const json_t *first = json_array_get(json_arr(result, "content"), 0);
  assert_string_equal(json_str(first, "type", ""), "text");
  return json_str(first, "text", "");
}

char *source_of(const char *entry) {
  char path[1024];
  struct buffer b;
  struct error e;
  (void)snprintf(path, sizeof path, "%s/entries/%s.c", TINY, entry);
  buffer_init(&b);
  if (file_read(path, (size_t)1 << 20, &b, &e) != ST_OK)
    fail_msg("%s", e.text);
  return buffer_take(&b);
}

/* ---- a season ---------------------------------------------------------------------------- */

static void append(struct season *s, const char *kind, json_t *data) {
  struct error e = {0};
  if (!data || store_append(s->store, &s->log, kind, data, &e) != ST_OK)
    fail_msg("append %s: %s", kind, e.text);
}

void season_append(struct season *s, const char *kind, const char *format, ...) {
  char text[4096];
  json_t *data = NULL;
  struct error e = {0};
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  assert_true(n > 0 && (size_t)n < sizeof text);
  for (char *p = text; *p; p++)
    *p = *p == '\'' ? '"' : *p;
  if (json_read(text, (size_t)n, kind, &data, &e) != ST_OK)
    fail_msg("%s: %s", kind, e.text);
  append(s, kind, data);
}

static void put(struct season *s, const char *text, char name[HASH_HEX_BYTES]) {
  struct error e = {0};
  if (store_blob_put(s->store, text, strlen(text), name, &e) != ST_OK)
    fail_msg("%s", e.text);
}

static void start(struct season *s, const char *naive) {
  struct challenge *c = NULL;
  struct error e = {0};
  if (challenge_open(TINY, &c, &e) != ST_OK)
    fail_msg("%s", e.text);
  put(s, naive, s->first);
  json_t *task = challenge_to_json(c);
  json_t *context = json_pack("{s:O, s:s, s:{s:s, s:s}}", "task", task, "task_hash", c->task_hash,
                              "incumbent", "blob", s->first, "source", naive);
  char *text = json_canonical(context);
  put(s, text, s->context);
  free(text);
  json_decref(context);
  append(s, "season_started",
         json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:i, s:{}, s:{s:{}, s:{}}, s:o, s:[{s:s, s:b, s:f}], "
                   "s:{s:[{s:s, s:s}], s:[], s:{s:s, s:s}}, s:{s:s, s:s}}",
                   "schema", "sharktank.season/1", "engine", "0.1.0", "challenge", "name", c->name, "dir",
                   c->dir, "task_hash", c->task_hash, "seed", 1, "rounds", 2, "rules", "machine", "facts",
                   "peaks", "task", task, "rooflines", "shape", "small1", "scaled", 1, "seconds", 1e-5,
                   "cast", "contestants", "name", "A", "agent", "builtin:incrementalist", "sharks",
                   "implementer", "name", "I", "agent", "builtin:implementer", "incumbent", "blob", s->first,
                   "origin", "entries/naive.c"));
  challenge_close(c);
}

void season_make(struct season *s) {
  const char *tmp = getenv("TMPDIR");
  struct error e = {0};
  if (!tmp || !*tmp)
    tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* every append is an fsync */
  memset(s, 0, sizeof *s);
  event_log_init(&s->log);
  (void)snprintf(s->dir, sizeof s->dir, "%s/sharktank-serve-XXXXXX", tmp);
  assert_non_null(mkdtemp(s->dir));
  if (store_open(s->dir, STORE_CREATE, &s->store, &e) != ST_OK)
    fail_msg("%s", e.text);
  char *naive = source_of("naive"), *other = source_of("wrong");
  start(s, naive);
  put(s, other, s->entry);
  season_append(s, "round_started", "{'round':1,'kind':'optimisation','why':'planned'}");
  season_append(s, "context_frozen", "{'round':1,'blob':'%s','hash':'%s'}", s->context, s->context);
  season_append(
      s, "begun",
      "{'id':'r1.implement.r1.p1.0','act':'implement','round':1,'args':{'pitch':'r1.p1','attempt':0}}");
  season_append(s, "ended",
                "{'id':'r1.implement.r1.p1.0','act':'implement','round':1,'status':'ok','seconds':0.1,"
                "'result':{'blob':'%s','bytes':3}}",
                s->entry);
  season_append(s, "learning",
                "{'id':'L1','claim':'wider is faster','direction':'faster','scope':{},'evidence':[],"
                "'state':'in_force'}");
  season_append(s, "learning",
                "{'id':'L2','claim':'order matters','direction':'faster','scope':{},'evidence':[],"
                "'state':'contradicted'}");
  free(naive);
  free(other);
}

void season_end(struct season *s) {
  event_log_fini(&s->log);
  store_close(s->store);
  assert_int_equal(file_remove_tree(s->dir, NULL), ST_OK);
}

/* Room: season. The file that tools write what they use into: see season_ledger.h. What stands in it may have
 * been written by anybody who can write to the folder: every length is bounded, and nothing in it is an
 * error. */
#include "season/season_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_rng.h"
#include "season/season_budget.h"

enum { PATH_BYTES = 4096, LINE_MAX_BYTES = 1024, TAKE_MAX_BYTES = 1 << 20 };

static int open_ledger(const char *dir, int flags) {
  char path[PATH_BYTES];
  if (file_join(path, sizeof path, dir, "tools.jsonl") != 0) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0644);
}

/* ------------------------------------------------------------------ reading */

static json_t *read_line(const char *text, size_t bytes) {
  json_t *line = NULL, *call = NULL;
  if (bytes > LINE_MAX_BYTES || json_read(text, bytes, "", &line, NULL) != ST_OK)
    return NULL;
  const char *id = json_str(line, "id", ""), *tool = json_str(line, "tool", "");
  int64_t began = json_int(line, "began_ns", 0), ended = json_int(line, "ended_ns", 0);
  if (*id != '\0' && strlen(id) < 64 && strlen(tool) < 64 && began > 0 && ended >= 0) {
    call = json_object();
    json_put_str(call, "id", id);
    json_put_str(call, "tool", tool);
    json_put_int(call, "began_ns", began);
    json_object_set_new(call, "ended_ns", ended > 0 ? json_integer(ended) : json_null());
  }
  json_decref(line);
  return call;
}

/* Whole lines only: the last may be half written. Returns how many bytes were read. */
static size_t read_lines(const char *text, size_t bytes, json_t *calls) {
  size_t at = 0;
  for (const char *end; (end = memchr(text + at, '\n', bytes - at)) != NULL; at = (size_t)(end - text) + 1) {
    json_t *call = read_line(text + at, (size_t)(end - text) - at);
    if (call != NULL)
      json_array_append_new(calls, call);
  }
  return at == 0 && bytes == TAKE_MAX_BYTES ? bytes : at; /* no line of ours is that long */
}

static json_t *take(int fd, int64_t through) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || through < 0 || st.st_size <= through)
    return NULL;
  size_t most = st.st_size - through < TAKE_MAX_BYTES ? (size_t)(st.st_size - through) : TAKE_MAX_BYTES;
  char *text = malloc(most);
  ssize_t got = text != NULL ? pread(fd, text, most, through) : -1;
  json_t *calls = json_array(), *data = NULL;
  size_t read = got > 0 ? read_lines(text, (size_t)got, calls) : 0;
  if (read > 0) {
    data = json_object();
    json_put_int(data, "through", through + (int64_t)read);
    json_object_set(data, "calls", calls);
  }
  json_decref(calls);
  free(text);
  return data;
}

json_t *season_ledger_take(const char *dir, int64_t through) {
  int fd = open_ledger(dir, O_RDONLY);
  json_t *data = take(fd, through);
  if (fd >= 0)
    close(fd);
  return data;
}

/* All that is not in the log yet. */
static json_t *take_all(int fd, int64_t through) {
  json_t *all = json_array(), *part;
  while ((part = take(fd, through)) != NULL) {
    json_array_extend(all, json_object_get(part, "calls"));
    through = json_int(part, "through", INT64_MAX);
    json_decref(part);
  }
  return all;
}

/* ------------------------------------------------------------------ writing */

static int write_line(int fd, const struct season_charge *c, int64_t ended_ns) {
  char line[256], ended[48] = "";
  if (ended_ns > 0)
    snprintf(ended, sizeof ended, ",\"ended_ns\":%lld", (long long)ended_ns);
  int n = snprintf(line, sizeof line, "{\"id\":\"%s\",\"tool\":\"%s\",\"began_ns\":%lld%s}\n", c->id, c->tool,
                   (long long)c->began_ns, ended);
  return write(fd, line, (size_t)n) == n && fdatasync(fd) == 0;
}

/* What the budgets still hold, by the log and by what it does not have yet. */
static enum status look(const struct event_log *log, const struct record_state *state, const json_t *waiting,
                        struct season_charge *c, struct error *e) {
  struct season_spent spent;
  double limit, worked = season_worked_s(log, waiting, 0);
  int64_t tools = state->n_tool_calls;
  season_spent(state, &spent);
  for (size_t i = 0; i < json_array_size(waiting); i++)
    tools += json_is_null(json_object_get(json_array_get(waiting, i), "ended_ns"));
  int64_t evaluations = spent.evaluations - state->n_tool_calls + tools;
  c->evaluations_left = -1;
  c->seconds_left = INFINITY;
  if (json_has_num(state->budgets, "evaluations", &limit)) {
    if ((double)evaluations >= limit)
      return error_set(
          e, ST_BUSY,
          "the season's budget of %g evaluations is used up (%lld are spent, %lld of them by tools); "
          "tools that only read still answer",
          limit, (long long)evaluations, (long long)tools);
    c->evaluations_left = (int64_t)limit - evaluations - 1;
  }
  if (json_has_num(state->budgets, "wall_s", &limit)) {
    if (worked >= limit)
      return error_set(
          e, ST_BUSY,
          "the season's budget of %g s is used up (wall_s: %.0f s were worked); tools that only read "
          "still answer",
          limit, worked);
    c->seconds_left = limit - worked;
  }
  return ST_OK;
}

enum status season_ledger_begin(const char *dir, const struct event_log *log,
                                const struct record_state *state, const char *tool, struct season_charge *c,
                                struct error *e) {
  uint64_t number = 0;
  *c = (struct season_charge){.began_ns = clock_wall_ns()};
  if (rng_system(&number, sizeof number) != ST_OK)
    number = (uint64_t)c->began_ns ^ (uint64_t)getpid();
  snprintf(c->id, sizeof c->id, "%016llx", (unsigned long long)number);
  snprintf(c->tool, sizeof c->tool, "%s", tool);
  int fd = open_ledger(dir, O_RDWR | O_CREAT | O_APPEND), why = errno;
  if (fd >= 0)
    (void)flock(fd, LOCK_EX); /* two tools at once do not both take the last evaluation */
  json_t *waiting = take_all(fd, state->tools_through);
  enum status st = look(log, state, waiting, c, e);
  json_decref(waiting);
  if (st == ST_OK) {
    c->kept = fd >= 0 && write_line(fd, c, 0);
    if (!c->kept && (c->evaluations_left >= 0 || isfinite(c->seconds_left)))
      st = error_errno(e, fd < 0 ? why : errno,
                       "the season's budget cannot be charged, cannot write tools.jsonl in", dir);
  }
  if (fd >= 0)
    close(fd);
  return st;
}

void season_ledger_end(const char *dir, const struct season_charge *c) {
  int fd = c->kept ? open_ledger(dir, O_WRONLY | O_APPEND) : -1;
  int64_t now = clock_wall_ns();
  if (fd < 0)
    return;
  (void)write_line(fd, c, now > c->began_ns ? now : c->began_ns + 1);
  close(fd);
}

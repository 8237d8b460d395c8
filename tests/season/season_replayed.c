/* Tests of room season: see season_replayed.h. */
#include "season_replayed.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "season/season_replay.h"
#include "store/store.h"

static void on_event(void *context, const struct event *ev, const struct record_state *state) {
  int64_t *left = context;
  (void)ev, (void)state;
  if (*left > 0 && --*left == 0)
    kill(getpid(), SIGKILL);
}

static enum status play(const char *dir, struct fake_world *f, int64_t appends) {
  struct season_world w;
  struct season_watch watch = {.context = &appends, .event = on_event};
  struct error e = {.text = ""};
  fake_world_open(f, &w);
  enum status st = season_play_world(dir, &watch, &w, &e);
  if (st != ST_OK && st != ST_INTERRUPTED)
    fail_msg("the season stopped: %s", e.text);
  return st;
}

enum status replayed_play(const char *dir, int64_t appends, int64_t call) {
  struct fake_world f = {.kill_at_call = call};
  return play(dir, &f, appends);
}

enum status replayed_pause(const char *dir, int64_t call) {
  struct fake_world f = {.stop_at_call = call};
  return play(dir, &f, 0);
}

/* ---- what a replay must not do. The libraries call these through the program's own. */

static int forbidden, tried;

int socket(int domain, int type, int protocol) {
  int (*real)(int, int, int) = NULL;
  if (forbidden) {
    tried++;
    errno = EACCES;
    return -1;
  }
  *(void **)&real = dlsym(RTLD_NEXT, "socket");
  return real(domain, type, protocol);
}

pid_t fork(void) {
  pid_t (*real)(void) = NULL;
  if (forbidden) {
    tried++;
    errno = EACCES;
    return -1;
  }
  *(void **)&real = dlsym(RTLD_NEXT, "fork");
  return real();
}

json_t *replayed(const char *dir) {
  struct fake_world f = {0};
  struct season_world w;
  struct error e = {.text = ""};
  json_t *report = NULL;
  fake_world_open(&f, &w);
  const struct season_replay_options o = {.agent = w.agent, .context = w.context};
  forbidden = 1;
  enum status st = season_replay(dir, &o, &report, &e);
  forbidden = 0;
  if (st != ST_OK)
    fail_msg("no replay: %s", e.text);
  assert_int_equal(tried, 0); /* no network, no program */
  return report;
}

void replayed_same(const json_t *report) {
  if (strcmp(json_str(report, "verdict", ""), "same") == 0)
    return;
  char *text = json_canonical(json_object_get(report, "first"));
  fail_msg("the replay is %s (%lld differences): %s", json_str(report, "verdict", "?"),
           (long long)json_int(report, "n_differences", 0), text);
}

int64_t replayed_forge(const char *dir, replayed_forger change, char out[256]) {
  struct store *from = NULL, *to = NULL;
  struct event_log log, made;
  char command[700];
  int64_t seq = 0;
  event_log_init(&log);
  event_log_init(&made);
  fake_dir(out);
  snprintf(command, sizeof command, "cp -r %s/blobs %s/", dir, out);
  assert_int_equal(system(command), 0);
  assert_int_equal(store_open(dir, STORE_READ, &from, NULL), ST_OK);
  assert_int_equal(store_load(from, &log, NULL), ST_OK);
  assert_int_equal(store_open(out, STORE_CREATE, &to, NULL), ST_OK);
  assert_int_equal(store_load(to, &made, NULL), ST_OK);
  for (size_t i = 0; i < log.count; i++) {
    if (seq == 0 && change(&log.event[i], to))
      seq = log.event[i].seq;
    assert_int_equal(store_append(to, &made, log.event[i].kind, json_incref(log.event[i].data), NULL), ST_OK);
  }
  event_log_fini(&log);
  event_log_fini(&made);
  store_close(from);
  store_close(to);
  return seq;
}

void replayed_ok(const char *dir) {
  json_t *report = replayed(dir);
  replayed_same(report);
  json_decref(report);
}

/* Room: season. The wish to pause, from outside: see season_pause.h. */
#include "season/season_pause.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "store/store.h"

#define LOOK_NS 100000000

enum status season_pause_ask(const char *dir, long *pid, struct error *e) {
  struct store *store = NULL;
  char path[4096], text[64];
  enum status st = store_open(dir, STORE_READ, &store, e); /* that it is a season at all */
  store_close(store);
  if (st != ST_OK)
    return st;
  if (file_join(path, sizeof path, dir, "season.pause") != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long");
  if (!store_in_use(dir, pid))
    return error_set(e, ST_USAGE, "the season in %s is not being played: there is nothing to pause", dir);
  int n = snprintf(text, sizeof text, "asked by process %ld\n", (long)getpid());
  return file_write_atomic(path, text, (size_t)n, e);
}

static int same_file(const struct stat *a, const struct stat *b) {
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
         a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int cancelled(void *context) {
  struct season_pause *p = context;
  const struct season_watch *o = p->outer;
  struct stat now;
  if (o != NULL && o->cancelled != NULL && o->cancelled(o->context))
    return 1;
  int64_t ns = clock_mono_ns();
  if (atomic_load(&p->asked) || ns - atomic_load(&p->looked_ns) < LOOK_NS)
    return atomic_load(&p->asked);
  atomic_store(&p->looked_ns, ns);
  if (lstat(p->path, &now) == 0 && !same_file(&now, &p->before))
    atomic_store(&p->asked, 1);
  return atomic_load(&p->asked);
}

static void event(void *context, const struct event *ev, const struct record_state *state) {
  const struct season_pause *p = context;
  if (p->outer != NULL && p->outer->event != NULL)
    p->outer->event(p->outer->context, ev, state);
}

static void progress(void *context, const char *phase, int64_t round, double done, double expected_s,
                     const char *text) {
  const struct season_pause *p = context;
  if (p->outer != NULL && p->outer->progress != NULL)
    p->outer->progress(p->outer->context, phase, round, done, expected_s, text);
}

void season_pause_init(struct season_pause *p, const char *dir, const struct season_watch *outer) {
  memset(p, 0, sizeof *p);
  p->watch =
      (struct season_watch){.context = p, .event = event, .progress = progress, .cancelled = cancelled};
  p->outer = outer;
  if (file_join(p->path, sizeof p->path, dir, "season.pause") != 0 || lstat(p->path, &p->before) != 0)
    memset(&p->before, 0, sizeof p->before);
}

void season_pause_fini(struct season_pause *p) {
  if (p->path[0] != '\0')
    (void)unlink(p->path);
}

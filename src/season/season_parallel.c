/* Room: season. All agents of a phase at once. Threads ask; everything else, the store and the fold above
 * all, is this thread's. A crash at any moment leaves begun events without an end, which `resume` closes. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "season/season_budget.h"
#include "season/season_call.h"

#define CALLS_MAX (sizeof((struct season_steps *)0)->step / sizeof(struct season_step))

struct pool;
struct worker {
  struct season_call call;
  struct pool *pool;
  pthread_t thread;
  int running;  /* to be joined */
  int arrived;  /* the how-manieth, from 1; 0: not yet; under the pool's lock */
  int finished; /* ended is appended, or given up */
};

struct pool {
  struct worker worker[CALLS_MAX];
  size_t count;
  int arrivals;
  const struct season_world *world;
  struct agent_ask_options options;
  pthread_mutex_t lock;
  pthread_cond_t news;
  atomic_int stop; /* asked by the threads, about ten times a second */
};

static int asked_to_stop(void *context) {
  struct pool *p = context;
  return atomic_load(&p->stop);
}

static void *work(void *context) {
  struct worker *w = context;
  struct pool *p = w->pool;
  struct season_call *c = &w->call;
  struct agent_ask_options options = p->options;
  options.limits.key_variable = c->key_variable;
  options.limits.desk = c->desk != NULL && c->desk->desk.folder != NULL ? &c->desk->desk : NULL;
  c->status = p->world->ask(p->world->context, c->provider, c->request, &options, &c->reply, &c->why);
  pthread_mutex_lock(&p->lock);
  w->arrived = ++p->arrivals;
  pthread_cond_signal(&p->news);
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* The first answer that came and is not yet written down, or NULL; waits up to a tenth of a second for one.
 */
static struct worker *next_arrival(struct pool *p, int wait) {
  struct worker *found = NULL;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 100000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&p->lock);
  for (int pass = 0; pass < 2 && found == NULL; pass++) {
    if (pass == 1 && !wait)
      break;
    if (pass == 1)
      (void)pthread_cond_timedwait(&p->news, &p->lock, &until);
    for (size_t i = 0; i < p->count; i++) {
      struct worker *w = &p->worker[i];
      if (w->arrived > 0 && !w->finished && (found == NULL || w->arrived < found->arrived))
        found = w;
    }
  }
  pthread_mutex_unlock(&p->lock);
  return found;
}

static int user_stops(const struct season_engine *g) {
  return g->watch != NULL && g->watch->cancelled != NULL && g->watch->cancelled(g->watch->context);
}

/* The first trouble is the one to report; with any, the others are told to stop. */
static void trouble(struct pool *p, enum status *first, enum status st, struct error *e,
                    const struct error *why) {
  if (st == ST_OK)
    return;
  atomic_store(&p->stop, 1);
  if (*first == ST_OK) {
    *first = st;
    if (e != NULL)
      *e = *why;
  }
}

static size_t unfinished(const struct pool *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->count; i++)
    n += !p->worker[i].finished;
  return n;
}

/* What a live line says when nobody but people is waited for; the calling thread only. */
static void tell_waiting(const struct season_engine *g, const struct pool *p) {
  struct buffer text;
  const struct season_watch *w = g->watch;
  size_t people = 0;
  buffer_init(&text);
  for (size_t i = 0; i < p->count; i++) {
    const struct season_call *c = &p->worker[i].call;
    if (p->worker[i].finished)
      continue;
    if (!agent_is_person(c->provider))
      people = p->count + 1;
    buffer_printf(&text, "%s%s", people++ > 0 ? ", " : "for ", c->desk != NULL ? c->desk->stem : "");
  }
  if (people > 0 && people <= p->count && w != NULL && w->progress != NULL)
    w->progress(w->context, "waiting", p->worker[0].call.job.round, NAN, NAN, buffer_str(&text));
  buffer_fini(&text);
}

/* Writes down what has arrived; with `wait` until everything has. */
static void collect(struct season_engine *g, struct pool *p, int wait, enum status *first, struct error *e) {
  while (unfinished(p) > 0) {
    if (user_stops(g))
      atomic_store(&p->stop, 1);
    if (wait)
      tell_waiting(g, p);
    struct worker *w = next_arrival(p, wait);
    if (w == NULL && !wait)
      return;
    if (w == NULL)
      continue;
    struct error why = {.status = ST_OK};
    trouble(p, first, season_call_end(g, &w->call, &why), e, &why);
    w->finished = 1;
    if (agent_is_person(w->call.provider))
      season_inbox_tidy(g);
  }
}

static void start(struct pool *p) {
  for (size_t i = 0; i < p->count; i++) {
    struct worker *w = &p->worker[i];
    w->pool = p;
    w->running = pthread_create(&w->thread, NULL, work, w) == 0;
    if (!w->running)
      work(w); /* no thread to be had: one after another, then */
  }
}

/* A begun act that was never asked, because a later begun could not be written. */
static void give_up(struct season_engine *g, struct pool *p) {
  for (size_t i = 0; i < p->count; i++) {
    struct error ignored;
    struct season_call *c = &p->worker[i].call;
    (void)error_set(&c->why, ST_INTERRUPTED, "the phase could not be begun");
    c->status = ST_INTERRUPTED;
    (void)!season_call_end(g, c, &ignored);
  }
}

/* What is under way counts as the most it may take; so does this one. */
static int fits(const struct season_engine *g, const struct season_job *job) {
  const struct season_step step = {.kind = job->kind, .who = job->who, .pitch = job->pitch};
  return season_call_fits(&g->state, season_outside_provider(g, &step));
}

enum status season_ask_all(struct season_engine *g, const struct season_steps *steps, struct error *e) {
  struct season_job inside[CALLS_MAX], outside[CALLS_MAX];
  size_t n_inside = 0, n_outside = 0;
  for (size_t i = 0; i < steps->count; i++) { /* copied: the first append folds the steps' texts away */
    const struct season_step *s = &steps->step[i];
    struct season_job *job = season_asks_outside(g, s) ? &outside[n_outside++] : &inside[n_inside++];
    *job = season_job_of(s);
  }
  struct pool p = {.world = g->world};
  enum status first = ST_OK;
  struct error why = {.status = ST_OK};
  pthread_mutex_init(&p.lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&p.news, &monotonic);
  pthread_condattr_destroy(&monotonic);
  season_agent_options(g->state.started, &p.options);
  p.options.cancelled = asked_to_stop;
  p.options.context = &p;
  for (size_t i = 0; i < n_outside && first == ST_OK && (i == 0 || fits(g, &outside[i])); i++) {
    trouble(&p, &first, season_call_begin(g, &outside[i], &p.worker[i].call, &why), e, &why);
    if (first == ST_OK)
      p.count++;
    else
      season_call_fini(&p.worker[i].call);
  }
  if (first == ST_OK) {
    start(&p);
    for (size_t i = 0; i < n_inside && first == ST_OK; i++) {
      collect(g, &p, 0, &first, e);
      if (first != ST_OK || atomic_load(&p.stop))
        break;
      trouble(&p, &first, season_ask(g, &inside[i], &why), e, &why);
    }
    collect(g, &p, 1, &first, e);
  } else
    give_up(g, &p);
  for (size_t i = 0; i < p.count; i++) {
    if (p.worker[i].running)
      pthread_join(p.worker[i].thread, NULL);
    season_call_fini(&p.worker[i].call);
  }
  pthread_cond_destroy(&p.news);
  pthread_mutex_destroy(&p.lock);
  return first;
}

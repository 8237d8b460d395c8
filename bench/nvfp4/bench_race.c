/* Room: bench. One shape: every contender checked once, then rounds in which the machine's peaks and all
 * contenders take turns. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "bench_nvfp4.h"

/* A time is the least of a few passes, as a peak is the best of a few runs; long calls have one pass. */
enum { PASSES = 3 };
static const double PASSES_S = 0.06, SHORT_S = 0.02;
/* Workers of OpenBLAS and OpenMP look busily for more work for some ten ms after a call. */
static const int64_t SETTLE_NS = 60000000;

struct run {
  const struct bench_options *o;
  struct bench_data *data;
  void *state[BENCH_PEERS];
  int have[BENCH_PEERS];
  struct bench_race *race;
};

static void progress(const struct run *u, const char *what, int done, int of) {
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\r\x1b[Kbench_nvfp4: %s: %s %d of %d", u->race->shape->name, what, done, of);
  else if (done == 0)
    fprintf(stderr, "bench_nvfp4: %s: %s, %d of them\n", u->race->shape->name, what, of);
}

static void progress_end(void) {
  if (isatty(STDERR_FILENO))
    fputs("\r\x1b[K", stderr);
}

/* ---- Running one contender ---- */

static enum status call(const struct run *u, const struct bench_contender *c, struct error *e) {
  const char *shape = u->race->shape->name;
  if (!c->isa)
    return bench_peer_list[c->peer]->run(u->state[c->peer], c->threads)
               ? error_set(e, ST_TOOL, "%s fails on %s", c->kernel, shape)
               : ST_OK;
  enum nvfp4_status s = bench_data_run(u->data, c->prepacked, c->threads);
  return s == NVFP4_OK
             ? ST_OK
             : error_set(e, ST_INTERNAL, "%s fails on %s: %s", c->kernel, shape, nvfp4_status_text(s));
}

/* `before`: what it took last time, 0 for not known; short calls get a pass that is not timed, so that
 * what they read is where their own reading leaves it. */
static enum status time_call(const struct run *u, const struct bench_contender *c, double before,
                             double *seconds, struct error *e) {
  if (c->isa && setenv("NVFP4_ISA", c->isa, 1) != 0)
    return error_errno(e, errno, "setenv", "NVFP4_ISA");
  enum status st = ST_OK;
  int cold = u->o->cold;
  if (!cold && (u->race->shape->problem == BENCH_GEMV || before < SHORT_S))
    st = call(u, c, e);
  double total = 0;
  *seconds = INFINITY;
  for (int i = 0; st == ST_OK && i < PASSES && (i == 0 || total < PASSES_S); i++) {
    if (cold)
      st = bench_evict(e);
    int64_t start_ns = clock_mono_ns();
    if (st == ST_OK)
      st = call(u, c, e);
    double now = (double)(clock_mono_ns() - start_ns) * 1e-9;
    total += now;
    *seconds = fmin(*seconds, now);
  }
  if (!c->isa && c->threads > 1)
    clock_sleep_ns(SETTLE_NS);
  return st;
}

/* ---- Checking ---- */

static size_t result_elems(const struct bench_data *d) {
  size_t n = 0;
  for (size_t i = 0; i < d->n_results; i++)
    n += d->c_elems[i];
  return n;
}

/* The first of ours against the oracle, the others against the first: same bits for every instruction
 * set, prepacked or not, and any number of threads. Results are poisoned before each. */
static enum status check_ours(const struct run *u, struct error *e) {
  struct bench_data *d = u->data;
  size_t bytes = result_elems(d) * sizeof(uint16_t);
  uint16_t *first = bench_alloc(bytes);
  enum status st = first ? ST_OK : error_set(e, ST_MEMORY, "no memory to check");
  double ignored;
  for (size_t i = 0, known = 0; st == ST_OK && i < u->race->n_contenders; i++) {
    const struct bench_contender *c = &u->race->contender[i];
    if (!c->isa)
      continue;
    memset(d->c[0], 0xa5, bytes);
    st = time_call(u, c, 1.0, &ignored, e);
    if (st == ST_OK && known++ && memcmp(first, d->c[0], bytes) != 0)
      st = error_set(e, ST_INTERNAL, "%s with %u threads gives other bits than %s on %s", c->kernel,
                     c->threads, u->race->contender[0].kernel, u->race->shape->name);
    else if (st == ST_OK && known == 1) {
      memcpy(first, d->c[0], bytes);
      st = bench_check_oracle(d, u->o->wide, e);
    }
  }
  free(first);
  return st;
}

static enum status prepare_peers(struct run *u, struct error *e) {
  for (int p = 0; p < BENCH_PEERS; p++) {
    const struct bench_peer *peer = bench_peer_list[p];
    if (!(u->o->peers >> p & 1))
      continue;
    progress(u, "preparing peers", p, BENCH_PEERS);
    enum status st = peer->prepare(u->data, &u->state[p], e);
    if (st != ST_OK && !u->o->peers_named) {
      fprintf(stderr, "bench_nvfp4: without %s: %s\n", peer->name, e->text);
      continue;
    }
    if (st == ST_OK && peer->run(u->state[p], 1) != 0)
      st = error_set(e, ST_TOOL, "%s fails on %s", peer->name, u->race->shape->name);
    if (st == ST_OK)
      st = bench_check_peer(u->data, peer, u->state[p], e);
    if (st != ST_OK)
      return st;
    u->have[p] = 1;
  }
  return ST_OK;
}

/* ---- The list of contenders ---- */

static struct bench_contender *add(struct run *u, const char *name, size_t threads_index) {
  struct bench_race *r = u->race;
  if (r->n_contenders == BENCH_MAX_CONTENDERS)
    return NULL;
  struct bench_contender *c = &r->contender[r->n_contenders];
  c->seconds = calloc((size_t)r->rounds, sizeof *c->seconds);
  if (!c->seconds)
    return NULL;
  r->n_contenders++;
  snprintf(c->kernel, sizeof c->kernel, "%s", name);
  c->threads = u->o->threads[threads_index];
  c->threads_index = threads_index;
  c->peer = -1;
  return c;
}

static enum status list_ours(struct run *u, struct error *e) {
  for (size_t t = 0; t < u->o->n_threads; t++)
    for (size_t i = 0; i < u->o->n_isas; i++)
      for (int prepacked = 0; prepacked <= u->o->prepacked; prepacked++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", u->o->isa[i], prepacked ? " prepacked" : "");
        struct bench_contender *c = add(u, name, t);
        if (!c)
          return error_set(e, ST_RANGE, "too many contenders, or no memory for their times");
        c->isa = u->o->isa[i];
        c->prepacked = prepacked;
      }
  return ST_OK;
}

static enum status list_peers(struct run *u, struct error *e) {
  for (size_t t = 0; t < u->o->n_threads; t++)
    for (int p = 0; p < BENCH_PEERS; p++) {
      if (!u->have[p])
        continue;
      struct bench_contender *c = add(u, bench_peer_list[p]->name, t);
      if (!c)
        return error_set(e, ST_RANGE, "too many contenders, or no memory for their times");
      c->peer = p;
    }
  return ST_OK;
}

/* ---- Rounds ---- */

/* `round` -1 warms up: loops are calibrated and surveyed, nothing is kept. */
static enum status measure_peaks(struct run *u, int round, int last, struct error *e) {
  struct bench_race *r = u->race;
  enum status st = ST_OK;
  for (size_t t = 0; st == ST_OK && t < u->o->n_threads; t++) {
    double rate[BENCH_PEAKS] = {0};
    for (int p = 0; round >= 0 && p < BENCH_PEAKS; p++)
      rate[p] = r->peak[t][p][round];
    st = bench_peak_compute(u->o->threads[t], rate, e);
    if (st == ST_OK && r->shape->problem == BENCH_GEMV && (round >= 0 || !last)) {
      const struct bench_matrix *a = &u->data->matrix[0];
      double seconds = INFINITY;
      st = bench_read_time(a->packed, a->block_bytes, u->o->threads[t], round < 0, u->o->cold, &seconds,
                           &r->read_loop[t], e);
      rate[BENCH_READ] = fmax(rate[BENCH_READ], r->matrix_bytes / seconds);
    }
    for (int p = 0; round >= 0 && p < BENCH_PEAKS; p++)
      r->peak[t][p][round] = rate[p];
  }
  return st;
}

/* Peaks at both ends of a round, the better counts; contenders start one further on in each round. */
static enum status run_round(struct run *u, int round, struct error *e) {
  struct bench_race *r = u->race;
  enum status st = measure_peaks(u, round, 0, e);
  for (size_t i = 0; st == ST_OK && i < r->n_contenders; i++) {
    struct bench_contender *c = &r->contender[(i + (size_t)(round + 1)) % r->n_contenders];
    double seconds = 0, before = round > 0 ? c->seconds[round - 1] : 1.0;
    st = time_call(u, c, before, &seconds, e);
    if (round >= 0)
      c->seconds[round] = seconds;
  }
  return st == ST_OK ? measure_peaks(u, round, 1, e) : st;
}

static enum status race_create(const struct bench_shape *s, const struct bench_options *o,
                               struct bench_race **out, struct error *e) {
  struct bench_race *r = *out = calloc(1, sizeof *r);
  if (!r)
    return error_set(e, ST_MEMORY, "out of memory");
  r->shape = s;
  r->rounds = o->rounds;
  for (size_t t = 0; t < o->n_threads; t++)
    for (int p = 0; p < BENCH_PEAKS; p++) {
      r->peak[t][p] = calloc((size_t)o->rounds, sizeof(double));
      if (!r->peak[t][p])
        return error_set(e, ST_MEMORY, "out of memory");
    }
  return ST_OK;
}

enum status bench_race_run(const struct bench_shape *s, const struct bench_options *o,
                           struct bench_race **out, struct error *e) {
  struct run u = {.o = o};
  unsigned most = 1;
  for (size_t t = 0; t < o->n_threads; t++)
    most = o->threads[t] > most ? o->threads[t] : most;
  enum status st = race_create(s, o, out, e);
  u.race = *out;
  if (st == ST_OK)
    st = bench_data_create(s, o, most, &u.data, e);
  if (st == ST_OK) {
    u.race->macs = u.data->macs;
    u.race->bytes = u.data->bytes;
    u.race->matrix_bytes = (double)u.data->matrix[0].block_bytes;
    progress(&u, "checking", 0, 1);
    st = list_ours(&u, e);
  }
  if (st == ST_OK)
    st = check_ours(&u, e);
  if (st == ST_OK)
    st = prepare_peers(&u, e);
  if (st == ST_OK)
    st = list_peers(&u, e);
  for (int round = -1; st == ST_OK && round < o->rounds; round++) {
    progress(&u, "rounds", round + 1, o->rounds);
    st = run_round(&u, round, e);
  }
  progress_end();
  for (int p = 0; p < BENCH_PEERS; p++)
    if (u.state[p])
      bench_peer_list[p]->release(u.state[p]);
  bench_data_free(u.data);
  return st;
}

void bench_race_free(struct bench_race *r) {
  if (!r)
    return;
  for (size_t i = 0; i < r->n_contenders; i++)
    free(r->contender[i].seconds);
  for (size_t t = 0; t < BENCH_MAX_THREADS; t++)
    for (int p = 0; p < BENCH_PEAKS; p++)
      free(r->peak[t][p]);
  free(r);
}

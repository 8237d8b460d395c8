/* Room: bench. bench_nvfp4: libnvfp4 beside this machine's peaks and other libraries. `--help` says how it
 * is called, docs/performance.md what its figures mean. Results on stdout, progress and notes on stderr. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_nvfp4.h"

static int fail(const struct error *e) {
  fprintf(stderr, "bench_nvfp4: %s\n", e->text);
  return status_exit(e->status);
}

/* Peers that cannot be loaded are left out with a note, unless they were named. */
static enum status open_peers(struct bench_options *o, struct bench_report *b, struct error *e) {
  for (int p = 0; p < BENCH_PEERS; p++) {
    if (!(o->peers >> p & 1))
      continue;
    const struct bench_peer *peer = bench_peer_list[p];
    enum status st = peer->open(o->peer_path[p], b->peer_text[p], sizeof b->peer_text[p], e);
    if (st != ST_OK && (o->peers_named || o->peer_path[p]))
      return st;
    if (st != ST_OK) {
      fprintf(stderr, "bench_nvfp4: without %s: %s\n", peer->name, e->text);
      o->peers &= ~(1u << p);
    }
  }
  return ST_OK;
}

/* Peaks that somebody else disturbs flatter the kernels, so this is said. */
static void note_load(struct bench_report *b) {
  if (getloadavg(&b->load, 1) != 1)
    b->load = (double)NAN;
  if (b->load > 0.5)
    fprintf(stderr, "bench_nvfp4: the machine is not idle (load %.1f): ratios will be off\n", b->load);
}

/* Shapes are listed problem by problem; a problem's table is printed when its last shape is done. */
static enum status measure(const struct bench_options *o, struct bench_report *b, struct error *e) {
  size_t n, first = 0;
  const struct bench_shape *s = bench_shapes(&n);
  for (size_t i = 0; i < n; i++) {
    if (o->problems >> s[i].problem & 1 && bench_listed(o->shapes, s[i].name)) {
      enum status st = bench_race_run(&s[i], o, &b->race[b->n_races], e);
      b->n_races++;
      if (st != ST_OK)
        return st;
    }
    if ((i + 1 == n || s[i + 1].problem != s[i].problem) && b->n_races > first) {
      if (!o->json)
        bench_table(b, first, b->n_races - first);
      first = b->n_races;
    }
  }
  return ST_OK;
}

int main(int argc, char **argv) {
  static struct bench_report b;
  struct bench_options o;
  struct error e = {0};
  enum status st = bench_options_read(argc, argv, &o, &e);
  if (st == ST_OK && o.help) {
    bench_options_help();
    return 0;
  }
  b.options = &o;
  note_load(&b);
  if (st == ST_OK)
    st = open_peers(&o, &b, &e);
  if (st == ST_OK && !o.json)
    bench_table_head(&b);
  if (st == ST_OK)
    st = measure(&o, &b, &e);
  if (st == ST_OK && o.json) {
    json_t *json = bench_json(&b);
    char *text = json_pretty(json);
    fputs(text ? text : "", stdout);
    free(text);
    json_decref(json);
  } else if (st == ST_OK) {
    bench_table_all(&b);
  }
  for (size_t i = 0; i < b.n_races; i++)
    bench_race_free(b.race[i]);
  return st == ST_OK ? 0 : fail(&e);
}

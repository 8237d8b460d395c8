/* Room: bench. The answer of --json, "nvfp4.bench/1": docs/performance.md says what its fields mean. */
#include <math.h>

#include "base/base_clock.h"
#include "base/base_machine.h"
#include "bench_nvfp4.h"

/* {"median", "low", "high"}; null where nothing was measured, null ends where rounds were too few. */
static json_t *figure(struct bench_figure f, double scale) {
  if (isnan(f.median))
    return json_null();
  json_t *out = json_object();
  json_put_num(out, "median", f.median * scale);
  json_put_num(out, "low", f.low * scale);
  json_put_num(out, "high", f.high * scale);
  return out;
}

static json_t *contender_head(const struct bench_contender *c) {
  json_t *out = json_object();
  json_put_str(out, "kernel", c->kernel);
  json_put_str(out, "isa", c->isa);
  json_put_bool(out, "prepacked", c->prepacked);
  json_put_bool(out, "peer", c->isa == NULL);
  json_put_int(out, "threads", c->threads);
  return out;
}

static json_t *contender_json(const struct bench_race *r, const struct bench_contender *c) {
  json_t *out = contender_head(c), *ratios = json_object(), *rounds = json_array();
  struct bench_figure ms = bench_stats_ms(r, c);
  json_object_set_new(out, "ms", figure(ms, 1.0));
  json_put_num(out, "gmac_per_s", r->macs / ms.median * 1e-6);
  json_put_num(out, "gbyte_per_s", c->isa ? r->bytes / ms.median * 1e-6 : (double)NAN);
  for (int i = 0; i < BENCH_RATIOS; i++)
    json_object_set_new(ratios, bench_ratio_name[i],
                        figure(bench_stats_ratio(r, c, (enum bench_ratio)i), 1.0));
  json_object_set_new(out, "ratios", ratios);
  for (int i = 0; i < r->rounds; i++)
    json_array_append_new(rounds, json_real(c->seconds[i] * 1e3));
  json_object_set_new(out, "ms_of_rounds", rounds);
  return out;
}

static json_t *peaks_json(const struct bench_report *b, const struct bench_race *r) {
  json_t *out = json_array();
  for (size_t t = 0; t < b->options->n_threads; t++) {
    json_t *one = json_object();
    json_put_int(one, "threads", b->options->threads[t]);
    for (int p = 0; p < BENCH_PEAKS; p++)
      json_object_set_new(one, bench_peak_name[p], figure(bench_stats_peak(r, t, (enum bench_peak)p), 1.0));
    json_put_str(one, "read_loop", r->read_loop[t]);
    json_array_append_new(out, one);
  }
  return out;
}

static json_t *race_json(const struct bench_report *b, const struct bench_race *r) {
  json_t *out = json_object(), *m = json_array(), *kernels = json_array();
  json_put_str(out, "problem", bench_problem_name[r->shape->problem]);
  json_put_str(out, "shape", r->shape->name);
  for (int g = 0; g < r->shape->products; g++)
    json_array_append_new(m, json_integer(r->shape->m[g]));
  json_object_set_new(out, "m", m);
  json_put_int(out, "n", r->shape->n);
  json_put_int(out, "k", r->shape->k);
  json_put_num(out, "macs", r->macs);
  json_put_num(out, "bytes", r->bytes);
  json_object_set_new(out, "peaks", peaks_json(b, r));
  for (size_t i = 0; i < r->n_contenders; i++)
    json_array_append_new(kernels, contender_json(r, &r->contender[i]));
  json_object_set_new(out, "kernels", kernels);
  return out;
}

/* Over races[0..n), under the name of their problem or "all_gemm". */
static void add_geomeans(json_t *out, const char *name, struct bench_race *const *race, size_t n) {
  for (size_t j = 0; n > 0 && j < race[0]->n_contenders; j++) {
    const struct bench_contender *c = &race[0]->contender[j];
    json_t *one = contender_head(c), *ratios = json_object();
    json_put_str(one, "problem", name);
    json_put_int(one, "shapes", (int64_t)n);
    for (int i = 0; i < BENCH_RATIOS; i++)
      json_object_set_new(ratios, bench_ratio_name[i],
                          figure(bench_stats_geomean(race, n, c, (enum bench_ratio)i), 1.0));
    json_object_set_new(one, "ratios", ratios);
    json_array_append_new(out, one);
  }
}

static json_t *geomeans_json(const struct bench_report *b) {
  json_t *out = json_array();
  struct bench_race *gemm[BENCH_MAX_SHAPES];
  size_t n_gemm = 0;
  for (size_t first = 0, next; first < b->n_races; first = next) {
    enum bench_problem p = b->race[first]->shape->problem;
    for (next = first; next < b->n_races && b->race[next]->shape->problem == p; next++)
      if (p != BENCH_GEMV)
        gemm[n_gemm++] = b->race[next];
    add_geomeans(out, bench_problem_name[p], b->race + first, next - first);
  }
  add_geomeans(out, "all_gemm", gemm, n_gemm);
  return out;
}

json_t *bench_json(const struct bench_report *b) {
  json_t *out = json_object(), *peers = json_object(), *shapes = json_array();
  char when[32];
  clock_iso8601(clock_wall_ns(), when);
  json_put_str(out, "schema", "nvfp4.bench/1");
  json_put_str(out, "version", ST_VERSION);
  json_put_str(out, "when", when);
  json_object_set_new(out, "machine", machine_facts_json());
  json_put_num(out, "load", b->load);
  json_put_int(out, "rounds", b->options->rounds);
  json_put_str(out, "inputs", b->options->wide ? "wide" : "task");
  json_put_str(out, "scales", b->options->layout == NVFP4_SCALES_PLAIN ? "plain" : "blocked");
  json_put_bool(out, "cold", b->options->cold);
  for (int p = 0; p < BENCH_PEERS; p++)
    json_put_str(peers, bench_ratio_name[BENCH_TO_PEER + p], b->peer_text[p][0] ? b->peer_text[p] : NULL);
  json_object_set_new(out, "peers", peers);
  for (size_t i = 0; i < b->n_races; i++)
    json_array_append_new(shapes, race_json(b, b->race[i]));
  json_object_set_new(out, "shapes", shapes);
  json_object_set_new(out, "geomeans", geomeans_json(b));
  return out;
}

/* Room: tests/agent. See agent_fixture.h. */
#include "agent_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "base/base_rng.h"

static const char task_text[] =
    "{\"name\":\"toy\",\"title\":\"A toy\",\"sizes\":[\"m\",\"n\",\"k\"],\"threads\":1,\"workspace_max\":1000000,"
    "\"benchmarks\":["
    "{\"shape\":\"bench1\",\"scaled\":true,\"text\":\"M=96 N=256 K=1024\",\"sizes\":[[96,256,1024]],"
    "\"means\":{\"m\":96,\"n\":256,\"k\":1024,\"groups\":1}},"
    "{\"shape\":\"bench2\",\"scaled\":true,\"text\":\"M=128 N=448 K=256\",\"sizes\":[[128,448,256]],"
    "\"means\":{\"m\":128,\"n\":448,\"k\":256,\"groups\":1}}],"
    "\"limits\":[{\"claim\":\"threads\",\"max\":1,\"why\":\"one core is the judge's\"},"
    "{\"claim\":\"compile_s\",\"max\":60,\"why\":\"the compiler's time-out\"},"
    "{\"claim\":\"first_call_s\",\"max\":10,\"why\":\"the first call's time-out\"},"
    "{\"claim\":\"workspace_bytes\",\"max\":1000000,\"multiple\":64,\"why\":\"the workspace\"}],"
    "\"rules\":[],"
    "\"knobs\":{\"knobs\":["
    "{\"name\":\"ISA\",\"text\":\"instruction set\",\"values\":[\"scalar\",\"v2\",\"v5\"]},"
    "{\"name\":\"MATH\",\"text\":\"type multiplied\",\"values\":[\"f32\",\"i8\"]},"
    "{\"name\":\"MR\",\"text\":\"rows of a tile\",\"values\":[1,2,4,8]},"
    "{\"name\":\"NR\",\"text\":\"vectors of a tile\",\"values\":[1,2,4]},"
    "{\"name\":\"KC\",\"text\":\"elements of k in a pass\",\"values\":[64,256,1024]},"
    "{\"name\":\"UNROLL\",\"text\":\"turns written out\",\"values\":[1,2,4]},"
    "{\"name\":\"DECODE\",\"text\":\"how bits become numbers\",\"values\":[\"table\",\"arith\",\"shuffle\"]},"
    "{\"name\":\"PACK\",\"text\":\"what is kept decoded\",\"values\":[\"none\",\"b\",\"ab\"]},"
    "{\"name\":\"PREFETCH\",\"text\":\"lines ahead\",\"values\":[0,1]}],"
    "\"constraints\":["
    "{\"need\":\"ISA != v5 || has_v5\",\"why\":\"this machine lacks v5\"},"
    "{\"need\":\"MATH != i8 || ISA == v5\",\"why\":\"only v5 multiplies int8\"},"
    "{\"need\":\"DECODE != shuffle || ISA != scalar\",\"why\":\"a vector instruction\"},"
    "{\"need\":\"ISA != scalar || (NR == 1 && UNROLL == 1)\",\"why\":\"scalar has one lane\"},"
    "{\"need\":\"MR * NR <= (ISA == v5 ? 32 : 8)\",\"why\":\"accumulators\"},"
    "{\"need\":\"UNROLL == 1 || MR * NR <= 8\",\"why\":\"enough of them\"},"
    "{\"need\":\"KC == 1024 || PACK != none\",\"why\":\"short passes keep what is packed\"},"
    "{\"need\":\"PREFETCH == 0 || PACK != none\",\"why\":\"nothing to prefetch\"}],"
    "\"estimates\":["
    "{\"name\":\"registers\",\"expr\":\"MR * NR + MR + NR + UNROLL\",\"text\":\"live vectors\","
    "\"max\":\"vector_register_count\"},"
    "{\"name\":\"workset_bytes\",\"expr\":\"min(KC, k) * (MR + 16 * NR) * (MATH == i8 ? 1 : 4)\","
    "\"text\":\"panel of one tile\",\"max\":\"l1_bytes\"},"
    "{\"name\":\"cycles_per_kmac\",\"expr\":\"1000 / (ISA == scalar ? 1 : ISA == v2 ? 8 : MATH == i8 ? 48 : 16) "
    "* (1 + 0.5 / MR + 0.3 / NR) * (PACK == none ? 1.8 : PACK == b ? 1.2 : 1)\",\"text\":\"least cycles\"}],"
    "\"start\":{\"ISA\":\"scalar\",\"MATH\":\"f32\",\"MR\":1,\"NR\":1,\"KC\":1024,\"UNROLL\":1,"
    "\"DECODE\":\"table\",\"PACK\":\"none\",\"PREFETCH\":0}}}";

json_t *fixture_task(void) {
  return json_loads(task_text, 0, NULL);
}

json_t *fixture_facts(void) {
  return json_pack("{s:i,s:i,s:i,s:i}", "has_v5", 1, "vector_register_count", 32, "l1_bytes", 32768, "cores",
                   2);
}

enum { ROOFLINE_RATIO = 2000 }; /* the first incumbent's time over the machine's limit */

void fixture_set_incumbent(json_t *request, const char *blob, const json_t *setting, double log_time) {
  json_t *inc = json_object(), *shapes = json_array();
  double r = exp(log_time);
  for (int i = 0; i < 2; i++) {
    json_t *s = json_object();
    double naive = i ? 0.020 : 0.030;
    json_put_str(s, "shape", i ? "bench2" : "bench1");
    json_put_num(s, "seconds", naive * r);
    json_put_num(s, "low", naive * r * 0.99);
    json_put_num(s, "high", naive * r * 1.01);
    json_put_num(s, "roofline_seconds", naive / ROOFLINE_RATIO);
    json_array_append_new(shapes, s);
  }
  json_put_str(inc, "blob", blob);
  if (setting)
    json_object_set_new(inc, "setting", json_deep_copy(setting));
  json_put_str(inc, "source", "int x;");
  json_object_set_new(inc, "shapes", shapes);
  json_put_num(inc, "relative_time", r);
  json_object_set_new(json_object_get(request, "context"), "incumbent", inc);
}

void fixture_add_measurement(json_t *request, const char *blob, const json_t *setting, double log_time,
                             int64_t round) {
  json_t *m = json_object();
  if (setting)
    json_object_set_new(m, "setting", json_deep_copy(setting));
  json_put_str(m, "blob", blob);
  json_put_int(m, "round", round);
  json_put_num(m, "relative_time", exp(log_time));
  json_put_num(m, "low", exp(log_time - 0.02));
  json_put_num(m, "high", exp(log_time + 0.02));
  json_put_str(m, "verdict", "pass");
  json_put_num(m, "compile_seconds", 1.5);
  json_array_append_new(json_object_get(json_object_get(request, "context"), "measurements"), m);
}

void fixture_add_failure(json_t *request, const json_t *setting, const char *verdict, int64_t round) {
  json_t *m = json_object();
  json_object_set_new(m, "setting", json_deep_copy(setting));
  json_put_str(m, "blob", "0badc0de");
  json_put_int(m, "round", round);
  json_object_set_new(m, "relative_time", json_null());
  json_put_str(m, "verdict", verdict);
  json_array_append_new(json_object_get(json_object_get(request, "context"), "measurements"), m);
}

json_t *fixture_request(const char *ask, const char *name) {
  json_t *request = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:s}", "protocol", "sharktank.agent/1", "ask",
                              ask, "role", "contestant", "name", name, "persona", "", "seed", 1, "round", 1,
                              "round_kind", "optimisation");
  json_t *context =
      json_pack("{s:o,s:s,s:{s:o,s:{}},s:{s:i},s:[],s:[],s:{},s:[],s:[]}", "task", fixture_task(),
                "task_hash", "0", "machine", "facts", fixture_facts(), "peaks", "rules", "rounds", 8,
                "measurements", "history", "records", "learnings", "refuted");
  json_object_set_new(request, "context", context);
  fixture_set_incumbent(request, "a11ce000", NULL, 0);
  fixture_add_measurement(request, "a11ce000", NULL, 0, 0);
  return request;
}

void fixture_surface_init(struct fixture_surface *f, enum fixture_surface_kind kind, uint64_t seed,
                          const struct agent_space *s) {
  struct rng r;
  rng_init(&r, rng_derive(seed, 77));
  memset(f, 0, sizeof *f);
  f->kind = kind;
  f->s = s;
  /* A few knobs matter much and most matter little, as in families of real kernels: about 1 % of the
   * settings then lie within 15 % of the best. */
  for (size_t k = 0; k < s->n_knobs; k++) {
    double scale = (kind == SURFACE_MISLEADING ? 0.04 : 0.012) * exp(2.3 * rng_unit(&r));
    for (size_t a = 0; a < s->knob[k].n_values; a++) {
      f->main[k][a] = scale * rng_normal(&r);
      for (size_t b = 0; k + 1 < s->n_knobs && b < s->knob[k + 1].n_values; b++)
        f->pair[k][a][b] = 0.5 * scale * rng_normal(&r);
    }
  }
}

double fixture_surface_log_time(const struct fixture_surface *f, const uint8_t *setting) {
  double sum = 0, registers_limit, registers = agent_space_estimate(f->s, setting, 0, 0, &registers_limit);
  double cycles = agent_space_estimate(f->s, setting, 2, 0, NULL);
  for (size_t k = 0; k < f->s->n_knobs; k++) {
    sum += f->main[k][setting[k]];
    if (k + 1 < f->s->n_knobs)
      sum += f->pair[k][setting[k]][setting[k + 1]];
  }
  if (registers > registers_limit)
    sum += 0.2 + log(registers / registers_limit);
  if (f->kind == SURFACE_INFORMATIVE)
    sum += 0.9 * log(cycles / 1000);
  return sum - 2.0;
}

/* ------------------------------------------------------------------ seasons */

static const char *const contestant[4] = {"Incrementalist", "Refactorer", "Hardware Expert", "Wild Card"};
static const enum agent_persona contestant_persona[4] = {AGENT_INCREMENTALIST, AGENT_REFACTORER,
                                                         AGENT_HARDWARE_EXPERT, AGENT_WILD_CARD};
static const enum agent_persona shark_persona[3] = {AGENT_SKEPTIC, AGENT_PRAGMATIST, AGENT_THEORIST};

static int same_setting(const json_t *list, const json_t *pitch) {
  size_t i;
  const json_t *other;
  json_array_foreach((json_t *)(uintptr_t)list, i,
                     other) if (json_equal(json_object_get(json_object_get(other, "pitch"), "setting"),
                                           json_object_get(pitch, "setting"))) return 1;
  return 0;
}

static double total_of(const json_t *scores) {
  return 0.4 * json_num(scores, "speedup", 0) + 0.25 * json_num(scores, "ease", 0) +
         0.2 * json_num(scores, "safety", 0) + 0.15 * json_num(scores, "quality", 0);
}

/* The classic tally, as far as a simulation needs it. */
static const char *tally(const json_t *pitches, json_t *const ballot[3]) {
  const char *best = NULL;
  double best_total = -1;
  size_t i;
  const json_t *p;
  json_array_foreach((json_t *)(uintptr_t)pitches, i, p) {
    const char *id = json_str(p, "id", "");
    int votes = 0;
    double total = 0;
    for (int s = 0; s < 3; s++) {
      votes += strcmp(json_str(ballot[s], "vote", ""), id) == 0;
      total += total_of(json_object_get(json_object_get(ballot[s], "scores"), id));
    }
    if (votes >= 2)
      return id;
    if (total > best_total) {
      best_total = total;
      best = id;
    }
  }
  return best;
}

static int pitches_of(struct fixture_season *season, struct agent_tank *t, json_t *list) {
  struct error e;
  for (int i = 0; i < 4; i++) {
    json_t *answer = NULL;
    t->view.name = contestant[i];
    t->view.seed = rng_derive(season->seed, (uint64_t)season->round * 16 + (uint64_t)i) >> 11;
    if (agent_contestant(t, contestant_persona[i], &answer, &e) != ST_OK) {
      printf("%s: %s\n", contestant[i], e.text);
      return -1;
    }
    json_t *pitch = json_object_get(answer, "pitch");
    if (!same_setting(list, pitch)) {
      char id[32];
      snprintf(id, sizeof id, "r%lld.p%zu", (long long)season->round, json_array_size(list) + 1);
      json_array_append_new(list, json_pack("{s:s,s:O}", "id", id, "pitch", pitch));
    }
    json_decref(answer);
  }
  return 0;
}

static void remember(struct fixture_season *season, const json_t *pitches, const char *winner,
                     double speedup) {
  json_t *history = json_object_get(json_object_get(season->request, "context"), "history"), *p;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)pitches, i, p) {
    const json_t *pitch = json_object_get(p, "pitch");
    json_t *h = json_object();
    json_put_int(h, "round", season->round);
    json_put_str(h, "who", "");
    json_put_str(h, "kind", json_str(pitch, "kind", ""));
    json_object_set(h, "setting", json_object_get(pitch, "setting"));
    json_object_set(h, "forecast", json_object_get(pitch, "forecast"));
    if (strcmp(json_str(p, "id", ""), winner) == 0)
      json_put_num(h, "speedup", speedup);
    json_array_append_new(history, h);
  }
}

static int measure(struct fixture_season *season, const struct fixture_surface *f, const json_t *pitches,
                   const char *winner) {
  const json_t *pitch = NULL, *p;
  size_t i;
  uint8_t setting[AGENT_KNOBS_MAX];
  struct error e;
  json_array_foreach((json_t *)(uintptr_t)pitches, i, p) if (strcmp(json_str(p, "id", ""), winner) == 0)
      pitch = json_object_get(p, "pitch");
  if (!pitch || agent_space_from_json(f->s, json_object_get(pitch, "setting"), setting, &e) != ST_OK) {
    printf("the winner %s has no setting\n", winner);
    return -1;
  }
  struct rng r;
  rng_init(&r, rng_derive(season->seed, 1000 + (uint64_t)season->round));
  double log_time = fixture_surface_log_time(f, setting) + 0.01 * rng_normal(&r);
  double speedup = exp(season->incumbent_log_time - log_time);
  const json_t *q = json_obj(json_obj(pitch, "forecast"), "speedup");
  int inside = speedup >= json_num(q, "q10", 0) && speedup <= json_num(q, "q90", 0);
  int entered = json_object_get(json_object_get(json_object_get(season->request, "context"), "incumbent"),
                                "setting") != NULL;
  season->resolved++;
  season->inside += (size_t)inside;
  season->entered_resolved += (size_t)entered;
  season->entered_inside += (size_t)(entered && inside);
  char blob[32];
  snprintf(blob, sizeof blob, "b10b%04lld", (long long)season->round);
  fixture_add_measurement(season->request, blob, json_object_get(pitch, "setting"), log_time, season->round);
  remember(season, pitches, winner, speedup);
  if (speedup > 1.005) {
    season->incumbent_log_time = log_time;
    fixture_set_incumbent(season->request, blob, json_object_get(pitch, "setting"), log_time);
  }
  return 0;
}

int fixture_play_round(struct fixture_season *season, const struct fixture_surface *f) {
  struct agent_tank t;
  struct error e;
  json_t *list = json_array(), *ballot[3] = {NULL, NULL, NULL}, *answer;
  season->round++;
  json_put_int(season->request, "round", season->round);
  int bad = agent_tank_open(season->request, &t, &e) != ST_OK;
  if (bad)
    printf("round %lld: %s\n", (long long)season->round, e.text);
  if (!bad)
    bad = pitches_of(season, &t, list) != 0;
  for (int s = 0; s < 3 && !bad; s++) {
    answer = NULL;
    bad = agent_shark(&t, shark_persona[s], list, &answer, &e) != ST_OK;
    if (bad)
      printf("round %lld: %s\n", (long long)season->round, e.text);
    else
      ballot[s] = json_incref(json_object_get(answer, "ballot"));
    json_decref(answer);
  }
  if (!bad)
    bad = measure(season, f, list, tally(list, ballot)) != 0;
  for (int s = 0; s < 3; s++)
    json_decref(ballot[s]);
  json_decref(list);
  agent_tank_close(&t);
  return bad ? -1 : 0;
}

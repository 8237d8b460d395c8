/* Room: judge. May use challenge, base. The stored margin of this machine: reading, naming, judging its
 * age. Racing for it is in judge_calibrate.c. */
#include "judge/judge_calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_machine.h"
#include "judge/judge_calibrate.h"

/* Raised when racing changes so much that an older calibration says nothing about it. */
#define JUDGE_RACE_VERSION "1"
static const int64_t DAY_NS = INT64_C(86400000000000);

void judge_machine_here(struct judge_machine *out) {
  json_t *facts = machine_facts_json();
  double cores = 0;
  (void)machine_fact("cores", &cores);
  *out = (struct judge_machine){.cores = (int64_t)cores};
  (void)snprintf(out->cpu, sizeof out->cpu, "%s", json_str(facts, "cpu", "unknown"));
  (void)snprintf(out->judge, sizeof out->judge, "%s race %s", ST_VERSION, JUDGE_RACE_VERSION);
  json_decref(facts);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double judge_calibration_percentile(const double *x, uint32_t n) {
  double *copy = n ? malloc(n * sizeof *copy) : NULL;
  if (!copy)
    return (double)NAN;
  memcpy(copy, x, n * sizeof *copy);
  qsort(copy, n, sizeof *copy, compare);
  uint32_t rank = (95 * n + 99) / 100;
  double value = copy[rank - 1];
  free(copy);
  return value;
}

uint32_t judge_calibration_medians(const json_t *file, double *out) {
  const json_t *list = json_arr(file, "medians");
  size_t n = json_array_size(list);
  if (n > JUDGE_CALIBRATION_MOST)
    return 0;
  for (size_t i = 0; i < n; i++) {
    const json_t *item = json_array_get(list, i);
    double value = json_is_number(item) ? json_number_value(item) : (double)NAN;
    if (!(value >= 0 && value < 1))
      return 0; /* not what we write: nothing of it is believed */
    out[i] = value;
  }
  return (uint32_t)n;
}

static enum judge_calibration_state state_of(const json_t *file, const struct judge_machine *here,
                                             int64_t now_ns, const struct judge_calibration *c) {
  int64_t age_ns = now_ns - c->measured_ns;
  if (!file)
    return JUDGE_CALIBRATION_NONE;
  if (strcmp(json_str(file, "schema", ""), JUDGE_CALIBRATION_SCHEMA) != 0 || c->measured_ns <= 0 ||
      (c->duels == 0 && json_array_size(json_arr(file, "medians"))) || age_ns < -DAY_NS)
    return JUDGE_CALIBRATION_DAMAGED;
  if (strcmp(json_str(file, "cpu", ""), here->cpu) != 0 || json_int(file, "cores", 0) != here->cores ||
      strcmp(json_str(file, "judge", ""), here->judge) != 0)
    return JUDGE_CALIBRATION_OTHER;
  if (age_ns > JUDGE_CALIBRATION_DAYS * DAY_NS)
    return JUDGE_CALIBRATION_STALE;
  return c->duels < JUDGE_CALIBRATION_LEAST ? JUDGE_CALIBRATION_SHORT : JUDGE_CALIBRATION_GOOD;
}

void judge_calibration_read(const json_t *file, const struct judge_machine *here, int64_t now_ns,
                            struct judge_calibration *out) {
  double medians[JUDGE_CALIBRATION_MOST];
  *out = (struct judge_calibration){.delta = JUDGE_DELTA_DEFAULT, .measured_delta = (double)NAN};
  out->duels = judge_calibration_medians(file, medians);
  out->measured_ns = json_int(file, "measured_ns", 0);
  if (out->measured_ns > 0)
    clock_iso8601(out->measured_ns, out->date);
  out->state = state_of(file, here, now_ns, out);
  if (out->duels >= JUDGE_CALIBRATION_LEAST)
    out->measured_delta = judge_calibration_percentile(medians, out->duels);
  if (out->state == JUDGE_CALIBRATION_GOOD)
    out->delta = fmax(JUDGE_DELTA_DEFAULT, out->measured_delta);
}

enum status judge_calibration_path(const struct judge_machine *here, char *out, size_t out_bytes,
                                   struct error *e) {
  char dir[3900], hash[65];
  json_t *key = json_object();
  json_put_str(key, "cpu", here->cpu);
  json_put_int(key, "cores", here->cores);
  json_put_str(key, "judge", here->judge);
  json_hash(key, hash);
  json_decref(key);
  enum status s = file_cache_dir(dir, sizeof dir, e);
  if (!s && snprintf(out, out_bytes, "%s/calibration-%.16s.json", dir, hash) >= (int)out_bytes)
    s = error_set(e, ST_RANGE, "the path of the cache folder is too long");
  return s;
}

void judge_calibration_load(struct judge_calibration *out) {
  struct judge_machine here;
  char path[4096];
  json_t *file = NULL;
  judge_machine_here(&here);
  int there = judge_calibration_path(&here, path, sizeof path, NULL) == ST_OK && file_exists(path);
  int damaged = there && json_read_file(path, &file, NULL) != ST_OK;
  judge_calibration_read(file, &here, clock_wall_ns(), out);
  if (damaged)
    out->state = JUDGE_CALIBRATION_DAMAGED;
  json_decref(file);
}

const char *judge_calibration_state_text(enum judge_calibration_state state) {
  static const char *const text[] = {
      "none yet (sharktank doctor --calibrate measures one)",
      "in use",
      "not used: too few duels so far (sharktank doctor --calibrate goes on)",
      "stale, not used: older than 30 days",
      "stale, not used: of another processor, number of cores or version",
      "not used: its file is damaged",
  };
  return text[state];
}

json_t *judge_calibration_to_json(const struct judge_calibration *c) {
  static const char *const name[] = {"none", "good", "short", "stale", "other_machine", "damaged"};
  json_t *o = json_object();
  json_put_str(o, "state", name[c->state]);
  json_put_str(o, "text", judge_calibration_state_text(c->state));
  json_put_num(o, "delta", c->delta);
  json_put_num(o, "measured_delta", c->measured_delta);
  json_put_int(o, "duels", c->duels);
  json_put_str(o, "date", c->date[0] ? c->date : NULL);
  return o;
}

void judge_delta_here(double *delta, char *from, size_t from_bytes) {
  struct judge_calibration c;
  judge_calibration_load(&c);
  *delta = c.delta;
  if (c.state == JUDGE_CALIBRATION_GOOD)
    (void)snprintf(from, from_bytes, "calibrated %s", c.date);
  else
    (void)snprintf(from, from_bytes, "default");
}

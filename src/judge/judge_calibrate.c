/* Room: judge. May use challenge, base. Racing twins: what a calibration does, and the sources it races. */
#include "judge/judge_calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_rng.h"
#include "challenge/challenge_install.h"

static const int64_t DAY_NS = INT64_C(86400000000000);
static const char TWIN_FOLDER[] = "bench/judge/challenge";

const char *judge_twin_name(enum judge_twin kind) {
  static const char *const name[] = {"same", "renamed", "order", "padded"};
  return name[kind];
}

void judge_twin_source(struct buffer *out, const char *entry, size_t entry_bytes, enum judge_twin kind,
                       uint64_t seed, uint32_t extra_per_million) {
  if (extra_per_million)
    buffer_printf(out, "#define EXTRA_PER_MILLION %u\n", extra_per_million);
  if (kind == JUDGE_TWIN_RENAMED)
    buffer_printf(out, "#define UPDATE row_step_%u\n#define MULTIPLY product_%u\n",
                  (unsigned)(rng_derive(seed, 1) % 1000000), (unsigned)(rng_derive(seed, 2) % 1000000));
  if (kind == JUDGE_TWIN_ORDER)
    buffer_text(out, "#define ORDER_SWAPPED 1\n");
  if (kind == JUDGE_TWIN_PADDED)
    buffer_printf(out, "#define PAD_TEXT \"%u\"\n#define PAD_DATA %u\n",
                  (unsigned)(1 + rng_derive(seed, 3) % 5000), (unsigned)(1 + rng_derive(seed, 4) % 9000));
  buffer_add(out, entry, entry_bytes);
}

enum status judge_twin_challenge(char *out, size_t out_bytes, struct error *e) {
  char folder[3900];
  enum status s = challenge_install_path(CHALLENGE_INSTALL_DATA, TWIN_FOLDER, folder, sizeof folder, e);
  if (!s && file_join(out, out_bytes, folder, TWIN_FOLDER))
    s = error_set(e, ST_RANGE, "the path of %s is too long", TWIN_FOLDER);
  return s;
}

struct calibration_run {
  struct challenge *challenge;
  struct judge *judge;
  struct judge_machine here;
  char path[4096];
  struct buffer entry;
  double median[JUDGE_CALIBRATION_MOST];
  uint32_t n, added;
};

/* What an earlier call of the last day measured is gone on with. */
static void take_up(struct calibration_run *r) {
  struct judge_calibration c;
  json_t *file = NULL;
  if (!file_exists(r->path) || json_read_file(r->path, &file, NULL) != ST_OK)
    return;
  int64_t now_ns = clock_wall_ns();
  judge_calibration_read(file, &r->here, now_ns, &c);
  if ((c.state == JUDGE_CALIBRATION_GOOD || c.state == JUDGE_CALIBRATION_SHORT) &&
      now_ns - c.measured_ns < DAY_NS)
    r->n = judge_calibration_medians(file, r->median);
  json_decref(file);
}

static enum status keep(const struct calibration_run *r, struct error *e) {
  char date[32];
  json_t *file = json_object(), *list = json_array();
  int64_t now_ns = clock_wall_ns();
  clock_iso8601(now_ns, date);
  json_put_str(file, "schema", JUDGE_CALIBRATION_SCHEMA);
  json_put_str(file, "cpu", r->here.cpu);
  json_put_int(file, "cores", r->here.cores);
  json_put_str(file, "judge", r->here.judge);
  json_put_int(file, "measured_ns", now_ns);
  json_put_str(file, "measured", date);
  json_put_int(file, "pairs_per_duel", JUDGE_CALIBRATION_PAIRS);
  for (uint32_t i = 0; i < r->n; i++)
    json_array_append_new(list, json_real(r->median[i]));
  json_object_set_new(file, "medians", list);
  char *text = json_pretty(file);
  json_decref(file);
  enum status s = text ? file_write_atomic(r->path, text, strlen(text), e)
                       : error_set(e, ST_MEMORY, "out of memory while keeping a calibration");
  free(text);
  return s;
}

/* One duel of twins of a fixed length. The plain build is now A, now B. A duel that the budget cut short is
 * not kept: its median is another thing. */
static enum status race_twins(struct calibration_run *r, double budget_s, struct error *e) {
  struct judge_duel_options o;
  struct buffer plain, twin;
  json_t *report = NULL;
  uint64_t seed;
  judge_duel_defaults(&o);
  o.pairs = JUDGE_CALIBRATION_PAIRS;
  o.delta = 0;
  o.budget_s = budget_s;
  o.phase = "calibrate";
  o.shape = "bench1";
  buffer_init(&plain);
  buffer_init(&twin);
  enum status s = rng_system(&seed, sizeof seed);
  enum judge_twin kind = (enum judge_twin)(1 + r->n % (JUDGE_TWINS - 1));
  judge_twin_source(&plain, r->entry.data, r->entry.bytes, JUDGE_TWIN_SAME, seed, 0);
  judge_twin_source(&twin, r->entry.data, r->entry.bytes, kind, seed, 0);
  const struct buffer *a = seed & 1 ? &plain : &twin, *b = seed & 1 ? &twin : &plain;
  if (!s)
    s = judge_duel(r->judge, buffer_str(a), a->bytes, buffer_str(b), b->bytes, &o, &report, e);
  double speedup = json_num(report, "speedup", (double)NAN);
  int whole = json_int(report, "pairs", 0) == JUDGE_CALIBRATION_PAIRS;
  if (!s && !(speedup > 0))
    s = error_set(e, ST_INTERNAL, "two builds of the calibration's entry could not be raced: %s",
                  json_str(report, "where", "no figure came out"));
  if (!s && whole) {
    r->median[r->n++] = fabs(log(speedup));
    r->added++;
  }
  json_decref(report);
  buffer_fini(&plain);
  buffer_fini(&twin);
  return s;
}

static enum status race_all(struct calibration_run *r, const struct judge_progress *progress, double budget_s,
                            struct error *e) {
  int64_t start_ns = clock_mono_ns();
  enum status s = ST_OK;
  while (!s && r->n < JUDGE_CALIBRATION_MOST) {
    double elapsed_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
    if (elapsed_s >= budget_s)
      break;
    char text[128];
    (void)snprintf(text, sizeof text, "duel %u of two builds of one program%s", r->n + 1,
                   r->n < JUDGE_CALIBRATION_LEAST ? " (20 are needed)" : "");
    if (progress && progress->tell)
      progress->tell(progress->context, "calibrate", fmin(elapsed_s / fmax(budget_s, 1), 1), text);
    uint32_t before = r->n;
    s = race_twins(r, budget_s - elapsed_s, e);
    if (!s && r->n > before)
      s = keep(r, e);
  }
  return s;
}

enum status judge_calibrate(const struct judge_progress *progress, double budget_s, int fresh, json_t **out,
                            struct error *e) {
  *out = NULL;
  struct calibration_run *r = calloc(1, sizeof *r);
  char folder[4096], file[4200];
  int64_t start_ns = clock_mono_ns();
  if (!r)
    return error_set(e, ST_MEMORY, "out of memory while calibrating");
  buffer_init(&r->entry);
  judge_machine_here(&r->here);
  enum status s = judge_calibration_path(&r->here, r->path, sizeof r->path, e);
  if (!s && !fresh)
    take_up(r);
  if (!s)
    s = judge_twin_challenge(folder, sizeof folder, e);
  if (!s && file_join(file, sizeof file, folder, "entry.c"))
    s = error_set(e, ST_RANGE, "the path of the calibration's entry is too long");
  if (!s)
    s = file_read(file, 1 << 20, &r->entry, e);
  if (!s)
    s = challenge_open(folder, &r->challenge, e);
  /* its own progress is told above: a duel's would hide how far the whole has come */
  struct judge_progress quiet = {0};
  if (progress) {
    quiet.context = progress->context;
    quiet.cancelled = progress->cancelled;
  }
  if (!s)
    s = judge_open(r->challenge, &quiet, &r->judge, e);
  if (!s)
    s = race_all(r, progress, budget_s, e);
  if (!s) {
    struct judge_calibration c;
    judge_calibration_load(&c);
    *out = judge_calibration_to_json(&c);
    json_put_int(*out, "added", r->added);
    json_put_num(*out, "seconds", (double)(clock_mono_ns() - start_ns) * 1e-9);
  }
  judge_close(r->judge);
  challenge_close(r->challenge);
  buffer_fini(&r->entry);
  free(r);
  return s;
}

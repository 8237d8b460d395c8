/* Room: bench. judge_power, which `make power` starts. Progress on stderr, tables on stdout.
 *
 * How a slowdown is injected: build A of a set slow-X does extra row updates of the very kind that its work
 * consists of, EXTRA_PER_MILLION for every million (challenge/entry.c), counted out evenly: floor(updates *
 * EXTRA_PER_MILLION / 10^6) of them a call. --count prints the numbers. Build B is the plain one, so that
 * "faster" is the right answer. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_rng.h"
#include "judge/judge_calibration.h"
#include "power.h"

struct power_run {
  const char *out;
  double seconds; /* 0: until all is done */
  double delta, alpha, duel_budget;
  uint64_t seed;
  uint32_t wanted[POWER_MOST_SETS], done[POWER_MOST_SETS];
  double spent_s[POWER_MOST_SETS]; /* this call's, for the estimate */
  uint32_t ran[POWER_MOST_SETS];
  struct challenge *challenge;
  struct judge *judge;
  struct buffer entry;
  struct power_results results;
  json_t *here; /* what every line begins with */
};

static volatile sig_atomic_t stopped;

static void on_stop(int number) {
  (void)number;
  stopped = 1;
}

static int is_stopped(void *context) {
  (void)context;
  return stopped != 0;
}

static json_t *describe(const struct power_run *p) {
  struct judge_machine m;
  judge_machine_here(&m);
  json_t *o = json_object();
  json_put_str(o, "schema", POWER_SCHEMA);
  json_put_str(o, "cpu", m.cpu);
  json_put_int(o, "cores", m.cores);
  json_put_str(o, "judge", m.judge);
  json_put_num(o, "delta", p->delta);
  json_put_num(o, "alpha", p->alpha);
  json_put_num(o, "duel_budget", p->duel_budget);
  json_put_int(o, "seed", (int64_t)p->seed);
  return o;
}

static json_t *rounded(const json_t *list) {
  json_t *out = json_array();
  for (size_t i = 0; i < json_array_size(list); i++)
    json_array_append_new(out, json_real(round(json_number_value(json_array_get(list, i)) * 1e6) / 1e6));
  return out;
}

static json_t *line_of(const struct power_run *p, const struct power_set *set, uint32_t index,
                       enum judge_twin kind, const json_t *report, double load) {
  static const char *const copied[] = {"stop",           "pairs",           "wins",     "losses",
                                       "dropped",        "speedup",         "evidence", "interval",
                                       "waited_seconds", "clocked_seconds", "seconds",  "dropped_for"};
  char date[32];
  json_t *line = json_copy(p->here);
  clock_iso8601(clock_wall_ns(), date);
  json_put_str(line, "date", date);
  json_put_str(line, "set", set->name);
  json_put_int(line, "index", index);
  json_put_str(line, "kind", judge_twin_name(kind));
  json_put_int(line, "extra_per_million", set->extra_per_million);
  json_put_num(line, "machine_load", load);
  json_put_str(line, "verdict", json_str(report, "verdict", "busy"));
  for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
    json_t *value = json_object_get(report, copied[i]);
    if (value)
      json_object_set(line, copied[i], value);
  }
  json_object_set_new(line, "d", rounded(json_arr(report, "d")));
  return line;
}

/* One duel of a set: its builds follow from the seed and its place in the set. Sixteen different twins of a
 * kind are enough, and the compiler's cache knows them. */
static enum status race(struct power_run *p, size_t which, double *took_s, json_t **line, struct error *e) {
  const struct power_set *set = &power_sets[which];
  uint32_t index = p->done[which];
  enum judge_twin kind = set->extra_per_million ? JUDGE_TWIN_SAME : (enum judge_twin)(index % JUDGE_TWINS);
  uint64_t twin_seed = rng_derive(p->seed, index / JUDGE_TWINS % 16);
  int swap = !set->extra_per_million && (index / JUDGE_TWINS) % 2; /* the twin is now A, now B */
  struct judge_duel_options o;
  struct buffer plain, other;
  struct power_load load = {.n = 0};
  json_t *report = NULL;
  double machine_load = (double)NAN;
  judge_duel_defaults(&o);
  o.delta = p->delta;
  o.alpha = p->alpha;
  o.budget_s = p->duel_budget;
  o.shape = set->shape;
  buffer_init(&plain);
  buffer_init(&other);
  judge_twin_source(&plain, p->entry.data, p->entry.bytes, JUDGE_TWIN_SAME, 0, 0);
  judge_twin_source(&other, p->entry.data, p->entry.bytes, kind, twin_seed, set->extra_per_million);
  const struct buffer *a = swap ? &plain : &other, *b = swap ? &other : &plain;
  (void)getloadavg(&machine_load, 1);
  enum status s = set->load ? power_load_start(&load, e) : ST_OK;
  int64_t start_ns = clock_mono_ns();
  if (!s)
    s = judge_duel(p->judge, buffer_str(a), a->bytes, buffer_str(b), b->bytes, &o, &report, e);
  *took_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
  power_load_stop(&load);
  buffer_fini(&plain);
  buffer_fini(&other);
  if (s && s != ST_BUSY)
    return s;
  *line = line_of(p, set, index, kind, report, machine_load);
  if (s == ST_BUSY)
    json_put_num(*line, "seconds", *took_s);
  const char *who = json_str(report, "who", NULL);
  s = who ? error_set(e, ST_INTERNAL, "the entry was found at fault: %s", json_str(report, "where", "?"))
          : ST_OK;
  json_decref(report);
  return s;
}

static double left_s(const struct power_run *p) {
  double left = 0, mean = 0, n = 0;
  for (size_t i = 0; i < power_n_sets(); i++) {
    mean += p->spent_s[i];
    n += p->ran[i];
  }
  for (size_t i = 0; i < power_n_sets(); i++)
    if (p->wanted[i] > p->done[i])
      left += (p->wanted[i] - p->done[i]) * (p->ran[i] ? p->spent_s[i] / p->ran[i] : n > 0 ? mean / n : 0);
  return left;
}

static void tell(const struct power_run *p, size_t which, const json_t *line, double took_s) {
  uint32_t done = 0, wanted = 0;
  for (size_t i = 0; i < power_n_sets(); i++) {
    done += p->done[i] < p->wanted[i] ? p->done[i] : p->wanted[i];
    wanted += p->wanted[i];
  }
  double left = left_s(p);
  fprintf(stderr, "%s[%u/%u] %s %u/%u: %s, %lld pairs, %.1f s; about %.0f min left   %s",
          isatty(STDERR_FILENO) ? "\r" : "", done, wanted, power_sets[which].name, p->done[which],
          p->wanted[which], json_str(line, "verdict", "?"), (long long)json_int(line, "pairs", 0), took_s,
          left / 60, isatty(STDERR_FILENO) ? "" : "\n");
  fflush(stderr);
}

static enum status run_sets(struct power_run *p, struct error *e) {
  int64_t start_ns = clock_mono_ns();
  enum status s = ST_OK;
  int which;
  while (!s && (which = power_next(p->done, p->wanted, power_n_sets())) >= 0) {
    json_t *line = NULL;
    double took_s = 0;
    if (p->seconds > 0 && (double)(clock_mono_ns() - start_ns) * 1e-9 > p->seconds)
      break;
    if (stopped)
      return error_set(e, ST_INTERRUPTED, "interrupted; the same call goes on from here");
    s = race(p, (size_t)which, &took_s, &line, e);
    if (s) {
      json_decref(line);
      break;
    }
    p->done[which]++;
    p->ran[which]++;
    p->spent_s[which] += took_s;
    tell(p, (size_t)which, line, took_s);
    s = power_results_add(p->out, &p->results, line, e);
  }
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\n");
  return s;
}

static enum status open_all(struct power_run *p, struct error *e) {
  char folder[4096], file[4200];
  struct judge_progress progress = {.cancelled = is_stopped};
  enum status s = power_results_open(p->out, &p->results, e);
  p->here = describe(p);
  if (!s)
    s = power_results_fit(&p->results, p->here, e);
  for (size_t i = 0; i < power_n_sets(); i++)
    p->done[i] = power_results_count(&p->results, power_sets[i].name);
  if (!s)
    s = judge_twin_challenge(folder, sizeof folder, e);
  if (!s && file_join(file, sizeof file, folder, "entry.c"))
    s = error_set(e, ST_RANGE, "the path of the challenge is too long");
  if (!s)
    s = file_read(file, 1 << 20, &p->entry, e);
  if (!s)
    s = challenge_open(folder, &p->challenge, e);
  if (!s)
    s = judge_open(p->challenge, &progress, &p->judge, e);
  return s;
}

static void close_all(struct power_run *p) {
  judge_close(p->judge);
  challenge_close(p->challenge);
  buffer_fini(&p->entry);
  power_results_close(&p->results);
  json_decref(p->here);
}

/* "aa,slow-1" or "all"; ",N" and the like are refused by name. */
static int choose_sets(struct power_run *p, const char *list, long duels) {
  for (size_t i = 0; i < power_n_sets(); i++)
    p->wanted[i] = 0;
  for (const char *at = list; *at;) {
    size_t n = strcspn(at, ",");
    int found = 0;
    for (size_t i = 0; i < power_n_sets(); i++) {
      const char *name = power_sets[i].name;
      if ((n == 3 && strncmp(at, "all", 3) == 0) || (strlen(name) == n && strncmp(at, name, n) == 0)) {
        p->wanted[i] = duels > 0 ? (uint32_t)duels : power_sets[i].planned;
        found = 1;
      }
    }
    if (!found) {
      fprintf(stderr, "judge_power: no set is called \"%.*s\"; --list names them\n", (int)n, at);
      return -1;
    }
    at += n + (at[n] == ',');
  }
  return 0;
}

static void list_sets(void) {
  printf("%-18s %-7s %-10s %s\n", "set", "calls", "machine", "duels planned");
  for (size_t i = 0; i < power_n_sets(); i++)
    printf("%-18s %-7s %-10s %u\n", power_sets[i].name,
           strcmp(power_sets[i].shape, "bench1") == 0 ? "1 ms" : "5 ms",
           power_sets[i].load ? "disturbed" : "quiet", power_sets[i].planned);
}

/* The work of a call, and what is added to it. */
static void count_work(const struct challenge *c) {
  static const uint32_t extra[] = {2000, 5000, 10000, 20000, 50000};
  for (size_t s = 0; s < c->n_benchmarks; s++) {
    const int64_t *size = c->benchmark[s].sizes;
    long long updates = (long long)(size[0] * ((size[2] + 3) / 4));
    printf("%s: %lld row updates of %lld elements a call\n", c->benchmark[s].name, updates,
           (long long)size[1]);
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
      long long more = updates * extra[i] / 1000000;
      printf("  slow-%g: %lld more (%.4f %%)\n", extra[i] / 1e4, more,
             100.0 * (double)more / (double)updates);
    }
  }
}

static const char usage[] =
    "judge_power [--out FILE] [--sets A,B|all] [--duels N] [--seconds S] [--seed N] [--delta D]\n"
    "            [--budget S] [--report | --list | --count]\n"
    "  --out FILE   the file of duels (default power.jsonl): appended to; a second call goes on\n"
    "  --sets       which sets (default all; --list names them)\n"
    "  --duels N    duels of each chosen set instead of the planned number\n"
    "  --seconds S  stop after the duel that passes S seconds\n"
    "  --seed N     which twins are built (default 1); the judge's own seeds are the system's\n"
    "  --delta D    the margin (default 0.005); --budget S: seconds a duel at most (default 60)\n"
    "  --report     the tables, from the file; --count: what a slowdown of x % adds\n";

enum { OPT_OUT = 1, OPT_SETS, OPT_DUELS, OPT_SECONDS, OPT_SEED, OPT_DELTA, OPT_BUDGET };

static double number(const char *text, double low, double high) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= low && value <= high)) {
    fprintf(stderr, "judge_power: \"%s\" is not a number from %g to %g\n", text, low, high);
    return (double)NAN;
  }
  return value;
}

static int fail(const struct error *e) {
  char text[1200];
  error_format(e, text, sizeof text);
  fprintf(stderr, "judge_power: %s\n", text);
  return status_exit(e->status);
}

static int show_report(const char *path) {
  struct error e = {0};
  struct power_results r;
  enum status s = power_results_open(path, &r, &e);
  if (!s)
    power_report(&r);
  power_results_close(&r);
  return s ? fail(&e) : 0;
}

static int show_count(struct power_run *p) {
  struct error e = {0};
  char folder[4096];
  if (judge_twin_challenge(folder, sizeof folder, &e) || challenge_open(folder, &p->challenge, &e))
    return fail(&e);
  count_work(p->challenge);
  challenge_close(p->challenge);
  return 0;
}

int main(int argc, char **argv) {
  static int report, list, count;
  static const struct option options[] = {{"out", required_argument, NULL, OPT_OUT},
                                          {"sets", required_argument, NULL, OPT_SETS},
                                          {"duels", required_argument, NULL, OPT_DUELS},
                                          {"seconds", required_argument, NULL, OPT_SECONDS},
                                          {"seed", required_argument, NULL, OPT_SEED},
                                          {"delta", required_argument, NULL, OPT_DELTA},
                                          {"budget", required_argument, NULL, OPT_BUDGET},
                                          {"report", no_argument, &report, 1},
                                          {"list", no_argument, &list, 1},
                                          {"count", no_argument, &count, 1},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  struct power_run p = {
      .out = "power.jsonl", .delta = JUDGE_DELTA_DEFAULT, .alpha = 0.01, .duel_budget = 60, .seed = 1};
  const char *sets = "all";
  double duels = 0, seed = 1;
  for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
    if (c == 'h')
      return fputs(usage, stdout) < 0;
    if (c == '?')
      return fputs(usage, stderr) < 0 ? 2 : 2;
    p.out = c == OPT_OUT ? optarg : p.out;
    sets = c == OPT_SETS ? optarg : sets;
    duels = c == OPT_DUELS ? number(optarg, 1, 1e6) : duels;
    p.seconds = c == OPT_SECONDS ? number(optarg, 1, 1e7) : p.seconds;
    seed = c == OPT_SEED ? number(optarg, 0, 1e15) : seed;
    p.delta = c == OPT_DELTA ? number(optarg, 0, 0.5) : p.delta;
    p.duel_budget = c == OPT_BUDGET ? number(optarg, 0, 3600) : p.duel_budget;
  }
  if (isnan(duels) || isnan(p.seconds) || isnan(seed) || isnan(p.delta) || isnan(p.duel_budget))
    return 2;
  p.seed = (uint64_t)seed;
  if (report)
    return show_report(p.out);
  if (count)
    return show_count(&p);
  if (list) {
    list_sets();
    return 0;
  }
  if (optind != argc || choose_sets(&p, sets, (long)duels))
    return fputs(usage, stderr) < 0 ? 2 : 2;
  (void)signal(SIGINT, on_stop);
  (void)signal(SIGTERM, on_stop);
  struct error e = {0};
  buffer_init(&p.entry);
  enum status s = open_all(&p, &e);
  if (!s)
    s = run_sets(&p, &e);
  if (!s)
    power_report(&p.results);
  close_all(&p);
  return s ? fail(&e) : 0;
}

/* Room: bench. May use base, challenge and the public headers.
 *
 *   family_sweep [--sample N] [--seed S] [--jobs J] [--check SHAPES] CHALLENGE_DIR OUT.tsv
 *
 * A survey of a challenge's knob space: every valid setting (or a random sample) is compiled with the
 * challenge's own compile line, compared with the reference on the task's distribution and timed on
 * the benchmark shapes; one line of OUT.tsv each. Settings that are there already are skipped, so a
 * survey can be stopped and goes on. With --check it compares on as many random small shapes, with inputs
 * of every family, instead of timing: is every setting right? Times are the least of a few runs: good for a
 * landscape, not a verdict (that is the judge's, with its own processes, data and statistics). Entries are
 * ours here, so they run in a child process for the sake of crashes, without a sandbox.
 *
 * A problem's multiply-adds are taken to be the product of its sizes, as in a matrix product. */
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_machine.h"
#include "base/base_rng.h"
#include "challenge/challenge_file.h"
#include "challenge/challenge_helper.h"
#include "challenge/challenge_install.h"

enum { MAX_SHAPES = 128, MAX_KNOBS = 64, POISON = 0xA5, CHILD_LIMIT_S = 180, LINE_BYTES = 4096 };

/* One shape with its inputs and what must come of them: copies, as the helper keeps one case only. */
struct bench_shape {
  const struct challenge_shape *shape;
  struct challenge_plan *plan;
  uint8_t *inputs, *outputs;
  struct challenge_data want;
  double macs, incumbent_s;
};

struct sweep {
  struct challenge *c;
  struct bench_shape shape[MAX_SHAPES];
  size_t n_shapes;
  size_t check; /* random shapes to compare on; 0: time the benchmark shapes */
  char include[4096], work[4096];
  const char *out_path;
  uint32_t *setting; /* [n][n_knobs] */
  size_t n;
};

static int fail(const struct error *e) {
  char text[2048];
  error_format(e, text, sizeof text);
  fprintf(stderr, "family_sweep: %s\n", text);
  return status_exit(e->status);
}

/* ---- Compiling and calling an entry ---- */

/* Replaces the four names of a compile line inside one argument. */
static void fill_argument(struct buffer *b, const char *arg, const char *const value[4]) {
  static const char *const name[4] = {"{cc}", "{include}", "{source}", "{output}"};
  while (*arg) {
    int i = 0;
    while (i < 4 && strncmp(arg, name[i], strlen(name[i])) != 0)
      i++;
    if (i < 4) {
      buffer_text(b, value[i]);
      arg += strlen(name[i]);
    } else {
      buffer_add(b, arg++, 1);
    }
  }
}

static int compile_entry(const struct sweep *s, const char *source, const char *output) {
  const char *cc = getenv("CC");
  const char *const value[4] = {cc && *cc ? cc : "cc", s->include, source, output};
  char *argv[64] = {0};
  for (size_t i = 0; s->c->compile[i] && i < 63; i++) {
    struct buffer b;
    buffer_init(&b);
    fill_argument(&b, s->c->compile[i], value);
    argv[i] = buffer_take(&b);
  }
  pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[0], argv);
    _exit(127);
  }
  for (size_t i = 0; i < 63; i++)
    free(argv[i]);
  int state;
  return pid > 0 && waitpid(pid, &state, 0) == pid && WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

typedef int (*entry_run)(const sk_env *, const sk_call *);
typedef int64_t (*entry_workspace)(const sk_env *, const sk_call *);
typedef int (*entry_init)(const sk_env *);

struct entry {
  void *handle;
  entry_run run;
  entry_workspace workspace;
  void *memory;
  uint64_t memory_bytes;
};

/* Time of this thread on a core: a survey lasts hours, and others use the machine meanwhile. */
static double thread_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const sk_env env = {SK_ABI, SK_CPU, 1, 0, NULL};

static int entry_open(const char *path, struct entry *out) {
  memset(out, 0, sizeof *out);
  out->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!out->handle)
    return 0;
  void *run = dlsym(out->handle, "sk_entry_run"), *workspace = dlsym(out->handle, "sk_entry_workspace");
  void *init = dlsym(out->handle, "sk_entry_init");
  memcpy(&out->run, &run, sizeof run);
  memcpy(&out->workspace, &workspace, sizeof workspace);
  entry_init first = NULL;
  memcpy(&first, &init, sizeof init);
  return run && (!first || first(&env) == 0);
}

/* The call of one shape; the arrays behind it are freed by call_free. */
static sk_call call_create(const struct bench_shape *b, int with_data) {
  const struct challenge_plan *p = b->plan;
  size_t n_in = (size_t)p->n_problems * p->n_in, n_out = (size_t)p->n_problems * p->n_out;
  sk_problem *problem = calloc(p->n_problems, sizeof *problem);
  sk_tensor *tensor = calloc(n_in + n_out, sizeof *tensor);
  sk_call call = {problem, p->n_problems, p->n_sizes, p->n_in, p->n_out, NULL, 0};
  if (!problem || !tensor)
    abort();
  memcpy(tensor, p->in, n_in * sizeof *tensor);
  memcpy(tensor + n_in, p->out, n_out * sizeof *tensor);
  for (size_t i = 0; with_data && i < n_in; i++)
    tensor[i].data = b->inputs + p->in_offset[i];
  for (size_t i = 0; with_data && i < n_out; i++)
    tensor[n_in + i].data = b->outputs + p->out_offset[i];
  for (uint32_t g = 0; g < p->n_problems; g++)
    problem[g] = (sk_problem){p->sizes + (size_t)g * p->n_sizes, tensor + (size_t)g * p->n_in,
                              tensor + n_in + (size_t)g * p->n_out};
  return call;
}

static void call_free(sk_call *call) {
  sk_problem *problem = (sk_problem *)(uintptr_t)call->problem;
  free((sk_tensor *)(uintptr_t)problem[0].in);
  free(problem);
}

static int entry_prepare(struct entry *e, const struct bench_shape *b) {
  if (!e->workspace)
    return 1;
  sk_call call = call_create(b, 0);
  int64_t want = e->workspace(&env, &call);
  call_free(&call);
  if (want < 0)
    return 0;
  if ((uint64_t)want <= e->memory_bytes)
    return 1;
  free(e->memory);
  e->memory_bytes = ((uint64_t)want + 63) / 64 * 64;
  e->memory = aligned_alloc(64, e->memory_bytes);
  return e->memory != NULL;
}

/* Runs one shape for a while; *seconds is the least time of a call. 0: the entry refused. */
static int time_shape(struct entry *e, struct bench_shape *b, int most_calls, double *seconds) {
  if (!entry_prepare(e, b))
    return 0;
  sk_call call = call_create(b, 1);
  call.workspace = e->memory, call.workspace_bytes = e->memory_bytes;
  memset(b->outputs, POISON, b->plan->out_bytes);
  int64_t begin = clock_mono_ns();
  int good = 1;
  *seconds = INFINITY;
  for (int i = 0; good && i < most_calls && (i < 1 || clock_mono_ns() - begin < 150000000); i++) {
    double t0 = thread_seconds();
    good = e->run(&env, &call) == 0;
    *seconds = fmin(*seconds, thread_seconds() - t0);
  }
  call_free(&call);
  return good;
}

/* ---- Preparing ---- */

static void *copy_of(const void *from, size_t bytes) {
  void *to = malloc(bytes + 1);
  if (!to)
    abort();
  return memcpy(to, from, bytes);
}

/* Values and tolerances of one prepared call, with memory of their own. */
static struct challenge_data copy_reference(const struct challenge_plan *p, const struct challenge_data *d) {
  size_t n = (size_t)p->n_problems * p->n_out;
  const uint8_t **value = calloc(n, sizeof *value);
  const double **tolerance = calloc(n, sizeof *tolerance);
  if (!value || !tolerance)
    abort();
  for (size_t t = 0; t < n; t++) {
    size_t elem_bytes =
        d->numerics == SK_EXACT ? (size_t)p->out[t].stride[p->out[t].rank - 1] : sizeof(double);
    value[t] = copy_of(d->value[t], p->out_elems[t] * elem_bytes);
    if (d->numerics != SK_EXACT)
      tolerance[t] = copy_of(d->tolerance[t], p->out_elems[t] * sizeof(double));
  }
  return (struct challenge_data){NULL, d->numerics, value, tolerance};
}

static void free_reference(const struct challenge_plan *p, struct challenge_data *d) {
  for (size_t t = 0; d->value && t < (size_t)p->n_problems * p->n_out; t++) {
    free((void *)(uintptr_t)d->value[t]);
    free((void *)(uintptr_t)d->tolerance[t]);
  }
  free((void *)(uintptr_t)d->value);
  free((void *)(uintptr_t)d->tolerance);
}

static enum status prepare_shape(struct challenge_helper *h, const struct challenge_shape *shape,
                                 uint32_t family, struct bench_shape *b, struct error *e) {
  struct challenge_data data;
  b->shape = shape;
  enum status s = challenge_plan_create(h, shape, &b->plan, e);
  uint64_t seed = shape->seed;
  if (s == ST_OK)
    s = challenge_prepare(h, b->plan, family, &seed, 1, 1, &data, e);
  if (s != ST_OK)
    return s;
  b->inputs = aligned_alloc(4096, b->plan->in_bytes);
  b->outputs = aligned_alloc(4096, b->plan->out_bytes);
  if (!b->inputs || !b->outputs)
    return error_set(e, ST_MEMORY, "no memory for the shape %s", shape->name);
  memcpy(b->inputs, data.inputs, b->plan->in_bytes);
  b->want = copy_reference(b->plan, &data);
  for (uint32_t g = 0; g < b->plan->n_problems; g++) {
    double macs = 1.0;
    for (uint32_t i = 0; i < b->plan->n_sizes; i++)
      macs *= (double)b->plan->sizes[(size_t)g * b->plan->n_sizes + i];
    b->macs += macs;
  }
  return ST_OK;
}

/* A legal shape of one problem: sizes of 1 to 160 as a rule, some tiny, some past the passes that a family
 * makes; multiples of 16 as often as not. */
static struct challenge_shape random_shape(const struct challenge *c, struct rng *r) {
  int64_t *size = calloc(c->n_sizes, sizeof *size);
  struct challenge_shape shape = {"random", 0, NULL, 1, size, "a random shape", 1, 0};
  if (!size)
    abort();
  do
    for (size_t i = 0; i < c->n_sizes; i++) {
      static const uint64_t range[8] = {160, 160, 160, 160, 160, 8, 640, 2600};
      uint64_t most = range[rng_below(r, 8)];
      size[i] = 1 + (int64_t)rng_below(r, most);
      if (rng_below(r, 2))
        size[i] = (size[i] + 15) / 16 * 16;
    }
  while (!challenge_shape_legal(c, &shape, NULL));
  return shape;
}

/* What settings are compared and timed on; the incumbent must get it right. */
static enum status prepare(struct sweep *s, uint64_t seed, struct error *e) {
  char so[4200];
  struct entry incumbent;
  struct rng r;
  rng_init(&r, seed);
  snprintf(so, sizeof so, "%s/incumbent.so", s->work);
  if (!compile_entry(s, s->c->incumbent_path, so) || !entry_open(so, &incumbent))
    return error_set(e, ST_TOOL, "the incumbent %s cannot be compiled and loaded", s->c->incumbent_path);
  struct challenge_helper *h;
  enum status st = challenge_helper_open(s->c, &h, e);
  if (st != ST_OK)
    return st;
  size_t families = s->check ? challenge_family_count(h) : 1;
  size_t shapes = s->check ? s->check : s->c->n_benchmarks;
  struct challenge_shape *drawn = calloc(shapes, sizeof *drawn); /* kept: bench_shape points into it */
  for (size_t i = 0; drawn && i < shapes; i++)
    drawn[i] = s->check ? random_shape(s->c, &r) : s->c->benchmark[i];
  for (size_t i = 0; drawn && st == ST_OK && i < shapes * families && i < MAX_SHAPES; i++) {
    struct bench_shape *b = &s->shape[s->n_shapes++];
    struct challenge_mismatch wrong;
    st = prepare_shape(h, &drawn[i / families], (uint32_t)(i % families), b, e);
    if (st != ST_OK)
      break;
    if (!time_shape(&incumbent, b, s->check ? 1 : 12, &b->incumbent_s))
      st = error_set(e, ST_INPUT, "the incumbent refused %s", b->shape->text);
    challenge_compare(s->c, b->plan, &b->want, b->outputs, &wrong);
    if (st == ST_OK && wrong.wrong)
      st = error_set(e, ST_INPUT, "the incumbent is wrong: %s", wrong.text);
  }
  challenge_helper_close(h);
  return st;
}

/* All valid settings, by counting through the values of all knobs. */
static enum status list_settings(struct sweep *s, struct error *e) {
  const struct knob_space *k = s->c->knobs;
  uint32_t now[MAX_KNOBS] = {0};
  size_t room = 0;
  for (size_t digit = 0; digit < k->n_knobs;) {
    if (knob_check(s->c, now, NULL) == ST_OK) {
      if (s->n == room) {
        room = room ? 2 * room : 1024;
        uint32_t *more = realloc(s->setting, room * k->n_knobs * sizeof *more);
        if (!more)
          return error_set(e, ST_MEMORY, "no memory for the list of settings");
        s->setting = more;
      }
      memcpy(s->setting + s->n++ * k->n_knobs, now, k->n_knobs * sizeof *now);
    }
    for (digit = 0; digit < k->n_knobs && ++now[digit] == k->knob[digit].n_values; digit++)
      now[digit] = 0;
  }
  return s->n ? ST_OK : error_set(e, ST_INPUT, "no setting is valid on this machine");
}

static void shuffle(struct sweep *s, uint64_t seed) {
  size_t bytes = s->c->knobs->n_knobs * sizeof *s->setting;
  struct rng r;
  rng_init(&r, seed);
  for (size_t i = s->n; i > 1; i--) {
    uint32_t *a = s->setting + (i - 1) * s->c->knobs->n_knobs, swap[MAX_KNOBS];
    uint32_t *b = s->setting + rng_below(&r, i) * s->c->knobs->n_knobs;
    memcpy(swap, a, bytes), memcpy(a, b, bytes), memcpy(b, swap, bytes);
  }
}

/* ---- The estimate that stands for time ---- */

struct names {
  const struct sweep *s;
  const uint32_t *setting;
  const struct bench_shape *b;
};

static int name_value(void *context, const char *name, double *value) {
  const struct names *n = context;
  const struct knob_space *k = n->s->c->knobs;
  const struct challenge_plan *p = n->b->plan;
  for (size_t i = 0; i < k->n_knobs; i++)
    if (strcmp(k->knob[i].name, name) == 0)
      return *value = k->knob[i].number[n->setting[i]], 1;
  for (uint32_t i = 0; i < p->n_sizes; i++)
    if (strcmp(n->s->c->size_name[i], name) == 0) {
      *value = 0.0;
      for (uint32_t g = 0; g < p->n_problems; g++)
        *value += (double)p->sizes[(size_t)g * p->n_sizes + i] / p->n_problems;
      return 1;
    }
  if (strcmp(name, "groups") == 0)
    return *value = p->n_problems, 1;
  if (machine_fact(name, value))
    return 1;
  return *value = expr_word(name), 1; /* challenge_open has refused names that mean nothing */
}

/* Geometric mean over the shapes of cycles_per_kmac; NaN when it is not declared. */
static double estimate_cycles(const struct sweep *s, const uint32_t *setting) {
  const struct knob_space *k = s->c->knobs;
  for (size_t j = 0; j < k->n_estimates; j++) {
    if (strcmp(k->estimate[j].name, "cycles_per_kmac") != 0)
      continue;
    double sum = 0.0, value;
    for (size_t i = 0; i < s->n_shapes; i++) {
      struct names n = {s, setting, &s->shape[i]};
      if (expr_eval(k->estimate[j].expr, name_value, &n, &value, NULL) != ST_OK)
        return NAN;
      sum += log(value);
    }
    return exp(sum / (double)s->n_shapes);
  }
  return NAN;
}

/* ---- One setting, in a child process ---- */

static char *setting_text(const struct sweep *s, const uint32_t *setting) {
  json_t *object = knob_to_json(s->c, setting);
  char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
  json_decref(object);
  if (!text)
    abort();
  return text;
}

/* Appends one whole line: other children write to the same file. */
static void append_line(const struct sweep *s, const char *line) {
  int fd = open(s->out_path, O_WRONLY | O_APPEND | O_CLOEXEC);
  size_t bytes = strlen(line);
  if (fd < 0 || write(fd, line, bytes) != (ssize_t)bytes)
    perror(s->out_path);
  if (fd >= 0)
    close(fd);
}

/* "ok", or what went wrong; seconds[] of every shape when ok. */
static const char *measure(struct sweep *s, const uint32_t *setting, size_t number, double *seconds) {
  char source[4200], so[4200];
  struct buffer text;
  struct error e;
  struct entry entry;
  const char *result = "ok";
  snprintf(source, sizeof source, "%s/entry%zu.c", s->work, number);
  snprintf(so, sizeof so, "%s/entry%zu.so", s->work, number);
  buffer_init(&text);
  if (knob_entry_source(s->c, setting, &text, &e) != ST_OK ||
      file_write_atomic(source, text.data, text.bytes, &e) != ST_OK)
    result = "source";
  else if (!compile_entry(s, source, so))
    result = "compile";
  else if (!entry_open(so, &entry))
    result = "load";
  buffer_fini(&text);
  for (size_t i = 0; strcmp(result, "ok") == 0 && i < s->n_shapes; i++) {
    struct bench_shape *b = &s->shape[i];
    struct challenge_mismatch wrong;
    if (!time_shape(&entry, b, s->check ? 1 : 12, &seconds[i])) {
      result = "refused";
    } else {
      challenge_compare(s->c, b->plan, &b->want, b->outputs, &wrong);
      if (wrong.wrong)
        result = "wrong";
    }
  }
  unlink(source);
  unlink(so);
  return result;
}

static void child(struct sweep *s, const uint32_t *setting, size_t number) {
  alarm(CHILD_LIMIT_S);
  double seconds[MAX_SHAPES], sum = 0.0;
  const char *result = measure(s, setting, number, seconds);
  char *text = setting_text(s, setting), line[LINE_BYTES];
  int at = snprintf(line, sizeof line, "%s\t%s", text, result);
  if (strcmp(result, "ok") == 0) {
    for (size_t i = 0; i < s->n_shapes; i++)
      sum += log(seconds[i] * 1e6);
    at += snprintf(line + at, sizeof line - (size_t)at, "\t%.2f\t%.4f", exp(sum / (double)s->n_shapes),
                   estimate_cycles(s, setting));
    for (size_t i = 0; i < s->n_shapes; i++)
      at += snprintf(line + at, sizeof line - (size_t)at, "\t%.2f", seconds[i] * 1e6);
  }
  snprintf(line + at, sizeof line - (size_t)at, "\n");
  append_line(s, line);
  free(text);
}

/* ---- The file of results ---- */

struct row {
  char text[LINE_BYTES];
  double geomean_us, estimate, us[MAX_SHAPES];
};

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The settings that OUT.tsv has already, sorted; *n of them. */
static char **read_done(const struct sweep *s, size_t *n) {
  char **done = NULL, line[LINE_BYTES];
  *n = 0;
  FILE *f = fopen(s->out_path, "r");
  while (f && fgets(line, sizeof line, f)) {
    if (line[0] != '{')
      continue;
    line[strcspn(line, "\t\n")] = 0;
    done = realloc(done, (*n + 1) * sizeof *done);
    if (!done || !(done[*n] = strdup(line)))
      abort();
    (*n)++;
  }
  if (f)
    fclose(f);
  if (done)
    qsort(done, *n, sizeof *done, by_text);
  return done;
}

static int parse_row(const struct sweep *s, char *line, struct row *r) {
  char *rest = line, *field = strsep(&rest, "\t");
  snprintf(r->text, sizeof r->text, "%s", field);
  field = strsep(&rest, "\t\n");
  if (line[0] != '{' || !field || strcmp(field, "ok") != 0 || !rest)
    return 0;
  r->geomean_us = strtod(rest, &rest);
  r->estimate = strtod(rest, &rest);
  for (size_t i = 0; i < s->n_shapes; i++)
    r->us[i] = strtod(rest, &rest);
  return r->geomean_us > 0.0;
}

struct ranked {
  double key;
  double *rank;
};

static int by_key(const void *a, const void *b) {
  double x = ((const struct ranked *)a)->key, y = ((const struct ranked *)b)->key;
  return (x > y) - (x < y);
}

/* Ranks in place of values; equal values share the mean of their ranks. */
static void to_ranks(double *value, size_t n) {
  struct ranked *order = calloc(n, sizeof *order);
  if (!order)
    abort();
  for (size_t i = 0; i < n; i++)
    order[i] = (struct ranked){value[i], &value[i]};
  qsort(order, n, sizeof *order, by_key);
  for (size_t i = 0, j; i < n; i = j) {
    for (j = i; j < n && !(order[j].key > order[i].key); j++)
      ;
    for (size_t t = i; t < j; t++)
      *order[t].rank = 0.5 * (double)(i + j - 1);
  }
  free(order);
}

static double rank_correlation(double *x, double *y, size_t n) {
  double mean = 0.5 * ((double)n - 1.0), xy = 0.0, xx = 0.0, yy = 0.0;
  to_ranks(x, n);
  to_ranks(y, n);
  for (size_t i = 0; i < n; i++) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xy / sqrt(xx * yy);
}

static void summary(const struct sweep *s) {
  struct row best = {.geomean_us = INFINITY}, r;
  double *time = NULL, *estimate = NULL;
  size_t n = 0, failed = 0, slow = 0;
  char line[LINE_BYTES];
  FILE *f = fopen(s->out_path, "r");
  while (f && fgets(line, sizeof line, f)) {
    if (!parse_row(s, line, &r)) {
      failed += line[0] == '{';
      continue;
    }
    time = realloc(time, (n + 1) * sizeof *time);
    estimate = realloc(estimate, (n + 1) * sizeof *estimate);
    if (!time || !estimate)
      abort();
    time[n] = r.geomean_us, estimate[n] = r.estimate, n++;
    if (r.geomean_us < best.geomean_us)
      best = r;
  }
  if (f)
    fclose(f);
  for (size_t i = 0; i < n; i++)
    slow += time[i] > 1.15 * best.geomean_us;
  printf("settings measured\t%zu\nsettings that failed\t%zu\nvalid settings\t%zu\n", n, failed, s->n);
  if (n > 1) {
    double incumbent = 0.0;
    printf("best\t%s\nbest geomean us\t%.1f\nbest GMAC/s per shape", best.text, best.geomean_us);
    for (size_t i = 0; i < s->n_shapes; i++) {
      printf("\t%.1f", s->shape[i].macs / best.us[i] * 1e-3);
      incumbent += log(s->shape[i].incumbent_s * 1e6) / (double)s->n_shapes;
    }
    printf("\ntimes the incumbent\t%.1f\n", exp(incumbent) / best.geomean_us);
    printf("more than 15 %% slower\t%.1f %%\n", 100.0 * (double)slow / (double)n);
    printf("rank correlation of cycles_per_kmac\t%.3f\n", rank_correlation(estimate, time, n));
  }
  free(time);
  free(estimate);
}

/* ---- The loop ---- */

struct job {
  pid_t pid;
  size_t index;
};

/* Waits for one child; one that did not write its line gets one. Returns its place. */
static size_t reap(struct sweep *s, struct job *job, size_t jobs) {
  int state;
  pid_t pid = wait(&state);
  size_t i = 0;
  while (i < jobs && job[i].pid != pid)
    i++;
  if (i < jobs && !(WIFEXITED(state) && WEXITSTATUS(state) == 0)) {
    char *text = setting_text(s, s->setting + job[i].index * s->c->knobs->n_knobs), line[LINE_BYTES];
    snprintf(line, sizeof line, "%s\t%s\n", text,
             WIFSIGNALED(state) && WTERMSIG(state) == SIGALRM ? "slow" : "crash");
    append_line(s, line);
    free(text);
  }
  if (i < jobs)
    job[i].pid = 0;
  return i;
}

static void sweep_all(struct sweep *s, size_t limit, size_t jobs) {
  size_t n_done, running = 0, skipped = 0;
  char **done = read_done(s, &n_done);
  struct job *job = calloc(jobs, sizeof *job);
  if (!job)
    abort();
  fflush(stdout);
  for (size_t i = 0; i < limit; i++) {
    const uint32_t *setting = s->setting + i * s->c->knobs->n_knobs;
    char *text = setting_text(s, setting);
    int known = done && bsearch(&text, done, n_done, sizeof *done, by_text) != NULL;
    free(text);
    if (known) {
      skipped++;
      continue;
    }
    size_t slot = running < jobs ? 0 : reap(s, job, jobs);
    while (job[slot].pid)
      slot++;
    running += running < jobs;
    pid_t pid = fork();
    if (pid == 0) {
      child(s, setting, i);
      _exit(0);
    }
    job[slot] = (struct job){pid > 0 ? pid : 0, i};
    if (i % 10 == 0)
      fprintf(stderr, "family_sweep: %zu of %zu, %zu were there already\n", i, limit, skipped);
  }
  for (size_t i = 0; i < jobs; i++)
    if (job[i].pid > 0)
      (void)reap(s, job, jobs);
  for (size_t i = 0; i < n_done; i++)
    free(done[i]);
  free(done);
  free(job);
}

static enum status open_output(const struct sweep *s, struct error *e) {
  int fresh = !file_exists(s->out_path);
  FILE *f = fopen(s->out_path, "a");
  if (!f)
    return error_set(e, ST_IO, "cannot write %s", s->out_path);
  if (fresh) {
    fprintf(f, "setting\tresult\tgeomean_us\tcycles_per_kmac");
    for (size_t i = 0; i < s->n_shapes; i++)
      fprintf(f, "\t%s_us", s->shape[i].shape->name);
    fputc('\n', f);
  }
  return fclose(f) == 0 ? ST_OK : error_set(e, ST_IO, "cannot write %s", s->out_path);
}

static void sweep_close(struct sweep *s) {
  struct error e;
  for (size_t i = 0; i < s->n_shapes; i++) {
    if (s->shape[i].plan)
      free_reference(s->shape[i].plan, &s->shape[i].want);
    challenge_plan_free(s->shape[i].plan);
    free(s->shape[i].inputs);
    free(s->shape[i].outputs);
  }
  if (s->work[0] && file_remove_tree(s->work, &e) != ST_OK)
    (void)fail(&e);
  free(s->setting);
  challenge_close(s->c);
}

static enum status sweep_open(struct sweep *s, const char *dir, uint64_t seed, struct error *e) {
  const char *tmp = getenv("TMPDIR");
  snprintf(s->work, sizeof s->work, "%s/family_sweep.XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (!mkdtemp(s->work)) {
    s->work[0] = 0;
    return error_set(e, ST_IO, "cannot create a temporary folder");
  }
  enum status st = challenge_open(dir, &s->c, e);
  if (st == ST_OK && (!s->c->knobs || !s->c->incumbent_path || s->c->knobs->n_knobs > MAX_KNOBS))
    st = error_set(e, ST_INPUT, "%s has no knobs, no incumbent, or more than %d knobs", dir, MAX_KNOBS);
  if (st == ST_OK)
    st = challenge_install_path(CHALLENGE_INSTALL_INCLUDE, "sharktank/entry.h", s->include, sizeof s->include,
                                e);
  if (st == ST_OK)
    st = list_settings(s, e);
  if (st == ST_OK)
    st = prepare(s, seed, e);
  return st == ST_OK ? open_output(s, e) : st;
}

int main(int argc, char **argv) {
  struct sweep s = {0};
  struct error e = {0};
  size_t sample = 0, jobs = 1;
  uint64_t seed = 1;
  int i = 1;
  for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
    uint64_t value = strtoull(argv[i + 1], NULL, 10);
    if (strcmp(argv[i], "--sample") == 0)
      sample = value;
    else if (strcmp(argv[i], "--seed") == 0)
      seed = value;
    else if (strcmp(argv[i], "--check") == 0 && value >= 1 && value <= MAX_SHAPES)
      s.check = value;
    else if (strcmp(argv[i], "--jobs") == 0 && value >= 1 && value <= 256)
      jobs = value;
    else
      break;
  }
  if (argc - i != 2 || strncmp(argv[i], "--", 2) == 0) {
    fprintf(
        stderr,
        "usage: family_sweep [--sample N] [--seed S] [--jobs J] [--check SHAPES] CHALLENGE_DIR OUT.tsv\n");
    return 2;
  }
  s.out_path = argv[i + 1];
  enum status st = sweep_open(&s, argv[i], seed, &e);
  if (st == ST_OK) {
    shuffle(&s, seed);
    sweep_all(&s, sample && sample < s.n ? sample : s.n, jobs);
    summary(&s);
  }
  int code = st == ST_OK ? 0 : fail(&e);
  sweep_close(&s);
  return code;
}

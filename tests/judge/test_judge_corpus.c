/* Room: tests of the judge. May use judge and what it may use. Runs the acceptance corpus: every program of
 * corpus/cheats and corpus/honest is checked, and those that no verdict stops are raced.
 *
 * The first line of each says what it does and what must happen: the verdicts of check or duel that are
 * right, "no gain" (raced, it is not faster than the baseline), "pass" (nothing that it tries works). A
 * second line "open: WHY" in a comment names a hole that is known and not closed yet: it is listed and fails
 * nothing.
 *
 *   test_judge_corpus [NAME...]                            as ctest runs it: checks, and short duels
 *   test_judge_corpus --full [--seconds S] [--total S] [NAME...]   every survivor is raced against the
 *       baseline until the interval of its gain is inside +-0.15 % or S seconds are spent; Markdown
 */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_buffer.h"
#include "base/base_clock.h"
#include "base/base_file.h"
#include "judge/judge.h"
#include "judge/judge_eprocess.h"

#define FOLDER ST_TEST_DIR "/corpus"
/* What stands in an entry's place of these lines. */
static const struct {
  const char *line, *path;
} part[] = {
    {"#include \"../challenge/baseline.c\"\n", FOLDER "/challenge/baseline.c"},
    {"#include \"../parts/memories.c\"\n", FOLDER "/parts/memories.c"},
    {"#include \"../parts/small_integers.c\"\n", FOLDER "/parts/small_integers.c"},
    {"#include \"../../../../src/judge/judge_channel.h\"\n", ST_SOURCE_DIR "/src/judge/judge_channel.h"}};
enum { PARTS = sizeof part / sizeof part[0] };
static const char CHALLENGE_MARK[] = "@CHALLENGE@"; /* a path that an attack would know */

enum { MOST_D = 4000 };
static const double RESOLUTION = 0.0015, CONFIDENCE = 0.95;
/* A false "faster" of one short duel: it needs 17 wins of 17, each by more than half a percent. */
static const double SHORT_ALPHA = 1e-4;

struct entry {
  const char *path;
  char name[64], what[160], must[160], open[200], against[64];
  int honest;
};

struct outcome {
  char verdict[24], by[24], where[200];
  double d[MOST_D]; /* of the duels with the baseline; gain = exp(-d) - 1 */
  uint32_t n;
  double low, median, high, seconds, check_seconds;
};

struct corpus {
  struct challenge *challenge;
  struct judge *judge;
  struct buffer part[PARTS]; /* the texts that entries include, the baseline first */
  int full;
  double seconds, total; /* of one entry's duels; of the whole run, 0 = no limit */
  int64_t start_ns;
  uint32_t n, failed, open;
};

static int has_kind(const char *must, const char *kind) {
  size_t length = strlen(kind);
  for (const char *at = must; *at; at += strcspn(at, "|"), at += strspn(at, "| "))
    if (strncmp(at, kind, length) == 0 && (at[length] == 0 || strchr(" |", at[length])))
      return 1;
  return 0;
}

/* Copies what stands between two marks. 0 if they are there. */
static int cut(const char *text, const char *from, const char *to, char *out, size_t out_bytes) {
  const char *start = strstr(text, from);
  const char *end = start ? strstr(start + strlen(from), to) : NULL;
  if (!end)
    return -1;
  start += strlen(from);
  snprintf(out, out_bytes, "%.*s", (int)(end - start), start);
  return 0;
}

static int describe(const char *path, const char *text, struct entry *x) {
  char line[400];
  size_t used = 0;
  *x = (struct entry){.path = path};
  for (const char *end = strstr(text, "*/"); end && text + used < end + 2 && used + 1 < sizeof line; used++)
    line[used] = text[used];
  line[used] = 0;
  for (char *at; (at = strstr(line, "\n * ")) != NULL;) { /* what the formatter broke */
    *at = ' ';
    memmove(at + 1, at + 4, strlen(at + 4) + 1);
  }
  const char *slash = strrchr(path, '/') + 1;
  snprintf(x->name, sizeof x->name, "%.*s", (int)strcspn(slash, "."), slash);
  x->honest = strncmp(line, "/* honest: ", 11) == 0;
  (void)!cut(text, "\n/* open: ", " */", x->open, sizeof x->open);
  (void)!cut(text, "\n/* against: ", " */", x->against, sizeof x->against);
  return cut(line, x->honest ? "/* honest: " : "/* cheat: ", ". must: ", x->what, sizeof x->what) ||
         cut(line, ". must: ", " */", x->must, sizeof x->must);
}

static void add_replaced(struct buffer *out, const char *text, const char *mark, const char *value) {
  for (const char *at; (at = strstr(text, mark)) != NULL; text = at + strlen(mark)) {
    buffer_add(out, text, (size_t)(at - text));
    buffer_text(out, value);
  }
  buffer_text(out, text);
}

/* Every include of a part becomes the part's text. */
static void add_parts(const struct corpus *c, const char *text, struct buffer *out) {
  for (const char *end; *text; text = end) {
    int used = 0;
    end = text + strcspn(text, "\n");
    end += *end == '\n';
    for (size_t i = 0; i < PARTS && !used; i++) {
      if (strncmp(text, part[i].line, strlen(part[i].line)) == 0) {
        add_parts(c, buffer_str(&c->part[i]), out);
        used = 1;
      }
    }
    if (!used)
      buffer_add(out, text, (size_t)(end - text));
  }
}

/* The one file that is judged: the entry with its parts pasted in. */
static enum status load(const struct corpus *c, const char *path, struct buffer *out, struct entry *x,
                        struct error *e) {
  struct buffer raw, marked;
  buffer_init(&raw);
  buffer_init(&marked);
  buffer_init(out);
  enum status s = file_read(path, 1 << 20, &raw, e);
  if (!s && describe(path, buffer_str(&raw), x))
    s = error_set(e, ST_INPUT, "%s: the first line is not \"/* cheat: WHAT. must: VERDICTS */\"", path);
  if (!s) {
    add_replaced(&marked, buffer_str(&raw), CHALLENGE_MARK, FOLDER "/challenge");
    add_parts(c, buffer_str(&marked), out);
    if (buffer_failed(out) || buffer_failed(&marked))
      s = error_set(e, ST_MEMORY, "out of memory while reading %s", path);
  }
  buffer_fini(&raw);
  buffer_fini(&marked);
  return s;
}

static void take_verdict(const json_t *report, const char *by, struct outcome *o) {
  snprintf(o->verdict, sizeof o->verdict, "%s", json_str(report, "verdict", "?"));
  snprintf(o->where, sizeof o->where, "%s", json_str(report, "where", ""));
  snprintf(o->by, sizeof o->by, "%s", by);
}

static void add_pairs(const json_t *report, struct outcome *o) {
  const json_t *d = json_arr(report, "d");
  for (size_t i = 0; i < json_array_size(d) && o->n < MOST_D; i++)
    o->d[o->n++] = json_number_value(json_array_get(d, i));
  double low, high;
  eprocess_interval(o->d, o->n, CONFIDENCE, &low, &high);
  o->low = expm1(-high);
  o->high = expm1(-low);
  o->median = expm1(-eprocess_median(o->d, o->n));
}

static enum status duel_once(struct corpus *c, const struct buffer *a, const struct buffer *b, double alpha,
                             double budget_s, struct outcome *o, struct error *e) {
  struct judge_duel_options options;
  json_t *report = NULL;
  judge_duel_defaults(&options);
  options.alpha = alpha;
  options.budget_s = budget_s;
  enum status s = judge_duel(c->judge, a->data, a->bytes, b->data, b->bytes, &options, &report, e);
  if (!s) {
    take_verdict(report, "duel", o);
    add_pairs(report, o);
  }
  json_decref(report);
  return s;
}

static int raced(const char *verdict) {
  return has_kind("faster | slower | unresolved | mixed", verdict);
}

/* The pairs of several duels after one another are one longer sequence, and the interval holds wherever
 * one stops looking at it. */
static enum status duel_long(struct corpus *c, const struct buffer *a, const struct buffer *b, double seconds,
                             struct outcome *o, struct error *e) {
  int64_t start_ns = clock_mono_ns();
  enum status s = ST_OK;
  unsigned busy = 0;
  while (!s && o->n < MOST_D) {
    s = duel_once(c, a, b, 1e-3, 10, o, e);
    if (s == ST_BUSY && busy++ < 3)
      s = ST_OK;
    double spent_s = (double)(clock_mono_ns() - start_ns) * 1e-9;
    if (!raced(o->verdict) || spent_s > seconds)
      break;
    if (o->high <= RESOLUTION && (o->low >= -RESOLUTION || o->high < 0))
      break; /* no gain, as finely as was asked */
    if (o->low > RESOLUTION)
      break;
  }
  return s;
}

static enum status against(struct corpus *c, const struct entry *x, struct buffer *out, struct error *e) {
  struct entry other;
  char path[1024];
  if (!x->against[0]) {
    buffer_init(out);
    buffer_add(out, c->part[0].data, c->part[0].bytes);
    return ST_OK;
  }
  snprintf(path, sizeof path, FOLDER "/honest/%s", x->against);
  return load(c, path, out, &other, e);
}

static enum status judge_entry(struct corpus *c, const struct entry *x, const struct buffer *source,
                               struct outcome *o, struct error *e) {
  int64_t start_ns = clock_mono_ns();
  json_t *report = NULL;
  struct buffer a = {0};
  enum status s = judge_check(c->judge, source->data, source->bytes, &report, e);
  if (s)
    return s;
  take_verdict(report, "check", o);
  json_decref(report);
  o->check_seconds = (double)(clock_mono_ns() - start_ns) * 1e-9;
  int passed = strcmp(o->verdict, "pass") == 0;
  /* An honest entry's speed is its own affair, unless it says how it must end. A cheat that may pass is the
   * baseline with a break-in before it, which refuses to run if it got anywhere: nothing to race. */
  int needs_duel = has_kind(x->must, "no gain") || x->against[0] || !has_kind(x->must, "pass");
  if (passed && (needs_duel || (c->full && x->honest))) {
    s = against(c, x, &a, e);
    if (!s)
      s = c->full ? duel_long(c, &a, source, x->honest && x->against[0] ? 10 : c->seconds, o, e)
                  : duel_once(c, &a, source, x->against[0] ? 0.01 : SHORT_ALPHA, 0, o, e);
    buffer_fini(&a);
  }
  o->seconds = (double)(clock_mono_ns() - start_ns) * 1e-9;
  return s;
}

/* NULL: as it must be. */
static const char *complaint(const struct corpus *c, const struct entry *x, const struct outcome *o) {
  if (!raced(o->verdict)) {
    if (has_kind(x->must, o->verdict))
      return NULL;
    return x->honest ? "an honest entry was flagged" : "not the verdict that must be";
  }
  if (x->honest && !has_kind(x->must, "no gain"))
    return has_kind(x->must, "faster") && strcmp(o->verdict, "faster") != 0 ? "not found faster" : NULL;
  if (!has_kind(x->must, "no gain"))
    return "it was not caught";
  if (c->full)
    return o->low > RESOLUTION ? "it gains" : NULL;
  return strcmp(o->verdict, "faster") == 0 || strcmp(o->verdict, "mixed") == 0 ? "it gains" : NULL;
}

static void print_row(const struct corpus *c, const struct entry *x, const struct outcome *o,
                      const char *wrong) {
  char result[400];
  if (raced(o->verdict) && isfinite(o->low) && isfinite(o->high))
    snprintf(result, sizeof result, "gain %+.2f %% [%+.2f, %+.2f], %u pairs%s", 100 * o->median, 100 * o->low,
             100 * o->high, o->n,
             o->high <= RESOLUTION  ? ""
             : o->low <= RESOLUTION ? " (not resolved to 0.15 %)"
                                    : "");
  else if (raced(o->verdict))
    snprintf(result, sizeof result, "%s after %u pairs", o->verdict, o->n);
  else
    snprintf(result, sizeof result, "%s%s%s", o->verdict, o->where[0] ? ": " : "", o->where);
  for (char *at = result; *at; at++)
    *at = *at == '|' ? '/' : *at;
  char must[200];
  size_t used = 0;
  for (const char *from = x->must; *from && used + 5 < sizeof must; from++)
    used += (size_t)snprintf(must + used, sizeof must - used, *from == '|' ? "or" : "%c", *from);
  const char *mark = wrong ? (x->open[0] ? "KNOWN OPEN: " : "FAILED: ") : "";
  if (c->full)
    printf("| %s | %s | %s | %s | %s%s%s%s |\n", x->name, x->what, must, o->by, mark, wrong ? wrong : "",
           wrong ? "; " : "", result);
  else
    printf("%-6s %-30s must: %-32s %5.1f s  %s: %.110s%s%s%s%s\n", x->honest ? "honest" : "cheat", x->name,
           must, o->seconds, o->by, result, wrong ? "  <-- " : "", mark, wrong ? wrong : "",
           wrong && x->open[0] ? x->open : "");
  fflush(stdout);
}

static int wanted(const char *path, int n_names, char **names) {
  for (int i = 0; i < n_names; i++)
    if (strstr(path, names[i]))
      return 1;
  return n_names == 0;
}

static enum status run_folder(struct corpus *c, const char *pattern, int n_names, char **names,
                              struct error *e) {
  static struct outcome o;
  glob_t files;
  enum status s = ST_OK;
  if (glob(pattern, 0, NULL, &files))
    return error_set(e, ST_NOT_FOUND, "there is nothing like %s", pattern);
  for (size_t i = 0; i < files.gl_pathc && !s; i++) {
    const char *path = files.gl_pathv[i];
    double spent_s = (double)(clock_mono_ns() - c->start_ns) * 1e-9;
    if (!wanted(path, n_names, names) || (c->total > 0 && spent_s > c->total))
      continue;
    struct entry x;
    struct buffer source;
    o = (struct outcome){.low = NAN, .high = NAN};
    s = load(c, path, &source, &x, e);
    if (!s)
      s = judge_entry(c, &x, &source, &o, e);
    buffer_fini(&source);
    if (s)
      break;
    const char *wrong = complaint(c, &x, &o);
    print_row(c, &x, &o, wrong);
    c->n++;
    c->failed += wrong && !x.open[0];
    c->open += wrong && x.open[0];
  }
  globfree(&files);
  return s;
}

static enum status run(struct corpus *c, int n_names, char **names, struct error *e) {
  enum status s = ST_OK;
  for (size_t i = 0; i < PARTS && !s; i++)
    s = file_read(part[i].path, 1 << 20, &c->part[i], e);
  if (!s)
    s = challenge_open(FOLDER "/challenge", &c->challenge, e);
  if (!s)
    s = judge_open(c->challenge, NULL, &c->judge, e);
  if (s)
    return s;
  if (c->full)
    printf("| program | what it does | must | by | result |\n|---|---|---|---|---|\n");
  s = run_folder(c, FOLDER "/cheats/*.c", n_names, names, e);
  return s ? s : run_folder(c, FOLDER "/honest/*.c", n_names, names, e);
}

int main(int argc, char **argv) {
  struct corpus c = {.seconds = 60, .start_ns = clock_mono_ns()};
  struct error e = {0};
  int first = 1;
  for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
    if (strcmp(argv[first], "--full") == 0)
      c.full = 1;
    else if (strcmp(argv[first], "--seconds") == 0 && first + 1 < argc)
      c.seconds = atof(argv[++first]);
    else if (strcmp(argv[first], "--total") == 0 && first + 1 < argc)
      c.total = atof(argv[++first]);
    else
      return fprintf(stderr, "usage: test_judge_corpus [--full [--seconds S] [--total S]] [NAME...]\n"), 2;
  }
  for (size_t i = 0; i < PARTS; i++)
    buffer_init(&c.part[i]);
  enum status s = run(&c, argc - first, argv + first, &e);
  if (s)
    fprintf(stderr, "the corpus could not be run: %s: %s\n", status_name(s), e.text);
  printf("%s%u programs, %u not as they must be, %u known open, %.0f s\n", c.full ? "\n" : "", c.n, c.failed,
         c.open, (double)(clock_mono_ns() - c.start_ns) * 1e-9);
  judge_close(c.judge);
  challenge_close(c.challenge);
  for (size_t i = 0; i < PARTS; i++)
    buffer_fini(&c.part[i]);
  return s ? 3 : c.failed != 0 || c.n == 0;
}

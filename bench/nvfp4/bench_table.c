/* Room: bench. The tables on stdout. A column that nothing was measured for is left out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_nvfp4.h"

enum { CELL = 40, COLUMNS = 16, FIXED = 6 };

/* In the order of enum bench_ratio; the share of a peak that nobody can pass is printed in per cent. */
static const struct {
  const char *title;
  int percent, compute; /* compute: says nothing about a GEMV */
} column[BENCH_RATIOS] = {{"x bf16-dot", 0, 1}, {"% int8-dot", 1, 1}, {"x FMA-512", 0, 1},
                          {"x FMA-256", 0, 1},  {"% read", 1, 0},     {"x OpenBLAS", 0, 0},
                          {"x oneDNN", 0, 0},   {"x ggml", 0, 0},     {"x 1 thread", 0, 0}};

struct table {
  char (*cell)[COLUMNS][CELL];
  size_t rows, room;
};

static char (*new_row(struct table *t))[CELL] {
  if (t->rows == t->room) {
    size_t room = t->room ? 2 * t->room : 32;
    void *more = realloc(t->cell, room * sizeof *t->cell);
    if (!more)
      return NULL;
    t->cell = more;
    t->room = room;
  }
  memset(t->cell[t->rows], 0, sizeof *t->cell);
  return t->cell[t->rows++];
}

static void put_figure(char *out, struct bench_figure f, double scale, int digits) {
  if (isnan(f.median))
    return;
  if (isfinite(f.low) && isfinite(f.high))
    snprintf(out, CELL, "%.*f [%.*f, %.*f]", digits, f.median * scale, digits, f.low * scale, digits,
             f.high * scale);
  else
    snprintf(out, CELL, "%.*f", digits, f.median * scale);
}

static void put_ratio(char *out, struct bench_figure f, int which) {
  put_figure(out, f, column[which].percent ? 100.0 : 1.0,
             column[which].percent || fabs(f.median) >= 9.95 ? 1 : 2);
}

static void add_contender(struct table *t, const struct bench_race *r, const struct bench_contender *c) {
  char(*row)[CELL] = new_row(t);
  if (!row)
    return;
  struct bench_figure ms = bench_stats_ms(r, c);
  snprintf(row[0], CELL, "%s", r->shape->name);
  snprintf(row[1], CELL, "%s", c->kernel);
  snprintf(row[2], CELL, "%u", c->threads);
  put_figure(row[3], ms, 1.0, ms.median < 10 ? 3 : 2);
  snprintf(row[4], CELL, "%.1f", r->macs / ms.median * 1e-6);
  if (c->isa)
    snprintf(row[5], CELL, "%.2f", r->bytes / ms.median * 1e-6);
  for (int i = 0; i < BENCH_RATIOS; i++)
    if (!(column[i].compute && r->shape->problem == BENCH_GEMV))
      put_ratio(row[FIXED + i], bench_stats_ratio(r, c, (enum bench_ratio)i), i);
}

static void add_geomeans(struct table *t, struct bench_race *const *race, size_t n) {
  for (size_t j = 0; n > 1 && j < race[0]->n_contenders; j++) {
    const struct bench_contender *c = &race[0]->contender[j];
    char(*row)[CELL] = new_row(t);
    if (!row)
      return;
    snprintf(row[0], CELL, "geomean");
    snprintf(row[1], CELL, "%s", c->kernel);
    snprintf(row[2], CELL, "%u", c->threads);
    for (int i = 0; i < BENCH_RATIOS; i++)
      if (!(column[i].compute && race[0]->shape->problem == BENCH_GEMV))
        put_ratio(row[FIXED + i], bench_stats_geomean(race, n, c, (enum bench_ratio)i), i);
  }
}

/* The first row is the head; a column with nothing below it is not printed. */
static void print(const struct table *t) {
  size_t width[COLUMNS] = {0};
  for (size_t i = 1; i < t->rows; i++)
    for (size_t c = 0; c < COLUMNS; c++)
      width[c] = strlen(t->cell[i][c]) > width[c] ? strlen(t->cell[i][c]) : width[c];
  for (size_t i = 0; i < t->rows; i++) {
    for (size_t c = 0; c < COLUMNS; c++) {
      size_t head = strlen(t->cell[0][c]), w = width[c] > head ? width[c] : head;
      if (width[c])
        printf(c < 2 ? "%-*s  " : "%*s  ", (int)w, t->cell[i][c]);
    }
    putchar('\n');
  }
  putchar('\n');
}

static void start(struct table *t) {
  static const char *const fixed[FIXED] = {"shape", "kernel", "threads", "ms", "GMAC/s", "GB/s"};
  char(*row)[CELL] = new_row(t);
  for (int i = 0; row && i < FIXED; i++)
    snprintf(row[i], CELL, "%s", fixed[i]);
  for (int i = 0; row && i < BENCH_RATIOS; i++)
    snprintf(row[FIXED + i], CELL, "%s", column[i].title);
}

/* The peaks of a problem, each the median over rounds of its first shape. */
static void print_peaks(const struct bench_report *b, const struct bench_race *r) {
  for (size_t t = 0; t < b->options->n_threads; t++) {
    printf("peaks, %u thread%s:", b->options->threads[t], b->options->threads[t] == 1 ? "" : "s");
    for (int p = 0; p < BENCH_PEAKS; p++) {
      struct bench_figure f = bench_stats_peak(r, t, (enum bench_peak)p);
      char text[CELL] = "";
      put_figure(text, f, 1e-9, 1);
      if (text[0] && p == BENCH_READ)
        printf("  read %s GB/s (%s, loop %s)", text, r->shape->name, r->read_loop[t]);
      else if (text[0])
        printf("  %s %s", bench_peak_name[p], text);
    }
    printf("%s\n", r->shape->problem == BENCH_GEMV ? "" : "  GMAC/s");
  }
}

void bench_table_head(const struct bench_report *b) {
  const struct bench_options *o = b->options;
  printf("bench_nvfp4 %s: %d rounds, %s inputs, %s scales%s; medians with 95 %% intervals\n", ST_VERSION,
         o->rounds, o->wide ? "wide" : "the tasks' own",
         o->layout == NVFP4_SCALES_PLAIN ? "plain" : "blocked",
         o->cold ? ", caches emptied before each call" : "");
  for (int p = 0; p < BENCH_PEERS; p++)
    if (b->peer_text[p][0])
      printf("%s: %s\n", bench_peer_list[p]->name, b->peer_text[p]);
  putchar('\n');
}

void bench_table(const struct bench_report *b, size_t first, size_t count) {
  struct table t = {0};
  struct bench_race *const *race = b->race + first;
  printf("%s\n", bench_problem_name[race[0]->shape->problem]);
  for (size_t i = 0; i < count; i++)
    if (i == 0 || race[0]->shape->problem == BENCH_GEMV)
      print_peaks(b, race[i]);
  start(&t);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < race[i]->n_contenders; j++)
      add_contender(&t, race[i], &race[i]->contender[j]);
  add_geomeans(&t, race, count);
  print(&t);
  free(t.cell);
  fflush(stdout);
}

void bench_table_all(const struct bench_report *b) {
  struct bench_race *race[BENCH_MAX_SHAPES];
  size_t n = 0;
  int mixed = 0;
  for (size_t i = 0; i < b->n_races; i++)
    if (b->race[i]->shape->problem != BENCH_GEMV) {
      race[n++] = b->race[i];
      mixed |= race[0]->shape->problem != b->race[i]->shape->problem;
    }
  if (!mixed)
    return;
  struct table t = {0};
  printf("all GEMM problems: geometric means over %zu shapes\n", n);
  start(&t);
  add_geomeans(&t, race, n);
  print(&t);
  free(t.cell);
}

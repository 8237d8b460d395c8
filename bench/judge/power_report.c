/* Room: bench. The tables of docs/judge-evidence.md, from the file of duels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power.h"

struct column { /* of one set */
  uint32_t duels, faster, slower, other, busy;
  double dropped, pairs_all;
  double *pairs, *seconds, *speedup, *d;
  size_t n, n_d;
};

static int find(const struct power_results *r, const char *set, struct column *c) {
  size_t lines = json_array_size(r->lines), most_d = 0;
  for (size_t i = 0; i < lines; i++)
    most_d += json_array_size(json_arr(json_array_get(r->lines, i), "d"));
  memset(c, 0, sizeof *c);
  c->pairs = calloc(lines + 1, sizeof(double));
  c->seconds = calloc(lines + 1, sizeof(double));
  c->speedup = calloc(lines + 1, sizeof(double));
  c->d = calloc(most_d + 1, sizeof(double));
  if (!c->pairs || !c->seconds || !c->speedup || !c->d)
    return -1;
  for (size_t i = 0; i < lines; i++) {
    const json_t *line = json_array_get(r->lines, i), *d = json_arr(line, "d");
    const char *verdict = json_str(line, "verdict", "");
    if (strcmp(json_str(line, "set", ""), set) != 0)
      continue;
    c->duels++;
    c->faster += strcmp(verdict, "faster") == 0;
    c->slower += strcmp(verdict, "slower") == 0;
    c->busy += strcmp(verdict, "busy") == 0;
    c->dropped += json_num(line, "dropped", 0);
    c->pairs_all += json_num(line, "pairs", 0) + json_num(line, "dropped", 0);
    c->seconds[c->n] = json_num(line, "seconds", (double)NAN);
    if (strcmp(verdict, "busy") == 0)
      continue;
    c->pairs[c->n] = json_num(line, "pairs", (double)NAN);
    c->speedup[c->n++] = json_num(line, "speedup", (double)NAN);
    for (size_t k = 0; k < json_array_size(d); k++)
      c->d[c->n_d++] = json_number_value(json_array_get(d, k));
  }
  c->other = c->duels - c->faster - c->slower - c->busy;
  return 0;
}

static void drop(struct column *c) {
  free(c->pairs);
  free(c->seconds);
  free(c->speedup);
  free(c->d);
}

static double percent(double d) {
  return 100 * (exp(-d) - 1);
}

/* Found is "faster"; a duel that ended busy was asked and did not find it. */
static void print_set(const struct power_set *set, struct column *c) {
  double low, high;
  power_clopper_pearson(c->faster, c->duels, 0.95, &low, &high);
  double spread = 0.5 * (power_quantile(c->d, c->n_d, 0.84) - power_quantile(c->d, c->n_d, 0.16));
  printf("| %s | %s | %s | %u | %u | %.2f %% [%.2f, %.2f] | %u | %u | %.0f, %.0f | %.1f, %.1f | ", set->name,
         strcmp(set->shape, "bench1") == 0 ? "1 ms" : "5 ms", set->load ? "disturbed" : "quiet", c->duels,
         c->faster, 100.0 * c->faster / c->duels, 100 * low, 100 * high, c->slower, c->other,
         power_quantile(c->pairs, c->n, 0.5), power_quantile(c->pairs, c->n, 0.9),
         power_quantile(c->seconds, c->n, 0.5), power_quantile(c->seconds, c->n, 0.9));
  printf("%.2f [%.2f, %.2f] | %.3f | %.2f | %.1f of %.0f (%.1f %%) | %u |\n",
         100 * (power_quantile(c->speedup, c->n, 0.5) - 1), 100 * (power_quantile(c->speedup, c->n, 0.1) - 1),
         100 * (power_quantile(c->speedup, c->n, 0.9) - 1), percent(power_quantile(c->d, c->n_d, 0.5)),
         100 * spread, c->dropped, c->pairs_all, c->pairs_all > 0 ? 100 * c->dropped / c->pairs_all : 0,
         c->busy);
}

static void print_kinds(const struct power_results *r) {
  static const char *const kinds[] = {"same", "renamed", "order", "padded"};
  printf("\n| A/A duels, all sets, by kind | duels | \"faster\" | \"slower\" |\n|---|---|---|---|\n");
  for (size_t k = 0; k < 4; k++) {
    uint32_t n = 0, faster = 0, slower = 0;
    for (size_t i = 0; i < json_array_size(r->lines); i++) {
      const json_t *line = json_array_get(r->lines, i);
      if (json_int(line, "extra_per_million", 0) || strcmp(json_str(line, "kind", ""), kinds[k]) != 0)
        continue;
      n++;
      faster += strcmp(json_str(line, "verdict", ""), "faster") == 0;
      slower += strcmp(json_str(line, "verdict", ""), "slower") == 0;
    }
    printf("| %s | %u | %u | %u |\n", kinds[k], n, faster, slower);
  }
}

void power_report(const struct power_results *r) {
  size_t n = json_array_size(r->lines);
  if (n == 0) {
    printf("No duels yet.\n");
    return;
  }
  const json_t *first = json_array_get(r->lines, 0), *last = json_array_get(r->lines, n - 1);
  printf(
      "%zu duels, %s to %s; %s, %lld cores; judge %s; alpha %g, delta %g, %g s a duel at most; seed %lld.\n\n",
      n, json_str(first, "date", "?"), json_str(last, "date", "?"), json_str(first, "cpu", "?"),
      (long long)json_int(first, "cores", 0), json_str(first, "judge", "?"), json_num(first, "alpha", 0),
      json_num(first, "delta", 0), json_num(first, "duel_budget", 0), (long long)json_int(first, "seed", 0));
  printf("| set | calls of | machine | duels | \"faster\" | share, 95 %% Clopper-Pearson | \"slower\" | "
         "unresolved | pairs: median, 90 %% | seconds: median, 90 %% | difference found, %%: median of duels "
         "[10 %%, 90 %%] | median of all pairs, %% | spread of a pair's d, %% | dropped pairs | busy |\n"
         "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < power_n_sets(); i++) {
    struct column c;
    if (power_results_count(r, power_sets[i].name) == 0)
      continue;
    if (find(r, power_sets[i].name, &c) == 0)
      print_set(&power_sets[i], &c);
    drop(&c);
  }
  print_kinds(r);
}

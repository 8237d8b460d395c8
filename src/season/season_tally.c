/* Room: season. The `classic` tally: votes first, then the mean of weighted totals, then the ties. Pure. */
#include "season/season_tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "season/season_internal.h"
#include "season/season_rules.h"

#define MAX_PITCHES 24   /* two calls of at most twelve */
#define SAME        1e-9 /* means this near are tied: they come from sums of decimal fractions */

struct line { /* one pitch in the tally */
  const struct record_pitch *pitch;
  size_t order; /* among the round's pitches: earlier is smaller */
  int votes, scored, abstained, vetoed, strong;
  double mean, safety, ease, sd;
  json_t *totals; /* {shark: number}; owned */
};

struct count {
  struct line line[MAX_PITCHES];
  size_t n, ballots;
  struct season_rules rules;
};

static struct line *line_of(struct count *c, const char *id) {
  for (size_t i = 0; id != NULL && i < c->n; i++)
    if (strcmp(c->line[i].pitch->id, id) == 0)
      return &c->line[i];
  return NULL;
}

/* Vetoes first: a pitch that is out takes no votes. */
static void count_vetoes(const struct record_state *state, struct count *c, const struct record_act *a,
                         json_t *out) {
  size_t i;
  json_t *veto;
  json_array_foreach((json_t *)(uintptr_t)json_arr(json_obj(a->result, "ballot"), "veto"), i, veto) {
    const char *cites = json_str(veto, "cites", "");
    struct line *l = line_of(c, json_str(veto, "pitch", NULL));
    int valid = l != NULL && season_citation_resolves(state, cites);
    if (valid)
      l->vetoed = 1;
    json_t *one = json_object();
    json_put_str(one, "pitch", json_str(veto, "pitch", ""));
    json_put_str(one, "shark", a->who);
    json_put_str(one, "cites", cites);
    json_put_str(one, "reason", json_str(veto, "reason", ""));
    json_put_bool(one, "valid", valid);
    json_array_append_new(out, one);
  }
}

static void count_scores(struct count *c, const struct record_act *a) {
  const json_t *ballot = json_obj(a->result, "ballot");
  const json_t *abstain = json_arr(ballot, "abstain");
  for (size_t i = 0; i < c->n; i++) {
    struct line *l = &c->line[i];
    if (season_names_pitch(abstain, l->pitch->id)) {
      l->abstained++;
      continue;
    }
    const json_t *scores = json_obj(json_obj(ballot, "scores"), l->pitch->id);
    double total = 0;
    for (size_t k = 0; k < SEASON_CRITERIA; k++)
      total += c->rules.weight[k] * json_num(scores, season_criterion[k], 0);
    json_put_num(l->totals, a->who, total);
    l->scored++;
    l->mean += total;
    l->safety += json_num(scores, "safety", 0);
    l->ease += json_num(scores, "ease", 0);
    if (!(total < c->rules.weak_score))
      l->strong = 1;
  }
  struct line *voted = line_of(c, json_str(ballot, "vote", NULL));
  if (voted != NULL && !voted->vetoed)
    voted->votes++;
}

static void finish_means(struct count *c) {
  for (size_t i = 0; i < c->n; i++) {
    struct line *l = &c->line[i];
    double n = l->scored;
    if (l->scored == 0) {
      l->mean = l->safety = l->ease = l->sd = NAN;
      continue;
    }
    l->mean /= n;
    l->safety /= n;
    l->ease /= n;
    double sum = 0;
    const char *key;
    json_t *total;
    json_object_foreach(l->totals, key, total) sum += pow(json_real_value(total) - l->mean, 2);
    l->sd = sqrt(sum / n);
  }
}

/* The tie rules in their order; *rule names the one that decided. > 0: a is better. */
static int compare_tied(const struct line *a, const struct line *b, const char **rule) {
  const char *why;
  double d;
  if (fabs(a->safety - b->safety) > SAME)
    why = "tie: higher mean safety", d = a->safety - b->safety;
  else if (fabs(a->ease - b->ease) > SAME)
    why = "tie: higher mean ease", d = a->ease - b->ease;
  else if (fabs(a->sd - b->sd) > SAME)
    why = "tie: lower standard deviation", d = b->sd - a->sd;
  else
    why = "tie: the earlier pitch, nobody being there to decide", d = a->order < b->order ? 1 : -1;
  if (rule != NULL)
    *rule = why;
  return d > 0 ? 1 : -1;
}

/* Drops from a tie of three or more all that share the worst value of one column; leaves the tie
 * alone where all share it. */
static size_t drop_worst(struct line **tied, size_t n, int by_ease) {
  double worst = INFINITY, best = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    double v = by_ease ? tied[i]->ease : tied[i]->safety;
    if (v < worst)
      worst = v;
    if (v > best)
      best = v;
  }
  if (!(best - worst > SAME))
    return n;
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    if ((by_ease ? tied[i]->ease : tied[i]->safety) - worst > SAME)
      tied[kept++] = tied[i];
  return kept;
}

/* The best of the candidates by score; `without` is left out (for the runner-up). */
static struct line *best_by_score(struct count *c, const struct line *without, const char **rule) {
  struct line *tied[MAX_PITCHES];
  size_t n = 0;
  double top = -INFINITY;
  for (size_t i = 0; i < c->n; i++) {
    const struct line *l = &c->line[i];
    if (l != without && !l->vetoed && l->scored > 0 && l->mean > top)
      top = l->mean;
  }
  for (size_t i = 0; i < c->n; i++) {
    struct line *l = &c->line[i];
    if (l != without && !l->vetoed && l->scored > 0 && top - l->mean <= SAME)
      tied[n++] = l;
  }
  *rule = "score";
  if (n == 0)
    return NULL;
  const char *dropped = NULL;
  for (int by_ease = 0; by_ease < 2 && n >= 3; by_ease++) {
    size_t kept = drop_worst(tied, n, by_ease);
    if (kept < n)
      dropped = by_ease ? "tie of three or more: the hardest dropped"
                        : "tie of three or more: the riskiest dropped";
    n = kept;
  }
  struct line *best = tied[0];
  if (dropped != NULL)
    *rule = dropped;
  for (size_t i = 1; i < n; i++)
    if (compare_tied(tied[i], best, rule) > 0)
      best = tied[i];
  return best;
}

static struct line *majority(struct count *c) {
  for (size_t i = 0; i < c->n; i++)
    if (!c->line[i].vetoed && 2 * (size_t)c->line[i].votes > c->ballots)
      return &c->line[i];
  return NULL;
}

static json_t *table_of(struct count *c) {
  json_t *table = json_array();
  for (size_t i = 0; i < c->n; i++) {
    struct line *l = &c->line[i];
    json_t *one = json_object();
    json_put_str(one, "pitch", l->pitch->id);
    json_put_int(one, "votes", l->votes);
    json_put_num(one, "mean", l->mean);
    json_put_num(one, "safety", l->safety);
    json_put_num(one, "ease", l->ease);
    json_put_num(one, "sd", l->sd);
    json_object_set(one, "totals", l->totals);
    json_put_bool(one, "flagged", l->abstained > 1);
    json_put_bool(one, "vetoed", l->vetoed);
    json_array_append_new(table, one);
  }
  return table;
}

static void explain(const struct count *c, const struct line *winner, const char *rule, char *text,
                    size_t bytes) {
  if (winner == NULL) {
    snprintf(text, bytes, "%s", rule);
    return;
  }
  if (strcmp(rule, "majority") == 0)
    snprintf(text, bytes, "%s has %d of %zu votes, a strict majority (mean %.2f)", winner->pitch->id,
             winner->votes, c->ballots, winner->mean);
  else
    snprintf(text, bytes, "no strict majority of %zu votes; %s wins with a mean of %.2f (by %s)", c->ballots,
             winner->pitch->id, winner->mean, rule);
}

/* Why there is nothing to choose from, or NULL. */
static const char *hopeless(const struct record_round *round, const struct count *c, int64_t pitches_min) {
  size_t free_of_veto = 0;
  if ((int64_t)round->n_pitches < pitches_min)
    return "too few pitches were made";
  if (c->n == 0)
    return "all pitches were gated out";
  if (c->ballots == 0)
    return "no valid ballot was cast";
  for (size_t i = 0; i < c->n; i++)
    free_of_veto += !c->line[i].vetoed;
  return free_of_veto == 0 ? "every pitch was vetoed" : NULL;
}

static void count_all(const struct record_state *state, const struct record_round *round, struct count *c,
                      json_t *vetoes) {
  for (size_t i = 0; i < round->n_pitches && c->n < MAX_PITCHES; i++) {
    if (!round->pitch[i].passed)
      continue;
    c->line[c->n++] = (struct line){.pitch = &round->pitch[i], .order = i, .totals = json_object()};
  }
  const json_t *ids = json_arr(round->ballots_closed, "ids");
  size_t i;
  json_t *id;
  json_array_foreach((json_t *)(uintptr_t)ids, i, id) {
    const struct record_act *a = record_act_find(round, json_string_value(id));
    if (a != NULL)
      count_vetoes(state, c, a, vetoes);
  }
  json_array_foreach((json_t *)(uintptr_t)ids, i, id) {
    const struct record_act *a = record_act_find(round, json_string_value(id));
    if (a == NULL)
      continue;
    c->ballots++;
    count_scores(c, a);
  }
  finish_means(c);
}

json_t *season_tally(const struct record_state *state, const struct record_round *round) {
  struct count *c = calloc(1, sizeof *c);
  if (c == NULL)
    return NULL;
  json_t *data = json_object(), *vetoes = json_array();
  season_rules_of(state, &c->rules);
  count_all(state, round, c, vetoes);
  const char *rule = hopeless(round, c, c->rules.pitches_min), *runner_rule = NULL;
  struct line *winner = NULL, *runner_up = NULL;
  if (rule == NULL) {
    winner = majority(c);
    rule = "majority";
    if (winner == NULL)
      winner = best_by_score(c, NULL, &rule);
    if (winner == NULL)
      rule = "every shark abstained from every pitch";
    else
      runner_up = best_by_score(c, winner, &runner_rule);
  }
  int weak = c->n > 0 && c->ballots > 0;
  for (size_t i = 0; i < c->n; i++)
    weak = weak && !c->line[i].strong;
  char text[256];
  explain(c, winner, rule, text, sizeof text);
  json_put_int(data, "round", round->round);
  json_put_str(data, "winner", winner != NULL ? winner->pitch->id : NULL);
  json_put_str(data, "runner_up", runner_up != NULL ? runner_up->pitch->id : NULL);
  json_put_str(data, "rule", winner != NULL ? rule : "none");
  json_put_str(data, "text", text);
  json_put_bool(data, "weak", weak);
  json_put_int(data, "ballots", (int64_t)c->ballots);
  json_object_set_new(data, "vetoes", vetoes);
  json_object_set_new(data, "table", table_of(c));
  for (size_t i = 0; i < c->n; i++)
    json_decref(c->line[i].totals);
  free(c);
  return data;
}

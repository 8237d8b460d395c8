/* Room: season. Gates that compare a pitch's numbers with facts: the challenge's limits and rules, its
 * time-out, the roofline. Pure. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "season/season_internal.h"
#include "season/season_pitch.h"
#include "season/season_setting.h"

void season_reason(json_t *reasons, const char *gate, const char *fact, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  json_t *one = json_object();
  json_put_str(one, "gate", gate);
  json_put_str(one, "fact", fact);
  json_put_str(one, "text", text);
  json_array_append_new(reasons, one);
}

static int in_words(const json_t *words, const char *text) {
  size_t i;
  json_t *w;
  json_array_foreach((json_t *)(uintptr_t)words, i, w) {
    char word[64];
    season_value_text(w, word);
    if (strcmp(word, text) == 0)
      return 1;
  }
  return 0;
}

static void gate_limit(const json_t *limit, const json_t *claims, int needed, json_t *reasons) {
  const char *name = json_str(limit, "claim", ""), *why = json_str(limit, "why", "a limit of the task");
  const json_t *claim = json_object_get(claims, name);
  if (claim == NULL || json_is_null(claim)) {
    if (needed)
      season_reason(reasons, "limit", name, "the claim %.60s is missing, so its limit cannot be checked",
                    name);
    return;
  }
  const json_t *words = json_arr(limit, "one_of");
  char text[64];
  season_value_text(claim, text);
  if (json_array_size(words) > 0 && !in_words(words, text))
    season_reason(reasons, "limit", name, "%.60s = %s is not allowed: %.200s", name, text, why);
  double bound, value = json_number_value(claim);
  int numeric = json_has_num(limit, "min", &bound) || json_has_num(limit, "max", &bound) ||
                json_num(limit, "multiple", 0) > 0;
  if (!numeric)
    return;
  if (!json_is_number(claim)) {
    season_reason(reasons, "limit", name, "the claim %.60s must be a number, not \"%s\"", name, text);
    return;
  }
  if (json_has_num(limit, "min", &bound) && !(value >= bound))
    season_reason(reasons, "limit", name, "%.60s = %s is below the least, %g: %.200s", name, text, bound,
                  why);
  if (json_has_num(limit, "max", &bound) && !(value <= bound))
    season_reason(reasons, "limit", name, "%.60s = %s is above the most, %g: %.200s", name, text, bound, why);
  double multiple = json_num(limit, "multiple", 0);
  if (multiple > 0 && !(fabs(remainder(value, multiple)) <= 1e-9 * multiple))
    season_reason(reasons, "limit", name, "%.60s = %s is not a multiple of %g: %.200s", name, text, multiple,
                  why);
}

/* 1 if a limit or rule is tagged for a device that this season is not played on. */
static int other_device(const json_t *task, const json_t *object) {
  const char *here = json_str(task, "device", "cpu");
  return strcmp(json_str(object, "device", here), here) != 0;
}

/* A word that no source may contain, in the part of the pitch that says what will be written. */
static void gate_rule(const json_t *rule, const json_t *pitch, json_t *reasons) {
  const char *word = json_str(rule, "forbid_word", "");
  if (word[0] == '\0')
    return;
  if (strcasestr(json_str(pitch, "solution", ""), word) != NULL ||
      strcasestr(json_str(pitch, "title", ""), word) != NULL)
    season_reason(reasons, "rule", word, "a rule of the task forbids \"%.60s\": %.200s", word,
                  json_str(rule, "why", "no reason given"));
}

static void gate_timeout(const json_t *task, const json_t *claims, json_t *reasons) {
  double limit, first = json_num(claims, "first_call_s", 0), compile = json_num(claims, "compile_s", 0);
  if (!json_has_num(task, "test_timeout_s", &limit) || !(limit > 0))
    return;
  if (!(first + compile <= limit))
    season_reason(reasons, "timeout", "test_timeout_s",
                  "first_call_s + compile_s = %g s is beyond the task's time-out of %g s", first + compile,
                  limit);
}

void season_gate_limits(const struct record_state *state, const json_t *pitch, json_t *reasons) {
  const json_t *task = json_obj(state->started, "task"), *claims = json_obj(pitch, "claims");
  /* Research builds nothing, so it has nothing to claim; what it does claim is held to the limits. */
  int needed = !season_is_research(pitch) || json_is_object(json_object_get(pitch, "setting"));
  size_t i;
  json_t *one;
  json_array_foreach((json_t *)(uintptr_t)json_arr(task, "limits"), i, one) {
    if (!other_device(task, one))
      gate_limit(one, claims, needed, reasons);
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(task, "rules"), i, one) {
    if (!other_device(task, one))
      gate_rule(one, pitch, reasons);
  }
  gate_timeout(task, claims, reasons);
}

double season_roofline_s(const struct record_state *state, const char *shape) {
  size_t i;
  json_t *r;
  json_array_foreach((json_t *)(uintptr_t)json_arr(state->started, "rooflines"), i, r) {
    if (strcmp(json_str(r, "shape", ""), shape) == 0)
      return json_num(r, "seconds", NAN);
  }
  return NAN;
}

static const json_t *round_measure(const struct record_round *round) {
  char id[48];
  snprintf(id, sizeof id, "r%lld.measure", (long long)round->round);
  const struct record_act *a = record_act_find(round, id);
  return a != NULL ? json_arr(a->result, "shapes") : json_arr(NULL, "shapes");
}

double season_incumbent_s(const struct record_round *round, const char *shape) {
  size_t i;
  json_t *s;
  json_array_foreach((json_t *)(uintptr_t)round_measure(round), i, s) {
    if (strcmp(json_str(s, "shape", ""), shape) == 0)
      return json_num(s, "seconds", NAN);
  }
  return NAN;
}

void season_gate_roofline(const struct record_state *state, const struct record_round *round,
                          const json_t *pitch, json_t *reasons) {
  const json_t *predicted = json_obj(json_obj(pitch, "claims"), "predicted");
  const char *shape;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)predicted, shape, value) {
    double bound = season_roofline_s(state, shape), promised = json_number_value(value);
    if (!json_is_number(value) || isnan(bound))
      continue;
    if (!(promised >= bound * (1 - 1e-9)))
      season_reason(reasons, "roofline", shape,
                    "%g s is promised for %.60s, where the roofline allows no less than %g s", promised,
                    shape, bound);
  }
  double sum = 0;
  size_t n = 0, i;
  json_array_foreach((json_t *)(uintptr_t)round_measure(round), i, value) {
    double now = json_num(value, "seconds", NAN),
           bound = season_roofline_s(state, json_str(value, "shape", ""));
    if (!(now > 0) || !(bound > 0))
      continue;
    sum += log(now / bound);
    n++;
  }
  double q50 = json_num(json_obj(json_obj(pitch, "forecast"), "speedup"), "q50", NAN);
  double most = n > 0 ? exp(sum / (double)n) : NAN;
  if (n > 0 && q50 > most * (1 + 1e-9))
    season_reason(reasons, "roofline", "speedup",
                  "a speedup of %g is promised, where the roofline allows at most %.4g", q50, most);
}

/* Room: agent. The schema of answers (agent.h, docs/agent-protocol.md). Whatever an agent sends is
 * hostile until it passed here: types, ranges, lengths, order of quantiles, ids that exist. A part of a
 * pitch that is absent is not an error here: the season's gates name it and give the contestant another
 * chance. A part of the wrong type or out of range is. */
#include "agent/agent.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536, TITLE_MAX = 400, LIST_MAX = 64, CLAIMS_MAX = 256, SOURCE_MAX = 16 << 20 };

static int one_of(const char *word, const char *const *list) {
  for (; *list; list++)
    if (strcmp(word, *list) == 0)
      return 1;
  return 0;
}

/* Absent and null are the same: not said. */
static int absent(const json_t *value) {
  return !value || json_is_null(value);
}

static enum status check_text(const json_t *object, const char *path, const char *key, size_t most,
                              int required, struct error *e) {
  const json_t *value = json_object_get(object, key);
  if (absent(value) && !required)
    return ST_OK;
  if (!json_is_string(value))
    return error_set(e, ST_INPUT, "%s.%s must be text", path, key);
  size_t bytes = json_string_length(value);
  if (required && !bytes)
    return error_set(e, ST_INPUT, "%s.%s is empty", path, key);
  if (bytes > most)
    return error_set(e, ST_INPUT, "%s.%s has %zu bytes; at most %zu are read", path, key, bytes, most);
  return ST_OK;
}

static enum status check_word(const json_t *object, const char *path, const char *key,
                              const char *const *list, const char *wanted, struct error *e) {
  const json_t *value = json_object_get(object, key);
  if (absent(value))
    return ST_OK;
  if (!json_is_string(value) || !one_of(json_string_value(value), list))
    return error_set(e, ST_INPUT, "%s.%s must be %s", path, key, wanted);
  return ST_OK;
}

static enum status check_range(const json_t *object, const char *path, const char *key, double low,
                               double high, struct error *e) {
  double value;
  if (!json_has_num(object, key, &value))
    return error_set(e, ST_INPUT, "%s.%.60s must be a number", path, key);
  if (!(value >= low && value <= high))
    return error_set(e, ST_INPUT, "%s.%.60s is %g; it must lie between %g and %g", path, key, value, low,
                     high);
  return ST_OK;
}

static enum status check_forecast(const json_t *f, const char *path, struct error *e) {
  static const char *const chances[] = {"p_compiles", "p_correct", "p_faster"};
  static const char *const quantiles[] = {"q10", "q50", "q90"};
  if (!json_is_object(f))
    return error_set(e, ST_INPUT, "%s must be an object", path);
  for (size_t i = 0; i < 3; i++) {
    enum status st = check_range(f, path, chances[i], 0, 1, e);
    if (st != ST_OK)
      return st;
  }
  const json_t *speedup = json_object_get(f, "speedup");
  char inner[200];
  snprintf(inner, sizeof inner, "%.150s.speedup", path);
  if (!json_is_object(speedup))
    return error_set(e, ST_INPUT, "%s must be an object with q10, q50 and q90", inner);
  for (size_t i = 0; i < 3; i++) {
    enum status st = check_range(speedup, inner, quantiles[i], 1e-9, 1e9, e);
    if (st != ST_OK)
      return st;
    if (i && json_num(speedup, quantiles[i], 0) < json_num(speedup, quantiles[i - 1], 0))
      return error_set(e, ST_INPUT, "%s: %s is below %s; quantiles must not fall", inner, quantiles[i],
                       quantiles[i - 1]);
  }
  return ST_OK;
}

static enum status check_risks(const json_t *risks, struct error *e) {
  size_t i;
  json_t *risk;
  if (absent(risks))
    return ST_OK;
  if (!json_is_array(risks) || json_array_size(risks) > LIST_MAX)
    return error_set(e, ST_INPUT, "pitch.risks must be a list of at most %d {risk, mitigation}", LIST_MAX);
  json_array_foreach((json_t *)(uintptr_t)risks, i, risk) {
    char path[40];
    snprintf(path, sizeof path, "pitch.risks[%zu]", i);
    if (!json_is_object(risk))
      return error_set(e, ST_INPUT, "%s must be an object with risk and mitigation", path);
    enum status st = check_text(risk, path, "risk", TEXT_MAX, 0, e);
    if (st == ST_OK)
      st = check_text(risk, path, "mitigation", TEXT_MAX, 0, e);
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

/* Benchmarks of the task by name; a task that lists none (a test's) accepts every name. */
static int known_shape(const json_t *request, const char *shape) {
  const json_t *list = json_arr(json_obj(json_obj(request, "context"), "task"), "benchmarks"), *b;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i,
                     b) if (strcmp(json_str(b, "shape", ""), shape) == 0) return 1;
  return json_array_size(list) == 0;
}

static enum status check_predicted(const json_t *request, const json_t *predicted, struct error *e) {
  const char *shape;
  json_t *value;
  if (!json_is_object(predicted))
    return error_set(e, ST_INPUT, "pitch.claims.predicted must be an object of seconds per shape");
  json_object_foreach((json_t *)(uintptr_t)predicted, shape, value) {
    if (!known_shape(request, shape))
      return error_set(e, ST_INPUT,
                       "pitch.claims.predicted names shape \"%.60s\", which the task does not time", shape);
    if (!json_is_number(value) || !(json_number_value(value) > 0) || !isfinite(json_number_value(value)))
      return error_set(e, ST_INPUT, "pitch.claims.predicted.%.60s must be seconds above 0", shape);
  }
  return ST_OK;
}

static enum status check_claims(const json_t *request, const json_t *claims, struct error *e) {
  const char *name;
  json_t *value;
  if (absent(claims))
    return ST_OK;
  if (!json_is_object(claims) || json_object_size(claims) > CLAIMS_MAX)
    return error_set(e, ST_INPUT, "pitch.claims must be an object of at most %d claims", CLAIMS_MAX);
  json_object_foreach((json_t *)(uintptr_t)claims, name, value) {
    if (strcmp(name, "predicted") == 0) {
      enum status st = check_predicted(request, value, e);
      if (st != ST_OK)
        return st;
    } else if (!json_is_number(value) && !json_is_string(value) && !json_is_null(value)) {
      return error_set(e, ST_INPUT, "pitch.claims.%.60s must be a number or a word", name);
    }
  }
  return ST_OK;
}

/* One value of a setting against the knob's list; 64-bit integers and reals compare as numbers. */
static int knob_has(const json_t *knob, const json_t *value) {
  size_t i;
  const json_t *v;
  json_array_foreach((json_t *)(uintptr_t)json_arr(knob, "values"), i, v) {
    if (json_is_string(v) && json_is_string(value) &&
        strcmp(json_string_value(v), json_string_value(value)) == 0)
      return 1;
    if (json_is_number(v) && json_is_number(value) && !(json_number_value(v) < json_number_value(value)) &&
        !(json_number_value(v) > json_number_value(value)))
      return 1;
  }
  return 0;
}

static enum status check_setting(const json_t *request, const json_t *setting, const char *path,
                                 struct error *e) {
  const json_t *knobs = json_arr(json_obj(json_obj(json_obj(request, "context"), "task"), "knobs"), "knobs"),
               *knob;
  size_t i;
  const char *name;
  json_t *value;
  if (!json_is_object(setting))
    return error_set(e, ST_INPUT, "%s must be an object of knob values", path);
  if (!json_array_size(knobs))
    return error_set(e, ST_INPUT, "%s is given, but the task declares no knobs", path);
  json_array_foreach((json_t *)(uintptr_t)knobs, i, knob) {
    name = json_str(knob, "name", "");
    value = json_object_get(setting, name);
    if (!value)
      return error_set(e, ST_INPUT, "%s lacks knob %.60s", path, name);
    if (!knob_has(knob, value))
      return error_set(e, ST_INPUT, "%s.%.60s has a value that the knob does not have", path, name);
  }
  json_object_foreach((json_t *)(uintptr_t)setting, name, value) {
    int known = 0;
    json_array_foreach((json_t *)(uintptr_t)knobs, i, knob) known |=
        strcmp(json_str(knob, "name", ""), name) == 0;
    if (!known)
      return error_set(e, ST_INPUT, "%s names knob \"%.60s\", which the task does not declare", path, name);
  }
  return ST_OK;
}

static enum status check_pitch(const json_t *request, const json_t *pitch, struct error *e) {
  static const char *const kinds[] = {"optimisation", "research", "wild_card", "minimal_fix", NULL};
  static const char *const sizes[] = {"low", "medium", "high", NULL};
  static const char *const texts[] = {"problem",  "solution",   "impact",  "evidence",
                                      "rollback", "refuted_by", "analysis"};
  if (!json_is_object(pitch))
    return error_set(e, ST_INPUT, "the answer must be {\"pitch\": {...}}");
  enum status st = check_text(pitch, "pitch", "title", TITLE_MAX, 1, e);
  if (st == ST_OK)
    st = check_word(pitch, "pitch", "kind", kinds, "optimisation, research, wild_card or minimal_fix", e);
  if (st == ST_OK)
    st = check_word(pitch, "pitch", "complexity", sizes, "low, medium or high", e);
  for (size_t i = 0; st == ST_OK && i < sizeof texts / sizeof *texts; i++)
    st = check_text(pitch, "pitch", texts[i], TEXT_MAX, 0, e);
  if (st == ST_OK)
    st = check_risks(json_object_get(pitch, "risks"), e);
  if (st == ST_OK)
    st = check_claims(request, json_object_get(pitch, "claims"), e);
  if (st == ST_OK && !absent(json_object_get(pitch, "forecast")))
    st = check_forecast(json_object_get(pitch, "forecast"), "pitch.forecast", e);
  if (st == ST_OK && !absent(json_object_get(pitch, "setting")))
    st = check_setting(request, json_object_get(pitch, "setting"), "pitch.setting", e);
  return st;
}

static int known_pitch(const json_t *request, const char *id) {
  const json_t *p;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(request, "pitches"), i,
                     p) if (id && strcmp(json_str(p, "id", ""), id) == 0) return 1;
  return 0;
}

static enum status check_scores(const json_t *request, const json_t *scores, struct error *e) {
  static const char *const criteria[] = {"speedup", "ease", "safety", "quality"};
  const char *id;
  json_t *one;
  if (!json_is_object(scores))
    return error_set(e, ST_INPUT, "ballot.scores must be an object of scores per pitch");
  json_object_foreach((json_t *)(uintptr_t)scores, id, one) {
    char path[100];
    snprintf(path, sizeof path, "ballot.scores.%.60s", id);
    if (!known_pitch(request, id))
      return error_set(e, ST_INPUT, "%s: there is no such pitch on this ballot", path);
    if (!json_is_object(one))
      return error_set(e, ST_INPUT, "%s must be an object of four scores", path);
    for (size_t i = 0; i < 4; i++) {
      enum status st = check_range(one, path, criteria[i], 0, 10, e);
      if (st != ST_OK)
        return st;
    }
  }
  return ST_OK;
}

/* A list of {pitch, reason, ...}: abstentions and vetoes. */
static enum status check_named(const json_t *request, const json_t *list, const char *path, size_t most,
                               int cites, struct error *e) {
  size_t i;
  json_t *one;
  if (absent(list))
    return ST_OK;
  if (!json_is_array(list) || json_array_size(list) > most)
    return error_set(e, ST_INPUT, "%s must be a list of at most %zu", path, most);
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    if (!known_pitch(request, json_str(one, "pitch", NULL)))
      return error_set(e, ST_INPUT, "%s[%zu].pitch names no pitch on this ballot", path, i);
    enum status st = check_text(one, path, "reason", TEXT_MAX, 1, e);
    if (st == ST_OK && cites)
      st = check_text(one, path, "cites", TITLE_MAX, 1, e);
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

static int listed(const json_t *list, const char *id) {
  size_t i;
  const json_t *one;
  json_array_foreach((json_t *)(uintptr_t)list, i,
                     one) if (strcmp(json_str(one, "pitch", ""), id) == 0) return 1;
  return 0;
}

/* Every pitch not abstained from has scores; the vote is one of them, or null when none is left. */
static enum status check_vote(const json_t *request, const json_t *ballot, struct error *e) {
  const json_t *p, *vote = json_object_get(ballot, "vote"), *abstain = json_arr(ballot, "abstain");
  size_t i, open = 0;
  json_array_foreach((json_t *)(uintptr_t)json_arr(request, "pitches"), i, p) {
    const char *id = json_str(p, "id", "");
    if (listed(abstain, id))
      continue;
    open += !listed(json_arr(ballot, "veto"), id);
    if (!json_object_get(json_object_get(ballot, "scores"), id))
      return error_set(e, ST_INPUT, "ballot.scores lacks pitch %.60s, and the shark does not abstain from it",
                       id);
  }
  if (absent(vote) && !open)
    return ST_OK;
  if (!json_is_string(vote) || !known_pitch(request, json_string_value(vote)))
    return error_set(e, ST_INPUT, "ballot.vote must be the id of a pitch on this ballot");
  if (listed(abstain, json_string_value(vote)))
    return error_set(e, ST_INPUT, "ballot.vote names a pitch that the shark abstains from");
  return ST_OK;
}

static enum status check_ballot(const json_t *request, const json_t *ballot, struct error *e) {
  const char *id;
  json_t *one;
  size_t i;
  if (!json_is_object(ballot))
    return error_set(e, ST_INPUT, "the answer must be {\"ballot\": {...}}");
  enum status st = check_scores(request, json_object_get(ballot, "scores"), e);
  if (st == ST_OK)
    st = check_text(ballot, "ballot", "reasoning", TEXT_MAX, 1, e);
  if (st == ST_OK)
    st = check_named(request, json_object_get(ballot, "abstain"), "ballot.abstain", 1, 0, e);
  if (st == ST_OK)
    st = check_named(request, json_object_get(ballot, "veto"), "ballot.veto", LIST_MAX, 1, e);
  if (st == ST_OK)
    st = check_vote(request, ballot, e);
  const json_t *concerns = json_object_get(ballot, "concerns"),
               *forecasts = json_object_get(ballot, "forecasts");
  if (st == ST_OK && !absent(concerns) && (!json_is_array(concerns) || json_array_size(concerns) > LIST_MAX))
    return error_set(e, ST_INPUT, "ballot.concerns must be a list of at most %d texts", LIST_MAX);
  json_array_foreach(
      (json_t *)(uintptr_t)json_arr(ballot, "concerns"), i,
      one) if (st == ST_OK &&
               (!json_is_string(one) ||
                json_string_length(one) > TEXT_MAX)) return error_set(e, ST_INPUT,
                                                                      "ballot.concerns[%zu] must be text", i);
  if (st == ST_OK && !absent(forecasts) && !json_is_object(forecasts))
    return error_set(e, ST_INPUT, "ballot.forecasts must be an object of forecasts per pitch");
  json_object_foreach((json_t *)(uintptr_t)json_obj(ballot, "forecasts"), id, one) {
    char path[100];
    snprintf(path, sizeof path, "ballot.forecasts.%.60s", id);
    if (st == ST_OK && !known_pitch(request, id))
      return error_set(e, ST_INPUT, "%s: there is no such pitch on this ballot", path);
    if (st == ST_OK)
      st = check_forecast(one, path, e);
  }
  return st;
}

static enum status check_entry(const json_t *request, const json_t *entry, struct error *e) {
  if (!json_is_object(entry))
    return error_set(e, ST_INPUT, "the answer must be {\"entry\": {...}}");
  const json_t *setting = json_object_get(entry, "setting"), *source = json_object_get(entry, "source");
  if (absent(setting) == absent(source))
    return error_set(e, ST_INPUT, "the entry must have either a setting or a source");
  if (!absent(setting))
    return check_setting(request, setting, "entry.setting", e);
  return check_text(entry, "entry", "source", SOURCE_MAX, 1, e);
}

enum status agent_answer_check(const json_t *request, const json_t *answer, struct error *e) {
  const char *ask = json_str(request, "ask", "");
  if (!json_is_object(answer))
    return error_set(e, ST_INPUT, "the answer must be a JSON object");
  if (strcmp(ask, "pitch") == 0)
    return check_pitch(request, json_object_get(answer, "pitch"), e);
  if (strcmp(ask, "ballot") == 0)
    return check_ballot(request, json_object_get(answer, "ballot"), e);
  if (strcmp(ask, "entry") == 0)
    return check_entry(request, json_object_get(answer, "entry"), e);
  return error_set(e, ST_INPUT, "the request asks for \"%.60s\"; known are pitch, ballot and entry", ask);
}

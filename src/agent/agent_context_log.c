/* Room: agent. May use base. The part of a context that the season has found: learnings with their evidence,
 * what was refuted, measurements, history, records. No author's name is written here (agent_prompt.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_context.h"

enum { BEST_KEPT = 12, ROUNDS_KEPT = 2 };

static int in_force(const json_t *learning) {
  return strcmp(json_str(learning, "state", "in_force"), "in_force") == 0;
}

static void put_evidence(const json_t *learning, struct buffer *b) {
  const json_t *list = json_arr(learning, "evidence"), *one;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    buffer_text(b, i ? ", " : "; evidence: ");
    if (json_is_integer(one))
      buffer_printf(b, "event %lld", (long long)json_integer_value(one));
    else
      agent_text_value(one, b);
  }
}

static void put_scope(const json_t *learning, struct buffer *b) {
  const json_t *scope = json_obj(learning, "scope"), *shape;
  size_t i;
  if (*json_str(scope, "device", ""))
    buffer_printf(b, "; on %s", json_str(scope, "device", ""));
  json_array_foreach((json_t *)(uintptr_t)json_arr(scope, "shapes"), i, shape) {
    buffer_printf(b, "%s%s", i ? ", " : "; shapes ",
                  json_string_value(shape) ? json_string_value(shape) : "?");
  }
}

static void learnings(struct agent_outline *o) {
  const json_t *l;
  struct buffer b;
  size_t i;
  buffer_init(&b);
  buffer_text(&b, "## Learnings\nA pitch that repeats what one in force speaks against is gated.\n");
  agent_outline_section(o, "learnings", "None so far.", &b);
  json_array_foreach((json_t *)(uintptr_t)json_arr(o->context, "learnings"), i, l) {
    buffer_printf(&b, "- %s (round %lld, %s", json_str(l, "id", "?"), (long long)json_int(l, "round", 0),
                  in_force(l) ? "in force" : json_str(l, "state", "?"));
    if (*json_str(l, "contradicted_by", ""))
      buffer_printf(&b, " by %s", json_str(l, "contradicted_by", ""));
    buffer_text(&b, "): ");
    agent_text_cell(&o->names, json_str(l, "claim", ""), &b);
    put_scope(l, &b);
    put_evidence(l, &b);
    buffer_text(&b, "\n");
    agent_outline_item(o, in_force(l) ? AGENT_DROP_LEARNING : AGENT_DROP_CONTRADICTED, (double)i, &b);
  }
}

static void refuted(struct agent_outline *o) {
  const json_t *r;
  struct buffer b;
  size_t i;
  buffer_init(&b);
  buffer_text(&b, "## Refuted\n");
  agent_outline_section(o, "refuted ideas", "Nothing so far.", &b);
  json_array_foreach((json_t *)(uintptr_t)json_arr(o->context, "refuted"), i, r) {
    buffer_printf(&b, "- by %s: ", json_str(r, "by", "?"));
    if (json_is_object(json_object_get(r, "change")))
      agent_text_change(json_object_get(r, "change"), &b);
    else if (json_is_object(json_object_get(r, "setting")))
      agent_text_setting(json_object_get(r, "setting"), &b);
    else
      agent_text_cell(&o->names, json_str(r, "title", ""), &b);
    if (*json_str(r, "text", "")) {
      buffer_text(&b, ": ");
      agent_text_cell(&o->names, json_str(r, "text", ""), &b);
    }
    buffer_text(&b, "\n");
    agent_outline_item(o, AGENT_DROP_REFUTED, (double)i, &b);
  }
}

/* How many measurements are faster than this one: its rank, 0 for the best. One that has no time has none. */
static size_t rank(const json_t *list, double time) {
  const json_t *m;
  size_t i, n = 0;
  json_array_foreach((json_t *)(uintptr_t)list, i, m) {
    double other;
    n += json_has_num(m, "relative_time", &other) && other < time;
  }
  return n;
}

static void put_per_shape(const json_t *m, struct buffer *b) {
  const json_t *s;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(m, "shapes"), i, s) {
    buffer_printf(b, "%s%s ", i ? ", " : "", json_str(s, "shape", "?"));
    agent_text_number(s, "relative_time", b);
  }
}

static void put_measurement(const json_t *m, struct buffer *b) {
  double low, high;
  buffer_printf(b, "| %lld | %.8s | ", (long long)json_int(m, "round", 0), json_str(m, "blob", "?"));
  agent_text_number(m, "relative_time", b);
  if (json_has_num(m, "low", &low) && json_has_num(m, "high", &high))
    buffer_printf(b, " [%.4g, %.4g]", low, high);
  buffer_printf(b, " | %s | ", json_str(m, "verdict", "?"));
  put_per_shape(m, b);
  buffer_text(b, " | ");
  agent_text_setting(json_object_get(m, "setting"), b);
  buffer_text(b, " |\n");
}

/* The slowest go first; failures come before the best ones, the oldest first. */
static void measurements(struct agent_outline *o) {
  const json_t *list = json_arr(o->context, "measurements"), *m;
  struct buffer b;
  size_t i;
  buffer_init(&b);
  buffer_text(
      &b,
      "## Measurements\nTime over the time of the first incumbent; smaller is faster. ? was not measured.\n\n"
      "| round | blob | relative time [interval] | verdict | per shape | setting |\n"
      "|---|---|---|---|---|---|\n");
  agent_outline_section(o, "measurements", "None so far.", &b);
  json_array_foreach((json_t *)(uintptr_t)list, i, m) {
    double time, key = (double)i;
    int known = json_has_num(m, "relative_time", &time), best = known && rank(list, time) < BEST_KEPT;
    if (known)
      key = -time - 1;
    put_measurement(m, &b);
    agent_outline_item(o, best ? AGENT_DROP_MEASUREMENT : AGENT_DROP_SLOW_MEASUREMENT, key, &b);
  }
}

static void put_history(const struct agent_outline *o, const json_t *h, struct buffer *b) {
  const json_t *forecast = json_obj(h, "forecast");
  buffer_printf(b, "| %lld | %s | ", (long long)json_int(h, "round", 0), json_str(h, "pitch", "?"));
  agent_text_cell(&o->names, json_str(h, "title", ""), b);
  buffer_printf(b, " | %s | ", json_str(h, "kind", "?"));
  if (json_is_object(json_object_get(h, "change")))
    agent_text_change(json_object_get(h, "change"), b);
  else
    agent_text_setting(json_object_get(h, "setting"), b);
  buffer_text(b, " | ");
  agent_text_number(forecast, "p_faster", b);
  buffer_text(b, ", ");
  agent_text_number(json_obj(forecast, "speedup"), "q50", b);
  const char *outcome = json_str(h, "outcome", "");
  buffer_printf(b, " | %s%s%s | ", outcome, *outcome ? " " : "", json_str(h, "outcome_kind", ""));
  agent_text_number(h, "speedup", b);
  buffer_text(b, " |\n");
}

static void history(struct agent_outline *o) {
  const json_t *list = json_arr(o->context, "history"), *h;
  int64_t last = 0;
  struct buffer b;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i, h) {
    last = json_int(h, "round", 0) > last ? json_int(h, "round", 0) : last;
  }
  buffer_init(&b);
  buffer_text(
      &b,
      "## History\nWhat was pitched before, with the forecast (P(faster), median speedup) and what came of it.\n\n"
      "| round | pitch | title | kind | change or setting | forecast | outcome | speedup |\n"
      "|---|---|---|---|---|---|---|---|\n");
  agent_outline_section(o, "pitches of the history", "None so far.", &b);
  json_array_foreach((json_t *)(uintptr_t)list, i, h) {
    int64_t round = json_int(h, "round", 0);
    put_history(o, h, &b);
    agent_outline_item(o, round + ROUNDS_KEPT > last ? AGENT_DROP_HISTORY : AGENT_DROP_OLD_HISTORY,
                       (double)round, &b);
  }
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_record(const json_t *r, struct buffer *b) {
  static const char *const key[] = {"forecasts", "brier",     "pinball", "pitches",
                                    "funded",    "successes", "ballots", "void_vetoes"};
  buffer_printf(b, "- a %s:", json_str(r, "role", "contestant"));
  for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
    const json_t *v = json_object_get(r, key[i]);
    if (!v || json_is_null(v))
      continue;
    buffer_printf(b, " %s ", key[i]);
    agent_text_value(v, b);
  }
  buffer_text(b, "\n");
}

/* Without names, and in the order of the texts: the order of names could give them away. */
static void records(struct agent_outline *o) {
  const json_t *all = json_obj(o->context, "records");
  size_t n, made = 0;
  struct buffer b;
  buffer_init(&b);
  buffer_text(
      &b,
      "## Records\nHow well this season's forecasts were, without names (Brier score, pinball loss: smaller is "
      "better).\n");
  agent_outline_section(o, "records", "None so far.", &b);
  const char **key = agent_text_keys(all, &n);
  char **text = key ? calloc(n, sizeof *text) : NULL;
  for (size_t i = 0; text && i < n; i++) {
    put_record(json_object_get(all, key[i]), &b);
    if ((text[made] = buffer_take(&b)))
      made++;
  }
  if (made)
    qsort(text, made, sizeof *text, by_text);
  for (size_t i = 0; i < made; i++) {
    buffer_text(&b, text[i]);
    agent_outline_item(o, AGENT_DROP_RECORD, (double)i, &b);
    free(text[i]);
  }
  free(text);
  free(key);
}

void agent_context_log(struct agent_outline *o) {
  learnings(o);
  refuted(o);
  measurements(o);
  history(o);
  records(o);
}

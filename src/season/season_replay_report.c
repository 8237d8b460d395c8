/* Room: season. What a replay found, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "season/season_replay_internal.h"

#ifndef ST_VERSION
#define ST_VERSION "unknown"
#endif

enum { VALUE_SHOWN = 400 };

static const char *const names[REPLAY_WHATS] = {"decision", "order",  "act", "context",
                                                "answer",   "prompt", "log"};

/* A value as it is, unless it is long: then the beginning of its text. Absent: null. */
static json_t *shown(const json_t *value) {
  char *text = value != NULL ? json_canonical(value) : NULL;
  size_t n = text != NULL ? strlen(text) : 0;
  json_t *out;
  if (text == NULL)
    out = json_null();
  else if (n <= VALUE_SHOWN)
    out = json_deep_copy(value);
  else {
    strcpy(text + VALUE_SHOWN - 3, "...");
    out = json_clean_string(text, VALUE_SHOWN);
  }
  free(text);
  return out;
}

void replay_difference(struct replay *p, const struct event *ev, enum replay_what what, const char *pointer,
                       const json_t *there, const json_t *would, const char *text) {
  /* All are counted; listed are the first ones and the first of every sort. */
  int list = json_array_size(p->differences) < REPLAY_LISTED || p->count[what] == 0;
  p->count[what]++;
  if (!list)
    return;
  json_t *one = json_object();
  json_put_int(one, "seq", ev->seq);
  json_put_str(one, "kind", ev->kind);
  const char *id = json_str(ev->data, "id", NULL);
  if (id != NULL)
    json_put_str(one, "id", id);
  json_put_str(one, "what", names[what]);
  json_put_str(one, "pointer", pointer);
  json_object_set_new(one, "there", shown(there));
  json_object_set_new(one, "would", shown(would));
  if (text != NULL)
    json_put_str(one, "text", text);
  json_array_append_new(p->differences, one);
}

void replay_missing(struct replay *p, const char *name, const struct error *why) {
  size_t i;
  json_t *one;
  json_array_foreach(p->missing, i, one) {
    if (strcmp(json_str(one, "blob", ""), name) == 0)
      return;
  }
  one = json_object();
  json_put_int(one, "seq", p->log.event[p->at].seq);
  json_put_str(one, "blob", name);
  json_put_bool(one, "damaged", why->status == ST_CORRUPT);
  json_put_str(one, "text", why->text);
  json_array_append_new(p->missing, one);
}

static json_t *counts(const size_t *n) {
  json_t *o = json_object();
  for (int i = 0; i < REPLAY_WHATS; i++)
    json_put_int(o, names[i], (int64_t)n[i]);
  return o;
}

static json_t *next_steps(const struct replay *p) {
  json_t *list = json_array();
  struct season_steps steps = {.count = 0};
  if (p->engine.state.started != NULL)
    season_next(&p->engine.state, &steps);
  for (size_t i = 0; i < steps.count; i++)
    json_array_append_new(list, json_string(season_step_name(steps.step[i].kind)));
  return list;
}

json_t *replay_report(struct replay *p, const char *dir) {
  json_t *o = json_object(), *derived = counts(p->derived);
  const struct record_state *s = &p->engine.state;
  size_t total = 0;
  for (int i = 0; i < REPLAY_WHATS; i++)
    total += p->count[i];
  json_object_del(derived, "order"); /* counted with what comes in that order */
  json_object_del(derived, "log");
  json_put_str(o, "schema", "sharktank.replay/1");
  json_put_str(o, "dir", dir);
  json_put_str(o, "verdict", total > 0 ? "different" : p->unchecked > 0 ? "incomplete" : "same");
  json_put_int(o, "events", (int64_t)p->log.count);
  json_put_int(o, "walked", (int64_t)p->engine.log.count);
  json_put_str(o, "engine", json_str(p->log.count > 0 ? p->log.event[0].data : NULL, "engine", NULL));
  json_put_str(o, "replayed_by", ST_VERSION);
  json_put_bool(o, "ended", s->ended != NULL);
  json_object_set_new(o, "next", next_steps(p));
  json_object_set_new(o, "derived", derived);
  json_put_int(o, "taken", (int64_t)p->taken);
  json_put_int(o, "unchecked", (int64_t)p->unchecked);
  json_put_int(o, "n_differences", (int64_t)total);
  json_object_set_new(o, "by_what", counts(p->count));
  json_object_set(o, "first",
                  json_array_size(p->differences) > 0 ? json_array_get(p->differences, 0) : json_null());
  json_object_set(o, "differences", p->differences);
  json_object_set(o, "missing", p->missing);
  return o;
}

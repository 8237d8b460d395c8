/* Room: season. Acts of the judge's: measure, check, probe, duel, confirm, final; and the context, which
 * needs the incumbent's source. Each act stands between begun and ended. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "season/season_candidate.h"
#include "season/season_context.h"
#include "season/season_engine.h"
#include "season/season_internal.h"

struct source { /* an entry's source, read from its blob */
  struct buffer text;
  char blob[HASH_HEX_BYTES];
};

static enum status source_read(struct season_engine *g, const char *blob, struct source *s, struct error *e) {
  buffer_init(&s->text);
  s->blob[0] = '\0';
  if (blob == NULL || !hash_is_hex(blob))
    return error_set(e, ST_CORRUPT, "the log names no blob where an entry should be");
  memcpy(s->blob, blob, HASH_HEX_BYTES);
  return season_blob_get(g, s->blob, &s->text, e);
}

/* The blob of a candidate's last attempt. */
static const char *entry_blob(const struct season_engine *g, const char *pitch_id) {
  const struct record_round *r = season_round_now(g);
  const struct record_pitch *p = record_pitch_find(r, pitch_id);
  struct season_candidate c;
  if (p == NULL)
    return NULL;
  season_candidate_look(&g->state, r, p, &c);
  return c.implement != NULL ? json_str(c.implement->result, "blob", NULL) : NULL;
}

static enum status freeze_context(struct season_engine *g, struct error *e) {
  struct source s;
  char name[HASH_HEX_BYTES];
  const struct record_round *r = season_round_now(g);
  int64_t round = r->round;
  enum status st = source_read(g, g->state.incumbent_blob, &s, e);
  char *text = NULL;
  if (st == ST_OK) {
    json_t *context = season_context(&g->state, r, buffer_str(&s.text), s.text.bytes);
    text = json_canonical(context);
    json_decref(context);
    st = text != NULL ? season_blob_put(g, text, strlen(text), name, e)
                      : error_set(e, ST_MEMORY, "out of memory");
  }
  free(text);
  buffer_fini(&s.text);
  if (st != ST_OK)
    return st;
  json_t *data = json_object();
  json_put_int(data, "round", round);
  json_put_str(data, "blob", name);
  json_put_str(data, "hash", name); /* a blob's name is its content's hash */
  return season_append(g, "context_frozen", data, e);
}

/* measure (of the incumbent) and probe (of a research round's entry). */
static enum status measure(struct season_engine *g, const struct season_job *job, struct error *e) {
  int probe = job->kind == STEP_PROBE;
  struct source s;
  struct season_doing d;
  char id[SEASON_ID_BYTES];
  if (probe)
    season_pitch_step_id(season_round_now(g), "probe", job->pitch, -1, id, sizeof id);
  else
    snprintf(id, sizeof id, "r%lld.measure", (long long)job->round);
  enum status st = source_read(g, probe ? entry_blob(g, job->pitch) : g->state.incumbent_blob, &s, e);
  json_t *args = json_object(), *result = NULL;
  json_put_str(args, "blob", s.blob);
  if (probe)
    json_put_str(args, "pitch", job->pitch);
  if (st == ST_OK)
    st = season_do_begin(g, id, "measure", job->round, NULL, args, &d, e);
  else
    json_decref(args);
  if (st == ST_OK) {
    struct error why = {.status = ST_OK};
    enum status got = g->world->measure(g->world->context, buffer_str(&s.text), s.text.bytes, 0, NULL,
                                        g->rules.measure_budget_s, &result, &why);
    st = season_do_end(g, &d, got, 1, result, &why, e);
  }
  buffer_fini(&s.text);
  return st;
}

static enum status check(struct season_engine *g, const struct season_job *job, struct error *e) {
  struct source s;
  struct season_doing d;
  char id[SEASON_ID_BYTES];
  season_pitch_step_id(season_round_now(g), "check", job->pitch, job->attempt, id, sizeof id);
  enum status st = source_read(g, entry_blob(g, job->pitch), &s, e);
  json_t *args = json_object(), *result = NULL;
  json_put_str(args, "pitch", job->pitch);
  json_put_int(args, "attempt", job->attempt);
  json_put_str(args, "blob", s.blob);
  if (st == ST_OK)
    st = season_do_begin(g, id, "check", job->round, job->who, args, &d, e);
  else
    json_decref(args);
  if (st == ST_OK) {
    struct error why = {.status = ST_OK};
    enum status got = g->world->check(g->world->context, buffer_str(&s.text), s.text.bytes, &result, &why);
    st = season_do_end(g, &d, got, 1, result, &why, e);
  }
  buffer_fini(&s.text);
  return st;
}

static json_t *race_args(const struct season_race *race, const char *pitch, const char *entry,
                         const char *incumbent) {
  json_t *args = json_object();
  json_put_str(args, "pitch", pitch);
  json_put_str(args, "entry", entry);
  json_put_str(args, "incumbent", incumbent);
  json_put_num(args, "alpha", race->alpha);
  json_put_num(args, "delta", race->delta);
  json_put_num(args, "budget_s", race->budget_s);
  return args;
}

/* duel and confirm. The i-th duel begun in the season, cut-off ones included, spends alpha_i. */
static enum status duel(struct season_engine *g, const struct season_job *job, struct error *e) {
  int confirm = job->kind == STEP_CONFIRM;
  const char *act = confirm ? "confirm" : "duel";
  int64_t index = (int64_t)record_acts_begun(&g->state, "duel") + (confirm ? 0 : 1);
  struct source a, b;
  struct season_doing d;
  char id[SEASON_ID_BYTES];
  json_t *result = NULL;
  season_pitch_step_id(season_round_now(g), act, job->pitch, -1, id, sizeof id);
  enum status st = source_read(g, g->state.incumbent_blob, &a, e);
  buffer_init(&b.text);
  if (st == ST_OK)
    st = source_read(g, entry_blob(g, job->pitch), &b, e);
  if (st == ST_OK) {
    struct season_race race = {.a = buffer_str(&a.text),
                               .a_bytes = a.text.bytes,
                               .b = buffer_str(&b.text),
                               .b_bytes = b.text.bytes,
                               .delta = g->rules.delta,
                               .budget_s = g->rules.duel_budget_s,
                               .max_shape_slower = g->rules.max_shape_slower,
                               .phase = act};
    race.alpha = confirm ? g->rules.confirm_alpha : season_duel_alpha(g->rules.alpha, index);
    json_t *args = race_args(&race, job->pitch, b.blob, a.blob);
    json_put_int(args, "index", index);
    st = season_do_begin(g, id, act, job->round, job->who, args, &d, e);
    if (st == ST_OK) {
      struct error why = {.status = ST_OK};
      enum status got = g->world->duel(g->world->context, &race, &result, &why);
      st = season_do_end(g, &d, got, 1, result, &why, e);
    }
  }
  buffer_fini(&a.text);
  buffer_fini(&b.text);
  return st;
}

/* The unscaled shape that the first benchmark stands for: where a full-size time is wanted. */
static const char *full_shape(const struct record_state *state) {
  const json_t *task = json_obj(state->started, "task"),
               *first = json_array_get(json_arr(task, "benchmarks"), 0);
  const char *shape = json_str(first, "stands_for", NULL);
  if (shape == NULL)
    shape = json_str(json_array_get(json_arr(task, "full"), 0), "shape", NULL);
  return shape != NULL ? shape : json_str(first, "shape", NULL);
}

static enum status final_acts(struct season_engine *g, const struct source *first, const struct source *best,
                              json_t *result, struct error *why) {
  struct season_race race = {.a = buffer_str(&first->text),
                             .a_bytes = first->text.bytes,
                             .b = buffer_str(&best->text),
                             .b_bytes = best->text.bytes,
                             .alpha = g->rules.confirm_alpha,
                             .delta = g->rules.delta,
                             .budget_s = g->rules.duel_budget_s,
                             .max_shape_slower = g->rules.max_shape_slower,
                             .phase = "final"};
  json_t *duelled = NULL, *full = NULL;
  enum status st = ST_OK;
  const char *shape = full_shape(&g->state);
  if (strcmp(first->blob, best->blob) != 0)
    st = g->world->duel(g->world->context, &race, &duelled, why);
  json_object_set_new(result, "duel", st == ST_OK && duelled != NULL ? duelled : json_null());
  if (st == ST_OK && shape != NULL)
    st = g->world->measure(g->world->context, race.b, race.b_bytes, 1, shape, g->rules.full_budget_s, &full,
                           why);
  json_object_set_new(result, "full", st == ST_OK && full != NULL ? full : json_null());
  json_put_str(result, "full_shape", shape);
  return st;
}

/* The season's one published total: the first incumbent against the best entry, new seeds, new processes. */
static enum status final(struct season_engine *g, struct error *e) {
  struct source first, best;
  struct season_doing d;
  enum status st = source_read(g, g->state.first_blob, &first, e);
  buffer_init(&best.text);
  if (st == ST_OK)
    st = source_read(g, g->state.incumbent_blob, &best, e);
  json_t *args = json_object();
  if (st == ST_OK) {
    json_put_str(args, "first", first.blob);
    json_put_str(args, "best", best.blob);
    st = season_do_begin(g, "final", "final", 0, NULL, args, &d, e);
  } else
    json_decref(args);
  if (st == ST_OK) {
    struct error why = {.status = ST_OK};
    json_t *result = json_object();
    enum status got = final_acts(g, &first, &best, result, &why);
    st = season_do_end(g, &d, got, 1, result, &why, e);
  }
  buffer_fini(&first.text);
  buffer_fini(&best.text);
  return st;
}

enum status season_act(struct season_engine *g, const struct season_job *job, struct error *e) {
  switch (job->kind) {
  case STEP_MEASURE:
  case STEP_PROBE:
    return measure(g, job, e);
  case STEP_CONTEXT:
    return freeze_context(g, e);
  case STEP_CHECK:
    return check(g, job, e);
  case STEP_DUEL:
  case STEP_CONFIRM:
    return duel(g, job, e);
  case STEP_FINAL:
    return final(g, e);
  default:
    return error_set(e, ST_INTERNAL, "the step %s is not one that can be taken", season_step_name(job->kind));
  }
}

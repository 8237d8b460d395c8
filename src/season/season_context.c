/* Room: season. The frozen context of a round and the requests built on it. Pure. */
#include "season/season_context.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "season/season_candidate.h"
#include "season/season_internal.h"
#include "season/season_pitch.h"

static const json_t *measured(const struct record_round *round) {
  char id[48];
  snprintf(id, sizeof id, "r%lld.measure", (long long)round->round);
  const struct record_act *a = record_act_find(round, id);
  return a != NULL ? a->result : NULL;
}

static json_t *shapes_of(const struct record_state *state, const struct record_round *round) {
  json_t *list = json_array(), *shape;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(measured(round), "shapes"), i, shape) {
    json_t *one = json_object();
    const char *name = json_str(shape, "shape", "?");
    json_put_str(one, "shape", name);
    json_put_bool(one, "scaled", json_bool(shape, "scaled", 0));
    json_put_num(one, "seconds", json_num(shape, "seconds", NAN));
    json_put_num(one, "low", json_num(shape, "low", NAN));
    json_put_num(one, "high", json_num(shape, "high", NAN));
    json_put_num(one, "roofline_seconds", season_roofline_s(state, name));
    json_array_append_new(list, one);
  }
  return list;
}

enum { COMPILER_TEXT_MAX = 8192 };

/* What the compiler said of the incumbent when it was measured for this round: warnings, and remarks (on
 * vectorisation, say) where the challenge's compile line asks for them. NULL: the log does not tell. */
static json_t *compile_of(const json_t *measure) {
  const json_t *report = json_object_get(measure, "compile");
  const char *text = json_str(report, "output", "");
  size_t bytes = strlen(text), kept = bytes < COMPILER_TEXT_MAX ? bytes : COMPILER_TEXT_MAX;
  int64_t warnings = 0;
  if (!json_is_object(report))
    return NULL;
  for (const char *at = text; (at = strstr(at, "warning: ")) != NULL; at++)
    warnings++;
  json_t *o = json_object();
  json_put_str(o, "command", json_str(report, "command", NULL));
  json_put_str(o, "compiler", json_str(report, "compiler", NULL));
  json_put_num(o, "seconds", json_num(report, "seconds", NAN));
  json_put_num(o, "binary_bytes", json_num(report, "binary_bytes", NAN));
  json_put_int(o, "warnings", warnings);
  json_object_set_new(o, "output", json_clean_string(text, kept));
  json_put_int(o, "output_left_out_bytes", (int64_t)(bytes - kept));
  return o;
}

json_t *season_context(const struct record_state *state, const struct record_round *round, const char *source,
                       size_t source_bytes) {
  json_t *context = json_object(), *incumbent = json_object(), *learnings = json_array();
  json_put_str(incumbent, "blob", state->incumbent_blob);
  if (state->incumbent_setting != NULL)
    json_object_set_new(incumbent, "setting", json_deep_copy(state->incumbent_setting));
  json_object_set_new(incumbent, "source", json_clean_string(source, source_bytes));
  json_object_set_new(incumbent, "shapes", shapes_of(state, round));
  json_put_num(incumbent, "relative_time", 1 / state->total_speedup);
  json_t *compile = compile_of(measured(round));
  if (compile != NULL)
    json_object_set_new(incumbent, "compile", compile);
  for (size_t i = 0; i < state->n_learnings; i++)
    json_array_append_new(learnings, json_deep_copy(state->learning[i]));
  json_object_set_new(context, "task", json_deep_copy(json_obj(state->started, "task")));
  json_put_str(context, "task_hash", json_str(json_obj(state->started, "challenge"), "task_hash", ""));
  json_object_set_new(context, "machine", json_deep_copy(json_obj(state->started, "machine")));
  json_object_set_new(context, "rules", json_deep_copy(json_obj(state->started, "rules")));
  json_put_int(json_object_get(context, "rules"), "rounds", json_int(state->started, "rounds", 0));
  json_object_set_new(context, "incumbent", incumbent);
  json_object_set_new(context, "measurements", season_measurements(state));
  json_object_set_new(context, "history", season_history(state));
  json_object_set_new(context, "records", season_records(state));
  json_object_set_new(context, "learnings", learnings);
  json_object_set_new(context, "refuted", season_refuted(state));
  return context;
}

enum { SEED_PITCH = 10, SEED_BALLOT = 20, SEED_ORDER = 21, SEED_ENTRY = 30 };

static json_t *request(const struct record_state *state, const struct record_round *round, const char *ask,
                       const char *role, const char *name, const char *persona, int64_t purpose,
                       json_t *context) {
  json_t *r = json_object();
  json_put_str(r, "protocol", "sharktank.agent/1");
  json_put_str(r, "ask", ask);
  json_put_str(r, "role", role);
  json_put_str(r, "name", name);
  json_put_str(r, "persona", persona);
  json_put_int(r, "seed", (int64_t)season_seed(state, round->round, purpose, name));
  json_put_int(r, "round", round->round);
  json_put_str(r, "round_kind", round->kind);
  json_object_set(r, "context", context);
  return r;
}

json_t *season_pitch_request(const struct record_state *state, const struct record_round *round,
                             const char *who, json_t *context) {
  const json_t *member = season_cast_member(state, "contestants", who);
  json_t *r = request(state, round, "pitch", "contestant", who, json_str(member, "persona", ""),
                      SEED_PITCH + (int64_t)round->n_pitch_calls, context);
  if (round->n_gatings == 0)
    return r;
  json_t *gated = json_array();
  for (size_t i = 0; i < round->n_pitches; i++) {
    const struct record_pitch *p = &round->pitch[i];
    if (p->passed || strcmp(p->who, who) != 0)
      continue;
    json_t *one = json_object();
    json_object_set_new(one, "pitch", json_deep_copy(p->pitch));
    json_object_set_new(one, "reasons", json_deep_copy(p->reasons));
    json_array_append_new(gated, one);
  }
  json_object_set_new(r, "gated", gated);
  return r;
}

/* A pitch as sharks see it: the parts the protocol names and nothing an author might have added. */
static json_t *blind(const json_t *pitch) {
  static const char *const part[] = {"title",      "kind",     "problem",   "solution", "impact",
                                     "complexity", "risks",    "evidence",  "rollback", "claims",
                                     "setting",    "forecast", "refuted_by"};
  json_t *copy = json_object();
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
    const json_t *value = json_object_get(pitch, part[i]);
    if (value != NULL)
      json_object_set_new(copy, part[i], json_deep_copy(value));
  }
  return copy;
}

json_t *season_ballot_request(const struct record_state *state, const struct record_round *round,
                              const char *shark, json_t *context) {
  const json_t *member = season_cast_member(state, "sharks", shark);
  json_t *r =
      request(state, round, "ballot", "shark", shark, json_str(member, "persona", ""), SEED_BALLOT, context);
  json_t *pitches = json_array();
  for (size_t i = 0; i < round->n_pitches; i++) {
    const struct record_pitch *p = &round->pitch[i];
    if (!p->passed)
      continue;
    json_t *one = json_object();
    json_put_str(one, "id", p->id);
    json_object_set_new(one, "pitch", blind(p->pitch));
    json_array_append_new(pitches, one);
  }
  /* Every shark reads in its own order, so that no pitch profits from being first for all. */
  season_shuffle(pitches, season_seed(state, round->round, SEED_ORDER, shark));
  json_object_set_new(r, "pitches", pitches);
  return r;
}

/* What went wrong with the attempt before: the judge's verdict, or why there was no entry to judge. */
static json_t *failure_before(const struct record_round *round, const char *pitch, int64_t attempt) {
  char id[SEASON_ID_BYTES];
  season_pitch_step_id(round, "check", pitch, attempt - 1, id, sizeof id);
  const struct record_act *check = record_act_find(round, id);
  if (check != NULL && check->result != NULL)
    return json_deep_copy(check->result);
  season_pitch_step_id(round, "implement", pitch, attempt - 1, id, sizeof id);
  const struct record_act *implement = record_act_find(round, id);
  json_t *failure = json_object();
  int made = implement != NULL && implement->result != NULL;
  const struct record_pitch *p = record_pitch_find(round, pitch);
  int other = made && p != NULL && season_other_setting(p, implement);
  json_put_str(failure, "verdict", other ? "other_setting" : made ? "no_change" : "no_entry");
  json_put_str(failure, "where",
               other  ? "the entry is another setting than the pitched one: build the pitch's setting"
               : made ? "the entry is the incumbent itself, byte for byte"
               : implement != NULL && implement->error != NULL ? implement->error
                                                               : "no entry was made");
  if (made && json_is_object(json_object_get(implement->result, "setting")))
    json_object_set_new(failure, "setting", json_deep_copy(json_object_get(implement->result, "setting")));
  return failure;
}

json_t *season_entry_request(const struct record_state *state, const struct record_round *round,
                             const char *pitch, int64_t attempt, json_t *context) {
  const json_t *member = json_obj(json_obj(state->started, "cast"), "implementer");
  const struct record_pitch *p = record_pitch_find(round, pitch);
  json_t *r = request(state, round, "entry", "implementer", json_str(member, "name", "Implementer"),
                      json_str(member, "persona", ""), SEED_ENTRY + attempt, context);
  json_object_set_new(r, "pitch", json_deep_copy(p != NULL ? p->pitch : json_obj(NULL, "")));
  json_put_int(r, "attempt", attempt);
  if (attempt > 0)
    json_object_set_new(r, "failure", failure_before(round, pitch, attempt));
  return r;
}

const json_t *season_member(const struct record_state *state, const struct record_round *round,
                            const char *role, const char *who, const char *pitch) {
  if (strcmp(role, "implementer") != 0)
    return season_cast_member(state, strcmp(role, "shark") == 0 ? "sharks" : "contestants", who);
  const json_t *implementer = json_obj(json_obj(state->started, "cast"), "implementer");
  const struct record_pitch *p = record_pitch_find(round, pitch);
  if (strcmp(json_str(implementer, "agent", ""), "contestant") == 0 && p != NULL)
    return season_member(state, round, "contestant", p->who, NULL);
  return implementer;
}

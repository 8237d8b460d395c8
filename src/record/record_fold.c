/* Room: record. The fold: a log becomes a season's state, event by event. Pure; what it refuses is a
 * log no engine of ours can have written. May use base only. */
#include "record/record_fold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct fold {
  struct record_state *s;
  const struct event *ev;
  struct error *e;
};

#define FOLD_LIMIT_BYTES ((size_t)512 << 20)

static enum status bad(const struct fold *f, const char *what, const char *value) {
  return error_set(f->e, ST_CORRUPT, "event %lld (%s): %s%s%.80s%s", (long long)f->ev->seq, f->ev->kind, what,
                   value != NULL ? " \"" : "", value != NULL ? value : "", value != NULL ? "\"" : "");
}

static enum status no_memory(const struct fold *f) {
  return error_set(f->e, ST_MEMORY, "out of memory while folding event %lld", (long long)f->ev->seq);
}

/* Room for one more element; arrays double inside the arena, so a log of n events costs O(n). */
static void *grown(struct arena *a, void *old, size_t count, size_t elem_bytes) {
  if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
    return old;
  void *fresh = arena_array(a, count == 0 ? 4 : count * 2, elem_bytes);
  if (fresh != NULL && count != 0)
    memcpy(fresh, old, count * elem_bytes);
  return fresh;
}

static const char *text_field(const struct fold *f, const char *key) {
  return json_str(f->ev->data, key, NULL);
}

static enum status need_text(const struct fold *f, const char *key, const char **out) {
  *out = text_field(f, key);
  return *out != NULL && **out != '\0' ? ST_OK : bad(f, "lacks the field", key);
}

static enum status need_blob(const struct fold *f, const char *key, const char **out) {
  enum status st = need_text(f, key, out);
  if (st != ST_OK)
    return st;
  return hash_is_hex(*out) ? ST_OK : bad(f, "does not name a blob in the field", key);
}

static enum status need_list(const struct fold *f, const char *key, const json_t **out) {
  *out = json_object_get(f->ev->data, key);
  return json_is_array(*out) ? ST_OK : bad(f, "lacks the list", key);
}

/* The round the event names; it must be the current one: rounds are played one at a time. */
static enum status need_round(const struct fold *f, struct record_round **out) {
  const json_t *n = json_object_get(f->ev->data, "round");
  if (!json_is_integer(n))
    return bad(f, "lacks the field", "round");
  struct record_state *s = f->s;
  if (s->n_rounds == 0 || s->round[s->n_rounds - 1].round != json_integer_value(n))
    return bad(f, "names a round that is not being played", NULL);
  *out = &s->round[s->n_rounds - 1];
  return ST_OK;
}

static enum status fold_season_started(const struct fold *f) {
  const json_t *incumbent = json_object_get(f->ev->data, "incumbent");
  const char *blob = json_str(incumbent, "blob", NULL);
  if (f->s->started != NULL)
    return bad(f, "the season has started before", NULL);
  if (blob == NULL || !hash_is_hex(blob))
    return bad(f, "does not name a blob in the field", "incumbent.blob");
  f->s->started = f->ev->data;
  f->s->budgets = json_object_get(f->ev->data, "budgets");
  f->s->first_blob = f->s->incumbent_blob = blob;
  const json_t *setting = json_object_get(incumbent, "setting");
  f->s->incumbent_setting = json_is_object(setting) ? setting : NULL;
  return ST_OK;
}

static enum status fold_round_started(const struct fold *f) {
  struct record_state *s = f->s;
  const char *kind;
  enum status st = need_text(f, "kind", &kind);
  if (st != ST_OK)
    return st;
  const json_t *n = json_object_get(f->ev->data, "round");
  if (!json_is_integer(n) || json_integer_value(n) != (json_int_t)s->n_rounds + 1)
    return bad(f, "rounds must be numbered from 1 without gaps", NULL);
  struct record_round *rounds = grown(&s->arena, s->round, s->n_rounds, sizeof *rounds);
  if (rounds == NULL)
    return no_memory(f);
  s->round = rounds;
  struct record_round *r = &rounds[s->n_rounds++];
  memset(r, 0, sizeof *r);
  r->round = json_integer_value(n);
  r->kind = kind;
  r->why = json_str(f->ev->data, "why", "");
  return ST_OK;
}

static enum status fold_context(const struct fold *f) {
  struct record_round *r;
  const char *blob;
  enum status st = need_round(f, &r);
  if (st == ST_OK)
    st = need_blob(f, "blob", &blob);
  if (st != ST_OK)
    return st;
  if (r->context_blob != NULL)
    return bad(f, "this round's context was frozen before", NULL);
  r->context_blob = blob;
  r->context_hash = json_str(f->ev->data, "hash", blob);
  return ST_OK;
}

static struct record_act *act_by_id(struct record_act *act, size_t n, const char *id) {
  for (size_t i = n; i-- > 0;)
    if (strcmp(act[i].id, id) == 0)
      return &act[i];
  return NULL;
}

/* Acts of a round carry its number; "final" has none (absent, null or 0). */
static enum status act_list(const struct fold *f, struct record_act ***list, size_t **count) {
  if (json_int(f->ev->data, "round", 0) == 0) {
    *list = &f->s->loose;
    *count = &f->s->n_loose;
    return ST_OK;
  }
  struct record_round *r;
  enum status st = need_round(f, &r);
  if (st != ST_OK)
    return st;
  *list = &r->act;
  *count = &r->n_acts;
  return ST_OK;
}

static enum status fold_begun(const struct fold *f) {
  const char *id, *kind;
  struct record_act **list;
  size_t *count;
  enum status st = need_text(f, "id", &id);
  if (st == ST_OK)
    st = need_text(f, "act", &kind);
  if (st == ST_OK)
    st = act_list(f, &list, &count);
  if (st != ST_OK)
    return st;
  if (act_by_id(*list, *count, id) != NULL)
    return bad(f, "an act of this id was begun before:", id);
  struct record_act *acts = grown(&f->s->arena, *list, *count, sizeof *acts);
  if (acts == NULL)
    return no_memory(f);
  *list = acts;
  struct record_act *act = &acts[(*count)++];
  memset(act, 0, sizeof *act);
  act->id = id;
  act->act = kind;
  act->who = text_field(f, "who");
  act->round = json_int(f->ev->data, "round", 0);
  act->args = json_obj(f->ev->data, "args");
  act->begun_seq = f->ev->seq;
  act->begun_wall_ns = f->ev->wall_ns;
  act->seconds = NAN;
  return ST_OK;
}

static enum status fold_ended(const struct fold *f) {
  const char *id, *status;
  enum status st = need_text(f, "id", &id);
  if (st == ST_OK)
    st = need_text(f, "status", &status);
  if (st != ST_OK)
    return st;
  struct record_state *s = f->s;
  struct record_act *act = act_by_id(s->loose, s->n_loose, id);
  for (size_t i = s->n_rounds; act == NULL && i-- > 0;)
    act = act_by_id(s->round[i].act, s->round[i].n_acts, id);
  if (act == NULL)
    return bad(f, "ends an act that was never begun:", id);
  if (act->ended_seq != 0)
    return bad(f, "ends an act that has ended before:", id);
  const json_t *result = json_object_get(f->ev->data, "result");
  if (strcmp(status, "ok") == 0 && !json_is_object(result))
    return bad(f, "lacks the field", "result");
  act->status = status;
  act->result = json_is_object(result) ? result : NULL;
  act->error = text_field(f, "error");
  const json_t *agent = json_object_get(f->ev->data, "agent");
  act->agent = json_is_object(agent) ? agent : NULL;
  act->ended_seq = f->ev->seq;
  act->seconds = json_num(f->ev->data, "seconds", NAN);
  return ST_OK;
}

static enum status close_pitches(const struct fold *f, struct record_round *r, const json_t *ids) {
  size_t i;
  json_t *value;
  json_array_foreach((json_t *)ids, i, value) {
    const char *id = json_string_value(value);
    if (id == NULL)
      return bad(f, "lacks the field", "ids");
    const struct record_act *act = act_by_id(r->act, r->n_acts, id);
    const json_t *pitch = act == NULL ? NULL : json_object_get(act->result, "pitch");
    if (!json_is_object(pitch))
      return bad(f, "counts a pitch that was not made:", id);
    for (size_t k = 0; k < r->n_pitches; k++)
      if (strcmp(r->pitch[k].act_id, id) == 0)
        return bad(f, "counts a pitch twice:", id);
    struct record_pitch *pitches = grown(&f->s->arena, r->pitch, r->n_pitches, sizeof *pitches);
    if (pitches == NULL)
      return no_memory(f);
    r->pitch = pitches;
    struct record_pitch *p = &pitches[r->n_pitches++];
    memset(p, 0, sizeof *p);
    p->id = arena_printf(&f->s->arena, "r%lld.p%zu", (long long)r->round, r->n_pitches);
    if (p->id == NULL)
      return no_memory(f);
    p->who = act->who != NULL ? act->who : "";
    p->act_id = act->id;
    p->pitch = pitch;
  }
  r->pitches_closed = f->ev->data;
  r->n_pitch_calls++;
  return ST_OK;
}

static enum status fold_phase_closed(const struct fold *f) {
  struct record_round *r;
  const char *phase;
  const json_t *ids;
  enum status st = need_round(f, &r);
  if (st == ST_OK)
    st = need_text(f, "phase", &phase);
  if (st == ST_OK)
    st = need_list(f, "ids", &ids);
  if (st != ST_OK)
    return st;
  if (strcmp(phase, "pitches") == 0)
    return close_pitches(f, r, ids);
  if (strcmp(phase, "ballots") != 0)
    return bad(f, "closes an unknown phase:", phase);
  if (r->ballots_closed != NULL)
    return bad(f, "this round's ballots were closed before", NULL);
  size_t i;
  json_t *value;
  json_array_foreach((json_t *)ids, i, value) {
    const char *id = json_string_value(value);
    const struct record_act *act = id == NULL ? NULL : act_by_id(r->act, r->n_acts, id);
    if (act == NULL || !json_is_object(json_object_get(act->result, "ballot")))
      return bad(f, "counts a ballot that was not cast:", id != NULL ? id : "?");
  }
  r->ballots_closed = f->ev->data;
  return ST_OK;
}

static struct record_pitch *pitch_by_id(struct record_round *r, const char *id) {
  for (size_t i = 0; id != NULL && i < r->n_pitches; i++)
    if (strcmp(r->pitch[i].id, id) == 0)
      return &r->pitch[i];
  return NULL;
}

static enum status fold_gated(const struct fold *f) {
  struct record_round *r;
  const json_t *list;
  enum status st = need_round(f, &r);
  if (st == ST_OK)
    st = need_list(f, "pitches", &list);
  if (st != ST_OK)
    return st;
  size_t i;
  json_t *value;
  json_array_foreach((json_t *)list, i, value) {
    const char *id = json_str(value, "id", "?");
    struct record_pitch *p = pitch_by_id(r, id);
    if (p == NULL)
      return bad(f, "gates a pitch that does not exist:", id);
    if (p->gated)
      return bad(f, "gates a pitch for the second time:", id);
    p->gated = 1;
    p->passed = json_bool(value, "passed", 0);
    p->reasons = json_arr(value, "reasons");
  }
  r->gated = f->ev->data;
  r->n_gatings++;
  return ST_OK;
}

static enum status fold_tally(const struct fold *f) {
  struct record_round *r;
  enum status st = need_round(f, &r);
  if (st != ST_OK)
    return st;
  if (r->tally != NULL)
    return bad(f, "this round was tallied before", NULL);
  const char *names[2] = {text_field(f, "winner"), text_field(f, "runner_up")};
  for (size_t i = 0; i < 2; i++)
    if (names[i] != NULL && pitch_by_id(r, names[i]) == NULL)
      return bad(f, "chooses a pitch that does not exist:", names[i]);
  r->tally = f->ev->data;
  r->tally_seq = f->ev->seq;
  return ST_OK;
}

static enum status fold_outcome(const struct fold *f) {
  struct record_round *r;
  const char *id, *outcome;
  enum status st = need_round(f, &r);
  if (st == ST_OK)
    st = need_text(f, "pitch", &id);
  if (st == ST_OK)
    st = need_text(f, "outcome", &outcome);
  if (st != ST_OK)
    return st;
  struct record_pitch *p = pitch_by_id(r, id);
  if (p == NULL)
    return bad(f, "decides a pitch that does not exist:", id);
  if (p->outcome != NULL)
    return bad(f, "decides a pitch for the second time:", id);
  p->outcome = f->ev->data;
  p->outcome_seq = f->ev->seq;
  const json_t **list = grown(&f->s->arena, r->outcome, r->n_outcomes, sizeof *list);
  if (list == NULL)
    return no_memory(f);
  r->outcome = list;
  list[r->n_outcomes++] = f->ev->data;
  return ST_OK;
}

static enum status fold_incumbent(const struct fold *f) {
  struct record_round *r;
  const char *from, *to;
  enum status st = need_round(f, &r);
  if (st == ST_OK)
    st = need_blob(f, "from", &from);
  if (st == ST_OK)
    st = need_blob(f, "to", &to);
  if (st != ST_OK)
    return st;
  struct record_state *s = f->s;
  if (r->incumbent_changed != NULL)
    return bad(f, "this round's incumbent was changed before", NULL);
  if (strcmp(from, s->incumbent_blob) != 0)
    return bad(f, "replaces an entry that is not the incumbent:", from);
  /* A minimal fix has no speedup: a wrong entry's time compares with nothing. */
  double speedup;
  if (json_has_num(f->ev->data, "speedup", &speedup)) {
    if (!(speedup > 0) || !isfinite(speedup))
      return bad(f, "has no positive number in the field", "speedup");
    s->total_speedup *= speedup;
  }
  s->incumbent_blob = to;
  const json_t *setting = json_object_get(f->ev->data, "setting");
  s->incumbent_setting = json_is_object(setting) ? setting : NULL;
  r->incumbent_changed = f->ev->data;
  r->changed_seq = f->ev->seq;
  return ST_OK;
}

static enum status fold_learning(const struct fold *f) {
  struct record_state *s = f->s;
  const char *id, *state;
  enum status st = need_text(f, "id", &id);
  if (st == ST_OK)
    st = need_text(f, "state", &state);
  if (st != ST_OK)
    return st;
  for (size_t i = 0; i < s->n_learnings; i++)
    if (strcmp(json_str(s->learning[i], "id", ""), id) == 0) {
      s->learning[i] = f->ev->data;
      return ST_OK;
    }
  char wanted[32];
  snprintf(wanted, sizeof wanted, "L%zu", s->n_learnings + 1);
  if (strcmp(id, wanted) != 0)
    return bad(f, "learnings must be numbered L1, L2, ... without gaps:", id);
  const json_t **list = grown(&s->arena, s->learning, s->n_learnings, sizeof *list);
  if (list == NULL)
    return no_memory(f);
  s->learning = list;
  list[s->n_learnings++] = f->ev->data;
  return ST_OK;
}

static enum status fold_paused(const struct fold *f) {
  f->s->paused = 1;
  return ST_OK;
}

static enum status fold_resumed(const struct fold *f) {
  f->s->paused = 0;
  return ST_OK;
}

static enum status fold_season_ended(const struct fold *f) {
  const char *reason, *best;
  enum status st = need_text(f, "reason", &reason);
  if (st == ST_OK)
    st = need_blob(f, "best", &best);
  if (st == ST_OK)
    f->s->ended = f->ev->data;
  return st;
}

static enum status fold_budget_spent(const struct fold *f) {
  const char *which;
  enum status st = need_text(f, "which", &which);
  if (st == ST_OK)
    f->s->budget_spent = f->ev->data;
  return st;
}

/* Larger budgets open a season again that ended for want of them. What was published as its result then is
 * to be measured again at the new end. */
static enum status fold_budget_changed(const struct fold *f) {
  struct record_state *s = f->s;
  const json_t *budgets = json_object_get(f->ev->data, "budgets");
  if (!json_is_object(budgets))
    return bad(f, "lacks the field", "budgets");
  s->budgets = budgets;
  s->budget_spent = NULL;
  if (s->ended == NULL)
    return ST_OK;
  s->ended = NULL;
  for (size_t i = 0; i < s->n_loose; i++) {
    s->loose[i].status = "superseded";
    s->loose[i].result = NULL;
  }
  return ST_OK;
}

/* A call is counted where it begins; the line of its end has ended_ns. */
static enum status fold_tools_used(const struct fold *f) {
  struct record_state *s = f->s;
  const json_t *calls = json_object_get(f->ev->data, "calls");
  int64_t through = json_int(f->ev->data, "through", -1);
  if (!json_is_array(calls))
    return bad(f, "lacks the field", "calls");
  if (through <= s->tools_through)
    return bad(f, "does not go further than the one before in the field", "through");
  s->tools_through = through;
  for (size_t i = 0; i < json_array_size(calls); i++)
    s->n_tool_calls += json_is_null(json_object_get(json_array_get(calls, i), "ended_ns"));
  return ST_OK;
}

static const struct {
  const char *kind;
  enum status (*fold)(const struct fold *f);
} fold_table[] = {
    {"season_started", fold_season_started},
    {"round_started", fold_round_started},
    {"context_frozen", fold_context},
    {"begun", fold_begun},
    {"ended", fold_ended},
    {"phase_closed", fold_phase_closed},
    {"pitches_gated", fold_gated},
    {"tally", fold_tally},
    {"outcome", fold_outcome},
    {"incumbent_changed", fold_incumbent},
    {"learning", fold_learning},
    {"season_paused", fold_paused},
    {"season_resumed", fold_resumed},
    {"season_ended", fold_season_ended},
    {"budget_spent", fold_budget_spent},
    {"budget_changed", fold_budget_changed},
    {"tools_used", fold_tools_used},
};

static enum status fold_event(const struct fold *f) {
  struct record_state *s = f->s;
  if (!json_is_object(f->ev->data))
    return bad(f, "has no data", NULL);
  int reopens =
      strcmp(f->ev->kind, "budget_changed") == 0 && strcmp(json_str(s->ended, "reason", ""), "budget") == 0;
  if (s->ended != NULL && !reopens)
    return bad(f, "comes after the season's end", NULL);
  if (s->started == NULL && strcmp(f->ev->kind, "season_started") != 0)
    return bad(f, "comes before the season's start", NULL);
  for (size_t i = 0; i < sizeof fold_table / sizeof fold_table[0]; i++)
    if (strcmp(fold_table[i].kind, f->ev->kind) == 0)
      return fold_table[i].fold(f);
  return bad(f, "is of a kind that this version does not know", NULL);
}

enum status record_fold(const struct event_log *l, struct record_state *out, struct error *e) {
  memset(out, 0, sizeof *out);
  arena_init(&out->arena, FOLD_LIMIT_BYTES);
  out->total_speedup = 1;
  for (size_t i = 0; i < l->count; i++) {
    struct fold f = {out, &l->event[i], e};
    enum status st = fold_event(&f);
    if (st != ST_OK) {
      record_state_fini(out);
      return st;
    }
    if (i == 0)
      out->first_wall_ns = l->event[i].wall_ns;
    out->last_wall_ns = l->event[i].wall_ns;
    out->last_seq = l->event[i].seq;
  }
  return ST_OK;
}

void record_state_fini(struct record_state *s) {
  arena_fini(&s->arena);
  memset(s, 0, sizeof *s);
}

/* 1 if id is base itself or base with a retry's suffix: ".2", ".3" ... */
static int is_attempt_of(const char *id, const char *base) {
  size_t n = strlen(base);
  if (strncmp(id, base, n) != 0)
    return 0;
  if (id[n] == '\0')
    return 1;
  return id[n] == '.' && id[n + 1] != '\0' && strspn(id + n + 1, "0123456789") == strlen(id + n + 1);
}

static const struct record_act *find_last(const struct record_act *act, size_t n, const char *base_id) {
  for (size_t i = n; i-- > 0;)
    if (is_attempt_of(act[i].id, base_id))
      return &act[i];
  return NULL;
}

const struct record_act *record_act_find(const struct record_round *r, const char *base_id) {
  return find_last(r->act, r->n_acts, base_id);
}

const struct record_act *record_loose_find(const struct record_state *s, const char *base_id) {
  return find_last(s->loose, s->n_loose, base_id);
}

const struct record_pitch *record_pitch_find(const struct record_round *r, const char *id) {
  return pitch_by_id((struct record_round *)(uintptr_t)r, id);
}

size_t record_acts_begun(const struct record_state *s, const char *act) {
  size_t n = 0;
  for (size_t k = 0; k < s->n_rounds; k++)
    for (size_t i = 0; i < s->round[k].n_acts; i++)
      n += strcmp(s->round[k].act[i].act, act) == 0;
  for (size_t i = 0; i < s->n_loose; i++)
    n += strcmp(s->loose[i].act, act) == 0;
  return n;
}

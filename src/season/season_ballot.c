/* Room: season. Closing the two phases: which answers count, in which order, and why others do not. Pure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_rng.h"
#include "season/season_internal.h"
#include "season/season_rules.h"
#include "season/season_tally.h"

static int is_passing(const struct record_round *round, const char *id) {
  const struct record_pitch *p = id == NULL ? NULL : record_pitch_find(round, id);
  return p != NULL && p->passed;
}

/* 1 if list (of {pitch, ...}) names the pitch. */
int season_names_pitch(const json_t *list, const char *id) {
  size_t i;
  json_t *one;
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    if (strcmp(json_str(one, "pitch", ""), id) == 0)
      return 1;
  }
  return 0;
}

static int scores_valid(const json_t *ballot, const char *pitch, struct buffer *why) {
  const json_t *scores = json_object_get(json_obj(ballot, "scores"), pitch);
  if (!json_is_object(scores))
    return buffer_printf(why, "it does not score %s", pitch), 0;
  for (size_t i = 0; i < SEASON_CRITERIA; i++) {
    double v;
    if (!json_has_num(scores, season_criterion[i], &v) || !(v >= 0 && v <= 10))
      return buffer_printf(why, "its score of %s for %s is not a number from 0 to 10", season_criterion[i],
                           pitch),
             0;
  }
  return 1;
}

static int names_known(const struct record_round *round, const json_t *list, const char *what,
                       struct buffer *why) {
  size_t i;
  json_t *one;
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    const char *id = json_str(one, "pitch", "");
    if (!is_passing(round, id))
      return buffer_printf(why, "its %s names %.40s, which is not up for a vote", what, id), 0;
  }
  return 1;
}

int season_ballot_valid(const struct record_round *round, const json_t *ballot, struct buffer *why) {
  if (!json_is_object(ballot))
    return buffer_text(why, "it is not an object"), 0;
  const json_t *abstain = json_arr(ballot, "abstain"), *veto = json_arr(ballot, "veto");
  if (json_array_size(abstain) > 1)
    return buffer_text(why, "it abstains from more than one pitch"), 0;
  if (!names_known(round, abstain, "abstention", why) || !names_known(round, veto, "veto", why))
    return 0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)json_obj(ballot, "scores"), key, value) {
    if (!is_passing(round, key))
      return buffer_printf(why, "it scores %.40s, which is not up for a vote", key), 0;
  }
  int may_vote = 0;
  for (size_t i = 0; i < round->n_pitches; i++) {
    const char *id = round->pitch[i].id;
    if (!round->pitch[i].passed || season_names_pitch(abstain, id))
      continue;
    if (!scores_valid(ballot, id, why))
      return 0;
    may_vote |= !season_names_pitch(veto, id);
  }
  const char *vote = json_str(ballot, "vote", NULL);
  if (vote == NULL && !may_vote)
    return 1; /* it abstains from, or vetoes, all there is */
  if (!is_passing(round, vote))
    return buffer_printf(why, "its vote, %.40s, is not up for a vote", vote != NULL ? vote : "none"), 0;
  if (season_names_pitch(abstain, vote))
    return buffer_printf(why, "it votes for %s and abstains from it", vote), 0;
  return 1;
}

static int resolves_act(const struct record_state *state, const char *cites) {
  for (size_t k = 0; k < state->n_rounds; k++) {
    for (size_t i = 0; i < state->round[k].n_acts; i++)
      if (state->round[k].act[i].ended_seq > 0 && strcmp(state->round[k].act[i].id, cites) == 0)
        return 1;
    for (size_t i = 0; i < state->round[k].n_pitches; i++)
      if (state->round[k].pitch[i].outcome != NULL && strcmp(state->round[k].pitch[i].id, cites) == 0)
        return 1;
  }
  return 0;
}

static int in_list(const json_t *list, const char *field, const char *cites) {
  size_t i;
  json_t *one;
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    if (strcmp(json_str(one, field, ""), cites) == 0)
      return 1;
  }
  return 0;
}

int season_citation_resolves(const struct record_state *state, const char *cites) {
  const json_t *task = json_obj(state->started, "task");
  if (cites == NULL || cites[0] == '\0')
    return 0;
  if (in_list(json_arr(task, "limits"), "claim", cites) ||
      in_list(json_arr(task, "rules"), "forbid_word", cites))
    return 1;
  if (cites[0] == '#') {
    char *end;
    long long seq = strtoll(cites + 1, &end, 10);
    return cites[1] != '\0' && *end == '\0' && seq >= 1 && seq <= state->last_seq;
  }
  for (size_t i = 0; i < state->n_learnings; i++)
    if (strcmp(json_str(state->learning[i], "id", ""), cites) == 0)
      return strcmp(json_str(state->learning[i], "state", ""), "in_force") == 0;
  return resolves_act(state, cites);
}

/* Sorts an act of a phase into ids, late or failed. */
static void sort_act(const struct record_act *a, const char *who, json_t *ids, json_t *late, json_t *failed) {
  if (a == NULL || a->status == NULL)
    return;
  if (strcmp(a->status, "ok") == 0)
    json_array_append_new(ids, json_string(a->id));
  else if (strcmp(a->status, "late") == 0)
    json_array_append_new(late, json_string(who));
  else {
    json_t *one = json_object();
    json_put_str(one, "who", who);
    json_put_str(one, "error", a->error);
    json_array_append_new(failed, one);
  }
}

static json_t *closed(const struct record_round *round, const char *phase, json_t *ids, json_t *late,
                      json_t *failed) {
  json_t *data = json_object();
  json_put_int(data, "round", round->round);
  json_put_str(data, "phase", phase);
  json_object_set_new(data, "ids", ids);
  json_object_set_new(data, "late", late);
  json_object_set_new(data, "failed", failed);
  return data;
}

/* Fisher-Yates; the stream is the season's seed, the round and the call. */
void season_shuffle(json_t *list, uint64_t seed) {
  struct rng rng;
  rng_init(&rng, seed);
  for (size_t i = json_array_size(list); i > 1; i--) {
    size_t k = (size_t)rng_below(&rng, i);
    json_t *a = json_incref(json_array_get(list, i - 1)), *b = json_incref(json_array_get(list, k));
    json_array_set_new(list, k, a);
    json_array_set_new(list, i - 1, b);
  }
}

json_t *season_close_pitches(const struct record_state *state, const struct record_round *round) {
  json_t *ids = json_array(), *late = json_array(), *failed = json_array();
  size_t n = season_contestant_count(state);
  const json_t *cast = json_arr(json_obj(state->started, "cast"), "contestants");
  for (size_t i = 0; i < n; i++) {
    const char *who = json_str(json_array_get(cast, i), "name", "");
    char id[SEASON_ID_BYTES];
    season_pitch_act_id(round, who, id);
    const struct record_act *a = record_act_find(round, id);
    /* An answer without a pitch in it is no pitch, however the call ended. */
    if (a != NULL && a->result != NULL && !json_is_object(json_object_get(a->result, "pitch")))
      continue;
    sort_act(a, who, ids, late, failed);
  }
  season_shuffle(ids, season_seed(state, round->round, 1 + (int64_t)round->n_pitch_calls, ""));
  return closed(round, "pitches", ids, late, failed);
}

json_t *season_close_ballots(const struct record_state *state, const struct record_round *round) {
  json_t *ids = json_array(), *late = json_array(), *failed = json_array(), *invalid = json_array();
  const json_t *sharks = json_arr(json_obj(state->started, "cast"), "sharks");
  size_t i;
  json_t *shark;
  json_array_foreach((json_t *)(uintptr_t)sharks, i, shark) {
    const char *who = json_str(shark, "name", "");
    char id[SEASON_ID_BYTES];
    snprintf(id, sizeof id, "r%lld.ballot.%s", (long long)round->round, who);
    const struct record_act *a = record_act_find(round, id);
    struct buffer why;
    buffer_init(&why);
    if (a == NULL || a->result == NULL ||
        season_ballot_valid(round, json_object_get(a->result, "ballot"), &why))
      sort_act(a, who, ids, late, failed);
    else {
      json_t *one = json_object();
      json_put_str(one, "id", a->id);
      json_put_str(one, "who", who);
      json_put_str(one, "text", buffer_str(&why));
      json_array_append_new(invalid, one);
    }
    buffer_fini(&why);
  }
  json_t *data = closed(round, "ballots", ids, late, failed);
  json_object_set_new(data, "invalid", invalid);
  return data;
}

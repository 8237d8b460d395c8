/* Room serve: the tools that work: check, duel, compile_report. All through the judge and its sandbox, within
 * the server's budget and the season's; what they find is written nowhere. */
#include <math.h>
#include <string.h>

#include "base/base_clock.h"
#include "serve/serve_mcp.h"

static double seconds_left(const struct serve_mcp *m) {
  const double left = m->o->max_seconds - (double)m->used_ns / 1e9;
  return left > 0 ? left : 0;
}

/* The season's own budget: one evaluation now, and its seconds until the end. */
static enum status charge(struct serve_mcp *m, const char *tool, struct error *e) {
  struct serve_season s;
  m->charge = (struct season_charge){.evaluations_left = -1, .seconds_left = INFINITY};
  if (!m->o->season)
    return ST_OK;
  enum status st = serve_season_open(m, &s, e);
  if (st != ST_OK)
    return st;
  st = season_ledger_begin(m->o->season, &s.log, &s.state, tool, &m->charge, e);
  serve_season_close(&s);
  return st;
}

static enum status within_budget(const struct serve_mcp *m, struct error *e) {
  if (m->calls >= m->o->max_calls)
    return error_set(
        e, ST_BUSY,
        "the budget is used up: all %lld calls of working tools were made (--max-calls); tools that "
        "only read still answer",
        (long long)m->o->max_calls);
  if (!(seconds_left(m) > 0))
    return error_set(
        e, ST_BUSY,
        "the budget is used up: working tools took their %.0f seconds (--max-seconds); tools that "
        "only read still answer",
        m->o->max_seconds);
  return ST_OK;
}

/* The entry to work on: a text, or a setting of the challenge's knobs. ST_USAGE: neither, or both. */
static enum status read_entry(struct serve_mcp *m, const json_t *args, struct buffer *out, struct error *e) {
  const json_t *source = json_object_get(args, "source"), *setting = json_object_get(args, "setting");
  if (!source == !setting)
    return error_set(e, ST_USAGE, "give source or setting, one of them");
  if (source) {
    buffer_add(out, json_string_value(source), json_string_length(source));
    return ST_OK;
  }
  enum status st = serve_challenge(m, e);
  if (st != ST_OK)
    return st;
  if (!m->challenge->knobs)
    return error_set(e, ST_INPUT, "the challenge %s declares no knobs: give the source of an entry",
                     m->challenge->name);
  if (json_is_object(setting))
    return knob_given_source(m->challenge, setting, out, e);
  const char *pairs = json_string_value(setting);
  json_t *given = json_object();
  st = knob_given_pairs(m->challenge, strncmp(pairs, "knobs:", 6) ? pairs : pairs + 6, given, e);
  if (st == ST_OK)
    st = knob_given_source(m->challenge, given, out, e);
  json_decref(given);
  return st;
}

/* Opens what is needed and takes one call from the budgets. */
static enum status begin(struct serve_mcp *m, const char *tool, struct error *e) {
  m->deadline_ns = INT64_MAX; /* nothing is counted yet */
  enum status st = within_budget(m, e);
  if (st == ST_OK)
    st = serve_challenge(m, e);
  if (st == ST_OK && !m->challenge->problem_path)
    st = error_set(e, ST_INPUT, "the challenge %s has no problem module, so nothing can be run",
                   m->challenge->name);
  if (st == ST_OK && !m->judge)
    st = judge_open(m->challenge, &m->progress, &m->judge, e);
  if (st == ST_OK)
    st = charge(m, tool, e);
  if (st != ST_OK)
    return st;
  m->calls++;
  const double left = fmin(seconds_left(m), m->charge.seconds_left);
  m->deadline_ns = clock_mono_ns() + (int64_t)(left * 1e9);
  return ST_OK;
}

/* A verdict has texts of compilers and entries in it, and a list per pair. */
static int clip(json_t *value) {
  int clipped = 0;
  if (json_is_string(value) && json_string_length(value) > SERVE_STRING_MAX) {
    json_t *shorter = json_clean_string(json_string_value(value), SERVE_STRING_MAX);
    if (shorter)
      (void)json_string_set(value, json_string_value(shorter));
    json_decref(shorter);
    clipped = 1;
  }
  for (; json_is_array(value) && json_array_size(value) > SERVE_LIST_MAX; clipped = 1)
    (void)json_array_remove(value, json_array_size(value) - 1);
  for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
    clipped |= clip(json_array_get(value, i));
  const char *key;
  json_t *member;
  json_object_foreach(value, key, member) {
    clipped |= clip(member);
  }
  return clipped;
}

static void put_left(json_t *budget, const struct serve_mcp *m) {
  const struct season_charge *c = &m->charge;
  const double used_s = (double)(clock_wall_ns() - c->began_ns) / 1e9;
  json_put_int(budget, "calls_left", m->o->max_calls - m->calls);
  json_put_num(budget, "seconds_left", seconds_left(m));
  (void)json_object_set_new(budget, "season_evaluations_left",
                            c->evaluations_left < 0 ? json_null() : json_integer(c->evaluations_left));
  json_put_num(budget, "season_seconds_left", fmax(0, c->seconds_left - used_s)); /* null: no such budget */
}

/* After a begin that was ST_OK. */
static enum status finish(struct serve_mcp *m, int64_t began_ns, enum status st, json_t *verdict,
                          json_t **out, struct error *e) {
  m->used_ns += clock_mono_ns() - began_ns;
  if (m->o->season)
    season_ledger_end(m->o->season, &m->charge);
  if (st == ST_INTERRUPTED && m->out_of_time)
    return seconds_left(m) > 0
               ? error_set(e, ST_BUSY, "the season's budget of time ran out during this call (wall_s)")
               : error_set(e, ST_BUSY, "the budget of %.0f seconds ran out during this call (--max-seconds)",
                           m->o->max_seconds);
  if (st != ST_OK)
    return st;
  json_t *budget = json_object();
  (void)json_object_del(verdict, "d"); /* one number per pair: for records, not for readers */
  (void)json_object_del(verdict, "seeds");
  json_put_bool(verdict, "clipped", clip(verdict));
  put_left(budget, m);
  (void)json_object_set_new(verdict, "budget", budget);
  *out = verdict;
  return ST_OK;
}

static enum status judged(struct serve_mcp *m, const char *tool, const json_t *args, json_t **out,
                          struct error *e,
                          enum status (*act)(struct judge *j, const char *source, size_t source_bytes,
                                             json_t **out, struct error *e)) {
  struct buffer mine;
  json_t *verdict = NULL;
  buffer_init(&mine);
  enum status st = read_entry(m, args, &mine, e);
  if (st == ST_OK)
    st = begin(m, tool, e);
  if (st == ST_OK) {
    const int64_t began = clock_mono_ns();
    st = act(m->judge, buffer_str(&mine), mine.bytes, &verdict, e);
    st = finish(m, began, st, verdict, out, e);
  }
  buffer_fini(&mine);
  return st;
}

enum status serve_check(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  return judged(m, "check", args, out, e, judge_check);
}

enum status serve_compile_report(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  return judged(m, "compile_report", args, out, e, judge_compile);
}

static enum status race(struct serve_mcp *m, const struct buffer *other, const struct buffer *mine,
                        double wanted_s, json_t **out, struct error *e) {
  struct judge_duel_options o;
  json_t *verdict = NULL;
  enum status st = begin(m, "duel", e);
  if (st != ST_OK)
    return st;
  const int64_t began = clock_mono_ns();
  judge_duel_defaults(&o);
  o.budget_s = fmin(wanted_s, fmax(1, fmin(seconds_left(m), m->charge.seconds_left)));
  st = judge_duel(m->judge, buffer_str(other), other->bytes, buffer_str(mine), mine->bytes, &o, &verdict, e);
  return finish(m, began, st, verdict, out, e);
}

enum status serve_duel(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  const json_t *rival = json_object_get(args, "against_source");
  const double wanted = json_num(args, "seconds", 15);
  struct buffer other, mine;
  char name[65];
  if (rival && json_object_get(args, "against_entry"))
    return error_set(e, ST_USAGE, "give against_entry or against_source, not both");
  if (!(wanted >= 1 && wanted <= 120))
    return error_set(e, ST_USAGE, "seconds must lie between 1 and 120");
  buffer_init(&other);
  buffer_init(&mine);
  if (rival)
    buffer_add(&other, json_string_value(rival), json_string_length(rival));
  enum status st = read_entry(m, args, &mine, e);
  if (st == ST_OK && !rival)
    st = serve_entry(m, json_str(args, "against_entry", "incumbent"), &other, name, e);
  if (st == ST_OK)
    st = race(m, &other, &mine, wanted, out, e);
  buffer_fini(&other);
  buffer_fini(&mine);
  return st;
}

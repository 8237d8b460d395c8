/* Room serve: the tools that work: check, duel, compile_report. All through the judge and its sandbox, within
 * the budget; what they find is written nowhere. */
#include <math.h>
#include <string.h>

#include "base/base_clock.h"
#include "serve/serve_mcp.h"

static double seconds_left(const struct serve_mcp *m) {
  const double left = m->o->max_seconds - (double)m->used_ns / 1e9;
  return left > 0 ? left : 0;
}

/* Opens what is needed and takes one call from the budget. */
static enum status begin(struct serve_mcp *m, struct error *e) {
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
  enum status st = serve_challenge(m, e);
  if (st == ST_OK && !m->challenge->problem_path)
    st = error_set(e, ST_INPUT, "the challenge %s has no problem module, so nothing can be run",
                   m->challenge->name);
  if (st == ST_OK && !m->judge)
    st = judge_open(m->challenge, &m->progress, &m->judge, e);
  if (st == ST_OK)
    m->calls++;
  return st;
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

static enum status finish(struct serve_mcp *m, int64_t began_ns, enum status st, json_t *verdict,
                          json_t **out, struct error *e) {
  m->used_ns += clock_mono_ns() - began_ns;
  if (st == ST_INTERRUPTED && m->out_of_time)
    return error_set(e, ST_BUSY, "the budget of %.0f seconds ran out during this call (--max-seconds)",
                     m->o->max_seconds);
  if (st != ST_OK)
    return st;
  json_t *budget = json_object();
  (void)json_object_del(verdict, "d"); /* one number per pair: for records, not for readers */
  (void)json_object_del(verdict, "seeds");
  json_put_bool(verdict, "clipped", clip(verdict));
  json_put_int(budget, "calls_left", m->o->max_calls - m->calls);
  json_put_num(budget, "seconds_left", seconds_left(m));
  (void)json_object_set_new(verdict, "budget", budget);
  *out = verdict;
  return ST_OK;
}

static int64_t start_clock(struct serve_mcp *m) {
  const int64_t now = clock_mono_ns();
  const double left = seconds_left(m);
  m->deadline_ns = now + (int64_t)(left * 1e9);
  return now;
}

static enum status judged(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e,
                          enum status (*act)(struct judge *j, const char *source, size_t source_bytes,
                                             json_t **out, struct error *e)) {
  const json_t *source = json_object_get(args, "source");
  json_t *verdict = NULL;
  const int64_t began = start_clock(m);
  enum status st = begin(m, e);
  if (st == ST_OK)
    st = act(m->judge, json_string_value(source), json_string_length(source), &verdict, e);
  return finish(m, began, st, verdict, out, e);
}

enum status serve_check(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  return judged(m, args, out, e, judge_check);
}

enum status serve_compile_report(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  return judged(m, args, out, e, judge_compile);
}

enum status serve_duel(struct serve_mcp *m, const json_t *args, json_t **out, struct error *e) {
  const json_t *source = json_object_get(args, "source"), *rival = json_object_get(args, "against_source");
  const double wanted = json_num(args, "seconds", 15);
  struct judge_duel_options o;
  struct buffer other;
  char name[65];
  json_t *verdict = NULL;
  if (rival && json_object_get(args, "against_entry"))
    return error_set(e, ST_USAGE, "give against_entry or against_source, not both");
  if (!(wanted >= 1 && wanted <= 120))
    return error_set(e, ST_USAGE, "seconds must lie between 1 and 120");
  buffer_init(&other);
  if (rival)
    buffer_add(&other, json_string_value(rival), json_string_length(rival));
  enum status st =
      rival ? ST_OK : serve_entry(m, json_str(args, "against_entry", "incumbent"), &other, name, e);
  if (st == ST_OK) {
    const int64_t began = start_clock(m);
    judge_duel_defaults(&o);
    o.budget_s = fmin(wanted, fmax(1, seconds_left(m)));
    st = begin(m, e);
    if (st == ST_OK)
      st = judge_duel(m->judge, buffer_str(&other), other.bytes, json_string_value(source),
                      json_string_length(source), &o, &verdict, e);
    st = finish(m, began, st, verdict, out, e);
  }
  buffer_fini(&other);
  return st;
}

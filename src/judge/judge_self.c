/* Room: judge. May use challenge, base. `check --self`: is a challenge one that wrong entries cannot pass? */
#include "judge/judge_self.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/base_clock.h"
#include "base/base_file.h"

static const double MEASURE_S = 2;

void self_refuse(struct self *s, const char *format, ...) {
  if (s->first.kind)
    return;
  s->first.kind = "refused";
  va_list args;
  va_start(args, format);
  vsnprintf(s->first.where, sizeof s->first.where, format, args);
  va_end(args);
}

void self_check_add(struct self *s, const char *name, const char *kind, const char *format, ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  json_t *one = json_object();
  json_put_str(one, "check", name);
  json_put_str(one, "verdict", kind);
  json_put_str(one, "text", text);
  json_array_append_new(s->checks, one);
  if (strcmp(kind, "failed") == 0)
    self_refuse(s, "%s: %s", name, text);
}

enum status self_go_on(struct self *s, double done, struct error *e, const char *format, ...) {
  if (judge_cancelled(s->j))
    return error_set(e, ST_INTERRUPTED, "the look at the challenge was interrupted");
  if (!s->progress.tell)
    return ST_OK;
  char text[200];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  s->progress.tell(s->progress.context, "self", s->done + s->share * done, text);
  return ST_OK;
}

/* What a check or a measurement tells meanwhile stays untold: it would jump back and forth. Only the
 * incumbent's own check, the longest step, moves the bar. */
static void tell_within(void *context, const char *phase, double done, const char *text) {
  struct self *s = context;
  if (s->inner && strcmp(phase, "check") == 0 && s->progress.tell)
    s->progress.tell(s->progress.context, "self", s->done + s->share * done, text);
}

static int cancelled_within(void *context) {
  const struct self *s = context;
  return s->progress.cancelled && s->progress.cancelled(s->progress.context);
}

static void begin(struct self *s, double done, double share) {
  s->done = done;
  s->share = share;
}

static enum status check_incumbent(struct self *s, json_t **report, struct error *e) {
  const struct challenge *c = s->j->challenge;
  if (!c->incumbent_path) {
    self_check_add(s, "incumbent", "failed",
                   "the challenge names none; a mutant is an incumbent that was spoilt");
    return ST_OK;
  }
  enum status st = self_go_on(s, 0, e, "checking the incumbent");
  if (!st)
    st = file_read(c->incumbent_path, 16 << 20, &s->incumbent, e);
  s->inner = 1;
  if (!st && s->only) {
    s->inner = 0;
    return ST_OK; /* believed */
  }
  if (!st)
    st = judge_check(s->j, s->incumbent.data, s->incumbent.bytes, report, e);
  s->inner = 0;
  if (st)
    return st;
  const char *verdict = json_str(*report, "verdict", "?");
  self_check_add(s, "incumbent", strcmp(verdict, "pass") ? "failed" : "ok", "%s: %.400s", verdict,
                 json_str(*report, "where", ""));
  return ST_OK;
}

/* Bytes and operations of every timed shape; and the incumbent's times beside what this machine could do.
 * A time below that is no reason to refuse: small shapes live in a cache, which is faster than the memory
 * that the limit is made of. */
static enum status check_roofline(struct self *s, int measured, struct error *e) {
  const struct challenge *c = s->j->challenge;
  const struct challenge_device here = {.name = "cpu"}, *cpu = challenge_find_device(c, "cpu");
  json_t *times = NULL;
  enum status st = self_go_on(s, 0, e, "timing the incumbent");
  if (!st && measured)
    st = judge_measure(s->j, s->incumbent.data, s->incumbent.bytes, 0, NULL, MEASURE_S, &times, e);
  double least = (double)INFINITY;
  const char *least_at = "?";
  for (size_t i = 0; i < c->n_benchmarks && !st; i++) {
    struct challenge_roofline line;
    struct error wrong = {0};
    st = challenge_roofline(s->j->helper, &c->benchmark[i], cpu ? cpu : &here, &line, &wrong);
    if (st == ST_INPUT) {
      self_check_add(s, "roofline", "failed", "%.500s", wrong.text);
      json_decref(times);
      return ST_OK;
    }
    if (st) {
      *e = wrong;
      break;
    }
    const json_t *one = json_array_get(json_arr(times, "shapes"), i);
    double seconds = json_num(one, "seconds", (double)NAN);
    if (isfinite(seconds) && seconds / line.seconds < least) {
      least = seconds / line.seconds;
      least_at = c->benchmark[i].name;
    }
  }
  json_decref(times);
  if (st)
    return st;
  if (!isfinite(least))
    self_check_add(s, "roofline", "ok",
                   "bytes and operations are counted for all timed shapes; no times to set beside");
  else
    self_check_add(s, "roofline", least < 1 ? "note" : "ok",
                   "the incumbent's time is %.3g times this machine's limit at its nearest (%s)%s", least,
                   least_at,
                   least < 1 ? ": work fits a cache, or bytes or operations are counted too high" : "");
  return ST_OK;
}

static json_t *report(struct self *s, const json_t *incumbent, double seconds) {
  const struct challenge *c = s->j->challenge;
  json_t *out = json_object(), *base = json_object();
  json_put_str(out, "schema", "sharktank.self/1");
  json_put_str(out, "challenge", c->name);
  json_put_str(out, "verdict", s->first.kind ? "refused" : "sound");
  size_t caught = 0, all = json_array_size(s->mutants);
  for (size_t i = 0; i < all; i++)
    caught += strcmp(json_str(json_array_get(s->mutants, i), "verdict", ""), "caught") == 0;
  char where[160];
  snprintf(where, sizeof where, "%zu of %zu mutants were caught, the others do not apply here", caught, all);
  json_put_str(out, "where", s->first.kind ? s->first.where : where);
  json_put_num(out, "seconds", seconds);
  json_put_str(base, "hash", json_str(incumbent, "hash", NULL));
  json_put_str(base, "verdict", json_str(incumbent, "verdict", NULL));
  json_put_num(base, "seconds", json_num(incumbent, "seconds", (double)NAN));
  json_object_set_new(out, "incumbent", base);
  json_object_set(out, "checks", s->checks);
  json_object_set(out, "mutants", s->mutants);
  json_object_set(out, "sandbox", s->j->layers);
  return out;
}

static enum status look(struct self *s, json_t **incumbent, struct error *e) {
  begin(s, 0, 0.05);
  enum status st = self_check_module(s, e);
  if (st || !s->cheap)
    return st;
  if (s->first.kind && strncmp(s->first.where, "layouts", 7) == 0)
    return ST_OK; /* nothing can be run */
  begin(s, 0.05, 0.05);
  st = self_check_comparison(s, e);
  if (st)
    return st;
  begin(s, 0.1, 0.45);
  struct judge_verdict before = s->first;
  s->first.kind = NULL;
  st = check_incumbent(s, incumbent, e);
  int right = !s->first.kind && !s->only;
  begin(s, 0.55, 0.4);
  if (!st)
    st = self_check_mutants(s, e);
  begin(s, 0.95, 0.05);
  if (!st && !(s->only && *s->only))
    st = check_roofline(s, right, e);
  if (before.kind)
    s->first = before; /* what was found first is told first */
  return st;
}

enum status judge_self(struct judge *j, json_t **out, struct error *e) {
  return judge_self_only(j, NULL, out, e);
}

enum status judge_self_only(struct judge *j, const char *only, json_t **out, struct error *e) {
  *out = NULL;
  int64_t start_ns = clock_mono_ns();
  struct self s = {
      .j = j, .only = only, .progress = j->progress, .checks = json_array(), .mutants = json_array()};
  json_t *incumbent = NULL;
  arena_init(&s.arena, 0);
  buffer_init(&s.incumbent);
  j->progress = (struct judge_progress){.context = &s, .tell = tell_within, .cancelled = cancelled_within};
  enum status st = look(&s, &incumbent, e);
  j->progress = s.progress;
  if (!st && !s.cheap)
    self_check_add(&s, "layouts", "failed", "there is no shape to check");
  if (!st)
    *out = report(&s, incumbent, (double)(clock_mono_ns() - start_ns) * 1e-9);
  json_decref(incumbent);
  json_decref(s.checks);
  json_decref(s.mutants);
  buffer_fini(&s.incumbent);
  arena_fini(&s.arena);
  return st;
}

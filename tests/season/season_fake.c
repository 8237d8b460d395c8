/* Tests of room season: see season_fake.h. */
#include "season_fake.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "season/season.h"
#include "season/season_config.h"
#include "season/season_pitch.h"
#include "season/season_rules.h"
#include "store/store.h"

json_t *fake_json(const char *format, ...) {
  char text[8192];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  assert_true(n >= 0 && (size_t)n < sizeof text);
  for (char *p = text; *p != '\0'; p++)
    if (*p == '\'')
      *p = '"';
  json_error_t je;
  json_t *value = json_loads(text, 0, &je);
  if (value == NULL)
    fail_msg("the test's JSON is wrong at %d: %s\n%s", je.position, je.text, text);
  return value;
}

json_t *fake_started(const char *more, uint64_t seed) {
  json_t *rules = NULL;
  assert_int_equal(season_rules_load(NULL, &rules, NULL), ST_OK);
  json_t *started = fake_json(
      "{'schema':'sharktank.season/1','engine':'test','challenge':{'name':'toy','dir':'toy','task_hash':'%064d'},"
      "'machine':{'facts':{'cpu':'Toy','has_big':0},'peaks':{}},"
      "'rooflines':[{'shape':'s1','seconds':0.01,'bytes_bind':true,'text':''},"
      "{'shape':'s2','seconds':0.02,'bytes_bind':true,'text':''}],"
      "'incumbent':{'origin':'naive.c','blob':'%064d'}}",
      7, 1);
  json_object_set_new(
      started, "task",
      fake_json(
          "{'name':'toy','device':'cpu','test_timeout_s':60,'source_max_bytes':1000,"
          "'benchmarks':[{'shape':'s1','scaled':true,'stands_for':'full1'},{'shape':'s2','scaled':true,'stands_for':'full2'}],"
          "'limits':[{'claim':'threads','max':1,'why':'one core'},{'claim':'compile_s','max':30,'why':'patience'}],"
          "'rules':[{'forbid_word':'stream','why':'one queue only'}],"
          "'knobs':{'knobs':[{'name':'A','text':'','values':[1,2,4,8,16]},{'name':'B','text':'','values':[1,2,4,8]},"
          "{'name':'C','text':'','values':['x','y','big']}],"
          "'constraints':[{'need':'C != big || has_big','why':'this machine has no big'}],'estimates':[]}}"));
  if (more != NULL) {
    json_t *m = fake_json("%s", more);
    json_object_update(rules, m);
    json_decref(m);
  }
  season_config_split(rules, started);
  json_put_int(started, "rounds", json_int(rules, "rounds", 8));
  json_put_int(started, "seed", (int64_t)seed);
  json_object_set_new(started, "rules", rules);
  return started;
}

json_t *fake_pitch(const char *title, const char *setting, const char *more) {
  json_t *p = fake_json(
      "{'title':'%s','kind':'optimisation','problem':'slow','solution':'%s does it','impact':'1.2 times',"
      "'complexity':'low','risks':[{'risk':'none','mitigation':'check'}],'evidence':'arithmetic',"
      "'rollback':'keep the incumbent','claims':{'threads':1,'compile_s':1,'first_call_s':0.1},"
      "'forecast':{'p_compiles':0.9,'p_correct':0.9,'p_faster':0.6,'speedup':{'q10':0.9,'q50':1.2,'q90':1.5}},"
      "'refuted_by':'a duel'}",
      title, title);
  if (setting != NULL)
    json_object_set_new(p, "setting", fake_json("%s", setting));
  if (more != NULL) {
    json_t *m = fake_json("%s", more);
    json_object_update(p, m);
    json_decref(m);
  }
  return p;
}

void fake_push(struct fake_log *f, const char *kind, json_t *data) {
  struct error e = {.text = ""};
  assert_int_equal(event_log_push(&f->log, 1000 + (int64_t)f->log.count, kind, data), ST_OK);
  record_state_fini(&f->state);
  if (record_fold(&f->log, &f->state, &e) != ST_OK)
    fail_msg("the fold refused: %s", e.text);
}

void fake_log_start(struct fake_log *f, const char *rules) {
  memset(f, 0, sizeof *f);
  event_log_init(&f->log);
  fake_push(f, "season_started", fake_started(rules, 1));
}

const struct record_round *fake_now(const struct fake_log *f) {
  return &f->state.round[f->state.n_rounds - 1];
}

void fake_log_end(struct fake_log *f) {
  record_state_fini(&f->state);
  event_log_fini(&f->log);
}

void fake_act(struct fake_log *f, const char *id, const char *act, const char *who, json_t *result) {
  json_t *begun = fake_json("{'id':'%s','act':'%s','args':{}}", id, act);
  if (f->state.n_rounds > 0 && strcmp(act, "final") != 0)
    json_put_int(begun, "round", fake_now(f)->round);
  if (who != NULL)
    json_put_str(begun, "who", who);
  fake_push(f, "begun", begun);
  json_t *ended = fake_json("{'id':'%s','act':'%s','status':'%s','seconds':1}", id, act,
                            result != NULL ? "ok" : "failed");
  json_object_set_new(ended, "result", result != NULL ? result : json_null());
  if (result == NULL)
    json_put_str(ended, "error", "it broke");
  fake_push(f, "ended", ended);
}

void fake_round(struct fake_log *f, const char *kind) {
  char id[64];
  int64_t n = (int64_t)f->state.n_rounds + 1;
  fake_push(f, "round_started", fake_json("{'round':%lld,'kind':'%s','why':'test'}", (long long)n, kind));
  snprintf(id, sizeof id, "r%lld.measure", (long long)n);
  fake_act(
      f, id, "measure", NULL,
      fake_json(
          "{'verdict':'ok','geomean_seconds':0.1414,'shapes':[{'shape':'s1','seconds':0.1,'low':0.09,'high':0.11},"
          "{'shape':'s2','seconds':0.2,'low':0.19,'high':0.21}]}"));
  fake_push(f, "context_frozen",
            fake_json("{'round':%lld,'blob':'%064d','hash':'%064d'}", (long long)n, 2, 2));
}

void fake_pitches(struct fake_log *f, json_t *const *pitches) {
  int64_t n = fake_now(f)->round;
  json_t *ids = json_array();
  const char *call = fake_now(f)->n_pitch_calls > 0 ? "pitch2" : "pitch";
  for (size_t i = 0; pitches[i] != NULL; i++) {
    char id[64], who[32];
    snprintf(who, sizeof who, "C%zu", i + 1);
    snprintf(id, sizeof id, "r%lld.%s.%s", (long long)n, call, who);
    json_t *answer = json_object();
    json_object_set_new(answer, "pitch", pitches[i]);
    fake_act(f, id, "pitch", who, answer);
    json_array_append_new(ids, json_string(id));
  }
  json_t *closed = fake_json("{'round':%lld,'phase':'pitches','late':[]}", (long long)n);
  json_object_set_new(closed, "ids", ids);
  fake_push(f, "phase_closed", closed);
  fake_push(f, "pitches_gated", season_gate(&f->state, fake_now(f)));
}

/* ---- the world ---- */

static void call_comes(struct fake_world *f) {
  f->calls++;
  f->clock_ns += 1000000;
  if (f->kill_at_call == f->calls)
    kill(getpid(), SIGKILL);
}

static int must_stop(const struct fake_world *f) {
  return f->stop_at_call == f->calls;
}

static int must_fail(const struct fake_world *f) {
  return f->fail_at_call == f->calls;
}

/* A source is "A=4 B=2 C=x\n" or "naive\n". */
static int read_source(const char *source, int *a, int *b, char *c) {
  return sscanf(source, "A=%d B=%d C=%c", a, b, c) == 3;
}

static double time_of(const struct fake_world *f, const char *source) {
  int a, b;
  char c;
  if (!read_source(source, &a, &b, &c))
    return 1;
  if (f->useless)
    return 1;
  return 0.5 * (1 + 0.2 * fabs(log2(a) - 2)) * (1 + 0.3 * fabs(log2(b) - 1)) * (c == 'x' ? 1 : 1.3);
}

static enum status fake_measure(void *context, const char *source, size_t bytes, int full, const char *shape,
                                double budget_s, json_t **out, struct error *e) {
  struct fake_world *f = context;
  (void)bytes, (void)budget_s;
  call_comes(f);
  if (must_stop(f))
    return error_set(e, ST_INTERRUPTED, "asked to stop");
  if (must_fail(f))
    return error_set(e, ST_TOOL, "no compiler here");
  double t = time_of(f, source);
  int wrong = f->broken_incumbent && strncmp(source, "naive", 5) == 0;
  if (full)
    *out = fake_json("{'verdict':'ok','shapes':[{'shape':'%s','seconds':%.6f}],'geomean_seconds':%.6f}",
                     shape, t * 10, t * 10);
  else
    *out = fake_json("{'verdict':'%s','shapes':[{'shape':'s1','seconds':%.6f,'low':%.6f,'high':%.6f},"
                     "{'shape':'s2','seconds':%.6f,'low':%.6f,'high':%.6f}],'geomean_seconds':%.6f}",
                     wrong ? "wrong" : "ok", t, t, t, t * 2, t * 2, t * 2, t * 1.41);
  return ST_OK;
}

static enum status fake_check(void *context, const char *source, size_t bytes, json_t **out,
                              struct error *e) {
  struct fake_world *f = context;
  (void)bytes;
  call_comes(f);
  if (must_stop(f))
    return error_set(e, ST_INTERRUPTED, "asked to stop");
  if (must_fail(f))
    return error_set(e, ST_TOOL, "no compiler here");
  int a = 0, b = 0;
  char c = 'x';
  read_source(source, &a, &b, &c);
  const char *verdict = a == 16 && b == 8 ? "compile_error" : a == 16 && b == 4 ? "wrong" : "pass";
  *out = fake_json(
      "{'schema':'sharktank.check/1','verdict':'%s','where':'line 1','compile':{'seconds':0.5,'cached':false}}",
      verdict);
  return ST_OK;
}

static enum status fake_duel(void *context, const struct season_race *race, json_t **out, struct error *e) {
  struct fake_world *f = context;
  call_comes(f);
  f->duels_seen++;
  if (must_stop(f))
    return error_set(e, ST_INTERRUPTED, "asked to stop");
  if (must_fail(f))
    return error_set(e, ST_TOOL, "no compiler here");
  double r = time_of(f, race->a) / time_of(f, race->b);
  const char *verdict = r > 1.005 ? "faster" : r < 0.995 ? "slower" : "unresolved";
  *out = fake_json(
      "{'schema':'sharktank.duel/1','verdict':'%s','speedup':%.9f,'interval':[%.9f,%.9f],'alpha':%.9g,'stop':'enough',"
      "'shapes':[{'shape':'s1','speedup':%.9f},{'shape':'s2','speedup':%.9f}]}",
      verdict, r, r * 0.99, r * 1.01, race->alpha, r, r);
  return ST_OK;
}

static int pitched_before(const json_t *context, const json_t *gated, int a, int b, char c) {
  size_t i;
  json_t *h;
  char word[2] = {c, '\0'};
  const char *const lists[] = {"history", "measurements"};
  for (size_t k = 0; k < 3; k++)
    json_array_foreach((json_t *)(uintptr_t)(k < 2 ? json_arr(context, lists[k]) : gated), i, h) {
      const json_t *s = json_obj(k < 2 ? h : json_obj(h, "pitch"), "setting");
      if (json_int(s, "A", 0) == a && json_int(s, "B", 0) == b && strcmp(json_str(s, "C", ""), word) == 0)
        return 1;
    }
  return 0;
}

static enum status fake_contestant(const json_t *request, json_t **answer, struct error *e) {
  static const int as[] = {1, 2, 4, 8, 16}, bs[] = {1, 2, 4, 8};
  const json_t *context = json_obj(request, "context");
  const char *name = json_str(request, "name", "");
  if (strcmp(name, "Wild Card") == 0 && json_int(request, "round", 0) == 2)
    return error_set(e, ST_TOOL, "unreachable");
  int start = (int)(json_int(request, "seed", 0) % 40);
  for (int i = 0; i < 40; i++) {
    int n = (start + i) % 40, a = as[n % 5], b = bs[n / 5 % 4];
    char c = n / 20 ? 'y' : 'x', setting[96], title[64];
    if (pitched_before(context, json_arr(request, "gated"), a, b, c))
      continue;
    snprintf(setting, sizeof setting, "{'A':%d,'B':%d,'C':'%c'}", a, b, c);
    snprintf(title, sizeof title, "set A %d B %d C %c", a, b, c);
    *answer = json_object();
    json_t *pitch = fake_pitch(title, setting, NULL);
    if (strcmp(json_str(request, "round_kind", ""), "research") == 0) {
      json_put_str(pitch, "kind", "research");
      json_object_del(pitch, "setting");
    }
    json_object_set_new(*answer, "pitch", pitch);
    return ST_OK;
  }
  return error_set(e, ST_INPUT, "nothing is left to pitch");
}

static enum status fake_shark(const json_t *request, json_t **answer) {
  json_t *scores = json_object(), *ballot = json_object(), *one;
  const char *vote = NULL;
  double best = -1;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(request, "pitches"), i, one) {
    const char *id = json_str(one, "id", ""), *title = json_str(json_obj(one, "pitch"), "title", "");
    uint64_t h = (uint64_t)json_int(request, "seed", 0);
    for (const char *p = title; *p != '\0'; p++)
      h = h * 31 + (unsigned char)*p;
    double s = (double)(h % 100) / 10;
    json_object_set_new(scores, id, fake_json("{'speedup':%.1f,'ease':5,'safety':6,'quality':7}", s));
    if (s > best) {
      best = s;
      vote = id;
    }
  }
  json_object_set_new(ballot, "scores", scores);
  json_put_str(ballot, "vote", vote);
  if (strcmp(json_str(request, "name", ""), "Skeptic") == 0 && json_int(request, "round", 0) == 3)
    json_put_str(ballot, "vote", "r9.p9"); /* not up for a vote: an invalid ballot */
  *answer = json_object();
  json_object_set_new(*answer, "ballot", ballot);
  return ST_OK;
}

static enum status fake_implementer(const json_t *request, json_t **answer) {
  json_t *setting = json_deep_copy(json_obj(json_obj(request, "pitch"), "setting"));
  int64_t attempt = json_int(request, "attempt", 0), b = json_int(setting, "B", 1);
  for (int64_t k = 0; k < attempt; k++)
    b = b > 1 ? b / 2 : 1;
  json_put_int(setting, "B", b);
  *answer = json_object();
  json_t *entry = json_object();
  json_object_set_new(entry, "setting", setting);
  json_object_set_new(*answer, "entry", entry);
  return ST_OK;
}

static enum status fake_agent(void *context, const char *provider, const json_t *request, json_t **answer,
                              struct error *e) {
  struct fake_world *f = context;
  call_comes(f);
  assert_true(provider[0] != '\0');
  if (must_stop(f))
    return error_set(e, ST_INTERRUPTED, "asked to stop");
  if (must_fail(f))
    return error_set(e, ST_TOOL, "unreachable");
  const char *ask = json_str(request, "ask", "");
  if (strcmp(ask, "pitch") == 0)
    return fake_contestant(request, answer, e);
  if (strcmp(ask, "ballot") == 0)
    return fake_shark(request, answer);
  return fake_implementer(request, answer);
}

static enum status fake_entry(void *context, const json_t *setting, struct buffer *out, struct error *e) {
  (void)context, (void)e;
  buffer_printf(out, "A=%lld B=%lld C=%s\n", (long long)json_int(setting, "A", 0),
                (long long)json_int(setting, "B", 0), json_str(setting, "C", "x"));
  return ST_OK;
}

static int64_t fake_now_ns(void *context) {
  return ((struct fake_world *)context)->clock_ns;
}

void fake_world_open(struct fake_world *f, struct season_world *w) {
  memset(w, 0, sizeof *w);
  w->context = f;
  w->measure = fake_measure;
  w->check = fake_check;
  w->duel = fake_duel;
  w->agent = fake_agent;
  w->entry = fake_entry;
  w->now_ns = fake_now_ns;
  w->expected_s = NAN;
}

/* ---- folders ---- */

void fake_dir(char out[256]) {
  snprintf(out, 256, "%s/sharktank-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  assert_non_null(mkdtemp(out));
}

void fake_dir_end(const char *dir) {
  struct error e;
  assert_int_equal(file_remove_tree(dir, &e), ST_OK);
}

void fake_seen_open(const char *dir, struct fake_seen *s) {
  struct error e = {.text = ""};
  event_log_init(&s->log);
  if (store_open(dir, STORE_READ, &s->store, &e) != ST_OK || store_load(s->store, &s->log, &e) != ST_OK ||
      record_fold(&s->log, &s->state, &e) != ST_OK)
    fail_msg("%s", e.text);
}

void fake_seen_close(struct fake_seen *s) {
  record_state_fini(&s->state);
  event_log_fini(&s->log);
  store_close(s->store);
}

void fake_begin(const char *dir, const char *rules, uint64_t seed) {
  struct error e = {.text = ""};
  if (season_begin(dir, fake_started(rules, seed), "naive\n", 6, &e) != ST_OK)
    fail_msg("season_begin: %s", e.text);
}

/* Evidence, learnings' scopes and act ids name retries, and alphas are spent by them: left out. */
static void decision_text(const struct event *ev, struct buffer *out) {
  static const char *const left_out[] = {"evidence", "final", "ids"};
  json_t *copy = json_deep_copy(ev->data);
  for (size_t i = 0; i < 3; i++)
    json_object_del(copy, left_out[i]);
  size_t k;
  json_t *one;
  json_array_foreach((json_t *)(uintptr_t)json_arr(copy, "invalid"), k, one) json_object_del(one, "id");
  char *text = json_canonical(copy);
  buffer_printf(out, "%s %s\n", ev->kind, text);
  free(text);
  json_decref(copy);
}

char *fake_decisions(const char *dir) {
  static const char *const skipped[] = {"begun", "ended", "season_paused", "season_resumed",
                                        "context_frozen"};
  struct store *s = NULL;
  struct event_log log;
  struct buffer out;
  struct error e = {.text = ""};
  event_log_init(&log);
  buffer_init(&out);
  if (store_open(dir, STORE_READ, &s, &e) != ST_OK || store_load(s, &log, &e) != ST_OK)
    fail_msg("%s", e.text);
  for (size_t i = 0; i < log.count; i++) {
    int skip = 0;
    for (size_t k = 0; k < 5; k++)
      skip |= strcmp(log.event[i].kind, skipped[k]) == 0;
    if (!skip)
      decision_text(&log.event[i], &out);
  }
  event_log_fini(&log);
  store_close(s);
  return buffer_take(&out);
}

/* Tests of room season: budgets. Each kind is hit, ends the season cleanly, and a larger one opens it again;
 * what a call may take is set aside before it is begun; what tools use is charged. The world is the fake one,
 * and its agents tell what the test wants. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "season/season.h"
#include "season/season_budget.h"
#include "season/season_ledger.h"
#include "season_fake.h"
#include "season_replayed.h"
#include "store/store.h"

struct seen { /* a loaded season */
  struct store *store;
  struct event_log log;
  struct record_state state;
};

static void load(const char *dir, struct seen *s) {
  struct error e = {.text = ""};
  event_log_init(&s->log);
  if (store_open(dir, STORE_READ, &s->store, &e) != ST_OK || store_load(s->store, &s->log, &e) != ST_OK ||
      record_fold(&s->log, &s->state, &e) != ST_OK)
    fail_msg("%s", e.text);
}

static void unload(struct seen *s) {
  record_state_fini(&s->state);
  event_log_fini(&s->log);
  store_close(s->store);
}

/* Agents that are not built in, without a wire: the fake world's answers, and this usage. */
struct teller {
  struct fake_world f;
  pthread_mutex_t lock;
  enum status (*agent)(void *, const char *, const json_t *, json_t **, struct error *);
  int64_t input, output; /* tokens of a call; -1: not told */
  double most;           /* the most that the log held as spent, with what was under way */
  const char *watched;   /* "tokens" or "money" */
  size_t together;       /* the most calls that were under way at once */
};

static enum status tell_ask(void *context, const char *provider, const json_t *request,
                            const struct agent_ask_options *options, struct agent_asked *r, struct error *e) {
  struct teller *t = context;
  (void)options;
  *r = (struct agent_asked){.outside = 1, .fault = AGENT_FAULT_NONE};
  buffer_init(&r->request);
  buffer_init(&r->response);
  r->usage = (struct agent_usage){.input_tokens = t->input,
                                  .output_tokens = t->output,
                                  .cache_read_tokens = t->input < 0 ? -1 : 0,
                                  .cache_write_tokens = t->input < 0 ? -1 : 0,
                                  .attempts = 1};
  pthread_mutex_lock(&t->lock);
  enum status st = t->agent(&t->f, provider, request, &r->answer, e);
  pthread_mutex_unlock(&t->lock);
  return st;
}

static enum status tell_agent(void *context, const char *provider, const json_t *request, json_t **answer,
                              struct error *e) {
  struct teller *t = context;
  pthread_mutex_lock(&t->lock);
  enum status st = t->agent(&t->f, provider, request, answer, e);
  pthread_mutex_unlock(&t->lock);
  return st;
}

static int64_t tell_now(void *context) {
  struct teller *t = context;
  pthread_mutex_lock(&t->lock);
  int64_t now_ns = t->f.clock_ns;
  pthread_mutex_unlock(&t->lock);
  return now_ns;
}

static void on_event(void *context, const struct event *ev, const struct record_state *state) {
  struct teller *t = context;
  struct season_spent spent;
  size_t open = 0;
  (void)ev;
  season_spent(state, &spent);
  double now = t->watched != NULL && strcmp(t->watched, "money") == 0 ? spent.money : spent.tokens;
  t->most = now > t->most ? now : t->most;
  for (size_t k = 0; k < state->n_rounds; k++)
    for (size_t i = 0; i < state->round[k].n_acts; i++)
      open += state->round[k].act[i].status == NULL &&
              strcmp(json_str(state->round[k].act[i].args, "agent", ""), "openai:m") == 0;
  t->together = open > t->together ? open : t->together;
}

#define REMOTE_CAST                                                                                           \
  "'cast':{'contestants':["                                                                                   \
  "{'name':'N0','persona':'','agent':'openai:m'},{'name':'N1','persona':'','agent':'openai:m'},"              \
  "{'name':'N2','persona':'','agent':'openai:m'},{'name':'Tank','persona':'','agent':'builtin:refactorer'}]," \
  "'sharks':[{'name':'S0','persona':'','agent':'openai:m'},{'name':'S1','persona':'','agent':'openai:m'}],"   \
  "'implementer':{'name':'Impl','persona':'','agent':'builtin:implementer'}}"
/* Of a call: at most 3000 tokens; 2000 * 1 + 1000 * 2 per million. */
#define REMOTE_RULES                                                                                         \
  "'rounds':2,'rounds_without_success':20," REMOTE_CAST ",'agents':{'prompt_tokens':2000,"                   \
  "'max_output_tokens':1000},'prices':{'m':{'input_per_mtok':1,'output_per_mtok':2}}"
#define TANK_RULES "'rounds':2,'rounds_without_success':20"

static void play(const char *dir, struct teller *t) {
  struct season_world w;
  struct error e = {.text = ""};
  struct season_watch watch = {.context = t, .event = on_event};
  t->f = (struct fake_world){0};
  fake_world_open(&t->f, &w);
  pthread_mutex_init(&t->lock, NULL);
  t->agent = w.agent;
  w.agent = tell_agent;
  w.now_ns = tell_now;
  w.ask = tell_ask;
  if (season_play_world(dir, &watch, &w, &e) != ST_OK)
    fail_msg("the season stopped: %s", e.text);
  pthread_mutex_destroy(&t->lock);
}

static void begin(char dir[256], const char *rules, const char *budgets) {
  char all[4096];
  int n = snprintf(all, sizeof all, "{%s,'budgets':%s}", rules, budgets);
  assert_true(n > 0 && (size_t)n < sizeof all);
  fake_dir(dir);
  fake_begin(dir, all, 4);
}

static enum status change(const char *dir, const char *budgets) {
  char path[512];
  struct error e = {.text = ""};
  assert_int_equal(file_join(path, sizeof path, dir, "larger.yml"), 0);
  assert_int_equal(file_write_atomic(path, budgets, strlen(budgets), NULL), ST_OK);
  return season_budget_change(dir, path, &e);
}

/* The season ended for this budget, with a result; its data. */
static const json_t *ended_by(const struct seen *s, const char *which) {
  assert_string_equal(json_str(s->state.ended, "reason", ""), "budget");
  assert_true(json_is_object(json_object_get(s->state.ended, "final")));
  assert_string_equal(json_str(s->state.budget_spent, "which", ""), which);
  assert_non_null(strstr(json_str(s->state.budget_spent, "text", ""), which));
  for (size_t k = 0; k < s->state.n_rounds; k++)
    for (size_t i = 0; i < s->state.round[k].n_acts; i++)
      assert_non_null(s->state.round[k].act[i].status); /* nothing was left under way */
  return s->state.budget_spent;
}

static void opened_by(const char *dir, const char *budgets, struct teller *t) {
  struct seen s;
  assert_int_equal(change(dir, budgets), ST_OK);
  play(dir, t);
  load(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  assert_int_equal(s.state.n_rounds, 2);
  assert_null(s.state.budget_spent);
  unload(&s);
  assert_int_equal(change(dir, budgets), ST_USAGE); /* it has ended for good */
}

/* ------------------------------------------------------------------ tokens, money */

static void tokens_are_set_aside_before_each_call(void **unused) {
  (void)unused;
  char dir[256];
  struct seen s;
  struct season_spent spent;
  struct teller t = {.input = 800, .output = 200, .watched = "tokens"};
  /* Five calls of round 1 take 5000; beside those, 7500 do not hold the 3000 that one more may take. */
  begin(dir, REMOTE_RULES, "{'tokens':7500}");
  play(dir, &t);
  load(dir, &s);
  const json_t *hit = ended_by(&s, "tokens");
  assert_true(json_num(hit, "spent", 0) == 5000 && json_num(hit, "reserve", 0) == 3000);
  season_spent(&s.state, &spent);
  assert_int_equal(spent.calls, 5);
  assert_int_equal(s.state.n_rounds, 2);
  assert_true(t.most <= 7500);     /* at no moment could the calls under way have passed it */
  assert_int_equal(t.together, 2); /* of the three contestants: the third waits */
  unload(&s);
  opened_by(dir, "budgets: {tokens: 100000}\n", &t);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void untold_calls_count_as_what_was_set_aside(void **unused) {
  (void)unused;
  char dir[256];
  struct seen s;
  struct season_spent spent;
  struct teller t = {.input = -1, .output = -1, .watched = "money"};
  begin(dir, REMOTE_RULES, "{'money':0.0101}"); /* two and a half calls of 0.004 */
  play(dir, &t);
  load(dir, &s);
  const json_t *hit = ended_by(&s, "money");
  assert_true(json_num(hit, "spent", 0) > 0.0079 && json_num(hit, "spent", 0) < 0.0081);
  season_spent(&s.state, &spent);
  assert_int_equal(spent.calls, 2);
  assert_int_equal(spent.unknown_calls, 2);
  assert_true(t.most <= 0.0101);
  const struct record_act *a = record_act_find(&s.state.round[0], "r1.pitch.N0");
  assert_string_equal(a->status, "ok"); /* what was paid for is kept for the round that goes on */
  assert_true(json_is_null(json_object_get(a->agent, "price")));
  unload(&s);
  opened_by(dir, "budgets: {money: 1}\n", &t);
  load(dir, &s);
  assert_string_equal(record_act_find(&s.state.round[0], "r1.pitch.N0")->id, "r1.pitch.N0");
  unload(&s);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void a_budget_too_small_for_one_call_begins_none(void **unused) {
  (void)unused;
  char dir[256];
  struct seen s;
  struct season_spent spent;
  struct teller t = {.input = 1, .output = 1};
  begin(dir, REMOTE_RULES, "{'tokens':2999}");
  play(dir, &t);
  load(dir, &s);
  (void)ended_by(&s, "tokens");
  season_spent(&s.state, &spent);
  assert_int_equal(spent.calls, 0);
  unload(&s);
  replayed_ok(dir);
  fake_dir_end(dir);
}

/* ------------------------------------------------------------------ evaluations, time */

static void evaluations_end_a_season(void **unused) {
  (void)unused;
  char dir[256];
  struct seen s;
  struct season_spent spent;
  struct teller t = {0};
  begin(dir, TANK_RULES, "{'evaluations':2}");
  play(dir, &t);
  load(dir, &s);
  assert_true(json_num(ended_by(&s, "evaluations"), "spent", 0) == 2);
  season_spent(&s.state, &spent);
  assert_int_equal(spent.evaluations, 2);
  assert_string_equal(record_loose_find(&s.state, "final")->status, "ok");
  unload(&s);
  assert_int_equal(change(dir, "budgets: {evaluations: 100}\n"), ST_OK);
  load(dir, &s);
  assert_null(s.state.ended);
  assert_string_equal(record_loose_find(&s.state, "final")->status, "superseded"); /* it did not fail */
  unload(&s);
  opened_by(dir, "budgets: {evaluations: 100}\n", &t);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static int after_first_tally(void *context) {
  return *(int *)context;
}

static void note_tally(void *context, const struct event *ev, const struct record_state *state) {
  (void)state;
  if (strcmp(ev->kind, "tally") == 0)
    *(int *)context = 1;
}

static void time_ends_a_season(void **unused) {
  (void)unused;
  char dir[256];
  struct seen s;
  struct teller t = {0};
  struct fake_world f = {0};
  struct season_world w;
  int stop = 0;
  struct season_watch watch = {.context = &stop, .event = note_tally, .cancelled = after_first_tally};
  fake_dir(dir);
  fake_begin(dir, "{" TANK_RULES "}", 4);
  fake_world_open(&f, &w);
  assert_int_equal(season_play_world(dir, &watch, &w, NULL), ST_INTERRUPTED);
  assert_int_equal(change(dir, "budgets: {wall_s: 0.000001}\n"), ST_OK);
  play(dir, &t);
  load(dir, &s);
  assert_true(json_num(ended_by(&s, "wall_s"), "spent", 0) > 0.000001);
  assert_int_equal(s.state.n_rounds, 1);
  assert_non_null(s.state.round[0].tally);
  for (size_t i = 0; i < s.state.round[0].n_acts; i++)
    assert_string_not_equal(s.state.round[0].act[i].act, "check"); /* nothing was begun after it was spent */
  unload(&s);
  opened_by(dir, "budgets: {wall_s: 100000}\n", &t);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void push(struct event_log *log, double at_s, const char *kind, const char *data) {
  assert_int_equal(event_log_push(log, (int64_t)(at_s * 1e9), kind, fake_json("%s", data)), ST_OK);
}

/* Sums of nanoseconds, told in seconds. */
static void worked(const struct event_log *log, const json_t *more, double now_s, double wanted_s) {
  double s = season_worked_s(log, more, (int64_t)(now_s * 1e9));
  if (s < wanted_s - 1e-6 || s > wanted_s + 1e-6)
    fail_msg("%.9g s were worked, wanted %.9g", s, wanted_s);
}

static void only_worked_time_counts_and_once(void **unused) {
  (void)unused;
  struct event_log log;
  event_log_init(&log);
  worked(&log, NULL, 0, 0);
  push(&log, 100, "season_started", "{}");
  push(&log, 110, "begun", "{}");
  push(&log, 1000, "season_resumed", "{}");
  push(&log, 1005, "ended", "{}");
  worked(&log, NULL, 0, 15);
  worked(&log, NULL, 1007, 17);
  /* One within an engine's time, one half in it, one in a pause, a beginning, and one that says too much. */
  push(&log, 1010, "tools_used",
       "{'calls':[{'began_ns':102000000000,'ended_ns':104000000000},"
       "{'began_ns':108000000000,'ended_ns':115000000000},{'began_ns':500000000000,'ended_ns':503000000000},"
       "{'began_ns':600000000000,'ended_ns':null}]}");
  worked(&log, NULL, 0, 10 + 10 + 5 + 3);
  json_t *more = fake_json("[{'began_ns':1,'ended_ns':200000000000000},{'began_ns':5,'ended_ns':4}]");
  worked(&log, more, 0, 28 + 86400);
  json_decref(more);
  event_log_fini(&log);
}

/* ------------------------------------------------------------------ tools */

static enum status charge(const char *dir, struct season_charge *c, struct error *e) {
  struct seen s;
  load(dir, &s);
  enum status st = season_ledger_begin(dir, &s.log, &s.state, "check", c, e);
  unload(&s);
  return st;
}

static void add_lines(const char *dir, const char *text) {
  char path[512];
  assert_int_equal(file_join(path, sizeof path, dir, "tools.jsonl"), 0);
  int fd = open(path, O_WRONLY | O_APPEND);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void tools_are_charged(void **unused) {
  (void)unused;
  char dir[256];
  struct seen s;
  struct season_charge c, other;
  struct season_spent spent;
  struct error e = {.text = ""};
  struct teller t = {0};
  begin(dir, TANK_RULES, "{'evaluations':3,'wall_s':100000}");
  assert_int_equal(charge(dir, &c, &e), ST_OK);
  assert_int_equal(c.evaluations_left, 2);
  assert_true(c.seconds_left > 99000 && c.seconds_left < 100001);
  assert_int_equal(charge(dir, &other, &e), ST_OK); /* the first is still at work */
  assert_int_equal(other.evaluations_left, 1);
  season_ledger_end(dir, &c);
  /* What is no line of ours, and a line that is not whole yet. */
  add_lines(dir, "nonsense\n{\"id\":7}\n{\"id\":\"x\",\"began_ns\":-3}\n[]\n{\"id\":\"half\",\"began_ns\":9");
  play(dir, &t);
  load(dir, &s);
  assert_true(json_num(ended_by(&s, "evaluations"), "spent", 0) == 3);
  season_spent(&s.state, &spent);
  assert_int_equal(spent.evaluations, 3);
  assert_int_equal(s.state.n_tool_calls, 2);
  assert_int_equal(record_acts_begun(&s.state, "check"), 1);
  size_t events = 0, calls = 0;
  for (size_t i = 0; i < s.log.count; i++)
    if (strcmp(s.log.event[i].kind, "tools_used") == 0) {
      events++;
      calls += json_array_size(json_arr(s.log.event[i].data, "calls"));
    }
  assert_int_equal(events, 1); /* once, not at every step */
  assert_int_equal(calls, 3);  /* two beginnings, one end */
  unload(&s);
  assert_int_equal(charge(dir, &c, &e), ST_BUSY);
  assert_non_null(strstr(e.text, "budget of 3 evaluations is used up (3 are spent, 2 of them by tools)"));
  assert_int_equal(change(dir, "budgets: {wall_s: 0.000001}\n"), ST_OK);
  assert_int_equal(charge(dir, &c, &e), ST_BUSY);
  assert_non_null(strstr(e.text, "wall_s"));
  opened_by(dir, "budgets: {evaluations: 100}\n", &t);
  replayed_ok(dir);
  fake_dir_end(dir);
}

/* Anybody who can write to the folder may have put something else there. */
static void a_ledger_that_is_none(void **unused) {
  (void)unused;
  char dir[256], path[512];
  struct season_charge c;
  struct error e = {.text = ""};
  struct teller t = {0};
  begin(dir, TANK_RULES, "{'evaluations':100}");
  assert_int_equal(file_join(path, sizeof path, dir, "tools.jsonl"), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_null(season_ledger_take(dir, 0));
  play(dir, &t); /* nobody waits for the other end */
  assert_int_equal(unlink(path), 0);
  assert_int_equal(symlink("/dev/zero", path), 0);
  assert_null(season_ledger_take(dir, 0));
  assert_int_equal(charge(dir, &c, &e), ST_IO); /* there is a budget, and no way to keep it */
  assert_int_equal(unlink(path), 0);
  size_t bytes = 3 << 20;
  char *one = malloc(bytes);
  memset(one, 'x', bytes);
  assert_int_equal(file_write_atomic(path, one, bytes, NULL), ST_OK);
  free(one);
  json_t *data = season_ledger_take(dir, 0);
  assert_int_equal(json_int(data, "through", 0), 1 << 20); /* no line is that long: it is passed over */
  assert_int_equal(json_array_size(json_arr(data, "calls")), 0);
  json_decref(data);
  assert_null(season_ledger_take(dir, INT64_MAX));
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void a_season_without_budgets_is_not_bothered(void **unused) {
  (void)unused;
  char dir[256];
  struct season_charge c;
  struct error e = {.text = ""};
  fake_dir(dir);
  fake_begin(dir, NULL, 4);
  assert_int_equal(charge(dir, &c, &e), ST_OK);
  assert_int_equal(c.evaluations_left, -1);
  assert_true(c.seconds_left > 1e300);
  assert_true(c.kept); /* a budget may come later */
  season_ledger_end(dir, &c);
  replayed_ok(dir);
  fake_dir_end(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_are_set_aside_before_each_call),
      cmocka_unit_test(untold_calls_count_as_what_was_set_aside),
      cmocka_unit_test(a_budget_too_small_for_one_call_begins_none),
      cmocka_unit_test(evaluations_end_a_season),
      cmocka_unit_test(time_ends_a_season),
      cmocka_unit_test(only_worked_time_counts_and_once),
      cmocka_unit_test(tools_are_charged),
      cmocka_unit_test(a_ledger_that_is_none),
      cmocka_unit_test(a_season_without_budgets_is_not_bothered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of room season: seasons with agents that are not built in. Real HTTP to the fake servers of
 * tests/agent, real commands, every fault; the judge is the fake world's. Asserted is what the log says. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent_server.h"
#include "base/base_file.h"
#include "season/season.h"
#include "season/season_budget.h"
#include "season/season_config.h"
#include "season_fake.h"
#include "season_replayed.h"
#include "store/store.h"

#define LIMITS "'agents':{'connect_s':15,'idle_s':6,'total_s':40,'retries':1}"
#define TANK_SHARKS                                                                                          \
  "'sharks':[{'name':'Cy','persona':'','agent':'builtin:skeptic'},"                                          \
  "{'name':'Di','persona':'','agent':'builtin:theorist'}]"
#define TANK_IMPLEMENTER "'implementer':{'name':'Impl','persona':'','agent':'builtin:implementer'}"
#define MODEL_ANT        "season:0:unauthorised.1,dropped.3,empty.5,meet.6"

static struct agent_server server;
static char folder[64];

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

static enum status real_ask(void *context, const char *provider, const json_t *request,
                            const struct agent_ask_options *options, struct agent_asked *reply,
                            struct error *e) {
  (void)context;
  return agent_ask(provider, request, options, reply, e);
}

static enum status play(const char *dir, const struct season_watch *watch, struct error *e) {
  struct fake_world f = {0};
  struct season_world w;
  fake_world_open(&f, &w);
  w.ask = real_ask;
  return season_play_world(dir, watch, &w, e);
}

static void play_whole(const char *dir) {
  struct error e = {.text = ""};
  if (play(dir, NULL, &e) != ST_OK)
    fail_msg("the season stopped: %s", e.text);
}

/* ------------------------------------------------------------------ faults */

/* One member of a cast; api 'a' or 'o'. */
static void member(char *out, size_t bytes, const char *name, char api, const char *model) {
  snprintf(out, bytes, "{'name':'%s','persona':'','agent':'%s:%s@http://127.0.0.1:%d%s'}", name,
           api == 'a' ? "anthropic" : "openai", model, server.port, api == 'a' ? "" : "/v1");
}

static void faulty_rules(char *out, size_t bytes) {
  char m[7][400];
  member(m[0], sizeof m[0], "Ant", 'a', MODEL_ANT);
  member(m[1], sizeof m[1], "Bee", 'o', "season:1:limited.2,malformed.4,huge.5,meet.6");
  member(m[2], sizeof m[2], "Cat", 'a', "season:2:bad-forecast-once.2,server-error.3,bad-forecast.4,meet.6");
  member(m[3], sizeof m[3], "Dog", 'o', "season:3:slow-first.1,refused.2,meet.6");
  member(m[4], sizeof m[4], "Ann", 'a', "season:11:nonsense.2");
  member(m[5], sizeof m[5], "Bob", 'o', "season:12:");
  member(m[6], sizeof m[6], "Impl", 'o',
         "season:20:edits.1,bad-search-once.1,edits.2,refused.4,refused.5,refused.6");
  int n = snprintf(
      out, bytes,
      "{'rounds':6,'rounds_without_success':20,'cast':{'contestants':[%s,%s,%s,%s,"
      "{'name':'Gone','persona':'','agent':'openai:season:9:@http://127.0.0.1:1/v1'}],"
      "'sharks':[%s,%s,{'name':'Cy','persona':'','agent':'builtin:skeptic'}],'implementer':%s}," LIMITS
      ",'prices':{'" MODEL_ANT "':{'input_per_mtok':1,'output_per_mtok':2,'cache_read_per_mtok':0.1,"
      "'cache_write_per_mtok':1.25}}}",
      m[0], m[1], m[2], m[3], m[4], m[5], m[6]);
  assert_true(n > 0 && (size_t)n < bytes);
}

static const struct expectation {
  const char *id, *fault, *status;
  int attempts; /* 0: not looked at */
} expected[] = {
    {"r1.pitch.Ant", "unauthorised", "failed", 1},
    {"r1.pitch.Bee", "none", "ok", 1},
    {"r1.pitch.Cat", "none", "ok", 1},
    {"r1.pitch.Dog", "timeout", "late", 1},
    {"r1.pitch.Gone", "unreachable", "failed", 0},
    {"r2.pitch.Ant", "none", "ok", 1},
    {"r2.pitch.Bee", "limited", "failed", 2},
    {"r2.pitch.Cat", "none", "ok", 2},
    {"r2.pitch.Dog", "refused", "failed", 1},
    {"r2.ballot.Ann", "unparseable", "failed", 2},
    {"r2.ballot.Bob", "none", "ok", 1},
    {"r3.pitch.Ant", "dropped", "failed", 1},
    {"r3.pitch.Cat", "server_error", "failed", 2},
    {"r4.pitch.Bee", "malformed", "failed", 1},
    {"r4.pitch.Cat", "unparseable", "failed", 2},
    {"r5.pitch.Ant", "empty", "failed", 1},
    {"r5.pitch.Bee", "too_long", "failed", 1},
    {"r6.pitch.Ant", "none", "ok", 1},
    {"r6.pitch.Bee", "none", "ok", 1},
    {"r6.pitch.Cat", "none", "ok", 1},
    {"r6.pitch.Dog", "none", "ok", 1},
    {"r6.pitch.Gone", "unreachable", "failed", 0},
};

static const struct record_act *act_of(const struct seen *s, const char *id) {
  long long round = 0;
  assert_int_equal(sscanf(id, "r%lld", &round), 1);
  assert_true((size_t)round <= s->state.n_rounds);
  return record_act_find(&s->state.round[round - 1], id);
}

static void check_faults(const struct seen *s) {
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const struct expectation *x = &expected[i];
    const struct record_act *a = act_of(s, x->id);
    const char *fault = a != NULL ? json_str(a->agent, "fault", "no call") : "no act";
    if (strcmp(fault, x->fault) != 0 || strcmp(a->status, x->status) != 0 ||
        (x->attempts > 0 && json_int(a->agent, "attempts", 0) != x->attempts))
      fail_msg("%s: %s, %s after %lld attempts (%s)", x->id, a != NULL ? a->status : "?", fault,
               (long long)json_int(a != NULL ? a->agent : NULL, "attempts", 0),
               a != NULL && a->error != NULL ? a->error : "");
    if (strcmp(x->fault, "none") != 0) /* the error of the act begins with the name */
      assert_true(strncmp(a->error, x->fault, strlen(x->fault)) == 0);
  }
}

static void check_transcript(const struct seen *s, const char *id, const char *key, const char *holds) {
  struct buffer text;
  struct error e = {.text = ""};
  buffer_init(&text);
  if (store_blob_get(s->store, json_str(act_of(s, id)->agent, key, "none"), &text, &e) != ST_OK)
    fail_msg("%s of %s: %s", key, id, e.text);
  if (strstr(buffer_str(&text), holds) == NULL)
    fail_msg("%s of %s lacks \"%s\":\n%.2000s", key, id, holds, buffer_str(&text));
  assert_null(strstr(buffer_str(&text), "QuietKeyWord"));
  buffer_fini(&text);
}

static void check_figures(const struct seen *s) {
  const json_t *ant = act_of(s, "r2.pitch.Ant")->agent, *bee = act_of(s, "r1.pitch.Bee")->agent;
  assert_int_equal(json_int(ant, "input_tokens", 0), 11);
  assert_int_equal(json_int(ant, "output_tokens", 0), 42);
  assert_int_equal(json_int(ant, "cache_read_tokens", 0), 300);
  double price = json_num(ant, "price", 0), want = (11 * 1 + 42 * 2 + 300 * 0.1 + 5 * 1.25) * 1e-6;
  assert_true(price > want * 0.999 && price < want * 1.001);
  assert_true(json_is_null(json_object_get(bee, "price"))); /* unknown, not zero */
  assert_int_equal(strlen(json_str(ant, "prompt_hash", "")), 64);
  check_transcript(s, "r2.pitch.Ant", "request", "\"messages\"");
  check_transcript(s, "r2.pitch.Ant", "response", "\"request_hash\"");
  check_transcript(s, "r1.pitch.Ant", "response", "unauthorised");
  check_transcript(s, "r2.pitch.Cat", "request", "answered this before");
}

/* Which of the pitches was implemented is the sharks' business: the first implementation of round 1. */
static const struct record_act *first_implementation(const struct seen *s) {
  const struct record_round *r = &s->state.round[0];
  for (size_t i = 0; i < r->n_acts; i++)
    if (strcmp(r->act[i].act, "implement") == 0)
      return &r->act[i];
  fail_msg("nothing was implemented in round 1");
  return NULL;
}

static void check_implementer(const struct seen *s) {
  const struct record_act *a = first_implementation(s);
  struct buffer source;
  size_t refused = 0;
  assert_string_equal(json_str(a->agent, "fault", ""), "none");
  assert_int_equal(json_int(a->agent, "attempts", 0), 2); /* its first edit did not apply */
  assert_null(json_object_get(a->result, "setting"));     /* it is a source, made by edits */
  check_transcript(s, a->id, "request", "answered this before");
  buffer_init(&source);
  assert_int_equal(store_blob_get(s->store, json_str(a->result, "blob", ""), &source, NULL), ST_OK);
  assert_true(strncmp(buffer_str(&source), "A=", 2) == 0);
  buffer_fini(&source);
  for (size_t k = 0; k < s->state.n_rounds; k++)
    for (size_t i = 0; i < s->state.round[k].n_acts; i++)
      refused += strcmp(s->state.round[k].act[i].act, "implement") == 0 &&
                 strcmp(json_str(s->state.round[k].act[i].agent, "fault", ""), "refused") == 0;
  assert_int_equal(refused, 3);
}

/* The responses of a season, joined, are a recording. */
static void record(const struct seen *s, const char *path) {
  struct buffer all;
  buffer_init(&all);
  for (size_t k = 0; k < s->state.n_rounds; k++)
    for (size_t i = 0; i < s->state.round[k].n_acts; i++) {
      const char *blob = json_str(s->state.round[k].act[i].agent, "response", NULL);
      if (blob != NULL)
        assert_int_equal(store_blob_get(s->store, blob, &all, NULL), ST_OK);
    }
  assert_int_equal(file_write_atomic(path, all.data, all.bytes, NULL), ST_OK);
  buffer_fini(&all);
}

/* Every agent that is not built in becomes recorded:FILE. */
static void recorded_cast(json_t *started, const char *path) {
  static const char *const lists[] = {"contestants", "sharks"};
  json_t *cast = json_object_get(started, "cast"), *one;
  char provider[300];
  snprintf(provider, sizeof provider, "recorded:%s", path);
  for (size_t l = 0; l < 2; l++) {
    size_t i;
    json_array_foreach(json_object_get(cast, lists[l]), i, one) {
      if (agent_exchange_knows(json_str(one, "agent", "")))
        json_put_str(one, "agent", provider);
    }
  }
  json_put_str(json_object_get(cast, "implementer"), "agent", provider);
}

static const char *after_first_line(const char *text) {
  return strchr(text, '\n') + 1;
}

/* Fails with the first line that differs. */
static void same_decisions(const char *got, const char *want) {
  const char *g = after_first_line(got), *w = after_first_line(want); /* the first tells the cast */
  while (*g != '\0' || *w != '\0') {
    size_t n = strcspn(g, "\n"), m = strcspn(w, "\n");
    if (n != m || strncmp(g, w, n) != 0)
      fail_msg("got\n%.*s\nwanted\n%.*s", (int)n, g, (int)m, w);
    g += n + (g[n] == '\n');
    w += m + (w[m] == '\n');
  }
}

/* ------------------------------------------------------------------ replays */

static const json_t *first_of(const json_t *report, const char *what) {
  size_t i;
  json_t *d;
  json_array_foreach((json_t *)(uintptr_t)json_arr(report, "differences"), i, d) {
    if (strcmp(json_str(d, "what", ""), what) == 0)
      return d;
  }
  return NULL;
}

static int is_answer(const struct event *ev) {
  return strcmp(ev->kind, "ended") == 0 && strcmp(json_str(ev->data, "id", ""), "r2.pitch.Ant") == 0;
}

/* Another title than the transcript has. */
static int other_title(struct event *ev, struct store *to) {
  (void)to;
  if (!is_answer(ev))
    return 0;
  json_put_str(json_object_get(json_object_get(ev->data, "result"), "pitch"), "title", "A forged title");
  return 1;
}

/* Another question than was asked, in a transcript of its own. */
static int other_question(struct event *ev, struct store *to) {
  static const char text[] = "{\"asking\":1,\"prompt_hash\":\"x\"}\n"
                             "{\"attempt\":1,\"url\":\"u\",\"body\":{\"system\":\"Vote for me.\"}}\n";
  char name[HASH_HEX_BYTES];
  if (!is_answer(ev))
    return 0;
  assert_int_equal(store_blob_put(to, text, sizeof text - 1, name, NULL), ST_OK);
  json_put_str(json_object_get(ev->data, "agent"), "request", name);
  return 1;
}

static int other_price(struct event *ev, struct store *to) {
  (void)to;
  if (!is_answer(ev))
    return 0;
  json_put_num(json_object_get(ev->data, "agent"), "price", 0.5);
  return 1;
}

static int lost_transcript(struct event *ev, struct store *to) {
  (void)to;
  if (!is_answer(ev))
    return 0;
  json_put_str(json_object_get(ev->data, "agent"), "response",
               "00000000000000000000000000000000000000000000000000000000000000aa");
  return 1;
}

static void check_forgeries(const char *dir) {
  static const struct {
    replayed_forger forge;
    const char *what, *pointer;
  } forged[] = {{other_title, "answer", "/result/pitch/title"},
                {other_question, "prompt", "/agent/prompt_hash"},
                {other_price, "answer", "/agent/price"}};
  char out[256];
  for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
    int64_t seq = replayed_forge(dir, forged[i].forge, out);
    json_t *report = replayed(out);
    const json_t *first = json_object_get(report, "first");
    if (json_int(first, "seq", 0) != seq || strcmp(json_str(first, "what", ""), forged[i].what) != 0 ||
        strcmp(json_str(first, "pointer", ""), forged[i].pointer) != 0)
      fail_msg("forgery %zu at %lld: %s", i, (long long)seq, json_canonical(first));
    json_decref(report);
    fake_dir_end(out);
  }
  assert_true(replayed_forge(dir, lost_transcript, out) > 0);
  json_t *report = replayed(out);
  assert_string_equal(json_str(report, "verdict", ""), "incomplete");
  assert_int_equal(json_array_size(json_arr(report, "missing")), 1);
  assert_int_equal(json_int(report, "unchecked", 0), 1);
  json_decref(report);
  fake_dir_end(out);
}

/* Templates are not in the log: where one has changed, the prompts differ and the decisions do not. */
static void check_templates(const char *dir) {
  char command[700];
  snprintf(command, sizeof command,
           "mkdir -p %s/data/templates && cp -r %s/templates/agent %s/data/templates/ && echo 'Be brief.' >> "
           "%s/data/templates/agent/system.md",
           folder, ST_SOURCE_DIR, folder, folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "%s/data", folder);
  setenv("SHARKTANK_DATA_DIR", command, 1);
  json_t *report = replayed(dir);
  unsetenv("SHARKTANK_DATA_DIR");
  const json_t *by = json_obj(report, "by_what");
  assert_string_equal(json_str(report, "verdict", ""), "different");
  assert_int_equal(json_int(by, "prompt", 0), json_int(report, "n_differences", -1));
  assert_int_equal(json_int(by, "prompt", 0), json_int(json_obj(report, "derived"), "prompt", -1));
  const char *says = json_str(first_of(report, "prompt"), "text", "");
  if (strstr(says, "system text") == NULL || strstr(says, "template changed") == NULL)
    fail_msg("not said: %s", says);
  json_decref(report);
}

static void check_replays(const char *dir) {
  json_t *report = replayed(dir);
  replayed_same(report);
  assert_true(json_int(json_obj(report, "derived"), "prompt", 0) > 30);
  assert_int_equal(json_int(report, "unchecked", -1), 0);
  json_decref(report);
  check_forgeries(dir);
  check_templates(dir);
}

static void every_fault_and_its_replay(void **unused) {
  (void)unused;
  char dir[256], again[256], path[200], rules[4096];
  struct error e = {.text = ""};
  struct seen s;
  faulty_rules(rules, sizeof rules);
  fake_dir(dir);
  fake_begin(dir, rules, 7);
  play_whole(dir);
  load(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  assert_int_equal(s.state.n_rounds, 6);
  check_faults(&s);
  check_implementer(&s);
  check_figures(&s);
  snprintf(path, sizeof path, "%s/recording", folder);
  record(&s, path);
  unload(&s);
  char *want = fake_decisions(dir);
  check_replays(dir);
  fake_dir_end(dir);

  fake_dir(again);
  json_t *started = fake_started(rules, 7);
  recorded_cast(started, path);
  assert_int_equal(season_begin(again, started, "naive\n", 6, &e), ST_OK);
  play_whole(again);
  char *got = fake_decisions(again);
  same_decisions(got, want);
  replayed_ok(again);
  free(got);
  free(want);
  fake_dir_end(again);
}

/* Every fault of the list at once, a contestant each, from one of the two servers; and a command that ends
 * with an error. Who is left makes a round of it. */
static const struct {
  const char *name, *plan, *fault, *status;
} faulty[] = {
    {"Unauth", "unauthorised.1", "unauthorised", "failed"},
    {"Limited", "limited.1", "limited", "failed"},
    {"Server", "server-error.1", "server_error", "failed"},
    {"Slow", "slow-first.1", "timeout", "late"},
    {"Dropped", "dropped.1", "dropped", "failed"},
    {"Malformed", "malformed.1", "malformed", "failed"},
    {"Schema", "wrong-schema.1", "unparseable", "failed"},
    {"Huge", "huge.1", "too_long", "failed"},
    {"Empty", "empty.1", "empty", "failed"},
    {"Failing", NULL, "failed", "failed"},
    {"Well", "", "none", "ok"},
    {"Fine", "", "none", "ok"},
};

static void one_server(char api) {
  char dir[256], rules[8192] = "{'rounds':1,'pitches_max':12,'cast':{'contestants':[";
  struct seen s;
  for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
    char model[64], one[400];
    snprintf(model, sizeof model, "season:%zu:%s", 30 + i, faulty[i].plan != NULL ? faulty[i].plan : "");
    member(one, sizeof one, faulty[i].name, api, model);
    if (faulty[i].plan == NULL)
      snprintf(one, sizeof one, "{'name':'%s','persona':'','agent':'exec:sh /nonexistent/script'}",
               faulty[i].name);
    snprintf(rules + strlen(rules), sizeof rules - strlen(rules), "%s%s", i > 0 ? "," : "", one);
  }
  snprintf(rules + strlen(rules), sizeof rules - strlen(rules),
           "]," TANK_SHARKS "," TANK_IMPLEMENTER
           "},'agents':{'connect_s':15,'idle_s':6,'total_s':60,'retries':1}}");
  fake_dir(dir);
  fake_begin(dir, rules, 5);
  play_whole(dir);
  load(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
    char id[64];
    snprintf(id, sizeof id, "r1.pitch.%s", faulty[i].name);
    const struct record_act *a = act_of(&s, id);
    assert_non_null(a);
    if (strcmp(json_str(a->agent, "fault", "?"), faulty[i].fault) != 0 ||
        strcmp(a->status, faulty[i].status) != 0)
      fail_msg("%c, %s: %s, %s (%s)", api, id, a->status, json_str(a->agent, "fault", "?"),
               a->error != NULL ? a->error : "");
  }
  const char *why = act_of(&s, "r1.pitch.Failing")->error;
  assert_true(strstr(why, "exit status ") != NULL && strstr(why, "/nonexistent/script") != NULL);
  assert_int_equal(s.state.round[0].n_pitches, 2);
  assert_non_null(json_object_get(s.state.round[0].tally, "winner"));
  unload(&s);
  fake_dir_end(dir);
}

static void each_fault_of_each_server_by_its_name(void **unused) {
  (void)unused;
  one_server('a');
  one_server('o');
}

/* ------------------------------------------------------------------ commands */

static void two_commands_at_once(void **unused) {
  (void)unused;
  char dir[256], meeting[256], rules[4096];
  struct seen s;
  fake_dir(meeting);
  snprintf(rules, sizeof rules,
           "{'rounds':2,'rounds_without_success':20,'cast':{'contestants':["
           "{'name':'X','persona':'','agent':'exec:python3 %s answer 0: %s'},"
           "{'name':'Y','persona':'','agent':'exec:python3 %s answer 1: %s'}]," TANK_SHARKS
           "," TANK_IMPLEMENTER "}," LIMITS "}",
           ST_SOURCE_DIR "/tests/agent/fake_server.py", meeting, ST_SOURCE_DIR "/tests/agent/fake_server.py",
           meeting);
  fake_dir(dir);
  fake_begin(dir, rules, 3);
  play_whole(dir);
  load(dir, &s);
  static const char *const ids[] = {"r1.pitch.X", "r1.pitch.Y", "r2.pitch.X", "r2.pitch.Y"};
  for (int i = 0; i < 4; i++) {
    const struct record_act *a = act_of(&s, ids[i]);
    if (strcmp(json_str(a->agent, "fault", ""), "none") != 0)
      fail_msg("%s: %s", ids[i], a->error);
    assert_true(json_is_null(json_object_get(a->agent, "input_tokens")));
  }
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  unload(&s);
  replayed_ok(dir);
  fake_dir_end(dir);
  fake_dir_end(meeting);
}

/* ------------------------------------------------------------------ Ctrl-C */

struct stopper {
  const char *model; /* stop once its request is with the server ... */
  int other_ended;   /* ... and the other's answer is written down */
  int stopped;
};

static void on_event(void *context, const struct event *ev, const struct record_state *state) {
  struct stopper *s = context;
  (void)state;
  if (strcmp(ev->kind, "ended") == 0 && strcmp(json_str(ev->data, "id", ""), "r1.pitch.Fast") == 0)
    s->other_ended = 1;
}

static int cancelled(void *context) {
  struct stopper *s = context;
  if (!s->stopped && s->other_ended) {
    json_t *log = agent_server_log(&server);
    s->stopped = agent_server_find(log, s->model) != NULL;
    json_decref(log);
  }
  return s->stopped;
}

static void a_stop_cancels_what_is_under_way(void **unused) {
  (void)unused;
  char dir[256], rules[4096], m[2][400];
  struct stopper stopper = {.model = "season:5:slow-once.1"};
  struct season_watch watch = {.context = &stopper, .event = on_event, .cancelled = cancelled};
  struct error e = {.text = ""};
  struct seen s;
  member(m[0], sizeof m[0], "Slow", 'o', stopper.model);
  member(m[1], sizeof m[1], "Fast", 'a', "season:6:");
  snprintf(rules, sizeof rules,
           "{'rounds':1,'cast':{'contestants':[%s,%s]," TANK_SHARKS "," TANK_IMPLEMENTER
           "},'agents':{'idle_s':25,'total_s':25}}",
           m[0], m[1]);
  fake_dir(dir);
  fake_begin(dir, rules, 3);
  assert_int_equal(play(dir, &watch, &e), ST_INTERRUPTED);
  load(dir, &s);
  const struct record_act *a = act_of(&s, "r1.pitch.Slow");
  assert_string_equal(a->status, "interrupted");
  assert_string_equal(json_str(a->agent, "fault", ""), "cancelled");
  assert_string_equal(act_of(&s, "r1.pitch.Fast")->status, "ok");
  assert_true(s.state.paused);
  unload(&s);
  replayed_ok(dir);
  play_whole(dir);
  replayed_ok(dir);
  load(dir, &s);
  assert_string_equal(act_of(&s, "r1.pitch.Slow")->id, "r1.pitch.Slow.2");
  assert_string_equal(act_of(&s, "r1.pitch.Slow")->status, "ok");
  assert_string_equal(act_of(&s, "r1.pitch.Fast")->id, "r1.pitch.Fast"); /* not asked again */
  unload(&s);
  fake_dir_end(dir);
}

/* ------------------------------------------------------------------ arrival and death */

/* Outside agents without a wire: the fake world's own, whose answers arrive in an order of the test's. */
struct ordered {
  struct fake_world f;
  pthread_mutex_t lock;
  pthread_cond_t moved;
  enum status (*agent)(void *, const char *, const json_t *, json_t **, struct error *);
  int reverse, n_pitches, n_ballots; /* 0: any order */
  int done;                          /* of the phase */
};

static enum status ordered_ask(void *context, const char *provider, const json_t *request,
                               const struct agent_ask_options *options, struct agent_asked *r,
                               struct error *e) {
  struct ordered *o = context;
  (void)options;
  *r = (struct agent_asked){.outside = 1, .fault = AGENT_FAULT_NONE};
  buffer_init(&r->request);
  buffer_init(&r->response);
  int number = 0, ballot = strcmp(json_str(request, "ask", ""), "ballot") == 0;
  int n = ballot ? o->n_ballots : o->n_pitches;
  (void)sscanf(json_str(request, "name", ""), "N%d", &number);
  pthread_mutex_lock(&o->lock);
  while (n > 0 && o->done % n != (o->reverse ? n - 1 - number : number))
    pthread_cond_wait(&o->moved, &o->lock);
  enum status st = o->agent(&o->f, provider, request, &r->answer, e);
  pthread_mutex_unlock(&o->lock);
  return st;
}

/* The next call of the phase may return only once the one before stands in the log: a thread that returns
 * first need not be heard first. */
static void ordered_event(void *context, const struct event *ev, const struct record_state *state) {
  struct ordered *o = context;
  const char *act = json_str(ev->data, "act", "");
  int n = strcmp(act, "pitch") == 0 ? o->n_pitches : strcmp(act, "ballot") == 0 ? o->n_ballots : 0;
  (void)state;
  if (n == 0 || strcmp(ev->kind, "ended") != 0 || strstr(json_str(ev->data, "id", ""), ".N") == NULL)
    return;
  pthread_mutex_lock(&o->lock);
  o->done = o->done == n - 1 ? 0 : o->done + 1;
  pthread_cond_broadcast(&o->moved);
  pthread_mutex_unlock(&o->lock);
}

static enum status ordered_agent(void *context, const char *provider, const json_t *request, json_t **answer,
                                 struct error *e) {
  struct ordered *o = context;
  pthread_mutex_lock(&o->lock); /* the fake world counts its calls */
  enum status st = o->agent(&o->f, provider, request, answer, e);
  pthread_mutex_unlock(&o->lock);
  return st;
}

static int64_t ordered_now(void *context) {
  struct ordered *o = context;
  pthread_mutex_lock(&o->lock);
  int64_t now_ns = o->f.clock_ns;
  pthread_mutex_unlock(&o->lock);
  return now_ns;
}

#define OUTSIDE_RULES                                                                                         \
  "{'rounds':2,'rounds_without_success':20,'cast':{'contestants':["                                           \
  "{'name':'N0','persona':'','agent':'openai:a'},{'name':'N1','persona':'','agent':'openai:b'},"              \
  "{'name':'N2','persona':'','agent':'openai:c'},{'name':'Tank','persona':'','agent':'builtin:refactorer'}]," \
  "'sharks':[{'name':'N0','persona':'','agent':'openai:d'},{'name':'N1','persona':'','agent':'openai:e'}],"   \
  "'implementer':{'name':'Impl','persona':'','agent':'builtin:implementer'}}}"

static enum status play_ordered(const char *dir, struct ordered *o, const struct season_watch *watch) {
  struct season_world w;
  struct error e = {.text = ""};
  fake_world_open(&o->f, &w);
  pthread_mutex_init(&o->lock, NULL);
  pthread_cond_init(&o->moved, NULL);
  o->agent = w.agent;
  w.agent = ordered_agent;
  w.now_ns = ordered_now;
  w.ask = ordered_ask;
  enum status st = season_play_world(dir, watch, &w, &e);
  if (st != ST_OK)
    fail_msg("the season stopped: %s", e.text);
  pthread_cond_destroy(&o->moved);
  pthread_mutex_destroy(&o->lock);
  return st;
}

static void arrival_decides_nothing(void **unused) {
  (void)unused;
  char *text[2], first[2][64];
  for (int i = 0; i < 2; i++) {
    char dir[256];
    struct ordered o = {.reverse = i, .n_pitches = 3, .n_ballots = 2};
    struct seen s;
    fake_dir(dir);
    fake_begin(dir, OUTSIDE_RULES, 4);
    struct season_watch watch = {.context = &o, .event = ordered_event};
    play_ordered(dir, &o, &watch);
    load(dir, &s);
    /* All are begun before the first that is not built in ends. */
    size_t begun = 0, k = 0;
    for (; k < s.log.count && (strcmp(s.log.event[k].kind, "ended") != 0 ||
                               strcmp(json_str(s.log.event[k].data, "act", ""), "pitch") != 0);
         k++)
      begun += strcmp(json_str(s.log.event[k].data, "act", ""), "pitch") == 0;
    assert_true(begun >= 3);
    for (; strncmp(json_str(s.log.event[k].data, "id", ""), "r1.pitch.N", 10) != 0 ||
           strcmp(s.log.event[k].kind, "ended") != 0;
         k++)
      assert_true(k + 1 < s.log.count);
    snprintf(first[i], sizeof first[i], "%s", json_str(s.log.event[k].data, "id", ""));
    unload(&s);
    text[i] = fake_decisions(dir);
    fake_dir_end(dir);
  }
  assert_string_equal(first[0], "r1.pitch.N0");
  assert_string_equal(first[1], "r1.pitch.N2");
  same_decisions(text[1], text[0]);
  free(text[0]);
  free(text[1]);
}

static void die(void *context, const struct event *ev, const struct record_state *state) {
  int64_t *left = context;
  (void)ev, (void)state;
  if (*left > 0 && --*left == 0)
    kill(getpid(), SIGKILL);
}

/* Killed after append `at`, then finished; 0 if the season ended before. */
static int one_death(const char *want, int64_t at) {
  char dir[256];
  int status = 0;
  fake_dir(dir);
  fake_begin(dir, OUTSIDE_RULES, 4);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct ordered o = {.reverse = 0};
    struct season_watch watch = {.context = &at, .event = die};
    _exit(play_ordered(dir, &o, &watch) == ST_OK ? 0 : 9);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  struct ordered o = {.reverse = 0};
  play_ordered(dir, &o, NULL);
  char *got = fake_decisions(dir);
  same_decisions(got, want);
  free(got);
  struct seen s;
  struct season_spent spent;
  int64_t begun = 0;
  load(dir, &s);
  season_spent(&s.state, &spent);
  for (size_t i = 0; i < s.log.count; i++)
    begun += strcmp(s.log.event[i].kind, "begun") == 0 &&
             agent_exchange_knows(json_str(json_obj(s.log.event[i].data, "args"), "agent", ""));
  assert_int_equal(spent.calls, begun); /* the calls that were cut off count too */
  unload(&s);
  replayed_ok(dir);
  fake_dir_end(dir);
  return WIFSIGNALED(status);
}

static void death_loses_no_call(void **unused) {
  (void)unused;
  char dir[256];
  struct ordered o = {.reverse = 0};
  fake_dir(dir);
  fake_begin(dir, OUTSIDE_RULES, 4);
  play_ordered(dir, &o, NULL);
  char *want = fake_decisions(dir);
  fake_dir_end(dir);
  int64_t at = 1;
  while (one_death(want, at))
    at++;
  printf("killed after each of %lld appends\n", (long long)(at - 1));
  assert_true(at > 40);
  free(want);
}

/* ------------------------------------------------------------------ budgets */

static void write_text(const char *path, const char *text) {
  assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), ST_OK);
}

static void a_budget_ends_a_season_and_a_larger_one_opens_it(void **unused) {
  (void)unused;
  char dir[256], path[200];
  struct error e = {.text = ""};
  struct seen s;
  struct ordered o = {.reverse = 0};
  fake_dir(dir);
  /* Round 1 takes 3 pitches and 2 ballots; 8 do not hold the ballots of round 2, which are 9 and 10. */
  char rules[4096];
  snprintf(rules, sizeof rules, "%.*s,'budgets':{'calls':8}}", (int)strlen(OUTSIDE_RULES) - 1, OUTSIDE_RULES);
  fake_begin(dir, rules, 4);
  play_ordered(dir, &o, NULL);
  load(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "budget");
  assert_string_equal(json_str(s.state.budget_spent, "which", ""), "calls");
  assert_true(json_num(s.state.budget_spent, "spent", 0) == 8);
  assert_int_equal(s.state.n_rounds, 2);
  assert_true(json_is_object(json_object_get(s.state.ended, "final")));
  unload(&s);

  snprintf(path, sizeof path, "%s/season.yml", folder);
  write_text(path, "rounds: 2\n");
  assert_int_equal(season_budget_change(dir, path, &e), ST_INPUT);
  write_text(path, "budgets: {calls: 100}\n");
  assert_int_equal(season_budget_change(dir, path, &e), ST_OK);
  play_ordered(dir, &o, NULL);
  load(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  assert_string_equal(record_loose_find(&s.state, "final")->id, "final.2");
  assert_non_null(s.state.round[1].tally);
  unload(&s);
  replayed_ok(dir);
  assert_int_equal(season_budget_change(dir, path, &e), ST_USAGE); /* it has ended for good */
  fake_dir_end(dir);
}

static void what_was_not_told_counts_as_the_most(void **unused) {
  (void)unused;
  struct fake_log f;
  struct season_spent spent;
  fake_log_start(&f, "{'agents':{'prompt_tokens':2000,'max_output_tokens':1000},'budgets':{'money':0.004},"
                     "'prices':{'m':{'input_per_mtok':1,'output_per_mtok':2}}}");
  fake_round(&f, "optimisation");
  fake_push(&f, "begun",
            fake_json("{'id':'r1.pitch.A','act':'pitch','round':1,'who':'A','args':{'agent':'openai:m'}}"));
  season_spent(&f.state, &spent); /* under way: as if it had been cut off */
  assert_int_equal(spent.calls, 1);
  assert_int_equal(spent.unknown_calls, 1);
  assert_true(spent.tokens == 3000);
  assert_true(spent.money > 0.00399 && spent.money < 0.00401); /* 2000 x 1 + 1000 x 2 per million */
  fake_push(&f, "ended",
            fake_json("{'id':'r1.pitch.A','act':'pitch','status':'interrupted','seconds':null}"));
  struct season_steps due = {.count = 1};
  due.step[0].kind = STEP_PITCH;
  json_t *hit = season_budget_hit(&f.state, &due, 1, "openai:m", 0);
  assert_string_equal(json_str(hit, "which", ""), "money");
  json_decref(hit);
  assert_null(
      season_budget_hit(&f.state, &due, 0, NULL, 0)); /* only built-in agents are due: they cost nothing */
  fake_log_end(&f);
}

static void wrong_files_are_refused(void **unused) {
  (void)unused;
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"budgets: {money: 5}\ncast:\n  implementer: {name: I, agent: 'openai:gpt'}\n", "no price of gpt"},
      {"budgets: {money: 5}\ncast:\n  implementer: {name: I, agent: 'exec:claude -p'}\n",
       "no price of exec:claude -p"},
      {"budgets: {coins: 5}\n", "coins"},
      {"budgets: {calls: -1}\n", "calls"},
      {"prices: {gpt: {input: 1}}\n", "input"},
      {"agents: {total_s: 0}\n", "total_s"},
      {"cast:\n  implementer: {name: I, agent: 'telepathy:x'}\n", "telepathy"},
      {"cast:\n  implementer: {name: I, agent: 'openai:m@http://u:VerySecret@h/v1'}\n", "environment"},
      {"cast:\n  implementer: {name: I, agent: 'builtin:skeptic'}\n", "builtin:implementer"},
  };
  char path[200];
  snprintf(path, sizeof path, "%s/wrong.yml", folder);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct error e = {.text = ""};
    json_t *rules = NULL;
    write_text(path, wrong[i].text);
    enum status st = season_rules_load(path, &rules, &e);
    if (st == ST_OK)
      st = season_config_check(rules, &e);
    if (st != ST_INPUT || strstr(e.text, wrong[i].says) == NULL || strstr(e.text, "VerySecret") != NULL)
      fail_msg("%s: %s", wrong[i].text, e.text);
    json_decref(rules);
  }
  json_t *rules = NULL;
  write_text(path, "budgets: {money: 5}\nprices: {gpt: {input_per_mtok: 1, output_per_mtok: 2}}\n"
                   "cast:\n  implementer: {name: I, agent: 'openai:gpt@http://127.0.0.1:1/v1'}\n");
  assert_int_equal(season_rules_load(path, &rules, NULL), ST_OK);
  assert_int_equal(season_config_check(rules, NULL), ST_OK);
  json_decref(rules);
}

static int start(void **state) {
  (void)state;
  static const char *const cleared[] = {"http_proxy", "all_proxy", "ALL_PROXY", "ANTHROPIC_BASE_URL",
                                        "OPENAI_BASE_URL"};
  for (size_t i = 0; i < sizeof cleared / sizeof *cleared; i++)
    unsetenv(cleared[i]);
  setenv("ANTHROPIC_API_KEY", "QuietKeyWord", 1);
  setenv("OPENAI_API_KEY", "QuietKeyWord", 1);
  snprintf(folder, sizeof folder, "/tmp/sharktank-test-XXXXXX");
  return mkdtemp(folder) != NULL ? agent_server_start(&server, 0, folder) : -1;
}

static int stop(void **state) {
  (void)state;
  agent_server_stop(&server);
  return file_remove_tree(folder, NULL) == ST_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fault_and_its_replay),
      cmocka_unit_test(each_fault_of_each_server_by_its_name),
      cmocka_unit_test(two_commands_at_once),
      cmocka_unit_test(a_stop_cancels_what_is_under_way),
      cmocka_unit_test(arrival_decides_nothing),
      cmocka_unit_test(death_loses_no_call),
      cmocka_unit_test(a_budget_ends_a_season_and_a_larger_one_opens_it),
      cmocka_unit_test(what_was_not_told_counts_as_the_most),
      cmocka_unit_test(wrong_files_are_refused),
  };
  return cmocka_run_group_tests(tests, start, stop);
}

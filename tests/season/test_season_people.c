/* Tests of room season: people in the cast. They answer through the inbox as the commands do; the judge is
 * the fake world's. Asserted is what the log says, and what lies in the inbox. */
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
#include "season/season_config.h"
#include "season/season_inbox.h"
#include "season/season_pause.h"
#include "season_fake.h"
#include "season_replayed.h"
#include "store/store.h"

#define CAST                                                                                                 \
  "'rounds':%d,'cast':{'contestants':[{'name':'Ann B','persona':'','agent':'human:ann'},"                    \
  "{'name':'Bo','persona':'','agent':'builtin:incrementalist'}],"                                            \
  "'sharks':[{'name':'Cy','persona':'','agent':'human'},"                                                    \
  "{'name':'Di','persona':'','agent':'builtin:theorist'}],"                                                  \
  "'implementer':{'name':'Impl','persona':'','agent':'%s'}}"

static const char pitch_form[] =
    "title: by hand\nkind: optimisation\nproblem: slow\nsolution: tile it\nimpact: 1.2 times\ncomplexity: low\n"
    "risks: [{risk: none, mitigation: check}]\nevidence: arithmetic\nrollback: keep\n"
    "claims: {threads: 1, compile_s: 1}\nforecast: {p_compiles: 0.9, p_correct: 0.9, p_faster: 0.6, "
    "speedup: {q10: 0.9, q50: 1.2, q90: 1.5}}\nrefuted_by: a duel\n";

/* What a person does when asked: called in the event hook, with the engine standing still. */
struct person {
  const char *dir;
  void (*asked)(struct person *p, const char *act, const struct record_state *state);
  int questions, stop;
  char text[256]; /* the last line told to people */
};

static void write_form(const struct person *p, const char *name, const char *text, char path[512]) {
  struct error e;
  snprintf(path, 512, "%s/%s", p->dir, name);
  assert_int_equal(file_write_atomic(path, text, strlen(text), &e), ST_OK);
}

static enum status hand_over(const struct person *p, enum season_step_kind kind, const char *file,
                             const char *as, struct error *e) {
  const struct season_handover h = {.dir = p->dir, .kind = kind, .file = file, .as = as};
  json_t *told = NULL;
  enum status st = season_inbox_answer(&h, &told, e);
  if (st == ST_OK)
    assert_string_equal(json_str(told, "name", ""), kind == STEP_PITCH    ? "Ann B"
                                                    : kind == STEP_BALLOT ? "Cy"
                                                                          : "Impl");
  json_decref(told);
  return st;
}

static void must_hand_over(const struct person *p, enum season_step_kind kind, const char *name,
                           const char *text) {
  struct error e = {.text = ""};
  char path[512];
  write_form(p, name, text, path);
  if (hand_over(p, kind, path, NULL, &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
}

/* Scores for all that is up for a vote; votes for the person's own pitch, whose title a shark sees. */
static void ballot_text(const struct record_state *state, struct buffer *out) {
  const struct record_round *r = &state->round[state->n_rounds - 1];
  const char *vote = NULL;
  buffer_text(out, "reasoning: because\nscores:\n");
  for (size_t i = 0; i < r->n_pitches; i++) {
    if (!r->pitch[i].passed)
      continue;
    buffer_printf(out, "  %s: {speedup: 6, ease: 7, safety: 8, quality: 9}\n", r->pitch[i].id);
    if (vote == NULL || strcmp(r->pitch[i].who, "Ann B") == 0)
      vote = r->pitch[i].id;
  }
  buffer_printf(out, "vote: %s\n", vote);
}

static void answer_all(struct person *p, const char *act, const struct record_state *state) {
  struct buffer text;
  buffer_init(&text);
  if (strcmp(act, "pitch") == 0) {
    buffer_printf(&text, "%ssetting: {A: %d, B: 2, C: y}\n", pitch_form, state->n_rounds == 1 ? 2 : 8);
    must_hand_over(p, STEP_PITCH, "p.yml", buffer_str(&text));
  } else if (strcmp(act, "ballot") == 0) {
    ballot_text(state, &text);
    must_hand_over(p, STEP_BALLOT, "b.yml", buffer_str(&text));
  } else {
    must_hand_over(p, STEP_IMPLEMENT, "e.yml", "setting: {A: 4, B: 2, C: x}\n");
  }
  buffer_fini(&text);
}

static void on_event(void *context, const struct event *ev, const struct record_state *state) {
  struct person *p = context;
  struct buffer line;
  buffer_init(&line);
  if (season_inbox_line(state, ev, p->dir, &line)) {
    snprintf(p->text, sizeof p->text, "%.255s", buffer_str(&line));
    p->questions++;
    if (p->asked != NULL)
      p->asked(p, json_str(ev->data, "act", ""), state);
  }
  buffer_fini(&line);
}

static int stopped(void *context) {
  return ((const struct person *)context)->stop;
}

static enum status real_ask(void *context, const char *provider, const json_t *request,
                            const struct agent_ask_options *options, struct agent_asked *reply,
                            struct error *e) {
  (void)context;
  return agent_ask(provider, request, options, reply, e);
}

static enum status play(struct person *p, struct error *e) {
  struct fake_world f = {0};
  struct season_world w;
  const struct season_watch watch = {.context = p, .event = on_event, .cancelled = stopped};
  fake_world_open(&f, &w);
  w.ask = real_ask;
  return season_play_world(p->dir, &watch, &w, e);
}

static void play_whole(struct person *p) {
  struct error e = {.text = ""};
  if (play(p, &e) != ST_OK)
    fail_msg("the season stopped: %s", e.text);
}

static void begin(const char *dir, int rounds, const char *implementer, const char *more) {
  char rules[2000];
  int n = snprintf(rules, sizeof rules, "{" CAST "%s}", rounds, implementer, more);
  assert_true(n > 0 && (size_t)n < sizeof rules);
  fake_begin(dir, rules, 1);
}

static const struct record_act *act_of(const struct fake_seen *s, size_t round, const char *id) {
  assert_true(s->state.n_rounds >= round);
  const struct record_act *a = record_act_find(&s->state.round[round - 1], id);
  if (a == NULL)
    fail_msg("there is no act %s", id);
  return a;
}

static int in_inbox(const char *dir, const char *name) {
  char path[512];
  struct stat st;
  snprintf(path, sizeof path, "%s/inbox/%s", dir, name);
  return lstat(path, &st) == 0;
}

/* The response ends in the line that a recording plays again. */
static void check_record(const struct fake_seen *s, const struct record_act *a) {
  struct buffer text;
  json_t *line = NULL;
  buffer_init(&text);
  assert_int_equal(store_blob_get(s->store, json_str(a->agent, "response", ""), &text, NULL), ST_OK);
  const char *last = buffer_str(&text);
  for (const char *p = last; (p = strchr(p, '\n')) != NULL && p[1] != '\0'; p++)
    last = p + 1;
  assert_int_equal(json_read(last, strlen(last), "the record", &line, NULL), ST_OK);
  assert_string_equal(json_str(line, "request_hash", "?"), json_str(a->agent, "prompt_hash", ""));
  assert_true(json_is_object(json_object_get(line, "answer")));
  json_decref(line);
  buffer_clear(&text);
  assert_int_equal(store_blob_get(s->store, json_str(a->agent, "request", ""), &text, NULL), ST_OK);
  assert_non_null(strstr(buffer_str(&text), "\"page\""));
  buffer_fini(&text);
}

/* Two rounds, a person in each role, and a budget of no calls at all: a person is none. */
static void test_whole(void **state) {
  (void)state;
  char dir[256];
  struct fake_seen s;
  struct season_spent spent;
  fake_dir(dir);
  begin(dir, 2, "human", ",'budgets':{'calls':0,'tokens':0,'money':0}");
  struct person p = {.dir = dir, .asked = answer_all};
  play_whole(&p);
  assert_true(p.questions >= 5);
  fake_seen_open(dir, &s);
  assert_string_equal(json_str(s.state.ended, "reason", ""), "rounds");
  const struct record_act *a = act_of(&s, 1, "r1.pitch.Ann B");
  assert_string_equal(a->status, "ok");
  assert_string_equal(json_str(json_obj(a->result, "pitch"), "title", ""), "by hand");
  assert_string_equal(json_str(a->agent, "provider", ""), "human:ann");
  assert_string_equal(json_str(a->agent, "fault", ""), "none");
  double price = json_num(a->agent, "price", -1);
  assert_true(price >= 0 && price <= 0);
  assert_int_equal(json_int(a->agent, "output_tokens", -1), 0);
  check_record(&s, a);
  check_record(&s, act_of(&s, 2, "r2.ballot.Cy"));
  const char *winner = json_str(s.state.round[0].tally, "winner", "");
  char id[64];
  snprintf(id, sizeof id, "r1.implement.%s.0", winner);
  check_record(&s, act_of(&s, 1, id));
  season_spent(&s.state, &spent);
  assert_int_equal(spent.calls, 0);
  fake_seen_close(&s);
  assert_false(in_inbox(dir, "round1-Ann.B-pitch.md"));
  assert_true(in_inbox(dir, "closed/round1-Ann.B-pitch.md"));
  assert_true(in_inbox(dir, "closed/round1-Ann.B-pitch.yml"));
  assert_true(in_inbox(dir, "closed/round1-Ann.B-pitch.answer.json"));
  assert_true(in_inbox(dir, "closed/round2-Cy-ballot.md"));
  struct error e = {.text = ""};
  assert_int_equal(hand_over(&p, STEP_BALLOT, NULL, NULL, &e), ST_USAGE);
  assert_non_null(strstr(e.text, "has ended"));
  replayed_ok(dir);
  fake_dir_end(dir);
}

/* A ballot's page and form show pitches without authors, and no other ballot. */
static void look_at_ballot(struct person *p, const char *act, const struct record_state *state) {
  char path[512];
  struct error e;
  if (strcmp(act, "ballot") != 0) {
    answer_all(p, act, state);
    return;
  }
  /* Refused: nobody is asked for a pitch now, and the sentence names the round and who is. */
  write_form(p, "p.yml", pitch_form, path);
  assert_int_equal(hand_over(p, STEP_PITCH, path, NULL, &e), ST_USAGE);
  if (strstr(e.text, "round 1 is open") == NULL || strstr(e.text, "Cy") == NULL)
    fail_msg("%s", e.text);
  assert_int_equal(hand_over(p, STEP_BALLOT, path, "Di", &e), ST_USAGE); /* Di is built in */
  p->stop = 1;
}

static void test_blind(void **state) {
  (void)state;
  char dir[256], path[512];
  struct error e = {.text = ""};
  struct buffer page;
  fake_dir(dir);
  begin(dir, 1, "builtin:implementer", "");
  struct person p = {.dir = dir, .asked = look_at_ballot};
  assert_int_equal(play(&p, &e), ST_INTERRUPTED);
  assert_non_null(strstr(p.text, "sharktank ballot"));
  snprintf(path, sizeof path, "%s/inbox/round1-Cy-ballot.md", dir);
  buffer_init(&page);
  assert_int_equal(file_read(path, 1 << 20, &page, &e), ST_OK);
  assert_non_null(strstr(buffer_str(&page), "by hand")); /* the pitch */
  assert_null(strstr(buffer_str(&page), "Ann B"));       /* not whose */
  assert_null(strstr(buffer_str(&page), "theorist"));
  buffer_fini(&page);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void nobody(struct person *p, const char *act, const struct record_state *state) {
  (void)p;
  (void)act;
  (void)state;
}

static void test_late(void **state) {
  (void)state;
  char dir[256];
  struct fake_seen s;
  fake_dir(dir);
  begin(dir, 1, "builtin:implementer", ",'agents':{'human_wait_s':0.05},'pitches_min':1");
  struct person p = {.dir = dir, .asked = nobody};
  play_whole(&p);
  fake_seen_open(dir, &s);
  const struct record_act *a = act_of(&s, 1, "r1.pitch.Ann B");
  assert_string_equal(a->status, "late");
  assert_string_equal(json_str(a->agent, "fault", ""), "timeout");
  assert_string_equal(json_string_value(json_array_get(json_arr(s.state.round[0].pitches_closed, "late"), 0)),
                      "Ann B");
  assert_string_equal(act_of(&s, 1, "r1.ballot.Cy")->status, "late");
  assert_non_null(s.state.round[0].tally); /* the round went on without */
  fake_seen_close(&s);
  assert_true(in_inbox(dir, "closed/round1-Ann.B-pitch.yml"));
  replayed_ok(dir);
  fake_dir_end(dir);
}

/* Files that did not come through the command. */
static void drop(struct person *p, const char *act, const struct record_state *state) {
  char path[512];
  struct error e;
  (void)state;
  snprintf(path, sizeof path, "%s/inbox", p->dir);
  assert_int_equal(file_mkdirs(path, &e), ST_OK);
  snprintf(path, sizeof path, "%s/inbox/round1-%s.answer.json", p->dir,
           strcmp(act, "pitch") == 0 ? "Ann.B-pitch" : "Cy-ballot");
  if (strcmp(act, "pitch") == 0) {
    assert_int_equal(file_write_atomic(path, "{\"pitch\": {\"kind\": 3}}", 22, &e), ST_OK);
  } else {
    assert_int_equal(symlink("/etc/hostname", path), 0);
  }
}

static void test_hostile_answers(void **state) {
  (void)state;
  char dir[256], path[512];
  struct fake_seen s;
  struct buffer page;
  fake_dir(dir);
  begin(dir, 1, "builtin:implementer", ",'agents':{'human_wait_s':0.5},'pitches_min':1");
  struct person p = {.dir = dir, .asked = drop};
  play_whole(&p);
  fake_seen_open(dir, &s);
  const struct record_act *a = act_of(&s, 1, "r1.pitch.Ann B");
  assert_int_equal(json_int(a->agent, "attempts", 0), 2); /* asked again, and then nobody was there */
  assert_string_equal(json_str(a->agent, "fault", ""), "timeout");
  assert_string_equal(act_of(&s, 1, "r1.ballot.Cy")->status, "late");
  fake_seen_close(&s);
  assert_true(in_inbox(dir, "closed/round1-Ann.B-pitch.refused.json"));
  buffer_init(&page);
  snprintf(path, sizeof path, "%s/inbox/closed/round1-Ann.B-pitch.md", dir);
  assert_int_equal(file_read(path, 1 << 20, &page, NULL), ST_OK);
  assert_non_null(strstr(buffer_str(&page), "could not be used")); /* the page says why it asks again */
  buffer_fini(&page);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void stop_at_once(struct person *p, const char *act, const struct record_state *state) {
  (void)act;
  (void)state;
  p->stop = 1;
}

/* A pause while somebody is asked: what was filled in is kept, and an answer given meanwhile is taken up. */
static void test_pause(void **state) {
  (void)state;
  char dir[256], path[512];
  struct fake_seen s;
  struct error e = {.text = ""};
  json_t *list = NULL;
  fake_dir(dir);
  begin(dir, 1, "builtin:implementer", "");
  struct person p = {.dir = dir, .asked = stop_at_once};
  assert_int_equal(play(&p, &e), ST_INTERRUPTED);
  assert_true(in_inbox(dir, "round1-Ann.B-pitch.yml"));
  assert_int_equal(season_inbox_list(dir, STEP_NONE, &list, &e), ST_OK);
  assert_int_equal(json_array_size(list), 1);
  assert_string_equal(json_str(json_array_get(list, 0), "question", ""), "round1-Ann.B-pitch");
  assert_false(json_bool(json_array_get(list, 0), "running", 1));
  json_decref(list);
  snprintf(path, sizeof path, "%s/inbox/round1-Ann.B-pitch.yml", dir);
  assert_int_equal(file_write_atomic(path, pitch_form, strlen(pitch_form), &e), ST_OK);
  p.stop = 0;
  assert_int_equal(play(&p, &e), ST_INTERRUPTED); /* asked again, paused again */
  struct buffer kept;
  buffer_init(&kept);
  assert_int_equal(file_read(path, 1 << 20, &kept, &e), ST_OK);
  assert_string_equal(buffer_str(&kept), pitch_form);
  buffer_fini(&kept);
  if (hand_over(&p, STEP_PITCH, NULL, "ann", &e) != ST_OK)
    fail_msg("%s:%d: %s", e.file, e.line, e.text);
  p.stop = 0;
  p.asked = stop_at_once;
  p.questions = 0;
  while (play(&p, &e) == ST_INTERRUPTED && p.questions < 4) /* the pitch once more, then the ballot */
    p.stop = 0;
  fake_seen_open(dir, &s);
  assert_string_equal(act_of(&s, 1, "r1.pitch.Ann B")->status, "ok");
  fake_seen_close(&s);
  replayed_ok(dir);
  fake_dir_end(dir);
}

/* What the gates would stop is said before it costs the pitch. */
static void gated_first(struct person *p, const char *act, const struct record_state *state) {
  static const struct {
    const char *from, *to, *words;
  } bad[] = {{"compile_s: 1}", "compile_s: 99}", "compile_s"},
             {"impact: 1.2 times", "impact: much", "no number"},
             {"tile it", "one more stream", "stream"},
             {"rollback: keep", "rollback:", "rollback"}};
  if (strcmp(act, "pitch") == 0)
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      struct buffer text;
      struct error e = {.text = ""};
      char path[512];
      const char *at = strstr(pitch_form, bad[i].from);
      buffer_init(&text);
      buffer_add(&text, pitch_form, (size_t)(at - pitch_form));
      buffer_printf(&text, "%s%s", bad[i].to, at + strlen(bad[i].from));
      write_form(p, "p.yml", buffer_str(&text), path);
      assert_int_equal(hand_over(p, STEP_PITCH, path, NULL, &e), ST_INPUT);
      if (strstr(e.text, "gate") == NULL || strstr(e.text, bad[i].words) == NULL || e.line < 1)
        fail_msg("%s:%d: %s", e.file, e.line, e.text);
      assert_false(in_inbox(p->dir, "round1-Ann.B-pitch.answer.json"));
      buffer_fini(&text);
    }
  answer_all(p, act, state);
}

static void test_gates_first(void **state) {
  (void)state;
  char dir[256];
  fake_dir(dir);
  begin(dir, 1, "builtin:implementer", "");
  struct person p = {.dir = dir, .asked = gated_first};
  play_whole(&p);
  replayed_ok(dir);
  fake_dir_end(dir);
}

static void test_pause_request(void **state) {
  (void)state;
  char dir[256];
  long pid = 0;
  struct error e = {.text = ""};
  struct store *store = NULL;
  static struct season_pause p;
  fake_dir(dir);
  assert_int_equal(season_pause_ask(dir, &pid, &e), ST_NOT_FOUND); /* no season at all */
  begin(dir, 1, "builtin:implementer", "");
  assert_int_equal(season_pause_ask(dir, &pid, &e), ST_USAGE);
  assert_non_null(strstr(e.text, "not being played"));
  assert_int_equal(store_open(dir, STORE_WRITE, &store, &e), ST_OK);
  assert_int_equal(season_pause_ask(dir, &pid, &e), ST_OK);
  assert_int_equal(pid, getpid());
  season_pause_init(&p, dir, NULL); /* an engine that began later: the wish was not for it */
  assert_false(p.watch.cancelled(p.watch.context));
  assert_int_equal(season_pause_ask(dir, &pid, &e), ST_OK);
  p.looked_ns = 0; /* it looks ten times a second: now */
  assert_true(p.watch.cancelled(p.watch.context));
  season_pause_fini(&p);
  assert_false(in_inbox(dir, "../season.pause"));
  store_close(store);
  replayed_ok(dir);
  fake_dir_end(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),        cmocka_unit_test(test_blind),
      cmocka_unit_test(test_late),         cmocka_unit_test(test_hostile_answers),
      cmocka_unit_test(test_pause),        cmocka_unit_test(test_gates_first),
      cmocka_unit_test(test_pause_request)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of room record: the fold. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/record_fold.h"

#define BLOB_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BLOB_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BLOB_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

struct line { /* one event: JSON with ' for " */
  const char *kind, *data;
};

static const struct line season[] = {
    {"season_started", "{'incumbent':{'blob':'" BLOB_A "'},'rules':{}}"},
    {"round_started", "{'round':1,'kind':'optimisation','why':'first'}"},
    {"begun", "{'id':'r1.measure','act':'measure','round':1,'args':{}}"},
    {"ended", "{'id':'r1.measure','act':'measure','status':'interrupted','seconds':null,'result':null}"},
    {"begun", "{'id':'r1.measure.2','act':'measure','round':1,'args':{}}"},
    {"ended", "{'id':'r1.measure.2','act':'measure','status':'ok','seconds':2.5,'result':{'verdict':'ok'}}"},
    {"context_frozen", "{'round':1,'blob':'" BLOB_C "','hash':'" BLOB_C "'}"},
    {"begun", "{'id':'r1.pitch.Ann','act':'pitch','round':1,'who':'Ann','args':{}}"},
    {"begun", "{'id':'r1.pitch.Bob','act':'pitch','round':1,'who':'Bob','args':{}}"},
    {"ended",
     "{'id':'r1.pitch.Bob','act':'pitch','status':'ok','seconds':1,'result':{'pitch':{'title':'b'}}}"},
    {"ended",
     "{'id':'r1.pitch.Ann','act':'pitch','status':'ok','seconds':1,'result':{'pitch':{'title':'a'}}}"},
    {"phase_closed", "{'round':1,'phase':'pitches','ids':['r1.pitch.Ann','r1.pitch.Bob'],'late':[]}"},
    {"pitches_gated",
     "{'round':1,'pitches':[{'id':'r1.p1','passed':true,'reasons':[]},{'id':'r1.p2','passed':false,'reasons':[1]}]}"},
    {"tally", "{'round':1,'winner':'r1.p1','runner_up':null}"},
    {"outcome", "{'round':1,'pitch':'r1.p1','outcome':'SUCCESS'}"},
    {"learning", "{'id':'L1','state':'in_force','claim':'x'}"},
    {"incumbent_changed", "{'round':1,'from':'" BLOB_A "','to':'" BLOB_B "','speedup':2,'setting':{'A':1}}"},
    {"round_started", "{'round':2,'kind':'research','why':''}"},
    {"learning", "{'id':'L1','state':'contradicted','claim':'x'}"},
    {"season_paused", "{'why':'asked'}"},
    {"season_resumed", "{'engine':'1','pid':5}"},
    {"begun", "{'id':'final','act':'final','round':null,'args':{}}"},
    {"ended", "{'id':'final','act':'final','status':'ok','seconds':1,'result':{}}"},
    {"season_ended", "{'reason':'rounds','best':'" BLOB_B "'}"},
};
#define N (sizeof season / sizeof season[0])

static void push(struct event_log *l, const struct line *line) {
  char *text = strdup(line->data);
  for (char *p = text; *p != '\0'; p++)
    if (*p == '\'')
      *p = '"';
  json_t *data = json_loads(text, JSON_DECODE_ANY, NULL);
  if (data == NULL)
    fail_msg("not JSON: %s", text);
  free(text);
  assert_int_equal(event_log_push(l, 10 * (int64_t)(l->count + 1), line->kind, data), ST_OK);
}

static void log_of(struct event_log *l, const struct line *lines, size_t n) {
  event_log_init(l);
  for (size_t i = 0; i < n; i++)
    push(l, &lines[i]);
}

static void test_whole_season(void **unused) {
  (void)unused;
  struct event_log l;
  struct record_state s;
  log_of(&l, season, N);
  assert_int_equal(record_fold(&l, &s, NULL), ST_OK);
  assert_int_equal(s.n_rounds, 2);
  const struct record_round *r = &s.round[0];
  assert_int_equal(r->n_acts, 4);
  assert_int_equal(r->n_pitches, 2);
  assert_string_equal(r->pitch[0].who, "Ann");
  assert_string_equal(r->pitch[1].id, "r1.p2");
  assert_true(r->pitch[0].passed && r->pitch[1].gated && !r->pitch[1].passed);
  assert_string_equal(json_str(r->pitch[0].outcome, "outcome", ""), "SUCCESS");
  assert_string_equal(s.incumbent_blob, BLOB_B);
  assert_string_equal(s.first_blob, BLOB_A);
  assert_int_equal(json_int(s.incumbent_setting, "A", 0), 1);
  assert_true(s.total_speedup == 2);
  assert_int_equal(s.n_learnings, 1);
  assert_string_equal(json_str(s.learning[0], "state", ""), "contradicted");
  assert_int_equal(s.n_loose, 1);
  assert_non_null(s.ended);
  assert_false(s.paused);
  assert_int_equal(s.last_seq, (int64_t)N);
  assert_int_equal(s.last_wall_ns, 10 * (int64_t)N);
  record_state_fini(&s);
  event_log_fini(&l);
}

static void test_retries(void **unused) {
  (void)unused;
  struct event_log l;
  struct record_state s;
  log_of(&l, season, N);
  assert_int_equal(record_fold(&l, &s, NULL), ST_OK);
  const struct record_round *r = &s.round[0];
  const struct record_act *a = record_act_find(r, "r1.measure");
  assert_string_equal(a->id, "r1.measure.2");
  assert_true(a->seconds == 2.5);
  assert_string_equal(r->act[0].status, "interrupted");
  assert_true(isnan(r->act[0].seconds));
  assert_null(r->act[0].result);
  assert_null(record_act_find(r, "r1.meas"));
  assert_null(record_act_find(r, "r1.pitch"));
  assert_int_equal(record_acts_begun(&s, "measure"), 2);
  assert_non_null(record_loose_find(&s, "final"));
  assert_null(record_pitch_find(r, "r1.p3"));
  record_state_fini(&s);
  event_log_fini(&l);
}

/* Every prefix of a good log folds: whatever a crash leaves behind can be read. */
static void test_every_prefix(void **unused) {
  (void)unused;
  for (size_t n = 0; n <= N; n++) {
    struct event_log l;
    struct record_state s;
    log_of(&l, season, n);
    assert_int_equal(record_fold(&l, &s, NULL), ST_OK);
    assert_int_equal(s.last_seq, (int64_t)n);
    record_state_fini(&s);
    event_log_fini(&l);
  }
}

/* The order in which answers arrive within a phase changes nothing. */
static void test_order_of_arrival(void **unused) {
  (void)unused;
  struct line other[N];
  struct event_log l;
  struct record_state s;
  memcpy(other, season, sizeof season);
  other[9] = season[10];
  other[10] = season[9];
  log_of(&l, other, N);
  assert_int_equal(record_fold(&l, &s, NULL), ST_OK);
  assert_string_equal(s.round[0].pitch[0].who, "Ann");
  record_state_fini(&s);
  event_log_fini(&l);
}

/* After the first `after` events of the season, a bad one: what the error must say. */
static const struct {
  size_t after;
  struct line bad;
  const char *says;
} refused[] = {
    {0, {"round_started", "{'round':1,'kind':'optimisation'}"}, "before the season's start"},
    {0, {"season_started", "{}"}, "incumbent.blob"},
    {0, {"season_started", "[]"}, "has no data"},
    {1, {"season_started", "{'incumbent':{'blob':'" BLOB_A "'}}"}, "started before"},
    {1, {"round_started", "{'round':2,'kind':'optimisation'}"}, "without gaps"},
    {1, {"round_started", "{'round':1}"}, "kind"},
    {1, {"surprise", "{}"}, "does not know"},
    {2, {"begun", "{'id':'x','act':'measure','round':7}"}, "not being played"},
    {2, {"begun", "{'act':'measure','round':1}"}, "\"id\""},
    {2, {"ended", "{'id':'nobody','status':'ok','result':{}}"}, "never begun"},
    {3, {"begun", "{'id':'r1.measure','act':'measure','round':1}"}, "begun before"},
    {3, {"ended", "{'id':'r1.measure','status':'ok'}"}, "result"},
    {4, {"ended", "{'id':'r1.measure','status':'failed'}"}, "has ended before"},
    {7, {"context_frozen", "{'round':1,'blob':'" BLOB_C "'}"}, "frozen before"},
    {6, {"context_frozen", "{'round':1,'blob':'x'}"}, "does not name a blob"},
    {9, {"phase_closed", "{'round':1,'phase':'pitches','ids':['r1.pitch.Ann']}"}, "not made"},
    {11, {"phase_closed", "{'round':1,'phase':'pitches','ids':['r1.pitch.Ann','r1.pitch.Ann']}"}, "twice"},
    {11, {"phase_closed", "{'round':1,'phase':'lunch','ids':[]}"}, "unknown phase"},
    {11, {"phase_closed", "{'round':1,'phase':'ballots','ids':['r1.pitch.Ann']}"}, "not cast"},
    {12, {"pitches_gated", "{'round':1,'pitches':[{'id':'r1.p9'}]}"}, "does not exist"},
    {13, {"pitches_gated", "{'round':1,'pitches':[{'id':'r1.p1'}]}"}, "second time"},
    {13, {"tally", "{'round':1,'winner':'r1.p9'}"}, "does not exist"},
    {14, {"tally", "{'round':1,'winner':null}"}, "tallied before"},
    {14, {"outcome", "{'round':1,'pitch':'r1.p9','outcome':'SUCCESS'}"}, "does not exist"},
    {15, {"outcome", "{'round':1,'pitch':'r1.p1','outcome':'FAILURE'}"}, "second time"},
    {15, {"learning", "{'id':'L2','state':'in_force'}"}, "without gaps"},
    {15,
     {"incumbent_changed", "{'round':1,'from':'" BLOB_C "','to':'" BLOB_B "','speedup':2}"},
     "not the incumbent"},
    {15, {"incumbent_changed", "{'round':1,'from':'" BLOB_A "','to':'" BLOB_B "','speedup':-1}"}, "speedup"},
    {17,
     {"incumbent_changed", "{'round':1,'from':'" BLOB_B "','to':'" BLOB_A "','speedup':2}"},
     "changed before"},
    {N, {"season_paused", "{}"}, "after the season's end"},
};

static void test_refused(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    struct event_log l;
    struct record_state s;
    struct error e = {.text = ""};
    char number[32];
    log_of(&l, season, refused[i].after);
    push(&l, &refused[i].bad);
    if (record_fold(&l, &s, &e) != ST_CORRUPT)
      fail_msg("case %zu was not refused", i);
    if (strstr(e.text, refused[i].says) == NULL)
      fail_msg("case %zu: \"%s\" does not say \"%s\"", i, e.text, refused[i].says);
    snprintf(number, sizeof number, "event %zu (", refused[i].after + 1);
    if (strstr(e.text, number) == NULL)
      fail_msg("case %zu: \"%s\" does not name the event", i, e.text);
    event_log_fini(&l);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole_season), cmocka_unit_test(test_retries),
      cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_order_of_arrival),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

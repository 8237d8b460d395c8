/* Tests of room season: gates on pitches, one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "season/season_pitch.h"
#include "season/season_setting.h"
#include "season_fake.h"

#define GOOD "{'A':2,'B':2,'C':'x'}"

/* Which gates stop this pitch in round kind `kind` of a fresh season? */
static void expect_gates(const char *round_kind, json_t *pitch, const char *gate, const char *says) {
  struct fake_log f;
  fake_log_start(&f, NULL);
  fake_round(&f, round_kind);
  json_t *const list[] = {pitch, NULL};
  fake_pitches(&f, list);
  const struct record_pitch *p = &fake_now(&f)->pitch[0];
  const json_t *first = json_array_get(p->reasons, 0);
  const char *got = json_str(first, "gate", "none"), *text = json_str(first, "text", "");
  if (strcmp(got, gate) != 0 || strstr(text, says) == NULL)
    fail_msg("wanted gate %s saying \"%s\", got %s: %s", gate, says, got, text);
  assert_int_equal(p->passed, strcmp(gate, "none") == 0);
  fake_log_end(&f);
}

static const struct {
  const char *setting, *more, *gate, *says;
} one_pitch[] = {
    {GOOD, NULL, "none", ""},
    {NULL, NULL, "none", ""},
    /* every required part */
    {GOOD, "{'title':''}", "part_missing", "title"},
    {GOOD, "{'problem':' '}", "part_missing", "problem"},
    {GOOD, "{'solution':null}", "part_missing", "solution"},
    {GOOD, "{'impact':''}", "part_missing", "impact"},
    {GOOD, "{'complexity':'tiny'}", "part_missing", "complexity"},
    {GOOD, "{'risks':[]}", "part_missing", "risks"},
    {GOOD, "{'risks':[{'risk':'r'}]}", "part_missing", "mitigation"},
    {GOOD, "{'evidence':3}", "part_missing", "evidence"},
    {GOOD, "{'rollback':''}", "part_missing", "rollback"},
    {GOOD, "{'refuted_by':''}", "part_missing", "refuted_by"},
    {GOOD, "{'kind':'joke'}", "part_missing", "kind"},
    {GOOD, "{'claims':null}", "part_missing", "claims"},
    {GOOD, "{'forecast':{}}", "part_missing", "p_compiles"},
    {GOOD, "{'forecast':{'p_compiles':2,'p_correct':1,'p_faster':1,'speedup':{'q10':1,'q50':1,'q90':1}}}",
     "part_missing", "p_compiles"},
    {GOOD, "{'forecast':{'p_compiles':1,'p_correct':1,'p_faster':1,'speedup':{'q10':2,'q50':1,'q90':1}}}",
     "part_missing", "quantiles"},
    /* no number */
    {GOOD, "{'impact':'much faster'}", "no_number", "no number"},
    /* limits, and limits whose claim is missing */
    {GOOD, "{'claims':{'threads':2,'compile_s':1}}", "limit", "threads = 2 is above the most, 1"},
    {GOOD, "{'claims':{'threads':1}}", "limit", "compile_s is missing"},
    {GOOD, "{'claims':{'threads':'one','compile_s':1}}", "limit", "must be a number"},
    {GOOD, "{'claims':{'threads':1,'compile_s':31}}", "limit", "compile_s"},
    /* a rule of the task */
    {GOOD, "{'solution':'use several Streams at once'}", "rule", "stream"},
    /* time-out: round 9 of the original season */
    {GOOD, "{'claims':{'threads':1,'compile_s':29,'first_call_s':180}}", "timeout",
     "beyond the task's time-out of 60 s"},
    /* settings */
    {"{'A':3,'B':2,'C':'x'}", NULL, "setting", "A has no value 3"},
    {"{'A':2,'B':2}", NULL, "setting", "lacks the knob C"},
    {"{'A':2,'B':2,'C':'x','D':1}", NULL, "setting", "no knob D"},
    {"{'A':2,'B':2,'C':'big'}", NULL, "setting", "this machine has no big"},
    {"[]", NULL, "setting", "not an object"},
    /* the roofline: 0.01 s and 0.02 s, the incumbent takes 0.1 s and 0.2 s, so 10 times is the most */
    {GOOD, "{'claims':{'threads':1,'compile_s':1,'predicted':{'s1':0.009}}}", "roofline",
     "no less than 0.01"},
    {GOOD, "{'claims':{'threads':1,'compile_s':1,'predicted':{'s1':0.011,'s9':0}}}", "none", ""},
    {GOOD, "{'forecast':{'p_compiles':1,'p_correct':1,'p_faster':1,'speedup':{'q10':9,'q50':10.1,'q90':11}}}",
     "roofline", "at most 10"},
    {GOOD, "{'forecast':{'p_compiles':1,'p_correct':1,'p_faster':1,'speedup':{'q10':9,'q50':10,'q90':11}}}",
     "none", ""},
};

static void test_one_pitch(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof one_pitch / sizeof one_pitch[0]; i++)
    expect_gates("optimisation", fake_pitch("idea", one_pitch[i].setting, one_pitch[i].more),
                 one_pitch[i].gate, one_pitch[i].says);
}

static void test_round_kinds(void **unused) {
  (void)unused;
  expect_gates("research", fake_pitch("idea", GOOD, NULL), "round_kind", "research round");
  expect_gates("research", fake_pitch("idea", NULL, "{'kind':'research','impact':'we learn','claims':{}}"),
               "none", "");
  expect_gates("minimal_fix", fake_pitch("idea", GOOD, NULL), "round_kind", "minimal fixes");
  expect_gates("minimal_fix", fake_pitch("idea", GOOD, "{'kind':'minimal_fix'}"), "none", "");
}

/* Twins in one list: the earlier one passes. A pitch gated for its form may come again. */
static void test_duplicates(void **unused) {
  (void)unused;
  struct fake_log f;
  fake_log_start(&f, NULL);
  fake_round(&f, "optimisation");
  json_t *const first[] = {fake_pitch("one", GOOD, "{'impact':'much'}"),
                           fake_pitch("two", GOOD, NULL),
                           fake_pitch("three", "{'A':'2','B':2,'C':'x'}", NULL),
                           fake_pitch("four", NULL, NULL),
                           fake_pitch("Four!", NULL, NULL),
                           fake_pitch("five", NULL, NULL),
                           NULL};
  static const int passes[] = {0, 1, 0, 1, 0, 1};
  fake_pitches(&f, first);
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(fake_now(&f)->pitch[i].passed, passes[i]);
  assert_string_equal(json_str(json_array_get(fake_now(&f)->pitch[2].reasons, 0), "gate", ""), "duplicate");
  assert_string_equal(json_str(json_array_get(fake_now(&f)->pitch[2].reasons, 0), "fact", ""), "r1.p2");
  fake_push(&f, "tally", fake_json("{'round':1,'winner':null}"));
  fake_round(&f, "optimisation");
  json_t *const second[] = {fake_pitch("again", GOOD, NULL),
                            fake_pitch("other", "{'A':4,'B':2,'C':'x'}", NULL), NULL};
  fake_pitches(&f, second);
  assert_false(fake_now(&f)->pitch[0].passed); /* never funded, but it is the same change as r1.p2 */
  assert_true(fake_now(&f)->pitch[1].passed);
  fake_log_end(&f);
}

/* A season whose incumbent has a setting and in which A 2 -> 4 was 30 % slower. */
static void refuted_season(struct fake_log *f, int analysis) {
  fake_log_start(f, NULL);
  fake_round(f, "optimisation");
  json_t *const first[] = {fake_pitch("start", GOOD, NULL), fake_pitch("other", NULL, NULL), NULL};
  fake_pitches(f, first);
  fake_push(f, "tally", fake_json("{'round':1,'winner':'r1.p1'}"));
  fake_push(f, "outcome",
            fake_json("{'round':1,'pitch':'r1.p1','outcome':'SUCCESS','about':'idea','accepted':true}"));
  fake_push(f, "incumbent_changed",
            fake_json("{'round':1,'from':'%064d','to':'%064d','speedup':2,'setting':" GOOD "}", 1, 5));
  fake_round(f, "optimisation");
  json_t *const second[] = {fake_pitch("wider", "{'A':4,'B':2,'C':'x'}", NULL),
                            fake_pitch("more", NULL, NULL), NULL};
  fake_pitches(f, second);
  fake_push(f, "tally", fake_json("{'round':2,'winner':'r2.p1'}"));
  fake_act(f, "r2.duel.r2.p1", "duel", NULL, fake_json("{'verdict':'slower'}"));
  fake_push(
      f, "outcome",
      fake_json(
          "{'round':2,'pitch':'r2.p1','outcome':'FAILURE','kind':'slower','about':'idea','title':'wider','pitch_kind':'optimisation',"
          "'setting':{'A':4,'B':2,'C':'x'},'change':{'A':[2,4]},'incumbent':'%064d','analysis_required':%s}",
          5, analysis ? "true" : "false"));
  fake_push(
      f, "learning",
      fake_json(
          "{'id':'L1','state':'in_force','direction':'slower','claim':'A 2 -> 4 is slower','title':'wider',"
          "'pitch_kind':'optimisation','change':{'A':[2,4]},'setting':{'A':4,'B':2,'C':'x'},'evidence':[%lld]}",
          (long long)f->state.last_seq));
}

/* The gates that stop one more pitch, as text "gate gate ". */
static void gates_of(struct fake_log *f, json_t *pitch, char *out) {
  json_t *const list[] = {pitch, NULL};
  fake_pitches(f, list);
  const struct record_pitch *p = &fake_now(f)->pitch[fake_now(f)->n_pitches - 1];
  size_t i;
  json_t *r;
  out[0] = '\0';
  json_array_foreach((json_t *)(uintptr_t)p->reasons, i, r) {
    strcat(out, json_str(r, "gate", "?"));
    strcat(out, " ");
  }
}

static void test_refuted_ideas(void **unused) {
  (void)unused;
  char gates[512];
  static const struct {
    int analysis;
    const char *setting, *more, *gates;
  } cases[] = {
      {0, "{'A':4,'B':2,'C':'x'}", NULL,
       "refuted refuted duplicate "},         /* the outcome, the learning, the twin */
      {0, "{'A':4,'B':4,'C':'x'}", NULL, ""}, /* another change */
      {0, GOOD, NULL, "incumbent duplicate "},
      {1, "{'A':4,'B':2,'C':'x'}", NULL, "refuted analysis refuted duplicate "},
      {1, "{'A':4,'B':2,'C':'x'}", "{'evidence':'r2.p1 lost because of spills, see r3.measure'}",
       "duplicate "},
      {0, "{'A':4,'B':2,'C':'x'}", "{'evidence':'see r3.measure.'}", "duplicate "},
      {0, "{'A':4,'B':2,'C':'x'}", "{'evidence':'see r3.measured'}", "refuted refuted duplicate "},
      {0, "{'A':4,'B':2,'C':'x'}", "{'evidence':'see r2.duel.r2.p1'}",
       "refuted refuted duplicate "},                                             /* what refuted it */
      {0, NULL, "{'title':'Wider','solution':'quite another text'}", "refuted "}, /* by title and kind */
      {0, NULL, "{'title':'Wider','solution':'quite another text','kind':'wild_card'}", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct fake_log f;
    refuted_season(&f, cases[i].analysis);
    fake_round(&f, "optimisation");
    gates_of(&f, fake_pitch("again", cases[i].setting, cases[i].more), gates);
    if (strcmp(gates, cases[i].gates) != 0)
      fail_msg("case %zu: \"%s\", wanted \"%s\"", i, gates, cases[i].gates);
    fake_log_end(&f);
  }
}

/* A contradicted learning gates nothing. */
static void test_contradicted_learning(void **unused) {
  (void)unused;
  char gates[512];
  struct fake_log f;
  refuted_season(&f, 0);
  fake_push(
      &f, "learning",
      fake_json("{'id':'L1','state':'contradicted','direction':'slower','title':'wider','evidence':[]}"));
  fake_round(&f, "optimisation");
  gates_of(&f, fake_pitch("Wider", NULL, "{'solution':'quite another text'}"), gates);
  assert_string_equal(gates, "");
  fake_log_end(&f);
}

static void test_wild_card_round(void **unused) {
  (void)unused;
  char gates[512];
  struct fake_log f;
  refuted_season(&f, 0);
  fake_round(&f, "wild_card");
  gates_of(&f, fake_pitch("Start", NULL, NULL), gates);
  assert_string_equal(gates, "");
  gates_of(&f, fake_pitch("Wider", NULL, "{'solution':'anew','evidence':'see r3.measure'}"), gates);
  assert_string_equal(gates, "tried ");
  fake_log_end(&f);
}

static void test_changes(void **unused) {
  (void)unused;
  json_t *a = fake_json("{'A':2,'B':2,'C':'x'}"), *b = fake_json("{'A':4,'B':2,'C':'y'}");
  json_t *there = season_change(a, b), *back = season_change(b, a);
  struct buffer text;
  buffer_init(&text);
  season_change_text(there, &text);
  assert_string_equal(buffer_str(&text), "A 2 -> 4, C x -> y");
  assert_true(season_change_equal(there, there) && season_change_inverse(there, back));
  assert_false(season_change_equal(there, back) || season_change_inverse(there, there));
  assert_null(season_change(NULL, a));
  assert_false(season_setting_equal(a, b) || season_setting_equal(a, NULL));
  buffer_fini(&text);
  json_decref(a), json_decref(b), json_decref(there), json_decref(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_pitch),
      cmocka_unit_test(test_round_kinds),
      cmocka_unit_test(test_duplicates),
      cmocka_unit_test(test_refuted_ideas),
      cmocka_unit_test(test_contradicted_learning),
      cmocka_unit_test(test_wild_card_round),
      cmocka_unit_test(test_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of room season: what verdicts mean, what they teach, what is due next, which round follows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "season/season.h"
#include "season/season_context.h"
#include "season/season_outcome.h"
#include "season/season_round.h"
#include "season_fake.h"

/* A round with two pitches whose winner is p1 and runner-up p2. */
static void funded(struct fake_log *f, const char *rules, const char *kind, json_t *first) {
  fake_log_start(f, rules);
  fake_round(f, kind);
  json_t *const list[] = {first,
                          fake_pitch("second", "{'A':8,'B':2,'C':'x'}",
                                     strcmp(kind, "minimal_fix") == 0 ? "{'kind':'minimal_fix'}" : NULL),
                          NULL};
  fake_pitches(f, list);
  fake_push(f, "tally", fake_json("{'round':1,'winner':'r1.p1','runner_up':'r1.p2'}"));
}

static json_t *plain(void) {
  return fake_pitch("first", "{'A':4,'B':2,'C':'x'}", NULL);
}

/* An act of pitch p: result as JSON, or NULL for a failed one. */
static void act(struct fake_log *f, const char *name, const char *p, int attempt, const char *result) {
  char id[64];
  if (attempt < 0)
    snprintf(id, sizeof id, "r1.%s.%s", name, p);
  else
    snprintf(id, sizeof id, "r1.%s.%s.%d", name, p, attempt);
  fake_act(f, id, strcmp(name, "probe") == 0 ? "measure" : name, "C1",
           result != NULL ? fake_json("%s", result) : NULL);
}

#define BLOB(n) "{'blob':'" n n n n n n n n "','setting':{'A':4,'B':2,'C':'x'}}"
#define ONE     "11111111"
#define PASS    "{'verdict':'pass'}"

/* The single step that is due, by name; "" when none. */
static const char *due(const struct fake_log *f) {
  struct season_steps s;
  season_next(&f->state, &s);
  return s.count == 0 ? "" : season_step_name(s.step[0].kind);
}

static void expect_due(const struct fake_log *f, const char *want) {
  if (strcmp(due(f), want) != 0)
    fail_msg("due is %s, wanted %s", due(f), want);
}

static const struct {
  const char *check, *duel, *confirm, *rules;
  const char *outcome, *kind, *about;
  int accepted, analysis;
} verdicts[] = {
    {PASS, "{'verdict':'faster','speedup':1.5,'interval':[1.4,1.6]}",
     "{'verdict':'faster','speedup':1.45,'interval':[1.4,1.5]}", NULL, "SUCCESS", "faster", "idea", 1, 0},
    {PASS, "{'verdict':'faster','speedup':1.5}", "{'verdict':'unresolved','speedup':1.0}", NULL, "UNRESOLVED",
     "not_confirmed", "idea", 0, 0},
    {PASS, "{'verdict':'faster','speedup':1.5}", "{'verdict':'slower','speedup':0.9}", NULL, "UNRESOLVED",
     "not_confirmed", "idea", 0, 0},
    {PASS, "{'verdict':'faster','speedup':1.5}", "{'verdict':'mixed','speedup':1.2}", NULL, "PARTIAL",
     "mixed", "idea", 0, 0},
    {PASS, "{'verdict':'faster','speedup':1.5}", "{'verdict':'wrong','who':'B','where':'c at [0]'}", NULL,
     "FAILURE", "wrong", "implementation", 0, 0},
    {PASS, "{'verdict':'faster','speedup':1.5}", "{'verdict':'faster','speedup':null}", NULL, "UNRESOLVED",
     "no_estimate", "idea", 0, 0},
    {PASS, "{'verdict':'mixed','speedup':1.3}", NULL, NULL, "PARTIAL", "mixed", "idea", 0, 0},
    {PASS, "{'verdict':'mixed','speedup':1.3}", "{'verdict':'mixed','speedup':1.25}", "{'partial':'accept'}",
     "PARTIAL", "mixed", "idea", 1, 0},
    {PASS, "{'verdict':'unresolved','speedup':1.001}", NULL, NULL, "UNRESOLVED", "unresolved", "idea", 0, 0},
    {PASS, "{'verdict':'unresolved','speedup':1.001,'interval':[0.99,1.02]}", NULL, NULL, "UNRESOLVED",
     "unresolved", "idea", 0, 0},
    {PASS, "{'verdict':'mixed','speedup':1.3,'interval':[1.1,1.4]}", NULL, NULL, "PARTIAL", "mixed", "idea",
     0, 0},
    {PASS, "{'verdict':'cheating','who':'B'}", NULL, NULL, "DISQUALIFIED", "cheating", "implementation", 0,
     0},
    {PASS, "{'verdict':'slower','speedup':0.97}", NULL, NULL, "FAILURE", "slower", "idea", 0, 0},
    {PASS, "{'verdict':'slower','speedup':0.9}", NULL, NULL, "FAILURE", "slower", "idea", 0, 0},
    {PASS, "{'verdict':'slower','speedup':0.7}", NULL, NULL, "FAILURE", "slower", "idea", 0, 1},
    {PASS, "{'verdict':'crash','who':'B'}", NULL, NULL, "FAILURE", "crash", "implementation", 0, 0},
    {PASS, "{'verdict':'timeout','who':'B'}", NULL, NULL, "FAILURE", "timeout", "implementation", 0, 0},
    {PASS, "{'verdict':'crash','who':'A'}", NULL, NULL, "UNRESOLVED", "incumbent_wrong", "implementation", 0,
     0},
    {"{'verdict':'compile_error','where':'line 3'}", NULL, NULL, "{'repairs':0}", "FAILURE", "compile_error",
     "implementation", 0, 0},
    {"{'verdict':'wrong'}", NULL, NULL, "{'repairs':0}", "FAILURE", "wrong", "implementation", 0, 0},
    {"{'verdict':'crash'}", NULL, NULL, "{'repairs':0}", "FAILURE", "crash", "implementation", 0, 0},
    {"{'verdict':'timeout'}", NULL, NULL, NULL, "FAILURE", "timeout", "implementation", 0, 0},
    {"{'verdict':'compile_timeout'}", NULL, NULL, NULL, "FAILURE", "compile_timeout", "implementation", 0, 0},
    {"{'verdict':'gate','where':'the word stream'}", NULL, NULL, NULL, "BLOCKED", "rule", "idea", 0, 0},
};

static void test_verdicts(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
    struct fake_log f;
    funded(&f, verdicts[i].rules, "optimisation", plain());
    expect_due(&f, "implement");
    act(&f, "implement", "r1.p1", 0, BLOB(ONE));
    expect_due(&f, "check");
    act(&f, "check", "r1.p1", 0, verdicts[i].check);
    if (verdicts[i].duel != NULL) {
      expect_due(&f, "duel");
      act(&f, "duel", "r1.p1", -1, verdicts[i].duel);
    }
    if (verdicts[i].confirm != NULL) {
      expect_due(&f, "confirm");
      act(&f, "confirm", "r1.p1", -1, verdicts[i].confirm);
    }
    expect_due(&f, "outcome");
    json_t *o = season_outcome(&f.state, fake_now(&f), "r1.p1");
    if (strcmp(json_str(o, "outcome", ""), verdicts[i].outcome) != 0 ||
        strcmp(json_str(o, "kind", ""), verdicts[i].kind) != 0 ||
        strcmp(json_str(o, "about", ""), verdicts[i].about) != 0 ||
        json_bool(o, "accepted", 2) != verdicts[i].accepted ||
        json_bool(o, "analysis_required", 2) != verdicts[i].analysis)
      fail_msg("case %zu: %s %s about %s, accepted %d, analysis %d: %s", i, json_str(o, "outcome", ""),
               json_str(o, "kind", ""), json_str(o, "about", ""), json_bool(o, "accepted", 2),
               json_bool(o, "analysis_required", 2), json_str(o, "text", ""));
    assert_true(json_array_size(json_arr(o, "evidence")) >= 4);
    assert_true(json_str(o, "text", "")[0] != '\0');
    fake_push(&f, "outcome", o);
    /* Only what is about an idea teaches, and "no difference" only with an interval to show for it. */
    json_t *l = season_learning_due(&f.state, fake_now(&f));
    int open = strcmp(verdicts[i].outcome, "UNRESOLVED") == 0 || strcmp(verdicts[i].outcome, "PARTIAL") == 0;
    int teaches =
        strcmp(verdicts[i].about, "idea") == 0 && (!open || json_array_size(json_arr(o, "interval")) == 2);
    assert_int_equal(l != NULL, teaches);
    json_decref(l);
    fake_log_end(&f);
  }
}

/* A compile error, then a wrong result, then a pass: two repairs, and the duel follows. */
static void test_repairs(void **unused) {
  (void)unused;
  struct fake_log f;
  funded(&f, NULL, "optimisation", plain());
  act(&f, "implement", "r1.p1", 0, BLOB(ONE));
  act(&f, "check", "r1.p1", 0, "{'verdict':'compile_error'}");
  struct season_steps s;
  season_next(&f.state, &s);
  assert_int_equal(s.step[0].kind, STEP_IMPLEMENT);
  assert_int_equal(s.step[0].attempt, 1);
  act(&f, "implement", "r1.p1", 1, NULL); /* the agent failed: an attempt is gone */
  season_next(&f.state, &s);
  assert_int_equal(s.step[0].kind, STEP_IMPLEMENT);
  assert_int_equal(s.step[0].attempt, 2);
  act(&f, "implement", "r1.p1", 2, BLOB("22222222"));
  act(&f, "check", "r1.p1", 2, PASS);
  expect_due(&f, "duel");
  fake_log_end(&f);
}

/* The winner cannot be implemented: the runner-up in the same round. An idea that lost ends the round. */
static void test_runner_up(void **unused) {
  (void)unused;
  struct fake_log f;
  funded(&f, "{'repairs':0}", "optimisation", plain());
  act(&f, "implement", "r1.p1", 0, BLOB(ONE));
  act(&f, "check", "r1.p1", 0, "{'verdict':'wrong'}");
  fake_push(&f, "outcome", season_outcome(&f.state, fake_now(&f), "r1.p1"));
  struct season_steps s;
  season_next(&f.state, &s);
  assert_int_equal(s.step[0].kind, STEP_IMPLEMENT);
  assert_string_equal(s.step[0].pitch, "r1.p2");
  act(&f, "implement", "r1.p2", 0, "{'blob':'2222222222222222','setting':{'A':8,'B':2,'C':'x'}}");
  act(&f, "check", "r1.p2", 0, PASS);
  act(&f, "duel", "r1.p2", -1, "{'verdict':'slower','speedup':0.9,'shapes':[{'shape':'s1'},{'shape':'s2'}]}");
  fake_push(&f, "outcome", season_outcome(&f.state, fake_now(&f), "r1.p2"));
  expect_due(&f, "learn");
  fake_push(&f, "learning", season_learning_due(&f.state, fake_now(&f)));
  assert_string_equal(json_str(f.state.learning[0], "direction", ""), "slower");
  expect_due(&f, "round_start");
  fake_log_end(&f);
}

/* Before a check has failed the entry must be the pitched setting; after that another one is a repair. */
static void test_another_setting(void **unused) {
  (void)unused;
  static const char other[] = "{'blob':'2222222222222222','setting':{'A':8,'B':2,'C':'x'}}";
  struct fake_log f;
  funded(&f, "{'repairs':1}", "optimisation", plain());
  act(&f, "implement", "r1.p1", 0, other);
  expect_due(&f, "implement");
  json_t *request = season_entry_request(&f.state, fake_now(&f), "r1.p1", 1, json_object());
  assert_string_equal(json_str(json_obj(request, "failure"), "verdict", ""), "other_setting");
  json_decref(request);
  act(&f, "implement", "r1.p1", 1, other);
  expect_due(&f, "outcome");
  json_t *o = season_outcome(&f.state, fake_now(&f), "r1.p1");
  assert_string_equal(json_str(o, "kind", ""), "other_setting");
  assert_string_equal(json_str(o, "about", ""), "implementation");
  json_decref(o);
  fake_log_end(&f);

  funded(&f, "{'repairs':1}", "optimisation", plain());
  act(&f, "implement", "r1.p1", 0, BLOB(ONE));
  act(&f, "check", "r1.p1", 0, "{'verdict':'crash'}");
  act(&f, "implement", "r1.p1", 1, other);
  expect_due(&f, "check");
  fake_log_end(&f);
}

static void test_same_bytes(void **unused) {
  (void)unused;
  struct fake_log f;
  funded(&f, "{'repairs':0}", "optimisation", plain());
  json_t *r = json_object();
  json_put_str(r, "blob", f.state.incumbent_blob);
  fake_act(&f, "r1.implement.r1.p1.0", "implement", "I", r);
  expect_due(&f, "outcome");
  json_t *o = season_outcome(&f.state, fake_now(&f), "r1.p1");
  assert_string_equal(json_str(o, "kind", ""), "no_change");
  json_decref(o);
  fake_log_end(&f);
}

static void test_no_entry(void **unused) {
  (void)unused;
  struct fake_log f;
  funded(&f, NULL, "optimisation", plain());
  for (int k = 0; k < 3; k++)
    act(&f, "implement", "r1.p1", k, NULL);
  expect_due(&f, "outcome");
  json_t *o = season_outcome(&f.state, fake_now(&f), "r1.p1");
  assert_string_equal(json_str(o, "kind", ""), "no_entry");
  assert_non_null(strstr(json_str(o, "text", ""), "it broke"));
  fake_push(&f, "outcome", o);
  expect_due(&f, "implement"); /* of the runner-up */
  fake_log_end(&f);
}

static void test_research(void **unused) {
  (void)unused;
  struct fake_log f;
  funded(&f, NULL, "research", fake_pitch("ask", NULL, "{'kind':'research'}"));
  expect_due(&f, "outcome");
  json_t *o = season_outcome(&f.state, fake_now(&f), "r1.p1");
  assert_string_equal(json_str(o, "outcome", ""), "RESEARCH");
  assert_string_equal(json_str(o, "kind", ""), "open");
  json_decref(o);
  fake_log_end(&f);
  funded(&f, NULL, "research", fake_pitch("ask", "{'A':4,'B':2,'C':'x'}", "{'kind':'research'}"));
  act(&f, "implement", "r1.p1", 0, BLOB(ONE));
  act(&f, "check", "r1.p1", 0, PASS);
  expect_due(&f, "probe");
  act(&f, "probe", "r1.p1", -1, "{'verdict':'ok','geomean_seconds':0.5}");
  o = season_outcome(&f.state, fake_now(&f), "r1.p1");
  assert_string_equal(json_str(o, "kind", ""), "settled");
  assert_non_null(strstr(json_str(o, "text", ""), "0.5 s"));
  fake_push(&f, "outcome", o);
  expect_due(&f, "round_start"); /* research teaches nothing that gates, and changes no incumbent */
  fake_log_end(&f);
}

static void test_minimal_fix(void **unused) {
  (void)unused;
  struct fake_log f;
  funded(&f, NULL, "minimal_fix", fake_pitch("fix", "{'A':4,'B':2,'C':'x'}", "{'kind':'minimal_fix'}"));
  act(&f, "implement", "r1.p1", 0, BLOB(ONE));
  act(&f, "check", "r1.p1", 0, PASS);
  fake_push(&f, "outcome", season_outcome(&f.state, fake_now(&f), "r1.p1"));
  json_t *changed = season_incumbent_due(&f.state, fake_now(&f));
  assert_true(
      json_is_null(json_object_get(changed, "speedup"))); /* a wrong entry's time compares with nothing */
  fake_push(&f, "incumbent_changed", changed);
  assert_true(f.state.total_speedup == 1);
  assert_int_equal(strncmp(f.state.incumbent_blob, ONE, 8), 0);
  fake_log_end(&f);
}

/* Two duels of one change with opposite results: the second flips the first, in two events. */
static void test_contradiction(void **unused) {
  (void)unused;
  struct fake_log f;
  fake_log_start(&f, NULL);
  fake_push(
      &f, "learning",
      fake_json(
          "{'id':'L1','state':'in_force','direction':'slower','claim':'x','title':'old','change':{'A':[2,4]},'evidence':[1]}"));
  fake_push(
      &f, "learning",
      fake_json(
          "{'id':'L2','state':'in_force','direction':'faster','claim':'y','title':'back','change':{'A':[4,2]},'evidence':[1]}"));
  fake_push(
      &f, "learning",
      fake_json(
          "{'id':'L3','state':'in_force','direction':'slower','claim':'z','title':'other','change':{'B':[2,4]},'evidence':[1]}"));
  fake_round(&f, "optimisation");
  json_t *const list[] = {plain(), fake_pitch("second", NULL, NULL), NULL};
  fake_pitches(&f, list);
  fake_push(&f, "tally", fake_json("{'round':1,'winner':'r1.p1'}"));
  act(&f, "duel", "r1.p1", -1, "{'verdict':'faster','shapes':[{'shape':'s1'},{'shape':'s2'}]}");
  fake_push(
      &f, "outcome",
      fake_json(
          "{'round':1,'pitch':'r1.p1','outcome':'SUCCESS','kind':'faster','about':'idea','title':'new','speedup':1.5,'interval':[1.4,1.6],"
          "'change':{'A':[2,4]},'incumbent':'%064d','evidence':['r1.duel.r1.p1',9]}",
          1));
  static const char *const want[] = {"L1", "L2", "L4"};
  for (int i = 0; i < 3; i++) {
    json_t *l = season_learning_due(&f.state, fake_now(&f));
    assert_string_equal(json_str(l, "id", ""), want[i]);
    assert_string_equal(json_str(l, "state", ""), i < 2 ? "contradicted" : "in_force");
    fake_push(&f, "learning", l);
  }
  assert_null(season_learning_due(&f.state, fake_now(&f)));
  const json_t *l = f.state.learning[3];
  assert_string_equal(json_str(l, "direction", ""), "faster");
  assert_string_equal(json_str(l, "replaces", ""), "L1");
  assert_string_equal(
      json_str(l, "claim", ""),
      "Changing A 2 -> 4 made the kernel 1.5 times faster [1.4, 1.6] by geometric mean over 2 shapes, against incumbent 000000000000");
  assert_string_equal(json_str(json_obj(l, "scope"), "device", ""), "cpu: Toy");
  assert_int_equal(json_array_size(json_arr(json_obj(l, "scope"), "shapes")), 2);
  assert_string_equal(json_str(f.state.learning[2], "state", ""), "in_force");
  fake_log_end(&f);
}

/* All gated, twice: a tally without winner, and a research round next. */
static void test_all_gated(void **unused) {
  (void)unused;
  struct fake_log f;
  fake_log_start(&f, NULL);
  fake_round(&f, "optimisation");
  json_t *const first[] = {fake_pitch("a", NULL, "{'impact':''}"), fake_pitch("b", NULL, "{'impact':''}"),
                           NULL};
  fake_pitches(&f, first);
  struct season_steps s;
  season_next(&f.state, &s);
  assert_int_equal(s.count, 4); /* the whole cast once more, all at once if one likes */
  assert_int_equal(s.step[0].kind, STEP_PITCH);
  json_t *const second[] = {fake_pitch("a", NULL, "{'impact':'much'}"), NULL};
  fake_pitches(&f, second);
  expect_due(&f, "tally");
  fake_push(&f, "tally", fake_json("{'round':1,'winner':null}"));
  expect_due(&f, "round_start");
  struct season_plan plan;
  season_plan_next(&f.state, &plan);
  assert_string_equal(plan.kind, "research");
  fake_log_end(&f);
}

/* Round kinds: what happened in each round (o: nothing, s: success, w: weak, g: gated, x: wrong) -> what
 * comes. */
static const struct {
  const char *past, *kind, *end;
} plans[] = {
    {"", "optimisation", NULL},      {"o", "optimisation", NULL},     {"oo", "optimisation", NULL},
    {"ooo", "research", NULL},       {"ooor", "wild_card", NULL},     {"ooorc", NULL, "converged"},
    {"oos", "optimisation", NULL},   {"oosoo", "optimisation", NULL}, {"oosooo", "research", NULL},
    {"ooorC", "optimisation", NULL}, {"w", "research", NULL},         {"wr", "optimisation", NULL},
    {"x", "minimal_fix", NULL},      {"xf", "minimal_fix", NULL},     {"xfff", NULL, "incumbent_wrong"},
    {"xF", "optimisation", NULL},    {"ooox", "minimal_fix", NULL},   {"oooooooooo", NULL, "rounds"},
};

static void play_letter(struct fake_log *f, char letter) {
  static const struct {
    char letter;
    const char *kind;
  } kinds[] = {
      {'r', "research"}, {'c', "wild_card"}, {'C', "wild_card"}, {'f', "minimal_fix"}, {'F', "minimal_fix"}};
  const char *kind = "optimisation";
  for (size_t i = 0; i < 5; i++)
    if (kinds[i].letter == letter)
      kind = kinds[i].kind;
  int64_t n = (int64_t)f->state.n_rounds + 1;
  char id[32];
  int wrong = letter == 'x' || letter == 'f';
  fake_push(f, "round_started", fake_json("{'round':%lld,'kind':'%s'}", (long long)n, kind));
  snprintf(id, sizeof id, "r%lld.measure", (long long)n);
  fake_act(f, id, "measure", NULL, fake_json("{'verdict':'%s'}", wrong || letter == 'F' ? "wrong" : "ok"));
  fake_push(
      f, "tally",
      fake_json("{'round':%lld,'winner':null,'weak':%s}", (long long)n, letter == 'w' ? "true" : "false"));
  if (letter == 's' || letter == 'C' || letter == 'F')
    fake_push(f, "incumbent_changed",
              fake_json("{'round':%lld,'from':'%s','to':'%064lld','speedup':1.5}", (long long)n,
                        f->state.incumbent_blob, (long long)n + 100));
}

static void test_plans(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
    struct fake_log f;
    struct season_plan plan;
    fake_log_start(&f, "{'rounds':10}");
    for (const char *p = plans[i].past; *p != '\0'; p++)
      play_letter(&f, *p);
    season_plan_next(&f.state, &plan);
    const char *kind = plan.end != NULL ? "end" : plan.kind, *end = plan.end != NULL ? plan.end : "goes on";
    if (strcmp(kind, plans[i].kind != NULL ? plans[i].kind : "end") != 0 ||
        strcmp(end, plans[i].end != NULL ? plans[i].end : "goes on") != 0)
      fail_msg("after %s: %s, %s", plans[i].past, kind, end);
    fake_log_end(&f);
  }
}

/* Too few pitches: nobody votes, the tally says why. */
static void test_too_few(void **unused) {
  (void)unused;
  struct fake_log f;
  fake_log_start(&f, NULL);
  fake_round(&f, "optimisation");
  json_t *const list[] = {plain(), NULL};
  fake_pitches(&f, list);
  expect_due(&f, "tally");
  fake_log_end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_verdicts),      cmocka_unit_test(test_repairs),
      cmocka_unit_test(test_runner_up),     cmocka_unit_test(test_another_setting),
      cmocka_unit_test(test_same_bytes),    cmocka_unit_test(test_no_entry),
      cmocka_unit_test(test_research),      cmocka_unit_test(test_minimal_fix),
      cmocka_unit_test(test_contradiction), cmocka_unit_test(test_all_gated),
      cmocka_unit_test(test_plans),         cmocka_unit_test(test_too_few),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of room season: ballots, vetoes, and the classic tally as a table. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "season/season_tally.h"
#include "season_fake.h"

/* A round with n passing pitches r1.p1 ... and one gated one after them. */
static void start(struct fake_log *f, size_t n, const char *rules) {
  json_t *list[12] = {NULL};
  fake_log_start(f, rules);
  fake_round(f, "optimisation");
  for (size_t i = 0; i < n; i++) {
    char title[32];
    snprintf(title, sizeof title, "idea %zu", i + 1);
    list[i] = fake_pitch(title, NULL, NULL);
  }
  list[n] = fake_pitch("gated", NULL, "{'impact':''}");
  fake_pitches(f, list);
}

/* Scores "speedup,ease,safety,quality" per pitch, separated by spaces; "-" abstains. */
static json_t *ballot(const char *vote, const char *scores, const char *more) {
  json_t *b = json_object(), *all = json_object(), *abstain = json_array();
  int i = 1, used = 0;
  for (const char *p = scores; *p != '\0'; i++) {
    char id[16];
    double s, e, a, q;
    snprintf(id, sizeof id, "r1.p%d", i);
    if (*p == '-') {
      json_t *one = json_object();
      json_put_str(one, "pitch", id);
      json_array_append_new(abstain, one);
      used = 1;
    } else {
      assert_int_equal(sscanf(p, "%lf,%lf,%lf,%lf%n", &s, &e, &a, &q, &used), 4);
      json_object_set_new(all, id,
                          json_pack("{s:f,s:f,s:f,s:f}", "speedup", s, "ease", e, "safety", a, "quality", q));
    }
    p += used;
    p += *p == ' ';
  }
  json_object_set_new(b, "scores", all);
  json_object_set_new(b, "abstain", abstain);
  json_put_str(b, "vote", vote);
  if (more != NULL) {
    json_t *m = fake_json("%s", more);
    json_object_update(b, m);
    json_decref(m);
  }
  return b;
}

static const char *const shark[] = {"Skeptic", "Pragmatist", "Theorist", "Fourth"};

static void cast(struct fake_log *f, size_t n, json_t *b) {
  char id[64];
  json_t *answer = json_object();
  snprintf(id, sizeof id, "r1.ballot.%s", shark[n]);
  json_object_set_new(answer, "ballot", b);
  fake_act(f, id, "ballot", shark[n], answer);
}

#define FOUR                                                                                                 \
  "{'cast':{'contestants':[],'sharks':[{'name':'Skeptic'},{'name':'Pragmatist'},{'name':'Theorist'},{'name':'Fourth'}],'implementer':{}}}"

struct cast_ballot {
  const char *vote, *scores, *more;
};
static const struct {
  const char *what;
  size_t pitches, sharks;
  struct cast_ballot b[4];
  const char *winner, *runner_up, *rule;
} table[] = {
    {"three votes: majority, though the score is lower",
     2,
     3,
     {{"r1.p1", "1,1,1,1 9,9,9,9", NULL},
      {"r1.p1", "1,1,1,1 9,9,9,9", NULL},
      {"r1.p1", "1,1,1,1 9,9,9,9", NULL}},
     "r1.p1",
     "r1.p2",
     "majority"},
    {"two of three is strict",
     2,
     3,
     {{"r1.p1", "1,1,1,1 9,9,9,9", NULL},
      {"r1.p1", "1,1,1,1 9,9,9,9", NULL},
      {"r1.p2", "1,1,1,1 9,9,9,9", NULL}},
     "r1.p1",
     "r1.p2",
     "majority"},
    {"all different: the score",
     3,
     3,
     {{"r1.p1", "5,5,5,5 6,6,6,6 4,4,4,4", NULL},
      {"r1.p2", "5,5,5,5 6,6,6,6 4,4,4,4", NULL},
      {"r1.p3", "5,5,5,5 6,6,6,6 4,4,4,4", NULL}},
     "r1.p2",
     "r1.p1",
     "score"},
    {"2-2 of four: the score",
     3,
     4,
     {{"r1.p1", "5,5,5,5 6,6,6,6 4,4,4,4", NULL},
      {"r1.p1", "5,5,5,5 6,6,6,6 4,4,4,4", NULL},
      {"r1.p2", "5,5,5,5 6,6,6,6 4,4,4,4", NULL},
      {"r1.p2", "5,5,5,5 6,6,6,6 4,4,4,4", NULL}},
     "r1.p2",
     "r1.p1",
     "score"},
    {"the weights: 0.40 x 5 beats 0.25 x 7",
     3,
     3,
     {{"r1.p1", "5,0,0,0 0,7,0,0 0,0,0,0", NULL},
      {"r1.p2", "5,0,0,0 0,7,0,0 0,0,0,0", NULL},
      {"r1.p3", "5,0,0,0 0,7,0,0 0,0,0,0", NULL}},
     "r1.p1",
     "r1.p2",
     "score"},
    /* means tie at 2.0 */
    {"tie: mean safety",
     2,
     2,
     {{"r1.p1", "5,0,0,0 0,0,10,0", NULL}, {"r1.p2", "5,0,0,0 0,0,10,0", NULL}},
     "r1.p2",
     "r1.p1",
     "tie: higher mean safety"},
    {"tie: mean ease",
     2,
     2,
     {{"r1.p1", "5,0,0,0 0,8,0,0", NULL}, {"r1.p2", "5,0,0,0 0,8,0,0", NULL}},
     "r1.p2",
     "r1.p1",
     "tie: higher mean ease"},
    {"tie: standard deviation",
     2,
     2,
     {{"r1.p1", "6,0,0,0 5,0,0,0", NULL}, {"r1.p2", "4,0,0,0 5,0,0,0", NULL}},
     "r1.p2",
     "r1.p1",
     "tie: lower standard deviation"},
    {"tie: the earlier",
     2,
     2,
     {{"r1.p1", "5,0,0,0 5,0,0,0", NULL}, {"r1.p2", "5,0,0,0 5,0,0,0", NULL}},
     "r1.p1",
     "r1.p2",
     "tie: the earlier pitch, nobody being there to decide"},
    /* 0.4 x speedup + 0.25 x ease + 0.2 x safety + 0.15 x quality is 4 for all three */
    {"three tied: the riskiest goes, then the rules of two",
     3,
     3,
     {{"r1.p1", "4,4,4,4 6,0,8,0 8,0,4,0", NULL},
      {"r1.p2", "4,4,4,4 6,0,8,0 8,0,4,0", NULL},
      {"r1.p3", "4,4,4,4 6,0,8,0 8,0,4,0", NULL}},
     "r1.p2",
     NULL,
     "tie of three or more: the riskiest dropped"},
    {"abstention: the mean is over those who scored",
     2,
     3,
     {{"r1.p2", "- 4,4,4,4", NULL},
      {"r1.p1", "9,9,9,9 4,4,4,4", NULL},
      {"r1.p1", "- 4,4,4,4", "{'vote':'r1.p2'}"}},
     "r1.p2",
     "r1.p1",
     "majority"},
    {"a valid veto removes the favourite",
     2,
     3,
     {{"r1.p1", "9,9,9,9 4,4,4,4", NULL},
      {"r1.p1", "9,9,9,9 4,4,4,4", NULL},
      {"r1.p2", "9,9,9,9 4,4,4,4", "{'veto':[{'pitch':'r1.p1','cites':'threads','reason':'x'}]}"}},
     "r1.p2",
     NULL,
     "score"},
    {"a void veto does not",
     2,
     3,
     {{"r1.p1", "9,9,9,9 4,4,4,4", NULL},
      {"r1.p1", "9,9,9,9 4,4,4,4", NULL},
      {"r1.p2", "9,9,9,9 4,4,4,4", "{'veto':[{'pitch':'r1.p1','cites':'my feeling','reason':'x'}]}"}},
     "r1.p1",
     "r1.p2",
     "majority"},
    {"every pitch vetoed",
     2,
     1,
     {{NULL, "9,9,9,9 4,4,4,4",
       "{'veto':[{'pitch':'r1.p1','cites':'threads'},{'pitch':'r1.p2','cites':'#3'}]}"}},
     NULL,
     NULL,
     "none"},
    {"no ballot", 2, 0, {{NULL, "", NULL}}, NULL, NULL, "none"},
    {"an invalid ballot is left out",
     2,
     3,
     {{"r1.p1", "1,1,1,1 9,9,9,9", NULL},
      {"r1.p9", "1,1,1,1 9,9,9,9", NULL},
      {"r1.p2", "1,1,1,11 9,9,9,9", NULL}},
     "r1.p1",
     "r1.p2",
     "majority"},
};

static void test_table(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct fake_log f;
    start(&f, table[i].pitches, FOUR);
    for (size_t k = 0; k < table[i].sharks; k++)
      cast(&f, k, ballot(table[i].b[k].vote, table[i].b[k].scores, table[i].b[k].more));
    fake_push(&f, "phase_closed", season_close_ballots(&f.state, fake_now(&f)));
    json_t *tally = season_tally(&f.state, fake_now(&f));
    const char *winner = json_str(tally, "winner", NULL), *runner = json_str(tally, "runner_up", NULL);
    const char *rule = json_str(tally, "rule", "");
    int same = (winner == NULL) == (table[i].winner == NULL) &&
               (winner == NULL || strcmp(winner, table[i].winner) == 0);
    if (table[i].runner_up != NULL)
      same = same && runner != NULL && strcmp(runner, table[i].runner_up) == 0;
    if (!same || strcmp(rule, table[i].rule) != 0)
      fail_msg("%s: got %s, then %s, by %s (%s)", table[i].what, winner != NULL ? winner : "none",
               runner != NULL ? runner : "none", rule, json_str(tally, "text", ""));
    fake_push(&f, "tally", tally);
    fake_log_end(&f);
  }
}

/* What makes a ballot invalid, on two pitches r1.p1 and r1.p2 and a gated r1.p3. */
static const struct {
  struct cast_ballot b;
  const char *says; /* NULL: valid */
} ballots[] = {
    {{"r1.p1", "1,1,1,1 2,2,2,2", NULL}, NULL},
    {{"r1.p1", "0,0,0,0 10,10,10,10", NULL}, NULL},
    {{"r1.p2", "- 2,2,2,2", NULL}, NULL},
    {{"r1.p1", "1,1,1,1", NULL}, "does not score r1.p2"},
    {{"r1.p1", "1,1,1,-0.5 2,2,2,2", NULL}, "quality for r1.p1"},
    {{"r1.p1", "1,10.5,1,1 2,2,2,2", NULL}, "ease for r1.p1"},
    {{"r1.p1", "1,1,1,1 2,2,2,2 3,3,3,3", NULL}, "r1.p3"},
    {{"r1.p3", "1,1,1,1 2,2,2,2", NULL}, "its vote, r1.p3"},
    {{NULL, "1,1,1,1 2,2,2,2", NULL}, "its vote, none"},
    {{"r1.p1", "- 2,2,2,2", NULL}, "votes for r1.p1 and abstains"},
    {{NULL, "- -", NULL}, "more than one pitch"},
    {{"r1.p1", "1,1,1,1 2,2,2,2", "{'veto':[{'pitch':'r7.p1','cites':'threads'}]}"}, "veto names r7.p1"},
    {{"r1.p1", "1,1,1,1 2,2,2,2", "{'scores':[]}"}, "does not score"},
    {{NULL, "1,1,1,1 2,2,2,2", "{'veto':[{'pitch':'r1.p1'},{'pitch':'r1.p2'}]}"}, NULL},
};

static void test_ballots(void **unused) {
  (void)unused;
  struct fake_log f;
  start(&f, 2, NULL);
  for (size_t i = 0; i < sizeof ballots / sizeof ballots[0]; i++) {
    struct buffer why;
    buffer_init(&why);
    json_t *b = ballot(ballots[i].b.vote, ballots[i].b.scores, ballots[i].b.more);
    int valid = season_ballot_valid(fake_now(&f), b, &why);
    if (valid != (ballots[i].says == NULL))
      fail_msg("case %zu: valid is %d: %s", i, valid, buffer_str(&why));
    if (!valid && strstr(buffer_str(&why), ballots[i].says) == NULL)
      fail_msg("case %zu: %s", i, buffer_str(&why));
    buffer_fini(&why);
    json_decref(b);
  }
  struct buffer why;
  buffer_init(&why);
  assert_false(season_ballot_valid(fake_now(&f), NULL, &why));
  buffer_fini(&why);
  fake_log_end(&f);
}

static void test_citations(void **unused) {
  (void)unused;
  struct fake_log f;
  start(&f, 2, NULL);
  fake_push(&f, "learning", fake_json("{'id':'L1','state':'in_force'}"));
  fake_push(&f, "learning", fake_json("{'id':'L2','state':'contradicted'}"));
  static const char *const good[] = {"threads", "compile_s",  "stream",     "L1",
                                     "#1",      "r1.measure", "r1.pitch.C1"};
  static const char *const bad[] = {"",    "tile",          "L2",    "L3",        "#0", "#", "#999",
                                    "#1x", "r1.duel.r1.p1", "r1.p1", "R1.measure"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    if (!season_citation_resolves(&f.state, good[i]))
      fail_msg("%s does not resolve", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (season_citation_resolves(&f.state, bad[i]))
      fail_msg("%s resolves", bad[i]);
  fake_log_end(&f);
}

/* The tally's columns, computed by hand; weak rounds; flags. */
static void test_columns(void **unused) {
  (void)unused;
  struct fake_log f;
  start(&f, 2, FOUR);
  cast(&f, 0, ballot("r1.p1", "3,4,5,6 1,1,1,1", NULL)); /* 1.2 + 1 + 1 + 0.9 = 4.1 */
  cast(&f, 1, ballot("r1.p1", "1,2,3,4 -", NULL));       /* 0.4 + 0.5 + 0.6 + 0.6 = 2.1 */
  cast(&f, 2, ballot("r1.p1", "2,2,2,2 -", NULL));       /* 2 */
  fake_push(&f, "phase_closed", season_close_ballots(&f.state, fake_now(&f)));
  json_t *tally = season_tally(&f.state, fake_now(&f));
  const json_t *line = json_array_get(json_arr(tally, "table"), 0),
               *other = json_array_get(json_arr(tally, "table"), 1);
  double mean = (4.1 + 2.1 + 2) / 3;
  assert_true(fabs(json_num(line, "mean", 0) - mean) < 1e-12);
  assert_true(fabs(json_num(line, "safety", 0) - 10.0 / 3) < 1e-12);
  assert_true(fabs(json_num(line, "ease", 0) - 8.0 / 3) < 1e-12);
  double sd = sqrt((pow(4.1 - mean, 2) + pow(2.1 - mean, 2) + pow(2 - mean, 2)) / 3);
  assert_true(fabs(json_num(line, "sd", 0) - sd) < 1e-12);
  assert_true(fabs(json_num(json_obj(line, "totals"), "Pragmatist", 0) - 2.1) < 1e-12);
  assert_int_equal(json_int(line, "votes", 0), 3);
  assert_false(json_bool(line, "flagged", 1));
  assert_true(json_bool(other, "flagged", 0)); /* two abstainers */
  assert_false(json_bool(tally, "weak", 1));   /* one total of 4.1 is enough */
  json_decref(tally);
  fake_log_end(&f);
}

static void test_weak_round(void **unused) {
  (void)unused;
  struct fake_log f;
  start(&f, 2, NULL);
  cast(&f, 0, ballot("r1.p1", "3.99,3.99,3.99,3.99 1,1,1,1", NULL));
  fake_push(&f, "phase_closed", season_close_ballots(&f.state, fake_now(&f)));
  json_t *tally = season_tally(&f.state, fake_now(&f));
  assert_true(json_bool(tally, "weak", 0));
  assert_string_equal(json_str(tally, "winner", ""), "r1.p1");
  json_decref(tally);
  fake_log_end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),   cmocka_unit_test(test_ballots),    cmocka_unit_test(test_citations),
      cmocka_unit_test(test_columns), cmocka_unit_test(test_weak_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

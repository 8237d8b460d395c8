/* Tests of room season: season.yml. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "season/season.h"
#include "season/season_rules.h"
#include "season_fake.h"

static enum status load(const char *text, json_t **rules, struct error *e) {
  char dir[256], path[300];
  fake_dir(dir);
  snprintf(path, sizeof path, "%s/season.yml", dir);
  assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), ST_OK);
  enum status st = season_rules_load(path, rules, e);
  fake_dir_end(dir);
  return st;
}

static void test_defaults(void **unused) {
  (void)unused;
  json_t *rules = NULL;
  struct season_rules r;
  assert_int_equal(season_rules_load(NULL, &rules, NULL), ST_OK);
  season_rules_read(rules, &r);
  assert_int_equal(r.rounds, 8);
  assert_int_equal(r.pitches_min, 2);
  assert_int_equal(r.pitches_max, 6);
  assert_int_equal(r.repairs, 2);
  assert_int_equal(r.rounds_without_success, 3);
  assert_true(r.weight[0] == 0.40 && r.weight[1] == 0.25 && r.weight[2] == 0.20 && r.weight[3] == 0.15);
  assert_true(r.weak_score == 4 && r.alpha == 0.01 && r.confirm_alpha == 0.025 && r.delta == 0.005);
  assert_true(r.duel_budget_s == 60 && r.max_shape_slower == 0.05 && r.rollback_slower == 0.05 &&
              r.analysis_slower == 0.20);
  assert_true(!r.partial_accept && r.final);
  assert_string_equal(json_str(rules, "rulebook", ""), "classic");
  assert_int_equal(json_array_size(json_arr(json_obj(rules, "cast"), "contestants")), 4);
  assert_int_equal(json_array_size(json_arr(json_obj(rules, "cast"), "sharks")), 3);
  /* An empty object stands for the defaults too: an older log. */
  struct season_rules again;
  json_t *empty = json_object();
  season_rules_read(empty, &again);
  assert_memory_equal(&r, &again, sizeof r);
  json_decref(empty);
  json_decref(rules);
}

static void test_every_key(void **unused) {
  (void)unused;
  json_t *rules = NULL;
  struct season_rules r;
  struct error e = {.text = ""};
  const char *text =
      "rulebook: classic\nrounds: 12\npitches_min: 1\npitches_max: 3\nrepairs: 0\nrounds_without_success: 5\n"
      "weak_score: 3.5\nalpha: 0.02\nconfirm_alpha: 0.1\ndelta: 0.01\nduel_budget_s: 4\nmeasure_budget_s: 0.5\n"
      "full_budget_s: 2\nmax_shape_slower: 0.1\nrollback_slower: 0.02\nanalysis_slower: 0.3\nwinners: 1\n"
      "weights: {speedup: 0.7, ease: 0.1, safety: 0.1, quality: 0.1}\npartial: accept\nfinal: false\n"
      "cast:\n  contestants:\n    - {name: Ann, persona: curious, agent: 'builtin:wild_card'}\n"
      "  implementer: {name: Bob, agent: contestant}\n";
  if (load(text, &rules, &e) != ST_OK)
    fail_msg("%d: %s", e.line, e.text);
  season_rules_read(rules, &r);
  assert_true(r.rounds == 12 && r.pitches_min == 1 && r.pitches_max == 3 && r.repairs == 0 &&
              r.rounds_without_success == 5);
  assert_true(r.weak_score == 3.5 && r.alpha == 0.02 && r.confirm_alpha == 0.1 && r.delta == 0.01 &&
              r.duel_budget_s == 4);
  assert_true(r.measure_budget_s == 0.5 && r.full_budget_s == 2 && r.max_shape_slower == 0.1);
  assert_true(r.rollback_slower == 0.02 && r.analysis_slower == 0.3 && r.weight[0] == 0.7 &&
              r.partial_accept && !r.final);
  const json_t *cast = json_obj(rules, "cast");
  assert_int_equal(json_array_size(json_arr(cast, "contestants")), 1);
  assert_int_equal(json_array_size(json_arr(cast, "sharks")), 3); /* what is not named keeps its default */
  assert_string_equal(json_str(json_obj(cast, "implementer"), "agent", ""), "contestant");
  json_decref(rules);
}

static const struct {
  const char *text;
  int line;
  const char *says;
} wrong[] = {
    {"rounds: 3\nrepair: 1\n", 2, "repairs"}, /* the suggestion */
    {"rounds: many\n", 1, "rounds"},
    {"rounds: 0\n", 1, "rounds"},
    {"\nalpha: 0.9\n", 2, "alpha must lie between"},
    {"delta: nan\n", 1, "delta"},
    {"rulebook: calibrated\n", 1, "not built yet"},
    {"rulebook: house\n", 1, "classic"},
    {"winners: 2\n", 1, "not built yet"},
    {"partial: maybe\n", 1, "keep_out or accept"},
    {"weights: {speedup: 0.5}\n", 1, "add up to 1"},
    {"weights:\n  speedu: 1\n", 2, "speedup"},
    {"weights: 3\n", 1, "must be a map"},
    {"pitches_min: 5\npitches_max: 2\n", 2, "larger than pitches_max"},
    {"cast:\n  sharks: []\n", 2, "1 to 9"},
    {"cast:\n  sharks:\n    - {name: A.2, agent: x}\n", 3, "letters"},
    {"cast:\n  sharks:\n    - {name: A}\n", 3, "lacks its agent"},
    {"cast:\n  sharks:\n    - {name: A, agent: x}\n    - {name: A, agent: y}\n", 4, "twice"},
    {"- rounds\n", 1, "must be a map"},
};

static void test_wrong_files(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    json_t *rules = NULL;
    struct error e = {.text = ""};
    assert_int_equal(load(wrong[i].text, &rules, &e), ST_INPUT);
    assert_null(rules);
    if (e.line != wrong[i].line || strstr(e.text, wrong[i].says) == NULL ||
        strstr(e.file, "season.yml") == NULL)
      fail_msg("case %zu: %s:%d: %s", i, e.file, e.line, e.text);
  }
  json_t *rules = NULL;
  assert_int_equal(season_rules_load("/nonexistent/season.yml", &rules, NULL), ST_NOT_FOUND);
}

static void test_alpha_adds_up(void **unused) {
  (void)unused;
  double sum = 0;
  for (int64_t i = 1; i <= 100000; i++)
    sum += season_duel_alpha(0.01, i);
  assert_true(sum < 0.01 && sum > 0.00999);
  assert_true(fabs(season_duel_alpha(0.01, 1) - 0.0060792710185) < 1e-12);
  assert_true(fabs(season_duel_alpha(0.01, 10) * 100 - season_duel_alpha(0.01, 1)) < 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_every_key),
      cmocka_unit_test(test_wrong_files),
      cmocka_unit_test(test_alpha_adds_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

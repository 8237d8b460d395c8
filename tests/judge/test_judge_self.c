/* Room: tests of the judge. `check --self`: a sound challenge is found sound, and each broken promise of a
 * problem module, and each way in which a wrong entry could pass, is named. */
#include "judge_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "judge/judge_self.h"

/* A copy of the fixture with a line above one of its files, and a text of challenge.yml replaced. */
struct broken {
  char folder[64];
  struct challenge *challenge;
  struct judge *judge;
};

static void broken_open(struct broken *b, const char *problem, const char *entry, const char *from,
                        const char *to) {
  struct error e = {0};
  memset(b, 0, sizeof *b);
  fixture_copy(b->folder, problem, entry, from, to);
  if (challenge_open(b->folder, &b->challenge, &e) || judge_open(b->challenge, NULL, &b->judge, &e))
    fail_msg("%s", e.text);
}

static void broken_close(struct broken *b) {
  struct error e = {0};
  judge_close(b->judge);
  challenge_close(b->challenge);
  if (file_remove_tree(b->folder, &e))
    fail_msg("%s", e.text);
}

static json_t *broken_look(struct broken *b, const char *only) {
  struct error e = {0};
  json_t *out = NULL;
  enum status s = judge_self_only(b->judge, only, &out, &e);
  if (s)
    fail_msg("%s: %s", status_name(s), e.text);
  assert_string_equal(json_str(out, "schema", ""), "sharktank.self/1");
  return out;
}

static json_t *look(const char *only, const char *problem, const char *entry, const char *from,
                    const char *to) {
  struct broken b;
  broken_open(&b, problem, entry, from, to);
  json_t *out = broken_look(&b, only);
  broken_close(&b);
  return out;
}

static const json_t *find(const json_t *self, const char *list, const char *key, const char *name) {
  const json_t *all = json_arr(self, list);
  for (size_t i = 0; i < json_array_size(all); i++)
    if (strcmp(json_str(json_array_get(all, i), key, ""), name) == 0)
      return json_array_get(all, i);
  char *text = json_pretty(self);
  fprintf(stderr, "%s\n", text);
  free(text);
  fail_msg("no %s in %s", name, list);
  return NULL;
}

static void expect_mutant(const json_t *self, const char *name, const char *verdict) {
  const json_t *one = find(self, "mutants", "mutant", name);
  const char *got = json_str(one, "verdict", "");
  if (strcmp(got, verdict) != 0)
    fail_msg("mutant %s: %s (%s: %s), expected %s", name, got, json_str(one, "by", ""),
             json_str(one, "where", ""), verdict);
}

static void expect_verdict(const json_t *self, const char *verdict, const char *where) {
  if (strcmp(json_str(self, "verdict", ""), verdict) != 0 || !strstr(json_str(self, "where", ""), where)) {
    char *text = json_pretty(self);
    fprintf(stderr, "%s\n", text);
    free(text);
    fail_msg("%s: %s; expected %s with \"%s\"", json_str(self, "verdict", ""), json_str(self, "where", ""),
             verdict, where);
  }
}

static const char *const entries[] = {"nothing",      "zeros",        "constant",       "copy",
                                      "tail",         "one_wrong",    "stale",          "first_shape",
                                      "known_shapes", "ends_swapped", "groups_swapped", "transposed",
                                      "half:k",       "ignore:a",     "ignore:b"};

static void sound_is_found_sound(void **state) {
  (void)state;
  json_t *self = look(NULL, "", "", NULL, NULL);
  expect_verdict(self, "sound", "were caught");
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
    expect_mutant(self, entries[i], "caught");
  static const char *const results[] = {"an_ulp_above", "an_ulp_below", "nan", "infinity"};
  for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
    expect_mutant(self, results[i], "caught");
  expect_mutant(self, "nan_for_infinity", "does not apply");
  assert_string_equal(json_str(json_obj(self, "incumbent"), "verdict", ""), "pass");
  assert_int_equal(strlen(json_str(json_obj(self, "incumbent"), "hash", "")), 64);
  json_decref(self);
}

/* With a tolerance that nothing exceeds, every mutant that writes numbers passes, and is told. Each of them
 * by itself is reason enough. */
static void loose_tolerance(void **state) {
  (void)state;
  struct broken b;
  broken_open(&b, "#define BROKEN_loose 1\n", "", NULL, NULL);
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
    json_t *self = broken_look(&b, entries[i]);
    expect_verdict(self, "refused", "tolerance: with the task's inputs 100 %");
    expect_mutant(self, entries[i], "passed");
    json_decref(self);
  }
  broken_close(&b);
}

static void broken_promises(void **state) {
  (void)state;
  static const struct {
    const char *broken, *check, *words;
  } table[] = {{"seeds", "seeds", "two seeds made the same inputs"},
               {"counter", "seeds", "the same seed made different inputs"},
               {"address", "seeds", "different inputs in another process"},
               {"threads", "seeds", "another number of threads"},
               {"families", "families", "ones and zeros are the same"},
               {"nan", "references", "is nan"},
               {"tolerance", "references", "tolerance of the task inputs is inf"},
               {"roofline", "roofline", "counts 0 bytes"}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    char define[64];
    snprintf(define, sizeof define, "#define BROKEN_%s 1\n", table[i].broken);
    json_t *self = look("", define, "", NULL, NULL);
    expect_verdict(self, "refused", table[i].words);
    assert_string_equal(json_str(find(self, "checks", "check", table[i].check), "verdict", ""), "failed");
    json_decref(self);
  }
}

/* What a mutant has of its own: a challenge in which just that one is right. */
static void blind_challenges(void **state) {
  (void)state;
  json_t *self = look("stale", "#define BROKEN_seeds 1\n#define BROKEN_one_family 1\n", "", NULL, NULL);
  expect_mutant(self, "stale", "passed");
  json_decref(self);
  self = look("zeros", "#define BROKEN_zeros 1\n#define BROKEN_one_family 1\n", "", NULL, NULL);
  expect_mutant(self, "zeros", "passed");
  expect_verdict(self, "refused", "two seeds made the same inputs");
  json_decref(self);
  self = look("ignore:b", "#define BROKEN_right_ones 1\n#define BROKEN_one_family 1\n", "", NULL, NULL);
  expect_mutant(self, "ignore:b", "passed");
  expect_verdict(self, "refused", "takes input b for zeros");
  json_decref(self);
}

static void incumbents(void **state) {
  (void)state;
  json_t *self = look(NULL, "#define BROKEN_reference 1\n", "", NULL, NULL);
  expect_verdict(self, "refused", "incumbent: wrong");
  expect_mutant(self, "zeros", "caught");
  expect_mutant(self, "tail", "not judged");
  json_decref(self);
  self = look("zeros", "", "", "incumbent: honest.c\n", "");
  expect_verdict(self, "refused", "names none");
  expect_mutant(self, "zeros", "caught");
  json_decref(self);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sound_is_found_sound),
                                     cmocka_unit_test(loose_tolerance), cmocka_unit_test(broken_promises),
                                     cmocka_unit_test(blind_challenges), cmocka_unit_test(incumbents)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

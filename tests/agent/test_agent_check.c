/* Room: tests/agent. agent_answer_check: good answers pass, and each kind of bad one is refused with a
 * sentence that names the field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/agent.h"
#include "agent_fixture.h"

struct change {
  const char *path;  /* keys with dots, from the answer */
  const char *value; /* JSON; NULL: the field is taken away */
  const char *said;  /* in the error; NULL: the answer stays good */
};

static void apply(json_t *answer, const struct change *c) {
  char path[200], *rest = path;
  json_t *at = answer;
  strncpy(path, c->path, sizeof path - 1);
  path[sizeof path - 1] = 0;
  for (char *dot; (dot = strchr(rest, '/')) != NULL; rest = dot + 1) {
    *dot = 0;
    at = json_object_get(at, rest);
    assert_non_null(at);
  }
  if (!c->value)
    json_object_del(at, rest);
  else
    json_object_set_new(at, rest, json_loads(c->value, JSON_DECODE_ANY, NULL));
}

static void try_all(const json_t *request, const char *good, const struct change *c, size_t n) {
  struct error e;
  for (size_t i = 0; i < n; i++) {
    json_t *answer = json_loads(good, 0, NULL);
    assert_non_null(answer);
    assert_int_equal(agent_answer_check(request, answer, &e), ST_OK);
    apply(answer, &c[i]);
    memset(&e, 0, sizeof e);
    enum status st = agent_answer_check(request, answer, &e);
    if ((st == ST_OK) != (c[i].said == NULL) || (c[i].said && !strstr(e.text, c[i].said)))
      print_message("%s = %s: status %d \"%s\"\n", c[i].path, c[i].value ? c[i].value : "(taken away)",
                    (int)st, e.text);
    assert_int_equal(st, c[i].said ? ST_INPUT : ST_OK);
    if (c[i].said)
      assert_non_null(strstr(e.text, c[i].said));
    json_decref(answer);
  }
}

static const char good_pitch[] =
    "{\"pitch\":{\"title\":\"MR 1 -> 2\",\"kind\":\"optimisation\",\"problem\":\"p\",\"solution\":\"s\",\"impact\":\"1.2x\","
    "\"complexity\":\"low\",\"risks\":[{\"risk\":\"r\",\"mitigation\":\"m\"}],\"evidence\":\"e\",\"rollback\":\"r\","
    "\"claims\":{\"threads\":1,\"layout\":\"row\",\"predicted\":{\"bench1\":0.01}},"
    "\"setting\":{\"ISA\":\"scalar\",\"MATH\":\"f32\",\"MR\":2,\"NR\":1,\"KC\":1024,\"UNROLL\":1,\"DECODE\":\"table\","
    "\"PACK\":\"none\",\"PREFETCH\":0},"
    "\"forecast\":{\"p_compiles\":0.9,\"p_correct\":0.8,\"p_faster\":0.5,\"speedup\":{\"q10\":0.9,\"q50\":1.1,\"q90\":1.5}},"
    "\"refuted_by\":\"x\"}}";

static void pitches(void **state) {
  (void)state;
  static const struct change c[] = {
      {"pitch/evidence", NULL, NULL}, /* left to the gates */
      {"pitch/risks", NULL, NULL},
      {"pitch/forecast", NULL, NULL},
      {"pitch/setting", "null", NULL},
      {"pitch/analysis", "\"why it lost\"", NULL},
      {"pitch/setting/MR", "2.0", NULL},
      {"pitch", NULL, "\"pitch\""},
      {"pitch", "[]", "\"pitch\""},
      {"pitch/title", NULL, "pitch.title"},
      {"pitch/title", "\"\"", "pitch.title"},
      {"pitch/kind", "\"great\"", "pitch.kind"},
      {"pitch/complexity", "2", "pitch.complexity"},
      {"pitch/solution", "7", "pitch.solution"},
      {"pitch/risks", "{}", "pitch.risks"},
      {"pitch/risks", "[1]", "pitch.risks[0]"},
      {"pitch/risks", "[{\"risk\":1}]", "pitch.risks[0].risk"},
      {"pitch/claims", "[]", "pitch.claims"},
      {"pitch/claims/threads", "[1]", "pitch.claims.threads"},
      {"pitch/claims/predicted", "3", "pitch.claims.predicted"},
      {"pitch/claims/predicted/bench1", "0", "pitch.claims.predicted.bench1"},
      {"pitch/claims/predicted/bench1", "\"fast\"", "pitch.claims.predicted.bench1"},
      {"pitch/claims/predicted/bench9", "1", "bench9"},
      {"pitch/setting", "3", "pitch.setting"},
      {"pitch/setting/MR", NULL, "lacks knob MR"},
      {"pitch/setting/MR", "3", "pitch.setting.MR"},
      {"pitch/setting/MR", "\"2\"", "pitch.setting.MR"},
      {"pitch/setting/QR", "3", "QR"},
      {"pitch/forecast", "1", "pitch.forecast"},
      {"pitch/forecast/p_correct", NULL, "p_correct"},
      {"pitch/forecast/p_correct", "1.01", "p_correct"},
      {"pitch/forecast/p_faster", "-0.1", "p_faster"},
      {"pitch/forecast/p_faster", "true", "p_faster"},
      {"pitch/forecast/speedup", NULL, "speedup"},
      {"pitch/forecast/speedup/q10", "1.2", "q50 is below q10"},
      {"pitch/forecast/speedup/q90", "1.0", "q90 is below q50"},
      {"pitch/forecast/speedup/q10", "0", "q10"},
      {"pitch/forecast/speedup/q90", "1e300", "q90"},
  };
  json_t *r = fixture_request("pitch", "x");
  try_all(r, good_pitch, c, sizeof c / sizeof *c);
  json_decref(r);
}

static const char good_ballot[] =
    "{\"ballot\":{\"scores\":{\"p1\":{\"speedup\":5,\"ease\":9.5,\"safety\":10,\"quality\":0},"
    "\"p2\":{\"speedup\":1,\"ease\":1,\"safety\":1,\"quality\":1}},\"vote\":\"p1\",\"reasoning\":\"because 1 > 0\","
    "\"concerns\":[\"c\"],\"forecasts\":{\"p1\":{\"p_compiles\":1,\"p_correct\":1,\"p_faster\":0,"
    "\"speedup\":{\"q10\":1,\"q50\":1,\"q90\":1}}},\"abstain\":[],\"veto\":[]}}";

static void ballots(void **state) {
  (void)state;
  static const struct change c[] = {
      {"ballot/forecasts", NULL, NULL},
      {"ballot/abstain", "[{\"pitch\":\"p2\",\"reason\":\"mine\"}]", NULL},
      {"ballot/veto", "[{\"pitch\":\"p2\",\"cites\":\"threads\",\"reason\":\"2 threads\"}]", NULL},
      {"ballot", "1", "\"ballot\""},
      {"ballot/scores", NULL, "ballot.scores"},
      {"ballot/scores/p2", NULL, "lacks pitch p2"},
      {"ballot/scores/p3", "{\"speedup\":1,\"ease\":1,\"safety\":1,\"quality\":1}", "p3"},
      {"ballot/scores/p1/ease", "10.5", "ease"},
      {"ballot/scores/p1/ease", "-1", "ease"},
      {"ballot/scores/p1/quality", NULL, "quality"},
      {"ballot/scores/p1", "[]", "ballot.scores.p1"},
      {"ballot/vote", "\"p3\"", "ballot.vote"},
      {"ballot/vote", "null", "ballot.vote"},
      {"ballot/reasoning", "\"\"", "ballot.reasoning"},
      {"ballot/concerns", "\"c\"", "ballot.concerns"},
      {"ballot/concerns", "[1]", "ballot.concerns[0]"},
      {"ballot/forecasts/p3", "{}", "p3"},
      {"ballot/forecasts/p1", "{}", "ballot.forecasts.p1"},
      {"ballot/abstain", "[{\"pitch\":\"p1\",\"reason\":\"mine\"}]", "abstains from"},
      {"ballot/abstain", "[{\"pitch\":\"p9\",\"reason\":\"mine\"}]", "ballot.abstain[0].pitch"},
      {"ballot/abstain", "[{\"pitch\":\"p2\",\"reason\":\"a\"},{\"pitch\":\"p1\",\"reason\":\"b\"}]",
       "at most 1"},
      {"ballot/veto", "[{\"pitch\":\"p2\",\"reason\":\"a\"}]", "cites"},
      {"ballot/veto", "[{\"pitch\":\"p2\",\"cites\":\"threads\"}]", "reason"},
      {"ballot/veto", "{}", "ballot.veto"},
  };
  json_t *r = fixture_request("ballot", "x");
  json_object_set_new(r, "pitches",
                      json_pack("[{s:s,s:{}},{s:s,s:{}}]", "id", "p1", "pitch", "id", "p2", "pitch"));
  try_all(r, good_ballot, c, sizeof c / sizeof *c);
  json_decref(r);
}

static void entries(void **state) {
  (void)state;
  static const struct change c[] = {
      {"entry", NULL, "\"entry\""},
      {"entry/source", "null", "either a setting or a source"},
      {"entry/source", "\"\"", "entry.source"},
      {"entry/source", "3", "entry.source"},
      {"entry/setting", "{\"MR\":1}", "either a setting or a source"},
  };
  json_t *r = fixture_request("entry", "x"),
         *answer = json_pack("{s:{s:{s:i}}}", "entry", "setting", "MR", 1);
  struct error e;
  try_all(r, "{\"entry\":{\"source\":\"int x;\"}}", c, sizeof c / sizeof *c);
  assert_int_equal(agent_answer_check(r, answer, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "entry.setting"));
  assert_int_equal(agent_answer_check(r, NULL, &e), ST_INPUT);
  json_put_str(r, "ask", "sing");
  assert_int_equal(agent_answer_check(r, answer, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "sing"));
  json_decref(answer);
  json_decref(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(pitches), cmocka_unit_test(ballots),
                                     cmocka_unit_test(entries)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

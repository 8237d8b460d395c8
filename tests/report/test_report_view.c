/* The numbers of the report: progress on the log scale, journey, forecasts' scores, costs; and the
 * journey's picture has finite coordinates whatever the log holds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report_journey.h"
#include "report/report_view.h"
#include "report_fixture.h"

static void near(double got, double want) {
  if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want))))
    fail_msg("got %.12g, want %.12g", got, want);
}

static void test_progress(void **state) {
  (void)state;
  struct fixture f;
  struct report_view v;
  struct error e = {0};
  fixture_open(&f, FIXTURE_ENDED, 0);
  assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
  near(v.start_seconds.value, 0.01); /* both shapes at 10 ms */
  near(v.limit_seconds.value, 1e-4); /* geometric mean of the rooflines */
  near(v.total.value, 10);
  near(v.best_seconds.value, 0.001);
  near(v.progress.value, 0.5); /* log(10) of log(100) */
  assert_true(v.total_is_final);
  assert_true(v.total.has_low && v.total.low == 9.6);
  assert_int_equal(v.accepted, 1);
  assert_int_equal(v.n_shapes, 2);
  assert_true(v.shape[0].scaled);
  near(v.shape[0].share.value, 1e-4 / 0.00101); /* the best as re-measured in round 3 */
  report_view_fini(&v);
  fixture_close(&f);
}

static void test_nothing_accepted(void **state) {
  (void)state;
  struct fixture f;
  struct report_view v;
  struct error e = {0};
  fixture_open(&f, FIXTURE_STARTED, 0);
  assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
  assert_int_equal(v.start_seconds.state, REPORT_MISSING);
  assert_int_equal(v.progress.state, REPORT_MISSING); /* not 0: nothing was measured */
  report_view_fini(&v);
  fixture_append(&f, "round_started", "{\"round\":1,\"kind\":\"optimisation\"}");
  fixture_append(&f, "begun", "{\"id\":\"r1.measure\",\"act\":\"measure\",\"round\":1}");
  fixture_append(
      &f, "ended",
      "{\"id\":\"r1.measure\",\"status\":\"ok\",\"result\":{\"shapes\":[{\"shape\":\"bench1s\",\"seconds\":0.01},"
      "{\"shape\":\"bench2s\",\"seconds\":0.01}]}}");
  fixture_refold(&f);
  assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
  assert_int_equal(v.progress.state, REPORT_NUMBER);
  near(v.progress.value, 0); /* measured, and nothing gained: exactly 0 */
  near(v.total.value, 1);
  report_view_fini(&v);
  fixture_close(&f);
}

static const struct report_forecaster *forecaster(const struct report_view *v, const char *name) {
  for (size_t i = 0; i < v->n_forecasters; i++) {
    if (!strcmp(v->forecaster[i].name, name))
      return &v->forecaster[i];
  }
  fail_msg("no forecaster %s", name);
  return NULL;
}

static void test_forecasts(void **state) {
  (void)state;
  struct fixture f;
  struct report_view v;
  struct error e = {0};
  fixture_open(&f, FIXTURE_ENDED, 0);
  assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
  const struct report_forecaster *i = forecaster(&v, "Incrementalist");
  /* Round 1 faster: all three happened. Round 2 wrong: compiled, not correct. Round 3 slower: not faster. */
  const double brier = 0.01 * 0.01 + 0.05 * 0.05 + 0.2 * 0.2 + 0.01 * 0.01 + 0.95 * 0.95 + 0.01 * 0.01 +
                       0.05 * 0.05 + 0.8 * 0.8;
  assert_int_equal(i->n_events, 8);
  near(i->brier_sum, brier);
  /* Speedups 10 and 0.9 against quantiles 5.6, 8, 12. */
  const double first = 0.1 * log(10 / 5.6) + 0.5 * log(10 / 8.0) + 0.1 * log(12 / 10.0);
  const double third = 0.9 * log(5.6 / 0.9) + 0.5 * log(8 / 0.9) + 0.1 * log(12 / 0.9);
  assert_int_equal(i->n_speedups, 2);
  near(i->pinball_sum, (first + third) / 3);
  assert_int_equal(i->n_covered, 1);
  assert_int_equal(i->won, 3);
  assert_int_equal(i->accepted, 1);
  near(i->gain, 10);
  const struct report_forecaster *wild = forecaster(&v, "Wild Card");
  assert_int_equal(wild->n_events, 0); /* never tried: not a score of zero */
  assert_int_equal(wild->passed, 2);
  const struct report_forecaster *shark = forecaster(&v, "Skeptic");
  assert_int_equal(shark->ballots, 3);
  assert_int_equal(shark->votes_accepted, 1);
  report_view_fini(&v);
  fixture_close(&f);
}

static void test_costs(void **state) {
  (void)state;
  struct fixture f;
  struct report_view v;
  struct error e = {0};
  fixture_open(&f, FIXTURE_MID_ROUND, 0);
  fixture_append(&f, "begun", "{\"id\":\"r2.ballot.Paid\",\"act\":\"ballot\",\"round\":2,\"who\":\"Paid\"}");
  fixture_append(&f, "ended", "{\"id\":\"r2.ballot.Paid\",\"status\":\"failed\",\"seconds\":2}");
  fixture_refold(&f);
  assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
  int seen = 0;
  for (size_t i = 0; i < v.n_costs; i++) {
    if (strcmp(v.cost[i].act, "ballot"))
      continue;
    seen = 1;
    assert_int_equal(v.cost[i].count, 4);
    assert_int_equal(v.cost[i].failed, 1);
    assert_int_equal(v.cost[i].open, 1);
    near(v.cost[i].seconds, 2.02);
  }
  assert_true(seen);
  report_view_fini(&v);
  fixture_close(&f);
}

/* Calls of agents that are not built in: what was told is added up, what was not stays unknown. */
static void test_agents(void **state) {
  (void)state;
  struct fixture f;
  struct report_view v;
  struct error e = {0};
  static const char *const begun = "{\"id\":\"r2.ballot.%s\",\"act\":\"ballot\",\"round\":2,\"who\":\"%s\","
                                   "\"args\":{\"agent\":\"openai:m\"}}";
  fixture_open(&f, FIXTURE_MID_ROUND, 0);
  fixture_append(&f, "begun", begun, "One", "One");
  fixture_append(&f, "begun", begun, "Two", "Two");
  fixture_append(&f, "begun", begun, "Cut", "Cut");
  fixture_append(&f, "ended",
                 "{\"id\":\"r2.ballot.One\",\"status\":\"ok\",\"seconds\":2,\"result\":{},\"agent\":{"
                 "\"fault\":\"none\",\"input_tokens\":10,\"output_tokens\":5,\"cache_read_tokens\":3,"
                 "\"cache_write_tokens\":1,\"price\":0.25}}");
  fixture_append(
      &f, "ended",
      "{\"id\":\"r2.ballot.Two\",\"status\":\"late\",\"seconds\":2,\"agent\":{\"fault\":\"timeout\","
      "\"attempts\":1,\"input_tokens\":null,\"price\":null}}");
  fixture_append(&f, "ended", "{\"id\":\"r2.ballot.Cut\",\"status\":\"interrupted\",\"seconds\":null}");
  fixture_refold(&f);
  assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
  assert_int_equal(v.n_agents, 1);
  const struct report_agent *a = &v.agent[0];
  assert_string_equal(a->provider, "openai:m");
  assert_int_equal(a->calls, 3);
  assert_int_equal(a->untold, 2);
  assert_int_equal(a->unpriced, 2);
  near(a->input, 14);
  near(a->cached, 3);
  near(a->output, 5);
  near(a->price, 0.25);
  assert_int_equal(a->n_faults, 2);
  assert_string_equal(a->fault[0].name, "timeout");
  assert_string_equal(a->fault[1].name, "cut_off");
  report_view_fini(&v);
  fixture_close(&f);
}

/* Every number inside a quoted coordinate or path is finite and on the canvas. */
static void svg_is_sane(const char *svg) {
  assert_null(strstr(svg, "nan"));
  assert_null(strstr(svg, "inf"));
  static const char *const keys[] = {" x=\"",  " y=\"",  " x1=\"", " y1=\"", " x2=\"",
                                     " y2=\"", " cx=\"", " cy=\"", " d=\"M"};
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
    for (const char *at = svg; (at = strstr(at, keys[k])) != NULL;) {
      at += strlen(keys[k]);
      const double n = strtod(at, NULL);
      if (!(n >= -1 && n <= 961))
        fail_msg("coordinate %g off the canvas after%s: %.60s", n, keys[k], at);
    }
  }
}

static void draw(const struct fixture *f, int want) {
  struct report_view v;
  struct buffer b;
  struct error e = {0};
  buffer_init(&b);
  assert_int_equal(report_view_init(&v, &f->state, &e), ST_OK);
  assert_int_equal(report_journey_svg(&b, &v), want);
  if (want)
    svg_is_sane(buffer_str(&b));
  buffer_fini(&b);
  report_view_fini(&v);
}

static void test_journey(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, FIXTURE_ENDED, 1);
  draw(&f, 1);
  fixture_close(&f);
  fixture_open(&f, FIXTURE_MID_ROUND, 0);
  draw(&f, 1);
  fixture_close(&f);
  fixture_open(&f, FIXTURE_EMPTY, 0);
  draw(&f, 0);
  fixture_close(&f);
}

static void test_journey_extremes(void **state) {
  (void)state;
  static const char *const seconds[] = {"1e-9", "1e5", "0", "-1", "1e-300", "1e300", "0.01"};
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    struct fixture f;
    struct report_view v;
    struct buffer b;
    struct error e = {0};
    fixture_open(&f, FIXTURE_STARTED, 0);
    fixture_append(&f, "round_started", "{\"round\":1,\"kind\":\"optimisation\"}");
    fixture_append(&f, "begun", "{\"id\":\"r1.measure\",\"act\":\"measure\",\"round\":1}");
    fixture_append(
        &f, "ended",
        "{\"id\":\"r1.measure\",\"status\":\"ok\",\"result\":{\"shapes\":[{\"shape\":\"bench1s\",\"seconds\":%s,"
        "\"low\":%s,\"high\":1e308}]}}",
        seconds[i], seconds[i]);
    fixture_refold(&f);
    assert_int_equal(report_view_init(&v, &f.state, &e), ST_OK);
    buffer_init(&b);
    if (report_journey_svg(&b, &v))
      svg_is_sane(buffer_str(&b));
    buffer_fini(&b);
    report_view_fini(&v);
    fixture_close(&f);
  }
}

static void test_summary(void **state) {
  (void)state;
  struct fixture f;
  struct buffer b;
  struct error e = {0};
  fixture_open(&f, FIXTURE_ENDED, 1);
  buffer_init(&b);
  assert_int_equal(report_summary(&f.source, "dir/index.html", &b, &e), ST_OK);
  assert_non_null(strstr(buffer_str(&b), "10.0\u00d7 [9.6, 10.4]"));
  assert_non_null(strstr(buffer_str(&b), "log scale: 50 %"));
  assert_non_null(strstr(buffer_str(&b), "(scaled)"));
  assert_non_null(strstr(buffer_str(&b), "dir/index.html"));
  assert_null(strchr(buffer_str(&b), '\x1b'));
  buffer_fini(&b);
  json_t *o = report_summary_json(&f.source);
  assert_non_null(o);
  assert_string_equal(json_str(o, "state", ""), "ended");
  near(json_num(o, "progress", -1), 0.5);
  assert_int_equal(json_array_size(json_arr(o, "attempts")), 3);
  assert_true(json_is_null(
      json_object_get(json_array_get(json_arr(o, "attempts"), 1), "speedup"))); /* failed: no number */
  json_decref(o);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_progress),         cmocka_unit_test(test_nothing_accepted),
      cmocka_unit_test(test_forecasts),        cmocka_unit_test(test_costs),
      cmocka_unit_test(test_agents),           cmocka_unit_test(test_journey),
      cmocka_unit_test(test_journey_extremes), cmocka_unit_test(test_summary),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

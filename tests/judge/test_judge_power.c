/* Room: tests of the judge. What `make power` reckons and how it goes on after an interruption: the bounds
 * against known values, the order of the sets, a file that was cut off in the middle of a line. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "power.h"

static void bounds(uint32_t k, uint32_t n, double low, double high) {
  double got_low, got_high;
  power_clopper_pearson(k, n, 0.95, &got_low, &got_high);
  if (fabs(got_low - low) > 1e-6 || fabs(got_high - high) > 1e-6)
    fail_msg("%u of %u: %.7f to %.7f, expected %.7f to %.7f", k, n, got_low, got_high, low, high);
}

/* 0 of n and n of n have a closed form; the others were solved for in exact fractions. */
static void clopper_pearson(void **state) {
  (void)state;
  bounds(0, 10, 0, 1 - pow(0.025, 0.1));
  bounds(10, 10, pow(0.025, 0.1), 1);
  bounds(0, 1000, 0, 1 - pow(0.025, 1e-3));
  bounds(5, 10, 0.18708603, 0.81291397);
  bounds(3, 1000, 0.00061910, 0.00874202);
  bounds(54, 60, 0.79494226, 0.96240873);
}

static void quantiles(void **state) {
  (void)state;
  double x[] = {5, 1, 4, 2, 3};
  assert_true(power_quantile(x, 5, 0.5) == 3);
  assert_true(fabs(power_quantile(x, 5, 0.9) - 4.6) < 1e-12);
  assert_true(power_quantile(x, 5, 1) == 5);
  assert_true(isnan(power_quantile(x, 0, 0.5)));
}

/* Every interruption leaves all sets about equally far along. */
static void sets_take_turns_in_proportion(void **state) {
  (void)state;
  uint32_t done[3] = {0, 0, 0};
  const uint32_t wanted[3] = {100, 10, 0};
  for (int i = 0; i < 55; i++) {
    int next = power_next(done, wanted, 3);
    assert_in_range(next, 0, 1);
    done[next]++;
  }
  assert_int_equal(done[0], 50);
  assert_int_equal(done[1], 5);
  for (int i = 0; i < 55; i++)
    done[power_next(done, wanted, 3)]++;
  assert_int_equal(power_next(done, wanted, 3), -1);
  assert_true(power_n_sets() <= POWER_MOST_SETS);
}

static json_t *duel(const char *set, const char *cpu) {
  json_t *line = json_object();
  json_put_str(line, "schema", POWER_SCHEMA);
  json_put_str(line, "set", set);
  json_put_str(line, "cpu", cpu);
  json_put_num(line, "delta", 0.005);
  json_put_int(line, "seed", 1);
  return line;
}

static void a_run_goes_on_where_it_stopped(void **state) {
  (void)state;
  char folder[] = "/tmp/sharktank-power-XXXXXX", path[64];
  struct power_results r;
  struct error e = {0};
  assert_non_null(mkdtemp(folder));
  (void)snprintf(path, sizeof path, "%s/duels.jsonl", folder);
  assert_int_equal(power_results_open(path, &r, &e), ST_OK); /* none yet */
  assert_int_equal(power_results_count(&r, "aa"), 0);
  assert_int_equal(power_results_add(path, &r, duel("aa", "one"), &e), ST_OK);
  assert_int_equal(power_results_add(path, &r, duel("slow-1", "one"), &e), ST_OK);
  assert_int_equal(power_results_count(&r, "aa"), 1);
  power_results_close(&r);
  struct buffer text; /* killed in the middle of the third line */
  buffer_init(&text);
  assert_int_equal(file_read(path, 1 << 20, &text, &e), ST_OK);
  size_t whole = text.bytes;
  buffer_text(&text, "{\"schema\":\"sharktank.pow");
  assert_int_equal(file_write_atomic(path, text.data, text.bytes, &e), ST_OK);
  buffer_fini(&text);
  assert_int_equal(power_results_open(path, &r, &e), ST_OK);
  assert_int_equal(json_array_size(r.lines), 2);
  assert_int_equal(power_results_add(path, &r, duel("aa", "one"), &e), ST_OK);
  power_results_close(&r);
  assert_int_equal(power_results_open(path, &r, &e), ST_OK);
  assert_int_equal(power_results_count(&r, "aa"), 2);
  json_t *here = duel("x", "one"), *elsewhere = duel("x", "two");
  assert_int_equal(power_results_fit(&r, here, &e), ST_OK);
  assert_int_equal(power_results_fit(&r, elsewhere, &e), ST_INPUT);
  assert_non_null(strstr(e.text, "another cpu"));
  json_put_num(here, "delta", 0.01);
  assert_int_equal(power_results_fit(&r, here, &e), ST_INPUT);
  json_decref(here);
  json_decref(elsewhere);
  power_results_close(&r);
  assert_int_equal(file_write_atomic(path, "{\"a\":1}\n", 8, &e), ST_OK);
  assert_int_equal(power_results_open(path, &r, &e), ST_CORRUPT);
  assert_int_equal(e.line, 1);
  power_results_close(&r);
  assert_true(whole > 0);
  assert_int_equal(file_remove_tree(folder, &e), ST_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clopper_pearson),
      cmocka_unit_test(quantiles),
      cmocka_unit_test(sets_take_turns_in_proportion),
      cmocka_unit_test(a_run_goes_on_where_it_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

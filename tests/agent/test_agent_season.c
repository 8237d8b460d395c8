/* Room: tests/agent. Whole seasons of the built-in tank on hidden response surfaces: does the panel find
 * a setting near the best, and are the forecasts of what was funded calibrated? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent_fixture.h"

enum { SEEDS = 20, ROUNDS = 8 };

struct result {
  int near;
  size_t good; /* settings within 15 % of the best, over all seeds */
  size_t resolved, inside, entered_resolved, entered_inside;
  double ratio[SEEDS];
};

static void play(enum fixture_surface_kind kind, struct result *out) {
  struct arena a;
  struct agent_space space;
  struct error e;
  json_t *task = fixture_task(), *facts = fixture_facts();
  arena_init(&a, 0);
  assert_int_equal(agent_space_read(task, facts, &a, &space, &e), ST_OK);
  assert_int_equal(agent_space_list(&space, NULL, 0, 0, &e), ST_OK);
  assert_true(space.n >= 2000 && space.n <= 3500);
  *out = (struct result){0};
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    struct fixture_surface f;
    struct fixture_season season = {.request = fixture_request("pitch", ""), .seed = seed};
    fixture_surface_init(&f, kind, seed, &space);
    double best = INFINITY, *time = calloc(space.n, sizeof *time);
    assert_non_null(time);
    for (size_t i = 0; i < space.n; i++)
      best = fmin(best, time[i] = fixture_surface_log_time(&f, space.setting + i * space.n_knobs));
    for (size_t i = 0; i < space.n; i++)
      out->good += time[i] <= best + log(1.15);
    free(time);
    for (int round = 0; round < ROUNDS; round++)
      assert_int_equal(fixture_play_round(&season, &f), 0);
    double ratio = exp(season.incumbent_log_time - best);
    out->ratio[seed - 1] = ratio;
    out->near += ratio <= 1.15;
    out->resolved += season.resolved;
    out->inside += season.inside;
    out->entered_resolved += season.entered_resolved;
    out->entered_inside += season.entered_inside;
    json_decref(season.request);
  }
  printf(
      "%zu settings (%.2f %% of them within 15 %% of the best), %d seeds, %d rounds: %d within 15 %% of the best; forecasts inside 10-90 %%: %zu of %zu "
      "(against members of the family: %zu of %zu)\n  time over best:",
      space.n, 100 * (double)out->good / SEEDS / (double)space.n, SEEDS, ROUNDS, out->near, out->inside,
      out->resolved, out->entered_inside, out->entered_resolved);
  for (int i = 0; i < SEEDS; i++)
    printf(" %.2f", out->ratio[i]);
  printf("\n");
  arena_fini(&a);
  json_decref(task);
  json_decref(facts);
}

static void calibrated(const struct result *r) {
  double share = (double)r->inside / (double)r->resolved;
  assert_true(share >= 0.60 && share <= 0.95);
}

static void informative(void **state) {
  (void)state;
  struct result r;
  play(SURFACE_INFORMATIVE, &r);
  assert_true(r.near * 100 >= 80 * SEEDS);
  calibrated(&r);
}

/* With arithmetic of no use, eight measurements cannot be asked to find the top of 3,000 settings; they
 * must still come within a factor of two of it, and the forecasts must say how little is known. */
static void misleading(void **state) {
  (void)state;
  struct result r;
  play(SURFACE_MISLEADING, &r);
  int fair = 0;
  for (int i = 0; i < SEEDS; i++)
    fair += r.ratio[i] <= 2;
  assert_true(fair * 100 >= 80 * SEEDS);
  calibrated(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(informative), cmocka_unit_test(misleading)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

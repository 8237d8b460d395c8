/* Room: judge. May use challenge, base. Times below the speed of light: noted, run again, judged.
 *
 * A time below the roofline means that the bound or the time is wrong. The time is measured again with other
 * seeds and longer blocks; the bound is believed only where the challenge declares it physical, which it
 * cannot for a CPU: there the read bandwidth is the memory's (inputs may lie in a cache), and counting
 * operations says nothing of a cleverer way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge_duel_race.h"

enum { LONGER = 2 };

/* NaN: no bound is known. */
static double bound_s(const struct race *r, const struct challenge_device *device, uint32_t shape) {
  struct challenge_roofline bound;
  if (!device || !r->j->challenge->problem_path ||
      challenge_roofline(r->j->helper, r->course.shape[shape]->shape, device, &bound, NULL))
    return (double)NAN;
  return bound.seconds;
}

static double call_s(const struct race *r, int side, uint32_t shape) {
  return r->scored_s[side][shape] / (double)r->scored_calls[shape];
}

static void note(struct race *r, const struct challenge_device *device, uint32_t shape, int side,
                 double limit_s, double again_s, json_t *list, struct judge_verdict *v) {
  const char *name = r->course.shape[shape]->shape->name;
  json_t *item = json_object();
  json_put_str(item, "shape", name);
  json_put_str(item, "who", side ? "B" : "A");
  json_put_num(item, "seconds", call_s(r, side, shape));
  json_put_num(item, "roofline_seconds", limit_s);
  json_put_num(item, "rerun_seconds", again_s);
  json_put_bool(item, "still_below", again_s < limit_s);
  json_array_append_new(list, item);
  if (!device->physical || !(again_s < limit_s) || v->kind)
    return;
  judge_verdict_set(v, "below_roofline",
                    "%s took %.4g s a call and %.4g s when run again; the bound is %.4g s", name,
                    call_s(r, side, shape), again_s, limit_s);
  snprintf(v->shape, sizeof v->shape, "%s", name);
  r->guilty = side;
}

enum status race_check_floor(struct race *r, json_t *list, struct judge_verdict *v, struct error *e) {
  const struct challenge *c = r->j->challenge;
  const struct challenge_device *device = challenge_find_device(c, c->device_in_play);
  uint32_t n = r->course.n, *calls = calloc(n + 1, sizeof *calls);
  double *limit_s = calloc(n + 1, sizeof *limit_s);
  int any = 0;
  if (!calls || !limit_s) {
    free(calls);
    free(limit_s);
    return error_set(e, ST_MEMORY, "out of memory while looking at rooflines");
  }
  for (uint32_t i = 0; i < n && r->n_pairs; i++) {
    calls[i] = r->course.calls[i];
    limit_s[i] = bound_s(r, device, i);
    any |= call_s(r, 0, i) < limit_s[i] || call_s(r, 1, i) < limit_s[i];
  }
  enum status s = any ? race_again(r, LONGER, v, e) : ST_OK;
  for (uint32_t i = 0; i < n && any; i++) {
    double calls_again = 2.0 * r->course.calls[i];
    r->course.calls[i] = calls[i];
    for (int side = 0; side < 2 && !s && !v->kind; side++)
      if (call_s(r, side, i) < limit_s[i])
        note(r, device, i, side, limit_s[i], r->pair_s[side][i] / calls_again, list, v);
  }
  free(calls);
  free(limit_s);
  return s;
}

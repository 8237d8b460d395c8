/* Room: tests/agent. Synthetic seasons for the tests of the built-in tank: a knob space of a few thousand
 * settings, hidden response surfaces over it, and requests as the season engine would write them. */
#ifndef SHARKTANK_TESTS_AGENT_FIXTURE_H
#define SHARKTANK_TESTS_AGENT_FIXTURE_H

#include "agent/agent_builtin.h"

enum fixture_surface_kind {
  SURFACE_INFORMATIVE, /* time follows cycles_per_kmac, with effects and interactions of its own */
  SURFACE_MISLEADING   /* time does not follow it at all */
};

struct fixture_surface {
  enum fixture_surface_kind kind;
  double main[16][8];          /* [knob][value] effect on log time */
  double pair[16][8][8];       /* knob k with knob k + 1 */
  double naive;                /* log time of the first incumbent; members lie far below */
  const struct agent_space *s; /* borrowed */
};

/* The task as challenge_to_json gives it; a new object. */
json_t *fixture_task(void);
/* {has_v5, vector_register_count, l1_bytes ...}; a new object. */
json_t *fixture_facts(void);
/* A request with no measurements but the first incumbent's; a new object. */
json_t *fixture_request(const char *ask, const char *name);

void fixture_surface_init(struct fixture_surface *f, enum fixture_surface_kind kind, uint64_t seed,
                          const struct agent_space *s);
/* The true log of time over the first incumbent's. */
double fixture_surface_log_time(const struct fixture_surface *f, const uint8_t *setting);

/* A season in memory. */
struct fixture_season {
  json_t *request; /* context grows round by round */
  uint64_t seed;
  int64_t round;
  double incumbent_log_time;
  size_t resolved, inside;                 /* forecasts of winners: how many, and inside 10-90 % */
  size_t entered_resolved, entered_inside; /* of those made when a member of the family was the incumbent */
};
/* blob: names the entry; setting borrowed or NULL; log_time as measured. */
void fixture_add_measurement(json_t *request, const char *blob, const json_t *setting, double log_time,
                             int64_t round);
void fixture_add_failure(json_t *request, const json_t *setting, const char *verdict, int64_t round);
void fixture_set_incumbent(json_t *request, const char *blob, const json_t *setting, double log_time);
/* Plays one round against the surface: pitches, ballots, majority, measurement. Returns 0, or -1 after
 * printing what went wrong. */
int fixture_play_round(struct fixture_season *season, const struct fixture_surface *f);

#endif

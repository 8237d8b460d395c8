/* Room: agent. What one shark makes of one pitch, in numbers: the step between reading a pitch and
 * writing a ballot. Only src/agent and its tests may include this. */
#ifndef SHARKTANK_AGENT_OPINION_H
#define SHARKTANK_AGENT_OPINION_H

#include "agent/agent_builtin.h"

enum { AGENT_PITCHES_MAX = 64, AGENT_CRITERIA = 4 };
extern const char *const agent_criterion[AGENT_CRITERIA]; /* speedup, ease, safety, quality */

struct agent_opinion {
  const char *id;
  const json_t *pitch;
  const uint8_t *setting; /* NULL: the pitch names none this task knows */
  const struct agent_rule *broken_rule;
  const json_t *broken_limit; /* the first limit that a claim or the setting breaks, or NULL */
  int research;               /* asks a question; a setting of its is probed, never accepted */
  int complete;               /* every required part is there */
  struct agent_forecast own;
  double promised; /* log of the promised median speedup; NaN: none promised */
  double settled;  /* likeness to the nearest measured setting, 0: nothing measured */
  size_t steps;    /* knobs that differ from the nearest measured setting */
  size_t changed;  /* knobs that differ from the incumbent (or from the start) */
  size_t over;     /* estimates over their limits */
  double score[AGENT_CRITERIA];
  double expected; /* the speedup that a round can expect from it, 1 when it fails or loses */
  double worth;    /* this shark's criterion for its vote */
  uint64_t tie;    /* of the pitch's content: never of its place in the list */
};

/* The record of one kind of change: how realised log speedups compared with promises. */
struct agent_record {
  size_t forecasts;
  double bias;   /* mean of log(realised / promised median), shrunk to 0 when there are few */
  double within; /* share inside the promised 10-90 % range; NaN: no forecast resolved */
};
void agent_record_read(const struct agent_view *v, const char *kind, struct agent_record *out);

void agent_opinion_form(const struct agent_tank *t, enum agent_persona persona, const char *id,
                        const json_t *pitch, struct agent_opinion *out);
/* The rubric's score for an expected speedup (RULEBOOK, "Ballots"). */
double agent_rubric_speedup(double speedup);

#endif

/* Room: agent. The parts of the built-in tank: a request read and fitted once (struct agent_tank),
 * and what each role answers from it. Only src/agent and its tests may include this; everyone else
 * goes through agent_call.
 *
 * Answers are deterministic functions of the request. Nothing here reads a clock, a file or the machine.
 */
#ifndef SHARKTANK_AGENT_BUILTIN_H
#define SHARKTANK_AGENT_BUILTIN_H

#include "agent/agent_model.h"
#include "base/base_buffer.h"

enum agent_persona {
  AGENT_INCREMENTALIST,
  AGENT_REFACTORER,
  AGENT_HARDWARE_EXPERT,
  AGENT_WILD_CARD,
  AGENT_SKEPTIC,
  AGENT_PRAGMATIST,
  AGENT_THEORIST,
  AGENT_IMPLEMENTER
};

struct agent_tank {
  struct arena arena;
  struct agent_view view;
  struct agent_model *model;
};
/* Borrows the request until closed. Close even after a failure. */
enum status agent_tank_open(const json_t *request, struct agent_tank *t, struct error *e) MUST_USE;
void agent_tank_close(struct agent_tank *t);

/* Speedup means time of the incumbent / time of the proposal. Probabilities are of the event
 * itself (correct implies compiles, faster implies correct); quantiles are given that it is correct. */
struct agent_forecast {
  double compiles, correct, faster, q10, q50, q90;
  double gain,
      gain_sd; /* of log speedup in the model's compressed units, before the machine's limit is applied */
};
void agent_forecast_from(const struct agent_tank *t, double gain, double gain_sd, double compiles,
                         double correct, struct agent_forecast *out);
void agent_forecast_setting(const struct agent_tank *t, const uint8_t *setting, enum agent_trust trust,
                            struct agent_forecast *out);
json_t *agent_forecast_json(const struct agent_forecast *f);
/* {"CLAIM": value} for every limit of the task that applies, plus "predicted": seconds per shape.
 * setting NULL: for a proposal that implements nothing. */
json_t *agent_claims(const struct agent_tank *t, const uint8_t *setting, const struct agent_forecast *f);
/* The incumbent's seconds on the slowest shape, NaN when unknown. */
double agent_slowest_seconds(const struct agent_tank *t);

/* What a contestant chose, before it is put into words. */
struct agent_plan {
  enum agent_persona persona;
  const uint8_t *setting;
  const double *feature;
  struct agent_forecast forecast;
  size_t considered; /* settings that met the persona's own rule */
  int relaxed;       /* the persona's rule had no untried setting left and was widened */
};
/* Chooses an untried, valid setting. ST_INPUT when the family is exhausted. */
enum status agent_plan_make(const struct agent_tank *t, enum agent_persona persona, struct agent_plan *out,
                            struct error *e) MUST_USE;
/* A plan as a pitch; a new object. */
enum status agent_plan_pitch(const struct agent_tank *t, const struct agent_plan *p, json_t **pitch,
                             struct error *e) MUST_USE;
/* A research pitch: a question whose answer can be computed from the log. */
enum status agent_question_pitch(const struct agent_tank *t, enum agent_persona persona, json_t **pitch,
                                 struct error *e) MUST_USE;

enum status agent_contestant(const struct agent_tank *t, enum agent_persona persona, json_t **answer,
                             struct error *e) MUST_USE;
enum status agent_shark(const struct agent_tank *t, enum agent_persona persona, const json_t *pitches,
                        json_t **answer, struct error *e) MUST_USE;
enum status agent_implement(const struct agent_tank *t, json_t **answer, struct error *e) MUST_USE;

/* "MR 4 -> 8, ISA avx2 -> avx512_vnni" (at most `most` knobs, then "and N more"). */
void agent_write_changes(const struct agent_tank *t, const uint8_t *from, const uint8_t *to, size_t most,
                         struct buffer *out);
/* Seconds with a fitting unit: "1.93 ms". */
void agent_write_seconds(struct buffer *out, double seconds);

#endif

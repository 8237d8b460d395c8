/* Room: agent. What the built-in tank believes about settings nobody has measured.
 *
 * Bayesian linear regression of log(relative time) in closed form, written in its dual form (a
 * Gaussian process), so the cost depends on the number of measurements and not of features:
 *
 *   log t(x) = c + b * cost(x) + penalties over limits + sum over knobs w[knob, value]
 *              + weights * other estimates + residual(x) + noise
 *
 * cost is the log of the estimate that stands for time; its slope b is near 1 when the estimate is
 * trusted. w are one-hot weights shrunk to 0, for numeric knobs with neighbouring values alike.
 * residual is a process whose correlation decays with the number and kind of knobs that differ: it
 * carries interactions and makes far settings uncertain. A small grid of prior scales is averaged by
 * marginal likelihood (each weight: prior x evidence), so a misleading cost estimate loses its weight
 * as soon as measurements contradict it. Sources: Rasmussen and Williams, Gaussian Processes for Machine
 * Learning (2006), sections 2.1, 2.2 and 5.4.
 *
 * An immutable model may be read from any thread.
 */
#ifndef SHARKTANK_AGENT_MODEL_H
#define SHARKTANK_AGENT_MODEL_H

#include "agent/agent_view.h"

enum agent_trust { /* whose prior over the grid: how far is the cost estimate believed? */
                   AGENT_BALANCED,
                   AGENT_BOUNDS, /* arithmetic first */
                   AGENT_DATA,   /* measurements first */
                   AGENT_TRUSTS
};

/* Beliefs are in compressed units: log time as it is down from the best measured setting (the anchor) and
 * somewhat above, then growing ever more slowly. How bad a bad setting is says little about how good a good
 * one can be; without this, one setting 40 times slower makes every unmeasured one look promising. (The idea
 * is that of output warping in Bayesian optimisation, for example half-rank warping in Song et al., The
 * Vizier Gaussian Process Bandit Algorithm, 2024.) */
struct agent_belief {
  double mean, sd; /* of compressed log(relative time) as a new measurement would show it */
};

struct agent_model;
/* Fits to the view's samples. The view must outlive the model; both live in its arena. */
enum status agent_model_fit(const struct agent_view *v, struct agent_model **out, struct error *e) MUST_USE;
/* feature: the setting's row (agent_view_features). */
struct agent_belief agent_model_predict(const struct agent_model *m, const uint8_t *setting,
                                        const double *feature, enum agent_trust trust);
/* All listed settings; belief has room for space.n. */
void agent_model_predict_all(const struct agent_model *m, enum agent_trust trust,
                             struct agent_belief *belief);
/* log(relative time) -> compressed units, and back. */
double agent_model_compress(const struct agent_model *m, double log_time);
double agent_model_expand(const struct agent_model *m, double compressed);
/* How alike two settings are, in (0, 1]; 1 = the same. */
double agent_model_alike(const struct agent_model *m, const uint8_t *a, const uint8_t *b);
/* P(compiles) and P(correct) = P(compiles and passes the check), from trials, similar ones first. */
void agent_model_works(const struct agent_model *m, const uint8_t *setting, double *compiles,
                       double *correct);
/* The weight, in [0, 1], that the grid gives to the cost estimate being right as declared. */
double agent_model_cost_weight(const struct agent_model *m, enum agent_trust trust);

double agent_normal_cdf(double z);
/* E[max(0, X)] for X normal. */
double agent_expected_gain(double mean, double sd);
/* What a round may expect from a proposal with this belief on its gain: the expected gain with a share of
 * the doubt taken away. With all of it, the best of thousands of settings is mostly the one least known, and
 * the season spends its few rounds on losers. */
double agent_round_gain(double mean, double sd);

#endif

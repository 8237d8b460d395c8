/* Room: agent. The regression of agent_model.h. Pure arithmetic: no JSON, no randomness. */
#include "agent/agent_model.h"

#include <math.h>
#include <string.h>

enum { GRID_SCALES = 4, GRID_SLOPES = 3, GRID = GRID_SCALES * GRID_SLOPES };

/* Prior scales of the one-hot weights (natural log units) and how likely each is beforehand. */
static const double scale_sd[GRID_SCALES] = {0.06, 0.14, 0.3, 0.7};
static const double scale_prior[GRID_SCALES] = {0.15, 0.35, 0.35, 0.15};
/* Slope of log time on log cost: as declared; half believed; of no use. */
static const double slope_mean[GRID_SLOPES] = {1.0, 0.6, 0.0};
static const double slope_sd[GRID_SLOPES] = {0.12, 0.35, 0.25};
static const double slope_prior[AGENT_TRUSTS][GRID_SLOPES] = {
    {0.50, 0.35, 0.15}, {0.85, 0.13, 0.02}, {0.25, 0.40, 0.35}};

struct cell { /* one point of the grid */
  double scale, slope, slope_sd, log_evidence;
  double weight[AGENT_TRUSTS];
  double *factor; /* [n][n] lower Cholesky factor of the covariance of the measurements */
  double *alpha;  /* [n] covariance^-1 (y - prior mean) */
};

struct agent_model {
  const struct agent_view *v;
  size_t n;
  double anchor;                     /* log time of the best measured setting; INFINITY: none measured */
  double level, level_sd;            /* prior of log time at the lowest cost */
  double *centre, *inverse_spread;   /* [n_estimates] standardise the other estimates */
  double **main_alike, **rest_alike; /* [n_knobs] -> [n_values][n_values] */
  struct cell cell[GRID];
};

double agent_normal_cdf(double z) {
  return 0.5 * erfc(-z * 0.70710678118654752);
}

double agent_expected_gain(double mean, double sd) {
  if (!(sd > 0))
    return mean > 0 ? mean : 0;
  double z = mean / sd;
  double gain = mean * agent_normal_cdf(z) + sd * exp(-0.5 * z * z) * 0.39894228040143268;
  return gain > 0 ? gain : 0;
}

#define CAUTION 0.7 /* share of the doubt that counts */

double agent_round_gain(double mean, double sd) {
  return agent_expected_gain(mean, CAUTION * sd);
}

/* Up to BEND above the reference as it is, then logarithmic; smooth at the bend. */
#define BEND 0.5

static double compress(double above) {
  return above <= BEND ? above : BEND + BEND * log1p((above - BEND) / BEND);
}

static double expand(double compressed) {
  return compressed <= BEND ? compressed : BEND + BEND * expm1((compressed - BEND) / BEND);
}

double agent_model_compress(const struct agent_model *m, double log_time) {
  return isfinite(m->anchor) ? m->anchor + compress(log_time - m->anchor) : log_time;
}

double agent_model_expand(const struct agent_model *m, double compressed) {
  return isfinite(m->anchor) ? m->anchor + expand(fmin(compressed - m->anchor, 4)) : compressed;
}

/* Everything about a pair of settings that does not depend on the grid point. */
struct pair {
  double knobs, rest, cost, others, over;
};

static double cost_of(const struct agent_model *m, const double *feature) {
  int cost = m->v->space.cost;
  return cost < 0 || isnan(m->v->cost_lowest) ? 0 : compress(feature[cost] - m->v->cost_lowest);
}

static struct pair compare(const struct agent_model *m, const uint8_t *a, const double *fa, const uint8_t *b,
                           const double *fb) {
  const struct agent_space *s = &m->v->space;
  struct pair p = {.rest = 1, .cost = cost_of(m, fa) * cost_of(m, fb)};
  for (size_t k = 0; k < s->n_knobs; k++) {
    size_t at = (size_t)a[k] * s->knob[k].n_values + b[k];
    p.knobs += m->main_alike[k][at];
    p.rest *= m->rest_alike[k][at];
  }
  for (size_t j = 0; j < s->n_estimates; j++) {
    if ((int)j != s->cost)
      p.others +=
          (fa[j] - m->centre[j]) * (fb[j] - m->centre[j]) * m->inverse_spread[j] * m->inverse_spread[j];
    p.over += fa[s->n_estimates + j] * fb[s->n_estimates + j];
  }
  return p;
}

/* The prior's mean of log time: level, slope, and half a log unit for each doubling over a limit. */
static double prior_mean(const struct agent_model *m, const struct cell *c, const double *feature) {
  double mean = m->level + c->slope * cost_of(m, feature);
  for (size_t j = 0; j < m->v->space.n_estimates; j++)
    mean += 0.4 * feature[m->v->space.n_estimates + j];
  return mean;
}

static double covariance(const struct agent_model *m, const struct cell *c, const struct pair *p) {
  double w = c->scale * c->scale;
  return m->level_sd * m->level_sd + c->slope_sd * c->slope_sd * p->cost + w * p->knobs + w * 0.6 * p->rest +
         0.25 * w * p->others + 0.16 * p->over;
}

/* Lower Cholesky factor in place; 0 when the matrix is not positive definite. */
static int cholesky(double *a, size_t n) {
  for (size_t j = 0; j < n; j++) {
    for (size_t i = j; i < n; i++) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; k++)
        sum -= a[i * n + k] * a[j * n + k];
      if (i == j) {
        if (!(sum > 0))
          return 0;
        a[j * n + j] = sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
  }
  return 1;
}

static void solve_lower(const double *l, size_t n, double *x) {
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < i; k++)
      x[i] -= l[i * n + k] * x[k];
    x[i] /= l[i * n + i];
  }
}

static void solve_upper(const double *l, size_t n, double *x) { /* with the transpose of l */
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; k++)
      x[i] -= l[k * n + i] * x[k];
    x[i] /= l[i * n + i];
  }
}

static enum status fit_cell(struct agent_model *m, struct cell *c, struct error *e) {
  const struct agent_view *v = m->v;
  size_t n = m->n, room = n ? n : 1;
  c->factor = arena_array(v->arena, room * room, sizeof *c->factor);
  c->alpha = arena_array(v->arena, room, sizeof *c->alpha);
  if (!c->factor || !c->alpha)
    return error_set(e, ST_MEMORY, "no memory for a fit to %zu measurements", n);
  for (size_t i = 0; i < n; i++) {
    const struct agent_sample *a = &v->sample[i];
    c->alpha[i] = agent_model_compress(m, a->log_time) - prior_mean(m, c, a->feature);
    for (size_t j = 0; j <= i; j++) {
      struct pair p = compare(m, a->setting, a->feature, v->sample[j].setting, v->sample[j].feature);
      c->factor[i * n + j] = covariance(m, c, &p);
    }
    c->factor[i * n + i] += a->noise * a->noise;
  }
  if (!cholesky(c->factor, n))
    return error_set(e, ST_INTERNAL, "the covariance of %zu measurements has no Cholesky factor", n);
  solve_lower(c->factor, n, c->alpha);
  for (size_t i = 0; i < n; i++)
    c->log_evidence -= 0.5 * c->alpha[i] * c->alpha[i] + log(c->factor[i * n + i]);
  solve_upper(c->factor, n, c->alpha);
  return ST_OK;
}

static void weigh(struct agent_model *m, enum agent_trust trust) {
  int no_cost = m->v->space.cost < 0;
  double best = -INFINITY, sum = 0;
  for (size_t i = 0; i < GRID; i++)
    best = fmax(best, m->cell[i].log_evidence);
  for (size_t i = 0; i < GRID; i++) {
    size_t slope = i % GRID_SLOPES;
    double prior = scale_prior[i / GRID_SLOPES] * (no_cost ? slope == 0 : slope_prior[trust][slope]);
    m->cell[i].weight[trust] = prior * exp(m->cell[i].log_evidence - best);
    sum += m->cell[i].weight[trust];
  }
  double kept = 0;
  for (size_t i = 0; i < GRID; i++) {
    double w = m->cell[i].weight[trust] / sum;
    m->cell[i].weight[trust] = w < 0.01 ? 0 : w; /* not worth a solve per setting */
    kept += m->cell[i].weight[trust];
  }
  for (size_t i = 0; i < GRID; i++)
    m->cell[i].weight[trust] /= kept;
}

/* Words are alike only to themselves; numbers the less, the more steps apart. */
static enum status build_likeness(struct agent_model *m, struct error *e) {
  const struct agent_space *s = &m->v->space;
  m->main_alike = arena_array(m->v->arena, s->n_knobs, sizeof *m->main_alike);
  m->rest_alike = arena_array(m->v->arena, s->n_knobs, sizeof *m->rest_alike);
  if (!m->main_alike || !m->rest_alike)
    return error_set(e, ST_MEMORY, "no memory for the model");
  for (size_t k = 0; k < s->n_knobs; k++) {
    size_t n = s->knob[k].n_values;
    double *main = arena_array(m->v->arena, n * n, sizeof *main);
    double *rest = arena_array(m->v->arena, n * n, sizeof *rest);
    if (!main || !rest)
      return error_set(e, ST_MEMORY, "no memory for the model");
    m->main_alike[k] = main;
    m->rest_alike[k] = rest;
    for (size_t a = 0; a < n; a++)
      for (size_t b = 0; b < n; b++) {
        double steps = 0; /* values of the knob that lie between, this one included */
        for (size_t c = 0; c < n; c++) {
          const double *x = s->knob[k].number;
          steps += x[c] > fmin(x[a], x[b]) && x[c] <= fmax(x[a], x[b]);
        }
        int words = s->knob[k].has_words;
        main[a * n + b] = a == b ? 1 : words ? 0 : exp(-0.7 * steps);
        rest[a * n + b] = a == b ? 1 : words ? 0.45 : fmax(0.4, exp(-0.25 * steps));
      }
  }
  return ST_OK;
}

static enum status build_scales(struct agent_model *m, struct error *e) {
  const struct agent_view *v = m->v;
  size_t n_est = v->space.n_estimates, n = v->space.n;
  m->centre = arena_array(v->arena, n_est ? n_est : 1, sizeof *m->centre);
  m->inverse_spread = arena_array(v->arena, n_est ? n_est : 1, sizeof *m->inverse_spread);
  if (!m->centre || !m->inverse_spread)
    return error_set(e, ST_MEMORY, "no memory for the model");
  for (size_t j = 0; j < n_est; j++) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
      sum += agent_view_row(v, i)[j];
    m->centre[j] = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
      double d = agent_view_row(v, i)[j] - m->centre[j];
      squares += d * d;
    }
    double spread = sqrt(squares / (double)n);
    m->inverse_spread[j] = spread > 1e-9 ? 1 / spread : 0;
  }
  return ST_OK;
}

enum status agent_model_fit(const struct agent_view *v, struct agent_model **out, struct error *e) {
  struct agent_model *m = arena_alloc(v->arena, sizeof *m);
  if (!m)
    return error_set(e, ST_MEMORY, "no memory for the model");
  m->v = v;
  m->n = v->n_samples;
  m->anchor = INFINITY;
  for (size_t i = 0; i < m->n; i++)
    m->anchor = fmin(m->anchor, v->sample[i].log_time);
  /* Before anything of the family is measured, its cheapest member lies somewhere between the first
   * incumbent (log time 0) and the machine's limit; nearer to the limit, because that is what a
   * family of tuned kernels is written for. */
  double limit = isfinite(v->max_speedup) ? v->incumbent_log_time - log(v->max_speedup) : -2;
  m->level = 0.65 * limit;
  m->level_sd = 0.3 * fabs(limit) + 0.4;
  enum status st = build_likeness(m, e);
  if (st == ST_OK)
    st = build_scales(m, e);
  for (size_t i = 0; i < GRID && st == ST_OK; i++) {
    size_t slope = i % GRID_SLOPES;
    m->cell[i].scale = scale_sd[i / GRID_SLOPES];
    m->cell[i].slope = slope_mean[slope];
    m->cell[i].slope_sd = slope_sd[slope];
    st = fit_cell(m, &m->cell[i], e);
  }
  if (st != ST_OK)
    return st;
  for (int trust = 0; trust < AGENT_TRUSTS; trust++)
    weigh(m, (enum agent_trust)trust);
  *out = m;
  return ST_OK;
}

struct agent_belief agent_model_predict(const struct agent_model *m, const uint8_t *setting,
                                        const double *feature, enum agent_trust trust) {
  const struct agent_view *v = m->v;
  struct pair with[AGENT_SAMPLES_MAX], self = compare(m, setting, feature, setting, feature);
  for (size_t i = 0; i < m->n; i++)
    with[i] = compare(m, setting, feature, v->sample[i].setting, v->sample[i].feature);
  double mean = 0, square = 0;
  for (size_t g = 0; g < GRID; g++) {
    const struct cell *c = &m->cell[g];
    double w = c->weight[trust], k[AGENT_SAMPLES_MAX];
    if (!(w > 0))
      continue;
    double mu = prior_mean(m, c, feature), var = covariance(m, c, &self) + 0.03 * 0.03;
    for (size_t i = 0; i < m->n; i++) {
      k[i] = covariance(m, c, &with[i]);
      mu += k[i] * c->alpha[i];
    }
    solve_lower(c->factor, m->n, k);
    for (size_t i = 0; i < m->n; i++)
      var -= k[i] * k[i];
    mean += w * mu;
    square += w * (fmax(var, 0.02 * 0.02) + mu * mu);
  }
  return (struct agent_belief){mean, sqrt(fmax(square - mean * mean, 0.02 * 0.02))};
}

void agent_model_predict_all(const struct agent_model *m, enum agent_trust trust,
                             struct agent_belief *belief) {
  for (size_t i = 0; i < m->v->space.n; i++)
    belief[i] = agent_model_predict(m, agent_view_setting(m->v, i), agent_view_row(m->v, i), trust);
}

double agent_model_alike(const struct agent_model *m, const uint8_t *a, const uint8_t *b) {
  double alike = 1;
  for (size_t k = 0; k < m->v->space.n_knobs; k++)
    alike *= m->rest_alike[k][(size_t)a[k] * m->v->space.knob[k].n_values + b[k]];
  return alike;
}

/* Half from similar settings, half from the knob value that failed most often: an idea that never
 * compiles usually shares one value. Both shrunk to what a fresh family does. */
void agent_model_works(const struct agent_model *m, const uint8_t *setting, double *compiles,
                       double *correct) {
  const struct agent_view *v = m->v;
  double weight = 2, bad_compile = 2 * 0.02, bad_check = 2 * 0.03;
  for (size_t i = 0; i < v->n_trials; i++) {
    double w = agent_model_alike(m, setting, v->trial[i].setting);
    weight += w;
    bad_compile += w * !v->trial[i].compiled;
    bad_check += w * (v->trial[i].compiled && !v->trial[i].correct);
  }
  double worst_compile = 0, worst_check = 0;
  for (size_t k = 0; k < v->space.n_knobs; k++) {
    double n = 4, a = 4 * 0.02, b = 4 * 0.03;
    for (size_t i = 0; i < v->n_trials; i++) {
      if (v->trial[i].setting[k] != setting[k])
        continue;
      n += 1;
      a += !v->trial[i].compiled;
      b += v->trial[i].compiled && !v->trial[i].correct;
    }
    worst_compile = fmax(worst_compile, a / n);
    worst_check = fmax(worst_check, b / n);
  }
  *compiles = 1 - 0.5 * (bad_compile / weight + worst_compile);
  *correct = *compiles * (1 - 0.5 * (bad_check / weight + worst_check));
}

double agent_model_cost_weight(const struct agent_model *m, enum agent_trust trust) {
  double w = 0;
  for (size_t i = 0; i < GRID; i += GRID_SLOPES)
    w += m->cell[i].weight[trust];
  return m->v->space.cost < 0 ? 0 : w;
}

/* Random numbers: a small seeded generator for decisions that must replay (xoshiro256**, seeded by
 * splitmix64; Blackman and Vigna), and the system's for seeds that nobody may foresee.
 *
 * Thread safety: one thread at a time per generator.
 */
#ifndef SHARKTANK_BASE_RNG_H
#define SHARKTANK_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "base_status.h"

struct rng {
  uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform in [0, n), without modulo bias; n >= 1. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* Uniform in [0, 1). */
double rng_unit(struct rng *r);
/* Standard normal. */
double rng_normal(struct rng *r);
/* Fills bytes quickly (8 at a time). */
void rng_fill(struct rng *r, void *data, size_t bytes);
/* A seed derived from a seed and a number, as if drawn anew. */
uint64_t rng_derive(uint64_t seed, uint64_t n);
/* From getrandom(2). */
enum status rng_system(void *data, size_t bytes) MUST_USE;

#endif

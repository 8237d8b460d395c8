/* Room base: xoshiro256** seeded by splitmix64 (Blackman and Vigna, 2018), and getrandom(2). */
#include "base/base_rng.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k) {
  return (x << k) | (x >> (64 - k));
}

void rng_init(struct rng *r, uint64_t seed) {
  for (int i = 0; i < 4; i++)
    r->s[i] = splitmix64(&seed);
}

uint64_t rng_next(struct rng *r) {
  uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return result;
}

uint64_t rng_below(struct rng *r, uint64_t n) {
  if (n <= 1)
    return 0;
  uint64_t reject = (0 - n) % n; /* 2^64 mod n: values below it would be favoured */
  uint64_t x;
  do
    x = rng_next(r);
  while (x < reject);
  return x % n;
}

double rng_unit(struct rng *r) {
  return (double)(rng_next(r) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *r) {
  /* Box-Muller; 1 - u is in (0, 1], so the logarithm is finite. */
  double u = 1.0 - rng_unit(r), v = rng_unit(r);
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

void rng_fill(struct rng *r, void *data, size_t bytes) {
  unsigned char *p = data;
  while (bytes >= 8) {
    uint64_t x = rng_next(r);
    memcpy(p, &x, 8);
    p += 8;
    bytes -= 8;
  }
  if (bytes) {
    uint64_t x = rng_next(r);
    memcpy(p, &x, bytes);
  }
}

uint64_t rng_derive(uint64_t seed, uint64_t n) {
  uint64_t state = seed;
  uint64_t a = splitmix64(&state);
  state = a ^ (n * 0xd1342543de82ef95u + 0x632be59bd9b4e019u);
  return splitmix64(&state);
}

enum status rng_system(void *data, size_t bytes) {
  unsigned char *p = data;
  while (bytes) {
    ssize_t n = getrandom(p, bytes, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return ST_IO;
    p += n;
    bytes -= (size_t)n;
  }
  return ST_OK;
}

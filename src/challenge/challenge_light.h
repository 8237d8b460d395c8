/* Speed of light of a challenge's shapes, as `sharktank roofline` and the MCP tool of that name show it.
 *
 * Thread safety: one challenge per thread. */
#ifndef SHARKTANK_CHALLENGE_LIGHT_H
#define SHARKTANK_CHALLENGE_LIGHT_H

#include "challenge/challenge_helper.h"

struct challenge_light {
  const struct challenge_shape *shape; /* borrowed from the challenge */
  struct challenge_roofline roof;
};

/* The full shapes; without any, or on the cpu, also the benchmarks that are timed there. At most `most`;
 * starts a helper process. */
enum status challenge_lights(const struct challenge *c, const struct challenge_device *d,
                             struct challenge_light *out, size_t most, size_t *n, struct error *e) MUST_USE;
/* {shape, scaled, stands_for, text, bytes, operations, intensity, bytes_seconds, operations_seconds, seconds,
 * bound}; a new object. */
json_t *challenge_light_json(const struct challenge_light *l);

#endif

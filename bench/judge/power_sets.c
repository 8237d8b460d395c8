/* Room: bench. The sets of duels. Numbers are chosen for the bounds they give: 1,000 A/A duels, so that 3
 * false accepts still bound the rate below 1 %; 60 duels a difference, so that 54 found put the lower bound
 * near 80 %. */
#include "power.h"

const struct power_set power_sets[] = {
    {"aa", "bench1", 0, 0, 1000},
    {"slow-0.2", "bench1", 2000, 0, 60},
    {"slow-0.5", "bench1", 5000, 0, 60},
    {"slow-1", "bench1", 10000, 0, 60},
    {"slow-2", "bench1", 20000, 0, 60},
    {"slow-5", "bench1", 50000, 0, 60},
    {"aa-5ms", "bench2", 0, 0, 100},
    {"slow-0.5-5ms", "bench2", 5000, 0, 20},
    {"slow-1-5ms", "bench2", 10000, 0, 60},
    {"slow-2-5ms", "bench2", 20000, 0, 60},
    {"slow-5-5ms", "bench2", 50000, 0, 20},
    {"aa-load", "bench1", 0, 1, 200},
    {"slow-0.2-load", "bench1", 2000, 1, 20},
    {"slow-0.5-load", "bench1", 5000, 1, 20},
    {"slow-1-load", "bench1", 10000, 1, 40},
    {"slow-2-load", "bench1", 20000, 1, 40},
    {"slow-5-load", "bench1", 50000, 1, 20},
    {"slow-1-5ms-load", "bench2", 10000, 1, 20},
    {"slow-2-5ms-load", "bench2", 20000, 1, 20},
};

size_t power_n_sets(void) {
  return sizeof power_sets / sizeof power_sets[0];
}

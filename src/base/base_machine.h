/* Facts about this machine, as names and numbers: what constraints, estimates, agents and `doctor`
 * see. Sources: cpuid through the compiler's builtins, sysfs, sysconf. Thread safe. */
#ifndef SHARKTANK_BASE_MACHINE_H
#define SHARKTANK_BASE_MACHINE_H

#include "base_json.h"

/* One fact: has_avx2 has_fma has_f16c has_avx_vnni has_avx512f has_avx512bw has_avx512vl
 * has_avx512_bf16 has_avx512_vnni has_avx512_vbmi (0 or 1), l1d_bytes l2_bytes l3_bytes (0 when
 * unknown), vector_register_count (16 or 32), cores (those this process may run on).
 * Returns 1 and sets *value, or 0 when there is no such fact. */
int machine_fact(const char *name, double *value);
/* All facts, plus "cpu" (model name) and "kernel", as a new JSON object. */
json_t *machine_facts_json(void);

#endif

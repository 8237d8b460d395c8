/* Room base: facts about this machine. */
#include "base/base_machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/base_buffer.h"
#include "base/base_file.h"

#if defined(__x86_64__)
#include <cpuid.h>
#define HAS(feature) (__builtin_cpu_supports(feature) ? 1.0 : 0.0)
/* GCC 12 and clang 14 have no name for AVX-VNNI: CPUID.(EAX=7,ECX=1):EAX bit 4. It needs AVX2's
 * register state, which the compiler's own check covers. */
static double has_avx_vnni(void) {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
static double has_f16c(void) {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("avx") && __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
#else
#define HAS(feature) 0.0
static double has_avx_vnni(void) {
  return 0;
}
static double has_f16c(void) {
  return 0;
}
#endif

static double cores(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set))
    return (double)sysconf(_SC_NPROCESSORS_ONLN);
  return CPU_COUNT(&set);
}

/* sysconf knows the cache sizes from cpuid on x86; 0 or -1 means unknown. */
static double cache_bytes(int name) {
  long n = sysconf(name);
  return n > 0 ? (double)n : 0;
}

static const char *const fact_name[] = {
    "has_avx2",     "has_fma",      "has_f16c",        "has_avx_vnni",          "has_avx512f",
    "has_avx512bw", "has_avx512vl", "has_avx512_bf16", "has_avx512_vnni",       "has_avx512_vbmi",
    "l1d_bytes",    "l2_bytes",     "l3_bytes",        "vector_register_count", "cores"};
enum { N_FACTS = sizeof fact_name / sizeof fact_name[0] };

static double fact_value(int i) {
  switch (i) {
  case 0:
    return HAS("avx2");
  case 1:
    return HAS("fma");
  case 2:
    return has_f16c();
  case 3:
    return has_avx_vnni();
  case 4:
    return HAS("avx512f");
  case 5:
    return HAS("avx512bw");
  case 6:
    return HAS("avx512vl");
  case 7:
    return HAS("avx512bf16");
  case 8:
    return HAS("avx512vnni");
  case 9:
    return HAS("avx512vbmi");
  case 10:
    return cache_bytes(_SC_LEVEL1_DCACHE_SIZE);
  case 11:
    return cache_bytes(_SC_LEVEL2_CACHE_SIZE);
  case 12:
    return cache_bytes(_SC_LEVEL3_CACHE_SIZE);
  case 13:
    return HAS("avx512f") > 0 ? 32 : 16;
  default:
    return cores();
  }
}

int machine_fact(const char *name, double *value) {
  for (int i = 0; i < N_FACTS; i++)
    if (!strcmp(fact_name[i], name)) {
      *value = fact_value(i);
      return 1;
    }
  return 0;
}

static void put_cpu_name(json_t *facts) {
  char line[512], name[256] = "unknown";
  FILE *f = fopen("/proc/cpuinfo", "re");
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "model name : %255[^\n]", name) == 1)
      break;
  if (f)
    fclose(f);
  json_put_str(facts, "cpu", name);
}

json_t *machine_facts_json(void) {
  json_t *facts = json_object();
  for (int i = 0; i < N_FACTS; i++)
    json_put_int(facts, fact_name[i], (int64_t)fact_value(i));
  put_cpu_name(facts);
  struct utsname u;
  json_put_str(facts, "kernel", uname(&u) ? NULL : u.release);
  return facts;
}

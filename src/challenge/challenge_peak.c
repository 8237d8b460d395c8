/* Room: challenge. May use base and sandbox.
 *
 * Measuring this machine's own limits. The best of several short runs is taken: a limit is what the
 * machine can do, not what it does while somebody else is using it. */
#include "challenge/challenge_peak.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_hash.h"
#include "base/base_log.h"
#include "base/base_machine.h"
#include "challenge/challenge_peak_loop.h"

static const int64_t PEAK_RUN_NS = 1000000, PEAK_READ_NS = 40000000,
                     PEAK_CACHE_NS = (int64_t)24 * 3600 * 1000000000;
enum { PEAK_ROUNDS = 30, PEAK_READS = 3, PEAK_MAX_BUFFER = 96 << 20 };

typedef float peak_vec4 __attribute__((vector_size(16)));

/* Four lanes by the compiler's own vectors: whatever the baseline of this architecture has. The sums
 * are named one by one so that they stay in registers at any optimisation level. */
static double peak_plain(int64_t turns) {
  peak_vec4 a = {0}, b = a, c = a, d = a, f = a, g = a, h = a, k = a, one = {1.0f, 1.0f, 1.0f, 1.0f};
  for (int64_t t = 0; t < turns; t++) {
    a += a * one, b += b * one, c += c * one, d += d * one;
    f += f * one, g += g * one, h += h * one, k += k * one;
    __asm__ volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(f), "+x"(g), "+x"(h), "+x"(k), "+x"(one));
  }
  return (double)turns * 8 * 4;
}

static uint64_t peak_read_plain(const void *data, uint64_t bytes) {
  const uint64_t *at = data;
  uint64_t a = 0, b = 0, c = 0, d = 0;
  for (uint64_t i = 0; i + 4 <= bytes / 8; i += 4)
    a ^= at[i], b ^= at[i + 1], c ^= at[i + 2], d ^= at[i + 3];
  return a ^ b ^ c ^ d;
}

static int peak_has(const char *const facts[]) {
  for (size_t i = 0; facts[i]; i++) {
    double value = 0.0;
    if (!machine_fact(facts[i], &value) || value == 0.0)
      return 0;
  }
  return 1;
}

struct peak_figure {
  double (*loop)(int64_t turns); /* NULL: this machine lacks the unit */
  int64_t turns;
  double best; /* multiply-adds per nanosecond */
};

static int64_t peak_run(struct peak_figure *f) {
  int64_t begin = clock_mono_ns();
  double macs = f->loop(f->turns);
  int64_t ns = clock_mono_ns() - begin;
  if (ns >= PEAK_RUN_NS / 8 && macs / (double)ns > f->best)
    f->best = macs / (double)ns;
  return ns;
}

/* Turns are doubled until a run lasts long enough. Then the figures take turns, so that a busy moment
 * of the machine costs each of them a few runs and none of them all. */
static void peak_best(struct peak_figure *figure, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (figure[i].turns = 1000; figure[i].loop && figure[i].turns < INT64_C(1) << 40; figure[i].turns *= 2)
      if (peak_run(&figure[i]) >= PEAK_RUN_NS)
        break;
  for (int round = 0; round < PEAK_ROUNDS; round++)
    for (size_t i = 0; i < n; i++)
      if (figure[i].loop)
        peak_run(&figure[i]);
}

/* Twice the last-level cache would be right for a core that owned it; what a core gets of a shared
 * cache of hundreds of MiB is not known, so the buffer is bounded. */
static uint64_t peak_buffer_bytes(void) {
  double l2 = 0.0, l3 = 0.0;
  uint64_t bytes = 32 << 20;
  machine_fact("l2_bytes", &l2);
  machine_fact("l3_bytes", &l3);
  if (l3 * 2.0 > (double)bytes)
    bytes = (uint64_t)(l3 * 2.0);
  if (l2 * 8.0 > (double)bytes)
    bytes = (uint64_t)(l2 * 8.0);
  return (bytes < PEAK_MAX_BUFFER ? bytes : PEAK_MAX_BUFFER) & ~(uint64_t)4095;
}

static double peak_read(uint64_t (*read)(const void *data, uint64_t bytes)) {
  uint64_t bytes = peak_buffer_bytes();
  void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return (double)NAN;
  memset(data, 1, bytes); /* pages that exist, not the shared zero page */
  double best = 0.0;
  int64_t end = clock_mono_ns() + PEAK_READ_NS;
  for (int i = 0; i < PEAK_READS || clock_mono_ns() < end; i++) {
    int64_t begin = clock_mono_ns();
    volatile uint64_t sum = read(data, bytes);
    (void)sum;
    int64_t ns = clock_mono_ns() - begin;
    if (ns > 0 && (double)bytes / (double)ns > best)
      best = (double)bytes / (double)ns;
  }
  munmap(data, bytes);
  return best * 1e9;
}

static double peak_per_s(const struct peak_figure *f) {
  return f->loop ? f->best * 1e9 : (double)NAN;
}

static void peak_measure(struct challenge_peaks *p) {
  static const char *const avx2[] = {"has_avx2", "has_fma", NULL}, *const avx512[] = {"has_avx512f", NULL},
                           *const bf16[] = {"has_avx512f", "has_avx512_bf16", NULL},
                           *const vnni[] = {"has_avx512f", "has_avx512_vnni", NULL};
  struct peak_figure figure[] = {{peak_plain, 0, 0.0},
                                 {peak_has(avx2) ? peak_fma256 : NULL, 0, 0.0},
                                 {peak_has(avx512) ? peak_fma512 : NULL, 0, 0.0},
                                 {peak_has(bf16) ? peak_bf16_dot512 : NULL, 0, 0.0},
                                 {peak_has(vnni) ? peak_int8_dot512 : NULL, 0, 0.0}};
  peak_best(figure, sizeof figure / sizeof figure[0]);
  p->plain_mac_per_s = peak_per_s(&figure[0]);
  p->fma256_mac_per_s = peak_per_s(&figure[1]);
  p->fma512_mac_per_s = peak_per_s(&figure[2]);
  p->bf16_dot_mac_per_s = peak_per_s(&figure[3]);
  p->int8_dot_mac_per_s = peak_per_s(&figure[4]);
  p->read_bytes_per_s = peak_read(peak_has(avx512) ? peak_read512
                                  : peak_has(avx2) ? peak_read256
                                                   : peak_read_plain);
}

/* One file per kind of machine: its facts, the processor's name among them. */
static enum status peak_cache_path(char *out, size_t out_bytes, struct error *e) {
  char dir[PATH_MAX - 128], hash[65];
  json_t *facts = machine_facts_json();
  if (!facts)
    return error_set(e, ST_MEMORY, "out of memory naming this machine");
  json_hash(facts, hash);
  json_decref(facts);
  enum status s = file_cache_dir(dir, sizeof dir, e);
  if (s == ST_OK && snprintf(out, out_bytes, "%s/peaks-%.16s.json", dir, hash) >= (int)out_bytes)
    s = error_set(e, ST_RANGE, "the path of the cache folder is too long");
  return s;
}

json_t *challenge_peaks_json(const struct challenge_peaks *p) {
  json_t *out = json_object();
  json_put_num(out, "bf16_dot_mac_per_s", p->bf16_dot_mac_per_s);
  json_put_num(out, "int8_dot_mac_per_s", p->int8_dot_mac_per_s);
  json_put_num(out, "fma512_mac_per_s", p->fma512_mac_per_s);
  json_put_num(out, "fma256_mac_per_s", p->fma256_mac_per_s);
  json_put_num(out, "plain_mac_per_s", p->plain_mac_per_s);
  json_put_num(out, "read_bytes_per_s", p->read_bytes_per_s);
  return out;
}

/* 1 if a figure of the last day is there. A damaged file is as good as none. */
static int peak_cache_read(const char *path, struct challenge_peaks *p) {
  json_t *json = NULL;
  struct error ignored;
  if (!file_exists(path) || json_read_file(path, &json, &ignored) != ST_OK)
    return 0;
  int64_t age = clock_wall_ns() - json_int(json, "measured_ns", 0);
  p->bf16_dot_mac_per_s = json_num(json, "bf16_dot_mac_per_s", (double)NAN);
  p->int8_dot_mac_per_s = json_num(json, "int8_dot_mac_per_s", (double)NAN);
  p->fma512_mac_per_s = json_num(json, "fma512_mac_per_s", (double)NAN);
  p->fma256_mac_per_s = json_num(json, "fma256_mac_per_s", (double)NAN);
  p->plain_mac_per_s = json_num(json, "plain_mac_per_s", (double)NAN);
  p->read_bytes_per_s = json_num(json, "read_bytes_per_s", (double)NAN);
  json_decref(json);
  return age >= 0 && age < PEAK_CACHE_NS && p->plain_mac_per_s > 0.0 && p->read_bytes_per_s > 0.0;
}

/* What cannot be kept is measured again next time: nothing to stop for. */
static void peak_cache_write(const char *path, const struct challenge_peaks *p) {
  struct error e;
  json_t *json = challenge_peaks_json(p);
  json_put_int(json, "measured_ns", clock_wall_ns());
  char *text = json_pretty(json);
  if (text && file_write_atomic(path, text, strlen(text), &e) != ST_OK)
    log_line(LOG_INFO, "the measured peaks are not kept: %s", e.text);
  free(text);
  json_decref(json);
}

enum status challenge_peaks_measure(int fresh, struct challenge_peaks *out, struct error *e) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct challenge_peaks known;
  static int is_known;
  char path[PATH_MAX];
  enum status s = peak_cache_path(path, sizeof path, e);
  if (s != ST_OK)
    return s;
  pthread_mutex_lock(&lock); /* two measurements at once would both be wrong */
  if (fresh || !is_known) {
    if (fresh || !peak_cache_read(path, &known)) {
      peak_measure(&known);
      peak_cache_write(path, &known);
    }
    is_known = 1;
  }
  *out = known;
  pthread_mutex_unlock(&lock);
  return ST_OK;
}

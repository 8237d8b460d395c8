/* Benchmark: libnvfp4's fast path on the full grouped-GEMM benchmark shapes, beside this machine's own
 * peaks. One thread. Everything is measured in one run, in rounds that interleave the shapes, because
 * these machines are shared: the figures are the median over rounds with its spread, and the ratio to the
 * peaks.
 *
 * usage: bench_nvfp4 [ROUNDS]     (default 7) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_clock.h"
#include "base/base_rng.h"
#include "challenge/challenge_peak.h"
#include "nvfp4.h"

enum { MAX_GROUPS = 8, MAX_ROUNDS = 101, SHAPES = 4 };

/* NVIDIA's and GPU MODE's NVFP4 competition, grouped GEMM, November 2025: the four benchmark shapes. */
static const struct shape {
  const char *name;
  size_t groups;
  int64_t m[MAX_GROUPS], n, k;
} shapes[SHAPES] = {{"bench1", 8, {80, 176, 128, 72, 64, 248, 96, 160}, 4096, 7168},
                    {"bench2", 8, {40, 76, 168, 72, 164, 148, 196, 160}, 7168, 2048},
                    {"bench3", 2, {192, 320}, 3072, 4096},
                    {"bench4", 2, {128, 384}, 4096, 1536}};

/* One buffer of `bytes` random bytes without NaN scale codes, or exit: this is a benchmark. */
static uint8_t *random_bytes(struct rng *r, int64_t bytes) {
  uint8_t *p = aligned_alloc(64, ((size_t)bytes + 63) / 64 * 64);
  if (!p) {
    fprintf(stderr, "bench_nvfp4: out of memory\n");
    exit(3);
  }
  rng_fill(r, p, (size_t)bytes);
  for (int64_t i = 0; i < bytes; i++)
    p[i] &= 0x3b; /* as the task's own elements; as scales: codes well below NaN */
  return p;
}

static double make_problem(struct rng *r, const struct shape *s, nvfp4_gemm_args *group) {
  double macs = 0;
  for (size_t g = 0; g < s->groups; g++) {
    int64_t m = s->m[g], n = s->n, k = s->k;
    int64_t sa = nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, 1, m, k),
            sb = nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, 1, n, k);
    group[g] = (nvfp4_gemm_args){.batch = 1,
                                 .m = m,
                                 .n = n,
                                 .k = k,
                                 .a = {.packed = random_bytes(r, m * k / 2),
                                       .scale = random_bytes(r, sa),
                                       .scale_layout = NVFP4_SCALES_BLOCKED},
                                 .b = {.packed = random_bytes(r, n * k / 2),
                                       .scale = random_bytes(r, sb),
                                       .scale_layout = NVFP4_SCALES_BLOCKED},
                                 .c = {.data = (uint16_t *)(void *)random_bytes(r, m * n * 2)}};
    macs += (double)m * (double)n * (double)k;
  }
  return macs;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_shape(const struct shape *s, double macs, double *seconds, int rounds,
                        const struct challenge_peaks *p) {
  qsort(seconds, (size_t)rounds, sizeof *seconds, compare_doubles);
  double rate = macs / seconds[rounds / 2];
  printf("%-7s %9.2f ms [%.2f, %.2f]  %7.1f GMAC/s", s->name, seconds[rounds / 2] * 1e3, seconds[0] * 1e3,
         seconds[rounds - 1] * 1e3, rate * 1e-9);
  if (p->bf16_dot_mac_per_s > 0)
    printf("  %5.2f x bf16-dot peak", rate / p->bf16_dot_mac_per_s);
  if (p->int8_dot_mac_per_s > 0)
    printf("  %4.0f %% of int8-dot peak", 100 * rate / p->int8_dot_mac_per_s);
  printf("\n");
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 7;
  if (argc > 2 || rounds < 1 || rounds > MAX_ROUNDS) {
    fprintf(stderr, "usage: bench_nvfp4 [ROUNDS], 1 to %d\n", MAX_ROUNDS);
    return 2;
  }
  struct error e;
  struct challenge_peaks peaks;
  if (challenge_peaks_measure(1, &peaks, &e) != ST_OK) {
    fprintf(stderr, "bench_nvfp4: %s\n", e.text);
    return 3;
  }
  printf(
      "peaks of one core: bf16 dot %.1f, int8 dot %.1f, fp32 FMA 512 %.1f, 256 %.1f GMAC/s; read %.1f GB/s\n",
      peaks.bf16_dot_mac_per_s * 1e-9, peaks.int8_dot_mac_per_s * 1e-9, peaks.fma512_mac_per_s * 1e-9,
      peaks.fma256_mac_per_s * 1e-9, peaks.read_bytes_per_s * 1e-9);
  printf("libnvfp4 %s, one thread, %d rounds: median [least, most]\n", nvfp4_isa_selected(), rounds);
  static double seconds[SHAPES][MAX_ROUNDS];
  static nvfp4_gemm_args group[SHAPES][MAX_GROUPS];
  double macs[SHAPES];
  size_t workspace_bytes = 0;
  struct rng r;
  rng_init(&r, 1);
  for (int i = 0; i < SHAPES; i++) {
    macs[i] = make_problem(&r, &shapes[i], group[i]);
    size_t need = nvfp4_group_gemm_workspace_bytes(group[i], shapes[i].groups, 1);
    workspace_bytes = need > workspace_bytes ? need : workspace_bytes;
  }
  void *workspace = aligned_alloc(64, (workspace_bytes + 63) / 64 * 64);
  for (int round = -1; round < rounds; round++) /* round -1 warms up */
    for (int i = 0; i < SHAPES; i++) {
      int64_t start_ns = clock_mono_ns();
      enum nvfp4_status s = nvfp4_group_gemm(group[i], shapes[i].groups, workspace, workspace_bytes, 1);
      if (s != NVFP4_OK) {
        fprintf(stderr, "bench_nvfp4: %s: %s\n", shapes[i].name, nvfp4_status_text(s));
        return 3;
      }
      if (round >= 0)
        seconds[i][round] = (double)(clock_mono_ns() - start_ns) * 1e-9;
    }
  for (int i = 0; i < SHAPES; i++)
    print_shape(&shapes[i], macs[i], seconds[i], rounds, &peaks);
  return 0; /* the operating system takes the buffers back */
}

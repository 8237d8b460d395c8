/* Room: bench, the program bench_nvfp4. May use base, judge's statistics, challenge's peak loops and
 * nvfp4.h. What its files share: options, the data of one shape, and the times of one shape.
 *
 * The order of things: for each shape, data are made (bench_data), every contender's result is checked
 * once (bench_check), then rounds follow in each of which the machine's peaks (bench_peak, bench_read)
 * and all contenders are timed once (bench_race). Ratios are taken within a round, so a busy moment of the
 * machine spoils a round and not a comparison. bench_stats makes medians and intervals of them,
 * bench_table and bench_json print those. */
#ifndef SHARKTANK_BENCH_H
#define SHARKTANK_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/base_json.h"
#include "base/base_rng.h"
#include "base/base_status.h"
#include "nvfp4.h"

enum {
  BENCH_MAX_PRODUCTS = 8,
  BENCH_MAX_MATRICES = 2 * BENCH_MAX_PRODUCTS,
  BENCH_MAX_ISAS = 8,
  BENCH_MAX_THREADS = 8, /* thread counts in one run */
  BENCH_MAX_CONTENDERS = 96,
  BENCH_MAX_ROUNDS = 1001,
  BENCH_MAX_SHAPES = 32
};

enum bench_problem { BENCH_GROUP_GEMM, BENCH_GEMM, BENCH_DUAL_GEMM, BENCH_GEMV, BENCH_PROBLEMS };
extern const char *const bench_problem_name[BENCH_PROBLEMS];

/* n is 1 for GEMV, whose `products` is the batch. */
struct bench_shape {
  enum bench_problem problem;
  const char *name;
  int products;
  int64_t m[BENCH_MAX_PRODUCTS], n, k;
};
/* The full benchmark shapes of the four tasks, in the order of enum bench_problem; *count is set. */
const struct bench_shape *bench_shapes(size_t *count);

enum bench_peer_id { BENCH_OPENBLAS, BENCH_ONEDNN, BENCH_GGML, BENCH_PEERS };

struct bench_options {
  unsigned problems, peers; /* bit i: problem i, peer i */
  int peers_named;          /* a peer that was named and cannot be had is an error */
  const char *shapes;       /* comma-separated names, or NULL for all */
  const char *isa[BENCH_MAX_ISAS];
  size_t n_isas;
  unsigned threads[BENCH_MAX_THREADS];
  size_t n_threads;
  int rounds, prepacked, json, wide, cold, help;
  enum nvfp4_scale_layout layout;
  uint64_t seed;
  const char *peer_path[BENCH_PEERS];
};
enum status bench_options_read(int argc, char **argv, struct bench_options *o, struct error *e) MUST_USE;
void bench_options_help(void);
/* 1 if the comma-separated list (NULL: everything) has this name. */
int bench_listed(const char *list, const char *name);

/* ---- The data of one shape ---- */

/* `batch` matrices of rows x k: packed elements, and behind them in one block their scales. */
struct bench_matrix {
  int64_t batch, rows, k;
  uint8_t *packed, *scale, *prepacked; /* prepacked: NULL unless asked for and a weight */
  size_t block_bytes, prepacked_bytes;
};
/* One matrix product as peers see it, c = a * b^T: matrix a_index of a, and b_index of b. */
struct bench_product {
  const struct bench_matrix *a, *b;
  int64_t a_index, b_index, m, n, k;
};
struct bench_data {
  const struct bench_shape *shape;
  enum nvfp4_scale_layout layout;
  struct bench_matrix matrix[BENCH_MAX_MATRICES];
  struct bench_product product[BENCH_MAX_PRODUCTS]; /* dual: (a, b1) and (a, b2) */
  size_t n_matrices, n_products, n_results;
  uint16_t *c[BENCH_MAX_PRODUCTS]; /* our results, fp16 [m][n]: one per product, one in all for dual */
  size_t c_elems[BENCH_MAX_PRODUCTS];
  void *workspace;
  size_t workspace_bytes;
  double macs, bytes; /* of one call; bytes: elements, scales and results once each */
};
/* Returns owned in *out, with room for calls of up to max_threads threads. */
enum status bench_data_create(const struct bench_shape *s, const struct bench_options *o,
                              unsigned max_threads, struct bench_data **out, struct error *e) MUST_USE;
void bench_data_free(struct bench_data *d);
/* One call of libnvfp4 on all of it, by the instruction set that NVFP4_ISA names. */
enum nvfp4_status bench_data_run(const struct bench_data *d, int prepacked, unsigned threads);
/* One matrix of the batch as dense fp32 [rows][k]: returns owned, or NULL without memory. */
float *bench_data_dequantise(const struct bench_data *d, const struct bench_matrix *x, int64_t index);
/* Where one matrix of the batch has its elements and scales. */
const uint8_t *bench_data_packed(const struct bench_matrix *x, int64_t index);
const uint8_t *bench_data_scale(const struct bench_data *d, const struct bench_matrix *x, int64_t index);
/* 64-byte aligned and touched; free(). NULL without memory. */
void *bench_alloc(size_t bytes);

/* ---- Peers ---- */

/* Element (i, j) of a peer's product is data[i * row_elems + j * column_elems]. */
struct bench_peer_result {
  const float *data;
  int64_t row_elems, column_elems;
};
/* A library that multiplies the same matrices. Preparing (dequantising, its own layouts) is not timed. */
struct bench_peer {
  const char *name;
  double tolerance; /* how far its products may be from ours, in units of their root mean square */
  /* Loads the library. text describes it (version, core type). */
  enum status (*open)(const char *path, char *text, size_t text_bytes, struct error *e);
  enum status (*prepare)(const struct bench_data *d, void **state, struct error *e);
  int (*run)(void *state, unsigned threads); /* 0: done */
  struct bench_peer_result (*result)(const void *state, size_t product);
  void (*release)(void *state); /* accepts NULL */
};
extern const struct bench_peer bench_openblas, bench_onednn, bench_ggml;
extern const struct bench_peer *const bench_peer_list[BENCH_PEERS];

/* ---- Checking ---- */

/* Our result in d->c against the exact oracle on a few rows of each product. */
enum status bench_check_oracle(const struct bench_data *d, int wide, struct error *e) MUST_USE;
enum status bench_check_peer(const struct bench_data *d, const struct bench_peer *peer, const void *state,
                             struct error *e) MUST_USE;

/* ---- Peaks ---- */

enum bench_peak { BENCH_BF16_DOT, BENCH_INT8_DOT, BENCH_FMA512, BENCH_FMA256, BENCH_READ, BENCH_PEAKS };
extern const char *const bench_peak_name[BENCH_PEAKS];
/* Raises rate[i] (multiply-adds per second of `threads` threads together) to what a short run gives now;
 * 0 stays where the machine lacks the unit. BENCH_READ is not touched. */
enum status bench_peak_compute(unsigned threads, double rate[BENCH_PEAKS], struct error *e) MUST_USE;
/* Seconds of the best reading loop for one pass over these bytes; `cold`: with nothing of it in a cache.
 * survey: try all loops and remember which are best for this number of threads; else the few best. */
enum status bench_read_time(const void *data, size_t bytes, unsigned threads, int survey, int cold,
                            double *seconds, const char **loop, struct error *e) MUST_USE;
/* Puts everything else out of the caches. */
enum status bench_evict(struct error *e) MUST_USE;
/* Runs work(data, i) for i < threads, each on a thread of its own (0: the caller's), all starting at the
 * same moment, and returns the seconds from there to the last one's end; negative: no threads. */
double bench_together(unsigned threads, void (*work)(void *data, unsigned index), void *data);

/* ---- Racing, statistics, printing ---- */

struct bench_contender {
  char kernel[64]; /* "avx512_vnni", "avx512_vnni prepacked", "OpenBLAS" */
  const char *isa; /* NULL: a peer */
  int prepacked, peer;
  unsigned threads;
  size_t threads_index;
  double *seconds; /* [rounds] */
};
struct bench_race {
  const struct bench_shape *shape;
  const char *read_loop[BENCH_MAX_THREADS];
  double macs, bytes, matrix_bytes; /* matrix_bytes: what BENCH_READ reads */
  int rounds;
  size_t n_contenders;
  struct bench_contender contender[BENCH_MAX_CONTENDERS];
  double *peak[BENCH_MAX_THREADS][BENCH_PEAKS]; /* [rounds], per second; 0: not measured */
};
/* Measures one shape. Returns owned in *out. */
enum status bench_race_run(const struct bench_shape *s, const struct bench_options *o,
                           struct bench_race **out, struct error *e) MUST_USE;
void bench_race_free(struct bench_race *r);

/* What a time can be compared with, the peaks first. BENCH_TO_X + peer: the peer's time / ours;
 * BENCH_TO_ONE_THREAD: the same kernel's time with the first thread count of the run / ours. */
enum bench_ratio { BENCH_TO_PEER = BENCH_PEAKS, BENCH_TO_ONE = BENCH_TO_PEER + BENCH_PEERS, BENCH_RATIOS };
extern const char *const bench_ratio_name[BENCH_RATIOS];

/* A median with a 95 % interval by order statistics; NaN where nothing was measured, infinite ends where
 * there were too few rounds. */
struct bench_figure {
  double median, low, high;
};
struct bench_figure bench_stats(const double *x, int n);
struct bench_figure bench_stats_ms(const struct bench_race *r, const struct bench_contender *c);
struct bench_figure bench_stats_peak(const struct bench_race *r, size_t threads_index, enum bench_peak p);
struct bench_figure bench_stats_ratio(const struct bench_race *r, const struct bench_contender *c,
                                      enum bench_ratio ratio);
/* The geometric mean over races of the ratio of the kernel like c (same name and threads): of each round,
 * and then the median over rounds. NaN unless every race has it. */
struct bench_figure bench_stats_geomean(struct bench_race *const *race, size_t n,
                                        const struct bench_contender *c, enum bench_ratio ratio);

struct bench_report {
  const struct bench_options *options;
  char peer_text[BENCH_PEERS][256]; /* "": not measured */
  double load;                      /* of the machine before the first shape, over a minute; NaN: unknown */
  struct bench_race *race[BENCH_MAX_SHAPES];
  size_t n_races;
};
/* The races first .. first + count, all of one problem. */
void bench_table(const struct bench_report *b, size_t first, size_t count);
void bench_table_head(const struct bench_report *b);
/* Over grouped GEMM, GEMM and dual GEMM together. */
void bench_table_all(const struct bench_report *b);
json_t *bench_json(const struct bench_report *b);

#endif

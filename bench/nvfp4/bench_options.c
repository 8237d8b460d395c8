/* Room: bench. The command line of bench_nvfp4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_nvfp4.h"

static const char *const peer_word[BENCH_PEERS] = {"openblas", "onednn", "ggml"};

void bench_options_help(void) {
  puts(
      "usage: bench_nvfp4 [options]\n"
      "\n"
      "Measures libnvfp4 on the full benchmark shapes of the four tasks, in rounds that interleave it with this\n"
      "machine's own peaks and with other libraries on the same matrices. docs/performance.md explains.\n"
      "\n"
      "  --problem LIST   of group_gemm, gemm, dual_gemm, gemv       (all)\n"
      "  --shape LIST     of the names in the table, as gemm1,gemv2  (all)\n"
      "  --isa LIST       instruction sets, or `all`                 (the best)\n"
      "  --threads LIST   thread counts; speed-ups are over the first (1)\n"
      "  --prepacked      measures prepacked weights too\n"
      "  --inputs I       `task`: the tasks' distributions; `wide`: all codes, all finite scales\n"
      "  --scales L       the layout of scales, `blocked` or `plain` (blocked)\n"
      "  --cold           empties the caches before every timed call, and before every timed read\n"
      "  --rounds N       1 to 1001; intervals need at least 6       (11)\n"
      "  --peers LIST     of openblas, onednn, ggml; or `none`       (what is installed)\n"
      "  --ggml PATH      a folder with a build of ggml: libggml-cpu.so in it, or in src, bin or lib\n"
      "  --openblas FILE, --onednn FILE   a library other than the system's\n"
      "  --seed S         of the inputs                              (1)\n"
      "  --json           one JSON object instead of tables\n"
      "  --help");
}

int bench_listed(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
    if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
      return 1;
  return list == NULL;
}

/* Bits of the words that a list names; every word must be known. */
static enum status read_words(const char *option, const char *list, const char *const *word, int n,
                              unsigned *bits, struct error *e) {
  *bits = 0;
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
    size_t length = strcspn(at, ",");
    int i = 0;
    while (i < n && (strlen(word[i]) != length || strncmp(at, word[i], length) != 0))
      i++;
    if (i == n)
      return error_set(e, ST_USAGE, "%s does not know `%.*s`", option, (int)length, at);
    *bits |= 1u << i;
  }
  return *bits ? ST_OK : error_set(e, ST_USAGE, "%s names nothing", option);
}

static enum status read_number(const char *option, const char *text, long least, long most, long *out,
                               struct error *e) {
  char *end;
  *out = strtol(text, &end, 10);
  if (end == text || *end || *out < least || *out > most)
    return error_set(e, ST_USAGE, "%s must be a number from %ld to %ld, not `%s`", option, least, most, text);
  return ST_OK;
}

static enum status read_threads(const char *list, struct bench_options *o, struct error *e) {
  o->n_threads = 0;
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
    char word[16];
    long n;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(at, ","), at);
    if (o->n_threads == BENCH_MAX_THREADS)
      return error_set(e, ST_USAGE, "--threads takes at most %d counts", BENCH_MAX_THREADS);
    if (read_number("--threads", word, 1, 64, &n, e) != ST_OK)
      return ST_USAGE;
    o->threads[o->n_threads++] = (unsigned)n;
  }
  return o->n_threads ? ST_OK : error_set(e, ST_USAGE, "--threads names nothing");
}

/* Instruction sets by their names in nvfp4_isa_available, in the order asked for. */
static enum status read_isas(const char *list, struct bench_options *o, struct error *e) {
  const char *const *have = nvfp4_isa_available();
  o->n_isas = 0;
  if (strcmp(list, "all") == 0) {
    for (; have[o->n_isas] && o->n_isas < BENCH_MAX_ISAS; o->n_isas++)
      o->isa[o->n_isas] = have[o->n_isas];
    return ST_OK;
  }
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
    size_t length = strcspn(at, ","), i = 0;
    while (have[i] && (strlen(have[i]) != length || strncmp(at, have[i], length) != 0))
      i++;
    if (!have[i] || o->n_isas == BENCH_MAX_ISAS)
      return error_set(e, ST_USAGE, "--isa: this machine has no `%.*s`, or too many are named", (int)length,
                       at);
    o->isa[o->n_isas++] = have[i];
  }
  return o->n_isas ? ST_OK : error_set(e, ST_USAGE, "--isa names nothing");
}

static enum status read_peers(const char *list, struct bench_options *o, struct error *e) {
  o->peers_named = 1;
  o->peers = 0;
  return strcmp(list, "none") == 0 ? ST_OK
                                   : read_words("--peers", list, peer_word, BENCH_PEERS, &o->peers, e);
}

static enum status read_either(const char *option, const char *text, const char *no, const char *yes,
                               int *out, struct error *e) {
  *out = strcmp(text, yes) == 0;
  if (*out || strcmp(text, no) == 0)
    return ST_OK;
  return error_set(e, ST_USAGE, "%s must be `%s` or `%s`, not `%s`", option, no, yes, text);
}

static int read_flag(const char *option, struct bench_options *o) {
  struct {
    const char *name;
    int *flag;
  } flags[] = {
      {"--prepacked", &o->prepacked}, {"--cold", &o->cold}, {"--json", &o->json}, {"--help", &o->help}};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (strcmp(option, flags[i].name) == 0)
      return *flags[i].flag = 1;
  return 0;
}

static enum status read_option(const char *option, const char *value, struct bench_options *o,
                               struct error *e) {
  long n = 0;
  int yes = 0;
  enum status st = ST_OK;
  if (strcmp(option, "--problem") == 0)
    return read_words(option, value, bench_problem_name, BENCH_PROBLEMS, &o->problems, e);
  if (strcmp(option, "--threads") == 0)
    return read_threads(value, o, e);
  if (strcmp(option, "--isa") == 0)
    return read_isas(value, o, e);
  if (strcmp(option, "--peers") == 0)
    return read_peers(value, o, e);
  if (strcmp(option, "--inputs") == 0)
    return read_either(option, value, "task", "wide", &o->wide, e);
  if (strcmp(option, "--shape") == 0)
    o->shapes = value;
  else if (strcmp(option, "--scales") == 0) {
    st = read_either(option, value, "blocked", "plain", &yes, e);
    o->layout = yes ? NVFP4_SCALES_PLAIN : NVFP4_SCALES_BLOCKED;
  } else if (strcmp(option, "--rounds") == 0) {
    st = read_number(option, value, 1, BENCH_MAX_ROUNDS, &n, e);
    o->rounds = (int)n;
  } else if (strcmp(option, "--seed") == 0) {
    st = read_number(option, value, 0, 1L << 62, &n, e);
    o->seed = (uint64_t)n;
  } else {
    for (int p = 0; p < BENCH_PEERS; p++)
      if (strncmp(option, "--", 2) == 0 && strcmp(option + 2, peer_word[p]) == 0) {
        o->peer_path[p] = value;
        return ST_OK;
      }
    return error_set(e, ST_USAGE, "unknown option `%s`; --help lists them", option);
  }
  return st;
}

/* Every name of --shape must be one of ours. */
static enum status check_shapes(const struct bench_options *o, struct error *e) {
  size_t n;
  const struct bench_shape *s = bench_shapes(&n);
  for (const char *at = o->shapes; at && *at; at += strcspn(at, ","), at += *at == ',') {
    size_t length = strcspn(at, ","), i = 0;
    while (i < n && (strlen(s[i].name) != length || strncmp(at, s[i].name, length) != 0))
      i++;
    if (i == n)
      return error_set(e, ST_USAGE, "--shape does not know `%.*s`", (int)length, at);
  }
  for (size_t i = 0; i < n; i++)
    if (bench_listed(o->shapes, s[i].name) && o->problems >> s[i].problem & 1)
      return ST_OK;
  return error_set(e, ST_USAGE, "no shape of --shape belongs to a problem of --problem");
}

enum status bench_options_read(int argc, char **argv, struct bench_options *o, struct error *e) {
  *o = (struct bench_options){.problems = (1u << BENCH_PROBLEMS) - 1,
                              .peers = 1u << BENCH_OPENBLAS | 1u << BENCH_ONEDNN,
                              .threads = {1},
                              .n_threads = 1,
                              .rounds = 11,
                              .layout = NVFP4_SCALES_BLOCKED,
                              .seed = 1};
  for (int i = 1; i < argc; i++) {
    if (read_flag(argv[i], o))
      continue;
    if (i + 1 == argc)
      return error_set(e, ST_USAGE, "`%s` is not an option, or needs a value; --help lists the options",
                       argv[i]);
    enum status st = read_option(argv[i], argv[i + 1], o, e);
    if (st != ST_OK)
      return st;
    i++;
  }
  if (o->peer_path[BENCH_GGML] && !o->peers_named)
    o->peers |= 1u << BENCH_GGML;
  if (o->n_isas == 0) {
    o->isa[0] = nvfp4_isa_selected();
    if (!o->isa[0])
      return error_set(e, ST_USAGE, "NVFP4_ISA names an instruction set that this machine lacks");
    o->n_isas = 1;
  }
  return check_shapes(o, e);
}

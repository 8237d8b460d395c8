/* A challenge: its file, shapes, compile line, limits and knobs.
 *
 * `challenge.yml` is a superset of GPU MODE's `task.yml` (docs/challenge.md documents every key);
 * a file of that dialect loads as it is, only it has no problem module, so nothing can be run.
 * Errors name the file and the line. Everything a struct challenge points to lives in its own arena
 * and is immutable after opening: thread safe to read.
 */
#ifndef SHARKTANK_CHALLENGE_FILE_H
#define SHARKTANK_CHALLENGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base_arena.h"
#include "base/base_expr.h"
#include "base/base_json.h"
#include "base/base_status.h"

struct challenge_shape {
  const char *name;       /* unique in its list: "bench1", "test3" */
  int scaled;             /* stands for a larger shape: shown as "(scaled)" wherever it is shown */
  const char *stands_for; /* scaled: the name of the full benchmark shape, else NULL */
  uint32_t n_problems;
  const int64_t *sizes; /* [n_problems][challenge->n_sizes] */
  const char *text;     /* one line for people: "G=8 M=80,176,... N=4096 K=7168" */
  uint64_t seed;        /* from the file; 0 when it names none */
  int line;
};

struct challenge_tensor {
  const char *name, *type; /* "a", "e2m1x2" */
};

struct challenge_limit { /* what a pitch must claim and may not exceed */
  const char *claim;     /* "compile_s", "threads" ... */
  int has_min, has_max;
  double min, max, multiple; /* multiple: 0 = any */
  const char *const *one_of; /* NULL-terminated words, or NULL */
  const char *why;
  const char *device; /* "cpu", "cuda": holds on that device only; NULL: everywhere */
  int hard;           /* a limit of the hardware or a rule of the task; always 1 today */
  int line;
};

struct challenge_rule { /* a word (in any case) that a source may not contain */
  const char *forbid_word, *why;
  const char *device; /* as in a limit */
};

struct challenge_device {               /* for rooflines */
  const char *name;                     /* "b200", "cpu" */
  double bytes_per_s, operations_per_s; /* 0: measured on this machine (device cpu) */
  const char *source;
  int physical; /* the figures are physical bounds: a time below them disqualifies; never for the cpu */
};

struct knob {
  const char *name, *text;
  size_t n_values;
  const char *const *value; /* as written: "8", "avx2" */
  const int *is_word;       /* [n_values] */
  const double *number;     /* [n_values]; words: expr_word() */
  int line;
};
struct knob_constraint {
  const char *need_text, *why;
  const struct expr *need;
  int line;
};
struct knob_estimate {
  const char *name, *expr_text, *text;
  const struct expr *expr;
  const char *max_text;   /* from `limits:`, or NULL: a working set or register count that had better */
  const struct expr *max; /* not be exceeded; a setting beyond it is slow, not invalid */
};
struct knob_space {
  const char *file;        /* knobs.yml, absolute */
  const char *source_path; /* the family's file, absolute */
  size_t n_knobs, n_constraints, n_estimates;
  const struct knob *knob;
  const struct knob_constraint *constraint;
  const struct knob_estimate *estimate;
  const uint32_t *start; /* [n_knobs] value indices */
};

struct challenge {
  struct arena arena;
  const char *name, *dir, *file;                      /* dir and file absolute */
  const char *title, *description, *source, *licence; /* the last two NULL unless given */
  char task_hash[65]; /* of challenge.yml, knobs.yml, the problem module and the family source */
  size_t n_sizes, n_in, n_out;
  const char *const *size_name;
  const struct challenge_tensor *in, *out;
  const char *problem_path;   /* NULL: cannot be run */
  const char *const *link;    /* NULL-terminated: libraries of ours the module wants ("nvfp4") */
  const char *incumbent_path; /* the first incumbent */
  const char *const *compile; /* argv with {cc} {include} {source} {output}; NULL-terminated */
  double test_timeout_s, compile_timeout_s;
  uint32_t init_ms, threads; /* threads: the most an entry may run */
  uint64_t workspace_max, source_max_bytes;
  size_t n_tests, n_benchmarks, n_full; /* benchmarks: what is timed here (scaled ones if any) */
  const struct challenge_shape *test, *benchmark, *full;
  size_t n_legal;
  const struct expr *const *legal; /* over size names; all must hold */
  const char *const *legal_text;
  /* Limits and rules of the device in play come first: [0, n_limits), [0, n_rules) gate. Those of
   * other devices follow, up to n_all_limits and n_all_rules: shown, never applied. */
  const char *device_in_play; /* "cpu" */
  size_t n_limits, n_rules, n_all_limits, n_all_rules;
  const struct challenge_limit *limit;
  const struct challenge_rule *rule;
  size_t n_devices;
  const struct challenge_device *device; /* for rooflines */
  const char *ranking_by;                /* "geom" */
  const struct knob_space *knobs;        /* NULL: none declared */
};

/* name_or_dir: a folder with challenge.yml (or task.yml), or a name looked up in
 * $SHARKTANK_CHALLENGES, ./challenges, and the installed data folder. Returns owned. */
enum status challenge_open(const char *name_or_dir, struct challenge **out, struct error *e) MUST_USE;
/* The same for another device in play ("cpu", "cuda"): its limits and rules, and for anything but the
 * cpu the full benchmark shapes. */
enum status challenge_open_device(const char *name_or_dir, const char *device, struct challenge **out,
                                  struct error *e) MUST_USE;
void challenge_close(struct challenge *c);
/* The shape of that name among benchmarks, full benchmarks and tests, or NULL. Borrowed. */
const struct challenge_shape *challenge_find_shape(const struct challenge *c, const char *name);
/* The declared device of that name (roofline), or NULL. Borrowed. */
const struct challenge_device *challenge_find_device(const struct challenge *c, const char *name);
/* 1 if every problem of the shape meets `legal:`; else 0 and *why (borrowed) is the expression. */
int challenge_shape_legal(const struct challenge *c, const struct challenge_shape *s, const char **why);
/* The knob space, shapes, limits, devices and texts as an agent sees them; a new JSON object. */
json_t *challenge_to_json(const struct challenge *c);

/* Settings. A setting is value indices, one per knob. */
/* ST_INPUT (with file and line of the knob or constraint) if the setting is not valid here. */
enum status knob_check(const struct challenge *c, const uint32_t *setting, struct error *e) MUST_USE;
/* The setting to start from: knobs.yml `start:` or, where this machine lacks what that needs,
 * the first valid setting in the order of the file. ST_INPUT when there is none. */
enum status knob_start(const struct challenge *c, uint32_t *setting, struct error *e) MUST_USE;
/* {"ISA":"avx2","MR":4} <-> setting. Unknown knobs and values are ST_INPUT with a suggestion. */
enum status knob_from_json(const struct challenge *c, const json_t *object, uint32_t *setting,
                           struct error *e) MUST_USE;
json_t *knob_to_json(const struct challenge *c, const uint32_t *setting);
/* The self-contained entry: `#define` lines and the family's source, appended to out. Integer values
 * become "#define KNOB_NAME 8", words "#define KNOB_NAME_word 1". */
enum status knob_entry_source(const struct challenge *c, const uint32_t *setting, struct buffer *out,
                              struct error *e) MUST_USE;

/* What people and tools give; the challenge has knobs. */
/* "MR=4,ISA=avx2" into an object; whether the knobs and values exist is seen later. ST_USAGE. */
enum status knob_given_pairs(const struct challenge *c, const char *pairs, json_t *setting,
                             struct error *e) MUST_USE;
/* The entry of a setting, appended to out; knobs that it leaves out keep their start value. ST_INPUT as
 * knob_from_json and knob_check have it, with the values that were left out. */
enum status knob_given_source(const struct challenge *c, const json_t *setting, struct buffer *out,
                              struct error *e) MUST_USE;

#endif

/* Room: challenge, private to the files that load challenge.yml and knobs.yml.
 *
 * One loader per challenge_open: it carries the document and the error, so that every function below
 * takes a node and answers with a status. Everything is allocated in the challenge's arena. */
#ifndef SHARKTANK_CHALLENGE_LOAD_H
#define SHARKTANK_CHALLENGE_LOAD_H

#include "base/base_yaml.h"
#include "challenge/challenge_file.h"

enum {
  CHALLENGE_MAX_SIZES = 16,
  CHALLENGE_MAX_TENSORS = 16, /* inputs; outputs too */
  CHALLENGE_MAX_GROUPS = 256,
  CHALLENGE_MAX_SHAPES = 1000,
  CHALLENGE_MAX_KNOBS = 64,
  CHALLENGE_MAX_KNOB_VALUES = 64,
  CHALLENGE_MAX_ENTRIES = 256 /* of any other list */
};

struct challenge_loader {
  struct challenge *c;
  struct yaml_doc doc;
  const char *dir; /* paths in this document start here: the challenge's folder, or that of a sibling */
  int imported;    /* no `schema:`: a task.yml as GPU MODE writes them */
  struct error *e;
};

/* ST_INPUT at a node of the document. */
enum status challenge_bad(struct challenge_loader *l, const struct yaml_node *n, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum status challenge_out_of_memory(struct challenge_loader *l) MUST_USE;
/* A list of at least `least` and at most `most` items under `key`; NULL in *out when it is absent. */
enum status challenge_want_list(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                size_t least, size_t most, const struct yaml_node **out) MUST_USE;
/* The optional keys of a map, converted; *out keeps its value when the key is absent. */
enum status challenge_want_text(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                const char **out) MUST_USE;
enum status challenge_want_num(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                               double least, double most, double *out) MUST_USE;
/* The same, but the key must be there; `where` names the map in the message. */
enum status challenge_need_text(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                const char *where, const char **out) MUST_USE;
/* A word: a letter or _, then letters, digits, _; at most 48 bytes. */
int challenge_is_word(const char *text);
/* A path below l->dir: made absolute, links resolved, a regular file. */
enum status challenge_want_file(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                const char **out) MUST_USE;

/* challenge_shapes.c: `sizes:`, `legal:`, `tests:`, `benchmarks:`, `scaled:` of the root map. */
enum status challenge_load_shapes(struct challenge_loader *l, const struct yaml_node *root) MUST_USE;
/* challenge_terms.c: limits, rules, devices, tensors, compile line, link. */
enum status challenge_load_terms(struct challenge_loader *l, const struct yaml_node *root) MUST_USE;
/* challenge_knobs.c: a loader of its own for knobs.yml; dir: the folder that its `source:` lies below. */
enum status challenge_load_knobs(struct challenge *c, const char *path, const char *dir,
                                 struct error *e) MUST_USE;
/* challenge_search.c: the folder and the file that a name or a path stands for, absolute. */
enum status challenge_search(const char *name_or_dir, char *dir, size_t dir_bytes, char *file,
                             size_t file_bytes, struct error *e) MUST_USE;

#endif

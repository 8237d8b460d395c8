/* YAML over libyaml: a document as a tree of nodes that remember their line, so that every error
 * about a user's file can name it.
 *
 * Bounds: files of at most 4 MiB, 64 levels, 200,000 nodes; anchors and aliases are refused (an
 * alias bomb would be cheap), so are duplicate keys. Scalars stay text until asked for.
 * Ownership: nodes live in the arena given to yaml_read.
 */
#ifndef SHARKTANK_BASE_YAML_H
#define SHARKTANK_BASE_YAML_H

#include <stddef.h>
#include <stdint.h>

#include "base_arena.h"
#include "base_json.h"
#include "base_status.h"

enum yaml_kind { YAML_SCALAR = 1, YAML_LIST, YAML_MAP };

struct yaml_node {
  enum yaml_kind kind;
  int line;                      /* of its first character, from 1 */
  int quoted;                    /* scalar: written with quotes or as a block, so it is text */
  const char *text;              /* scalar */
  size_t count;                  /* list: items; map: pairs */
  const struct yaml_node **key;  /* map: [count] scalars */
  const struct yaml_node **item; /* list items, map values: [count] */
};

struct yaml_doc {
  const char *file; /* as given, for errors */
  const struct yaml_node *root;
};

enum status yaml_read_file(const char *path, struct arena *a, struct yaml_doc *out, struct error *e) MUST_USE;
enum status yaml_read_text(const char *text, size_t bytes, const char *file, struct arena *a,
                           struct yaml_doc *out, struct error *e) MUST_USE;

/* The value of a key, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Scalars as values; the error names the file, the line and `what`. */
enum status yaml_int(const struct yaml_doc *d, const struct yaml_node *n, const char *what, int64_t min,
                     int64_t max, int64_t *out, struct error *e) MUST_USE;
enum status yaml_num(const struct yaml_doc *d, const struct yaml_node *n, const char *what, double *out,
                     struct error *e) MUST_USE;
enum status yaml_bool(const struct yaml_doc *d, const struct yaml_node *n, const char *what, int *out,
                      struct error *e) MUST_USE;
enum status yaml_text(const struct yaml_doc *d, const struct yaml_node *n, const char *what, const char **out,
                      struct error *e) MUST_USE;
/* ST_INPUT naming the first key of `map` that is not in known[] (NULL-terminated), with the nearest
 * known key as a suggestion. */
enum status yaml_known_keys(const struct yaml_doc *d, const struct yaml_node *map, const char *const known[],
                            struct error *e) MUST_USE;
/* The node as JSON (unquoted scalars that look like it become numbers, booleans, null). A new
 * reference; NULL without memory. */
json_t *yaml_to_json(const struct yaml_node *n);
/* The word of known[] nearest to word by edit distance, or NULL when none is near. Borrowed. */
const char *base_nearest_word(const char *word, const char *const known[]);

#endif

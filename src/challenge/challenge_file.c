/* Room: challenge. May use base and sandbox.
 *
 * Opening a challenge: the top level of challenge.yml. Lists of shapes are read by
 * challenge_shapes.c, everything that limits or describes entries by challenge_terms.c, knobs.yml by
 * challenge_knobs.c. */
#include "challenge/challenge_file.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "base/base_hash.h"
#include "base/base_log.h"
#include "challenge/challenge_load.h"

enum { CHALLENGE_ARENA_BYTES = 128 << 20, CHALLENGE_MAX_FILE_BYTES = 4 << 20 };

/* What GPU MODE's task.yml has; `seed`, `deadline` and the like are read by their server only. */
static const char *const challenge_task_keys[] = {"files",          "lang",         "description",
                                                  "config",         "templates",    "tests",
                                                  "benchmarks",     "test_timeout", "benchmark_timeout",
                                                  "ranked_timeout", "ranking_by",   "gpus",
                                                  "multi_gpu",      "deadline",     "milestones",
                                                  "name",           "title",        "source",
                                                  "licence",        "license",      NULL};
static const char *const challenge_own_keys[] = {
    "schema",  "sizes",     "inputs",        "outputs",          "problem",
    "link",    "incumbent", "knobs",         "compile",          "legal",
    "limits",  "rules",     "devices",       "scaled",           "compile_timeout_s",
    "init_ms", "threads",   "workspace_max", "source_max_bytes", NULL};

enum status challenge_bad(struct challenge_loader *l, const struct yaml_node *n, const char *format, ...) {
  char text[640];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return error_at(l->e, ST_INPUT, l->doc.file, n ? n->line : 0, "%s", text);
}

enum status challenge_out_of_memory(struct challenge_loader *l) {
  return error_set(l->e, ST_MEMORY, "out of memory reading %s", l->doc.file ? l->doc.file : "a challenge");
}

int challenge_is_word(const char *text) {
  size_t n = strlen(text);
  if (n == 0 || n > 48 || isdigit((unsigned char)text[0]))
    return 0;
  for (size_t i = 0; i < n; i++)
    if (!isalnum((unsigned char)text[i]) && text[i] != '_')
      return 0;
  return 1;
}

enum status challenge_want_list(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                size_t least, size_t most, const struct yaml_node **out) {
  const struct yaml_node *n = yaml_get(map, key);
  *out = NULL;
  if (!n)
    return ST_OK;
  if (n->kind != YAML_LIST)
    return challenge_bad(l, n, "`%s` must be a list", key);
  if (n->count < least || n->count > most)
    return challenge_bad(l, n, "`%s` must have between %zu and %zu entries, not %zu", key, least, most,
                         n->count);
  *out = n;
  return ST_OK;
}

enum status challenge_want_text(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                const char **out) {
  const struct yaml_node *n = yaml_get(map, key);
  if (!n)
    return ST_OK;
  enum status s = yaml_text(&l->doc, n, key, out, l->e);
  if (s == ST_OK && !**out)
    return challenge_bad(l, n, "`%s` is empty", key);
  return s;
}

enum status challenge_need_text(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                const char *where, const char **out) {
  if (!yaml_get(map, key))
    return challenge_bad(l, map, "%s needs `%s`", where, key);
  return challenge_want_text(l, map, key, out);
}

enum status challenge_want_num(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                               double least, double most, double *out) {
  const struct yaml_node *n = yaml_get(map, key);
  double v = 0.0;
  if (!n)
    return ST_OK;
  enum status s = yaml_num(&l->doc, n, key, &v, l->e);
  if (s != ST_OK)
    return s;
  if (!(v >= least && v <= most))
    return challenge_bad(l, n, "`%s` must lie between %.15g and %.15g, not %.15g", key, least, most, v);
  *out = v;
  return ST_OK;
}

enum status challenge_want_file(struct challenge_loader *l, const struct yaml_node *map, const char *key,
                                const char **out) {
  const char *said = NULL;
  const struct yaml_node *n = yaml_get(map, key);
  enum status s = challenge_want_text(l, map, key, &said);
  if (s != ST_OK || !said)
    return s;
  char path[PATH_MAX], real[PATH_MAX];
  if (said[0] == '/' || file_join(path, sizeof path, l->dir, said) != 0)
    return challenge_bad(l, n, "`%s` must be a path below the challenge's folder", key);
  if (!realpath(path, real) || file_is_dir(real))
    return challenge_bad(l, n, "`%s` names %.200s, which is not a file here", key, said);
  size_t dir_bytes = strlen(l->dir);
  if (strncmp(real, l->dir, dir_bytes) != 0 || real[dir_bytes] != '/')
    return challenge_bad(l, n, "`%s` leaves the challenge's folder", key);
  *out = arena_strdup(&l->c->arena, real);
  return *out ? ST_OK : challenge_out_of_memory(l);
}

/* 1 if `said` is ../NAME/knobs.yml, NAME being what may name a challenge's folder. */
static int challenge_is_sibling_knobs(const char *said) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  if (strncmp(said, "../", 3) != 0)
    return 0;
  size_t n = strspn(said + 3, letters);
  return n >= 1 && n <= 64 && said[3] != '.' && strcmp(said + 3 + n, "/knobs.yml") == 0;
}

/* `knobs:` is a file below the folder, or that of a challenge beside this one whose family serves both:
 * the only way out of a challenge's folder. Links could lead anywhere, so there must be none on it; and
 * the folder beside must be a challenge, or a stranger's file could ask for any knobs.yml. */
static enum status challenge_want_knobs(struct challenge_loader *l, const struct yaml_node *root,
                                        const char **path, const char **dir) {
  const char *said = NULL;
  const struct yaml_node *n = yaml_get(root, "knobs");
  enum status s = challenge_want_text(l, root, "knobs", &said);
  *dir = l->c->dir;
  if (s != ST_OK || !said || strncmp(said, "../", 3) != 0)
    return s == ST_OK ? challenge_want_file(l, root, "knobs", path) : s;
  if (!challenge_is_sibling_knobs(said))
    return challenge_bad(l, n,
                         "`knobs` leaves the challenge's folder; the only way is ../NAME/knobs.yml, the "
                         "knobs of the challenge NAME beside this one");
  const char *parent_end = strrchr(l->c->dir, '/'); /* l->c->dir is absolute, links resolved */
  size_t name_bytes = strlen(said) - strlen("..") - strlen("/knobs.yml");
  char *sibling = arena_printf(&l->c->arena, "%.*s%.*s", (int)(parent_end - l->c->dir), l->c->dir,
                               (int)name_bytes, said + strlen(".."));
  char *knobs = sibling ? arena_printf(&l->c->arena, "%s/knobs.yml", sibling) : NULL;
  char *task = sibling ? arena_printf(&l->c->arena, "%s/challenge.yml", sibling) : NULL;
  char real[PATH_MAX];
  if (!knobs || !task)
    return challenge_out_of_memory(l);
  if (!file_exists(task) || !realpath(knobs, real) || file_is_dir(real))
    return challenge_bad(l, n, "`knobs` names %.200s, but there is no challenge with knobs at that place",
                         said);
  if (strcmp(real, knobs) != 0)
    return challenge_bad(l, n, "`knobs` names %.200s, which is a link or lies behind one", said);
  *path = knobs;
  *dir = sibling;
  return ST_OK;
}

/* A file of the imported dialect may carry keys this program has never heard of; what looks like a
 * slip of the pen, or like a key of ours, is an error all the same. */
static enum status challenge_check_keys(struct challenge_loader *l, const struct yaml_node *root) {
  const char *known[64] = {NULL};
  size_t n = 0;
  for (size_t i = 0; challenge_task_keys[i]; i++)
    known[n++] = challenge_task_keys[i];
  if (!l->imported) {
    for (size_t i = 0; challenge_own_keys[i]; i++)
      known[n++] = challenge_own_keys[i];
    return yaml_known_keys(&l->doc, root, known, l->e);
  }
  for (size_t i = 0; i < root->count; i++) {
    const char *key = root->key[i]->text;
    int found = 0;
    for (size_t k = 0; known[k] && !found; k++)
      found = strcmp(known[k], key) == 0;
    for (size_t k = 0; challenge_own_keys[k] && !found; k++)
      if (strcmp(challenge_own_keys[k], key) == 0)
        return challenge_bad(l, root->key[i], "`%s` is understood only after `schema: sharktank.challenge/1`",
                             key);
    const char *near = found ? NULL : base_nearest_word(key, known);
    if (near)
      return challenge_bad(l, root->key[i], "unknown key `%.60s`; did you mean `%s`?", key, near);
    if (!found)
      log_line(LOG_INFO, "%s:%d: the key `%s` is not known here and left aside", l->doc.file,
               root->key[i]->line, key);
  }
  return ST_OK;
}

static enum status challenge_load_names(struct challenge_loader *l, const struct yaml_node *root) {
  struct challenge *c = l->c;
  const char *folder = strrchr(c->dir, '/');
  c->name = arena_strdup(&c->arena, folder && folder[1] ? folder + 1 : "challenge");
  c->description = "";
  enum status s = challenge_want_text(l, root, "name", &c->name);
  if (s == ST_OK) {
    size_t n = strlen(c->name);
    if (n > 64 || c->name[0] == '.' || c->name[0] == '-' ||
        strspn(c->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != n)
      return challenge_bad(l, yaml_get(root, "name"),
                           "`name` may have 64 letters, digits, _ - and . (it names folders)");
    c->title = c->name;
    s = challenge_want_text(l, root, "title", &c->title);
  }
  if (s == ST_OK)
    s = challenge_want_text(l, root, "description", &c->description);
  if (s == ST_OK)
    s = challenge_want_text(l, root, "source", &c->source);
  if (s == ST_OK)
    s = challenge_want_text(l, root, "license", &c->licence);
  if (s == ST_OK)
    s = challenge_want_text(l, root, "licence", &c->licence);
  c->ranking_by = "geom";
  if (s == ST_OK)
    s = challenge_want_text(l, root, "ranking_by", &c->ranking_by);
  if (s == ST_OK && strcmp(c->ranking_by, "geom") != 0 && strcmp(c->ranking_by, "mean") != 0 &&
      strcmp(c->ranking_by, "last") != 0)
    return challenge_bad(l, yaml_get(root, "ranking_by"),
                         "`ranking_by` must be geom, mean or last, not \"%.40s\"", c->ranking_by);
  return s;
}

static enum status challenge_want_count(struct challenge_loader *l, const struct yaml_node *root,
                                        const char *key, int64_t least, int64_t most, int64_t *out) {
  const struct yaml_node *n = yaml_get(root, key);
  return n ? yaml_int(&l->doc, n, key, least, most, out, l->e) : ST_OK;
}

static enum status challenge_load_numbers(struct challenge_loader *l, const struct yaml_node *root) {
  struct challenge *c = l->c;
  int64_t init_ms = 2000, threads = 1, workspace = 64 << 20, source = 1000000;
  double unused = 0.0;
  c->test_timeout_s = 180.0;
  c->compile_timeout_s = 60.0;
  enum status s = challenge_want_num(l, root, "test_timeout", 0.001, 86400.0, &c->test_timeout_s);
  if (s == ST_OK)
    s = challenge_want_num(l, root, "benchmark_timeout", 0.001, 86400.0, &unused);
  if (s == ST_OK)
    s = challenge_want_num(l, root, "ranked_timeout", 0.001, 86400.0, &unused);
  if (s == ST_OK)
    s = challenge_want_num(l, root, "compile_timeout_s", 0.001, 86400.0, &c->compile_timeout_s);
  if (s == ST_OK)
    s = challenge_want_count(l, root, "init_ms", 0, 600000, &init_ms);
  if (s == ST_OK)
    s = challenge_want_count(l, root, "threads", 1, 1024, &threads);
  if (s == ST_OK)
    s = challenge_want_count(l, root, "workspace_max", 0, (int64_t)4 << 30, &workspace);
  if (s == ST_OK)
    s = challenge_want_count(l, root, "source_max_bytes", 1, 16 << 20, &source);
  c->init_ms = (uint32_t)init_ms;
  c->threads = (uint32_t)threads;
  c->workspace_max = (uint64_t)workspace;
  c->source_max_bytes = (uint64_t)source;
  return s;
}

static enum status challenge_load_schema(struct challenge_loader *l, const struct yaml_node *root) {
  const struct yaml_node *n = yaml_get(root, "schema");
  const char *schema = NULL;
  l->imported = n == NULL;
  if (!n)
    return ST_OK;
  enum status s = yaml_text(&l->doc, n, "schema", &schema, l->e);
  if (s == ST_OK && strcmp(schema, "sharktank.challenge/1") != 0)
    return challenge_bad(l, n, "`schema` must be sharktank.challenge/1, not \"%.60s\"", schema);
  return s;
}

static enum status challenge_load_paths(struct challenge_loader *l, const struct yaml_node *root,
                                        const char **knobs_path, const char **knobs_dir) {
  enum status s = challenge_want_file(l, root, "problem", &l->c->problem_path);
  if (s == ST_OK)
    s = challenge_want_file(l, root, "incumbent", &l->c->incumbent_path);
  if (s == ST_OK)
    s = challenge_want_knobs(l, root, knobs_path, knobs_dir);
  if (s == ST_OK && l->c->problem_path &&
      (!yaml_get(root, "inputs") || !yaml_get(root, "outputs") || !yaml_get(root, "compile")))
    return challenge_bad(l, yaml_get(root, "problem"),
                         "a challenge with a `problem` needs `inputs`, `outputs` and `compile` too");
  return s;
}

/* Over the contents, each part by its role: a missing part and an empty one hash differently. */
static enum status challenge_hash_task(struct challenge *c, struct error *e) {
  const char *part[] = {c->file, c->knobs ? c->knobs->file : NULL, c->problem_path,
                        c->knobs ? c->knobs->source_path : NULL};
  struct hash_parts *h = hash_parts_create();
  enum status s = h ? ST_OK : error_set(e, ST_MEMORY, "out of memory hashing a challenge");
  for (size_t i = 0; h && s == ST_OK && i < sizeof part / sizeof part[0]; i++) {
    struct buffer text;
    buffer_init(&text);
    if (part[i])
      s = file_read(part[i], CHALLENGE_MAX_FILE_BYTES, &text, e);
    hash_parts_add_text(h, part[i] ? "present" : "absent");
    hash_parts_add(h, buffer_str(&text), text.bytes);
    buffer_fini(&text);
  }
  hash_parts_end(h, c->task_hash);
  return s;
}

static enum status challenge_load(struct challenge *c, struct error *e) {
  struct challenge_loader l = {.c = c, .dir = c->dir, .e = e};
  const char *knobs_path = NULL, *knobs_dir = NULL;
  enum status s = yaml_read_file(c->file, &c->arena, &l.doc, e);
  if (s != ST_OK)
    return s;
  const struct yaml_node *root = l.doc.root;
  if (root->kind != YAML_MAP)
    return challenge_bad(&l, root, "a challenge is a map of `key: value`");
  s = challenge_load_schema(&l, root);
  if (s == ST_OK)
    s = challenge_check_keys(&l, root);
  if (s == ST_OK)
    s = challenge_load_names(&l, root);
  if (s == ST_OK)
    s = challenge_load_numbers(&l, root);
  if (s == ST_OK)
    s = challenge_load_paths(&l, root, &knobs_path, &knobs_dir);
  if (s == ST_OK)
    s = challenge_load_terms(&l, root);
  if (s == ST_OK)
    s = challenge_load_shapes(&l, root);
  if (s == ST_OK && knobs_path)
    s = challenge_load_knobs(c, knobs_path, knobs_dir, e);
  if (s == ST_OK)
    s = challenge_hash_task(c, e);
  if (s == ST_OK && arena_failed(&c->arena))
    s = challenge_out_of_memory(&l);
  return s;
}

enum status challenge_open_device(const char *name_or_dir, const char *device, struct challenge **out,
                                  struct error *e) {
  char dir[PATH_MAX], file[PATH_MAX];
  *out = NULL;
  enum status s = challenge_search(name_or_dir, dir, sizeof dir, file, sizeof file, e);
  if (s != ST_OK)
    return s;
  struct challenge *c = calloc(1, sizeof *c);
  if (!c)
    return error_set(e, ST_MEMORY, "out of memory opening a challenge");
  arena_init(&c->arena, CHALLENGE_ARENA_BYTES);
  c->dir = arena_strdup(&c->arena, dir);
  c->file = arena_strdup(&c->arena, file);
  c->device_in_play = arena_strdup(&c->arena, device);
  s = c->dir && c->file && c->device_in_play ? challenge_load(c, e)
                                             : error_set(e, ST_MEMORY, "out of memory opening a challenge");
  if (s == ST_OK)
    *out = c;
  else
    challenge_close(c);
  return s;
}

enum status challenge_open(const char *name_or_dir, struct challenge **out, struct error *e) {
  return challenge_open_device(name_or_dir, "cpu", out, e);
}

void challenge_close(struct challenge *c) {
  if (!c)
    return;
  arena_fini(&c->arena);
  free(c);
}

const struct challenge_shape *challenge_find_shape(const struct challenge *c, const char *name) {
  for (size_t i = 0; i < c->n_benchmarks; i++)
    if (strcmp(c->benchmark[i].name, name) == 0)
      return &c->benchmark[i];
  for (size_t i = 0; i < c->n_full; i++)
    if (strcmp(c->full[i].name, name) == 0)
      return &c->full[i];
  for (size_t i = 0; i < c->n_tests; i++)
    if (strcmp(c->test[i].name, name) == 0)
      return &c->test[i];
  return NULL;
}

const struct challenge_device *challenge_find_device(const struct challenge *c, const char *name) {
  for (size_t i = 0; i < c->n_devices; i++)
    if (strcmp(c->device[i].name, name) == 0)
      return &c->device[i];
  return NULL;
}

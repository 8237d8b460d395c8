/* Room: store. Verifying a season folder: see store_verify.h. Goes on after damage, so that all of it is
 * told. */
#include "store/store_verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "store/store_internal.h"
#include "store/store_refs.h"

enum { NAMED = 100 }; /* in each list; all are counted */

struct verify {
  struct store *store;
  const struct store_verify_watch *watch;
  struct store_refs refs;
  json_t *damage, *unreferenced, *strays;
  int64_t events, blobs, n_damage, n_unreferenced, n_strays;
  uint64_t blob_bytes;
  int64_t head_seq;
  char head[HASH_HEX_BYTES];
};

static int step(const struct verify *v, const char *what, double done) {
  const struct store_verify_watch *w = v->watch;
  if (w != NULL && w->progress != NULL)
    w->progress(w->context, what, done);
  return w != NULL && w->cancelled != NULL && w->cancelled(w->context);
}

static enum status stopped(struct error *e) {
  return error_set(e, ST_INTERRUPTED, "stopped before everything was looked at");
}

/* seq 0 and blob NULL: not about one. */
static void damage(struct verify *v, const char *what, int64_t seq, const char *blob, const char *advice,
                   const char *text) {
  if (v->n_damage++ >= NAMED)
    return;
  json_t *one = json_object();
  json_put_str(one, "what", what);
  if (seq > 0)
    json_put_int(one, "seq", seq);
  if (blob != NULL)
    json_put_str(one, "blob", blob);
  json_put_str(one, "text", text);
  json_put_str(one, "advice", advice);
  json_array_append_new(v->damage, one);
}

static const char *const restore_log =
    "restore season.db (and season.db-wal, if there is one) from a copy of the season; the events before this "
    "one are whole, and no other can be trusted";
static const char *const restore_blob =
    "restore this file from a copy of the season: the log names it by its "
    "content, so any copy that is named so will do";
static const char *const restore_pages =
    "copy the folder before anything else, then restore season.db from an older copy, or save what can be "
    "read with `sqlite3 season.db .recover`";

/* ------------------------------------------------------------------ the log */

static void verify_event(struct verify *v, const struct event *ev, int64_t wanted, int prev_known) {
  struct error why;
  const char *prev = wanted == 1 ? NULL : prev_known ? v->head : ev->prev;
  if (ev->seq != wanted) {
    if (event_verify(ev, wanted, prev, &why) != ST_OK)
      damage(v, "event", wanted, NULL, restore_log, why.text);
    prev = ev->prev; /* said once: what follows a gap is held against itself */
  }
  if (event_verify(ev, ev->seq, prev, &why) != ST_OK)
    damage(v, "event", ev->seq, NULL, restore_log, why.text);
}

/* One row; the number that the next must have. */
static enum status verify_row(struct verify *v, sqlite3_stmt *q, int64_t *wanted, int *prev_known,
                              struct error *e) {
  struct event ev;
  struct error why = {.status = ST_OK};
  enum status st = store_row_read(v->store, q, &ev, &why);
  if (st == ST_MEMORY)
    return error_set(e, st, "%s", why.text);
  v->events++;
  if (st != ST_OK) {
    damage(v, "event", ev.seq, NULL, restore_log, why.text);
    *prev_known = 0;
  } else {
    verify_event(v, &ev, *wanted, *prev_known);
    store_refs_add(&v->refs, &ev);
    memcpy(v->head, ev.hash, sizeof v->head);
    v->head_seq = ev.seq;
    *prev_known = 1;
  }
  *wanted = ev.seq + 1;
  json_decref(ev.data);
  return v->refs.failed ? error_set(e, ST_MEMORY, "out of memory while verifying") : ST_OK;
}

static enum status verify_log(struct verify *v, struct error *e) {
  sqlite3_stmt *q = NULL;
  struct error why = {.status = ST_OK};
  int64_t total = 0, wanted = 1;
  int prev_known = 1, code = SQLITE_ROW;
  enum status st = ST_OK;
  if (store_number(v->store, "SELECT count(*) FROM event", &total) != 0)
    total = 0;
  if (sqlite3_prepare_v2(v->store->db, STORE_ROWS, -1, &q, NULL) != SQLITE_OK)
    st = store_sqlite_error(v->store, "reading the log", &why);
  while (st == ST_OK && (code = sqlite3_step(q)) == SQLITE_ROW) {
    st = verify_row(v, q, &wanted, &prev_known, e);
    if (st == ST_OK && v->events % 64 == 0 &&
        step(v, "events", total > 0 ? (double)v->events / (double)total : 0))
      st = stopped(e);
  }
  if (st == ST_OK && code != SQLITE_DONE)
    st = store_sqlite_error(v->store, "reading the log", &why);
  sqlite3_finalize(q);
  if (st != ST_OK && why.status == ST_OK)
    return st; /* e is filled */
  if (st == ST_CORRUPT) {
    damage(v, "database", v->head_seq + 1, NULL, restore_pages, why.text);
    return ST_OK;
  }
  if (st != ST_OK && e != NULL)
    *e = why;
  return st;
}

/* Pages of the file that no event of ours lies on can be damaged too. */
static void verify_pages(struct verify *v) {
  sqlite3_stmt *q = NULL;
  const char *said = "it cannot be looked through";
  int good = 0;
  if (sqlite3_prepare_v2(v->store->db, "PRAGMA quick_check(1)", -1, &q, NULL) == SQLITE_OK &&
      sqlite3_step(q) == SQLITE_ROW) {
    said = (const char *)sqlite3_column_text(q, 0);
    good = said != NULL && strcmp(said, "ok") == 0;
  }
  if (!good && v->n_damage == 0) {
    char text[400];
    snprintf(text, sizeof text, "season.db is damaged: %.300s", said != NULL ? said : "?");
    damage(v, "database", 0, NULL, restore_pages, text);
  }
  sqlite3_finalize(q);
}

/* ------------------------------------------------------------------ the blobs */

static void name_it(json_t *list, int64_t *count, const char *name) {
  if ((*count)++ < NAMED)
    json_array_append_new(list, json_clean_string(name, strlen(name)));
}

static enum status verify_blob(struct verify *v, const char *name, struct error *e) {
  struct buffer b;
  struct error why = {.status = ST_OK};
  buffer_init(&b);
  enum status st = store_blob_get(v->store, name, &b, &why);
  const struct store_ref *ref = store_refs_find(&v->refs, name);
  v->blobs++;
  v->blob_bytes += b.bytes;
  if (st == ST_CORRUPT || st == ST_RANGE) {
    damage(v, "blob", ref != NULL ? ref->seq : 0, name, restore_blob, why.text);
    st = ST_OK;
  } else if (st == ST_NOT_FOUND) /* gone since it was listed: missing, if it is needed */
    st = ST_OK;
  else if (st != ST_OK && e != NULL)
    *e = why;
  if (ref == NULL)
    name_it(v->unreferenced, &v->n_unreferenced, name);
  buffer_fini(&b);
  return st;
}

static int is_entry(const struct dirent *d) {
  return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* The names in a folder, sorted; the caller frees them. */
static enum status names_of(const char *path, struct dirent ***list, int *n, struct error *e) {
  *n = scandir(path, list, is_entry, alphasort);
  if (*n >= 0)
    return ST_OK;
  *list = NULL;
  *n = 0;
  return errno == ENOENT ? ST_OK : error_errno(e, errno, "cannot list", path);
}

static void free_names(struct dirent **list, int n) {
  for (int i = 0; i < n; i++)
    free(list[i]);
  free(list);
}

static enum status verify_folder(struct verify *v, const char *blobs, const char *two, struct error *e) {
  char path[STORE_PATH_BYTES], relative[600];
  struct dirent **list = NULL;
  int n = 0;
  if (file_join(path, sizeof path, blobs, two) != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long");
  if (!file_is_dir(path)) {
    name_it(v->strays, &v->n_strays, two);
    return ST_OK;
  }
  enum status st = names_of(path, &list, &n, e);
  for (int i = 0; st == ST_OK && i < n; i++) {
    const char *name = list[i]->d_name;
    snprintf(relative, sizeof relative, "%.200s/%.300s", two, name);
    if (hash_is_hex(name) && strncmp(name, two, 2) == 0 && two[2] == '\0')
      st = verify_blob(v, name, e);
    else
      name_it(v->strays, &v->n_strays, relative);
    if (st == ST_OK && i % 16 == 15 && step(v, "blobs", (double)strtol(two, NULL, 16) / 256))
      st = stopped(e);
  }
  free_names(list, n);
  return st;
}

static enum status verify_blobs(struct verify *v, struct error *e) {
  char path[STORE_PATH_BYTES];
  struct dirent **list = NULL;
  int n = 0;
  if (file_join(path, sizeof path, v->store->dir, "blobs") != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long");
  enum status st = names_of(path, &list, &n, e);
  for (int i = 0; st == ST_OK && i < n; i++) {
    st = verify_folder(v, path, list[i]->d_name, e);
    if (st == ST_OK && step(v, "blobs", (double)(i + 1) / n))
      st = stopped(e);
  }
  free_names(list, n);
  return st;
}

static enum status verify_missing(struct verify *v, struct error *e) {
  char path[STORE_PATH_BYTES], text[200];
  for (size_t i = 0; i < v->refs.count; i++) {
    const struct store_ref *r = &v->refs.ref[i];
    int n = snprintf(path, sizeof path, "%s/blobs/%.2s/%s", v->store->dir, r->name, r->name);
    if (n < 0 || (size_t)n >= sizeof path)
      return error_set(e, ST_USAGE, "the season folder's path is too long");
    if (!r->needed || file_exists(path))
      continue;
    snprintf(text, sizeof text, "the blob %s, which event %lld names, is missing", r->name,
             (long long)r->seq);
    damage(v, "missing", r->seq, r->name, restore_blob, text);
  }
  return ST_OK;
}

/* ------------------------------------------------------------------ all of it */

static json_t *report(struct verify *v, const char *dir, int64_t schema) {
  json_t *o = json_object(), *head = json_object();
  json_put_str(o, "schema", "sharktank.verify/1");
  json_put_str(o, "dir", dir);
  json_put_str(o, "verdict", v->n_damage > 0 ? "damaged" : "whole");
  json_object_set_new(o, "schema_version", schema > 0 ? json_integer(schema) : json_null());
  json_put_int(o, "events", v->events);
  json_put_int(head, "seq", v->head_seq);
  json_put_str(head, "hash", v->head[0] != '\0' ? v->head : NULL);
  json_object_set_new(o, "head", head);
  json_put_int(o, "blobs", v->blobs);
  json_put_int(o, "blob_bytes", (int64_t)v->blob_bytes);
  json_put_int(o, "n_damage", v->n_damage);
  json_object_set(o, "first", v->n_damage > 0 ? json_array_get(v->damage, 0) : json_null());
  json_object_set(o, "damage", v->damage);
  json_put_int(o, "n_unreferenced", v->n_unreferenced);
  json_object_set(o, "unreferenced", v->unreferenced);
  json_put_int(o, "n_strays", v->n_strays);
  json_object_set(o, "strays", v->strays);
  return o;
}

static enum status verify_all(struct verify *v, struct error *e) {
  enum status st = verify_log(v, e);
  if (st != ST_OK)
    return st;
  verify_pages(v);
  store_refs_sort(&v->refs);
  st = verify_blobs(v, e);
  return st == ST_OK ? verify_missing(v, e) : st;
}

static enum status verify_once(const char *dir, enum store_mode mode, const struct store_verify_watch *watch,
                               json_t **out, int *disturbed, struct error *e) {
  struct verify v = {.watch = watch};
  struct error why = {.status = ST_OK};
  int64_t schema = 0;
  *out = NULL;
  v.damage = json_array();
  v.unreferenced = json_array();
  v.strays = json_array();
  store_refs_init(&v.refs);
  enum status st = store_open(dir, mode, &v.store, &why);
  if (st == ST_CORRUPT) { /* not even its first page can be read */
    damage(&v, "database", 0, NULL, restore_pages, why.text);
    st = ST_OK;
  } else if (st == ST_OK) {
    if (store_number(v.store, "PRAGMA user_version", &schema) != 0)
      schema = 0;
    st = verify_all(&v, &why);
  }
  if (st == ST_OK) {
    *out = report(&v, dir, schema);
    st = *out != NULL ? ST_OK : error_set(&why, ST_MEMORY, "out of memory while verifying");
  }
  if (st != ST_OK && e != NULL)
    *e = why;
  *disturbed = v.n_damage > 0 && v.store != NULL && store_disturbed(v.store);
  store_refs_fini(&v.refs);
  store_close(v.store);
  json_decref(v.damage);
  json_decref(v.unreferenced);
  json_decref(v.strays);
  return st;
}

enum status store_verify(const char *dir, const struct store_verify_watch *watch, json_t **out,
                         struct error *e) {
  int disturbed = 0;
  enum status st = verify_once(dir, STORE_STILL, watch, out, &disturbed, e);
  if (st != ST_OK || !disturbed)
    return st;
  json_decref(*out); /* an engine began meanwhile: beside it, then */
  return verify_once(dir, STORE_READ, watch, out, &disturbed, e);
}

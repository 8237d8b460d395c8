/* Room: store. The season folder: opening and closing it, appending to the log, loading it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "store/store_internal.h"

static enum status season_paths(struct store *s, const char *dir, struct error *e) {
  size_t n = strlen(dir);
  if (n == 0)
    return error_set(e, ST_USAGE, "the season folder's name is empty");
  if (n >= sizeof s->dir || file_join(s->db_path, sizeof s->db_path, dir, "season.db") != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long: %.200s...", dir);
  memcpy(s->dir, dir, n + 1);
  return ST_OK;
}

static enum status check_presence(const struct store *s, struct error *e) {
  if (s->mode == STORE_CREATE) {
    char blobs[STORE_PATH_BYTES];
    if (file_join(blobs, sizeof blobs, s->dir, "blobs") != 0)
      return error_set(e, ST_USAGE, "the season folder's path is too long: %.200s...", s->dir);
    return file_mkdirs(blobs, e);
  }
  if (!file_exists(s->dir))
    return error_set(e, ST_NOT_FOUND, "there is no folder %s", s->dir);
  if (!file_exists(s->db_path))
    return error_set(e, ST_NOT_FOUND, "%s holds no season: season.db is missing", s->dir);
  return ST_OK;
}

/* A log without events is what a stop between making the file and the first append leaves: that is no
 * season yet, so CREATE may go on with it. */
static enum status refuse_existing(const struct store *s, struct error *e) {
  sqlite3_stmt *q = NULL;
  int code = sqlite3_prepare_v2(s->db, "SELECT count(*) FROM event", -1, &q, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_step(q);
  int64_t n = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
  sqlite3_finalize(q);
  if (code != SQLITE_ROW)
    return store_sqlite_error(s, "looking for events", e);
  if (n > 0)
    return error_set(e, ST_USAGE, "%s holds a season already: `sharktank resume` goes on with it", s->dir);
  return ST_OK;
}

static enum status open_all(struct store *s, const char *dir, struct error *e) {
  enum status st = season_paths(s, dir, e);
  if (st == ST_OK)
    st = check_presence(s, e);
  if (st == ST_OK && s->mode != STORE_READ)
    st = store_lock_take(s->dir, &s->lock_fd, e);
  if (st == ST_OK)
    st = store_connect(s, e);
  if (st == ST_OK)
    st = store_schema_ready(s, e);
  if (st == ST_OK && s->mode == STORE_CREATE)
    st = refuse_existing(s, e);
  if (st != ST_OK || s->mode == STORE_READ)
    return st;
  if (sqlite3_prepare_v2(s->db, "INSERT INTO event(seq,wall_ns,kind,data,prev,hash) VALUES(?,?,?,?,?,?)", -1,
                         &s->insert, NULL) != SQLITE_OK)
    return store_sqlite_error(s, "preparing to append", e);
  return ST_OK;
}

enum status store_open(const char *dir, enum store_mode mode, struct store **out, struct error *e) {
  *out = NULL;
  struct store *s = calloc(1, sizeof *s);
  if (s == NULL)
    return error_set(e, ST_MEMORY, "out of memory");
  s->still = mode == STORE_STILL;
  s->mode = s->still ? STORE_READ : mode;
  s->lock_fd = -1;
  enum status st = open_all(s, dir, e);
  if (st != ST_OK)
    store_close(s);
  else
    *out = s;
  return st;
}

void store_close(struct store *s) {
  if (s == NULL)
    return;
  sqlite3_finalize(s->insert);
  if (s->db != NULL)
    sqlite3_close(s->db);
  if (s->copy_dir[0] != '\0' && file_remove_tree(s->copy_dir, NULL) != ST_OK)
    errno = 0; /* only a temporary copy */
  if (s->lock_fd >= 0)
    close(s->lock_fd);
  free(s);
}

const char *store_dir(const struct store *s) {
  return s->dir;
}

static enum status insert_event(struct store *s, const struct event *ev, struct error *e) {
  char *text = json_canonical(ev->data);
  if (text == NULL)
    return error_set(e, ST_MEMORY, "out of memory while writing event %lld", (long long)ev->seq);
  sqlite3_stmt *q = s->insert;
  sqlite3_reset(q);
  int code = sqlite3_bind_int64(q, 1, ev->seq);
  if (code == SQLITE_OK)
    code = sqlite3_bind_int64(q, 2, ev->wall_ns);
  if (code == SQLITE_OK)
    code = sqlite3_bind_text(q, 3, ev->kind, -1, SQLITE_STATIC);
  if (code == SQLITE_OK)
    code = sqlite3_bind_text(q, 4, text, -1, SQLITE_STATIC);
  if (code == SQLITE_OK)
    code = sqlite3_bind_text(q, 5, ev->prev, -1, SQLITE_STATIC);
  if (code == SQLITE_OK)
    code = sqlite3_bind_text(q, 6, ev->hash, -1, SQLITE_STATIC);
  /* One statement is one transaction; with synchronous=FULL it is on the disk when step returns. */
  if (code == SQLITE_OK)
    code = sqlite3_step(q);
  enum status st = ST_OK;
  if (code != SQLITE_DONE) {
    st = (sqlite3_extended_errcode(s->db) & 0xff) == SQLITE_CONSTRAINT
             ? error_set(e, ST_BUSY, "somebody else appended event %lld to %s meanwhile", (long long)ev->seq,
                         s->db_path)
             : store_sqlite_error(s, "appending an event", e);
  }
  sqlite3_reset(q);
  sqlite3_clear_bindings(q);
  free(text);
  return st;
}

enum status store_append(struct store *s, struct event_log *log, const char *kind, json_t *data,
                         struct error *e) {
  if (s->mode == STORE_READ) {
    json_decref(data);
    return error_set(e, ST_USAGE, "the season in %s is open for reading only", s->dir);
  }
  if (event_log_push(log, clock_wall_ns(), kind, data) != ST_OK)
    return error_set(e, ST_MEMORY, "out of memory while appending to the log");
  enum status st = insert_event(s, &log->event[log->count - 1], e);
  if (st != ST_OK)
    event_log_drop_last(log);
  return st;
}

/* Copies a row's text columns into the event; a value that does not fit is damage. */
static int copy_column(sqlite3_stmt *q, int column, char *out, size_t out_bytes) {
  const char *text = (const char *)sqlite3_column_text(q, column);
  size_t n = (size_t)sqlite3_column_bytes(q, column);
  if (text == NULL || n >= out_bytes || memchr(text, '\0', n) != NULL)
    return -1;
  memcpy(out, text, n + 1);
  return 0;
}

enum status store_row_read(const struct store *s, sqlite3_stmt *q, struct event *out, struct error *e) {
  *out = (struct event){.seq = sqlite3_column_int64(q, 0), .wall_ns = sqlite3_column_int64(q, 1)};
  if (copy_column(q, 2, out->kind, sizeof out->kind) != 0 ||
      copy_column(q, 4, out->prev, sizeof out->prev) != 0 ||
      copy_column(q, 5, out->hash, sizeof out->hash) != 0)
    return error_set(e, ST_CORRUPT, "event %lld in %s is damaged: a field is too long", (long long)out->seq,
                     s->db_path);
  const char *text = (const char *)sqlite3_column_text(q, 3);
  size_t bytes = (size_t)sqlite3_column_bytes(q, 3);
  struct error inner;
  if (text == NULL || json_read(text, bytes, "the log", &out->data, &inner) != ST_OK)
    return error_set(e, ST_CORRUPT, "event %lld (%s) in %s is damaged: its data is not JSON",
                     (long long)out->seq, out->kind, s->db_path);
  return ST_OK;
}

static enum status load_row(const struct store *s, sqlite3_stmt *q, struct event_log *log, struct error *e) {
  struct event stored;
  enum status st = store_row_read(s, q, &stored, e);
  if (st != ST_OK)
    return st;
  if (event_log_push(log, stored.wall_ns, stored.kind, stored.data) != ST_OK)
    return error_set(e, ST_MEMORY, "out of memory while loading %s", s->db_path);
  /* What push computed is what the row must say; verifying here names the first bad row. */
  struct event *ev = &log->event[log->count - 1];
  ev->seq = stored.seq;
  memcpy(ev->prev, stored.prev, sizeof ev->prev);
  memcpy(ev->hash, stored.hash, sizeof ev->hash);
  return ST_OK;
}

static enum status load_all(struct store *s, struct event_log *log, struct error *e) {
  event_log_fini(log);
  sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, STORE_ROWS, -1, &q, NULL) != SQLITE_OK)
    return store_sqlite_error(s, "loading the log", e);
  enum status st = ST_OK;
  int code = SQLITE_ROW;
  while (st == ST_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
    st = load_row(s, q, log, e);
  if (st == ST_OK && code != SQLITE_DONE)
    st = store_sqlite_error(s, "loading the log", e);
  sqlite3_finalize(q);
  if (st == ST_OK)
    st = event_log_verify(log, e);
  if (st != ST_OK)
    event_log_fini(log);
  return st;
}

enum status store_load(struct store *s, struct event_log *log, struct error *e) {
  enum status st = load_all(s, log, e);
  if (st != ST_CORRUPT || !store_disturbed(s))
    return st;
  s->still = 0;
  st = store_connect(s, e);
  return st == ST_OK ? load_all(s, log, e) : st;
}

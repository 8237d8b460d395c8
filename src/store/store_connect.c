/* Room: store. The connection to `season.db`: how it is opened for each mode, its schema and
 * migrations, and what SQLite's errors mean to a user. The only room that talks to SQLite. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_file.h"
#include "store/store_internal.h"

#define BUSY_TIMEOUT_MS 5000
#define DB_MAX_BYTES    ((size_t)2 << 30)

static int no_space(int errnum) {
  return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

/* SQLite says "full" for ENOSPC only; a quota or a file size limit is a plain failed write to it, and
 * errno is gone by then. So ask the folder: may a file of the log's size grow by a page? */
static int cannot_grow(const struct store *s) {
  char wal[STORE_PATH_BYTES + 8], probe[STORE_PATH_BYTES + 32], page[4096] = {0};
  struct stat st;
  snprintf(wal, sizeof wal, "%s-wal", s->db_path);
  snprintf(probe, sizeof probe, "%s/.probe-XXXXXX", s->dir);
  int fd = mkostemp(probe, O_CLOEXEC);
  if (fd < 0)
    return no_space(errno);
  off_t at = stat(wal, &st) == 0 ? st.st_size : 0;
  ssize_t n = pwrite(fd, page, sizeof page, at);
  int full = (n < 0 && no_space(errno)) || (n >= 0 && n < (ssize_t)sizeof page);
  close(fd);
  unlink(probe);
  return full;
}

enum status store_sqlite_error(const struct store *s, const char *doing, struct error *e) {
  int code = s->db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(s->db) & 0xff;
  char said[256]; /* before the probe, which may change what SQLite remembers of errno */
  snprintf(said, sizeof said, "%s", s->db == NULL ? "no connection" : sqlite3_errmsg(s->db));
  if (code == SQLITE_FULL || (code == SQLITE_IOERR && s->mode != STORE_READ && cannot_grow(s)))
    return error_set(e, ST_FULL, "no space is left for %s; nothing was lost: free some space, then resume",
                     s->db_path);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
    return error_set(e, ST_CORRUPT, "%s is damaged (while %s): %s", s->db_path, doing, said);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return error_set(e, ST_BUSY, "another program keeps %s locked (while %s)", s->db_path, doing);
  if (code == SQLITE_NOMEM)
    return error_set(e, ST_MEMORY, "out of memory while %s in %s", doing, s->db_path);
  return error_set(e, ST_IO, "%s failed while %s: %s", s->db_path, doing, said);
}

enum status store_exec(const struct store *s, const char *sql, const char *doing, struct error *e) {
  return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ST_OK : store_sqlite_error(s, doing, e);
}

int store_number(const struct store *s, const char *sql, int64_t *out) {
  sqlite3_stmt *q = NULL;
  int ok = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
  if (ok)
    *out = sqlite3_column_int64(q, 0);
  return sqlite3_finalize(q) == SQLITE_OK && ok ? 0 : -1;
}

/* Migration k takes a database of version k to k + 1; version 0 is an empty file. */
static const char *const migration[STORE_SCHEMA_VERSION] = {
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, wall_ns INTEGER NOT NULL, kind TEXT NOT NULL,"
    " data TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT;"
    /* Append-only, also for whoever opens the file by hand. */
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT raise(ABORT,'the log is append-only'); END;"
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT raise(ABORT,'the log is append-only'); END;",
};

static enum status migrate(struct store *s, int64_t version, struct error *e) {
  char sql[160];
  for (int64_t v = version; v < STORE_SCHEMA_VERSION; v++) {
    enum status st = store_exec(s, "BEGIN IMMEDIATE", "starting a migration", e);
    if (st == ST_OK)
      st = store_exec(s, migration[v], "migrating the schema", e);
    snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%lld; COMMIT",
             STORE_APPLICATION_ID, (long long)v + 1);
    if (st == ST_OK)
      st = store_exec(s, sql, "migrating the schema", e);
    if (st != ST_OK) {
      sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
      return st;
    }
  }
  return ST_OK;
}

enum status store_schema_ready(struct store *s, struct error *e) {
  int64_t version = 0, application = 0, tables = 0;
  if (store_number(s, "PRAGMA user_version", &version) != 0 ||
      store_number(s, "PRAGMA application_id", &application) != 0 ||
      store_number(s, "SELECT count(*) FROM sqlite_master", &tables) != 0)
    return store_sqlite_error(s, "reading its version", e);
  if (application != STORE_APPLICATION_ID && (application != 0 || version != 0 || tables != 0))
    return error_set(e, ST_INPUT, "%s is a database, but not a season's", s->db_path);
  if (version > STORE_SCHEMA_VERSION)
    return error_set(
        e, ST_INPUT,
        "%s was written by a newer sharktank (schema %lld, this one reads up to %d): use that one",
        s->db_path, (long long)version, STORE_SCHEMA_VERSION);
  if (version == STORE_SCHEMA_VERSION)
    return ST_OK;
  if (s->mode == STORE_READ && version == 0)
    return error_set(e, ST_NOT_FOUND, "%s holds no season: it is empty", s->db_path);
  if (s->mode == STORE_READ)
    return error_set(e, ST_INPUT, "%s has the older schema %lld: `sharktank resume` migrates it", s->db_path,
                     (long long)version);
  return migrate(s, version, e);
}

/* A season.db path as an SQLite URI: only what a URI would misread is escaped. */
static void uri_of(const char *path, const char *query, struct buffer *out) {
  buffer_text(out, "file:");
  for (const char *p = path; *p != '\0'; p++)
    if (strchr("%?#", *p) != NULL)
      buffer_printf(out, "%%%02X", (unsigned char)*p);
    else
      buffer_add(out, p, 1);
  buffer_text(out, query);
}

static int open_uri(struct store *s, const char *path, const char *query, int flags) {
  struct buffer uri;
  buffer_init(&uri);
  uri_of(path, query, &uri);
  if (s->db != NULL)
    sqlite3_close(s->db);
  s->db = NULL;
  int code = buffer_failed(&uri) ? SQLITE_NOMEM
                                 : sqlite3_open_v2(buffer_str(&uri), &s->db, flags | SQLITE_OPEN_URI, NULL);
  buffer_fini(&uri);
  if (code != SQLITE_OK)
    return code;
  sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
  /* The first real read, so that a log that cannot be opened says so here. */
  code =
      sqlite3_exec(s->db, "PRAGMA trusted_schema=OFF; SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
  return code;
}

static enum status copy_file(const struct store *s, const char *suffix, struct error *e) {
  char from[STORE_PATH_BYTES + 8], to[STORE_PATH_BYTES + 32];
  snprintf(from, sizeof from, "%s%s", s->db_path, suffix);
  snprintf(to, sizeof to, "%s/season.db%s", s->copy_dir, suffix);
  struct buffer b;
  buffer_init(&b);
  enum status st = file_exists(from) ? file_read(from, DB_MAX_BYTES, &b, e) : ST_OK;
  if (st == ST_OK && b.bytes > 0)
    st = file_write_atomic(to, buffer_str(&b), b.bytes, e);
  buffer_fini(&b);
  return st;
}

/* A folder that cannot be written, with a write-ahead log left by a killed engine: SQLite needs to
 * write beside the file to read it, so a private copy is read instead. */
static enum status connect_copy(struct store *s, struct error *e) {
  const char *tmp = getenv("TMPDIR");
  if (s->copy_dir[0] != '\0' && file_remove_tree(s->copy_dir, NULL) != ST_OK)
    errno = 0; /* an older copy: only a temporary one */
  int n = snprintf(s->copy_dir, sizeof s->copy_dir, "%s/sharktank-read-XXXXXX",
                   tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
  if (n < 0 || (size_t)n >= sizeof s->copy_dir || mkdtemp(s->copy_dir) == NULL) {
    s->copy_dir[0] = '\0';
    return error_set(
        e, ST_IO, "%s cannot be read: its folder is read-only and there is no temporary folder to copy it to",
        s->db_path);
  }
  enum status st = copy_file(s, "", e);
  if (st == ST_OK)
    st = copy_file(s, "-wal", e);
  if (st != ST_OK)
    return st;
  char path[STORE_PATH_BYTES + 32];
  snprintf(path, sizeof path, "%s/season.db", s->copy_dir);
  return open_uri(s, path, "?mode=rw", SQLITE_OPEN_READWRITE) == SQLITE_OK
             ? ST_OK
             : store_sqlite_error(s, "opening a copy", e);
}

static int has_journal(const struct store *s) {
  char wal[STORE_PATH_BYTES + 8];
  struct stat st;
  snprintf(wal, sizeof wal, "%s-wal", s->db_path);
  return stat(wal, &st) == 0 && st.st_size > 0;
}

int store_disturbed(const struct store *s) {
  long pid;
  return s->still && store_in_use(s->dir, &pid);
}

/* As a file that nobody changes; SQLite makes no files of its own then. */
static enum status connect_still(struct store *s, struct error *e) {
  if (has_journal(s))
    return connect_copy(s, e);
  return open_uri(s, s->db_path, "?immutable=1", SQLITE_OPEN_READONLY) == SQLITE_OK
             ? ST_OK
             : store_sqlite_error(s, "opening it", e);
}

static enum status connect_read(struct store *s, struct error *e) {
  if (s->still && !store_disturbed(s))
    return connect_still(s, e);
  int code = open_uri(s, s->db_path, "?mode=ro", SQLITE_OPEN_READONLY) & 0xff;
  if (code == SQLITE_OK)
    return ST_OK;
  if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
    return store_sqlite_error(s, "opening it", e);
  return connect_still(s, e);
}

enum status store_connect(struct store *s, struct error *e) {
  if (s->mode == STORE_READ)
    return connect_read(s, e);
  int flags = SQLITE_OPEN_READWRITE | (s->mode == STORE_CREATE ? SQLITE_OPEN_CREATE : 0);
  if (open_uri(s, s->db_path, "", flags) != SQLITE_OK)
    return store_sqlite_error(s, "opening it", e);
  return store_exec(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", "setting its journal", e);
}

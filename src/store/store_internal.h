/* Room: store. What the files of this room share; nobody else includes it. */
#ifndef SHARKTANK_STORE_INTERNAL_H
#define SHARKTANK_STORE_INTERNAL_H

#include <sqlite3.h>

#include "store/store.h"

#define STORE_SCHEMA_VERSION 1
#define STORE_APPLICATION_ID 0x53544e4b /* "STNK": says what season.db is to `file` and to us */
#define STORE_PATH_BYTES     4096

#define STORE_ROWS           "SELECT seq,wall_ns,kind,data,prev,hash FROM event ORDER BY seq"

struct store {
  char dir[STORE_PATH_BYTES];
  char db_path[STORE_PATH_BYTES];
  char copy_dir[STORE_PATH_BYTES]; /* READ of a folder nobody may write: a private copy of the log, or "" */
  enum store_mode mode;            /* STORE_STILL is kept as STORE_READ */
  int still;                       /* 1: opened so that nothing in the folder is touched */
  int lock_fd;                     /* -1 unless open for writing */
  sqlite3 *db;
  sqlite3_stmt *insert;
};

/* Takes the exclusive lock of dir; *fd is closed to release it. ST_BUSY names the holder's pid. */
enum status store_lock_take(const char *dir, int *fd, struct error *e) MUST_USE;
/* An error of SQLite's as one of ours: full disk, damage, a lock, or plain failure. */
enum status store_sqlite_error(const struct store *s, const char *doing, struct error *e);
/* Runs statements that return nothing. */
enum status store_exec(const struct store *s, const char *sql, const char *doing, struct error *e) MUST_USE;
/* The event in a row of STORE_ROWS as it is stored, unverified; its data is the caller's. ST_CORRUPT: *out
 * has seq, and no data. */
enum status store_row_read(const struct store *s, sqlite3_stmt *q, struct event *out,
                           struct error *e) MUST_USE;
/* The first number that a statement gives; -1: it gives none. */
int store_number(const struct store *s, const char *sql, int64_t *out);
/* Opens the connection for the mode. */
enum status store_connect(struct store *s, struct error *e) MUST_USE;
/* 1 if a store that was opened still has got an engine beside it since: what looks damaged may be its work.
 */
int store_disturbed(const struct store *s);
/* Creates or migrates the schema (writing), or refuses a newer one. */
enum status store_schema_ready(struct store *s, struct error *e) MUST_USE;

#endif

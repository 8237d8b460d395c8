/* The season folder's truth: `season.db` (SQLite: the log) and `blobs/` (files by SHA-256).
 *
 * An append is one transaction, durable before it returns (WAL, synchronous=FULL). A blob is written
 * to a temporary file, fsynced, renamed, before any event names it. One engine at a time: opening for
 * writing takes an exclusive lock on `season.lock`; a second one gets ST_BUSY with the holder's pid.
 * Schema migrations run on opening for writing; a newer schema than ours is ST_INPUT.
 *
 * Thread safety: one thread at a time per store.
 */
#ifndef SHARKTANK_STORE_H
#define SHARKTANK_STORE_H

#include "base/base_buffer.h"
#include "base/base_status.h"
#include "record/record_event.h"

struct store;

enum store_mode { STORE_CREATE, STORE_WRITE, STORE_READ, STORE_STILL };

/* CREATE: dir must not hold a season yet (it is made). READ: works on a read-only folder and beside
 * a running engine; SQLite may leave two small files in the folder. STILL: as READ, of the season as it is
 * now, and nothing in the folder is touched. Returns owned. */
enum status store_open(const char *dir, enum store_mode mode, struct store **out, struct error *e) MUST_USE;
void store_close(struct store *s);
/* Appends and pushes onto log (which must be this store's, fully loaded). Takes data's reference. */
enum status store_append(struct store *s, struct event_log *log, const char *kind, json_t *data,
                         struct error *e) MUST_USE;
/* Loads and verifies the whole log. ST_CORRUPT names the first bad event. */
enum status store_load(struct store *s, struct event_log *log, struct error *e) MUST_USE;
/* Writes a blob (idempotent) and gives its name. */
enum status store_blob_put(struct store *s, const void *data, size_t bytes, char name[HASH_HEX_BYTES],
                           struct error *e) MUST_USE;
/* Reads a blob and verifies its hash; ST_CORRUPT / ST_NOT_FOUND name it. Appends to out. */
enum status store_blob_get(struct store *s, const char *name, struct buffer *out, struct error *e) MUST_USE;
const char *store_dir(const struct store *s);
/* 1 while an engine plays the season in dir; its pid (0: not known). A question, not a lock: the answer may
 * be old when it arrives. */
int store_in_use(const char *dir, long *pid);

#endif

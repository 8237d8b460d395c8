/* Files: whole reads with a bound, writes that are complete or absent, paths.
 *
 * Thread safety: every function may be called from any thread; none uses the working directory's
 * state beyond resolving relative paths.
 */
#ifndef SHARKTANK_BASE_FILE_H
#define SHARKTANK_BASE_FILE_H

#include <stddef.h>

#include "base_buffer.h"
#include "base_status.h"

/* Reads a whole regular file of at most max_bytes into *out (initialised by the caller, appended
 * to). ST_NOT_FOUND, ST_RANGE (too large, with the limit in the text), ST_IO. */
enum status file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *e) MUST_USE;
/* Writes to a temporary neighbour, fsyncs, renames: the file is whole or what it was before. */
enum status file_write_atomic(const char *path, const void *data, size_t bytes, struct error *e) MUST_USE;
enum status file_mkdirs(const char *path, struct error *e) MUST_USE; /* mkdir -p */
int file_exists(const char *path);                                   /* any kind but a dangling link */
int file_is_dir(const char *path);
/* Removes a tree without following links; a missing path is fine. */
enum status file_remove_tree(const char *path, struct error *e) MUST_USE;
/* dir + "/" + name into out; returns 0, or -1 when it does not fit (out is then ""). */
int file_join(char *out, size_t out_bytes, const char *dir, const char *name);
/* The user's cache folder for this project, created: $SHARKTANK_CACHE, else
 * $XDG_CACHE_HOME/sharktank, else $HOME/.cache/sharktank, else a folder under $TMPDIR or /tmp. */
enum status file_cache_dir(char *out, size_t out_bytes, struct error *e) MUST_USE;

#endif

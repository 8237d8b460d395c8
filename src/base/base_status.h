/* Status codes and error text: the one error convention of the tree.
 *
 * A function that can fail returns `enum status` (0 is ok) and, where the reason depends on the
 * user's input, fills a `struct error` with a sentence the user can act on: what happened, where in
 * *their* input (file and line), what to do. A verdict on an entry is data, not an error.
 *
 * Ownership: `struct error` is the caller's, has no heap memory, and may be NULL everywhere.
 * Thread safety: every function here is pure but for the struct passed in.
 */
#ifndef SHARKTANK_BASE_STATUS_H
#define SHARKTANK_BASE_STATUS_H

/* X(name, exit status of the command line, text) */
#define STATUS_LIST(X)                                                                                       \
  X(OK, 0, "ok")                                                                                             \
  X(USAGE, 2, "the call is wrong")                                                                           \
  X(INPUT, 2, "an input file is wrong")                                                                      \
  X(NOT_FOUND, 2, "not found")                                                                               \
  X(RANGE, 2, "a value is out of range")                                                                     \
  X(IO, 3, "reading or writing failed")                                                                      \
  X(FULL, 3, "no space is left")                                                                             \
  X(MEMORY, 3, "out of memory")                                                                              \
  X(TOOL, 3, "a program this needs is missing or failed")                                                    \
  X(SANDBOX, 3, "the sandbox could not be set up")                                                           \
  X(CORRUPT, 3, "stored data is damaged")                                                                    \
  X(BUSY, 3, "somebody else is using it")                                                                    \
  X(TIMEOUT, 3, "it took too long")                                                                          \
  X(INTERRUPTED, 3, "interrupted")                                                                           \
  X(INTERNAL, 3, "a mistake in sharktank itself")

enum status {
#define STATUS_ENUM(name, exit_status, text) ST_##name,
  STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
      ST_COUNT
};

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

struct error {
  enum status status;
  char file[256]; /* "" when the error is not about a file of the user's */
  int line;       /* 0 when unknown */
  char text[768]; /* a sentence, without file and line */
};

/* The name ("INPUT") and the generic text of a status; never NULL. */
const char *status_name(enum status s);
const char *status_text(enum status s);
/* The exit status of the command line for s: 0, 2 or 3 (DESIGN contract). */
int status_exit(enum status s);

/* Fills *e (if not NULL) and returns s. The first error set wins nothing: the last call does. */
enum status error_set(struct error *e, enum status s, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same, naming the user's file and line (line 0: unknown). */
enum status error_at(struct error *e, enum status s, const char *file, int line, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* ST_FULL for ENOSPC/EDQUOT/EFBIG, ST_NOT_FOUND for ENOENT, else ST_IO; the text is
 * "WHAT PATH: strerror". */
enum status error_errno(struct error *e, int errnum, const char *what, const char *path);
/* Writes "file:line: text" (parts that are known) into out; always terminated. */
void error_format(const struct error *e, char *out, unsigned long out_bytes);

#endif

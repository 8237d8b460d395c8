/* Room base: status codes and error text. Pure but for the struct passed in. */
#include "base/base_status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *text;
  int exit_status;
} statuses[ST_COUNT] = {
#define STATUS_ROW(name, exit_status, text) {#name, text, exit_status},
    STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

const char *status_name(enum status s) {
  return (unsigned)s < ST_COUNT ? statuses[s].name : "UNKNOWN";
}

const char *status_text(enum status s) {
  return (unsigned)s < ST_COUNT ? statuses[s].text : "an unknown status";
}

int status_exit(enum status s) {
  return (unsigned)s < ST_COUNT ? statuses[s].exit_status : 3;
}

static void error_fill(struct error *e, enum status s, const char *file, int line, const char *format,
                       va_list args) PRINTF_LIKE(5, 0);

static void error_fill(struct error *e, enum status s, const char *file, int line, const char *format,
                       va_list args) {
  /* Formatted aside first: an argument may point into the struct that is being filled. */
  char text[sizeof e->text], name[sizeof e->file];
  vsnprintf(text, sizeof text, format, args);
  snprintf(name, sizeof name, "%s", file ? file : "");
  e->status = s;
  e->line = line;
  memcpy(e->text, text, sizeof text);
  memcpy(e->file, name, sizeof name);
}

enum status error_set(struct error *e, enum status s, const char *format, ...) {
  if (e) {
    va_list args;
    va_start(args, format);
    error_fill(e, s, NULL, 0, format, args);
    va_end(args);
  }
  return s;
}

enum status error_at(struct error *e, enum status s, const char *file, int line, const char *format, ...) {
  if (e) {
    va_list args;
    va_start(args, format);
    error_fill(e, s, file, line, format, args);
    va_end(args);
  }
  return s;
}

enum status error_errno(struct error *e, int errnum, const char *what, const char *path) {
  enum status s = ST_IO;
  if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
    s = ST_FULL;
  else if (errnum == ENOENT)
    s = ST_NOT_FOUND;
  else if (errnum == ENOMEM)
    s = ST_MEMORY;
  return error_set(e, s, "%s %s: %s", what, path ? path : "", strerror(errnum));
}

void error_format(const struct error *e, char *out, unsigned long out_bytes) {
  if (!out_bytes)
    return;
  if (e->file[0] && e->line > 0)
    snprintf(out, out_bytes, "%s:%d: %s", e->file, e->line, e->text);
  else if (e->file[0])
    snprintf(out, out_bytes, "%s: %s", e->file, e->text);
  else
    snprintf(out, out_bytes, "%s", e->text[0] ? e->text : status_text(e->status));
}

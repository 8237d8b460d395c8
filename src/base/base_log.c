/* Room base: diagnostics on stderr. The level is read once from the environment. */
#include "base/base_log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum log_level threshold = LOG_WARN;
static void (*hook)(void);

static const char *const level_name[] = {"error", "warning", "info", "debug"};

static void read_level(void) {
  static const char *const word[] = {"error", "warn", "info", "debug"};
  const char *s = getenv("SHARKTANK_LOG");
  for (int i = 0; s && i < 4; i++)
    if (!strcmp(s, word[i]))
      threshold = (enum log_level)i;
}

void log_set_hook(void (*before_line)(void)) {
  hook = before_line;
}

void log_line(enum log_level level, const char *format, ...) {
  pthread_once(&once, read_level);
  if (level > threshold)
    return;
  va_list args;
  va_start(args, format);
  pthread_mutex_lock(&lock);
  if (hook)
    hook();
  fprintf(stderr, "sharktank: %s: ", level_name[level]);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  pthread_mutex_unlock(&lock);
  va_end(args);
}

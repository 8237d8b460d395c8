/* Diagnostics on stderr, one line each, never on stdout. Level by SHARKTANK_LOG=error|warn|info|debug
 * (default warn). A hook lets the live terminal clear its progress line first. Thread safe. */
#ifndef SHARKTANK_BASE_LOG_H
#define SHARKTANK_BASE_LOG_H

#include "base_status.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* Called (if set) before a line is written; set it before other threads start. */
void log_set_hook(void (*before_line)(void));

#endif

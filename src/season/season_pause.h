/* `sharktank pause`: asks the engine that plays a season to stop at its next clean point, as Ctrl-C does.
 * The wish is a file, DIR/season.pause, so that it needs no right over the other process. One that is older
 * than the engine is not for it.
 *
 * Thread safety: a watch belongs to one engine, whose `cancelled` may be asked from any of its threads. */
#ifndef SHARKTANK_SEASON_PAUSE_H
#define SHARKTANK_SEASON_PAUSE_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "season/season.h"

/* ST_USAGE when nobody plays the season. *pid: of the engine, 0 if it is not known. */
enum status season_pause_ask(const char *dir, long *pid, struct error *e) MUST_USE;

struct season_pause {
  struct season_watch watch; /* as the outer one, and cancelled also by the file */
  const struct season_watch *outer;
  char path[4096];
  struct stat before; /* what lay there when the engine began; st_ino 0: nothing */
  atomic_int asked;
  _Atomic int64_t looked_ns;
};
/* outer may be NULL; it must live as long as p, which must not move. */
void season_pause_init(struct season_pause *p, const char *dir, const struct season_watch *outer);
/* Removes what is left of the wish: only by the engine that plays. */
void season_pause_fini(struct season_pause *p);

#endif

/* What tools of agents have used of a season's budgets (`sharktank mcp --season`, docs/mcp.md).
 *
 * The engine holds the log, so a tool writes into a file of its own in the season's folder, tools.jsonl: a
 * line when it begins, a line when it ends, each with one append. Before every step the engine puts what has
 * come into the log as one event, `tools_used`; from then on the log is what counts. What no engine has taken
 * yet is counted from the file by the next tool.
 *
 * Every call is one of `evaluations`, from its beginning on. Its time is part of `wall_s`, once, whether an
 * engine is at work meanwhile or not (season_worked_s); the time of a call that never ended is unknown and
 * counts nothing. An engine and a tool that begin at the same moment may pass a budget by one.
 *
 * Thread safety: any number of processes at once. */
#ifndef SHARKTANK_SEASON_LEDGER_H
#define SHARKTANK_SEASON_LEDGER_H

#include "base/base_json.h"
#include "base/base_status.h"
#include "record/record_fold.h"

struct season_charge { /* one call of a tool */
  char id[32], tool[32];
  int64_t began_ns;         /* wall clock */
  int kept;                 /* a line was written */
  int64_t evaluations_left; /* after this one; -1: no such budget */
  double seconds_left;      /* before this one; INFINITY: no such budget */
};

/* Takes one call of a tool from the budgets of the season in dir, whose folded log is given. ST_BUSY, with a
 * sentence, when one is used up. A folder that cannot be written to is an error only where there is a budget
 * to keep. */
enum status season_ledger_begin(const char *dir, const struct event_log *log,
                                const struct record_state *state, const char *tool, struct season_charge *c,
                                struct error *e) MUST_USE;
/* Writes down that it has ended. What cannot be written is lost. */
void season_ledger_end(const char *dir, const struct season_charge *c);

/* The data of tools_used {through, calls [{id, tool, began_ns, ended_ns or null}]} for the lines past the
 * first `through` bytes of the file; NULL if there are none. Lines that are none of ours are passed over. */
json_t *season_ledger_take(const char *dir, int64_t through);

#endif

/* A plausible season built through the record API, for the tests of the report room. */
#ifndef REPORT_FIXTURE_H
#define REPORT_FIXTURE_H

#include "record/record_fold.h"
#include "report/report.h"
#include "store/store.h"

enum fixture_stop {
  FIXTURE_EMPTY,     /* no event at all */
  FIXTURE_STARTED,   /* season_started only */
  FIXTURE_MID_ROUND, /* round 2 open: pitches closed, ballots not, paused */
  FIXTURE_ENDED      /* three rounds and a final duel */
};

struct fixture {
  char dir[256]; /* a season folder of its own */
  struct store *store;
  struct event_log log;
  struct record_state state;
  struct report_source source;
  int hostile; /* texts of agents hold markup */
};

/* Asserts (cmocka) that everything works. hostile: agents' texts try to break out of the page. */
void fixture_open(struct fixture *f, enum fixture_stop stop, int hostile);
void fixture_close(struct fixture *f); /* removes the folder */
void fixture_refold(struct fixture *f);
/* Appends one event given as JSON text (cmocka-asserts that it parses). */
void fixture_append(struct fixture *f, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);

#endif

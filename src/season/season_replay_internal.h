/* Room: season. What the files of the replay share; nobody else includes it. */
#ifndef SHARKTANK_SEASON_REPLAY_INTERNAL_H
#define SHARKTANK_SEASON_REPLAY_INTERNAL_H

#include "season/season_call.h"
#include "season/season_engine.h"
#include "season/season_replay.h"

enum { REPLAY_LISTED = 20, REPLAY_CALLS = 64 };

/* What a comparison was about; the names are in the report. */
enum replay_what {
  REPLAY_DECISION, /* the data of an event that follows from the log */
  REPLAY_ORDER,    /* another event would come here */
  REPLAY_ACT,      /* id, who or args of an act */
  REPLAY_CONTEXT,  /* the frozen context */
  REPLAY_ANSWER,   /* what an agent answered, read by today's code */
  REPLAY_PROMPT,   /* what an agent would be asked */
  REPLAY_FOLD,     /* the log contradicts itself */
  REPLAY_WHATS
};

struct replay_call { /* an asking between its two events */
  int open;
  struct season_call call;
};

struct replay {
  const struct season_replay_options *options;
  struct store *store;
  struct event_log log; /* the whole log; engine.log is its first `at` events, borrowed */
  size_t at;            /* the event that is looked at: index, not seq */
  struct season_engine engine;
  struct season_world world;
  struct season_journal journal;
  struct replay_call call[REPLAY_CALLS];
  const struct event *act; /* ended of the act that is played, or NULL: it has none */
  int judging;             /* the act is the judge's: no source is needed */
  int compared;            /* the journal has seen what would be appended at `at` */
  int mismatched;          /* and it is another event, so its step is left */
  struct buffer put;       /* the last text that would have become a blob: a context to compare */
  json_t *differences, *missing;
  size_t count[REPLAY_WHATS], derived[REPLAY_WHATS], taken, unchecked;
};

/* season_replay_report.c */
/* pointer: into the event's data, or for a context's into the context. text: more words, or NULL. */
void replay_difference(struct replay *p, const struct event *ev, enum replay_what what, const char *pointer,
                       const json_t *there, const json_t *would, const char *text);
/* Notes a blob that cannot be had, once, with why. */
void replay_missing(struct replay *p, const char *name, const struct error *why);
json_t *replay_report(struct replay *p, const char *dir);

/* season_replay_compare.c. The first place where two values differ as a JSON pointer, in the order of sorted
 * keys; 0 if they are equal. *x, *y: what is there, NULL: nothing. Borrowed. */
int replay_differ(const json_t *a, const json_t *b, char pointer[256], const json_t **x, const json_t **y);
/* Compares data of the event at `at` (or of another one, for acts) with what would be there and notes the
 * first difference. */
void replay_compare(struct replay *p, const struct event *there, const char *kind, const json_t *would);

/* season_replay_world.c: the world and the journal. */
void replay_world(struct replay *p);
/* The ended of an act, or NULL. */
const struct event *replay_ended(const struct replay *p, const char *id);
/* Fills in what an outside agent answered: from the transcript, or from ended where there is none. */
enum status replay_answer(struct replay *p, const struct event *ended, struct season_call *c,
                          struct error *e) MUST_USE;

#endif

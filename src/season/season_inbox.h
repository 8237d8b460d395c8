/* People in a season: which questions are open to them, and how an answer gets from their terminal to the
 * engine. The engine asks through DIR/inbox (agent_human.h has the files); an answer is handed over as one
 * file, so that it needs no lock and may come while the season is played or while it is stopped. A question
 * is open or not by the log alone.
 *
 * Thread safety: reading functions are pure; handing over may be done by any process at any time.
 */
#ifndef SHARKTANK_SEASON_INBOX_H
#define SHARKTANK_SEASON_INBOX_H

#include "agent/agent_human.h"
#include "season/season_engine.h"

enum { SEASON_STEM_BYTES = 160, SEASON_QUESTIONS_MAX = 32 };

const char *season_ask_name(enum season_step_kind kind);  /* "pitch", "ballot", "implement" */
const char *season_ask_thing(enum season_step_kind kind); /* "a pitch", "a ballot", "an entry" */

struct season_question { /* copies */
  struct season_job job;
  char person[64]; /* the member of the cast */
  char label[64];  /* of "human:NAME"; or "" */
  char stem[SEASON_STEM_BYTES];
};
/* What people are asked now, or will be as soon as the season is resumed; the count, at most max. */
size_t season_inbox_open(const struct record_state *state, struct season_question *out, size_t max);

/* Where one call's question stands: the texts of its desk. */
struct season_desk {
  struct agent_desk desk;
  char folder[4096], stem[SEASON_STEM_BYTES], title[256];
  struct buffer command;
};
/* request: the call's, of which the source of an entry is borrowed. ST_RANGE: the path is too long. */
enum status season_desk_init(const struct season_engine *g, const struct season_job *job,
                             const json_t *request, struct season_desk *out, struct error *e) MUST_USE;
void season_desk_fini(struct season_desk *d);
/* Puts away what is no open question's. */
void season_inbox_tidy(const struct season_engine *g);
/* If the event begins to ask a person: 1, and a line for people in out. */
int season_inbox_line(const struct record_state *state, const struct event *ev, const char *dir,
                      struct buffer *out);

struct season_handover {
  const char *dir;
  enum season_step_kind kind; /* STEP_PITCH, STEP_BALLOT, STEP_IMPLEMENT */
  const char *file;           /* NULL: the question's own form (or source) in the inbox */
  const char *as;             /* a name or label; NULL: whoever is asked, if it is one */
};
/* Checks a file as the engine's reader would, and more: against the gates, the rules of a ballot, the limits
 * of an entry. Then hands it over. *told: {round, ask, name, question, file, answer, running}. ST_INPUT with
 * file and line; ST_USAGE when nobody is asked for this now, or several are. */
enum status season_inbox_answer(const struct season_handover *h, json_t **told, struct error *e) MUST_USE;
/* The open questions of a kind (STEP_NONE: of all): [{round, ask, name, question, page, form, running}]. */
enum status season_inbox_list(const char *dir, enum season_step_kind kind, json_t **list,
                              struct error *e) MUST_USE;

/* Gates that would stop a pitch of this person's: a new list of {gate, text, fact}. Works on a copy of the
 * log with the pitch in it, alone: what others pitched in this phase is not looked at. */
enum status season_inbox_gates(const struct event_log *log, const struct season_question *q,
                               const json_t *answer, json_t **reasons, struct error *e) MUST_USE;

#endif

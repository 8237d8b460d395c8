/* A person as an agent: provider "human", or "human:NAME" (NAME says who sits there; `--as NAME` finds them).
 *
 * A person is asked by files in a folder, the desk. For a question with the stem "round1-Ann-pitch":
 *   STEM.md            the page: what is asked, the rules, the frozen context; written anew at each asking
 *   STEM.yml           the form, made of the answer's schema; never overwritten, so what was filled in stays
 *   STEM.c             an entry's starting point, likewise
 *   STEM.answer.json   the answer handed over (season_inbox.h puts it there whole, or not at all)
 *   STEM.refused.json  an answer that could not be used
 * and waits for the answer, the deadline (struct agent_limits, person_ns) or a stop. What comes back is read
 * like any agent's: repaired, checked, redacted, recorded. Nothing in the desk is trusted: names are opened
 * below the folder and without following links, reads are bounded, and no answer names a path.
 *
 * Thread safety: calls hold no state; different questions may be asked at once.
 */
#ifndef SHARKTANK_AGENT_HUMAN_H
#define SHARKTANK_AGENT_HUMAN_H

#include "base/base_buffer.h"
#include "base/base_json.h"
#include "base/base_yaml.h"

enum { AGENT_DESK_FILE_MAX = 16 << 20 };

struct agent_desk { /* one question; texts are borrowed */
  const char *folder;
  const char *stem;    /* no slash, no dot at its beginning */
  const char *title;   /* "Round 1: Ann is asked for a pitch" */
  const char *command; /* hands the answer over */
  const char *base;    /* what STEM.c begins with; NULL: there is no such file */
  int taken;           /* an answer was read: another asking begins by putting it aside */
};

/* 1 for "human" and "human:NAME". */
int agent_is_person(const char *provider);
/* NAME, or "". */
const char *agent_person_label(const char *provider);

/* ---- agent_human_desk.c */

/* The folder's descriptor; make: it is made if it is missing (its parent is not). */
enum status agent_desk_open(const char *folder, int make, int *fd, struct error *e) MUST_USE;
/* Writes a whole file or none. keep: one that is there stays as it is. */
enum status agent_desk_put(int fd, const char *name, const char *text, size_t bytes, int keep,
                           struct error *e) MUST_USE;
/* Appends a plain file of at most `most` bytes to out. ST_NOT_FOUND; ST_RANGE: too long; ST_INPUT: no plain
 * file. */
enum status agent_desk_get(int fd, const char *name, size_t most, struct buffer *out,
                           struct error *e) MUST_USE;
/* STEM + ending. 0, or -1 when it does not fit. */
int agent_desk_name(const char *stem, const char *ending, char out[256]);
/* Moves the files of every question whose stem open() does not know into the folder's `closed`. A missing
 * folder is fine; what cannot be moved stays. */
void agent_desk_tidy(const char *folder, int (*open)(void *context, const char *stem), void *context);
/* Appends text without what a terminal or YAML would take for an order: control and direction characters and
 * foreign line ends become "?"; with one_line also line feeds and tabs, as spaces. */
void agent_desk_clean(const char *text, size_t bytes, int one_line, struct buffer *out);

/* ---- agent_human_form.c */

/* The form of an answer: a YAML map of the fields below schema's one property, empty, with their help as
 * comments. question: the first field. */
void agent_form_write(const json_t *schema, const char *question, const char *head, struct buffer *out);

/* ---- agent_human_read.c */

/* A filled-in form (YAML, or JSON) as the answer the schema describes, {ask: {...}}; the form itself may have
 * that one key around its fields or not; what was left empty is null or, in a
 * list, not there. ST_INPUT with file and line. question: where the form names one, it must be this. */
enum status agent_form_read(const struct yaml_doc *d, const json_t *schema, const char *question,
                            json_t **given, struct error *e) MUST_USE;
/* The same checks as a reader of agents' answers makes, in its order; *answer is what the protocol wants.
 * ST_INPUT in the reader's words, with the line of d they are about. d: NULL, no form (a source). */
enum status agent_form_check(const struct yaml_doc *d, const char *file, const json_t *request,
                             const json_t *schema, json_t *given, json_t **answer, struct error *e) MUST_USE;
/* The line of the form that a place is in: "pitch.risks[0].risk ..." or "at /pitch/risks/0: ..."; what
 * follows the place does not matter. The nearest line that is there. */
int agent_form_line(const struct yaml_doc *d, const char *place);

#endif

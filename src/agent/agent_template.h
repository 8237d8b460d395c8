/* Templates of prompts: files with {{name}} in them (templates/agent/, installed as
 * share/sharktank/templates/agent/), each of which a user can replace.
 *
 * A template has two parts, divided by a line of five or more equals signs: what is above it goes into the
 * system text, what is below is the question. Without such a line all of it is the question.
 *
 * Thread safety: pure but for the files and the environment.
 */
#ifndef SHARKTANK_AGENT_TEMPLATE_H
#define SHARKTANK_AGENT_TEMPLATE_H

#include "base/base_buffer.h"
#include "base/base_status.h"

struct agent_variable {
  const char *name, *text; /* text may be "" */
};

struct agent_template {
  char path[512];        /* where it was found, for errors */
  struct buffer text;    /* owned */
  size_t rules_bytes;    /* text[0..rules_bytes): the part for the system text */
  size_t question_begin; /* text[question_begin..): the question */
};

/* Looks for NAME.md in `dir` (may be NULL) and, if it is not there, in $SHARKTANK_DATA_DIR/templates/agent,
 * beside the program (../share/sharktank/templates/agent) and in the source tree. ST_NOT_FOUND names
 * these places. agent_template_fini afterwards, whatever came of it. */
enum status agent_template_read(const char *dir, const char *name, struct agent_template *t,
                                struct error *e) MUST_USE;
void agent_template_fini(struct agent_template *t);

/* Appends one part with every {{name}} replaced; what is put in is not looked at again. A name that is not
 * among the variables is ST_INPUT with the file, its line and the names that exist. */
enum status agent_template_rules(const struct agent_template *t, const struct agent_variable *v, size_t n,
                                 struct buffer *out, struct error *e) MUST_USE;
enum status agent_template_question(const struct agent_template *t, const struct agent_variable *v, size_t n,
                                    struct buffer *out, struct error *e) MUST_USE;

#endif

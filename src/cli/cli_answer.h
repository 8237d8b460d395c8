/* Room cli: what the commands of people share: see cli_answer.c. */
#ifndef SHARKTANK_CLI_ANSWER_H
#define SHARKTANK_CLI_ANSWER_H

#include "cli/cli.h"
#include "season/season.h"

/* Hands over the answer to a question of this kind, or lists such questions (--list). The exit status. */
int cli_answer(const struct cli_call *c, enum season_step_kind kind, const char *schema);

#endif

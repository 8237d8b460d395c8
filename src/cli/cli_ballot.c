/* Room cli: the command `ballot`: a person votes. */
#include "cli/cli_answer.h"

static int run(const struct cli_call *c) {
  return cli_answer(c, STEP_BALLOT, "sharktank.ballot/1");
}

static const struct cli_option options[] = {
    {"--file", "F", "the filled-in form (default: the one in DIR/inbox)", NULL},
    {"--as", "NAME", "who answers, where several are asked", NULL},
    {"--list", NULL, "hands nothing over: who is asked, and where the question lies", NULL},
    {"--json", NULL, "one object, schema sharktank.ballot/1 (docs/json.md)", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_ballot = {
    "ballot",
    "DIR [--file F] [--as NAME] [--list] [--json]",
    "a person votes",
    "Hands over the ballot of a person in the cast (agent: human). The season asks by a page and a form in\n"
    "DIR/inbox, which show the pitches without their authors and nobody's ballot. The form is checked as every\n"
    "agent's answer is before it is taken. Works while the season is played, and while it is stopped: then\n"
    "`resume` takes the answer up.\n\n"
    "Exit status: 0 handed over (with --list: somebody is asked); 1 with --list, nobody is; 2 nobody is asked\n"
    "for a ballot now, or the form is wrong: one line says where; 3 the season cannot be read or written.\n",
    1,
    1,
    options,
    run};

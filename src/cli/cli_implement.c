/* Room cli: the command `implement`: a person writes the winner's entry. */
#include "cli/cli_answer.h"

static int run(const struct cli_call *c) {
  return cli_answer(c, STEP_IMPLEMENT, "sharktank.implement/1");
}

static const struct cli_option options[] = {
    {"--file", "F", "the entry, or a form (.yml) with a setting or edits (default: the source in DIR/inbox)",
     NULL},
    {"--as", "NAME", "who answers, where several are asked", NULL},
    {"--list", NULL, "hands nothing over: who is asked, and where the question lies", NULL},
    {"--json", NULL, "one object, schema sharktank.implement/1 (docs/json.md)", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_implement = {
    "implement",
    "DIR [--file F] [--as NAME] [--list] [--json]",
    "a person writes the winner's entry",
    "Hands over the entry that a person in the cast (agent: human) wrote for the winning pitch. The season asks\n"
    "by a page in DIR/inbox and lays the source to start from beside it, and a form for a setting or edits. What\n"
    "the entry does is the judge's business; `sharktank check` tries it beforehand. Works while the season is\n"
    "played, and while it is stopped: then `resume` takes the answer up.\n\n"
    "Exit status: 0 handed over (with --list: somebody is asked); 1 with --list, nobody is; 2 nobody is asked\n"
    "for an entry now, or the file is wrong: one line says where; 3 the season cannot be read or written.\n",
    1,
    1,
    options,
    run};

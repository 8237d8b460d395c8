/* Room cli: what `pitch`, `ballot` and `implement` share: a person's answer to an open question, or the list
 * of those questions. */
#include <stdio.h>
#include <string.h>

#include "cli/cli_answer.h"
#include "season/season_inbox.h"

/* Without an answer: who is asked, and where the question lies. */
static int list_questions(const struct cli_call *c, enum season_step_kind kind, const char *schema) {
  json_t *list = NULL;
  struct error e;
  memset(&e, 0, sizeof e);
  if (season_inbox_list(c->arg[0], kind, &list, &e) != ST_OK)
    return cli_error(&e);
  const int status = json_array_size(list) > 0 ? CLI_DONE : CLI_OTHER_VERDICT;
  if (cli_given(c, "--json")) {
    json_t *o = json_object();
    json_put_str(o, "schema", schema);
    json_put_str(o, "dir", c->arg[0]);
    json_put_bool(o, "handed_over", 0);
    (void)json_object_set_new(o, "open", list);
    return cli_json(o, status);
  }
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    cli_out("%s: page %s, to fill in %s\n", json_str(one, "name", "?"), json_str(one, "page", "?"),
            json_str(one, "form", "?"));
  }
  if (!json_array_size(list))
    cli_out("nobody is asked for this now\n");
  json_decref(list);
  return cli_finish(status);
}

int cli_answer(const struct cli_call *c, enum season_step_kind kind, const char *schema) {
  const struct season_handover h = {
      .dir = c->arg[0], .kind = kind, .file = cli_value(c, "--file"), .as = cli_value(c, "--as")};
  struct error e;
  json_t *told = NULL;
  memset(&e, 0, sizeof e);
  if (cli_given(c, "--list"))
    return h.file || h.as ? cli_wrong("--list goes without --file and --as")
                          : list_questions(c, kind, schema);
  if (season_inbox_answer(&h, &told, &e) != ST_OK)
    return cli_error(&e);
  if (cli_given(c, "--json")) {
    json_put_str(told, "schema", schema);
    json_put_str(told, "dir", c->arg[0]);
    json_put_bool(told, "handed_over", 1);
    return cli_json(told, CLI_DONE);
  }
  cli_out("handed over: %s of %s for round %lld\n", season_ask_thing(kind), json_str(told, "name", "?"),
          (long long)json_int(told, "round", 0));
  if (!json_bool(told, "running", 0))
    (void)fprintf(stderr, "the season is not being played; `sharktank resume %s` takes it up\n", c->arg[0]);
  json_decref(told);
  return cli_finish(CLI_DONE);
}

/* Room cli: `doctor --calibrate`: the margin of this machine's duels, measured; and how doctor shows it. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/base_json.h"
#include "cli/cli.h"
#include "cli/cli_calibrate.h"
#include "judge/judge_calibration.h"

static const double BUDGET_S = 240;

json_t *cli_calibration(void) {
  struct judge_calibration c;
  judge_calibration_load(&c);
  return judge_calibration_to_json(&c);
}

void cli_calibration_print(const json_t *o) {
  const char *date = json_str(o, "date", NULL);
  double measured;
  cli_out("margin        delta %.4g %%, %s", 100 * json_num(o, "delta", 0), json_str(o, "text", "?"));
  if (date) {
    cli_out(" (%lld duels, %s", (long long)json_int(o, "duels", 0), date);
    if (json_has_num(o, "measured_delta", &measured))
      cli_out(": 95 %% found twins within %.4g %%", 100 * measured);
    cli_out(")");
  }
  cli_out("\n");
}

static void tell(void *context, const char *phase, double done, const char *text) {
  report_terminal_progress(context, phase, 0, 0, done, (double)NAN, text);
}

int cli_calibrate(const struct cli_call *c) {
  double budget_s = BUDGET_S;
  struct error e;
  json_t *out = NULL;
  memset(&e, 0, sizeof e);
  if (cli_seconds(c, "--budget", &budget_s) != ST_OK)
    return CLI_WRONG_CALL;
  struct report_terminal *terminal = report_terminal_open(STDERR_FILENO);
  struct judge_progress progress = {.context = terminal, .tell = tell, .cancelled = cli_stopped};
  cli_catch_stop();
  const enum status s = judge_calibrate(&progress, budget_s, cli_given(c, "--fresh"), &out, &e);
  report_terminal_clear(terminal);
  report_terminal_close(terminal);
  if (s != ST_OK)
    return cli_error(&e);
  json_put_str(out, "schema", "sharktank.calibrate/1");
  if (cli_given(c, "--json"))
    return cli_json(out, CLI_DONE);
  cli_out("%lld duels of twins raced in %.0f s\n", (long long)json_int(out, "added", 0),
          json_num(out, "seconds", 0));
  cli_calibration_print(out);
  json_decref(out);
  return cli_finish(CLI_DONE);
}

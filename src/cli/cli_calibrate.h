/* Room cli: the calibration part of `doctor`. */
#ifndef SHARKTANK_CLI_CALIBRATE_H
#define SHARKTANK_CLI_CALIBRATE_H

#include "cli/cli.h"

/* This machine's stored calibration as `doctor --json` shows it; a new object. */
json_t *cli_calibration(void);
void cli_calibration_print(const json_t *calibration);
/* `doctor --calibrate`; the exit status. */
int cli_calibrate(const struct cli_call *c);

#endif

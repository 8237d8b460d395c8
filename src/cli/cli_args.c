/* Room cli: options and arguments against a command's descriptor. Pure but for the line it prints. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_yaml.h"
#include "cli/cli.h"

static int option_index(const struct cli_command *command, const char *name, size_t bytes) {
  for (int i = 0; command->options && command->options[i].name; i++) {
    if (strlen(command->options[i].name) == bytes && !strncmp(command->options[i].name, name, bytes))
      return i;
  }
  return -1;
}

static int unknown_option(const struct cli_command *command, const char *text, size_t bytes) {
  const char *known[CLI_OPTIONS_MAX + 2];
  char name[64];
  size_t n = 0;
  for (size_t i = 0; command->options && command->options[i].name; i++)
    known[n++] = command->options[i].name;
  known[n++] = "--help";
  known[n] = NULL;
  (void)snprintf(name, sizeof name, "%.*s", (int)(bytes > 60 ? 60 : bytes), text);
  const char *near = base_nearest_word(name, known);
  if (near)
    return cli_wrong("unknown option `%s` of %s; did you mean `%s`?", name, command->name, near);
  return cli_wrong("unknown option `%s` of %s; `sharktank %s --help` lists them", name, command->name,
                   command->name);
}

/* One option at argv[*i]; advances *i over its value. */
static int parse_option(const struct cli_command *command, int argc, char **argv, int *i,
                        struct cli_call *out) {
  const char *text = argv[*i], *equals = strchr(text, '=');
  const size_t bytes = equals ? (size_t)(equals - text) : strlen(text);
  const int at = option_index(command, text, bytes);
  if (at < 0)
    return unknown_option(command, text, bytes);
  const struct cli_option *o = &command->options[at];
  if (o->not_built)
    return cli_wrong("%s %s is not built yet: %s", command->name, o->name, o->not_built);
  if (out->value[at])
    return cli_wrong("option %s is given twice", o->name);
  if (!o->value) {
    if (equals)
      return cli_wrong("option %s takes no value", o->name);
    out->value[at] = "";
    return CLI_DONE;
  }
  if (equals) {
    out->value[at] = equals + 1;
  } else {
    if (*i + 1 >= argc)
      return cli_wrong("option %s needs a value: %s %s", o->name, o->name, o->value);
    out->value[at] = argv[++*i];
  }
  return CLI_DONE;
}

static int wrong_count(const struct cli_command *command) {
  return cli_wrong("usage: sharktank %s%s%s", command->name, *command->usage ? " " : "", command->usage);
}

int cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_call *out) {
  memset(out, 0, sizeof *out);
  out->command = command;
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
      return -1;
  }
  if (!command->run)
    return cli_wrong("`%s` is not built yet (%s)", command->name, command->summary);
  int options_end = 0;
  for (int i = 0; i < argc; i++) {
    if (!options_end && !strcmp(argv[i], "--")) {
      options_end = 1;
    } else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
      const int st = parse_option(command, argc, argv, &i, out);
      if (st != CLI_DONE)
        return st;
    } else {
      if (out->n_args == command->max_args)
        return wrong_count(command);
      out->arg[out->n_args++] = argv[i];
    }
  }
  return out->n_args < command->min_args ? wrong_count(command) : CLI_DONE;
}

const char *cli_value(const struct cli_call *c, const char *option) {
  const int at = option_index(c->command, option, strlen(option));
  return at < 0 ? NULL : c->value[at];
}

int cli_given(const struct cli_call *c, const char *option) {
  return cli_value(c, option) != NULL;
}

enum status cli_int(const struct cli_call *c, const char *option, int64_t min, int64_t max, int64_t *out) {
  const char *text = cli_value(c, option);
  if (!text)
    return ST_OK;
  char *end = NULL;
  errno = 0;
  const long long v = strtoll(text, &end, 10);
  if (!*text || *end || errno || v < min || v > max) {
    (void)cli_wrong("%s %s: wanted a whole number from %lld to %lld", option, text, (long long)min,
                    (long long)max);
    return ST_USAGE;
  }
  *out = v;
  return ST_OK;
}

enum status cli_seed(const struct cli_call *c, const char *option, uint64_t *out) {
  int64_t v = 0;
  if (!cli_given(c, option))
    return ST_OK;
  /* The log is JSON, and JSON's whole numbers are safe below 2^53. */
  if (cli_int(c, option, 0, (INT64_C(1) << 53) - 1, &v) != ST_OK)
    return ST_USAGE;
  *out = (uint64_t)v;
  return ST_OK;
}

enum status cli_seconds(const struct cli_call *c, const char *option, double *out) {
  const char *text = cli_value(c, option);
  if (!text)
    return ST_OK;
  char *end = NULL;
  const double v = strtod(text, &end);
  if (!*text || *end || !(v >= 0.1 && v <= 86400)) {
    (void)cli_wrong("%s %s: wanted seconds from 0.1 to 86400", option, text);
    return ST_USAGE;
  }
  *out = v;
  return ST_OK;
}

enum status cli_device(const struct cli_call *c) {
  const char *device = cli_value(c, "--device");
  if (!device || !strcmp(device, "cpu"))
    return ST_OK;
  if (!strcmp(device, "cuda") || !strcmp(device, "sim")) {
    (void)cli_wrong("--device %s is not built yet: entries run on cpu only", device);
  } else {
    (void)cli_wrong(
        "--device %s: there is no such device; entries run on cpu (cuda and sim are not built yet)", device);
  }
  return ST_USAGE;
}

/* Room cli: the command `roofline`: bytes, operations, bound and speed of light per shape. */
#include <stdio.h>
#include <string.h>

#include "base/base_yaml.h"
#include "challenge/challenge_light.h"
#include "cli/cli.h"

static int no_device(const struct challenge *c, const char *name) {
  const char *known[33];
  char list[512] = "";
  size_t n = 0;
  for (; n < c->n_devices && n < 32; n++) {
    known[n] = c->device[n].name;
    const size_t used = strlen(list);
    (void)snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", known[n]);
  }
  known[n] = NULL;
  const char *near = base_nearest_word(name, known);
  if (!n)
    return cli_wrong("--device %s: %s names no devices", name, c->file);
  if (near)
    return cli_wrong("--device %s: no such device in %s; did you mean %s?", name, c->file, near);
  return cli_wrong("--device %s: no such device in %s; it knows %s", name, c->file, list);
}

/* What the device does per second, as the roofline used it: its file's figure or the measured one. */
static double rate(double amount, double seconds) {
  return seconds > 0 ? amount / seconds : -1;
}

static int answer_json(const struct challenge *c, const struct challenge_device *d,
                       const struct challenge_light *l, size_t n) {
  json_t *o = json_object(), *shapes = json_array();
  json_put_str(o, "schema", "sharktank.roofline/1");
  json_put_str(o, "challenge", c->name);
  json_put_str(o, "device", d->name);
  json_put_str(o, "source", d->source);
  json_put_bool(o, "measured", !(d->bytes_per_s > 0 && d->operations_per_s > 0));
  if (n) {
    json_put_num(o, "bytes_per_s", rate(l[0].roof.bytes, l[0].roof.bytes_seconds));
    json_put_num(o, "operations_per_s", rate(l[0].roof.operations, l[0].roof.operations_seconds));
  }
  for (size_t i = 0; i < n; i++)
    (void)json_array_append_new(shapes, challenge_light_json(&l[i]));
  (void)json_object_set_new(o, "shapes", shapes);
  return cli_json(o, CLI_DONE);
}

/* Four digits: rooflines are compared with published figures. */
static void light_text(double seconds, char out[32]) {
  const char *unit = seconds < 1e-3 ? "\u00b5s" : seconds < 1 ? "ms" : "s";
  (void)snprintf(out, 32, "%.4g %s", seconds * (seconds < 1e-3 ? 1e6 : seconds < 1 ? 1e3 : 1), unit);
}

static int answer_human(const struct challenge *c, const struct challenge_device *d,
                        const struct challenge_light *l, size_t n) {
  static const char *const heads[] = {
      "shape", "sizes", ">bytes", ">operations", ">operations/byte", "bound by", ">speed of light", NULL};
  const int measured = !(d->bytes_per_s > 0 && d->operations_per_s > 0);
  cli_out("%s on %s", c->name, d->name);
  if (n) {
    cli_out(": %.4g GB/s and %.4g Gop/s%s", rate(l[0].roof.bytes, l[0].roof.bytes_seconds) / 1e9,
            rate(l[0].roof.operations, l[0].roof.operations_seconds) / 1e9,
            measured ? ", measured on this machine" : "");
  }
  cli_out("%s%s%s\n", d->source && *d->source ? " (" : "", d->source ? d->source : "",
          d->source && *d->source ? ")" : "");
  struct cli_table *t = cli_table_create(heads);
  for (size_t i = 0; i < n; i++) {
    char shape[128], light[32];
    light_text(l[i].roof.seconds, light);
    cli_table_cell(t, "%s", cli_shape(l[i].shape->name, l[i].shape->scaled, shape));
    cli_table_cell(t, "%s", l[i].shape->text);
    cli_table_cell(t, "%.4g MB", l[i].roof.bytes / 1e6);
    cli_table_cell(t, "%.4g G", l[i].roof.operations / 1e9);
    cli_table_cell(t, "%.4g", l[i].roof.intensity);
    cli_table_cell(t, "%s", l[i].roof.bytes_bind ? "bytes" : "operations");
    cli_table_cell(t, "%s", light);
  }
  cli_table_print(t);
  return cli_finish(CLI_DONE);
}

/* The task's own shapes; on the cpu also the scaled ones that are timed there. */
static int lights(const struct cli_call *call, struct challenge *c) {
  static struct challenge_light l[1024]; /* too large for some stacks */
  const char *name = cli_value(call, "--device") ? cli_value(call, "--device") : "cpu";
  const struct challenge_device *d = challenge_find_device(c, name);
  struct error e;
  size_t n = 0;
  memset(&e, 0, sizeof e);
  if (!d)
    return no_device(c, name);
  if (challenge_lights(c, d, l, sizeof l / sizeof *l, &n, &e) != ST_OK)
    return cli_error(&e);
  return cli_given(call, "--json") ? answer_json(c, d, l, n) : answer_human(c, d, l, n);
}

static int run(const struct cli_call *call) {
  struct challenge *c = NULL;
  struct error e;
  memset(&e, 0, sizeof e);
  if (challenge_open(call->arg[0], &c, &e) != ST_OK)
    return cli_error(&e);
  const int status = lights(call, c);
  challenge_close(c);
  return status;
}

static const struct cli_option options[] = {
    {"--device", "NAME", "a device of the challenge's file (default cpu: this machine, measured)", NULL},
    {"--json", NULL, "one object, schema sharktank.roofline/1 (docs/json.md)", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_roofline = {
    "roofline",
    "CHALLENGE [--device NAME] [--json]",
    "bytes, operations, intensity, bound and speed of light per shape",
    "Speed of light is the larger of bytes / bandwidth and operations / peak, with every input and output byte\n"
    "moved once. On a named device the figures are the challenge file's; on cpu they are measured here, and\n"
    "the scaled shapes that are timed here are shown as well.\n\n"
    "Exit status: 0 done; 2 the call or an input file is wrong; 3 the machinery failed.\n",
    1,
    1,
    options,
    run};

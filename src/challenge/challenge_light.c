/* Room: challenge. May use base and sandbox. Speed of light of all shapes: see challenge_light.h. */
#include "challenge/challenge_light.h"

#include <string.h>

static size_t pick_shapes(const struct challenge *c, int cpu, struct challenge_light *l, size_t most) {
  size_t n = 0;
  for (size_t i = 0; i < c->n_full && n < most; i++)
    l[n++].shape = &c->full[i];
  for (size_t i = 0; i < c->n_benchmarks && n < most; i++)
    if (!c->n_full || (cpu && c->benchmark[i].scaled))
      l[n++].shape = &c->benchmark[i];
  return n;
}

enum status challenge_lights(const struct challenge *c, const struct challenge_device *d,
                             struct challenge_light *out, size_t most, size_t *n, struct error *e) {
  struct challenge_helper *helper = NULL;
  *n = pick_shapes(c, strcmp(d->name, "cpu") == 0, out, most);
  enum status st = challenge_helper_open(c, &helper, e);
  for (size_t i = 0; i < *n && st == ST_OK; i++)
    st = challenge_roofline(helper, out[i].shape, d, &out[i].roof, e);
  challenge_helper_close(helper);
  return st;
}

json_t *challenge_light_json(const struct challenge_light *l) {
  json_t *o = json_object();
  json_put_str(o, "shape", l->shape->name);
  json_put_bool(o, "scaled", l->shape->scaled);
  json_put_str(o, "stands_for", l->shape->stands_for);
  json_put_str(o, "text", l->shape->text);
  json_put_num(o, "bytes", l->roof.bytes);
  json_put_num(o, "operations", l->roof.operations);
  json_put_num(o, "intensity", l->roof.intensity);
  json_put_num(o, "bytes_seconds", l->roof.bytes_seconds);
  json_put_num(o, "operations_seconds", l->roof.operations_seconds);
  json_put_num(o, "seconds", l->roof.seconds);
  json_put_str(o, "bound", l->roof.bytes_bind ? "bytes" : "operations");
  return o;
}

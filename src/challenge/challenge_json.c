/* Room: challenge. May use base and sandbox.
 *
 * A challenge as agents see it. They see nothing else, so everything the built-in tank computes with
 * stands here: shapes with their means, limits, devices, the whole knob space as text. */
#include <string.h>

#include "challenge/challenge_file.h"

static json_t *challenge_tensors_json(const struct challenge_tensor *t, size_t n) {
  json_t *out = json_array();
  for (size_t i = 0; i < n; i++) {
    json_t *one = json_object();
    json_put_str(one, "name", t[i].name);
    json_put_str(one, "type", t[i].type);
    json_array_append_new(out, one);
  }
  return out;
}

static json_t *challenge_texts_json(const char *const *text) {
  json_t *out = json_array();
  for (size_t i = 0; text && text[i]; i++)
    json_array_append_new(out, json_clean_string(text[i], strlen(text[i])));
  return out;
}

static json_t *challenge_shape_json(const struct challenge *c, const struct challenge_shape *s) {
  json_t *out = json_object(), *sizes = json_array(), *means = json_object();
  for (uint32_t p = 0; p < s->n_problems; p++) {
    json_t *one = json_array();
    for (size_t i = 0; i < c->n_sizes; i++)
      json_array_append_new(one, json_integer(s->sizes[p * c->n_sizes + i]));
    json_array_append_new(sizes, one);
  }
  for (size_t i = 0; i < c->n_sizes; i++) {
    double sum = 0.0;
    for (uint32_t p = 0; p < s->n_problems; p++)
      sum += (double)s->sizes[p * c->n_sizes + i];
    json_put_num(means, c->size_name[i], sum / s->n_problems);
  }
  json_put_num(means, "groups", s->n_problems);
  json_put_str(out, "shape", s->name);
  json_put_bool(out, "scaled", s->scaled);
  json_put_str(out, "stands_for", s->stands_for);
  json_put_str(out, "text", s->text);
  json_object_set_new(out, "sizes", sizes);
  json_object_set_new(out, "means", means);
  return out;
}

static json_t *challenge_shapes_json(const struct challenge *c, const struct challenge_shape *s, size_t n) {
  json_t *out = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(out, challenge_shape_json(c, &s[i]));
  return out;
}

/* Limits [from, to); limit is NULL when there are none. */
static json_t *challenge_limits_json(const struct challenge_limit *limit, size_t from, size_t to) {
  json_t *out = json_array();
  for (size_t i = from; i < to; i++) {
    json_t *one = json_object();
    json_put_str(one, "claim", limit[i].claim);
    if (limit[i].has_min)
      json_put_num(one, "min", limit[i].min);
    if (limit[i].has_max)
      json_put_num(one, "max", limit[i].max);
    if (limit[i].multiple > 0.0)
      json_put_num(one, "multiple", limit[i].multiple);
    if (limit[i].one_of)
      json_object_set_new(one, "one_of", challenge_texts_json(limit[i].one_of));
    if (limit[i].device)
      json_put_str(one, "device", limit[i].device);
    json_put_str(one, "why", limit[i].why);
    json_array_append_new(out, one);
  }
  return out;
}

static json_t *challenge_rules_json(const struct challenge_rule *rule, size_t from, size_t to) {
  json_t *out = json_array();
  for (size_t i = from; i < to; i++) {
    json_t *one = json_object();
    json_put_str(one, "forbid_word", rule[i].forbid_word);
    if (rule[i].device)
      json_put_str(one, "device", rule[i].device);
    json_put_str(one, "why", rule[i].why);
    json_array_append_new(out, one);
  }
  return out;
}

static json_t *challenge_devices_json(const struct challenge *c) {
  json_t *out = json_array();
  for (size_t i = 0; i < c->n_devices; i++) {
    json_t *one = json_object();
    int known = c->device[i].bytes_per_s > 0.0;
    json_put_str(one, "name", c->device[i].name);
    if (known)
      json_put_num(one, "bytes_per_s", c->device[i].bytes_per_s);
    if (known)
      json_put_num(one, "operations_per_s", c->device[i].operations_per_s);
    json_put_bool(one, "measured", !known);
    json_put_str(one, "source", c->device[i].source);
    json_array_append_new(out, one);
  }
  return out;
}

static json_t *challenge_knob_json(const struct knob *k) {
  json_t *out = json_object(), *values = json_array();
  for (size_t i = 0; i < k->n_values; i++)
    json_array_append_new(values,
                          k->is_word[i] ? json_string(k->value[i]) : json_integer((json_int_t)k->number[i]));
  json_put_str(out, "name", k->name);
  json_put_str(out, "text", k->text);
  json_object_set_new(out, "values", values);
  return out;
}

static json_t *challenge_knobs_json(const struct challenge *c) {
  const struct knob_space *k = c->knobs;
  json_t *out = json_object(), *knobs = json_array(), *constraints = json_array(), *estimates = json_array();
  for (size_t i = 0; i < k->n_knobs; i++)
    json_array_append_new(knobs, challenge_knob_json(&k->knob[i]));
  for (size_t i = 0; i < k->n_constraints; i++) {
    json_t *one = json_object();
    json_put_str(one, "need", k->constraint[i].need_text);
    json_put_str(one, "why", k->constraint[i].why);
    json_array_append_new(constraints, one);
  }
  for (size_t i = 0; i < k->n_estimates; i++) {
    json_t *one = json_object();
    json_put_str(one, "name", k->estimate[i].name);
    json_put_str(one, "expr", k->estimate[i].expr_text);
    json_put_str(one, "text", k->estimate[i].text);
    if (k->estimate[i].max_text)
      json_put_str(one, "max", k->estimate[i].max_text);
    json_array_append_new(estimates, one);
  }
  json_object_set_new(out, "knobs", knobs);
  json_object_set_new(out, "constraints", constraints);
  json_object_set_new(out, "estimates", estimates);
  json_object_set_new(out, "start", knob_to_json(c, k->start));
  return out;
}

static json_t *challenge_names_json(const char *const *name, size_t n) {
  json_t *out = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(out, json_string(name[i]));
  return out;
}

json_t *challenge_to_json(const struct challenge *c) {
  json_t *out = json_object();
  json_put_str(out, "name", c->name);
  json_put_str(out, "title", c->title);
  json_put_str(out, "description", c->description);
  if (c->source)
    json_put_str(out, "source", c->source);
  if (c->licence)
    json_put_str(out, "licence", c->licence);
  json_put_str(out, "task_hash", c->task_hash);
  json_put_str(out, "device", c->device_in_play);
  json_object_set_new(out, "sizes", challenge_names_json(c->size_name, c->n_sizes));
  json_object_set_new(out, "inputs", challenge_tensors_json(c->in, c->n_in));
  json_object_set_new(out, "outputs", challenge_tensors_json(c->out, c->n_out));
  json_object_set_new(out, "legal", challenge_names_json(c->legal_text, c->n_legal));
  json_object_set_new(out, "benchmarks", challenge_shapes_json(c, c->benchmark, c->n_benchmarks));
  json_object_set_new(out, "full", challenge_shapes_json(c, c->full, c->n_full));
  json_object_set_new(out, "tests", challenge_shapes_json(c, c->test, c->n_tests));
  json_object_set_new(out, "limits", challenge_limits_json(c->limit, 0, c->n_limits));
  json_object_set_new(out, "other_limits", challenge_limits_json(c->limit, c->n_limits, c->n_all_limits));
  json_object_set_new(out, "rules", challenge_rules_json(c->rule, 0, c->n_rules));
  json_object_set_new(out, "other_rules", challenge_rules_json(c->rule, c->n_rules, c->n_all_rules));
  json_object_set_new(out, "devices", challenge_devices_json(c));
  json_put_str(out, "ranking_by", c->ranking_by);
  json_put_int(out, "threads", c->threads);
  json_put_int(out, "workspace_max", (int64_t)c->workspace_max);
  json_put_int(out, "source_max_bytes", (int64_t)c->source_max_bytes);
  json_put_int(out, "init_ms", c->init_ms);
  json_put_num(out, "test_timeout_s", c->test_timeout_s);
  json_put_num(out, "compile_timeout_s", c->compile_timeout_s);
  json_object_set_new(out, "compile", challenge_texts_json(c->compile));
  if (c->knobs)
    json_object_set_new(out, "knobs", challenge_knobs_json(c));
  return out;
}

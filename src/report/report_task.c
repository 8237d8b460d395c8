/* Room report: the task as it was set, and the lessons, for both formats. Pure but for the document. */
#include <stdio.h>
#include <string.h>

#include "report/report_season.h"

/* ---- learnings --------------------------------------------------------------------------- */

static void learning_evidence(struct report_doc *d, const json_t *list) {
  report_doc_item_begin(d);
  report_doc_item_text(d, json_array_size(list) ? "Evidence: " : "Evidence: none on record");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    char event[32];
    if (i)
      report_doc_item_text(d, ", ");
    (void)snprintf(event, sizeof event, "event %lld", (long long)json_integer_value(one));
    if (json_is_string(one))
      report_doc_item_act(d, json_string_value(one));
    else
      report_doc_item_text(d, json_is_integer(one) ? event : "?");
  }
  report_doc_item_end(d);
}

static void one_learning(struct report_doc *d, struct report_view *v, const json_t *l) {
  char effect[REPORT_TEXT_BYTES];
  report_speedup(report_value_from(l, "effect", "interval"), effect);
  report_doc_headingf(d, 3, "%s: %s", json_str(l, "id", "?"), json_str(l, "claim", "not given"));
  const json_t *scope = json_obj(l, "scope");
  struct buffer where;
  buffer_init(&where);
  buffer_printf(&where, "Scope: device %s", json_str(scope, "device", "not given"));
  const json_t *shapes = json_arr(scope, "shapes");
  for (size_t i = 0; i < json_array_size(shapes); i++) {
    const json_t *one = json_array_get(shapes, i);
    const char *name = json_is_string(one) ? json_string_value(one) : json_str(one, "shape", "?");
    buffer_printf(&where, "%s%s", i ? ", " : "; shapes ",
                  report_shape_label(v, name, report_shape_is_scaled(v->state, name)));
  }
  buffer_printf(&where, "; against incumbent %.12s", json_str(scope, "incumbent", "not given"));
  report_doc_list_begin(d);
  report_doc_itemf(d, "Effect: %s", effect);
  report_doc_item(d, buffer_str(&where));
  buffer_fini(&where);
  learning_evidence(d, json_arr(l, "evidence"));
  if (json_str(l, "replaces", NULL))
    report_doc_itemf(d, "Replaces %s", json_str(l, "replaces", ""));
  if (strcmp(json_str(l, "state", "in_force"), "in_force"))
    report_doc_itemf(d, "State: %s", json_str(l, "state", ""));
  report_doc_list_end(d);
}

void report_season_learnings(struct report_doc *d, struct report_view *v) {
  static const struct {
    const char *direction, *title;
  } groups[] = {{"faster", "What works"},
                {"slower", "What does not"},
                {"fails", "What fails"},
                {"none", "What made no difference that could be shown"},
                {NULL, "No longer in force"}};
  if (!v->state->n_learnings) {
    report_doc_prose(d, "No lesson yet: a lesson needs a measurement.");
    return;
  }
  for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
    int any = 0;
    for (size_t i = 0; i < v->state->n_learnings; i++) {
      const json_t *l = v->state->learning[i];
      const int in_force = !strcmp(json_str(l, "state", "in_force"), "in_force");
      const char *direction = json_str(l, "direction", "");
      if (groups[g].direction ? !in_force || strcmp(direction, groups[g].direction) : in_force)
        continue;
      if (!any++)
        report_doc_heading(d, 2, groups[g].title);
      one_learning(d, v, l);
    }
  }
}

/* ---- task --------------------------------------------------------------------------------- */

static void join(const json_t *list, struct buffer *out, const char *between) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    if (i)
      buffer_text(out, between);
    if (json_is_string(one))
      buffer_text(out, json_string_value(one));
    else if (json_is_integer(one))
      buffer_printf(out, "%lld", (long long)json_integer_value(one));
    else if (json_is_number(one))
      buffer_printf(out, "%g", json_number_value(one));
    else
      buffer_printf(out, "%s %s", json_str(one, "name", "?"), json_str(one, "type", ""));
  }
}

static void task_shapes(struct report_doc *d, struct report_view *v, const char *title, const json_t *list) {
  if (!json_array_size(list))
    return;
  static const char *const columns[] = {"Shape", "Sizes", "Stands for", NULL};
  report_doc_heading(d, 2, title);
  report_doc_table_begin(d, columns);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    report_doc_row_begin(d);
    report_doc_cell(d, report_shape_label(v, json_str(one, "shape", json_str(one, "name", "?")),
                                          json_bool(one, "scaled", 0)));
    report_doc_cell(d, json_str(one, "text", ""));
    report_doc_cell(d, json_str(one, "stands_for", ""));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

static void task_limits(struct report_doc *d, const json_t *task) {
  const json_t *limits = json_arr(task, "limits"), *rules = json_arr(task, "rules");
  report_doc_heading(d, 2, "Limits and rules");
  if (!json_array_size(limits) && !json_array_size(rules))
    report_doc_prose(d, "None declared.");
  report_doc_list_begin(d);
  for (size_t i = 0; i < json_array_size(limits); i++) {
    const json_t *one = json_array_get(limits, i);
    double min, max;
    char range[96] = "";
    if (json_has_num(one, "min", &min))
      (void)snprintf(range, sizeof range, " at least %g", min);
    const size_t used = strlen(range);
    if (json_has_num(one, "max", &max))
      (void)snprintf(range + used, sizeof range - used, " at most %g", max);
    report_doc_itemf(d, "%s%s: %s", json_str(one, "claim", "?"), range,
                     json_str(one, "why", "no reason given"));
  }
  for (size_t i = 0; i < json_array_size(rules); i++) {
    const json_t *one = json_array_get(rules, i);
    report_doc_itemf(d, "the word \"%s\" is refused: %s", json_str(one, "forbid_word", "?"),
                     json_str(one, "why", "no reason given"));
  }
  report_doc_list_end(d);
}

static void task_machine(struct report_doc *d, struct report_view *v) {
  const json_t *machine = json_obj(v->state->started, "machine");
  const json_t *facts = json_obj(machine, "facts"), *peaks = json_obj(machine, "peaks");
  report_doc_heading(d, 2, "Machine");
  report_doc_field(d, "Processor", json_str(facts, "cpu", NULL));
  double cores;
  if (json_has_num(facts, "cores", &cores))
    report_doc_prosef(d, "Cores this may use: %.0f.", cores);
  static const char *const columns[] = {"Measured peak", ">Value", NULL};
  report_doc_table_begin(d, columns);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)peaks, key, value) {
    report_doc_row_begin(d);
    report_doc_cell(d, key);
    report_doc_cell_number(d, json_is_number(value) ? report_value_number(json_number_value(value))
                                                    : report_value_missing());
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
  static const char *const lights[] = {"Shape", ">Machine's limit", "Why", NULL};
  report_doc_heading(d, 2, "Machine's limit per shape");
  report_doc_table_begin(d, lights);
  const json_t *list = json_arr(v->state->started, "rooflines");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    const char *name = json_str(one, "shape", "?");
    report_doc_row_begin(d);
    report_doc_cell(d, report_shape_label(v, name, report_shape_is_scaled(v->state, name)));
    report_doc_cell_time(d, report_value_from(one, "seconds", NULL));
    report_doc_cell(d, json_str(one, "text", ""));
    report_doc_row_end(d);
  }
  report_doc_table_end(d);
}

void report_season_task(struct report_doc *d, struct report_view *v) {
  const json_t *task = json_obj(v->state->started, "task"),
               *challenge = json_obj(v->state->started, "challenge");
  report_doc_headingf(d, 1, "Task: %s", v->title);
  report_doc_field(d, "Challenge", v->challenge);
  report_doc_field(d, "Hash", json_str(challenge, "task_hash", NULL));
  if (json_str(task, "source", NULL))
    report_doc_field(d, "Source", json_str(task, "source", NULL));
  if (json_str(task, "licence", NULL))
    report_doc_field(d, "Licence", json_str(task, "licence", NULL));
  report_doc_prose(d, json_str(task, "description", NULL));
  static const struct {
    const char *key, *title, *between;
  } lists[] = {{"sizes", "Sizes", ", "},
               {"inputs", "Inputs", ", "},
               {"outputs", "Outputs", ", "},
               {"compile", "Compiled by", " "}};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    struct buffer b;
    buffer_init(&b);
    join(json_arr(task, lists[i].key), &b, lists[i].between);
    report_doc_field(d, lists[i].title, buffer_str(&b));
    buffer_fini(&b);
  }
  task_shapes(d, v, "Timed shapes", json_arr(task, "benchmarks"));
  task_shapes(d, v, "Test shapes", json_arr(task, "tests"));
  task_limits(d, task);
  task_machine(d, v);
}

/* Room: agent. May use base. The part of a context that is never left out: the task with its hash, limits and
 * rules, knobs, the incumbent with its times and source. Only the machine's facts and the compiler's report
 * may go. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_context.h"

static void put_list(const json_t *list, const char *label, struct buffer *b) {
  const json_t *one;
  size_t i;
  if (json_array_size(list) == 0)
    return;
  buffer_printf(b, "- %s: ", label);
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    buffer_text(b, i ? ", " : "");
    if (json_is_object(one))
      buffer_printf(b, "%s (%s)", json_str(one, "name", "?"), json_str(one, "type", "?"));
    else
      agent_text_value(one, b);
  }
  buffer_text(b, "\n");
}

static void put_shapes(const json_t *list, struct buffer *b) {
  const json_t *one;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)list, i, one) {
    const char *stands = json_str(one, "stands_for", "");
    buffer_printf(b, "- %s: %s%s%s\n", json_str(one, "shape", "?"), json_str(one, "text", ""),
                  *stands ? "; stands for " : "", stands);
  }
}

/* Numbers of the task that have names of their own. */
static void put_figures(const json_t *task, struct buffer *b) {
  static const char *const key[] = {"threads",        "workspace_max",     "source_max_bytes", "init_ms",
                                    "test_timeout_s", "compile_timeout_s", "ranking_by",       "device"};
  for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
    const json_t *v = json_object_get(task, key[i]);
    if (!v || json_is_null(v))
      continue;
    buffer_printf(b, "- %s: ", key[i]);
    agent_text_value(v, b);
    buffer_text(b, "\n");
  }
}

static void task_section(struct agent_outline *o) {
  const json_t *task = o->task;
  struct buffer b;
  buffer_init(&b);
  buffer_printf(&b, "# Round %lld, kind %s\n\n## The task: %s\n", (long long)json_int(o->request, "round", 0),
                json_str(o->request, "round_kind", "?"),
                json_str(task, "title", json_str(task, "name", "?")));
  buffer_printf(&b, "Task hash: %s\n\n", json_str(o->context, "task_hash", "?"));
  if (*json_str(task, "description", ""))
    buffer_printf(&b, "%s\n\n", json_str(task, "description", ""));
  put_list(json_arr(task, "sizes"), "sizes", &b);
  put_list(json_arr(task, "inputs"), "inputs", &b);
  put_list(json_arr(task, "outputs"), "outputs", &b);
  put_list(json_arr(task, "legal"), "legal shapes", &b);
  put_figures(task, &b);
  const json_t *compile = json_arr(task, "compile"), *word;
  size_t i;
  if (json_array_size(compile))
    buffer_text(&b, "- compiled with:");
  json_array_foreach((json_t *)(uintptr_t)compile, i, word) {
    buffer_printf(&b, " %s", json_string_value(word) ? json_string_value(word) : "?");
  }
  buffer_text(&b, json_array_size(compile) ? "\n\nBenchmark shapes:\n" : "\nBenchmark shapes:\n");
  put_shapes(json_arr(task, "benchmarks"), &b);
  agent_outline_section(o, "task", NULL, &b);
}

static int other_device(const json_t *task, const json_t *object) {
  const char *here = json_str(task, "device", "cpu");
  return strcmp(json_str(object, "device", here), here) != 0;
}

static void put_limit(const json_t *limit, struct buffer *b) {
  double x;
  buffer_printf(b, "- %s:", json_str(limit, "claim", "?"));
  if (json_has_num(limit, "min", &x))
    buffer_printf(b, " at least %.6g", x);
  if (json_has_num(limit, "max", &x))
    buffer_printf(b, " at most %.10g", x);
  if (json_has_num(limit, "multiple", &x))
    buffer_printf(b, " a multiple of %.10g", x);
  if (json_array_size(json_arr(limit, "one_of"))) {
    buffer_text(b, " one of ");
    agent_text_value(json_object_get(limit, "one_of"), b);
  }
  buffer_printf(b, " (%s)\n", json_str(limit, "why", "a limit of the task"));
}

static void limits_section(struct agent_outline *o) {
  const json_t *one, *rules = json_obj(o->context, "rules");
  struct buffer b;
  size_t i, n;
  buffer_init(&b);
  buffer_text(&b, "## Limits and rules\nEvery limit needs a claim in a pitch:\n");
  json_array_foreach((json_t *)(uintptr_t)json_arr(o->task, "limits"), i, one) {
    if (!other_device(o->task, one))
      put_limit(one, &b);
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(o->task, "rules"), i, one) {
    if (!other_device(o->task, one))
      buffer_printf(&b, "- forbidden in a source: `%s` (%s)\n", json_str(one, "forbid_word", "?"),
                    json_str(one, "why", "a rule of the task"));
  }
  const char **key = agent_text_keys(rules, &n);
  if (n)
    buffer_text(&b, "\nThe season's rules:");
  for (i = 0; key && i < n; i++) {
    buffer_printf(&b, "%s %s ", i ? "," : "", key[i]);
    agent_text_value(json_object_get(rules, key[i]), &b);
  }
  buffer_text(&b, n ? "\n" : "");
  free(key);
  agent_outline_section(o, "limits", NULL, &b);
}

static void knobs_section(struct agent_outline *o) {
  const json_t *space = json_obj(o->task, "knobs"), *one;
  struct buffer b;
  size_t i;
  if (json_array_size(json_arr(space, "knobs")) == 0)
    return;
  buffer_init(&b);
  buffer_text(&b, "## Knobs of the challenge's family\nA setting has a value for each:\n");
  json_array_foreach((json_t *)(uintptr_t)json_arr(space, "knobs"), i, one) {
    buffer_printf(&b, "- %s: ", json_str(one, "name", "?"));
    agent_text_value(json_object_get(one, "values"), &b);
    buffer_printf(&b, " (%s)\n", json_str(one, "text", ""));
  }
  buffer_text(&b, "\nConstraints:\n");
  json_array_foreach((json_t *)(uintptr_t)json_arr(space, "constraints"), i, one) {
    buffer_printf(&b, "- `%s` (%s)\n", json_str(one, "need", "?"), json_str(one, "why", ""));
  }
  buffer_text(&b, "\nEstimates, in terms of knobs, sizes and facts of the machine:\n");
  json_array_foreach((json_t *)(uintptr_t)json_arr(space, "estimates"), i, one) {
    buffer_printf(&b, "- %s = `%s` (%s)", json_str(one, "name", "?"), json_str(one, "expr", "?"),
                  json_str(one, "text", ""));
    if (json_object_get(one, "max")) {
      buffer_text(&b, ", at most ");
      agent_text_value(json_object_get(one, "max"), &b);
    }
    buffer_text(&b, "\n");
  }
  buffer_text(&b, "\nThe family's start: ");
  agent_text_setting(json_object_get(space, "start"), &b);
  buffer_text(&b, "\n");
  agent_outline_section(o, "knobs", NULL, &b);
}

static void machine_section(struct agent_outline *o) {
  static const char *const part[] = {"facts", "peaks"};
  struct buffer b;
  buffer_init(&b);
  buffer_text(&b, "## The machine\n");
  agent_outline_section(o, "facts and peaks of the machine", "Nothing is known.", &b);
  for (size_t p = 0; p < 2; p++) {
    const json_t *facts = json_obj(json_obj(o->context, "machine"), part[p]);
    size_t n;
    const char **key = agent_text_keys(facts, &n);
    for (size_t i = 0; key && i < n; i++) {
      buffer_printf(&b, "- %s%s: ", p ? "peak " : "", key[i]);
      agent_text_value(json_object_get(facts, key[i]), &b);
      buffer_text(&b, "\n");
      agent_outline_item(o, AGENT_DROP_MACHINE, -(double)i, &b);
    }
    free(key);
  }
}

/* Times as measured, the interval, and how many times the machine's limit they are. */
static void put_times(const json_t *shapes, struct buffer *b) {
  const json_t *s;
  size_t i;
  buffer_text(b, "| shape | seconds | low | high | limit of the machine, s | times the limit |\n"
                 "|---|---|---|---|---|---|\n");
  json_array_foreach((json_t *)(uintptr_t)shapes, i, s) {
    double seconds = json_num(s, "seconds", NAN), limit = json_num(s, "roofline_seconds", NAN);
    buffer_printf(b, "| %s | ", json_str(s, "shape", "?"));
    agent_text_number(s, "seconds", b);
    buffer_text(b, " | ");
    agent_text_number(s, "low", b);
    buffer_text(b, " | ");
    agent_text_number(s, "high", b);
    buffer_text(b, " | ");
    agent_text_number(s, "roofline_seconds", b);
    if (seconds > 0 && limit > 0)
      buffer_printf(b, " | %.3g |\n", seconds / limit);
    else
      buffer_text(b, " | ? |\n");
  }
}

/* A text, or {command, compiler, seconds, binary_bytes, warnings, output, output_left_out_bytes}, each
 * optional. */
static void report_item(struct agent_outline *o, const json_t *report) {
  static const char *const word[] = {"command", "compiler"}, *const say[] = {"Command", "Compiler"};
  const char *output = json_is_string(report) ? json_string_value(report) : json_str(report, "output", "");
  double seconds, bytes, warnings;
  struct buffer b;
  if (*output == 0 && !json_is_object(report))
    return;
  buffer_init(&b);
  buffer_text(&b, "## The compiler's report on the incumbent\n\n");
  agent_outline_section(o, "compiler's reports", NULL, &b);
  for (size_t i = 0; i < 2; i++)
    if (*json_str(report, word[i], ""))
      buffer_printf(&b, "%s: `%s`\n", say[i], json_str(report, word[i], ""));
  if (json_has_num(report, "seconds", &seconds))
    buffer_printf(&b, "It took %.3g s. ", seconds);
  if (json_has_num(report, "binary_bytes", &bytes))
    buffer_printf(&b, "The object has %.0f bytes. ", bytes);
  if (*output) {
    if (json_has_num(report, "warnings", &warnings))
      buffer_printf(&b, "Warnings: %.0f. ", warnings);
    buffer_text(&b, "It wrote:\n\n");
    agent_text_fence("text", output, 16000, &b);
  } else
    buffer_text(&b, "It wrote nothing: no warnings.\n");
  if (json_int(report, "output_left_out_bytes", 0) > 0)
    buffer_printf(&b, "(%lld more bytes of it are left out.)\n",
                  (long long)json_int(report, "output_left_out_bytes", 0));
  agent_outline_item(o, AGENT_DROP_REPORT, 0, &b);
}

static void incumbent_section(struct agent_outline *o) {
  const json_t *incumbent = json_obj(o->context, "incumbent");
  struct buffer b;
  buffer_init(&b);
  buffer_printf(&b, "## The incumbent\nBlob %.12s, ", json_str(incumbent, "blob", "?"));
  agent_text_number(incumbent, "relative_time", &b);
  buffer_text(&b, " of the first incumbent's time (geometric mean). ");
  if (json_is_object(json_object_get(incumbent, "setting"))) {
    buffer_text(&b, "Its setting: ");
    agent_text_setting(json_object_get(incumbent, "setting"), &b);
    buffer_text(&b, ".\n\n");
  } else
    buffer_text(&b, "It is no member of the family.\n\n");
  put_times(json_arr(incumbent, "shapes"), &b);
  buffer_text(&b, "\nIts source:\n\n");
  agent_text_fence("c", json_str(incumbent, "source", ""), 0, &b);
  agent_outline_section(o, "incumbent", NULL, &b);
  report_item(o, json_object_get(incumbent, "compile"));
}

void agent_context_task(struct agent_outline *o) {
  task_section(o);
  limits_section(o);
  knobs_section(o);
  machine_section(o);
  incumbent_section(o);
}

/* Room: agent. May use base. The system text and the question: see agent_prompt.h. */
#include "agent/agent_prompt.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent_schema.h"
#include "agent/agent_template.h"
#include "agent/agent_text.h"

enum { CUT_MOST = 1 << 20, CUT_LEAST = 200, VARIABLES_MAX = 24 };

/* What the templates can name. */
struct values {
  struct buffer round, of_rounds, weights, record, gated, count, pitches, pitch, attempt, failure, base;
};

static void values_init(struct values *v) {
  struct buffer *all[] = {&v->round,   &v->of_rounds, &v->weights, &v->record,  &v->gated, &v->count,
                          &v->pitches, &v->pitch,     &v->attempt, &v->failure, &v->base};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    buffer_init(all[i]);
}

static void values_fini(struct values *v) {
  struct buffer *all[] = {&v->round,   &v->of_rounds, &v->weights, &v->record,  &v->gated, &v->count,
                          &v->pitches, &v->pitch,     &v->attempt, &v->failure, &v->base};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    buffer_fini(all[i]);
}

static const char *round_rule(const char *kind) {
  if (strcmp(kind, "research") == 0)
    return "Only research pitches are taken: questions that a measurement can settle, worth what they would teach. One "
           "with a setting is built and clocked, never raced.";
  if (strcmp(kind, "wild_card") == 0)
    return "Changes that were tried before are gated: this round is for what nobody has tried.";
  if (strcmp(kind, "minimal_fix") == 0)
    return "The incumbent measures as wrong: only minimal fixes are taken until it passes.";
  return "Pitches are to make the kernel faster.";
}

/* ------------------------------------------------------------------ what a question shows */

/* Of a pitch only the parts that the protocol names: an author's signature elsewhere is not shown. */
static void put_pitch(const struct agent_names *names, const json_t *pitch, size_t cut, struct buffer *out) {
  static const char *const text[] = {"problem",  "solution",   "impact",  "evidence",
                                     "rollback", "refuted_by", "analysis"};
  static const char *const data[] = {"claims", "forecast"};
  struct buffer blind;
  buffer_init(&blind);
  buffer_printf(&blind, "title: ");
  agent_text_cell(names, json_str(pitch, "title", ""), &blind);
  buffer_printf(&blind, "\nkind: ");
  agent_text_cell(names, json_str(pitch, "kind", ""), &blind);
  buffer_printf(&blind, "\ncomplexity: ");
  agent_text_cell(names, json_str(pitch, "complexity", ""), &blind);
  if (json_is_object(json_object_get(pitch, "setting"))) {
    buffer_text(&blind, "\nsetting: ");
    agent_text_setting(json_object_get(pitch, "setting"), &blind);
  }
  buffer_text(&blind, "\n");
  agent_text_fence("text", buffer_str(&blind), cut * 4, out);
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
    const char *s = json_str(pitch, text[i], "");
    if (!*s)
      continue;
    buffer_clear(&blind);
    agent_text_blind(names, s, &blind);
    buffer_printf(out, "%s:\n", text[i]);
    agent_text_fence("text", buffer_str(&blind), cut, out);
  }
  const json_t *risk;
  size_t i;
  buffer_clear(&blind);
  json_array_foreach((json_t *)(uintptr_t)json_arr(pitch, "risks"), i, risk) {
    agent_text_blind(names, json_str(risk, "risk", ""), &blind);
    buffer_text(&blind, " | mitigation: ");
    agent_text_blind(names, json_str(risk, "mitigation", ""), &blind);
    buffer_text(&blind, "\n");
  }
  if (blind.bytes) {
    buffer_text(out, "risks:\n");
    agent_text_fence("text", buffer_str(&blind), cut, out);
  }
  for (i = 0; i < 2; i++) {
    char *json = json_is_object(json_object_get(pitch, data[i]))
                     ? json_canonical(json_object_get(pitch, data[i]))
                     : NULL;
    buffer_clear(&blind);
    if (json)
      agent_text_blind(names, json, &blind);
    if (json) {
      buffer_printf(out, "%s:\n", data[i]);
      agent_text_fence("json", buffer_str(&blind), cut, out);
    }
    free(json);
  }
  buffer_fini(&blind);
}

static void put_record(const json_t *request, struct buffer *out) {
  const char *name = json_str(request, "name", "");
  const json_t *context = json_obj(request, "context"), *h;
  const json_t *record = json_object_get(json_obj(context, "records"), name);
  size_t i, own = 0;
  if (json_is_object(record) && json_int(record, "forecasts", 0) > 0) {
    char *text = json_canonical(record);
    buffer_printf(out, "Your own record so far: %s.\n", text ? text : "?");
    free(text);
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(context, "history"), i, h) {
    if (*name && strcmp(json_str(h, "who", ""), name) == 0)
      buffer_printf(out, "%s%s",
                    own++ ? ", " : "Of the history these are yours: ", json_str(h, "pitch", "?"));
  }
  buffer_text(out, own ? ".\n" : "");
  if (out->bytes)
    buffer_text(out, "\n");
}

static void put_gated(const json_t *request, const struct agent_names *names, size_t cut,
                      struct buffer *out) {
  const json_t *one, *reason;
  size_t i, k;
  json_array_foreach((json_t *)(uintptr_t)json_arr(request, "gated"), i, one) {
    buffer_text(out, i ? "\n" : "The gates stopped every pitch of this round. Yours was:\n\n");
    put_pitch(names, json_obj(one, "pitch"), cut, out);
    buffer_text(out, "It was stopped because:\n");
    json_array_foreach((json_t *)(uintptr_t)json_arr(one, "reasons"), k, reason) {
      buffer_printf(out, "- %s: ", json_str(reason, "gate", "?"));
      agent_text_cell(names,
                      json_is_string(reason) ? json_string_value(reason) : json_str(reason, "text", ""), out);
      buffer_text(out, "\n");
    }
  }
  if (out->bytes)
    buffer_text(out, "\nRepair it, or pitch something else.\n\n");
}

static void put_ballot(const json_t *request, const struct agent_names *names, size_t cut,
                       struct buffer *out) {
  const json_t *one;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)json_arr(request, "pitches"), i, one) {
    buffer_printf(out, "### Pitch %s\n\n", json_str(one, "id", "?"));
    put_pitch(names, json_obj(one, "pitch"), cut, out);
    buffer_text(out, "\n");
  }
}

/* What the compiler or the checker said, as it said it; then the rest of the verdict. */
static void put_failure(const json_t *request, size_t cut, struct buffer *out) {
  const json_t *failure = json_object_get(request, "failure");
  if (!json_is_object(failure))
    return;
  json_t *rest = json_deep_copy(failure);
  const char *output = json_str(json_obj(failure, "compile"), "output", json_str(failure, "output", ""));
  buffer_printf(out, "The attempt before failed: %s", json_str(failure, "verdict", "?"));
  if (*json_str(failure, "where", ""))
    buffer_printf(out, ", %s", json_str(failure, "where", ""));
  buffer_text(out, ".\n\n");
  if (*output) {
    buffer_text(out, "The compiler wrote:\n\n");
    agent_text_fence("text", output, cut, out);
  }
  json_object_del(rest, "source");
  json_object_del(rest, "output");
  if (json_is_object(json_object_get(rest, "compile")))
    json_object_del(json_object_get(rest, "compile"), "output");
  char *text = rest ? json_dumps(rest, JSON_SORT_KEYS | JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
  buffer_text(out, "The whole verdict:\n\n");
  agent_text_fence("json", text ? text : "?", cut, out);
  buffer_text(out, "\n");
  free(text);
  json_decref(rest);
}

static void put_base(const json_t *request, struct buffer *out) {
  const char *source = json_str(json_obj(request, "failure"), "source", NULL);
  if (!source) {
    buffer_text(out, "Edits apply to the incumbent's source, shown above.\n\n");
    return;
  }
  buffer_text(out, "Edits apply to the source of the attempt before:\n\n");
  agent_text_fence("c", source, 0, out);
  buffer_text(out, "\n");
}

static void put_common(const json_t *request, struct values *v) {
  const json_t *rules = json_obj(json_obj(request, "context"), "rules"),
               *weights = json_obj(rules, "weights");
  int64_t rounds = json_int(rules, "rounds", 0);
  buffer_printf(&v->round, "%lld", (long long)json_int(request, "round", 0));
  if (rounds > 0)
    buffer_printf(&v->of_rounds, " of at most %lld", (long long)rounds);
  if (json_object_size(weights))
    agent_text_setting(weights, &v->weights);
  else
    buffer_text(&v->weights, "as the season's rules say");
  buffer_printf(&v->count, "%zu", json_array_size(json_arr(request, "pitches")));
  if (json_int(request, "attempt", 0) > 0)
    buffer_printf(&v->attempt, " (attempt %lld)", (long long)json_int(request, "attempt", 0) + 1);
  put_record(request, &v->record);
}

static void put_question(const json_t *request, size_t cut, struct values *v) {
  struct agent_names names;
  agent_names_read(request, &names);
  put_gated(request, &names, cut, &v->gated);
  put_ballot(request, &names, cut, &v->pitches);
  if (json_is_object(json_object_get(request, "pitch")))
    put_pitch(&names, json_object_get(request, "pitch"), cut, &v->pitch);
  buffer_text(&v->pitch, v->pitch.bytes ? "\n" : "");
  put_failure(request, cut, &v->failure);
  put_base(request, &v->base);
}

/* ------------------------------------------------------------------ putting it together */

static size_t variables(const json_t *request, const struct values *v, const char *rules,
                        struct agent_variable out[VARIABLES_MAX]) {
  const struct agent_variable all[] = {
      {"name", json_str(request, "name", "")},
      {"role", json_str(request, "role", "")},
      {"persona", json_str(request, "persona", "")},
      {"rules", rules},
      {"round", buffer_str(&v->round)},
      {"of_rounds", buffer_str(&v->of_rounds)},
      {"round_kind", json_str(request, "round_kind", "")},
      {"round_rule", round_rule(json_str(request, "round_kind", ""))},
      {"weights", buffer_str(&v->weights)},
      {"record", buffer_str(&v->record)},
      {"gated", buffer_str(&v->gated)},
      {"count", buffer_str(&v->count)},
      {"pitches", buffer_str(&v->pitches)},
      {"pitch", buffer_str(&v->pitch)},
      {"attempt", buffer_str(&v->attempt)},
      {"failure", buffer_str(&v->failure)},
      {"base", buffer_str(&v->base)},
  };
  size_t n = sizeof all / sizeof *all;
  memcpy(out, all, sizeof all);
  return n;
}

/* System text and question with long texts cut to `cut` bytes. */
static enum status fill(const json_t *request, const struct agent_template *system,
                        const struct agent_template *own, size_t cut, struct agent_prompt_text *p,
                        struct error *e) {
  struct values v;
  struct buffer rules;
  struct agent_variable list[VARIABLES_MAX];
  values_init(&v);
  buffer_init(&rules);
  buffer_clear(&p->system);
  buffer_clear(&p->ask);
  put_common(request, &v);
  put_question(request, cut, &v);
  size_t n = variables(request, &v, "", list);
  enum status st = agent_template_rules(own, list, n, &rules, e);
  if (st == ST_OK)
    st = agent_template_question(own, list, n, &p->ask, e);
  n = variables(request, &v, buffer_str(&rules), list);
  if (st == ST_OK)
    st = agent_template_question(system, list, n, &p->system, e);
  if (st == ST_OK && (buffer_failed(&p->ask) || buffer_failed(&p->system) || buffer_failed(&rules)))
    st = error_set(e, ST_MEMORY, "out of memory for a prompt");
  buffer_fini(&rules);
  values_fini(&v);
  return st;
}

/* Halves the longest texts until the question fits what the context left over. */
static enum status fill_within(const json_t *request, const char *dir, int64_t budget,
                               struct agent_prompt_text *p, struct error *e) {
  struct agent_template system, own;
  enum status st = agent_template_read(dir, "system", &system, e);
  enum status st2 = agent_template_read(dir, p->name, &own, st == ST_OK ? e : NULL);
  st = st == ST_OK ? st2 : st;
  size_t most = (size_t)budget * 4, cut = CUT_MOST;
  for (; st == ST_OK; cut /= 2) {
    st = fill(request, &system, &own, cut, p, e);
    size_t total = p->system.bytes + p->context.bytes + p->ask.bytes;
    if (st != ST_OK || total <= most)
      break;
    if (cut < CUT_LEAST)
      st = error_set(
          e, ST_RANGE,
          "the prompt is about %zu tokens (bytes / 4) with every long text cut, and %lld are allowed; "
          "allow more tokens for a prompt",
          (total + 3) / 4, (long long)budget);
  }
  agent_template_fini(&system);
  agent_template_fini(&own);
  return st;
}

enum status agent_prompt_make(const json_t *request, const struct agent_prompt_options *options,
                              struct agent_prompt_text *out, struct error *e) {
  const struct agent_prompt_options none = {NULL, 0}, *o = options ? options : &none;
  const char *ask = json_str(request, "ask", "");
  memset(out, 0, sizeof *out);
  buffer_init(&out->system);
  buffer_init(&out->context);
  buffer_init(&out->ask);
  int64_t budget = o->tokens > 0 ? o->tokens : AGENT_PROMPT_TOKENS;
  if (budget > 1 << 28)
    budget = 1 << 28;
  enum status st = agent_schema_make(request, &out->schema, e); /* says if the ask is unknown */
  if (st != ST_OK)
    return st;
  memcpy(out->name, ask, strlen(ask) < sizeof out->name ? strlen(ask) : sizeof out->name - 1);
  st = agent_prompt_context(request, budget / 4 * 3, &out->context, e);
  if (st == ST_OK)
    st = fill_within(request, o->templates_dir, budget, out, e);
  out->tokens = (int64_t)((out->system.bytes + out->context.bytes + out->ask.bytes + 3) / 4);
  return st;
}

void agent_prompt_fini(struct agent_prompt_text *p) {
  buffer_fini(&p->system);
  buffer_fini(&p->context);
  buffer_fini(&p->ask);
  json_decref(p->schema);
  p->schema = NULL;
}

struct agent_prompt agent_prompt_of(const struct agent_prompt_text *p) {
  return (struct agent_prompt){.system = buffer_str(&p->system),
                               .context = buffer_str(&p->context),
                               .ask = buffer_str(&p->ask),
                               .name = p->name,
                               .schema = p->schema};
}

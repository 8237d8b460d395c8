/* Room: agent. May use base. Builds the schemas of agent_schema.h and takes answers back to the protocol's
 * form. Both walk the same lists of the request with the same rule for names, so they cannot disagree. */
#include "agent/agent_schema.h"

#include <stdio.h>
#include <string.h>

#include "agent/agent_edits.h"

enum { NAME_MAX_BYTES = 64 };

int agent_schema_name_fits(const char *name) {
  size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
  return n > 0 && n <= NAME_MAX_BYTES && name[n] == 0 && strncmp(name, "item_", 5) != 0;
}

/* What the i-th name of a list is called in a schema. */
static const char *key_of(const char *name, size_t i, char out[32]) {
  if (agent_schema_name_fits(name))
    return name;
  snprintf(out, 32, "item_%zu", i);
  return out;
}

/* ------------------------------------------------------------------ pieces */

static json_t *typed(const char *type, const char *description) {
  json_t *s = json_object();
  json_put_str(s, "type", type);
  if (description)
    json_put_str(s, "description", description);
  return s;
}

static json_t *object(const char *description) {
  json_t *s = typed("object", description);
  json_object_set_new(s, "properties", json_object());
  json_object_set_new(s, "required", json_array());
  json_put_bool(s, "additionalProperties", 0);
  return s;
}

/* Takes `schema`. A name that is already there stays what it was. */
static void add(json_t *to, const char *name, json_t *schema) {
  json_t *properties = json_object_get(to, "properties");
  if (json_object_get(properties, name)) {
    json_decref(schema);
    return;
  }
  json_object_set_new(properties, name, schema);
  json_array_append_new(json_object_get(to, "required"), json_string(name));
}

static void add_text(json_t *to, const char *name, const char *description) {
  add(to, name, typed("string", description));
}

static void add_number(json_t *to, const char *name, const char *description) {
  add(to, name, typed("number", description));
}

/* Takes `schema`: that, or null. */
static json_t *nullable(json_t *schema, const char *description) {
  json_t *s = json_object(), *either = json_array();
  json_array_append_new(either, schema);
  json_array_append_new(either, typed("null", NULL));
  json_object_set_new(s, "anyOf", either);
  if (description)
    json_put_str(s, "description", description);
  return s;
}

static json_t *nullable_type(const char *type, const char *description) {
  json_t *s = json_object(), *types = json_array();
  json_array_append_new(types, json_string(type));
  json_array_append_new(types, json_string("null"));
  json_object_set_new(s, "type", types);
  if (description)
    json_put_str(s, "description", description);
  return s;
}

static json_t *words(const char *const *word, const char *description) {
  json_t *s = typed("string", description), *list = json_array();
  for (; *word; word++)
    json_array_append_new(list, json_string(*word));
  json_object_set_new(s, "enum", list);
  return s;
}

static json_t *list_of(json_t *items, const char *description) {
  json_t *s = typed("array", description);
  json_object_set_new(s, "items", items);
  return s;
}

/* One of these values: words, numbers, or a mixture, which needs a branch for each type. */
static json_t *one_of(const json_t *values, const char *description) {
  json_t *text = json_array(), *number = json_array(), *v;
  int whole = 1;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)values, i, v) {
    if (json_is_number(v))
      whole &= json_is_integer(v) != 0;
    if (json_is_number(v) || json_is_string(v))
      json_array_append(json_is_string(v) ? text : number, v);
  }
  json_t *a = json_array_size(text) ? typed("string", description) : NULL;
  json_t *b = json_array_size(number) ? typed(whole ? "integer" : "number", description) : NULL;
  if (a)
    json_object_set(a, "enum", text);
  if (b)
    json_object_set(b, "enum", number);
  json_decref(text);
  json_decref(number);
  if (!a || !b)
    return a ? a : b ? b : typed("string", description);
  json_t *s = json_object(), *either = json_array();
  json_array_append_new(either, a);
  json_array_append_new(either, b);
  json_object_set_new(s, "anyOf", either);
  return s;
}

static json_t *forecast(void) {
  json_t *f = object("probabilities of the event itself: faster implies correct, correct implies compiles");
  json_t *speedup = object("the incumbent's time over the new time, given that the entry is correct");
  add_number(f, "p_compiles", "0 to 1");
  add_number(f, "p_correct", "0 to 1, at most p_compiles");
  add_number(f, "p_faster", "0 to 1, at most p_correct");
  add_number(speedup, "q10", "1 chance in 10 that it is below this");
  add_number(speedup, "q50", "the median");
  add_number(speedup, "q90", "1 chance in 10 that it is above this");
  add(f, "speedup", speedup);
  return f;
}

/* ------------------------------------------------------------------ lists of the request */

static const json_t *task_of(const json_t *request) {
  return json_obj(json_obj(request, "context"), "task");
}

static const json_t *knobs_of(const json_t *request) {
  return json_arr(json_obj(task_of(request), "knobs"), "knobs");
}

static json_t *setting(const json_t *request) {
  json_t *s = object("a value for every knob");
  const json_t *knobs = knobs_of(request), *knob;
  size_t i;
  char key[32];
  json_array_foreach((json_t *)(uintptr_t)knobs, i, knob) {
    const char *name = json_str(knob, "name", "");
    char text[300];
    snprintf(text, sizeof text, "%.60s%s%.200s", name == key_of(name, i, key) ? "" : name,
             name == key_of(name, i, key) ? "" : ": ", json_str(knob, "text", ""));
    add(s, key_of(name, i, key), one_of(json_arr(knob, "values"), text));
  }
  return s;
}

/* Limits are claimed only for the device in play. */
static int other_device(const json_t *task, const json_t *limit) {
  const char *here = json_str(task, "device", "cpu");
  return strcmp(json_str(limit, "device", here), here) != 0;
}

static json_t *claim(const json_t *limit) {
  double x;
  struct buffer text;
  buffer_init(&text);
  buffer_printf(&text, "%.60s", json_str(limit, "claim", ""));
  if (json_has_num(limit, "min", &x))
    buffer_printf(&text, ", at least %g", x);
  if (json_has_num(limit, "max", &x))
    buffer_printf(&text, ", at most %g", x);
  if (json_has_num(limit, "multiple", &x))
    buffer_printf(&text, ", a multiple of %g", x);
  if (*json_str(limit, "why", ""))
    buffer_printf(&text, " (%.200s)", json_str(limit, "why", ""));
  json_t *s;
  if (json_array_size(json_arr(limit, "one_of")))
    s = one_of(json_arr(limit, "one_of"), buffer_str(&text));
  else
    s = typed("number", buffer_str(&text));
  buffer_fini(&text);
  return s;
}

static json_t *claims(const json_t *request) {
  json_t *s = object("what the entry will need; the gates compare it with the task's limits");
  json_t *predicted = object("seconds of the entry on each benchmark shape; null: no prediction");
  const json_t *task = task_of(request), *one;
  size_t i;
  char key[32];
  json_array_foreach((json_t *)(uintptr_t)json_arr(task, "limits"), i, one) {
    const char *name = json_str(one, "claim", "");
    if (!other_device(task, one) && *name && strcmp(name, "predicted") != 0)
      add(s, key_of(name, i, key), claim(one));
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(task, "benchmarks"), i, one) {
    char text[200];
    snprintf(text, sizeof text, "seconds on %.60s (%.100s)", json_str(one, "shape", ""),
             json_str(one, "text", ""));
    add(predicted, key_of(json_str(one, "shape", ""), i, key), nullable_type("number", text));
  }
  add(s, "predicted", predicted);
  return s;
}

/* ------------------------------------------------------------------ the three answers */

static json_t *pitch(const json_t *request) {
  static const char *const kinds[] = {"optimisation", "research", "wild_card", "minimal_fix", NULL};
  static const char *const sizes[] = {"low", "medium", "high", NULL};
  json_t *p = object(NULL), *risk = object(NULL);
  add_text(p, "title", "one line, at most 400 bytes");
  add(p, "kind", words(kinds, NULL));
  add_text(p, "problem", "what holds the incumbent back, with the figures that show it");
  add_text(p, "solution", "what will be changed, exactly");
  add_text(p, "impact", "how much is gained, in numbers, and why");
  add(p, "complexity", words(sizes, NULL));
  add_text(risk, "risk", NULL);
  add_text(risk, "mitigation", NULL);
  add(p, "risks", list_of(risk, "at least one"));
  add_text(p, "evidence", "measurements, learnings or arithmetic behind the claim; cite ids");
  add_text(p, "rollback", "how it is undone");
  add(p, "claims", claims(request));
  if (json_array_size(knobs_of(request)))
    add(p, "setting",
        nullable(setting(request), "the member of the challenge's family that this is; null: none"));
  add(p, "forecast", forecast());
  add_text(p, "refuted_by", "the measurement that would refute the idea");
  add(p, "analysis",
      nullable_type("string", "why an idea that was much slower before is not so now; null: none"));
  return p;
}

static json_t *ballot_scores(void) {
  json_t *s = object("0 to 10 each");
  add_number(s, "speedup", "how much faster, if it works");
  add_number(s, "ease", "how likely it is to be implemented correctly");
  add_number(s, "safety", "how far it is from wrong results and limits");
  add_number(s, "quality", "how well it is argued from evidence");
  return s;
}

static json_t *named(const json_t *ids, int cites, const char *description) {
  json_t *one = object(NULL);
  add(one, "pitch", one_of(ids, NULL));
  if (cites)
    add_text(one, "cites", "the name of a limit or rule, or the id of a learning or event");
  add_text(one, "reason", NULL);
  return list_of(one, description);
}

/* Ids are values here, so they stay as they are; as names of properties they may change. */
static json_t *ballot(const json_t *request) {
  json_t *b = object(NULL), *ids = json_array(), *scores, *forecasts, *vote, *one;
  const json_t *pitches = json_arr(request, "pitches");
  size_t i;
  char key[32];
  scores = object("null for the pitch that you abstain from, four scores for every other");
  forecasts = object("your own forecast of each pitch; null: none");
  json_array_foreach((json_t *)(uintptr_t)pitches, i, one) {
    const char *id = json_str(one, "id", "");
    json_array_append_new(ids, json_string(id));
    add(scores, key_of(id, i, key), nullable(ballot_scores(), id));
    add(forecasts, key_of(id, i, key), nullable(forecast(), id));
  }
  add_text(b, "reasoning", "why this vote; think here first");
  add(b, "scores", scores);
  add(b, "forecasts", forecasts);
  add(b, "concerns", list_of(typed("string", NULL), "may be empty"));
  add(b, "abstain", named(ids, 0, "at most one pitch, for a reason; usually empty"));
  add(b, "veto",
      named(ids, 1, "pitches that break a limit or rule or repeat what was refuted; usually empty"));
  vote = nullable_type("string", "the id of one pitch; null only when none is left to vote for");
  json_array_append_new(ids, json_null());
  json_object_set_new(vote, "enum", ids);
  add(b, "vote", vote);
  return b;
}

static json_t *entry(const json_t *request) {
  json_t *s = object("exactly one of these is not null"), *edit = object(NULL);
  if (json_array_size(knobs_of(request)))
    add(s, "setting", nullable(setting(request), "a member of the challenge's family"));
  add_text(edit, "search", "text that occurs exactly once in the source, copied with its line breaks");
  add_text(edit, "replace", "what stands there afterwards");
  add(s, "edits", nullable(list_of(edit, "applied in this order"), "changes to the source you were given"));
  add(s, "source", nullable_type("string", "the whole file"));
  return s;
}

enum status agent_schema_make(const json_t *request, json_t **schema, struct error *e) {
  const char *ask = json_str(request, "ask", "");
  *schema = NULL;
  json_t *inner;
  if (strcmp(ask, "pitch") == 0)
    inner = pitch(request);
  else if (strcmp(ask, "ballot") == 0 && json_array_size(json_arr(request, "pitches")) == 0)
    return error_set(e, ST_INPUT, "the request asks for a ballot and has no pitches");
  else if (strcmp(ask, "ballot") == 0)
    inner = ballot(request);
  else if (strcmp(ask, "entry") == 0)
    inner = entry(request);
  else
    return error_set(e, ST_INPUT, "the request asks for \"%.60s\"; known are pitch, ballot and entry", ask);
  *schema = object(NULL);
  add(*schema, ask, inner);
  return ST_OK;
}

/* ------------------------------------------------------------------ the way back */

/* A new object with the names that `field` has in `list`; nulls are left out, what no name fits stays. */
static json_t *renamed(const json_t *given, const json_t *list, const char *field) {
  json_t *out = json_object(), *value;
  const json_t *one;
  const char *name;
  size_t i;
  char key[32];
  json_object_foreach((json_t *)(uintptr_t)given, name, value) {
    const char *real = name;
    json_array_foreach((json_t *)(uintptr_t)list, i, one) {
      const char *is = json_str(one, field, "");
      if (strcmp(key_of(is, i, key), name) == 0)
        real = is;
    }
    if (!json_is_null(value) && !json_object_get(out, real))
      json_object_set(out, real, value);
  }
  return out;
}

static void rename_in(json_t *object_, const char *key, const json_t *list, const char *field) {
  const json_t *value = json_object_get(object_, key);
  if (json_is_object(value))
    json_object_set_new(object_, key, renamed(value, list, field));
}

/* A deep copy without the members that are null; lists keep theirs. */
static json_t *said(const json_t *given) {
  json_t *out = json_object(), *value;
  const char *name;
  json_object_foreach((json_t *)(uintptr_t)given, name, value) {
    if (!json_is_null(value))
      json_object_set_new(out, name, json_deep_copy(value));
  }
  return out;
}

const char *agent_schema_base(const json_t *request) {
  const char *before = json_str(json_obj(request, "failure"), "source", NULL);
  return before ? before : json_str(json_obj(json_obj(request, "context"), "incumbent"), "source", "");
}

/* An empty text or list beside another form is "not given"; alone it is a mistake. */
static int gives(const json_t *entry_, const char *key) {
  const json_t *value = json_object_get(entry_, key);
  if (json_is_string(value))
    return json_string_length(value) > 0;
  return json_is_array(value) ? json_array_size(value) > 0 : json_is_object(value);
}

static enum status entry_answer(const json_t *request, json_t *inner, struct error *e) {
  static const char *const form[] = {"setting", "edits", "source"};
  int n = 0;
  for (size_t i = 0; i < 3; i++)
    n += gives(inner, form[i]);
  if (n != 1)
    return error_set(e, ST_INPUT,
                     "the entry has %s of setting, edits and source; exactly one must be given, the others "
                     "null",
                     n ? "more than one" : "none");
  for (size_t i = 0; i < 3; i++)
    if (!gives(inner, form[i]))
      json_object_del(inner, form[i]);
  rename_in(inner, "setting", knobs_of(request), "name");
  const json_t *edits = json_object_get(inner, "edits");
  if (!edits)
    return ST_OK;
  struct buffer source;
  buffer_init(&source);
  const char *base = agent_schema_base(request);
  enum status st = agent_edits_apply(base, strlen(base), edits, &source, e);
  if (st == ST_OK && buffer_failed(&source))
    st = error_set(e, ST_MEMORY, "out of memory for the edited source");
  if (st == ST_OK) {
    json_object_set_new(inner, "source", json_clean_string(buffer_str(&source), source.bytes));
    json_object_del(inner, "edits");
  }
  buffer_fini(&source);
  return st;
}

enum status agent_schema_answer(const json_t *request, const json_t *given, json_t **answer,
                                struct error *e) {
  const char *ask = json_str(request, "ask", "");
  const json_t *from = json_object_get(given, ask);
  *answer = NULL;
  if (!json_is_object(from))
    return error_set(e, ST_INPUT, "the answer must be {\"%.60s\": {...}}", ask);
  json_t *inner = said(from);
  enum status st = ST_OK;
  if (strcmp(ask, "pitch") == 0) {
    json_t *c = json_object_get(inner, "claims");
    if (json_is_object(c)) {
      rename_in(c, "predicted", json_arr(task_of(request), "benchmarks"), "shape");
      json_object_set_new(inner, "claims", renamed(c, json_arr(task_of(request), "limits"), "claim"));
    }
    rename_in(inner, "setting", knobs_of(request), "name");
  } else if (strcmp(ask, "ballot") == 0) {
    rename_in(inner, "scores", json_arr(request, "pitches"), "id");
    rename_in(inner, "forecasts", json_arr(request, "pitches"), "id");
  } else {
    st = entry_answer(request, inner, e);
  }
  if (st != ST_OK) {
    json_decref(inner);
    return st;
  }
  *answer = json_object();
  json_object_set_new(*answer, ask, inner);
  return ST_OK;
}

/* Room: season. A person's answer on its way into the inbox: which question it is for, whether it is one the
 * season can use, and the file that hands it over. Reads the season as any reader does; takes no lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent_schema.h"
#include "base/base_file.h"
#include "season/season_call.h"
#include "season/season_inbox.h"
#include "season/season_pitch.h"
#include "season/season_setting.h"
#include "season/season_tally.h"

enum { ANSWER_MAX = 4 << 20 };

struct inbox { /* a season as it is now, and its open questions of one kind */
  struct season_engine g;
  struct season_question q[SEASON_QUESTIONS_MAX];
  size_t n;
  char folder[4096];
};

static void inbox_close(struct inbox *in) {
  record_state_fini(&in->g.state);
  event_log_fini(&in->g.log);
  store_close(in->g.store);
}

static enum status inbox_open(const char *dir, enum season_step_kind kind, struct inbox *in,
                              struct error *e) {
  size_t kept = 0;
  memset(in, 0, sizeof *in);
  event_log_init(&in->g.log);
  enum status st = store_open(dir, STORE_READ, &in->g.store, e);
  if (st == ST_OK)
    st = store_load(in->g.store, &in->g.log, e);
  if (st == ST_OK)
    st = season_refold(&in->g, e);
  if (st == ST_OK && in->g.state.started == NULL)
    st = error_set(e, ST_NOT_FOUND, "%s holds no season that has started: `sharktank run` starts one", dir);
  if (st == ST_OK && file_join(in->folder, sizeof in->folder, dir, "inbox") != 0)
    st = error_set(e, ST_USAGE, "the season folder's path is too long");
  if (st != ST_OK)
    return st;
  in->n = season_inbox_open(&in->g.state, in->q, SEASON_QUESTIONS_MAX);
  for (size_t i = 0; i < in->n; i++)
    if (kind == STEP_NONE || in->q[i].job.kind == kind)
      in->q[kept++] = in->q[i];
  in->n = kept;
  return ST_OK;
}

/* ------------------------------------------------------------------ which question */

static void add_questions(const struct inbox *in, struct buffer *out) {
  for (size_t i = 0; i < in->n; i++)
    buffer_printf(out, "%s%s (%s)", i > 0 ? ", " : "", in->q[i].person, in->q[i].stem);
}

/* What the season is doing instead of asking for this. */
static void add_standing(const struct record_state *state, struct buffer *out) {
  struct season_question q[SEASON_QUESTIONS_MAX];
  struct season_steps due;
  size_t n = season_inbox_open(state, q, SEASON_QUESTIONS_MAX);
  season_next(state, &due);
  if (state->ended != NULL) {
    buffer_printf(out, "the season has ended (%s)", json_str(state->ended, "reason", "?"));
    return;
  }
  buffer_printf(out, "round %zu is open now", state->n_rounds);
  if (n > 0)
    buffer_printf(out, ", and asks %s for %s (%s)", q[0].person, season_ask_thing(q[0].job.kind), q[0].stem);
  else if (due.count > 0)
    buffer_printf(out, ", and its next step is \"%s\"", season_step_name(due.step[0].kind));
}

static int is_called(const struct season_question *q, const char *name) {
  return strcmp(q->person, name) == 0 || (q->label[0] != '\0' && strcmp(q->label, name) == 0);
}

static enum status choose(const struct inbox *in, const struct season_handover *h,
                          const struct season_question **found, struct error *e) {
  struct buffer text;
  size_t n = 0;
  enum status st = ST_OK;
  buffer_init(&text);
  for (size_t i = 0; i < in->n; i++)
    if (h->as == NULL || is_called(&in->q[i], h->as)) {
      *found = &in->q[i];
      n++;
    }
  if (in->n == 0) {
    add_standing(&in->g.state, &text);
    st = error_set(e, ST_USAGE, "nobody is asked for %s now: %s", season_ask_thing(h->kind),
                   buffer_str(&text));
  } else if (n != 1) {
    add_questions(in, &text);
    st = n == 0
             ? error_set(e, ST_USAGE, "--as %.60s is not asked now; asked are: %s", h->as, buffer_str(&text))
             : error_set(e, ST_USAGE, "several are asked; say with --as for whom: %s", buffer_str(&text));
  }
  buffer_fini(&text);
  return st;
}

/* ------------------------------------------------------------------ the file */

struct answer_file {
  char path[4096]; /* for people */
  struct buffer text;
  int form; /* 1: a form, 0: a source */
};

static int ends_in(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n > m && strcmp(text + n - m, end) == 0;
}

/* The person's own file, wherever it is; or the question's, from the inbox and nowhere else. */
static enum status read_file(const struct inbox *in, const struct season_question *q, const char *file,
                             struct answer_file *f, struct error *e) {
  const char *ending = q->job.kind == STEP_IMPLEMENT ? ".c" : ".yml";
  char name[256];
  int fd = -1;
  enum status st;
  if (file != NULL) {
    f->form = q->job.kind != STEP_IMPLEMENT || ends_in(file, ".yml") || ends_in(file, ".yaml") ||
              ends_in(file, ".json");
    if (snprintf(f->path, sizeof f->path, "%s", file) >= (int)sizeof f->path)
      return error_set(e, ST_USAGE, "the path of the file is too long");
    return file_read(file, ANSWER_MAX, &f->text, e);
  }
  f->form = q->job.kind != STEP_IMPLEMENT;
  if (agent_desk_name(q->stem, ending, name) != 0 ||
      file_join(f->path, sizeof f->path, in->folder, name) != 0)
    return error_set(e, ST_USAGE, "the season folder's path is too long");
  st = agent_desk_open(in->folder, 0, &fd, e);
  if (st == ST_OK)
    st = agent_desk_get(fd, name, ANSWER_MAX, &f->text, e);
  if (fd >= 0)
    close(fd);
  if (st == ST_NOT_FOUND)
    return error_set(
        e, st, "there is no %s yet: the season asks when it is played; or name a file with --file", f->path);
  return st;
}

/* ------------------------------------------------------------------ is it an answer? */

/* Takes note of one gate's reason, at the form's field that it is about. */
static enum status gated(const struct yaml_doc *d, const char *file, const json_t *reason, struct error *e) {
  char place[256];
  const char *fact = json_str(reason, "fact", "");
  snprintf(place, sizeof place, "pitch.%s%.100s", yaml_get(d->root, fact) != NULL ? "" : "claims.", fact);
  return error_at(e, ST_INPUT, file, agent_form_line(d, place), "a gate would stop this pitch (%s): %s",
                  json_str(reason, "gate", "?"), json_str(reason, "text", ""));
}

static enum status check_pitch(const struct inbox *in, const struct season_question *q,
                               const struct yaml_doc *d, const char *file, const json_t *answer,
                               struct error *e) {
  json_t *reasons = NULL;
  enum status st = season_inbox_gates(&in->g.log, q, answer, &reasons, e);
  if (st == ST_OK && json_array_size(reasons) > 0)
    st = gated(d, file, json_array_get(reasons, 0), e);
  json_decref(reasons);
  return st;
}

static enum status check_ballot(const struct inbox *in, const struct yaml_doc *d, const char *file,
                                const json_t *answer, struct error *e) {
  struct buffer why;
  enum status st = ST_OK;
  buffer_init(&why);
  if (!season_ballot_valid(season_round_now(&in->g), json_object_get(answer, "ballot"), &why))
    st = error_at(e, ST_INPUT, file, d->root->line, "the ballot would not count: %s", buffer_str(&why));
  buffer_fini(&why);
  return st;
}

static enum status check_entry(const struct inbox *in, const struct yaml_doc *d, const char *file,
                               const json_t *request, const json_t *answer, struct error *e) {
  const json_t *task = json_obj(in->g.state.started, "task"), *entry = json_obj(answer, "entry"),
               *setting = json_object_get(entry, "setting");
  const char *source = json_str(entry, "source", NULL);
  int64_t most = json_int(task, "source_max_bytes", 1000000);
  struct buffer why;
  enum status st = ST_OK;
  buffer_init(&why);
  if (source != NULL && (int64_t)strlen(source) > most)
    st = error_at(e, ST_RANGE, file, 0, "the source has %zu bytes, the task allows %lld", strlen(source),
                  (long long)most);
  else if (source != NULL && strcmp(source, agent_schema_base(request)) == 0)
    st = error_at(e, ST_INPUT, file, 0, "this is the source that was given, unchanged");
  else if (json_is_object(setting) &&
           !season_setting_valid(task, json_obj(json_obj(in->g.state.started, "machine"), "facts"), setting,
                                 &why))
    st = error_at(e, ST_INPUT, file, d != NULL ? agent_form_line(d, "entry.setting") : 0,
                  "the setting is not valid here: %s", buffer_str(&why));
  buffer_fini(&why);
  return st;
}

static enum status source_answer(const struct answer_file *f, json_t **given, struct error *e) {
  if (memchr(buffer_str(&f->text), 0, f->text.bytes) != NULL || f->text.bytes == 0)
    return error_at(e, ST_INPUT, f->path, 0, "a source is text, and not empty");
  json_t *source = json_stringn(buffer_str(&f->text), f->text.bytes);
  if (source == NULL)
    return error_at(e, ST_INPUT, f->path, 0, "the source is not valid UTF-8");
  *given = json_pack("{s:{s:o}}", "entry", "source", source);
  return *given != NULL ? ST_OK : error_set(e, ST_MEMORY, "out of memory for an answer");
}

/* The answer as the schema has it, after every check. */
static enum status examine(struct inbox *in, const struct season_question *q, const struct answer_file *f,
                           json_t **given, struct error *e) {
  json_t *request = NULL, *schema = NULL, *answer = NULL;
  struct arena arena;
  struct yaml_doc doc, *d = NULL;
  arena_init(&arena, 0);
  enum status st = season_call_request(&in->g, &q->job, &request, e);
  if (st == ST_OK)
    st = agent_schema_make(request, &schema, e);
  if (st == ST_OK && f->form) {
    st = yaml_read_text(buffer_str(&f->text), f->text.bytes, f->path, &arena, &doc, e);
    d = &doc;
    if (st == ST_OK)
      st = agent_form_read(d, schema, q->stem, given, e);
  } else if (st == ST_OK) {
    st = source_answer(f, given, e);
  }
  if (st == ST_OK)
    st = agent_form_check(d, f->path, request, schema, *given, &answer, e);
  if (st == ST_OK)
    st = q->job.kind == STEP_PITCH    ? check_pitch(in, q, d, f->path, answer, e)
         : q->job.kind == STEP_BALLOT ? check_ballot(in, d, f->path, answer, e)
                                      : check_entry(in, d, f->path, request, answer, e);
  json_decref(answer);
  json_decref(schema);
  json_decref(request);
  arena_fini(&arena);
  return st;
}

/* ------------------------------------------------------------------ handing over */

static json_t *told_of(const struct inbox *in, const struct season_question *q, const char *dir) {
  json_t *o = json_object();
  long pid = 0;
  (void)in;
  json_put_int(o, "round", q->job.round);
  json_put_str(o, "ask", season_ask_name(q->job.kind));
  json_put_str(o, "name", q->person);
  json_put_str(o, "question", q->stem);
  json_put_bool(o, "running", store_in_use(dir, &pid));
  return o;
}

/* The question may have been closed while the answer was looked at: then it goes back. */
static enum status still_open(const struct season_handover *h, const struct season_question *q, int fd,
                              const char *name, struct error *e) {
  struct inbox now;
  int open = 0;
  struct error ignored;
  enum status st = inbox_open(h->dir, h->kind, &now, &ignored);
  for (size_t i = 0; st == ST_OK && i < now.n; i++)
    open |= strcmp(now.q[i].stem, q->stem) == 0;
  inbox_close(&now);
  /* Gone from the inbox: the engine took it, and put it away with the question. */
  if (st != ST_OK || open || unlinkat(fd, name, 0) != 0)
    return ST_OK;
  return error_set(e, ST_USAGE, "%s was closed before this answer was there", q->stem);
}

static enum status put_answer(const struct inbox *in, const struct season_handover *h,
                              const struct season_question *q, const json_t *given, char path[4096],
                              struct error *e) {
  char name[256];
  int fd = -1;
  char *text = json_pretty(given);
  enum status st = text != NULL ? ST_OK : error_set(e, ST_MEMORY, "out of memory for an answer");
  if (st == ST_OK &&
      (agent_desk_name(q->stem, ".answer.json", name) != 0 || file_join(path, 4096, in->folder, name) != 0))
    st = error_set(e, ST_USAGE, "the season folder's path is too long");
  if (st == ST_OK && strlen(text) > ANSWER_MAX)
    st = error_set(e, ST_RANGE, "the answer has more than %d bytes", ANSWER_MAX);
  if (st == ST_OK)
    st = agent_desk_open(in->folder, 1, &fd, e);
  if (st == ST_OK)
    st = agent_desk_put(fd, name, text, strlen(text), 0, e);
  if (st == ST_OK)
    st = still_open(h, q, fd, name, e);
  if (fd >= 0)
    close(fd);
  free(text);
  return st;
}

enum status season_inbox_answer(const struct season_handover *h, json_t **told, struct error *e) {
  struct inbox *in = calloc(1, sizeof *in);
  struct answer_file *f = calloc(1, sizeof *f);
  const struct season_question *q = NULL;
  json_t *given = NULL;
  char path[4096] = "";
  *told = NULL;
  if (in == NULL || f == NULL) {
    free(in);
    free(f);
    return error_set(e, ST_MEMORY, "out of memory");
  }
  buffer_init(&f->text);
  enum status st = inbox_open(h->dir, h->kind, in, e);
  if (st == ST_OK)
    st = choose(in, h, &q, e);
  if (st == ST_OK)
    st = read_file(in, q, h->file, f, e);
  if (st == ST_OK)
    st = examine(in, q, f, &given, e);
  if (st == ST_OK)
    st = put_answer(in, h, q, given, path, e);
  if (st == ST_OK) {
    *told = told_of(in, q, h->dir);
    json_put_str(*told, "file", f->path);
    json_put_str(*told, "answer", path);
  }
  json_decref(given);
  buffer_fini(&f->text);
  inbox_close(in);
  free(f);
  free(in);
  return st;
}

enum status season_inbox_list(const char *dir, enum season_step_kind kind, json_t **list, struct error *e) {
  struct inbox *in = calloc(1, sizeof *in);
  *list = NULL;
  if (in == NULL)
    return error_set(e, ST_MEMORY, "out of memory");
  enum status st = inbox_open(dir, kind, in, e);
  if (st == ST_OK)
    *list = json_array();
  for (size_t i = 0; st == ST_OK && i < in->n; i++) {
    json_t *o = told_of(in, &in->q[i], dir);
    char path[4200];
    snprintf(path, sizeof path, "%s/%s.md", in->folder, in->q[i].stem);
    json_put_str(o, "page", path);
    snprintf(path, sizeof path, "%s/%s%s", in->folder, in->q[i].stem,
             in->q[i].job.kind == STEP_IMPLEMENT ? ".c" : ".yml");
    json_put_str(o, "form", path);
    json_array_append_new(*list, o);
  }
  inbox_close(in);
  free(in);
  return st;
}

/* ------------------------------------------------------------------ gates, before the fact */

static json_t *closing(const struct season_question *q, const char *id) {
  return json_pack("{s:I, s:s, s:[s], s:[], s:[]}", "round", (json_int_t)q->job.round, "phase", "pitches",
                   "ids", id, "late", "failed");
}

enum status season_inbox_gates(const struct event_log *log, const struct season_question *q,
                               const json_t *answer, json_t **reasons, struct error *e) {
  struct event_log copy;
  struct record_state state = {0};
  char base[SEASON_ID_BYTES], id[SEASON_ID_BYTES + 16];
  enum status st = ST_OK;
  *reasons = NULL;
  event_log_init(&copy);
  for (size_t i = 0; st == ST_OK && i < log->count; i++)
    st = event_log_push(&copy, log->event[i].wall_ns, log->event[i].kind, json_incref(log->event[i].data));
  if (st == ST_OK)
    st = record_fold(&copy, &state, e);
  if (st == ST_OK) {
    /* A retry nobody makes: whether the act is open, was cut off or never begun, this one comes last. */
    season_job_id(&state.round[state.n_rounds - 1], &q->job, base);
    snprintf(id, sizeof id, "%s.999999", base);
    record_state_fini(&state);
    st = event_log_push(&copy, 0, "begun",
                        json_pack("{s:s, s:s, s:I, s:s, s:{}}", "id", id, "act", "pitch", "round",
                                  (json_int_t)q->job.round, "who", q->job.who, "args"));
  }
  if (st == ST_OK)
    st = event_log_push(&copy, 0, "ended",
                        json_pack("{s:s, s:s, s:s, s:f, s:O}", "id", id, "act", "pitch", "status", "ok",
                                  "seconds", 0.0, "result", answer));
  if (st == ST_OK)
    st = event_log_push(&copy, 0, "phase_closed", closing(q, id));
  if (st == ST_OK)
    st = record_fold(&copy, &state, e);
  if (st == ST_OK) {
    const struct record_round *r = &state.round[state.n_rounds - 1];
    *reasons = r->n_pitches > 0 ? season_pitch_reasons(&state, r, r->n_pitches - 1) : json_array();
    record_state_fini(&state);
  }
  event_log_fini(&copy);
  return st;
}

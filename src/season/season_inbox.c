/* Room: season. People: open questions, their desks, what is put away. See season_inbox.h. */
#include "season/season_inbox.h"

#include <stdio.h>
#include <string.h>

#include "agent/agent_schema.h"
#include "base/base_file.h"
#include "season/season_call.h"
#include "season/season_context.h"
#include "season/season_internal.h"

const char *season_ask_name(enum season_step_kind kind) {
  return kind == STEP_PITCH ? "pitch" : kind == STEP_BALLOT ? "ballot" : "implement";
}

const char *season_ask_thing(enum season_step_kind kind) {
  return kind == STEP_PITCH ? "a pitch" : kind == STEP_BALLOT ? "a ballot" : "an entry";
}

/* Names have no dots, so a dot for a space keeps two names apart. */
static void file_name(const char *name, char out[64]) {
  size_t i = 0;
  for (; name[i] != '\0' && i < 63; i++)
    out[i] = name[i] == ' ' ? '.' : name[i];
  out[i] = '\0';
}

static void make_stem(const struct record_round *r, struct season_question *q) {
  char name[64];
  const char *pitch = strrchr(q->job.pitch, '.');
  int second = q->job.kind == STEP_PITCH && r->n_pitch_calls > 0 && r->n_gatings > 0;
  int n = snprintf(q->stem, sizeof q->stem, "round%lld-", (long long)q->job.round);
  file_name(q->person, name);
  n += snprintf(q->stem + n, sizeof q->stem - (size_t)n, "%s-%s%s", name, season_ask_name(q->job.kind),
                second ? "2" : "");
  if (q->job.kind == STEP_IMPLEMENT && (size_t)n < sizeof q->stem)
    snprintf(q->stem + n, sizeof q->stem - (size_t)n, "-%.20s-try%lld",
             pitch != NULL ? pitch + 1 : q->job.pitch, (long long)q->job.attempt + 1);
}

/* 1 if the job asks a person; fills in the question. */
static int question_of(const struct record_state *state, const struct season_job *job,
                       struct season_question *q) {
  const struct record_round *r = &state->round[state->n_rounds - 1];
  const char *role = job->kind == STEP_PITCH    ? "contestant"
                     : job->kind == STEP_BALLOT ? "shark"
                                                : "implementer";
  const json_t *member = season_member(state, r, role, job->who, job->pitch);
  const char *agent = json_str(member, "agent", "");
  if (!agent_is_person(agent))
    return 0;
  memset(q, 0, sizeof *q);
  q->job = *job;
  snprintf(q->person, sizeof q->person, "%.63s", json_str(member, "name", "?"));
  snprintf(q->label, sizeof q->label, "%.63s", agent_person_label(agent));
  make_stem(r, q);
  return 1;
}

static enum season_step_kind kind_of(const char *act) {
  return strcmp(act, "pitch") == 0       ? STEP_PITCH
         : strcmp(act, "ballot") == 0    ? STEP_BALLOT
         : strcmp(act, "implement") == 0 ? STEP_IMPLEMENT
                                         : STEP_NONE;
}

static void job_of_act(const struct record_act *a, struct season_job *job) {
  *job = (struct season_job){
      .kind = kind_of(a->act), .round = a->round, .attempt = json_int(a->args, "attempt", 0)};
  snprintf(job->who, sizeof job->who, "%.63s", a->who != NULL ? a->who : "");
  snprintf(job->pitch, sizeof job->pitch, "%.63s", json_str(a->args, "pitch", ""));
}

size_t season_inbox_open(const struct record_state *state, struct season_question *out, size_t max) {
  struct season_steps due;
  size_t n = 0;
  if (state->n_rounds == 0 || state->ended != NULL || state->budget_spent != NULL)
    return 0;
  const struct record_round *r = &state->round[state->n_rounds - 1];
  for (size_t i = 0; i < r->n_acts && n < max; i++) {
    struct season_job job;
    if (r->act[i].status != NULL || kind_of(r->act[i].act) == STEP_NONE)
      continue;
    job_of_act(&r->act[i], &job);
    n += (size_t)question_of(state, &job, &out[n]);
  }
  season_next(state, &due);
  for (size_t i = 0; i < due.count && n < max; i++) {
    const struct season_step *s = &due.step[i];
    struct season_job job = {.kind = s->kind, .round = s->round, .attempt = s->attempt};
    if (s->kind != STEP_PITCH && s->kind != STEP_BALLOT && s->kind != STEP_IMPLEMENT)
      continue;
    snprintf(job.who, sizeof job.who, "%.63s", s->who != NULL ? s->who : "");
    snprintf(job.pitch, sizeof job.pitch, "%.63s", s->pitch != NULL ? s->pitch : "");
    n += (size_t)question_of(state, &job, &out[n]);
  }
  return n;
}

/* ------------------------------------------------------------------ desks */

/* As one word of a shell. */
static void add_word(struct buffer *out, const char *word) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+,:@%";
  if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
    buffer_text(out, word);
    return;
  }
  buffer_text(out, "'");
  for (const char *p = word; *p != '\0'; p++)
    buffer_printf(out, *p == '\'' ? "'\\''" : "%c", *p);
  buffer_text(out, "'");
}

static void add_command(struct buffer *out, const struct season_question *q, const char *dir) {
  buffer_printf(out, "sharktank %s ", season_ask_name(q->job.kind));
  add_word(out, dir);
  buffer_text(out, " --as ");
  add_word(out, q->person);
}

static void make_title(const struct season_question *q, char *out, size_t bytes) {
  int n = snprintf(out, bytes, "Round %lld: %s is asked for %s", (long long)q->job.round, q->person,
                   season_ask_thing(q->job.kind));
  if (q->job.kind == STEP_IMPLEMENT && n > 0 && (size_t)n < bytes)
    snprintf(out + n, bytes - (size_t)n, " (%s%s)", q->job.pitch, q->job.attempt > 0 ? ", a repair" : "");
  else if (strstr(q->stem, "-pitch2") != NULL && n > 0 && (size_t)n < bytes)
    snprintf(out + n, bytes - (size_t)n, ", once more: every pitch was gated");
}

enum status season_desk_init(const struct season_engine *g, const struct season_job *job,
                             const json_t *request, struct season_desk *out, struct error *e) {
  struct season_question q;
  memset(out, 0, sizeof *out);
  buffer_init(&out->command);
  if (g->store == NULL || g->journal != NULL || !question_of(&g->state, job, &q))
    return ST_OK; /* nobody to ask: the desk stays empty */
  if (file_join(out->folder, sizeof out->folder, store_dir(g->store), "inbox") != 0)
    return error_set(e, ST_RANGE, "the season folder's path is too long");
  snprintf(out->stem, sizeof out->stem, "%s", q.stem);
  make_title(&q, out->title, sizeof out->title);
  add_command(&out->command, &q, store_dir(g->store));
  if (buffer_failed(&out->command))
    return error_set(e, ST_MEMORY, "out of memory for a question");
  out->desk = (struct agent_desk){.folder = out->folder,
                                  .stem = out->stem,
                                  .title = out->title,
                                  .command = buffer_str(&out->command),
                                  .base = job->kind == STEP_IMPLEMENT ? agent_schema_base(request) : NULL};
  return ST_OK;
}

void season_desk_fini(struct season_desk *d) {
  buffer_fini(&d->command);
}

struct open_list {
  struct season_question q[SEASON_QUESTIONS_MAX];
  size_t n;
};

static int is_open(void *context, const char *stem) {
  const struct open_list *list = context;
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->q[i].stem, stem) == 0)
      return 1;
  return 0;
}

void season_inbox_tidy(const struct season_engine *g) {
  struct open_list list;
  char folder[4096];
  if (g->store == NULL || g->journal != NULL ||
      file_join(folder, sizeof folder, store_dir(g->store), "inbox") != 0)
    return;
  list.n = season_inbox_open(&g->state, list.q, SEASON_QUESTIONS_MAX);
  agent_desk_tidy(folder, is_open, &list);
}

int season_inbox_line(const struct record_state *state, const struct event *ev, const char *dir,
                      struct buffer *out) {
  const char *id = json_str(ev->data, "id", "");
  struct season_question q;
  if (strcmp(ev->kind, "begun") != 0 || state->n_rounds == 0 ||
      !agent_is_person(json_str(json_obj(ev->data, "args"), "agent", "")))
    return 0;
  const struct record_round *r = &state->round[state->n_rounds - 1];
  for (size_t i = 0; i < r->n_acts; i++) {
    struct season_job job;
    char title[256];
    if (strcmp(r->act[i].id, id) != 0)
      continue;
    job_of_act(&r->act[i], &job);
    if (!question_of(state, &job, &q))
      return 0;
    make_title(&q, title, sizeof title);
    buffer_printf(out, "%s: read %s/inbox/%s.md, then `", title, dir, q.stem);
    add_command(out, &q, dir);
    buffer_text(out, "`");
    return 1;
  }
  return 0;
}

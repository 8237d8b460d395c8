/* Room: agent. "human": a person is asked by files and answers by a file. See agent_human.h; what the files
 * are protected against is in agent_human_desk.c. */
#include "agent/agent_human.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent_provider.h"
#include "base/base_clock.h"
#include "base/base_log.h"

enum { LOOK_NS = 100000000 };

int agent_is_person(const char *provider) {
  return provider != NULL && (strcmp(provider, "human") == 0 || strncmp(provider, "human:", 6) == 0);
}

const char *agent_person_label(const char *provider) {
  return agent_is_person(provider) && provider[5] == ':' ? provider + 6 : "";
}

static void add_clean(struct buffer *out, const char *text) {
  if (text != NULL)
    agent_desk_clean(text, strlen(text), 0, out);
}

static void add_until(const struct agent_turn *t, struct buffer *out) {
  time_t until = (time_t)((clock_wall_ns() + t->deadline_ns - clock_mono_ns()) / 1000000000);
  struct tm tm;
  char text[64] = "";
  if (gmtime_r(&until, &tm) != NULL)
    strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm);
  buffer_printf(out, "The season waits until %s. Later is too late for this question.\n\n", text);
}

static void make_page(const struct agent_turn *t, const struct agent_desk *desk, struct buffer *out) {
  struct buffer ask;
  buffer_init(&ask);
  buffer_printf(out, "# %s\n\n", desk->title);
  if (desk->base != NULL)
    buffer_printf(
        out,
        "1. Change `%s.c`, which holds the source you start from; or fill in a setting or edits in\n"
        "   `%s.yml`, and name that file with `--file`.\n",
        desk->stem, desk->stem);
  else
    buffer_printf(out, "1. Fill in `%s.yml`. Every field has its help above it.\n", desk->stem);
  buffer_printf(out,
                "2. Hand it over with\n\n   ```sh\n   %s\n   ```\n\n   which says what is wrong with it, and "
                "where, or that it was taken. `--file FILE` hands over another file.\n\n",
                desk->command);
  add_until(t, out);
  buffer_text(out,
              "What follows is word for word what any other agent would be told; what it says of JSON and a\n"
              "schema, the form does for you.\n\n## The question\n\n");
  agent_turn_ask(t, &ask);
  add_clean(out, buffer_str(&ask));
  buffer_text(out, "\n\n## Your role\n\n");
  add_clean(out, t->prompt->system);
  buffer_text(out, "\n\n## The round\n\n");
  add_clean(out, t->prompt->context);
  buffer_text(out, "\n");
  if (buffer_failed(&ask))
    out->failed = 1;
  buffer_fini(&ask);
}

static void make_form(const struct agent_turn *t, const struct agent_desk *desk, struct buffer *out) {
  struct buffer head;
  buffer_init(&head);
  buffer_printf(&head, "%s. The page is %s.md.\nHand this form over with: %s", desk->title, desk->stem,
                desk->command);
  if (desk->base != NULL) /* without --file it is the source that goes */
    buffer_printf(&head, " --file %s/%s.yml", desk->folder, desk->stem);
  agent_form_write(t->prompt->schema, desk->stem, buffer_str(&head), out);
  buffer_fini(&head);
}

static enum status put(int fd, const struct agent_desk *desk, const char *ending, const struct buffer *text,
                       int keep, struct error *e) {
  char name[256];
  if (agent_desk_name(desk->stem, ending, name) != 0)
    return error_set(e, ST_INTERNAL, "the question's name \"%.80s\" makes no file name", desk->stem);
  if (buffer_failed(text))
    return error_set(e, ST_MEMORY, "out of memory for a question");
  return agent_desk_put(fd, name, buffer_str(text), text->bytes, keep, e);
}

/* An answer that is not to be read again, whatever it is. */
static void set_aside(int fd, const struct agent_desk *desk) {
  char from[256], to[256];
  if (agent_desk_name(desk->stem, ".answer.json", from) == 0 &&
      agent_desk_name(desk->stem, ".refused.json", to) == 0 && renameat(fd, from, fd, to) != 0 &&
      errno != ENOENT)
    (void)unlinkat(fd, from, 0);
}

static enum status lay_out(struct agent_turn *t, struct agent_desk *desk, int fd, struct error *e) {
  struct buffer page, form, base;
  json_t *line = json_object(), *body = json_object();
  buffer_init(&page);
  buffer_init(&form);
  buffer_init(&base);
  if (desk->taken)
    set_aside(fd, desk);
  make_page(t, desk, &page);
  make_form(t, desk, &form);
  if (desk->base != NULL)
    buffer_text(&base, desk->base);
  enum status st = put(fd, desk, ".yml", &form, 1, e);
  if (st == ST_OK && desk->base != NULL)
    st = put(fd, desk, ".c", &base, 1, e);
  if (st == ST_OK)
    st = put(fd, desk, ".md", &page, 0, e); /* last: where the page is, the question stands */
  json_object_set_new(body, "page", json_clean_string(buffer_str(&page), page.bytes));
  json_object_set_new(body, "form", json_clean_string(buffer_str(&form), form.bytes));
  json_put_int(line, "attempt", ++t->x->usage.attempts);
  json_put_str(line, "url", "human:");
  json_object_set_new(line, "body", body);
  agent_line(&t->x->request, line);
  buffer_fini(&page);
  buffer_fini(&form);
  buffer_fini(&base);
  return st;
}

static void pause_a_little(void) {
  const struct timespec a_little = {.tv_nsec = LOOK_NS};
  (void)nanosleep(&a_little, NULL);
}

static enum status wait_for_answer(struct agent_turn *t, struct agent_desk *desk, int fd, struct error *e) {
  char name[256];
  size_t most = (size_t)t->limits->max_answer_bytes;
  if (agent_desk_name(desk->stem, ".answer.json", name) != 0)
    return error_set(e, ST_INTERNAL, "the question's name \"%.80s\" makes no file name", desk->stem);
  for (;;) {
    struct error why = {.status = ST_OK};
    enum status st = agent_desk_get(fd, name, most, &t->text, &why);
    if (st == ST_OK || st == ST_RANGE)
      desk->taken = 1;
    if (st == ST_RANGE)
      return agent_turn_fault(t, AGENT_FAULT_TOO_LONG, "%s", why.text);
    if (st == ST_OK && strspn(buffer_str(&t->text), " \t\r\n") == t->text.bytes)
      return agent_turn_fault(t, AGENT_FAULT_EMPTY, "%s", "");
    if (st == ST_OK)
      return ST_OK;
    if (st == ST_INPUT) { /* a link, a folder, a pipe: nobody's answer */
      log_line(LOG_WARN, "%s, and was put aside", why.text);
      set_aside(fd, desk);
    } else if (st != ST_NOT_FOUND) {
      return error_set(e, st, "%s", why.text);
    }
    if (t->cancelled != NULL && t->cancelled(t->context))
      return agent_turn_fault(t, AGENT_FAULT_CANCELLED, "%s", "");
    if (clock_mono_ns() >= t->deadline_ns)
      return agent_turn_fault(t, AGENT_FAULT_TIMEOUT, "nobody had answered when the time was over");
    pause_a_little();
  }
}

static void note_response(struct agent_turn *t) {
  json_t *line = json_object();
  json_put_int(line, "attempt", t->x->usage.attempts);
  json_put_str(line, "fault", agent_fault_name(t->x->fault));
  if (t->x->detail[0] != '\0')
    json_put_str(line, "detail", t->x->detail);
  json_object_set_new(line, "text", json_clean_string(buffer_str(&t->text), t->text.bytes));
  agent_line(&t->x->response, line);
}

enum status agent_human_turn(struct agent_turn *t, struct error *e) {
  struct agent_desk *desk = t->limits->desk;
  int fd = -1;
  if (desk == NULL)
    return agent_turn_fault(t, AGENT_FAULT_UNREACHABLE, "a person is asked within a season only");
  enum status st = agent_desk_open(desk->folder, 1, &fd, e);
  if (st == ST_OK)
    st = lay_out(t, desk, fd, e);
  if (st == ST_OK)
    st = wait_for_answer(t, desk, fd, e);
  if (st == ST_OK)
    note_response(t);
  if (fd >= 0)
    close(fd);
  return st;
}

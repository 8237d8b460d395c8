/* Room: agent. May use base. See agent_template.h. */
#include "agent/agent_template.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_file.h"

enum { TEMPLATE_MAX = 1 << 20 };

/* dir/leaf/NAME.md if there is such a file. */
static int place(const char *dir, const char *leaf, const char *name, char *out, size_t out_bytes) {
  return dir && *dir && snprintf(out, out_bytes, "%s%s/%s.md", dir, leaf, name) < (int)out_bytes &&
         file_exists(out);
}

static int beside_program(const char *name, char *out, size_t out_bytes) {
  char exe[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  if (n <= 0)
    return 0;
  exe[n] = 0;
  char *slash = strrchr(exe, '/');
  if (!slash)
    return 0;
  *slash = 0;
  return place(exe, "/../share/sharktank/templates/agent", name, out, out_bytes);
}

/* The same order as for challenges: what the user names, the environment, the installed tree around the
 * program, the source tree. */
static enum status find(const char *dir, const char *name, char *out, size_t out_bytes, struct error *e) {
  const char *said = getenv("SHARKTANK_DATA_DIR");
  if (place(dir, "", name, out, out_bytes) || place(said, "/templates/agent", name, out, out_bytes) ||
      beside_program(name, out, out_bytes) || place(ST_SOURCE_DIR, "/templates/agent", name, out, out_bytes))
    return ST_OK;
  return error_set(
      e, ST_NOT_FOUND,
      "the template %s.md is neither in %s nor in templates/agent of %s, of the installed tree or "
      "of %s",
      name, dir ? dir : "(no folder named)", said ? said : "$SHARKTANK_DATA_DIR (not set)", ST_SOURCE_DIR);
}

/* The line of equals signs: where it begins, and where the next one does. */
static void divide(struct agent_template *t) {
  const char *text = buffer_str(&t->text);
  for (const char *line = text; *line;) {
    const char *end = strchr(line, '\n');
    size_t n = end ? (size_t)(end - line) : strlen(line), same = strspn(line, "=");
    if (same >= 5 && (same == n || (same + 1 == n && line[same] == '\r'))) {
      t->rules_bytes = (size_t)(line - text);
      t->question_begin = t->rules_bytes + n + (end != NULL);
      return;
    }
    line += n + (end != NULL);
  }
}

enum status agent_template_read(const char *dir, const char *name, struct agent_template *t,
                                struct error *e) {
  *t = (struct agent_template){.rules_bytes = 0};
  buffer_init(&t->text);
  enum status st = find(dir, name, t->path, sizeof t->path, e);
  if (st == ST_OK)
    st = file_read(t->path, TEMPLATE_MAX, &t->text, e);
  if (st == ST_OK && t->text.bytes != strlen(buffer_str(&t->text)))
    st = error_at(e, ST_INPUT, t->path, 0, "a template must not have NUL bytes");
  if (st == ST_OK)
    divide(t);
  return st;
}

void agent_template_fini(struct agent_template *t) {
  buffer_fini(&t->text);
}

static enum status unknown(const struct agent_template *t, const char *at, const char *name, size_t n,
                           const struct agent_variable *v, size_t n_v, struct error *e) {
  struct buffer known;
  int line = 1;
  for (const char *p = buffer_str(&t->text); p < at; p++)
    line += *p == '\n';
  buffer_init(&known);
  for (size_t i = 0; i < n_v; i++)
    buffer_printf(&known, "%s%s", i ? ", " : "", v[i].name);
  enum status st = error_at(e, ST_INPUT, t->path, line, "{{%.*s}} is not known here; known are %.400s",
                            n < 60 ? (int)n : 60, name, buffer_str(&known));
  buffer_fini(&known);
  return st;
}

static enum status fill(const struct agent_template *t, const char *from, size_t bytes,
                        const struct agent_variable *v, size_t n_v, struct buffer *out, struct error *e) {
  const char *end = from + bytes;
  while (from < end) {
    const char *open = memmem(from, (size_t)(end - from), "{{", 2);
    const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
    buffer_add(out, from, (size_t)((close ? open : end) - from));
    if (!close)
      return ST_OK;
    const char *name = open + 2 + strspn(open + 2, " ");
    size_t n = (size_t)(close - name), i = 0;
    while (n > 0 && name[n - 1] == ' ')
      n--;
    while (i < n_v && (strlen(v[i].name) != n || memcmp(v[i].name, name, n) != 0))
      i++;
    if (i == n_v)
      return unknown(t, open, name, n, v, n_v, e);
    buffer_text(out, v[i].text);
    from = close + 2;
  }
  return ST_OK;
}

enum status agent_template_rules(const struct agent_template *t, const struct agent_variable *v, size_t n,
                                 struct buffer *out, struct error *e) {
  return fill(t, buffer_str(&t->text), t->rules_bytes, v, n, out, e);
}

enum status agent_template_question(const struct agent_template *t, const struct agent_variable *v, size_t n,
                                    struct buffer *out, struct error *e) {
  return fill(t, buffer_str(&t->text) + t->question_begin, t->text.bytes - t->question_begin, v, n, out, e);
}

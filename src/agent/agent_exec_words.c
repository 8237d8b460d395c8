/* Room: agent. The words of an agent command, and the program its first word names. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent_exec.h"

enum { WORDS_MAX = 256 };

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/* Writes one word to *out and returns what follows it; NULL: a quote is open. */
static const char *take_word(const char *p, char **out) {
  char *to = *out, quote = 0;
  for (; *p && (quote || !is_blank(*p)); p++) {
    if (*p == quote) {
      quote = 0;
    } else if (!quote && (*p == '\'' || *p == '"')) {
      quote = *p;
    } else if (*p == '\\' && quote != '\'' && p[1] && (!quote || strchr("\"\\$`", p[1]))) {
      *to++ = *++p;
    } else {
      *to++ = *p;
    }
  }
  *to++ = 0;
  *out = to;
  return quote ? NULL : p;
}

enum status agent_exec_words(const char *command, struct arena *a, char ***words, struct error *e) {
  char **list = arena_array(a, WORDS_MAX + 1, sizeof *list);
  char *text = arena_alloc(a, strlen(command) + WORDS_MAX + 2);
  size_t n = 0;
  *words = list;
  if (!list || !text)
    return error_set(e, ST_MEMORY, "out of memory for an agent's command");
  for (const char *p = command; *p;) {
    if (is_blank(*p)) {
      p++;
      continue;
    }
    if (n == WORDS_MAX)
      return error_set(e, ST_INPUT, "an agent's command has more than %d words", WORDS_MAX);
    list[n++] = text;
    if (!(p = take_word(p, &text)))
      return error_set(e, ST_INPUT, "a quote is open in the agent's command: %.200s", command);
  }
  if (!n || !list[0][0])
    return error_set(e, ST_INPUT, "an agent's command is empty: write exec:COMMAND");
  return ST_OK;
}

static int is_program(const char *path) {
  struct stat st;
  return path && stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

const char *agent_exec_find(const char *program, struct arena *a) {
  if (strchr(program, '/')) {
    char *whole = realpath(program, NULL);
    const char *path = arena_strdup(a, whole);
    free(whole);
    return is_program(path) ? path : NULL;
  }
  const char *p = getenv("PATH");
  for (p = p ? p : "/usr/local/bin:/usr/bin:/bin"; *p;) {
    size_t n = strcspn(p, ":");
    const char *path = arena_printf(a, "%.*s/%s", (int)n, p, program);
    if (n && *p == '/' && is_program(path))
      return path;
    p += n + (p[n] == ':');
  }
  return NULL;
}

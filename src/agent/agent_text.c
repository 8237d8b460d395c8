/* Room: agent. May use base. Pieces of Markdown: see agent_text.h. */
#include "agent/agent_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CELL_MAX = 500 };

/* ------------------------------------------------------------------ names */

static void add_name(struct agent_names *names, const char *name) {
  if (!name || !*name || names->n == AGENT_NAMES_MAX)
    return;
  for (size_t i = 0; i < names->n; i++)
    if (strcmp(names->name[i], name) == 0)
      return;
  names->name[names->n++] = name;
}

/* Longer names first: "Hardware Expert 2" before "Hardware Expert". */
static int longer_first(const void *a, const void *b) {
  const char *x = *(const char *const *)a, *y = *(const char *const *)b;
  size_t n = strlen(x), m = strlen(y);
  return n != m ? (n < m) - (n > m) : strcmp(x, y);
}

void agent_names_read(const json_t *request, struct agent_names *names) {
  const json_t *context = json_obj(request, "context"), *h;
  const char *name;
  json_t *record;
  size_t i;
  names->n = 0;
  json_object_foreach((json_t *)(uintptr_t)json_obj(context, "records"), name, record) {
    if (strcmp(json_str(record, "role", "contestant"), "contestant") == 0)
      add_name(names, name);
  }
  json_array_foreach((json_t *)(uintptr_t)json_arr(context, "history"), i, h) {
    add_name(names, json_str(h, "who", NULL));
  }
  qsort(names->name, names->n, sizeof *names->name, longer_first);
}

static int is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80);
}

/* A name of up to three letters must have its case too: "A" is no contestant in "a pitch". */
static size_t name_at(const struct agent_names *names, const char *p) {
  for (size_t i = 0; i < names->n; i++) {
    size_t n = strlen(names->name[i]);
    int same = n > 3 ? strncasecmp(p, names->name[i], n) == 0 : strncmp(p, names->name[i], n) == 0;
    if (same && !is_letter(p[n]))
      return n;
  }
  return 0;
}

/* "openai:MODEL@URL": all that follows up to a blank or the end of a sentence. */
static size_t provider_at(const char *p) {
  static const char *const kind[] = {"builtin:", "anthropic:", "openai:", "exec:", "recorded:"};
  for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
    size_t n = strlen(kind[i]);
    if (strncasecmp(p, kind[i], n) != 0)
      continue;
    size_t more = strcspn(p + n, " \t\r\n\"'`,;|)>]}");
    return more ? n + more : 0;
  }
  return 0;
}

void agent_text_blind(const struct agent_names *names, const char *text, struct buffer *out) {
  const char *from = text;
  for (const char *p = text; *p;) {
    int begins = p == text || !is_letter(p[-1]);
    size_t name = begins ? name_at(names, p) : 0, provider = begins && !name ? provider_at(p) : 0;
    if (!name && !provider) {
      p++;
      continue;
    }
    buffer_add(out, from, (size_t)(p - from));
    buffer_text(out, name ? "(a contestant)" : "(an agent)");
    p += name + provider;
    from = p;
  }
  buffer_text(out, from);
}

/* ------------------------------------------------------------------ fences and cells */

static size_t longest_run(const char *text, char c) {
  size_t longest = 0, run = 0;
  for (; *text; text++) {
    run = *text == c ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  return longest;
}

/* The nearest place at or before `at` (at or behind, if up) that begins a character. */
static size_t boundary(const char *text, size_t at, int up) {
  while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
    at = up ? at + 1 : at - 1;
  return at;
}

void agent_text_fence(const char *language, const char *text, size_t most, struct buffer *out) {
  struct buffer shown;
  size_t n = strlen(text);
  buffer_init(&shown);
  if (most && n > most) {
    size_t head = boundary(text, most * 2 / 3, 0), tail = boundary(text, n - most / 3, 1);
    buffer_add(&shown, text, head);
    buffer_printf(&shown, "\n[... %zu of %zu bytes are left out here ...]\n", tail - head, n);
    buffer_text(&shown, text + tail);
  } else
    buffer_text(&shown, text);
  if (shown.bytes && shown.data[shown.bytes - 1] != '\n')
    buffer_text(&shown, "\n");
  size_t ticks = longest_run(buffer_str(&shown), '`') + 1;
  for (size_t i = 0; i < ticks || i < 3; i++)
    buffer_text(out, "`");
  buffer_printf(out, "%s\n", language);
  buffer_add(out, buffer_str(&shown), shown.bytes);
  for (size_t i = 0; i < ticks || i < 3; i++)
    buffer_text(out, "`");
  buffer_text(out, "\n");
  buffer_fini(&shown);
}

void agent_text_cell(const struct agent_names *names, const char *text, struct buffer *out) {
  struct buffer plain;
  buffer_init(&plain);
  agent_text_blind(names, text, &plain);
  size_t n = plain.bytes > CELL_MAX ? boundary(buffer_str(&plain), CELL_MAX, 0) : plain.bytes;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)plain.data[i];
    char shown = c < 32 || c == 127 ? ' ' : c == '|' ? '/' : (char)c;
    buffer_add(out, &shown, 1);
  }
  if (n < plain.bytes)
    buffer_text(out, " ...");
  buffer_fini(&plain);
}

/* ------------------------------------------------------------------ values */

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **agent_text_keys(const json_t *object, size_t *n) {
  const char *key;
  json_t *value;
  *n = 0;
  if (json_object_size(object) == 0)
    return NULL;
  const char **list = malloc(json_object_size(object) * sizeof *list);
  if (!list)
    return NULL;
  json_object_foreach((json_t *)(uintptr_t)object, key, value) list[(*n)++] = key;
  qsort(list, *n, sizeof *list, by_name);
  return list;
}

void agent_text_value(const json_t *value, struct buffer *out) {
  if (json_is_string(value))
    buffer_text(out, json_string_value(value));
  else if (json_is_integer(value))
    buffer_printf(out, "%lld", (long long)json_integer_value(value));
  else if (json_is_real(value))
    buffer_printf(out, "%.6g", json_real_value(value));
  else {
    char *text =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6))
              : NULL;
    buffer_text(out, text ? text : "?");
    free(text);
  }
}

void agent_text_number(const json_t *object, const char *key, struct buffer *out) {
  double x;
  if (json_has_num(object, key, &x))
    buffer_printf(out, "%.4g", x);
  else
    buffer_text(out, "?");
}

void agent_text_setting(const json_t *setting, struct buffer *out) {
  size_t n;
  const char **key = agent_text_keys(setting, &n);
  for (size_t i = 0; key && i < n; i++) {
    buffer_printf(out, "%s%s=", i ? " " : "", key[i]);
    agent_text_value(json_object_get(setting, key[i]), out);
  }
  free(key);
}

void agent_text_change(const json_t *change, struct buffer *out) {
  size_t n;
  const char **key = agent_text_keys(change, &n);
  for (size_t i = 0; key && i < n; i++) {
    const json_t *pair = json_object_get(change, key[i]);
    buffer_printf(out, "%s%s ", i ? ", " : "", key[i]);
    agent_text_value(json_array_get(pair, 0), out);
    buffer_text(out, " -> ");
    agent_text_value(json_array_get(pair, 1), out);
  }
  free(key);
}

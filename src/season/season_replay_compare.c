/* Room: season. Comparing what is in a log with what would be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "season/season_replay_internal.h"

static void step_into(char pointer[256], size_t at, const char *key) {
  char token[128];
  size_t n = 0;
  for (; *key != '\0' && n + 3 < sizeof token; key++)
    if (*key == '~' || *key == '/') {
      token[n++] = '~';
      token[n++] = *key == '~' ? '0' : '1';
    } else
      token[n++] = *key;
  token[n] = '\0';
  snprintf(pointer + at, 256 - at, "/%s", token);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int same_text(const json_t *a, const json_t *b) {
  char *x = a != NULL ? json_canonical(a) : NULL, *y = b != NULL ? json_canonical(b) : NULL;
  int same = x != NULL && y != NULL ? strcmp(x, y) == 0 : x == y;
  free(x);
  free(y);
  return same;
}

/* The first key, in the order of texts, under which two objects differ; NULL: none. Borrowed. */
static const char *differing_key(const json_t *a, const json_t *b) {
  size_t n = 0, most = json_object_size(a) + json_object_size(b);
  const char **keys = calloc(most + 1, sizeof *keys), *key, *found = NULL;
  json_t *value;
  if (keys == NULL)
    return "";
  json_object_foreach((json_t *)(uintptr_t)a, key, value) keys[n++] = key;
  json_object_foreach((json_t *)(uintptr_t)b, key, value) {
    if (json_object_get(a, key) == NULL)
      keys[n++] = key;
  }
  qsort(keys, n, sizeof *keys, by_text);
  for (size_t i = 0; i < n && found == NULL; i++)
    if (!same_text(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
      found = keys[i];
  free(keys);
  return found;
}

int replay_differ(const json_t *a, const json_t *b, char pointer[256], const json_t **x, const json_t **y) {
  size_t at = 0;
  pointer[0] = '\0';
  if (same_text(a, b))
    return 0;
  for (;;) {
    *x = a;
    *y = b;
    if (json_is_object(a) && json_is_object(b)) {
      const char *key = differing_key(a, b);
      if (key == NULL)
        return 1;
      step_into(pointer, at, key);
      a = json_object_get(a, key);
      b = json_object_get(b, key);
    } else if (json_is_array(a) && json_is_array(b)) {
      size_t i = 0, n = json_array_size(a) < json_array_size(b) ? json_array_size(a) : json_array_size(b);
      char number[24];
      while (i < n && same_text(json_array_get(a, i), json_array_get(b, i)))
        i++;
      snprintf(number, sizeof number, "%zu", i);
      step_into(pointer, at, number);
      a = json_array_get(a, i);
      b = json_array_get(b, i);
    } else
      return 1;
    at = strlen(pointer);
  }
}

/* Fields of ended that tell of the outside world and not of a decision. */
static json_t *without_facts(const json_t *ended) {
  json_t *copy = json_deep_copy(ended), *agent = json_object_get(copy, "agent");
  json_object_del(copy, "seconds");
  json_object_del(copy, "error");
  json_object_del(agent, "request"); /* blobs: what is in them was read, and is named by its hash */
  json_object_del(agent, "response");
  json_object_del(agent, "prompt_hash"); /* compared where the prompt is */
  return copy;
}

static enum replay_what about(const char *kind) {
  return strcmp(kind, "begun") == 0            ? REPLAY_ACT
         : strcmp(kind, "ended") == 0          ? REPLAY_ANSWER
         : strcmp(kind, "context_frozen") == 0 ? REPLAY_CONTEXT
                                               : REPLAY_DECISION;
}

/* What differs within the two contexts says more than that their hashes do. 1: it was said. */
static int compare_contexts(struct replay *p, const struct event *there) {
  struct buffer text;
  struct error why;
  char pointer[256];
  json_t *was = NULL, *is = NULL;
  const json_t *x, *y;
  int said = 0;
  const char *blob = json_str(there->data, "blob", "");
  buffer_init(&text);
  if (store_blob_get(p->store, blob, &text, &why) != ST_OK)
    replay_missing(p, blob, &why);
  else if (json_read(buffer_str(&text), text.bytes, "a context", &was, NULL) == ST_OK &&
           json_read(buffer_str(&p->put), p->put.bytes, "a context", &is, NULL) == ST_OK &&
           replay_differ(was, is, pointer, &x, &y)) {
    replay_difference(p, there, REPLAY_CONTEXT, pointer, x, y,
                      "the pointer is into the context that was frozen");
    said = 1;
  }
  json_decref(was);
  json_decref(is);
  buffer_fini(&text);
  return said;
}

static int is_judged(const struct event *ended) {
  static const char *const acts[] = {"measure", "check", "duel", "confirm", "final"};
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
    if (strcmp(json_str(ended->data, "act", ""), acts[i]) == 0)
      return 1;
  return 0;
}

void replay_compare(struct replay *p, const struct event *there, const char *kind, const json_t *would) {
  char pointer[256];
  const json_t *x, *y;
  int ended = strcmp(kind, "ended") == 0;
  json_t *a = ended ? without_facts(there->data) : json_incref(there->data),
         *b = ended ? without_facts(would) : json_incref((json_t *)(uintptr_t)would);
  enum replay_what what = about(kind);
  if (ended && is_judged(there))
    p->taken++;
  else
    p->derived[what]++;
  if (replay_differ(a, b, pointer, &x, &y) && !(what == REPLAY_CONTEXT && compare_contexts(p, there)))
    replay_difference(p, there, what, pointer, x, y, NULL);
  json_decref(a);
  json_decref(b);
}

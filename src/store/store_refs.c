/* Room: store. What a log refers to: see store_refs.h and record_event.h, which lists the fields. */
#include "store/store_refs.h"

#include <stdlib.h>
#include <string.h>

void store_refs_init(struct store_refs *r) {
  memset(r, 0, sizeof *r);
}

void store_refs_fini(struct store_refs *r) {
  free(r->ref);
  store_refs_init(r);
}

static void add(struct store_refs *r, const char *name, int64_t seq, int needed) {
  if (name == NULL || !hash_is_hex(name) || r->failed)
    return;
  if (r->count == r->capacity) {
    size_t capacity = r->capacity == 0 ? 256 : r->capacity * 2;
    struct store_ref *grown = realloc(r->ref, capacity * sizeof *grown);
    if (grown == NULL) {
      r->failed = 1;
      return;
    }
    r->ref = grown;
    r->capacity = capacity;
  }
  struct store_ref *one = &r->ref[r->count++];
  memcpy(one->name, name, HASH_HEX_BYTES);
  one->seq = seq;
  one->needed = needed;
}

/* Every text that could name a blob: what is kept is never called unreferred for a field that is new here. */
static void add_all(struct store_refs *r, const json_t *value, int64_t seq) {
  const char *key;
  json_t *one;
  size_t i;
  if (json_is_string(value))
    add(r, json_string_value(value), seq, 0);
  json_object_foreach((json_t *)(uintptr_t)value, key, one) add_all(r, one, seq);
  json_array_foreach((json_t *)(uintptr_t)value, i, one) add_all(r, one, seq);
}

static const struct {
  const char *kind, *within, *field; /* within: an object of the event's data, or NULL */
} fields[] = {
    {"season_started", "incumbent", "blob"},
    {"context_frozen", NULL, "blob"},
    {"begun", "args", "blob"},
    {"begun", "args", "entry"},
    {"begun", "args", "incumbent"},
    {"begun", "args", "first"},
    {"begun", "args", "best"},
    {"ended", "result", "blob"},
    {"ended", "agent", "request"},
    {"ended", "agent", "response"},
    {"outcome", NULL, "entry"},
    {"incumbent_changed", NULL, "from"},
    {"incumbent_changed", NULL, "to"},
    {"season_ended", NULL, "best"},
};

void store_refs_add(struct store_refs *r, const struct event *ev) {
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (strcmp(fields[i].kind, ev->kind) != 0)
      continue;
    if (strcmp(ev->kind, "ended") == 0 && fields[i].within[0] == 'r' &&
        strcmp(json_str(ev->data, "act", ""), "implement") != 0)
      continue; /* verdicts and answers have fields of their own */
    const json_t *where = fields[i].within != NULL ? json_obj(ev->data, fields[i].within) : ev->data;
    add(r, json_str(where, fields[i].field, NULL), ev->seq, 1);
  }
  add_all(r, ev->data, ev->seq);
}

static int by_name(const void *a, const void *b) {
  const struct store_ref *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

void store_refs_sort(struct store_refs *r) {
  size_t kept = 0;
  if (r->count > 0)
    qsort(r->ref, r->count, sizeof *r->ref, by_name);
  for (size_t i = 0; i < r->count; i++) {
    if (kept > 0 && strcmp(r->ref[kept - 1].name, r->ref[i].name) == 0)
      r->ref[kept - 1].needed |= r->ref[i].needed;
    else
      r->ref[kept++] = r->ref[i];
  }
  r->count = kept;
}

static int name_is(const void *name, const void *ref) {
  return strcmp(name, ((const struct store_ref *)ref)->name);
}

const struct store_ref *store_refs_find(const struct store_refs *r, const char *name) {
  return r->count > 0 ? bsearch(name, r->ref, r->count, sizeof *r->ref, name_is) : NULL;
}

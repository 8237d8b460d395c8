/* Room: record. Events, their canonical text and their hash chain; nothing here knows where a log is
 * stored. May use base only. */
#include "record/record_event.h"

#include <stdlib.h>
#include <string.h>

#define GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

void event_log_init(struct event_log *l) {
  memset(l, 0, sizeof *l);
}

void event_log_fini(struct event_log *l) {
  for (size_t i = 0; i < l->count; i++)
    json_decref(l->event[i].data);
  free(l->event);
  memset(l, 0, sizeof *l);
}

void event_hash(const struct event *ev, char hex[HASH_HEX_BYTES]) {
  struct hash_parts *parts = hash_parts_create();
  json_t *rest = json_object();
  json_put_int(rest, "seq", ev->seq);
  json_put_int(rest, "wall_ns", ev->wall_ns);
  json_put_str(rest, "kind", ev->kind);
  json_object_set(rest, "data", ev->data);
  char *text = json_canonical(rest);
  json_decref(rest);
  if (parts != NULL && text == NULL) {
    hash_parts_end(parts, hex);
    parts = NULL; /* no memory: the digest of 64 zeros below cannot pass for a real one */
  }
  if (parts != NULL) {
    hash_parts_add_text(parts, ev->prev);
    hash_parts_add_text(parts, text);
  }
  hash_parts_end(parts, hex);
  free(text);
}

static int log_reserve(struct event_log *l) {
  if (l->count < l->capacity)
    return 0;
  size_t capacity = l->capacity == 0 ? 64 : l->capacity * 2;
  struct event *grown = realloc(l->event, capacity * sizeof *grown);
  if (grown == NULL)
    return -1;
  l->event = grown;
  l->capacity = capacity;
  return 0;
}

enum status event_log_push(struct event_log *l, int64_t wall_ns, const char *kind, json_t *data) {
  if (data == NULL || log_reserve(l) != 0) {
    json_decref(data);
    return ST_MEMORY;
  }
  struct event *ev = &l->event[l->count];
  memset(ev, 0, sizeof *ev);
  ev->seq = (int64_t)l->count + 1;
  ev->wall_ns = wall_ns;
  strncpy(ev->kind, kind, sizeof ev->kind - 1);
  ev->data = data;
  memcpy(ev->prev, l->count == 0 ? GENESIS : l->event[l->count - 1].hash, HASH_HEX_BYTES);
  event_hash(ev, ev->hash);
  if (strcmp(ev->hash, GENESIS) == 0) {
    json_decref(data);
    return ST_MEMORY;
  }
  l->count++;
  return ST_OK;
}

void event_log_drop_last(struct event_log *l) {
  if (l->count == 0)
    return;
  l->count--;
  json_decref(l->event[l->count].data);
}

enum status event_verify(const struct event *ev, int64_t seq, const char *prev, struct error *e) {
  char hex[HASH_HEX_BYTES];
  if (ev->seq != seq)
    return error_set(e, ST_CORRUPT,
                     "event %lld is missing from the log: the one in its place says it is number %lld",
                     (long long)seq, (long long)ev->seq);
  if (strcmp(ev->prev, prev != NULL ? prev : GENESIS) != 0)
    return error_set(e, ST_CORRUPT,
                     "event %lld (%s) does not follow event %lld: its record of the hash before it differs",
                     (long long)ev->seq, ev->kind, (long long)ev->seq - 1);
  event_hash(ev, hex);
  if (strcmp(hex, ev->hash) != 0)
    return error_set(e, ST_CORRUPT, "event %lld (%s) was changed after it was written: its hash differs",
                     (long long)ev->seq, ev->kind);
  return ST_OK;
}

enum status event_log_verify(const struct event_log *l, struct error *e) {
  enum status st = ST_OK;
  for (size_t i = 0; st == ST_OK && i < l->count; i++)
    st = event_verify(&l->event[i], (int64_t)i + 1, i > 0 ? l->event[i - 1].hash : NULL, e);
  return st;
}

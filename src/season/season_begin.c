/* Room: season. The first event of a log, over a real challenge or a test's. */
#include "season/season_world.h"
#include "store/store.h"

enum status season_begin(const char *dir, json_t *started, const char *source, size_t bytes,
                         struct error *e) {
  struct store *store = NULL;
  struct event_log log;
  char name[HASH_HEX_BYTES];
  event_log_init(&log);
  enum status st = store_open(dir, STORE_CREATE, &store, e);
  if (st == ST_OK)
    st = store_load(store, &log, e);
  if (st == ST_OK)
    st = store_blob_put(store, source, bytes, name, e);
  if (st == ST_OK) {
    json_put_str(json_object_get(started, "incumbent"), "blob", name);
    st = store_append(store, &log, "season_started", json_incref(started), e);
  }
  json_decref(started);
  event_log_fini(&log);
  store_close(store);
  return st;
}

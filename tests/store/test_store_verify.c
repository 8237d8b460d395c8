/* Tests of room store: `verify` on whole and damaged seasons. Each kind of damage is done to a copy of one
 * small season and must be named where it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/base_file.h"
#include "store/store.h"
#include "store/store_verify.h"

struct season {
  char root[256], dir[300];
  char needed[HASH_HEX_BYTES], loose[HASH_HEX_BYTES];
};

static int setup(void **state) {
  struct season *f = calloc(1, sizeof *f);
  struct store *s = NULL;
  struct event_log log;
  event_log_init(&log);
  snprintf(f->root, sizeof f->root, "%s/sharktank-verify-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(f->root) == NULL)
    return -1;
  snprintf(f->dir, sizeof f->dir, "%s/season", f->root);
  if (store_open(f->dir, STORE_CREATE, &s, NULL) != ST_OK || store_load(s, &log, NULL) != ST_OK ||
      store_blob_put(s, "one", 3, f->needed, NULL) != ST_OK ||
      store_blob_put(s, "two", 3, f->loose, NULL) != ST_OK)
    return -1;
  for (int i = 0; i < 200; i++) {
    json_t *data = json_pack("{s:i, s:s}", "n", i, "blob", i == 7 ? f->needed : "none");
    if (store_append(s, &log, i == 7 ? "context_frozen" : "test", data, NULL) != ST_OK)
      return -1;
  }
  event_log_fini(&log);
  store_close(s);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct season *f = *state;
  enum status st = file_remove_tree(f->root, NULL);
  free(f);
  return st == ST_OK ? 0 : -1;
}

static json_t *verified(const struct season *f) {
  json_t *report = NULL;
  struct error e = {.text = ""};
  if (store_verify(f->dir, NULL, &report, &e) != ST_OK)
    fail_msg("verify: %s", e.text);
  return report;
}

static void must_find(const struct season *f, const char *what, int64_t seq, const char *blob,
                      const char *says) {
  json_t *report = verified(f);
  const json_t *first = json_object_get(report, "first");
  char *text = json_canonical(first);
  if (strcmp(json_str(report, "verdict", ""), "damaged") != 0 ||
      strcmp(json_str(first, "what", ""), what) != 0 || json_int(first, "seq", 0) != seq ||
      strcmp(json_str(first, "blob", ""), blob) != 0 || strstr(json_str(first, "text", ""), says) == NULL ||
      json_str(first, "advice", "")[0] == '\0')
    fail_msg("expected %s at %lld, got %s", what, (long long)seq, text);
  free(text);
  json_decref(report);
}

static void run_sql(const struct season *f, const char *sql) {
  char path[400];
  sqlite3 *db = NULL;
  snprintf(path, sizeof path, "%s/season.db", f->dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db,
                                "PRAGMA journal_mode=DELETE; DROP TRIGGER event_no_update; DROP TRIGGER "
                                "event_no_delete",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void blob_path(const struct season *f, const char *name, char out[512]) {
  snprintf(out, 512, "%s/blobs/%.2s/%s", f->dir, name, name);
}

static void test_whole(void **state) {
  const struct season *f = *state;
  json_t *report = verified(f);
  assert_string_equal(json_str(report, "schema", ""), "sharktank.verify/1");
  assert_string_equal(json_str(report, "verdict", ""), "whole");
  assert_int_equal(json_int(report, "events", 0), 200);
  assert_int_equal(json_int(report, "schema_version", 0), 1);
  assert_int_equal(json_int(json_obj(report, "head"), "seq", 0), 200);
  assert_int_equal(strlen(json_str(json_obj(report, "head"), "hash", "")), 64);
  assert_int_equal(json_int(report, "blobs", 0), 2);
  assert_int_equal(json_int(report, "n_unreferenced", 0), 1); /* named, and no damage */
  assert_string_equal(json_string_value(json_array_get(json_arr(report, "unreferenced"), 0)), f->loose);
  assert_true(json_is_null(json_object_get(report, "first")));
  json_decref(report);
}

static void test_nothing_is_written(void **state) {
  const struct season *f = *state;
  char path[400];
  json_decref(verified(f));
  snprintf(path, sizeof path, "%s/season.db-shm", f->dir);
  assert_false(file_exists(path));
  snprintf(path, sizeof path, "%s/season.db-wal", f->dir);
  assert_false(file_exists(path));
}

static void test_changed_event(void **state) {
  const struct season *f = *state;
  run_sql(f, "UPDATE event SET data=replace(data,'41','14') WHERE seq=42");
  must_find(f, "event", 42, "", "changed after it was written");
  json_t *report = verified(f);
  assert_int_equal(json_int(report, "n_damage", 0), 1); /* the others are whole */
  json_decref(report);
}

static void test_changed_time(void **state) {
  run_sql(*state, "UPDATE event SET wall_ns=wall_ns+1 WHERE seq=3");
  must_find(*state, "event", 3, "", "changed");
}

static void test_lost_event(void **state) {
  const struct season *f = *state;
  run_sql(f, "DELETE FROM event WHERE seq=100");
  must_find(f, "event", 100, "", "missing");
  json_t *report = verified(f);
  assert_int_equal(json_int(report, "n_damage", 0), 1);
  json_decref(report);
}

static void test_lost_first(void **state) {
  run_sql(*state, "DELETE FROM event WHERE seq=1");
  must_find(*state, "event", 1, "", "missing");
}

static void test_no_json(void **state) {
  run_sql(*state, "UPDATE event SET data='{' WHERE seq=9");
  must_find(*state, "event", 9, "", "not JSON");
}

static void test_forged_link(void **state) {
  run_sql(*state, "UPDATE event SET prev=(SELECT prev FROM event WHERE seq=10) WHERE seq=20");
  must_find(*state, "event", 20, "", "does not follow");
}

static void test_blobs(void **state) {
  const struct season *f = *state;
  char path[512], stray[512];
  blob_path(f, f->needed, path);
  assert_int_equal(file_write_atomic(path, "two", 3, NULL), ST_OK);
  must_find(f, "blob", 8, f->needed, "damaged");
  assert_int_equal(unlink(path), 0);
  must_find(f, "missing", 8, f->needed, "event 8 names");
  assert_int_equal(file_write_atomic(path, "one", 3, NULL), ST_OK);
  snprintf(stray, sizeof stray, "%s/blobs/%.2s/leftover", f->dir, f->needed);
  assert_int_equal(file_write_atomic(stray, "x", 1, NULL), ST_OK);
  json_t *report = verified(f);
  assert_string_equal(json_str(report, "verdict", ""), "whole");
  assert_int_equal(json_int(report, "n_strays", 0), 1);
  json_decref(report);
}

/* Pages overwritten: whatever is hit, it is found, and nothing crashes. */
static void test_torn_pages(void **state) {
  const struct season *f = *state;
  char path[400], junk[512];
  struct buffer whole;
  buffer_init(&whole);
  snprintf(path, sizeof path, "%s/season.db", f->dir);
  assert_int_equal(file_read(path, 1 << 24, &whole, NULL), ST_OK);
  memset(junk, 0xa5, sizeof junk);
  for (size_t at = 0; at < whole.bytes; at += 4096) {
    struct buffer torn;
    buffer_init(&torn);
    buffer_add(&torn, whole.data, whole.bytes);
    memcpy(torn.data + at + (at == 0 ? 2048 : 0), junk, at == 0 ? 1 : sizeof junk);
    if (at == 0)
      memcpy(torn.data, junk, 16); /* its name: no database any more */
    assert_int_equal(file_write_atomic(path, torn.data, torn.bytes, NULL), ST_OK);
    json_t *report = verified(f);
    if (strcmp(json_str(report, "verdict", ""), "damaged") != 0)
      fail_msg("a torn page at %zu was not found", at);
    json_decref(report);
    buffer_fini(&torn);
  }
  buffer_fini(&whole);
}

static int stop_now(void *unused) {
  (void)unused;
  return 1;
}

static void test_no_season_and_stop(void **state) {
  const struct season *f = *state;
  json_t *report = NULL;
  assert_int_equal(store_verify(f->root, NULL, &report, NULL), ST_NOT_FOUND);
  const struct store_verify_watch watch = {.cancelled = stop_now};
  assert_int_equal(store_verify(f->dir, &watch, &report, NULL), ST_INTERRUPTED);
  assert_null(report);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH(test_whole),        WITH(test_nothing_is_written), WITH(test_changed_event),
      WITH(test_changed_time), WITH(test_lost_event),         WITH(test_lost_first),
      WITH(test_no_json),      WITH(test_forged_link),        WITH(test_blobs),
      WITH(test_torn_pages),   WITH(test_no_season_and_stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

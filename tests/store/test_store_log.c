/* Tests of room store: the log and the blobs of a season folder, whole and damaged. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/base_file.h"
#include "store/store.h"

struct fixture {
  char dir[256], season[300];
  struct store *store;
  struct event_log log;
  struct error e;
};

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  snprintf(f->dir, sizeof f->dir, "%s/sharktank-store-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(f->dir) == NULL)
    return -1;
  snprintf(f->season, sizeof f->season, "%s/a b%%?#", f->dir); /* a path that a URI would misread */
  event_log_init(&f->log);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  event_log_fini(&f->log);
  store_close(f->store);
  enum status st = file_remove_tree(f->dir, NULL);
  free(f);
  return st == ST_OK ? 0 : -1;
}

static void open_ok(struct fixture *f, enum store_mode mode) {
  if (store_open(f->season, mode, &f->store, &f->e) != ST_OK)
    fail_msg("store_open: %s", f->e.text);
}

static void shut(struct fixture *f) {
  store_close(f->store);
  f->store = NULL;
}

static void append_ok(struct fixture *f, int n) {
  json_t *data = json_object();
  json_put_int(data, "n", n);
  json_put_num(data, "third", n / 3.0);
  json_put_str(data, "text", "käse \"quoted\" 'x'");
  if (store_append(f->store, &f->log, "begun", data, &f->e) != ST_OK)
    fail_msg("append: %s", f->e.text);
}

static void create_with(struct fixture *f, int events) {
  open_ok(f, STORE_CREATE);
  assert_int_equal(store_load(f->store, &f->log, &f->e), ST_OK);
  for (int i = 0; i < events; i++)
    append_ok(f, i);
}

static void expect(struct fixture *f, enum status got, enum status want, const char *says) {
  if (got != want)
    fail_msg("got %s (%s), wanted %s", status_name(got), f->e.text, status_name(want));
  if (strstr(f->e.text, says) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", f->e.text, says);
}

static void test_append_and_load(void **state) {
  struct fixture *f = *state;
  create_with(f, 20);
  char *last = json_canonical(f->log.event[19].data);
  shut(f);
  for (int mode = STORE_WRITE; mode <= STORE_READ; mode++) {
    open_ok(f, (enum store_mode)mode);
    assert_int_equal(store_load(f->store, &f->log, &f->e), ST_OK);
    assert_int_equal(f->log.count, 20);
    char *again = json_canonical(f->log.event[19].data);
    assert_string_equal(again, last);
    free(again);
    if (mode == STORE_READ)
      expect(f, store_append(f->store, &f->log, "x", json_object(), &f->e), ST_USAGE, "reading only");
    shut(f);
  }
  free(last);
}

static void test_presence(void **state) {
  struct fixture *f = *state;
  struct store *s;
  expect(f, store_open(f->season, STORE_WRITE, &s, &f->e), ST_NOT_FOUND, "no folder");
  assert_int_equal(mkdir(f->season, 0777), 0);
  expect(f, store_open(f->season, STORE_READ, &s, &f->e), ST_NOT_FOUND, "season.db is missing");
  create_with(f, 0);
  shut(f);
  create_with(f, 1); /* a log without events is no season: a start cut off may be repeated */
  shut(f);
  expect(f, store_open(f->season, STORE_CREATE, &s, &f->e), ST_USAGE, "holds a season already");
  expect(f, store_open("", STORE_READ, &s, &f->e), ST_USAGE, "empty");
}

static void test_one_engine_at_a_time(void **state) {
  struct fixture *f = *state;
  struct store *s;
  char pid[32];
  create_with(f, 3);
  snprintf(pid, sizeof pid, "process %ld", (long)getpid());
  expect(f, store_open(f->season, STORE_WRITE, &s, &f->e), ST_BUSY, pid);
  /* A reader beside the running engine sees what is durable. */
  struct event_log other;
  event_log_init(&other);
  assert_int_equal(store_open(f->season, STORE_READ, &s, &f->e), ST_OK);
  assert_int_equal(store_load(s, &other, &f->e), ST_OK);
  assert_int_equal(other.count, 3);
  append_ok(f, 3);
  assert_int_equal(store_load(s, &other, &f->e), ST_OK);
  assert_int_equal(other.count, 4);
  event_log_fini(&other);
  store_close(s);
  shut(f);
  open_ok(f, STORE_WRITE);
}

/* A log that somebody else appended to is not appended to blindly. */
static void test_stale_log(void **state) {
  struct fixture *f = *state;
  create_with(f, 2);
  event_log_drop_last(&f->log);
  expect(f, store_append(f->store, &f->log, "begun", json_object(), &f->e), ST_BUSY,
         "somebody else appended event 2");
  assert_int_equal(f->log.count, 1);
}

/* SQL by hand, as a curious user's editor would. */
static void by_hand(struct fixture *f, const char *sql) {
  char path[400];
  sqlite3 *db;
  snprintf(path, sizeof path, "%s/season.db", f->season);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    fail_msg("%s: %s", sql, sqlite3_errmsg(db));
  sqlite3_close(db);
}

static void test_damaged_rows(void **state) {
  static const struct {
    const char *sql, *says;
  } damage[] = {
      {"UPDATE event SET data='{\"n\":9}' WHERE seq=3", "event 3 (begun) was changed"},
      {"DELETE FROM event WHERE seq=2", "event 2 is missing"},
      {"UPDATE event SET data='{\"n\":' WHERE seq=4", "event 4 (begun)"},
      {"UPDATE event SET kind='ended' WHERE seq=1", "event 1 (ended) was changed"},
      {"UPDATE event SET hash=hash||'0' WHERE seq=5", "a field is too long"},
      {"UPDATE event SET wall_ns=wall_ns+1 WHERE seq=2", "event 2 (begun) was changed"},
  };
  struct fixture *f = *state;
  for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
    assert_int_equal(file_remove_tree(f->season, NULL), ST_OK);
    create_with(f, 5);
    shut(f);
    by_hand(f, "DROP TRIGGER event_no_update; DROP TRIGGER event_no_delete");
    by_hand(f, damage[i].sql);
    open_ok(f, STORE_READ);
    expect(f, store_load(f->store, &f->log, &f->e), ST_CORRUPT, damage[i].says);
    assert_int_equal(f->log.count, 0);
    shut(f);
  }
}

static void test_append_only(void **state) {
  struct fixture *f = *state;
  create_with(f, 2);
  shut(f);
  char path[400];
  sqlite3 *db;
  snprintf(path, sizeof path, "%s/season.db", f->season);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_not_equal(sqlite3_exec(db, "DELETE FROM event", NULL, NULL, NULL), SQLITE_OK);
  assert_int_not_equal(sqlite3_exec(db, "UPDATE event SET kind='x'", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void test_foreign_and_newer_files(void **state) {
  struct fixture *f = *state;
  struct store *s;
  create_with(f, 1);
  shut(f);
  by_hand(f, "PRAGMA user_version=99");
  expect(f, store_open(f->season, STORE_WRITE, &s, &f->e), ST_INPUT, "newer sharktank (schema 99");
  expect(f, store_open(f->season, STORE_READ, &s, &f->e), ST_INPUT, "newer sharktank");
  char path[400];
  snprintf(path, sizeof path, "%s/season.db", f->season);
  assert_int_equal(unlink(path), 0);
  by_hand(f, "CREATE TABLE recipes(name TEXT)");
  expect(f, store_open(f->season, STORE_WRITE, &s, &f->e), ST_INPUT, "not a season's");
  assert_int_equal(
      file_write_atomic(path, "this is no database at all, but long enough to be read as one....", 64, NULL),
      ST_OK);
  expect(f, store_open(f->season, STORE_READ, &s, &f->e), ST_CORRUPT, "is damaged");
}

/* A page of zeros in the middle of the file: damage, in a sentence. */
static void test_torn_page(void **state) {
  struct fixture *f = *state;
  create_with(f, 200);
  shut(f);
  char path[400], zeros[4096] = {0};
  snprintf(path, sizeof path, "%s/season.db", f->season);
  int fd = open(path, O_WRONLY);
  assert_true(fd >= 0);
  for (int page = 2; page < 6; page++)
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, page * 4096), sizeof zeros);
  close(fd);
  if (store_open(f->season, STORE_READ, &f->store, &f->e) == ST_OK)
    expect(f, store_load(f->store, &f->log, &f->e), ST_CORRUPT, "");
  assert_true(f->e.text[0] != '\0');
}

static void test_blobs(void **state) {
  struct fixture *f = *state;
  char name[HASH_HEX_BYTES], again[HASH_HEX_BYTES], path[500];
  struct buffer b;
  buffer_init(&b);
  create_with(f, 0);
  assert_int_equal(store_blob_put(f->store, "hello", 5, name, &f->e), ST_OK);
  assert_int_equal(store_blob_put(f->store, "hello", 5, again, &f->e), ST_OK);
  assert_string_equal(name, again);
  assert_string_equal(name, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  assert_int_equal(store_blob_get(f->store, name, &b, &f->e), ST_OK);
  assert_string_equal(buffer_str(&b), "hello");
  snprintf(path, sizeof path, "%s/blobs/2c/%s", f->season, name);
  assert_true(file_exists(path));
  assert_int_equal(store_blob_put(f->store, "", 0, again, &f->e), ST_OK); /* empty is a blob too */
  assert_int_equal(store_blob_get(f->store, again, &b, &f->e), ST_OK);
  assert_int_equal(truncate(path, 3), 0);
  expect(f, store_blob_get(f->store, name, &b, &f->e), ST_CORRUPT, "is damaged: its 3 bytes");
  assert_int_equal(store_blob_put(f->store, "hello", 5, name, &f->e), ST_OK); /* putting it again heals it */
  assert_int_equal(store_blob_get(f->store, name, &b, &f->e), ST_OK);
  assert_int_equal(unlink(path), 0);
  expect(f, store_blob_get(f->store, name, &b, &f->e), ST_NOT_FOUND, name);
  expect(f, store_blob_get(f->store, "../../etc/passwd", &b, &f->e), ST_CORRUPT, "not the name of a blob");
  buffer_fini(&b);
}

/* No space: a file size limit stands in for a full disk. The log keeps what was durable. */
static void test_no_space(void **state) {
  struct fixture *f = *state;
  create_with(f, 1);
  shut(f);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {96 << 10, 96 << 10};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        store_open(f->season, STORE_WRITE, &f->store, &f->e) != ST_OK ||
        store_load(f->store, &f->log, &f->e) != ST_OK)
      _exit(1);
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    enum status st = ST_OK;
    size_t before = 0;
    for (int i = 0; st == ST_OK && i < 1000; i++) {
      json_t *data = json_object();
      json_put_str(data, "text", text);
      before = f->log.count;
      st = store_append(f->store, &f->log, "begun", data, &f->e);
    }
    char big[200 << 10] = {0}, name[HASH_HEX_BYTES];
    int ok = st == ST_FULL && f->log.count == before && before > 3 &&
             store_blob_put(f->store, big, sizeof big, name, &f->e) == ST_FULL;
    if (!ok)
      fprintf(stderr, "%s after %zu: %s\n", status_name(st), before, f->e.text);
    _exit(ok ? 42 : 2);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 42);
  open_ok(f, STORE_WRITE); /* the lock went with the process */
  assert_int_equal(store_load(f->store, &f->log, &f->e), ST_OK);
  assert_true(f->log.count > 3);
  append_ok(f, 1);
}

/* Killed while appending as fast as it can: every event up to some number, none torn. */
static void test_killed_writer(void **state) {
  struct fixture *f = *state;
  int ready[2];
  create_with(f, 1);
  shut(f);
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    if (store_open(f->season, STORE_WRITE, &f->store, &f->e) != ST_OK ||
        store_load(f->store, &f->log, &f->e) != ST_OK)
      _exit(1);
    for (int i = 0; i < 100000; i++) {
      json_t *data = json_object();
      json_put_int(data, "n", i);
      if (store_append(f->store, &f->log, "begun", data, &f->e) != ST_OK)
        _exit(2);
      if (write(ready[1], "x", 1) != 1)
        _exit(3); /* appended means durable: counted by the parent */
    }
    _exit(4);
  }
  char byte;
  size_t told = 0;
  while (told < 50 && read(ready[0], &byte, 1) == 1)
    told++;
  kill(child, SIGKILL);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  close(ready[1]);
  while (read(ready[0], &byte, 1) == 1)
    told++;
  close(ready[0]);
  open_ok(f, STORE_WRITE);
  assert_int_equal(store_load(f->store, &f->log, &f->e), ST_OK);
  assert_in_range(f->log.count, told + 1, told + 2);
}

/* A folder nobody may write, with the log still in the write-ahead file. */
static void test_read_only_folder(void **state) {
  struct fixture *f = *state;
  create_with(f, 4);
  char copy[300], command[2000];
  snprintf(copy, sizeof copy, "%s/copy", f->dir);
  /* Copied while open, so that season.db-wal holds the events and season.db-shm is absent. */
  snprintf(command, sizeof command,
           "mkdir '%s' && cp '%s/season.db' '%s/season.db-wal' '%s' && chmod -R a+rX,a-w '%s' '%s'", copy,
           f->season, f->season, copy, copy, f->dir);
  assert_int_equal(system(command), 0);
  pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
      _exit(77);
    struct store *s;
    struct event_log log;
    event_log_init(&log);
    if (store_open(copy, STORE_READ, &s, &f->e) != ST_OK || store_load(s, &log, &f->e) != ST_OK) {
      fprintf(stderr, "%s\n", f->e.text);
      _exit(1);
    }
    int ok = log.count == 4;
    event_log_fini(&log);
    store_close(s);
    _exit(ok ? 42 : 2);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  snprintf(command, sizeof command, "chmod -R u+w '%s'", f->dir);
  assert_int_equal(system(command), 0);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 42);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_append_and_load, setup, teardown),
      cmocka_unit_test_setup_teardown(test_presence, setup, teardown),
      cmocka_unit_test_setup_teardown(test_one_engine_at_a_time, setup, teardown),
      cmocka_unit_test_setup_teardown(test_stale_log, setup, teardown),
      cmocka_unit_test_setup_teardown(test_damaged_rows, setup, teardown),
      cmocka_unit_test_setup_teardown(test_append_only, setup, teardown),
      cmocka_unit_test_setup_teardown(test_foreign_and_newer_files, setup, teardown),
      cmocka_unit_test_setup_teardown(test_torn_page, setup, teardown),
      cmocka_unit_test_setup_teardown(test_blobs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_no_space, setup, teardown),
      cmocka_unit_test_setup_teardown(test_killed_writer, setup, teardown),
      cmocka_unit_test_setup_teardown(test_read_only_folder, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

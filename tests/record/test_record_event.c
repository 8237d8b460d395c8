/* Tests of room record: the hash chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "record/record_event.h"

static void three(struct event_log *l) {
  event_log_init(l);
  for (int i = 0; i < 3; i++) {
    json_t *data = json_object();
    json_put_int(data, "n", i);
    json_put_num(data, "x", 0.1 + i);
    assert_int_equal(event_log_push(l, 100 + i, "begun", data), ST_OK);
  }
}

static void expect_corrupt(const struct event_log *l, const char *words) {
  struct error e = {.text = ""};
  assert_int_equal(event_log_verify(l, &e), ST_CORRUPT);
  if (strstr(e.text, words) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void test_chain_holds(void **unused) {
  (void)unused;
  struct event_log l;
  three(&l);
  assert_int_equal(event_log_verify(&l, NULL), ST_OK);
  assert_int_equal(l.event[2].seq, 3);
  assert_string_equal(l.event[2].prev, l.event[1].hash);
  assert_true(hash_is_hex(l.event[0].hash));
  assert_string_not_equal(l.event[0].hash, l.event[1].hash);
  event_log_fini(&l);
}

/* The hash covers every field, and only the content: not the order in which keys were set. */
static void test_every_field_is_covered(void **unused) {
  (void)unused;
  struct event_log l;
  char hex[HASH_HEX_BYTES];
  three(&l);
  struct event ev = l.event[1];
  event_hash(&ev, hex);
  assert_string_equal(hex, ev.hash);
  ev.wall_ns++;
  event_hash(&ev, hex);
  assert_string_not_equal(hex, l.event[1].hash);
  ev = l.event[1];
  ev.seq++;
  event_hash(&ev, hex);
  assert_string_not_equal(hex, l.event[1].hash);
  ev = l.event[1];
  strcpy(ev.kind, "ended");
  event_hash(&ev, hex);
  assert_string_not_equal(hex, l.event[1].hash);
  ev = l.event[1];
  ev.data = json_pack("{s:f,s:i}", "x", 1.1, "n", 1);
  event_hash(&ev, hex);
  assert_string_equal(hex, l.event[1].hash);
  json_decref(ev.data);
  event_log_fini(&l);
}

static void test_damage_is_named(void **unused) {
  (void)unused;
  struct event_log l;
  three(&l);
  json_put_int(l.event[1].data, "n", 7);
  expect_corrupt(&l, "event 2 (begun) was changed");
  json_put_int(l.event[1].data, "n", 1);
  assert_int_equal(event_log_verify(&l, NULL), ST_OK);
  struct event second = l.event[1];
  l.event[1] = l.event[2];
  l.event[2] = second;
  expect_corrupt(&l, "event 2 is missing");
  l.event[2] = l.event[1];
  l.event[1] = second;
  assert_int_equal(event_log_verify(&l, NULL), ST_OK);
  l.event[0].hash[5] = l.event[0].hash[5] == 'a' ? 'b' : 'a';
  expect_corrupt(&l, "event 1 (begun) was changed");
  event_log_fini(&l);
}

/* An event that was rehashed after a change still does not fit its successor. */
static void test_rehashed_change_breaks_the_next(void **unused) {
  (void)unused;
  struct event_log l;
  three(&l);
  json_put_int(l.event[1].data, "n", 7);
  event_hash(&l.event[1], l.event[1].hash);
  expect_corrupt(&l, "event 3 (begun) does not follow event 2");
  event_log_fini(&l);
}

static void test_drop_last(void **unused) {
  (void)unused;
  struct event_log l;
  three(&l);
  event_log_drop_last(&l);
  assert_int_equal(l.count, 2);
  assert_int_equal(event_log_push(&l, 5, "ended", json_object()), ST_OK);
  assert_int_equal(event_log_verify(&l, NULL), ST_OK);
  event_log_fini(&l);
  event_log_drop_last(&l); /* of an empty log: nothing */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_chain_holds),     cmocka_unit_test(test_every_field_is_covered),
      cmocka_unit_test(test_damage_is_named), cmocka_unit_test(test_rehashed_change_breaks_the_next),
      cmocka_unit_test(test_drop_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

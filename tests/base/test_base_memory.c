/* Tests of base: arena, buffer, status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base_arena.h"
#include "base/base_buffer.h"
#include "base/base_status.h"

static void arena_gives_zeroed_aligned_memory(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a, 0);
  for (size_t n = 0; n < 3000; n += 7) {
    unsigned char *p = arena_alloc(&a, n);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (size_t i = 0; i < n; i++)
      assert_int_equal(p[i], 0);
    memset(p, 0xff, n); /* a neighbour that overlaps would no longer be zero */
  }
  assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
  assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
  assert_null(arena_strdup(&a, NULL));
  assert_false(arena_failed(&a));
  arena_fini(&a);
}

static void arena_limit_is_sticky(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a, 1000);
  assert_non_null(arena_alloc(&a, 900));
  assert_null(arena_alloc(&a, 900));
  assert_true(arena_failed(&a));
  assert_null(arena_alloc(&a, 1));
  arena_fini(&a);
  arena_init(&a, 0);
  assert_null(arena_array(&a, SIZE_MAX / 2, 3));
  assert_true(arena_failed(&a));
  arena_fini(&a);
}

static void buffer_grows_and_is_text(void **state) {
  (void)state;
  struct buffer b;
  buffer_init(&b);
  assert_string_equal(buffer_str(&b), "");
  for (int i = 0; i < 1000; i++)
    buffer_printf(&b, "%d,", i);
  assert_int_equal(b.bytes, 10 * 2 + 90 * 3 + 900 * 4);
  assert_int_equal(strlen(buffer_str(&b)), b.bytes);
  buffer_clear(&b);
  buffer_add(&b, "a\0b", 3);
  assert_int_equal(b.bytes, 3);
  char *text = buffer_take(&b);
  assert_memory_equal(text, "a\0b", 4);
  assert_int_equal(b.bytes, 0);
  free(text);
  char *nothing = buffer_take(&b);
  assert_string_equal(nothing, "");
  free(nothing);
  buffer_fini(&b);
}

static void errors_name_the_users_file(void **state) {
  (void)state;
  struct error e;
  char out[2048];
  assert_int_equal(error_at(&e, ST_INPUT, "a.yml", 3, "no key '%s'", "k"), ST_INPUT);
  error_format(&e, out, sizeof out);
  assert_string_equal(out, "a.yml:3: no key 'k'");
  /* An argument may be the struct's own text. */
  assert_int_equal(error_set(&e, ST_IO, "outer: %s", e.text), ST_IO);
  error_format(&e, out, sizeof out);
  assert_string_equal(out, "outer: no key 'k'");
  error_format(&e, out, 6);
  assert_string_equal(out, "outer");
  assert_int_equal(error_set(NULL, ST_FULL, "x"), ST_FULL);
}

static void exit_status_follows_the_contract(void **state) {
  (void)state;
  assert_int_equal(status_exit(ST_OK), 0);
  assert_int_equal(status_exit(ST_USAGE), 2);
  assert_int_equal(status_exit(ST_INPUT), 2);
  assert_int_equal(status_exit(ST_NOT_FOUND), 2);
  assert_int_equal(status_exit(ST_FULL), 3);
  assert_int_equal(status_exit(ST_TOOL), 3);
  assert_int_equal(status_exit((enum status)999), 3);
  assert_string_equal(status_name(ST_SANDBOX), "SANDBOX");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_gives_zeroed_aligned_memory), cmocka_unit_test(arena_limit_is_sticky),
      cmocka_unit_test(buffer_grows_and_is_text), cmocka_unit_test(errors_name_the_users_file),
      cmocka_unit_test(exit_status_follows_the_contract)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

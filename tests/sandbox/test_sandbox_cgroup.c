/* Room: tests of the sandbox. The cgroup of a sandboxed tree: found or a reason said, limits that hold, and
 * nothing of it left. Where no group can be made (version 1, nothing delegated), that part is skipped. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_file.h"
#include "sandbox/sandbox_cgroup.h"
#include "sandbox/sandbox_run.h"

static const int64_t SECOND = 1000000000;

/* A folder that looks like a group; controllers: what it hands down. */
static void fake_group(char folder[64], const char *controllers) {
  char path[100];
  struct error e = {0};
  snprintf(folder, 64, "/tmp/sharktank-test-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/cgroup.subtree_control", folder);
  assert_int_equal(file_write_atomic(path, controllers, strlen(controllers), &e), ST_OK);
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  assert_int_equal(file_write_atomic(path, "", 0, &e), ST_OK);
  setenv("SHARKTANK_CGROUP", folder, 1);
}

static void a_group_is_used_only_with_both_controllers(void **state) {
  (void)state;
  static const struct {
    const char *controllers;
    int found;
  } cases[] = {
      {"cpu memory pids\n", 1}, {"memory\n", 0}, {"pids memoryless\n", 0}, {"", 0}, {"pids memory", 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char folder[64], parent[300], why[400];
    struct error e = {0};
    fake_group(folder, cases[i].controllers);
    assert_int_equal(sandbox_cgroup_find(parent, sizeof parent, why, sizeof why), cases[i].found);
    if (cases[i].found)
      assert_string_equal(parent, folder);
    else
      assert_non_null(strstr(why, folder)); /* the reason names the group */
    assert_int_equal(file_remove_tree(folder, &e), ST_OK);
  }
  unsetenv("SHARKTANK_CGROUP");
}

/* A group that cannot be limited is not used, not left behind, and the layer says why. */
static void a_group_without_limits_is_given_up(void **state) {
  (void)state;
  char folder[64], path[320], kept[100];
  struct error e = {0};
  fake_group(folder, "memory pids\n");
  assert_int_equal(sandbox_cgroup_create(folder, 1 << 20, 4, path, sizeof path), -1);
  assert_string_equal(path, "");
  snprintf(kept, sizeof kept, "%s/sharktank-%d-0", folder, (int)getpid());
  assert_false(file_exists(kept));
  json_t *layers = sandbox_layers();
  const json_t *last = json_array_get(layers, json_array_size(layers) - 1);
  assert_string_equal(json_str(last, "layer", ""), "cgroup");
  assert_false(json_bool(last, "active", 1));
  assert_non_null(strstr(json_str(last, "why", ""), folder));
  assert_false(sandbox_complete());
  json_decref(layers);
  assert_int_equal(file_remove_tree(folder, &e), ST_OK);
  unsetenv("SHARKTANK_CGROUP");
}

static void none_is_a_wish(void **state) {
  (void)state;
  char parent[300], why[400];
  setenv("SHARKTANK_CGROUP", "none", 1);
  assert_false(sandbox_cgroup_find(parent, sizeof parent, why, sizeof why));
  assert_non_null(strstr(why, "SHARKTANK_CGROUP"));
  unsetenv("SHARKTANK_CGROUP");
}

static void run(const char *script, struct sandbox_spec *spec, struct buffer *output,
                struct sandbox_result *result) {
  static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
  const char *const argv[] = {"/bin/sh", "-c", script, NULL};
  struct error e = {0};
  spec->argv = argv;
  spec->env = env;
  buffer_init(output);
  if (sandbox_run(spec, 60 * SECOND, 4096, output, result, &e))
    fail_msg("%s", e.text);
}

/* Three children of 40 MiB each: every one within its own limit, the tree above its limit of 64 MiB. By the
 * group's limit where there is one, by looking elsewhere. */
static void the_sum_of_a_tree_is_bounded(void **state) {
  (void)state;
  struct sandbox_spec spec = {.cpu = -1, .tree_bytes = 64 << 20};
  struct sandbox_result result;
  struct buffer output;
  run("for i in 1 2 3; do dd if=/dev/zero of=/dev/null bs=40000000 2>/dev/null & done; wait; echo survived",
      &spec, &output, &result);
  assert_true(result.too_large);
  assert_false(result.timed_out);
  assert_null(strstr(buffer_str(&output), "survived"));
  buffer_fini(&output);
}

static void a_real_group_holds_and_goes(void **state) {
  (void)state;
  char parent[300], why[400];
  if (!sandbox_cgroup_find(parent, sizeof parent, why, sizeof why)) {
    print_message("no cgroup here: %s\n", why);
    skip();
  }
  const char *const argv[] = {"/bin/sleep", "1000", NULL};
  struct sandbox_spec spec = {.argv = argv, .out_fd = -1, .err_fd = -1, .cpu = -1, .memory_bytes = 256 << 20};
  struct sandbox_process p;
  struct error e = {0};
  char text[64] = "", path[400], folder[320];
  assert_int_equal(sandbox_start(&spec, &p, &e), ST_OK);
  assert_non_null(strstr(p.cgroup, parent));
  snprintf(folder, sizeof folder, "%s", p.cgroup);
  snprintf(path, sizeof path, "%s/memory.max", folder);
  FILE *f = fopen(path, "re");
  assert_non_null(f);
  assert_non_null(fgets(text, sizeof text, f));
  fclose(f);
  assert_int_equal(strtoll(text, NULL, 10), (256 << 20) + (64 << 20));
  assert_true(sandbox_tree_bytes(&p) > 0);
  snprintf(path, sizeof path, "/proc/%d/cgroup", (int)p.inner);
  struct buffer groups;
  buffer_init(&groups);
  assert_int_equal(file_read(path, 4096, &groups, &e), ST_OK);
  assert_non_null(strstr(buffer_str(&groups), strrchr(folder, '/')));
  buffer_fini(&groups);
  sandbox_end(&p);
  assert_false(file_exists(folder));
  json_t *layers = sandbox_layers();
  assert_true(json_bool(json_array_get(layers, json_array_size(layers) - 1), "active", 0));
  json_decref(layers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_group_is_used_only_with_both_controllers),
      cmocka_unit_test(a_group_without_limits_is_given_up),
      cmocka_unit_test(none_is_a_wish),
      cmocka_unit_test(the_sum_of_a_tree_is_bounded),
      cmocka_unit_test(a_real_group_holds_and_goes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room: tests of the sandbox. What a program inside can reach, how it ends, what is left of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "sandbox/sandbox_run.h"

static const int64_t SECOND = 1000000000;

struct run {
  struct buffer output;
  struct sandbox_result result;
};

static void run_spec(struct run *r, struct sandbox_spec *spec, const char *script, int64_t timeout_ns) {
  static const char *const env[] = {"PATH=/usr/bin:/bin", "GREETING=hello=there", NULL};
  const char *const argv[] = {"/bin/sh", "-c", script, NULL};
  struct error e = {0};
  spec->argv = argv;
  spec->env = env;
  spec->out_fd = spec->err_fd = -1;
  buffer_init(&r->output);
  enum status s = sandbox_run(spec, timeout_ns, 4096, &r->output, &r->result, &e);
  if (s)
    fail_msg("%s: %s", status_name(s), e.text);
}

static void run_script(struct run *r, const char *script) {
  struct sandbox_spec spec = {.cpu = -1};
  run_spec(r, &spec, script, 30 * SECOND);
}

static void expect_output(const char *script, const char *want) {
  struct run r;
  run_script(&r, script);
  assert_string_equal(buffer_str(&r.output), want);
  buffer_fini(&r.output);
}

static void exit_status_and_output(void **state) {
  (void)state;
  struct run r;
  run_script(&r, "echo out; echo err >&2; exit 7");
  assert_true(r.result.exited);
  assert_int_equal(r.result.exit_status, 7);
  assert_non_null(strstr(buffer_str(&r.output), "out\n"));
  assert_non_null(strstr(buffer_str(&r.output), "err\n"));
  buffer_fini(&r.output);
  run_script(&r, "sh -c 'kill -SEGV $$'; exit $?");
  assert_false(r.result.exited);
  assert_int_equal(r.result.signal_number, SIGSEGV);
  buffer_fini(&r.output);
}

static void the_environment_is_what_was_given(void **state) {
  (void)state;
  expect_output("echo $GREETING $HOME $SHARKTANK_BIN", "hello=there\n");
}

static void output_is_capped(void **state) {
  (void)state;
  struct run r;
  run_script(&r, "yes 0123456789 | head -c 300000; exit 3");
  assert_int_equal(r.output.bytes, 4096);
  assert_true(r.result.truncated);
  assert_int_equal(r.result.exit_status, 3);
  buffer_fini(&r.output);
}

static void a_time_out_ends_the_whole_tree(void **state) {
  (void)state;
  struct run r;
  struct sandbox_spec spec = {.cpu = -1};
  /* children in sessions of their own, holding our pipe: only a whole-tree kill ends them */
  run_spec(&r, &spec, "setsid sh -c 'while :; do :; done' & setsid sleep 100000 & wait", SECOND / 2);
  assert_true(r.result.timed_out);
  assert_true(r.result.wall_ns < 20 * SECOND);
  buffer_fini(&r.output);
}

static void nothing_outside_is_reached(void **state) {
  (void)state;
  char source[512];
  snprintf(source, sizeof source,
           "test -e %s && echo sees the tree; test -e /etc/passwd && echo passwd; "
           "test -e /root && echo root; test -e /home && echo home; "
           "touch /here 2>/dev/null && echo root is writable; "
           "touch /usr/here 2>/dev/null && echo usr is writable; "
           "ls /sys/class/net 2>/dev/null; set -- /proc/[0-9]*; echo $#",
           ST_SOURCE_DIR);
  struct run r;
  run_script(&r, source);
  assert_string_equal(buffer_str(&r.output), "1\n"); /* only itself is in its /proc */
  buffer_fini(&r.output);
  /* no interface but a loopback, and not root even when we are */
  run_script(&r, "id -u; grep -c : /proc/net/dev");
  assert_string_equal(buffer_str(&r.output), "1000\n1\n"); /* whoever we are */
  buffer_fini(&r.output);
}

/* A folder that is bound is seen, read-only, and what only root may read stays unreadable as root. */
static void binds(void **state) {
  (void)state;
  char folder[] = "/tmp/sharktank-test-XXXXXX", path[128];
  assert_non_null(mkdtemp(folder));
  struct error e = {0};
  snprintf(path, sizeof path, "%s/open", folder);
  assert_int_equal(file_write_atomic(path, "open\n", 5, &e), ST_OK);
  assert_int_equal(chmod(path, 0644), 0);
  snprintf(path, sizeof path, "%s/secret", folder);
  assert_int_equal(file_write_atomic(path, "secret\n", 7, &e), ST_OK);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(chmod(folder, 0711), 0);
  struct sandbox_bind bind[] = {{.host = folder, .inside = "/given"}};
  struct sandbox_spec spec = {.cpu = -1, .bind = bind, .n_bind = 1};
  struct run r;
  run_spec(&r, &spec,
           "cat /given/open; cat /given/secret 2>/dev/null; touch /given/new 2>/dev/null && echo wrote",
           30 * SECOND);
  assert_string_equal(buffer_str(&r.output), geteuid() == 0 ? "open\n" : "open\nsecret\n");
  buffer_fini(&r.output);
  bind[0].writable = 1;
  run_spec(&r, &spec, "echo written > /given/new", 30 * SECOND);
  assert_int_equal(r.result.exit_status, 0);
  buffer_fini(&r.output);
  snprintf(path, sizeof path, "%s/new", folder);
  assert_true(file_exists(path));
  assert_int_equal(file_remove_tree(folder, &e), ST_OK);
  struct sandbox_process p;
  const char *const argv[] = {"/bin/true", NULL};
  spec.argv = argv;
  spec.env = NULL;
  bind[0].host = "/no/such/folder";
  assert_int_equal(sandbox_start(&spec, &p, &e), ST_NOT_FOUND);
}

static void hidden_folders_are_empty(void **state) {
  (void)state;
  const char *const hide[] = {"/usr/share", NULL};
  struct sandbox_spec spec = {.cpu = -1, .hide = hide};
  struct run r;
  run_spec(&r, &spec, "ls /usr/share | wc -l", 30 * SECOND);
  assert_string_equal(buffer_str(&r.output), "0\n");
  buffer_fini(&r.output);
}

static void limits_hold(void **state) {
  (void)state;
  struct sandbox_spec spec = {
      .cpu = -1, .memory_bytes = 256 << 20, .file_bytes = 1 << 20, .tmp_bytes = 8 << 20};
  struct run r;
  run_spec(&r, &spec, "ulimit -v; ulimit -f; ulimit -c", 30 * SECOND);
  assert_string_equal(buffer_str(&r.output), "262144\n2048\n0\n");
  buffer_fini(&r.output);
  run_spec(&r, &spec,
           "head -c 5000000 /dev/zero > big 2>/dev/null; test $(wc -c < big) -le 1048576 && echo capped",
           30 * SECOND);
  assert_string_equal(buffer_str(&r.output), "capped\n");
  buffer_fini(&r.output);
  spec.file_bytes = 64 << 20;
  run_spec(&r, &spec, "head -c 50000000 /dev/zero > big 2>/dev/null || echo full", 30 * SECOND);
  assert_string_equal(buffer_str(&r.output), "full\n");
  buffer_fini(&r.output);
  spec.processes = 6;
  run_spec(&r, &spec, "i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i+1)); done 2>/dev/null; echo past",
           30 * SECOND);
  assert_null(strstr(buffer_str(&r.output), "past"));
  buffer_fini(&r.output);
}

static void descriptors_arrive_in_order(void **state) {
  (void)state;
  int fd[2] = {memfd_create("one", MFD_CLOEXEC), memfd_create("two", MFD_CLOEXEC)};
  assert_true(fd[0] >= 0 && fd[1] >= 0);
  assert_int_equal(write(fd[0], "first\n", 6), 6);
  assert_int_equal(lseek(fd[0], 0, SEEK_SET), 0);
  struct sandbox_spec spec = {.cpu = -1, .pass_fd = fd, .n_pass_fd = 2};
  struct run r;
  run_spec(&r, &spec, "cat <&3; echo second >&4; ls /proc/self/fd | wc -l", 30 * SECOND);
  assert_string_equal(buffer_str(&r.output), "first\n6\n"); /* 0 1 2 3 4 and ls's own */
  char text[16] = "";
  assert_int_equal(pread(fd[1], text, sizeof text - 1, 0), 7);
  assert_string_equal(text, "second\n");
  buffer_fini(&r.output);
  close(fd[0]);
  close(fd[1]);
}

static void start_script(struct sandbox_process *p, const char *script) {
  const char *const argv[] = {"/bin/sh", "-c", script, NULL};
  struct sandbox_spec spec = {.argv = argv, .out_fd = -1, .err_fd = -1, .cpu = -1};
  struct error e = {0};
  if (sandbox_start(&spec, p, &e))
    fail_msg("%s", e.text);
}

/* CPU time stands still exactly while the program is stopped. */
static void stop_and_continue(void **state) {
  (void)state;
  struct sandbox_process p;
  start_script(&p, "while :; do :; done");
  int64_t deadline = clock_mono_ns() + 30 * SECOND, at_stop;
  while (sandbox_cpu_ns(&p) < 20000000 && clock_mono_ns() < deadline)
    ;
  assert_int_equal(sandbox_stop(&p), 0);
  at_stop = sandbox_cpu_ns(&p);
  assert_true(at_stop >= 20000000);
  for (volatile int i = 0; i < 20000000; i++)
    ;
  assert_true(sandbox_cpu_ns(&p) == at_stop);
  assert_int_equal(sandbox_continue(&p), 0);
  while (sandbox_cpu_ns(&p) < at_stop + 5000000 && clock_mono_ns() < deadline)
    ;
  assert_true(sandbox_cpu_ns(&p) > at_stop);
  assert_int_equal(sandbox_poll(&p, NULL), 0);
  pid_t inner = p.inner;
  sandbox_end(&p);
  assert_int_equal(kill(inner, 0), -1); /* the whole of it is gone when sandbox_end returns */
  assert_int_equal(sandbox_stop(&p), -1);
  assert_int_equal(sandbox_continue(&p), -1);
  assert_true(sandbox_cpu_ns(&p) < 0);
  int status = 0;
  assert_int_equal(sandbox_poll(&p, &status), 1);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  sandbox_end(&p);
}

static void a_program_that_is_not_there(void **state) {
  (void)state;
  const char *const argv[] = {"/no/such/program", NULL};
  struct sandbox_spec spec = {.argv = argv, .out_fd = -1, .err_fd = -1, .cpu = -1};
  struct error e = {0};
  struct sandbox_result result;
  struct buffer output;
  buffer_init(&output);
  enum status s = sandbox_run(&spec, 30 * SECOND, 4096, &output, &result, &e);
  assert_true(s == ST_SANDBOX || (s == ST_OK && result.exited && result.exit_status));
  buffer_fini(&output);
}

static void without_bubblewrap_by_wish(void **state) {
  (void)state;
  setenv("SHARKTANK_SANDBOX", "none", 1);
  struct run r;
  run_script(&r, "echo here > file && cat file; setsid sleep 1000 & exit 4");
  assert_string_equal(buffer_str(&r.output), "here\n");
  assert_int_equal(r.result.exit_status, 4);
  buffer_fini(&r.output);
  json_t *layers = sandbox_layers();
  assert_false(json_bool(json_array_get(layers, 0), "active", 1));
  assert_non_null(strstr(json_str(json_array_get(layers, 0), "why", ""), "SHARKTANK_SANDBOX"));
  assert_false(sandbox_complete());
  json_decref(layers);
  unsetenv("SHARKTANK_SANDBOX");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exit_status_and_output),
      cmocka_unit_test(the_environment_is_what_was_given),
      cmocka_unit_test(output_is_capped),
      cmocka_unit_test(a_time_out_ends_the_whole_tree),
      cmocka_unit_test(nothing_outside_is_reached),
      cmocka_unit_test(binds),
      cmocka_unit_test(hidden_folders_are_empty),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(descriptors_arrive_in_order),
      cmocka_unit_test(stop_and_continue),
      cmocka_unit_test(a_program_that_is_not_there),
      cmocka_unit_test(without_bubblewrap_by_wish),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

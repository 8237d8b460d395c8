/* `agents`: the cast, the keys by name only, and one tiny call to each agent, against the fake servers of
 * tests/agent. */
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "cli_support.h"

extern char **environ;

static const char key[] = "test-key-0123456789abcdef";

struct fake {
  pid_t pid;
  int hold, port; /* it lives as long as hold is open */
};

static int fake_start(struct fake *f) {
  char *argv[] = {"python3", ST_SOURCE_DIR "/tests/agent/fake_server.py", NULL};
  int in[2], out[2];
  char line[100];
  posix_spawn_file_actions_t actions;
  *f = (struct fake){0};
  assert_int_equal(pipe(in) | pipe(out), 0);
  assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_addclose(&actions, in[1]);
  posix_spawn_file_actions_addclose(&actions, out[0]);
  const int failed = posix_spawnp(&f->pid, argv[0], &actions, NULL, argv, environ);
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)close(in[0]);
  (void)close(out[1]);
  f->hold = in[1];
  FILE *said = fdopen(out[0], "r");
  while (!failed && said && fgets(line, sizeof line, said) && strncmp(line, "ready", 5) != 0)
    (void)sscanf(line, "http %d", &f->port);
  if (said)
    (void)fclose(said);
  return f->port != 0;
}

static void fake_stop(struct fake *f) {
  (void)close(f->hold);
  if (f->pid > 0)
    (void)waitpid(f->pid, NULL, 0);
}

static const char *const env[] = {"ANTHROPIC_API_KEY=test-key-0123456789abcdef",
                                  "OPENAI_API_KEY=", "ANTHROPIC_BASE_URL=", "no_proxy=127.0.0.1", NULL};

static void write_config(const char *dir, const char *text, char path[512]) {
  struct error e;
  assert_int_equal(file_join(path, 512, dir, "season.yml"), 0);
  assert_int_equal(file_write_atomic(path, text, strlen(text), &e), ST_OK);
}

static const json_t *find(const json_t *list, const char *field, const char *value) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (!strcmp(json_str(json_array_get(list, i), field, ""), value))
      return json_array_get(list, i);
  }
  fail_msg("nothing with %s %s", field, value);
  return NULL;
}

static void test_default_cast(void **state) {
  (void)state;
  struct said s;
  run_in(&s, NULL, env, (const char *const[]){"agents", "--json", "--test", NULL});
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.agents/1");
  assert_int_equal(json_array_size(json_arr(o, "cast")), 8);
  assert_string_equal(json_str(find(json_arr(o, "cast"), "name", "Skeptic"), "kind", ""), "builtin");
  assert_true(json_bool(find(json_arr(o, "keys"), "name", "ANTHROPIC_API_KEY"), "present", 0));
  assert_false(json_bool(find(json_arr(o, "keys"), "name", "OPENAI_API_KEY"), "present", 1));
  (void)find(json_arr(o, "providers"), "agent", "anthropic:MODEL[@URL]");
  (void)find(json_arr(o, "providers"), "agent", "builtin:implementer");
  assert_int_equal(json_array_size(json_object_get(o, "tests")), 0); /* nothing is outside */
  assert_null(strstr(s.out, key));
  json_decref(o);
  said_free(&s);
  run_in(&s, NULL, env, (const char *const[]){"agents", "--test", NULL});
  must_exit(&s, 0);
  assert_non_null(strstr(s.out, "builtin:hardware_expert"));
  assert_non_null(strstr(s.out, "nothing to test"));
  assert_null(strstr(s.out, key));
  said_free(&s);
}

/* The prompt's schema wants {"ready": boolean}; the fake server's "good" answer does not have it. */
static void test_each_is_asked_once(void **state) {
  (void)state;
  struct fake f;
  if (!fake_start(&f)) {
    fake_stop(&f);
    print_message("python3 does not start: skipped\n");
    skip();
  }
  char dir[256], path[512], text[2048];
  struct said s;
  make_folder(dir);
  (void)snprintf(text, sizeof text,
                 "cast:\n  contestants:\n"
                 "    - {name: A, agent: \"anthropic:unauthorised@http://127.0.0.1:%d\"}\n"
                 "    - {name: B, agent: \"anthropic:unauthorised@http://127.0.0.1:%d\"}\n"
                 "    - {name: C, agent: \"openai:malformed@http://127.0.0.1:%d/v1\"}\n"
                 "  implementer: {name: D, agent: 'exec:echo {\"ready\": true}'}\n",
                 f.port, f.port, f.port);
  write_config(dir, text, path);
  run_in(&s, NULL, env, (const char *const[]){"agents", "--config", path, "--json", "--test", NULL});
  must_exit(&s, 1);
  assert_null(strstr(s.out, key));
  json_t *o = must_be_json(&s, "sharktank.agents/1");
  const json_t *tests = json_arr(o, "tests");
  assert_int_equal(json_array_size(tests), 3); /* A and B are the same agent */
  assert_string_equal(json_str(json_array_get(tests, 0), "result", ""), "unauthorised");
  assert_non_null(strstr(json_str(json_array_get(tests, 0), "sentence", ""), "key was refused"));
  assert_string_equal(json_str(json_array_get(tests, 1), "result", ""), "malformed");
  const json_t *program = find(tests, "result", "answered");
  double seconds = -1;
  assert_true(json_has_num(program, "seconds", &seconds) && seconds >= 0);
  assert_true(json_is_null(json_object_get(program, "input_tokens"))); /* not told is not 0 */
  json_decref(o);
  said_free(&s);
  run_in(&s, NULL, env, (const char *const[]){"agents", "--config", path, "--test", NULL});
  must_exit(&s, 1);
  assert_non_null(strstr(s.out, "answered"));
  assert_non_null(strstr(s.out, "not told"));
  assert_non_null(strstr(s.out, "the key was refused"));
  assert_null(strstr(s.out, key));
  said_free(&s);
  remove_folder(dir);
  fake_stop(&f);
}

/* A member's own key_variable is what its agent is tried with. */
static void test_own_keys(void **state) {
  (void)state;
  struct fake f;
  if (!fake_start(&f)) {
    fake_stop(&f);
    print_message("python3 does not start: skipped\n");
    skip();
  }
  char dir[256], path[512], text[2048];
  struct said s;
  static const char *const own_env[] = {"ANTHROPIC_API_KEY=", "OTHER_KEY=test-key-0123456789abcdef",
                                        "ANTHROPIC_BASE_URL=", "no_proxy=127.0.0.1", NULL};
  make_folder(dir);
  (void)snprintf(
      text, sizeof text,
      "cast:\n  contestants:\n"
      "    - {name: A, agent: \"anthropic:malformed@http://127.0.0.1:%d\"}\n"
      "    - {name: B, agent: \"anthropic:malformed@http://127.0.0.1:%d\", key_variable: OTHER_KEY}\n"
      "  implementer: {name: D, agent: \"anthropic:malformed@http://127.0.0.1:%d\", key_variable: NO_KEY}\n",
      f.port, f.port, f.port);
  write_config(dir, text, path);
  run_in(&s, NULL, own_env, (const char *const[]){"agents", "--config", path, "--json", "--test", NULL});
  must_exit(&s, 1);
  assert_null(strstr(s.out, key));
  json_t *o = must_be_json(&s, "sharktank.agents/1");
  const json_t *tests = json_arr(o, "tests");
  assert_int_equal(json_array_size(tests), 3); /* one agent, three keys */
  assert_string_equal(json_str(json_array_get(tests, 0), "result", ""), "unauthorised");
  assert_non_null(strstr(json_str(json_array_get(tests, 0), "detail", ""), "ANTHROPIC_API_KEY is not set"));
  assert_string_equal(json_str(json_array_get(tests, 1), "result", ""), "malformed"); /* it was asked */
  assert_string_equal(json_str(json_array_get(tests, 1), "key_variable", ""), "OTHER_KEY");
  assert_string_equal(json_str(json_array_get(tests, 2), "result", ""), "unauthorised");
  assert_non_null(strstr(json_str(json_array_get(tests, 2), "detail", ""), "NO_KEY is not set"));
  assert_true(json_bool(find(json_arr(o, "keys"), "name", "OTHER_KEY"), "present", 0));
  assert_false(json_bool(find(json_arr(o, "keys"), "name", "NO_KEY"), "present", 1));
  json_decref(o);
  said_free(&s);
  remove_folder(dir);
  fake_stop(&f);
}

/* An address with a password is refused, and the password is not said. */
static void test_password(void **state) {
  (void)state;
  char dir[256], path[512];
  struct said s;
  make_folder(dir);
  write_config(
      dir, "cast:\n  implementer: {name: D, agent: \"openai:m@http://user:very-secret@127.0.0.1:1/v1\"}\n",
      path);
  run_in(&s, NULL, env, (const char *const[]){"agents", "--config", path, "--test", NULL});
  must_exit(&s, 2);
  assert_non_null(strstr(s.out, "http://user:***"));
  assert_null(strstr(s.out, "very-secret"));
  assert_null(strstr(s.err, "very-secret"));
  said_free(&s);
  remove_folder(dir);
}

static void test_wrong_config(void **state) {
  (void)state;
  char dir[256], path[512];
  struct said s;
  make_folder(dir);
  write_config(dir, "cast:\n  shaks: []\n", path);
  RUN(&s, "agents", "--config", path);
  must_be_one_line_error(&s, 2, "season.yml:2:");
  said_free(&s);
  remove_folder(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_default_cast), cmocka_unit_test(test_each_is_asked_once),
      cmocka_unit_test(test_own_keys), cmocka_unit_test(test_password), cmocka_unit_test(test_wrong_config)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

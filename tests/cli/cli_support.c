/* Runs the built binary and keeps what it said, for the tests of the command line. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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

static char *read_all(int fd) {
  struct buffer b;
  char part[4096];
  buffer_init(&b);
  assert_true(lseek(fd, 0, SEEK_SET) == 0);
  for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;)
    buffer_add(&b, part, (size_t)n);
  (void)close(fd);
  char *text = buffer_take(&b);
  return text ? text : strdup("");
}

static int scratch(void) {
  FILE *f = tmpfile();
  assert_non_null(f);
  const int fd = dup(fileno(f));
  assert_true(fd >= 0);
  (void)fclose(f);
  return fd;
}

void run_in(struct said *s, const char *cwd, const char *const env[], const char *const argv[]) {
  const char *bin = getenv("SHARKTANK_BIN");
  const char *full[64] = {bin};
  if (!bin || access(bin, X_OK) != 0)
    fail_msg("SHARKTANK_BIN (%s) is not a program", bin ? bin : "not set");
  for (size_t i = 0; argv[i]; i++) {
    assert_true(i < 60);
    full[i + 1] = argv[i];
  }
  const int out = scratch(), err = scratch();
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (!pid) {
    for (size_t i = 0; env && env[i]; i++)
      (void)putenv((char *)(uintptr_t)env[i]);
    (void)alarm(120);
    if ((cwd && chdir(cwd)) || dup2(out, 1) < 0 || dup2(err, 2) < 0)
      _exit(99);
    (void)execv(bin, (char *const *)(uintptr_t)full);
    _exit(98);
  }
  int how = 0;
  assert_true(waitpid(pid, &how, 0) == pid);
  s->status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  s->out = read_all(out);
  s->err = read_all(err);
}

void said_free(struct said *s) {
  free(s->out);
  free(s->err);
}

void must_exit(const struct said *s, int status) {
  if (s->status != status)
    fail_msg("exit status %d, wanted %d\nstdout: %.1500s\nstderr: %.1500s", s->status, status, s->out,
             s->err);
}

void must_be_one_line_error(const struct said *s, int status, const char *words) {
  must_exit(s, status);
  if (*s->out)
    fail_msg("a failed call wrote to stdout: %.500s", s->out);
  const char *end = strchr(s->err, '\n');
  if (!end || end[1])
    fail_msg("wanted one line on stderr, got: %.800s", s->err);
  if (!strstr(s->err, words))
    fail_msg("stderr does not say \"%s\": %s", words, s->err);
}

json_t *must_be_json(const struct said *s, const char *schema) {
  struct error e;
  json_t *o = NULL;
  if (json_read(s->out, strlen(s->out), "stdout", &o, &e) != ST_OK)
    fail_msg("stdout is not JSON (%s): %.800s", e.text, s->out);
  assert_string_equal(json_str(o, "schema", ""), schema);
  return o;
}

void make_folder(char out[256]) {
  const char *tmp = getenv("TMPDIR");
  (void)snprintf(out, 256, "%s/sharktank-cli-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  assert_non_null(mkdtemp(out));
}

void remove_folder(const char *path) {
  assert_int_equal(file_remove_tree(path, NULL), ST_OK);
}

const char *fixture(const char *name, char out[512]) {
  assert_int_equal(file_join(out, 512, ST_TEST_DIR "/fixtures", name), 0);
  return out;
}

/* Room: tests of the judge. What an entry finds around itself, and what is seen of it from outside. */
#include "judge_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "judge/judge_internal.h"
#include "sandbox/sandbox_landlock.h"

static const char head[] =
    "#define _GNU_SOURCE\n#include <sharktank/entry.h>\n#include <dirent.h>\n#include <errno.h>\n"
    "#include <fcntl.h>\n#include <pthread.h>\n#include <string.h>\n#include <stdlib.h>\n#include <sys/mman.h>\n"
    "#include <sys/stat.h>\n#include <sys/syscall.h>\n#include <sys/utsname.h>\n#include <unistd.h>\n"
    "const uint32_t sk_entry_abi = SK_ABI;\nextern char **environ;\n"
    "int sk_entry_run(const sk_env *e, const sk_call *c) { (void)e; (void)c; return 0; }\n"
    "int sk_entry_init(const sk_env *e) {\n  (void)e;\n";

struct run {
  struct judge_build build;
  struct judge_memory_map inputs;
  struct judge_child child;
};

/* Starts an entry with this body of sk_entry_init; it is loaded, init has not run. */
static void start(struct fixture *f, struct run *r, const char *body) {
  char source[8192];
  struct error e = {0};
  int n = snprintf(source, sizeof source, "%s%s\n  return 0;\n}\n", head, body);
  assert_int_equal(judge_build_create(f->judge, source, (size_t)n, &r->build, &e), ST_OK);
  if (!judge_build_ok(&r->build))
    fail_msg("%s", json_str(r->build.report, "output", ""));
  assert_int_equal(judge_memory_create("inputs", 1 << 16, JUDGE_SEAL_READ_ONLY, &r->inputs, &e), ST_OK);
  if (judge_child_start(f->judge, &r->build, NULL, 0, 1, f->judge->child_cpu, &r->inputs, &r->child, &e))
    fail_msg("%s", e.text);
  uint32_t answer;
  assert_int_equal(judge_child_call(&r->child, JUDGE_OP_LOAD, 0, 0, INT64_C(30000000000), &answer),
                   JUDGE_REPLY_DONE);
}

static enum judge_reply call_init(struct run *r, uint32_t *answer) {
  return judge_child_call(&r->child, JUDGE_OP_INIT, 0, 0, INT64_C(30000000000), answer);
}

static void end(struct run *r) {
  judge_child_end(&r->child);
  judge_memory_free(&r->inputs);
  judge_build_free(&r->build);
}

static void expect_answer(void **state, const char *body, uint32_t want) {
  struct run r;
  uint32_t answer = 0;
  start(*state, &r, body);
  enum judge_reply reply = call_init(&r, &answer);
  end(&r);
  assert_int_equal(reply, JUDGE_REPLY_DONE);
  assert_int_equal(answer, want);
}

static void expect_end(void **state, const char *body) {
  struct run r;
  uint32_t answer = 0;
  start(*state, &r, body);
  enum judge_reply reply = call_init(&r, &answer);
  end(&r);
  if (reply != JUDGE_REPLY_GONE)
    fail_msg("\"%s\" did not end the process: reply %d, answer %u", body, (int)reply, answer);
}

static void it_sees_libraries_and_nothing_else(void **state) {
  expect_answer(
      state,
      "static const char *const p[] = {\"/proc\", \"/proc/self/maps\", \"/dev\", \"/dev/null\", \"/tmp\", "
      "\"/sys\", \"/etc/passwd\", \"/usr/bin\", \"/usr/share\", \"/usr/include\", \"/include\", \"/home\", "
      "\"/root\", \"/var\", \"/run\", \"/bin/sh\"};\n"
      "  for (int i = 0; i < (int)(sizeof p / sizeof *p); i++)\n"
      "    if (access(p[i], F_OK) == 0) return i + 1;",
      0);
  /* A library can be read, its folder not listed. */
  expect_answer(state, "return open(\"/usr/lib/os-release\", O_RDONLY) < 0 && errno != ENOENT;", 0);
  if (sandbox_landlock_works())
    expect_answer(state, "return opendir(\"/usr/lib\") != NULL;", 0);
}

static void nothing_of_the_caller_is_inherited(void **state) {
  setenv("SHARKTANK_TEST_SECRET", "leaks", 1);
  expect_answer(
      state,
      "char cwd[64]; struct utsname u; uname(&u);\n"
      "  for (char **v = environ; v && *v; v++) if (strncmp(*v, \"PWD=/\", 6)) return 1;\n"
      "  if (getuid() != 1000 || getgid() != 1000) return 2;\n"
      "  if (strcmp(u.nodename, \"sandbox\")) return 3;\n"
      "  if (!getcwd(cwd, sizeof cwd) || strcmp(cwd, \"/\")) return 4;\n"
      "  for (int fd = 3; fd < 256; fd++) if (lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF) return 5;\n"
      "  if (getppid() != 0 || getpid() != 1) return 6;",
      0);
  unsetenv("SHARKTANK_TEST_SECRET");
}

static void read_proc(pid_t pid, const char *leaf, struct buffer *out) {
  char path[64];
  struct error e = {0};
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, leaf);
  buffer_init(out);
  if (file_read(path, 1 << 16, out, &e))
    fail_msg("%s", e.text);
}

/* Seen from outside: filters on, no rights, first to go when memory runs out, a keyring of its own. */
static void its_state_from_outside(void **state) {
  struct run r;
  struct buffer text;
  start(*state, &r, "");
  read_proc(r.child.process.inner, "status", &text);
  assert_non_null(strstr(buffer_str(&text), "NoNewPrivs:\t1\n"));
  assert_non_null(strstr(buffer_str(&text), "Seccomp:\t2\n"));
  assert_non_null(strstr(buffer_str(&text), "CapEff:\t0000000000000000\n"));
  assert_non_null(strstr(buffer_str(&text), "CapBnd:\t0000000000000000\n"));
  assert_non_null(strstr(buffer_str(&text), "Umask:\t0022\n"));
  assert_non_null(strstr(buffer_str(&text), "Threads:\t1\n"));
  buffer_fini(&text);
  read_proc(r.child.process.inner, "oom_score_adj", &text);
  assert_string_equal(buffer_str(&text), "1000\n");
  buffer_fini(&text);
  if (!sandbox_is_waived()) { /* no path of this machine but where libraries lie */
    read_proc(r.child.process.inner, "mountinfo", &text);
    assert_null(strstr(buffer_str(&text), "sharktank"));
    assert_null(strstr(buffer_str(&text), " /tmp"));
    assert_null(strstr(buffer_str(&text), " - proc "));
    buffer_fini(&text);
  }
  end(&r);
}

static void hostile_calls_end_it(void **state) {
  static const char *const body[] = {
      "syscall(SYS_keyctl, 1, 0);",
      "syscall(SYS_ptrace, 0, 0, 0, 0);",
      "syscall(SYS_bpf, 0, 0, 0);",
      "syscall(SYS_userfaultfd, 0);",
      "syscall(SYS_perf_event_open, 0, 0, -1, -1, 0);",
      "syscall(SYS_io_uring_setup, 1, 0);",
      "syscall(SYS_mount, 0, 0, 0, 0, 0);",
      "syscall(SYS_unshare, 0x10000000);",
      "syscall(SYS_setns, 0, 0);",
      "syscall(SYS_memfd_create, \"x\", 0);",
      "syscall(SYS_rt_sigqueueinfo, 1, 18, 0);",
      "syscall(SYS_clone, 0x10000011, 0, 0, 0, 0);",
      "syscall(SYS_execve, \"/entry.so\", 0, 0);",
#ifdef __x86_64__
      "syscall(0x40000000 + 39);",
      "int r = 20; __asm__ volatile(\"int $0x80\" : \"+a\"(r) : : \"memory\");",
#endif
  };
  for (size_t i = 0; i < sizeof body / sizeof body[0]; i++)
    expect_end(state, body[i]);
}

/* Calls that are fine in one form and a hazard in another fail in that form only. */
static void arguments_are_looked_at(void **state) {
  expect_answer(
      state,
      "char *p = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n"
      "  static const int good[] = {0, 3, 4, 8, 14, 15}, bad[] = {9, 12, 13, 20, 21, 25, 100, 101};\n"
      "  for (int i = 0; i < 6; i++)\n"
      "    if (madvise(p, 4096, good[i]) && errno == EPERM) return 1 + i;\n"
      "  for (int i = 0; i < 8; i++)\n"
      "    if (madvise(p, 4096, bad[i]) == 0 || errno != EPERM) return 10 + i;\n"
      "  if (syscall(SYS_membarrier, 0, 0, 0) < 0 && errno == EPERM) return 20;\n"
      "  if (syscall(SYS_membarrier, 1, 0, 0) == 0 || syscall(SYS_membarrier, 2, 0, 0) == 0) return 21;\n"
      "  if (open(\"/usr/lib/x\", O_RDONLY | O_CREAT, 0600) >= 0 || errno != EPERM) return 22;\n"
      "  if (syscall(SYS_tgkill, 1, 1, 18) == 0 || errno != EPERM) return 23;\n"
      "  if (syscall(SYS_sched_setaffinity, 0, 8, p) == 0 || errno != EPERM) return 24;\n"
      "  if (syscall(SYS_clone3, p, 88) == 0 || errno != ENOSYS) return 25;",
      0);
}

/* A thread where the challenge allows any, a process never. */
static void threads_where_they_are_allowed(void **state) {
  static const char thread[] =
      "pthread_t t; void *got = 0;\n"
      "  if (pthread_create(&t, 0, (void *(*)(void *))strlen, (void *)\"abc\")) return 1;\n"
      "  return pthread_join(t, &got) || (size_t)got != 3;";
  struct fixture *f = *state;
  uint32_t allowed = f->judge->threads;
  f->judge->threads = 1;
  expect_end(state, thread);
  f->judge->threads = 2;
  expect_answer(state, thread, 0);
  expect_end(state, "syscall(SYS_clone, 17, 0, 0, 0, 0);");
  expect_end(state, "syscall(SYS_vfork);");
  f->judge->threads = allowed;
}

/* By the user's wish without bubblewrap: entries still run, and Landlock still holds. */
static void without_bubblewrap(void **state) {
  (void)state;
  void *own = NULL;
  setenv("SHARKTANK_SANDBOX", "none", 1);
  assert_int_equal(fixture_open(&own), 0);
  expect_answer(&own, "return 0;", 0);
  if (sandbox_landlock_works())
    expect_answer(&own, "return open(\"/etc/passwd\", O_RDONLY) >= 0 || opendir(\"/\") != NULL;", 0);
  unsetenv("SHARKTANK_SANDBOX");
  fixture_close(&own);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_sees_libraries_and_nothing_else),
      cmocka_unit_test(nothing_of_the_caller_is_inherited),
      cmocka_unit_test(its_state_from_outside),
      cmocka_unit_test(hostile_calls_end_it),
      cmocka_unit_test(arguments_are_looked_at),
      cmocka_unit_test(threads_where_they_are_allowed),
      cmocka_unit_test(without_bubblewrap),
  };
  return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}

/* Thousands of hostile runs in one process, then: is anything left? Not part of `make check`.
 *
 * Usage: hostile_soak RUNS [CHALLENGE_FOLDER]. Each run is a fresh sandbox, a fresh runner and one hostile
 * object out of a list, every one in turn; it has to end as the list says. Afterwards processes, descriptors,
 * /dev/shm, System V objects, keys, mounts, cgroups and /tmp are compared with before, and an honest entry
 * is checked on the machine as it is then. Another sharktank at work on the same machine at the same time
 * would be seen as a leftover, so let there be none. Exit status 0: all as it should be. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "challenge/challenge_file.h"
#include "judge/judge_internal.h"

static const char prelude[] =
    "#define _GNU_SOURCE\n#include <sharktank/entry.h>\n#include <errno.h>\n#include <fcntl.h>\n"
    "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    "#include <sys/mman.h>\n#include <sys/syscall.h>\n#include <unistd.h>\n"
    "const uint32_t sk_entry_abi = SK_ABI;\n"
    "int sk_entry_run(const sk_env *e, const sk_call *c) { (void)e; (void)c; return 0; }\n"
    "int sk_entry_init(const sk_env *e) {\n  (void)e;\n";

enum outcome { ENDS, HANGS, ANSWERS }; /* the process ends by itself, has to be ended, answers 0 */

static const struct hostile {
  const char *name;
  enum outcome outcome;
  const char *body; /* of sk_entry_init; a non-zero answer means that it reached something */
} hostiles[] = {
    {"crash", ENDS, "*(volatile int *)16 = 1;"},
    {"fork", ENDS, "syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);"},
    {"fork, i386 table", ENDS, "int r = 2; __asm__ volatile(\"int $0x80\" : \"+a\"(r) : : \"memory\");"},
    {"system call, x32 table", ENDS, "syscall(0x40000000 + 39);"},
    {"shared memory files", ANSWERS,
     "return open(\"/dev/shm/left\", O_RDWR | O_CREAT, 0666) >= 0 || shm_open(\"/left\", O_RDWR | O_CREAT, 0666) "
     ">= 0;"},
    {"System V shared memory", ENDS, "syscall(SYS_shmget, 4242, 4096, 01666);"},
    {"message queue", ENDS, "syscall(SYS_mq_open, \"left\", O_RDWR | O_CREAT, 0666, 0);"},
    {"key in the session keyring", ENDS, "syscall(SYS_add_key, \"user\", \"left\", \"x\", 1, -3);"},
    {"files", ANSWERS,
     "static const char *const p[] = {\"/left\", \"/tmp/left\", \"/usr/lib/left\", \"/var/tmp/left\", "
     "\"/proc/self/mem\", \"/entry.so\"};\n"
     "for (unsigned i = 0; i < 6; i++) if (open(p[i], O_RDWR | O_CREAT, 0666) >= 0) return 1;\n"
     "return mkdir(\"/tmp/left\", 0777) == 0 || open(\"/etc/passwd\", O_RDONLY) >= 0;"},
    {"memory", ANSWERS,
     "for (size_t n = (size_t)1 << 32; n >= 4096; n /= 2)\n"
     "  for (char *p; (p = mmap(0, n, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) != MAP_FAILED;)\n"
     "    memset(p, 1, n > (8 << 20) ? (8 << 20) : n);"},
    {"spin", HANGS, "for (;;) __asm__ volatile(\"\");"},
    {"sleep", HANGS, "for (;;) usleep(1000000);"},
    {"_exit after writing everywhere", ENDS,
     "for (int fd = 0; fd < 256; fd++) (void)!write(fd, \"left\", 4); _exit(0);"},
    {"kill everybody", ENDS, "kill(-1, SIGKILL);"},
    {"keeps itself alive", HANGS,
     "for (int s = 1; s < 65; s++) signal(s, SIG_IGN); for (;;) (void)!read(0, &e, 0);"},
    {"network", ENDS, "syscall(SYS_socket, 2, 1, 0);"},
};
enum { N_HOSTILES = sizeof hostiles / sizeof hostiles[0], HANG_MS = 5, END_MS = 30000 };

/* --- what is there ------------------------------------------------------------------------------ */

static size_t count_entries(const char *folder, const char *prefix) {
  DIR *dir = opendir(folder);
  size_t n = 0;
  for (struct dirent *d; dir && (d = readdir(dir)) != NULL;)
    n += d->d_name[0] != '.' && strncmp(d->d_name, prefix, strlen(prefix)) == 0;
  if (dir)
    closedir(dir);
  return n;
}

static size_t count_lines(const char *path) {
  FILE *f = fopen(path, "re");
  size_t n = 0;
  for (int c; f && (c = getc(f)) != EOF;)
    n += c == '\n';
  if (f)
    fclose(f);
  return n;
}

/* Processes that could be one of ours: of a uid that only sandboxes have, or below this process. */
static size_t count_processes(void) {
  size_t n = 0;
  DIR *dir = opendir("/proc");
  for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
    char path[300];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%s", d->d_name);
    if (d->d_name[0] < '0' || d->d_name[0] > '9' || stat(path, &st))
      continue;
    n += st.st_uid >= 61184 && st.st_uid < 65184;
  }
  if (dir)
    closedir(dir);
  FILE *f = fopen("/proc/thread-self/children", "re");
  for (int pid; f && fscanf(f, "%d", &pid) == 1;)
    n++;
  if (f)
    fclose(f);
  return n;
}

enum { N_COUNTS = 9 };
static const char *const count_name[N_COUNTS] = {"processes",        "descriptors",   "files in /dev/shm",
                                                 "System V objects", "keys",          "mounts",
                                                 "zombies",          "files in /tmp", "cgroups"};

static void take_counts(size_t count[N_COUNTS]) {
  count[0] = count_processes();
  count[1] = count_entries("/proc/self/fd", "");
  count[2] = count_entries("/dev/shm", "");
  count[3] = count_lines("/proc/sysvipc/shm") + count_lines("/proc/sysvipc/sem") +
             count_lines("/proc/sysvipc/msg") - 3; /* each has a line of titles */
  count[4] = count_lines("/proc/keys");
  count[5] = count_lines("/proc/self/mountinfo");
  siginfo_t info = {0};
  count[6] = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
  count[7] = count_entries("/tmp", "sharktank-") + count_entries("/tmp", "left");
  count[8] = count_entries("/sys/fs/cgroup", "sharktank-");
}

/* Keys and name spaces are taken down by the kernel in its own time: asked again for some seconds. */
static int compare_counts(const size_t before[N_COUNTS]) {
  size_t after[N_COUNTS];
  int more = 1;
  for (int i = 0; i < 100 && more; i++) {
    take_counts(after);
    more = 0;
    for (int k = 0; k < N_COUNTS; k++)
      more |= after[k] > before[k];
    if (more)
      clock_sleep_ns(100000000);
  }
  for (int k = 0; k < N_COUNTS; k++)
    printf("%-20s before %zu, after %zu%s\n", count_name[k], before[k], after[k],
           after[k] > before[k] ? "  LEFT BEHIND" : "");
  return more;
}

/* --- runs ---------------------------------------------------------------------------------------- */

static int machinery(const struct error *e) {
  char text[1000];
  error_format(e, text, sizeof text);
  fprintf(stderr, "hostile_soak: %s\n", text);
  return 3;
}

static enum status build(struct judge *j, struct judge_build *out, struct error *e) {
  for (size_t i = 0; i < N_HOSTILES; i++) {
    char source[8192];
    int n = snprintf(source, sizeof source, "%s%s\n  return 0;\n}\n/* %s */\n", prelude, hostiles[i].body,
                     hostiles[i].name);
    enum status s = judge_build_create(j, source, (size_t)n, &out[i], e);
    if (s)
      return s;
    if (!judge_build_ok(&out[i]))
      return error_set(e, ST_INTERNAL, "\"%s\" does not compile: %s", hostiles[i].name,
                       json_str(out[i].report, "output", ""));
  }
  return ST_OK;
}

/* 1 when it ended as the list says. */
static int run_one(struct judge *j, const struct judge_build *b, const struct hostile *h,
                   const struct judge_memory_map *inputs, struct error *e) {
  struct judge_child c;
  uint32_t answer = 0;
  if (judge_child_start(j, b, NULL, 0, 1, j->child_cpu, inputs, &c, e))
    return -1;
  int64_t limit_ns = (h->outcome == HANGS ? HANG_MS : END_MS) * INT64_C(1000000);
  enum judge_reply reply = judge_child_call(&c, JUDGE_OP_LOAD, 0, 0, END_MS * INT64_C(1000000), &answer);
  if (reply == JUDGE_REPLY_DONE)
    reply = judge_child_call(&c, JUDGE_OP_INIT, 0, 0, limit_ns, &answer);
  judge_child_end(&c);
  static const enum judge_reply want[] = {JUDGE_REPLY_GONE, JUDGE_REPLY_TIMEOUT, JUDGE_REPLY_DONE};
  if (reply == want[h->outcome] && (h->outcome != ANSWERS || answer == 0))
    return 1;
  fprintf(stderr, "hostile_soak: \"%s\" ended in another way: reply %d, answer %u\n", h->name, (int)reply,
          answer);
  return 0;
}

static int soak(struct judge *j, const struct judge_build *b, long runs) {
  struct error e = {0};
  struct judge_memory_map inputs;
  if (judge_memory_create("inputs", 1 << 20, JUDGE_SEAL_READ_ONLY, &inputs, &e))
    return machinery(&e);
  for (size_t i = 0; i < N_HOSTILES; i++) /* what is loaded or cached once is not a leftover */
    if (run_one(j, &b[i], &hostiles[i], &inputs, &e) < 0)
      return machinery(&e);
  size_t before[N_COUNTS];
  take_counts(before);
  int64_t start_ns = clock_mono_ns();
  long wrong = 0;
  for (long i = 0; i < runs; i++) {
    size_t k = (size_t)i % N_HOSTILES;
    int right = run_one(j, &b[k], &hostiles[k], &inputs, &e);
    if (right < 0)
      return machinery(&e);
    wrong += !right;
    if (i % 500 == 499)
      fprintf(stderr, "%ld runs, %.1f ms each\n", i + 1,
              (double)(clock_mono_ns() - start_ns) * 1e-6 / (double)(i + 1));
  }
  double seconds = (double)(clock_mono_ns() - start_ns) * 1e-9;
  printf("%ld runs of %d kinds in %.1f s (%.1f ms each), %ld ended in another way than they should\n", runs,
         N_HOSTILES, seconds, seconds * 1e3 / (double)runs, wrong);
  int left = compare_counts(before);
  judge_memory_free(&inputs);
  return wrong || left;
}

static int honest_passes(struct judge *j, const char *folder) {
  char path[1000];
  struct buffer source;
  struct error e = {0};
  json_t *report = NULL;
  buffer_init(&source);
  snprintf(path, sizeof path, "%s/honest.c", folder);
  if (file_read(path, 1 << 20, &source, &e) || judge_check(j, source.data, source.bytes, &report, &e)) {
    buffer_fini(&source);
    return !machinery(&e);
  }
  const char *verdict = json_str(report, "verdict", "");
  printf("an honest entry afterwards: %s\n", verdict);
  int pass = strcmp(verdict, "pass") == 0;
  json_decref(report);
  buffer_fini(&source);
  return pass;
}

int main(int argc, char **argv) {
  long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 10000;
  const char *folder = argc > 2 ? argv[2] : ST_SOURCE_DIR "/tests/judge/fixtures/gemm";
  static struct judge_build builds[N_HOSTILES];
  struct challenge *c = NULL;
  struct judge *j = NULL;
  struct error e = {0};
  setvbuf(stdout, NULL, _IOLBF, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* whatever escapes its parent is ours to see */
  if (challenge_open(folder, &c, &e) || judge_open(c, NULL, &j, &e) || build(j, builds, &e))
    return machinery(&e);
  int bad = soak(j, builds, runs);
  bad |= !honest_passes(j, folder);
  for (size_t i = 0; i < N_HOSTILES; i++)
    judge_build_free(&builds[i]);
  judge_close(j);
  challenge_close(c);
  return bad;
}
